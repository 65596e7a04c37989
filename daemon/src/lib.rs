//! `ahoyd`: the daemon as a library. Any number of nodes can live in one process.

pub mod actor;
pub mod clock;
pub mod config;
pub mod control;
pub mod gossip;
pub mod home;
pub mod limits;
pub mod logging;
pub mod metrics;
pub mod node;
pub mod pages;
pub mod panics;
pub mod pipes;
pub mod platform;
pub mod player;
#[cfg(test)]
mod recorder;
pub mod service;
pub mod store;
