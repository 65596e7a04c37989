//! A contact's device is hostile and floods: nothing rings, budgets hold, and everybody else is served.

use std::sync::Arc;

use ahoy_client::control::EventKind;
use ahoy_tests::hostile::{Hostile, Knowledge, Pour};
use ahoy_tests::node::{Node, Setup};
use ahoy_tests::rpc;
use ahoy_tests::swarm::{hang_up, introduce, pair, ringing, talking};
use ahoyd::gossip::Counted;
use ahoyd::gossip::device::device_of;

/// Ada and Ben, and what Mallory knew, who was Ben's contact and whose device is in hostile hands.
async fn three() -> (Node, Node, Knowledge) {
    let (a, mut b) = pair(Setup::tone("Ada", 440), Setup::tone("Ben", 880)).await;
    let mut mallory = Node::start(Setup::named("Mallory")).await;
    introduce(&mut mallory, &mut b).await;
    (a, b, mallory.kill().await.knowledge())
}

fn count(node: &Node, name: &str) -> u64 {
    node.counters().snapshot().iter().find(|Counted { name: of, .. }| *of == name).unwrap().value
}

/// A call of Ada's rings, is answered, carries sound and ends, and Ben was told of nothing else.
async fn all_is_well(a: &mut Node, b: &mut Node) {
    let call = talking(a, b).await;
    a.ear.hears(25).await;
    b.ear.hears(25).await;
    hang_up(a, b, &call).await;
    b.frontend.catch_up().await;
    let rang: Vec<String> = b.frontend.rang();
    assert_eq!(rang.last(), Some(&call));
    assert!(!b.frontend.seen().any(|event| matches!(event, EventKind::Warning { .. } | EventKind::Lagged { .. })));
}

#[tokio::test]
async fn subscriptions_and_control_messages_without_end_change_nothing() {
    let (mut a, mut b, known) = three().await;
    let mut mallory = Hostile::connect(known.key(), b.peer(), b.address()).await;
    let inbox = known.inbox();
    let pour = Pour::fast(3_000, move |n| {
        let ids: Vec<Vec<u8>> = (0..20).map(|id| vec![u8::try_from(id).unwrap(); 20]).collect();
        let topics = (0..60).map(|t| rpc::topic(n * 60 + t));
        let changes = topics.map(|topic| rpc::subscription(&topic, n % 2 == 0));
        let control = [rpc::control(inbox.as_str(), &ids), rpc::control(&rpc::topic(n), &ids)];
        rpc::packet(&changes.chain(control).collect::<Vec<_>>())
    });
    mallory.gossip(pour.clone());
    mallory.beside(all_is_well(&mut a, &mut b)).await;
    assert!(count(&b, "peers_held") > 0, "nothing was held back");
    assert!(count(&b, "subscriptions_over_rate") > 1_000, "{:?}", b.counters().snapshot());
    let device = device_of(&known.peer()).unwrap();
    let heard = b.tap.topics_of(device).len();
    assert!(heard <= 2_000, "Ben's core heard of {heard} topics");
}

#[tokio::test]
async fn packets_that_are_none_and_packets_without_measure_change_nothing() {
    let (mut a, mut b, known) = three().await;
    let topic = known.inbox();
    let packets: Vec<Vec<u8>> = vec![
        vec![0xff; 64],
        rpc::packet(&[vec![0xff; 4096]]),
        // Claims 2^31 bytes.
        vec![0x80, 0x80, 0x80, 0x80, 0x08, 1, 2, 3],
        rpc::packet(&[rpc::publish(topic.as_str(), &[1; 300_000])]),
        rpc::packet(&vec![rpc::publish(topic.as_str(), &[1]); 100]),
        rpc::packet(&[rpc::control(topic.as_str(), &vec![vec![]; 9_000])]),
        rpc::packet(&(0..600).map(|n| rpc::subscription(&rpc::topic(n), true)).collect::<Vec<_>>()),
        rpc::packet(&[rpc::subscription(&"x".repeat(20_000), true)]),
        rpc::packet(&[]),
    ];
    for packet in packets {
        // gossipsub bears five streams a connection; then the connection is closed.
        let mut mallory = Hostile::connect(known.key(), b.peer(), b.address()).await;
        let pour = Pour::fast(1, move |_| packet.clone());
        mallory.gossip(pour.clone());
        mallory.until_over(&pour).await;
    }
    let mut mallory = Hostile::connect(known.key(), b.peer(), b.address()).await;
    for length in [0, 1, 32, 33, 34, 5_000] {
        for _ in 0..40 {
            mallory.ask_prekey(vec![1; length]);
        }
    }
    mallory.beside(all_is_well(&mut a, &mut b)).await;
    let passed = count(&b, "prekey_requests");
    assert!((1..=40).contains(&passed), "{passed} prekey requests reached the core");
}

#[tokio::test]
async fn malformed_messages_die_before_the_core_and_are_counted() {
    let (mut a, mut b, known) = three().await;
    let mut mallory = Hostile::connect(known.key(), b.peer(), b.address()).await;
    let topic = known.inbox();
    let before = b.tap.messages().len();
    let pour = Pour::fast(400, move |n| {
        let message = |m: u64| {
            let kind = [0x11, 0x21, 0x31, 0x41, 0x99][usize::try_from(m % 5).unwrap()];
            let mut data = vec![7; [255, 256, 300, 512, 1024][usize::try_from(m / 5 % 5).unwrap()]];
            data[..10].copy_from_slice(&[&[1, kind][..], &(n * 50 + m).to_be_bytes()].concat());
            rpc::publish(topic.as_str(), &data)
        };
        rpc::packet(&(0..50).map(message).collect::<Vec<_>>())
    });
    mallory.gossip(pour.clone());
    mallory.beside(all_is_well(&mut a, &mut b)).await;
    mallory.until_over(&pour).await;
    let counted = |names: &[&str]| names.iter().map(|name| count(&b, name)).sum::<u64>();
    assert!(counted(&["bad_length", "bad_type"]) > 100, "{:?}", b.counters().snapshot());
    assert!(counted(&["over_rate"]) > 10_000, "{:?}", b.counters().snapshot());
    let junk = b.tap.messages().into_iter().skip(before).filter(|(_, data)| data.ends_with(&[7; 200])).count();
    assert!(junk < 2_000, "{junk} reached the core");
}

#[tokio::test]
async fn flawless_offers_without_end_ring_nowhere_and_keep_nobody_out() {
    let (mut a, mut b, known) = three().await;
    let mut mallory = Hostile::connect(known.key(), b.peer(), b.address()).await;
    let topic = known.inbox();
    let known = Arc::new(known);
    mallory.gossip(Pour::paced(1_000, 3_600, move |_| rpc::packet(&[rpc::publish(topic.as_str(), &known.offer())])));
    for _ in 0..3 {
        let call = mallory.beside(ringing(&mut a, &mut b)).await;
        mallory.beside(hang_up_unanswered(&mut a, &mut b, &call)).await;
    }
    assert!(count(&b, "inbox_over_rate") > 0, "{:?}", b.counters().snapshot());
    b.frontend.catch_up().await;
    assert_eq!(b.frontend.rang().len(), 3, "only Ada's calls rang");
}

async fn hang_up_unanswered(a: &mut Node, b: &mut Node, call: &str) {
    a.frontend.ask.hang_up(Some(call)).await.unwrap();
    assert_eq!(b.frontend.ended(call).await.reason, "cancelled");
    a.frontend.ended(call).await;
}
