//! Whole drivers in one process, over the memory transport unless a test is about TCP.

mod connections;
mod crowds;
mod gate;
mod local_network;
mod messages;
mod node;
mod outsider;
mod prekeys;
mod quic;
mod redial;
mod vanished;
