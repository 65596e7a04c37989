//! Microphones, and what stands for them: samples at 48 kHz, of one channel unless two are asked for.

pub(crate) mod generator;
pub(crate) mod paced;
pub(crate) mod wave;

use crate::planes::Planes;

/// A device or file failed and gives nothing any more; for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lost(pub(crate) String);

/// An open microphone.
pub(crate) trait Source: Send {
    /// Appends what was captured until `now_us` and not taken yet.
    ///
    /// # Errors
    /// [`Lost`] once nothing more will come.
    fn capture(&mut self, now_us: u64, out: &mut Planes) -> Result<(), Lost>;

    /// Two channels from now on if it has two, or their mean.
    fn widen(&mut self, _on: bool) {}

    /// Monotonic microseconds of sample 0, once it is known.
    fn started_us(&self) -> Option<u64>;

    /// When at least `samples` more will be there, monotonic microseconds; may be a guess.
    fn due_us(&self, now_us: u64, samples: usize) -> u64;

    /// Samples that were lost because nobody took them in time, since the last call. They count on the timeline.
    fn skipped(&mut self) -> u64 {
        0
    }

    /// It is another device since the last call: what happened, for people.
    fn changed(&mut self) -> Option<String> {
        None
    }
}
