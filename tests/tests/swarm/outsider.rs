//! Somebody who is no contact is connected to both: it learns nothing and changes nothing.

use ahoy_client::control::{CallState, EventKind};
use ahoy_protocol::core::effect::NetCommand;
use ahoy_protocol::core::input::{NetEvent, Topic};
use ahoy_tests::node::{Node, Setup};
use ahoy_tests::outsider::{Outsider, Told};
use ahoy_tests::swarm::{hang_up, pair, talking};
use ahoyd::gossip::NetOutput;
use libp2p::{gossipsub, identify, request_response};

/// A call of Ada with Ben; what both frontends were told of it.
async fn call(a: &mut Node, b: &mut Node) -> [Vec<String>; 2] {
    let call = talking(a, b).await;
    a.ear.hears(25).await;
    b.ear.hears(25).await;
    hang_up(a, b, &call).await;
    a.frontend.catch_up().await;
    b.frontend.catch_up().await;
    [story(a, &call), story(b, &call)]
}

/// What a frontend was told, without ids and times: the call's states in order, then the other events (which come from
/// several tasks, in any order) by name.
fn story(node: &Node, call: &str) -> Vec<String> {
    let mut others: Vec<String> = node.frontend.seen().filter_map(name).collect();
    others.sort_unstable();
    let states = node.frontend.states(call).into_iter().map(|state| format!("{state:?}"));
    states.chain(others).collect()
}

fn name(event: &EventKind) -> Option<String> {
    match event {
        // Not about a call; how often it comes depends on what is acknowledged first, on what is heard, and on how busy
        // the machine is.
        EventKind::ContactChanged { .. }
        | EventKind::Presence { .. }
        | EventKind::Speaking { .. }
        | EventKind::Quality { .. } => None,
        // In order already.
        EventKind::CallState { state, .. } if *state != CallState::Ended => None,
        EventKind::CallState { reason, cause, .. } => Some(format!("{reason:?} {cause:?}")),
        EventKind::IncomingCall { from, media, .. } => Some(format!("incoming {:?} {media:?}", from.name)),
        EventKind::ParticipantState { state, .. } => Some(format!("{state:?}")),
        EventKind::ParticipantLeft { reason, .. } => Some(format!("left {reason}")),
        EventKind::ParticipantJoined { .. } => Some("joined".into()),
        EventKind::SourceStarted { .. } => Some("source".into()),
        EventKind::SinkStarted { .. } => Some("sink".into()),
        EventKind::Snapshot(_)
        | EventKind::RecordingRequested(_)
        | EventKind::RecordingAnswered(_)
        | EventKind::RecordingStarted(_)
        | EventKind::RecordingStopped(_)
        | EventKind::DeviceAdded(_)
        | EventKind::DeviceRemoved(_)
        | EventKind::DeviceLost { .. }
        | EventKind::DeviceChanged { .. }
        | EventKind::MutedTalking { .. }
        | EventKind::SoundTest(_)
        | EventKind::PipelineChanged(_)
        | EventKind::PipelineRun(_)
        | EventKind::HistoryCleared { .. }
        | EventKind::Voicemail { .. }
        | EventKind::VoicemailDelivered { .. }
        | EventKind::PlaybackEnded { .. }
        | EventKind::MissedCall { .. }
        | EventKind::HandOff { .. }
        | EventKind::EndAmended { .. }
        | EventKind::ContactRequest { .. }
        | EventKind::RequestClosed { .. }
        | EventKind::BlockedAttempt { .. }
        | EventKind::DevicesChanged { .. }
        | EventKind::ConfigChanged { .. }
        | EventKind::Linking { .. }
        | EventKind::Lagged { .. }
        | EventKind::Warning { .. } => Some(format!("{event:?}")),
    }
}

/// Junk of every size, as offers, answers, pair frames, call frames and nonsense.
fn junk() -> Vec<Vec<u8>> {
    let sizes = [256, 512, 1024, 2048, 4096, 300];
    let of = |size: usize| [0x11, 0x21, 0x31, 0x41, 0x99].map(|kind| [&[1, kind][..], &vec![7; size - 2]].concat());
    sizes.into_iter().flat_map(of).collect()
}

async fn two() -> (Node, Node) {
    pair(Setup::tone("Ada", 440), Setup::tone("Ben", 880)).await
}

/// The true topics of both, which no outsider can know, and a guess.
fn topics(a: &Node, b: &Node) -> Vec<Topic> {
    let mut topics = a.tap.topics_of(b.device());
    topics.extend(b.tap.topics_of(a.device()));
    assert!(topics.len() >= 2, "both hold an inbox");
    topics.push(Topic([b'q'; 32]));
    topics
}

async fn undisturbed() -> [Vec<String>; 2] {
    let (mut a, mut b) = two().await;
    call(&mut a, &mut b).await
}

#[tokio::test]
async fn a_hostile_peer_connected_to_both_learns_nothing_and_changes_nothing() {
    let (mut a, mut b) = two().await;
    let mut eve = Outsider::new([99; 32]);
    for node in [&a, &b] {
        eve.dial(node.peer(), node.address()).await;
        eve.ask_prekey(node.peer(), vec![1; 33]);
        eve.ask_prekey(node.peer(), vec![0; 5_000]);
    }
    let topics = topics(&a, &b);
    for topic in &topics {
        eve.subscribe(*topic);
    }
    // Every request was answered with nothing, and gossip was refused, before the call begins.
    eve.until(4, "silence", |told| matches!(told, Told::Prekey(_))).await;
    let refused = |told: &Told| matches!(told, Told::Gossip(gossipsub::Event::GossipsubNotSupported { .. }));
    eve.until(2, "the refusal of gossip", refused).await;
    let published = topics.iter().flat_map(|topic| junk().into_iter().map(|data| (*topic, data)));
    let taken = published.filter(|(topic, data)| eve.publish(*topic, data.clone())).count();
    assert_eq!(taken, 0, "somebody would take what an outsider says");

    let disturbed = eve.beside(call(&mut a, &mut b)).await;
    assert_eq!(disturbed, undisturbed().await);
    assert_eq!(eve.topics(), Vec::<String>::new());
    for told in &eve.told {
        learns_nothing(told);
    }
    for node in [&a, &b] {
        let own = ahoyd::gossip::device::device_of(&eve.peer()).unwrap();
        assert!(node.tap.topics_of(own).is_empty(), "what an outsider holds is not heard");
    }
}

fn learns_nothing(told: &Told) {
    match told {
        Told::Gossip(gossipsub::Event::GossipsubNotSupported { .. }) => {}
        Told::Gossip(event) => panic!("{event:?}"),
        Told::Identify(event) => assert!(matches!(**event, identify::Event::Error { .. }), "{event:?}"),
        Told::Prekey(request_response::Event::OutboundFailure { .. }) => {}
        Told::Prekey(request_response::Event::Message {
            message: request_response::Message::Response { response, .. },
            ..
        }) => assert!(response.is_empty(), "{response:?}"),
        Told::Prekey(event) => panic!("{event:?}"),
    }
}

#[tokio::test]
async fn a_node_that_is_no_contact_and_breaks_every_rule_learns_nothing() {
    let (mut a, mut b) = two().await;
    let mut c = Node::start(Setup::named("Cleo")).await;
    let topics = topics(&a, &b);
    for node in [&a, &b] {
        let (device, addresses) = (node.device(), vec![node.address().to_vec()]);
        c.tap.tell(NetCommand::Gossip { device, allowed: true }).await;
        c.tap.tell(NetCommand::Connect { device, addresses }).await;
        c.tap.connected(device).await;
        node.tap.connected(c.device()).await;
        c.tap.tell(NetCommand::RequestPrekey { device, request: vec![1; 33] }).await;
        let silence = |output: &NetOutput| match output {
            NetOutput::Event(NetEvent::Prekey { device: of, answer }) if *of == device => Some(answer.clone()),
            NetOutput::Event(_) | NetOutput::Sealed { .. } => None,
        };
        assert_eq!(c.tap.until("silence", silence).await, None);
    }
    for topic in &topics {
        c.tap.tell(NetCommand::Subscribe(*topic)).await;
        for data in junk().into_iter().take(10) {
            c.tap.tell(NetCommand::Publish { topic: *topic, data }).await;
        }
    }
    let disturbed = call(&mut a, &mut b).await;
    assert_eq!(disturbed, undisturbed().await);

    let heard = c.tap.told();
    let learnt = |output: &&NetOutput| match output {
        NetOutput::Event(NetEvent::Subscribed { .. }) | NetOutput::Sealed { .. } => true,
        NetOutput::Event(_) => false,
    };
    assert_eq!(heard.iter().filter(learnt).count(), 0, "{heard:?}");
    c.frontend.catch_up().await;
    assert_eq!(c.frontend.seen().count(), 0, "its frontends were told of something");
    for node in [&a, &b] {
        assert!(node.tap.topics_of(c.device()).is_empty());
        assert!(!node.tap.messages().iter().any(|(_, data)| data[2..].iter().all(|byte| *byte == 7)), "junk arrived");
    }
}
