//! What goes into the network driver and what comes out of it.

use std::time::Duration;

use ahoy_crypto::Secret;
use ahoy_protocol::core::input::{Input, MessageRef, NetEvent, Topic};
use libp2p::Multiaddr;

/// What a network driver is started with.
#[derive(Clone, Debug)]
pub struct NetConfig {
    /// The device's Ed25519 seed: libp2p's identity.
    pub device_key: Secret,
    /// Where to listen; port 0 lets the system draw one.
    pub listen: Vec<Multiaddr>,
    /// Show ourselves on the LAN and find others there (not in memory).
    pub mdns: bool,
    /// What carries the bytes.
    pub transport: Transport,
    /// How long QUIC waits if TCP is dialled beside it.
    pub quic_lag: Duration,
}

/// What carries the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP and QUIC over UDP.
    Ip,
    /// Channels in this process (`/memory/N`), for tests.
    Memory,
}

/// Something for the core.
#[derive(Clone, Debug)]
pub enum NetOutput {
    /// Something happened.
    Event(NetEvent),
    /// A message that passed the first checks.
    Sealed {
        /// Topic it was published on.
        topic: Topic,
        /// Bytes.
        data: Vec<u8>,
        /// For the verdict.
        message: MessageRef,
    },
}

impl From<NetOutput> for Input {
    fn from(output: NetOutput) -> Input {
        match output {
            NetOutput::Event(event) => Input::Net(event),
            NetOutput::Sealed { topic, data, message } => Input::Sealed { topic, data, message },
        }
    }
}

/// Why the network could not be started.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The key is none.
    #[error("the device key is no Ed25519 key: the store is damaged")]
    Key,
    /// libp2p did not take our settings: a defect of ours.
    #[error("the network could not be set up: {0}")]
    Setup(String),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {reason}; choose another address or port")]
    Listen {
        /// Which.
        address: Multiaddr,
        /// What the system said.
        reason: String,
    },
    /// A listener named no address in time.
    #[error("no network interface came up for the addresses to listen on")]
    NoAddress,
}
