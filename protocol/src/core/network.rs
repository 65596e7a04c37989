//! What the network driver reports: connections, subscriptions, prekeys.

use ahoy_crypto::prekey::{self, Asked, PrekeyRecord};
use ahoy_crypto::{AccountId, Check, DeviceId};

use super::Core;
use super::effect::{NetCommand, StoreCommand, Table};
use super::input::{NetEvent, NetTicket};
use super::peers::Peer;
use super::step::Step;
use crate::account::{Contact, Policy};
use crate::call::signal::{CallInput, ContactPolicy};
use crate::topic::Topic;

impl Core {
    pub(super) fn net_event(&mut self, event: NetEvent, step: &mut Step<'_>) {
        match event {
            NetEvent::Listening(addresses) => self.listening(addresses, step),
            NetEvent::Connected { device, loopback, private, source } => {
                self.peers.connected(device, Peer::new(loopback, private, source));
                self.connected(device, step);
            }
            NetEvent::Disconnected { device } => self.disconnected(device, step),
            NetEvent::DialFailed { device, tried } => self.dialing.failed(&device, tried, step.now.mono_ms),
            NetEvent::Discovered { device, .. } => {
                let friend = self.contacts.of_device(&device).is_some_and(|contact| !contact.is_blocked());
                if friend && !self.peers.is_connected(&device) {
                    self.dialing.urgent(device, step.now.mono_ms, 0);
                }
            }
            NetEvent::Subscribed { device, topic } => {
                let was_there = self.peers.is_there(&device);
                self.peers.subscribed(&device, topic);
                if !was_there {
                    self.came_or_went(&device, step);
                }
                self.listens(device, topic, true, step);
                self.session(step, |session, cx| session.subscribed(&topic, cx));
                self.resume_notes(device, step);
            }
            NetEvent::Unsubscribed { device, topic } => {
                self.peers.unsubscribed(&device, &topic);
                if !self.peers.is_there(&device) {
                    self.came_or_went(&device, step);
                }
                self.listens(device, topic, false, step);
            }
            NetEvent::Voicemail { device, fetched, answer } => self.voicemail_answer(device, fetched, answer, step),
            NetEvent::VoicemailRequest { device, request, ticket } => {
                self.voicemail_request(device, &request, ticket, step);
            }
            NetEvent::Prekey { device, answer } => self.prekey_answer(device, answer.as_deref(), step),
            NetEvent::PrekeyRequest { device, request, ticket } => self.prekey_request(device, &request, ticket, step),
        }
    }

    /// A contact's device is there for us from now on, or no longer.
    fn came_or_went(&mut self, device: &DeviceId, step: &mut Step<'_>) {
        if let Some(account) = self.contacts.of_device(device).map(|contact| contact.account) {
            self.contact_changed(&account, step);
        }
    }

    fn connected(&mut self, device: DeviceId, step: &mut Step<'_>) {
        self.dialing.connected(&device);
        self.asking.connected(&device, step.now.mono_ms);
        let Some(contact) = self.contacts.of_device(&device) else { return };
        let (account, blocked) = (contact.account, contact.is_blocked());
        self.contact_changed(&account, step);
        if !blocked {
            step.gossip(device, !self.own.is_revoked());
            self.acquaint(device, step);
            self.ask_who_counts(device, account, step);
            self.begin_request(device, step);
            self.announce_messages(device, step);
        }
    }

    fn disconnected(&mut self, device: DeviceId, step: &mut Step<'_>) {
        if !self.peers.disconnected(&device) {
            return;
        }
        if self.guests.leave(&device) {
            // It may prove a token again; until then it is a stranger, as often as it connects.
            step.gossip(device, false);
        }
        self.revocation.gone(&device);
        self.presence_gone(device, step);
        self.asking.gone(&device);
        self.voicemail_disconnected(&device);
        self.dialing.disconnected(&device, step.now.mono_ms);
        step.calls.push_back(CallInput::Disconnected { device });
        if let Some(account) = self.contacts.of_device(&device).map(|contact| contact.account) {
            self.contact_changed(&account, step);
        }
    }

    /// Calls hear who holds its mailbox; other topics are none of theirs.
    fn listens(&self, device: DeviceId, topic: Topic, listens: bool, step: &mut Step<'_>) {
        if let Some(call) = self.session.mailbox_of(device, &topic) {
            step.calls.push_back(CallInput::Listens { call, device, listens });
        }
    }

    /// A device asks for our prekey: whoever knows one of our tokens gets it and may speak gossip with us
    /// for a while; to others, silence.
    fn prekey_request(&mut self, device: DeviceId, request: &[u8], ticket: NetTicket, step: &mut Step<'_>) {
        let known = prekey::check_request(request, &self.inboxes.hint_keys(), device, self.own.device());
        let blocked = self.is_shunned(&device, step.now.unix_ms);
        let answer = match (known, self.own.record()) {
            (Ok(_), Some(record)) if !blocked && !self.own.is_revoked() => {
                Some(prekey::answer(record, self.own.device_set()))
            }
            (Ok(_), _) => None,
            (Err(check), _) => {
                self.refusals.count(check);
                None
            }
        };
        if answer.is_some() && self.contacts.of_device(&device).is_none() {
            for evicted in self.guests.enter(device, step.now.mono_ms) {
                step.gossip(evicted, false);
            }
            step.gossip(device, true);
        }
        if answer.is_none() {
            self.knocked(device, step);
        }
        step.net(NetCommand::AnswerPrekey { ticket, answer });
    }

    /// What a device answered to our prekey request.
    fn prekey_answer(&mut self, device: DeviceId, answer: Option<&[u8]>, step: &mut Step<'_>) {
        let Some(answer) = answer else { return self.ask_by_card(device, step) };
        let mut judged = Err(Check::SET_SIGNATURE);
        for contact in self.contacts.claimants(&device) {
            let facts = contact.devices.get(&device);
            let stored = facts.and_then(|facts| facts.record.as_deref().map(|record| (facts.revision, record)));
            let asked = Asked { account: contact.account, device, record: stored, set: contact.device_set.as_ref() };
            judged = prekey::check_answer(answer, step.now.unix_s(), asked).map(|answer| (contact.account, answer));
            if judged.is_ok() {
                break;
            }
        }
        match judged {
            Ok((account, answer)) => {
                let by_card = self.asking.answered_by_card(&device);
                self.take_device_set(&account, answer.set, step);
                self.revocation.answered(account, device, step.now.mono_ms);
                self.change_contact(&account, step, |contact| {
                    if by_card {
                        // The one we know isn't held there any more: its presence has the new one.
                        contact.contact_token = None;
                    }
                    take_record(contact, device, &answer.record);
                });
                self.record_known(device, step);
                self.send_request(device, step);
            }
            Err(check) => self.refusals.count(check),
        }
    }

    /// A device's prekey is known (anew): what waited for it can go.
    pub(super) fn record_known(&mut self, device: DeviceId, step: &mut Step<'_>) {
        self.asking.known(&device);
        // Its inbox may have had its subscriber before we knew how to seal to it.
        self.session(step, |session, cx| {
            session.route_known(device, cx.now.mono_ms);
            session.flush(cx);
        });
        self.acquaint(device, step);
    }

    /// Asks a connected device of a contact for its prekey.
    pub(super) fn ask_prekey(&mut self, device: DeviceId, step: &mut Step<'_>) {
        if !self.peers.is_connected(&device) {
            return;
        }
        // Whose it is shows in the answer: it knows the token of its own account only.
        for contact in self.contacts.claimants(&device) {
            let place = place_of(contact.token(), step.now.unix_s());
            let request = prekey::request(&place.hint_key, self.own.device(), device).to_vec();
            step.net(NetCommand::RequestPrekey { device, request });
        }
    }

    /// A device was silent: its contact token may be another one now, while its card's still holds. Asked once a
    /// connection.
    fn ask_by_card(&mut self, device: DeviceId, step: &mut Step<'_>) {
        if !self.peers.is_connected(&device) || !self.asking.by_card(device) {
            return;
        }
        for contact in self.contacts.claimants(&device).filter(|contact| contact.contact_token.is_some()) {
            let place = place_of(&contact.card_token, step.now.unix_s());
            let request = prekey::request(&place.hint_key, self.own.device(), device).to_vec();
            step.net(NetCommand::RequestPrekey { device, request });
        }
    }

    /// A contact's device is wanted: gossip with it, connect to it, get to know it.
    pub(super) fn welcome(&mut self, device: DeviceId, step: &mut Step<'_>) {
        self.guests.leave(&device);
        if self.own.is_revoked() || self.contacts.of_device(&device).is_some_and(Contact::is_blocked) {
            return;
        }
        step.gossip(device, true);
        if self.peers.is_connected(&device) {
            self.acquaint(device, step);
        }
        self.dialing.want(device, step.now.mono_ms);
        if self.peers.is_connected(&device) {
            self.dialing.connected(&device);
        }
    }

    /// Changes a contact and stores it; devices that it no longer has are let go of in every place.
    /// False if there is no such contact.
    pub(super) fn change_contact(
        &mut self,
        account: &AccountId,
        step: &mut Step<'_>,
        change: impl FnOnce(&mut Contact),
    ) -> bool {
        let before: Vec<DeviceId> =
            self.contacts.get(account).map(|contact| contact.devices.keys().copied().collect()).unwrap_or_default();
        if self.contacts.change(account, change).is_none() {
            return false;
        }
        self.keep_contact(account, step);
        for device in before {
            if self.contacts.of_device(&device).is_none() {
                self.let_go(device, step);
            }
        }
        true
    }

    /// A device isn't a contact's any more.
    pub(super) fn let_go(&mut self, device: DeviceId, step: &mut Step<'_>) {
        self.dialing.forget(&device);
        self.asking.known(&device);
        self.tellings.remove(&device);
        self.drop_notes_to_device(&device, step);
        self.drop_unwanted_messages(step);
        step.gossip(device, false);
    }

    /// Stores a contact as it is now.
    pub(super) fn keep_contact(&mut self, account: &AccountId, step: &mut Step<'_>) {
        // What stands in for a device that is being linked is forgotten with a restart.
        let passing = self.contacts.is_hidden(account) && *account != self.own.account();
        if let Some(contact) = self.contacts.get(account).filter(|_| !passing) {
            let blocked = contact.policy.has(Policy::BLOCKED);
            step.store(StoreCommand::Put { table: Table::Contacts, key: account.0.to_vec(), value: contact.row() });
            if blocked {
                self.drop_notes_to(account, step);
                self.drop_unwanted_messages(step);
            }
        }
    }

    /// Takes a contact, new or changed, and stores it.
    pub(super) fn put_contact(&mut self, contact: Contact, step: &mut Step<'_>) {
        let account = contact.account;
        self.calls.set_policy(account, policy_of(contact.policy));
        self.contacts.put(contact);
        self.keep_contact(&account, step);
    }
}

/// Writes a checked record into what we know of a device.
pub(super) fn take_record(contact: &mut Contact, device: DeviceId, record: &PrekeyRecord) {
    if let Some(facts) = contact.devices.get_mut(&device) {
        facts.record = Some(record.bytes().to_vec());
        facts.revision = record.terms().revision;
    }
}

/// What a contact's policy means for calls.
pub(super) fn policy_of(policy: Policy) -> ContactPolicy {
    ContactPolicy {
        local_candidates: policy.has(Policy::LOCAL_CANDIDATES),
        early_connection: !policy.has(Policy::NO_EARLY_CONNECTION),
        relay_only: policy.has(Policy::RELAY_ONLY),
        do_not_disturb: policy.has(Policy::DO_NOT_DISTURB),
        auto_answer: policy.has(Policy::AUTO_ANSWER),
    }
}

/// Where an envelope for the holder of a token is published now.
pub(super) fn place_of(token: &ahoy_crypto::Secret, now_s: u64) -> crate::outbound::Where {
    let inbox = ahoy_crypto::inbox::Inbox::new(token);
    let day = inbox.day(now_s);
    crate::outbound::Where { topic: crate::topic::Topic(inbox.topic(day)), hint_key: inbox.hint_key(day), stamp: day }
}
