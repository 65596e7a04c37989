//! Tests of the stages as a whole: real messages between two devices, and junk.

mod inbox;
mod junk;
mod order;
pub(crate) mod world;
