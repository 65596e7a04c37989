//! Whole devices in one process, joined by a network and media of the test's own, in virtual time.

mod again;
mod attempts;
pub(crate) mod calls;
mod comparing;
pub(crate) mod contacts;
mod doubted;
mod elsewhere;
mod hand_off;
mod hand_off_faults;
mod history;
mod hostile;
mod linking;
mod outsiders;
mod presence;
mod requests;
mod revocation;
mod rotation;
mod settings;
mod stays;
mod sync;
mod vanished;
mod voicemail;

use crate::sim::world;
