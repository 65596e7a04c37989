//! What the session layer holds now: for whoever looks for leaks, and for calls that ask who still listens.

use super::Session;
use crate::ids::{CallId, DeviceId};
use crate::topic::Topic;

/// Numbers of things that a call brings and its end takes away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldNow {
    /// Calls whose keys and topics are held.
    pub calls: usize,
    /// Pairs, those whose confirm is awaited included.
    pub pairs: usize,
    /// Whatever is sent again or runs out.
    pub timers: usize,
    /// One-way messages on their way, or kept for devices that are not there.
    pub letters: usize,
}

impl Session {
    /// The call for which this topic is the device's mailbox.
    #[must_use]
    pub fn mailbox_of(&self, device: DeviceId, topic: &Topic) -> Option<CallId> {
        let has = |call: &super::Call| call.legs.get(&device).is_some_and(|leg| leg.pair.mailbox() == topic);
        self.calls.iter().find(|(_, call)| !call.is_forgotten() && has(call)).map(|(id, _)| *id)
    }

    /// A note about this missed call is on its way to the device, or kept for it.
    #[must_use]
    pub fn has_missed(&self, device: DeviceId, call: CallId) -> bool {
        self.letters.has_missed(device, call)
    }

    /// This device set of ours is on its way to a device, or kept for it.
    #[must_use]
    pub fn has_set(&self, device: DeviceId, device_set: &[u8]) -> bool {
        self.letters.has_set(device, device_set)
    }

    /// Device sets of ours other than this one are told to nobody any more.
    pub fn drop_other_sets(&mut self, device_set: &[u8]) {
        self.letters.drop_other_sets(device_set);
    }

    /// No change of a contact that is on its way goes again.
    pub fn drop_changes(&mut self) {
        self.letters.drop_changes();
    }

    /// A note about this missed call is wanted no longer.
    pub fn drop_missed(&mut self, device: DeviceId, call: CallId) {
        self.letters.drop_missed(device, call);
    }

    /// A presence is on its way to a device: whether it asks for the other's.
    #[must_use]
    pub fn presence_to(&self, to: DeviceId) -> Option<bool> {
        self.letters.presence_to(to)
    }

    /// Messages of ours to a device that it has not acknowledged; none without a pair that works.
    #[must_use]
    pub fn unacknowledged(&self, call: CallId, device: DeviceId) -> Option<usize> {
        self.calls.get(&call)?.legs.get(&device)?.pair.waiting()
    }

    /// What is held now.
    #[must_use]
    pub fn held_now(&self) -> HeldNow {
        let legs: usize = self.calls.values().map(|call| call.legs.len()).sum();
        let calls = self.calls.values().filter(|call| call.next_ms().is_some()).count();
        let silences = self.silences.iter().filter(|silence| !silence.told).count();
        HeldNow {
            calls: self.calls.len(),
            pairs: legs + self.answering.len(),
            timers: self.offerings.len() + self.answering.len() + calls + silences,
            letters: self.letters.len(),
        }
    }
}
