//! Two frontends of one node: the same events in the same order, each saying who brought it about, and whoever comes back
//! or is too slow ends up with the same state.

use ahoy_client::Client;
use ahoy_client::control::{CallState, EventKind, InCall, PresenceState, Snapshot};
use ahoy_tests::node::{Node, Setup};
use ahoy_tests::swarm::{pair, ringing};
use serde_json::Value;

async fn client(node: &Node, name: &str) -> Client {
    node.frontend.another(name).await
}

/// The whole state, without what passes by itself.
fn lasting(snapshot: &Snapshot) -> Value {
    let mut state = serde_json::to_value(snapshot).unwrap();
    state.as_object_mut().unwrap().remove("status");
    state
}

async fn events_up_to(client: &mut Client, seq: u64) -> Vec<(u64, EventKind)> {
    let mut events = Vec::new();
    while events.last().is_none_or(|(newest, _)| *newest < seq) {
        let event = client.event().await.unwrap().known.expect("an event that this library knows");
        events.push((event.seq, event.kind));
    }
    events
}

#[tokio::test]
async fn whoever_accepts_mutes_or_hangs_up_is_named_to_both_frontends() {
    let (mut a, mut b) = pair(Setup::tone("Ada", 440), Setup::tone("Ben", 550)).await;
    let (mut left, mut right) = (client(&b, "left").await, client(&b, "right").await);
    let from = left.subscribe(None).await.unwrap().seq;
    assert!(right.subscribe(None).await.unwrap().seq >= from);
    let call = ringing(&mut a, &mut b).await;
    left.accept(Some(&call), InCall::Hold).await.unwrap();
    b.frontend.state(&call, CallState::Active).await;
    right.mute(None).await.unwrap();
    left.unmute(None).await.unwrap();
    right.hang_up(Some(&call)).await.unwrap();
    b.frontend.ended(&call).await;
    let seq = client(&b, "counts").await.subscribe(None).await.unwrap().seq;
    let seen = events_up_to(&mut left, seq).await;
    let other = events_up_to(&mut right, seq).await;
    let first = seen[0].0.max(other[0].0);
    let since =
        |events: &[(u64, EventKind)]| events.iter().filter(|(seq, _)| *seq >= first).cloned().collect::<Vec<_>>();
    assert_eq!(since(&seen), since(&other), "both saw the same");
    let by = |wanted: CallState| {
        seen.iter().find_map(|(_, event)| {
            let EventKind::CallState { state, client, .. } = event else { return None };
            client.clone().filter(|_| *state == wanted)
        })
    };
    assert_eq!((by(CallState::Connecting).as_deref(), by(CallState::Ended).as_deref()), (Some("left"), Some("right")));
    assert_eq!(by(CallState::Active), None, "nobody asked for that");
    let mutes: Vec<_> = seen
        .iter()
        .filter_map(|(_, event)| {
            let EventKind::ParticipantState { state, client: Some(client), .. } = event else { return None };
            Some((state.muted, client.as_str()))
        })
        .collect();
    assert_eq!(mutes, [(true, "right"), (false, "left")]);
}

#[tokio::test]
async fn who_comes_back_gets_what_it_missed_and_who_is_too_slow_the_state_as_it_is() {
    let (_a, b) = pair(Setup::named("Ada"), Setup::named("Ben")).await;
    let mut gone = client(&b, "gone").await;
    let after = gone.subscribe(None).await.unwrap().seq;
    drop(gone);
    let mut slow = client(&b, "slow").await;
    slow.subscribe(None).await.unwrap();
    let mut busy = client(&b, "busy").await;
    // Far more than a client's queue and the pipe to it hold.
    for n in 0..1_500 {
        let state = if n % 2 == 0 { PresenceState::Away } else { PresenceState::Available };
        busy.set_presence(state).await.unwrap();
    }
    let seq = client(&b, "counts").await.subscribe(None).await.unwrap().seq;
    let mut back = client(&b, "back").await;
    assert!(back.subscribe(Some(after)).await.unwrap().snapshot.is_none(), "all of it is still there");
    let replayed = events_up_to(&mut back, seq).await;
    assert_eq!(replayed.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), (after + 1..=seq).collect::<Vec<_>>());
    let mut caught_up = None;
    while caught_up.is_none() {
        let event = slow.event().await.unwrap().known.unwrap();
        if let EventKind::Snapshot(snapshot) = event.kind {
            caught_up = Some(lasting(&snapshot));
        }
    }
    let now = client(&b, "looks").await.subscribe(None).await.unwrap().snapshot.unwrap();
    assert_eq!(caught_up.unwrap(), lasting(&now), "and both have the same state");
}

#[tokio::test]
async fn a_setting_that_one_frontend_changes_is_written_used_at_once_and_told_to_the_other() {
    let (mut a, mut b) = pair(Setup::named("Ada"), Setup::named("Ben")).await;
    let (mut left, mut right) = (client(&b, "left").await, client(&b, "right").await);
    right.subscribe(None).await.unwrap();
    let reply = left.set_config("times.ring_callee_ms", 500.into()).await.unwrap();
    assert!(reply.in_use && reply.value == 500);
    assert_eq!(right.config().await.unwrap()["times"]["ring_callee_ms"], 500);
    let told = right.event().await.unwrap().known.unwrap().kind;
    let expected = EventKind::ConfigChanged { key: "times.ring_callee_ms".into(), client: Some("left".into()) };
    assert_eq!(told, expected);
    let call = ringing(&mut a, &mut b).await;
    assert_eq!(b.frontend.ended(&call).await.reason, "no_answer");
    assert!(!left.set_config("log_files", 7.into()).await.unwrap().in_use);
    let refused = left.set_config("times.ring_callee_ms", 1.into()).await.unwrap_err();
    assert!(refused.to_string().contains("500 to 600000"), "{refused}");
}
