//! A jitter buffer with its decoder apart from any link and thread: for measurements and for hostile packets.

use bytes::Bytes;

use super::{
    api::ReceiveStats,
    jitter_buffer::{Incoming, JitterBuffer, Pulled, adaptive::Adaptive, opus_frames::OpusFrames},
    opus::OpusError,
};

/// What is heard from one sender.
pub struct Playback(Adaptive<OpusFrames>);

impl Playback {
    /// With a plain decoder (complexity 0), as links have it.
    ///
    /// # Errors
    /// [`OpusError::Internal`] without memory.
    pub fn new() -> Result<Self, OpusError> {
        Ok(Self(Adaptive::new(OpusFrames::new(0)?)))
    }

    /// Takes a packet: RTP sequence number and timestamp (48 kHz), one Opus packet, arrival in monotonic microseconds.
    pub fn insert(&mut self, (sequence, timestamp): (u16, u32), payload: Bytes, arrived_us: u64) {
        self.0.insert(Incoming { sequence, timestamp, payload, arrived_us });
    }

    /// Fills `out` with what is heard from `now_us` (monotonic microseconds, never backwards) on; true if any of it is
    /// the sender's sound.
    pub fn pull(&mut self, now_us: u64, out: &mut [f32]) -> bool {
        self.0.prepare(now_us);
        self.0.pull(now_us, out) == Pulled::Sound
    }

    /// Figures so far.
    #[must_use]
    pub fn stats(&self, now_us: u64) -> ReceiveStats {
        self.0.stats(now_us)
    }
}
