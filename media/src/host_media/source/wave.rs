//! WAV files as a microphone: any rate, depth and number of channels; played once or again and again.

use std::{fs::File, io::BufReader, path::Path};

use hound::{SampleFormat, WavReader, WavSpec};

use super::{Lost, generator::Generator};
use crate::{
    host_media::opus::RATE,
    limits::{CHANNELS, SAMPLE_RATES},
    resample::Resampler,
};

/// Frames read from the file at a time: 10 ms at 48 kHz.
const READ_FRAMES: usize = 480;

/// A WAV file, read as it is played.
pub(crate) struct Wave {
    reader: WavReader<BufReader<File>>,
    resampler: Resampler,
    looped: bool,
    ended: bool,
    ready: Vec<f32>,
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
        let resampler = Resampler::new(spec.sample_rate, RATE).map_err(|e| fail(&e))?;
        Ok(Self { reader, resampler, looped, ended: false, ready: Vec::new() })
    }

    /// Its length, samples at 48 kHz.
    pub(crate) fn samples(&self) -> u64 {
        let rate = u64::from(self.reader.spec().sample_rate.max(1));
        (u64::from(self.reader.duration()) * u64::from(RATE)).div_ceil(rate)
    }

    /// Reads a piece of the file into `ready`; silence after its end, which also pushes out what the resampler holds.
    fn read(&mut self) -> Result<(), Lost> {
        let mut mono = mono_frames(&mut self.reader, READ_FRAMES)?;
        if mono.is_empty() && self.looped && self.reader.duration() > 0 {
            self.reader.seek(0).map_err(|e| Lost(e.to_string()))?;
            mono = mono_frames(&mut self.reader, READ_FRAMES)?;
        }
        if mono.is_empty() {
            self.ended = true;
            mono.resize(READ_FRAMES, 0.0);
        }
        self.resampler.push(&mono, &mut self.ready).map_err(|e| Lost(e.to_string()))
    }
}

impl Generator for Wave {
    fn fill(&mut self, out: &mut [f32]) -> Result<(), Lost> {
        while self.ready.len() < out.len() {
            self.read()?;
        }
        let samples = out.len();
        for (sample, value) in out.iter_mut().zip(self.ready.drain(..samples)) {
            *sample = value;
        }
        Ok(())
    }
}

/// Up to `frames` frames, mixed down to one channel; fewer at the end of the file.
fn mono_frames(reader: &mut WavReader<BufReader<File>>, frames: usize) -> Result<Vec<f32>, Lost> {
    let WavSpec { channels, bits_per_sample, sample_format, .. } = reader.spec();
    let wanted = frames * usize::from(channels);
    let samples: Result<Vec<f32>, hound::Error> = match sample_format {
        SampleFormat::Float => reader.samples::<f32>().take(wanted).collect(),
        SampleFormat::Int => {
            let full = (1_i64 << (bits_per_sample.clamp(1, 32) - 1)) as f32;
            reader.samples::<i32>().take(wanted).map(|sample| sample.map(|value| value as f32 / full)).collect()
        }
    };
    let samples = samples.map_err(|e| Lost(format!("the sound file cannot be read: {e}")))?;
    let scale = 1.0 / f32::from(channels);
    Ok(samples
        .chunks_exact(usize::from(channels))
        // A float file may hold anything; the encoder takes only what can be played.
        .map(|frame| frame.iter().map(|s| if s.is_finite() { s.clamp(-1.0, 1.0) } else { 0.0 }).sum::<f32>() * scale)
        .collect())
}

#[cfg(test)]
mod tests;
