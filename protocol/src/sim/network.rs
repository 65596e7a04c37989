//! What lies between the nodes: connections, gossip, prekey requests; and a network that a seed decides.

use std::collections::BTreeMap;

use super::dice::Dice;
use super::world::{World, address};
use crate::call::signal::LinkEvent;
use crate::core::effect::NetCommand;
use crate::core::input::{Input, MessageRef, NetEvent, NetTicket, Source};
use crate::ids::{DeviceId, LinkId};
use crate::limits::INTERRUPTED_MS;
use crate::topic::Topic;

/// What happens to everything that is sent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    /// One way, ms.
    pub(crate) delay_ms: u64,
    /// Up to so much is added to it, ms: messages overtake each other.
    pub(crate) jitter_ms: u64,
    /// So many of a hundred messages are lost.
    pub(crate) lost: u64,
    /// So many of a hundred arrive twice.
    pub(crate) doubled: u64,
    /// So many of a hundred come late.
    pub(crate) late: u64,
    /// By up to so much, ms.
    pub(crate) late_ms: u64,
}

/// The network between all nodes. Without faults it delivers at once, in order.
#[derive(Debug, Default)]
pub(crate) struct Network {
    faults: Option<(Faults, Dice)>,
    /// What is on its way, by time of arrival and order of sending.
    flying: BTreeMap<(u64, u64), (usize, Input)>,
    sent: u64,
    /// When the last message of a connection's own stream arrives at a node: subscriptions keep their order.
    streams: BTreeMap<(usize, usize), u64>,
    /// The two halves that don't hear each other: a node's bit is its half.
    parted: Option<u64>,
    /// What streams carry across the gap, once it is closed.
    held: Vec<(usize, usize, Input)>,
    /// Fresh dials that were wanted: when, by whom, and whether the connection there is was said to be dead.
    pub(crate) redials: Vec<(u64, usize, bool)>,
    /// Nodes that connect from a place of somebody else's choice.
    pub(crate) sources: BTreeMap<usize, u64>,
    /// Who wanted its connections looked at, and when.
    pub(crate) probes: Vec<(u64, usize)>,
}

impl Network {
    /// From now on messages suffer as the seed decides; what is on its way stays so.
    pub(crate) fn suffer(&mut self, faults: Faults, seed: u64) {
        self.faults = Some((faults, Dice::new(seed)));
    }

    pub(super) fn next_ms(&self) -> Option<u64> {
        self.flying.keys().next().map(|(at_ms, _)| *at_ms)
    }

    /// What has arrived, in order.
    pub(super) fn arrived(&mut self, now_ms: u64) -> Vec<(usize, Input)> {
        let later = self.flying.split_off(&(now_ms + 1, 0));
        std::mem::replace(&mut self.flying, later).into_values().collect()
    }

    /// A node is gone, and what was on its way to it.
    pub(super) fn gone(&mut self, n: usize) {
        self.flying.retain(|_, (to, _)| *to != n);
        self.held.retain(|(from, to, _)| *from != n && *to != n);
        self.streams.retain(|(from, to), _| *from != n && *to != n);
    }

    pub(super) fn parts(&self, a: usize, b: usize) -> bool {
        self.parted.is_some_and(|halves| (halves >> a) & 1 != (halves >> b) & 1)
    }
}

impl World {
    pub(crate) fn connect(&mut self, a: usize, b: usize) {
        if a == b || !self.nodes[a].up || !self.nodes[b].up || !self.connections.insert((a.min(b), a.max(b))) {
            return;
        }
        for (n, other) in [(a, b), (b, a)] {
            let device = self.device(other);
            let event = NetEvent::Connected { device, loopback: true, private: false, source: self.source(other) };
            self.inbox.push_back((n, Input::Net(event)));
        }
        self.acquaint(a, b);
    }

    /// Where a node is: all at their own places, unless a test says otherwise.
    fn source(&self, n: usize) -> Source {
        Source(self.network.sources.get(&n).copied().unwrap_or(u64::try_from(n).unwrap() + 1))
    }

    pub(crate) fn disconnect(&mut self, a: usize, b: usize) {
        if self.connections.remove(&(a.min(b), a.max(b))) {
            for (n, other) in [(a, b), (b, a)] {
                let device = self.device(other);
                self.inbox.push_back((n, Input::Net(NetEvent::Disconnected { device })));
            }
        }
    }

    fn are_connected(&self, a: usize, b: usize) -> bool {
        self.connections.contains(&(a.min(b), a.max(b)))
    }

    /// Two nodes speak gossip if both let the other.
    pub(crate) fn gossip(&self, a: usize, b: usize) -> bool {
        self.are_connected(a, b)
            && self.nodes[a].allowed.contains(&self.device(b))
            && self.nodes[b].allowed.contains(&self.device(a))
    }

    /// Both tell the other what they subscribe to.
    fn acquaint(&mut self, a: usize, b: usize) {
        if !self.gossip(a, b) {
            return;
        }
        for (n, other) in [(a, b), (b, a)] {
            let device = self.device(other);
            for topic in self.nodes[other].topics.clone() {
                self.stream(other, n, Input::Net(NetEvent::Subscribed { device, topic }));
            }
        }
    }

    /// A message that may be lost, come late or twice, and overtake others.
    pub(super) fn send(&mut self, from: usize, to: usize, input: Input) {
        if self.network.parts(from, to) {
            return;
        }
        let Some((faults, dice)) = &mut self.network.faults else {
            self.inbox.push_back((to, input));
            return;
        };
        let copies = if dice.hundred(faults.lost) { 0 } else { 1 + u64::from(dice.hundred(faults.doubled)) };
        let arrivals: Vec<u64> = (0..copies).map(|_| self.now_ms + faults.travel_ms(dice)).collect();
        for at_ms in arrivals {
            self.network.sent += 1;
            self.network.flying.insert((at_ms, self.network.sent), (to, input.clone()));
        }
    }

    /// Something happens at a node in a while, whatever the network does.
    fn later(&mut self, after_ms: u64, to: usize, input: Input) {
        self.network.sent += 1;
        self.network.flying.insert((self.now_ms + after_ms, self.network.sent), (to, input));
    }

    /// Nodes whose bits differ don't hear each other any more, by signals or media. Connections stand: nobody is told.
    pub(crate) fn part(&mut self, halves: u64) {
        self.network.parted = Some(halves);
        for (n, link) in self.parted_links() {
            self.later(INTERRUPTED_MS, n, Input::Link { link, event: LinkEvent::Interrupted });
        }
    }

    /// All hear each other again.
    pub(crate) fn heal(&mut self) {
        let links = self.parted_links();
        self.network.parted = None;
        for (n, link) in links {
            self.later(1, n, Input::Link { link, event: LinkEvent::Resumed });
        }
        for (from, to, input) in std::mem::take(&mut self.network.held) {
            self.stream(from, to, input);
        }
        self.first_audio();
    }

    /// Ends of links that the gap cuts.
    fn parted_links(&self) -> Vec<(usize, LinkId)> {
        let ends = self.nodes.iter().enumerate().flat_map(|(n, node)| {
            node.links.iter().filter_map(move |(link, other)| Some((n, *link, other.as_ref()?.0)))
        });
        ends.filter(|(n, _, other)| self.network.parts(*n, *other)).map(|(n, link, _)| (n, link)).collect()
    }

    /// What a connection's own stream carries: late, but each once and in order.
    pub(super) fn stream(&mut self, from: usize, to: usize, input: Input) {
        if self.network.parts(from, to) {
            self.network.held.push((from, to, input));
            return;
        }
        let Some((faults, dice)) = &mut self.network.faults else {
            self.inbox.push_back((to, input));
            return;
        };
        let at_ms = self.now_ms + faults.travel_ms(dice);
        let last_ms = self.network.streams.entry((from, to)).or_default();
        *last_ms = at_ms.max(*last_ms);
        self.network.sent += 1;
        self.network.flying.insert((*last_ms, self.network.sent), (to, input));
    }

    pub(super) fn net(&mut self, n: usize, command: NetCommand) {
        let own = self.device(n);
        match command {
            NetCommand::Subscribe(topic) => self.tell_topic(n, topic, true),
            NetCommand::Unsubscribe(topic) => self.tell_topic(n, topic, false),
            NetCommand::Publish { topic, data } => self.publish(n, topic, data),
            NetCommand::Verdict { .. } => {}
            NetCommand::Probe => self.network.probes.push((self.now_ms, n)),
            NetCommand::Connect { device, addresses } => {
                if !self.dial(n, device, &addresses) {
                    let tried = "/ip4/127.0.0.1/tcp/4000: refused".to_owned();
                    self.inbox.push_back((n, Input::Net(NetEvent::DialFailed { device, tried })));
                }
            }
            NetCommand::Redial { device, addresses, lost } => {
                self.network.redials.push((self.now_ms, n, lost));
                self.dial(n, device, &addresses);
            }
            NetCommand::Gossip { device, allowed } => {
                let node = &mut self.nodes[n];
                let changed = if allowed { node.allowed.insert(device) } else { node.allowed.remove(&device) };
                match self.of_device(device).filter(|_| changed) {
                    Some(other) if allowed => self.acquaint(n, other),
                    // The gate closes the connections of whoever may no longer speak gossip.
                    Some(other) => self.disconnect(n, other),
                    None => {}
                }
            }
            NetCommand::RequestPrekey { device, request } => {
                if let Some(other) = self.of_device(device).filter(|other| self.are_connected(n, *other)) {
                    let ticket = NetTicket(u64::try_from(n).unwrap());
                    let event = NetEvent::PrekeyRequest { device: own, request, ticket };
                    self.send(n, other, Input::Net(event));
                }
            }
            NetCommand::AskVoicemail { device, request } => self.ask_voicemail(n, device, request),
            NetCommand::AnswerVoicemail { ticket, answer, sound } => {
                let read = sound.and_then(|key| self.sound(n, key));
                self.answer_voicemail(n, ticket, read.or(answer));
            }
            NetCommand::AnswerPrekey { ticket, answer } => {
                let to = usize::try_from(ticket.0).unwrap();
                self.send(n, to, Input::Net(NetEvent::Prekey { device: own, answer }));
            }
        }
    }

    /// Whether the device is there, and known to be.
    fn dial(&mut self, n: usize, device: DeviceId, addresses: &[Vec<u8>]) -> bool {
        let reached = self.of_device(device).filter(|other| {
            self.nodes[*other].up && addresses.contains(&address(*other)) && !self.network.parts(n, *other)
        });
        if let Some(other) = reached {
            self.connect(n, other);
        }
        reached.is_some()
    }

    fn tell_topic(&mut self, n: usize, topic: Topic, subscribe: bool) {
        let device = self.device(n);
        let node = &mut self.nodes[n];
        if subscribe {
            node.topics.insert(topic)
        } else {
            node.topics.remove(&topic)
        };
        for other in 0..self.nodes.len() {
            if other != n && self.gossip(n, other) {
                let event = if subscribe {
                    NetEvent::Subscribed { device, topic }
                } else {
                    NetEvent::Unsubscribed { device, topic }
                };
                self.stream(n, other, Input::Net(event));
            }
        }
    }

    fn publish(&mut self, n: usize, topic: Topic, data: Vec<u8>) {
        assert!(data.len() <= 4096);
        self.published.push((n, topic, data.clone()));
        for other in 0..self.nodes.len() {
            if other != n && self.gossip(n, other) && self.nodes[other].topics.contains(&topic) {
                self.deliver(n, other, topic, data.clone());
            }
        }
    }

    /// A gossip message arrives, whoever made it.
    pub(crate) fn deliver(&mut self, sender: usize, to: usize, topic: Topic, data: Vec<u8>) {
        let message = MessageRef { id: vec![0; 20], through: self.device(sender) };
        self.send(sender, to, Input::Sealed { topic, data, message });
    }
}

impl Faults {
    fn travel_ms(&self, dice: &mut Dice) -> u64 {
        let late_ms = if dice.hundred(self.late) { dice.up_to(self.late_ms) } else { 0 };
        self.delay_ms + dice.up_to(self.jitter_ms) + late_ms
    }
}
