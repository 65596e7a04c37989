//! What is in a recording of what somebody heard.

use std::path::Path;

/// A recording of one channel, full scale at 1.
pub struct Heard {
    rate_hz: f64,
    samples: Vec<f64>,
}

impl Heard {
    /// Reads a WAV file of 16 bit samples, as a daemon writes it.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn read(wav: &Path) -> Self {
        let mut reader = hound::WavReader::open(wav).expect("a WAV file");
        let rate_hz = f64::from(reader.spec().sample_rate);
        let samples = reader.samples::<i16>().map(|sample| f64::from(sample.expect("a sample")) / 32_768.0).collect();
        Self { rate_hz, samples }
    }

    /// Sound at this rate, Hz.
    #[must_use]
    pub fn of(rate_hz: u32, samples: &[f32]) -> Self {
        Self { rate_hz: f64::from(rate_hz), samples: samples.iter().copied().map(f64::from).collect() }
    }

    /// The last `seconds` of it.
    #[must_use]
    pub fn end(&self, seconds: f64) -> Self {
        let from = self.samples.len().saturating_sub((seconds * self.rate_hz) as usize);
        Self { rate_hz: self.rate_hz, samples: self.samples.get(from..).unwrap_or_default().to_vec() }
    }

    /// Part of its power that lies at `hz`: 1 for a pure tone, next to 0 without it. A tone that was stretched or cut has
    /// less: its parts are out of step.
    #[must_use]
    pub fn part_at(&self, hz: f64) -> f64 {
        part(&self.samples, self.rate_hz, hz)
    }

    /// Seconds of it, in steps of a tenth, in which at least nine tenths of the power lie at `hz`, and are audible.
    #[must_use]
    pub fn seconds_of(&self, hz: f64) -> f64 {
        let steps = self.samples.chunks_exact((self.rate_hz / 10.0) as usize);
        let tone = |step: &&[f64]| level(step) > 0.01 && part(step, self.rate_hz, hz) > 0.9;
        steps.filter(tone).count() as f64 / 10.0
    }

    /// Root mean square.
    #[must_use]
    pub fn level(&self) -> f64 {
        level(&self.samples)
    }

    /// Length in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / self.rate_hz
    }
}

fn level(samples: &[f64]) -> f64 {
    (samples.iter().map(|sample| sample * sample).sum::<f64>() / samples.len().max(1) as f64).sqrt()
}

/// Goertzel's question, asked with a sine and a cosine.
fn part(samples: &[f64], rate_hz: f64, hz: f64) -> f64 {
    let angle = |index: usize| std::f64::consts::TAU * hz * index as f64 / rate_hz;
    let sum = |wave: fn(f64) -> f64| -> f64 {
        samples.iter().enumerate().map(|(index, sample)| sample * wave(angle(index))).sum()
    };
    let power: f64 = samples.iter().map(|sample| sample * sample).sum();
    2.0 * (sum(f64::sin).powi(2) + sum(f64::cos).powi(2)) / (power.max(1e-9) * samples.len().max(1) as f64)
}
