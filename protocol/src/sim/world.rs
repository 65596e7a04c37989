//! A world of devices, and time that the test moves. Its network and media are perfect until a test says otherwise.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::network::Network;
use crate::call::effect::HistoryEntry;
use crate::call::signal::{LinkEnd, LinkEvent};
use crate::control::{CallState, ControlError, EventKind, Reply};
use crate::core::effect::{Effect, StoreCommand, Table};
use crate::core::input::{Command, Input, NetEvent};
use crate::core::{Core, Setup};
use crate::ids::{DeviceId, LinkId, Now, Ticket};
use crate::testing::{SeededRng, rng};
use crate::topic::Topic;

pub(crate) const START_UNIX_MS: u64 = 1_800_000_000_000;

/// Where a node's address says it is, as a binary multiaddr of loopback and a port.
pub(crate) fn address(n: usize) -> Vec<u8> {
    let port = u16::try_from(4000 + n).unwrap().to_be_bytes();
    vec![4, 127, 0, 0, 1, 6, port[0], port[1]]
}

/// One device.
pub(crate) struct Node {
    pub(crate) core: Core,
    pub(crate) random: SeededRng,
    pub(crate) events: Vec<EventKind>,
    pub(crate) replies: BTreeMap<Ticket, Result<Reply, ControlError>>,
    pub(crate) rows: BTreeMap<(Table, Vec<u8>), Vec<u8>>,
    pub(crate) history: usize,
    /// Everything the store was told, in order; what one input brings about is written as a whole or not at all.
    pub(crate) written: Vec<Vec<StoreCommand>>,
    /// Every line of history that was written, in order.
    pub(crate) lines: Vec<HistoryEntry>,
    pub(crate) topics: BTreeSet<Topic>,
    pub(crate) allowed: BTreeSet<DeviceId>,
    pub(crate) microphone: bool,
    pub(crate) sending: BTreeSet<LinkId>,
    pub(crate) playing: BTreeSet<LinkId>,
    pub(crate) links: BTreeMap<LinkId, Option<(usize, LinkId)>>,
    pub(crate) up: bool,
    /// How far its wall clock is ahead of the world's, ms.
    pub(crate) skew_ms: i64,
}

/// Rows of a node's store.
pub(crate) type Rows = Vec<(Table, Vec<u8>, Vec<u8>)>;

/// All devices and what is between them.
pub(crate) struct World {
    pub(crate) nodes: Vec<Node>,
    pub(crate) now_ms: u64,
    pub(crate) connections: BTreeSet<(usize, usize)>,
    pub(crate) inbox: VecDeque<(usize, Input)>,
    /// Everything that was published: by whom, where, what.
    pub(crate) published: Vec<(usize, Topic, Vec<u8>)>,
    tickets: u64,
    /// A media path exists.
    pub(crate) media: bool,
    /// Answers about messages do not get through.
    pub(crate) cut: bool,
    /// What the network does to what is sent; perfect at first.
    pub(crate) network: Network,
}

impl World {
    pub(crate) fn new(names: &[&str]) -> Self {
        let mut world = Self {
            nodes: Vec::new(),
            now_ms: 1_000,
            connections: BTreeSet::new(),
            inbox: VecDeque::new(),
            published: Vec::new(),
            tickets: 0,
            media: true,
            cut: false,
            network: Network::default(),
        };
        for name in names {
            world.add(name, Vec::new());
        }
        world
    }

    /// Nodes that start with what their stores hold.
    pub(crate) fn of(nodes: &[(&str, Rows)]) -> Self {
        let mut world = Self::new(&[]);
        for (name, rows) in nodes {
            let n = world.add(name, rows.clone());
            let kept = rows.iter().map(|(of, key, value)| ((*of, key.clone()), value.clone()));
            world.nodes[n].rows.extend(kept);
        }
        world
    }

    fn add(&mut self, name: &str, rows: Rows) -> usize {
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
            skew_ms: 0,
        });
        self.carry_out(n, first);
        self.input(n, Input::Net(NetEvent::Listening(vec![address(n)])));
        n
    }

    /// Another device comes.
    pub(crate) fn join(&mut self, name: &str) -> usize {
        self.add(name, Vec::new())
    }

    /// A core that starts from these rows, and its first effects.
    pub(crate) fn starts(&self, name: &str, rows: Rows) -> (Core, Vec<Effect>) {
        let (core, first, _) = self.start(name, rows);
        (core, first)
    }

    fn start(&self, name: &str, rows: Rows) -> (Core, Vec<Effect>, SeededRng) {
        let mut random = rng(&format!("{name} {}", self.now_ms));
        let setup = Setup { rows, name: Some(name.into()), loopback: true, ..Setup::default() };
        let (core, first) = Core::new(setup, self.now(), &mut random).unwrap();
        (core, first, random)
    }

    /// Kills a node and starts it again from what its store kept.
    pub(crate) fn restart(&mut self, n: usize, name: &str) {
        self.kill(n);
        let (core, first, random) = self.start(name, self.rows(n));
        let node = &mut self.nodes[n];
        (node.core, node.random, node.up) = (core, random, true);
        self.carry_out(n, first);
        self.input(n, Input::Net(NetEvent::Listening(vec![address(n)])));
    }

    /// What a node's store holds.
    pub(crate) fn rows(&self, n: usize) -> Rows {
        self.nodes[n].rows.iter().map(|((of, key), value)| (*of, key.clone(), value.clone())).collect()
    }

    /// A node is gone at once: nobody is told anything by it.
    pub(crate) fn kill(&mut self, n: usize) {
        self.nodes[n].up = false;
        let links: Vec<_> = self.nodes[n].links.values().flatten().copied().collect();
        for other in 0..self.nodes.len() {
            self.disconnect(n, other);
        }
        for (other, link) in links {
            self.nodes[other].links.remove(&link);
            self.inbox.push_back((other, Input::Link { link, event: LinkEvent::Closed(LinkEnd::Remote) }));
        }
        self.network.gone(n);
        let node = &mut self.nodes[n];
        node.topics.clear();
        node.allowed.clear();
        node.links.clear();
        node.microphone = false;
        node.sending.clear();
        node.playing.clear();
        self.run();
    }

    pub(crate) fn now(&self) -> Now {
        Now { mono_ms: self.now_ms, unix_ms: START_UNIX_MS + self.now_ms }
    }

    /// The time as a node's clocks have it.
    fn now_of(&self, n: usize) -> Now {
        let now = self.now();
        Now { unix_ms: now.unix_ms.saturating_add_signed(self.nodes[n].skew_ms), ..now }
    }

    pub(crate) fn device(&self, n: usize) -> DeviceId {
        self.nodes[n].core.device()
    }

    pub(crate) fn of_device(&self, device: DeviceId) -> Option<usize> {
        self.nodes.iter().position(|node| node.core.device() == device)
    }

    /// Gives an input to a node and lets the world run until nothing more happens at this time.
    pub(crate) fn input(&mut self, n: usize, input: Input) {
        self.inbox.push_back((n, input));
        self.run();
    }

    pub(crate) fn run(&mut self) {
        let mut steps = 0;
        while let Some((n, input)) = self.inbox.pop_front() {
            steps += 1;
            assert!(steps < 20_000, "the world doesn't come to rest");
            if !self.nodes[n].up {
                continue;
            }
            let now = self.now_of(n);
            let node = &mut self.nodes[n];
            let effects = node.core.handle(input, now, &mut node.random);
            self.carry_out(n, effects);
        }
    }

    /// The next time at which something happens by itself.
    fn next_ms(&self) -> Option<u64> {
        let timers = self.nodes.iter().filter(|node| node.up).filter_map(|node| node.core.next_timer_ms());
        timers.chain(self.network.next_ms()).min()
    }

    /// Moves time, from one thing that happens to the next.
    pub(crate) fn pass(&mut self, ms: u64) {
        let until_ms = self.now_ms + ms;
        while self.now_ms < until_ms && self.step(until_ms) {}
        self.now_ms = until_ms;
        for n in 0..self.nodes.len() {
            self.inbox.push_back((n, Input::Timer));
        }
        self.run();
    }

    /// Moves time until something is so, for at most so long; whether it is.
    pub(crate) fn pass_until(&mut self, ms: u64, is_so: impl Fn(&World) -> bool) -> bool {
        let until_ms = self.now_ms + ms;
        while !is_so(self) {
            if !self.step(until_ms) {
                self.now_ms = until_ms;
                return is_so(self);
            }
        }
        true
    }

    /// Goes to the next time at which something happens, if it is not after `until_ms`.
    fn step(&mut self, until_ms: u64) -> bool {
        let Some(at_ms) = self.next_ms().map(|at_ms| at_ms.max(self.now_ms + 1)).filter(|at_ms| *at_ms <= until_ms)
        else {
            return false;
        };
        self.now_ms = at_ms;
        let arrived = self.network.arrived(at_ms);
        self.inbox.extend(arrived);
        for (n, node) in self.nodes.iter().enumerate() {
            if node.up && node.core.next_timer_ms().is_some_and(|due_ms| due_ms <= at_ms) {
                self.inbox.push_back((n, Input::Timer));
            }
        }
        self.run();
        true
    }

    /// Asks as a frontend and gives the answer.
    pub(crate) fn ask(&mut self, n: usize, command: Command) -> Result<Reply, ControlError> {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.input(n, Input::Command { ticket, client: "test".into(), command });
        self.nodes[n].replies.remove(&ticket).expect("no reply came")
    }

    /// The newest question but so many could not be written down.
    pub(crate) fn unwritten(&mut self, n: usize, but: u64) {
        let ticket = Ticket(self.tickets - but);
        self.input(n, Input::Unwritten { ticket });
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
                Effect::Store(StoreCommand::ForgetHistory) => {
                    self.nodes[n].history = 0;
                    self.nodes[n].lines.clear();
                }
                Effect::Store(StoreCommand::History(entry)) => {
                    self.nodes[n].history += 1;
                    self.nodes[n].lines.push(*entry);
                }
            }
        }
    }

    /// Every state of calls that a node's frontends were told, in order.
    pub(crate) fn states(&self, n: usize) -> Vec<CallState> {
        let state = |event: &EventKind| {
            let EventKind::CallState { state, .. } = event else { return None };
            Some(*state)
        };
        self.nodes[n].events.iter().filter_map(state).collect()
    }

    /// The reason that a node's last ended call was given.
    pub(crate) fn reason(&self, n: usize) -> Option<String> {
        let reason = |event: &EventKind| {
            let EventKind::CallState { state: CallState::Ended, reason, .. } = event else { return None };
            reason.clone()
        };
        self.nodes[n].events.iter().rev().find_map(reason)
    }

    pub(crate) fn missed(&self, n: usize) -> usize {
        self.nodes[n].events.iter().filter(|event| matches!(event, EventKind::MissedCall { .. })).count()
    }
}
