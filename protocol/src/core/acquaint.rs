//! Getting to know contacts: our presence to whoever lacks it, and taking theirs.

use ahoy_crypto::{AccountId, DeviceId, PrekeyRecord};

use super::Core;
use super::beyond::usable_record;
use super::network::take_record;
use super::step::Step;
use crate::inbound::Verified;
use crate::limits::{ADDRESSES_MAX, PRESENCE_WINDOW_MS, PRESENCES_A_WINDOW, PRESENCES_OF_ONE_A_WINDOW};
use crate::session::Delivery;
use crate::wire::bodies::{InboxBody, Presence};

impl Core {
    /// Does what is still missing between us and a connected device of a contact: its prekey first,
    /// then our presence, until it has acknowledged what it says now.
    pub(super) fn acquaint(&mut self, device: DeviceId, step: &mut Step<'_>) {
        let Some(contact) = self.contacts.of_device(&device) else { return };
        if !self.peers.is_connected(&device) || contact.is_blocked() || self.own.is_revoked() {
            return;
        }
        let lacks_set = self.lacks_set(&device);
        let told = contact.devices.get(&device).is_some_and(|facts| facts.told == Some(self.telling()));
        let knows_us = told && !lacks_set;
        let known = contact.contact_token.is_some();
        let own = contact.account == self.own.account();
        let passing = self.contacts.is_hidden(&contact.account) && contact.account != self.own.account();
        let wanted = self.wants_presence(&device, step.now.mono_ms);
        if usable_record(&self.contacts, &device, step.now.unix_s()).is_none() {
            self.ask_prekey(device, step);
        } else if !passing {
            // What is on its way already need not be said twice.
            let on_its_way = self.session.presence_to(device);
            let says = on_its_way.is_some() && self.tellings.get(&device) == Some(&self.telling());
            let (tell, ask) = (!knows_us && !says, (!known || wanted) && on_its_way != Some(true));
            if (tell || ask) && !self.send_presence(device, ask, step) && lacks_set {
                // Who our devices are doesn't wait until there is room for presences.
                self.tell_set(device, step);
            }
            if own {
                self.tell_change(device, step);
            }
        }
    }

    fn telling(&self) -> [u8; 32] {
        self.own.telling(&self.told_addresses())
    }

    fn told_addresses(&self) -> Vec<Vec<u8>> {
        self.addresses.iter().take(ADDRESSES_MAX).cloned().collect()
    }

    /// Sends our presence; `ask` for the other's. False if it has to wait.
    pub(super) fn send_presence(&mut self, device: DeviceId, ask: bool, step: &mut Step<'_>) -> bool {
        let Some(account) = self.contacts.of_device(&device).map(|contact| contact.account) else { return true };
        if !self.may_tell(account, step.now.mono_ms) {
            return false;
        }
        let Some(record) = self.own.record() else { return false };
        let presence = Presence {
            state: self.presence_code(&device),
            record: record.bytes().to_vec(),
            device_set: self.own.device_set().bytes().to_vec(),
            addresses: self.told_addresses(),
            contact_token: Some(self.own.contact_token().clone()),
            name: Some(self.own.name().to_owned()),
        };
        self.tellings.insert(device, self.telling());
        let delivery = Delivery { receipt: true, asks_presence: ask };
        self.send_letter(device, InboxBody::Presence(presence), delivery, step);
        if ask {
            self.asked_presence(device, step.now.mono_ms);
        }
        true
    }

    /// At most so many presences go out in a minute, and to one contact, whatever others ask for; the rest is told when
    /// there is room.
    fn may_tell(&mut self, account: AccountId, now_ms: u64) -> bool {
        self.told_at_ms.retain(|(at_ms, _)| now_ms.saturating_sub(*at_ms) < PRESENCE_WINDOW_MS);
        let to_it = || self.told_at_ms.iter().filter(|(_, to)| *to == account);
        let oldest = if self.told_at_ms.len() >= PRESENCES_A_WINDOW {
            self.told_at_ms.iter().map(|(at_ms, _)| *at_ms).min()
        } else if to_it().count() >= PRESENCES_OF_ONE_A_WINDOW {
            to_it().map(|(at_ms, _)| *at_ms).min()
        } else {
            None
        };
        if let Some(oldest) = oldest {
            let again_ms = oldest.saturating_add(PRESENCE_WINDOW_MS);
            self.tell_again_ms = Some(self.tell_again_ms.map_or(again_ms, |before| before.min(again_ms)));
            return false;
        }
        self.told_at_ms.push((now_ms, account));
        true
    }

    /// There is room for presences again: whoever lacks ours gets it.
    pub(super) fn tell_again(&mut self, step: &mut Step<'_>) {
        if self.tell_again_ms.is_some_and(|at_ms| at_ms <= step.now.mono_ms) {
            self.tell_again_ms = None;
            for device in self.peers.devices() {
                self.acquaint(device, step);
            }
        }
    }

    /// A contact's device has acknowledged our presence.
    pub(super) fn presence_arrived(&mut self, device: DeviceId, step: &mut Step<'_>) {
        let Some(told) = self.tellings.remove(&device) else { return };
        let Some(account) = self.contacts.of_device(&device).map(|contact| contact.account) else { return };
        let knows_set = (told == self.telling()).then(|| self.own.device_set().revision());
        self.change_contact(&account, step, |contact| {
            if let Some(facts) = contact.devices.get_mut(&device) {
                facts.told = Some(told);
                facts.knows_set = knows_set.unwrap_or(facts.knows_set);
            }
        });
        self.go_on_telling(device, step);
    }

    /// Takes a contact's presence, stores it, and answers what it asks for.
    pub(super) fn take_presence(
        &mut self,
        from: &Verified,
        body: &Presence,
        record: &PrekeyRecord,
        newer_set: Option<Box<ahoy_crypto::DeviceSet>>,
        step: &mut Step<'_>,
    ) {
        let device = from.device;
        if let Some(set) = newer_set {
            self.take_device_set(&from.account, *set, step);
        }
        let own = from.own;
        let known = self.change_contact(&from.account, step, |contact| {
            contact.devices.entry(device).or_default();
            take_record(contact, device, record);
            if let Some(facts) = contact.devices.get_mut(&device) {
                facts.sent_ms = from.sent_ms;
                facts.addresses.clone_from(&body.addresses);
            }
            // Our own token is ours to know.
            if let Some(token) = body.contact_token.as_ref().filter(|_| !own) {
                contact.contact_token = Some(token.clone());
            }
        });
        if !known {
            return;
        }
        self.request_is_over(&from.account, step);
        self.presence_said(device, body.state, from.asks_presence, step);
        self.contact_changed(&from.account, step);
        self.welcome(device, step);
        self.record_known(device, step);
        if from.asks_presence && self.session.presence_to(device).is_none() {
            self.send_presence(device, false, step);
        }
    }
}
