//! The gate between two of our own drivers, opened in every order.

use ahoy_protocol::core::effect::NetCommand;
use ahoy_protocol::core::input::NetEvent;

use super::node::{Node, connected_pair, frame, gossiping_pair, patiently, topic};
use crate::gossip::NetOutput;

async fn both_see_each_other(a: &mut Node, b: &mut Node) {
    a.subscribed(b.device, topic(b'b')).await;
    b.subscribed(a.device, topic(b'a')).await;
    a.publish(topic(b'b'), frame(1));
    b.publish(topic(b'a'), frame(2));
    assert_eq!(b.sealed(topic(b'b')).await.0, frame(1));
    assert_eq!(a.sealed(topic(b'a')).await.0, frame(2));
    for node in [a, b] {
        let told = node.rest();
        let parted = |output: &NetOutput| matches!(output, NetOutput::Event(NetEvent::Disconnected { .. }));
        assert!(!told.iter().any(parted), "the connection stayed: {told:?}");
    }
}

async fn silent_pair() -> (Node, Node) {
    let (a, b) = connected_pair().await;
    a.tell(NetCommand::Subscribe(topic(b'a')));
    b.tell(NetCommand::Subscribe(topic(b'b')));
    (a, b)
}

/// Waits until `asker` has had an answer over the connection: what it sent before has arrived.
async fn round_trip(asker: &mut Node, other: &mut Node) {
    let request = vec![0; 33];
    asker.tell(NetCommand::RequestPrekey { device: other.device, request });
    let ticket = other
        .event(
            "PrekeyRequest",
            |event| if let NetEvent::PrekeyRequest { ticket, .. } = event { Some(*ticket) } else { None },
        )
        .await;
    other.tell(NetCommand::AnswerPrekey { ticket, answer: None });
    asker.event("Prekey", |event| matches!(event, NetEvent::Prekey { .. }).then_some(())).await;
}

#[tokio::test]
async fn a_gate_opened_on_a_live_connection_works_when_the_dialler_is_first() {
    let (mut a, mut b) = silent_pair().await;
    a.allow(b.device, true);
    round_trip(&mut a, &mut b).await;
    b.allow(a.device, true);
    both_see_each_other(&mut a, &mut b).await;
}

#[tokio::test]
async fn a_gate_opened_on_a_live_connection_works_when_the_listener_is_first() {
    let (mut a, mut b) = silent_pair().await;
    b.allow(a.device, true);
    round_trip(&mut b, &mut a).await;
    a.allow(b.device, true);
    both_see_each_other(&mut a, &mut b).await;
}

#[tokio::test]
async fn a_gate_opened_on_both_sides_at_once_works_every_time() {
    for _ in 0..20 {
        let (mut a, mut b) = silent_pair().await;
        a.allow(b.device, true);
        b.allow(a.device, true);
        both_see_each_other(&mut a, &mut b).await;
    }
}

#[tokio::test]
async fn who_allows_alone_learns_and_tells_nothing() {
    let (mut a, mut b) = silent_pair().await;
    a.allow(b.device, true);
    round_trip(&mut a, &mut b).await;
    round_trip(&mut b, &mut a).await;
    for node in [&mut a, &mut b] {
        let told = node.rest();
        let subscribed = |output: &NetOutput| matches!(output, NetOutput::Event(NetEvent::Subscribed { .. }));
        assert!(!told.iter().any(subscribed), "{told:?}");
    }
}

#[tokio::test]
async fn an_allowed_device_that_connects_later_is_let_in() {
    let (mut a, mut b) = (Node::start(1).await, Node::start(2).await);
    a.tell(NetCommand::Subscribe(topic(b'a')));
    b.tell(NetCommand::Subscribe(topic(b'b')));
    a.allow(b.device, true);
    b.allow(a.device, true);
    b.dial(&a);
    both_see_each_other(&mut a, &mut b).await;
}

#[tokio::test]
async fn a_closed_gate_parts_the_devices_and_may_open_again() {
    let (mut a, mut b) = gossiping_pair().await;
    a.tell(NetCommand::Subscribe(topic(b'a')));
    b.subscribed(a.device, topic(b'a')).await;
    b.allow(a.device, false);
    a.unsubscribed(b.device, topic(b'b')).await;
    a.disconnected(b.device).await;
    b.unsubscribed(a.device, topic(b'a')).await;
    b.disconnected(a.device).await;

    a.dial(&b);
    a.connected(b.device).await;
    round_trip(&mut a, &mut b).await;
    let told = a.rest();
    let subscribed = |output: &NetOutput| matches!(output, NetOutput::Event(NetEvent::Subscribed { .. }));
    assert!(!told.iter().any(subscribed), "{told:?}");
    b.allow(a.device, true);
    both_see_each_other(&mut a, &mut b).await;
}

#[tokio::test]
async fn opening_twice_and_closing_twice_are_no_more_than_once() {
    let (mut a, mut b) = gossiping_pair().await;
    a.allow(b.device, true);
    a.publish(topic(b'b'), frame(1));
    assert_eq!(b.sealed(topic(b'b')).await.0, frame(1));
    a.allow(b.device, false);
    a.allow(b.device, false);
    patiently("the end", a.disconnected(b.device)).await;
}
