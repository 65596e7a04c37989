//! What the checks of the inbound stages ask, answered by the parts of the core.

use ahoy_crypto::{DeviceSet, DhKey};

use super::attempts::TurnedAway;
use super::inboxes::Inboxes;
use super::ledger::Ledger;
use crate::account::{Attempt, Contacts, Own, Strangers};
use crate::call::CallCore;
use crate::ids::{AccountId, CallId, DeviceId};
use crate::inbound::{Done, Rate, State};
use crate::limits::{CONTACT_INBOX_DH_A_SECOND, OTHER_DH_A_SECOND};
use crate::session::Session;
use crate::topic::Topic;

/// The device's knowledge, borrowed for one message.
pub(super) struct Knowledge<'a> {
    pub(super) own: &'a Own,
    pub(super) contacts: &'a Contacts,
    pub(super) inboxes: &'a Inboxes,
    pub(super) session: &'a Session,
    pub(super) calls: &'a CallCore,
    pub(super) ledger: &'a mut Ledger,
    pub(super) strangers: &'a Strangers,
    pub(super) unix_ms: u64,
    /// What this message tried, if it was turned away.
    pub(super) turned_away: Option<TurnedAway>,
    /// We show a code to be linked.
    pub(super) linking: bool,
}

impl State for Knowledge<'_> {
    fn account(&self) -> AccountId {
        self.own.account()
    }

    fn device(&self) -> DeviceId {
        self.own.device()
    }

    fn prekey(&self, spk_id: [u8; 4]) -> Option<&DhKey> {
        self.own.prekey(&spk_id)
    }

    fn is_replay(&self, envelope: &[u8; 32]) -> bool {
        self.ledger.is_replay(envelope)
    }

    fn enter_replay(&mut self, envelope: [u8; 32]) {
        self.ledger.enter_replay(envelope);
    }

    fn has_budget(&self, topic: &Topic) -> bool {
        let contact_inbox = self.inboxes.get(topic).is_some_and(|inbox| !inbox.card);
        self.ledger.spent(topic) < if contact_inbox { CONTACT_INBOX_DH_A_SECOND } else { OTHER_DH_A_SECOND }
    }

    fn take_budget(&mut self, topic: &Topic) {
        self.ledger.spend(topic);
    }

    fn device_set(&self, account: AccountId) -> Option<&DeviceSet> {
        if account == self.own.account() {
            return Some(self.own.device_set());
        }
        self.contacts.get(&account).and_then(|contact| contact.device_set.as_ref())
    }

    fn is_contact(&self, account: AccountId) -> bool {
        self.contacts.is_contact(&account)
    }

    fn is_blocked(&self, account: AccountId) -> bool {
        match self.contacts.get(&account) {
            Some(contact) => contact.is_blocked(),
            None => self.strangers.is_blocked(&account),
        }
    }

    fn call_roster(&self, call: CallId) -> Option<&[AccountId]> {
        self.session.roster(call)
    }

    fn is_linking(&self) -> bool {
        self.linking
    }

    fn offered_by(&self, call: CallId) -> Option<AccountId> {
        self.ledger.offered_by(call)
    }

    fn is_cancelled(&self, account: AccountId, call: CallId) -> bool {
        self.ledger.is_cancelled(account, call)
    }

    fn presence(&self, device: DeviceId) -> Option<(u32, u64)> {
        let facts = self.contacts.of_device(&device)?.devices.get(&device)?;
        (facts.sent_ms > 0).then_some((facts.revision, facts.sent_ms))
    }

    fn is_done(&self, what: Done) -> bool {
        match what {
            // A missed call that history knows already, however it came to know it.
            Done::Missed(call) => self.ledger.is_done(what) || self.calls.known(call),
            // A contact that asks again is welcomed back; one request of a stranger is enough.
            Done::Request(account) => !self.is_contact(account) && self.strangers.has_asked(&account, self.unix_ms),
            Done::Elsewhere(..) | Done::Cancel(..) => self.ledger.is_done(what),
        }
    }

    fn turned_away(&mut self, account: AccountId, device: DeviceId, what: Attempt, call: Option<CallId>) {
        self.turned_away = Some(TurnedAway { account, device, what, call });
    }

    fn has_rate(&self, rate: Rate) -> bool {
        self.ledger.has_rate(rate)
    }

    fn take_rate(&mut self, rate: Rate) {
        self.ledger.take_rate(rate);
    }

    fn ringing(&self) -> usize {
        self.calls.ringing()
    }

    fn ringing_of(&self, account: AccountId) -> usize {
        self.calls.ringing_of(account)
    }
}
