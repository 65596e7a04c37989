//! Between sealed bytes and call rules: who is offered what, who answered, and pair channels.
//!
//! Methods only take note; [`Session::flush`] does what is due. Whoever drives this calls `flush` after every input and
//! whenever [`Session::next_timer_ms`] has come, hands the signals to the call core, and flushes again while there are any.
//!
//! ```text
//! we offer:   start_offer ─> Offering ── answered ─> Leg(Answered) ── confirm ─> Leg(Confirmed)
//!                                └── Unreached, OfferExpired, cancel
//! they offer: offered ─> Answering ── their confirm ─> Leg(Confirmed)
//!                                └── ttl over (Unconfirmed after 5 s)
//! ```

mod answering;
mod calls;
mod due;
mod held;
mod letters;
mod offering;
mod pace;
mod pair;
mod parts;
mod schedule;
mod world;

#[cfg(test)]
mod tests;

pub use held::HeldNow;
pub use letters::Delivery;
pub use world::{Cx, Route, SessionEffect, SessionTimes, World, least_reach_ms};

use std::collections::btree_map::{BTreeMap, Entry};
use std::collections::{BTreeSet, VecDeque};

use ahoy_crypto::{CallKeys, Check, Responder, Secret, SignKey};

use crate::call::signal::{CallInput, Sender};
use crate::ids::{AccountId, CallId, DeviceId};
use crate::inbound::{Held, Role, SealedAnswer, SealedCallFrame, SealedPairFrame, waiting};
use crate::limits::{ANSWERING_MAX, SESSION_CALLS_MAX};
use crate::topic::Topic;
use crate::wire::bodies::{CallBody, Cancel, InboxBody, Offer, PairBody, Purpose, Reason, Receipt};
use answering::{Answering, Incoming};
use calls::{Call, Leg};
use letters::Letters;
use offering::Offering;
use pace::Paces;
use pair::Pair;

/// A call that was offered to us, from the first answer on.
struct Silence {
    call: CallId,
    device: DeviceId,
    since_ms: u64,
    told: bool,
}

/// All handshakes, pairs and one-way messages of a device. Pure.
#[derive(Default)]
pub struct Session {
    pub(crate) times: SessionTimes,
    calls: BTreeMap<CallId, Call>,
    offerings: BTreeMap<(CallId, DeviceId), Offering>,
    /// Oldest first.
    answering: VecDeque<Answering>,
    silences: VecDeque<Silence>,
    letters: Letters,
    paces: Paces,
    held: BTreeSet<Topic>,
}

impl Session {
    /// Nothing is going on.
    #[must_use]
    pub fn new(times: SessionTimes) -> Self {
        Self { times, ..Self::default() }
    }

    /// What a topic is to us, if it is a mailbox of ours or a call's.
    #[must_use]
    pub fn held(&self, topic: &Topic, own: DeviceId) -> Option<Held> {
        let mailboxes = self.calls.values().map(|call| (call.mailbox, &call.keys));
        let waiting = self.answering.iter().map(|answering| (answering.mailbox, &answering.keys));
        if let Some((_, keys)) = mailboxes.chain(waiting).find(|(mailbox, _)| mailbox == topic) {
            return Some(Held::Mailbox { hint_key: keys.mailbox_hint_key(own) });
        }
        self.calls.values().any(|call| call.topic == *topic).then_some(Held::Call)
    }

    /// The roster, as we have it, of a call that runs here.
    #[must_use]
    pub fn roster(&self, call: CallId) -> Option<&[AccountId]> {
        self.calls.get(&call).filter(|call| !call.is_forgotten()).map(|call| call.roster.as_slice())
    }

    /// The six letters that both people read, once confirm was sent or has come.
    #[must_use]
    pub fn sas(&self, call: CallId, device: DeviceId) -> Option<&str> {
        self.calls.get(&call)?.legs.get(&device)?.sas()
    }

    /// Offers a call to a device until it answers (`Reached`), the offer expires (`OfferExpired`) or
    /// nobody subscribes to its inbox for `reach_ms` (`Unreached`). `sas_commit` and `attempt` are
    /// filled in here. An offer of the same call to the same device that is under way is replaced.
    pub fn start_offer(&mut self, account: AccountId, device: DeviceId, offer: Box<Offer>, cx: &mut Cx<'_>) {
        let id = offer.call;
        let certificate = cx.world.identity().certificate;
        let (own_account, own_device) = (certificate.account(), certificate.device());
        let nonce = *Secret::random(cx.rng).expose();
        self.calls.entry(id).or_insert_with(|| {
            let sign = SignKey::generate(cx.rng);
            Call::new(&offer, own_account, sign, own_device, cx.rng)
        });
        let (now_ms, reach_ms) = (cx.now_ms(), self.times.reach_ms.max(least_reach_ms(&offer)));
        let offering = Offering::new((account, device), offer, nonce, now_ms, now_ms.saturating_add(reach_ms));
        self.offerings.insert((id, device), offering);
    }

    /// The device may ring: sends confirm. Only after `Reached`.
    pub fn confirm(&mut self, call: CallId, device: DeviceId) {
        let Some(call) = self.calls.get_mut(&call).filter(|call| !call.is_forgotten()) else { return };
        let signing_key = call.sign.public();
        if let Some(leg) = call.legs.get_mut(&device) {
            leg.confirm(signing_key);
        }
    }

    /// Withdraws an offer to a device that was never confirmed: it gets a cancel in its inbox, and never a confirm.
    pub fn cancel(&mut self, call: CallId, device: DeviceId, reason: Reason, cx: &mut Cx<'_>) {
        self.offerings.remove(&(call, device));
        if let Some(known) = self.calls.get_mut(&call)
            && known.legs.get(&device).is_some_and(|leg| leg.sas().is_none())
        {
            known.legs.remove(&device);
        }
        let delivery = Delivery { receipt: true, asks_presence: false };
        self.send_inbox(device, InboxBody::Cancel(Cancel { call, reason }), delivery, cx);
    }

    /// Sends on a pair, in order, until acknowledged. Nothing happens without a confirmed pair.
    pub fn send_pair(&mut self, call: CallId, device: DeviceId, body: PairBody) {
        let leg = self.calls.get_mut(&call).and_then(|call| call.legs.get_mut(&device));
        if let Some(leg) = leg.filter(|leg| leg.sas().is_some()) {
            leg.pair.send(body);
        }
    }

    /// Sends on the call topic; kept (bounded) while nobody is there.
    pub fn broadcast(&mut self, call: CallId, body: CallBody) {
        if let Some(call) = self.calls.get_mut(&call).filter(|call| !call.is_forgotten()) {
            call.broadcast(body);
        }
    }

    /// Sends a one-way message (kinds 2 to 10) to a device's inbox.
    pub fn send_inbox(&mut self, to: DeviceId, body: InboxBody, delivery: Delivery, cx: &mut Cx<'_>) {
        self.letters.send(to, body, delivery, cx.now_ms());
    }

    /// A receipt has come: what it names isn't sent again.
    pub fn receipt(&mut self, from: DeviceId, receipt: &Receipt, now_ms: u64) -> bool {
        self.letters.receipt(from, receipt, now_ms, self.paces.of_mut(from))
    }

    /// Nothing of a call is wanted any more: topics and keys go once its last words are acknowledged, or 5 s later.
    pub fn forget(&mut self, call: CallId, cx: &mut Cx<'_>) {
        self.offerings.retain(|(of, _), _| *of != call);
        self.answering.retain(|answering| answering.offer.call != call);
        self.silences.retain(|silence| silence.call != call);
        if let Some(call) = self.calls.get_mut(&call) {
            call.forget(cx.now_ms());
        }
    }

    /// A verified offer has come: answers it and passes it on. It is answered once; a confirm of it
    /// counts for its `ttl_s`.
    pub fn offered(&mut self, from: Sender, offer: Box<Offer>, responder: Responder, cx: &mut Cx<'_>) {
        let known = self.calls.get(&offer.call);
        if known.is_some_and(|call| !call.is_of(&offer.secret) || call.is_forgotten()) {
            return;
        }
        let keys = CallKeys::new(&offer.call.0, &offer.secret);
        let tag = keys.pair_tag(responder.h1());
        if self.answering.iter().any(|answering| answering.pair.tag() == tag) {
            return;
        }
        let sign = self.signing_key(&offer, cx);
        let body = (*offer).clone();
        let incoming = Incoming { account: from.account, device: from.device, offer, keys, tag, responder };
        // A handshake that can't be answered is our own defect: as if the offer had been lost.
        let Ok(answering) = Answering::new(incoming, sign, cx) else { return };
        self.note_silence(&body, from.device, cx);
        for older in &mut self.answering {
            if older.device == from.device && older.offer.call == body.call {
                older.supersede();
            }
        }
        if self.answering.len() >= ANSWERING_MAX {
            answering::make_room(&mut self.answering);
        }
        self.answering.push_back(answering);
        cx.signal(body.purpose, CallInput::Offer { from, offer: body });
    }

    /// One key for all our pairs of a call: what it signs goes to all of them.
    fn signing_key(&self, offer: &Offer, cx: &mut Cx<'_>) -> SignKey {
        let of_call = self.calls.get(&offer.call).map(|call| &call.sign);
        let same = |other: &&Answering| other.offer.call == offer.call && other.offer.secret == offer.secret;
        let of_handshake = || self.answering.iter().find(same).map(|answering| &answering.sign);
        of_call.or_else(of_handshake).cloned().unwrap_or_else(|| SignKey::generate(cx.rng))
    }

    fn note_silence(&mut self, offer: &Offer, device: DeviceId, cx: &mut Cx<'_>) {
        let known = self.calls.contains_key(&offer.call) || self.silences.iter().any(|s| s.call == offer.call);
        if known || offer.purpose != Purpose::Ring {
            return;
        }
        if self.silences.len() >= ANSWERING_MAX {
            // No room to wait longer for the oldest: it counts as missed now.
            if let Some(oldest) = self.silences.pop_front().filter(|oldest| !oldest.told) {
                cx.signal(Purpose::Ring, CallInput::Unconfirmed { call: oldest.call, device: oldest.device });
            }
        }
        self.silences.push_back(Silence { call: offer.call, device, since_ms: cx.now_ms(), told: false });
    }

    /// An answer on a mailbox of ours: the first good one of a device wins.
    ///
    /// # Errors
    /// 050, 009, 010, 017, 018, 019.
    pub fn answered(&mut self, sealed: &SealedAnswer<'_>, cx: &mut Cx<'_>) -> Result<(), Check> {
        let found = self
            .offerings
            .iter_mut()
            .find_map(|(key, offering)| offering.waiting(sealed.pair_tag).map(|initiator| (*key, initiator)));
        let ((id, device), initiator) = waiting(found)?;
        let answer = sealed.open(initiator)?.verify()?;
        let offering = waiting(self.offerings.remove(&(id, device)))?;
        if let Some(sent_ms) = offering.sent_first_ms(sealed.pair_tag) {
            self.paces.of_mut(device).took(cx.now_ms().saturating_sub(sent_ms));
        }
        let call = waiting(self.calls.get_mut(&id))?;
        let (account, purpose) = (offering.account(), offering.purpose());
        let mailbox = Topic(call.keys.mailbox_topic(device));
        let pair = Pair::new(sealed.pair_tag, answer.channel, Role::Initiator, purpose, mailbox);
        call.legs.insert(device, Leg::answered(account, pair, answer.hello, offering.nonce()));
        cx.signal(purpose, CallInput::Reached { call: id, device });
        Ok(())
    }

    /// A pair frame on a mailbox of ours.
    ///
    /// # Errors
    /// 050, and 052.. of [`SealedPairFrame::open`].
    pub fn pair_frame(&mut self, frame: &SealedPairFrame<'_>, cx: &mut Cx<'_>) -> Result<(), Check> {
        for (id, call) in &mut self.calls {
            let silent = call.is_forgotten();
            let leg = call.legs.iter_mut().find(|(_, leg)| leg.pair.tag() == frame.pair_tag && leg.sas().is_some());
            if let Some((device, leg)) = leg {
                let mut bodies = leg.pair.receive(frame, cx.now_ms(), self.paces.of_mut(*device))?;
                // Of a call that is over here the other side's last words still count: they may have crossed ours.
                bodies.retain(|body| !silent || matches!(body, PairBody::HangUp(_) | PairBody::Verdict(_)));
                deliver(*id, *device, leg.pair.purpose(), bodies, cx);
                return Ok(());
            }
        }
        let place = waiting(self.answering.iter().position(|answering| answering.pair.tag() == frame.pair_tag))?;
        let answering = waiting(self.answering.get_mut(place))?;
        // Without room for the call its confirm isn't taken: it comes again, and there may be room then.
        let room = self.calls.len() < SESSION_CALLS_MAX || self.calls.contains_key(&answering.offer.call);
        waiting((room && !answering.is_over(cx.now_ms())).then_some(()))?;
        let pace = self.paces.of_mut(answering.device);
        let bodies = answering.pair.receive(frame, cx.now_ms(), pace)?;
        if let Some(sent_ms) = answering.sent_ms() {
            pace.took_at_most(cx.now_ms().saturating_sub(sent_ms));
        }
        self.confirmed(place, bodies, cx);
        Ok(())
    }

    /// Makes a leg of a handshake whose confirm has come. Nothing else can be first (check 056).
    fn confirmed(&mut self, place: usize, bodies: Vec<PairBody>, cx: &mut Cx<'_>) {
        let mut bodies = bodies.into_iter();
        let Some(PairBody::Confirm(hello)) = bodies.next() else { return };
        let Some(answering) = self.answering.remove(place) else { return };
        let Answering { account, device, offer, pair, nonce, sign, .. } = answering;
        let call = match self.calls.entry(offer.call) {
            Entry::Occupied(call) if call.get().is_of(&offer.secret) => call.into_mut(),
            Entry::Vacant(vacant) => {
                let own = cx.world.identity().certificate.device();
                vacant.insert(Call::new(&offer, account, sign, own, cx.rng))
            }
            Entry::Occupied(_) => return,
        };
        call.legs.insert(device, Leg::confirmed(account, pair, hello, nonce));
        self.answering.retain(|other| other.device != device || other.offer.call != offer.call);
        self.silences.retain(|silence| silence.call != offer.call);
        cx.signal(offer.purpose, CallInput::Confirmed { call: offer.call, device });
        deliver(offer.call, device, offer.purpose, bodies.collect(), cx);
    }

    /// A call frame on a call's topic.
    ///
    /// # Errors
    /// 004, and 070.. of [`SealedCallFrame::open`].
    pub fn call_frame(&mut self, frame: &SealedCallFrame<'_>, cx: &mut Cx<'_>) -> Result<(), Check> {
        let call = self.calls.values_mut().find(|call| call.topic == frame.topic);
        let input = Check::TOPIC.require(call)?.receive(frame, cx)?;
        if let Some(input) = input {
            cx.signal(Purpose::Ring, input);
        }
        Ok(())
    }

    /// A connected device subscribes to a topic: what waited for that goes at the next flush.
    pub fn subscribed(&mut self, topic: &Topic, cx: &mut Cx<'_>) {
        for ((id, _), offering) in &mut self.offerings {
            if let Some(call) = self.calls.get(id) {
                offering.subscribed(topic, &call.keys, cx);
            }
        }
        for answering in &mut self.answering {
            answering.subscribed(topic);
        }
        for call in self.calls.values_mut() {
            call.subscribed(topic);
        }
        self.letters.subscribed(topic, cx);
    }

    /// Where this device's messages go is known, or has changed: what waited for it tries again at the next flush.
    pub fn route_known(&mut self, to: DeviceId, now_ms: u64) {
        self.offerings.iter_mut().filter(|((_, device), _)| *device == to).for_each(|(_, offering)| offering.wake());
        self.letters.wake(to, now_ms);
    }

    /// Does what is due: topics first, then what is published, then what has run out of time.
    pub fn flush(&mut self, cx: &mut Cx<'_>) {
        let now_ms = cx.now_ms();
        self.calls.retain(|_, call| !call.is_gone(now_ms));
        self.answering.retain(|answering| !answering.is_over(now_ms));
        self.sync_topics(cx);
        self.flush_offerings(cx);
        for answering in &mut self.answering {
            answering.flush(self.paces.of(answering.device), cx);
        }
        for call in self.calls.values_mut() {
            call.flush(&mut self.paces, cx);
        }
        self.letters.flush(&self.paces, cx);
        self.tell_silences(cx);
    }

    /// When `flush` wants to be called, in monotonic ms; a time that has passed means now.
    #[must_use]
    pub fn next_timer_ms(&self) -> Option<u64> {
        let offerings = self.offerings.values().map(Offering::next_ms).min();
        let answering = self.answering.iter().map(Answering::next_ms).min();
        let calls = self.calls.values().filter_map(Call::next_ms).min();
        let silences = self.silences.iter().filter(|silence| !silence.told).map(|silence| silence.since_ms).min();
        let silences = silences.map(|since_ms| since_ms.saturating_add(self.times.confirm_ms));
        [offerings, answering, calls, silences, self.letters.next_ms()].into_iter().flatten().min()
    }

    /// Nothing that was said waits for an acknowledgement: a stopping daemon may go.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.calls.values().all(Call::is_settled) && self.letters.is_settled()
    }
}

/// Hands on what a pair delivered.
fn deliver(call: CallId, device: DeviceId, purpose: Purpose, bodies: Vec<PairBody>, cx: &mut Cx<'_>) {
    for body in bodies {
        cx.signal(purpose, CallInput::Pair { call, device, body });
    }
}
