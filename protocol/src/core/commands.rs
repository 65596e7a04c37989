//! What frontends ask: account, contacts, calls.

use super::Core;
use super::input::Command;
use super::step::Step;
use crate::account::{self, Contact, DeviceFacts, Policy};
use crate::call::signal::CallInput;
use crate::control::{
    AccountCommand, AccountInfo, CallCommand, CallsReply, CardReply, ContactCommand, ContactReply, ContactsReply,
    ControlError, DoneReply, ErrorKind, OfferParams, Reply, SubscribedReply,
};
use crate::ids::{AccountId, DeviceId, Ticket};
use crate::limits::{ADDRESSES_MAX, CONTACTS_MAX};
use crate::wire::card::Card;

impl Core {
    pub(super) fn command(&mut self, ticket: Ticket, command: Command, step: &mut Step<'_>) {
        let reply = match command {
            Command::Account(command) => self.account_command(command),
            Command::Contact(ContactCommand::List) => {
                Ok(Reply::Contacts(ContactsReply { contacts: self.contact_infos() }))
            }
            Command::Contact(ContactCommand::Add { card, name }) => self.add_contact(ticket, &card, name, step),
            Command::Contact(ContactCommand::Remove { contact }) => self.remove_contact(ticket, &contact, step),
            Command::Snapshot => {
                let snapshot = Some(Box::new(self.snapshot(step.now)));
                Ok(Reply::Subscribed(SubscribedReply { seq: 0, snapshot }))
            }
            Command::Call(CallCommand::List) => Ok(Reply::Calls(CallsReply { calls: self.call_infos(step.now) })),
            Command::Call(command) => {
                step.calls.push_back(CallInput::Command { ticket, command });
                return;
            }
            Command::Offer(params) => match self.callees(params) {
                Ok(command) => {
                    step.calls.push_back(CallInput::Command { ticket, command });
                    return;
                }
                Err(error) => Err(error),
            },
        };
        step.reply(ticket, reply);
    }

    fn account_command(&self, command: AccountCommand) -> Result<Reply, ControlError> {
        match command {
            AccountCommand::Show => Ok(Reply::Account(Box::new(AccountInfo {
                account: self.own.account().text(),
                device: self.own.device().text(),
                name: self.own.name().to_owned(),
                card: self.card(true)?,
                listen: Vec::new(),
            }))),
            AccountCommand::Card { addresses } => Ok(Reply::Card(CardReply { card: self.card(addresses)? })),
        }
    }

    /// Our contact card, with the addresses we listen on if they are wanted.
    fn card(&self, addresses: bool) -> Result<String, ControlError> {
        let addresses =
            if addresses { self.addresses.iter().take(ADDRESSES_MAX).cloned().collect() } else { Vec::new() };
        let card = Card {
            account: self.own.account(),
            name: self.own.name().to_owned(),
            token: self.own.card_token().clone(),
            devices: self.own.device_set().devices().to_vec(),
            addresses,
            keepers: Vec::new(),
        };
        card.to_text().map_err(|_| {
            ControlError::new(
                ErrorKind::Internal,
                "the card does not fit its limits",
                "report this with the daemon's log",
            )
        })
    }

    fn add_contact(
        &mut self,
        ticket: Ticket,
        text: &str,
        name: Option<String>,
        step: &mut Step<'_>,
    ) -> Result<Reply, ControlError> {
        let card = Card::parse(text.trim()).map_err(|check| {
            let message = format!("this is no contact card ({check})");
            ControlError::new(ErrorKind::BadCard, message, "copy the whole text that `ahoy card` prints, from ahoy: on")
        })?;
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
        let contact = self.merged(card, name);
        let (account, devices): (AccountId, Vec<DeviceId>) =
            (contact.account, contact.devices.keys().copied().collect());
        self.undo.remember(ticket, account, self.contacts.get(&account).cloned());
        self.put_contact(contact, step);
        for device in devices {
            self.welcome(device, step);
        }
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
    fn merged(&self, card: Card, name: String) -> Contact {
        let known = self.contacts.get(&card.account).cloned();
        let mut contact = known.unwrap_or_else(|| Contact {
            account: card.account,
            name: String::new(),
            card_token: card.token.clone(),
            contact_token: None,
            device_set: None,
            policy: Policy::default(),
            devices: std::collections::BTreeMap::new(),
        });
        contact.name = name;
        contact.card_token = card.token;
        for device in card.devices {
            // A known set says which devices count; a card can't bring back a revoked one.
            if contact.device_set.as_ref().is_some_and(|set| !set.devices().contains(&device)) {
                continue;
            }
            let facts = contact.devices.entry(device).or_insert_with(DeviceFacts::default);
            if !card.addresses.is_empty() {
                facts.addresses.clone_from(&card.addresses);
            }
        }
        contact
    }

    fn remove_contact(&mut self, ticket: Ticket, contact: &str, step: &mut Step<'_>) -> Result<Reply, ControlError> {
        let contact = self.find_contact(contact)?.clone();
        let account = contact.account;
        self.undo.remember(ticket, account, Some(contact));
        self.drop_contact(&account, step);
        self.contact_changed(&account, step);
        Ok(Reply::Done(DoneReply { call: None }))
    }

    fn find_contact(&self, contact: &str) -> Result<&Contact, ControlError> {
        self.contacts.find(contact).ok_or_else(|| {
            let mut error = ControlError::new(
                ErrorKind::NoSuchContact,
                "there is no such contact",
                "`ahoy contact list` shows all; `ahoy contact add CARD` adds one",
            );
            error.candidates = self.contacts.iter().map(|contact| contact.name.clone()).take(16).collect();
            error
        })
    }

    /// `call.offer` with its contacts found.
    fn callees(&self, params: OfferParams) -> Result<CallCommand, ControlError> {
        if params.media.is_some_and(|media| media != ["audio"]) {
            let hint = "leave `media` out, or say [\"audio\"]";
            return Err(ControlError::new(ErrorKind::BadParams, "only audio calls can be made", hint));
        }
        let mut to = Vec::new();
        for name in &params.to {
            let contact = self.find_contact(name)?;
            to.push((contact.account, contact.devices.keys().copied().collect()));
        }
        Ok(CallCommand::Offer { to, context: params.context.map(String::into_bytes) })
    }
}
