//! The whole of an exploration at one moment: devices, what is on its way between them, links, and what may still go wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::node::{Node, digest};
use crate::call::signal::CallInput;
use crate::ids::{CallId, LinkId};

/// On its way to a device.
#[derive(Clone, Debug)]
pub(super) struct Flying {
    pub(super) from: usize,
    pub(super) to: usize,
    /// It comes from the device's own media engine: each once, never lost.
    pub(super) engine: bool,
    pub(super) input: Arc<CallInput>,
    /// Of all the others.
    pub(super) digest: u64,
}

impl Flying {
    pub(super) fn new(from: usize, to: usize, engine: bool, input: CallInput) -> Self {
        let digest = digest(&(from, to, engine, &input));
        Self { from, to, engine, input: Arc::new(input), digest }
    }
}

/// One end of a link.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct End {
    pub(super) remote: Option<(usize, LinkId)>,
    pub(super) up: bool,
    pub(super) send: bool,
    pub(super) play: bool,
    pub(super) heard: bool,
}

/// What the session layer keeps of a call and two devices.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Session {
    /// Offers under way: (call, from, to).
    pub(super) offering: BTreeSet<(CallId, usize, usize)>,
    /// Offers that came and were not confirmed: when.
    pub(super) waiting: BTreeMap<(CallId, usize, usize), u64>,
    /// Pairs with a confirm that came.
    pub(super) pairs: BTreeSet<(CallId, usize, usize)>,
    /// Calls that a device has forgotten, and when.
    pub(super) forgotten: BTreeMap<(usize, CallId), u64>,
    /// Ids of questions whether another device takes over a call.
    pub(super) questions: BTreeSet<CallId>,
}

/// How often the network, time and people may still act.
#[derive(Clone, Copy, Debug, Default, Hash, PartialEq, Eq)]
pub(crate) struct Left {
    /// Messages that may be lost.
    pub(crate) losses: u8,
    /// Messages that may come twice.
    pub(crate) doubles: u8,
    /// Pair messages that may overtake the one before: more than the session layer allows.
    pub(crate) leaps: u8,
    /// Times that 6 s pass.
    pub(crate) shorts: u8,
    /// Times that 61 s pass.
    pub(crate) longs: u8,
    /// Connections that may break.
    pub(crate) breaks: u8,
    /// Switches of the microphone.
    pub(crate) mutes: u8,
    /// Calls that are held or resumed.
    pub(crate) holds: u8,
    /// Calls that are offered to another device of the same account.
    pub(crate) hand_offs: u8,
}

/// Everything.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(super) nodes: Vec<Arc<Node>>,
    pub(super) clock_ms: u64,
    /// In any order.
    pub(super) loose: Vec<Flying>,
    /// In order, by pair.
    pub(super) pairs: BTreeMap<(usize, usize), Vec<Flying>>,
    pub(super) ends: BTreeMap<(usize, LinkId), End>,
    pub(super) session: Session,
    pub(super) left: Left,
    /// People who have accepted, declined or hung up, by bit.
    pub(super) acted: u32,
    /// Something was lost, or time passed: what was said need not have been heard.
    pub(super) spoiled: bool,
}

impl State {
    /// Puts it into the order that doesn't depend on how it came about.
    pub(super) fn tidy(&mut self) {
        self.loose.sort_by_key(|flying| flying.digest);
        self.pairs.retain(|_, queue| !queue.is_empty());
    }

    /// Nothing is on its way.
    pub(super) fn quiet(&self) -> bool {
        self.loose.is_empty() && self.pairs.is_empty()
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nodes.iter().for_each(|node| node.digest.hash(state));
        self.clock_ms.hash(state);
        self.loose.iter().for_each(|flying| flying.digest.hash(state));
        0u8.hash(state);
        for (pair, queue) in &self.pairs {
            pair.hash(state);
            queue.iter().for_each(|flying| flying.digest.hash(state));
        }
        self.ends.hash(state);
        self.session.hash(state);
        (self.left, self.acted, self.spoiled).hash(state);
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        let number = |state: &State| {
            let mut hasher = DefaultHasher::new();
            state.hash(&mut hasher);
            hasher.finish()
        };
        number(self) == number(other)
    }
}
