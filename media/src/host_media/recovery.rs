//! A device that is gone is tried again until it is back, without haste where it comes and goes.

use super::{
    sink::Sink,
    source::{Lost, Source},
};
use crate::planes::Planes;

/// Time between a loss and the next try, and between tries, microseconds: a device is back within a second of its return.
const RETRY_US: u64 = 500_000;

/// The same for a device that was lost soon after each return, at most: a plug with a loose contact is to be heard
/// within a second of each return, too.
const RETRY_MOST_US: u64 = 600_000;

/// A device that ran for this long counts as sound again, microseconds.
const STEADY_US: u64 = 10_000_000;

/// Time between two looks at a try that is under way, microseconds.
const LOOK_US: u64 = 50_000;

/// Opens a device anew; given the time.
pub(crate) type Open<Device> = Box<dyn FnMut(u64) -> Result<Box<Device>, Lost> + Send>;

/// What can come back.
pub(crate) trait Returns {
    /// Whether the device runs by now.
    ///
    /// # Errors
    /// [`Lost`] if it cannot be opened.
    fn runs(&mut self, now_us: u64) -> Result<bool, Lost>;
}

impl Returns for dyn Source {
    fn runs(&mut self, now_us: u64) -> Result<bool, Lost> {
        self.capture(now_us, &mut Planes::default())?;
        Ok(self.started_us().is_some())
    }
}

impl Returns for dyn Sink {
    fn runs(&mut self, now_us: u64) -> Result<bool, Lost> {
        while let Some(want) = self.want(now_us) {
            self.play(&Planes::silence(want.most))?;
        }
        Ok(self.started_us().is_some())
    }
}

/// Knows whether a device is gone, and when to try again.
///
/// ```text
///        lost                  time is up             it runs
/// There ─────> Waiting ───────────────────> Trying ──────────> There
///                 ^      cannot be opened     │
///                 └───────────────────────────┘
/// ```
pub(crate) struct Recovery<Device: ?Sized> {
    state: State<Device>,
    /// Time of the last return.
    back_us: Option<u64>,
    wait_us: u64,
}

enum State<Device: ?Sized> {
    There,
    Waiting(Absence),
    Trying(Absence, Box<Device>),
}

#[derive(Clone, Copy)]
struct Absence {
    lost_us: u64,
    next_us: u64,
    tries: u32,
}

impl<Device: Returns + ?Sized> Recovery<Device> {
    /// A device that is there.
    pub(crate) fn new() -> Self {
        Self { state: State::There, back_us: None, wait_us: RETRY_US }
    }

    /// The device is lost.
    pub(crate) fn lost(&mut self, now_us: u64) {
        let flaps = self.back_us.is_some_and(|back_us| now_us < back_us.saturating_add(STEADY_US));
        self.wait_us = if flaps { (self.wait_us * 2).min(RETRY_MOST_US) } else { RETRY_US };
        self.state = State::Waiting(Absence { lost_us: now_us, next_us: now_us + self.wait_us, tries: 0 });
    }

    /// It is not needed for now: what is being opened is closed.
    pub(crate) fn rest(&mut self) {
        if let State::Waiting(absence) | State::Trying(absence, _) = self.state {
            self.state = State::Waiting(absence);
        }
    }

    /// It is opened by other means.
    pub(crate) fn forget(&mut self) {
        self.state = State::There;
    }

    /// It is needed: the next try is due if the last was long enough ago.
    pub(crate) fn hurry(&mut self, now_us: u64) {
        if let State::Waiting(absence) = &mut self.state {
            absence.next_us = absence.next_us.min(now_us);
        }
    }

    /// Tries again if it is time; the device once it runs, and how long it was away, for people.
    pub(crate) fn step(&mut self, now_us: u64, open: &mut Open<Device>) -> Option<(Box<Device>, String)> {
        let (mut absence, device) = match std::mem::replace(&mut self.state, State::There) {
            State::There => return None,
            State::Waiting(absence) => (absence, None),
            State::Trying(absence, device) => (absence, Some(device)),
        };
        if now_us < absence.next_us {
            self.state = device.map_or(State::Waiting(absence), |device| State::Trying(absence, device));
            return None;
        }
        let opened = device.map_or_else(
            || {
                absence.tries = absence.tries.saturating_add(1);
                open(now_us)
            },
            Ok,
        );
        let tried = opened.and_then(|mut device| device.runs(now_us).map(|runs| (device, runs)));
        match tried {
            Ok((device, true)) => {
                self.back_us = Some(now_us);
                let seconds = now_us.saturating_sub(absence.lost_us) as f64 / 1e6;
                Some((device, format!("back after {seconds:.1} s ({} tries)", absence.tries)))
            }
            Ok((device, false)) => {
                absence.next_us = now_us + LOOK_US;
                self.state = State::Trying(absence, device);
                None
            }
            Err(Lost(why)) => {
                tracing::debug!(why, "a lost sound device is not back yet");
                absence.next_us = now_us + self.wait_us;
                self.state = State::Waiting(absence);
                None
            }
        }
    }

    /// When to step next, if the device is gone.
    pub(crate) fn due_us(&self) -> Option<u64> {
        match &self.state {
            State::There => None,
            State::Waiting(absence) | State::Trying(absence, _) => Some(absence.next_us),
        }
    }
}

#[cfg(test)]
mod tests;
