//! The clock of sound: microseconds of CLOCK_MONOTONIC, and what samples are worth in it.

use std::time::Instant;

use crate::platform;

/// Reads the time, and tells arrival times in the same terms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
    origin_us: u64,
}

impl Clock {
    /// A clock; all clocks of a machine agree.
    pub(crate) fn new() -> Self {
        let origin = Instant::now();
        Self { origin, origin_us: platform::monotonic_us(origin) }
    }

    /// Now.
    pub(crate) fn now_us(&self) -> u64 {
        self.us(Instant::now())
    }

    /// The instant of a time after this clock was made, for virtual time.
    pub(crate) fn instant(&self, at_us: u64) -> Instant {
        self.origin + std::time::Duration::from_micros(at_us.saturating_sub(self.origin_us))
    }

    /// An instant in microseconds; those before this clock was made count back from there.
    pub(crate) fn us(&self, at: Instant) -> u64 {
        let micros = |span: std::time::Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        match at.checked_duration_since(self.origin) {
            Some(after) => self.origin_us.saturating_add(micros(after)),
            None => self.origin_us.saturating_sub(micros(self.origin.saturating_duration_since(at))),
        }
    }
}

/// Microseconds that `samples` at 48 kHz last, rounded up: when the last of them is over.
pub(crate) fn samples_to_us(samples: u64) -> u64 {
    samples.saturating_mul(125).div_ceil(6)
}

/// Whole samples at 48 kHz in `us`.
pub(crate) fn us_to_samples(us: u64) -> u64 {
    us.saturating_mul(6) / 125
}

/// A count of samples as milliseconds, for figures.
pub(crate) fn samples_to_ms(samples: usize) -> f64 {
    f64::from(u32::try_from(samples).unwrap_or(u32::MAX)) / 48.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_of_one_machine_agree_with_the_system() {
        let (before, one) = (platform::monotonic_us(Instant::now()), Clock::new());
        let two = Clock::new();
        let at = Instant::now();
        let after = platform::monotonic_us(at);
        // One microsecond of rounding.
        assert!(one.us(at).abs_diff(two.us(at)) <= 1);
        assert!((before..=after + 1).contains(&one.us(at)));
    }

    #[test]
    fn time_before_the_clock_was_made_counts_back() {
        let at = Instant::now();
        let clock = Clock::new();
        assert!(clock.us(at) <= clock.now_us());
        assert!(clock.us(at) > 0);
    }

    #[test]
    fn samples_and_microseconds_convert_both_ways() {
        assert_eq!(samples_to_us(480), 10_000);
        assert_eq!(samples_to_us(1), 21);
        assert_eq!(us_to_samples(10_000), 480);
        for samples in 0..2_000 {
            assert_eq!(us_to_samples(samples_to_us(samples)), samples);
        }
    }
}
