//! Pair channels: resends, acknowledgements, order, bounds.

use std::collections::BTreeSet;

use ahoy_crypto::Check;

use super::net::{A, B, Net};
use crate::call::signal::CallInput;
use crate::ids::CallId;
use crate::limits::PAIR_QUEUE_MAX;
use crate::wire::bodies::{Description, Flags, PairBody, Reason, SdpKind, Status};

const PAIR: u8 = 0x31;

/// Two devices with a confirmed pair, everything acknowledged.
pub(super) fn connected(seed: &str) -> (Net, CallId) {
    let mut net = Net::pair(seed);
    let call = net.ring(A, B, 7);
    net.run_until(1_000);
    assert!(net.nodes.iter().all(|node| node.session.is_settled()), "confirm is acknowledged");
    net.published.clear();
    (net, call)
}

pub(super) fn send(net: &mut Net, from: usize, to: usize, call: CallId, body: PairBody) {
    let device = net.nodes[to].device();
    net.act(from, |session, _| session.send_pair(call, device, body));
}

pub(super) fn status(state_seq: u32) -> PairBody {
    PairBody::Status(Status { state_seq, flags: Flags::default() })
}

/// Numbers of the status messages that a device's call core heard.
pub(super) fn statuses(net: &Net, who: usize) -> Vec<u32> {
    let number = |input: &CallInput| {
        let CallInput::Pair { body: PairBody::Status(status), .. } = input else { return None };
        Some(status.state_seq)
    };
    net.heard(who).into_iter().filter_map(number).collect()
}

#[test]
fn a_message_arrives_once_and_is_acknowledged_at_once() {
    let (mut net, call) = connected("one message");
    send(&mut net, B, A, call, status(1));
    net.run_until(70_000);
    assert_eq!(statuses(&net, A), [1]);
    assert_eq!(net.of_type(B, PAIR).len(), 1, "no resend");
    assert_eq!(net.of_type(A, PAIR).len(), 1, "one acknowledgement");
    assert!(net.nodes[B].session.is_settled());
}

#[test]
fn an_unacknowledged_message_goes_on_its_schedule_under_new_counters() {
    let (mut net, call) = connected("resends");
    net.faults.lost = 100;
    send(&mut net, B, A, call, status(1));
    net.run_until(1_000 + 60_999);
    // From the fourth on half as slow again: perhaps they wait behind each other.
    let slower = [750, 1_500].into_iter().chain((1..=58).map(|s| 1_500 + s * 1_000));
    let plan: Vec<u64> = [0, 100, 250, 500].into_iter().chain(slower).map(|t| 1_000 + t).collect();
    let frames = net.of_type(B, PAIR);
    assert_eq!(frames.iter().map(|frame| frame.at_ms).collect::<Vec<_>>(), plan);
    let counters: BTreeSet<_> = frames.iter().map(|frame| frame.data[10..18].to_vec()).collect();
    assert_eq!(counters.len(), frames.len());
    assert!(!net.nodes[B].session.is_settled(), "before the limit");
    net.run_until(1_000 + 61_000);
    assert!(net.nodes[B].session.is_settled(), "given up");
    net.run_until(200_000);
    assert_eq!(net.of_type(B, PAIR).len(), plan.len());
}

#[test]
fn after_giving_up_a_pair_says_nothing_more() {
    let (mut net, call) = connected("broken");
    net.faults.lost = 100;
    send(&mut net, B, A, call, status(1));
    net.run_until(70_000);
    net.faults.lost = 0;
    net.published.clear();
    send(&mut net, B, A, call, status(2));
    net.run_until(80_000);
    assert!(net.of_type(B, PAIR).is_empty(), "it could never be delivered in order");
    send(&mut net, A, B, call, status(3));
    net.run_until(90_000);
    assert_eq!(statuses(&net, B), [3], "the other direction goes on");
}

#[test]
fn a_lost_acknowledgement_is_repeated_for_the_duplicate() {
    let (mut net, call) = connected("lost ack");
    net.faults.lost = 100;
    send(&mut net, B, A, call, status(1));
    let frame = net.of_type(B, PAIR).remove(0);
    net.hand_over(A, frame.topic, &frame.data).expect("opens");
    assert_eq!(net.of_type(A, PAIR).len(), 1);
    net.faults.lost = 0;
    net.run_until(2_000);
    assert_eq!(statuses(&net, A), [1], "delivered once");
    assert_eq!(net.of_type(A, PAIR).len(), 2, "acknowledged twice");
    assert!(net.nodes[B].session.is_settled());
}

#[test]
fn early_messages_wait_for_their_turn() {
    let (mut net, call) = connected("early");
    for number in 1..=5 {
        send(&mut net, B, A, call, status(number));
    }
    let frames = net.of_type(B, PAIR);
    net.lose_everything();
    for place in [4, 2, 0, 3, 1] {
        net.hand_over(A, frames[place].topic, &frames[place].data).expect("opens");
        let delivered = if place == 1 { 5 } else { u32::from(place == 0 || place == 3) };
        assert_eq!(statuses(&net, A), (1..=delivered).collect::<Vec<_>>(), "after frame {place}");
    }
}

#[test]
fn no_more_messages_are_on_their_way_than_the_other_side_keeps() {
    let (mut net, call) = connected("many");
    net.faults.lost = 100;
    for number in 1..=100 {
        send(&mut net, B, A, call, status(number));
    }
    net.run_until(1_050);
    assert_eq!(net.of_type(B, PAIR).len(), 32);
    net.faults.lost = 0;
    net.run_until(20_000);
    assert_eq!(statuses(&net, A), (1..=100).collect::<Vec<_>>());
    assert!(!net.refused.iter().any(|(_, check)| *check == Check::MESSAGE_NUMBER), "{:?}", net.refused);
}

#[test]
fn a_queue_that_overflows_breaks_the_pair_instead_of_leaving_a_gap() {
    let (mut net, call) = connected("overflow");
    net.faults.lost = 100;
    for number in 0..=u32::try_from(PAIR_QUEUE_MAX).expect("few") {
        send(&mut net, B, A, call, status(number));
    }
    net.faults.lost = 0;
    net.run_until(70_000);
    assert!(statuses(&net, A).is_empty());
    assert!(net.nodes[B].session.is_settled());
}

#[test]
fn messages_wait_until_the_other_mailbox_has_a_subscriber() {
    let (mut net, call) = connected("away");
    let mailboxes: Vec<_> = net.nodes[B].subscribed.iter().copied().filter(|topic| *topic != net.inbox(A)).collect();
    for topic in &mailboxes {
        net.listen(A, *topic, false);
    }
    send(&mut net, B, A, call, status(1));
    net.run_until(30_000);
    assert!(net.of_type(B, PAIR).is_empty());
    for topic in &mailboxes {
        net.listen(A, *topic, true);
    }
    net.run_until(30_010);
    assert_eq!(statuses(&net, A), [1]);
    assert_eq!(net.of_type(B, PAIR)[0].at_ms, 30_000, "at once");
}

#[test]
fn an_acknowledgement_waits_for_a_subscriber_too() {
    let (mut net, call) = connected("ack away");
    send(&mut net, B, A, call, status(1));
    let frame = net.of_type(B, PAIR).remove(0);
    net.lose_everything();
    let topics: Vec<_> = net.nodes[A].subscribed.iter().copied().filter(|topic| *topic != net.inbox(B)).collect();
    for topic in &topics {
        net.listen(B, *topic, false);
    }
    net.hand_over(A, frame.topic, &frame.data).expect("opens");
    net.run_until(1_050);
    assert!(net.of_type(A, PAIR).is_empty());
    for topic in &topics {
        net.listen(B, *topic, true);
    }
    net.run_until(1_060);
    assert_eq!(net.of_type(A, PAIR).len(), 1);
}

#[test]
fn descriptions_of_every_length_arrive_whole() {
    let (mut net, call) = connected("descriptions");
    let lengths = [1, 3_839, 3_840, 3_841, 7_680, 7_681, 16_383, 16_384];
    for (number, length) in lengths.into_iter().enumerate() {
        let generation = u32::try_from(number).expect("few");
        let bytes: Vec<u8> = (0..length).map(|place| u8::try_from(place % 251).expect("a byte")).collect();
        let body = Description { link: 1, generation, kind: SdpKind::Offer, part: 0, parts: 1, bytes };
        send(&mut net, A, B, call, PairBody::Description(body));
        send(&mut net, A, B, call, status(generation));
    }
    net.run_until(10_000);
    let got: Vec<(u32, usize, bool)> = net
        .heard(B)
        .into_iter()
        .filter_map(|input| {
            let CallInput::Pair { body: PairBody::Description(d), .. } = input else { return None };
            let right = d.bytes.iter().enumerate().all(|(place, byte)| usize::from(*byte) == place % 251);
            Some((d.generation, d.bytes.len(), right && (d.part, d.parts) == (0, 1)))
        })
        .collect();
    let expected: Vec<_> = (0..).zip(lengths).map(|(generation, length)| (generation, length, true)).collect();
    assert_eq!(got, expected);
    assert_eq!(statuses(&net, B).len(), lengths.len(), "nothing else was lost or stuck");
}

#[test]
fn without_a_pair_nothing_is_sent() {
    let mut net = Net::pair("no pair");
    net.nodes[A].confirms = false;
    let call = net.ring(A, B, 7);
    net.run_until(10);
    send(&mut net, A, B, call, PairBody::HangUp(Reason::Cancelled));
    send(&mut net, B, A, call, status(1));
    send(&mut net, A, B, CallId([9; 16]), status(1));
    net.run_until(4_000);
    assert!(net.of_type(A, PAIR).is_empty(), "before confirm only confirm may go");
    assert!(net.of_type(B, PAIR).is_empty(), "and nothing of the callee");
}

#[test]
fn a_replayed_or_damaged_frame_changes_nothing() {
    let (mut net, call) = connected("damage");
    send(&mut net, B, A, call, status(1));
    let frame = net.of_type(B, PAIR).remove(0);
    net.lose_everything();
    for place in 0..frame.data.len() {
        let mut bad = frame.data.clone();
        bad[place] ^= 0x80;
        assert!(net.hand_over(A, frame.topic, &bad).is_err(), "byte {place}");
    }
    assert!(statuses(&net, A).is_empty());
    net.hand_over(A, frame.topic, &frame.data).expect("the good one");
    assert_eq!(net.hand_over(A, frame.topic, &frame.data), Err(Check::PAIR_WINDOW));
    assert_eq!(statuses(&net, A), [1]);
}
