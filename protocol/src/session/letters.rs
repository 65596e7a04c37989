//! One-way messages to inboxes: cancel, missed, elsewhere, receipts, presence and what else needs no pair.

use std::collections::VecDeque;

use ahoy_crypto::hash::sha256;

use super::pace::{Pace, Paces};
use super::schedule::{Plan, Schedule};
use super::world::{Cx, Route};
use crate::ids::{CallId, DeviceId};
use crate::limits::{LETTER_HASHES, LETTER_KEPT_MS, LETTERS_MAX};
use crate::outbound::{self, OutboundError, envelope};
use crate::topic::Topic;
use crate::wire::bodies::{InboxBody, Receipt};
use crate::wire::codec::AnyKind;

/// How a one-way message is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Ask for a receipt and send again until it comes, for 60 s; kinds 7 and 8 are kept for 7 days
    /// and go again whenever the device's inbox has a subscriber. Otherwise it goes three times.
    pub receipt: bool,
    /// Ask for the other's presence (kind 2).
    pub asks_presence: bool,
}

/// What a receipt names.
enum Id {
    /// Kinds 4, 5, 8.
    Call([u8; 16]),
    /// Kinds 2, 3, 7, 10: hashes of the envelopes sent, newest last.
    Envelopes(VecDeque<Sent>),
}

/// An envelope on its way.
struct Sent {
    hash: [u8; 32],
    at_ms: u64,
}

struct Letter {
    to: DeviceId,
    body: InboxBody,
    delivery: Delivery,
    id: Id,
    schedule: Schedule,
    /// Kept, asleep, until then after its sends are over.
    keep_until_ms: u64,
}

/// All one-way messages on their way, oldest first.
#[derive(Default)]
pub(super) struct Letters {
    letters: VecDeque<Letter>,
}

impl Letter {
    fn is_over(&self, now_ms: u64) -> bool {
        !self.schedule.is_running() && now_ms >= self.keep_until_ms
    }

    fn is_of_a_call(&self) -> bool {
        match self.body {
            InboxBody::Offer(_) | InboxBody::Elsewhere(_) | InboxBody::Cancel(_) | InboxBody::Missed(_) => true,
            InboxBody::Presence(_)
            | InboxBody::Request(_)
            | InboxBody::Receipt(_)
            | InboxBody::Devices(_)
            | InboxBody::Contact(_) => false,
        }
    }

    fn flush(&mut self, pace: Pace, cx: &mut Cx<'_>) -> Result<(), OutboundError> {
        let now_ms = cx.now_ms();
        if self.schedule.expire(now_ms) || !self.schedule.is_due(now_ms) {
            return Ok(());
        }
        let route = cx.world.route(self.to).filter(|route| cx.world.has_subscriber(&route.at.topic));
        let Some(Route { recipient, at, .. }) = route else {
            self.schedule.park();
            return Ok(());
        };
        let letter = outbound::Letter {
            body: &self.body,
            wants_receipt: self.delivery.receipt,
            asks_presence: self.delivery.asks_presence,
            sent_ms: cx.now.unix_ms,
        };
        let (_, data) = envelope(cx.world.identity(), &recipient, &at, &letter, cx.rng)?;
        let pace = if self.is_of_a_call() { pace } else { pace.patient() };
        self.schedule.sent(now_ms, pace);
        if let Id::Envelopes(hashes) = &mut self.id {
            if hashes.len() >= LETTER_HASHES {
                hashes.pop_front();
            }
            hashes.push_back(Sent { hash: sha256(&[&data]), at_ms: now_ms });
        }
        cx.publish(at.topic, data);
        Ok(())
    }

    fn is_named(&self, from: DeviceId, receipt: &Receipt) -> bool {
        let id_fits = match &self.id {
            Id::Call(call) => receipt.id == call,
            Id::Envelopes(hashes) => hashes.iter().any(|sent| receipt.id == sent.hash),
        };
        self.to == from && receipt.kind == self.body.kind() && id_fits
    }

    /// When the envelope went that a receipt names.
    fn sent_ms(&self, receipt: &Receipt) -> Option<u64> {
        match &self.id {
            Id::Call(_) => self.schedule.sent_once_ms(),
            Id::Envelopes(hashes) => hashes.iter().find(|sent| receipt.id == sent.hash).map(|sent| sent.at_ms),
        }
    }

    fn wake(&mut self, now_ms: u64) {
        self.schedule.wake();
        if !self.schedule.is_running() {
            self.schedule.restart(now_ms);
        }
    }

    fn is_note(&self, to: DeviceId, call: CallId) -> bool {
        self.to == to && matches!(&self.body, InboxBody::Missed(body) if body.call == call)
    }

    fn next_ms(&self) -> u64 {
        self.schedule.next_ms().unwrap_or(self.keep_until_ms)
    }
}

impl Letters {
    /// Takes a message; the oldest gives way if there are too many.
    pub(super) fn send(&mut self, to: DeviceId, body: InboxBody, delivery: Delivery, now_ms: u64) {
        let (id, kept) = match &body {
            InboxBody::Elsewhere(body) => (Id::Call(body.call.0), false),
            InboxBody::Cancel(body) => (Id::Call(body.call.0), false),
            InboxBody::Missed(body) => (Id::Call(body.call.0), true),
            InboxBody::Devices(_) => (Id::Envelopes(VecDeque::new()), true),
            InboxBody::Offer(_)
            | InboxBody::Presence(_)
            | InboxBody::Request(_)
            | InboxBody::Receipt(_)
            | InboxBody::Contact(_) => (Id::Envelopes(VecDeque::new()), false),
        };
        // What we do now takes the place of what we did: an older presence must not come after it.
        let mut delivery = delivery;
        if let InboxBody::Devices(_) = body {
            self.letters.retain(|letter| letter.to != to || !matches!(letter.body, InboxBody::Devices(_)));
        }
        if let InboxBody::Presence(_) = body {
            let is_older = |letter: &Letter| letter.to == to && matches!(letter.body, InboxBody::Presence(_));
            delivery.asks_presence |= self.letters.iter().any(|it| is_older(it) && it.delivery.asks_presence);
            self.letters.retain(|letter| !is_older(letter));
        }
        if self.letters.len() >= LETTERS_MAX {
            self.letters.pop_front();
        }
        let plan = match &body {
            // Whoever asked for it sends again, and is told again.
            InboxBody::Receipt(_) => Plan::Copies(1),
            InboxBody::Offer(_)
            | InboxBody::Presence(_)
            | InboxBody::Request(_)
            | InboxBody::Elsewhere(_)
            | InboxBody::Cancel(_)
            | InboxBody::Devices(_)
            | InboxBody::Missed(_)
            | InboxBody::Contact(_) => {
                if delivery.receipt {
                    Plan::Acknowledged
                } else {
                    Plan::Blind
                }
            }
        };
        let keep_ms = if kept && delivery.receipt { LETTER_KEPT_MS } else { 0 };
        let (schedule, keep_until_ms) = (Schedule::new(plan, now_ms), now_ms.saturating_add(keep_ms));
        self.letters.push_back(Letter { to, body, delivery, id, schedule, keep_until_ms });
    }

    /// A presence is on its way to a device: whether it asks for the other's.
    pub(super) fn presence_to(&self, to: DeviceId) -> Option<bool> {
        let is_presence = |letter: &&Letter| letter.to == to && matches!(letter.body, InboxBody::Presence(_));
        self.letters.iter().find(is_presence).map(|letter| letter.delivery.asks_presence)
    }

    /// A receipt has come: what it names has arrived. False if it names nothing that is on its way.
    pub(super) fn receipt(&mut self, from: DeviceId, receipt: &Receipt, now_ms: u64, pace: &mut Pace) -> bool {
        let before = self.letters.len();
        let named = self.letters.iter().find(|letter| letter.is_named(from, receipt));
        if let Some(sent_ms) = named.and_then(|letter| letter.sent_ms(receipt)) {
            pace.took(now_ms.saturating_sub(sent_ms));
        }
        self.letters.retain(|letter| !letter.is_named(from, receipt));
        self.letters.len() < before
    }

    /// Sends what is due. What can't be sealed is dropped: it never will be.
    pub(super) fn flush(&mut self, paces: &Paces, cx: &mut Cx<'_>) {
        let now_ms = cx.now_ms();
        self.letters.retain_mut(|letter| letter.flush(paces.of(letter.to), cx).is_ok() && !letter.is_over(now_ms));
    }

    /// Somebody subscribes to a topic: what waited for that is due, what slept begins anew.
    pub(super) fn subscribed(&mut self, topic: &Topic, cx: &Cx<'_>) {
        for letter in &mut self.letters {
            if cx.world.route(letter.to).is_some_and(|route| route.at.topic == *topic) {
                letter.wake(cx.now_ms());
            }
        }
    }

    /// This device set is on its way to the device, or kept for it.
    pub(super) fn has_set(&self, to: DeviceId, device_set: &[u8]) -> bool {
        let is_it = |body: &InboxBody| matches!(body, InboxBody::Devices(body) if body.device_set == device_set);
        self.letters.iter().any(|letter| letter.to == to && is_it(&letter.body))
    }

    /// Device sets other than this one go to nobody any more.
    pub(super) fn drop_other_sets(&mut self, device_set: &[u8]) {
        let is_other = |body: &InboxBody| matches!(body, InboxBody::Devices(body) if body.device_set != device_set);
        self.letters.retain(|letter| !is_other(&letter.body));
    }

    /// Changes of contacts go to nobody any more.
    pub(super) fn drop_changes(&mut self) {
        self.letters.retain(|letter| !matches!(letter.body, InboxBody::Contact(_)));
    }

    /// A note about this call is on its way to the device, or kept for it.
    pub(super) fn has_missed(&self, to: DeviceId, call: CallId) -> bool {
        self.letters.iter().any(|letter| letter.is_note(to, call))
    }

    /// A note about this call is wanted no longer.
    pub(super) fn drop_missed(&mut self, to: DeviceId, call: CallId) {
        self.letters.retain(|letter| !letter.is_note(to, call));
    }

    /// What waits for this device is due, what slept begins anew; it waits on if there is still nobody. A device that
    /// was away for days has its subscriber before its new prekey is known.
    pub(super) fn wake(&mut self, to: DeviceId, now_ms: u64) {
        self.letters.iter_mut().filter(|letter| letter.to == to).for_each(|letter| letter.wake(now_ms));
    }

    /// Nothing about a call that went will go again. What says only that we are there (presence, receipts) is no
    /// reason for a daemon that stops to wait: it is said anew after the next start.
    pub(super) fn is_settled(&self) -> bool {
        let waits = |letter: &Letter| letter.schedule.was_sent() && letter.schedule.is_running();
        !self.letters.iter().any(|letter| waits(letter) && letter.is_of_a_call())
    }

    /// Messages on their way, or kept.
    pub(super) fn len(&self) -> usize {
        self.letters.len()
    }

    /// When it wants to be flushed.
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.letters.iter().map(Letter::next_ms).min()
    }
}
