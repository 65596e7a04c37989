//! Pipelines: nodes and edges out of a manifest, run once over given sound, or live in the capture chain behind the automatic gain.
//! Pure but for `wav_tap`, which writes a file.

mod kinds;
mod manifest;
mod nodes;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

pub use kinds::{Kind, Parameter};
pub use manifest::{Edge, INPUT, Manifest, NodeSpec, OUTPUT, PipelineError};
use nodes::{Level, Node};

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

/// A pipeline at work.
pub struct Pipeline {
    parts: Vec<Part>,
    output: Option<usize>,
    levels: Levels,
    memory: usize,
}

impl Pipeline {
    /// Builds what a manifest describes.
    ///
    /// # Errors
    /// [`PipelineError`] names what is wrong, and the node; the files of `wav_tap`s are made here.
    pub fn new(manifest: &Manifest) -> Result<Self, PipelineError> {
        let plan = manifest.plan()?;
        let (mut parts, mut levels) = (Vec::with_capacity(plan.steps.len()), BTreeMap::new());
        for step in plan.steps {
            let level = Arc::default();
            let node = Node::new(&step, &level)?;
            if step.kind == Kind::LevelMeter {
                levels.insert(step.id, level);
            }
            parts.push(Part { node, from: step.from, sound: [0.0; PIECE] });
        }
        let memory = parts.iter().map(|part| part.node.memory()).sum();
        Ok(Self { parts, output: plan.output, levels: Levels(Arc::new(levels)), memory })
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
