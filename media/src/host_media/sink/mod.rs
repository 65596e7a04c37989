//! Speakers, and what stands for them: one stream of sound at 48 kHz, of one channel or two.

pub(crate) mod paced;
pub(crate) mod wave_file;

pub(crate) use super::source::Lost;
use crate::planes::Planes;

/// Samples of the longest block that is played at once: 20 ms, one frame.
pub(crate) const BLOCK: usize = 960;

/// Sound that a sink wants now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Want {
    /// When its first sample is heard, by the sink's grid: monotonic microseconds.
    pub(crate) at_us: u64,
    /// At most this many samples, never more than [`BLOCK`]; fewer are welcome.
    pub(crate) most: usize,
}

/// An output.
pub(crate) trait Sink: Send {
    /// Playback begins, or goes on after a pause.
    fn start(&mut self, now_us: u64);

    /// Monotonic microseconds of sample 0 of this sink, once it is known.
    fn started_us(&self) -> Option<u64>;

    /// What is wanted at `now_us`; none if enough is played.
    fn want(&mut self, now_us: u64) -> Option<Want>;

    /// Plays sound, its middle where there is one channel only; at most as much as was wanted.
    ///
    /// # Errors
    /// [`Lost`] once it cannot play any more.
    fn play(&mut self, sound: &Planes) -> Result<(), Lost>;

    /// When more will be wanted.
    fn due_us(&self, now_us: u64) -> u64;

    /// Nothing plays from now on: everything is written out, devices are closed.
    ///
    /// # Errors
    /// [`Lost`] if that fails.
    fn pause(&mut self) -> Result<(), Lost>;

    /// Samples, at the card's rate, that the card wanted and found missing since the last call. Only a card runs dry.
    fn take_missing(&mut self) -> u64 {
        0
    }

    /// It is another device since the last call: what happened, for people.
    fn changed(&mut self) -> Option<String> {
        None
    }
}
