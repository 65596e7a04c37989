//! Publications that wait for a subscriber.
//!
//! The core publishes when it has seen a subscriber, but that one may have left in between. The
//! core repeats what isn't acknowledged, so this is a short bridge and not a store.

use std::collections::VecDeque;
use std::time::Instant;

use ahoy_protocol::core::input::Topic;

use crate::limits::network as limits;

/// The publications, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Unsent {
    waiting: VecDeque<(Instant, Topic, Vec<u8>)>,
}

impl Unsent {
    /// Keeps one; how many were given up for it.
    pub(crate) fn keep(&mut self, topic: Topic, data: Vec<u8>, now: Instant) -> usize {
        let before = self.waiting.len();
        self.waiting.retain(|(since, _, _)| now.saturating_duration_since(*since) < limits::UNSENT_FOR);
        if self.waiting.len() >= limits::UNSENT {
            self.waiting.pop_front();
        }
        let lost = before - self.waiting.len();
        self.waiting.push_back((now, topic, data));
        lost
    }

    /// A subscriber is known now: takes what waits for it.
    pub(crate) fn take(&mut self, topic: Topic, now: Instant) -> Vec<Vec<u8>> {
        let mut ready = Vec::new();
        for (since, waits_for, data) in std::mem::take(&mut self.waiting) {
            let fresh = now.saturating_duration_since(since) < limits::UNSENT_FOR;
            if fresh && waits_for == topic {
                ready.push(data);
            } else {
                self.waiting.push_back((since, waits_for, data));
            }
        }
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Topic = Topic([b'a'; 32]);
    const B: Topic = Topic([b'b'; 32]);

    #[test]
    fn what_waits_for_a_topic_comes_in_order_and_once() {
        let (mut unsent, now) = (Unsent::default(), Instant::now());
        for (topic, byte) in [(A, 1), (B, 2), (A, 3)] {
            assert_eq!(unsent.keep(topic, vec![byte], now), 0);
        }
        assert_eq!(unsent.take(A, now), vec![vec![1], vec![3]]);
        assert!(unsent.take(A, now).is_empty());
        assert_eq!(unsent.take(B, now), vec![vec![2]]);
    }

    #[test]
    fn old_and_surplus_publications_are_given_up_and_counted() {
        let (mut unsent, now) = (Unsent::default(), Instant::now());
        let lost: usize = (0..limits::UNSENT + 3).map(|_| unsent.keep(A, vec![], now)).sum();
        assert_eq!(lost, 3);
        let later = now + limits::UNSENT_FOR;
        assert!(unsent.take(A, later).is_empty());
        assert_eq!(unsent.keep(B, vec![], later), limits::UNSENT);
    }
}
