//! What each type of node does to 10 ms of sound at 48 kHz, in place. Nothing here grows.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use super::{kinds::Kind, manifest::PipelineError, manifest::Step, taps::Tap};
use crate::{
    processing::{Bounds, CLEANER_DELAY, Cleaner, Gain, HighPass, PIECE, VoiceDetector},
    resample::Resampler,
};

/// Samples at 48 kHz a millisecond.
const MS: f32 = 48.0;

/// Pieces of 10 ms that the resamplers may owe: their filters hold back about 10 ms each.
const RESAMPLE_AHEAD: usize = 3;

/// Levels of a meter, read while sound runs.
#[derive(Debug, Default)]
pub(super) struct Level {
    power_db: AtomicU32,
    peak_db: AtomicU32,
}

impl Level {
    fn put(&self, sound: &[f32]) {
        let power = sound.iter().map(|s| s * s).sum::<f32>() / sound.len().max(1) as f32;
        let peak = sound.iter().map(|s| s.abs()).fold(0.0, f32::max);
        self.power_db.store(db(power.sqrt()).to_bits(), Ordering::Relaxed);
        self.peak_db.store(db(peak).to_bits(), Ordering::Relaxed);
    }

    fn rest(&self) {
        self.put(&[]);
    }

    /// Mean power and peak of the last 10 ms, dB of full scale.
    pub(super) fn read(&self) -> (f32, f32) {
        let read = |bits: &AtomicU32| f32::from_bits(bits.load(Ordering::Relaxed));
        (read(&self.power_db), read(&self.peak_db))
    }
}

fn db(amplitude: f32) -> f32 {
    20.0 * (amplitude + 1e-6).log10()
}

fn factor(db: f32) -> f32 {
    10.0_f32.powf(db / 20.0)
}

/// A gain that goes to what is wanted within a time, sample by sample.
#[derive(Debug)]
pub(super) struct Slide {
    gain: f32,
    down: f32,
    up: f32,
}

impl Slide {
    fn new(down_ms: f32, up_ms: f32) -> Self {
        let share = |ms: f32| 1.0 - (-1.0 / (ms * MS)).exp();
        Self { gain: 1.0, down: share(down_ms), up: share(up_ms) }
    }

    fn towards(&mut self, wanted: f32) -> f32 {
        let share = if wanted < self.gain { self.down } else { self.up };
        self.gain += (wanted - self.gain) * share;
        self.gain
    }
}

/// A node at work.
pub(super) enum Node {
    /// A fixed factor; `mix`, too, whose sounds were added up before.
    Gain(f32),
    HighPass(HighPass),
    Gate {
        threshold: f32,
        slide: Slide,
        envelope: f32,
    },
    Noise(Box<Cleaner>),
    Agc {
        gain: Gain,
        detector: Box<VoiceDetector>,
    },
    Compressor {
        threshold: f32,
        slope: f32,
        makeup: f32,
        slide: Slide,
    },
    VadGate {
        detector: Box<VoiceDetector>,
        hold: usize,
        left: usize,
        slide: Slide,
    },
    Meter(Arc<Level>),
    Resample(Box<Resampling>),
    Delay {
        held: Vec<f32>,
        next: usize,
    },
    Tap(Tap),
}

impl Node {
    /// Makes the node of a step, with the `tap` that was made for it if it is a `wav_tap`.
    pub(super) fn new(step: &Step, level: &Arc<Level>, tap: Option<Tap>) -> Result<Self, PipelineError> {
        let number = |place: usize| step.values.number(place);
        Ok(match step.kind {
            Kind::Gain => Self::Gain(factor(number(0))),
            Kind::HighPass => Self::HighPass(HighPass::at(f64::from(number(0)))),
            Kind::NoiseGate => {
                Self::Gate { threshold: factor(number(0)), slide: Slide::new(number(1) / 3.0, 1.0), envelope: 0.0 }
            }
            Kind::NoiseSuppression => {
                let mut cleaner = Box::new(Cleaner::new());
                cleaner.switch(false, true);
                Self::Noise(cleaner)
            }
            Kind::Agc => {
                let bounds = Bounds { least_db: -15.0, most_db: number(1), target_db: number(0) };
                Self::Agc { gain: Gain::new(bounds), detector: Box::new(VoiceDetector::new()) }
            }
            Kind::Compressor => Self::Compressor {
                threshold: factor(number(0)),
                slope: 1.0 - 1.0 / number(1),
                makeup: factor(number(4)),
                slide: Slide::new(number(2), number(3)),
            },
            Kind::VadGate => Self::VadGate {
                detector: Box::new(VoiceDetector::new()),
                hold: (number(0) * MS) as usize,
                left: 0,
                slide: Slide::new(15.0, 3.0),
            },
            Kind::LevelMeter => Self::Meter(Arc::clone(level)),
            Kind::Resample => return resample(step),
            Kind::Mix => Self::Gain(1.0),
            Kind::Delay => Self::Delay { held: vec![0.0; (number(0) * MS) as usize], next: 0 },
            Kind::WavTap => Self::Tap(tap.unwrap_or(Tap::Nowhere)),
        })
    }

    /// Samples at 48 kHz after which nothing of a sound is left in it.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Gain(_) | Self::Meter(_) | Self::Compressor { .. } | Self::Agc { .. } => 0,
            Self::Gate { .. } | Self::VadGate { .. } | Self::Tap(_) => 0,
            // 0.2 s, in which a corner of 20 Hz has fallen by 150 dB.
            Self::HighPass(_) => 9_600,
            Self::Noise(_) | Self::Resample(_) => 6 * PIECE,
            Self::Delay { held, .. } => held.len(),
        }
    }

    /// Samples at 48 kHz by which sound leaves it later than it came.
    pub(super) fn delay(&self) -> usize {
        match self {
            Self::Gain(_) | Self::Meter(_) | Self::Compressor { .. } | Self::Agc { .. } | Self::HighPass(_) => 0,
            Self::Gate { .. } | Self::VadGate { .. } | Self::Tap(_) => 0,
            Self::Noise(_) => CLEANER_DELAY,
            Self::Resample(_) => RESAMPLE_AHEAD * PIECE,
            Self::Delay { held, .. } => held.len(),
        }
    }

    /// Samples at 48 kHz from its first one on until what leaves is as it will be: what it holds back is full, and it has settled.
    pub(super) fn warm(&self) -> usize {
        match self {
            Self::Gain(_) | Self::Meter(_) | Self::Compressor { .. } | Self::Agc { .. } => 0,
            Self::Gate { .. } | Self::VadGate { .. } | Self::Tap(_) => 0,
            // 40 ms: what is left of the jump from silence into sound lies below what is cut away.
            Self::HighPass(_) => 4 * PIECE,
            // It runs unheard for 30 ms itself, and fades in for 20.
            Self::Noise(_) | Self::Resample(_) => 6 * PIECE,
            Self::Delay { held, .. } => held.len(),
        }
    }

    /// Nothing of what was heard until now leaves any more; what was learnt of noise and voices stays. Allocates nothing.
    pub(super) fn forget(&mut self) {
        match self {
            Self::Gain(_) | Self::Compressor { .. } | Self::Agc { .. } | Self::VadGate { .. } | Self::Tap(_) => {}
            Self::Gate { envelope, .. } => *envelope = 0.0,
            Self::HighPass(filter) => filter.forget(),
            Self::Noise(cleaner) => cleaner.forget(),
            Self::Meter(level) => level.rest(),
            Self::Resample(resampling) => resampling.forget(),
            Self::Delay { held, .. } => held.fill(0.0),
        }
    }

    /// Does its work on 10 ms.
    pub(super) fn process(&mut self, piece: &mut [f32; PIECE]) {
        match self {
            Self::Gain(factor) => {
                if *factor != 1.0 {
                    piece.iter_mut().for_each(|sample| *sample *= *factor);
                }
            }
            Self::HighPass(filter) => filter.process(piece),
            Self::Gate { threshold, slide, envelope } => {
                for sample in piece {
                    // Falls by 10 dB in 10 ms, so that it stays open through every period of a voice.
                    *envelope = sample.abs().max(*envelope * 0.9976);
                    *sample *= slide.towards(if *envelope >= *threshold { 1.0 } else { 0.0 });
                }
            }
            Self::Noise(cleaner) => cleaner.process(piece, false),
            Self::Agc { gain, detector } => {
                let voiced = detector.hear(piece);
                gain.hear(piece, voiced);
                gain.apply(piece);
            }
            Self::Compressor { threshold, slope, makeup, slide } => {
                for sample in piece {
                    let over = sample.abs() / *threshold;
                    let wanted = if over > 1.0 { over.powf(-*slope) } else { 1.0 };
                    *sample *= slide.towards(wanted) * *makeup;
                }
            }
            Self::VadGate { detector, hold, left, slide } => {
                *left = if detector.hear(piece) { *hold + PIECE } else { left.saturating_sub(PIECE) };
                let wanted = if *left > 0 { 1.0 } else { 0.0 };
                piece.iter_mut().for_each(|sample| *sample *= slide.towards(wanted));
            }
            Self::Meter(level) => level.put(piece),
            Self::Resample(resampling) => resampling.process(piece),
            Self::Delay { held, next } => {
                let length = held.len();
                for sample in piece {
                    if let Some(held) = held.get_mut(*next) {
                        std::mem::swap(held, sample);
                        *next = (*next + 1) % length;
                    }
                }
            }
            Self::Tap(tap) => tap.write(piece),
        }
    }
}

fn bad(step: &Step, parameter: &str, problem: impl Into<String>) -> PipelineError {
    PipelineError::BadParameter { id: step.id.clone(), parameter: parameter.to_owned(), problem: problem.into() }
}

fn resample(step: &Step) -> Result<Node, PipelineError> {
    let rate_hz = step.values.number(0) as u32;
    let between = |from, to| Resampler::new(from, to).map_err(|error| bad(step, "rate_hz", error.to_string()));
    let (down, up) = (between(48_000, rate_hz)?, between(rate_hz, 48_000)?);
    let (low, ready) = (Vec::with_capacity(4 * PIECE), Vec::with_capacity(8 * PIECE));
    let mut resampling = Box::new(Resampling { down, up, low, ready });
    resampling.down.reserve(4 * PIECE);
    resampling.up.reserve(4 * PIECE);
    resampling.forget();
    Ok(Node::Resample(resampling))
}

/// To another sample rate and back.
pub(super) struct Resampling {
    down: Resampler,
    up: Resampler,
    low: Vec<f32>,
    ready: Vec<f32>,
}

impl Resampling {
    fn forget(&mut self) {
        self.down.forget();
        self.up.forget();
        self.ready.clear();
        self.ready.resize(RESAMPLE_AHEAD * PIECE, 0.0);
    }

    fn process(&mut self, piece: &mut [f32; PIECE]) {
        let Self { down, up, low, ready } = self;
        low.clear();
        // Neither fails for rates that were checked; if one did, this piece would pass as it is.
        if down.push(piece, low).is_err() || up.push(low, ready).is_err() {
            return;
        }
        match ready.first_chunk::<PIECE>() {
            Some(first) => {
                *piece = *first;
                ready.drain(..PIECE);
            }
            None => piece.fill(0.0),
        }
    }
}
