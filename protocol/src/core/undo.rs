//! Taking back what a frontend changed, when it could not be written down: whoever was told no finds all as it was.

use std::collections::VecDeque;

use super::Core;
use super::effect::{StoreCommand, Table};
use super::step::Step;
use crate::account::Contact;
use crate::ids::{AccountId, DeviceId, Ticket};
use crate::limits::UNDO_MAX;

/// The newest changes of contacts, with what was there before.
#[derive(Clone, Debug, Default)]
pub(super) struct Undo {
    changes: VecDeque<(Ticket, AccountId, Option<Contact>)>,
}

impl Undo {
    /// A question changes a contact; `before` is what was known of it.
    pub(super) fn remember(&mut self, ticket: Ticket, account: AccountId, before: Option<Contact>) {
        if self.changes.len() >= UNDO_MAX {
            self.changes.pop_front();
        }
        self.changes.push_back((ticket, account, before));
    }

    fn take(&mut self, ticket: Ticket) -> Option<(AccountId, Option<Contact>)> {
        let at = self.changes.iter().position(|(of, ..)| *of == ticket)?;
        self.changes.remove(at).map(|(_, account, before)| (account, before))
    }
}

impl Core {
    /// Makes undone what a question changed.
    pub(super) fn take_back(&mut self, ticket: Ticket, step: &mut Step<'_>) {
        let Some((account, before)) = self.undo.take(ticket) else { return };
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
        step.store(StoreCommand::Delete { table: Table::Contacts, key: account.0.to_vec() });
    }

    fn devices_of(&self, account: &AccountId) -> Vec<DeviceId> {
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
