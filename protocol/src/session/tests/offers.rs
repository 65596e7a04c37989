//! Offers: how often they go, what becomes of them, who is heard.

use ahoy_crypto::{CallKeys, Check, SignKey};

use super::net::{A, B, C, Faults, Net};
use crate::call::signal::CallInput;
use crate::inbound::{Sealed, receive};
use crate::outbound::{FrameSender, Message, answer, call_frame, pair_frame};
use crate::testing::rng;
use crate::topic::Topic;
use crate::wire::bodies::{CallBody, Hello, InboxBody, PairBody, Purpose, Reason, Verdict};

/// Types of gossip messages.
const OFFER: u8 = 0x11;
const ANSWER: u8 = 0x21;
const PAIR: u8 = 0x31;

/// The times at which an unanswered offer goes, ms.
fn plan() -> Vec<u64> {
    [0, 100, 250, 500].into_iter().chain((1..=60).map(|second| second * 1_000)).collect()
}

/// Names of what a device's call core heard.
fn kinds(net: &Net, who: usize) -> Vec<String> {
    let name = |input: &CallInput| format!("{input:?}").split(' ').next().unwrap_or_default().to_owned();
    net.heard(who).into_iter().map(name).collect()
}

#[test]
fn an_offer_reaches_a_device_and_its_confirm_comes_back() {
    let mut net = Net::pair("plain");
    let call = net.ring(A, B, 7);
    net.run_until(1_000);
    assert_eq!(kinds(&net, A), ["Reached"]);
    assert_eq!(kinds(&net, B), ["Offer", "Confirmed"]);
    let (a, b) = (net.nodes[A].device(), net.nodes[B].device());
    let string = net.nodes[A].session.sas(call, b).expect("confirmed").to_owned();
    assert_eq!(net.nodes[B].session.sas(call, a), Some(string.as_str()));
    assert_eq!(string.len(), 6);
}

#[test]
fn after_the_answer_no_offer_goes_and_nothing_is_left_waiting() {
    let mut net = Net::pair("quiet");
    net.ring(A, B, 7);
    net.run_until(70_000);
    assert_eq!(net.of_type(A, OFFER).len(), 1);
    assert_eq!(net.of_type(B, ANSWER).len(), 1);
    assert_eq!(kinds(&net, A), ["Reached"]);
    assert_eq!(kinds(&net, B), ["Offer", "Confirmed"]);
    assert!(net.nodes.iter().all(|node| node.session.next_timer_ms().is_none()));
    assert!(net.nodes.iter().all(|node| node.session.is_settled()));
}

#[test]
fn an_unanswered_offer_goes_64_times_sealed_anew_and_expires() {
    let mut net = Net::pair("nobody answers");
    net.faults = Faults { lost: 100, ..Faults::default() };
    net.ring(A, B, 7);
    net.run_until(60_999);
    assert_eq!(net.times(A, net.inbox(B)), plan());
    assert!(kinds(&net, A).is_empty(), "before the limit");
    net.run_until(61_000);
    assert_eq!(kinds(&net, A), ["OfferExpired"]);
    net.run_until(200_000);
    assert_eq!(net.times(A, net.inbox(B)), plan(), "and no more");
    let mut sent: Vec<_> = net.of_type(A, OFFER).into_iter().map(|p| p.data).collect();
    sent.sort_unstable();
    sent.dedup();
    assert_eq!(sent.len(), 64, "gossip drops equal bytes");
}

#[test]
fn attempts_are_numbered_from_0() {
    let mut net = Net::pair("attempts");
    net.faults.lost = 100;
    net.ring(A, B, 7);
    net.run_until(60_500);
    for offer in net.of_type(A, OFFER) {
        net.hand_over(B, offer.topic, &offer.data).expect("a good offer");
    }
    let attempt = |input: &CallInput| {
        let CallInput::Offer { offer, .. } = input else { return None };
        Some(offer.attempt)
    };
    let attempts: Vec<u8> = net.heard(B).into_iter().filter_map(attempt).collect();
    assert_eq!(attempts, (0..64).collect::<Vec<_>>());
}

#[test]
fn without_a_subscriber_an_offer_waits_until_it_counts_as_unreached() {
    let mut net = Net::pair("not there");
    net.listen(B, net.inbox(B), false);
    net.ring(A, B, 7);
    net.run_until(9_999);
    assert!(kinds(&net, A).is_empty(), "before the limit");
    assert!(net.published.is_empty());
    net.run_until(10_000);
    assert_eq!(kinds(&net, A), ["Unreached"]);
    net.listen(B, net.inbox(B), true);
    net.run_until(20_000);
    assert!(net.published.is_empty(), "too late");
    assert_eq!(kinds(&net, A), ["Unreached"]);
}

#[test]
fn a_subscriber_at_the_last_moment_gets_the_offer_at_once() {
    let mut net = Net::pair("late");
    net.listen(B, net.inbox(B), false);
    net.ring(A, B, 7);
    net.run_until(9_999);
    net.listen(B, net.inbox(B), true);
    net.run_until(10_500);
    assert_eq!(net.times(A, net.inbox(B)), [9_999]);
    assert_eq!(kinds(&net, A), ["Reached"]);
    assert_eq!(kinds(&net, B), ["Offer", "Confirmed"]);
}

#[test]
fn an_offer_goes_as_soon_as_the_prekey_of_a_subscriber_is_known() {
    let mut net = Net::pair("its prekey comes last");
    net.nodes[B].unknown = true;
    net.ring(A, B, 7);
    net.run_until(300);
    net.nodes[B].unknown = false;
    let device = net.nodes[B].device();
    net.act(A, |session, cx| session.route_known(device, cx.now_ms()));
    net.run_until(500);
    assert_eq!(net.times(A, net.inbox(B)), [300]);
    assert_eq!(kinds(&net, A), ["Reached"]);
}

#[test]
fn a_subscriber_that_goes_and_comes_back_gets_the_next_attempt_at_once() {
    let mut net = Net::pair("comes back");
    net.faults.lost = 100;
    net.ring(A, B, 7);
    net.run_until(1_100);
    net.listen(B, net.inbox(B), false);
    net.run_until(7_300);
    net.faults.lost = 0;
    net.listen(B, net.inbox(B), true);
    net.run_until(7_400);
    assert_eq!(net.times(A, net.inbox(B)), [0, 100, 250, 500, 1_000, 7_300]);
    assert_eq!(kinds(&net, A), ["Reached"]);
}

#[test]
fn an_offer_whose_only_hearer_has_left_counts_as_unreached_at_the_same_limit() {
    let mut net = Net::pair("left");
    net.faults.lost = 100;
    net.ring(A, B, 7);
    net.run_until(300);
    net.listen(B, net.inbox(B), false);
    net.run_until(9_999);
    assert!(kinds(&net, A).is_empty(), "before the limit");
    net.run_until(10_000);
    assert_eq!(kinds(&net, A), ["Unreached"]);
    net.run_until(120_000);
    assert_eq!(kinds(&net, A), ["Unreached"]);
}

#[test]
fn an_old_attempt_may_still_be_answered_if_it_is_one_of_the_last_16() {
    let mut net = Net::pair("old attempts");
    net.faults.lost = 100;
    net.ring(A, B, 7);
    net.run_until(20_000);
    let sent = net.of_type(A, OFFER);
    net.faults.lost = 0;
    let stale = &sent[sent.len() - 17];
    net.hand_over(B, stale.topic, &stale.data).expect("a good offer");
    net.run_until(20_010);
    assert!(net.refused.contains(&(A, Check::PAIR_TAG)), "the 17th last has been forgotten: {:?}", net.refused);
    assert!(kinds(&net, A).is_empty());
    let kept = &sent[sent.len() - 16];
    net.hand_over(B, kept.topic, &kept.data).expect("a good offer");
    net.run_until(20_020);
    assert_eq!(kinds(&net, A), ["Reached"]);
}

#[test]
fn the_first_good_answer_wins_and_others_find_nothing_waiting() {
    let mut net = Net::pair("two answers");
    net.faults.lost = 100;
    net.ring(A, B, 7);
    net.run_until(120);
    let sent = net.of_type(A, OFFER);
    assert_eq!(sent.len(), 2);
    net.faults = Faults::default();
    net.nodes[A].confirms = false;
    for offer in &sent {
        net.hand_over(B, offer.topic, &offer.data).expect("a good offer");
    }
    net.run_until(130);
    assert_eq!(kinds(&net, A), ["Reached"]);
    assert_eq!(net.refused, [(A, Check::PAIR_TAG)]);
}

#[test]
fn a_damaged_answer_does_not_use_up_the_handshake() {
    let mut net = Net::pair("damaged answer");
    net.ring(A, B, 7);
    let offer = net.of_type(A, OFFER).remove(0);
    net.lose_everything();
    net.hand_over(B, offer.topic, &offer.data).expect("a good offer");
    let answer = net.of_type(B, ANSWER).remove(0);
    net.lose_everything();
    for place in 0..answer.data.len() {
        let mut bad = answer.data.clone();
        bad[place] ^= 1;
        assert!(net.hand_over(A, answer.topic, &bad).is_err(), "byte {place}");
    }
    assert!(kinds(&net, A).is_empty());
    net.hand_over(A, answer.topic, &answer.data).expect("the good one");
    assert_eq!(kinds(&net, A), ["Reached"]);
}

#[test]
fn a_cancelled_offer_never_confirms_and_goes_no_more() {
    let mut net = Net::pair("cancelled");
    net.faults.lost = 100;
    let call = net.ring(A, B, 7);
    net.run_until(120);
    let offers = net.of_type(A, OFFER);
    net.faults = Faults::default();
    let device = net.nodes[B].device();
    net.act(A, |session, cx| session.cancel(call, device, Reason::Cancelled, cx));
    net.run_until(30_000);
    assert_eq!(net.of_type(A, OFFER).len(), 3, "two offers and the cancel, which gets its receipt");
    assert!(matches!(net.nodes[B].letters.as_slice(), [(_, InboxBody::Cancel(cancel))] if cancel.call == call));
    net.hand_over(B, offers[1].topic, &offers[1].data).expect("a late offer");
    net.run_until(60_000);
    assert!(net.of_type(A, PAIR).is_empty(), "no confirm");
    assert!(kinds(&net, A).is_empty());
    assert!(net.refused.contains(&(A, Check::PAIR_TAG)));
}

#[test]
fn a_cancel_between_answer_and_confirm_prevents_the_confirm() {
    let mut net = Net::pair("cancelled late");
    net.nodes[A].confirms = false;
    let call = net.ring(A, B, 7);
    net.run_until(10);
    assert_eq!(kinds(&net, A), ["Reached"]);
    let device = net.nodes[B].device();
    net.act(A, |session, cx| session.cancel(call, device, Reason::Cancelled, cx));
    net.act(A, |session, _| session.confirm(call, device));
    net.run_until(70_000);
    assert!(net.of_type(A, PAIR).is_empty());
    assert_eq!(kinds(&net, B), ["Offer", "Unconfirmed"]);
}

#[test]
fn each_device_of_the_callee_has_an_offer_of_its_own() {
    let mut net = Net::new("devices", &["alice", "bob", "bob's other"]);
    net.ring(A, B, 7);
    let offer = net.offer(7, Purpose::Ring);
    let call = net.start(A, C, offer);
    net.run_until(1_000);
    assert_eq!(kinds(&net, A), ["Reached", "Reached"]);
    assert_eq!(kinds(&net, B), ["Offer", "Confirmed"]);
    assert_eq!(kinds(&net, C), ["Offer", "Confirmed"]);
    let (b, c) = (net.nodes[B].device(), net.nodes[C].device());
    let session = &net.nodes[A].session;
    assert_ne!(session.sas(call, b).expect("B"), session.sas(call, c).expect("C"));
}

#[test]
fn what_is_offered_to_link_a_device_is_no_call() {
    let mut net = Net::pair("link");
    let offer = net.offer(7, Purpose::Link);
    let call = net.start(A, B, offer);
    net.run_until(1_000);
    assert!(net.nodes.iter().all(|node| node.heard.is_empty()));
    assert!(matches!(net.nodes[A].linking.as_slice(), [CallInput::Reached { .. }]));
    assert!(matches!(net.nodes[B].linking.as_slice(), [CallInput::Offer { .. }, CallInput::Confirmed { .. }]));
    let (a, b) = (net.nodes[A].device(), net.nodes[B].device());
    net.act(B, |session, _| session.send_pair(call, a, PairBody::Verdict(Verdict::Ringing)));
    net.act(A, |session, _| session.send_pair(call, b, PairBody::LinkEnd(0)));
    net.run_until(2_000);
    assert!(net.refused.contains(&(A, Check::PURPOSE)), "a verdict isn't of a link pair: {:?}", net.refused);
    assert!(matches!(net.nodes[B].linking.last(), Some(CallInput::Pair { body: PairBody::LinkEnd(0), .. })));
}

/// Two participants of a call that a third one offered open a pair of their own.
#[test]
fn an_offer_within_a_call_goes_to_the_others_mailbox() {
    let mut net = Net::new("pair offer", &["alice", "bob", "carol"]);
    let call = net.ring(A, B, 7);
    net.ring(A, C, 7);
    net.run_until(1_000);
    net.published.clear();
    let offer = net.offer(7, Purpose::Pair);
    net.start(B, C, offer);
    net.run_until(2_000);
    assert!(net.refused.is_empty(), "{:?}", net.refused);
    assert_eq!(kinds(&net, B), ["Offer", "Confirmed", "Reached"]);
    assert_eq!(kinds(&net, C), ["Offer", "Confirmed", "Offer", "Confirmed"]);
    assert!(net.times(B, net.inbox(C)).is_empty(), "not to the inbox");
    let (b, c) = (net.nodes[B].device(), net.nodes[C].device());
    let string = net.nodes[B].session.sas(call, c).expect("confirmed").to_owned();
    assert_eq!(net.nodes[C].session.sas(call, b), Some(string.as_str()));
}

/// A callee that keeps no rules: it speaks before the caller has confirmed.
#[test]
fn a_callee_that_speaks_before_confirm_is_not_heard() {
    let mut net = Net::pair("forward");
    net.nodes[A].confirms = false;
    net.ring(A, B, 7);
    let offer = net.offer(7, Purpose::Ring);
    let keys = CallKeys::new(&offer.call.0, &offer.secret);
    let sent = net.of_type(A, OFFER).remove(0);
    net.lose_everything();
    let held = net.nodes[B].held(&sent.topic, super::node::START_S);
    let Ok(Sealed::Envelope(sealed)) = receive(sent.topic, &sent.data, held) else { panic!("an envelope") };
    let opened = sealed.open(&mut net.nodes[B]).expect("opens");
    let responder = opened.verify(&mut net.nodes[B], super::node::START_S).expect("good").responder;
    let tag = keys.pair_tag(responder.h1());
    let (a, b) = (net.nodes[A].device(), net.nodes[B].device());
    let sign = SignKey::generate(&mut rng("sign"));
    let hello = Hello { nonce: [1; 32], signing_key: sign.public(), features: 0 };
    let (channel, answer) = answer(responder, &hello, tag, &mut rng("answer")).expect("sealed");
    let mailbox = Topic(keys.mailbox_topic(a));
    net.hand_over(A, mailbox, &answer.copy(0, &keys.mailbox_hint_key(a))).expect("a good answer");
    assert_eq!(kinds(&net, A), ["Reached"]);

    let body = PairBody::Verdict(Verdict::Accept);
    let message = Message { body: Some(&body), msg: 1, ack: 0 };
    let frame = pair_frame(&channel, tag, 0, message, None).expect("sealed");
    assert_eq!(net.hand_over(A, mailbox, &frame), Err(Check::PAIR_TAG));
    let sender = FrameSender {
        call: offer.call,
        keys: &keys,
        device: b,
        signing_key: &sign,
        epoch: 0,
        epoch_secret: &offer.secret,
        salt: [1; 16],
    };
    let leave = CallBody::Leave { state_seq: 1, reason: Reason::HungUp };
    let frame_of = |counter| call_frame(&sender, counter, &leave, None).expect("sealed");
    assert_eq!(net.hand_over(A, Topic(keys.call_topic()), &frame_of(0)), Err(Check::SLOT));
    assert_eq!(kinds(&net, A), ["Reached"]);

    net.act(A, |session, _| session.confirm(offer.call, b));
    net.hand_over(A, mailbox, &frame).expect("now it counts");
    net.hand_over(A, Topic(keys.call_topic()), &frame_of(1)).expect("and this");
    assert_eq!(kinds(&net, A), ["Reached", "Pair", "Frame"]);
}

#[test]
fn an_offer_that_continues_a_call_goes_only_to_a_device_that_knows_what_that_is() {
    for (name, sends) in [("bob", 1), ("Old Bob", 0)] {
        let mut net = Net::new("continues", &["alice", name]);
        let mut offer = net.offer(7, Purpose::Ring);
        offer.continues = Some(crate::ids::CallId([9; 16]));
        net.start(A, B, offer);
        net.run_until(60_001);
        assert_eq!(net.of_type(A, OFFER).len(), sends, "{name}");
        let expected = if sends == 1 { "Reached" } else { "Unreached" };
        assert_eq!(kinds(&net, A), [expected]);
    }
}
