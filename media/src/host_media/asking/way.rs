//! How the way to us looks: losses, queues, what comes through.

use std::collections::VecDeque;

use crate::{limits::MISSING_PACKETS, simple_webrtc::feedback::WayReport};

/// Bytes on the wire around a frame: IP 20, UDP 8, RTP 12, seal 16 (AES-GCM, RFC 7714).
pub(crate) const HEAD_BYTES: u32 = 56;

/// Time between reports, microseconds; shorter ones would tell rates of a handful of packets. And where packets begin to wait.
const REPORT_US: u64 = 250_000;
const TROUBLED_US: u64 = 120_000;

/// By how much the fastest of the latest packets must be later than the base for that, microseconds, and in which time they
/// came: among fewer, jitter alone may hold all of them up.
const TROUBLE_US: i64 = 40_000;
const LATEST_US: u64 = 240_000;

/// Packets that they are at least, and how old they may be then, microseconds: where packets are long, a keep-alive holds two or
/// three of them up on a narrow way.
const LATEST_LEAST: usize = 5;
const LATEST_MOST_US: u64 = 1_000_000;

/// Rates below which there are half as many, bits a second.
const NARROW_BPS: u32 = 32_000;

/// Time over which the rate that comes in is measured, microseconds.
const RATE_US: u64 = 400_000;

/// Time over which the fastest packet is the measure of the way, microseconds: cards that differ by 300 parts per million
/// change it by 9 ms. And the most reports in it.
const BASE_US: u64 = 30_000_000;
const BASE_REPORTS: usize = 256;

/// How the way looks.
#[derive(Debug, Default)]
pub(super) struct Way {
    pub(super) expected: u16,
    pub(super) lost: u16,
    pub(super) missed: u16,
    /// Packets of the last [`RATE_US`]: when they came, and bits.
    pub(super) came: VecDeque<(u64, u32)>,
    next_us: u64,
    told_us: u64,
    /// Arrival less media time (the lag), against the first packet, microseconds: the least since the last report, and of the
    /// reports before.
    least_us: Option<i64>,
    /// Of the latest packet.
    lag_us: Option<i64>,
    leasts_us: VecDeque<(u64, i64)>,
    /// When the latest packets came, and their lags.
    latest_us: VecDeque<(u64, i64)>,
    first: Option<(u32, u64)>,
    pub(super) copies_after: u8,
}

impl Way {
    /// A packet whose sound ends before `end` came. Returns its lag, unless lags count from another zero from now on.
    pub(super) fn came(&mut self, end: u32, bytes: u32, now_us: u64) -> Option<i64> {
        self.came.push_back((now_us, bytes.saturating_add(HEAD_BYTES) * 8));
        while self.came.front().is_some_and(|(at_us, _)| at_us + RATE_US < now_us) || self.came.len() > MISSING_PACKETS
        {
            self.came.pop_front();
        }
        // From the end of a frame on, when it leaves: a longer one is no longer way.
        let (zero, zero_us) = *self.first.get_or_insert((end, now_us));
        let media_us = media_us(end, zero);
        let lag_us = now_us.saturating_sub(zero_us).cast_signed() - media_us;
        // Long before the difference could wrap; and a sender that began anew has another timeline.
        if media_us > FORGET_US || self.lag_us.is_some_and(|last_us| (lag_us - last_us).abs() > JUMP_US) {
            (self.first, self.least_us, self.lag_us) = (None, None, None);
            (self.leasts_us, self.latest_us) = (VecDeque::new(), VecDeque::new());
            return None;
        }
        self.lag_us = Some(lag_us);
        self.lag_us
    }

    /// A packet with this lag came by itself: of others only the rate says anything.
    pub(super) fn came_by_itself(&mut self, lag_us: i64, now_us: u64) {
        self.least_us = Some(self.least_us.map_or(lag_us, |least_us| least_us.min(lag_us)));
        self.latest_us.push_back((now_us, lag_us));
        while let Some((at_us, _)) = self.latest_us.front() {
            let most_us = if self.latest_us.len() > LATEST_LEAST { LATEST_US } else { LATEST_MOST_US };
            if self.latest_us.len() <= MISSING_PACKETS && at_us + most_us >= now_us {
                break;
            }
            self.latest_us.pop_front();
        }
    }

    /// When a packet with this lag comes, whose sound ends before `end`.
    pub(super) fn comes_us(&self, end: u32, lag_us: i64) -> Option<u64> {
        let (zero, zero_us) = self.first?;
        zero_us.checked_add_signed(media_us(end, zero) + lag_us)
    }

    /// Whether the packet that just came is as late as a copy would be, where copies come: it may be the first that is heard of
    /// its frame.
    pub(super) fn looks_like_a_copy(&self, samples: u32) -> bool {
        let after_us = i64::from(self.copies_after) * i64::from(samples) * 125 / 6;
        let (Some(lag_us), Some((_, least_us))) = (self.lag_us, self.leasts_us.back()) else { return false };
        self.copies_after > 0 && lag_us - least_us >= after_us - COPY_EARLY_US
    }

    pub(super) fn report(&mut self, now_us: u64) -> Option<WayReport> {
        let troubled = self.waits_us() >= TROUBLE_US && now_us >= self.told_us + TROUBLED_US;
        if now_us < self.next_us && !troubled {
            return None;
        }
        let least_us = self.least_us.take()?;
        let rate_bps = self.rate_bps();
        // A narrow way has better things to carry.
        self.next_us = now_us + if rate_bps < NARROW_BPS { 2 * REPORT_US } else { REPORT_US };
        self.told_us = now_us;
        self.leasts_us.push_back((now_us, least_us));
        let old = |(at_us, _): &(u64, i64)| at_us + BASE_US < now_us;
        while self.leasts_us.len() > BASE_REPORTS || self.leasts_us.front().is_some_and(old) {
            self.leasts_us.pop_front();
        }
        let report = WayReport {
            expected: self.expected,
            lost: self.lost,
            missed: self.missed,
            queue_ms: u16::try_from(self.waits_us() / 1_000).unwrap_or(u16::MAX),
            rate_bps,
            copies_after: self.copies_after,
        };
        (self.expected, self.lost, self.missed) = (0, 0, 0);
        Some(report)
    }

    /// By how much the fastest of the latest packets came later than the fastest of all, microseconds.
    fn waits_us(&self) -> i64 {
        let base_us = self.leasts_us.iter().map(|(_, least_us)| *least_us).chain(self.least_us).min();
        let fastest_us = self.latest_us.iter().map(|(_, lag_us)| *lag_us).min();
        fastest_us.zip(base_us).map_or(0, |(fastest_us, base_us)| (fastest_us - base_us).max(0))
    }

    /// From the first to the last packet of the window; the first one's bits came before it.
    pub(super) fn rate_bps(&self) -> u32 {
        let (Some((from_us, first)), Some((to_us, _))) = (self.came.front(), self.came.back()) else { return 0 };
        let bits: u64 = self.came.iter().map(|(_, bits)| u64::from(*bits)).sum::<u64>() - u64::from(*first);
        let rate = bits * 1_000_000 / (to_us - from_us).max(1);
        u32::try_from(rate).unwrap_or(u32::MAX)
    }
}

/// From one timestamp to another, microseconds.
fn media_us(to: u32, from: u32) -> i64 {
    i64::from(to.wrapping_sub(from).cast_signed()) * 125 / 6
}

/// What a copy may come sooner than its distance, microseconds.
const COPY_EARLY_US: i64 = 5_000;

/// Change of the delay from one packet to the next that no way makes, microseconds.
const JUMP_US: i64 = 10_000_000;

/// Media time after which the base of the way is measured anew, microseconds: an hour.
const FORGET_US: i64 = 3_600_000_000;

#[cfg(test)]
mod tests;
