//! The encoder of our sound, and its mute switch.

use bytes::Bytes;

use super::{
    clock::samples_to_ms,
    opus::{Channels, Encoder, EncoderConfig, OpusError},
};
use crate::planes::Planes;

/// Encodes frames, of as many channels as they have; muted, it encodes silence in frames of the same size.
pub(crate) struct Voice {
    config: EncoderConfig,
    encoder: Encoder,
    muted: bool,
    /// Left and right of a frame of two channels.
    pairs: Vec<f32>,
    /// What was encoded last, up to [`PAST`] samples.
    past: Planes,
}

/// Samples of what was encoded last that another encoder hears before it goes on: 20 ms.
const PAST: usize = 960;

impl Voice {
    /// A voice that is not muted.
    ///
    /// # Errors
    /// As [`Encoder::new`].
    pub(crate) fn new(config: EncoderConfig) -> Result<Self, OpusError> {
        Ok(Self { config, encoder: Encoder::new(config)?, muted: false, pairs: Vec::new(), past: Planes::default() })
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
            self.begin()?;
        }
        self.muted = muted;
        Ok(())
    }

    /// Begins anew, with nothing of what was said before: the look-ahead and the copy for FEC are sound of an earlier
    /// call, perhaps with somebody else, and a decoder that begins here could make nothing of a frame that leans on them.
    ///
    /// # Errors
    /// As [`Encoder::new`]; then nothing has changed.
    pub(crate) fn begin(&mut self) -> Result<(), OpusError> {
        self.encoder = Encoder::new(self.config)?;
        self.past.clear();
        Ok(())
    }

    /// Bits a second, and the loss that frames will meet, per cent: decides how many of them the copy of the frame before
    /// gets. Frames below 10 ms take another encoder, with low delay.
    ///
    /// # Errors
    /// As [`Encoder::configure`], and [`Encoder::new`].
    pub(crate) fn adapt(&mut self, bitrate_bps: u32, loss_percent: u32, frame_ms: u32) -> Result<(), OpusError> {
        self.change(EncoderConfig { bitrate_bps, loss_percent, low_delay: frame_ms < 10, ..self.config })
    }

    fn change(&mut self, config: EncoderConfig) -> Result<(), OpusError> {
        if config == self.config {
            return Ok(());
        }
        if (config.low_delay, config.channels) == (self.config.low_delay, self.config.channels) {
            self.encoder.configure(config)?;
        } else {
            self.encoder = self.successor(config)?;
        }
        self.config = config;
        Ok(())
    }

    /// An encoder that goes on where the one that is ends.
    fn successor(&mut self, config: EncoderConfig) -> Result<Encoder, OpusError> {
        let mut encoder = Encoder::new(config)?;
        if self.past.len() == PAST {
            match config.channels {
                Channels::Mono => encoder.follow(&self.past.mid)?,
                Channels::Stereo => encoder.follow(self.past.pairs().collect::<Vec<_>>().as_flattened())?,
            }
        }
        Ok(encoder)
    }

    /// What is encoded becomes the past.
    fn keep(&mut self, frame: &Planes) {
        self.past.append(frame);
        self.past.forget(self.past.len().saturating_sub(PAST));
    }

    /// Milliseconds by which decoded sound lags what was captured, beside its frame: the encoder looks ahead.
    pub(crate) fn lookahead_ms(&mut self) -> f64 {
        self.encoder.lookahead().map_or(0.0, samples_to_ms)
    }

    /// What [`Self::adapt`] was told last.
    #[cfg(test)]
    pub(crate) fn expected_loss_percent(&self) -> u32 {
        self.config.loss_percent
    }

    /// Encodes a frame, or silence in its place.
    ///
    /// # Errors
    /// As [`Encoder::encode`].
    pub(crate) fn encode(&mut self, frame: &mut Planes) -> Result<Bytes, OpusError> {
        if self.muted {
            frame.wipe();
        }
        // A file or a device may hold anything; one sample that is no number must not cost the frame.
        let played = |sample: f32| if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
        if !frame.is_wide() {
            self.change(EncoderConfig { channels: Channels::Mono, ..self.config })?;
            frame.mid.iter_mut().for_each(|sample| *sample = played(*sample));
            self.keep(frame);
            return self.encoder.encode(&frame.mid);
        }
        self.change(EncoderConfig { channels: Channels::Stereo, ..self.config })?;
        self.pairs.clear();
        self.pairs.extend(frame.pairs().flatten().map(played));
        frame.read_pairs(&self.pairs);
        self.keep(frame);
        self.encoder.encode(&self.pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host_media::opus::has_fec;

    fn tone(from: u32) -> Planes {
        Planes::mono((from..from + 960).map(|n| (n as f32 * 0.05).sin() * 0.5).collect())
    }

    #[test]
    fn muting_leaves_nothing_of_the_sound_before() {
        let config = EncoderConfig { loss_percent: 20, ..EncoderConfig::default() };
        let (mut used, mut fresh) = (Voice::new(config).unwrap(), Voice::new(config).unwrap());
        for n in 0..10 {
            used.encode(&mut tone(n * 960)).unwrap();
        }
        for voice in [&mut used, &mut fresh] {
            voice.mute(true).unwrap();
        }
        for n in 0..10 {
            let (mut said, mut silent) = (tone(n * 960), Planes::silence(960));
            assert_eq!(used.encode(&mut said).unwrap(), fresh.encode(&mut silent).unwrap());
            assert!(said.mid.iter().all(|s| *s == 0.0), "the frame is wiped, not only passed over");
        }
    }

    #[test]
    fn samples_that_are_no_numbers_or_far_too_loud_cost_nothing_else() {
        let mut voice = Voice::new(EncoderConfig::default()).unwrap();
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, -1e9] {
            let mut frame = tone(0);
            frame.mid[7] = bad;
            let packet = voice.encode(&mut frame).unwrap();
            assert!(frame.mid.iter().all(|sample| sample.abs() <= 1.0));
            assert_eq!(crate::host_media::opus::packet_samples(&packet), Ok(960));
        }
    }

    #[test]
    fn what_begins_anew_holds_nothing_of_the_sound_before() {
        let (mut used, mut fresh) =
            (Voice::new(EncoderConfig::default()).unwrap(), Voice::new(EncoderConfig::default()).unwrap());
        for n in 0..10 {
            used.encode(&mut tone(n * 960)).unwrap();
        }
        used.begin().unwrap();
        for n in 0..10 {
            assert_eq!(used.encode(&mut tone(n * 960)).unwrap(), fresh.encode(&mut tone(n * 960)).unwrap());
        }
    }

    #[test]
    fn expected_loss_puts_copies_into_frames_of_the_same_size() {
        let mut voice = Voice::new(EncoderConfig::default()).unwrap();
        let frames = |voice: &mut Voice| (0..10).map(|n| voice.encode(&mut tone(n * 960)).unwrap()).collect::<Vec<_>>();
        let plain = frames(&mut voice);
        voice.adapt(32_000, 20, 20).unwrap();
        let protected = frames(&mut voice);
        assert!(!plain.iter().any(|frame| has_fec(frame)));
        assert!(protected.iter().skip(1).any(|frame| has_fec(frame)));
        assert!(plain.iter().chain(&protected).all(|frame| frame.len() == plain[0].len()));
    }

    #[test]
    fn frames_of_five_ms_take_an_encoder_with_a_shorter_look_ahead_and_back() {
        let mut voice = Voice::new(EncoderConfig::default()).unwrap();
        for (frame_ms, lookahead_ms) in [(20, 6.5), (5, 2.5), (10, 6.5)] {
            voice.adapt(64_000, 0, frame_ms).unwrap();
            assert_eq!(voice.lookahead_ms(), lookahead_ms, "{frame_ms} ms");
            let packet = voice.encode(&mut Planes::mono(tone(0).mid[..frame_ms as usize * 48].to_vec())).unwrap();
            assert_eq!(crate::host_media::opus::packet_samples(&packet), Ok(frame_ms as usize * 48));
        }
    }
}
