//! Call frames, topics, and how a call is forgotten.

use super::net::{A, B, C, Net};
use super::pairs::{connected, send, status};
use crate::call::signal::CallInput;
use crate::ids::CallId;
use crate::inbound::Held;
use crate::limits::FRAMES_KEPT;
use crate::topic::Topic;
use crate::wire::bodies::{CallBody, Flags, PairBody, Reason};

const CALL: u8 = 0x41;
const PAIR: u8 = 0x31;

fn announce(state_seq: u32) -> CallBody {
    CallBody::Announce { state_seq, flags: Flags::default(), view: [0; 32], record: None }
}

fn broadcast(net: &mut Net, from: usize, call: CallId, body: CallBody) {
    net.act(from, |session, _| session.broadcast(call, body));
}

fn announces(net: &Net, who: usize) -> Vec<(u32, bool)> {
    let seen = |input: &CallInput| {
        let CallInput::Frame { body: CallBody::Announce { state_seq, record, .. }, .. } = input else { return None };
        Some((*state_seq, record.is_some()))
    };
    net.heard(who).into_iter().filter_map(seen).collect()
}

#[test]
fn the_first_three_announces_carry_our_record() {
    let (mut net, call) = connected("announces");
    for number in 1..=5 {
        broadcast(&mut net, A, call, announce(number));
    }
    net.run_until(1_100);
    assert_eq!(announces(&net, B), [(1, true), (2, true), (3, true), (4, false), (5, false)]);
    assert!(net.refused.is_empty(), "{:?}", net.refused);
}

#[test]
fn both_sides_hear_each_other_on_the_call_topic() {
    let (mut net, call) = connected("both");
    broadcast(&mut net, B, call, CallBody::Leave { state_seq: 9, reason: Reason::HungUp });
    net.run_until(1_100);
    let device = net.nodes[B].device();
    assert!(matches!(
        net.heard(A).last(),
        Some(CallInput::Frame { device: from, body: CallBody::Leave { state_seq: 9, .. }, .. }) if *from == device
    ));
}

#[test]
fn frames_wait_for_a_subscriber_and_only_the_newest_announce_is_kept() {
    let mut net = Net::pair("kept frames");
    net.listen(B, net.inbox(B), false);
    let call = net.ring(A, B, 7);
    for number in 1..=20 {
        broadcast(&mut net, A, call, announce(number));
    }
    assert!(net.of_type(A, CALL).is_empty());
    net.listen(B, net.inbox(B), true);
    net.run_until(1_000);
    assert_eq!(net.of_type(A, CALL).len(), 1);
    broadcast(&mut net, A, call, announce(21));
    net.run_until(2_000);
    assert_eq!(announces(&net, B).last().map(|(number, _)| *number), Some(21));
}

#[test]
fn at_most_8_frames_wait_for_a_subscriber_the_oldest_fall_out() {
    let mut net = Net::pair("many frames");
    net.listen(B, net.inbox(B), false);
    let call = net.ring(A, B, 7);
    for state_seq in 1..=20 {
        broadcast(&mut net, A, call, CallBody::Leave { state_seq, reason: Reason::HungUp });
    }
    net.listen(B, net.inbox(B), true);
    net.run_until(1_000);
    assert_eq!(net.of_type(A, CALL).len(), FRAMES_KEPT);
}

#[test]
fn no_counter_is_used_twice_under_a_salt() {
    let (mut net, call) = connected("counters");
    for number in 1..=10 {
        broadcast(&mut net, A, call, announce(number));
    }
    let mut heads: Vec<_> = net.of_type(A, CALL).iter().map(|frame| frame.data[14..38].to_vec()).collect();
    heads.sort_unstable();
    heads.dedup();
    assert_eq!(heads.len(), 10);
}

#[test]
fn a_damaged_call_frame_is_refused() {
    let (mut net, call) = connected("damaged frame");
    broadcast(&mut net, A, call, announce(1));
    let frame = net.of_type(A, CALL).remove(0);
    net.lose_everything();
    for place in (0..frame.data.len()).step_by(7) {
        let mut bad = frame.data.clone();
        bad[place] ^= 1;
        assert!(net.hand_over(B, frame.topic, &bad).is_err(), "byte {place}");
    }
    assert!(announces(&net, B).is_empty());
}

#[test]
fn topics_are_held_as_what_they_are() {
    let (net, _) = connected("held");
    let node = &net.nodes[A];
    let held: Vec<Topic> = net.nodes[B].subscribed.iter().copied().filter(|topic| *topic != net.inbox(A)).collect();
    assert_eq!(held.len(), 2, "A's mailbox and the call topic");
    let mut kinds: Vec<bool> = Vec::new();
    for topic in held {
        kinds.push(match node.session.held(&topic, node.device()) {
            Some(Held::Mailbox { .. }) => true,
            Some(Held::Call) => false,
            other => panic!("held as {other:?}"),
        });
    }
    kinds.sort_unstable();
    assert_eq!(kinds, [false, true]);
    assert!(node.session.held(&Topic([b'a'; 32]), node.device()).is_none());
}

#[test]
fn a_forgotten_call_leaves_its_topics_once_its_last_words_are_acknowledged() {
    let (mut net, call) = connected("last words");
    send(&mut net, A, B, call, PairBody::HangUp(Reason::HungUp));
    net.act(A, |session, cx| session.forget(call, cx));
    net.run_until(1_999);
    assert!(matches!(net.heard(B).last(), Some(CallInput::Pair { body: PairBody::HangUp(_), .. })));
    assert_eq!(net.nodes[B].subscribed.len(), 3, "it lingers to acknowledge");
    net.run_until(2_000);
    assert_eq!(net.nodes[B].subscribed.len(), 1, "A's inbox only");
    assert!(net.nodes[A].session.next_timer_ms().is_none());
    assert!(net.nodes[A].session.roster(call).is_none());
}

#[test]
fn last_words_that_nobody_acknowledges_keep_the_topics_for_5_seconds() {
    let (mut net, call) = connected("nobody listens");
    net.faults.lost = 100;
    send(&mut net, A, B, call, PairBody::HangUp(Reason::HungUp));
    net.act(A, |session, cx| session.forget(call, cx));
    net.run_until(5_999);
    assert_eq!(net.nodes[B].subscribed.len(), 3);
    assert!(!net.nodes[A].session.is_settled());
    net.run_until(6_000);
    assert_eq!(net.nodes[B].subscribed.len(), 1);
    assert!(net.nodes[A].session.is_settled());
    let last = net.of_type(A, PAIR).last().expect("resends").at_ms;
    net.run_until(60_000);
    assert_eq!(net.of_type(A, PAIR).last().expect("resends").at_ms, last);
}

#[test]
fn a_forgotten_call_acknowledges_but_hears_nothing() {
    let (mut net, call) = connected("deaf");
    net.act(A, |session, cx| session.forget(call, cx));
    let before = net.nodes[A].heard.len();
    send(&mut net, B, A, call, status(1));
    broadcast(&mut net, B, call, announce(1));
    net.run_until(1_500);
    assert_eq!(net.nodes[A].heard.len(), before);
    assert!(net.nodes[B].session.is_settled(), "it was acknowledged");
}

#[test]
fn forgetting_stops_offers() {
    let mut net = Net::pair("forgotten offer");
    net.faults.lost = 100;
    let call = net.ring(A, B, 7);
    net.run_until(120);
    let sent = net.published.len();
    net.act(A, |session, cx| session.forget(call, cx));
    net.run_until(70_000);
    assert_eq!(net.published.len(), sent);
    assert!(net.nodes[A].heard.is_empty());
}

#[test]
fn an_invited_account_is_in_the_roster() {
    let (mut net, call) = connected("invite");
    let account = crate::ids::AccountId([0x55; 32]);
    assert_eq!(net.nodes[B].session.roster(call).map(<[_]>::len), Some(2));
    broadcast(&mut net, A, call, CallBody::Invite { state_seq: 1, account, devices: None });
    net.run_until(1_100);
    assert!(net.nodes[B].session.roster(call).is_some_and(|roster| roster.contains(&account)));
}

/// Bob and Carol are in Alice's call and have no pair with each other.
#[test]
fn a_newcomer_changes_nothing_but_hears_who_we_are() {
    let mut net = Net::new("newcomer", &["alice", "bob", "carol"]);
    let call = net.ring(A, B, 7);
    net.ring(A, C, 7);
    net.run_until(1_000);
    for number in 1..=3 {
        broadcast(&mut net, B, call, announce(number));
    }
    net.run_until(1_100);
    let carries_record = |net: &Net| net.of_type(B, CALL).last().is_some_and(|frame| frame.data.len() > 256);
    assert!(carries_record(&net));
    broadcast(&mut net, B, call, announce(4));
    net.run_until(1_200);
    assert!(!carries_record(&net));
    let before = net.nodes[B].heard.len();
    broadcast(&mut net, C, call, announce(1));
    net.run_until(1_300);
    assert_eq!(net.nodes[B].heard.len(), before, "Carol is unverified");
    assert!(matches!(net.heard(A).last(), Some(CallInput::Frame { .. })), "to Alice she isn't");
    broadcast(&mut net, B, call, announce(5));
    net.run_until(1_400);
    assert!(carries_record(&net));
}
