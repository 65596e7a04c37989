//! Offers that we answered and whose confirm hasn't come: nothing a person could see has happened.

use std::collections::VecDeque;

use ahoy_crypto::{CallKeys, Responder, Secret, SignKey};

use super::pace::Pace;
use super::pair::Pair;
use super::schedule::{Plan, Schedule};
use super::world::Cx;
use crate::ids::{AccountId, DeviceId};
use crate::inbound::Role;
use crate::limits::ANSWER_COPIES;
use crate::outbound::{Answer, OutboundError, answer};
use crate::topic::Topic;
use crate::wire::bodies::{Hello, Offer};

/// A handshake that waits for confirm.
pub(super) struct Answering {
    pub(super) account: AccountId,
    pub(super) device: DeviceId,
    pub(super) offer: Box<Offer>,
    pub(super) keys: CallKeys,
    /// Our mailbox in this call: where confirm comes.
    pub(super) mailbox: Topic,
    pub(super) pair: Pair,
    /// Our half of the short authentication string.
    pub(super) nonce: [u8; 32],
    /// What we sign frames of this call with.
    pub(super) sign: SignKey,
    answer: Answer,
    copies: u16,
    schedule: Schedule,
    /// The initiator's mailbox and the key of its outer MAC.
    to: (Topic, [u8; 32]),
    /// A confirm counts until then (included).
    confirm_by_ms: u64,
}

/// An offer that shall be answered.
pub(super) struct Incoming {
    pub(super) account: AccountId,
    pub(super) device: DeviceId,
    pub(super) offer: Box<Offer>,
    pub(super) keys: CallKeys,
    pub(super) tag: [u8; 8],
    pub(super) responder: Responder,
}

impl Answering {
    /// Draws our nonce and writes message 2.
    ///
    /// # Errors
    /// [`OutboundError`]: a defect of ours.
    pub(super) fn new(incoming: Incoming, sign: SignKey, cx: &mut Cx<'_>) -> Result<Self, OutboundError> {
        let Incoming { account, device, offer, keys, tag, responder } = incoming;
        let nonce = *Secret::random(cx.rng).expose();
        let hello = Hello { nonce, signing_key: sign.public(), features: 0 };
        let (channel, answer) = answer(responder, &hello, tag, cx.rng)?;
        let to = (Topic(keys.mailbox_topic(device)), keys.mailbox_hint_key(device));
        let role = Role::Responder { sas_commit: offer.sas_commit };
        let now_ms = cx.now_ms();
        Ok(Self {
            pair: Pair::new(tag, channel, role, offer.purpose, to.0),
            mailbox: Topic(keys.mailbox_topic(cx.world.identity().certificate.device())),
            confirm_by_ms: now_ms.saturating_add(u64::from(offer.ttl_s) * 1_000),
            schedule: Schedule::new(Plan::Copies(ANSWER_COPIES), now_ms),
            account,
            device,
            offer,
            keys,
            nonce,
            sign,
            answer,
            copies: 0,
            to,
        })
    }

    /// Sends the next copy if it is due and somebody is there.
    pub(super) fn flush(&mut self, pace: Pace, cx: &mut Cx<'_>) {
        let now_ms = cx.now_ms();
        if self.schedule.expire(now_ms) || !self.schedule.is_due(now_ms) {
            return;
        }
        if !cx.world.has_subscriber(&self.to.0) {
            self.schedule.park();
            return;
        }
        self.schedule.sent(now_ms, pace);
        let data = self.answer.copy(self.copies, &self.to.1);
        self.copies = self.copies.saturating_add(1);
        cx.publish(self.to.0, data);
    }

    /// When the answer went for the first time: no copy of it can have been confirmed sooner than the confirm came.
    pub(super) fn sent_ms(&self) -> Option<u64> {
        self.schedule.sent_ms()
    }

    /// A newer offer of the same device and call is answered: this answer isn't repeated any more.
    pub(super) fn supersede(&mut self) {
        self.schedule.stop();
    }

    /// A confirm doesn't count any more.
    pub(super) fn is_over(&self, now_ms: u64) -> bool {
        now_ms > self.confirm_by_ms
    }

    /// Somebody subscribes to a topic.
    pub(super) fn subscribed(&mut self, topic: &Topic) {
        if *topic == self.to.0 {
            self.schedule.wake();
        }
    }

    /// When it wants to be flushed.
    pub(super) fn next_ms(&self) -> u64 {
        let over_ms = self.confirm_by_ms.saturating_add(1);
        self.schedule.next_ms().map_or(over_ms, |next_ms| next_ms.min(over_ms))
    }
}

/// Of the account that has most handshakes waiting, the oldest falls out: nobody's offers push out the only one of somebody
/// else.
pub(super) fn make_room(waiting: &mut VecDeque<Answering>) {
    let of = |account| waiting.iter().filter(|answering| answering.account == account).count();
    // `max_by_key` takes the last of equals: looked at from the newest to the oldest, that is the oldest.
    let crowded = waiting.iter().enumerate().rev().max_by_key(|(_, answering)| of(answering.account));
    if let Some(place) = crowded.map(|(place, _)| place) {
        waiting.remove(place);
    }
}
