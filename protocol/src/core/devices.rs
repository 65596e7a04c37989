//! The devices of our account: met like those of a contact, but nobody's to call; and what the newest set of an
//! account means for whoever is in it no longer.

use std::collections::BTreeMap;

use ahoy_crypto::{AccountId, DeviceId, DeviceSet};

use super::Core;
use super::effect::{StoreCommand, Table};
use super::step::Step;
use crate::account::{Contact, NoSet, Policy};
use crate::call::signal::CallInput;
use crate::control::{ControlError, DeviceCommand, DeviceInfo, DevicesReply, ErrorKind, EventKind, Reply};
use crate::limits::{DEVICES_MAX, SET_ASK_AGAIN_MS, SETS_ASKED_MAX};
use crate::session::Delivery;
use crate::wire::bodies::{Devices, InboxBody, Reason};

/// When a device of an account was asked for its set, because somebody who isn't in ours wrote (094).
#[derive(Debug, Default)]
pub(super) struct SetsAsked(BTreeMap<AccountId, u64>);

impl SetsAsked {
    /// Whether to ask now; from then on not again for a minute.
    fn may_ask(&mut self, account: AccountId, now_ms: u64) -> bool {
        self.0.retain(|_, at_ms| now_ms.saturating_sub(*at_ms) < SET_ASK_AGAIN_MS);
        if self.0.contains_key(&account) || self.0.len() >= SETS_ASKED_MAX {
            return false;
        }
        self.0.insert(account, now_ms);
        true
    }
}

impl Core {
    /// `device.*`.
    pub(super) fn device_command(
        &mut self,
        command: DeviceCommand,
        step: &mut Step<'_>,
    ) -> Result<Reply, ControlError> {
        match command {
            DeviceCommand::List => Ok(self.device_list()),
            DeviceCommand::Link(params) => self.link(&params, step),
            DeviceCommand::Confirm { letters } => self.confirm_letters(&letters, step),
            DeviceCommand::Revoke { device } => self.revoke(&device, step),
        }
    }

    fn device_list(&self) -> Reply {
        let own = self.own.device();
        let this = DeviceInfo {
            device: own.text(),
            this: true,
            online: true,
            sound: Some(self.own.has_sound()),
            account_key: Some(self.own.holds_account_key()),
        };
        let others = self.own.device_set().devices().iter().filter(|device| **device != own);
        let others = others.map(|device| DeviceInfo {
            device: device.text(),
            this: false,
            online: self.peers.is_connected(device),
            sound: self.sound_of(device),
            account_key: None,
        });
        Reply::Devices(DevicesReply { devices: std::iter::once(this).chain(others).collect(), known: self.set_known() })
    }

    fn revoke(&mut self, device: &str, step: &mut Step<'_>) -> Result<Reply, ControlError> {
        let devices = self.own.device_set().devices().to_vec();
        let Some(gone) = DeviceId::parse(device).filter(|device| devices.contains(device)) else {
            let hint = "`ahoy device list` shows the devices of this account";
            return Err(ControlError::new(ErrorKind::NoSuchDevice, "no device of this account has this id", hint));
        };
        if gone == self.own.device() {
            let hint = "revoke it at another device that holds the account's key";
            return Err(ControlError::new(ErrorKind::BadParams, "a device doesn't revoke itself", hint));
        }
        let left: Vec<DeviceId> = devices.into_iter().filter(|device| *device != gone).collect();
        let set = self.own.next_set(&left, step.now.unix_s()).map_err(no_next_set)?;
        // Now or never: once it is out, nothing is sealed to it any more.
        let body = InboxBody::Devices(Devices { device_set: set.bytes().to_vec() });
        self.send_letter(gone, body, Delivery::default(), step);
        self.session(step, |session, cx| session.flush(cx));
        if self.linking.is_with(&gone) {
            // Which takes it out and locks it out.
            self.end_linking("this device was revoked before it had everything", Some(Reason::Refused), step);
        } else {
            self.shut_out(set, step);
        }
        Ok(self.device_list())
    }

    /// A set that we signed is in force, and a device that is in it no longer knows our inbox of contacts no longer.
    pub(super) fn shut_out(&mut self, set: DeviceSet, step: &mut Step<'_>) {
        self.install_set(set, step);
        self.doubt_changes(step);
        self.lock_out(step);
    }

    /// A set that we signed is in force from now on: stored, then told to everybody.
    pub(super) fn install_set(&mut self, set: DeviceSet, step: &mut Step<'_>) {
        self.take_own_set(set, step);
        for device in self.devices_of(&self.own.account()) {
            self.tell_set(device, step);
        }
        self.spread_set(step);
    }

    /// Takes a set that passed its checks, if it is newer than the one we know of that account.
    pub(super) fn take_device_set(&mut self, account: &AccountId, set: DeviceSet, step: &mut Step<'_>) {
        if *account == self.own.account() {
            let before = self.own.device_set().clone();
            self.take_own_set(set, step);
            if before.devices().iter().any(|device| !self.own.device_set().devices().contains(device)) {
                self.doubt_changes(step);
            }
            self.make_up_lock_out(step);
            return;
        }
        let before = self.devices_of(account);
        let known = self.contacts.get(account).and_then(|contact| contact.device_set.as_ref());
        if known.is_some_and(|known| known.revision() >= set.revision()) {
            return;
        }
        if self.change_contact(account, step, |contact| contact.take_set(set)) {
            self.devices_came_and_went(account, &before, step);
            self.contact_changed(account, step);
        }
    }

    fn devices_came_and_went(&mut self, account: &AccountId, before: &[DeviceId], step: &mut Step<'_>) {
        let now = self.devices_of(account);
        for gone in before.iter().filter(|device| !now.contains(device)) {
            step.calls.push_back(CallInput::Revoked { account: *account, device: *gone });
        }
        for new in now.iter().filter(|device| !before.contains(device)) {
            self.welcome(*new, step);
        }
    }

    fn take_own_set(&mut self, set: DeviceSet, step: &mut Step<'_>) {
        if !self.own.take_set(set) {
            return;
        }
        self.keep_own(step);
        self.meet_own_devices(step);
        let devices = self.own.device_set().devices().iter().map(|device| device.text()).collect();
        step.event(EventKind::DevicesChanged { devices });
        if self.own.is_revoked() {
            let hint = "this device was revoked: its account takes no calls here any more; `ahoy device link --forget` \
                        links it again";
            step.event(EventKind::Warning { about: "revoked".to_owned(), hint: hint.to_owned() });
            self.leave_account(step);
        }
    }

    /// Stores account and device as they are now.
    pub(super) fn keep_own(&self, step: &mut Step<'_>) {
        step.store(StoreCommand::Put { table: Table::Account, key: Vec::new(), value: self.own.row() });
    }

    /// Our other devices are known, wanted and met as a contact's are; nobody sees that contact.
    pub(super) fn meet_own_devices(&mut self, step: &mut Step<'_>) {
        let account = self.own.account();
        let before = self.devices_of(&account);
        let mut own = self.contacts.get(&account).cloned().unwrap_or_else(|| Contact {
            account,
            name: self.own.name().to_owned(),
            card_token: self.own.card_token().clone(),
            // From then on `rotation` says by which token they are written to.
            contact_token: Some(self.own.contact_token().clone()),
            device_set: None,
            policy: Policy::default(),
            devices: BTreeMap::new(),
            favourite: false,
            requested: None,
        });
        own.card_token = self.own.card_token().clone();
        own.take_set(self.own.device_set().clone());
        own.devices.remove(&self.own.device());
        if self.own.is_revoked() {
            own.devices.clear();
        }
        self.contacts.hide(account);
        self.contacts.put(own);
        self.keep_contact(&account, step);
        for gone in &before {
            if self.contacts.of_device(gone).is_none() {
                self.let_go(*gone, step);
            }
        }
        self.devices_came_and_went(&account, &before, step);
    }

    /// Tells our other devices.
    pub(super) fn tell_own_devices(&mut self, body: &InboxBody, step: &mut Step<'_>) {
        for device in self.devices_of(&self.own.account()) {
            let delivery = Delivery { receipt: true, asks_presence: false };
            self.send_letter(device, body.clone(), delivery, step);
        }
    }

    /// Somebody wrote who is in no set that we know: perhaps a newer one has it. At most once a minute.
    pub(super) fn ask_for_set(&mut self, account: AccountId, step: &mut Step<'_>) {
        if !self.contacts.is_contact(&account) {
            return;
        }
        let connected = |device: &DeviceId| self.peers.is_connected(device);
        let Some(device) = self.devices_of(&account).into_iter().find(connected) else { return };
        if self.sets_asked.may_ask(account, step.now.mono_ms) {
            self.ask_prekey(device, step);
        }
    }

    /// The account has room for another device.
    pub(super) fn room_for_a_device(&self) -> bool {
        self.own.device_set().devices().len() < DEVICES_MAX
    }
}

/// No device set can follow.
pub(super) fn no_next_set(why: NoSet) -> ControlError {
    match why {
        NoSet::NoKey => no_account_key(),
        NoSet::UsedUp => {
            let hint = "somebody who held the account's key did this: make a new account (a daemon with another --home) \
                        and give its card to your contacts";
            ControlError::new(ErrorKind::LimitReached, why.to_string(), hint)
        }
        NoSet::Shape => ControlError::new(ErrorKind::LimitReached, why.to_string(), "revoke or link one"),
    }
}

/// This device can't sign for the account.
pub(super) fn no_account_key() -> ControlError {
    let hint = "do this at the device that has it: the account's first one, or one that was linked with --account-key";
    ControlError::new(ErrorKind::NoAccountKey, "this device doesn't hold the account's key", hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_asked_for_once_a_minute_an_account() {
        let mut asked = SetsAsked::default();
        let (ada, ben) = (AccountId([1; 32]), AccountId([2; 32]));
        assert!(asked.may_ask(ada, 0) && !asked.may_ask(ada, 59_999) && asked.may_ask(ben, 0));
        assert!(asked.may_ask(ada, 60_000));
    }

    #[test]
    fn accounts_that_were_asked_are_bounded() {
        let mut asked = SetsAsked::default();
        let account = |n: usize| AccountId([u8::try_from(n).unwrap(); 32]);
        assert_eq!((0..200).filter(|n| asked.may_ask(account(*n), 0)).count(), SETS_ASKED_MAX);
    }
}
