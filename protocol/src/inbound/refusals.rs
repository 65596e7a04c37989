//! Counters of what was refused: the only trace that a failed check leaves.

use ahoy_crypto::Check;

/// One counter a check number.
#[derive(Clone, Debug)]
pub struct Refusals {
    /// In the order of [`Check::ALL`].
    counts: Vec<u64>,
}

impl Default for Refusals {
    fn default() -> Self {
        Self { counts: vec![0; Check::ALL.len()] }
    }
}

impl Refusals {
    /// Counts one refusal.
    pub fn count(&mut self, check: Check) {
        if let Some(count) = Self::place(check).and_then(|place| self.counts.get_mut(place)) {
            *count = count.saturating_add(1);
        }
    }

    /// How often a check has refused.
    #[must_use]
    pub fn of(&self, check: Check) -> u64 {
        Self::place(check).and_then(|place| self.counts.get(place)).copied().unwrap_or(0)
    }

    /// Every check and its counter, ascending by number.
    pub fn iter(&self) -> impl Iterator<Item = (Check, u64)> + '_ {
        Check::ALL.iter().copied().zip(self.counts.iter().copied())
    }

    fn place(check: Check) -> Option<usize> {
        Check::ALL.binary_search(&check).ok()
    }
}

#[cfg(test)]
mod tests;
