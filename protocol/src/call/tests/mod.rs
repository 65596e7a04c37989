//! Scenarios of the call core. Every test drives it through `desk` (one core) or `world` (several,
//! joined by a session and by links that are made up); both hold it against `invariants` at each step.

mod agree;
mod commands;
mod continues;
mod crossing_ends;
mod desk;
mod early;
mod faults;
mod flow;
mod glare;
mod hold;
mod incoming;
mod invariants;
mod late;
mod links;
mod media;
mod moved;
mod one_call;
mod orders;
mod outgoing;
mod random;
mod recall;
mod recorded;
mod recording;
mod rejoin;
mod resume;
mod rules;
mod second;
mod seen;
mod session;
mod status;
mod unproven;
mod vanished;
mod walks;
mod withdrawn;
mod world;
