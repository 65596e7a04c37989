//! The time that drivers tell the core.

use std::time::{SystemTime, UNIX_EPOCH};

use ahoy_protocol::ids::Now;
use tokio::time::Instant;

/// Unix milliseconds; 0 if the clock stands before 1970.
#[must_use]
pub fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A time as part of a file's name, UTC: `20261121-234005`.
#[must_use]
pub fn stamp(unix_ms: u64) -> String {
    let (days, second) = (unix_ms / 86_400_000, unix_ms / 1_000 % 86_400);
    // Days since 0000-03-01, in eras of 400 years: a leap day is the last of its year.
    let day = days + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (day, march) = (of_year - (153 * month + 2) / 5 + 1, era * 400 + year);
    let (month, year) = if month < 10 { (month + 3, march) } else { (month - 9, march + 1) };
    format!("{year:04}{month:02}{day:02}-{:02}{:02}{:02}", second / 3_600, second / 60 % 60, second % 60)
}

/// Monotonic time since a start of its own.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Begins now.
    #[must_use]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Now {
        let mono_ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        Now { mono_ms, unix_ms: unix_ms() }
    }

    /// When `mono_ms` is.
    #[must_use]
    pub fn at(&self, mono_ms: u64) -> Instant {
        self.start + std::time::Duration::from_millis(mono_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_the_time_in_utc_also_on_leap_days_and_at_the_turn_of_years() {
        // As `date -u -d @..` says.
        for (unix_s, said) in [
            (0, "19700101-000000"),
            (951_782_399, "20000228-235959"),
            (951_782_400, "20000229-000000"),
            (1_709_164_800, "20240229-000000"),
            (1_735_689_599, "20241231-235959"),
            (1_795_304_405, "20261121-234005"),
            (4_107_542_400, "21000301-000000"),
        ] {
            assert_eq!(stamp(unix_s * 1_000), said);
        }
    }
}
