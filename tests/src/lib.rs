//! What tests of several crates share: real daemons as processes, driven by the real command.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of tests ends the test when something is not as it must be"
)]

pub mod process;
