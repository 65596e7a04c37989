//! Two nodes meet, ring, talk and hang up; each hears the other and not itself.

use ahoy_client::control::{CallState, EventKind, InCall};
use ahoy_tests::node::{Node, Setup};
use ahoy_tests::sound::Heard;
use ahoy_tests::swarm::{both_end, pair, ringing};

const ADA_HZ: u32 = 440;
const BEN_HZ: u32 = 880;

/// Packets of 20 ms that each hears.
const TALK: u64 = 100;

fn position(node: &Node, what: impl Fn(&EventKind) -> bool) -> usize {
    node.frontend.seen().position(what).unwrap()
}

fn is_joined(event: &EventKind) -> bool {
    matches!(event, EventKind::ParticipantJoined { .. })
}

/// Neither microphone nor participant before the call was accepted.
fn nothing_before_accept(node: &Node) {
    let accepted = position(node, |event| matches!(event, EventKind::CallState { state: CallState::Connecting, .. }));
    let joined = position(node, is_joined);
    let opened = position(node, |event| matches!(event, EventKind::SourceStarted { .. }));
    assert!(accepted < joined && accepted < opened, "{}: {accepted} {joined} {opened}", node.name());
    assert_eq!(node.frontend.seen().filter(|event| is_joined(event)).count(), 1);
}

async fn packets_flow(node: &mut Node, call: &str) {
    let stats = node.frontend.ask.stats(Some(call)).await.unwrap();
    assert_eq!(stats.len(), 1);
    assert!(stats[0].packets_sent.unwrap() > TALK / 2, "{stats:?}");
    assert!(stats[0].packets_received.unwrap() > TALK / 2, "{stats:?}");
    // None where the check of the other side came before its candidate: the library has no figures of such remotes.
    if let Some(pair) = &stats[0].candidate_pair {
        assert!(pair.local.starts_with("127.0.0.1") && pair.remote.starts_with("127.0.0.1"), "{pair:?}");
    }
}

async fn heard(node: Node, other_hz: u32, own_hz: u32) {
    let name = node.name();
    let home = node.stop().await;
    let heard = Heard::read(&home.heard());
    let (other, own) = (heard.seconds_of(f64::from(other_hz)), heard.seconds_of(f64::from(own_hz)));
    assert!(other >= 1.0, "{name} heard {other} s of the other in {} s", heard.seconds());
    assert!(own == 0.0, "{name} heard {own} s of itself");
    let part = heard.part_at(f64::from(own_hz));
    assert!(part < 0.01, "{part} of what {name} heard is its own tone");
}

async fn talk(ada: Setup, ben: Setup) {
    let (mut a, mut b) = pair(ada, ben).await;
    let way = if a.address().to_string().contains("/quic-v1") { 1 } else { 0 };
    for node in [&a, &b] {
        let over_quic = node.counters().incoming_quic.get();
        assert_eq!(over_quic, node.counters().incoming.get() * way, "at {}", node.name());
    }
    let call = ringing(&mut a, &mut b).await;
    for node in [&mut a, &mut b] {
        node.frontend.catch_up().await;
        assert!(!node.frontend.seen().any(is_joined), "{} joined before anybody answered", node.name());
    }
    b.frontend.ask.accept(Some(&call), InCall::Hold).await.unwrap();
    for node in [&mut a, &mut b] {
        node.frontend.state(&call, CallState::Active).await;
        node.frontend.joined(&call).await;
        nothing_before_accept(node);
    }
    a.ear.hears(TALK).await;
    b.ear.hears(TALK).await;
    packets_flow(&mut a, &call).await;
    packets_flow(&mut b, &call).await;

    b.frontend.ask.hang_up(None).await.unwrap();
    both_end(&mut a, &mut b, &call, "hung_up").await;
    use CallState::{Active, Connecting, Dialing, Ended, Ending, Incoming, Ringing};
    let told = |node: &Node| -> Vec<CallState> {
        node.frontend.states(&call).into_iter().filter(|state| *state != Ending).collect()
    };
    assert_eq!(told(&a), [Dialing, Ringing, Connecting, Active, Ended]);
    assert_eq!(told(&b), [Incoming, Connecting, Active, Ended]);
    heard(a, BEN_HZ, ADA_HZ).await;
    heard(b, ADA_HZ, BEN_HZ).await;
}

#[tokio::test]
async fn a_tone_crosses_each_way_in_memory() {
    talk(Setup::tone("Ada", ADA_HZ), Setup::tone("Ben", BEN_HZ)).await;
}

#[tokio::test]
async fn a_tone_crosses_each_way_over_quic_alone() {
    talk(Setup::tone("Ada", ADA_HZ).quic(), Setup::tone("Ben", BEN_HZ).quic()).await;
}

#[tokio::test]
async fn a_tone_crosses_each_way_over_tcp_alone() {
    talk(Setup::tone("Ada", ADA_HZ).tcp(), Setup::tone("Ben", BEN_HZ).tcp()).await;
}
