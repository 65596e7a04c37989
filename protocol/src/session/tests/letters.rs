//! One-way messages: receipts, resends, what is kept for whoever isn't there.

use super::net::{A, B, C, Net};
use crate::ids::CallId;
use crate::limits::LETTERS_MAX;
use crate::session::Delivery;
use crate::wire::bodies::{Cancel, Devices, InboxBody, Media, Missed, Presence, Reason, Receipt};

const RECEIPT: Delivery = Delivery { receipt: true, asks_presence: false };
const DAY_MS: u64 = 24 * 3_600_000;

fn cancel(number: u8) -> InboxBody {
    InboxBody::Cancel(Cancel { call: CallId([number; 16]), reason: Reason::Cancelled })
}

fn missed(number: u8) -> InboxBody {
    InboxBody::Missed(Missed { call: CallId([number; 16]), started_ms: 5, media: Media::AUDIO })
}

fn send(net: &mut Net, from: usize, to: usize, body: InboxBody, delivery: Delivery) {
    let device = net.nodes[to].device();
    net.act(from, |session, cx| session.send_inbox(device, body, delivery, cx));
}

fn plan() -> Vec<u64> {
    [0, 100, 250, 500].into_iter().chain((1..=60).map(|second| second * 1_000)).collect()
}

#[test]
fn a_receipt_ends_the_resends() {
    let mut net = Net::pair("receipt");
    send(&mut net, A, B, cancel(7), RECEIPT);
    net.run_until(70_000);
    assert_eq!(net.times(A, net.inbox(B)), [0]);
    assert_eq!(net.nodes[B].letters.len(), 1);
    assert!(net.nodes[A].session.is_settled());
}

#[test]
fn without_a_receipt_it_goes_again_for_60_seconds() {
    let mut net = Net::pair("no receipt");
    net.nodes[B].gives_receipts = false;
    send(&mut net, A, B, cancel(7), RECEIPT);
    net.run_until(30_000);
    assert!(!net.nodes[A].session.is_settled());
    net.run_until(200_000);
    assert_eq!(net.times(A, net.inbox(B)), plan());
    assert!(net.nodes[A].session.is_settled());
}

#[test]
fn without_asking_for_a_receipt_it_goes_three_times() {
    let mut net = Net::pair("blind");
    send(&mut net, A, B, cancel(7), Delivery::default());
    net.run_until(70_000);
    assert_eq!(net.times(A, net.inbox(B)), [0, 300, 1_000]);
    assert!(net.times(B, net.inbox(A)).is_empty(), "nobody asked");
}

#[test]
fn a_receipt_counts_only_for_its_call_kind_and_device() {
    let mut net = Net::new("wrong receipts", &["alice", "bob", "carol"]);
    net.nodes[B].gives_receipts = false;
    send(&mut net, A, B, cancel(7), RECEIPT);
    let wrong = [
        (C, Receipt { kind: 5, id: vec![7; 16] }),
        (B, Receipt { kind: 8, id: vec![7; 16] }),
        (B, Receipt { kind: 5, id: vec![8; 16] }),
    ];
    for (from, receipt) in wrong {
        let device = net.nodes[from].device();
        net.act(A, |session, cx| session.receipt(device, &receipt, cx.now.mono_ms));
        assert!(!net.nodes[A].session.is_settled());
    }
    let device = net.nodes[B].device();
    net.act(A, |session, cx| session.receipt(device, &Receipt { kind: 5, id: vec![7; 16] }, cx.now.mono_ms));
    assert!(net.nodes[A].session.is_settled());
}

#[test]
fn what_is_named_by_its_envelope_may_have_arrived_at_any_attempt() {
    let mut net = Net::pair("presence");
    let card = net.nodes[A].keys.card.clone();
    let account = ahoy_crypto::SignKey::generate(&mut crate::testing::rng("alice"));
    let set = ahoy_crypto::DeviceSet::make(&account, 1, super::node::START_S + 100, &[card.device]).expect("one");
    let body = InboxBody::Presence(Presence {
        state: 1,
        record: card.record.bytes().to_vec(),
        device_set: set.bytes().to_vec(),
        addresses: Vec::new(),
        contact_token: None,
        name: None,
    });
    net.nodes[B].gives_receipts = false;
    send(&mut net, A, B, body, RECEIPT);
    net.run_until(1_100);
    assert_eq!(net.nodes[B].letters.len(), 3, "at 0, 375 and 937 ms: nobody waits for it");
    assert_eq!(net.nodes[A].session.letters.len(), 1);
    assert!(net.nodes[A].session.is_settled(), "a daemon that stops does not wait for it: it is said anew later");
    let second = net.published.iter().filter(|p| p.from == A).nth(1).expect("sent").data.clone();
    let id = ahoy_crypto::hash::sha256(&[&second]).to_vec();
    let device = net.nodes[B].device();
    net.act(A, |session, cx| session.receipt(device, &Receipt { kind: 2, id }, cx.now.mono_ms));
    assert_eq!(net.nodes[A].session.letters.len(), 0);
}

#[test]
fn it_waits_until_the_inbox_has_a_subscriber() {
    let mut net = Net::pair("away");
    net.listen(B, net.inbox(B), false);
    send(&mut net, A, B, cancel(7), RECEIPT);
    net.run_until(20_000);
    assert!(net.published.is_empty());
    net.listen(B, net.inbox(B), true);
    net.run_until(20_010);
    assert_eq!(net.nodes[B].letters.len(), 1);
    assert_eq!(net.times(A, net.inbox(B)), [20_000]);
}

#[test]
fn it_goes_as_soon_as_the_prekey_of_a_subscriber_is_known() {
    let mut net = Net::pair("its prekey comes last");
    net.nodes[B].unknown = true;
    send(&mut net, A, B, cancel(7), RECEIPT);
    net.run_until(300);
    net.nodes[B].unknown = false;
    let device = net.nodes[B].device();
    net.act(A, |session, cx| session.route_known(device, cx.now_ms()));
    net.run_until(310);
    assert_eq!(net.times(A, net.inbox(B)), [300]);
}

#[test]
fn a_cancel_that_finds_nobody_for_a_minute_is_dropped() {
    let mut net = Net::pair("cancel away");
    net.listen(B, net.inbox(B), false);
    send(&mut net, A, B, cancel(7), RECEIPT);
    net.run_until(62_000);
    net.listen(B, net.inbox(B), true);
    net.run_until(63_000);
    assert!(net.published.is_empty());
}

#[test]
fn a_missed_call_is_kept_for_seven_days_and_told_when_the_device_comes() {
    for (day, told) in [(1, true), (6, true), (7, false)] {
        let mut net = Net::pair("missed away");
        net.listen(B, net.inbox(B), false);
        send(&mut net, A, B, missed(7), RECEIPT);
        net.run_until(day * DAY_MS);
        net.listen(B, net.inbox(B), true);
        net.run_until(day * DAY_MS + 10);
        assert_eq!(net.nodes[B].letters.len(), usize::from(told), "day {day}");
        net.run_until(day * DAY_MS + 70_000);
        assert_eq!(net.times(A, net.inbox(B)).len(), usize::from(told), "one is enough, day {day}");
    }
}

#[test]
fn a_missed_call_without_a_receipt_goes_again_whenever_the_device_comes() {
    let mut net = Net::pair("missed again");
    net.nodes[B].gives_receipts = false;
    send(&mut net, A, B, missed(7), RECEIPT);
    net.run_until(100_000);
    assert_eq!(net.times(A, net.inbox(B)), plan());
    net.listen(B, net.inbox(B), false);
    net.run_until(200_000);
    net.nodes[B].gives_receipts = true;
    net.listen(B, net.inbox(B), true);
    net.run_until(300_000);
    assert_eq!(net.times(A, net.inbox(B))[64..], [200_000]);
}

#[test]
fn letters_on_a_bad_network_arrive_at_least_once() {
    for number in 0..10 {
        let mut net = Net::pair(&format!("bad letters {number}"));
        net.faults = super::net::Faults { lost: 40, doubled: 20, late_ms: 700 };
        send(&mut net, A, B, cancel(7), RECEIPT);
        net.run_until(70_000);
        assert!(!net.nodes[B].letters.is_empty(), "seed bad letters {number}");
        assert!(net.times(A, net.inbox(B)).len() < 30, "seed bad letters {number}: the receipt came");
    }
}

#[test]
fn too_many_letters_push_out_the_oldest() {
    let mut net = Net::pair("too many");
    net.listen(B, net.inbox(B), false);
    net.nodes[B].gives_receipts = false;
    for number in 0..=LETTERS_MAX {
        let call = CallId([u8::try_from(number % 256).expect("a byte"); 16]);
        let reason = if number == 0 { Reason::Busy } else { Reason::Cancelled };
        send(&mut net, A, B, InboxBody::Cancel(Cancel { call, reason }), RECEIPT);
    }
    net.listen(B, net.inbox(B), true);
    net.run_until(10);
    assert_eq!(net.nodes[B].letters.len(), LETTERS_MAX);
    let oldest = |body: &InboxBody| matches!(body, InboxBody::Cancel(cancel) if cancel.reason == Reason::Busy);
    assert!(!net.nodes[B].letters.iter().any(|(_, body)| oldest(body)));
}

#[test]
fn only_the_last_64_envelopes_of_a_letter_are_remembered() {
    let mut net = Net::pair("hashes");
    let device = net.nodes[B].device();
    let account = ahoy_crypto::SignKey::generate(&mut crate::testing::rng("alice"));
    let card = net.nodes[A].keys.card.device;
    let set = ahoy_crypto::DeviceSet::make(&account, 1, super::node::START_S + 100, &[card]).expect("one");
    net.nodes[B].gives_receipts = false;
    send(&mut net, A, B, InboxBody::Devices(Devices { device_set: set.bytes().to_vec() }), RECEIPT);
    let count = |net: &Net| net.published.iter().filter(|p| p.from == A).count();
    net.run_until(70_000);
    for round in 0..65 - count(&net) {
        net.listen(B, net.inbox(B), false);
        net.listen(B, net.inbox(B), true);
        net.run_until(70_000 + 62_000 * (round as u64 + 1));
    }
    let sent: Vec<_> = net.published.iter().filter(|p| p.from == A).map(|p| p.data.clone()).collect();
    assert!(sent.len() > 64, "{} sends, with those when the device came back", sent.len());
    let (gone, kept) = sent.split_at(sent.len() - 64);
    let receipt = |data: &[u8]| Receipt { kind: 7, id: ahoy_crypto::hash::sha256(&[data]).to_vec() };
    net.act(A, |session, cx| session.receipt(device, &receipt(&gone[gone.len() - 1]), cx.now.mono_ms));
    assert_eq!(net.nodes[A].session.letters.len(), 1);
    net.act(A, |session, cx| session.receipt(device, &receipt(&kept[0]), cx.now.mono_ms));
    assert_eq!(net.nodes[A].session.letters.len(), 0);
}
