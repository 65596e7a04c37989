//! When a device is asked for a sign of life.

use std::time::Instant;

use crate::limits::network as limits;

/// When one device is asked next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    /// We ask while it is quiet; else it asks us, and we only if it doesn't.
    leads: bool,
    active_until: Option<Instant>,
    asked: Instant,
    heard: Instant,
    waiting: bool,
}

impl Schedule {
    /// Of a device that has just connected. Of two devices, one leads.
    #[must_use]
    pub(crate) fn new(leads: bool, now: Instant) -> Self {
        Self { leads, active_until: None, asked: now, heard: now, waiting: false }
    }

    /// A message was exchanged with it.
    pub(crate) fn active(&mut self, now: Instant) {
        self.active_until = Some(now + limits::ACTIVE_FOR);
    }

    /// When it shall be asked next; none while an answer is awaited. `idle` is the moment when all
    /// the quiet ones are asked that we lead.
    #[must_use]
    pub(crate) fn due(&self, idle: Instant) -> Option<Instant> {
        if self.waiting {
            return None;
        }
        let quiet = if self.leads { idle } else { self.heard + limits::PULSE_MISSED };
        let quick = self.asked + limits::PULSE_ACTIVE;
        let active = self.active_until.is_some_and(|until| quick < until);
        Some(if active { quick.min(quiet) } else { quiet })
    }

    /// It is asked now.
    pub(crate) fn ask(&mut self, now: Instant) {
        self.asked = now;
        self.waiting = true;
    }

    /// Asks out of turn, unless an answer is awaited; whether it is to be asked.
    pub(crate) fn ask_now(&mut self, now: Instant) -> bool {
        let asks = !self.waiting;
        if asks {
            self.ask(now);
        }
        asks
    }

    /// It was asked, and nothing has come of it since, in a time that is long while a call waits.
    pub(crate) fn is_silent(&self, now: Instant) -> bool {
        self.waiting && now.saturating_duration_since(self.asked.max(self.heard)) >= limits::PULSE_TIMEOUT_IN_CALL
    }

    /// Something came of it since it was asked: on a slow way its answer waits behind that.
    pub(crate) fn speaks(&self) -> bool {
        self.heard > self.asked
    }

    /// It has answered, or the question failed for a reason that isn't its silence.
    pub(crate) fn answered(&mut self, now: Instant) {
        self.waiting = false;
        self.heard = now;
    }

    /// It has not answered in time, but spoke meanwhile: it is asked again soon, and not at its next quiet turn.
    pub(crate) fn put_off(&mut self, now: Instant) {
        self.waiting = false;
        self.active(now);
    }

    /// A connection is gone, and with it the question that it may have carried.
    pub(crate) fn lapsed(&mut self) {
        self.waiting = false;
    }

    /// It has asked us.
    pub(crate) fn heard(&mut self, now: Instant) {
        self.heard = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn quiet_devices_are_asked_together_and_active_ones_every_two_seconds() {
        let start = Instant::now();
        let idle = start + limits::PULSE_IDLE;
        let mut schedule = Schedule::new(true, start);
        assert_eq!(schedule.due(idle), Some(idle));
        schedule.active(start);
        assert_eq!(schedule.due(idle), Some(start + seconds(2)));
        schedule.ask(start + seconds(2));
        assert_eq!(schedule.due(idle), None, "one question at a time");
        schedule.answered(start + seconds(2));
        assert_eq!(schedule.due(idle), Some(start + seconds(4)));
    }

    #[test]
    fn a_device_that_spoke_and_did_not_answer_is_asked_again_at_once_whatever_it_said() {
        let start = Instant::now();
        let idle = start + limits::PULSE_IDLE;
        let mut schedule = Schedule::new(true, start);
        schedule.active(start);
        schedule.ask(start + seconds(58));
        assert!(!schedule.speaks());
        // Its own question, and then nothing more.
        schedule.heard(start + seconds(59));
        assert!(schedule.speaks());
        schedule.put_off(start + seconds(62));
        assert_eq!(schedule.due(idle), Some(start + seconds(60)), "which has passed");
        schedule.ask(start + seconds(62));
        assert!(!schedule.speaks(), "the next silence counts");
    }

    #[test]
    fn a_device_is_quiet_again_a_minute_after_its_last_message() {
        let start = Instant::now();
        let idle = start + limits::PULSE_IDLE;
        let mut schedule = Schedule::new(true, start);
        schedule.active(start);
        schedule.ask(start + seconds(59));
        schedule.answered(start + seconds(59));
        assert_eq!(schedule.due(idle), Some(idle));
    }

    #[test]
    fn who_does_not_lead_asks_only_a_quiet_device_that_has_missed_its_turn() {
        let start = Instant::now();
        let idle = start + limits::PULSE_IDLE;
        let mut schedule = Schedule::new(false, start);
        assert_eq!(schedule.due(idle), Some(start + limits::PULSE_MISSED));
        schedule.heard(idle);
        assert_eq!(schedule.due(idle + limits::PULSE_IDLE), Some(idle + limits::PULSE_MISSED));
    }

    #[test]
    fn a_device_that_is_asked_out_of_turn_is_silent_when_it_does_not_answer_in_time() {
        let start = Instant::now();
        let mut schedule = Schedule::new(true, start);
        assert!(!schedule.is_silent(start + seconds(100)), "it was not asked");
        assert!(schedule.ask_now(start));
        assert!(!schedule.ask_now(start + seconds(1)), "one question at a time");
        assert!(!schedule.is_silent(start + Duration::from_millis(1_999)));
        assert!(schedule.is_silent(start + seconds(2)));
        schedule.answered(start + seconds(2));
        assert!(!schedule.is_silent(start + seconds(100)));
        // A question that went with its connection is nobody's silence.
        assert!(schedule.ask_now(start + seconds(101)));
        schedule.lapsed();
        assert!(!schedule.is_silent(start + seconds(200)) && schedule.ask_now(start + seconds(200)));
    }

    #[test]
    fn a_device_that_does_not_lead_is_quick_too_while_active() {
        let start = Instant::now();
        let mut schedule = Schedule::new(false, start);
        schedule.active(start);
        assert_eq!(schedule.due(start + limits::PULSE_IDLE), Some(start + seconds(2)));
    }
}
