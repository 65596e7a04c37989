//! What the network driver counts; read by metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// One count that only rises.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// One more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// So far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// All counts of one network driver.
#[derive(Debug, Default)]
pub struct Counters {
    /// Messages handed to the core.
    pub sealed: Count,
    /// CHK-001: the length is none of the five.
    pub bad_length: Count,
    /// CHK-002: the first byte isn't 01.
    pub bad_version: Count,
    /// CHK-003: the type is unknown or hasn't this size.
    pub bad_type: Count,
    /// Messages of peers that send too many.
    pub over_rate: Count,
    /// Messages that the core had no room for.
    pub core_full: Count,
    /// Messages that gossipsub took for publication.
    pub published: Count,
    /// Publications that found no subscriber in time, or no room to wait.
    pub unsent: Count,
    /// Publications that the transport's queues had no room for, or that were too large.
    pub refused: Count,
    /// Topics that we could not hold: over the bound.
    pub topics_refused: Count,
    /// Prekey requests that were passed to the core.
    pub prekey_requests: Count,
    /// Prekey requests met with silence because of their rate or number.
    pub prekey_over_rate: Count,
    /// Dials.
    pub dials: Count,
    /// Dials that failed.
    pub dials_failed: Count,
    /// Connections of strangers that were closed for newer ones.
    pub strangers_dropped: Count,
    /// Signs of life asked for.
    pub pulses: Count,
    /// And given.
    pub pulses_answered: Count,
    /// Peers that no longer answered.
    pub vanished: Count,
}
