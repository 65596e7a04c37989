//! Random weather: whatever is lost, doubled, late or out of order, everything arrives once and in order.

use rand_core::Rng;

use super::net::{A, B, Faults, Net};
use super::pairs::{send, status, statuses};
use crate::call::signal::CallInput;
use crate::testing::rng;
use crate::wire::bodies::{Description, PairBody, SdpKind};

/// A call over a network that is this bad; the name is the seed.
fn storm(seed: &str, faults: Faults) {
    let mut weather = rng(seed);
    let mut net = Net::pair(seed);
    net.faults = faults;
    let call = net.ring(A, B, 7);
    let mut sent = [0u32; 2];
    let mut descriptions = 0;
    // The responder may speak once confirm has come, the initiator after it has confirmed.
    for _ in 0..120 {
        net.run_until(net.now_ms + weather.next_u64() % 700);
        let (from, to) = if weather.next_u32().is_multiple_of(2) { (A, B) } else { (B, A) };
        let device = net.nodes[to].device();
        if net.nodes[from].session.sas(call, device).is_none() {
            continue;
        }
        if weather.next_u32().is_multiple_of(10) {
            let bytes = vec![7; 1 + (weather.next_u32() % 16_384) as usize];
            let body =
                Description { link: 1, generation: descriptions, kind: SdpKind::Offer, part: 0, parts: 1, bytes };
            descriptions += 1;
            send(&mut net, from, to, call, PairBody::Description(body));
        }
        sent[from] += 1;
        send(&mut net, from, to, call, status(sent[from]));
    }
    net.run_until(net.now_ms + 120_000);
    let expect = |count: u32| (1..=count).collect::<Vec<_>>();
    assert_eq!(statuses(&net, B), expect(sent[A]), "seed {seed}: of the initiator");
    assert_eq!(statuses(&net, A), expect(sent[B]), "seed {seed}: of the responder");
    assert!(sent[A] > 10 && sent[B] > 10, "seed {seed}: there was something to send");
    let mut got = Vec::new();
    for who in [A, B] {
        got.extend(net.heard(who).into_iter().filter_map(|input| {
            let CallInput::Pair { body: PairBody::Description(d), .. } = input else { return None };
            Some(d.generation)
        }));
    }
    got.sort_unstable();
    assert_eq!(got, (0..descriptions).collect::<Vec<_>>(), "seed {seed}: descriptions");
    assert_reached_once(&net, seed);
    assert!(net.nodes.iter().all(|node| node.session.is_settled()), "seed {seed}: all is acknowledged");
}

fn assert_reached_once(net: &Net, seed: &str) {
    let reached = net.heard(A).into_iter().filter(|input| matches!(input, CallInput::Reached { .. })).count();
    let confirmed = net.heard(B).into_iter().filter(|input| matches!(input, CallInput::Confirmed { .. })).count();
    assert_eq!((reached, confirmed), (1, 1), "seed {seed}");
}

#[test]
fn everything_arrives_once_and_in_order_when_a_third_is_lost() {
    for number in 0..12 {
        storm(&format!("lost {number}"), Faults { lost: 33, doubled: 0, late_ms: 50 });
    }
}

#[test]
fn everything_arrives_once_and_in_order_when_much_comes_twice_and_late() {
    for number in 0..12 {
        storm(&format!("late {number}"), Faults { lost: 0, doubled: 50, late_ms: 1_500 });
    }
}

#[test]
fn everything_arrives_once_and_in_order_in_all_weather_at_once() {
    for number in 0..24 {
        storm(&format!("all {number}"), Faults { lost: 25, doubled: 25, late_ms: 800 });
    }
}

/// 20 s without anything are survived: what was said meanwhile arrives afterwards.
#[test]
fn a_blackout_of_20_seconds_loses_nothing() {
    let mut net = Net::pair("blackout");
    let call = net.ring(A, B, 7);
    net.run_until(1_000);
    net.faults.lost = 100;
    for number in 1..=20 {
        send(&mut net, A, B, call, status(number));
        send(&mut net, B, A, call, status(number));
        net.run_until(net.now_ms + 1_000);
    }
    net.faults.lost = 0;
    net.run_until(net.now_ms + 2_000);
    assert_eq!(statuses(&net, A), (1..=20).collect::<Vec<_>>());
    assert_eq!(statuses(&net, B), (1..=20).collect::<Vec<_>>());
}
