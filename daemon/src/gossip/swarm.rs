//! Puts transport and behaviours together.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use ahoy_crypto::Secret;
use futures::future::Either;
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::{Boxed, MemoryTransport};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::swarm::Config;
use libp2p::{PeerId, Swarm, Transport as _, noise, quic, tcp, yamux};

use super::behaviour::{Behaviours, behaviours};
use super::counters::Counters;
use super::door::{Door, TcpBeside};
use super::ports::{NetConfig, NetError, Transport};
use crate::limits::network as limits;

/// A swarm that doesn't listen yet, and what it wants to know before it dials.
///
/// # Errors
/// [`NetError::Key`] and [`NetError::Setup`].
pub(crate) fn swarm(config: &NetConfig, counters: &Arc<Counters>) -> Result<(Swarm<Behaviours>, TcpBeside), NetError> {
    let keys = keys(&config.device_key)?;
    let peer = keys.public().to_peer_id();
    let mdns = config.mdns && config.transport == Transport::Ip;
    let connections = counters.levels.connections.clone();
    // Whoever starts a task wants no handle: the swarm hears of a connection's end by itself.
    let start = move |task: Pin<Box<dyn Future<Output = ()> + Send>>| drop(connections.spawn(task));
    let settings = Config::with_executor(start)
        .with_idle_connection_timeout(limits::IDLE)
        .with_max_negotiating_inbound_streams(limits::NEGOTIATING);
    let tcp_beside = TcpBeside::default();
    let transport =
        Door::new(transport(config.transport, &keys)?, tcp_beside.clone(), config.quic_lag, counters.clone()).boxed();
    Ok((Swarm::new(transport, behaviours(peer, counters.clone(), mdns)?, peer, settings), tcp_beside))
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
        Transport::Ip => {
            let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
                .upgrade(Version::V1)
                .authenticate(noise)
                .multiplex(yamux)
                .timeout(limits::HANDSHAKE);
            let tcp = tcp.map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
            let quic = quic::tokio::Transport::new(quic_settings(keys));
            let quic = quic.map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
            tcp.or_transport(quic).map(|(Either::Left(one) | Either::Right(one)), _| one).boxed()
        }
        Transport::Memory => MemoryTransport::default()
            .upgrade(Version::V1)
            .authenticate(noise)
            .multiplex(yamux)
            .timeout(limits::HANDSHAKE)
            .boxed(),
    })
}

/// The same bounds as over TCP. Signs of life are the pulse's business, so QUIC sends none of its own (every 5 s to
/// every contact would be 90 MB a day), and lets a connection be silent for longer than the pulse does.
fn quic_settings(keys: &Keypair) -> quic::Config {
    // libp2p gives its TLS settings the provider they need: the process-wide one is never asked for.
    let mut settings = quic::Config::new(keys).disable_path_mtu_discovery();
    settings.handshake_timeout = limits::HANDSHAKE;
    settings.max_idle_timeout = limits::QUIC_SILENCE_MS;
    settings.keep_alive_interval = limits::QUIC_KEEP_ALIVE;
    settings.max_concurrent_stream_limit = limits::QUIC_STREAMS;
    settings.max_stream_data = limits::QUIC_STREAM_BYTES;
    settings.max_connection_data = limits::QUIC_CONNECTION_BYTES;
    settings
}
