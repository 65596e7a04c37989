//! Call after call, each begun as soon as the last one ended.

use ahoy_client::control::CallState;
use ahoy_tests::node::Setup;
use ahoy_tests::swarm::{hang_up, pair, talking};

#[tokio::test]
async fn ten_calls_in_a_row_all_work() {
    let (mut a, mut b) = pair(Setup::tone("Ada", 440), Setup::tone("Ben", 880)).await;
    for round in 0..10 {
        let (heard_a, heard_b) = (a.ear.packets(), b.ear.packets());
        let call = if round % 2 == 0 { talking(&mut a, &mut b).await } else { talking(&mut b, &mut a).await };
        if round % 3 == 0 {
            hang_up(&mut a, &mut b, &call).await;
        } else {
            hang_up(&mut b, &mut a, &call).await;
        }
        assert!(a.ear.packets() > heard_a && b.ear.packets() > heard_b, "sound came in round {round}");
    }
    for node in [&mut a, &mut b] {
        let calls = node.frontend.ask.calls().await.unwrap();
        assert_eq!(calls.len(), 10);
        assert!(calls.iter().all(|call| call.state == CallState::Ended), "{calls:?}");
    }
}
