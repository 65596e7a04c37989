//! A new token for one of our inboxes: whoever knows only the old one is locked out.
//!
//! Contacts that are connected learn a new contact token at once, the others with the next presence: they know our card
//! token and have us as a contact, so they meet us without it. A new card token makes every card given out so far worthless.

use super::Core;
use super::effect::{StoreCommand, Table};
use super::step::Step;
use crate::control::{CardReply, ControlError, ErrorKind, Reply, TokenName};
use crate::ids::Ticket;

impl Core {
    /// `account.rotate`. Answers with the card as it is now.
    pub(super) fn rotate(
        &mut self,
        ticket: Ticket,
        token: TokenName,
        step: &mut Step<'_>,
    ) -> Result<Reply, ControlError> {
        if self.own.device_set().devices().len() > 1 {
            let hint = "revoke them first (`ahoy device revoke`), rotate, and link them again";
            let message = "the account's other devices would not learn the new token, and ring no more";
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
        // Whoever proved an old token has proved nothing any more.
        for guest in self.guests.all() {
            self.guests.leave(&guest);
            step.gossip(guest, false);
        }
        Ok(Reply::Card(CardReply { card: self.card(true)? }))
    }

    /// Our inboxes are these from now on, the card's first.
    pub(super) fn take_tokens(&mut self, tokens: [ahoy_crypto::Secret; 2], step: &mut Step<'_>) {
        self.own.set_tokens(tokens);
        step.store(StoreCommand::Put { table: Table::Account, key: Vec::new(), value: self.own.row() });
        self.inboxes.replace(self.own.inboxes());
        self.daily(step);
        for device in self.peers.devices() {
            self.acquaint(device, step);
        }
    }
}
