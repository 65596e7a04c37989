//! Pipelines: nodes and edges out of a manifest, run once over given sound, or live: in the capture chain behind the automatic
//! gain, or over the sound of one participant. Pure but for `wav_tap`, which writes a file.

mod kinds;
mod manifest;
mod nodes;
pub(crate) mod slot;
mod taps;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

pub use kinds::{Kind, Parameter, RATES_HZ};
pub use manifest::{Edge, INPUT, Manifest, NodeSpec, OUTPUT, PipelineError};
use nodes::{Level, Node};
use taps::Tap;

use crate::processing::PIECE;

/// Levels of the `level_meter`s of a pipeline by their ids. Cheap to share; reading does not disturb the sound.
#[derive(Clone, Debug, Default)]
pub struct Levels(Arc<BTreeMap<String, Arc<Level>>>);

impl Levels {
    /// Of every meter: its id, mean power and peak of the last 10 ms, dB of full scale (-120 is silence).
    pub fn read(&self) -> impl Iterator<Item = (&str, f32, f32)> {
        self.0.iter().map(|(id, level)| {
            let (power_db, peak_db) = level.read();
            (id.as_str(), power_db, peak_db)
        })
    }
}

struct Part {
    node: Node,
    from: Vec<Option<usize>>,
    sound: [f32; PIECE],
}

/// Where a pipeline works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Once over given sound: `wav_tap`s write at once.
    Once,
    /// In the capture chain: a thread of its own writes what `wav_tap`s hear.
    Capture,
    /// Over what is heard of somebody else: there is no `wav_tap`. Recording asks those who are recorded.
    Participant,
}

/// Loudest sample between two nodes, of full scale: 60 dB over it, so that what is made louder can be made quieter again, and
/// no chain of gains ends in a number that is none.
const LOUDEST: f32 = 1_000.0;

/// A pipeline at work. What it does to sound allocates nothing and waits for nothing (of [`Place::Once`], for the disk).
pub struct Pipeline {
    parts: Vec<Part>,
    output: Option<usize>,
    levels: Levels,
    memory: usize,
    delay: usize,
    warm: usize,
}

impl Pipeline {
    /// Builds what a manifest describes, to be run once.
    ///
    /// # Errors
    /// [`PipelineError`] names what is wrong, and the node; the files of `wav_tap`s are made here.
    pub fn new(manifest: &Manifest) -> Result<Self, PipelineError> {
        Self::at(manifest, Place::Once)
    }

    /// Builds what a manifest describes, to work in this place.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn at(manifest: &Manifest, place: Place) -> Result<Self, PipelineError> {
        let plan = manifest.plan_for(place)?;
        let taps = || plan.steps.iter().filter(|step| step.kind == Kind::WavTap);
        let made: Vec<Tap> = match place {
            Place::Once => taps().map(Tap::file).collect::<Result<_, _>>()?,
            Place::Capture | Place::Participant => taps::rings(taps())?,
        };
        let mut made = made.into_iter();
        let (mut parts, mut levels) = (Vec::with_capacity(plan.steps.len()), BTreeMap::new());
        for step in plan.steps {
            let level = Arc::default();
            let tap = if step.kind == Kind::WavTap { made.next() } else { None };
            let node = Node::new(&step, &level, tap)?;
            if step.kind == Kind::LevelMeter {
                levels.insert(step.id, level);
            }
            parts.push(Part { node, from: step.from, sound: [0.0; PIECE] });
        }
        let memory = parts.iter().map(|part| part.node.memory()).sum();
        let heard = |ways: &[usize]| plan.output.and_then(|n| ways.get(n)).copied().unwrap_or(0);
        let delay = heard(&along(&parts, Node::delay, usize::min));
        let warm = heard(&along(&parts, Node::warm, usize::max));
        Ok(Self { parts, output: plan.output, levels: Levels(Arc::new(levels)), memory, delay, warm })
    }

    /// Its meters.
    #[must_use]
    pub fn levels(&self) -> Levels {
        self.levels.clone()
    }

    /// Samples at 48 kHz after which nothing of a sound is left in it.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// Samples at 48 kHz by which sound leaves later than it came, on the shortest way through.
    #[must_use]
    pub fn delay(&self) -> usize {
        self.delay
    }

    /// Samples at 48 kHz after which what leaves is as it will be, on the longest way through.
    pub(crate) fn warm(&self) -> usize {
        self.warm
    }

    /// Nothing of what was heard until now leaves any more; what was learnt of noise and voices stays. Meters fall to silence.
    pub fn forget(&mut self) {
        self.parts.iter_mut().for_each(|part| part.node.forget());
    }

    /// 10 ms at 48 kHz, in place.
    pub fn process(&mut self, piece: &mut [f32; PIECE]) {
        for n in 0..self.parts.len() {
            let (done, rest) = self.parts.split_at_mut(n);
            let Some(Part { node, from, sound }) = rest.first_mut() else { return };
            sound.fill(0.0);
            for source in from {
                let source = source.and_then(|n| done.get(n)).map_or(&*piece, |part| &part.sound);
                sound.iter_mut().zip(source).for_each(|(sum, sample)| *sum += sample);
            }
            node.process(sound);
            for sample in sound {
                *sample = if sample.is_finite() { sample.clamp(-LOUDEST, LOUDEST) } else { 0.0 };
            }
        }
        if let Some(part) = self.output.and_then(|n| self.parts.get(n)) {
            *piece = part.sound;
        }
    }

    /// Runs once over a whole sound at 48 kHz; its end is filled up to 10 ms.
    #[must_use]
    pub fn run(mut self, sound: &[f32]) -> Vec<f32> {
        let mut heard = Vec::with_capacity(sound.len() + PIECE);
        for from in sound.chunks(PIECE) {
            let mut piece = [0.0; PIECE];
            piece.iter_mut().zip(from).for_each(|(place, sample)| *place = *sample);
            self.process(&mut piece);
            heard.extend(piece);
        }
        heard.truncate(sound.len());
        heard
    }
}

/// What adds up on the ways from the input to each part, where ways meet as `meet` says.
fn along(parts: &[Part], own: impl Fn(&Node) -> usize, meet: impl Fn(usize, usize) -> usize) -> Vec<usize> {
    let mut ways: Vec<usize> = Vec::with_capacity(parts.len());
    for Part { node, from, .. } in parts {
        let before = from.iter().map(|source| source.and_then(|n| ways.get(n)).copied().unwrap_or(0));
        ways.push(before.reduce(&meet).unwrap_or(0) + own(node));
    }
    ways
}
