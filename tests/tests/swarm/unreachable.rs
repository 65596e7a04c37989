//! The callee does not run.

use ahoy_client::control::CallState;
use ahoy_protocol::core::Times;
use ahoy_tests::node::Setup;
use ahoy_tests::swarm::{meets, pair, parts, ringing};

fn short() -> Times {
    Times { reach_ms: 1_000, ..Times::default() }
}

#[tokio::test]
async fn who_does_not_run_is_unreachable_and_what_was_tried_is_told() {
    let (mut a, b) = pair(Setup::named("Ada").times(short()), Setup::named("Ben")).await;
    let address = b.address();
    b.kill().await;
    parts(&mut a, "Ben").await;
    let call = a.frontend.ask.offer(&["Ben"]).await.unwrap();
    let end = a.frontend.ended(&call).await;
    assert_eq!(end.reason, "unreachable");
    let detail = end.cause.unwrap().detail;
    let bare: String = address.to_string().split("/p2p/").next().unwrap().into();
    assert!(detail.contains(&bare), "{bare} in {detail}");
    assert_eq!(a.frontend.states(&call), [CallState::Dialing, CallState::Ended]);
}

/// The offer goes out while Ada has not noticed yet that Ben is gone.
#[tokio::test]
async fn who_goes_just_before_the_call_is_unreachable_too() {
    let (mut a, b) = pair(Setup::named("Ada").times(short()), Setup::named("Ben")).await;
    let (killed, call) = tokio::join!(b.kill(), a.frontend.ask.offer(&["Ben"]));
    drop(killed);
    let call = call.unwrap();
    assert_eq!(a.frontend.ended(&call).await.reason, "unreachable");
}

#[tokio::test]
async fn who_comes_back_in_time_is_reached() {
    let (mut a, b) = pair(Setup::named("Ada"), Setup::named("Ben")).await;
    let home = b.kill().await;
    let call = a.frontend.ask.offer(&["Ben"]).await.unwrap();
    a.frontend.state(&call, CallState::Dialing).await;
    let mut b = home.start().await;
    b.frontend.rings(&call).await;
    a.frontend.state(&call, CallState::Ringing).await;
    meets(&mut b, "Ada").await;
    a.frontend.ask.hang_up(Some(&call)).await.unwrap();
    assert_eq!(b.frontend.ended(&call).await.reason, "cancelled");
    ringing(&mut a, &mut b).await;
}
