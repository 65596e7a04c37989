//! Connections: made, failed, doubled, lost.

use ahoy_crypto::Secret;
use ahoy_protocol::core::effect::NetCommand;
use ahoy_protocol::core::input::NetEvent;
use ahoy_protocol::ids::DeviceId;
use libp2p::Multiaddr;
use tokio::sync::mpsc;

use super::node::{Node, connected_pair, frame, gossiping_pair, patiently, topic, until};
use crate::gossip::{NetConfig, NetError, NetOutput, Network, Transport};
use crate::limits::network as limits;
use crate::limits::network::QUIC_LAG;

async fn dial_failed(node: &mut Node, other: DeviceId) -> String {
    node.event("DialFailed", |event| {
        if let NetEvent::DialFailed { device, tried } = event
            && *device == other
        {
            Some(tried.clone())
        } else {
            None
        }
    })
    .await
}

#[tokio::test]
async fn the_first_output_names_the_bound_addresses() {
    let mut a = Node::tcp(1).await;
    let listening = a
        .until("Listening", |output| match output {
            NetOutput::Event(NetEvent::Listening(all)) => Some(all.clone()),
            NetOutput::Event(_) | NetOutput::Sealed { .. } => panic!("{output:?} before Listening"),
        })
        .await;
    let expected: Vec<Vec<u8>> = a.network.addresses.iter().map(Multiaddr::to_vec).collect();
    assert_eq!(listening, expected);
    assert!(!a.address().to_string().ends_with("/tcp/0"), "{}", a.address());
}

#[tokio::test]
async fn a_tcp_connection_over_loopback_is_known_as_such() {
    let (mut a, mut b) = (Node::tcp(1).await, Node::tcp(2).await);
    a.dial(&b);
    assert_eq!(a.connected(b.device).await, (true, false));
    assert_eq!(b.connected(a.device).await, (true, false));
}

#[tokio::test]
async fn messages_pass_over_tcp() {
    let (mut a, mut b) = (Node::tcp(1).await, Node::tcp(2).await);
    a.allow(b.device, true);
    b.allow(a.device, true);
    b.tell(NetCommand::Subscribe(topic(b'b')));
    a.dial(&b);
    a.subscribed(b.device, topic(b'b')).await;
    a.publish(topic(b'b'), frame(1));
    assert_eq!(b.sealed(topic(b'b')).await.0, frame(1));
}

#[tokio::test]
async fn a_device_that_stops_is_gone_at_once() {
    let (mut a, b) = gossiping_pair().await;
    let device = b.device;
    drop(b);
    a.unsubscribed(device, topic(b'b')).await;
    a.disconnected(device).await;
}

#[tokio::test]
async fn stopping_closes_the_connections_first() {
    let (mut a, b) = connected_pair().await;
    let device = b.device;
    patiently("the end of b", b.network.stop()).await;
    a.disconnected(device).await;
}

#[tokio::test]
async fn a_driver_without_a_core_ends() {
    let (core, outputs) = mpsc::channel(1);
    drop(outputs);
    let config = NetConfig {
        device_key: Secret::new([1; 32]),
        listen: vec!["/memory/0".parse().unwrap()],
        mdns: false,
        transport: Transport::Memory,
        quic_lag: QUIC_LAG,
    };
    let mut network = Network::start(config, core).await.unwrap();
    patiently("the end", network.ended()).await;
}

#[tokio::test]
async fn an_address_in_use_cannot_be_listened_on() {
    let a = Node::tcp(1).await;
    let (core, _outputs) = mpsc::channel(1);
    let config = NetConfig {
        device_key: Secret::new([2; 32]),
        listen: vec![a.address()],
        mdns: false,
        transport: Transport::Ip,
        quic_lag: QUIC_LAG,
    };
    let error = Network::start(config, core).await.unwrap_err();
    assert!(matches!(&error, NetError::Listen { address, .. } if *address == a.address()), "{error}");
}

#[tokio::test]
async fn a_failed_dial_says_what_was_tried() {
    let (mut a, b) = (Node::tcp(1).await, Node::tcp(2).await);
    let (device, address) = (b.device, b.address());
    b.network.stop().await;
    let addresses = vec![address.to_vec(), "/ip4/169.254.1.1/tcp/9".parse::<Multiaddr>().unwrap().to_vec(), vec![0xff]];
    a.tell(NetCommand::Connect { device, addresses });
    let tried = dial_failed(&mut a, device).await;
    assert!(tried.contains(&format!("{address}: Connection refused")), "{tried}");
    assert!(tried.contains("/ip4/169.254.1.1/tcp/9: an address nobody may be sent to"), "{tried}");
}

#[tokio::test]
async fn a_device_without_addresses_and_our_own_are_not_dialled() {
    let mut a = Node::tcp(1).await;
    let nobody = DeviceId([9; 32]);
    a.tell(NetCommand::Connect { device: nobody, addresses: vec![] });
    assert!(dial_failed(&mut a, nobody).await.contains("no address"));
    let (own, address) = (a.device, a.address());
    a.tell(NetCommand::Connect { device: own, addresses: vec![address.to_vec()] });
    assert!(dial_failed(&mut a, own).await.contains("no other device"));
}

#[tokio::test]
async fn another_device_at_the_address_is_not_taken_for_the_one_wanted() {
    let (mut a, b) = (Node::tcp(1).await, Node::tcp(2).await);
    let wanted = DeviceId([9; 32]);
    a.tell(NetCommand::Connect { device: wanted, addresses: vec![b.address().to_vec()] });
    let tried = dial_failed(&mut a, wanted).await;
    assert!(tried.contains("another device answered"), "{tried}");
}

#[tokio::test]
async fn dials_from_both_sides_at_once_make_one_connected_device() {
    for _ in 0..10 {
        let (mut a, mut b) = (Node::start(1).await, Node::start(2).await);
        a.allow(b.device, true);
        b.allow(a.device, true);
        a.tell(NetCommand::Subscribe(topic(b'a')));
        b.tell(NetCommand::Subscribe(topic(b'b')));
        a.dial(&b);
        b.dial(&a);
        a.subscribed(b.device, topic(b'b')).await;
        b.subscribed(a.device, topic(b'a')).await;
        a.publish(topic(b'b'), frame(1));
        b.publish(topic(b'a'), frame(2));
        assert_eq!(b.sealed(topic(b'b')).await.0, frame(1));
        assert_eq!(a.sealed(topic(b'a')).await.0, frame(2));
        let (first, second) = (a.device, b.device);
        for (node, other) in [(&mut a, second), (&mut b, first)] {
            node.connected(other).await;
            let told = node.rest();
            let odd = |output: &NetOutput| match output {
                NetOutput::Event(NetEvent::Listening(_)) => false,
                NetOutput::Event(_) | NetOutput::Sealed { .. } => true,
            };
            assert!(!told.iter().any(odd), "{told:?}");
        }
    }
}

#[tokio::test]
async fn of_two_connections_one_is_closed_and_nobody_is_told() {
    let (mut a, mut b) = (Node::start(1).await, Node::start(2).await);
    a.dial(&b);
    b.dial(&a);
    a.connected(b.device).await;
    b.connected(a.device).await;
    for node in [&a, &b] {
        let counters = &node.network.counters;
        until("a connection that the other dialled", || counters.incoming.get() == 1).await;
    }
    for node in [&a, &b] {
        let counters = &node.network.counters;
        until("the one that is left", || counters.levels.connections.alive() == 1).await;
    }
    a.allow(b.device, true);
    b.allow(a.device, true);
    b.tell(NetCommand::Subscribe(topic(b'b')));
    a.subscribed(b.device, topic(b'b')).await;
    a.publish(topic(b'b'), frame(1));
    assert_eq!(b.sealed(topic(b'b')).await.0, frame(1));
    for node in [&mut a, &mut b] {
        let gone = |output: &NetOutput| matches!(output, NetOutput::Event(NetEvent::Disconnected { .. }));
        assert!(!node.rest().iter().any(gone));
    }
}

#[tokio::test]
async fn a_wish_for_a_device_that_is_connected_changes_nothing() {
    let (mut a, mut b) = connected_pair().await;
    a.dial(&b);
    a.allow(b.device, true);
    b.allow(a.device, true);
    b.tell(NetCommand::Subscribe(topic(b'b')));
    a.subscribed(b.device, topic(b'b')).await;
    for node in [&mut a, &mut b] {
        let told = node.rest();
        let connected = |output: &NetOutput| matches!(output, NetOutput::Event(NetEvent::Connected { .. }));
        assert!(!told.iter().any(connected), "{told:?}");
    }
}

#[tokio::test]
async fn a_crowd_of_strangers_makes_room_for_the_newest_and_never_drops_an_allowed_device() {
    let mut host = Node::start(1).await;
    let mut friend = Node::start(2).await;
    host.allow(friend.device, true);
    friend.dial(&host);
    friend.connected(host.device).await;
    let mut strangers = Vec::new();
    for seed in 3..=3 + u8::try_from(limits::STRANGERS).unwrap() {
        let mut stranger = Node::start(seed).await;
        stranger.dial(&host);
        stranger.connected(host.device).await;
        host.connected(stranger.device).await;
        strangers.push(stranger);
    }
    host.disconnected(strangers[0].device).await;
    strangers[0].disconnected(host.device).await;
    assert_eq!(host.network.counters.strangers_dropped.get(), 1);
    let told = host.rest();
    let dropped = |output: &NetOutput| matches!(output, NetOutput::Event(NetEvent::Disconnected { .. }));
    assert!(!told.iter().any(dropped), "{told:?}");
}
