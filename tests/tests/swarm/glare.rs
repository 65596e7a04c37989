//! Both call each other: they get one call, and nobody is asked anything.

use std::time::Duration;

use ahoy_client::control::{CallState, EventKind};
use ahoy_tests::node::{Node, Setup};
use ahoy_tests::swarm::{hang_up, pair, settles};

/// The call that goes on, as this node's frontend hears of it: the one it offered, or the one in whose place that went.
async fn goes_on(node: &mut Node, offered: &str) -> String {
    let gave_way = |event: &EventKind| {
        let EventKind::CallState { call, state, continues_as, .. } = event else { return None };
        if call != offered {
            None
        } else if *state == CallState::Ended {
            Some(continues_as.clone().expect("a call that goes on"))
        } else {
            (*state == CallState::Active).then(|| call.clone())
        }
    };
    node.frontend.until("one call out of two", gave_way).await
}

#[tokio::test]
async fn two_who_call_each_other_at_once_talk_in_one_call_without_a_prompt() {
    // So long an offer travels that the two always cross.
    let node = |name, hz| Setup { way: Duration::from_millis(100), ..Setup::tone(name, hz) };
    let (mut a, mut b) = pair(node("Ada", 440), node("Ben", 880)).await;
    for round in 1..=4 {
        let (x, y) = tokio::join!(a.frontend.ask.offer(&["Ben"]), b.frontend.ask.offer(&["Ada"]));
        let (x, y) = (x.unwrap(), y.unwrap());
        let call = goes_on(&mut a, &x).await;
        assert_eq!(goes_on(&mut b, &y).await, call);
        assert_eq!(call, x.clone().min(y.clone()), "the lower id");
        for node in [&mut a, &mut b] {
            node.frontend.state(&call, CallState::Active).await;
            node.ear.hears(25).await;
            assert!(node.frontend.rang().is_empty(), "{:?}", node.frontend.rang());
        }
        // Whoever names the call that gave way means the one that goes on.
        let over = if call == x { (&mut b, &y) } else { (&mut a, &x) };
        over.0.frontend.ask.hold(Some(over.1)).await.unwrap();
        over.0.frontend.state(&call, CallState::Held).await;
        hang_up(&mut a, &mut b, &call).await;
        for node in [&mut a, &mut b] {
            settles(node, None).await;
            let calls = node.frontend.ask.calls().await.unwrap();
            assert_eq!(calls.len(), round, "a line a conversation");
            node.frontend.catch_up().await;
            assert!(node.frontend.missed().is_empty());
            assert!(node.frontend.rang().is_empty());
        }
    }
}
