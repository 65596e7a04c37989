//! A world of devices: perfect gossip and perfect media, and time that the test moves.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::way::Way;
use crate::call::effect::HistoryEntry;
use crate::call::signal::{LinkEnd, LinkEvent};
use crate::control::{CallState, ControlError, EventKind, Reply};
use crate::core::effect::{Effect, NetCommand, StoreCommand, Table};
use crate::core::input::{Command, Input, MessageRef, NetEvent, NetTicket};
use crate::core::{Core, Setup};
use crate::ids::{DeviceId, LinkId, Now, Ticket};
use crate::testing::{SeededRng, rng};
use crate::topic::Topic;

pub(super) const START_UNIX_MS: u64 = 1_800_000_000_000;

/// Where a node's address says it is, as a binary multiaddr of loopback and a port.
fn address(n: usize) -> Vec<u8> {
    let port = u16::try_from(4000 + n).unwrap().to_be_bytes();
    vec![4, 127, 0, 0, 1, 6, port[0], port[1]]
}

/// One device.
pub(super) struct Node {
    pub(super) core: Core,
    pub(super) random: SeededRng,
    pub(super) events: Vec<EventKind>,
    pub(super) replies: BTreeMap<Ticket, Result<Reply, ControlError>>,
    pub(super) rows: BTreeMap<(Table, Vec<u8>), Vec<u8>>,
    pub(super) history: usize,
    /// Everything the store was told, in order; what one input brings about is written as a whole or not at all.
    pub(super) written: Vec<Vec<StoreCommand>>,
    /// Every line of history that was written, in order.
    pub(super) lines: Vec<HistoryEntry>,
    pub(super) topics: BTreeSet<Topic>,
    pub(super) allowed: BTreeSet<DeviceId>,
    pub(super) microphone: bool,
    pub(super) sending: BTreeSet<LinkId>,
    pub(super) playing: BTreeSet<LinkId>,
    pub(super) links: BTreeMap<LinkId, Option<(usize, LinkId)>>,
    pub(super) up: bool,
}

/// All devices and what is between them.
pub(super) struct World {
    pub(super) nodes: Vec<Node>,
    pub(super) now_ms: u64,
    pub(super) connections: BTreeSet<(usize, usize)>,
    pub(super) inbox: VecDeque<(usize, Input)>,
    /// Everything that was published: by whom, where, what.
    pub(super) published: Vec<(usize, Topic, Vec<u8>)>,
    tickets: u64,
    /// Which nodes a media path exists to.
    pub(super) media: bool,
    /// Answers about messages do not get through.
    pub(super) cut: bool,
    /// How long gossip takes; none: it is there at once.
    pub(super) way: Option<Way>,
}

impl World {
    pub(super) fn new(names: &[&str]) -> Self {
        let mut world = Self {
            nodes: Vec::new(),
            now_ms: 1_000,
            connections: BTreeSet::new(),
            inbox: VecDeque::new(),
            published: Vec::new(),
            tickets: 0,
            media: true,
            cut: false,
            way: None,
        };
        for name in names {
            world.add(name, Vec::new());
        }
        world
    }

    fn add(&mut self, name: &str, rows: Vec<(Table, Vec<u8>, Vec<u8>)>) -> usize {
        let n = self.nodes.len();
        let (core, first, random) = self.start(name, rows);
        self.nodes.push(Node {
            core,
            random,
            events: Vec::new(),
            replies: BTreeMap::new(),
            rows: BTreeMap::new(),
            history: 0,
            written: Vec::new(),
            lines: Vec::new(),
            topics: BTreeSet::new(),
            allowed: BTreeSet::new(),
            microphone: false,
            sending: BTreeSet::new(),
            playing: BTreeSet::new(),
            links: BTreeMap::new(),
            up: true,
        });
        self.carry_out(n, first);
        self.input(n, Input::Net(NetEvent::Listening(vec![address(n)])));
        n
    }

    /// A core that starts from these rows, and its first effects.
    pub(super) fn starts(&self, name: &str, rows: Vec<(Table, Vec<u8>, Vec<u8>)>) -> (Core, Vec<Effect>) {
        let (core, first, _) = self.start(name, rows);
        (core, first)
    }

    /// Another device comes.
    pub(super) fn join(&mut self, name: &str) -> usize {
        self.add(name, Vec::new())
    }

    fn start(&self, name: &str, rows: Vec<(Table, Vec<u8>, Vec<u8>)>) -> (Core, Vec<Effect>, SeededRng) {
        let mut random = rng(&format!("{name} {}", self.now_ms));
        let setup = Setup { rows, name: Some(name.into()), loopback: true, ..Setup::default() };
        let (core, first) = Core::new(setup, self.now(), &mut random).unwrap();
        (core, first, random)
    }

    /// Kills a node and starts it again from what its store kept.
    pub(super) fn restart(&mut self, n: usize, name: &str) {
        self.kill(n);
        let rows = self.nodes[n].rows.iter().map(|((table, key), value)| (*table, key.clone(), value.clone()));
        let (core, first, random) = self.start(name, rows.collect());
        let node = &mut self.nodes[n];
        (node.core, node.random, node.up) = (core, random, true);
        self.carry_out(n, first);
        self.input(n, Input::Net(NetEvent::Listening(vec![address(n)])));
    }

    /// A node is gone at once: nobody is told anything by it.
    pub(super) fn kill(&mut self, n: usize) {
        self.nodes[n].up = false;
        let links: Vec<_> = self.nodes[n].links.values().flatten().copied().collect();
        for other in 0..self.nodes.len() {
            self.disconnect(n, other);
        }
        for (other, link) in links {
            self.nodes[other].links.remove(&link);
            self.inbox.push_back((other, Input::Link { link, event: LinkEvent::Closed(LinkEnd::Remote) }));
        }
        let node = &mut self.nodes[n];
        node.topics.clear();
        node.allowed.clear();
        node.links.clear();
        node.microphone = false;
        node.sending.clear();
        node.playing.clear();
        self.run();
    }

    pub(super) fn now(&self) -> Now {
        Now { mono_ms: self.now_ms, unix_ms: START_UNIX_MS + self.now_ms }
    }

    pub(super) fn device(&self, n: usize) -> DeviceId {
        self.nodes[n].core.device()
    }

    fn of_device(&self, device: DeviceId) -> Option<usize> {
        self.nodes.iter().position(|node| node.core.device() == device)
    }

    /// Gives an input to a node and lets the world run until nothing more happens at this time.
    pub(super) fn input(&mut self, n: usize, input: Input) {
        self.inbox.push_back((n, input));
        self.run();
    }

    pub(super) fn run(&mut self) {
        let mut steps = 0;
        while let Some((n, input)) = self.inbox.pop_front() {
            steps += 1;
            assert!(steps < 20_000, "the world doesn't come to rest");
            if !self.nodes[n].up {
                continue;
            }
            let now = self.now();
            let node = &mut self.nodes[n];
            let effects = node.core.handle(input, now, &mut node.random);
            self.carry_out(n, effects);
        }
    }

    /// Moves time, timer by timer.
    pub(super) fn pass(&mut self, ms: u64) {
        let until_ms = self.now_ms + ms;
        loop {
            let timers = self.nodes.iter().filter(|node| node.up).filter_map(|node| node.core.next_timer_ms());
            let arrives = self.way.as_ref().and_then(Way::next_ms);
            match timers.chain(arrives).min().filter(|at| *at <= until_ms) {
                Some(at) => self.now_ms = at.max(self.now_ms + 1).min(until_ms.max(self.now_ms + 1)),
                None => break,
            }
            if self.now_ms > until_ms {
                break;
            }
            self.arrive();
            for n in 0..self.nodes.len() {
                self.inbox.push_back((n, Input::Timer));
            }
            self.run();
        }
        self.now_ms = until_ms;
        for n in 0..self.nodes.len() {
            self.inbox.push_back((n, Input::Timer));
        }
        self.run();
    }

    /// Asks as a frontend and gives the answer.
    pub(super) fn ask(&mut self, n: usize, command: Command) -> Result<Reply, ControlError> {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.input(n, Input::Command { ticket, client: "test".into(), command });
        self.nodes[n].replies.remove(&ticket).expect("no reply came")
    }

    /// The newest question but so many could not be written down.
    pub(super) fn unwritten(&mut self, n: usize, but: u64) {
        let ticket = Ticket(self.tickets - but);
        self.input(n, Input::Unwritten { ticket });
    }

    pub(super) fn connect(&mut self, a: usize, b: usize) {
        if a == b || !self.nodes[a].up || !self.nodes[b].up || !self.connections.insert((a.min(b), a.max(b))) {
            return;
        }
        for (n, other) in [(a, b), (b, a)] {
            let device = self.device(other);
            let event = NetEvent::Connected { device, loopback: true, private: false };
            self.inbox.push_back((n, Input::Net(event)));
        }
        self.acquaint(a, b);
    }

    pub(super) fn disconnect(&mut self, a: usize, b: usize) {
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
    pub(super) fn gossip(&self, a: usize, b: usize) -> bool {
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
                self.inbox.push_back((n, Input::Net(NetEvent::Subscribed { device, topic })));
            }
        }
    }

    fn carry_out(&mut self, n: usize, effects: Vec<Effect>) {
        let written = effects.iter().filter_map(|effect| match effect {
            Effect::Store(command) => Some(command.clone()),
            Effect::Net(_) | Effect::Media(_) | Effect::Reply { .. } | Effect::Event(_) => None,
        });
        let written: Vec<_> = written.collect();
        if !written.is_empty() {
            self.nodes[n].written.push(written);
        }
        for effect in effects {
            match effect {
                Effect::Net(command) => self.net(n, command),
                Effect::Media(command) => self.media_command(n, command),
                Effect::Reply { ticket, result } => {
                    self.nodes[n].replies.insert(ticket, *result);
                }
                Effect::Event(event) => self.nodes[n].events.push(*event),
                Effect::Store(StoreCommand::Put { table: of, key, value }) => {
                    self.nodes[n].rows.insert((of, key), value);
                }
                Effect::Store(StoreCommand::Delete { table: of, key }) => {
                    self.nodes[n].rows.remove(&(of, key));
                }
                Effect::Store(StoreCommand::History(entry)) => {
                    self.nodes[n].history += 1;
                    self.nodes[n].lines.push(*entry);
                }
            }
        }
    }

    fn net(&mut self, n: usize, command: NetCommand) {
        let own = self.device(n);
        match command {
            NetCommand::Subscribe(topic) => self.tell_topic(n, topic, true),
            NetCommand::Unsubscribe(topic) => self.tell_topic(n, topic, false),
            NetCommand::Publish { topic, data } => self.publish(n, topic, data),
            NetCommand::Verdict { .. } => {}
            NetCommand::Connect { device, addresses } => match self.of_device(device) {
                Some(other) if self.nodes[other].up && addresses.contains(&address(other)) => self.connect(n, other),
                Some(_) | None => {
                    let tried = "/ip4/127.0.0.1/tcp/4000: refused".to_owned();
                    self.inbox.push_back((n, Input::Net(NetEvent::DialFailed { device, tried })));
                }
            },
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
                    self.inbox.push_back((other, Input::Net(event)));
                }
            }
            NetCommand::AskVoicemail { device, request } => self.ask_voicemail(n, device, request),
            NetCommand::AnswerVoicemail { ticket, answer, sound } => {
                let read = sound.and_then(|key| self.sound(n, key));
                self.answer_voicemail(n, ticket, read.or(answer));
            }
            NetCommand::AnswerPrekey { ticket, answer } => {
                let to = usize::try_from(ticket.0).unwrap();
                self.inbox.push_back((to, Input::Net(NetEvent::Prekey { device: own, answer })));
            }
        }
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
                self.inbox.push_back((other, Input::Net(event)));
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
    pub(super) fn deliver(&mut self, through: usize, to: usize, topic: Topic, data: Vec<u8>) {
        let message = MessageRef { id: vec![0; 20], through: self.device(through) };
        let input = Input::Sealed { topic, data, message };
        match &mut self.way {
            Some(way) => way.send(to, input, self.now_ms),
            None => self.inbox.push_back((to, input)),
        }
    }

    /// Every state of calls that a node's frontends were told, in order.
    pub(super) fn states(&self, n: usize) -> Vec<CallState> {
        let state = |event: &EventKind| {
            let EventKind::CallState { state, .. } = event else { return None };
            Some(*state)
        };
        self.nodes[n].events.iter().filter_map(state).collect()
    }

    /// The reason that a node's last ended call was given.
    pub(super) fn reason(&self, n: usize) -> Option<String> {
        let reason = |event: &EventKind| {
            let EventKind::CallState { state: CallState::Ended, reason, .. } = event else { return None };
            reason.clone()
        };
        self.nodes[n].events.iter().rev().find_map(reason)
    }

    pub(super) fn missed(&self, n: usize) -> usize {
        self.nodes[n].events.iter().filter(|event| matches!(event, EventKind::MissedCall { .. })).count()
    }
}
