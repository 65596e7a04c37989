//! Inbox topics: what an inbox token derives day by day.

use crate::hash::{Prk, b32};
use crate::limits::{DAY_OVERLAP_S, DAY_S};
use crate::secret::Secret;

/// An inbox: everything that follows from its token (the card token or the contact token).
#[derive(Clone, Debug)]
pub struct Inbox {
    prk: Prk,
    phase: u32,
}

impl Inbox {
    /// Out of the token.
    #[must_use]
    pub fn new(token: &Secret) -> Self {
        let prk = Prk::extract("inbox", &[], token.expose());
        let phase = u32::from_be_bytes(prk.expand("phase", &[])) % 86_400;
        Self { prk, phase }
    }

    /// Seconds that this token's day is ahead of the Unix day: every inbox changes at its own moment.
    #[must_use]
    pub fn phase(&self) -> u32 {
        self.phase
    }

    /// The token's day: what to publish on, and the stamp of its envelopes.
    #[must_use]
    pub fn day(&self, now_s: u64) -> u32 {
        u32::try_from(self.shifted(now_s) / DAY_S).unwrap_or(u32::MAX)
    }

    /// The days whose topics are held now, ascending: today, and the neighbour within two hours of
    /// the turn, so that clocks may differ.
    #[must_use]
    pub fn held_days(&self, now_s: u64) -> Vec<u32> {
        let today = self.day(now_s);
        let second = self.shifted(now_s) % DAY_S;
        let mut days = vec![today.saturating_sub(u32::from(second < DAY_OVERLAP_S)), today];
        days.push(today.saturating_add(u32::from(second >= DAY_S - DAY_OVERLAP_S)));
        days.dedup();
        days
    }

    /// When the held days change next, Unix seconds.
    #[must_use]
    pub fn next_change_s(&self, now_s: u64) -> u64 {
        let second = self.shifted(now_s) % DAY_S;
        let next = if second < DAY_OVERLAP_S {
            DAY_OVERLAP_S
        } else if second < DAY_S - DAY_OVERLAP_S {
            DAY_S - DAY_OVERLAP_S
        } else {
            DAY_S
        };
        now_s.saturating_add(next - second)
    }

    /// Topic of a day, 32 letters.
    #[must_use]
    pub fn topic(&self, day: u32) -> [u8; 32] {
        b32(&self.prk.expand("topic", &[&day.to_be_bytes()]))
    }

    /// Key of a day's outer MAC.
    #[must_use]
    pub fn hint_key(&self, day: u32) -> [u8; 32] {
        self.prk.expand("hint", &[&day.to_be_bytes()])
    }

    fn shifted(&self, now_s: u64) -> u64 {
        now_s.saturating_add(u64::from(self.phase))
    }
}

#[cfg(test)]
mod tests;
