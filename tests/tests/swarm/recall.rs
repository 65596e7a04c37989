//! Call after call, each begun as soon as the last one ended.

use ahoy_client::control::CallState;
use ahoy_media::fake::engine::FakeNetwork;
use ahoy_tests::node::Setup;
use ahoy_tests::swarm::{hang_up, pair, settles, talking};

/// The state that the ancestor got into: it could not call again until the old connection had said that it was gone.
#[tokio::test]
async fn fifty_immediate_calls_to_the_same_peer_all_work() {
    let network = FakeNetwork::new();
    let node = |name, hz| Setup::tone(name, hz).fake_media(&network);
    let (mut a, mut b) = pair(node("Ada", 440), node("Ben", 880)).await;
    for round in 0..50 {
        let heard = b.ear.packets();
        let call = talking(&mut a, &mut b).await;
        a.frontend.ask.hang_up(Some(&call)).await.unwrap();
        assert!(b.ear.packets() > heard, "sound came in round {round}");
    }
    let call = talking(&mut a, &mut b).await;
    hang_up(&mut a, &mut b, &call).await;
    for node in [&mut a, &mut b] {
        let calls = node.frontend.ask.calls().await.unwrap();
        assert_eq!(calls.len(), 51);
        assert!(calls.iter().all(|call| call.state == CallState::Ended), "{calls:?}");
        settles(node, None).await;
    }
}

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
