//! How much a pair may ask of the media engine, and of the person here.

use std::collections::VecDeque;

use ahoy_crypto::Check;

use crate::limits::{CANDIDATES_MAX, RECORD_REQUESTS_MAX, RESTART_WINDOW_MS, RESTARTS_MAX};

/// Candidates of a pair, counted in its newest link and generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CandidateCount {
    /// Link, then generation: neither goes back.
    newest: (u32, u32),
    taken: usize,
}

impl CandidateCount {
    /// It is of a link or generation that was followed by another one: ignored, and not counted.
    #[must_use]
    pub fn is_past(&self, link: u32, generation: u32) -> bool {
        (link, generation) < self.newest
    }

    /// Takes one candidate. A newer link or generation starts at 0.
    ///
    /// # Errors
    /// 068; also for what [`Self::is_past`], or going back and forth would start anew without end.
    pub fn take(&mut self, link: u32, generation: u32) -> Result<(), Check> {
        Check::CANDIDATES.refuse_if(self.is_past(link, generation))?;
        if (link, generation) > self.newest {
            *self = CandidateCount { newest: (link, generation), taken: 0 };
        }
        Check::CANDIDATES.refuse_if(self.taken >= CANDIDATES_MAX)?;
        self.taken += 1;
        Ok(())
    }
}

/// Restarts that a pair asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestartRate {
    /// When the last ones came, at most [`RESTARTS_MAX`].
    times_ms: VecDeque<u64>,
}

impl RestartRate {
    /// Takes one restart at this monotonic time.
    ///
    /// # Errors
    /// 069.
    pub fn take(&mut self, now_ms: u64) -> Result<(), Check> {
        while self.times_ms.front().is_some_and(|time| now_ms.saturating_sub(*time) >= RESTART_WINDOW_MS) {
            self.times_ms.pop_front();
        }
        Check::RESTARTS.refuse_if(self.times_ms.len() >= RESTARTS_MAX)?;
        self.times_ms.push_back(now_ms);
        Ok(())
    }
}

/// Questions of a pair whether it may record us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordRate {
    /// The highest number so far.
    newest: Option<u32>,
    /// When the last ones came, at most [`RECORD_REQUESTS_MAX`].
    times_ms: VecDeque<u64>,
}

impl RecordRate {
    /// Takes one question at this monotonic time; what is not newer asks nothing and is not counted.
    ///
    /// # Errors
    /// 084.
    pub fn take(&mut self, number: u32, now_ms: u64) -> Result<(), Check> {
        if self.newest.is_some_and(|newest| newest.wrapping_sub(number) as i32 >= 0) {
            return Ok(());
        }
        while self.times_ms.front().is_some_and(|time| now_ms.saturating_sub(*time) >= RESTART_WINDOW_MS) {
            self.times_ms.pop_front();
        }
        Check::RECORD_REQUESTS.refuse_if(self.times_ms.len() >= RECORD_REQUESTS_MAX)?;
        self.newest = Some(number);
        self.times_ms.push_back(now_ms);
        Ok(())
    }
}
