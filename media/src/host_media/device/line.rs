//! What the audio thread, the opener's thread and a card's callback know of each other: figures without locks.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
        mpsc::{Receiver, TryRecvError},
    },
    thread::Thread,
};

use crate::{host_media::source::Lost, limits::DEVICE_OPENS_US};

/// Without a callback for this long a card is lost, microseconds: cpal does not tell when some vanish.
pub(super) const WATCHDOG_US: u64 = 2_000_000;

/// The same before the first callback: an idle sink of a sound server took 2 s to begin.
pub(super) const FIRST_CALLBACK_US: u64 = 5_000_000;

/// Errors without a callback between them from which a card is lost: a stopped sound server made cpal report 200,000 a
/// second, and spin a core.
const STORM: u32 = 1_000;

/// Frames beyond its clock after which a card has run away, in seconds of sound: ALSA's `null` gave 70 million a second.
/// What a card holds back and delivers at once is far less.
const AHEAD_S: u64 = 1;

/// The state of a stream.
#[derive(Debug, Default)]
pub(super) struct Status {
    /// Callbacks so far.
    pub(super) callbacks: AtomicU64,
    /// Frames that the card gave or took.
    pub(super) frames: AtomicU64,
    /// Monotonic microseconds of the first sample; 0 before.
    pub(super) first_us: AtomicU64,
    /// Samples that found no room in the ring.
    pub(super) overrun: AtomicU64,
    /// Samples that were missing in the ring.
    pub(super) underrun: AtomicU64,
    /// Errors that may pass.
    pub(super) errors: AtomicU32,
    /// The stream will not deliver any more.
    pub(super) failed: AtomicBool,
    /// It goes on, but the default is another device now.
    pub(super) moved: AtomicBool,
    /// The audio thread wants the stream closed.
    pub(super) closed: AtomicBool,
    opener: OnceLock<Thread>,
}

impl Status {
    /// Says whom to wake when the stream is to be closed.
    pub(super) fn opener(&self, thread: Thread) {
        // A second opener cannot be: the status is made for one.
        self.opener.get_or_init(|| thread);
    }
}

/// A stream that is open: its rate, its channels and our end of its ring.
pub(super) struct Opened<End> {
    pub(super) rate_hz: u32,
    pub(super) channels: u16,
    pub(super) end: End,
}

/// The audio thread's hold on a stream; closes it when dropped, without waiting.
pub(super) struct Line<End> {
    pub(super) status: Arc<Status>,
    opening: Option<Receiver<Result<Opened<End>, Lost>>>,
    /// When that was first looked at.
    since_us: Option<u64>,
    /// Frames a second, once open.
    rate_hz: u32,
    /// Callbacks and errors when the card last gave a sign of life, and that time.
    seen: u64,
    seen_errors: u32,
    seen_us: u64,
    /// That it reports errors was logged.
    told: bool,
}

impl<End> Line<End> {
    /// A stream that is being opened.
    pub(super) fn new(status: Arc<Status>, opening: Receiver<Result<Opened<End>, Lost>>, now_us: u64) -> Self {
        let (opening, since_us) = (Some(opening), None);
        Self { status, opening, since_us, rate_hz: 0, seen: 0, seen_errors: 0, seen_us: now_us, told: false }
    }

    /// The opened stream, once.
    ///
    /// # Errors
    /// [`Lost`] if it cannot be opened, or not in time.
    pub(super) fn opened(&mut self, now_us: u64) -> Result<Option<Opened<End>>, Lost> {
        let Some(opening) = &self.opening else { return Ok(None) };
        match opening.try_recv() {
            Ok(result) => {
                self.opening = None;
                self.seen_us = now_us;
                self.rate_hz = result.as_ref().map_or(0, |opened| opened.rate_hz);
                result.map(Some)
            }
            Err(TryRecvError::Empty) => {
                let since_us = *self.since_us.get_or_insert(now_us);
                if now_us.saturating_sub(since_us) < DEVICE_OPENS_US {
                    return Ok(None);
                }
                Err(Lost(format!(
                    "the sound system has not opened the device within {} s: it hangs; start it again, or choose another device",
                    DEVICE_OPENS_US / 1_000_000
                )))
            }
            Err(TryRecvError::Disconnected) => Err(Lost("the sound device could not be opened".into())),
        }
    }

    /// Looks whether the card still runs.
    ///
    /// # Errors
    /// [`Lost`] if it failed, is silent for too long, storms with errors, or runs away from the clock.
    pub(super) fn watch(&mut self, now_us: u64) -> Result<(), Lost> {
        if self.status.failed.load(Ordering::Acquire) {
            return Err(Lost("the sound device is gone".into()));
        }
        let callbacks = self.status.callbacks.load(Ordering::Acquire);
        let errors = self.status.errors.load(Ordering::Relaxed);
        if errors > 0 && !std::mem::replace(&mut self.told, true) {
            tracing::warn!("a sound device reports errors; how many is told when it is closed");
        }
        if self.ran_away(now_us) {
            return Err(Lost("the sound device has run away: it does not keep time".into()));
        }
        if callbacks != self.seen || self.opening.is_some() {
            (self.seen, self.seen_errors, self.seen_us) = (callbacks, errors, now_us);
        }
        let patience_us = if callbacks == 0 { FIRST_CALLBACK_US } else { WATCHDOG_US };
        if now_us.saturating_sub(self.seen_us) > patience_us || errors.wrapping_sub(self.seen_errors) > STORM {
            return Err(Lost(format!("the sound device has stopped ({errors} errors)")));
        }
        Ok(())
    }

    /// More frames than the time since the first callback has room for, with a quarter to spare.
    fn ran_away(&self, now_us: u64) -> bool {
        let first_us = self.status.first_us.load(Ordering::Acquire);
        if first_us == 0 || self.rate_hz == 0 {
            return false;
        }
        let rate_hz = u64::from(self.rate_hz);
        let due = now_us.saturating_sub(first_us).saturating_mul(rate_hz) / 1_000_000;
        self.status.frames.load(Ordering::Acquire) > due + due / 4 + rate_hz * AHEAD_S
    }
}

impl<End> Drop for Line<End> {
    fn drop(&mut self) {
        let errors = self.status.errors.load(Ordering::Relaxed);
        if errors > 0 {
            tracing::warn!(errors, "a sound device that reported errors is closed");
        }
        self.status.closed.store(true, Ordering::Release);
        if let Some(thread) = self.status.opener.get() {
            thread.unpark();
        }
    }
}
