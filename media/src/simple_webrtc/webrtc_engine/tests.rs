//! What the engine tells of itself.

mod lane;
mod set_up;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::*;
use crate::simple_webrtc::engine::{AudioPacket, Engine, LinkEvent, LinkId, PacketSink, Role};

const LINK: LinkId = LinkId(1);
const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct Deaf;

impl PacketSink for Deaf {
    fn packet(&mut self, _packet: AudioPacket) {}
}

fn spec(role: Role, policy: IcePolicy, bind: Vec<IpAddr>) -> LinkSpec {
    LinkSpec { link: LINK, role, policy, servers: Vec::new(), bind, audio: Box::new(Deaf) }
}

fn engine() -> (WebrtcEngine, mpsc::Receiver<(LinkId, LinkEvent)>) {
    let (sender, events) = mpsc::channel(64);
    (WebrtcEngine::new(sender, Handle::current()), events)
}

async fn next(events: &mut mpsc::Receiver<(LinkId, LinkEvent)>) -> LinkEvent {
    timeout(Duration::from_secs(20), events.recv()).await.expect("in time").expect("the engine lives").1
}

#[tokio::test]
async fn every_address_to_bind_becomes_a_candidate() {
    let (engine, mut events) = engine();
    let second = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    engine.open(spec(Role::Offerer, IcePolicy::All, vec![HOME, second])).unwrap();
    let mut told = Vec::new();
    loop {
        let event = next(&mut events).await;
        if let LinkEvent::Candidate { candidate, .. } = event {
            told.push(candidate.ip);
        }
        if matches!(event, LinkEvent::EndOfCandidates { .. }) {
            break;
        }
    }
    told.sort();
    assert_eq!(told, [HOME, second]);
}

#[tokio::test]
async fn hidden_host_addresses_are_not_told() {
    // A relay that answers to nobody: the discard port.
    let relay = IceServer { urls: vec!["turn:127.0.0.1:9".to_owned()], username: "u".into(), credential: "c".into() };
    for (policy, servers) in [(IcePolicy::NoHost, Vec::new()), (IcePolicy::Relay, vec![relay])] {
        let (engine, mut events) = engine();
        engine.open(LinkSpec { servers, ..spec(Role::Offerer, policy, vec![HOME]) }).unwrap();
        let LinkEvent::Description { sdp, .. } = next(&mut events).await else { panic!("an offer comes first") };
        assert!(!sdp.contains("127.0.0.1"), "{sdp}");
        engine.restart(LINK, 1).unwrap();
        let mut generation_1 = false;
        while !generation_1 {
            let event = next(&mut events).await;
            assert!(!matches!(event, LinkEvent::Candidate { .. } | LinkEvent::Closed(_)), "{policy:?}: {event:?}");
            generation_1 = matches!(event, LinkEvent::Description { generation: 1, .. });
        }
        engine.close(LINK);
        while let Ok(event) = events.try_recv() {
            assert!(!matches!(event.1, LinkEvent::Candidate { .. }));
        }
    }
}

#[tokio::test]
async fn relayed_media_without_a_relay_fails_in_words() {
    let (engine, mut events) = engine();
    engine.open(spec(Role::Offerer, IcePolicy::Relay, vec![HOME])).unwrap();
    let LinkEvent::Closed(CloseReason::Failed(why)) = next(&mut events).await else { panic!("it must fail") };
    assert!(why.contains("no TURN server"), "{why}");
}

#[tokio::test]
async fn an_address_that_is_not_ours_cannot_be_bound() {
    let (engine, mut events) = engine();
    let elsewhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    engine.open(spec(Role::Offerer, IcePolicy::All, vec![elsewhere])).unwrap();
    let LinkEvent::Closed(CloseReason::Failed(why)) = next(&mut events).await else { panic!("it must fail") };
    assert!(!why.contains("192.0.2.1"), "addresses stay out of messages: {why}");
}

#[test]
fn every_log_target_of_the_library_is_named() {
    for target in LOG_TARGETS {
        assert!(target == "webrtc" || target == "rtc" || target.starts_with("rtc_"), "{target}");
    }
    let lock = include_str!("../../../../Cargo.lock");
    for line in lock.lines().filter_map(|line| line.strip_prefix("name = \"rtc-")) {
        let target = format!("rtc_{}", line.trim_end_matches('"').replace('-', "_"));
        assert!(LOG_TARGETS.contains(&target.as_str()), "{target} may log addresses");
    }
}
