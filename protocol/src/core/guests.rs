//! Strangers who proved that they know a token of ours: they may speak gossip with us for a minute.

use std::collections::BTreeMap;

use crate::ids::DeviceId;
use crate::limits::{GUEST_STAY_MS, GUESTS_MAX};

/// Devices with a gossip handler that aren't contacts.
#[derive(Clone, Debug, Default)]
pub(super) struct Guests {
    until_ms: BTreeMap<DeviceId, u64>,
}

impl Guests {
    /// Lets a device in; names those that have to go for it.
    pub(super) fn enter(&mut self, device: DeviceId, now_ms: u64) -> Vec<DeviceId> {
        self.until_ms.insert(device, now_ms + GUEST_STAY_MS);
        let mut evicted = Vec::new();
        while self.until_ms.len() > GUESTS_MAX {
            let oldest = self.until_ms.iter().filter(|(guest, _)| **guest != device).min_by_key(|(_, until)| **until);
            let Some(oldest) = oldest.map(|(guest, _)| *guest) else { break };
            self.until_ms.remove(&oldest);
            evicted.push(oldest);
        }
        evicted
    }

    /// It is gone, or a contact now; whether it was one.
    pub(super) fn leave(&mut self, device: &DeviceId) -> bool {
        self.until_ms.remove(device).is_some()
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<DeviceId> {
        self.until_ms.keys().copied().collect()
    }

    /// Those whose time is over.
    pub(super) fn over(&mut self, now_ms: u64) -> Vec<DeviceId> {
        let over: Vec<_> =
            self.until_ms.iter().filter(|(_, until)| **until <= now_ms).map(|(guest, _)| *guest).collect();
        for guest in &over {
            self.until_ms.remove(guest);
        }
        over
    }

    pub(super) fn next_ms(&self) -> Option<u64> {
        self.until_ms.values().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(n: u8) -> DeviceId {
        DeviceId([n; 32])
    }

    #[test]
    fn a_guest_stays_a_minute() {
        let mut guests = Guests::default();
        assert!(guests.enter(device(1), 5).is_empty());
        assert_eq!(guests.next_ms(), Some(5 + GUEST_STAY_MS));
        assert!(guests.over(4 + GUEST_STAY_MS).is_empty());
        assert_eq!(guests.over(5 + GUEST_STAY_MS), vec![device(1)]);
        assert_eq!(guests.next_ms(), None);
    }

    #[test]
    fn the_seventeenth_puts_out_the_first() {
        let mut guests = Guests::default();
        for n in 0..16 {
            assert!(guests.enter(device(n), u64::from(n)).is_empty());
        }
        assert_eq!(guests.enter(device(99), 50), vec![device(0)]);
        guests.leave(&device(1));
        assert!(guests.enter(device(98), 51).is_empty());
    }

    #[test]
    fn coming_again_renews_the_minute() {
        let mut guests = Guests::default();
        guests.enter(device(1), 0);
        guests.enter(device(1), 1000);
        assert!(guests.over(GUEST_STAY_MS).is_empty());
    }
}
