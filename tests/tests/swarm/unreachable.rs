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

/// The offer goes out while Ben dies: it may have rung at him for a moment, and Ada may not have noticed that he is gone.
#[tokio::test]
async fn a_call_to_somebody_who_dies_meanwhile_ends_at_its_limits() {
    let times = Times { ring_caller_ms: 3_000, ..short() };
    let (mut a, b) = pair(Setup::named("Ada").times(times), Setup::named("Ben")).await;
    let (killed, call) = tokio::join!(b.kill(), a.frontend.ask.offer(&["Ben"]));
    drop(killed);
    let call = call.unwrap();
    let end = a.frontend.ended(&call).await;
    if a.frontend.states(&call).contains(&CallState::Ringing) {
        assert_eq!(end.reason, "no_answer");
    } else {
        assert!(["unreachable", "no_answer"].contains(&end.reason.as_str()), "{end:?}");
    }
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
