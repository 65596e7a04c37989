//! A call is held by command and taken up again, by either side.

use std::time::Duration;

use ahoy_client::control::{CallState, EventKind, InCall};
use ahoy_tests::node::{Node, Setup};
use ahoy_tests::swarm::{both_end, hang_up, introduce, pair, ringing, talking};

/// Longer than a link may be without packets before it counts as interrupted.
const QUIET: Duration = Duration::from_secs(3);

/// Waits until the other side is said to hold the call, or not to any more.
async fn hears_of_hold(node: &mut Node, wanted: bool) {
    let us = node.frontend.ask.hello().device.clone();
    loop {
        if let EventKind::ParticipantState { device, state, .. } = node.frontend.next("the hold").await
            && *device != us
            && state.held == wanted
        {
            return;
        }
    }
}

/// What is on its way comes; then nothing does.
async fn hears_nothing(node: &Node) {
    let heard = tokio::time::timeout(QUIET, node.ear.hears(25)).await;
    assert!(heard.is_err(), "half a second of sound in a held call");
}

#[tokio::test]
async fn a_held_call_carries_no_sound_and_lives_until_it_is_resumed() {
    let (mut a, mut b) = pair(Setup::tone("Ada", 440), Setup::tone("Ben", 880)).await;
    let call = talking(&mut a, &mut b).await;
    for a_holds in [true, false] {
        let (holds, other) = if a_holds { (&mut a, &mut b) } else { (&mut b, &mut a) };
        holds.ear.hears(25).await;
        other.ear.hears(25).await;
        holds.frontend.ask.hold(None).await.unwrap();
        holds.frontend.state(&call, CallState::Held).await;
        hears_of_hold(other, true).await;
        tokio::join!(hears_nothing(holds), hears_nothing(other));
        holds.frontend.ask.resume(Some(&call)).await.unwrap();
        hears_of_hold(other, false).await;
        holds.ear.hears(50).await;
        other.ear.hears(50).await;
        for node in [holds, other] {
            node.frontend.catch_up().await;
            let states = node.frontend.states(&call);
            assert_eq!(states.last(), Some(&CallState::Active));
            assert!(!states.contains(&CallState::Reconnecting), "{states:?}");
        }
    }
    hang_up(&mut a, &mut b, &call).await;
}

#[tokio::test]
async fn a_call_that_its_caller_holds_before_any_sound_is_shown_as_held_there_and_talks_once_resumed() {
    let (mut a, mut b) = pair(Setup::tone("Ada", 440), Setup::tone("Ben", 880)).await;
    let mut c = Node::start(Setup::tone("Cleo", 1_320)).await;
    introduce(&mut a, &mut c).await;
    let first = ringing(&mut a, &mut b).await;
    let second = ringing(&mut a, &mut c).await;
    b.frontend.ask.accept(Some(&first), InCall::Hold).await.unwrap();
    a.frontend.state(&first, CallState::Held).await;
    hears_of_hold(&mut b, true).await;
    b.frontend.state(&first, CallState::Active).await;
    tokio::join!(hears_nothing(&a), hears_nothing(&b));
    let calls = b.frontend.ask.calls().await.unwrap();
    assert!(calls[0].state == CallState::Active && calls[0].participants[0].held, "{calls:?}");
    a.frontend.ask.resume(Some(&first)).await.unwrap();
    a.ear.hears(25).await;
    b.ear.hears(25).await;
    a.frontend.ask.hang_up(Some(&second)).await.unwrap();
    both_end(&mut a, &mut c, &second, "cancelled").await;
    hang_up(&mut a, &mut b, &first).await;
}
