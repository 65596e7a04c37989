//! The network of the tests: gossip in memory that loses, doubles, delays and reorders on request.

use std::collections::{BTreeMap, BTreeSet};

use ahoy_crypto::{Check, Secret};
use rand_core::Rng;

use super::node::{Node, Outside, START_S};
use crate::call::signal::CallInput;
use crate::ids::{CallId, Now};
use crate::inbound::{Sealed, Signal, receive};
use crate::session::{Cx, Delivery, Session, SessionEffect};
use crate::testing::{SeededRng, rng};
use crate::topic::Topic;
use crate::wire::bodies::{Format, InboxBody, Media, Offer, Purpose, Receipt};
use crate::wire::codec::AnyKind;

/// Places of the devices in a net.
pub(super) const A: usize = 0;
pub(super) const B: usize = 1;
pub(super) const C: usize = 2;

/// How bad the network is.
#[derive(Clone, Copy, Default)]
pub(super) struct Faults {
    /// Per cent of the deliveries that get lost.
    pub(super) lost: u32,
    /// Per cent of the deliveries that come twice.
    pub(super) doubled: u32,
    /// Longest delay, ms: whatever is sent within it may change its order.
    pub(super) late_ms: u64,
}

/// A published message.
#[derive(Clone)]
pub(super) struct Published {
    pub(super) at_ms: u64,
    pub(super) from: usize,
    pub(super) topic: Topic,
    pub(super) data: Vec<u8>,
}

/// Some devices and what is on its way between them.
pub(super) struct Net {
    pub(super) nodes: Vec<Node>,
    pub(super) now_ms: u64,
    pub(super) faults: Faults,
    /// Everything that was ever published.
    pub(super) published: Vec<Published>,
    /// Checks that refused something, with the device.
    pub(super) refused: Vec<(usize, Check)>,
    /// Deliveries by time and number: to whom, what.
    on_its_way: BTreeMap<(u64, u64), (usize, Topic, Vec<u8>)>,
    sent: u64,
    rng: SeededRng,
    subscribers: BTreeMap<Topic, BTreeSet<usize>>,
}

impl Net {
    /// Devices that all listen on their inboxes.
    pub(super) fn new(seed: &str, names: &[&str]) -> Self {
        let mut net = Self {
            nodes: names.iter().map(|name| Node::new(name)).collect(),
            now_ms: 0,
            faults: Faults::default(),
            published: Vec::new(),
            refused: Vec::new(),
            on_its_way: BTreeMap::new(),
            sent: 0,
            rng: rng(seed),
            subscribers: BTreeMap::new(),
        };
        for who in 0..names.len() {
            net.listen(who, net.inbox(who), true);
        }
        net
    }

    /// Two devices, Alice and Bob.
    pub(super) fn pair(seed: &str) -> Self {
        Self::new(seed, &["alice", "bob"])
    }

    pub(super) fn inbox(&self, who: usize) -> Topic {
        self.nodes[who].keys.card.at(START_S).topic
    }

    pub(super) fn now(&self) -> Now {
        Now { mono_ms: self.now_ms, unix_ms: START_S * 1_000 + self.now_ms }
    }

    /// Somebody subscribes to a topic, or no longer; everybody else hears of it.
    pub(super) fn listen(&mut self, who: usize, topic: Topic, on: bool) {
        let subscribers = self.subscribers.entry(topic).or_default();
        if on {
            subscribers.insert(who)
        } else {
            subscribers.remove(&who)
        };
        for other in 0..self.nodes.len() {
            let present = self.subscribers[&topic].iter().any(|subscriber| *subscriber != other);
            let known = &mut self.nodes[other].subscribed;
            if !present {
                known.remove(&topic);
            } else if known.insert(topic) {
                self.act(other, |session, cx| session.subscribed(&topic, cx));
            }
        }
    }

    /// Does something with a device's session, flushes it and carries out what comes out.
    pub(super) fn act<T>(&mut self, who: usize, act: impl FnOnce(&mut Session, &mut Cx<'_>) -> T) -> T {
        let (now, mut out) = (self.now(), Vec::new());
        let known = self.nodes.iter().filter(|node| !node.unknown);
        let cards: Vec<_> = known.map(|node| node.keys.card.clone()).collect();
        let Node { keys, session, subscribed, .. } = &mut self.nodes[who];
        let world = Outside { keys, cards: &cards, now_s: START_S, subscribed };
        let mut cx = Cx { now, rng: &mut self.rng, world: &world, out: &mut out };
        let result = act(session, &mut cx);
        session.flush(&mut cx);
        for effect in out {
            self.carry_out(who, effect);
        }
        result
    }

    fn carry_out(&mut self, who: usize, effect: SessionEffect) {
        match effect {
            SessionEffect::Subscribe(topic) => self.listen(who, topic, true),
            SessionEffect::Unsubscribe(topic) => self.listen(who, topic, false),
            SessionEffect::Publish { topic, data } => self.publish(who, topic, data),
            SessionEffect::Call(input) => {
                self.nodes[who].heard.push((self.now_ms, input.clone()));
                self.confirm_if_reached(who, &input);
            }
            SessionEffect::Linking(input) | SessionEffect::HandOff(input) => {
                self.confirm_if_reached(who, &input);
                self.nodes[who].linking.push(input);
            }
        }
    }

    fn confirm_if_reached(&mut self, who: usize, input: &CallInput) {
        if let CallInput::Reached { call, device } = *input
            && self.nodes[who].confirms
        {
            self.act(who, |session, _| session.confirm(call, device));
        }
    }

    /// Puts a message on its way to everybody who subscribes.
    pub(super) fn publish(&mut self, from: usize, topic: Topic, data: Vec<u8>) {
        assert!(data.len() <= 4096);
        self.published.push(Published { at_ms: self.now_ms, from, topic, data: data.clone() });
        let others: Vec<usize> = self.subscribers.get(&topic).into_iter().flatten().copied().collect();
        for to in others.into_iter().filter(|to| *to != from) {
            if self.rng.next_u32() % 100 < self.faults.lost {
                continue;
            }
            let copies = 1 + u32::from(self.rng.next_u32() % 100 < self.faults.doubled);
            for _ in 0..copies {
                let late_ms = self.rng.next_u64() % (self.faults.late_ms + 1);
                self.sent += 1;
                self.on_its_way.insert((self.now_ms + late_ms, self.sent), (to, topic, data.clone()));
            }
        }
    }

    /// Gives a device a message, whoever sent it.
    pub(super) fn hand_over(&mut self, to: usize, topic: Topic, data: &[u8]) -> Result<(), Check> {
        let now_s = self.now().unix_s();
        let held = self.nodes[to].held(&topic, START_S);
        match receive(topic, data, held)? {
            Sealed::Envelope(sealed) => {
                let node = &mut self.nodes[to];
                let verified = sealed.open(node)?.verify(node, now_s)?;
                self.envelope(to, verified);
                Ok(())
            }
            Sealed::Answer(sealed) => self.act(to, |session, cx| session.answered(&sealed, cx)),
            Sealed::Pair(frame) => self.act(to, |session, cx| session.pair_frame(&frame, cx)),
            Sealed::Call(frame) => self.act(to, |session, cx| session.call_frame(&frame, cx)),
        }
    }

    fn envelope(&mut self, to: usize, verified: crate::inbound::Verified) {
        let body = match &verified.signal {
            Signal::Offer(offer) => {
                let from = self.nodes[to].sender(&verified, offer.call);
                let offer = offer.clone();
                return self.act(to, |session, cx| session.offered(from, offer, verified.responder, cx));
            }
            Signal::Receipt(receipt) => {
                let (from, receipt) = (verified.device, receipt.clone());
                return self.act(to, |session, cx| {
                    session.receipt(from, &receipt, cx.now.mono_ms);
                });
            }
            Signal::Presence { body, .. } => InboxBody::Presence((**body).clone()),
            Signal::Request { body, .. } => InboxBody::Request((**body).clone()),
            Signal::Elsewhere(body) => InboxBody::Elsewhere((**body).clone()),
            Signal::Cancel { body, .. } => InboxBody::Cancel(*body),
            Signal::Missed(body) => InboxBody::Missed(*body),
            Signal::Contact(body) => InboxBody::Contact((**body).clone()),
            Signal::Devices(set) => {
                InboxBody::Devices(crate::wire::bodies::Devices { device_set: set.bytes().to_vec() })
            }
        };
        let id = match &body {
            InboxBody::Cancel(body) => body.call.0.to_vec(),
            InboxBody::Missed(body) => body.call.0.to_vec(),
            InboxBody::Elsewhere(body) => body.call.0.to_vec(),
            InboxBody::Offer(_)
            | InboxBody::Presence(_)
            | InboxBody::Request(_)
            | InboxBody::Receipt(_)
            | InboxBody::Devices(_)
            | InboxBody::Contact(_) => verified.hash.to_vec(),
        };
        let receipt = InboxBody::Receipt(Receipt { kind: body.kind(), id });
        self.nodes[to].letters.push((self.now_ms, body));
        if verified.wants_receipt && self.nodes[to].gives_receipts {
            self.act(to, |session, cx| session.send_inbox(verified.device, receipt, Delivery::default(), cx));
        }
    }

    /// Lets time pass until `until_ms`, with everything that happens on the way.
    pub(super) fn run_until(&mut self, until_ms: u64) {
        for _ in 0..200_000 {
            let timers = self.nodes.iter().map(|node| node.session.next_timer_ms()).collect::<Vec<_>>();
            let arrival = self.on_its_way.keys().next().map(|(at_ms, _)| *at_ms);
            let next = timers.iter().flatten().copied().chain(arrival).min();
            let Some(next_ms) = next.filter(|next_ms| *next_ms <= until_ms) else {
                self.now_ms = until_ms;
                return;
            };
            self.now_ms = self.now_ms.max(next_ms);
            if arrival.is_some_and(|at_ms| at_ms <= self.now_ms) {
                self.deliver_next();
                continue;
            }
            for (who, timer) in timers.into_iter().enumerate() {
                if timer.is_some_and(|timer_ms| timer_ms <= self.now_ms) {
                    self.act(who, |_, _| ());
                    let again = self.nodes[who].session.next_timer_ms();
                    assert!(again.is_none_or(|again_ms| again_ms > self.now_ms), "a timer that is never satisfied");
                }
            }
        }
        panic!("the net doesn't come to rest before {until_ms} ms");
    }

    fn deliver_next(&mut self) {
        if let Some((_, (to, topic, data))) = self.on_its_way.pop_first()
            && let Err(check) = self.hand_over(to, topic, &data)
        {
            self.refused.push((to, check));
        }
    }

    /// Nothing that is on its way arrives.
    pub(super) fn lose_everything(&mut self) {
        self.on_its_way.clear();
    }

    /// A ring offer between the first two devices.
    pub(super) fn offer(&mut self, number: u8, purpose: Purpose) -> Box<Offer> {
        let mut roster: Vec<_> = self.nodes.iter().map(Node::account).collect();
        roster.sort_unstable();
        Box::new(Offer {
            call: CallId([number; 16]),
            secret: Secret::new([number; 32]),
            purpose,
            ttl_s: 60,
            roster,
            media: Media::AUDIO,
            format: Some(Format { rate: 48_000, channels: 1, frame_ms: 20 }),
            ice_policy: 0,
            sas_commit: [0; 32],
            attempt: 0,
            epoch: 0,
            invite_policy: 0,
            context: None,
            epoch_secret: None,
            view: None,
            offerer: None,
            continues: None,
        })
    }

    /// `from` offers call `number` to `to`.
    pub(super) fn ring(&mut self, from: usize, to: usize, number: u8) -> CallId {
        let offer = self.offer(number, Purpose::Ring);
        self.start(from, to, offer)
    }

    /// `from` offers this to `to`.
    pub(super) fn start(&mut self, from: usize, to: usize, offer: Box<Offer>) -> CallId {
        let (id, account, device) = (offer.call, self.nodes[to].account(), self.nodes[to].device());
        self.act(from, |session, cx| session.start_offer(account, device, offer, cx));
        id
    }

    /// What a device's call core heard, without times.
    pub(super) fn heard(&self, who: usize) -> Vec<&CallInput> {
        self.nodes[who].heard.iter().map(|(_, input)| input).collect()
    }

    /// Times at which a device published on a topic.
    pub(super) fn times(&self, from: usize, topic: Topic) -> Vec<u64> {
        self.published.iter().filter(|p| p.from == from && p.topic == topic).map(|p| p.at_ms).collect()
    }

    /// Everything of a message type that a device published.
    pub(super) fn of_type(&self, from: usize, kind: u8) -> Vec<Published> {
        self.published.iter().filter(|p| p.from == from && p.data[1] == kind).cloned().collect()
    }
}
