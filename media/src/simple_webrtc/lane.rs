//! What leaves on a link: frames get their numbers, and are kept for a while in case the other side asks for them again.
//! A packet that is sent again is the same packet, bit for bit: its seal is the same, and whoever has it drops it. What was
//! called back (muted) leaves neither again nor for the first time.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{engine::AudioFrame, permit::Permit};
use crate::limits::{KEPT_PACKETS, RESENT_A_SECOND};

/// Time in which a packet is sent again only once, microseconds: two questions on one packet's heels want one answer.
const ONCE_US: u64 = 8_000;

/// A packet of media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outgoing {
    /// RTP sequence number.
    pub(crate) sequence: u16,
    /// RTP timestamp.
    pub(crate) timestamp: u32,
    /// Marker bit.
    pub(crate) marker: bool,
    /// One Opus packet.
    pub(crate) payload: Bytes,
}

#[derive(Debug)]
struct Kept {
    packet: Outgoing,
    permit: Permit,
    again_us: u64,
}

/// The sending side of a link.
#[derive(Debug)]
pub(crate) struct Lane {
    next: u16,
    kept: VecDeque<Kept>,
    /// Packets that may be sent again now.
    allowance: f64,
    since_us: u64,
    /// Each frame goes out once more after this many others; 0: not.
    copies_after: usize,
}

impl Lane {
    /// The first packet gets this number.
    pub(crate) fn new(first: u16) -> Self {
        let allowance = f64::from(RESENT_A_SECOND);
        Self { next: first, kept: VecDeque::new(), allowance, since_us: 0, copies_after: 0 }
    }

    /// From now on each frame goes out once more after this many others; 0: not.
    pub(crate) fn copy_after(&mut self, frames: u8) {
        self.copies_after = usize::from(frames);
    }

    /// A frame's packet, and the copy of an earlier one that goes out with it; none for a frame that was called back.
    pub(crate) fn send(&mut self, frame: AudioFrame, now_us: u64) -> Option<(Outgoing, Option<Outgoing>)> {
        self.forget();
        let AudioFrame { payload, timestamp, marker, permit } = frame;
        if !permit.holds() {
            return None;
        }
        let packet = Outgoing { sequence: self.next, timestamp, marker, payload };
        self.next = self.next.wrapping_add(1);
        self.kept.push_back(Kept { packet: packet.clone(), permit, again_us: 0 });
        if self.kept.len() > KEPT_PACKETS {
            self.kept.pop_front();
        }
        let copied = (self.copies_after > 0).then(|| self.kept.len().checked_sub(1 + self.copies_after)).flatten();
        let copy = copied.and_then(|place| self.kept.get(place)).map(|kept| kept.packet.clone());
        Some((packet, copy.filter(|_| self.spend(now_us))))
    }

    /// Keeps nothing that was called back: the oldest come first, and nothing is called back before them.
    fn forget(&mut self) {
        while self.kept.front().is_some_and(|kept| !kept.permit.holds()) {
            self.kept.pop_front();
        }
    }

    /// The packets that were asked for, as far as they are kept; twice what stands twice.
    pub(crate) fn again(&mut self, asked: &[u16], now_us: u64) -> Vec<Outgoing> {
        self.forget();
        let mut packets: Vec<Outgoing> = Vec::new();
        for sequence in asked {
            let back = usize::from(self.next.wrapping_sub(*sequence));
            let Some(place) = self.kept.len().checked_sub(back).filter(|_| back > 0) else { continue };
            let due = self.kept.get(place).is_some_and(|kept| kept.again_us <= now_us);
            let twice = packets.last().is_some_and(|packet| packet.sequence == *sequence);
            if (due || twice)
                && self.spend(now_us)
                && let Some(kept) = self.kept.get_mut(place)
            {
                kept.again_us = now_us + ONCE_US;
                packets.push(kept.packet.clone());
            }
        }
        packets
    }

    /// Whether one more packet may be sent again: nobody has us send without end.
    fn spend(&mut self, now_us: u64) -> bool {
        let passed_us = now_us.saturating_sub(self.since_us);
        self.since_us += passed_us;
        let most = f64::from(RESENT_A_SECOND);
        self.allowance = (self.allowance + passed_us as f64 * most / 1e6).min(most);
        let may = self.allowance >= 1.0;
        self.allowance -= f64::from(u8::from(may));
        may
    }
}

#[cfg(test)]
mod tests;
