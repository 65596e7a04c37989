//! ahoy/1: what daemons say to each other, as pure state machines.
//!
//! Data flows one way: `inbound` (Sealed -> Opened -> Verified) -> `core` and `call` -> effects.
//! Nothing here reads a clock, draws randomness or does input and output: `now` and the RNG are
//! arguments, and what shall happen comes out as values.

pub mod account;
pub mod call;
pub mod control;
pub mod core;
pub mod ids;
pub mod inbound;
pub mod limits;
pub mod outbound;
pub mod session;
pub mod topic;
pub mod wire;

#[cfg(test)]
mod sim;
#[cfg(test)]
mod testing;
