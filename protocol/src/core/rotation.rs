//! A new token for one of our inboxes: whoever knows only the old one is locked out.
//!
//! Contacts that are connected learn a new contact token at once, the others with the next presence: they know our card
//! token and have us as a contact, so they meet us without it. A new card token makes every card given out so far worthless.
//! The account's other devices are told as they are of changed contacts (kind 10, of the account itself).

use super::Core;
use super::effect::{StoreCommand, Table};
use super::step::Step;
use crate::control::{CardReply, ControlError, ErrorKind, Reply, TokenName};
use crate::ids::Ticket;
use crate::limits::FORMER_INBOX_S;

impl Core {
    /// `account.rotate`. Answers with the card as it is now.
    pub(super) fn rotate(
        &mut self,
        ticket: Ticket,
        token: TokenName,
        step: &mut Step<'_>,
    ) -> Result<Reply, ControlError> {
        if self.own.is_revoked() {
            let hint = "link it again: `ahoy device link --forget`";
            return Err(ControlError::new(ErrorKind::WrongState, "this device was revoked from its account", hint));
        }
        if !self.all_know_tokens() {
            let message = "another device of the account has not learned the last new token yet";
            let hint = "wait until it is back (`ahoy device list`), or revoke it: `ahoy device revoke DEVICE`";
            return Err(ControlError::new(ErrorKind::WrongState, message, hint));
        }
        self.undo.tokens(ticket, self.own.tokens());
        let mut tokens = self.own.tokens();
        let fresh = ahoy_crypto::Secret::random(step.rng);
        match token {
            TokenName::Card => tokens[0] = fresh,
            TokenName::Contact => tokens[1] = fresh,
        }
        self.take_tokens(tokens, step);
        self.changed_here(self.own.account(), step);
        // Whoever proved an old token has proved nothing any more.
        for guest in self.guests.all() {
            self.guests.leave(&guest);
            step.gossip(guest, false);
        }
        Ok(Reply::Card(CardReply { card: self.card(true)? }))
    }

    /// A device was revoked: the inbox of contacts is another one from now on, that it doesn't know. Not while another
    /// device is away that lacks the last one, which would be lost: then as soon as it knows that.
    pub(super) fn lock_out(&mut self, step: &mut Step<'_>) {
        let now = self.all_know_tokens();
        self.own.set_lock_out_due(!now);
        if !now {
            self.keep_own(step);
            return;
        }
        let [card, former] = self.own.tokens();
        let fresh = ahoy_crypto::Secret::random(step.rng);
        self.take_tokens([card, fresh], step);
        // Contacts learn of it one after the other; all it is good for to the revoked device is junk.
        let until_s = step.now.unix_s().saturating_add(FORMER_INBOX_S);
        self.inboxes.keep_former(ahoy_crypto::inbox::Inbox::new(&former), until_s);
        self.daily(step);
        self.changed_here(self.own.account(), step);
    }

    /// A lock-out that had to wait is made up for, once all our devices know the tokens.
    pub(super) fn make_up_lock_out(&mut self, step: &mut Step<'_>) {
        if self.own.lock_out_due() && !self.own.is_revoked() && self.all_know_tokens() {
            self.lock_out(step);
        }
    }

    /// Our inboxes are these from now on, the card's first. Our other devices are written to where they still listen: by
    /// the contacts' token if that is the same, else by the card's until they know the new one.
    pub(super) fn take_tokens(&mut self, tokens: [ahoy_crypto::Secret; 2], step: &mut Step<'_>) {
        let stays = self.own.contact_token().expose() == tokens[1].expose();
        self.own.set_tokens(tokens);
        let [card, contact] = self.own.tokens();
        self.change_contact(&self.own.account(), step, |own| {
            own.card_token = card;
            own.contact_token = stays.then_some(contact);
        });
        step.store(StoreCommand::Put { table: Table::Account, key: Vec::new(), value: self.own.row() });
        self.inboxes.replace(self.own.inboxes());
        self.daily(step);
        for device in self.peers.devices() {
            self.acquaint(device, step);
        }
    }

    /// Our devices know the inbox of contacts: they are written to there again.
    pub(super) fn meet_by_contact_token(&mut self, step: &mut Step<'_>) {
        if self.tokens_are_doubted() {
            return;
        }
        let (account, token) = (self.own.account(), self.own.contact_token().clone());
        if self.contacts.get(&account).is_some_and(|own| own.contact_token.is_none()) {
            self.change_contact(&account, step, |own| own.contact_token = Some(token));
        }
    }
}
