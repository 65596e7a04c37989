//! Discovery by mDNS, where this machine can send itself multicast.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ahoy_crypto::Secret;
use ahoy_protocol::core::effect::NetCommand;
use ahoy_protocol::core::input::NetEvent;

use futures::StreamExt as _;
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, mdns};
use tokio::sync::mpsc;

use super::node::{Node, patiently};
use crate::gossip::behaviour::BehavioursEvent;
use crate::gossip::driver::Driver;
use crate::gossip::swarm::swarm;
use crate::gossip::{NetConfig, NetOutput, Transport};
use crate::limits::network::QUIC_LAG;

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);

/// A datagram to the mDNS group comes back. (Another port: mDNS itself may run here.)
fn multicast_works() -> std::io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.set_read_timeout(Some(Duration::from_secs(1)))?;
    socket.join_multicast_v4(&GROUP, &Ipv4Addr::UNSPECIFIED)?;
    socket.send_to(b"ahoy", (GROUP, socket.local_addr()?.port()))?;
    socket.recv(&mut [0; 8]).map(drop)
}

async fn discoverable(seed: u8) -> Node {
    // Other runs of this test may be on the same network: nobody else has these keys.
    let mut seed = [seed; 32];
    seed[..4].copy_from_slice(&std::process::id().to_be_bytes());
    Node::of(NetConfig {
        device_key: Secret::new(seed),
        listen: vec!["/ip4/0.0.0.0/tcp/0".parse().unwrap()],
        mdns: true,
        transport: Transport::Ip,
        quic_lag: QUIC_LAG,
    })
    .await
}

#[tokio::test]
#[expect(clippy::print_stderr, reason = "a skipped test says so aloud")]
async fn devices_on_a_local_network_find_each_other() {
    if let Err(error) = multicast_works() {
        eprintln!("SKIPPED: no multicast on this machine ({error})");
        return;
    }
    let (mut a, mut b) = (discoverable(1).await, discoverable(2).await);
    let (first, second) = (a.device, b.device);
    for (node, other) in [(&mut a, second), (&mut b, first)] {
        let addresses = node
            .event("Discovered", |event| {
                let NetEvent::Discovered { device, addresses } = event else { return None };
                (*device == other).then(|| addresses.clone())
            })
            .await;
        let address = Multiaddr::try_from(addresses[0].clone()).unwrap().to_string();
        assert!(address.starts_with("/ip4/") && !address.contains("/p2p/"), "{address}");
    }
}

/// Without multicast: what mDNS would have said is put into the driver.
#[tokio::test]
async fn a_discovered_device_is_dialled_without_further_addresses_until_it_expires() {
    let b = Node::start(2).await;
    let config = NetConfig {
        device_key: Secret::new([1; 32]),
        listen: vec![],
        mdns: false,
        transport: Transport::Memory,
        quic_lag: QUIC_LAG,
    };
    let (core, mut outputs) = mpsc::channel(16);
    let counters = Arc::default();
    let mut driver = Driver::new(swarm(&config, &counters).unwrap(), core, counters, &config);
    let seen = vec![(b.peer(), b.address().with_p2p(b.peer()).unwrap())];
    let connect = || NetCommand::Connect { device: b.device, addresses: vec![] };
    let mdns = |event| SwarmEvent::Behaviour(BehavioursEvent::Mdns(event));
    let now = Instant::now();

    driver.on_swarm(mdns(mdns::Event::Discovered(seen.clone())), now);
    driver.on_swarm(mdns(mdns::Event::Expired(seen.clone())), now);
    driver.on_command(connect(), now);
    driver.outbox.flush();
    assert!(matches!(outputs.try_recv(), Ok(NetOutput::Event(NetEvent::Discovered { .. }))));
    assert!(matches!(outputs.try_recv(), Ok(NetOutput::Event(NetEvent::DialFailed { .. }))));

    driver.on_swarm(mdns(mdns::Event::Discovered(seen)), now);
    driver.on_command(connect(), now);
    patiently("the connection", async {
        while !driver.swarm.is_connected(&b.peer()) {
            driver.swarm.select_next_some().await;
        }
    })
    .await;
}
