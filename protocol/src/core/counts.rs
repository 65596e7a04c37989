//! What the core holds now, for whoever looks for leaks.

use super::Core;

/// Numbers of things that a call brings and its end takes away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Calls that frontends see and that are not ended.
    pub calls: usize,
    /// Calls whose keys and topics are held.
    pub sessions: usize,
    /// Pair channels, those whose confirm is awaited included.
    pub pairs: usize,
    /// Timers: messages to be sent again, limits of calls, links to be closed.
    pub timers: usize,
    /// One-way messages on their way, or kept for devices that are not there.
    pub letters: usize,
}

impl Core {
    /// What is held now.
    #[must_use]
    pub fn counted(&self) -> Counted {
        let session = self.session.held_now();
        Counted {
            calls: self.calls.live_calls(),
            sessions: session.calls,
            pairs: session.pairs,
            timers: session.timers + self.calls.running_timers(),
            letters: session.letters,
        }
    }
}
