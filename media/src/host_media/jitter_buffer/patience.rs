//! How much longer than arrival asks for sound waits, so that what was lost can be had again: sent once more when it was
//! asked for, or from the copy in the next packet.

use crate::host_media::asking::{AGAIN_US, Losses};

/// What an answer may take beyond the round trip, microseconds: until the packet is overdue, the threads of both sides,
/// jitter, and what the buffer lets its delay fall short.
const SLACK_US: i64 = 15_000;

/// Longest wait that this much loss is worth. A lost word is worse than a late one, but a talk suffers from every step: to
/// hear without a gap takes two questions at 10 % of loss (an answer doesn't come at 1 of 5), five at 30 %. With 25 ms each way
/// mouth to ear stays below 110, 150, 170, 190 ms.
struct Worth {
    /// Losses from which on it holds, and below which it ends, per mille: far apart, as every change is heard.
    from: u32,
    until: u32,
    wait_us: i64,
    /// Questions that are worth it.
    questions: i64,
}

const WORTH: [Worth; 4] = [
    Worth { from: 3, until: 1, wait_us: 50_000, questions: 1 },
    Worth { from: 60, until: 42, wait_us: 88_000, questions: 2 },
    Worth { from: 135, until: 100, wait_us: 108_000, questions: 4 },
    Worth { from: 225, until: 180, wait_us: 128_000, questions: 6 },
];

/// Knows what to wait for.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// How many of [`WORTH`] hold.
    step: usize,
    copies_after: i64,
    measured_us: Option<i64>,
    /// Smoothed.
    round_trip_us: Option<i64>,
    frame_us: i64,
}

impl Patience {
    /// Losses before anything is repaired, after how many frames copies come (0: none), and the round trip.
    pub(super) fn expect(&mut self, losses: Losses, copies_after: u8, round_trip_us: Option<u64>) {
        let holds = |step: &(usize, &Worth)| {
            let (step, worth) = *step;
            losses.permille >= if step < self.step { worth.until } else { worth.from }
        };
        self.step = WORTH.iter().enumerate().filter(holds).map(|(step, _)| step + 1).max().unwrap_or(0);
        self.copies_after = i64::from(copies_after);
        let trip_us = round_trip_us.and_then(|us| i64::try_from(us).ok());
        // Each measure of it holds for many calls of this.
        if trip_us != self.measured_us {
            self.measured_us = trip_us;
            self.round_trip_us = trip_us.map(|new_us| {
                let smooth_us = self.round_trip_us.unwrap_or(new_us);
                smooth_us + (new_us - smooth_us) / 4
            });
        }
    }

    /// Frames have this length.
    pub(super) fn frame_us(&mut self, frame_us: i64) {
        self.frame_us = frame_us;
    }

    /// How much longer to wait, microseconds. `next_us`: how far behind a frame the packet with its FEC copy is, 0 without.
    pub(super) fn wait_us(&self, next_us: i64) -> i64 {
        let copies_us = if self.copies_after > 0 { self.copies_after * self.frame_us + COPY_SLACK_US } else { 0 };
        let least_us = next_us.max(copies_us);
        let Some(trip_us) = self.round_trip_us else { return least_us };
        let Some(worth) = self.step.checked_sub(1).and_then(|step| WORTH.get(step)) else { return least_us };
        // A loss is noticed as soon as the packet is overdue.
        let once_us = trip_us + SLACK_US;
        if once_us > worth.wait_us {
            return least_us;
        }
        (once_us + (worth.questions - 1) * AGAIN_US).min(worth.wait_us).max(least_us)
    }
}

/// What a copy may take beyond its distance, microseconds.
const COPY_SLACK_US: i64 = 4_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn wait_ms(permille: u32, run_tenths: u32, trip_ms: u64, copies_ms: i64) -> i64 {
        let mut patience = Patience::default();
        patience.frame_us(20_000);
        patience.expect(Losses { permille, run_tenths, queued: false }, 0, Some(trip_ms * 1_000));
        patience.wait_us(copies_ms * 1_000) / 1_000
    }

    #[test]
    fn without_losses_nothing_is_waited_for() {
        assert_eq!(wait_ms(0, 0, 20, 0), 0);
        assert_eq!(wait_ms(2, 10, 20, 0), 0);
    }

    #[test]
    fn a_short_round_trip_is_worth_waiting_for_at_once() {
        assert_eq!(wait_ms(10, 10, 4, 0), 4 + 15);
    }

    #[test]
    fn the_more_is_lost_the_more_questions_are_waited_for() {
        let waits = [10, 100, 200, 300].map(|permille: u32| wait_ms(permille, 10, 50, 20));
        assert_eq!(waits, [20, 80, 108, 128], "at first only the copy in the next packet");
    }

    #[test]
    fn losses_that_waver_change_nothing() {
        let mut patience = Patience::default();
        patience.frame_us(20_000);
        let mut wait = |permille| {
            patience.expect(Losses { permille, run_tenths: 10, queued: false }, 0, Some(50_000));
            patience.wait_us(20_000) / 1_000
        };
        assert_eq!([59, 61, 50, 43, 41, 59].map(&mut wait), [20, 80, 80, 80, 20, 20]);
        assert_eq!([260, 181, 149, 101, 79, 29].map(&mut wait), [128, 128, 108, 108, 80, 20]);
    }

    #[test]
    fn copies_that_come_later_are_waited_for() {
        let mut patience = Patience::default();
        patience.frame_us(20_000);
        patience.expect(Losses { permille: 50, run_tenths: 40, queued: false }, 5, Some(300_000));
        assert_eq!(patience.wait_us(20_000), 104_000);
    }

    #[test]
    fn a_round_trip_that_is_too_long_is_not_waited_for() {
        assert_eq!(wait_ms(300, 40, 200, 20), 20);
        assert_eq!(wait_ms(300, 40, 200, 0), 0);
        let mut unknown = Patience::default();
        unknown.frame_us(20_000);
        unknown.expect(Losses { permille: 300, run_tenths: 10, queued: false }, 0, None);
        assert_eq!(unknown.wait_us(20_000), 20_000);
    }
}
