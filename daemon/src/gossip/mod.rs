//! The network driver: libp2p behind the core's commands and events. It holds no call state.
//!
//! | module | what |
//! |---|---|
//! | [`network`] | the task and its handle: start here |
//! | [`ports`] | configuration, outputs, errors |
//! | `driver`, `events` | commands to libp2p; libp2p's events to the core |
//! | `behaviour`, `swarm` | what is spoken, over what, with which settings |
//! | `door`, `crowd` | who may shake hands with us, and what is dialled first |
//! | `gate` | only devices that the core allows speak gossip with us |
//! | `first_checks`, `filter` | junk and foreign topics die here |
//! | `prekey`, `prekey_desk` | the prekey protocol and the requests under way |
//! | `pulse` | finds peers that vanished |
//! | `dial`, [`address`] | dials, and which addresses may be dialled |
//! | `peers`, `unsent`, `outbox`, `interfaces`, `bucket` | what the driver remembers, each with its bound |
//! | [`crate::limits::network`], [`counters`] | every bound, every count |

pub mod address;
mod behaviour;
mod bucket;
pub mod counters;
mod crowd;
pub mod device;
mod dial;
mod door;
mod driver;
mod events;
mod filter;
mod first_checks;
mod gate;
mod interfaces;
pub mod network;
mod outbox;
mod peers;
pub mod ports;
mod prekey;
mod prekey_desk;
mod pulse;
mod redial;
mod swarm;
#[cfg(test)]
mod tests;
mod unsent;
mod voicemail;

pub use counters::{Counted, Counters};
pub use network::Network;
pub use ports::{NetConfig, NetError, NetOutput, Transport};
