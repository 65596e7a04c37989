//! Scenarios of the call core. Every test drives it through `desk` (one core) or `world` (several,
//! joined by a session and by links that are made up); both hold it against `invariants` at each step.

mod agree;
mod desk;
mod early;
mod faults;
mod incoming;
mod invariants;
mod media;
mod outgoing;
mod session;
mod withdrawn;
mod world;
