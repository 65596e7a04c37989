//! Sealed messages in, through the checks, and the sessions' side of everything that goes out.

use ahoy_crypto::{Check, DeviceId, Responder};

use super::Core;
use super::beyond::Beyond;
use super::effect::{Acceptance, NetCommand};
use super::input::MessageRef;
use super::knowledge::Knowledge;
use super::step::Step;
use crate::call::signal::{CallInput, Sender};
use crate::ids::{AccountId, CallId};
use crate::inbound::{self, Held, Sealed};
use crate::session::{Cx, Delivery, Session, SessionEffect, least_reach_ms};
use crate::topic::Topic;
use crate::wire::bodies::{InboxBody, Offer, Receipt};

/// The kind of a presence, as receipts name it.
const PRESENCE: u8 = 2;
/// The kind of a device set.
const DEVICES: u8 = 7;
/// The kind of a note about a missed call.
const MISSED: u8 = 8;
/// Inbox kind of a contact that another device changed.
const CONTACT: u8 = 10;

impl Core {
    /// A gossip message: through the checks, or dropped in silence and counted.
    pub(super) fn sealed(&mut self, topic: Topic, data: &[u8], message: MessageRef, step: &mut Step<'_>) {
        let judged = self.judge(topic, data, step);
        let acceptance = match judged {
            Ok(()) => Acceptance::Accept,
            Err(check) => {
                self.refusals.count(check);
                Acceptance::Ignore
            }
        };
        step.net(NetCommand::Verdict { message, acceptance });
    }

    fn judge(&mut self, topic: Topic, data: &[u8], step: &mut Step<'_>) -> Result<(), Check> {
        match inbound::receive(topic, data, self.held(&topic))? {
            Sealed::Envelope(envelope) => {
                let mut knowledge = self.knowledge(step.now.unix_ms);
                let opened = envelope.open(&mut knowledge)?;
                let account = opened.claimed_account();
                let letter = opened.verify(&mut knowledge, step.now.unix_s());
                if let Some(turned) = knowledge.turned_away {
                    self.turned_away(turned, step);
                }
                if let (Err(Check::NOT_IN_SET), Some(account)) = (&letter, account) {
                    self.ask_for_set(account, step);
                }
                let letter = letter?;
                self.letter(letter, step);
                Ok(())
            }
            Sealed::Answer(answer) => self.session(step, |session, cx| session.answered(&answer, cx)),
            Sealed::Pair(frame) => self.session(step, |session, cx| session.pair_frame(&frame, cx)),
            Sealed::Call(frame) => self.session(step, |session, cx| session.call_frame(&frame, cx)),
        }
    }

    /// What a topic is to us now.
    fn held(&self, topic: &Topic) -> Option<Held> {
        match self.inboxes.get(topic) {
            Some(inbox) => Some(Held::Inbox { hint_key: inbox.hint_key, day: inbox.day }),
            None => self.session.held(topic, self.own.device()),
        }
    }

    fn knowledge(&mut self, unix_ms: u64) -> Knowledge<'_> {
        Knowledge {
            own: &self.own,
            contacts: &self.contacts,
            inboxes: &self.inboxes,
            session: &self.session,
            calls: &self.calls,
            ledger: &mut self.ledger,
            strangers: &self.strangers,
            unix_ms,
            turned_away: None,
            linking: self.linking.is_waiting(),
        }
    }

    /// Does something with the sessions; what comes of it becomes effects and inputs of the call core.
    pub(super) fn session<T>(&mut self, step: &mut Step<'_>, act: impl FnOnce(&mut Session, &mut Cx<'_>) -> T) -> T {
        let beyond = Beyond { own: &self.own, contacts: &self.contacts, peers: &self.peers, now_s: step.now.unix_s() };
        let mut out = Vec::new();
        let mut cx = Cx { now: step.now, rng: step.rng, world: &beyond, out: &mut out };
        let result = act(&mut self.session, &mut cx);
        for effect in out {
            self.session_effect(effect, step);
        }
        result
    }

    fn session_effect(&mut self, effect: SessionEffect, step: &mut Step<'_>) {
        match effect {
            SessionEffect::Subscribe(topic) => step.net(NetCommand::Subscribe(topic)),
            SessionEffect::Unsubscribe(topic) => step.net(NetCommand::Unsubscribe(topic)),
            SessionEffect::Publish { topic, data } => step.net(NetCommand::Publish { topic, data }),
            SessionEffect::Call(CallInput::Unreached { call, device, tried: _ }) => {
                let tried = self.tried(&device);
                step.calls.push_back(CallInput::Unreached { call, device, tried });
            }
            SessionEffect::Call(CallInput::Pair { call, device, body }) => {
                if let Some(body) = self.at_the_door(call, device, body, step) {
                    step.calls.push_back(CallInput::Pair { call, device, body });
                }
            }
            SessionEffect::Call(input) => step.calls.push_back(input),
            SessionEffect::Linking(input) => self.linking_signal(input, step),
            SessionEffect::HandOff(input) => self.hand_off_signal(input, step),
        }
    }

    /// Offers a call to a device: connects to it, asks for its prekey if that is missing, and sends.
    pub(super) fn reach(&mut self, account: AccountId, device: DeviceId, offer: Box<Offer>, step: &mut Step<'_>) {
        let now_ms = step.now.mono_ms;
        let until_ms = now_ms.saturating_add(self.reach_ms.max(least_reach_ms(&offer)));
        if !self.peers.is_connected(&device) {
            self.dialing.urgent(device, now_ms, until_ms);
        } else {
            self.dialing.hurry(device, until_ms);
        }
        let known = super::beyond::usable_record(&self.contacts, &device, step.now.unix_s()).is_some();
        // It may have made its inbox anew and not told us yet: then its card leads to it. And whoever takes nothing of us
        // any more is to know that we called (attempts): there this is all that shows of it.
        if !known || !self.holds_inbox(&device, step.now.unix_s()) {
            self.asking.want(device, now_ms, until_ms);
        }
        self.session(step, |session, cx| session.start_offer(account, device, offer, cx));
    }

    /// Somebody who is connected subscribes to the inbox that we would write to.
    fn holds_inbox(&self, device: &DeviceId, now_s: u64) -> bool {
        let token = self.contacts.of_device(device).map(crate::account::Contact::token);
        token.is_some_and(|token| self.peers.has_subscriber(&super::network::place_of(token, now_s).topic))
    }

    /// An offer that passed the checks: answered, and told to the call core.
    pub(super) fn answer_offer(&mut self, from: Sender, offer: Box<Offer>, responder: Responder, step: &mut Step<'_>) {
        self.session(step, |session, cx| session.offered(from, offer, responder, cx));
    }

    /// Sends a one-way message to a device's inbox.
    pub(super) fn send_letter(&mut self, to: DeviceId, body: InboxBody, delivery: Delivery, step: &mut Step<'_>) {
        self.session(step, |session, cx| session.send_inbox(to, body, delivery, cx));
    }

    /// A receipt: what it names has arrived there.
    pub(super) fn receipt(&mut self, from: DeviceId, receipt: &Receipt, step: &mut Step<'_>) {
        let named = self.session.receipt(from, receipt, step.now.mono_ms);
        if receipt.kind == PRESENCE && named {
            self.presence_arrived(from, step);
        }
        if receipt.kind == DEVICES && named {
            self.set_arrived(from, step);
        }
        if receipt.kind == MISSED {
            self.note_arrived(from, &receipt.id, step);
        }
        if receipt.kind == CONTACT && named {
            self.change_arrived(from, step);
        }
    }

    /// Nothing of a call is wanted any more.
    pub(super) fn forget(&mut self, call: CallId, step: &mut Step<'_>) {
        self.links.forget_call(&call);
        self.session(step, |session, cx| session.forget(call, cx));
    }
}
