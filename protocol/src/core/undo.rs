//! Taking back what a frontend changed, when it could not be written down: whoever was told no finds all as it was.

use std::collections::VecDeque;

use ahoy_crypto::Secret;

use super::Core;
use super::effect::{StoreCommand, Table};
use super::step::Step;
use crate::account::{Contact, Stranger};
use crate::ids::{AccountId, DeviceId, Ticket};
use crate::limits::UNDO_MAX;

/// What was there before.
#[derive(Clone, Debug)]
enum Before {
    Contact(AccountId, Option<Box<Contact>>),
    Stranger(AccountId, Option<Box<Stranger>>),
    /// Of the card's inbox, then of the contacts'.
    Tokens([Secret; 2]),
}

/// The newest changes, with what was there before.
#[derive(Clone, Debug, Default)]
pub(super) struct Undo {
    changes: VecDeque<(Ticket, Before)>,
}

impl Undo {
    /// A question changes a contact; `before` is what was known of it.
    pub(super) fn contact(&mut self, ticket: Ticket, account: AccountId, before: Option<Contact>) {
        self.remember(ticket, Before::Contact(account, before.map(Box::new)));
    }

    /// A question changes what is kept of a stranger.
    pub(super) fn stranger(&mut self, ticket: Ticket, account: AccountId, before: Option<Stranger>) {
        self.remember(ticket, Before::Stranger(account, before.map(Box::new)));
    }

    /// A question changes the tokens of our inboxes.
    pub(super) fn tokens(&mut self, ticket: Ticket, before: [Secret; 2]) {
        self.remember(ticket, Before::Tokens(before));
    }

    fn remember(&mut self, ticket: Ticket, before: Before) {
        if self.changes.len() >= UNDO_MAX {
            self.changes.pop_front();
        }
        self.changes.push_back((ticket, before));
    }

    /// Everything that a question changed, the last change first.
    fn take(&mut self, ticket: Ticket) -> Vec<Before> {
        let (of_it, others): (VecDeque<_>, VecDeque<_>) = self.changes.drain(..).partition(|(of, _)| *of == ticket);
        self.changes = others;
        of_it.into_iter().rev().map(|(_, before)| before).collect()
    }
}

impl Core {
    /// Makes undone what a question changed.
    pub(super) fn take_back(&mut self, ticket: Ticket, step: &mut Step<'_>) {
        for before in self.undo.take(ticket) {
            match before {
                Before::Contact(account, contact) => self.contact_as_before(account, contact.map(|it| *it), step),
                Before::Stranger(account, None) => {
                    self.strangers.remove(&account);
                    step.store(StoreCommand::Delete { table: Table::Strangers, key: account.0.to_vec() });
                }
                Before::Stranger(_, Some(stranger)) => {
                    self.put_stranger(*stranger, step);
                }
                Before::Tokens(tokens) => self.take_tokens(tokens, step),
            }
        }
    }

    fn contact_as_before(&mut self, account: AccountId, before: Option<Contact>, step: &mut Step<'_>) {
        match before {
            None => self.drop_contact(&account, step),
            Some(contact) => {
                let added = self.devices_of(&account);
                let devices: Vec<DeviceId> = contact.devices.keys().copied().collect();
                self.put_contact(contact, step);
                self.let_go_of_strangers(added, step);
                for device in devices {
                    self.welcome(device, step);
                }
            }
        }
        self.contact_changed(&account, step);
    }

    /// Forgets a contact, here and in the store.
    pub(super) fn drop_contact(&mut self, account: &AccountId, step: &mut Step<'_>) {
        let devices = self.devices_of(account);
        self.contacts.remove(account);
        self.calls.forget_policy(*account);
        self.let_go_of_strangers(devices, step);
        self.drop_notes_to(account, step);
        self.drop_unwanted_messages(step);
        step.store(StoreCommand::Delete { table: Table::Contacts, key: account.0.to_vec() });
    }

    /// Devices of an account, as far as known; of our own, the other ones.
    pub(super) fn devices_of(&self, account: &AccountId) -> Vec<DeviceId> {
        self.contacts.get(account).map(|contact| contact.devices.keys().copied().collect()).unwrap_or_default()
    }

    /// Lets go of those of these devices that are nobody's any more.
    fn let_go_of_strangers(&mut self, devices: Vec<DeviceId>, step: &mut Step<'_>) {
        for device in devices {
            if self.contacts.of_device(&device).is_none() {
                self.let_go(device, step);
            }
        }
    }
}
