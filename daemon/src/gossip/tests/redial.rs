//! Connections that lead nowhere any more, and what takes their place.

use std::time::Duration;

use ahoy_protocol::core::effect::NetCommand;
use ahoy_protocol::core::input::NetEvent;
use libp2p::Multiaddr;

use super::node::{Node, frame, gossiping_pair, topic, until};
use crate::limits::network as limits;

fn redial(node: &Node, other: &Node, lost: bool) {
    node.tell(NetCommand::Redial { device: other.device, addresses: vec![other.address().to_vec()], lost });
}

/// Waits until a command given before has been carried out.
async fn obeyed(node: &mut Node) {
    let device = node.device;
    node.tell(NetCommand::Connect { device, addresses: Vec::new() });
    node.event("DialFailed", |event| {
        matches!(event, NetEvent::DialFailed { device: named, .. } if *named == device).then_some(())
    })
    .await;
}

/// Makes the gate's connections older, without waiting.
async fn age(by: Duration) {
    tokio::time::pause();
    tokio::time::advance(by).await;
    tokio::time::resume();
}

#[tokio::test]
async fn who_has_lost_a_connection_that_still_looks_open_here_is_greeted_anew() {
    let (mut a, mut b) = gossiping_pair().await;
    a.tell(NetCommand::Subscribe(topic(b'a')));
    b.subscribed(a.device, topic(b'a')).await;
    age(limits::TWO_CONNECTIONS).await;
    // The same device at another place: it knows nothing of the connection that `b` has with it.
    let mut again = Node::start(1).await;
    again.allow(b.device, true);
    again.tell(NetCommand::Subscribe(topic(b'c')));
    again.dial(&b);
    again.subscribed(b.device, topic(b'b')).await;
    b.unsubscribed(again.device, topic(b'a')).await;
    b.subscribed(again.device, topic(b'c')).await;
    b.publish(topic(b'c'), frame(3));
    assert_eq!(again.sealed(topic(b'c')).await.0, frame(3));
    again.publish(topic(b'b'), frame(4));
    assert_eq!(b.sealed(topic(b'b')).await.0, frame(4));
    a.disconnected(b.device).await;
}

#[tokio::test]
async fn a_connection_that_is_known_to_be_lost_is_forgotten_and_another_one_made() {
    let (mut a, mut b) = gossiping_pair().await;
    redial(&a, &b, true);
    a.unsubscribed(b.device, topic(b'b')).await;
    a.subscribed(b.device, topic(b'b')).await;
    a.publish(topic(b'b'), frame(1));
    assert_eq!(b.sealed(topic(b'b')).await.0, frame(1));
    assert_eq!(a.network.counters.dials.get(), 2);
}

#[tokio::test]
async fn a_connection_that_answers_is_kept_while_a_call_reconnects() {
    let (mut a, mut b) = gossiping_pair().await;
    for asked in 1..=3 {
        redial(&a, &b, false);
        until("an answer", || a.network.counters.pulses_answered.get() == asked).await;
    }
    assert_eq!(a.network.counters.dials.get(), 1);
    for node in [&mut a, &mut b] {
        assert!(node.rest().iter().all(|told| !format!("{told:?}").contains("Disconnected")));
    }
}

#[tokio::test]
async fn every_connection_is_looked_at_when_the_network_changes() {
    let (a, _b) = gossiping_pair().await;
    a.tell(NetCommand::Probe);
    until("an answer", || a.network.counters.pulses_answered.get() == 1).await;
}

#[tokio::test]
async fn fresh_dials_of_a_device_that_does_not_answer_are_few_at_a_time() {
    let mut a = Node::tcp(1).await;
    // Takes connections and says nothing.
    let dumb = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address: Multiaddr = format!("/ip4/127.0.0.1/tcp/{}", dumb.local_addr().unwrap().port()).parse().unwrap();
    let device = Node::start(2).await.device;
    for _ in 0..10 {
        a.tell(NetCommand::Redial { device, addresses: vec![address.to_vec()], lost: false });
    }
    obeyed(&mut a).await;
    assert_eq!(a.network.counters.dials.get(), u64::try_from(limits::FRESH_DIALS).unwrap());
    assert!(a.rest().iter().all(|told| !format!("{told:?}").contains("DialFailed")), "others are under way");
}
