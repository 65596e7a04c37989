//! Gossip that takes its time, and doesn't always arrive.

use std::collections::BTreeMap;

use rand_core::Rng;

use super::world::World;
use crate::core::input::Input;
use crate::testing::{SeededRng, rng};

/// How gossip travels in a world.
pub(super) struct Way {
    random: SeededRng,
    /// Shortest time, ms.
    from_ms: u64,
    /// Longest time, ms.
    to_ms: u64,
    /// Of a hundred messages so many are lost.
    lost: u64,
    /// By arrival, then by order of sending.
    under_way: BTreeMap<(u64, u64), (usize, Input)>,
    sent: u64,
}

impl Way {
    /// 100 +- 25 ms, and 5 % loss.
    pub(super) fn far(seed: &str) -> Self {
        Self { random: rng(seed), from_ms: 75, to_ms: 125, lost: 5, under_way: BTreeMap::new(), sent: 0 }
    }

    /// The same, and all of it arrives.
    pub(super) fn without_loss(self) -> Self {
        Self { lost: 0, ..self }
    }

    /// Something goes to a node.
    pub(super) fn send(&mut self, to: usize, input: Input, now_ms: u64) {
        let lost = u64::from(self.random.next_u32() % 100) < self.lost;
        let spread = self.to_ms - self.from_ms + 1;
        let arrives = now_ms + self.from_ms + u64::from(self.random.next_u32()) % spread;
        self.sent += 1;
        if !lost {
            self.under_way.insert((arrives, self.sent), (to, input));
        }
    }

    /// When the next one arrives.
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.under_way.keys().next().map(|(at_ms, _)| *at_ms)
    }

    /// What has arrived by now.
    fn arrived(&mut self, now_ms: u64) -> Vec<(usize, Input)> {
        let later = self.under_way.split_off(&(now_ms + 1, 0));
        std::mem::replace(&mut self.under_way, later).into_values().collect()
    }
}

impl World {
    /// What gossip brings by now.
    pub(super) fn arrive(&mut self) {
        let arrived = self.way.as_mut().map(|way| way.arrived(self.now_ms));
        self.inbox.extend(arrived.into_iter().flatten());
    }
}
