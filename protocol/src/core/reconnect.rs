//! The network under this device changes: it moves to other addresses, or it slept. And calls that reconnect: their
//! participants are dialled anew each second, until a connection lives again.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Core;
use super::effect::NetCommand;
use super::links::ip_of;
use super::step::Step;
use crate::call::signal::CallInput;
use crate::ids::{DeviceId, Now};
use crate::limits::{GIVE_UP_MS, REDIAL_MS, SLEPT_MS};

impl Core {
    /// Where we listen has changed.
    pub(super) fn listening(&mut self, addresses: Vec<Vec<u8>>, step: &mut Step<'_>) {
        if self.addresses == addresses {
            return;
        }
        let (before, after) = (ips(&self.addresses), ips(&addresses));
        self.addresses = addresses;
        for device in self.peers.devices() {
            self.acquaint(device, step);
        }
        if before == after || before.is_empty() {
            return;
        }
        step.calls.push_back(CallInput::Moved);
        if !before.is_subset(&after) {
            step.net(NetCommand::Probe);
            for device in self.calls.participants() {
                self.redial(device, true, step);
            }
        }
        self.dialing.at_once(step.now.mono_ms);
    }

    /// Whether the machine slept since the last input: the wall clock went on and the monotonic one stood still.
    pub(super) fn slept(&self, now: Now) -> bool {
        let passed_ms = now.mono_ms.saturating_sub(self.now.mono_ms);
        now.unix_ms.saturating_sub(self.now.unix_ms) >= passed_ms.saturating_add(SLEPT_MS)
    }

    /// After a sleep every connection is doubtful, and days may have turned.
    pub(super) fn wake(&mut self, step: &mut Step<'_>) {
        step.calls.push_back(CallInput::Woke);
        step.net(NetCommand::Probe);
        for device in self.calls.participants() {
            self.redial(device, false, step);
        }
        self.dialing.at_once(step.now.mono_ms);
        self.daily(step);
    }

    /// Devices without which a call stands still are dialled afresh each second, beside what `dialing` allows.
    pub(super) fn reconnect(&mut self, step: &mut Step<'_>) {
        let cut_off = self.calls.reconnecting();
        if cut_off.is_empty() || self.stopping {
            if self.dialing.redial_ms.take().is_some() {
                self.meet_again(step);
            }
            return;
        }
        if self.dialing.redial_ms.is_some_and(|at_ms| at_ms > step.now.mono_ms) {
            return;
        }
        self.dialing.redial_ms = Some(step.now.mono_ms.saturating_add(REDIAL_MS));
        for device in cut_off {
            self.redial(device, false, step);
        }
    }

    /// Media flow again, perhaps without a connection for signals: soon they are as well.
    fn meet_again(&mut self, step: &Step<'_>) {
        let now_ms = step.now.mono_ms;
        for device in self.calls.participants().into_iter().filter(|device| !self.peers.is_connected(device)) {
            self.dialing.urgent(device, now_ms, now_ms.saturating_add(GIVE_UP_MS));
        }
    }

    fn redial(&self, device: DeviceId, lost: bool, step: &mut Step<'_>) {
        let addresses = self.dialable_addresses(&device);
        step.net(NetCommand::Redial { device, addresses, lost });
    }

    /// Where a contact's device says that it is, as far as that may be dialled.
    pub(crate) fn dialable_addresses(&self, device: &DeviceId) -> Vec<Vec<u8>> {
        let contact = self.contacts.of_device(device);
        let known = contact.and_then(|contact| contact.devices.get(device));
        let addresses = known.map(|facts| facts.addresses.clone()).unwrap_or_default();
        addresses.into_iter().filter(|address| self.dialable(address)).collect()
    }
}

fn ips(addresses: &[Vec<u8>]) -> BTreeSet<IpAddr> {
    addresses.iter().filter_map(|address| ip_of(address)).collect()
}
