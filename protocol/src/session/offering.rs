//! Our offer to one device: sealed anew for each send, until it is answered or its time is over.

use std::collections::VecDeque;

use ahoy_crypto::{CallKeys, Initiator, sas};

use super::pace::Pace;
use super::schedule::{Plan, Schedule};
use super::world::{Cx, Route};
use crate::ids::{AccountId, DeviceId};
use crate::limits::HANDSHAKES_A_DEVICE;
use crate::outbound::{Letter, OutboundError, Where, envelope};
use crate::topic::Topic;
use crate::wire::bodies::{InboxBody, Offer, Purpose};

/// A handshake that waits for its answer.
struct Attempt {
    tag: [u8; 8],
    sent_ms: u64,
    initiator: Initiator,
}

/// An offer that goes out to one device.
pub(super) struct Offering {
    account: AccountId,
    device: DeviceId,
    /// `attempt` counts the sends.
    offer: Box<Offer>,
    /// Our half of the short authentication string, revealed in confirm.
    nonce: [u8; 32],
    /// The newest last.
    attempts: VecDeque<Attempt>,
    schedule: Schedule,
    /// From then on somebody must subscribe to the device's inbox.
    reach_by_ms: u64,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes on.
    Open,
    /// Nobody subscribes to the device's inbox; or it can't be sealed (why).
    Unreached(String),
    /// It was sent, and nobody answered.
    Expired,
}

impl Offering {
    /// Due at once.
    pub(super) fn new(
        (account, device): (AccountId, DeviceId),
        mut offer: Box<Offer>,
        nonce: [u8; 32],
        now_ms: u64,
        reach_by_ms: u64,
    ) -> Self {
        offer.sas_commit = sas::commitment(&nonce);
        offer.attempt = 0;
        let schedule = Schedule::new(Plan::Acknowledged, now_ms);
        Self { account, device, offer, nonce, attempts: VecDeque::new(), schedule, reach_by_ms }
    }

    pub(super) fn account(&self) -> AccountId {
        self.account
    }

    pub(super) fn purpose(&self) -> Purpose {
        self.offer.purpose
    }

    pub(super) fn nonce(&self) -> [u8; 32] {
        self.nonce
    }

    /// The handshake that waits under a pair tag.
    pub(super) fn waiting(&mut self, tag: [u8; 8]) -> Option<&mut Initiator> {
        self.attempts.iter_mut().find(|attempt| attempt.tag == tag).map(|attempt| &mut attempt.initiator)
    }

    /// When the attempt went that waits under a pair tag, if it is the first: where a later one is answered before it, it
    /// was lost on the way, and its answer says nothing of how long one takes.
    pub(super) fn sent_first_ms(&self, tag: [u8; 8]) -> Option<u64> {
        self.attempts.front().filter(|attempt| attempt.tag == tag).map(|attempt| attempt.sent_ms)
    }

    /// Sends the next attempt if it is due and somebody is there.
    pub(super) fn flush(&mut self, keys: &CallKeys, pace: Pace, cx: &mut Cx<'_>) -> Fate {
        let now_ms = cx.now_ms();
        if self.nobody_is_there() {
            if now_ms >= self.reach_by_ms {
                return Fate::Unreached("nobody who subscribes to an inbox of this device was seen".to_owned());
            }
        } else if self.schedule.expire(now_ms) {
            return Fate::Expired;
        }
        if !self.schedule.is_due(now_ms) {
            return Fate::Open;
        }
        let route = self.route(keys, cx).filter(|route| cx.world.has_subscriber(&route.at.topic));
        let Some(route) = route else {
            self.schedule.park();
            return Fate::Open;
        };
        match self.seal(keys, &route, cx) {
            Ok(data) => {
                self.schedule.sent(now_ms, pace);
                // The schedule has 64 sends: attempts 0..63.
                self.offer.attempt = self.offer.attempt.saturating_add(1);
                cx.publish(route.at.topic, data);
                Fate::Open
            }
            Err(error) => Fate::Unreached(error.to_string()),
        }
    }

    /// Nothing was sent for want of a subscriber; or what was sent went to a device that has left since, so that
    /// perhaps nobody heard it.
    fn nobody_is_there(&self) -> bool {
        !self.schedule.was_sent() || self.schedule.is_parked()
    }

    /// Rings and links go to the inbox, offers within a call to the other's mailbox; one that continues a call only to
    /// whoever knows what that is: to others it would be no offer at all.
    fn route(&self, keys: &CallKeys, cx: &Cx<'_>) -> Option<Route> {
        let known = |route: &Route| self.offer.continues.is_none() || route.continuations;
        let route = cx.world.route(self.device).filter(known)?;
        Some(match self.offer.purpose {
            Purpose::Ring | Purpose::Link | Purpose::HandOff => route,
            Purpose::Pair => {
                let topic = Topic(keys.mailbox_topic(self.device));
                let hint_key = keys.mailbox_hint_key(self.device);
                Route { at: Where { topic, hint_key, stamp: 0 }, ..route }
            }
        })
    }

    fn seal(&mut self, keys: &CallKeys, route: &Route, cx: &mut Cx<'_>) -> Result<Vec<u8>, OutboundError> {
        let body = InboxBody::Offer((*self.offer).clone());
        let letter = Letter { body: &body, wants_receipt: false, asks_presence: false, sent_ms: cx.now.unix_ms };
        let (initiator, data) = envelope(cx.world.identity(), &route.recipient, &route.at, &letter, cx.rng)?;
        if self.attempts.len() >= HANDSHAKES_A_DEVICE {
            self.attempts.pop_front();
        }
        self.attempts.push_back(Attempt { tag: keys.pair_tag(initiator.h1()), sent_ms: cx.now_ms(), initiator });
        Ok(data)
    }

    /// A subscriber has appeared: what waited for one is due if it is of the device's topic.
    pub(super) fn subscribed(&mut self, topic: &Topic, keys: &CallKeys, cx: &Cx<'_>) {
        if self.route(keys, cx).is_some_and(|route| route.at.topic == *topic) {
            self.schedule.wake();
        }
    }

    /// What waits is due; it waits on if there is still nobody.
    pub(super) fn wake(&mut self) {
        self.schedule.wake();
    }

    /// When it wants to be flushed.
    pub(super) fn next_ms(&self) -> u64 {
        let next_ms = self.schedule.next_ms().unwrap_or(0);
        if self.nobody_is_there() { next_ms.min(self.reach_by_ms) } else { next_ms }
    }
}
