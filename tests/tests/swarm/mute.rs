//! Muting is told, and heard as silence.

use ahoy_client::control::EventKind;
use ahoy_tests::node::{Node, Setup};
use ahoy_tests::sound::Heard;
use ahoy_tests::swarm::{hang_up, pair, talking};

async fn hears_of_mute(node: &mut Node, wanted: bool) {
    loop {
        if let EventKind::ParticipantState { state, .. } = node.frontend.next("the mute").await
            && state.muted == wanted
        {
            return;
        }
    }
}

/// What Ben heard of Ada, who is muted at the end or no longer.
async fn recording(muted: bool) -> Heard {
    let (mut a, mut b) = pair(Setup::tone("Ada", 440), Setup::tone("Ben", 880)).await;
    let call = talking(&mut a, &mut b).await;
    b.ear.hears(50).await;
    a.frontend.ask.mute(None).await.unwrap();
    hears_of_mute(&mut b, true).await;
    if !muted {
        a.frontend.ask.unmute(None).await.unwrap();
        hears_of_mute(&mut b, false).await;
    }
    // Time for what was on its way, and a second more.
    b.ear.hears(100).await;
    hang_up(&mut b, &mut a, &call).await;
    Heard::read(&b.stop().await.heard())
}

#[tokio::test]
async fn a_muted_microphone_is_heard_as_silence() {
    let heard = recording(true).await;
    assert!(heard.seconds_of(440.0) > 0.5, "it was heard before");
    let level = heard.end(1.0).level();
    assert!(level < 0.001, "{level} of full scale is no silence");
}

#[tokio::test]
async fn an_unmuted_microphone_is_heard_again() {
    let heard = recording(false).await.end(1.0).seconds_of(440.0);
    assert!(heard > 0.7, "only {heard} of the last second");
}
