//! Replay window over counters that gossip may reorder, lose or double.

use crate::limits::WINDOW;

/// The last 128 counters: which were taken. Looking and taking are apart, so that only what opened
/// moves the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// One above the highest counter taken; 0 while none was.
    next: u64,
    /// Bit i: counter `next - 1 - i` was taken.
    taken: u128,
}

impl Window {
    /// Whether a counter is neither taken nor behind the window.
    #[must_use]
    pub fn is_fresh(&self, counter: u64) -> bool {
        match self.next.checked_sub(counter) {
            None | Some(0) => true,
            Some(back) => back <= WINDOW && self.taken >> (back - 1) & 1 == 0,
        }
    }

    /// Takes a counter, after the message was opened. One that isn't fresh changes nothing.
    pub fn take(&mut self, counter: u64) {
        match self.next.checked_sub(counter) {
            None | Some(0) => {
                let ahead = (counter - self.next).saturating_add(1);
                self.taken = u32::try_from(ahead).ok().and_then(|ahead| self.taken.checked_shl(ahead)).unwrap_or(0) | 1;
                self.next = counter.saturating_add(1);
            }
            Some(back) if back <= WINDOW => self.taken |= 1 << (back - 1),
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
