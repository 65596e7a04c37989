//! Sound of this machine: devices (or what stands for them), the encoder, jitter buffers, the mixer.

pub mod api;
mod asking;
mod capture;
mod change;
pub mod check;
mod clock;
mod controls;
mod desk;
mod device;
mod figures;
mod jitter_buffer;
pub mod listening;
mod mixer;
pub mod once;
pub mod opus;
mod outbox;
mod receiver;
mod recovery;
mod ringer;
mod sink;
pub mod sound;
mod source;
mod specs;
pub mod stage;
mod voice;
mod voices;
mod width;

#[cfg(test)]
pub(crate) use clock::samples_to_us;
pub(crate) use clock::{Clock, us_to_samples};

use crate::resample;

#[cfg(test)]
pub(crate) mod signals;
#[cfg(test)]
pub(crate) mod test_dir;
