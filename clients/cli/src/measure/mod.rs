//! Was what one side said heard at the other? Pure functions over sound, used by the demo and by tests.

mod compare;
mod recording;

#[cfg(test)]
mod tests;

pub use compare::{Match, Window, compare};
pub use recording::{Recording, RecordingError};
