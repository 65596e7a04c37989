//! WAV files as a microphone: any rate, depth and number of channels; played once or again and again.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use hound::{SampleFormat, WavReader, WavSpec};

use super::{Lost, generator::Generator};
use crate::{
    host_media::opus::RATE,
    limits::{CHANNELS, SAMPLE_RATES},
    planes::Planes,
    resample::WideResampler,
};

/// Frames read from the file at a time: 10 ms at 48 kHz.
const READ_FRAMES: usize = 480;

/// A WAV file, read as it is played.
pub(crate) struct Wave {
    samples: Samples,
    resampler: WideResampler,
    looped: bool,
    ended: bool,
    ready: Planes,
    /// Both channels of a file that has two.
    wide: bool,
}

impl Wave {
    /// Opens a file at its sample 0.
    ///
    /// # Errors
    /// [`Lost`] if it cannot be opened or is no WAV file that we can play.
    pub(crate) fn open(path: &Path, looped: bool) -> Result<Self, Lost> {
        let fail = |why: &dyn std::fmt::Display| Lost(format!("{}: {why}", path.display()));
        // Opening a pipe waits until somebody writes into it.
        if !std::fs::metadata(path).map_err(|e| fail(&e))?.is_file() {
            return Err(fail(&"is no file"));
        }
        let reader = WavReader::open(path).map_err(|e| fail(&e))?;
        let spec = reader.spec();
        if spec.channels == 0 || spec.channels > CHANNELS {
            return Err(fail(&format_args!("{} channels", spec.channels)));
        }
        if !SAMPLE_RATES.contains(&spec.sample_rate) {
            return Err(fail(&format_args!("{} Hz", spec.sample_rate)));
        }
        let resampler = WideResampler::new(spec.sample_rate, RATE).map_err(|e| fail(&e))?;
        let samples = Samples::new(reader).map_err(|e| fail(&e))?;
        Ok(Self { samples, resampler, looped, ended: false, ready: Planes::default(), wide: false })
    }

    /// Its length, samples at 48 kHz.
    pub(crate) fn samples(&self) -> u64 {
        let (spec, frames) = self.samples.about();
        (u64::from(frames) * u64::from(RATE)).div_ceil(u64::from(spec.sample_rate.max(1)))
    }

    /// Reads a piece of the file into `ready`; silence after its end, which also pushes out what the resampler holds.
    fn read(&mut self) -> Result<(), Lost> {
        let (spec, frames) = self.samples.about();
        let wide = self.wide && spec.channels == 2;
        let mut sound = self.samples.frames(READ_FRAMES, wide)?;
        if sound.is_empty() && self.looped && frames > 0 {
            self.samples.rewind()?;
            sound = self.samples.frames(READ_FRAMES, wide)?;
        }
        if sound.is_empty() {
            self.ended = true;
            sound.silent(READ_FRAMES);
            // What has two channels has two of silence, too.
            if wide {
                sound.widen();
            }
        }
        self.resampler.push(&sound, &mut self.ready).map_err(|e| Lost(e.to_string()))
    }
}

impl Generator for Wave {
    fn give(&mut self, samples: usize, out: &mut Planes) -> Result<(), Lost> {
        while self.ready.len() < samples {
            self.read()?;
        }
        self.ready.move_into(samples, out);
        Ok(())
    }

    fn widen(&mut self, on: bool) {
        self.wide = on;
    }
}

/// What a file holds, as it is read.
enum Samples {
    /// 16 bits, as nearly all have: read in pieces. Read one by one they were 2 % of what a call costs.
    Plain {
        file: BufReader<File>,
        spec: WavSpec,
        frames: u32,
        /// Byte where the sound begins.
        begin: u64,
        left: u32,
    },
    /// Any other.
    Other(WavReader<BufReader<File>>),
}

fn unreadable(error: &dyn std::fmt::Display) -> Lost {
    Lost(format!("the sound file cannot be read: {error}"))
}

impl Samples {
    /// From the first sample on, where a new reader stands.
    fn new(reader: WavReader<BufReader<File>>) -> std::io::Result<Self> {
        let (spec, frames) = (reader.spec(), reader.duration());
        if (spec.sample_format, spec.bits_per_sample) != (SampleFormat::Int, 16) {
            return Ok(Self::Other(reader));
        }
        let mut file = reader.into_inner();
        let begin = file.stream_position()?;
        Ok(Self::Plain { file, spec, frames, begin, left: frames })
    }

    /// Its form and its length in frames.
    fn about(&self) -> (WavSpec, u32) {
        match self {
            Self::Plain { spec, frames, .. } => (*spec, *frames),
            Self::Other(reader) => (reader.spec(), reader.duration()),
        }
    }

    /// Back to the first sample.
    fn rewind(&mut self) -> Result<(), Lost> {
        match self {
            Self::Plain { file, frames, begin, left, .. } => {
                *left = *frames;
                file.seek(SeekFrom::Start(*begin)).map(drop)
            }
            Self::Other(reader) => reader.seek(0),
        }
        .map_err(|error| unreadable(&error))
    }

    /// Up to `most` frames, mixed down to one channel unless they are to be `wide`, which takes two; fewer at the end of the file.
    fn frames(&mut self, most: usize, wide: bool) -> Result<Planes, Lost> {
        let channels = usize::from(self.about().0.channels);
        let values = self.values(most, channels)?;
        if !wide {
            return Ok(Planes::mono(mixed_down(&values, channels)));
        }
        let mut sound = Planes::default();
        sound.read_pairs(&values.into_iter().map(played).collect::<Vec<f32>>());
        Ok(sound)
    }

    /// The samples of all channels of up to `most` frames.
    fn values(&mut self, most: usize, channels: usize) -> Result<Vec<f32>, Lost> {
        match self {
            Self::Plain { file, left, .. } => {
                let frames = most.min(usize::try_from(*left).unwrap_or(most));
                let mut bytes = vec![0; frames * channels * 2];
                file.read_exact(&mut bytes).map_err(|error| unreadable(&error))?;
                *left = left.saturating_sub(u32::try_from(frames).unwrap_or(u32::MAX));
                let values = bytes.as_chunks::<2>().0.iter().map(|two| f32::from(i16::from_le_bytes(*two)) / 32_768.0);
                Ok(values.collect())
            }
            Self::Other(reader) => read_one_by_one(reader, most * channels),
        }
    }
}

/// Up to `most` samples of all channels.
fn read_one_by_one(reader: &mut WavReader<BufReader<File>>, most: usize) -> Result<Vec<f32>, Lost> {
    let WavSpec { bits_per_sample, sample_format, .. } = reader.spec();
    let samples: Result<Vec<f32>, hound::Error> = match sample_format {
        SampleFormat::Float => reader.samples::<f32>().take(most).collect(),
        SampleFormat::Int => {
            let full = (1_i64 << (bits_per_sample.clamp(1, 32) - 1)) as f32;
            reader.samples::<i32>().take(most).map(|sample| sample.map(|value| value as f32 / full)).collect()
        }
    };
    samples.map_err(|error| unreadable(&error))
}

/// One channel of what may be several.
fn mixed_down(samples: &[f32], channels: usize) -> Vec<f32> {
    let scale = 1.0 / channels.max(1) as f32;
    samples
        .chunks_exact(channels.max(1))
        .map(|frame| frame.iter().map(|sample| played(*sample)).sum::<f32>() * scale)
        .collect()
}

/// A float file may hold anything; the encoder takes only what can be played.
fn played(sample: f32) -> f32 {
    if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests;
