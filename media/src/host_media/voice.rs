//! The encoder of our sound, and its mute switch.

use bytes::Bytes;

use super::opus::{Encoder, EncoderConfig, OpusError};

/// Encodes frames; muted, it encodes silence in frames of the same size.
pub(crate) struct Voice {
    config: EncoderConfig,
    encoder: Encoder,
    muted: bool,
}

impl Voice {
    /// A voice that is not muted.
    ///
    /// # Errors
    /// As [`Encoder::new`].
    pub(crate) fn new(config: EncoderConfig) -> Result<Self, OpusError> {
        Ok(Self { config, encoder: Encoder::new(config)?, muted: false })
    }

    /// Whether silence is encoded.
    pub(crate) fn muted(&self) -> bool {
        self.muted
    }

    /// Mutes or unmutes. A new encoder takes over, because the old one still holds the latest sound (its look-ahead, and
    /// the copy of the last frame for FEC), and would let it out.
    ///
    /// # Errors
    /// As [`Encoder::new`]; then nothing has changed.
    pub(crate) fn mute(&mut self, muted: bool) -> Result<(), OpusError> {
        if muted && !self.muted {
            self.encoder = Encoder::new(self.config)?;
        }
        self.muted = muted;
        Ok(())
    }

    /// Encodes a frame, or silence in its place.
    ///
    /// # Errors
    /// As [`Encoder::encode`].
    pub(crate) fn encode(&mut self, frame: &mut [f32]) -> Result<Bytes, OpusError> {
        if self.muted {
            frame.fill(0.0);
        }
        self.encoder.encode(frame)
    }
}
