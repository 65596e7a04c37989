//! What can happen next, and what must hold then.

use std::sync::Arc;

use stateright::{Model, Property};

use super::node::{Node, Steps};
use super::state::{Left, Session, State};
use super::watch::Broken;
use crate::call::rules::Rule;
use crate::call::signal::{CallInput, ContactPolicy};
use crate::call::{CallCore, Times};
use crate::control::{CallCommand, CallState, InCall};
use crate::ids::{AccountId, CallId, Ticket};

/// Who there is and what may happen.
pub(crate) struct Scene {
    /// The account of each device; the first one calls the second one's.
    pub(crate) accounts: Vec<u8>,
    /// What everybody allows everybody.
    pub(crate) policy: ContactPolicy,
    /// What may go wrong.
    pub(crate) left: Left,
    /// Media are made: descriptions, candidates, links, sound.
    pub(crate) links: bool,
    /// Call frames arrive.
    pub(crate) frames: bool,
    /// Pair messages overtake each other.
    pub(crate) leaps: bool,
    /// Both call each other.
    pub(crate) crossing: bool,
    /// The last one, of an account of its own, calls the second one.
    pub(crate) waiting: bool,
    /// The exploration begins where two talk, not where one is offered a call.
    pub(crate) talking: bool,
    /// People do no more than switch their microphones.
    pub(crate) stay: bool,
    /// The rule that the cores break.
    pub(crate) broken: Option<Rule>,
    /// Steps that were computed.
    pub(crate) steps: Arc<Steps>,
}

impl Scene {
    /// One device each of two people, or two of the callee; nothing goes wrong.
    pub(crate) fn new(accounts: &[u8]) -> Self {
        Self {
            accounts: accounts.to_vec(),
            policy: ContactPolicy::default(),
            left: Left::default(),
            links: true,
            frames: false,
            leaps: false,
            crossing: false,
            waiting: false,
            talking: false,
            stay: false,
            broken: None,
            steps: Arc::default(),
        }
    }

    pub(super) fn account(&self, n: usize) -> AccountId {
        AccountId([self.accounts[n]; 32])
    }

    /// Another device of the same account.
    fn twin(&self, n: usize) -> Option<usize> {
        (0..self.accounts.len()).find(|other| *other != n && self.accounts[*other] == self.accounts[n])
    }
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A loose message arrives.
    Deliver(u64),
    /// It arrives, and will again.
    Double(u64),
    /// It is lost.
    Lose(u64),
    /// The next message of a pair arrives.
    Pair(usize, usize),
    /// The one after it arrives first.
    Leap(usize, usize),
    /// All that is on its way in a pair is lost.
    Cut(usize, usize),
    /// Somebody does something; what was active is held, or ends.
    Accept(usize, CallId, InCall),
    /// Somebody does something.
    Decline(usize, CallId),
    /// Somebody does something.
    HangUp(usize, CallId),
    /// Somebody holds a call, or resumes it.
    Hold(usize, CallId, bool),
    /// Somebody asks another device of theirs to take a call over.
    HandOff(usize, CallId),
    /// Somebody switches their microphone.
    Mute(usize, bool),
    /// Time passes, ms.
    Pass(u64),
    /// Two devices lose their connection.
    Break(usize, usize),
}

impl Scene {
    fn people(&self, state: &State, actions: &mut Vec<Action>) {
        for n in 0..state.nodes.len() {
            for (id, info) in &state.nodes[n].calls {
                let (id, may) = (*id, state.acted >> n & 1 == 0);
                match info.state {
                    CallState::Incoming if may => {
                        actions.extend([Action::Accept(n, id, InCall::Hold), Action::Decline(n, id)]);
                        actions.extend(self.waiting.then_some(Action::Accept(n, id, InCall::End)));
                    }
                    CallState::Ending | CallState::Ended | CallState::Incoming => {}
                    CallState::Dialing
                    | CallState::Ringing
                    | CallState::Connecting
                    | CallState::Active
                    | CallState::Reconnecting
                    | CallState::Held => {
                        if state.acted >> (8 + n) & 1 == 0 {
                            actions.push(Action::HangUp(n, id));
                        }
                        if state.left.hand_offs > 0 && info.state == CallState::Active && self.twin(n).is_some() {
                            actions.push(Action::HandOff(n, id));
                        }
                        if state.left.mutes > 0 {
                            actions.push(Action::Mute(n, !state.nodes[n].core.muted()));
                        }
                        if state.left.holds > 0 && matches!(info.state, CallState::Active | CallState::Held) {
                            actions.push(Action::Hold(n, id, info.state == CallState::Active));
                        }
                    }
                }
            }
        }
    }

    fn network(&self, state: &State, actions: &mut Vec<Action>) {
        let mut before = None;
        for flying in &state.loose {
            // Equal messages are one choice.
            if before.replace(flying.digest) == Some(flying.digest) {
                continue;
            }
            actions.push(Action::Deliver(flying.digest));
            if !flying.engine && state.left.doubles > 0 {
                actions.push(Action::Double(flying.digest));
            }
            if !flying.engine && state.left.losses > 0 {
                actions.push(Action::Lose(flying.digest));
            }
        }
        for ((from, to), queue) in &state.pairs {
            actions.push(Action::Pair(*from, *to));
            if queue.len() > 1 && state.left.leaps > 0 {
                actions.push(Action::Leap(*from, *to));
            }
            if state.left.losses > 0 {
                actions.push(Action::Cut(*from, *to));
            }
        }
        if state.left.breaks > 0 {
            actions.extend((1..state.nodes.len()).map(|n| Action::Break(0, n)));
        }
        actions.extend((state.left.shorts > 0).then_some(Action::Pass(6_000)));
        actions.extend((state.left.longs > 0).then_some(Action::Pass(61_000)));
    }

    fn command(&self, state: &mut State, n: usize, command: CallCommand) {
        self.feed(state, n, CallInput::Command { ticket: Ticket(7), command });
    }

    /// Time passes: what the session layer notices, and every timer.
    pub(super) fn pass(&self, state: &mut State, ms: u64) {
        state.clock_ms += ms;
        for ((call, from, to), since_ms) in state.session.waiting.clone() {
            if state.clock_ms >= since_ms + 5_000 && !state.session.questions.contains(&call) {
                self.feed(state, to, CallInput::Unconfirmed { call, device: self.device(from) });
            }
            if state.clock_ms > since_ms + 60_000 {
                state.session.waiting.remove(&(call, from, to));
            }
        }
        if ms > 60_000 {
            for (call, from, to) in std::mem::take(&mut state.session.offering) {
                self.hear(state, from, CallInput::OfferExpired { call, device: self.device(to) });
            }
        }
        for n in 0..state.nodes.len() {
            while state.nodes[n].core.next_timer_ms().is_some_and(|at_ms| at_ms <= state.clock_ms) {
                self.feed(state, n, CallInput::Timer);
            }
        }
    }

    /// Does it; nothing if it can't be done.
    pub(super) fn act(&self, state: &mut State, action: &Action) -> Option<()> {
        let place = |state: &State, digest: u64| state.loose.iter().position(|flying| flying.digest == digest);
        match action {
            Action::Deliver(digest) => {
                let at = place(state, *digest)?;
                let flying = state.loose.remove(at);
                self.arrive(state, &flying);
            }
            Action::Double(digest) => {
                let flying = state.loose[place(state, *digest)?].clone();
                state.left.doubles -= 1;
                self.arrive(state, &flying);
            }
            Action::Lose(digest) => {
                let at = place(state, *digest)?;
                state.loose.remove(at);
                state.left.losses -= 1;
                state.spoiled = true;
            }
            Action::Pair(from, to) => self.next_of_pair(state, (*from, *to), 0)?,
            Action::Leap(from, to) => {
                state.left.leaps -= 1;
                self.next_of_pair(state, (*from, *to), 1)?;
            }
            Action::Cut(from, to) => {
                state.pairs.remove(&(*from, *to));
                state.left.losses -= 1;
                state.spoiled = true;
            }
            Action::Accept(n, ..) | Action::Decline(n, _) => {
                state.acted |= 1 << n;
                self.person(state, action);
            }
            Action::HangUp(n, _) => {
                state.acted |= 1 << (8 + n);
                self.person(state, action);
            }
            Action::Hold(..) => self.spends(state, action, |left| &mut left.holds),
            Action::HandOff(..) => self.spends(state, action, |left| &mut left.hand_offs),
            Action::Mute(..) => self.spends(state, action, |left| &mut left.mutes),
            Action::Pass(ms) => {
                let left = if *ms > 60_000 { &mut state.left.longs } else { &mut state.left.shorts };
                *left -= 1;
                state.spoiled = true;
                self.pass(state, *ms);
            }
            Action::Break(a, b) => {
                state.left.breaks -= 1;
                state.spoiled = true;
                self.feed(state, *a, CallInput::Disconnected { device: self.device(*b) });
                self.feed(state, *b, CallInput::Disconnected { device: self.device(*a) });
            }
        }
        state.tidy();
        Some(())
    }

    /// A person does what may be done so often.
    fn spends(&self, state: &mut State, action: &Action, left: fn(&mut Left) -> &mut u8) {
        *left(&mut state.left) -= 1;
        self.person(state, action);
    }

    /// What a person does.
    fn person(&self, state: &mut State, action: &Action) {
        let (n, command) = match action {
            Action::Accept(n, call, in_call) => (n, CallCommand::Accept { call: Some(*call), in_call: *in_call }),
            Action::Hold(n, call, true) => (n, CallCommand::Hold { call: Some(*call) }),
            Action::Hold(n, call, false) => (n, CallCommand::Resume { call: Some(*call) }),
            Action::HandOff(n, call) => {
                let Some(other) = self.twin(*n) else { return };
                (n, CallCommand::HandOff { call: Some(*call), device: self.device(other) })
            }
            Action::Decline(n, call) => (n, CallCommand::Decline { call: Some(*call) }),
            Action::HangUp(n, call) => (n, CallCommand::HangUp { call: Some(*call) }),
            Action::Mute(n, true) => (n, CallCommand::Mute { call: None }),
            Action::Mute(n, false) => (n, CallCommand::Unmute { call: None }),
            Action::Deliver(_)
            | Action::Double(_)
            | Action::Lose(_)
            | Action::Pair(..)
            | Action::Leap(..)
            | Action::Cut(..)
            | Action::Pass(_)
            | Action::Break(..) => return,
        };
        self.command(state, *n, command);
    }

    /// Nothing goes wrong until both talk.
    fn talk(&self, state: &mut State) {
        self.deliver_all(state);
        let rings = state.nodes[1].calls[0].0;
        self.act(state, &Action::Accept(1, rings, InCall::Hold));
        self.deliver_all(state);
        assert!(state.nodes.iter().take(2).all(|node| node.calls[0].1.state == CallState::Active), "they don't talk");
    }

    fn next_of_pair(&self, state: &mut State, pair: (usize, usize), at: usize) -> Option<()> {
        let flying = state.pairs.get_mut(&pair)?.remove(at);
        self.arrive(state, &flying);
        Some(())
    }
}

impl Model for Scene {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let core = |n: usize| {
            let mut core = CallCore::new(self.account(n), self.device(n), Times::default());
            for other in 0..self.accounts.len() {
                core.set_policy(self.account(other), self.policy);
            }
            Node::new(core)
        };
        let mut state = State {
            nodes: (0..self.accounts.len()).map(core).collect(),
            clock_ms: 1_000_000,
            loose: Vec::new(),
            pairs: std::collections::BTreeMap::new(),
            ends: std::collections::BTreeMap::new(),
            session: Session::default(),
            left: self.left,
            acted: 0,
            spoiled: false,
        };
        let devices = (0..self.accounts.len()).filter(|n| self.accounts[*n] == self.accounts[1]);
        let to = vec![(self.account(1), devices.map(|n| self.device(n)).collect())];
        self.command(&mut state, 0, CallCommand::Offer { to, context: None, unproven: None });
        if self.talking {
            self.talk(&mut state);
        }
        if self.crossing {
            let to = vec![(self.account(0), vec![self.device(0)])];
            self.command(&mut state, 1, CallCommand::Offer { to, context: None, unproven: None });
        }
        if self.waiting {
            // Whoever is to be displaced stays.
            state.acted = 1 << 8;
            let to = vec![(self.account(1), vec![self.device(1)])];
            self.command(&mut state, self.accounts.len() - 1, CallCommand::Offer { to, context: None, unproven: None });
        }
        state.acted |= if self.stay { u32::MAX } else { 0 };
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.people(state, actions);
        self.network(state, actions);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        self.act(&mut state, &action)?;
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("sound needs accept and confirm", |m: &Self, s| m.holds(s, Broken::OpensWithoutAccept)),
            Property::always("ringing needs a confirm", |m: &Self, s| m.holds(s, Broken::RingsWithoutConfirm)),
            Property::always("policy holds back addresses", |m: &Self, s| m.holds(s, Broken::ConnectsBeforeAccept)),
            Property::always("shown mute is heard mute", |m: &Self, s| m.holds(s, Broken::ShownMuteIsNotHeard)),
            Property::always("a call ends once", |m: &Self, s| m.holds(s, Broken::EndsTwice)),
            Property::always("only cleanup after an end", |m: &Self, s| m.holds(s, Broken::ActsAfterEnd)),
            Property::always("outsiders change nothing", |m: &Self, s| m.holds(s, Broken::OutsiderCounts)),
            Property::always("both sides agree", |m: &Self, s| m.holds(s, Broken::Disagree)),
            Property::always("who cross get one call", |m: &Self, s| m.holds(s, Broken::CrossingPrompts)),
            Property::always("held is silent", |m: &Self, s| m.holds(s, Broken::HeldIsHeard)),
            Property::always("nothing hangs", |m: &Self, s| m.holds(s, Broken::Hangs)),
            Property::sometimes("people talk", |_: &Self, s: &State| {
                s.nodes.iter().take(2).all(|n| n.calls.iter().any(|(_, info)| info.state == CallState::Active))
            }),
        ]
    }
}
