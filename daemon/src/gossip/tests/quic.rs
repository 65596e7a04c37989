//! Over QUIC everything is as over TCP.

use std::time::Duration;

use ahoy_crypto::Secret;
use ahoy_protocol::core::effect::NetCommand;
use ahoy_protocol::core::input::NetEvent;
use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;
use tokio::sync::mpsc;

use super::node::{Node, frame, topic};
use crate::gossip::{NetConfig, NetError, NetOutput, Network, Transport};
use crate::limits::network::QUIC_LAG;

fn both() -> NetConfig {
    let listen = ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"].map(|address| address.parse().unwrap());
    NetConfig {
        device_key: Secret::new([2; 32]),
        listen: listen.to_vec(),
        mdns: false,
        transport: Transport::Ip,
        quic_lag: QUIC_LAG,
    }
}

#[tokio::test]
async fn messages_pass_over_quic_which_is_known_as_loopback() {
    let (mut a, mut b) = (Node::quic(1).await, Node::quic(2).await);
    a.allow(b.device, true);
    b.allow(a.device, true);
    b.tell(NetCommand::Subscribe(topic(b'b')));
    a.dial(&b);
    assert_eq!(a.connected(b.device).await, (true, false));
    assert_eq!(b.connected(a.device).await, (true, false));
    a.subscribed(b.device, topic(b'b')).await;
    a.publish(topic(b'b'), frame(1));
    assert_eq!(b.sealed(topic(b'b')).await.0, frame(1));
}

#[tokio::test]
async fn a_stranger_over_quic_has_no_gossip() {
    let (mut a, mut b) = (Node::quic(1).await, Node::quic(2).await);
    a.allow(b.device, true);
    b.tell(NetCommand::Subscribe(topic(b'b')));
    a.dial(&b);
    b.connected(a.device).await;
    a.tell(NetCommand::RequestPrekey { device: b.device, request: vec![1; 33] });
    // It comes after the refusal of gossip on the same connection.
    let asked = |event: &NetEvent| matches!(event, NetEvent::PrekeyRequest { .. }).then_some(());
    b.event("PrekeyRequest", asked).await;
    let told = a.rest();
    let subscribed = |output: &NetOutput| matches!(output, NetOutput::Event(NetEvent::Subscribed { .. }));
    assert!(!told.iter().any(subscribed), "{told:?}");
}

#[tokio::test]
async fn a_device_that_stops_is_gone_at_once_over_quic() {
    let (mut a, mut b) = (Node::quic(1).await, Node::quic(2).await);
    a.dial(&b);
    a.connected(b.device).await;
    b.connected(a.device).await;
    let device = b.device;
    b.network.stop().await;
    a.disconnected(device).await;
}

#[tokio::test]
async fn of_two_ways_tcp_is_taken_if_it_is_there_and_quic_if_it_is_not() {
    // However slow TCP is here, QUIC waits for longer.
    let patient = NetConfig { device_key: Secret::new([1; 32]), quic_lag: Duration::from_secs(600), ..both() };
    let mut a = Node::of(patient).await;
    let mut b = Node::of(both()).await;
    let addresses: Vec<Vec<u8>> = b.network.addresses.iter().rev().map(Multiaddr::to_vec).collect();
    assert_eq!(addresses.len(), 2);
    a.tell(NetCommand::Connect { device: b.device, addresses: addresses.clone() });
    a.connected(b.device).await;
    b.connected(a.device).await;
    assert_eq!(b.network.counters.incoming_quic.get(), 0);
    assert_eq!(b.network.counters.incoming.get(), 1);

    let mut c = Node::tcp(3).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dead = Multiaddr::from(closed.ip()).with(Protocol::Tcp(closed.port()));
    let quic =
        addresses.into_iter().find(|bytes| Multiaddr::try_from(bytes.clone()).unwrap().to_string().contains("quic"));
    c.tell(NetCommand::Connect { device: b.device, addresses: vec![dead.to_vec(), quic.unwrap()] });
    c.connected(b.device).await;
    b.connected(c.device).await;
    assert_eq!(b.network.counters.incoming_quic.get(), 1);
}

#[tokio::test]
async fn the_address_is_free_again_when_the_network_has_stopped() {
    let (mut a, mut b) = (Node::quic(1).await, Node::quic(2).await);
    a.dial(&b);
    b.connected(a.device).await;
    a.connected(b.device).await;
    let listen = b.network.addresses.clone();
    b.network.stop().await;
    let again = NetConfig { listen: listen.clone(), ..both() };
    let again = Node::of(again).await;
    assert_eq!(again.network.addresses, listen);
}

#[tokio::test]
async fn a_quic_address_in_use_cannot_be_listened_on() {
    let a = Node::quic(1).await;
    let (core, _outputs) = mpsc::channel(1);
    let config = NetConfig { listen: vec![a.address()], ..both() };
    let error = Network::start(config, core).await.unwrap_err();
    assert!(matches!(&error, NetError::Listen { address, .. } if *address == a.address()), "{error}");
}
