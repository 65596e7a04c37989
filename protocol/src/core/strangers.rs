//! Blocking, and what is kept of strangers.

use super::Core;
use super::effect::{StoreCommand, Table};
use super::step::Step;
use crate::account::{NoRoom, Policy, Stranger};
use crate::control::{ControlError, DoneReply, ErrorKind, Reply, RequestEnd};
use crate::ids::{AccountId, DeviceId, Ticket};
use crate::limits::{DEVICES_MAX, REFUSED_MS};

impl Core {
    /// Whether a contact, or a stranger, is to notice nothing of us on this device.
    pub(super) fn is_shunned(&self, device: &DeviceId, unix_ms: u64) -> bool {
        let contact = self.contacts.of_device(device);
        let refused = |stranger: &Stranger| {
            let lately = stranger.refused_ms.is_some_and(|at_ms| unix_ms.saturating_sub(at_ms) < REFUSED_MS);
            (stranger.device == Some(*device) || stranger.former.contains(device)) && (stranger.blocked || lately)
        };
        contact.map_or_else(|| self.strangers.iter().any(refused), crate::account::Contact::is_blocked)
    }

    /// Ends what devices of an account have of us: gossip, dials, prekeys on their way.
    pub(super) fn shun(&mut self, account: &AccountId, step: &mut Step<'_>) {
        let contact = self.contacts.get(account).into_iter().flat_map(|contact| contact.devices.keys().copied());
        let stranger = self.strangers.get(account).into_iter();
        let stranger = stranger.flat_map(|stranger| stranger.device.into_iter().chain(stranger.former.iter().copied()));
        let devices: Vec<DeviceId> = contact.chain(stranger).collect();
        for device in devices {
            if self.is_shunned(&device, step.now.unix_ms) {
                self.guests.leave(&device);
                self.presences.unwatch(std::iter::once(&device));
                self.let_go(device, step);
            }
        }
    }

    /// `contact.block`: a contact, somebody who asks, or any account.
    pub(super) fn block(&mut self, ticket: Ticket, who: &str, step: &mut Step<'_>) -> Result<Reply, ControlError> {
        if let Some(mut contact) = self.contacts.find(who).cloned() {
            let account = contact.account;
            contact.policy = contact.policy.with(Policy::BLOCKED, true);
            self.change_for(ticket, contact, step)?;
            self.end_calls_with(account, step);
            self.shun(&account, step);
            return Ok(Reply::Done(DoneReply { call: None }));
        }
        let account = self.find_stranger(who)?;
        self.block_stranger(ticket, account, step)?;
        self.shun(&account, step);
        Ok(Reply::Done(DoneReply { call: None }))
    }

    /// No call with a blocked contact goes on. Who is in one is told before it is shunned.
    pub(super) fn end_calls_with(&mut self, account: AccountId, step: &mut Step<'_>) {
        let mut effects = Vec::new();
        self.calls.shun(account, step.now, step.rng, &mut effects);
        for effect in effects {
            self.carry_out(effect, step);
        }
        self.session(step, |session, cx| session.flush(cx));
    }

    /// Blocks an account that is no contact, or will be none in a moment.
    pub(super) fn block_stranger(
        &mut self,
        ticket: Ticket,
        account: AccountId,
        step: &mut Step<'_>,
    ) -> Result<(), ControlError> {
        let before = self.strangers.get(&account).cloned();
        let asked = before.as_ref().is_some_and(|stranger| stranger.request.is_some());
        self.undo.stranger(ticket, account, before.clone());
        let stranger = before.unwrap_or_else(|| Stranger::new(account));
        if !self.put_stranger(Stranger { blocked: true, request: None, ..stranger }, step) {
            let message = "there is no room for another blocked account";
            return Err(ControlError::new(ErrorKind::LimitReached, message, "unblock one that no longer matters"));
        }
        if asked {
            self.request_closed(account, RequestEnd::Blocked, step);
        }
        Ok(())
    }

    /// `contact.unblock`.
    pub(super) fn unblock(&mut self, ticket: Ticket, who: &str, step: &mut Step<'_>) -> Result<Reply, ControlError> {
        if let Some(mut contact) = self.contacts.find(who).cloned() {
            contact.policy = contact.policy.with(Policy::BLOCKED, false);
            self.change_for(ticket, contact, step)?;
            return Ok(Reply::Done(DoneReply { call: None }));
        }
        let account = self.find_stranger(who)?;
        let before = self.strangers.get(&account).cloned().filter(|stranger| stranger.blocked);
        let Some(stranger) = before else {
            let hint = "`ahoy contact attempts` shows who is blocked";
            return Err(ControlError::new(ErrorKind::NoSuchContact, "this account is not blocked", hint));
        };
        self.undo.stranger(ticket, account, Some(stranger.clone()));
        self.put_stranger(Stranger { blocked: false, refused_ms: None, ..stranger }, step);
        Ok(Reply::Done(DoneReply { call: None }))
    }

    /// An account that is no contact: by its id, or by the name of one that asks.
    fn find_stranger(&self, who: &str) -> Result<AccountId, ControlError> {
        if let Ok(account) = AccountId::parse(who) {
            if account != self.own.account() {
                return Ok(account);
            }
            let hint = "say another one";
            return Err(ControlError::new(ErrorKind::BadParams, "this is our own account", hint));
        }
        let asks: Vec<_> = self.request_infos().into_iter().filter(|info| info.name == who).collect();
        match asks.as_slice() {
            [one] => AccountId::parse(&one.account).map_err(|_| nobody()),
            [] | [_, _, ..] => Err(nobody()),
        }
    }

    /// A card was taken, by hand: what was asked, refused or blocked is over. What was turned away before was so.
    pub(super) fn forget_stranger(&mut self, ticket: Ticket, account: &AccountId, step: &mut Step<'_>) {
        if let Some(stranger) = self.strangers.get(account).cloned() {
            let Stranger { attempts, device, .. } = stranger.clone();
            self.undo.stranger(ticket, *account, Some(stranger));
            self.put_stranger(Stranger { attempts, device, ..Stranger::new(*account) }, step);
        }
    }

    /// A contact is none any more: what it goes on trying with the devices it had is listed.
    pub(super) fn remember_former(&mut self, ticket: Option<Ticket>, account: AccountId, step: &mut Step<'_>) {
        let before = self.strangers.get(&account).cloned();
        let stranger = before.clone().unwrap_or_else(|| Stranger::new(account));
        // Those that have shown themselves to be its devices: anybody may claim one in a card.
        let shown = |device: &DeviceId| {
            let facts = self.contacts.get(&account).and_then(|contact| contact.devices.get(device));
            facts.is_some_and(|facts| facts.record.is_some())
        };
        let former = self.devices_of(&account).into_iter().filter(shown).take(DEVICES_MAX).collect();
        if let Some(ticket) = ticket {
            self.undo.stranger(ticket, account, before);
        }
        self.put_stranger(Stranger { former, ..stranger }, step);
    }

    /// This device is one of another account from now on: who asked, was refused or blocked concerned the one before.
    pub(super) fn forget_strangers(&mut self, step: &mut Step<'_>) {
        let all: Vec<AccountId> = self.strangers.iter().map(|stranger| stranger.account).collect();
        for account in all {
            self.strangers.remove(&account);
            step.store(StoreCommand::Delete { table: Table::Strangers, key: account.0.to_vec() });
        }
    }

    /// Keeps what is known of a stranger, here and in the store. False if there is no room.
    pub(super) fn put_stranger(&mut self, stranger: Stranger, step: &mut Step<'_>) -> bool {
        let (account, row) = (stranger.account, stranger.row());
        let forget = |account: AccountId| StoreCommand::Delete { table: Table::Strangers, key: account.0.to_vec() };
        let nothing = stranger.is_nothing();
        match self.strangers.put(stranger) {
            Ok(gone) => {
                if let Some(gone) = gone {
                    step.store(forget(gone));
                }
                let put = StoreCommand::Put { table: Table::Strangers, key: account.0.to_vec(), value: row };
                step.store(if nothing { forget(account) } else { put });
                true
            }
            Err(NoRoom) => false,
        }
    }
}

fn nobody() -> ControlError {
    let hint = "say the account id, as `ahoy contact attempts` and `ahoy contact requests` show it";
    ControlError::new(ErrorKind::NoSuchContact, "there is no such contact, and nobody of this name asks", hint)
}
