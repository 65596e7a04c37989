//! A device that is to take the place of another one: the old one goes on until the new one runs.

use super::{
    recovery::{Open, Returns},
    source::Lost,
};

/// Time between two looks at a device that is being opened, microseconds: its ring of 60 ms must not run over or dry.
const LOOK_US: u64 = 20_000;

/// A change that may be under way.
///
/// ```text
///      want            it is opened          it runs, or cannot be used
/// No ───────> Wanted ───────────────> Opening ─────────────────────────> No
/// ```
pub(crate) struct Change<Device: ?Sized>(State<Device>);

enum State<Device: ?Sized> {
    No,
    Wanted,
    Opening(Box<Device>, u64),
}

impl<Device: Returns + ?Sized> Change<Device> {
    /// None is wanted.
    pub(crate) fn no() -> Self {
        Self(State::No)
    }

    /// Another device is wanted. One that was being opened is closed.
    pub(crate) fn want(&mut self) {
        self.0 = State::Wanted;
    }

    /// This device is wanted, which is being opened, or runs: looked at from then on.
    pub(crate) fn to(&mut self, device: Box<Device>, look_us: u64) {
        self.0 = State::Opening(device, look_us);
    }

    /// Nothing is wanted any more; the device that was being opened.
    pub(crate) fn take(&mut self) -> Option<Box<Device>> {
        match std::mem::replace(&mut self.0, State::No) {
            State::No | State::Wanted => None,
            State::Opening(device, _) => Some(device),
        }
    }

    /// Looks at it. The device once it runs, or why it cannot be used; the change is over then.
    pub(crate) fn step(&mut self, now_us: u64, open: &mut Open<Device>) -> Option<Result<Box<Device>, Lost>> {
        let mut device = match std::mem::replace(&mut self.0, State::No) {
            State::No => return None,
            State::Wanted => match open(now_us) {
                Ok(device) => device,
                Err(lost) => return Some(Err(lost)),
            },
            State::Opening(device, look_us) if now_us < look_us => {
                self.0 = State::Opening(device, look_us);
                return None;
            }
            State::Opening(device, _) => device,
        };
        match device.runs(now_us) {
            Ok(true) => Some(Ok(device)),
            Ok(false) => {
                self.0 = State::Opening(device, now_us + LOOK_US);
                None
            }
            Err(lost) => Some(Err(lost)),
        }
    }

    /// When to look next, if a change is under way.
    pub(crate) fn due_us(&self, now_us: u64) -> Option<u64> {
        match &self.0 {
            State::No => None,
            State::Wanted => Some(now_us),
            State::Opening(_, look_us) => Some(*look_us),
        }
    }
}
