//! When to dial contacts: at once when somebody calls them, with growing pauses otherwise.

use std::collections::BTreeMap;

use crate::ids::DeviceId;
use crate::limits::{
    DIAL_PAUSE_CALL_MS, DIAL_PAUSE_FIRST_MS, DIAL_PAUSE_LONGEST_MS, DIALS_A_MINUTE, WANTED_DEVICES_MAX,
};

const MINUTE_MS: u64 = 60_000;

#[derive(Clone, Debug, Default)]
struct Attempts {
    /// When to dial next; none while connected or while a dial is under way.
    next_ms: Option<u64>,
    pause_ms: u64,
    /// A call waits for it until then.
    hurry_until_ms: u64,
    /// Doubled with each failure, so that one call doesn't use up the dials of the next.
    hurry_pause_ms: u64,
    minute_began_ms: u64,
    dials: u8,
    tried: Option<String>,
}

/// Devices of contacts that we want to be connected with.
#[derive(Clone, Debug, Default)]
pub(super) struct Dialing {
    wanted: BTreeMap<DeviceId, Attempts>,
    /// When devices whose calls reconnect are dialled next, monotonic ms (see `reconnect`).
    pub(super) redial_ms: Option<u64>,
}

impl Dialing {
    /// From now on this device is wanted, and dialled at once if it isn't connected.
    pub(super) fn want(&mut self, device: DeviceId, now_ms: u64) {
        if self.wanted.contains_key(&device) || self.wanted.len() >= WANTED_DEVICES_MAX {
            return;
        }
        self.wanted.insert(device, Attempts { next_ms: Some(now_ms), minute_began_ms: now_ms, ..Attempts::default() });
    }

    /// Somebody calls this device, or it was just seen: dial now, and with short pauses until then.
    pub(super) fn urgent(&mut self, device: DeviceId, now_ms: u64, until_ms: u64) {
        self.hurry(device, until_ms);
        let attempts = self.wanted.entry(device).or_default();
        attempts.next_ms = Some(now_ms);
        attempts.pause_ms = 0;
    }

    /// Somebody calls this device, which is connected: should that be over in truth, it is dialled soon.
    pub(super) fn hurry(&mut self, device: DeviceId, until_ms: u64) {
        let attempts = self.wanted.entry(device).or_default();
        attempts.hurry_until_ms = until_ms;
        attempts.hurry_pause_ms = DIAL_PAUSE_CALL_MS;
    }

    /// It is connected: nothing to dial.
    pub(super) fn connected(&mut self, device: &DeviceId) {
        if let Some(attempts) = self.wanted.get_mut(device) {
            attempts.next_ms = None;
            attempts.pause_ms = 0;
            attempts.tried = None;
        }
    }

    /// Its connection is gone: dial again soon, in half a second if a call waits for it.
    pub(super) fn disconnected(&mut self, device: &DeviceId, now_ms: u64) {
        if let Some(attempts) = self.wanted.get_mut(device) {
            let hurry = now_ms < attempts.hurry_until_ms;
            let pause_ms = if hurry { DIAL_PAUSE_CALL_MS / 2 } else { DIAL_PAUSE_FIRST_MS };
            attempts.next_ms = Some(now_ms + pause_ms);
        }
    }

    /// The network is another one now: all that aren't connected are dialled at once, as at a start.
    pub(super) fn at_once(&mut self, now_ms: u64) {
        for attempts in self.wanted.values_mut().filter(|attempts| attempts.next_ms.is_some()) {
            attempts.next_ms = Some(now_ms);
            attempts.pause_ms = 0;
        }
    }

    /// A dial failed; `tried` says for people what was tried.
    pub(super) fn failed(&mut self, device: &DeviceId, tried: String, now_ms: u64) {
        if let Some(attempts) = self.wanted.get_mut(device) {
            attempts.pause_ms = (attempts.pause_ms * 2).clamp(DIAL_PAUSE_FIRST_MS, DIAL_PAUSE_LONGEST_MS);
            let hurry = now_ms < attempts.hurry_until_ms;
            let pause_ms = if hurry { attempts.hurry_pause_ms } else { attempts.pause_ms };
            attempts.hurry_pause_ms = attempts.hurry_pause_ms.saturating_mul(2);
            attempts.next_ms = Some(now_ms.saturating_add(pause_ms));
            attempts.tried = Some(tried);
        }
    }

    /// It is dialled whenever it isn't connected.
    pub(super) fn wants(&self, device: &DeviceId) -> bool {
        self.wanted.contains_key(device)
    }

    /// No longer wanted.
    pub(super) fn forget(&mut self, device: &DeviceId) {
        self.wanted.remove(device);
    }

    /// What the last failed dial tried, for people.
    pub(super) fn tried(&self, device: &DeviceId) -> Option<&str> {
        self.wanted.get(device).and_then(|attempts| attempts.tried.as_deref())
    }

    /// Devices to dial now; each is taken once, until it fails or its connection is lost.
    pub(super) fn due(&mut self, now_ms: u64) -> Vec<DeviceId> {
        let mut due = Vec::new();
        for (device, attempts) in &mut self.wanted {
            if attempts.next_ms.is_none_or(|at| at > now_ms) {
                continue;
            }
            if now_ms - attempts.minute_began_ms >= MINUTE_MS {
                attempts.minute_began_ms = now_ms;
                attempts.dials = 0;
            }
            if attempts.dials >= DIALS_A_MINUTE {
                attempts.next_ms = Some(attempts.minute_began_ms + MINUTE_MS);
                continue;
            }
            attempts.dials += 1;
            attempts.next_ms = None;
            due.push(*device);
        }
        due
    }

    /// How many devices are wanted.
    #[cfg(test)]
    pub(super) fn wanted(&self) -> usize {
        self.wanted.len()
    }

    /// When `due` has something again.
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.wanted.values().filter_map(|attempts| attempts.next_ms).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: DeviceId = DeviceId([7; 32]);

    #[test]
    fn a_wanted_device_is_dialled_once_at_a_time() {
        let mut dialing = Dialing::default();
        dialing.want(DEVICE, 100);
        assert_eq!(dialing.due(100), vec![DEVICE]);
        assert_eq!(dialing.due(10_000), Vec::new());
        assert_eq!(dialing.next_ms(), None);
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut dialing = Dialing::default();
        dialing.want(DEVICE, 0);
        let mut now = 0;
        let mut pauses = Vec::new();
        for _ in 0..12 {
            let at = dialing.next_ms().unwrap_or(now).max(now);
            if dialing.due(at).is_empty() {
                now = dialing.next_ms().unwrap();
                assert_eq!(dialing.due(now), vec![DEVICE]);
            } else {
                now = at;
            }
            dialing.failed(&DEVICE, "nothing".into(), now);
            pauses.push(dialing.next_ms().unwrap() - now);
        }
        assert_eq!(&pauses[..4], &[2_000, 4_000, 8_000, 16_000]);
        assert_eq!(*pauses.last().unwrap(), DIAL_PAUSE_LONGEST_MS);
    }

    #[test]
    fn a_call_dials_at_once_but_not_more_than_eight_times_a_minute() {
        let mut dialing = Dialing::default();
        dialing.want(DEVICE, 0);
        let mut dials = 0;
        for second in 0..60 {
            dialing.urgent(DEVICE, second * 1000, 0);
            dials += dialing.due(second * 1000).len();
        }
        assert_eq!(dials, usize::from(DIALS_A_MINUTE));
        dialing.urgent(DEVICE, MINUTE_MS, 0);
        assert_eq!(dialing.due(MINUTE_MS), vec![DEVICE]);
    }

    #[test]
    fn while_a_call_waits_it_is_dialled_after_one_two_and_four_seconds() {
        let mut dialing = Dialing::default();
        dialing.urgent(DEVICE, 0, 10_000);
        for (now_ms, pause_ms) in [(0, 1_000), (1_000, 2_000), (3_000, 4_000), (7_000, 8_000), (15_000, 32_000)] {
            assert_eq!(dialing.due(now_ms), vec![DEVICE]);
            dialing.failed(&DEVICE, "refused".into(), now_ms);
            assert_eq!(dialing.next_ms(), Some(now_ms + pause_ms));
        }
    }

    #[test]
    fn a_lost_connection_is_dialled_again_and_a_new_one_ends_the_pauses() {
        let mut dialing = Dialing::default();
        dialing.want(DEVICE, 0);
        assert_eq!(dialing.due(0), vec![DEVICE]);
        dialing.connected(&DEVICE);
        assert_eq!(dialing.next_ms(), None);
        dialing.disconnected(&DEVICE, 50);
        assert_eq!(dialing.due(49 + DIAL_PAUSE_FIRST_MS), Vec::new());
        assert_eq!(dialing.due(50 + DIAL_PAUSE_FIRST_MS), vec![DEVICE]);
    }

    #[test]
    fn a_connection_that_is_lost_while_a_call_waits_is_dialled_in_half_a_second() {
        let mut dialing = Dialing::default();
        dialing.want(DEVICE, 0);
        assert_eq!(dialing.due(0), vec![DEVICE]);
        dialing.connected(&DEVICE);
        dialing.hurry(DEVICE, 10_000);
        assert_eq!(dialing.next_ms(), None);
        dialing.disconnected(&DEVICE, 50);
        assert_eq!(dialing.due(549), Vec::new());
        assert_eq!(dialing.due(550), vec![DEVICE]);
        dialing.failed(&DEVICE, "refused".into(), 551);
        assert_eq!((dialing.tried(&DEVICE), dialing.next_ms()), (Some("refused"), Some(551 + DIAL_PAUSE_CALL_MS)));
    }

    #[test]
    fn what_was_tried_is_kept_for_people_until_it_connects() {
        let mut dialing = Dialing::default();
        dialing.want(DEVICE, 0);
        dialing.failed(&DEVICE, "refused".into(), 0);
        assert_eq!(dialing.tried(&DEVICE), Some("refused"));
        dialing.connected(&DEVICE);
        assert_eq!(dialing.tried(&DEVICE), None);
    }

    #[test]
    fn the_number_of_wanted_devices_is_bounded() {
        let mut dialing = Dialing::default();
        for n in 0..100u8 {
            dialing.want(DeviceId([n; 32]), 0);
        }
        assert_eq!(dialing.due(0).len(), WANTED_DEVICES_MAX);
    }
}
