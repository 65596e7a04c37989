//! Media: commands become calls, events become inputs, and failures come back.

use ahoy_media::simple_webrtc::engine::CloseReason;
use ahoy_protocol::call::signal::{LinkEnd, LinkEvent as CoreEvent};
use ahoy_protocol::core::effect::MediaCommand;
use ahoy_protocol::ids::LinkId as CoreLink;
use ahoy_protocol::wire::bodies::{Candidate as WireCandidate, SdpKind};

use super::*;

const LINK: CoreLink = CoreLink(5);

/// A core that carries out a list of media commands, one an input, and tells what it hears of links.
fn playing(
    commands: Vec<MediaCommand>,
    tell: mpsc::Sender<String>,
) -> impl FnMut(&Input, Now) -> Vec<Effect> + Send + 'static {
    move |input, _| {
        if let Input::Ctl { link, message } = input {
            if message.is_empty() {
                let at = usize::try_from(link.0).unwrap();
                return commands.get(at).map(|command| Effect::Media(command.clone())).into_iter().collect();
            }
            tell.try_send(format!("ctl {} {message:?}", link.0)).unwrap();
        }
        if let Input::Link { link, event } = input {
            tell.try_send(format!("{} {event:?}", link.0)).unwrap();
        }
        state(input)
    }
}

async fn play(world: &World, count: u64) {
    for step in 0..count {
        world.network.send(number(step)).await.unwrap();
    }
    world.settle().await;
}

fn open(link: CoreLink) -> MediaCommand {
    MediaCommand::Open { link, offerer: true, ice_policy: 0, loopback: false }
}

#[tokio::test]
async fn commands_reach_engine_and_sound_in_order() {
    let candidate = WireCandidate { kind: 1, protocol: 0, ip: "10.0.0.9".parse().unwrap(), port: 9, priority: 1 };
    let odd = WireCandidate { kind: 9, ..candidate };
    let commands = vec![
        MediaCommand::Open { link: LINK, offerer: false, ice_policy: 2, loopback: false },
        MediaCommand::Apply { link: LINK, kind: SdpKind::Offer, generation: 0, sdp: "v=0".into() },
        MediaCommand::Candidate { link: LINK, generation: 0, candidate },
        MediaCommand::Candidate { link: LINK, generation: 0, candidate: odd },
        MediaCommand::EndOfCandidates { link: LINK, generation: 0 },
        MediaCommand::Microphone { open: true },
        MediaCommand::Mute { muted: true },
        MediaCommand::Send { link: LINK, on: true },
        MediaCommand::Play { link: LINK, on: true },
        MediaCommand::Ctl { link: LINK, message: vec![1] },
        MediaCommand::Restart { link: LINK, generation: 1 },
        MediaCommand::Close { link: LINK },
    ];
    let steps = commands.len() as u64;
    let (tell, _told) = mpsc::channel(16);
    let world = World::new(playing(commands, tell));
    play(&world, steps).await;
    let expected = [
        "hear 5",
        "open 5 Answerer Relay []",
        "apply 5 Offer 0 v=0",
        "candidate 5 0 ServerReflexive 10.0.0.9",
        "end 5 0",
        "microphone true",
        "mute true",
        "send 5 true",
        "play 5 true",
        "ctl 5 b\"\\x01\"",
        "restart 5 1",
        "forget 5",
        "close 5",
    ];
    assert_eq!(world.media.take(), expected);
}

#[tokio::test]
async fn what_links_and_sound_say_reaches_the_core() {
    let (tell, mut told) = mpsc::channel(16);
    let world = World::new(playing(Vec::new(), tell));
    let link = LinkId(5);
    let candidate = Candidate {
        kind: ahoy_media::simple_webrtc::engine::CandidateKind::Relay,
        tcp: true,
        ip: "10.0.0.1".parse().unwrap(),
        port: 4,
        priority: 7,
    };
    let events = [
        LinkEvent::Description { kind: DescriptionKind::Answer, generation: 3, sdp: "s".into() },
        LinkEvent::Candidate { generation: 3, candidate },
        LinkEvent::Connected,
        LinkEvent::CtlOpen,
        LinkEvent::Ctl(Bytes::from_static(&[8])),
        LinkEvent::Interrupted,
        LinkEvent::Resumed,
        LinkEvent::EndOfCandidates { generation: 3 },
        LinkEvent::Closed(CloseReason::Remote),
    ];
    for event in events {
        world.links.send((link, event)).await.unwrap();
    }
    let same = WireCandidate { kind: 3, protocol: 1, ip: "10.0.0.1".parse().unwrap(), port: 4, priority: 7 };
    let expected = [
        format!("5 {:?}", CoreEvent::Description { kind: SdpKind::Answer, generation: 3, sdp: "s".into() }),
        format!("5 {:?}", CoreEvent::Candidate { generation: 3, candidate: same }),
        "5 Connected".into(),
        "5 CtlOpen".into(),
        "ctl 5 [8]".into(),
        "5 Interrupted".into(),
        "5 Resumed".into(),
        "5 EndOfCandidates { generation: 3 }".into(),
        "5 Closed(Remote)".into(),
    ];
    for line in expected {
        assert_eq!(told.recv().await.unwrap(), line);
    }
    world.audio.send(AudioEvent::FirstAudio { link }).await.unwrap();
    assert_eq!(told.recv().await.unwrap(), "5 FirstAudio");
    world.audio.send(AudioEvent::Speaking { link: Some(link), on: true }).await.unwrap();
    assert_eq!(told.recv().await.unwrap(), "5 Speaking(true)");
    world.audio.send(AudioEvent::Limited { link, limit: Limit::Cpu }).await.unwrap();
    assert_eq!(told.recv().await.unwrap(), "5 Limited(Cpu)");
    world.settle().await;
    assert_eq!(world.media.take(), ["forget 5"], "a link that is over is not heard any more");
}

#[tokio::test]
async fn sound_events_reach_every_frontend() {
    let world = World::new(on(|_| Vec::new()));
    world.audio.send(AudioEvent::SourceStarted { at_us: 7 }).await.unwrap();
    world.audio.send(AudioEvent::SinkStarted { at_us: 8 }).await.unwrap();
    world.audio.send(AudioEvent::DeviceLost { input: true, detail: "unplugged".into() }).await.unwrap();
    world.audio.send(AudioEvent::MutedTalking { on: true }).await.unwrap();
    world.audio.send(AudioEvent::Speaking { link: None, on: true }).await.unwrap();
    world.settle().await;
    let events = world.events();
    assert_eq!((&events[3]["kind"], &events[3]["talking"]), (&"muted_talking".into(), &true.into()));
    assert_eq!((&events[4]["kind"], &events[4]["speaking"]), (&"speaking".into(), &true.into()));
    assert!(events[4].get("call").is_none(), "who sits here");
    assert_eq!((&events[0]["kind"], &events[0]["at_us"]), (&"source_started".into(), &7.into()));
    assert_eq!((&events[1]["kind"], &events[1]["at_us"]), (&"sink_started".into(), &8.into()));
    assert_eq!((&events[2]["kind"], &events[2]["direction"]), (&"device_lost".into(), &"input".into()));
}

#[tokio::test]
async fn a_link_that_cannot_be_opened_ends_at_once() {
    let media = Recorder::default();
    media.refuse.lock().unwrap().insert("open", EngineError::Limit("sockets"));
    let (tell, mut told) = mpsc::channel(16);
    let world = World::with(Vec::new(), 64, media, playing(vec![open(LINK)], tell));
    play(&world, 1).await;
    assert_eq!(told.recv().await.unwrap(), "5 Closed(Failed(\"limit reached: sockets\"))");
    assert_eq!(world.media.take(), ["hear 5", "open 5 Offerer All []", "forget 5"]);
}

#[tokio::test]
async fn a_link_whose_queue_is_full_is_given_up_with_its_reason() {
    let media = Recorder::default();
    media.refuse.lock().unwrap().insert("apply", EngineError::QueueFull);
    let apply = MediaCommand::Apply { link: LINK, kind: SdpKind::Offer, generation: 0, sdp: String::new() };
    let (tell, mut told) = mpsc::channel(16);
    let world = World::with(Vec::new(), 64, media, playing(vec![open(LINK), apply], tell));
    play(&world, 2).await;
    assert!(world.media.take().contains(&"close 5".to_owned()));
    // The engine says that we closed it; the core learns why.
    world.links.send((LinkId(5), LinkEvent::Closed(CloseReason::Local))).await.unwrap();
    let reason = CoreEvent::Closed(LinkEnd::Failed(EngineError::QueueFull.to_string()));
    assert_eq!(told.recv().await.unwrap(), format!("5 {reason:?}"));
}

#[tokio::test]
async fn a_late_or_repeated_command_is_harmless() {
    let media = Recorder::default();
    let wrong = EngineError::WrongState { operation: "apply", state: "connected" };
    media.refuse.lock().unwrap().insert("apply", wrong);
    media.refuse.lock().unwrap().insert("end", EngineError::NoSuchLink);
    let apply = MediaCommand::Apply { link: LINK, kind: SdpKind::Offer, generation: 0, sdp: String::new() };
    let end = MediaCommand::EndOfCandidates { link: LINK, generation: 0 };
    let (tell, mut told) = mpsc::channel(16);
    let world = World::with(Vec::new(), 64, media, playing(vec![open(LINK), apply, end], tell));
    play(&world, 3).await;
    assert!(!world.media.take().contains(&"close 5".to_owned()));
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn one_link_too_many_is_refused() {
    let commands = (0..=limits::LINKS as u64).map(|number| open(CoreLink(number))).collect();
    let (tell, mut told) = mpsc::channel(16);
    let world = World::new(playing(commands, tell));
    play(&world, limits::LINKS as u64 + 1).await;
    let refused = told.recv().await.unwrap();
    assert!(refused.starts_with("64 Closed(Failed("), "{refused}");
}

#[tokio::test]
async fn media_uses_the_addresses_that_the_network_listens_on() {
    let address = |text: &str| text.parse::<libp2p::Multiaddr>().unwrap().to_vec();
    let cases = [
        (&["/ip4/127.0.0.1/tcp/1", "/ip4/10.0.0.5/tcp/1", "/ip6/fe80::1/tcp/1"][..], "[10.0.0.5]"),
        (&["/ip4/127.0.0.1/tcp/1", "/ip6/::1/tcp/1"], "[127.0.0.1, ::1]"),
        (&["/ip4/10.0.0.5/tcp/1", "/ip4/10.0.0.5/tcp/2", "/memory/7"], "[10.0.0.5]"),
    ];
    for (listening, bound) in cases {
        let (tell, _told) = mpsc::channel(16);
        let world = World::new(playing(vec![open(LINK)], tell));
        let addresses = listening.iter().map(|text| address(text)).collect();
        world.network.send(Input::Net(NetEvent::Listening(addresses))).await.unwrap();
        play(&world, 1).await;
        assert_eq!(world.media.take()[1], format!("open 5 Offerer All {bound}"));
    }
}

#[tokio::test]
async fn a_link_hears_that_its_own_address_is_gone_and_only_then() {
    use ahoy_media::simple_webrtc::engine::CandidateKind;
    let listening = |texts: &[&str]| {
        let addresses = texts.iter().map(|text| text.parse::<libp2p::Multiaddr>().unwrap().to_vec());
        Input::Net(NetEvent::Listening(addresses.collect()))
    };
    let (tell, mut told) = mpsc::channel(16);
    let links = [(0, CandidateKind::Host), (1, CandidateKind::Relay), (2, CandidateKind::Host)];
    let world = World::new(playing(links.iter().map(|(link, _)| open(CoreLink(*link))).collect(), tell));
    world.network.send(listening(&["/ip4/10.0.0.5/tcp/1", "/ip4/10.0.0.6/tcp/1"])).await.unwrap();
    play(&world, 3).await;
    for (link, kind) in links {
        // What a relay lent is no address of an interface.
        let local = if link == 2 { "10.0.0.6:7" } else { "10.0.0.5:7" };
        let pair = Some((local.parse().unwrap(), "10.0.0.9:8".parse().unwrap(), kind));
        world.media.stats.lock().unwrap().insert(LinkId(link), TransportStats { pair, ..TransportStats::default() });
    }
    world.network.send(listening(&["/ip4/10.0.0.6/tcp/1", "/ip4/10.0.0.7/tcp/1"])).await.unwrap();
    assert_eq!(told.recv().await.unwrap(), "0 AddressGone");
    world.settle().await;
    assert!(told.try_recv().is_err(), "the others go on");
}
