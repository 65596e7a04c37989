//! A guess at the loss that our sound meets. Where the other side tells nothing, what comes in stands for what goes out:
//! most paths are alike both ways.

use std::collections::BTreeMap;

use crate::simple_webrtc::engine::LinkId;

/// Time that one guess looks at, microseconds: 100 packets of 20 ms.
const WINDOW_US: u64 = 2_000_000;

/// Loss above this is no reason for more protection, per cent: the copies would crowd out the sound.
const MOST_PERCENT: u64 = 30;

/// Packets of a link when the window began.
type Totals = BTreeMap<LinkId, (u64, u64)>;

/// Watches the packets that come in.
#[derive(Debug, Default)]
pub(super) struct LossGuess {
    before: Totals,
    since_us: u64,
    percent: u32,
}

impl LossGuess {
    /// Loss of the worst link in the last whole window, per cent.
    pub(super) fn percent(&self) -> u32 {
        self.percent
    }

    /// Looks at the totals (received, lost) of every link.
    pub(super) fn look(&mut self, now_us: u64, totals: impl Iterator<Item = (LinkId, u64, u64)>) {
        if now_us.saturating_sub(self.since_us) < WINDOW_US {
            return;
        }
        self.since_us = now_us;
        let totals: Totals = totals.map(|(link, received, lost)| (link, (received, lost))).collect();
        let percent = totals.iter().map(|(link, (received, lost))| {
            // A link that was played anew counts from zero again.
            let known = self.before.get(link).filter(|(r, l)| r <= received && l <= lost).copied();
            let (received_before, lost_before) = known.unwrap_or_default();
            let (received, lost) = (received - received_before, lost - lost_before);
            (lost * 100).div_ceil((received + lost).max(1))
        });
        let worst = percent.max().unwrap_or(0).min(MOST_PERCENT);
        self.before = totals;
        self.percent = u32::try_from(worst).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(guess: &mut LossGuess, window: u64, totals: &[(u64, u64, u64)]) -> u32 {
        let totals = totals.iter().map(|(link, received, lost)| (LinkId(*link), *received, *lost));
        guess.look(window * WINDOW_US, totals);
        guess.percent()
    }

    #[test]
    fn the_worst_link_of_the_window_counts() {
        let mut guess = LossGuess::default();
        assert_eq!(look(&mut guess, 1, &[(1, 100, 0), (2, 90, 10)]), 10);
        assert_eq!(look(&mut guess, 2, &[(1, 180, 20), (2, 190, 10)]), 20);
        assert_eq!(look(&mut guess, 3, &[(1, 280, 20), (2, 290, 10)]), 0, "what is over is forgotten");
        assert_eq!(look(&mut guess, 4, &[(1, 380, 20), (2, 290, 110)]), 30, "there is a ceiling");
    }

    #[test]
    fn within_a_window_and_without_links_nothing_is_claimed() {
        let mut guess = LossGuess::default();
        assert_eq!(look(&mut guess, 1, &[]), 0);
        guess.look(2 * WINDOW_US - 1, [(LinkId(1), 1, 1)].into_iter());
        assert_eq!(guess.percent(), 0);
    }

    #[test]
    fn a_link_that_starts_over_is_not_compared_with_its_past() {
        let mut guess = LossGuess::default();
        look(&mut guess, 1, &[(1, 500, 50)]);
        assert_eq!(look(&mut guess, 2, &[(1, 95, 5)]), 5);
    }
}
