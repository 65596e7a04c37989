//! Placeholder.
pub mod gossip;
