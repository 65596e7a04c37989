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

/// Draws (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// Redials when a connection ends, publishes when both topics are known; returns when both have
/// received a message.
async fn converse(a: &mut Node, b: &mut Node) {
    let (mut a_knows, mut b_knows, mut a_has, mut b_has) = (false, false, false, false);
    let mut sent = 0;
    while !(a_has && b_has) {
        let (at_a, output) = tokio::select! {
            output = a.next() => (true, output),
            output = b.next() => (false, output),
        };
        let (node, other, knows, has) =
            if at_a { (&*a, &*b, &mut a_knows, &mut a_has) } else { (&*b, &*a, &mut b_knows, &mut b_has) };
        match output {
            NetOutput::Sealed { .. } => *has = true,
            NetOutput::Event(NetEvent::Unsubscribed { .. }) => *knows = false,
            NetOutput::Event(NetEvent::Disconnected { .. }) => node.dial(other),
            NetOutput::Event(NetEvent::Subscribed { .. }) => {
                *knows = true;
                if a_knows && b_knows {
                    sent += 1;
                    a.publish(topic(b'b'), frame(sent));
                    b.publish(topic(b'a'), frame(sent));
                }
            }
            NetOutput::Event(_) => {}
        }
    }
}

/// Gates open and close in any order; in the end, when both allow each other, both are heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_came_before_two_that_allow_each_other_find_each_other() {
    let seed = getrandom::u64().unwrap();
    for round in 0..100 {
        let mut dice = Dice(seed.wrapping_add(round));
        let (mut a, mut b) = silent_pair().await;
        for _ in 0..dice.below(8) {
            let (node, other) = if dice.below(2) == 0 { (&a, &b) } else { (&b, &a) };
            match dice.below(4) {
                0 => node.dial(other),
                1 => node.allow(other.device, false),
                2.. => node.allow(other.device, true),
            }
            for _ in 0..dice.below(60) {
                tokio::task::yield_now().await;
            }
        }
        a.allow(b.device, true);
        b.allow(a.device, true);
        a.dial(&b);
        patiently(&format!("seed {seed}, round {round}"), converse(&mut a, &mut b)).await;
    }
}
