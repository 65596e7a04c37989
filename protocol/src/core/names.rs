//! Contacts, calls and events as frontends see them: with our names for people.

use super::Core;
use super::step::Step;
use crate::account::{Contact, Policy};
use crate::control::{
    self, CallInfo, Counts, EventKind, PolicyInfo, PresenceState, RecordingAnswered, RecordingStarted, RosterEntry,
    Snapshot, Status,
};
use crate::ids::{AccountId, Now};

/// What of a daemon's status its core knows: cheap to look at after every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who {
    /// Our account; another one after linking.
    pub account: AccountId,
    /// It has revoked this device.
    pub revoked: bool,
    /// What we are doing.
    pub presence: PresenceState,
    /// Calls don't ring here.
    pub do_not_disturb: bool,
    /// The microphone is muted.
    pub muted: bool,
    /// We record a call.
    pub recording: bool,
    /// Somebody else records a call that we are in.
    pub recorded: bool,
}

impl Core {
    /// Our name for an account, if it is a contact or ourselves.
    pub(super) fn name_of(&self, account: &str) -> Option<String> {
        let account = AccountId::parse(account).ok()?;
        if account == self.own.account() {
            return Some(self.own.name().to_owned());
        }
        self.contacts.get(&account).map(|contact| contact.name.clone())
    }

    fn name_entry(&self, entry: &mut RosterEntry) {
        entry.name = self.name_of(&entry.account);
    }

    /// A contact as frontends list it.
    pub(super) fn contact_info(&self, contact: &Contact) -> control::Contact {
        control::Contact {
            account: contact.account.text(),
            name: contact.name.clone(),
            devices: contact.devices.keys().map(|device| device.text()).collect(),
            online: contact.devices.keys().any(|device| self.peers.is_there(device)),
            acquainted: contact.contact_token.is_some(),
            requested: contact.requested.is_some(),
            verified: contact.policy.has(Policy::VERIFIED),
            blocked: contact.is_blocked(),
            policy: PolicyInfo {
                early_connection: !contact.policy.has(Policy::NO_EARLY_CONNECTION),
                private_addresses: contact.policy.has(Policy::LOCAL_CANDIDATES),
                relay_only: contact.policy.has(Policy::RELAY_ONLY),
                do_not_disturb: contact.policy.has(Policy::DO_NOT_DISTURB),
                auto_answer: contact.policy.has(Policy::AUTO_ANSWER),
                presence: !contact.policy.has(Policy::NO_PRESENCE),
                favourite: contact.favourite,
            },
            presence: self.presence_of(&contact.account),
            // Left open: frontends are not told again of a contact that says the same.
            presence_at_ms: None,
        }
    }

    /// Tells frontends of a contact, if what they see of it is another than they were told.
    pub(super) fn contact_changed(&mut self, account: &AccountId, step: &mut Step<'_>) {
        let shown = self
            .contacts
            .get(account)
            .filter(|_| self.contacts.is_contact(account))
            .map(|contact| self.contact_info(contact));
        let before = match &shown {
            Some(contact) => self.shown.insert(*account, contact.clone()),
            None => self.shown.remove(account),
        };
        if before != shown {
            step.event(EventKind::ContactChanged { account: account.text() });
        }
    }

    /// All contacts, by name.
    pub(super) fn contact_infos(&self) -> Vec<control::Contact> {
        let info = |contact: &Contact| control::Contact {
            presence_at_ms: self.presence_said_ms(&contact.account),
            ..self.contact_info(contact)
        };
        let mut contacts: Vec<_> = self.contacts.iter().map(info).collect();
        contacts.sort_by(|a, b| a.name.cmp(&b.name));
        contacts
    }

    /// All calls, those of the last 10 minutes included, with names.
    pub(super) fn call_infos(&self, now: Now) -> Vec<CallInfo> {
        let mut calls = self.calls.calls(now);
        // Those of an account that this device has left are nobody's here.
        let own = self.own.account().text();
        calls.retain(|call| call.roster.iter().any(|entry| entry.account == own));
        for call in &mut calls {
            call.roster.iter_mut().for_each(|entry| self.name_entry(entry));
            for participant in &mut call.participants {
                participant.name = self.name_of(&participant.account);
            }
        }
        calls
    }

    /// Puts our names into an event, and that of the frontend that asked for what happened.
    pub(super) fn name_event(&self, mut event: EventKind, step: &Step<'_>) -> EventKind {
        if let EventKind::IncomingCall { from, .. } = &mut event {
            self.name_entry(from);
        }
        if let EventKind::CallState { client, .. } | EventKind::ParticipantState { client, .. } = &mut event
            && step.by_client
        {
            client.clone_from(&step.client);
        }
        if let EventKind::RecordingStarted(RecordingStarted { client, device, .. })
        | EventKind::RecordingAnswered(RecordingAnswered { client, device, .. }) = &mut event
            && step.by_client
            && *device == self.own.device().text()
        {
            client.clone_from(&step.client);
        }
        event
    }

    /// The whole state, as `subscribe` shows it. `version`, `api`, `peers`, `uptime_ms` and `counts` of its status
    /// are the daemon's to fill in.
    #[must_use]
    pub fn snapshot(&self, now: Now) -> Snapshot {
        let calls = self.call_infos(now).into_iter().filter(|call| call.ended_at_ms.is_none()).collect();
        Snapshot {
            status: self.status(),
            calls,
            contacts: self.contact_infos(),
            requests: self.request_infos(),
            presence: Some(self.own_presence()),
            muted: self.calls.muted(),
        }
    }

    /// Who we are and what we do.
    #[must_use]
    pub fn who(&self) -> Who {
        Who {
            account: self.own.account(),
            revoked: self.own.is_revoked(),
            presence: self.own_presence(),
            do_not_disturb: self.presences.is_quiet(),
            muted: self.calls.muted(),
            recording: self.calls.recording(),
            recorded: self.calls.is_recorded_by_others(),
        }
    }

    /// How we are, as far as the core knows.
    #[must_use]
    pub fn status(&self) -> Status {
        Status {
            version: String::new(),
            api: control::API_VERSION.to_owned(),
            account: self.own.account().text(),
            device: self.own.device().text(),
            revoked: self.own.is_revoked(),
            presence: Some(self.own_presence()),
            do_not_disturb: self.presences.is_quiet(),
            muted: self.calls.muted(),
            recording: self.calls.recording(),
            recorded: self.calls.is_recorded_by_others(),
            peers: self.peers.len(),
            calls: self.calls.live_calls(),
            uptime_ms: 0,
            counts: Counts::default(),
        }
    }
}
