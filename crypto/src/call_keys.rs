//! Keys and topics of a call: all derive from the call secret of the offer, never from the call id alone.

use crate::hash::{Prk, b32, labelled_hash};
use crate::ids::{AccountId, DeviceId};
use crate::secret::Secret;

/// What the call secret derives for the whole call.
#[derive(Clone, Debug)]
pub struct CallKeys {
    prk: Prk,
}

impl CallKeys {
    /// Out of call id and call secret.
    #[must_use]
    pub fn new(call: &[u8; 16], secret: &Secret) -> Self {
        Self { prk: Prk::extract("call", &[&[0], call], secret.expose()) }
    }

    /// The extracted key, for known-answer tests.
    #[must_use]
    pub fn prk(&self) -> &Prk {
        &self.prk
    }

    /// Topic of the call frames, 32 letters.
    #[must_use]
    pub fn call_topic(&self) -> [u8; 32] {
        b32(&self.prk.expand("call_topic", &[]))
    }

    /// Topic on which a participant device gets answers and pair frames, 32 letters.
    #[must_use]
    pub fn mailbox_topic(&self, device: DeviceId) -> [u8; 32] {
        b32(&self.prk.expand("mailbox", &[&device.0]))
    }

    /// Key of the outer MAC of what is published on a device's mailbox.
    #[must_use]
    pub fn mailbox_hint_key(&self, device: DeviceId) -> [u8; 32] {
        self.prk.expand("mailbox_hint", &[&device.0])
    }

    /// How a device is named in call frames.
    #[must_use]
    pub fn slot(&self, device: DeviceId) -> [u8; 8] {
        self.prk.expand("slot", &[&device.0])
    }

    /// Under which an initiator waits for the answer, and a pair's frames run. `h1` is the Noise hash
    /// after message 1.
    #[must_use]
    pub fn pair_tag(&self, h1: &[u8; 32]) -> [u8; 8] {
        self.prk.expand("pair_tag", &[h1])
    }
}

/// Key of the call frames of one sender (slot), start (salt) and epoch. The epoch secret of epoch 0
/// is the call secret.
#[must_use]
pub fn broadcast_key(call: &[u8; 16], epoch: u32, epoch_secret: &Secret, slot: &[u8; 8], salt: &[u8; 16]) -> Secret {
    let prk = Prk::extract("epoch", &[&[0], call, &epoch.to_be_bytes()], epoch_secret.expose());
    Secret::new(prk.expand("bcast", &[slot, salt]))
}

/// The view of an epoch: who the committer thought is in the call. Views that differ are a visible
/// fork. Of epoch 0: the first roster and no members. Lists are ascending and within u8.
#[must_use]
pub fn view(call: &[u8; 16], epoch: u32, roster: &[AccountId], members: &[DeviceId]) -> [u8; 32] {
    let mut lists = Vec::with_capacity(2 + 32 * (roster.len() + members.len()));
    lists.push(count(roster.len()));
    lists.extend(roster.iter().flat_map(|account| account.0));
    lists.push(count(members.len()));
    lists.extend(members.iter().flat_map(|device| device.0));
    labelled_hash("view", &[call, &epoch.to_be_bytes(), &lists])
}

fn count(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests;
