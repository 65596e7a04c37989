//! Tests of the session layer: several devices in memory, on a network that a test can spoil.

mod calls;
mod faults;
mod letters;
mod net;
mod node;
mod offers;
mod pairs;
mod waiting;
