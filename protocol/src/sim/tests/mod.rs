//! Searches over the simulated world.
#![expect(clippy::print_stdout, reason = "seeds, counts and what was measured belong into the output")]

mod clocks;
mod explore;
mod kills;
mod moved;
mod partition;
mod rejoin;
mod setups;
