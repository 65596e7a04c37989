//! A node is killed in a call, comes back, and goes on with it: real libp2p, real media.

use std::time::{Duration, Instant};

use ahoy_client::control::{CallInfo, CallState};
use ahoy_tests::node::{Node, Setup};
use ahoy_tests::process::tell;
use ahoy_tests::swarm::{both_end, pair, talking};
use ahoy_tests::tap::Nonces;

/// Within which a call is back after a restart (issue: 10 s).
const BACK: Duration = Duration::from_secs(10);
/// Half a second of sound.
const SPEECH: u64 = 25;

/// The one call that is not over.
async fn live(node: &mut Node) -> CallInfo {
    let calls = node.frontend.ask.calls().await.unwrap();
    let live: Vec<_> = calls.iter().filter(|call| call.state != CallState::Ended).collect();
    assert_eq!(live.len(), 1, "{calls:#?}");
    live[0].clone()
}

/// Both are in the call that `a` has, and hear each other; its id.
async fn together(a: &mut Node, b: &mut Node) -> String {
    let call = live(a).await.call;
    for node in [&mut *a, &mut *b] {
        while live(node).await.state != CallState::Active {
            node.frontend.next("the call").await;
        }
    }
    assert_eq!(live(b).await.call, call);
    a.ear.hears(SPEECH).await;
    b.ear.hears(SPEECH).await;
    call
}

/// Kills `b` in a call with `a` and starts it again; how long it took until half a second of each was heard again.
async fn comes_back(a: &mut Node, b: Node) -> (Node, Duration) {
    let home = b.kill().await;
    let from = Instant::now();
    let mut b = home.start().await;
    together(&mut b, a).await;
    (b, from.elapsed())
}

async fn counts_nonces(nonces: &mut Nonces, nodes: [&Node; 2]) {
    for node in nodes {
        nonces.take(&node.tap.messages());
    }
}

#[tokio::test]
async fn whoever_is_killed_in_a_call_is_heard_again_soon_after_its_restart_and_no_nonce_is_used_twice() {
    for caller_is_killed in [false, true] {
        let (mut a, mut b) = pair(Setup::tone("Ada", 440), Setup::tone("Ben", 880)).await;
        let call = if caller_is_killed { talking(&mut b, &mut a).await } else { talking(&mut a, &mut b).await };
        let mut nonces = Nonces::default();
        for round in 0..2 {
            counts_nonces(&mut nonces, [&a, &b]).await;
            let (again, back) = comes_back(&mut a, b).await;
            b = again;
            tell(&format!("speech of both is heard {} ms after the restart began (round {round})", back.as_millis()));
            assert!(back <= BACK, "{back:?}");
        }
        assert_eq!(a.frontend.ended(&call).await.reason, "lost");
        assert!(a.frontend.rang().len() <= usize::from(caller_is_killed) && b.frontend.rang().is_empty());
        assert!(a.frontend.missed().is_empty() && b.frontend.missed().is_empty());
        let now = live(&mut a).await.call;
        // The first name still means the call, at both.
        a.frontend.ask.hang_up(Some(&call)).await.unwrap();
        both_end(&mut a, &mut b, &now, "hung_up").await;
        counts_nonces(&mut nonces, [&a, &b]).await;
        assert!(nonces.messages() > 30, "{}", nonces.messages());
    }
}

#[tokio::test]
async fn who_was_muted_comes_back_muted_and_is_heard_as_silence() {
    let (mut a, mut b) = pair(Setup::tone("Ada", 440), Setup::tone("Ben", 880)).await;
    talking(&mut a, &mut b).await;
    b.frontend.ask.mute(None).await.unwrap();
    let mut b = b.kill().await.start().await;
    together(&mut b, &mut a).await;
    assert!(live(&mut b).await.muted);
    while !live(&mut a).await.participants.iter().all(|participant| participant.muted) {
        a.frontend.next("the mute").await;
    }
    // What was heard of Ben since he is back, a second and more.
    a.ear.hears(100).await;
    let heard = ahoy_tests::sound::Heard::read(&a.stop().await.heard());
    let level = heard.end(1.0).level();
    assert!(level < 0.001, "{level} of full scale is no silence");
}

#[tokio::test]
async fn both_killed_at_once_are_in_one_call_again() {
    let (mut a, mut b) = pair(Setup::tone("Ada", 440).tcp(), Setup::tone("Ben", 880).tcp()).await;
    talking(&mut a, &mut b).await;
    let (home_a, home_b) = (a.kill().await, b.kill().await);
    let from = Instant::now();
    let (mut a, mut b) = tokio::join!(home_a.start(), home_b.start());
    loop {
        let (ours, theirs) = (live(&mut a).await, live(&mut b).await);
        if ours.call == theirs.call {
            break;
        }
        // Their offers cross: one of the two calls gives way.
        tokio::select! {
            _ = a.frontend.next("one call") => {}
            _ = b.frontend.next("one call") => {}
        }
    }
    together(&mut a, &mut b).await;
    tell(&format!("both are back {} ms after their restart began", from.elapsed().as_millis()));
    assert!(from.elapsed() <= BACK, "{:?}", from.elapsed());
    assert!(a.frontend.rang().is_empty() && b.frontend.rang().is_empty());
}
