//! Device set: which devices are an account's now, signed by the account.
//!
//! 0 account 32 · 32 revision 4 · 36 not_after 8 (s) · 44 n 1 (1..8) · 45 devices 32n, ascending,
//! unique · signature of the account 64.

use crate::bytes::Fields;
use crate::check::Check;
use crate::ids::{AccountId, DeviceId};
use crate::keys::{SignKey, verify};
use crate::limits::{MAX_DEVICES, SET_AHEAD_S, SET_BYTES_BASE};

/// A device set that we made or whose checks passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSet {
    account: AccountId,
    revision: u32,
    not_after_s: u64,
    devices: Vec<DeviceId>,
    bytes: Vec<u8>,
}

/// How something revisioned stands to the one that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revision {
    /// Above the stored one.
    Newer,
    /// The stored one, byte by byte.
    Same,
    /// Below the stored one.
    Older,
    /// Of the stored one's revision with other bytes: its maker broke the rules.
    Conflicting,
}

impl Revision {
    /// Compares revisions, then bytes.
    #[must_use]
    pub fn of(new: (u32, &[u8]), stored: (u32, &[u8])) -> Self {
        match new.0.cmp(&stored.0) {
            std::cmp::Ordering::Greater => Self::Newer,
            std::cmp::Ordering::Less => Self::Older,
            std::cmp::Ordering::Equal if new.1 == stored.1 => Self::Same,
            std::cmp::Ordering::Equal => Self::Conflicting,
        }
    }

    /// It may replace the stored one.
    #[must_use]
    pub fn acceptable(self) -> bool {
        match self {
            Self::Newer | Self::Same => true,
            Self::Older | Self::Conflicting => false,
        }
    }
}

impl DeviceSet {
    /// Signs a set of 1..8 devices; order and doubles don't matter.
    ///
    /// # Errors
    /// [`Check::SET_SHAPE`] for none or more than 8.
    pub fn make(account: &SignKey, revision: u32, not_after_s: u64, devices: &[DeviceId]) -> Result<Self, Check> {
        let mut devices = devices.to_vec();
        devices.sort_unstable();
        devices.dedup();
        let count = u8::try_from(devices.len()).unwrap_or(u8::MAX);
        Check::SET_SHAPE.refuse_if(count == 0 || usize::from(count) > MAX_DEVICES)?;
        let mut bytes = account.public().to_vec();
        bytes.extend_from_slice(&revision.to_be_bytes());
        bytes.extend_from_slice(&not_after_s.to_be_bytes());
        bytes.push(count);
        for device in &devices {
            bytes.extend_from_slice(&device.0);
        }
        let signature = account.sign("device_set", &[&bytes]);
        bytes.extend_from_slice(&signature);
        Ok(Self { account: account.account(), revision, not_after_s, devices, bytes })
    }

    /// Checks a set from outside. `stored` is the newest known one of this account.
    ///
    /// # Errors
    /// In this order: [`Check::SET_SHAPE`], [`Check::SET_SIGNATURE`], [`Check::SET_TIME`], [`Check::SET_REVISION`].
    pub fn check(
        bytes: &[u8],
        expected: Option<AccountId>,
        now_s: u64,
        stored: Option<&DeviceSet>,
    ) -> Result<Self, Check> {
        let set = Self::from_store(bytes)?;
        Check::SET_SIGNATURE.refuse_if(expected.is_some_and(|account| account != set.account))?;
        Check::SET_TIME.refuse_if(set.not_after_s < now_s || set.not_after_s > now_s.saturating_add(SET_AHEAD_S))?;
        Check::SET_REVISION.refuse_if(stored.is_some_and(|stored| !set.against(stored).acceptable()))?;
        Ok(set)
    }

    /// Reads a set that was checked before it was stored: its time may be over by now.
    ///
    /// # Errors
    /// [`Check::SET_SHAPE`], [`Check::SET_SIGNATURE`].
    pub fn from_store(bytes: &[u8]) -> Result<Self, Check> {
        let set = Check::SET_SHAPE.require(Self::read(bytes))?;
        let (signed, signature) = bytes.split_at(bytes.len() - 64);
        let signature = Fields::new(signature).take();
        Check::SET_SIGNATURE.refuse_if(!verify(&set.account.0, "device_set", &[signed], &signature))?;
        Ok(set)
    }

    /// The layout alone: length, number and order.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes);
        let account = AccountId(fields.take());
        let (revision, not_after_s) = (fields.u32(), fields.u64());
        let count = usize::from(fields.take::<1>()[0]);
        if !(1..=MAX_DEVICES).contains(&count) || bytes.len() != SET_BYTES_BASE + 32 * count {
            return None;
        }
        let devices: Vec<DeviceId> = (0..count).map(|_| DeviceId(fields.take())).collect();
        let ascending = devices.windows(2).all(|pair| pair[0] < pair[1]);
        ascending.then(|| Self { account, revision, not_after_s, devices, bytes: bytes.to_vec() })
    }

    /// How this set stands to the stored one.
    #[must_use]
    pub fn against(&self, stored: &DeviceSet) -> Revision {
        Revision::of((self.revision, &self.bytes), (stored.revision, &stored.bytes))
    }

    /// Whether a device counts as its account's: it is in the newest known set, and a set that is
    /// over holds nobody. While no set is known, every device with a certificate counts.
    ///
    /// # Errors
    /// [`Check::NOT_IN_SET`].
    pub fn admit(newest: Option<&DeviceSet>, device: DeviceId, now_s: u64) -> Result<(), Check> {
        let is_out = |set: &DeviceSet| set.not_after_s < now_s || !set.devices.contains(&device);
        Check::NOT_IN_SET.refuse_if(newest.is_some_and(is_out))
    }

    /// Whose devices they are.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Number of this set; the highest counts.
    #[must_use]
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// The last second in force, Unix time.
    #[must_use]
    pub fn not_after_s(&self) -> u64 {
        self.not_after_s
    }

    /// The devices, ascending.
    #[must_use]
    pub fn devices(&self) -> &[DeviceId] {
        &self.devices
    }

    /// As it travels.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests;
