//! Recordings of calls: a file for each voice, one of all together, and an index that says who agreed when.
//!
//! ```text
//!  audio thread ── Tap::write ──> pieces (bounded) ──┐
//!                                                    v
//!  whoever records ── Recording ──> orders ──> writer thread ──> track-1.opus, .., mixed.opus, index.json
//! ```
//! The audio thread never waits for a disk: what finds no room is missing from the recording, and counted. Sound reaches
//! the files as it was heard here, after the jitter buffer, on the clock of this machine; our own as it left, muted where
//! we were muted.

mod folder;
mod index;
#[cfg(test)]
mod opus_tools;
#[cfg(test)]
mod play;
mod tap;
mod timeline;
mod track_file;
mod writer;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    time::Duration,
};

use serde::Serialize;

#[cfg(test)]
use play::play;
use tap::Piece;
#[cfg(test)]
pub(crate) use tap::bare as bare_tap;
pub use tap::{Tap, Tapped};
use writer::Writer;

use crate::{host_media::Clock, limits};

/// Samples of a frame in the files: 20 ms.
const FRAME: usize = 960;

/// Time that the end of a recording may take before the daemon goes on without it: what is missing then is missing from the
/// index, not from the sound.
const CLOSING: Duration = Duration::from_secs(1);

/// A participant, as the index names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Party {
    /// Account id.
    pub account: String,
    /// Device id.
    pub device: String,
    /// Our name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What somebody said who was asked, for the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// Who.
    #[serde(flatten)]
    pub party: Party,
    /// `accepted`, `refused`, `no_answer`, `withdrawn`.
    pub answer: String,
    /// When it came, Unix ms.
    pub at_ms: u64,
}

/// What is recorded, and where.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The folder. It is made, and must not be there.
    pub folder: PathBuf,
    /// The folder above it is ours, and made if it isn't there; else it must be.
    pub make_above: bool,
    /// Call id, for the index.
    pub call: String,
    /// Now, Unix ms.
    pub started_at_ms: u64,
}

/// Why a recording is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Somebody stopped it.
    Stopped,
    /// The call is over.
    CallEnded,
    /// The daemon stops.
    DaemonStopped,
    /// The folder or a file could not be made.
    NotBegun,
    /// The disk is full.
    DiskFull,
    /// The disk failed.
    DiskFailed,
    /// It is as long or as large as one may be.
    LimitReached,
    /// The disk or this machine is too slow.
    TooSlow,
    /// A defect of ours.
    Defect,
}

impl Ending {
    /// A stable word.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::CallEnded => "call_ended",
            Self::DaemonStopped => "daemon_stopped",
            Self::NotBegun => "not_begun",
            Self::DiskFull => "disk_full",
            Self::DiskFailed => "disk_failed",
            Self::LimitReached => "limit_reached",
            Self::TooSlow => "too_slow",
            Self::Defect => "defect",
        }
    }
}

/// What a recording tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Folder and files are there.
    Begun {
        /// Where.
        folder: PathBuf,
    },
    /// It is over; the last that it says.
    Ended {
        /// Why.
        ending: Ending,
        /// For people: what happened, and what to do.
        detail: String,
    },
}

/// Where it tells that; called on a thread of its own, may wait.
pub type Tell = Box<dyn FnMut(Progress) + Send>;

/// Names a track within a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackId(u32);

/// What the writer is told.
enum Order {
    /// A voice from `at_us` on (monotonic microseconds).
    Begin { track: TrackId, party: Party, own: bool, at_us: u64, consented_at_ms: Option<u64> },
    /// A voice is to be written no longer: nothing of it that is not on the disk gets there.
    End { track: TrackId, at_ms: u64 },
    /// For the index.
    Answer(Answer),
    /// It is over.
    Stop { ending: Ending, at_us: u64 },
}

/// A recording that goes on. Ends with this value if it was not stopped before.
pub struct Recording {
    orders: SyncSender<Order>,
    pieces: SyncSender<Piece>,
    /// Samples that found no room.
    missed: Arc<AtomicU64>,
    /// An order found no room: the recording can't be trusted any more.
    overrun: Arc<AtomicBool>,
    /// Gone with the writer.
    closed: Receiver<()>,
    clock: Clock,
    tracks: u32,
}

impl Recording {
    /// Begins; whether that worked is told.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(spec: Spec, tell: Tell) -> std::io::Result<Self> {
        let (orders, orders_in) = sync_channel(limits::RECORDING_ORDERS);
        let (pieces, pieces_in) = sync_channel(limits::RECORDING_PIECES);
        let (alive, closed) = sync_channel(1);
        let (missed, overrun) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let clock = Clock::new();
        let writer = Writer::new(spec, clock, (Arc::clone(&missed), Arc::clone(&overrun)));
        std::thread::Builder::new().name("ahoy-record".into()).spawn(move || {
            writer.run(&orders_in, &pieces_in, tell);
            drop(alive);
        })?;
        Ok(Self { orders, pieces, missed, overrun, closed, clock, tracks: 0 })
    }

    /// A voice is written from now on; `consented_at_ms` says since when its owner agrees (none: it is ours).
    pub fn begin_track(&mut self, party: Party, own: bool, consented_at_ms: Option<u64>) -> TrackId {
        self.tracks += 1;
        let track = TrackId(self.tracks);
        self.order(Order::Begin { track, party, own, at_us: self.clock.now_us(), consented_at_ms });
        track
    }

    /// Where the audio thread puts sound of that track; what came to us before now is not taken.
    #[must_use]
    pub fn tap(&self, track: TrackId) -> Tap {
        Tap::new(track, self.clock.now_us(), self.pieces.clone(), Arc::clone(&self.missed))
    }

    /// A voice is written no longer, since `at_ms` (Unix ms).
    pub fn end_track(&self, track: TrackId, at_ms: u64) {
        self.order(Order::End { track, at_ms });
    }

    /// What somebody said who was asked.
    pub fn answered(&self, answer: Answer) {
        self.order(Order::Answer(answer));
    }

    /// It is over; everything up to now is written.
    pub fn stop(&self, ending: Ending) {
        self.order(Order::Stop { ending, at_us: self.clock.now_us() });
    }

    /// Waits until everything is written, a second at most.
    pub fn close(self, ending: Ending) {
        self.stop(ending);
        if let Err(std::sync::mpsc::RecvTimeoutError::Timeout) = self.closed.recv_timeout(CLOSING) {
            tracing::warn!("the end of a recording is still being written: the disk is slow");
        }
    }

    fn order(&self, order: Order) {
        match self.orders.try_send(order) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.overrun.store(true, Ordering::Release),
            Err(TrySendError::Disconnected(_)) => tracing::debug!("the recording is over already"),
        }
    }
}

#[cfg(test)]
mod tests;
