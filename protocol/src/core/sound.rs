//! A device with neither microphone nor speaker doesn't ring while the account has another one that does.

use ahoy_crypto::DeviceId;

use super::Core;
use super::beyond::usable_record;
use super::step::Step;
use crate::account::is_silent;

impl Core {
    /// This device has a microphone or a speaker (or what stands for one), or no longer has.
    pub(super) fn sound_changed(&mut self, present: bool, step: &mut Step<'_>) {
        if !self.own.set_silent(!present) {
            return;
        }
        self.keep_own(step);
        for device in self.peers.devices() {
            self.acquaint(device, step);
        }
    }

    /// Whether another device has sound, by its newest record; none while that isn't known, or is too old to count.
    pub(super) fn sound_of(&self, device: &DeviceId) -> Option<bool> {
        let record = usable_record(&self.contacts, device, self.now.unix_s())?;
        Some(!is_silent(&record))
    }

    /// Nobody could talk here, but at another device of ours: calls ring there.
    pub(super) fn rings_elsewhere(&self) -> bool {
        let others = self.devices_of(&self.own.account());
        !self.own.has_sound() && others.iter().any(|device| self.sound_of(device) == Some(true))
    }
}
