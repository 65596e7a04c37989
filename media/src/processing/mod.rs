//! What is done to sound between the microphone and the encoder, and to the voices of others before the mixer. Pure: samples in,
//! samples out, and no clock. Every stage can be switched while it runs, without a click.
//!
//! ```text
//! microphone -> high-pass -> [low band: echo -> noise] -> automatic gain -> limiter -> is it a voice? -> encoder
//!                                   ^
//!                        what the speaker plays
//! ```

mod chain;
mod cleaner;
mod echo;
mod fade;
mod gain;
mod high_pass;
mod limiter;
mod low_band;
mod noise;
mod residual;
mod spectrum;
mod voice;

pub use chain::{Chain, Switches};
pub(crate) use cleaner::{CLEANER_DELAY, Cleaner};
pub(crate) use gain::{Bounds, Gain, PARTICIPANT};
pub(crate) use high_pass::HighPass;
pub(crate) use limiter::Limiter;
pub(crate) use voice::{Talk, VoiceDetector};

#[cfg(test)]
pub(crate) mod test_sounds;
#[cfg(test)]
mod tests;

/// Samples at 48 kHz that are processed at a time: 10 ms.
pub const PIECE: usize = 480;

/// The same of a low band, at 16 kHz.
pub(crate) const LOW: usize = PIECE / 3;
