//! Random sequences of what three people, the network and time may do, over three real cores, against a model of what the
//! people expect. `AHOY_SEQUENCES` says how many, `AHOY_FUZZ_SEED` repeats a run, what failed is shrunk, and kept in
//! `proptest-regressions` for every later run.

mod course;
mod faults;
mod machine;
mod model;
mod people;
mod search;
mod steps;
mod wire;
