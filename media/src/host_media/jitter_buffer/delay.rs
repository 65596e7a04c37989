//! How uneven packets arrive, and how long the first sample must wait for that.

use std::collections::VecDeque;

/// Packets that the estimate looks back on at most, and the sound in them, microseconds: 4 s. Long enough to meet what
/// recurs, short enough to come down soon after a spike.
const WINDOW: usize = 200;
const WINDOW_US: i64 = 4_000_000;

/// Packets that it looks back on at least, up to so much sound (microseconds): of fewer, the one that stands out is more than two
/// of a hundred, and the delay would follow each keep-alive on a narrow way.
const LEAST: usize = 50;
const LEAST_US: i64 = 12_000_000;

/// Sound after a spike that shows that it is over, microseconds, and in how many packets at least.
const CALM_US: i64 = 500_000;
const CALM: usize = 8;

/// Share of packets that should come in time, per mille; the rest is concealed.
const IN_TIME_PERMILLE: usize = 980;

/// Wait beyond the measured unevenness: how late the threads of a busy machine run, microseconds.
const MARGIN_US: i64 = 3_000;

/// Unevenness expected before it is measured, microseconds: that of one machine that has more than this to do.
const INITIAL_US: i64 = 4_000;

/// Packets until the measured value alone counts.
const TRUSTED_AFTER: usize = 25;

/// The longest wait asked for, microseconds: with a frame and a tick it stays below 400 ms.
pub(super) const MAX_TARGET_US: i64 = 320_000;

/// Packets that tell how things are just now: the path may have become longer than the whole window knows.
const RECENT: usize = 10;

/// Unevenness from which it may be a spike, microseconds.
const SPIKE_US: i64 = 100_000;

/// What is known about the arrival of a link's packets.
#[derive(Debug, Default)]
pub(super) struct Delay {
    /// Place on the sender's timeline and arrival minus media time of the latest packets, microseconds.
    lags_us: VecDeque<(i64, i64)>,
    base_us: i64,
    spread_us: i64,
    last_lag_us: Option<i64>,
    jitter_us: f64,
}

/// Microseconds of a place on the sender's timeline.
pub(super) fn media_us(timestamp: i64) -> i64 {
    timestamp.saturating_mul(125) / 6
}

impl Delay {
    /// A packet with this timestamp came.
    pub(super) fn arrived(&mut self, timestamp: i64, arrived_us: u64) {
        let lag = i64::try_from(arrived_us).unwrap_or(i64::MAX).saturating_sub(media_us(timestamp));
        if let Some(last) = self.last_lag_us.replace(lag) {
            // RFC 3550 section 6.4.1.
            self.jitter_us += ((lag.saturating_sub(last)).unsigned_abs() as f64 - self.jitter_us) / 16.0;
        }
        let media_us = media_us(timestamp);
        self.lags_us.push_back((media_us, lag));
        while let Some((at_us, _)) = self.lags_us.front() {
            let most_us = if self.lags_us.len() > LEAST { WINDOW_US } else { LEAST_US };
            if self.lags_us.len() <= WINDOW && media_us.saturating_sub(*at_us) <= most_us {
                break;
            }
            self.lags_us.pop_front();
        }
        self.measure();
        self.forget_spike();
    }

    /// A spike is over once the latest packets came as before it. What recurs crosses its middle again and again; a spike
    /// does so twice.
    fn forget_spike(&mut self) {
        let end_us = self.lags_us.back().map_or(0, |(media_us, _)| *media_us);
        let since_calm = |(media_us, _): &&(i64, i64)| end_us.saturating_sub(*media_us) < CALM_US;
        let quiet = self.lags_us.iter().rev().take_while(since_calm).count();
        if self.spread_us < SPIKE_US || quiet < CALM || self.lags_us.len() < 2 * quiet {
            return;
        }
        let middle_us = self.base_us + self.spread_us / 2;
        let late = |n: usize| self.lags_us.get(n).is_some_and(|(_, lag)| *lag > middle_us);
        let calm = self.lags_us.len() - quiet;
        if (calm..self.lags_us.len()).any(late) || (1..=calm).filter(|n| late(*n) != late(*n - 1)).count() > 2 {
            return;
        }
        self.lags_us.drain(..calm);
        self.measure();
    }

    fn measure(&mut self) {
        let mut sorted = [0_i64; WINDOW];
        let Some(known) = sorted.get_mut(..self.lags_us.len()) else { return };
        known.iter_mut().zip(&self.lags_us).for_each(|(to, (_, lag))| *to = *lag);
        self.base_us = known.iter().copied().min().unwrap_or(0);
        let place = (known.len() * IN_TIME_PERMILLE / 1000).min(known.len().saturating_sub(1));
        if !known.is_empty() {
            let (_, value, _) = known.select_nth_unstable(place);
            self.spread_us = value.saturating_sub(self.base_us);
        }
    }

    /// Arrival minus media time of the fastest packets, microseconds; none before the first.
    pub(super) fn base_us(&self) -> Option<i64> {
        (!self.lags_us.is_empty()).then_some(self.base_us)
    }

    /// The earliest time at which a sample is worth playing, as arrival minus media time in microseconds: late enough for
    /// what the window saw, and never before what comes just now. None before the first packet.
    pub(super) fn due_us(&self, extra_us: i64) -> Option<i64> {
        let wanted = self.base_us()?.saturating_add(self.target_us()).saturating_add(extra_us);
        Some(wanted.max(self.recent_us().saturating_add(MARGIN_US)))
    }

    /// Arrival minus media time of the fastest of the latest packets, microseconds.
    pub(super) fn recent_us(&self) -> i64 {
        self.lags_us.iter().rev().take(RECENT).map(|(_, lag)| *lag).min().unwrap_or(0)
    }

    /// How long a sample should wait behind the fastest packets, microseconds.
    pub(super) fn target_us(&self) -> i64 {
        let spread = if self.lags_us.len() < TRUSTED_AFTER { self.spread_us.max(INITIAL_US) } else { self.spread_us };
        spread.saturating_add(MARGIN_US).min(MAX_TARGET_US)
    }

    /// Interarrival jitter, ms (RFC 3550 section 6.4.1).
    pub(super) fn jitter_ms(&self) -> f64 {
        self.jitter_us / 1_000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds packets every 20 ms, each later by what `late` says.
    fn feed(delay: &mut Delay, packets: std::ops::Range<u64>, late: impl Fn(u64) -> u64) {
        for n in packets {
            delay.arrived((n * 960) as i64, 5_000_000 + n * 20_000 + late(n));
        }
    }

    #[test]
    fn an_even_stream_asks_for_the_margin_only() {
        let mut delay = Delay::default();
        feed(&mut delay, 0..100, |_| 0);
        assert_eq!(delay.target_us(), MARGIN_US);
        assert!(delay.jitter_ms() < 0.001);
    }

    #[test]
    fn before_anything_is_known_the_first_guess_counts() {
        let mut delay = Delay::default();
        assert_eq!(delay.base_us(), None);
        feed(&mut delay, 0..1, |_| 0);
        assert_eq!(delay.target_us(), INITIAL_US + MARGIN_US);
        assert_eq!(delay.base_us(), Some(5_000_000));
    }

    #[test]
    fn uneven_arrival_is_waited_for_and_forgotten_within_the_window() {
        let mut delay = Delay::default();
        feed(&mut delay, 0..200, |n| if n % 10 == 0 { 30_000 } else { 0 });
        assert_eq!(delay.target_us(), 30_000 + MARGIN_US);
        assert!((3.0..8.0).contains(&delay.jitter_ms()), "{}", delay.jitter_ms());
        feed(&mut delay, 200..400, |_| 0);
        assert_eq!(delay.target_us(), MARGIN_US);
    }

    #[test]
    fn a_longer_path_moves_the_base_once_the_window_has_passed() {
        let mut delay = Delay::default();
        feed(&mut delay, 0..200, |_| 0);
        feed(&mut delay, 200..400, |_| 80_000);
        assert_eq!((delay.base_us(), delay.target_us()), (Some(5_080_000), MARGIN_US));
    }

    #[test]
    fn a_path_that_has_just_become_longer_is_waited_for_at_once() {
        let mut delay = Delay::default();
        feed(&mut delay, 0..200, |_| 0);
        feed(&mut delay, 200..210, |_| 900_000);
        assert_eq!((delay.base_us(), delay.recent_us()), (Some(5_000_000), 5_900_000));
        assert_eq!(delay.due_us(0), Some(5_900_000 + MARGIN_US));
        feed(&mut delay, 210..211, |_| 0);
        assert_eq!(delay.recent_us(), 5_000_000);
    }

    #[test]
    fn a_spike_is_forgotten_half_a_second_after_its_end_and_what_recurs_is_not() {
        let mut delay = Delay::default();
        feed(&mut delay, 0..300, |n| if (200..290).contains(&n) { 275_000 } else { 0 });
        assert!(delay.target_us() > 270_000);
        feed(&mut delay, 300..316, |_| 0);
        assert_eq!(delay.target_us(), MARGIN_US);
        let mut again = Delay::default();
        feed(&mut again, 0..400, |n| if n % 40 < 5 { 150_000 } else { 0 });
        assert_eq!(again.target_us(), 150_000 + MARGIN_US);
    }

    #[test]
    fn a_clock_that_drifts_changes_no_target() {
        let mut delay = Delay::default();
        // 100 parts per million.
        feed(&mut delay, 0..30_000, |n| n * 2);
        assert!(delay.target_us() < MARGIN_US + 500, "{}", delay.target_us());
    }

    #[test]
    fn the_target_has_a_ceiling() {
        let mut delay = Delay::default();
        feed(&mut delay, 0..200, |n| (n % 2) * 5_000_000);
        assert_eq!(delay.target_us(), MAX_TARGET_US);
    }

    #[test]
    fn of_long_packets_one_that_recurs_every_five_seconds_is_waited_for_all_the_time() {
        let mut delay = Delay::default();
        let feed = |delay: &mut Delay, n: u64| {
            let late_us = if n.is_multiple_of(42) { 70_000 } else { 0 };
            delay.arrived((n * 5_760) as i64, 5_000_000 + n * 120_000 + late_us);
        };
        (0..60).for_each(|n| feed(&mut delay, n));
        for n in 60..200 {
            feed(&mut delay, n);
            assert_eq!(delay.target_us(), 70_000 + MARGIN_US, "packet {n}");
        }
        assert!(delay.lags_us.len() <= 51);
        delay.arrived(5_760 * 300, 5_000_000 + 300 * 120_000);
        assert_eq!(delay.lags_us.len(), 1, "what was before a long pause says nothing");
    }
}
