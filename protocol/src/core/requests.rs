//! Contact requests: our card to whoever's card we hold, and strangers who send us theirs.
//!
//! A request that we make lives with the contact it makes: it goes again with each connection until the other's presence
//! shows that we were accepted. One that comes in waits, stored, for a person; its sender learns nothing until then.

use super::Core;
use super::contact_commands::read_card;
use super::step::Step;
use crate::account::{self, OpenRequest, Stranger};
use crate::control::{
    AcceptContactParams, ContactRequestInfo, ContactRequestsReply, ControlError, DoneReply, ErrorKind, EventKind,
    Reply, RequestContactParams, RequestEnd,
};
use crate::ids::{AccountId, DeviceId, Ticket};
use crate::inbound::Verified;
use crate::limits::GREETING_MAX_BYTES;
use crate::session::Delivery;
use crate::wire::bodies::{ContactRequest, InboxBody, Receipt};
use crate::wire::card::Card;

/// The kind of a request, as receipts name it.
const REQUEST: u8 = 3;

impl Core {
    /// `contact.request`.
    pub(super) fn request_contact(
        &mut self,
        ticket: Ticket,
        params: RequestContactParams,
        step: &mut Step<'_>,
    ) -> Result<Reply, ControlError> {
        let RequestContactParams { card, name, greeting } = params;
        if greeting.as_deref().is_some_and(|text| !is_greeting(text)) {
            let message = format!("a greeting has 1 to {GREETING_MAX_BYTES} bytes without control characters");
            return Err(ControlError::new(ErrorKind::BadParams, message, "make it shorter, or leave it out"));
        }
        let card = read_card(&card)?;
        let known = self.contacts.get(&card.account).is_some_and(|contact| contact.contact_token.is_some());
        self.add_contact(ticket, &card, name, step)?;
        let Some(mut contact) = self.contacts.get(&card.account).cloned() else {
            return Err(ControlError::new(ErrorKind::Internal, "the contact was not kept", "report this"));
        };
        // Whoever told us its contact token has us as a contact.
        if !known {
            contact.requested = Some(greeting);
        }
        let devices: Vec<DeviceId> = contact.devices.keys().copied().collect();
        let reply = self.change_for(ticket, contact, step);
        for device in devices {
            self.dialing.urgent(device, step.now.mono_ms, 0);
            self.begin_request(device, step);
        }
        reply
    }

    /// A device of somebody we want to be a contact of is connected: its prekey first, since that also lets us speak
    /// gossip with it; then our card.
    pub(super) fn begin_request(&mut self, device: DeviceId, step: &mut Step<'_>) {
        let waits = self.contacts.of_device(&device).is_some_and(|contact| contact.requested.is_some());
        if waits && self.peers.is_connected(&device) {
            self.dialing.connected(&device);
            self.ask_prekey(device, step);
        }
    }

    /// It let us in: our card goes to it, until it is taken or a minute is over.
    pub(super) fn send_request(&mut self, device: DeviceId, step: &mut Step<'_>) {
        let Some(contact) = self.contacts.of_device(&device) else { return };
        let Some(greeting) = contact.requested.clone() else { return };
        // Many long addresses may not fit beside eight devices: they are found by other means then.
        let cards = [true, false].map(|addresses| self.own_card(addresses).to_bytes());
        let Some(card) = cards.into_iter().find_map(Result::ok) else { return };
        let body = InboxBody::Request(ContactRequest { card, greeting });
        self.send_letter(device, body, Delivery { receipt: true, asks_presence: false }, step);
    }

    /// Its presence came: it has us as a contact.
    pub(super) fn request_is_over(&mut self, account: &AccountId, step: &mut Step<'_>) {
        if self.contacts.get(account).is_some_and(|contact| contact.requested.is_some()) {
            self.change_contact(account, step, |contact| contact.requested = None);
        }
    }

    /// Somebody asks to be a contact. None of what follows is told to it.
    pub(super) fn take_request(&mut self, from: &Verified, body: ContactRequest, card: &Card, step: &mut Step<'_>) {
        if self.contacts.get(&from.account).is_some() {
            self.welcome_back(from, card, step);
            return;
        }
        let greeting = body.greeting.filter(|text| is_greeting(text)).map(|text| account::name::visible(&text));
        let greeting = greeting.filter(|text| !text.is_empty());
        let mut stranger = self.strangers.get(&from.account).cloned().unwrap_or_else(|| Stranger::new(from.account));
        let at_ms = step.now.unix_ms;
        // One that came through somebody else is of no known source.
        let source = self.peers.get(&from.device).map_or(0, |peer| peer.source.0);
        stranger.request = Some(OpenRequest { card: body.card, greeting, envelope: from.hash, at_ms, source });
        stranger.device = Some(from.device);
        stranger.refused_ms = None;
        let displaced = self.strangers.displaced_by(&from.account, source);
        if !self.put_stranger(stranger, step) {
            return;
        }
        if let Some(other) = displaced.and_then(|other| self.strangers.get(&other).cloned()) {
            let account = other.account;
            self.put_stranger(Stranger { request: None, ..other }, step);
            self.request_closed(account, RequestEnd::Displaced, step);
        }
        if let Some(info) = self.request_info(&from.account) {
            let ContactRequestInfo { account, name, greeting, .. } = info;
            step.event(EventKind::ContactRequest { account, name, greeting });
        }
    }

    /// A contact of ours asks: it was accepted before. Its card may be newer than ours of it.
    fn welcome_back(&mut self, from: &Verified, card: &Card, step: &mut Step<'_>) {
        let Some(name) = self.contacts.get(&from.account).map(|contact| contact.name.clone()) else { return };
        let contact = self.merged(card, name);
        self.put_contact(contact, step);
        self.acknowledge_request(from.device, from.hash, step);
        for device in &card.devices {
            self.welcome(*device, step);
        }
        self.contact_changed(&from.account, step);
    }

    fn acknowledge_request(&mut self, device: DeviceId, envelope: [u8; 32], step: &mut Step<'_>) {
        let receipt = InboxBody::Receipt(Receipt { kind: REQUEST, id: envelope.to_vec() });
        self.send_letter(device, receipt, Delivery { receipt: false, asks_presence: false }, step);
    }

    /// `contact.accept`.
    pub(super) fn accept_request(
        &mut self,
        ticket: Ticket,
        params: AcceptContactParams,
        step: &mut Step<'_>,
    ) -> Result<Reply, ControlError> {
        let account = self.find_request(&params.account)?;
        let Some(stranger) = self.strangers.get(&account).cloned() else { return Err(no_request()) };
        let Some(request) = stranger.request else { return Err(no_request()) };
        let card = Card::from_bytes(&request.card).map_err(|_| {
            ControlError::new(ErrorKind::Internal, "the stored card is damaged", "ask for a new request")
        })?;
        let reply = self.add_contact(ticket, &card, params.name, step)?;
        if let Some(device) = stranger.device {
            self.acknowledge_request(device, request.envelope, step);
        }
        self.request_closed(account, RequestEnd::Accepted, step);
        Ok(reply)
    }

    /// `contact.refuse`.
    pub(super) fn refuse_request(
        &mut self,
        ticket: Ticket,
        account: &str,
        step: &mut Step<'_>,
    ) -> Result<Reply, ControlError> {
        let account = self.find_request(account)?;
        let Some(mut stranger) = self.strangers.get(&account).cloned() else { return Err(no_request()) };
        self.undo.stranger(ticket, account, Some(stranger.clone()));
        stranger.request = None;
        stranger.refused_ms = Some(step.now.unix_ms);
        self.put_stranger(stranger, step);
        self.shun(&account, step);
        self.request_closed(account, RequestEnd::Refused, step);
        Ok(Reply::Done(DoneReply { call: None }))
    }

    /// Every frontend learns that nobody is to be asked any more.
    pub(super) fn request_closed(&mut self, account: AccountId, outcome: RequestEnd, step: &mut Step<'_>) {
        let client = step.client.clone();
        step.event(EventKind::RequestClosed { account: account.text(), outcome, client });
    }

    /// `contact.requests`.
    pub(super) fn open_requests(&self) -> Reply {
        Reply::ContactRequests(ContactRequestsReply { requests: self.request_infos() })
    }

    pub(super) fn request_infos(&self) -> Vec<ContactRequestInfo> {
        self.strangers.requests().filter_map(|(stranger, _)| self.request_info(&stranger.account)).collect()
    }

    fn request_info(&self, account: &AccountId) -> Option<ContactRequestInfo> {
        let request = self.strangers.get(account)?.request.as_ref()?;
        let name = Card::from_bytes(&request.card).map(|card| account::name::visible(&card.name)).unwrap_or_default();
        let greeting = request.greeting.clone();
        Some(ContactRequestInfo { account: account.text(), name, greeting, at_ms: request.at_ms })
    }

    /// The request that is meant: by account id, or by the name in its card if only one has it.
    fn find_request(&self, text: &str) -> Result<AccountId, ControlError> {
        let open = self.request_infos();
        // An account id means that account, whatever somebody else writes as a name into its card.
        let is_id = AccountId::parse(text).is_ok();
        let is_meant = |info: &&ContactRequestInfo| if is_id { info.account == text } else { info.name == text };
        let meant: Vec<_> = open.iter().filter(is_meant).collect();
        if let [one] = meant.as_slice() {
            return AccountId::parse(&one.account).map_err(|_| no_request());
        }
        let mut error = no_request();
        if meant.len() > 1 {
            error.message = format!("{} requests have this name", meant.len());
            error.hint = "say the account id instead".into();
            error.candidates = meant.iter().map(|info| info.account.clone()).collect();
        }
        Err(error)
    }
}

fn no_request() -> ControlError {
    let hint = "`ahoy contact requests` shows who asks";
    ControlError::new(ErrorKind::NoSuchContact, "nobody of this name asks to be a contact", hint)
}

fn is_greeting(text: &str) -> bool {
    (1..=GREETING_MAX_BYTES).contains(&text.len()) && !text.contains(char::is_control)
}
