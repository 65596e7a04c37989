//! Opus (RFC 6716) at 48 kHz, of one channel or two: libopus 1.6.1 behind a small safe face.

mod ffi;

use bytes::Bytes;

use crate::limits::{OPUS_PACKET_BYTES, OPUS_PACKET_SAMPLES};
use ffi::{Code, EncoderSetting, RawDecoder, RawEncoder};

/// Sample rate of everything that is encoded, decoded and mixed, Hz.
pub const RATE: u32 = 48_000;

/// Bitrates an encoder takes, bits a second.
pub const BITRATE_BPS: std::ops::RangeInclusive<u32> = 6_000..=128_000;

/// Why libopus refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpusError {
    /// The peer's packet is not Opus, or is larger than we take.
    #[error("not an Opus packet that we take: {0}")]
    Packet(String),
    /// A setting or a frame length is out of range: the caller's fault.
    #[error("Opus cannot do this: {0}")]
    Argument(String),
    /// libopus failed: memory, or a bug of ours.
    #[error("libopus failed: {0}")]
    Internal(String),
}

impl From<Code> for OpusError {
    fn from(code: Code) -> Self {
        let text = ffi::describe(code);
        match code.0 {
            opusic_sys::OPUS_INVALID_PACKET => Self::Packet(text),
            opusic_sys::OPUS_BAD_ARG | opusic_sys::OPUS_BUFFER_TOO_SMALL | opusic_sys::OPUS_UNIMPLEMENTED => {
                Self::Argument(text)
            }
            _ => Self::Internal(text),
        }
    }
}

/// Channels of an encoder or decoder. Samples of two stand by turns: left, right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Channels {
    /// One.
    #[default]
    Mono,
    /// Two. A decoder of one takes packets of two and the other way round (RFC 6716 section 2.1.2).
    Stereo,
}

impl Channels {
    /// How many.
    #[must_use]
    pub const fn count(self) -> usize {
        match self {
            Self::Mono => 1,
            Self::Stereo => 2,
        }
    }

    /// As libopus wants it.
    const fn int(self) -> std::ffi::c_int {
        match self {
            Self::Mono => 1,
            Self::Stereo => 2,
        }
    }
}

/// How an encoder works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncoderConfig {
    /// Bits a second, within [`BITRATE_BPS`].
    pub bitrate_bps: u32,
    /// 0 (cheap) to 10 (best).
    pub complexity: u32,
    /// Frames carry a coarse copy of the one before.
    pub fec: bool,
    /// Expected loss, per cent (0..=100): decides how many bits the copy gets.
    pub loss_percent: u32,
    /// Every frame has the same size. Off leaks what is said through the sizes.
    pub constant_rate: bool,
    /// For music, and for frames shorter than 10 ms: looks ahead 2.5 ms in place of 6.5, knows no copies for lost frames.
    pub low_delay: bool,
    /// Of the sound that is encoded.
    pub channels: Channels,
}

impl Default for EncoderConfig {
    fn default() -> Self {
        let (fec, constant_rate, low_delay, channels) = (true, true, false, Channels::Mono);
        let complexity = DEFAULT_COMPLEXITY;
        Self { bitrate_bps: 32_000, complexity, fec, loss_percent: 0, constant_rate, low_delay, channels }
    }
}

/// Encoder complexity unless told otherwise. Measured with libopus 1.6.1 (20 s of speech, 32 kbit/s, constant rate,
/// PESQ-WB): 0 gives 2.64, 5 gives 3.19, 6 gives 3.51, 8 to 10 give 3.78; with copies for 5 % loss 8 gives 3.73 and 10
/// only 3.24. A frame costs 0.15 ms at 5 and 0.2 ms at 8.
pub const DEFAULT_COMPLEXITY: u32 = 8;

/// Bits a second up to which sound above 8 kHz is left out: what it would cost the rest misses, and frames of 40 and 60 ms
/// would be coded as several of 20. At 32 kbit/s in frames of 20 ms speech scores 4.26 without and 3.77 with it, by a measure
/// that listens up to 8 kHz.
const WIDEBAND_BPS: u32 = 32_000;

/// Encodes frames of speech. To forget the sound so far, make a new one: libopus' own reset keeps some of its analysis.
pub struct Encoder {
    raw: RawEncoder,
    low_delay: bool,
    channels: Channels,
    /// The next frame is to lean on none before it.
    first: bool,
}

impl Encoder {
    /// An encoder of this configuration.
    ///
    /// # Errors
    /// [`OpusError::Argument`] if a value is out of range, [`OpusError::Internal`] without memory.
    pub fn new(config: EncoderConfig) -> Result<Self, OpusError> {
        let EncoderConfig { low_delay, channels, .. } = config;
        let mut encoder = Self { raw: RawEncoder::new(low_delay, channels)?, low_delay, channels, first: false };
        encoder.configure(config)?;
        Ok(encoder)
    }

    /// Changes the configuration from the next frame on.
    ///
    /// # Errors
    /// [`OpusError::Argument`] if a value is out of range, or if another `low_delay` or other `channels` are
    /// wanted: that takes another encoder.
    pub fn configure(&mut self, config: EncoderConfig) -> Result<(), OpusError> {
        if (config.low_delay, config.channels) != (self.low_delay, self.channels) {
            return Err(OpusError::Argument("low delay and channels cannot be changed".to_owned()));
        }
        if !BITRATE_BPS.contains(&config.bitrate_bps) {
            return Err(OpusError::Argument(format!("{} bits a second", config.bitrate_bps)));
        }
        let int = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
        self.raw.set(EncoderSetting::Vbr, i32::from(!config.constant_rate))?;
        let widest = if config.bitrate_bps <= WIDEBAND_BPS {
            opusic_sys::OPUS_BANDWIDTH_WIDEBAND
        } else {
            opusic_sys::OPUS_BANDWIDTH_FULLBAND
        };
        self.raw.set(EncoderSetting::MaxBandwidth, widest)?;
        self.raw.set(EncoderSetting::Bitrate, int(config.bitrate_bps))?;
        self.raw.set(EncoderSetting::Complexity, int(config.complexity))?;
        self.raw.set(EncoderSetting::InbandFec, i32::from(config.fec))?;
        self.raw.set(EncoderSetting::PacketLossPerc, int(config.loss_percent))?;
        Ok(())
    }

    /// The configuration as libopus holds it.
    ///
    /// # Errors
    /// [`OpusError::Internal`] if libopus fails.
    pub fn config(&mut self) -> Result<EncoderConfig, OpusError> {
        let mut get = |setting| self.raw.get(setting).map(|value| u32::try_from(value).unwrap_or(0));
        Ok(EncoderConfig {
            bitrate_bps: get(EncoderSetting::Bitrate)?,
            complexity: get(EncoderSetting::Complexity)?,
            fec: get(EncoderSetting::InbandFec)? != 0,
            loss_percent: get(EncoderSetting::PacketLossPerc)?,
            constant_rate: get(EncoderSetting::Vbr)? == 0,
            low_delay: self.low_delay,
            channels: self.channels,
        })
    }

    /// Samples by which the decoded sound lags the input.
    ///
    /// # Errors
    /// [`OpusError::Internal`] if libopus fails.
    pub fn lookahead(&mut self) -> Result<usize, OpusError> {
        Ok(self.raw.lookahead()?)
    }

    /// Hears what another encoder has encoded last, a frame, so that this one goes on with it: its look-ahead holds the end of it
    /// instead of silence. The next frame leans on nothing that a decoder doesn't have.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn follow(&mut self, past: &[f32]) -> Result<(), OpusError> {
        self.encode(past)?;
        self.raw.set(EncoderSetting::PredictionDisabled, 1)?;
        self.first = true;
        Ok(())
    }

    /// Encodes one frame of 120, 240, 480, 960, 1920, 2880 or 5760 samples (2.5 to 60 ms, and 120 as two of 60), each within -1..=1; of two
    /// channels twice as many, left and right by turns.
    ///
    /// # Errors
    /// [`OpusError::Argument`] for another length, or if a sample is no number.
    pub fn encode(&mut self, pcm: &[f32]) -> Result<Bytes, OpusError> {
        // libopus would carry it through all frames to come.
        if pcm.iter().any(|sample| !sample.is_finite()) {
            return Err(OpusError::Argument("a sample that is no number".to_owned()));
        }
        let mut out = [0_u8; OPUS_PACKET_BYTES];
        let bytes = self.raw.encode(pcm, &mut out)?;
        if std::mem::take(&mut self.first) {
            self.raw.set(EncoderSetting::PredictionDisabled, 0)?;
        }
        Ok(Bytes::copy_from_slice(out.get(..bytes).unwrap_or_default()))
    }
}

/// The loudest sample that a decoder gives, of full scale. Sound stays below (Opus overshoots a little); a packet made
/// for it decodes to 989 times full scale (found by fuzzing), and the limiter would silence everybody else for it.
pub const LOUDEST: f32 = 2.0;

/// Decodes frames of one sender.
pub struct Decoder {
    raw: RawDecoder,
}

impl Decoder {
    /// A decoder of one channel. `complexity` 0 is cheapest; from 5 on losses are concealed by a neural model (about 0.8 ms a
    /// frame). More changes nothing: the enhancement of speech is not built in.
    ///
    /// # Errors
    /// [`OpusError::Argument`] if `complexity` is over 10, [`OpusError::Internal`] without memory.
    pub fn new(complexity: u32) -> Result<Self, OpusError> {
        Self::of(Channels::Mono, complexity)
    }

    /// A decoder of so many channels. Whatever it writes has as many, left and right by turns; what packets of the other kind
    /// hold is mixed down, or the same on both.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of(channels: Channels, complexity: u32) -> Result<Self, OpusError> {
        let mut decoder = Self { raw: RawDecoder::new(channels)? };
        decoder.set_complexity(complexity)?;
        Ok(decoder)
    }

    /// Another complexity from now on; see [`Self::new`].
    ///
    /// # Errors
    /// [`OpusError::Argument`] if it is over 10.
    pub fn set_complexity(&mut self, complexity: u32) -> Result<(), OpusError> {
        Ok(self.raw.set_complexity(i32::try_from(complexity).unwrap_or(i32::MAX))?)
    }

    /// Its channels.
    #[must_use]
    pub fn channels(&self) -> Channels {
        self.raw.channels()
    }

    /// Forgets the sender's sound so far (another sender, or the same one restarted).
    ///
    /// # Errors
    /// [`OpusError::Internal`] if libopus fails.
    pub fn reset(&mut self) -> Result<(), OpusError> {
        Ok(self.raw.reset()?)
    }

    /// Decodes a packet into the start of `out` (which should hold [`OPUS_PACKET_SAMPLES`] a channel); returns the samples
    /// of a channel.
    ///
    /// # Errors
    /// [`OpusError::Packet`] if it is no valid packet.
    pub fn decode(&mut self, packet: &[u8], out: &mut [f32]) -> Result<usize, OpusError> {
        checked(packet)?;
        let samples = self.raw.decode(Some(packet), out, false)?;
        bounded(out, samples * self.channels().count());
        Ok(samples)
    }

    /// Fills `out` with the sound before `packet`, from the copy that it carries, or made up where it carries none.
    ///
    /// # Errors
    /// [`OpusError::Packet`] if it is no valid packet, [`OpusError::Argument`] if `out` is no multiple of 120 samples.
    pub fn decode_fec(&mut self, packet: &[u8], out: &mut [f32]) -> Result<usize, OpusError> {
        checked(packet)?;
        let samples = self.raw.decode(Some(packet), out, true)?;
        bounded(out, samples * self.channels().count());
        Ok(samples)
    }

    /// Fills `out` with sound that continues what was heard, fading.
    ///
    /// # Errors
    /// [`OpusError::Argument`] if `out` is no multiple of 120 samples.
    pub fn conceal(&mut self, out: &mut [f32]) -> Result<usize, OpusError> {
        let samples = self.raw.decode(None, out, false)?;
        bounded(out, samples * self.channels().count());
        Ok(samples)
    }
}

/// Keeps the first values of `out`, so many, within [`LOUDEST`].
fn bounded(out: &mut [f32], values: usize) {
    for sample in out.iter_mut().take(values) {
        *sample = if sample.is_nan() { 0.0 } else { sample.clamp(-LOUDEST, LOUDEST) };
    }
}

/// Refuses what is too large or empty (an empty packet would mean "conceal" to libopus).
fn checked(packet: &[u8]) -> Result<(), OpusError> {
    if packet.is_empty() || packet.len() > OPUS_PACKET_BYTES {
        return Err(OpusError::Packet(format!("{} bytes", packet.len())));
    }
    Ok(())
}

/// Samples at 48 kHz that a packet claims to hold, at most [`OPUS_PACKET_SAMPLES`].
///
/// # Errors
/// [`OpusError::Packet`] if it is empty, too large or claims more than 120 ms.
pub fn packet_samples(packet: &[u8]) -> Result<usize, OpusError> {
    checked(packet)?;
    let samples = ffi::packet_samples(packet)?;
    if samples == 0 || samples > OPUS_PACKET_SAMPLES {
        return Err(OpusError::Packet(format!("{samples} samples")));
    }
    Ok(samples)
}

/// Whether a packet is of two channels.
#[must_use]
pub fn is_stereo(packet: &[u8]) -> bool {
    checked(packet).is_ok() && ffi::is_stereo(packet)
}

/// Whether a packet carries a copy of the frame before it.
#[must_use]
pub fn has_fec(packet: &[u8]) -> bool {
    checked(packet).is_ok() && ffi::has_fec(packet)
}

/// Version of the library that is linked.
#[must_use]
pub fn version() -> String {
    ffi::version()
}

#[cfg(test)]
mod tests;
