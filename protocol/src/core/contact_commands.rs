//! What frontends ask about contacts: add, remove, name, verify, and what each may do.

use ahoy_crypto::sas::safety_number;

use super::Core;
use super::step::Step;
use crate::account::{self, Contact, DeviceFacts, Policy};
use crate::control::{
    ContactCommand, ContactReply, ContactsReply, ControlError, DoneReply, ErrorKind, PolicyParams, RenameContactParams,
    Reply, SafetyReply, VerifyContactParams,
};
use crate::ids::{AccountId, DeviceId, Ticket};
use crate::limits::{CONTACTS_MAX, DEVICES_MAX, FAVOURITES_MAX};
use crate::wire::card::Card;

impl Core {
    pub(super) fn contact_command(
        &mut self,
        ticket: Ticket,
        command: ContactCommand,
        step: &mut Step<'_>,
    ) -> Result<Reply, ControlError> {
        match command {
            ContactCommand::List => Ok(Reply::Contacts(ContactsReply { contacts: self.contact_infos() })),
            ContactCommand::Add { card, name } => self.add_contact(ticket, &read_card(&card)?, name, step),
            ContactCommand::Remove { contact } => self.remove_contact(ticket, &contact, step),
            ContactCommand::Rename(params) => self.rename(ticket, params, step),
            ContactCommand::Policy(params) => self.set_contact_policy(ticket, &params, step),
            ContactCommand::Verify(params) => self.verify_contact(ticket, &params, step),
            ContactCommand::Request(params) => self.request_contact(ticket, params, step),
            ContactCommand::Requests => Ok(self.open_requests()),
            ContactCommand::Accept(params) => self.accept_request(ticket, params, step),
            ContactCommand::Refuse { account } => self.refuse_request(ticket, &account, step),
            ContactCommand::Block { contact } => self.block(ticket, &contact, step),
            ContactCommand::Unblock { contact } => self.unblock(ticket, &contact, step),
            ContactCommand::Attempts => Ok(self.attempts_reply()),
            ContactCommand::AskPresence { contact } => self.ask_presence_of(&contact, step),
        }
    }

    /// Takes a card: whoever stands in it is a contact from now on, blocked no longer, and gets to know us.
    pub(super) fn add_contact(
        &mut self,
        ticket: Ticket,
        card: &Card,
        name: Option<String>,
        step: &mut Step<'_>,
    ) -> Result<Reply, ControlError> {
        if card.account == self.own.account() {
            return Err(ControlError::new(
                ErrorKind::OwnCard,
                "this is your own card",
                "ask the other side for theirs",
            ));
        }
        let name = name.unwrap_or_else(|| account::name::visible(&card.name));
        self.check_name(&name, &card.account)?;
        if self.contacts.len() >= CONTACTS_MAX && self.contacts.get(&card.account).is_none() {
            return Err(ControlError::new(
                ErrorKind::LimitReached,
                format!("there are {CONTACTS_MAX} contacts"),
                "remove one first: `ahoy contact remove NAME`",
            ));
        }
        self.forget_stranger(ticket, &card.account, step);
        let contact = self.merged(card, name);
        self.change_for(ticket, contact, step)
    }

    /// Takes a contact as a frontend wants it to be, and answers with what came of it.
    pub(super) fn change_for(
        &mut self,
        ticket: Ticket,
        contact: Contact,
        step: &mut Step<'_>,
    ) -> Result<Reply, ControlError> {
        let account = contact.account;
        let devices: Vec<DeviceId> = contact.devices.keys().copied().collect();
        self.undo.contact(ticket, account, self.contacts.get(&account).cloned());
        self.put_contact(contact, step);
        for device in devices {
            self.welcome(device, step);
        }
        self.changed_here(account, step);
        self.contact_changed(&account, step);
        let contact = self.contacts.get(&account).map(|contact| self.contact_info(contact));
        match contact {
            Some(contact) => Ok(Reply::Contact(ContactReply { contact })),
            None => Err(ControlError::new(ErrorKind::Internal, "the contact was not kept", "report this")),
        }
    }

    fn check_name(&self, name: &str, account: &AccountId) -> Result<(), ControlError> {
        if let Some(problem) = account::name::problem(name) {
            return Err(ControlError::new(ErrorKind::BadParams, problem, "choose another one with --name"));
        }
        match self.contacts.find(name) {
            Some(other) if other.account != *account => Err(ControlError::new(
                ErrorKind::NameTaken,
                "another contact has this name",
                "choose another one with --name",
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// What a card says, beside what we know of that account already.
    pub(super) fn merged(&self, card: &Card, name: String) -> Contact {
        let known = self.contacts.get(&card.account).cloned();
        let mut contact = known.unwrap_or_else(|| Contact {
            account: card.account,
            name: String::new(),
            card_token: card.token.clone(),
            contact_token: None,
            device_set: None,
            policy: Policy::default(),
            devices: std::collections::BTreeMap::new(),
            requested: None,
            favourite: false,
        });
        contact.name = name;
        contact.card_token = card.token.clone();
        contact.policy = contact.policy.with(Policy::BLOCKED, false);
        for device in &card.devices {
            // A known set says which devices count; a card can't bring back a revoked one.
            if contact.device_set.as_ref().is_some_and(|set| !set.devices().contains(device)) {
                continue;
            }
            // While no set is known, card after card could bring devices without end.
            if contact.devices.len() >= DEVICES_MAX && !contact.devices.contains_key(device) {
                continue;
            }
            let facts = contact.devices.entry(*device).or_insert_with(DeviceFacts::default);
            if !card.addresses.is_empty() {
                facts.addresses.clone_from(&card.addresses);
            }
        }
        contact
    }

    fn remove_contact(&mut self, ticket: Ticket, contact: &str, step: &mut Step<'_>) -> Result<Reply, ControlError> {
        let contact = self.find_contact(contact)?.clone();
        let account = contact.account;
        if contact.is_blocked() {
            // Whoever was blocked stays so.
            self.block_stranger(ticket, account, step)?;
        }
        self.undo.contact(ticket, account, Some(contact));
        self.remember_former(Some(ticket), account, step);
        self.drop_contact(&account, step);
        self.changed_here(account, step);
        self.contact_changed(&account, step);
        Ok(Reply::Done(DoneReply { call: None }))
    }

    fn rename(
        &mut self,
        ticket: Ticket,
        params: RenameContactParams,
        step: &mut Step<'_>,
    ) -> Result<Reply, ControlError> {
        let mut contact = self.find_contact(&params.contact)?.clone();
        self.check_name(&params.name, &contact.account)?;
        contact.name = params.name;
        self.change_for(ticket, contact, step)
    }

    fn set_contact_policy(
        &mut self,
        ticket: Ticket,
        params: &PolicyParams,
        step: &mut Step<'_>,
    ) -> Result<Reply, ControlError> {
        let mut contact = self.find_contact(&params.contact)?.clone();
        let bits = [
            (Policy::NO_EARLY_CONNECTION, params.early_connection.map(|on| !on)),
            (Policy::LOCAL_CANDIDATES, params.private_addresses),
            (Policy::RELAY_ONLY, params.relay_only),
            (Policy::DO_NOT_DISTURB, params.do_not_disturb),
            (Policy::AUTO_ANSWER, params.auto_answer),
            (Policy::NO_PRESENCE, params.presence.map(|on| !on)),
        ];
        for (bit, set) in bits {
            if let Some(set) = set {
                contact.policy = contact.policy.with(bit, set);
            }
        }
        if let Some(favourite) = params.favourite {
            let others = self.contacts.iter().filter(|other| other.favourite && other.account != contact.account);
            if favourite && others.count() >= FAVOURITES_MAX {
                let message = format!("there are {FAVOURITES_MAX} favourites");
                let hint = "make another one none first: `ahoy contact policy NAME --favourite off`";
                return Err(ControlError::new(ErrorKind::LimitReached, message, hint));
            }
            contact.favourite = favourite;
        }
        if params.presence == Some(false) {
            self.presences.unwatch(contact.devices.keys());
        }
        self.change_for(ticket, contact, step)
    }

    fn verify_contact(
        &mut self,
        ticket: Ticket,
        params: &VerifyContactParams,
        step: &mut Step<'_>,
    ) -> Result<Reply, ControlError> {
        let mut contact = self.find_contact(&params.contact)?.clone();
        let (account, name) = (contact.account, contact.name.clone());
        let verified = params.verified.unwrap_or(contact.policy.has(Policy::VERIFIED));
        if verified != contact.policy.has(Policy::VERIFIED) {
            contact.policy = contact.policy.with(Policy::VERIFIED, verified);
            self.change_for(ticket, contact, step)?;
        }
        let number = safety_number(self.own.account(), account);
        Ok(Reply::Safety(SafetyReply { account: account.text(), name, number, verified }))
    }
}

/// A card that somebody typed in or pasted.
pub(super) fn read_card(text: &str) -> Result<Card, ControlError> {
    Card::parse(text.trim()).map_err(|check| {
        let message = format!("this is no contact card ({check})");
        ControlError::new(ErrorKind::BadCard, message, "copy the whole text that `ahoy card` prints, from ahoy: on")
    })
}
