//! What a contact in a call wants the media engine to do: only what the doors let through gets there.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::super::calls::{active, hang_up};
use super::super::contacts::acquainted;
use super::mad::connect;
use super::mallory::{Mallory, Talk};
use super::shapes::{ADDRESSES, LINES};
use super::{BEN, bodies, throw};
use crate::core::effect::{Effect, MediaCommand};
use crate::core::input::{Input, NetEvent, Source};
use crate::sim::world::World;
use crate::wire::bodies::{Candidate, Candidates, Description, PairBody, SdpKind};

/// A call with Mallory whose link is up.
fn in_call(loopback: bool, private: bool) -> (World, Mallory, Talk) {
    let mut world = acquainted(&["Ada", "Ben"]);
    active(&mut world);
    let mut mallory = Mallory::new("Mallory");
    mallory.befriend(&mut world);
    let device = mallory.device_id();
    world.input(BEN, Input::Net(NetEvent::Connected { device, loopback, private, source: Source(1) }));
    let mut talk = mallory.ring(&mut world);
    connect(&mut world, &mallory, &mut talk);
    (world, mallory, talk)
}

/// What the media engine is told when Mallory says this.
fn say(world: &mut World, talk: &mut Talk, body: &PairBody) -> Vec<MediaCommand> {
    let frame = talk.pair(body);
    talk.msg += 1;
    let effects = throw(world, talk.mailbox.topic, frame);
    let media = |effect| if let Effect::Media(command) = effect { Some(command) } else { None };
    effects.into_iter().filter_map(media).collect()
}

fn at(ip: &str) -> Candidate {
    bodies::candidate(ip)
}

fn told(world: &mut World, talk: &mut Talk, list: Vec<Candidate>) -> Vec<IpAddr> {
    let commands = say(world, talk, &PairBody::Candidates(Candidates { link: 1, generation: 0, list }));
    let ip = |command: MediaCommand| {
        let MediaCommand::Candidate { candidate, .. } = command else { panic!("{command:?}") };
        candidate.ip
    };
    commands.into_iter().map(ip).collect()
}

#[test]
fn only_addresses_that_the_connection_allows_reach_the_media_engine() {
    let public = ["9.9.9.9", "2a00::1"];
    for (loopback, private) in [(false, false), (false, true), (true, false)] {
        let (mut world, _, mut talk) = in_call(loopback, private);
        let mut reached = BTreeSet::new();
        for ip in ADDRESSES {
            reached.extend(told(&mut world, &mut talk, vec![at(ip), Candidate { port: 0, ..at("9.9.9.9") }]));
        }
        let mut allowed: BTreeSet<IpAddr> = public.iter().map(|ip| ip.parse().unwrap()).collect();
        if loopback {
            allowed.extend(["127.0.0.1", "127.255.255.255", "::1"].map(|ip| ip.parse::<IpAddr>().unwrap()));
        }
        if private {
            let house = ["10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1"];
            allowed.extend(house.map(|ip| ip.parse::<IpAddr>().unwrap()));
        }
        assert_eq!(reached, allowed, "loopback {loopback}, private {private}");
        hang_up(&mut world, 0);
    }
}

#[test]
fn twenty_candidates_reach_the_media_engine_however_they_are_sent() {
    let (mut world, _, mut talk) = in_call(false, false);
    assert_eq!(told(&mut world, &mut talk, vec![at("9.9.9.9"); 15]).len(), 15, "doubles count, too");
    assert_eq!(told(&mut world, &mut talk, vec![at("9.9.9.8"); 20]).len(), 5);
    // A later generation or link that isn't there, and back again.
    for (link, generation) in [(1, 9), (7, 0), (300, 3)] {
        let away = Candidates { link, generation, list: vec![at("9.9.9.7")] };
        assert_eq!(say(&mut world, &mut talk, &PairBody::Candidates(away)), []);
        assert_eq!(told(&mut world, &mut talk, vec![at("9.9.9.6")]), Vec::<IpAddr>::new());
    }
}

#[test]
fn no_description_with_a_bad_line_reaches_the_media_engine() {
    let (mut world, _, mut talk) = in_call(false, false);
    let refused = |world: &World| super::refused(world);
    let description = |bytes: Vec<u8>| {
        PairBody::Description(Description { link: 1, generation: 1, kind: SdpKind::Offer, part: 0, parts: 1, bytes })
    };
    let with = |line: &str| format!("{}{line}\r\n", bodies::sdp()).into_bytes();
    // What is plain SDP of other codecs is the media engine's to judge.
    let harmless =
        ["m=video 9 UDP/TLS/RTP/SAVPF 96", "a=rtpmap:0 PCMU/8000", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA"];
    let mut hostile: Vec<Vec<u8>> =
        LINES.iter().filter(|line| !harmless.contains(line)).map(|line| with(line)).collect();
    hostile.extend([
        with("a=x").iter().map(|byte| if *byte == b'x' { 0 } else { *byte }).collect(),
        with("a=\u{2028}"),
        b"\r\n".to_vec(),
        vec![b'a'; 3_840],
        bodies::sdp().trim_end().as_bytes().to_vec(),
        bodies::sdp().replace("\r\n", "\n").into_bytes(),
        with(&["a=x"; 260].join("\r\n")),
        with(&["m=audio 9 UDP/TLS/RTP/SAVPF 111"; 8].join("\r\n")),
    ]);
    for bytes in hostile {
        let before = refused(&world);
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(say(&mut world, &mut talk, &description(bytes)), [], "{shown}");
        assert_eq!(refused(&world), before + 1, "{shown}");
    }
    hang_up(&mut world, 0);
    assert_eq!(world.reason(BEN).as_deref(), Some("hung_up"), "Ada's call lived");
}
