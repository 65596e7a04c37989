//! Sound cards, through cpal. Opening and closing may take long, so a thread of its own does both for each stream; the
//! callbacks of the card only move samples between its buffer and a ring, and the audio thread has the other end.

mod callback;
mod connections;
mod follow;
mod hosts;
mod line;
pub(crate) mod list;
mod open;
pub(crate) mod sink;
pub(crate) mod source;

/// Whether this text can be the id of a device.
///
/// # Errors
/// What is wrong with it, for people.
pub(crate) fn check(id: &str) -> Result<(), super::source::Lost> {
    hosts::parse(id).map(drop)
}

/// A sample on its way to or from a card: the middle and the side.
type Pair = [f32; 2];

/// What a specification of a device says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// The system's default.
    Default,
    /// The one with this id.
    Id(String),
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests;
