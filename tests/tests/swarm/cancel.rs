//! The caller takes its call back: while it rings, right behind the offer, and before anybody was reached.

use ahoy_client::control::{CallState, EventKind};
use ahoy_tests::node::Setup;
use ahoy_tests::swarm::{both_end, hang_up, meets, pair, ringing, talking};

#[tokio::test]
async fn a_call_cancelled_while_it_rings_stops_there_and_is_missed_once() {
    let (mut a, mut b) = pair(Setup::named("Ada"), Setup::named("Ben")).await;
    let call = ringing(&mut a, &mut b).await;
    a.frontend.ask.hang_up(None).await.unwrap();
    both_end(&mut a, &mut b, &call, "cancelled").await;
    b.frontend.until("the missed call", |event| matches!(event, EventKind::MissedCall { .. }).then_some(())).await;
    b.frontend.catch_up().await;
    assert_eq!(b.frontend.missed(), [call]);
}

#[tokio::test]
async fn a_call_cancelled_right_behind_its_offer_leaves_nothing_ringing() {
    let (mut a, mut b) = pair(Setup::named("Ada"), Setup::named("Ben")).await;
    for _ in 0..5 {
        let call = a.frontend.ask.offer(&["Ben"]).await.unwrap();
        a.frontend.ask.hang_up(Some(&call)).await.unwrap();
        assert_eq!(a.frontend.ended(&call).await.reason, "cancelled");
    }
    // What was sent for this call was sent after all that.
    let call = talking(&mut a, &mut b).await;
    hang_up(&mut a, &mut b, &call).await;
    b.frontend.catch_up().await;
    let calls = b.frontend.ask.calls().await.unwrap();
    assert!(calls.iter().all(|call| call.state == CallState::Ended), "{calls:?}");
    for rang in b.frontend.rang().iter().filter(|rang| **rang != call) {
        assert_eq!(b.frontend.ended(rang).await.reason, "cancelled");
    }
    assert!(b.frontend.missed().len() <= 5, "{:?}", b.frontend.missed());
}

#[tokio::test]
async fn a_call_cancelled_before_anybody_is_reached_never_rings() {
    let (mut a, b) = pair(Setup::named("Ada"), Setup::named("Ben")).await;
    let home = b.kill().await;
    let call = a.frontend.ask.offer(&["Ben"]).await.unwrap();
    a.frontend.state(&call, CallState::Dialing).await;
    a.frontend.ask.hang_up(None).await.unwrap();
    assert_eq!(a.frontend.ended(&call).await.reason, "cancelled");
    let mut b = home.start().await;
    meets(&mut b, "Ada").await;
    let second = ringing(&mut a, &mut b).await;
    b.frontend.catch_up().await;
    assert_eq!(b.frontend.rang(), [second]);
}
