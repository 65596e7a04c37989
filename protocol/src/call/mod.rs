//! The call core: everything that is true of calls, as a pure state machine.

pub mod effect;
pub mod signal;
