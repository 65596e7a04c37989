//! Searches over the simulated world.
#![expect(clippy::print_stdout, reason = "seeds, counts and what was measured belong into the output")]

mod explore;
mod moved;
mod partition;
mod setups;
