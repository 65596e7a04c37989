//! A pair channel: messages in order, each once, over gossip that loses, doubles and reorders.

use std::collections::{BTreeMap, VecDeque};

use ahoy_crypto::{Channel, Check};

use super::pace::Pace;
use super::parts::{Joiner, split};
use super::schedule::{Plan, Schedule};
use super::world::Cx;
use crate::inbound::{PairContext, PairReceiver, Role, SealedPairFrame};
use crate::limits::{ACK_GAP_MS, PAIR_AHEAD_MAX, PAIR_QUEUE_MAX};
use crate::outbound::{Message, pair_frame};
use crate::topic::Topic;
use crate::wire::bodies::{PairBody, Purpose};

/// A message of ours that isn't acknowledged.
struct Pending {
    msg: u32,
    body: PairBody,
    /// None while the other side has no room for it.
    schedule: Option<Schedule>,
}

/// What we owe the other side for what has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Debt {
    None,
    /// An acknowledgement, alone if nothing else goes.
    Ack,
    /// The same, at the first flush when somebody is there.
    Parked,
}

/// One pair channel after its handshake.
pub(super) struct Pair {
    tag: [u8; 8],
    channel: Channel,
    role: Role,
    purpose: Purpose,
    /// The other's mailbox.
    mailbox: Topic,
    receiver: PairReceiver,
    /// The next one; never used twice, also not for resends.
    counter: u64,
    last_msg: u32,
    /// All of ours up to this one have arrived there.
    acked: u32,
    pending: VecDeque<Pending>,
    /// Arrived before their turn; bounded by check 055.
    early: BTreeMap<u32, PairBody>,
    delivered: u32,
    joiner: Joiner,
    debt: Debt,
    /// When an acknowledgement last went alone, ms.
    acked_alone_ms: Option<u64>,
    /// A message was never acknowledged: nothing of ours can arrive in order any more.
    broken: bool,
}

impl Pair {
    pub(super) fn new(tag: [u8; 8], channel: Channel, role: Role, purpose: Purpose, mailbox: Topic) -> Self {
        Self {
            tag,
            channel,
            role,
            purpose,
            mailbox,
            receiver: PairReceiver::default(),
            counter: 0,
            last_msg: 0,
            acked: 0,
            pending: VecDeque::new(),
            early: BTreeMap::new(),
            delivered: 0,
            joiner: Joiner::default(),
            debt: Debt::None,
            acked_alone_ms: None,
            broken: false,
        }
    }

    pub(super) fn tag(&self) -> [u8; 8] {
        self.tag
    }

    /// The other's mailbox.
    pub(super) fn mailbox(&self) -> &Topic {
        &self.mailbox
    }

    pub(super) fn purpose(&self) -> Purpose {
        self.purpose
    }

    pub(super) fn handshake_hash(&self) -> &[u8; 32] {
        self.channel.handshake_hash()
    }

    /// Sends in order until acknowledged. A description of any length may come whole (part 0 of 1).
    /// What doesn't fit the queue breaks the pair: a gap in the order would be worse.
    pub(super) fn send(&mut self, body: PairBody) {
        if let PairBody::Description(whole) = &body
            && whole.parts == 1
        {
            for part in split(whole) {
                self.enqueue(PairBody::Description(part));
            }
            return;
        }
        self.enqueue(body);
    }

    fn enqueue(&mut self, body: PairBody) {
        if self.pending.len() >= PAIR_QUEUE_MAX {
            self.give_up();
        }
        if self.broken {
            return;
        }
        self.last_msg += 1;
        self.pending.push_back(Pending { msg: self.last_msg, body, schedule: None });
    }

    /// Opens a frame and gives what can be delivered now: in order, each once, descriptions whole.
    ///
    /// # Errors
    /// 052.. as in [`SealedPairFrame::open`].
    pub(super) fn receive(
        &mut self,
        frame: &SealedPairFrame<'_>,
        now_ms: u64,
        pace: &mut Pace,
    ) -> Result<Vec<PairBody>, Check> {
        let context = PairContext { channel: &self.channel, role: self.role, purpose: self.purpose };
        let received = frame.open(&context, &mut self.receiver)?;
        self.take_ack(received.ack, now_ms, pace);
        let Some(body) = received.body else { return Ok(Vec::new()) };
        self.debt = Debt::Ack;
        if !received.duplicate {
            self.early.insert(received.msg, body);
        }
        Ok(self.deliver())
    }

    fn take_ack(&mut self, ack: u32, now_ms: u64, pace: &mut Pace) {
        // What we never sent can't have arrived: such a number says nothing.
        if ack > self.acked && ack <= self.last_msg {
            self.acked = ack;
            let acked = self.pending.iter().filter(|pending| pending.msg <= ack);
            if let Some(sent_ms) = acked.rev().find_map(|pending| pending.schedule?.sent_once_ms()) {
                pace.took(now_ms.saturating_sub(sent_ms));
            }
            self.pending.retain(|pending| pending.msg > ack);
        }
    }

    fn deliver(&mut self) -> Vec<PairBody> {
        let mut ready = Vec::new();
        while let Some(body) = self.early.remove(&(self.delivered + 1)) {
            self.delivered += 1;
            if let PairBody::Description(part) = body {
                ready.extend(self.joiner.take(part).map(PairBody::Description));
            } else {
                ready.push(body);
            }
        }
        ready
    }

    /// How many of ours may be on their way: the other side keeps only so many that come early.
    fn in_reach(&self) -> usize {
        let last = self.acked.saturating_add(PAIR_AHEAD_MAX);
        self.pending.iter().take_while(|pending| pending.msg <= last).count()
    }

    /// Publishes what is due, sealed anew, and what is owed.
    pub(super) fn flush(&mut self, pace: &mut Pace, cx: &mut Cx<'_>) {
        let now_ms = cx.now_ms();
        let present = cx.world.has_subscriber(&self.mailbox);
        for place in 0..self.in_reach() {
            let Some(pending) = self.pending.get_mut(place) else { break };
            let schedule = pending.schedule.get_or_insert(Schedule::new(Plan::Acknowledged, now_ms));
            if schedule.expire(now_ms) {
                return self.give_up();
            }
            if !schedule.is_due(now_ms) {
                continue;
            }
            if !present {
                schedule.park();
                continue;
            }
            if place == 0 && schedule.was_sent_times(3) {
                pace.doubt();
            }
            schedule.sent(now_ms, *pace);
            let message = Message { body: Some(&pending.body), msg: pending.msg, ack: self.receiver.ack() };
            match pair_frame(&self.channel, self.tag, self.counter, message, None) {
                Ok(frame) => self.went(frame, cx),
                Err(_) => return self.give_up(),
            }
        }
        self.flush_debt(now_ms, present, cx);
    }

    fn flush_debt(&mut self, now_ms: u64, present: bool, cx: &mut Cx<'_>) {
        if self.debt == Debt::None {
            return;
        }
        if !present {
            self.debt = Debt::Parked;
            return;
        }
        if now_ms < self.may_ack_alone_ms() {
            return;
        }
        self.acked_alone_ms = Some(now_ms);
        let message = Message { body: None, msg: 0, ack: self.receiver.ack() };
        match pair_frame(&self.channel, self.tag, self.counter, message, None) {
            Ok(frame) => self.went(frame, cx),
            Err(_) => self.give_up(),
        }
    }

    fn may_ack_alone_ms(&self) -> u64 {
        self.acked_alone_ms.map_or(0, |last_ms| last_ms.saturating_add(ACK_GAP_MS))
    }

    /// A frame goes; every frame carries the acknowledgement.
    fn went(&mut self, frame: Vec<u8>, cx: &mut Cx<'_>) {
        self.counter += 1;
        self.debt = Debt::None;
        cx.publish(self.mailbox, frame);
    }

    fn give_up(&mut self) {
        self.broken = true;
        self.pending.clear();
        self.debt = Debt::None;
    }

    /// Somebody subscribes to a topic: what waited for that is due.
    pub(super) fn subscribed(&mut self, topic: &Topic) {
        if *topic != self.mailbox {
            return;
        }
        for schedule in self.pending.iter_mut().filter_map(|pending| pending.schedule.as_mut()) {
            schedule.wake();
        }
    }

    /// How many of ours wait for an acknowledgement; none if the pair is broken.
    pub(super) fn waiting(&self) -> Option<usize> {
        (!self.broken).then_some(self.pending.len())
    }

    /// Nothing of ours waits for an acknowledgement.
    pub(super) fn is_settled(&self) -> bool {
        self.pending.is_empty()
    }

    /// When it wants to be flushed.
    pub(super) fn next_ms(&self) -> Option<u64> {
        let in_reach = self.pending.iter().take(self.in_reach());
        let sends =
            in_reach.filter_map(|pending| pending.schedule.map_or(Some(0), |schedule| schedule.next_ms())).min();
        match self.debt {
            Debt::Ack => Some(sends.unwrap_or(u64::MAX).min(self.may_ack_alone_ms())),
            Debt::None | Debt::Parked => sends,
        }
    }
}

#[cfg(test)]
mod tests;
