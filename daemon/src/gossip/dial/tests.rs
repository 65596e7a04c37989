//! One dial a device, and a bounded memory of the local network.

use super::*;
use libp2p::core::transport::TransportError;

const DEVICE: DeviceId = DeviceId([3; 32]);

fn ours() -> Ours {
    Ours { loopback: true, ..Ours::default() }
}

fn at(port: usize) -> Multiaddr {
    format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap()
}

fn refused(port: usize) -> DialError {
    let error = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    DialError::Transport(vec![(at(port), TransportError::Other(error))])
}

#[test]
fn a_second_wish_waits_for_the_dial_under_way_and_its_new_addresses_come_next() {
    let (mut dials, peer) = (Dials::default(), PeerId::random());
    assert_eq!(dials.wanted(DEVICE, peer, vec![at(1)], &ours()), Step::Dial(vec![at(1)]));
    assert_eq!(dials.wanted(DEVICE, peer, vec![at(1), at(2)], &ours()), Step::Wait);
    assert_eq!(dials.failed(DEVICE, &refused(1)), Step::Dial(vec![at(2)]));
    let Step::Failed(report) = dials.failed(DEVICE, &refused(2)) else { panic!("nothing is left to dial") };
    assert!(report.contains("/ip4/127.0.0.1/tcp/1: connection refused"), "{report}");
    assert!(report.contains("/ip4/127.0.0.1/tcp/2: connection refused"), "{report}");
    assert_eq!(dials.wanted(DEVICE, peer, vec![at(1)], &ours()), Step::Dial(vec![at(1)]), "it may be tried again");
}

#[test]
fn refused_addresses_stand_in_the_report() {
    let (mut dials, peer) = (Dials::default(), PeerId::random());
    let step = dials.wanted(DEVICE, peer, vec![at(1)], &Ours::default());
    let Step::Failed(report) = step else { panic!("loopback isn't ours") };
    assert!(report.contains("/ip4/127.0.0.1/tcp/1: a loopback address"), "{report}");
}

#[test]
fn a_connection_ends_the_dial_whoever_made_it() {
    let (mut dials, peer) = (Dials::default(), PeerId::random());
    dials.wanted(DEVICE, peer, vec![at(1)], &ours());
    dials.connected(DEVICE);
    assert_eq!(dials.failed(DEVICE, &refused(1)), Step::Wait, "its own dial was the slower one");
}

#[test]
fn a_thousand_addresses_are_not_dialled_nor_reported() {
    let (mut dials, peer) = (Dials::default(), PeerId::random());
    let many = (1..1000).map(at).collect();
    let Step::Dial(good) = dials.wanted(DEVICE, peer, many, &ours()) else { panic!("they are good") };
    assert_eq!(good.len(), limits::ADDRESSES);
    let many = (1..1000).map(at).collect();
    let Step::Failed(report) = dials.wanted(DeviceId([4; 32]), peer, many, &Ours::default()) else {
        panic!("none is good")
    };
    assert!(report.len() < limits::TRIED_CHARS + 256, "{} characters", report.len());
}

#[test]
fn the_local_network_cannot_fill_the_memory() {
    let mut seen = Discovered::default();
    for n in 0..limits::DISCOVERED + 10 {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&n.to_be_bytes());
        for port in 1..=limits::ADDRESSES + 3 {
            seen.add(DeviceId(id), at(port));
        }
    }
    assert_eq!(seen.devices.len(), limits::DISCOVERED);
    assert!(seen.devices.iter().all(|(_, addresses)| addresses.len() == limits::ADDRESSES));
    assert_eq!(seen.of(DeviceId([0; 32])), &[] as &[Multiaddr], "the oldest are forgotten");
}

#[test]
fn an_address_that_expired_is_no_longer_known() {
    let mut seen = Discovered::default();
    seen.add(DEVICE, at(1));
    assert_eq!(seen.add(DEVICE, at(2)), &[at(1), at(2)]);
    seen.remove(DEVICE, &at(1));
    assert_eq!(seen.of(DEVICE), &[at(2)]);
    seen.remove(DEVICE, &at(2));
    assert!(seen.devices.is_empty());
}
