//! What frontends ask: account and calls; contacts stand in a file of their own.

use super::Core;
use super::input::Command;
use super::step::Step;
use crate::account::Contact;
use crate::call::signal::CallInput;
use crate::control::{
    AccountCommand, AccountInfo, CallCommand, CallsReply, CardReply, ControlError, ErrorKind, OfferParams, Reply,
    SubscribedReply, Unproven,
};
use crate::ids::Ticket;
use crate::limits::ADDRESSES_MAX;
use crate::wire::card::Card;

impl Core {
    pub(super) fn command(&mut self, ticket: Ticket, command: Command, step: &mut Step<'_>) {
        let reply = match command {
            Command::Account(command) => self.account_command(ticket, command, step),
            Command::Contact(command) => self.contact_command(ticket, command, step),
            Command::Voicemail(command) => match self.voicemail_command(ticket, command, step) {
                Some(reply) => reply,
                None => return,
            },
            Command::Device(command) => self.device_command(command, step),
            Command::Snapshot => {
                let snapshot = Some(Box::new(self.snapshot(step.now)));
                Ok(Reply::Subscribed(SubscribedReply { seq: 0, snapshot }))
            }
            Command::Configure { key, setting } => self.configure(key, setting, step),
            Command::Call(CallCommand::List) => Ok(Reply::Calls(CallsReply { calls: self.call_infos(step.now) })),
            Command::Call(command) => {
                step.calls.push_back(CallInput::Command { ticket, command });
                return;
            }
            Command::HandOff { call, device } => match self.hand_off(call, device.as_deref(), step) {
                Ok(command) => {
                    step.calls.push_back(CallInput::Command { ticket, command });
                    return;
                }
                Err(error) => Err(error),
            },
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

    fn account_command(
        &mut self,
        ticket: Ticket,
        command: AccountCommand,
        step: &mut Step<'_>,
    ) -> Result<Reply, ControlError> {
        match command {
            AccountCommand::Show => Ok(Reply::Account(Box::new(AccountInfo {
                account: self.own.account().text(),
                device: self.own.device().text(),
                name: self.own.name().to_owned(),
                card: self.card(true)?,
                listen: Vec::new(),
            }))),
            AccountCommand::Card { addresses } => Ok(Reply::Card(CardReply { card: self.card(addresses)? })),
            AccountCommand::Rotate { token } => self.rotate(ticket, token, step),
            AccountCommand::Presence { state } => self.set_presence(state, step),
        }
    }

    /// Our contact card, with the addresses we listen on if they are wanted.
    pub(super) fn card(&self, addresses: bool) -> Result<String, ControlError> {
        self.own_card(addresses).to_text().map_err(|_| does_not_fit())
    }

    pub(super) fn own_card(&self, addresses: bool) -> Card {
        let addresses =
            if addresses { self.addresses.iter().take(ADDRESSES_MAX).cloned().collect() } else { Vec::new() };
        Card {
            account: self.own.account(),
            name: self.own.name().to_owned(),
            token: self.own.card_token().clone(),
            devices: self.own.device_set().devices().to_vec(),
            addresses,
            keepers: Vec::new(),
        }
    }

    pub(super) fn find_contact(&self, contact: &str) -> Result<&Contact, ControlError> {
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
        if self.own.is_revoked() {
            let hint = "link it again: `ahoy device link --forget`";
            return Err(ControlError::new(ErrorKind::WrongState, "this device was revoked from its account", hint));
        }
        let (mut to, mut unproven) = (Vec::new(), None);
        for name in &params.to {
            if crate::ids::AccountId::parse(name) == Ok(self.own.account()) {
                let hint = "name another contact; `ahoy handoff` moves a call to a device of yours";
                return Err(ControlError::new(ErrorKind::BadParams, "this is our own account", hint));
            }
            let contact = self.find_contact(name)?;
            if contact.is_blocked() {
                let hint = "unblock it first: `ahoy contact unblock NAME`";
                return Err(ControlError::new(ErrorKind::WrongState, "this contact is blocked", hint));
            }
            unproven = unproven.or(is_unproven(contact));
            to.push((contact.account, contact.devices.keys().copied().collect()));
        }
        Ok(CallCommand::Offer { to, context: params.context.map(String::into_bytes), unproven })
    }
}

/// Whoever told us its contact token has us as a contact.
fn is_unproven(contact: &Contact) -> Option<Unproven> {
    match (&contact.contact_token, &contact.requested) {
        (Some(_), _) => None,
        (None, Some(_)) => Some(Unproven::Requested),
        (None, None) => Some(Unproven::Added),
    }
}

fn does_not_fit() -> ControlError {
    ControlError::new(ErrorKind::Internal, "the card does not fit its limits", "report this with the daemon's log")
}
