//! Packets put in order: numbers unwrapped, doubles and late ones told apart, a restarted sender noticed.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{Incoming, delay::media_us};
use crate::{host_media::asking::Came, limits::JITTER_PACKETS};

/// Sequence numbers that a packet may be ahead of the newest before it means a restarted sender (RFC 3550 A.1).
const MAX_DROPOUT: i64 = 3_000;

/// Sequence numbers that a packet may be behind the newest before it means a restarted sender.
const MAX_MISORDER: i64 = 500;

/// Microseconds by which timestamps and arrival may drift apart from one packet to the next before it means a restarted
/// sender. A sender that pauses for long is none: its timeline goes on.
const MAX_JUMP_US: i64 = 10_000_000;

/// A packet in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// Sequence number, unwrapped.
    pub(super) sequence: i64,
    /// First sample on the sender's timeline, unwrapped.
    pub(super) timestamp: i64,
    /// Samples.
    pub(super) samples: usize,
    /// One Opus packet.
    pub(super) payload: Bytes,
    /// When it came, monotonic microseconds.
    pub(super) arrived_us: u64,
    /// By itself, or again.
    pub(super) came: Came,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It waits in its place, at this unwrapped timestamp.
    Kept(i64),
    /// It came before.
    Double,
    /// Its time is over; its unwrapped timestamp.
    Late(i64),
    /// It does not fit in: perhaps the first of a restarted sender. The next one decides.
    Doubtful,
    /// It is the second of a restarted sender: everything before is forgotten, this one is kept.
    Restarted(i64),
}

/// Where the newest packet stands.
#[derive(Clone, Copy, Debug)]
struct Newest {
    sequence: i64,
    timestamp: i64,
    arrived_us: u64,
    /// Which of the last 128 sequence numbers came; the lowest bit is the newest.
    seen: u128,
}

/// The packets that wait, in order.
#[derive(Debug, Default)]
pub(super) struct Order {
    waiting: BTreeMap<i64, Held>,
    newest: Option<Newest>,
    /// Sequence numbers below this are over.
    next: Option<i64>,
    /// The number that would confirm a restart.
    doubt: Option<u16>,
}

/// The value nearest to `near` that is `short` modulo 2^bits.
fn unwrap(near: i64, short: u32, bits: u32) -> i64 {
    let modulus = 1_i64 << bits;
    let forward = (i64::from(short) - near).rem_euclid(modulus);
    if forward >= modulus / 2 { near + forward - modulus } else { near + forward }
}

impl Order {
    /// Puts a packet of `samples` in its place.
    pub(super) fn insert(&mut self, packet: Incoming, samples: usize) -> Taken {
        let Some(newest) = self.newest else {
            return Taken::Kept(self.begin(packet, samples));
        };
        let sequence = unwrap(newest.sequence, u32::from(packet.sequence), 16);
        let timestamp = unwrap(newest.timestamp, packet.timestamp, 32);
        let ahead = sequence - newest.sequence;
        let arrived_us = packet.arrived_us.max(newest.arrived_us);
        let passed_us = i64::try_from(arrived_us - newest.arrived_us).unwrap_or(i64::MAX);
        let jump_us = media_us(timestamp - newest.timestamp).saturating_sub(passed_us);
        if !(-MAX_MISORDER..=MAX_DROPOUT).contains(&ahead) || jump_us.abs() > MAX_JUMP_US {
            return self.doubtful(packet, samples);
        }
        self.doubt = None;
        if ahead > 0 {
            let seen = newest.seen.checked_shl(u32::try_from(ahead).unwrap_or(u32::MAX)).unwrap_or(0) | 1;
            self.newest = Some(Newest { sequence, timestamp, arrived_us, seen });
        } else {
            let bit = 1_u128.checked_shl(u32::try_from(-ahead).unwrap_or(u32::MAX)).unwrap_or(0);
            if newest.seen & bit != 0 {
                return Taken::Double;
            }
            self.newest = Some(Newest { seen: newest.seen | bit, ..newest });
        }
        if self.next.is_some_and(|next| sequence < next) {
            return Taken::Late(timestamp);
        }
        self.keep(packet, sequence, timestamp, samples);
        Taken::Kept(timestamp)
    }

    fn keep(&mut self, packet: Incoming, sequence: i64, timestamp: i64, samples: usize) {
        let Incoming { payload, arrived_us, came, .. } = packet;
        self.waiting.insert(sequence, Held { sequence, timestamp, samples, payload, arrived_us, came });
        if self.waiting.len() > JITTER_PACKETS {
            self.waiting.pop_first();
        }
    }

    /// The first packet of a stream; numbers begin one round up, so that none is negative.
    fn begin(&mut self, packet: Incoming, samples: usize) -> i64 {
        let (sequence, timestamp) = (i64::from(packet.sequence) + (1 << 16), i64::from(packet.timestamp) + (1 << 32));
        self.newest = Some(Newest { sequence, timestamp, arrived_us: packet.arrived_us, seen: 1 });
        self.keep(packet, sequence, timestamp, samples);
        timestamp
    }

    /// One stray packet changes nothing; two in a row are a sender that has started anew.
    fn doubtful(&mut self, packet: Incoming, samples: usize) -> Taken {
        if self.doubt != Some(packet.sequence) {
            self.doubt = Some(packet.sequence.wrapping_add(1));
            return Taken::Doubtful;
        }
        *self = Self::default();
        Taken::Restarted(self.begin(packet, samples))
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The first that waits.
    pub(super) fn first(&self) -> Option<&Held> {
        self.waiting.first_key_value().map(|(_, held)| held)
    }

    /// Takes the first that waits; whatever is before it is over.
    pub(super) fn take(&mut self) -> Option<Held> {
        let (sequence, held) = self.waiting.pop_first()?;
        self.next = Some(sequence + 1);
        Some(held)
    }

    /// Packets missing between the last one taken and the first that waits.
    pub(super) fn missing(&self) -> i64 {
        match (self.next, self.first()) {
            (Some(next), Some(first)) => (first.sequence - next).max(0),
            (None, _) | (_, None) => 0,
        }
    }

    /// Gives up on `packets` that are missing.
    pub(super) fn give_up(&mut self, packets: i64) {
        if let Some(next) = &mut self.next {
            *next += packets;
        }
    }

    /// The end of the newest packet that waits, on the sender's timeline.
    pub(super) fn end(&self) -> Option<i64> {
        self.waiting.last_key_value().map(|(_, held)| held.timestamp + held.samples as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(sequence: u16, timestamp: u32) -> Incoming {
        Incoming { sequence, timestamp, payload: Bytes::from_static(&[0]), arrived_us: 0, came: Came::ByItself }
    }

    fn drain(order: &mut Order) -> Vec<u16> {
        std::iter::from_fn(|| order.take()).map(|held| (held.sequence & 0xffff) as u16).collect()
    }

    #[test]
    fn packets_leave_in_order_over_both_wraps() {
        let mut order = Order::default();
        for n in [0_u32, 2, 1, 5, 4, 3, 7, 6] {
            let (sequence, timestamp) = (65_533_u16.wrapping_add(n as u16), (u32::MAX - 2_000).wrapping_add(n * 960));
            assert!(matches!(order.insert(packet(sequence, timestamp), 960), Taken::Kept(_)), "{n}");
        }
        let times: Vec<i64> = order.waiting.values().map(|held| held.timestamp).collect();
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] == 960), "{times:?}");
        assert_eq!(drain(&mut order), [65_533, 65_534, 65_535, 0, 1, 2, 3, 4]);
    }

    #[test]
    fn doubles_and_late_packets_are_told_apart() {
        let mut order = Order::default();
        order.insert(packet(10, 0), 960);
        order.insert(packet(12, 1_920), 960);
        assert_eq!(order.insert(packet(10, 0), 960), Taken::Double);
        assert_eq!(drain(&mut order), [10, 12]);
        assert_eq!(order.insert(packet(12, 1_920), 960), Taken::Double);
        assert!(matches!(order.insert(packet(11, 960), 960), Taken::Late(_)));
        assert_eq!(order.insert(packet(11, 960), 960), Taken::Double);
    }

    #[test]
    fn one_stray_packet_changes_nothing_two_are_a_restart() {
        let mut order = Order::default();
        order.insert(packet(10, 0), 960);
        assert_eq!(order.insert(packet(30_000, 77), 960), Taken::Doubtful);
        assert!(matches!(order.insert(packet(11, 960), 960), Taken::Kept(_)));
        assert_eq!(order.insert(packet(30_001, 1_037), 960), Taken::Doubtful, "the doubt was dispelled meanwhile");
        assert!(matches!(order.insert(packet(30_002, 1_997), 960), Taken::Restarted(_)));
        assert_eq!(drain(&mut order), [30_002]);
    }

    #[test]
    fn a_restart_with_a_sequence_that_fits_shows_in_the_timestamp() {
        let mut order = Order::default();
        order.insert(packet(10, 0), 960);
        assert_eq!(order.insert(packet(11, 1 << 30), 960), Taken::Doubtful);
        assert!(matches!(order.insert(packet(12, (1 << 30) + 960), 960), Taken::Restarted(_)));
    }

    #[test]
    fn a_long_pause_is_no_restart_if_the_timeline_went_on() {
        let mut order = Order::default();
        order.insert(packet(10, 0), 960);
        let hour = Incoming { arrived_us: 3_600_000_000, ..packet(11, 3_600 * 48_000) };
        assert!(matches!(order.insert(hour, 960), Taken::Kept(_)));
        let stood_still = Incoming { arrived_us: 7_200_000_000, ..packet(12, 3_600 * 48_000 + 960) };
        assert_eq!(order.insert(stood_still, 960), Taken::Doubtful);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut order = Order::default();
        for n in 0..2_000_u16 {
            order.insert(Incoming { arrived_us: u64::from(n) * 20_000, ..packet(n, u32::from(n) * 960) }, 960);
        }
        assert_eq!(order.waiting.len(), JITTER_PACKETS);
        assert_eq!(order.first().map(|held| held.sequence & 0xffff), Some(2_000 - JITTER_PACKETS as i64));
    }

    #[test]
    fn gaps_are_counted_and_given_up() {
        let mut order = Order::default();
        order.insert(packet(1, 0), 960);
        order.take();
        order.insert(packet(5, 3_840), 960);
        assert_eq!(order.missing(), 3);
        order.give_up(2);
        assert_eq!(order.missing(), 1);
        assert!(matches!(order.insert(packet(3, 1_920), 960), Taken::Late(_)));
        assert!(matches!(order.insert(packet(4, 2_880), 960), Taken::Kept(_)));
    }
}
