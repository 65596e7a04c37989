//! When the next packets should have come: a gap is noticed without the packet behind it, which may be lost as well.

use std::collections::VecDeque;

/// Packets whose lags are looked at: 2 s at 20 ms.
const WINDOW: usize = 100;

/// Packets that must be known before anything is expected: half a second at 20 ms.
const KNOWN: usize = 25;

/// Of [`WINDOW`] packets, those that may come later than what counts as late: one that stands alone says nothing.
const STRAYS: usize = 2;

/// What a packet may be later than that, microseconds: threads of both sides.
const MARGIN_US: i64 = 3_000;

/// Lags of the packets that came by themselves.
#[derive(Debug, Default)]
pub(super) struct Overdue {
    lags_us: VecDeque<i64>,
}

impl Overdue {
    /// A packet came by itself; none if lags count from another zero from now on.
    pub(super) fn came(&mut self, lag_us: Option<i64>) {
        let Some(lag_us) = lag_us else { return self.lags_us.clear() };
        self.lags_us.push_back(lag_us);
        if self.lags_us.len() > WINDOW {
            self.lags_us.pop_front();
        }
    }

    /// The lag from which on a packet is late, microseconds; none as long as too little is known.
    pub(super) fn lag_us(&self) -> Option<i64> {
        if self.lags_us.len() < KNOWN {
            return None;
        }
        let mut latest = [i64::MIN; STRAYS + 1];
        for lag_us in &self.lags_us {
            if let Some(place) = latest.iter().position(|known| lag_us > known) {
                if let Some(after) = latest.get_mut(place..) {
                    after.rotate_right(1);
                }
                if let Some(known) = latest.get_mut(place) {
                    *known = *lag_us;
                }
            }
        }
        latest.last().map(|lag_us| lag_us + MARGIN_US)
    }
}
