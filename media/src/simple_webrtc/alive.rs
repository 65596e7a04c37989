//! How often the chosen pair of addresses is kept alive. The library asks twice a second, and question and answer together
//! take 3.5 kbit/s of each direction (measured: 124 and 92 bytes): a seventh of a way that carries 24. Where the other side
//! reports that little comes through, sound keeps the pair alive, and only every fourth question leaves.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::feedback::WayReport;
use super::port::lock;
use crate::limits::{ICE_KEEPALIVE, ICE_KEEPALIVE_NARROW};

/// Below this rate a way is narrow, bits a second with all heads: what keep-alives take is a tenth of it.
const NARROW_BPS: u32 = 45_000;

/// For how long a report says so: whoever reports hears sound.
const TOLD: Duration = Duration::from_secs(2);

/// Shared by the link's task, which hears reports, and its sockets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alive(Arc<Mutex<Option<Instant>>>);

impl Alive {
    /// The other side reports what comes of our sound.
    pub(crate) fn told(&self, report: WayReport, now: Instant) {
        *lock(&self.0) = (1..NARROW_BPS).contains(&report.rate_bps).then_some(now);
    }

    /// Time between two keep-alives.
    pub(crate) fn gap(&self, now: Instant) -> Duration {
        let narrow = lock(&self.0).is_some_and(|told| now.saturating_duration_since(told) < TOLD);
        if narrow { ICE_KEEPALIVE_NARROW } else { ICE_KEEPALIVE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_way_is_kept_alive_more_seldom_as_long_as_sound_comes() {
        let (alive, now) = (Alive::default(), Instant::now());
        let report = |rate_bps| WayReport { rate_bps, ..WayReport::default() };
        assert_eq!(alive.gap(now), ICE_KEEPALIVE);
        alive.told(report(24_000), now);
        assert_eq!(alive.gap(now), ICE_KEEPALIVE_NARROW);
        assert_eq!(alive.gap(now + TOLD), ICE_KEEPALIVE, "held, or cut");
        alive.told(report(62_000), now);
        assert_eq!(alive.gap(now), ICE_KEEPALIVE);
        alive.told(report(0), now);
        assert_eq!(alive.gap(now), ICE_KEEPALIVE, "a report of nothing says nothing");
    }
}
