//! Opus as a jitter buffer wants it.

use super::FrameDecoder;
use crate::{
    host_media::opus::{self, Channels, Decoder, OpusError},
    planes::Planes,
};

/// Samples over which the decoder of one channel goes over into one of two: 5 ms.
const BLEND: usize = 240;

/// The highest complexity at which libopus makes up each channel for itself: its neural model makes up one, for both.
const EACH_CHANNEL: u32 = 4;

/// An Opus decoder of one link: of one channel until a packet of two comes, and of two from then on.
pub(crate) struct OpusFrames {
    decoder: Decoder,
    complexity: u32,
    /// The last packet was of two channels.
    wide: bool,
    /// What a decoder of two channels wrote.
    pairs: Vec<f32>,
}

impl OpusFrames {
    /// A decoder; `complexity` as in [`Decoder::new`].
    ///
    /// # Errors
    /// As [`Decoder::new`].
    pub(crate) fn new(complexity: u32) -> Result<Self, OpusError> {
        Ok(Self { decoder: Decoder::new(complexity)?, complexity, wide: false, pairs: Vec::new() })
    }

    /// Lets the decoder write so many samples; false if it did not.
    fn fill(
        &mut self,
        samples: usize,
        out: &mut Planes,
        write: impl FnOnce(&mut Decoder, &mut [f32]) -> Result<usize, OpusError>,
    ) -> bool {
        match self.decoder.channels() {
            Channels::Mono => {
                out.silent(samples);
                write(&mut self.decoder, &mut out.mid).is_ok()
            }
            Channels::Stereo => {
                self.pairs.clear();
                self.pairs.resize(2 * samples, 0.0);
                let written = write(&mut self.decoder, &mut self.pairs).is_ok();
                out.read_pairs(&self.pairs);
                written
            }
        }
    }

    /// What is lost next is made up as this packet is: of one channel or of two.
    fn follow(&mut self, wide: bool) {
        let complexity = if wide { self.complexity.min(EACH_CHANNEL) } else { self.complexity };
        if self.wide == wide {
            return;
        }
        self.wide = wide;
        if let Err(error) = self.decoder.set_complexity(complexity) {
            tracing::debug!(%error, "what is lost is made up as before");
        }
    }

    /// From now on two channels. Returns how the decoder of before would have gone on, if there was one.
    fn widen(&mut self) -> Option<[f32; BLEND]> {
        if self.decoder.channels() == Channels::Stereo {
            return None;
        }
        match Decoder::of(Channels::Stereo, self.complexity) {
            Ok(wide) => {
                let mut before = [0.0; BLEND];
                if self.decoder.conceal(&mut before).is_err() {
                    before.fill(0.0);
                }
                self.decoder = wide;
                Some(before)
            }
            Err(error) => {
                tracing::debug!(%error, "two channels are heard as one");
                None
            }
        }
    }
}

/// `sound` begins as `before`, which is of one channel.
fn go_over(before: &[f32; BLEND], sound: &mut Planes) {
    let samples = sound.len().min(BLEND);
    let share = |n: usize| n as f32 / samples as f32;
    sound.side.iter_mut().take(samples).enumerate().for_each(|(n, side)| *side *= share(n));
    for (n, (mid, before)) in sound.mid.iter_mut().zip(before).take(samples).enumerate() {
        *mid = before + (*mid - before) * share(n);
    }
}

impl FrameDecoder for OpusFrames {
    fn samples(&self, packet: &[u8]) -> Option<usize> {
        opus::packet_samples(packet).ok()
    }

    fn has_fec(&self, packet: &[u8]) -> bool {
        opus::has_fec(packet)
    }

    fn decode(&mut self, packet: &[u8], out: &mut Planes) -> bool {
        let Some(samples) = self.samples(packet) else { return false };
        let wide = opus::is_stereo(packet);
        let before = if wide { self.widen() } else { None };
        self.follow(wide);
        let decoded = self.fill(samples, out, |decoder, sound| decoder.decode(packet, sound));
        if let Some(before) = before {
            go_over(&before, out);
        }
        decoded
    }

    fn recover(&mut self, packet: &[u8], samples: usize, out: &mut Planes) -> bool {
        self.fill(samples, out, |decoder, sound| decoder.decode_fec(packet, sound))
    }

    fn conceal(&mut self, samples: usize, out: &mut Planes) {
        if !self.fill(samples, out, Decoder::conceal) {
            out.wipe();
        }
    }

    fn reset(&mut self) {
        if let Err(error) = self.decoder.reset() {
            tracing::warn!(%error, "the decoder keeps the sound of the stream before");
        }
    }
}

#[cfg(test)]
mod tests;
