//! The receiving end of one link without a device, a thread or a clock: packets in, sound out. For tests and fuzzing,
//! which want to say what time it is.

use bytes::Bytes;
use rtc::{rtp, shared::marshal::Unmarshal};

use super::{
    api::ReceiveStats,
    asking::Came,
    jitter_buffer::{Incoming, JitterBuffer, Pulled, adaptive::Adaptive, opus_frames::OpusFrames},
    opus::OpusError,
};
use crate::{limits::OPUS_PACKET_BYTES, planes::Planes};

/// A jitter buffer and its decoder.
pub struct Listening {
    buffer: Adaptive<OpusFrames>,
    heard: Planes,
}

impl Listening {
    /// Nothing has come yet. `complexity` of the decoder: 0 (cheap) to 10.
    ///
    /// # Errors
    /// [`OpusError`] if there is no such decoder.
    pub fn new(complexity: u32) -> Result<Self, OpusError> {
        Ok(Self { buffer: Adaptive::new(OpusFrames::new(complexity)?, 0), heard: Planes::default() })
    }

    /// A packet has come at `now_us` (monotonic microseconds, never less than before), as RTP in the clear. False: it is
    /// no RTP (RFC 3550), or nothing that a link passes on.
    pub fn datagram(&mut self, mut datagram: &[u8], now_us: u64) -> bool {
        let Ok(packet) = rtp::Packet::unmarshal(&mut datagram) else { return false };
        let fits = (1..=OPUS_PACKET_BYTES).contains(&packet.payload.len());
        if fits {
            self.packet(packet.header.sequence_number, packet.header.timestamp, packet.payload, now_us);
        }
        fits
    }

    /// An Opus packet has come at `now_us`, with its RTP sequence number and timestamp.
    pub fn packet(&mut self, sequence: u16, timestamp: u32, payload: Bytes, now_us: u64) {
        self.buffer.insert(Incoming { sequence, timestamp, payload, arrived_us: now_us, came: Came::ByItself });
    }

    /// Fills `out` with what is to be heard from `now_us` on, on one channel; true if the sender's sound is in it.
    pub fn hear(&mut self, now_us: u64, out: &mut [f32]) -> bool {
        let pulled = self.buffer.pull(now_us, out.len(), &mut self.heard);
        out.copy_from_slice(&self.heard.mid);
        pulled == Pulled::Sound
    }

    /// Packets and samples that wait, to be played or to be decoded.
    #[must_use]
    pub fn waiting(&self) -> (usize, usize) {
        self.buffer.waiting()
    }

    /// Figures so far.
    #[must_use]
    pub fn stats(&self, now_us: u64) -> ReceiveStats {
        self.buffer.stats(now_us)
    }
}

#[cfg(test)]
mod tests;
