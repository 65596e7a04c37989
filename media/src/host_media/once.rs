//! A pipeline over a WAV file, into another one.

use std::{
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
};

use super::source::{generator::Generator, wave::Wave};
use crate::{
    limits::PIPELINE_RUN_SAMPLES,
    pipeline::{Manifest, Pipeline, PipelineError, Place},
    planes::Planes,
    platform,
    processing::PIECE,
};

/// Why a pipeline cannot be run over a file. All are for the caller to mend.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The manifest.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// The file that is read.
    #[error("input: {0}")]
    Input(String),
    /// The file that is made.
    #[error("output: {0}")]
    Output(String),
}

/// A run that goes on. Dropped before its end, it takes the output away again.
pub struct Run {
    wave: Wave,
    pipeline: Pipeline,
    wav: Option<hound::WavWriter<BufWriter<File>>>,
    output: PathBuf,
    total: u64,
    done: u64,
}

impl Run {
    /// Opens both files and builds the pipeline. `output` must not be there: nothing is overwritten, and no link followed.
    ///
    /// # Errors
    /// [`RunError`] says what cannot be used; no file is left behind but those of `wav_tap`s.
    pub fn open(manifest: &Manifest, input: &Path, output: &Path) -> Result<Self, RunError> {
        manifest.check(Place::Once)?;
        let wave = Wave::open(input, false).map_err(|lost| RunError::Input(lost.0))?;
        let total = wave.samples();
        if total > PIPELINE_RUN_SAMPLES {
            let most_s = PIPELINE_RUN_SAMPLES / 48_000;
            return Err(RunError::Input(format!("{}: longer than {most_s} s: cut it into parts", input.display())));
        }
        let failed = |error: &dyn std::fmt::Display| RunError::Output(format!("{}: {error}", output.display()));
        let file = platform::private_file().write(true).create_new(true).open(output).map_err(|e| failed(&e))?;
        let sample_format = hound::SampleFormat::Int;
        let spec = hound::WavSpec { channels: 1, sample_rate: 48_000, bits_per_sample: 16, sample_format };
        let made = Self::build(manifest, file, spec);
        match made {
            Ok((pipeline, wav)) => {
                Ok(Self { wave, pipeline, wav: Some(wav), output: output.to_owned(), total, done: 0 })
            }
            Err(error) => {
                remove(output);
                Err(error)
            }
        }
    }

    fn build(
        manifest: &Manifest,
        file: File,
        spec: hound::WavSpec,
    ) -> Result<(Pipeline, hound::WavWriter<BufWriter<File>>), RunError> {
        let wav = hound::WavWriter::new(BufWriter::new(file), spec);
        Ok((Pipeline::new(manifest)?, wav.map_err(|error| RunError::Output(error.to_string()))?))
    }

    /// Length of the sound, ms.
    #[must_use]
    pub fn total_ms(&self) -> u64 {
        self.total / 48
    }

    /// Of which so much is done, ms.
    #[must_use]
    pub fn done_ms(&self) -> u64 {
        self.done.min(self.total) / 48
    }

    /// Goes on by up to a second of sound; true once the output is whole.
    ///
    /// # Errors
    /// [`RunError`] if a file cannot be read or written any more.
    pub fn step(&mut self) -> Result<bool, RunError> {
        let failed = |error: hound::Error| RunError::Output(error.to_string());
        for _ in 0..100 {
            let left = self.total.saturating_sub(self.done);
            if left == 0 {
                return match self.wav.take().map(hound::WavWriter::finalize) {
                    Some(Err(error)) => Err(failed(error)),
                    Some(Ok(())) | None => Ok(true),
                };
            }
            let mut sound = Planes::with_capacity(PIECE);
            self.wave.give(PIECE, &mut sound).map_err(|lost| RunError::Input(lost.0))?;
            sound.mid.as_chunks_mut().0.iter_mut().for_each(|piece| self.pipeline.process(piece));
            let samples = sound.mid.iter().take(usize::try_from(left).unwrap_or(PIECE));
            if let Some(wav) = &mut self.wav {
                for sample in samples {
                    wav.write_sample((sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16).map_err(failed)?;
                }
            }
            self.done += PIECE as u64;
        }
        Ok(false)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.wav.take().is_some() {
            remove(&self.output);
        }
    }
}

/// It is ours: it was not there before.
fn remove(output: &Path) {
    if let Err(error) = std::fs::remove_file(output) {
        tracing::warn!(%error, "what a pipeline did not finish stays");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host_media::{signals::noise_wav, test_dir::TestDir};

    const LATE: &str = r#"{"nodes": [{"id": "a", "type": "delay", "params": {"delay_ms": 100}}],
        "edges": [{"from": "input", "to": "a"}, {"from": "a", "to": "output"}]}"#;

    fn samples(path: &Path) -> Vec<i16> {
        hound::WavReader::open(path).unwrap().into_samples().map(Result::unwrap).collect()
    }

    #[test]
    fn a_file_becomes_another_one_of_the_same_length_and_what_is_there_is_not_touched() {
        let (dir, manifest) = (TestDir::new(), Manifest::parse(LATE).unwrap());
        let (input, output) = (dir.path().join("in.wav"), dir.path().join("out.wav"));
        noise_wav(&input, 2);
        let mut run = Run::open(&manifest, &input, &output).unwrap();
        assert_eq!(run.total_ms(), 2_000);
        assert!(!run.step().unwrap());
        assert_eq!(run.done_ms(), 1_000);
        while !run.step().unwrap() {}
        drop(run);
        let (before, after) = (samples(&input), samples(&output));
        assert_eq!(before.len(), after.len());
        assert!(after[..4_800].iter().all(|sample| *sample == 0));
        assert!(after[4_800..].iter().zip(&before).all(|(a, b)| (a - b).abs() <= 1));
        let again = Run::open(&manifest, &input, &output).err().unwrap();
        assert!(matches!(again, RunError::Output(_)), "{again}");
        assert_eq!(samples(&output), after);
        std::os::unix::fs::symlink(dir.path().join("elsewhere.wav"), dir.path().join("link.wav")).unwrap();
        assert!(Run::open(&manifest, &input, &dir.path().join("link.wav")).is_err());
        assert!(!dir.path().join("elsewhere.wav").exists());
    }

    #[test]
    fn a_run_that_is_given_up_or_cannot_begin_leaves_no_file() {
        let (dir, manifest) = (TestDir::new(), Manifest::parse(LATE).unwrap());
        let (input, output) = (dir.path().join("in.wav"), dir.path().join("out.wav"));
        noise_wav(&input, 2);
        let mut run = Run::open(&manifest, &input, &output).unwrap();
        run.step().unwrap();
        assert!(output.exists());
        drop(run);
        assert!(!output.exists());
        assert!(matches!(Run::open(&manifest, dir.path(), &output), Err(RunError::Input(_))), "a folder");
        let tapped = LATE.replace("delay\"", "wav_tap\"").replace("\"delay_ms\": 100", "\"path\": \"/nowhere/a.wav\"");
        let tapped = Run::open(&Manifest::parse(&tapped).unwrap(), &input, &output);
        assert!(matches!(tapped, Err(RunError::Pipeline(PipelineError::BadParameter { .. }))));
        assert!(!output.exists());
    }
}
