//! Recordings: WAV files of any rate and format, brought to one rate and to the band of speech.

use std::path::Path;

use realfft::RealFftPlanner;

/// Why a recording can't be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// It can't be read, or is no WAV file.
    #[error("{path}: {source}; a WAV file with PCM or float samples is needed")]
    Unreadable {
        /// Which file.
        path: String,
        /// What is wrong with it.
        source: hound::Error,
    },
    /// It is a WAV file of a kind nobody speaks into.
    #[error("{path}: {rate} Hz and {channels} channels; 8000 to 192000 Hz and 1 to 8 channels can be read")]
    Unusual {
        /// Which file.
        path: String,
        /// Its rate, Hz.
        rate: u32,
        /// Its channels.
        channels: u16,
    },
}

/// One channel of sound, full scale at 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Samples a second.
    pub rate_hz: u32,
    /// The samples.
    pub samples: Vec<f32>,
}

/// Samples a second of [`Recording::speech_band`].
pub(crate) const BAND_RATE_HZ: u32 = 16_000;

/// The telephone band: below it lie hum and the codec's high-pass, above it codecs make sound up.
const BAND_HZ: (f64, f64) = (200.0, 3_400.0);

impl Recording {
    /// Reads a WAV file; several channels become one.
    ///
    /// # Errors
    /// If the file is missing, no WAV file, or of an unusual rate.
    pub fn read(path: &Path) -> Result<Self, RecordingError> {
        let shown = || path.display().to_string();
        let unreadable = |source| RecordingError::Unreadable { path: shown(), source };
        let mut reader = hound::WavReader::open(path).map_err(unreadable)?;
        let spec = reader.spec();
        let (rate, channels) = (spec.sample_rate, spec.channels);
        if !(8_000..=192_000).contains(&rate) || !(1..=8).contains(&channels) {
            return Err(RecordingError::Unusual { path: shown(), rate, channels });
        }
        let interleaved: Vec<f32> = match spec.sample_format {
            hound::SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>().map_err(unreadable)?,
            hound::SampleFormat::Int => {
                let full = 2_f32.powi(i32::from(spec.bits_per_sample) - 1);
                let scaled = reader.samples::<i32>().map(|sample| sample.map(|sample| sample as f32 / full));
                scaled.collect::<Result<_, _>>().map_err(unreadable)?
            }
        };
        let channels = usize::from(channels);
        let samples = interleaved.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32);
        Ok(Self { rate_hz: rate, samples: samples.collect() })
    }

    /// Length in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate_hz)
    }

    /// Level of each `step_s` seconds: time of its middle, and dB below full scale (silence: -90).
    #[must_use]
    pub fn levels(&self, step_s: f64) -> Vec<(f64, f64)> {
        let step = ((step_s * f64::from(self.rate_hz)) as usize).max(1);
        let level = |(index, chunk): (usize, &[f32])| {
            let power = chunk.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / chunk.len() as f64;
            ((index as f64 + 0.5) * step_s, (10.0 * power.max(1e-9).log10()).max(-90.0))
        };
        self.samples.chunks(step).enumerate().map(level).collect()
    }

    /// The telephone band of it at 16 kHz, from `from_s` on, `seconds` long; silence where there is nothing.
    pub(crate) fn speech_band(&self, from_s: f64, seconds: f64) -> Vec<f64> {
        let rate = f64::from(self.rate_hz);
        let skipped = (from_s * rate).round() as isize;
        // Whole seconds, so that both rates have a whole number of samples; one more against wrapping round.
        let whole = seconds.ceil().max(0.0) as usize + 1;
        let mut input: Vec<f64> = (0..whole * self.rate_hz as usize)
            .map(|index| index as isize + skipped)
            .map(|index| usize::try_from(index).ok().and_then(|index| self.samples.get(index)))
            .map(|sample| sample.map_or(0.0, |sample| f64::from(*sample)))
            .collect();
        let scale = input.len() as f64;
        let bins_a_hz = whole as f64;
        let in_band = |bin: usize| (BAND_HZ.0..=BAND_HZ.1).contains(&(bin as f64 / bins_a_hz));

        let mut planner = RealFftPlanner::<f64>::new();
        let forward = planner.plan_fft_forward(input.len());
        let backward = planner.plan_fft_inverse(whole * BAND_RATE_HZ as usize);
        let mut spectrum = forward.make_output_vec();
        let mut band = backward.make_input_vec();
        let mut output = backward.make_output_vec();
        let done = forward.process(&mut input, &mut spectrum).and_then(|()| {
            let kept = band.iter_mut().zip(&spectrum).enumerate().filter(|(bin, _)| in_band(*bin));
            kept.for_each(|(_, (to, from))| *to = *from / scale);
            backward.process(&mut band, &mut output)
        });
        // The buffers were made by the plans themselves, so their sizes fit.
        debug_assert!(done.is_ok());
        output.truncate((seconds * f64::from(BAND_RATE_HZ)) as usize);
        output
    }
}
