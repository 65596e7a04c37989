//! Sound of this machine: devices (or what stands for them), the encoder, jitter buffers, the mixer.

pub mod api;
mod asking;
mod capture;
pub mod check;
mod clock;
mod controls;
mod desk;
mod device;
mod jitter_buffer;
pub mod listening;
mod mixer;
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

use crate::resample;

#[cfg(test)]
mod signals;
#[cfg(test)]
mod test_dir;
