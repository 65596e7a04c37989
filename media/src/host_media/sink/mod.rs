//! Speakers, and what stands for them: one stream of mono sound at 48 kHz.

pub(crate) mod paced;
pub(crate) mod wave_file;

pub(crate) use super::source::Lost;

/// Samples of a playback tick: 5 ms. A packet waits for the next tick: half as much on average as with 10 ms, for 100
/// more wake-ups a second, which cost about 0.1 CPU seconds a call minute.
pub(crate) const TICK: usize = 240;

/// Microseconds of a tick.
pub(crate) const TICK_US: u64 = 5_000;

/// An output.
pub(crate) trait Sink: Send {
    /// Playback begins, or goes on after a pause.
    fn start(&mut self, now_us: u64);

    /// Monotonic microseconds of sample 0 of this sink, once it is known.
    fn started_us(&self) -> Option<u64>;

    /// The nominal time of the next tick that is due at `now_us`; none if all are played.
    fn tick_us(&mut self, now_us: u64) -> Option<u64>;

    /// Plays the sound of one tick ([`TICK`] samples).
    ///
    /// # Errors
    /// [`Lost`] once it cannot play any more.
    fn play(&mut self, sound: &[f32]) -> Result<(), Lost>;

    /// When the next tick is due.
    fn due_us(&self, now_us: u64) -> u64;

    /// Nothing plays from now on: everything is written out, devices are closed.
    ///
    /// # Errors
    /// [`Lost`] if that fails.
    fn pause(&mut self) -> Result<(), Lost>;
}
