//! Offers that we answered: what waits for confirm, for how long, and what never rings.

use ahoy_crypto::Check;

use super::net::{A, B, C, Net, Published};
use crate::call::signal::CallInput;
use crate::ids::CallId;
use crate::limits::{ANSWERING_MAX, SESSION_CALLS_MAX};
use crate::wire::bodies::{CallBody, PairBody, Purpose, Reason};

const OFFER: u8 = 0x11;
const ANSWER: u8 = 0x21;
const PAIR: u8 = 0x31;

/// An offer that was answered and whose caller doesn't confirm.
fn unconfirmed(seed: &str) -> (Net, CallId) {
    let mut net = Net::pair(seed);
    net.nodes[A].confirms = false;
    let call = net.ring(A, B, 7);
    net.run_until(1);
    assert!(matches!(net.heard(A).as_slice(), [CallInput::Reached { .. }]));
    (net, call)
}

fn confirm(net: &mut Net, call: CallId) {
    let device = net.nodes[B].device();
    net.act(A, |session, _| session.confirm(call, device));
    net.run_until(net.now_ms + 1);
}

fn count(net: &Net, who: usize, wanted: fn(&CallInput) -> bool) -> usize {
    net.heard(who).into_iter().filter(|input| wanted(input)).count()
}

fn is_unconfirmed(input: &CallInput) -> bool {
    matches!(input, CallInput::Unconfirmed { .. })
}

fn is_confirmed(input: &CallInput) -> bool {
    matches!(input, CallInput::Confirmed { .. })
}

#[test]
fn without_confirm_for_5_seconds_it_is_told_once() {
    let (mut net, _) = unconfirmed("silence");
    net.run_until(4_999);
    assert_eq!(count(&net, B, is_unconfirmed), 0, "before the limit");
    net.run_until(5_000);
    assert_eq!(count(&net, B, is_unconfirmed), 1, "at the limit");
    net.run_until(120_000);
    assert_eq!(count(&net, B, is_unconfirmed), 1, "after the limit");
    assert!(net.nodes[B].session.next_timer_ms().is_none(), "nothing is kept");
}

#[test]
fn a_confirm_in_time_is_never_told_as_missing() {
    let (mut net, call) = unconfirmed("in time");
    net.run_until(4_998);
    confirm(&mut net, call);
    net.run_until(120_000);
    assert_eq!((count(&net, B, is_confirmed), count(&net, B, is_unconfirmed)), (1, 0));
}

#[test]
fn a_confirm_after_the_missed_call_still_counts_to_the_end_of_ttl() {
    let (mut net, call) = unconfirmed("late confirm");
    net.run_until(60_000);
    assert_eq!(count(&net, B, is_unconfirmed), 1);
    confirm(&mut net, call);
    assert_eq!(count(&net, B, is_confirmed), 1);
}

#[test]
fn a_confirm_after_ttl_finds_nothing() {
    let (mut net, call) = unconfirmed("too late");
    net.run_until(60_000);
    net.now_ms = 60_001;
    confirm(&mut net, call);
    net.run_until(62_000);
    assert_eq!(count(&net, B, is_confirmed), 0);
    assert!(net.refused.contains(&(B, Check::PAIR_TAG)), "{:?}", net.refused);
}

#[test]
fn the_mailbox_is_held_while_a_confirm_may_come() {
    let (mut net, _) = unconfirmed("mailbox");
    let subscribed = |net: &Net| net.nodes[A].subscribed.len();
    assert_eq!(subscribed(&net), 2, "B's inbox and B's mailbox");
    net.run_until(60_000);
    assert_eq!(subscribed(&net), 2);
    net.run_until(60_002);
    assert_eq!(subscribed(&net), 1, "B's inbox only");
}

#[test]
fn an_answer_goes_eight_times_within_5_seconds_with_a_new_copy_each() {
    let mut net = Net::pair("copies");
    net.faults.lost = 100;
    net.ring(A, B, 7);
    let offer = net.of_type(A, OFFER).remove(0);
    net.hand_over(B, offer.topic, &offer.data).expect("a good offer");
    net.run_until(60_000);
    let answers = net.of_type(B, ANSWER);
    let times: Vec<u64> = answers.iter().map(|answer| answer.at_ms).collect();
    assert_eq!(times, [0, 100, 250, 500, 1_000, 2_000, 3_000, 4_000]);
    let copies: Vec<u8> = answers.iter().map(|answer| answer.data[19]).collect();
    assert_eq!(copies, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert!(answers.iter().all(|answer| answer.data[20..] == answers[0].data[20..]), "one message 2");
}

#[test]
fn only_the_newest_answer_of_a_call_and_device_is_repeated() {
    let mut net = Net::pair("newest answer");
    net.faults.lost = 100;
    net.ring(A, B, 7);
    net.run_until(20);
    net.run_until(120);
    let offers = net.of_type(A, OFFER);
    for offer in &offers[..2] {
        net.hand_over(B, offer.topic, &offer.data).expect("a good offer");
    }
    net.run_until(5_500);
    let answers = net.of_type(B, ANSWER);
    let tag = |answer: &Published| answer.data[10..18].to_vec();
    let first = tag(&answers[0]);
    assert_eq!(answers.iter().filter(|answer| tag(answer) == first).count(), 1);
    assert_eq!(answers.iter().filter(|answer| tag(answer) != first).count(), 8);
}

/// Somebody recorded an offer and sends it again, after the replay cache has forgotten it.
#[test]
fn a_replayed_offer_is_answered_and_never_confirmed() {
    let mut net = Net::pair("replay");
    let call = net.ring(A, B, 7);
    net.run_until(1_000);
    let offer = net.of_type(A, OFFER).remove(0);
    for who in [A, B] {
        net.act(who, |session, cx| session.forget(call, cx));
    }
    net.run_until(700_000);
    assert_eq!(net.hand_over(B, offer.topic, &offer.data), Err(Check::REPLAY));
    for round in 1..=3u64 {
        net.nodes[B].replays.clear();
        net.hand_over(B, offer.topic, &offer.data).expect("a good offer, long ago");
        net.run_until(700_000 + round * 100_000);
    }
    assert_eq!(count(&net, B, is_confirmed), 1, "the real one");
    assert_eq!(count(&net, B, is_unconfirmed), 3, "history takes the call id once");
}

#[test]
fn the_same_handshake_is_answered_once() {
    let (mut net, _) = unconfirmed("same handshake");
    let offer = net.of_type(A, OFFER).remove(0);
    let answers = net.of_type(B, ANSWER).len();
    net.nodes[B].replays.clear();
    net.hand_over(B, offer.topic, &offer.data).expect("it opens");
    net.run_until(10);
    assert_eq!(net.of_type(B, ANSWER).len(), answers);
    assert_eq!(count(&net, B, |input| matches!(input, CallInput::Offer { .. })), 1);
}

#[test]
fn confirm_erases_the_other_handshakes_of_the_call_and_device() {
    let mut net = Net::pair("erase");
    net.nodes[A].confirms = false;
    net.faults.lost = 100;
    let call = net.ring(A, B, 7);
    net.run_until(120);
    let offers = net.of_type(A, OFFER);
    for offer in &offers {
        net.hand_over(B, offer.topic, &offer.data).expect("a good offer");
    }
    net.faults.lost = 0;
    let answers = net.of_type(B, ANSWER);
    assert_eq!(answers.len(), 2);
    net.hand_over(A, answers[0].topic, &answers[0].data).expect("the first attempt's answer");
    confirm(&mut net, call);
    assert_eq!(count(&net, B, is_confirmed), 1);
    // Nothing of the second attempt waits any more: its answer isn't repeated, its time doesn't run.
    net.run_until(4_000);
    assert_eq!(net.of_type(B, ANSWER).len(), 2);
    assert!(net.nodes[B].session.next_timer_ms().is_none());
}

#[test]
fn at_most_64_handshakes_wait_and_the_oldest_falls_out() {
    let mut net = Net::pair("many");
    net.nodes[A].confirms = false;
    let calls: Vec<CallId> =
        (0..=u8::try_from(ANSWERING_MAX).expect("few")).map(|number| net.ring(A, B, number + 1)).collect();
    net.run_until(1);
    assert_eq!(count(&net, A, |input| matches!(input, CallInput::Reached { .. })), ANSWERING_MAX + 1);
    assert_eq!(count(&net, B, is_unconfirmed), 1, "the one without room counts as missed at once");
    confirm(&mut net, calls[0]);
    assert_eq!(count(&net, B, is_confirmed), 0, "its handshake is gone");
    for call in &calls[1..] {
        confirm(&mut net, *call);
    }
    assert_eq!(count(&net, B, is_confirmed), ANSWERING_MAX);
}

#[test]
fn many_offers_of_one_push_out_nobody_else_s_handshake() {
    let mut net = Net::new("crowded", &["alice", "bob", "carol"]);
    net.nodes[A].confirms = false;
    net.nodes[C].confirms = false;
    let hers = net.ring(C, B, 200);
    net.run_until(1);
    for number in 1..=u8::try_from(ANSWERING_MAX).expect("few") + 10 {
        net.ring(A, B, number);
    }
    net.run_until(2);
    let device = net.nodes[B].device();
    net.act(C, |session, _| session.confirm(hers, device));
    net.run_until(50);
    assert_eq!(count(&net, B, is_confirmed), 1);
}

#[test]
fn a_confirm_that_finds_no_room_counts_once_there_is_some() {
    let mut net = Net::pair("room later");
    for number in 0..=u8::try_from(SESSION_CALLS_MAX).expect("few") {
        net.ring(A, B, number + 1);
        net.run_until(net.now_ms + 10);
    }
    assert_eq!(count(&net, B, is_confirmed), SESSION_CALLS_MAX);
    net.act(B, |session, cx| session.forget(CallId([1; 16]), cx));
    net.run_until(net.now_ms + 10_000);
    assert_eq!(count(&net, B, is_confirmed), SESSION_CALLS_MAX + 1);
}

#[test]
fn at_most_64_calls_have_keys_here() {
    let mut net = Net::pair("calls");
    let last = u8::try_from(SESSION_CALLS_MAX).expect("few");
    for number in 0..=last {
        net.ring(A, B, number + 1);
        net.run_until(net.now_ms + 10);
    }
    assert_eq!(count(&net, B, is_confirmed), SESSION_CALLS_MAX);
    assert!(net.nodes[B].session.roster(CallId([last + 1; 16])).is_none());
}

#[test]
fn a_second_offer_of_a_running_call_replaces_the_pair() {
    let mut net = Net::pair("again");
    let call = net.ring(A, B, 7);
    net.run_until(1_000);
    let (a, b) = (net.nodes[A].device(), net.nodes[B].device());
    let first = net.nodes[B].session.sas(call, a).expect("confirmed").to_owned();
    let again = net.offer(7, Purpose::Ring);
    net.start(A, B, again);
    net.run_until(2_000);
    assert_eq!(count(&net, B, is_confirmed), 2);
    let second = net.nodes[B].session.sas(call, a).expect("confirmed").to_owned();
    assert_eq!(net.nodes[A].session.sas(call, b), Some(second.as_str()));
    assert_ne!(first, second);
    net.act(B, |session, _| session.send_pair(call, a, PairBody::HangUp(Reason::HungUp)));
    net.run_until(3_000);
    assert!(matches!(net.heard(A).last(), Some(CallInput::Pair { body: PairBody::HangUp(_), .. })));
    // We sign with one key in all our pairs of a call.
    net.act(B, |session, _| session.broadcast(call, CallBody::Leave { state_seq: 1, reason: Reason::HungUp }));
    net.run_until(4_000);
    assert!(matches!(net.heard(A).last(), Some(CallInput::Frame { .. })), "{:?}", net.refused);
}

#[test]
fn two_devices_that_offer_the_same_call_hear_the_same_signing_key() {
    let mut net = Net::new("two offerers", &["alice", "bob", "carol"]);
    net.nodes[A].confirms = false;
    net.nodes[C].confirms = false;
    let call = net.ring(A, B, 7);
    net.ring(C, B, 7);
    net.run_until(10);
    confirm(&mut net, call);
    let device = net.nodes[B].device();
    net.act(C, |session, _| session.confirm(call, device));
    net.run_until(1_000);
    assert_eq!(count(&net, B, is_confirmed), 2);
    net.act(B, |session, _| session.broadcast(call, CallBody::Leave { state_seq: 1, reason: Reason::HungUp }));
    net.run_until(2_000);
    for who in [A, C] {
        assert!(matches!(net.heard(who).last(), Some(CallInput::Frame { .. })), "{who}: {:?}", net.refused);
    }
}

#[test]
fn of_two_secrets_under_one_call_id_the_first_confirmed_is_the_call() {
    let mut net = Net::new("two secrets", &["alice", "bob", "carol"]);
    net.nodes[A].confirms = false;
    net.nodes[C].confirms = false;
    let call = net.ring(A, B, 7);
    let mut other = net.offer(7, Purpose::Ring);
    other.secret = ahoy_crypto::Secret::new([99; 32]);
    net.start(C, B, other);
    net.run_until(10);
    confirm(&mut net, call);
    let device = net.nodes[B].device();
    net.act(C, |session, _| session.confirm(call, device));
    net.run_until(1_000);
    assert_eq!(count(&net, B, is_confirmed), 1);
    let (a, c) = (net.nodes[A].device(), net.nodes[C].device());
    assert!(net.nodes[B].session.sas(call, a).is_some());
    assert!(net.nodes[B].session.sas(call, c).is_none());
}

#[test]
fn what_is_being_forgotten_is_not_answered_again() {
    let mut net = Net::pair("forgotten and offered");
    let call = net.ring(A, B, 7);
    net.run_until(1_000);
    net.act(B, |session, cx| session.forget(call, cx));
    let answers = net.of_type(B, ANSWER).len();
    let again = net.offer(7, Purpose::Ring);
    net.start(A, B, again);
    net.run_until(1_900);
    assert_eq!(net.of_type(B, ANSWER).len(), answers);
}

#[test]
fn an_unconfirmed_offer_to_link_is_no_missed_call() {
    let mut net = Net::pair("link unconfirmed");
    net.nodes[A].confirms = false;
    let offer = net.offer(7, Purpose::Link);
    net.start(A, B, offer);
    net.run_until(70_000);
    assert!(matches!(net.nodes[B].linking.as_slice(), [CallInput::Offer { .. }]));
    assert!(net.nodes[B].heard.is_empty());
}

#[test]
fn another_secret_under_a_known_call_id_is_not_answered() {
    let mut net = Net::pair("another secret");
    net.ring(A, B, 7);
    net.run_until(1_000);
    let answers = net.of_type(B, ANSWER).len();
    net.act(A, |session, cx| session.forget(CallId([7; 16]), cx));
    net.run_until(10_000);
    let mut forged = net.offer(7, Purpose::Ring);
    forged.secret = ahoy_crypto::Secret::new([99; 32]);
    net.start(A, B, forged);
    net.run_until(20_000);
    assert_eq!(net.of_type(B, ANSWER).len(), answers);
    assert_eq!(count(&net, B, |input| matches!(input, CallInput::Offer { .. })), 1);
}

#[test]
fn what_overtakes_confirm_waits_for_it() {
    let (mut net, call) = unconfirmed("overtaken");
    let device = net.nodes[B].device();
    net.act(A, |session, _| session.confirm(call, device));
    net.act(A, |session, _| session.send_pair(call, device, PairBody::HangUp(Reason::Cancelled)));
    let frames = net.of_type(A, PAIR);
    net.lose_everything();
    net.hand_over(B, frames[1].topic, &frames[1].data).expect("message 2");
    assert_eq!(count(&net, B, is_confirmed), 0);
    net.hand_over(B, frames[0].topic, &frames[0].data).expect("message 1");
    let heard = net.heard(B);
    assert!(matches!(
        heard[heard.len() - 2..],
        [CallInput::Confirmed { .. }, CallInput::Pair { body: PairBody::HangUp(_), .. }]
    ));
}

#[test]
fn a_forgotten_call_is_confirmed_no_more() {
    let (mut net, call) = unconfirmed("forgotten");
    net.act(B, |session, cx| session.forget(call, cx));
    confirm(&mut net, call);
    net.run_until(70_000);
    assert_eq!((count(&net, B, is_confirmed), count(&net, B, is_unconfirmed)), (0, 0));
}
