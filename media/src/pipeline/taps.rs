//! What a `wav_tap` writes into: a file at once, or, while sound runs, a ring that a thread of its own writes out.

use std::{
    fs::File,
    io::BufWriter,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use rtrb::{Consumer, Producer, RingBuffer};

use super::manifest::{PipelineError, Step};
use crate::{
    limits::{PIPELINE_TAP_RING, PIPELINE_TAP_SAMPLES},
    platform,
    processing::PIECE,
};

/// Samples between two moments at which the file is made whole: a second, playable after a kill.
const WHOLE: usize = 48_000;

/// Time between two looks at the rings.
const LOOK: Duration = Duration::from_millis(100);

/// The tap of one node.
pub(super) enum Tap {
    /// Into the file at once: nobody waits for the sound.
    File(Writer),
    /// Into a ring: the audio thread waits for no disk.
    Ring {
        ring: Producer<f32>,
        /// Samples that found no room.
        missed: Arc<AtomicU64>,
    },
    /// It has ended.
    Nowhere,
}

impl Tap {
    /// The file of this step, made now.
    pub(super) fn file(step: &Step) -> Result<Self, PipelineError> {
        Writer::new(step).map(Self::File)
    }

    /// Takes 10 ms.
    pub(super) fn write(&mut self, piece: &[f32; PIECE]) {
        match self {
            Self::File(writer) => {
                if !writer.write(piece) {
                    *self = Self::Nowhere;
                }
            }
            Self::Ring { ring, missed } => match ring.write_chunk_uninit(PIECE) {
                Ok(room) => {
                    room.fill_from_iter(piece.iter().copied());
                }
                Err(_) => {
                    missed.fetch_add(PIECE as u64, Ordering::Relaxed);
                }
            },
            Self::Nowhere => {}
        }
    }
}

/// The file of a tap.
pub(super) struct Writer {
    wav: hound::WavWriter<BufWriter<File>>,
    left: usize,
    until_whole: usize,
}

impl Writer {
    fn new(step: &Step) -> Result<Self, PipelineError> {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 48_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let bad = |error: &dyn std::fmt::Display| PipelineError::BadParameter {
            id: step.id.clone(),
            parameter: "path".to_owned(),
            problem: format!("cannot be made: {error}"),
        };
        let file = private_new(&step.values.path).map_err(|error| bad(&error))?;
        let wav = hound::WavWriter::new(BufWriter::new(file), spec).map_err(|error| bad(&error))?;
        Ok(Self { wav, left: PIPELINE_TAP_SAMPLES, until_whole: WHOLE })
    }

    /// Writes on; false once it takes no more.
    fn write(&mut self, sound: &[f32]) -> bool {
        let mut samples = sound.iter().map(|sample| (sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16);
        let written = samples.try_for_each(|sample| self.wav.write_sample(sample));
        self.left = self.left.saturating_sub(sound.len());
        self.until_whole = self.until_whole.saturating_sub(sound.len());
        let flushed = if written.is_ok() && self.until_whole == 0 {
            self.until_whole = WHOLE;
            self.wav.flush()
        } else {
            Ok(())
        };
        match written.and(flushed) {
            Ok(()) => self.left > 0,
            Err(error) => {
                tracing::warn!(%error, "a wav_tap writes no more");
                false
            }
        }
    }
}

/// A file that was not there, which only its owner can read. What is there, also as a link, stays as it is.
pub(super) fn private_new(path: &Path) -> std::io::Result<File> {
    platform::private_file().write(true).create_new(true).open(path)
}

/// A ring and the file it is written into.
struct Pipe {
    ring: Consumer<f32>,
    missed: Arc<AtomicU64>,
    writer: Writer,
}

impl Pipe {
    /// Writes what waits; false once nothing will come any more, or the file takes none.
    fn drain(&mut self) -> bool {
        // Looked at first: what was pushed before the other end went is still written.
        let over = self.ring.is_abandoned();
        let waiting = self.ring.slots();
        let Ok(chunk) = self.ring.read_chunk(waiting) else { return !over };
        let (one, other) = chunk.as_slices();
        let takes = self.writer.write(one) && self.writer.write(other);
        chunk.commit_all();
        // Silence where it was, or as good as: the rest keeps its place in time.
        let mut missed = self.missed.swap(0, Ordering::Relaxed);
        let mut takes = takes;
        while missed > 0 && takes {
            takes = self.writer.write(&[0.0; PIECE]);
            missed = missed.saturating_sub(PIECE as u64);
        }
        takes && !over
    }
}

/// The taps of a pipeline that runs live, in the order of these steps, and the thread that writes them out until the pipeline
/// is gone.
pub(super) fn rings<'a>(steps: impl Iterator<Item = &'a Step>) -> Result<Vec<Tap>, PipelineError> {
    let (mut taps, mut pipes, mut name) = (Vec::new(), Vec::new(), String::new());
    for step in steps {
        let (producer, consumer) = RingBuffer::new(PIPELINE_TAP_RING);
        let (missed, writer) = (Arc::<AtomicU64>::default(), Writer::new(step)?);
        pipes.push(Pipe { ring: consumer, missed: Arc::clone(&missed), writer });
        taps.push(Tap::Ring { ring: producer, missed });
        name.clone_from(&step.id);
    }
    if pipes.is_empty() {
        return Ok(taps);
    }
    let write = move || {
        while !pipes.is_empty() {
            pipes.retain_mut(Pipe::drain);
            thread::park_timeout(LOOK);
        }
    };
    match thread::Builder::new().name("ahoy-taps".into()).spawn(write) {
        Ok(_) => Ok(taps),
        Err(error) => {
            let problem = format!("cannot be written: no thread: {error}");
            Err(PipelineError::BadParameter { id: name, parameter: "path".to_owned(), problem })
        }
    }
}
