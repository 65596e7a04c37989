//! A node is gone from one moment to the next, and nobody was told; or it stops and says so.

use ahoy_client::control::{CallState, EventKind};
use ahoy_protocol::core::Times;
use ahoy_tests::node::Setup;
use ahoy_tests::swarm::{hang_up, meets, pair, ringing, talking};

#[tokio::test]
async fn a_callee_killed_in_the_call_is_noticed_and_can_be_called_again() {
    let (mut a, mut b) = pair(Setup::tone("Ada", 440), Setup::tone("Ben", 880)).await;
    let call = talking(&mut a, &mut b).await;
    let home = b.kill().await;
    a.frontend.state(&call, CallState::Reconnecting).await;
    a.frontend.ask.hang_up(None).await.unwrap();
    assert_eq!(a.frontend.ended(&call).await.reason, "hung_up");
    let mut b = home.start().await;
    meets(&mut b, "Ada").await;
    let call = talking(&mut a, &mut b).await;
    hang_up(&mut a, &mut b, &call).await;
}

#[tokio::test]
async fn a_caller_killed_while_it_rings_is_lost_and_leaves_one_missed_call() {
    let lost = Times { caller_lost_ms: 1_000, ..Times::default() };
    let (mut a, mut b) = pair(Setup::named("Ada"), Setup::named("Ben").times(lost)).await;
    let call = ringing(&mut a, &mut b).await;
    a.kill().await;
    assert_eq!(b.frontend.ended(&call).await.reason, "lost");
    b.frontend.until("the missed call", |event| matches!(event, EventKind::MissedCall { .. }).then_some(())).await;
    assert_eq!(b.frontend.missed(), [call]);
    assert!(b.frontend.ask.accept(None, ahoy_client::control::InCall::Hold).await.is_err(), "nothing is left");
}

#[tokio::test]
async fn a_node_that_stops_tells_the_other() {
    let (mut a, mut b) = pair(Setup::tone("Ada", 440), Setup::tone("Ben", 880)).await;
    let call = talking(&mut a, &mut b).await;
    b.stop().await;
    assert_eq!(a.frontend.ended(&call).await.reason, "daemon_stopped");
}

/// Ada comes back before Ben's patience is over, connected, with her old device: but not in this call.
#[tokio::test]
async fn a_caller_killed_and_back_at_once_does_not_ring_on() {
    let lost = Times { caller_lost_ms: 3_000, ..Times::default() };
    let (mut a, mut b) = pair(Setup::named("Ada"), Setup::named("Ben").times(lost)).await;
    let call = ringing(&mut a, &mut b).await;
    let mut a = a.kill().await.start().await;
    meets(&mut a, "Ben").await;
    meets(&mut b, "Ada").await;
    assert_eq!(b.frontend.ended(&call).await.reason, "lost");
    b.frontend.until("the missed call", |event| matches!(event, EventKind::MissedCall { .. }).then_some(())).await;
    let call = talking(&mut a, &mut b).await;
    hang_up(&mut a, &mut b, &call).await;
}

#[tokio::test]
async fn a_callee_killed_while_it_rings_ends_the_call_soon() {
    let lost = Times { caller_lost_ms: 1_000, ..Times::default() };
    let (mut a, mut b) = pair(Setup::named("Ada").times(lost), Setup::named("Ben")).await;
    let call = ringing(&mut a, &mut b).await;
    let home = b.kill().await;
    let end = a.frontend.ended(&call).await;
    assert_eq!((end.reason.as_str(), end.cause.unwrap().what.as_str()), ("lost", "peer_vanished"));
    let mut b = home.start().await;
    meets(&mut b, "Ada").await;
    meets(&mut a, "Ben").await;
    let call = talking(&mut a, &mut b).await;
    hang_up(&mut a, &mut b, &call).await;
}
