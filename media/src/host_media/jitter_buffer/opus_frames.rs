//! Opus as a jitter buffer wants it.

use super::FrameDecoder;
use crate::host_media::opus::{self, Decoder, OpusError};

/// An Opus decoder of one link.
pub(crate) struct OpusFrames(Decoder);

impl OpusFrames {
    /// A decoder; `complexity` as in [`Decoder::new`].
    ///
    /// # Errors
    /// As [`Decoder::new`].
    pub(crate) fn new(complexity: u32) -> Result<Self, OpusError> {
        Decoder::new(complexity).map(Self)
    }
}

impl FrameDecoder for OpusFrames {
    fn samples(&self, packet: &[u8]) -> Option<usize> {
        opus::packet_samples(packet).ok()
    }

    fn has_fec(&self, packet: &[u8]) -> bool {
        opus::has_fec(packet)
    }

    fn decode(&mut self, packet: &[u8], out: &mut [f32]) -> Option<usize> {
        self.0.decode(packet, out).ok()
    }

    fn recover(&mut self, packet: &[u8], out: &mut [f32]) -> bool {
        self.0.decode_fec(packet, out).is_ok()
    }

    fn conceal(&mut self, out: &mut [f32]) {
        if self.0.conceal(out).is_err() {
            out.fill(0.0);
        }
    }

    fn reset(&mut self) {
        if let Err(error) = self.0.reset() {
            tracing::warn!(%error, "the decoder keeps the sound of the stream before");
        }
    }
}
