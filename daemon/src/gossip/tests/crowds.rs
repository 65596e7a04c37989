//! Crowds of connections that come to nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use libp2p::core::transport::{DialOpts, PortUse};
use libp2p::core::{Endpoint, Transport as _};
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, quic};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpSocket, UdpSocket};
use tokio::task::JoinSet;

use super::node::{Node, patiently, until};
use crate::gossip::Counters;
use crate::limits::network as limits;

fn socket_address(address: &Multiaddr) -> SocketAddr {
    let mut parts = address.iter();
    match (parts.next(), parts.next()) {
        (Some(Protocol::Ip4(ip)), Some(Protocol::Tcp(port) | Protocol::Udp(port))) => (ip, port).into(),
        other => panic!("{other:?}"),
    }
}

/// Connections from one address that say nothing, each opened anew when it is closed: more than there is room for.
async fn silent_flood(from: Ipv4Addr, to: SocketAddr) -> JoinSet<()> {
    let mut flood = JoinSet::new();
    for _ in 0..limits::SHAKING + 50 {
        flood.spawn(async move {
            loop {
                let socket = TcpSocket::new_v4().unwrap();
                socket.bind((from, 0).into()).unwrap();
                if let Ok(mut silent) = socket.connect(to).await {
                    // An end of any kind is one.
                    while silent.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
                }
            }
        });
    }
    flood
}

async fn gets_in_despite_a_flood_from(from: Ipv4Addr) {
    let mut host = Node::tcp(1).await;
    let flood = silent_flood(from, socket_address(&host.address())).await;
    let counters: Arc<Counters> = host.network.counters.clone();
    until("a full room", || counters.handshakes_dropped.get() > 100).await;
    for seed in 2..7 {
        let mut contact = Node::tcp(seed).await;
        host.allow(contact.device, true);
        contact.dial(&host);
        contact.connected(host.device).await;
        host.connected(contact.device).await;
    }
    assert!(flood.len() > limits::SHAKING, "the flood went on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contact_gets_in_while_another_address_fills_the_room_with_silence() {
    gets_in_despite_a_flood_from(Ipv4Addr::new(127, 0, 0, 2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contact_gets_in_while_its_own_address_fills_the_room_with_silence() {
    gets_in_despite_a_flood_from(Ipv4Addr::LOCALHOST).await;
}

/// The first flight of a QUIC connection, as its datagrams: captured on the way to nobody.
async fn first_flight() -> Vec<Vec<u8>> {
    let nobody = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let there = nobody.local_addr().unwrap();
    let mut transport = quic::tokio::Transport::new(quic::Config::new(&Keypair::generate_ed25519()));
    let options = DialOpts { role: Endpoint::Dialer, port_use: PortUse::New };
    let to = Multiaddr::from(there.ip()).with(Protocol::Udp(there.port())).with(Protocol::QuicV1);
    let dial = tokio::spawn(transport.dial(to, options).unwrap());
    let mut datagrams = Vec::new();
    for _ in 0..2 {
        let mut datagram = vec![0; 2048];
        let (length, _) = patiently("a datagram", nobody.recv_from(&mut datagram)).await.unwrap();
        datagram.truncate(length);
        datagrams.push(datagram);
    }
    dial.abort();
    datagrams
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_handshakes_and_garbage_over_quic_keep_nobody_out() {
    let mut host = Node::quic(1).await;
    let to = socket_address(&host.address());
    let counters = host.network.counters.clone();
    let mut half_open = Vec::new();
    for _ in 0..limits::SHAKING + 20 {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        for datagram in first_flight().await {
            socket.send_to(&datagram, to).await.unwrap();
        }
        half_open.push(socket);
    }
    until("a full room", || counters.handshakes_dropped.get() > 0).await;
    let mut seed = 1_u64;
    for length in (0..1500).step_by(3) {
        let garbage: Vec<u8> = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            seed.to_be_bytes()[0]
        })
        .take(length)
        .collect();
        half_open[length % 7].send_to(&garbage, to).await.unwrap();
    }
    let mut contact = Node::quic(2).await;
    host.allow(contact.device, true);
    contact.dial(&host);
    contact.connected(host.device).await;
    host.connected(contact.device).await;
    assert_eq!((counters.incoming.get(), counters.incoming_quic.get()), (1, 1));
    // The room is empty again when their time is over.
    let all = u64::try_from(half_open.len()).unwrap();
    until("the end of the half handshakes", || counters.incoming_failed.get() >= all).await;
}
