//! What tests of several crates share: real daemons as processes driven by the real command, and whole nodes in this
//! process with everything they tell.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of tests ends the test when something is not as it must be"
)]

pub mod devices;
pub mod ear;
pub mod frontend;
pub mod fuzz;
pub mod hostile;
pub mod node;
#[path = "../../protocol/src/sim/nonces.rs"]
mod nonces;
pub mod outsider;
pub mod privacy;
pub mod process;
pub mod recording;
pub mod road;
pub mod rpc;
pub mod siege;
pub mod sound;
pub mod swarm;
pub mod tap;
