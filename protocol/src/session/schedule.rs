//! When something goes again that waits for an acknowledgement (docs/wire.md section 5, "Resends").

use super::pace::Pace;
use crate::limits::{RESEND_FIRST_MS, RESEND_GIVE_UP_MS, RESEND_LAST_MS};

/// Milliseconds between the sends to a device that is near.
const GAPS_MS: [u64; 4] = [RESEND_FIRST_MS, 150, 250, 500];
/// Milliseconds between the sends after those, and between any two at most: what is lost on a slow way is to be mended too.
const EVERY_MS: u64 = 1_000;
/// Milliseconds between the sends of what nobody acknowledges.
const BLIND_MS: [u64; 2] = [300, 700];

/// How long something is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Until it is acknowledged, for 60 s.
    Acknowledged,
    /// Three times: nobody says that it has arrived.
    Blind,
    /// This many times, for less than 60 s: copies of an answer.
    Copies(u32),
}

/// Where a repeated message stands.
///
/// ```text
///         sent                 last send               given up, stopped
///   Due ───────> At(time) ──────────────────> Last ───────────────────────> Over
///   │ ^             │                 (not if nobody acknowledges: Over at once)
///   │ └─ time came ─┘
///   v ^
///  Parked: nobody is there; a subscriber appears: Due
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It shall go now.
    Due,
    /// It shall go at this time.
    At(u64),
    /// It shall go as soon as somebody is there.
    Parked,
    /// It has gone for the last time and may still be acknowledged.
    Last,
    /// Nothing of it goes any more.
    Over,
}

/// The sends of one message. Its clock starts with the first send, or with its birth while it
/// hasn't been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    plan: Plan,
    since_ms: u64,
    sent: u32,
    state: State,
}

impl Schedule {
    /// Due at once.
    pub(super) fn new(plan: Plan, now_ms: u64) -> Self {
        Self { plan, since_ms: now_ms, sent: 0, state: State::Due }
    }

    /// It shall go now.
    pub(super) fn is_due(&self, now_ms: u64) -> bool {
        match self.state {
            State::Due => true,
            State::At(at_ms) => at_ms <= now_ms,
            State::Parked | State::Last | State::Over => false,
        }
    }

    /// It went. The next time is the first one ahead, as far off as the device's pace is slow: times that passed unused don't
    /// pile up.
    pub(super) fn sent(&mut self, now_ms: u64, pace: Pace) {
        if self.sent == 0 {
            self.since_ms = now_ms;
        }
        self.sent += 1;
        let elapsed_ms = now_ms.saturating_sub(self.since_ms);
        self.state = match (self.next_after(elapsed_ms, pace.first_ms()), self.plan) {
            (Some(next_ms), _) => State::At(self.since_ms.saturating_add(next_ms)),
            (None, Plan::Acknowledged) => State::Last,
            (None, Plan::Blind | Plan::Copies(_)) => State::Over,
        };
    }

    fn next_after(&self, elapsed_ms: u64, first_ms: u64) -> Option<u64> {
        let paced_ms = |gap_ms: u64| (gap_ms * first_ms / RESEND_FIRST_MS).min(EVERY_MS);
        let ahead = |gaps: &mut dyn Iterator<Item = u64>| {
            let mut at_ms = 0;
            gaps.map(paced_ms).find_map(|gap_ms| {
                at_ms += gap_ms;
                (at_ms > elapsed_ms).then_some(at_ms)
            })
        };
        match self.plan {
            Plan::Blind => ahead(&mut BLIND_MS.into_iter()),
            Plan::Copies(copies) if self.sent >= copies => None,
            Plan::Acknowledged | Plan::Copies(_) => {
                let next_ms = ahead(&mut GAPS_MS.into_iter().chain(std::iter::repeat(EVERY_MS)));
                next_ms.filter(|next_ms| *next_ms <= RESEND_LAST_MS)
            }
        }
    }

    /// Nobody was there to take it.
    pub(super) fn park(&mut self) {
        self.state = State::Parked;
    }

    /// Somebody is there now: what was parked is due.
    pub(super) fn wake(&mut self) {
        match self.state {
            State::Parked => self.state = State::Due,
            State::Due | State::At(_) | State::Last | State::Over => {}
        }
    }

    /// Nothing of it goes any more, whoever appears.
    pub(super) fn stop(&mut self) {
        self.state = State::Over;
    }

    /// From the beginning.
    pub(super) fn restart(&mut self, now_ms: u64) {
        *self = Self::new(self.plan, now_ms);
    }

    /// It waits for somebody to be there.
    pub(super) fn is_parked(&self) -> bool {
        self.state == State::Parked
    }

    /// It has gone so often.
    pub(super) fn was_sent_times(&self, times: u32) -> bool {
        self.sent == times
    }

    /// When it went for the first time.
    pub(super) fn sent_ms(&self) -> Option<u64> {
        self.was_sent().then_some(self.since_ms)
    }

    /// When it went, if it went once and never again.
    pub(super) fn sent_once_ms(&self) -> Option<u64> {
        (self.sent == 1).then_some(self.since_ms)
    }

    /// It has gone at least once.
    pub(super) fn was_sent(&self) -> bool {
        self.sent > 0
    }

    /// Stops what has had its time: what is acknowledged, a second after its last send. True if
    /// nothing of it goes any more.
    pub(super) fn expire(&mut self, now_ms: u64) -> bool {
        if now_ms >= self.give_up_ms() {
            self.state = State::Over;
        }
        self.state == State::Over
    }

    /// It goes, or waits to go or to be acknowledged.
    pub(super) fn is_running(&self) -> bool {
        self.state != State::Over
    }

    fn give_up_ms(&self) -> u64 {
        self.since_ms.saturating_add(RESEND_GIVE_UP_MS)
    }

    /// When it wants to be looked at; a time that has passed means now.
    pub(super) fn next_ms(&self) -> Option<u64> {
        match self.state {
            State::Due => Some(self.since_ms),
            State::At(at_ms) => Some(at_ms),
            State::Parked | State::Last => Some(self.give_up_ms()),
            State::Over => None,
        }
    }
}

#[cfg(test)]
mod tests;
