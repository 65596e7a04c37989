//! Where the audio thread leaves sound for a recording: it never waits, and a closed tap gives nothing.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
    mpsc::{SyncSender, TrySendError},
};

use super::TrackId;
use crate::simple_webrtc::engine::LinkId;

/// Whose sound is tapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tapped {
    /// Ours, as it leaves.
    Own,
    /// What is heard of a link.
    Link(LinkId),
}

/// Sound on its way to the writer.
pub(super) struct Piece {
    pub(super) track: TrackId,
    /// When its first sample was spoken or heard, monotonic microseconds.
    pub(super) at_us: u64,
    /// When it was tapped.
    pub(super) taken_us: u64,
    pub(super) sound: Vec<f32>,
}

/// A tap without a recording, and what came out of it: when each piece was tapped, and its sound.
#[cfg(test)]
pub(crate) fn bare(since_us: u64) -> (Tap, impl Fn() -> Vec<(u64, Vec<f32>)>) {
    let (pieces, out) = std::sync::mpsc::sync_channel(crate::limits::RECORDING_PIECES);
    let tap = Tap::new(TrackId(1), since_us, pieces, Arc::default());
    (tap, move || out.try_iter().map(|piece| (piece.at_us, piece.sound)).collect())
}

/// A way into a track. Copies are closed together.
#[derive(Clone, Debug)]
pub struct Tap {
    track: TrackId,
    since_us: u64,
    open: Arc<AtomicBool>,
    pieces: SyncSender<Piece>,
    missed: Arc<AtomicU64>,
}

impl Tap {
    pub(super) fn new(track: TrackId, since_us: u64, pieces: SyncSender<Piece>, missed: Arc<AtomicU64>) -> Self {
        Self { track, since_us, open: Arc::new(AtomicBool::new(true)), pieces, missed }
    }

    /// Nothing gets through any more.
    pub(crate) fn close(&self) {
        self.open.store(false, Ordering::Release);
    }

    /// It is the same one, or a copy.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.open, &other.open)
    }

    /// Sound that arrived then may be written: whoever it is of has agreed before.
    pub(crate) fn takes(&self, arrived_us: u64) -> bool {
        arrived_us >= self.since_us
    }

    /// Writes sound whose first sample belongs at `at_us`. Without room it is missing, and counted.
    pub(crate) fn write(&self, at_us: u64, taken_us: u64, sound: &[f32]) {
        if !self.open.load(Ordering::Acquire) {
            return;
        }
        let piece = Piece { track: self.track, at_us, taken_us, sound: sound.to_vec() };
        match self.pieces.try_send(piece) {
            Ok(()) => {}
            Err(TrySendError::Full(piece)) => {
                self.missed.fetch_add(piece.sound.len() as u64, Ordering::Relaxed);
            }
            // The recording is over; its tap is about to be closed.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }
}
