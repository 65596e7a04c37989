//! Devices whose prekey we lack: asked for again and again while somebody calls them.

use std::collections::BTreeMap;

use crate::ids::DeviceId;
use crate::limits::{PREKEY_ASK_AGAIN_MS, PREKEYS_ASKED_MAX};

#[derive(Clone, Copy, Debug)]
struct Asked {
    next_ms: u64,
    until_ms: u64,
}

/// Devices whose prekey somebody waits for.
#[derive(Clone, Debug, Default)]
pub(super) struct Asking {
    devices: BTreeMap<DeviceId, Asked>,
    /// Connected devices that were asked by their card's token, too, and whether the answer is awaited.
    by_card: BTreeMap<DeviceId, bool>,
}

impl Asking {
    /// A call needs this device's prekey, until then.
    pub(super) fn want(&mut self, device: DeviceId, now_ms: u64, until_ms: u64) {
        if self.devices.len() < PREKEYS_ASKED_MAX || self.devices.contains_key(&device) {
            self.devices.insert(device, Asked { next_ms: now_ms, until_ms });
        }
    }

    /// Whether this device may be asked by its card's token; once until it is [`Self::gone`].
    pub(super) fn by_card(&mut self, device: DeviceId) -> bool {
        if self.by_card.len() >= PREKEYS_ASKED_MAX || self.by_card.contains_key(&device) {
            return false;
        }
        self.by_card.insert(device, true);
        true
    }

    /// A device has answered; whether its card's token brought that about.
    pub(super) fn answered_by_card(&mut self, device: &DeviceId) -> bool {
        self.by_card.get_mut(device).is_some_and(std::mem::take)
    }

    /// Its connection is gone.
    pub(super) fn gone(&mut self, device: &DeviceId) {
        self.by_card.remove(device);
    }

    /// It is known.
    pub(super) fn known(&mut self, device: &DeviceId) {
        self.devices.remove(device);
    }

    /// It is connected: ask at once.
    pub(super) fn connected(&mut self, device: &DeviceId, now_ms: u64) {
        if let Some(asked) = self.devices.get_mut(device) {
            asked.next_ms = now_ms;
        }
    }

    /// Devices to ask now.
    pub(super) fn due(&mut self, now_ms: u64) -> Vec<DeviceId> {
        self.devices.retain(|_, asked| asked.until_ms > now_ms);
        let mut due = Vec::new();
        for (device, asked) in &mut self.devices {
            if asked.next_ms <= now_ms {
                asked.next_ms = now_ms + PREKEY_ASK_AGAIN_MS;
                due.push(*device);
            }
        }
        due
    }

    pub(super) fn next_ms(&self) -> Option<u64> {
        self.devices.values().map(|asked| asked.next_ms.min(asked.until_ms)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: DeviceId = DeviceId([7; 32]);

    #[test]
    fn a_wanted_prekey_is_asked_for_each_second_until_it_is_known() {
        let mut asking = Asking::default();
        asking.want(DEVICE, 0, 10_000);
        assert_eq!(asking.due(0), vec![DEVICE]);
        assert_eq!(asking.due(999), Vec::new());
        assert_eq!(asking.due(1_000), vec![DEVICE]);
        asking.known(&DEVICE);
        assert_eq!((asking.due(5_000), asking.next_ms()), (Vec::new(), None));
    }

    #[test]
    fn a_new_connection_asks_at_once() {
        let mut asking = Asking::default();
        asking.want(DEVICE, 0, 10_000);
        asking.due(0);
        asking.connected(&DEVICE, 300);
        assert_eq!(asking.due(300), vec![DEVICE]);
    }

    #[test]
    fn asking_ends_with_the_call() {
        let mut asking = Asking::default();
        asking.want(DEVICE, 0, 10_000);
        assert_eq!(asking.due(10_000), Vec::new());
        assert_eq!(asking.next_ms(), None);
    }
}
