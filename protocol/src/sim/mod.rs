//! A simulated world for tests: whole devices (the real core) in virtual time, joined by a network and media that a
//! seed decides, and the searches that run over it.

pub(crate) mod dice;
pub(crate) mod explore;
mod media;
pub(crate) mod network;
pub(crate) mod nonces;
pub(crate) mod world;

#[cfg(test)]
mod tests;
