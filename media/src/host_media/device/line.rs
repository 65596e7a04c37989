//! What the audio thread, the opener's thread and a card's callback know of each other: figures without locks.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
        mpsc::{Receiver, TryRecvError},
    },
    thread::Thread,
};

use crate::host_media::source::Lost;

/// Without a callback for this long a card is lost, microseconds: cpal does not tell when some vanish.
pub(super) const WATCHDOG_US: u64 = 2_000_000;

/// Errors without a callback between them from which a card is lost: a stopped sound server made cpal report 200,000 a
/// second, and spin a core.
const STORM: u32 = 1_000;

/// The state of a stream.
#[derive(Debug, Default)]
pub(super) struct Status {
    /// Callbacks so far.
    pub(super) callbacks: AtomicU64,
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

/// A stream that is open: its rate and our end of its ring.
pub(super) struct Opened<End> {
    pub(super) rate_hz: u32,
    pub(super) end: End,
}

/// The audio thread's hold on a stream; closes it when dropped, without waiting.
pub(super) struct Line<End> {
    pub(super) status: Arc<Status>,
    opening: Option<Receiver<Result<Opened<End>, Lost>>>,
    /// Callbacks and errors when the card last gave a sign of life, and that time.
    seen: u64,
    seen_errors: u32,
    seen_us: u64,
}

impl<End> Line<End> {
    /// A stream that is being opened.
    pub(super) fn new(status: Arc<Status>, opening: Receiver<Result<Opened<End>, Lost>>, now_us: u64) -> Self {
        Self { status, opening: Some(opening), seen: 0, seen_errors: 0, seen_us: now_us }
    }

    /// The opened stream, once.
    ///
    /// # Errors
    /// [`Lost`] if it cannot be opened.
    pub(super) fn opened(&mut self, now_us: u64) -> Result<Option<Opened<End>>, Lost> {
        let Some(opening) = &self.opening else { return Ok(None) };
        match opening.try_recv() {
            Ok(result) => {
                self.opening = None;
                self.seen_us = now_us;
                result.map(Some)
            }
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(Lost("the sound device could not be opened".into())),
        }
    }

    /// Looks whether the card still runs.
    ///
    /// # Errors
    /// [`Lost`] if it failed or is silent for too long.
    pub(super) fn watch(&mut self, now_us: u64) -> Result<(), Lost> {
        if self.status.failed.load(Ordering::Acquire) {
            return Err(Lost("the sound device is gone".into()));
        }
        let callbacks = self.status.callbacks.load(Ordering::Acquire);
        let errors = self.status.errors.load(Ordering::Relaxed);
        if callbacks != self.seen || self.opening.is_some() {
            (self.seen, self.seen_errors, self.seen_us) = (callbacks, errors, now_us);
        }
        if now_us.saturating_sub(self.seen_us) > WATCHDOG_US || errors.wrapping_sub(self.seen_errors) > STORM {
            return Err(Lost(format!("the sound device has stopped ({errors} errors)")));
        }
        Ok(())
    }
}

impl<End> Drop for Line<End> {
    fn drop(&mut self) {
        self.status.closed.store(true, Ordering::Release);
        if let Some(thread) = self.status.opener.get() {
            thread.unpark();
        }
    }
}
