//! Whoever was revoked is to be nobody of the account's at once: the newest device set goes to every contact until each of
//! its devices has acknowledged it, and before a call is taken back the account's other devices are asked who is in it.
//!
//! ```text
//!  revoked ─> told: those connected at once, the others dialled, few at a time ── receipt ─> known there
//!  a call continues ─> the account's other devices asked ── all answered, or 2 s over ─> taken back if still in the set
//! ```

use std::collections::BTreeSet;

use super::Core;
use super::effect::NetCommand;
use super::questions::{About, Questions};
use super::step::Step;
use crate::account::Contact;
use crate::call::signal::Sender;
use crate::control::SetKnown;
use crate::ids::{AccountId, CallId, DeviceId};
use crate::limits::{SET_DIALS_AT_ONCE, SET_DIALS_EVERY_MS, SET_DIALS_SELDOM_MS, TAKE_BACK_ASK_MS, UNTOLD_NAMED_MAX};
use crate::session::Delivery;
use crate::wire::bodies::{Devices, InboxBody, Offer};

/// What is under way because of device sets. Times are monotonic ms.
#[derive(Debug, Default)]
pub(super) struct Revocation {
    spread: Spread,
    asked: Questions,
}

/// Devices of contacts that are dialled to be told, few at a time, beside those that we want to be connected with.
#[derive(Debug, Default)]
struct Spread {
    next_ms: Option<u64>,
    /// All up to this device had their turn in this round.
    after: Option<DeviceId>,
    /// All had one.
    seldom: bool,
}

impl Revocation {
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.spread.next_ms
    }

    /// The next few of them, in their order; an empty round is over.
    fn turn(&mut self, untold: &[DeviceId]) -> Vec<DeviceId> {
        let after = self.spread.after;
        let now: Vec<DeviceId> =
            untold.iter().filter(|device| Some(**device) > after).take(SET_DIALS_AT_ONCE).copied().collect();
        self.spread.after = now.last().copied();
        self.spread.seldom |= now.len() < SET_DIALS_AT_ONCE;
        now
    }

    /// A device of this account has said which devices are its own now.
    pub(super) fn answered(&mut self, account: AccountId, device: DeviceId, now_ms: u64) {
        self.asked.answered(account, device, now_ms);
    }

    /// A device is gone: it answers nothing.
    pub(super) fn gone(&mut self, device: &DeviceId) {
        self.asked.gone(device);
    }
}

impl Core {
    /// Another set of ours is in force, or we have just started: those who don't know it are told.
    pub(super) fn spread_set(&mut self, step: &mut Step<'_>) {
        // A receipt for an older one would count as one for this.
        self.session.drop_other_sets(self.own.device_set().bytes());
        for device in self.untold() {
            if self.peers.is_connected(&device) {
                self.tell_set(device, step);
            }
        }
        // Whom we want to be connected with is dialled as ever; from its beginning, after news.
        self.dialing.at_once(step.now.mono_ms);
        self.revocation.spread = Spread { next_ms: Some(step.now.mono_ms), ..Spread::default() };
    }

    /// Tells a connected device of the newest set, unless that is on its way.
    pub(super) fn tell_set(&mut self, device: DeviceId, step: &mut Step<'_>) {
        let device_set = self.own.device_set().bytes().to_vec();
        if !self.session.has_set(device, &device_set) {
            let delivery = Delivery { receipt: true, asks_presence: false };
            self.send_letter(device, InboxBody::Devices(Devices { device_set }), delivery, step);
        }
    }

    /// It has acknowledged the newest set.
    pub(super) fn set_arrived(&mut self, device: DeviceId, step: &mut Step<'_>) {
        let revision = self.own.device_set().revision();
        let Some(contact) = self.contacts.of_device(&device) else { return };
        let account = contact.account;
        if self.lacks_set(&device) {
            self.change_contact(&account, step, |contact| {
                if let Some(facts) = contact.devices.get_mut(&device) {
                    facts.knows_set = revision;
                }
            });
            self.go_on_telling(device, step);
        }
    }

    /// It knows who counts: one of ours can be told what was changed.
    pub(super) fn go_on_telling(&mut self, device: DeviceId, step: &mut Step<'_>) {
        if self.devices_of(&self.own.account()).contains(&device) {
            self.tell_change(device, step);
        }
    }

    /// It has not acknowledged the newest set.
    pub(super) fn lacks_set(&self, device: &DeviceId) -> bool {
        let facts = self.contacts.of_device(device).and_then(|contact| contact.devices.get(device));
        facts.is_some_and(|facts| facts.knows_set < self.own.device_set().revision())
    }

    /// Devices of contacts that know us but not the newest set. Whoever has never met us takes no call of any device.
    fn untold(&self) -> Vec<DeviceId> {
        let met = self.contacts.iter().filter(|contact| has_met_us(contact) && !contact.is_blocked());
        let devices = met.flat_map(|contact| contact.devices.keys().copied());
        let mut untold: Vec<DeviceId> = devices.filter(|device| self.lacks_set(device)).collect();
        untold.sort_unstable();
        untold
    }

    /// Dials the next few of those who are to be told and aren't dialled anyway.
    pub(super) fn spread_timer(&mut self, step: &mut Step<'_>) {
        let now_ms = step.now.mono_ms;
        if self.revocation.spread.next_ms.is_none_or(|at_ms| at_ms > now_ms) {
            return;
        }
        let mut untold = self.untold();
        if untold.is_empty() || self.own.is_revoked() {
            self.revocation.spread.next_ms = None;
            return;
        }
        let unix_ms = step.now.unix_ms;
        let away = |device: &DeviceId| !self.peers.is_connected(device) && !self.dialing.wants(device);
        untold.retain(|device| away(device) && !self.is_shunned(device, unix_ms));
        for device in self.revocation.turn(&untold) {
            let addresses = self.dialable_addresses(&device);
            step.net(NetCommand::Connect { device, addresses });
        }
        let pause_ms = if self.revocation.spread.seldom { SET_DIALS_SELDOM_MS } else { SET_DIALS_EVERY_MS };
        self.revocation.spread.next_ms = Some(now_ms.saturating_add(pause_ms));
    }

    /// How many contacts know who our devices are now.
    pub(super) fn set_known(&self) -> SetKnown {
        let untold: BTreeSet<DeviceId> = self.untold().into_iter().collect();
        let met = || self.contacts.iter().filter(|it| has_met_us(it) && !it.is_blocked());
        let lacks = |contact: &&Contact| contact.devices.keys().any(|it| untold.contains(it));
        let left = met().filter(lacks);
        SetKnown {
            told: met().filter(|contact| !lacks(contact)).count(),
            untold: met().filter(lacks).count(),
            names: left.map(|contact| contact.name.clone()).take(UNTOLD_NAMED_MAX).collect(),
        }
    }

    /// A device wants a call that is under way taken back: the account's other devices are asked first whether it is one
    /// of theirs. Until then the offer is not answered; it comes again.
    pub(super) fn may_go_on(&mut self, from: &Sender, call: CallId, step: &mut Step<'_>) -> bool {
        let mut others = self.devices_of(&from.account);
        others.retain(|device| *device != from.device);
        let now_ms = step.now.mono_ms;
        if others.is_empty() || from.own {
            return true;
        }
        others.retain(|device| !self.is_shunned(device, step.now.unix_ms));
        let about = About { account: from.account, device: from.device, call };
        if let Some(over) = self.revocation.asked.is_over(&about, now_ms) {
            return over;
        }
        let waiting: BTreeSet<_> = others.iter().filter(|device| self.peers.is_connected(device)).copied().collect();
        self.revocation.asked.begin(about, waiting.clone(), now_ms);
        for device in others {
            if waiting.contains(&device) {
                self.ask_prekey(device, step);
            } else if self.dialing.wants(&device) {
                // Which dials it eight times a minute at most.
                self.dialing.urgent(device, now_ms, now_ms.saturating_add(TAKE_BACK_ASK_MS));
            } else if self.revocation.asked.may_dial(from.account, now_ms) {
                // Only to be asked: not wanted from now on.
                let addresses = self.dialable_addresses(&device);
                step.net(NetCommand::Connect { device, addresses });
            }
        }
        false
    }

    /// Its offer would be taken for a call that is under way: it says so, or the device takes part in one, whose new
    /// offer doesn't ring.
    pub(super) fn wants_back(&self, offer: &Offer, device: &DeviceId) -> bool {
        offer.continues.is_some() || self.calls.participants().contains(device)
    }

    /// A device is connected: somebody may wait for what it says of its account.
    pub(super) fn ask_who_counts(&mut self, device: DeviceId, account: AccountId, step: &mut Step<'_>) {
        let waited_for = self.revocation.asked.connected(account, device, step.now.mono_ms);
        // Our own devices know whether we are still one of them.
        if waited_for || account == self.own.account() {
            self.ask_prekey(device, step);
        }
    }

    /// The account has revoked this device: it does nothing in its name any more. Calls end, and nobody is met.
    pub(super) fn leave_account(&mut self, step: &mut Step<'_>) {
        let contacts: Vec<AccountId> = self.contacts.iter().map(|contact| contact.account).collect();
        for account in contacts {
            self.end_calls_with(account, step);
            for device in self.devices_of(&account) {
                self.let_go(device, step);
            }
            self.contact_changed(&account, step);
        }
        for guest in self.guests.all() {
            self.guests.leave(&guest);
            step.gossip(guest, false);
        }
    }
}

/// It has told us its inbox of contacts, or has acknowledged who we are: met by its card anew, it hasn't told it again yet.
fn has_met_us(contact: &Contact) -> bool {
    let acknowledged = contact.devices.values().any(|facts| facts.told.is_some() || facts.knows_set > 0);
    contact.contact_token.is_some() || acknowledged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(n: u8) -> DeviceId {
        DeviceId([n; 32])
    }

    #[test]
    fn those_who_are_to_be_told_have_their_turns_and_then_seldom() {
        let mut revocation = Revocation::default();
        let all: Vec<DeviceId> = (0..40).map(device).collect();
        assert_eq!(revocation.turn(&all), all[..SET_DIALS_AT_ONCE]);
        assert_eq!(revocation.turn(&all), all[SET_DIALS_AT_ONCE..2 * SET_DIALS_AT_ONCE]);
        assert!(!revocation.spread.seldom);
        assert_eq!(revocation.turn(&all), all[2 * SET_DIALS_AT_ONCE..]);
        assert!(revocation.spread.seldom);
        revocation.turn(&[]);
        assert_eq!(revocation.turn(&all[..3]), all[..3], "and from the first again");
    }
}
