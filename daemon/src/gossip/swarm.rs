//! Puts transport and behaviours together.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use ahoy_crypto::Secret;
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::{Boxed, MemoryTransport};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::swarm::Config;
use libp2p::{PeerId, Swarm, Transport as _, noise, tcp, yamux};

use super::behaviour::{Behaviours, behaviours};
use super::counters::Counters;
use super::ports::{NetConfig, NetError, Transport};
use crate::limits::network as limits;

/// A swarm that doesn't listen yet.
///
/// # Errors
/// [`NetError::Key`] and [`NetError::Setup`].
pub(crate) fn swarm(config: &NetConfig, counters: Arc<Counters>) -> Result<Swarm<Behaviours>, NetError> {
    let keys = keys(&config.device_key)?;
    let peer = keys.public().to_peer_id();
    let mdns = config.mdns && config.transport == Transport::Tcp;
    let connections = counters.levels.connections.clone();
    // Whoever starts a task wants no handle: the swarm hears of a connection's end by itself.
    let start = move |task: Pin<Box<dyn Future<Output = ()> + Send>>| drop(connections.spawn(task));
    let settings = Config::with_executor(start)
        .with_idle_connection_timeout(limits::IDLE)
        .with_max_negotiating_inbound_streams(limits::NEGOTIATING);
    Ok(Swarm::new(transport(config.transport, &keys)?, behaviours(peer, counters, mdns)?, peer, settings))
}

fn keys(seed: &Secret) -> Result<Keypair, NetError> {
    // libp2p erases the copy.
    let mut copy = *seed.expose();
    Keypair::ed25519_from_bytes(&mut copy).map_err(|_| NetError::Key)
}

fn transport(kind: Transport, keys: &Keypair) -> Result<Boxed<(PeerId, StreamMuxerBox)>, NetError> {
    let noise = noise::Config::new(keys).map_err(|error| NetError::Setup(error.to_string()))?;
    let mut yamux = yamux::Config::default();
    yamux.set_max_num_streams(limits::STREAMS);
    Ok(match kind {
        Transport::Tcp => tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
            .upgrade(Version::V1)
            .authenticate(noise)
            .multiplex(yamux)
            .timeout(limits::HANDSHAKE)
            .boxed(),
        Transport::Memory => MemoryTransport::default()
            .upgrade(Version::V1)
            .authenticate(noise)
            .multiplex(yamux)
            .timeout(limits::HANDSHAKE)
            .boxed(),
    })
}
