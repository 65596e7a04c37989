//! Several cores joined by a made-up session layer (`session`) and made-up links (`media`), in virtual time.

use std::collections::{BTreeMap, BTreeSet};

use rand_core::Rng;

use super::desk::{Desk, account, device};
use crate::call::Times;
use crate::call::effect::CallEffect;
use crate::call::signal::{CallInput, LinkEvent, Sender};
use crate::control::{CallState, Reply};
use crate::ids::{CallId, DeviceId, LinkId};
use crate::testing::{SeededRng, rng};
use crate::wire::bodies::Missed;

/// How the network behaves.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    /// One way, ms.
    pub(super) latency_ms: u64,
    /// Up to so much is added to each message, ms. Pair messages stay in order, as the session keeps them.
    pub(super) jitter_ms: u64,
    /// One in so many messages goes lost and comes by a resend 100..3000 ms later; 0: none.
    pub(super) resend_one_in: u32,
    /// Signals pass.
    pub(super) signals: bool,
    /// Media pass.
    pub(super) media: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { latency_ms: 10, jitter_ms: 0, resend_one_in: 0, signals: true, media: true }
    }
}

/// What is on its way.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// An input to a core.
    Input(Box<CallInput>),
    /// The answer to an offer of this node is back, unless the offer was stopped.
    Answered { call: CallId, device: DeviceId },
    /// 5 s after an offer came to this node: was it confirmed?
    ConfirmDue { call: CallId, device: DeviceId },
    /// A link of this node comes up, with its other end.
    Up(LinkId),
    /// 2 s without packets on a link of this node.
    Quiet(LinkId),
}

/// A device in the world.
pub(super) struct Node {
    pub(super) desk: Desk,
    pub(super) account: u8,
    pub(super) device: u8,
    /// It runs and has a network.
    pub(super) alive: bool,
}

/// A pair message that waits until signals pass again.
pub(super) struct Held {
    pub(super) call: CallId,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) input: CallInput,
    pub(super) until_ms: u64,
}

/// One end of a link.
#[derive(Default)]
pub(super) struct FakeLink {
    pub(super) remote: Option<(usize, LinkId)>,
    pub(super) up: bool,
    pub(super) ctl_open: bool,
    pub(super) quiet: bool,
    pub(super) send: bool,
    pub(super) play: bool,
    pub(super) heard: bool,
}

pub(super) struct World {
    pub(super) now_ms: u64,
    pub(super) rules: Rules,
    pub(super) nodes: Vec<Node>,
    queue: BTreeMap<(u64, u64), (usize, Event)>,
    sequence: u64,
    pub(super) rng: SeededRng,
    /// Offers that were stopped: (call, from, to).
    pub(super) stopped: BTreeSet<(CallId, usize, usize)>,
    /// Pairs whose confirm has arrived: (call, initiator, responder).
    pub(super) confirmed: BTreeSet<(CallId, usize, usize)>,
    /// When the last message between two nodes about a call arrives: order is kept.
    pub(super) order: BTreeMap<(CallId, usize, usize), u64>,
    /// Pair messages that wait for signals to pass.
    pub(super) held: Vec<Held>,
    /// Kind 8 for devices that are away.
    pub(super) kept: Vec<(usize, Sender, Missed)>,
    pub(super) links: BTreeMap<(usize, LinkId), FakeLink>,
}

impl World {
    /// Nodes are (account, device).
    pub(super) fn new(nodes: &[(u8, u8)], seed: &str) -> Self {
        Self::with(nodes, seed, Times::default())
    }

    pub(super) fn with(nodes: &[(u8, u8)], seed: &str, times: Times) -> Self {
        let node = |(account, device): &(u8, u8)| {
            let desk = Desk::of(*account, *device, times.clone());
            Node { desk, account: *account, device: *device, alive: true }
        };
        Self {
            now_ms: 1_000_000,
            rules: Rules::default(),
            nodes: nodes.iter().map(node).collect(),
            queue: BTreeMap::new(),
            sequence: 0,
            rng: rng(seed),
            stopped: BTreeSet::new(),
            confirmed: BTreeSet::new(),
            order: BTreeMap::new(),
            held: Vec::new(),
            kept: Vec::new(),
            links: BTreeMap::new(),
        }
    }

    /// Below `n`.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        if n == 0 { 0 } else { self.rng.next_u32() % n }
    }

    /// How long one message takes now.
    pub(super) fn travel_ms(&mut self) -> u64 {
        let rules = self.rules;
        let jitter = u64::from(self.below(u32::try_from(rules.jitter_ms + 1).unwrap()));
        let lost = rules.resend_one_in > 0 && self.below(rules.resend_one_in) == 0;
        let resend = if lost { 100 + u64::from(self.below(2_900)) } else { 0 };
        rules.latency_ms + jitter + resend
    }

    pub(super) fn at(&mut self, at_ms: u64, node: usize, event: Event) {
        self.sequence += 1;
        self.queue.insert((at_ms, self.sequence), (node, event));
    }

    /// The node with this device.
    pub(super) fn node_of(&self, device: DeviceId) -> Option<usize> {
        self.nodes.iter().position(|n| device == super::desk::device(n.device))
    }

    /// Gives a node an input now and carries out what it wants.
    pub(super) fn input(&mut self, node: usize, input: CallInput) {
        if !self.nodes[node].alive {
            return;
        }
        self.nodes[node].desk.set_clock(self.now_ms);
        let out = self.nodes[node].desk.input(input);
        self.carry_out(node, out);
    }

    pub(super) fn carry_out(&mut self, node: usize, effects: Vec<CallEffect>) {
        for effect in effects {
            self.session(node, &effect);
            self.media(node, &effect);
        }
    }

    fn happen(&mut self, node: usize, event: Event) {
        match event {
            Event::Input(input) => {
                if let CallInput::Confirmed { call, device } = input.as_ref() {
                    let from = self.node_of(*device).unwrap();
                    self.confirmed.insert((*call, from, node));
                }
                if let CallInput::Link { link, event: LinkEvent::Closed(_) } = input.as_ref() {
                    self.links.remove(&(node, *link));
                }
                self.input(node, *input);
            }
            Event::Answered { call, device } => {
                let to = self.node_of(device).unwrap();
                if !self.stopped.contains(&(call, node, to)) {
                    self.input(node, CallInput::Reached { call, device });
                }
            }
            Event::ConfirmDue { call, device } => {
                let from = self.node_of(device).unwrap();
                if !self.confirmed.contains(&(call, from, node)) {
                    self.input(node, CallInput::Unconfirmed { call, device });
                }
            }
            Event::Up(link) => self.link_comes_up(node, link),
            Event::Quiet(link) => self.link_is_quiet(node, link),
        }
    }

    /// The next thing that happens, if it does until then.
    fn step(&mut self, until_ms: u64) -> bool {
        let due = |n: &Node| n.desk.core.next_timer_ms().filter(|_| n.alive);
        let timer = self.nodes.iter().enumerate().filter_map(|(i, n)| due(n).map(|at| (at, i))).min();
        let event = self.queue.keys().next().copied();
        match (timer, event) {
            (Some((at, node)), event) if event.is_none_or(|(e, _)| at < e) => {
                if at > until_ms {
                    return false;
                }
                self.now_ms = self.now_ms.max(at);
                self.input(node, CallInput::Timer);
                let next = self.nodes[node].desk.core.next_timer_ms();
                assert!(next.is_none_or(|next| next > self.now_ms), "a timer that was served is due again");
                true
            }
            (_, Some(key)) if key.0 <= until_ms => {
                let (node, event) = self.queue.remove(&key).unwrap();
                self.now_ms = self.now_ms.max(key.0);
                self.happen(node, event);
                true
            }
            (_, Some(_) | None) => false,
        }
    }

    /// Lets time pass.
    pub(super) fn run(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        while self.step(end) {}
        self.now_ms = end;
        for node in &mut self.nodes {
            node.desk.set_clock(end);
        }
    }

    pub(super) fn command(&mut self, node: usize, command: crate::control::CallCommand) {
        self.input(node, CallInput::Command { ticket: crate::ids::Ticket(7), command });
    }

    /// One node calls all devices of another account.
    pub(super) fn dial(&mut self, from: usize, to_account: u8) -> CallId {
        self.tries_to_dial(from, to_account).expect("offered")
    }

    /// The same, if there is no call with that account.
    pub(super) fn tries_to_dial(&mut self, from: usize, to_account: u8) -> Option<CallId> {
        let devices = self.nodes.iter().filter(|n| n.account == to_account).map(|n| device(n.device)).collect();
        let before = self.nodes[from].desk.log.len();
        let to = vec![(account(to_account), devices)];
        self.command(from, crate::control::CallCommand::Offer { to, context: None, unproven: None });
        let offered = |effect: &CallEffect| {
            let CallEffect::Reply { result: Ok(Reply::Offered(offered)), .. } = effect else { return None };
            Some(super::desk::parse_call(&offered.call))
        };
        self.nodes[from].desk.log[before..].iter().find_map(offered)
    }

    pub(super) fn accept(&mut self, node: usize, call: CallId) {
        let in_call = crate::control::InCall::Hold;
        self.command(node, crate::control::CallCommand::Accept { call: Some(call), in_call });
    }

    pub(super) fn decline(&mut self, node: usize, call: CallId) {
        self.command(node, crate::control::CallCommand::Decline { call: Some(call) });
    }

    pub(super) fn hang_up(&mut self, node: usize, call: CallId) {
        self.command(node, crate::control::CallCommand::HangUp { call: Some(call) });
    }

    pub(super) fn state(&self, node: usize, call: CallId) -> Option<CallState> {
        self.nodes[node].desk.state(call)
    }

    /// How each node says that the call ended.
    pub(super) fn reasons(&self, call: CallId) -> Vec<Option<String>> {
        self.nodes.iter().map(|n| n.desk.reason(call)).collect()
    }

    /// A call from node 0 to node 1, talking.
    pub(super) fn talking(&mut self) -> CallId {
        let call = self.dial(0, self.nodes[1].account);
        self.run(500);
        self.accept(1, call);
        self.run(500);
        assert_eq!((self.state(0, call), self.state(1, call)), (Some(CallState::Active), Some(CallState::Active)));
        call
    }

    /// A node dies without a word: connections break, its media stop.
    pub(super) fn kill(&mut self, node: usize) {
        self.nodes[node].alive = false;
        let dead = device(self.nodes[node].device);
        for other in (0..self.nodes.len()).filter(|n| *n != node) {
            let gone = CallInput::Disconnected { device: dead };
            self.at(self.now_ms + 5, other, Event::Input(Box::new(gone)));
        }
        let links: Vec<_> = self.links.keys().filter(|(n, _)| *n == node).copied().collect();
        for (_, link) in links {
            self.links_end_dies(node, link);
        }
    }
}
