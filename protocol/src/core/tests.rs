//! Whole devices in one process, joined by a network and media of the test's own, in virtual time.

mod again;
mod calls;
mod contacts;
mod elsewhere;
mod history;
mod hostile;
mod linking;
mod media;
mod outsiders;
mod presence;
mod requests;
mod rotation;
mod vanished;
mod voicemail;
mod way;
mod world;
