//! One device of the exploration: the real call core and what follows it. Equal devices are one value, found again by a
//! digest of all they hold, so that a step from the same device with the same input is computed once.

use std::collections::HashMap;
use std::fmt::Write;
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Arc, Mutex};

use super::watch::{Watch, parse_call};
use crate::call::CallCore;
use crate::call::effect::CallEffect;
use crate::call::rules::{Rule, switch::while_broken};
use crate::call::signal::{CallInput, ContactPolicy};
use crate::control::CallInfo;
use crate::ids::{CallId, Now};
use crate::testing::rng;

/// Unix time at monotonic zero.
pub(super) const UNIX_MS: u64 = 1_795_000_000_000;

/// A device at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(super) core: CallCore,
    pub(super) watch: Watch,
    /// Of core and watch.
    pub(super) digest: u64,
    /// What its frontends would see.
    pub(super) calls: Vec<(CallId, CallInfo)>,
}

/// What a step gives: the device then, and what it wants.
pub(super) type Stepped = (Arc<Node>, Arc<Vec<CallEffect>>);

/// All steps that were computed.
#[derive(Default)]
pub(crate) struct Steps {
    known: Mutex<HashMap<(u64, u64), Stepped>>,
}

/// Turns what is printed into a number, without keeping it.
struct Digest(DefaultHasher);

impl Write for Digest {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

/// A number for everything a value shows of itself; the same value gives the same in every run.
pub(super) fn digest(value: &dyn std::fmt::Debug) -> u64 {
    let mut digest = Digest(DefaultHasher::new());
    write!(digest, "{value:?}").unwrap();
    digest.0.finish()
}

impl Node {
    pub(super) fn new(core: CallCore) -> Arc<Self> {
        let (digest, watch) = (digest(&core), Watch::default());
        Arc::new(Self { core, watch, digest, calls: Vec::new() })
    }
}

pub(super) fn at(clock_ms: u64) -> Now {
    Now { mono_ms: clock_ms, unix_ms: UNIX_MS + clock_ms }
}

impl Steps {
    /// The real core takes an input.
    pub(super) fn step(
        &self,
        node: &Arc<Node>,
        input: &CallInput,
        clock_ms: u64,
        (policy, broken): (ContactPolicy, Option<Rule>),
    ) -> Stepped {
        let key = (node.digest, digest(&(clock_ms, input)));
        if let Some(known) = self.known.lock().unwrap().get(&key) {
            return known.clone();
        }
        let mut core = node.core.clone();
        let mut watch = node.watch.clone();
        let mut out = Vec::new();
        let mut random = rng(&format!("{} {}", key.0, key.1));
        while_broken(broken, || core.handle(input.clone(), at(clock_ms), &mut random, &mut out));
        watch.step(input, &out, policy);
        while_broken(broken, || super::outsider::listens_to_outsiders(&core, &mut watch, clock_ms));
        let digest = digest(&(&core, &watch));
        let calls = core.calls(at(clock_ms)).into_iter().map(|info| (parse_call(&info.call), info)).collect();
        let stepped = (Arc::new(Node { core, watch, digest, calls }), Arc::new(out));
        self.known.lock().unwrap().insert(key, stepped.clone());
        stepped
    }

    /// How many were computed.
    pub(super) fn len(&self) -> usize {
        self.known.lock().unwrap().len()
    }
}
