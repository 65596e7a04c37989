//! Stand-ins for tests of what is built on this crate: no network, no sound card.

pub mod engine;
