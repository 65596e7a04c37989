//! The caller's own device says again, byte for byte, what it said before: nothing rings.

use ahoy_client::control::EventKind;
use ahoy_protocol::core::Times;
use ahoy_tests::node::{Node, Setup};
use ahoy_tests::outsider::{Outsider, Told};
use ahoy_tests::swarm::{introduce, meets, pair, ringing};
use ahoyd::gossip::NetOutput;
use libp2p::gossipsub;

/// Everything that reached Ben is captured below his core. Ada dies, Ben restarts (so that nothing in memory helps him,
/// gossipsub's included), and somebody with the key of Ada's device publishes all of it again on the true topics.
#[tokio::test]
async fn a_replayed_offer_does_not_ring_after_a_restart() {
    let lost = Times { caller_lost_ms: 1_000, ..Times::default() };
    let (mut a, mut b) = pair(Setup::named("Ada"), Setup::named("Ben").times(lost)).await;
    let mut c = Node::start(Setup::named("Cleo")).await;
    introduce(&mut c, &mut b).await;
    let call = ringing(&mut a, &mut b).await;
    let captured = b.tap.messages();
    assert!(captured.iter().any(|(_, data)| data[1] == 0x11), "an offer was captured");
    let key = *a.tap.key().expose();
    a.kill().await;
    assert_eq!(b.frontend.ended(&call).await.reason, "lost");
    b.frontend.until("the missed call", |event| matches!(event, EventKind::MissedCall { .. }).then_some(())).await;

    let home = b.stop().await;
    let mut b = home.start().await;
    let mut mallory = Outsider::new(key);
    mallory.dial(b.peer(), b.address()).await;
    let subscribed = |told: &Told| matches!(told, Told::Gossip(gossipsub::Event::Subscribed { .. }));
    mallory.until(1, "Ben's inbox", subscribed).await;
    let inboxes = mallory.topics();
    let mut sent = 0;
    for (topic, data) in captured.iter().filter(|(topic, _)| inboxes.iter().any(|inbox| inbox == topic.as_str())) {
        assert!(mallory.publish(*topic, data.clone()));
        sent += usize::from(data[1] == 0x11);
    }
    assert!(sent > 0, "the offer went out again");
    let tap = b.tap.clone();
    let offer_arrived = tap.until("the offer", |output| match output {
        NetOutput::Sealed { data, .. } if captured.iter().any(|(_, sent)| sent == data) => Some(()),
        NetOutput::Sealed { .. } | NetOutput::Event(_) => None,
    });
    mallory.beside(offer_arrived).await;

    // What comes after all that does ring, and alone.
    meets(&mut c, "Ben").await;
    let second = mallory.beside(ringing(&mut c, &mut b)).await;
    b.frontend.catch_up().await;
    assert_eq!(b.frontend.rang(), [second], "only the new call rings");
    assert!(b.frontend.missed().is_empty(), "it was missed once, before");
}
