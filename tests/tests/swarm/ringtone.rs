//! What is heard while it rings, here and there, and that it is over with the ringing.

use ahoy_client::control::{CallState, InCall};
use ahoy_protocol::core::Times;
use ahoy_tests::node::Setup;
use ahoy_tests::sound::Heard;
use ahoy_tests::swarm::{both_end, hang_up, pair, ringing};

fn ringer(name: &'static str) -> Setup {
    Setup { rings: true, ..Setup::named(name) }
}

#[tokio::test]
async fn the_callee_hears_a_melody_and_the_caller_the_tone_of_the_line() {
    let times = Times { ring_callee_ms: 1_500, ..Times::default() };
    let (mut a, mut b) = pair(ringer("Ada"), ringer("Ben").times(times)).await;
    let call = ringing(&mut a, &mut b).await;
    both_end(&mut a, &mut b, &call, "no_answer").await;
    let (there, here) = (Heard::read(&a.stop().await.rung()), Heard::read(&b.stop().await.rung()));
    assert!(there.seconds_of(425.0) >= 0.6, "{} s of 425 Hz", there.seconds_of(425.0));
    assert!(here.level() > 0.01 && here.seconds_of(425.0) < 0.2, "a melody: {}", here.level());
    assert!((0.5..5.0).contains(&here.seconds()), "{} s", here.seconds());
}

#[tokio::test]
async fn it_rings_no_longer_once_somebody_has_answered() {
    let (mut a, mut b) = pair(ringer("Ada"), ringer("Ben")).await;
    let call = ringing(&mut a, &mut b).await;
    b.frontend.ask.accept(Some(&call), InCall::Hold).await.unwrap();
    for node in [&mut a, &mut b] {
        node.frontend.state(&call, CallState::Active).await;
    }
    b.ear.hears(10).await;
    let rung = |node: &ahoy_tests::node::Node| Heard::read(&node.rung()).seconds();
    let then = (rung(&a), rung(&b));
    // A second of the call.
    b.ear.hears(60).await;
    assert_eq!((rung(&a), rung(&b)), then);
    hang_up(&mut a, &mut b, &call).await;
}
