//! Offers that wait for the callee's prekey: nothing can be sealed before it is known.

use std::collections::BTreeMap;

use crate::ids::{AccountId, CallId, DeviceId};
use crate::wire::bodies::Offer;

/// Pause between two prekey requests to the same device while an offer waits.
const ASK_AGAIN_MS: u64 = 1_000;

/// An offer that waits.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) account: AccountId,
    pub(super) offer: Box<Offer>,
    deadline_ms: u64,
    next_ask_ms: u64,
}

/// Offers that wait, by call and device. Bounded by the calls and devices of the call core.
#[derive(Clone, Debug, Default)]
pub(super) struct Reaching {
    waiting: BTreeMap<(CallId, DeviceId), Waiting>,
}

impl Reaching {
    pub(super) fn add(
        &mut self,
        device: DeviceId,
        account: AccountId,
        offer: Box<Offer>,
        now_ms: u64,
        deadline_ms: u64,
    ) {
        let waiting = Waiting { account, deadline_ms, next_ask_ms: now_ms, offer };
        self.waiting.insert((waiting.offer.call, device), waiting);
    }

    /// The call is cancelled or over; true if an offer was waiting, that is: nothing was ever sent.
    pub(super) fn remove(&mut self, call: &CallId, device: &DeviceId) -> bool {
        self.waiting.remove(&(*call, *device)).is_some()
    }

    pub(super) fn forget_call(&mut self, call: &CallId) {
        self.waiting.retain(|(of, _), _| of != call);
    }

    /// The device's prekey is known now: its offers can go.
    pub(super) fn take(&mut self, device: &DeviceId) -> Vec<Waiting> {
        let keys: Vec<_> = self.waiting.keys().filter(|(_, to)| to == device).copied().collect();
        keys.iter().filter_map(|key| self.waiting.remove(key)).collect()
    }

    /// Something waits for this device.
    pub(super) fn waits_for(&self, device: &DeviceId) -> bool {
        self.waiting.keys().any(|(_, to)| to == device)
    }

    /// Devices whose prekey should be asked for now.
    pub(super) fn asks(&mut self, now_ms: u64) -> Vec<DeviceId> {
        let mut devices = Vec::new();
        for ((_, device), waiting) in &mut self.waiting {
            if waiting.next_ask_ms <= now_ms {
                waiting.next_ask_ms = now_ms + ASK_AGAIN_MS;
                if !devices.contains(device) {
                    devices.push(*device);
                }
            }
        }
        devices
    }

    /// Offers whose time to reach somebody is over.
    pub(super) fn given_up(&mut self, now_ms: u64) -> Vec<(CallId, DeviceId)> {
        let over: Vec<_> =
            self.waiting.iter().filter(|(_, waiting)| waiting.deadline_ms <= now_ms).map(|(key, _)| *key).collect();
        for key in &over {
            self.waiting.remove(key);
        }
        over
    }

    pub(super) fn next_ms(&self) -> Option<u64> {
        self.waiting.values().map(|waiting| waiting.deadline_ms.min(waiting.next_ask_ms)).min()
    }
}
