//! What comes through a pair and would reach the media engine: descriptions and candidates.
//!
//! No packet leaves toward a refused address; nothing that isn't plain SDP reaches a parser.

mod address;
mod rates;
mod sdp;

pub use address::{Local, LocalAddresses, candidate, is_forbidden, is_local};
pub use rates::{CandidateCount, RecordRate, RestartRate};
pub use sdp::description;

#[cfg(test)]
mod tests;
