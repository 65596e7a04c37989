//! Time limits of calls.

/// Time limits of calls, in ms (settings; defaults from the design).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    /// To reach somebody.
    pub reach_ms: u64,
    /// Ringing at the callee.
    pub ring_callee_ms: u64,
    /// Ringing at the caller.
    pub ring_caller_ms: u64,
    /// The other side, without a connection on which it listens and without packets, while it rings here or there.
    pub caller_lost_ms: u64,
    /// `connecting` in all.
    pub connecting_ms: u64,
    /// The longest an accepted call may last; none: as long as people want.
    pub max_call_ms: Option<u64>,
    /// No confirm after an answer.
    pub confirm_ms: u64,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            reach_ms: 10_000,
            ring_callee_ms: 45_000,
            ring_caller_ms: 60_000,
            caller_lost_ms: 5_000,
            connecting_ms: 30_000,
            max_call_ms: None,
            confirm_ms: 5_000,
        }
    }
}

impl Times {
    /// When `connecting` tries ICE once more: a third of the whole (10 s of 30 s).
    #[must_use]
    pub fn connecting_retry_ms(&self) -> u64 {
        self.connecting_ms / 3
    }
}
