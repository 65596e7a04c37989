//! Messages reach who holds their topic, once, and go no further than the core allows.

use ahoy_protocol::core::effect::{Acceptance, NetCommand};
use ahoy_protocol::core::input::Topic;

use super::node::{Node, frame, gossiping_pair, topic};
use crate::gossip::{NetOutput, Transport};
use crate::limits::network as limits;

#[tokio::test]
async fn allowed_devices_exchange_messages_both_ways() {
    let (mut a, mut b) = gossiping_pair().await;
    a.tell(NetCommand::Subscribe(topic(b'a')));
    b.subscribed(a.device, topic(b'a')).await;
    a.publish(topic(b'b'), frame(1));
    b.publish(topic(b'a'), frame(2));
    let (data, message) = b.sealed(topic(b'b')).await;
    assert_eq!((data, message.through, message.id.len()), (frame(1), a.device, 20));
    assert_eq!(a.sealed(topic(b'a')).await.0, frame(2));
}

#[tokio::test]
async fn all_sizes_of_a_message_fit_through() {
    let (a, mut b) = gossiping_pair().await;
    for size in [256, 512, 1024, 2048, 4096] {
        let mut data = frame(3);
        data.resize(size, 7);
        a.publish(topic(b'b'), data.clone());
        assert_eq!(b.sealed(topic(b'b')).await.0, data);
    }
}

#[tokio::test]
async fn a_publication_before_its_subscriber_waits_for_it() {
    let (mut a, mut b) = gossiping_pair().await;
    a.publish(topic(b'c'), frame(4));
    b.tell(NetCommand::Subscribe(topic(b'c')));
    a.subscribed(b.device, topic(b'c')).await;
    assert_eq!(b.sealed(topic(b'c')).await.0, frame(4));
}

#[tokio::test]
async fn equal_bytes_arrive_once_on_a_topic() {
    let (a, mut b) = gossiping_pair().await;
    for byte in [5, 5, 6] {
        a.publish(topic(b'b'), frame(byte));
    }
    assert_eq!(b.sealed(topic(b'b')).await.0, frame(5));
    assert_eq!(b.sealed(topic(b'b')).await.0, frame(6), "the second 5 is the first again");
}

#[tokio::test]
async fn leaving_a_topic_is_told() {
    let (mut a, b) = gossiping_pair().await;
    b.tell(NetCommand::Unsubscribe(topic(b'b')));
    a.unsubscribed(b.device, topic(b'b')).await;
}

#[tokio::test]
async fn a_device_with_many_topics_is_not_invisible() {
    let (mut a, mut b) = (Node::start(1).await, Node::start(2).await);
    let letters = |n: usize| format!("{n:032}").bytes().map(|digit| digit - b'0' + b'a').collect::<Vec<u8>>();
    let many: Vec<Topic> = (0..limits::OWN_TOPICS).map(|n| Topic(letters(n).try_into().unwrap())).collect();
    for topic in &many {
        b.tell(NetCommand::Subscribe(*topic));
    }
    b.tell(NetCommand::Subscribe(topic(b'z')));
    a.allow(b.device, true);
    b.allow(a.device, true);
    a.dial(&b);
    b.connected(a.device).await;
    for topic in &many {
        a.subscribed(b.device, *topic).await;
    }
    assert_eq!(b.network.counters.topics_refused.get(), 1, "one topic is over the bound");
}

#[tokio::test]
async fn a_message_goes_to_all_of_three() {
    let (mut a, mut b) = gossiping_pair().await;
    let mut c = Node::start(3).await;
    c.tell(NetCommand::Subscribe(topic(b'b')));
    c.allow(a.device, true);
    a.allow(c.device, true);
    c.dial(&a);
    a.subscribed(c.device, topic(b'b')).await;
    a.publish(topic(b'b'), frame(8));
    assert_eq!(b.sealed(topic(b'b')).await.0, frame(8));
    assert_eq!(c.sealed(topic(b'b')).await.0, frame(8));
}

/// a - b - c in a row: b passes on what its core accepts, and nothing else.
#[tokio::test]
async fn only_accepted_messages_are_passed_on() {
    let (a, mut b) = gossiping_pair().await;
    let mut c = Node::start(3).await;
    c.tell(NetCommand::Subscribe(topic(b'b')));
    c.allow(b.device, true);
    b.allow(c.device, true);
    c.dial(&b);
    b.subscribed(c.device, topic(b'b')).await;
    c.subscribed(b.device, topic(b'b')).await;
    for (byte, acceptance) in [(1, Acceptance::Ignore), (2, Acceptance::Reject), (3, Acceptance::Accept)] {
        a.publish(topic(b'b'), frame(byte));
        let (_, message) = b.sealed(topic(b'b')).await;
        b.verdict(message, acceptance);
    }
    let (data, message) = c.sealed(topic(b'b')).await;
    assert_eq!((data, message.through), (frame(3), b.device));
}

#[tokio::test]
async fn a_core_without_room_loses_messages_but_no_events() {
    let mut a = Node::start(1).await;
    let mut b = Node::with(2, "/memory/0", Transport::Memory, 1).await;
    a.allow(b.device, true);
    b.allow(a.device, true);
    b.tell(NetCommand::Subscribe(topic(b'b')));
    a.dial(&b);
    a.subscribed(b.device, topic(b'b')).await;
    // The core of b reads nothing: Listening fills its channel, Connected waits behind it.
    for byte in 0..20 {
        a.publish(topic(b'b'), frame(byte));
    }
    a.tell(NetCommand::Subscribe(topic(b'q')));
    let counters = b.network.counters.clone();
    super::node::patiently("a full core", async {
        while counters.core_full.get() < 20 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    b.connected(a.device).await;
    b.subscribed(a.device, topic(b'q')).await;
    assert!(!b.rest().iter().any(|output| matches!(output, NetOutput::Sealed { .. })));
}
