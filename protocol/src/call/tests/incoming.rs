//! Calls that come in: what rings, for how long, and what a person can do with it.

use super::desk::*;
use crate::call::effect::CallEffect;
use crate::call::signal::CallInput;
use crate::control::{CallCommand, CallState, Direction, ErrorKind, EventKind, InCall};
use crate::wire::bodies::{PairBody, Purpose, Reason, Verdict};

fn warned_of_clock(desk: &Desk) -> bool {
    desk.events().iter().any(|e| matches!(e, EventKind::Warning { about, .. } if about == "clock"))
}

#[test]
fn an_offer_alone_is_seen_by_nobody() {
    let mut b = Desk::new(2);
    assert!(b.offer(call(7), 1, 1).is_empty());
    assert!(b.info(call(7)).is_none());
    assert_eq!(b.core.live_calls(), 0);
    assert!(b.core.known(call(7)));
}

#[test]
fn a_confirm_makes_it_ring_and_says_so_to_both_sides() {
    let mut b = Desk::new(2);
    b.offer(call(7), 1, 1);
    let out = b.confirm(call(7), 1);
    let seen: Vec<_> = events(&out).collect();
    assert!(matches!(seen[0], EventKind::IncomingCall { from, media, context: None, .. }
        if from.account == account(1).text() && media == &["audio"]));
    assert!(matches!(seen[1], EventKind::CallState { state: CallState::Incoming, direction: Direction::In, .. }));
    assert_eq!(told(&out, 1), [PairBody::Verdict(Verdict::Ringing)]);
    assert_eq!(b.core.ringing(), 1);
}

#[test]
fn a_confirm_without_an_offer_rings_nothing() {
    let mut b = Desk::new(2);
    assert!(b.confirm(call(7), 1).is_empty());
    assert!(b.states(call(7)).is_empty());
}

#[test]
fn a_doubled_offer_and_a_doubled_confirm_ring_once() {
    let mut b = Desk::new(2);
    b.offer(call(7), 1, 1);
    b.offer(call(7), 1, 1);
    b.confirm(call(7), 1);
    b.offer(call(7), 1, 1);
    // The session was replaced: the caller waits for its verdict again.
    assert_eq!(told(&b.confirm(call(7), 1), 1), [PairBody::Verdict(Verdict::Ringing)]);
    b.accept(call(7)).unwrap();
    assert_eq!(told(&b.confirm(call(7), 1), 1), [PairBody::Verdict(Verdict::Accept)]);
    assert_eq!(b.states(call(7)), [CallState::Incoming, CallState::Connecting]);
}

#[test]
fn an_offer_of_the_same_id_by_somebody_else_changes_nothing() {
    let mut b = Desk::new(2);
    b.offer(call(7), 1, 1);
    b.offer(call(7), 3, 3);
    assert!(b.confirm(call(7), 3).is_empty());
    b.confirm(call(7), 1);
    assert_eq!(b.state(call(7)), Some(CallState::Incoming));
}

#[test]
fn offers_that_do_not_ring_are_not_ours_to_show() {
    let mut b = Desk::new(2);
    let mut cases = Vec::new();
    for purpose in [Purpose::Pair, Purpose::Link] {
        let mut offer = ring_offer(call(7), account(1), account(2));
        offer.purpose = purpose;
        cases.push((b.sender(1, 1), offer));
    }
    cases.push((b.sender(2, 9), ring_offer(call(7), account(1), account(2))));
    cases.push((b.sender(3, 3), ring_offer(call(7), account(1), account(2))));
    cases.push((b.sender(1, 1), ring_offer(call(7), account(1), account(3))));
    for (from, offer) in cases {
        assert!(b.input(CallInput::Offer { from, offer }).is_empty());
        b.confirm(call(7), from.device.0[0]);
        assert!(b.states(call(7)).is_empty());
    }
}

#[test]
fn a_call_of_three_is_refused_in_words_and_leaves_no_ringing() {
    let mut b = Desk::new(2);
    let from = b.sender(1, 1);
    let mut offer = ring_offer(call(7), account(1), account(2));
    offer.roster.push(account(3));
    b.input(CallInput::Offer { from, offer });
    let out = b.confirm(call(7), 1);
    assert_eq!(told(&out, 1), [PairBody::HangUp(Reason::Refused)]);
    assert!(out.contains(&CallEffect::Forget { call: call(7) }));
    assert!(b.states(call(7)).is_empty());
}

#[test]
fn no_confirm_leaves_one_missed_call_and_one_line_of_history() {
    let mut b = Desk::new(2);
    b.offer(call(7), 1, 1);
    b.wait(5_000);
    let sent_ms = b.now.unix_ms - 5_000;
    let unconfirmed = CallInput::Unconfirmed { call: call(7), device: device(1) };
    b.input(unconfirmed.clone());
    b.input(unconfirmed);
    assert_eq!(b.missed_calls(), 1);
    let history = b.history();
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].started_ms, history[0].missed, history[0].reason), (sent_ms, true, Reason::Lost));
    assert!(b.states(call(7)).is_empty(), "nobody saw it ring");
    // Replayed: nothing new.
    b.offer(call(7), 1, 1);
    b.input(CallInput::Unconfirmed { call: call(7), device: device(1) });
    b.wait(100_000);
    b.offer(call(7), 1, 1);
    b.input(CallInput::Unconfirmed { call: call(7), device: device(1) });
    assert_eq!(b.missed_calls(), 1);
}

#[test]
fn a_late_confirm_turns_the_missed_call_into_the_call() {
    let mut b = Desk::new(2);
    b.offer(call(7), 1, 1);
    b.wait(5_000);
    b.input(CallInput::Unconfirmed { call: call(7), device: device(1) });
    b.wait(55_000);
    b.confirm(call(7), 1);
    assert_eq!(b.state(call(7)), Some(CallState::Incoming), "60 s are still in time");
    b.accept(call(7)).unwrap();
    b.hang_up(call(7)).unwrap();
    let history = b.history();
    assert_eq!(
        history.iter().map(|h| h.missed).collect::<Vec<_>>(),
        [true, false],
        "the later line replaces the first"
    );
    assert_eq!(b.missed_calls(), 1);
}

#[test]
fn a_confirm_after_the_time_to_live_rings_nothing() {
    let mut b = Desk::new(2);
    b.offer(call(7), 1, 1);
    b.wait(60_001);
    assert!(b.confirm(call(7), 1).is_empty());
    assert!(b.states(call(7)).is_empty());
}

#[test]
fn a_confirm_after_the_time_to_live_rings_nothing_though_the_timer_is_late() {
    for (ms, rings) in [(60_000, true), (60_001, false)] {
        let mut b = Desk::new(2);
        b.offer(call(7), 1, 1);
        b.set_clock(b.now.mono_ms + ms);
        b.confirm(call(7), 1);
        assert_eq!(b.state(call(7)).is_some(), rings);
    }
}

#[test]
fn a_later_attempt_of_the_offer_lasts_longer() {
    let mut b = Desk::new(2);
    b.offer(call(7), 1, 1);
    b.wait(50_000);
    b.offer(call(7), 1, 1);
    b.wait(50_000);
    b.confirm(call(7), 1);
    assert_eq!(b.state(call(7)), Some(CallState::Incoming));
}

#[test]
fn it_rings_for_45_s_and_not_longer() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    b.wait(44_999);
    assert_eq!(b.state(call(7)), Some(CallState::Incoming));
    let out = b.wait(1);
    assert_eq!(b.reason(call(7)).as_deref(), Some("no_answer"));
    assert_eq!(told(&out, 1), [PairBody::HangUp(Reason::NoAnswer)]);
    assert_eq!((b.missed_calls(), b.history()[0].missed), (1, true));
    assert_eq!(b.accept(call(7)).unwrap_err().kind, ErrorKind::WrongState);
}

#[test]
fn accepting_opens_the_microphone_and_tells_the_caller_and_our_own_devices() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    assert!(!b.microphone());
    let before = b.log.len();
    b.accept(call(7)).unwrap();
    let out = b.log.split_off(before);
    assert_eq!(told(&out, 1)[0], PairBody::Verdict(Verdict::Accept));
    assert!(out.contains(&CallEffect::Elsewhere(Box::new(elsewhere(1, 2)))));
    assert!(b.microphone());
}

#[test]
fn declining_tells_the_caller_and_our_own_devices_and_was_not_missed() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    let before = b.log.len();
    b.decline(call(7)).unwrap();
    assert_eq!(told(&b.log[before..], 1), [PairBody::Verdict(Verdict::Decline)]);
    assert!(b.log.contains(&CallEffect::Elsewhere(Box::new(elsewhere(2, 2)))));
    assert_eq!(b.reason(call(7)).as_deref(), Some("declined"));
    assert_eq!((b.missed_calls(), b.history()[0].by), (0, None));
}

#[test]
fn a_clock_that_is_far_off_is_warned_about_and_refuses_nothing() {
    for (off_ms, warned) in [(120_000, false), (120_001, true)] {
        for ahead in [false, true] {
            let mut b = Desk::new(2);
            let mut from = b.sender(1, 1);
            from.sent_ms = if ahead { from.sent_ms + off_ms } else { from.sent_ms - off_ms };
            let offer = ring_offer(call(7), account(1), account(2));
            b.input(CallInput::Offer { from, offer });
            b.confirm(call(7), 1);
            assert_eq!(b.state(call(7)), Some(CallState::Incoming));
            assert_eq!(warned_of_clock(&b), warned, "{off_ms} ahead {ahead}");
            assert!(b.info(call(7)).unwrap().started_at_ms <= b.now.unix_ms, "nothing begins in the future");
        }
    }
}

#[test]
fn while_16_ring_the_next_one_does_not() {
    let mut b = Desk::new(2);
    for n in 0..16 {
        b.rings(call(100 + n), 10 + n / 4);
    }
    b.offer(call(7), 1, 1);
    let out = b.confirm(call(7), 1);
    assert_eq!(out, [CallEffect::Forget { call: call(7) }], "in silence");
    assert_eq!(b.core.ringing(), 16);
    b.decline(call(100)).unwrap();
    b.rings(call(8), 1);
}

#[test]
fn one_contact_rings_4_times_at_most_and_takes_no_place_of_others() {
    let mut b = Desk::new(2);
    for n in 0..4 {
        b.rings(call(100 + n), 1);
    }
    b.offer(call(7), 1, 1);
    let out = b.confirm(call(7), 1);
    assert_eq!(out, [CallEffect::Forget { call: call(7) }], "in silence");
    b.rings(call(8), 3);
    b.decline(call(100)).unwrap();
    b.rings(call(9), 1);
}

#[test]
fn of_more_than_64_offers_without_a_confirm_the_oldest_falls_out() {
    let mut b = Desk::new(2);
    for n in 0..65 {
        b.wait(1);
        b.offer(call(n), 1, 1);
    }
    b.confirm(call(0), 1);
    assert!(b.states(call(0)).is_empty());
    b.confirm(call(1), 1);
    assert_eq!(b.state(call(1)), Some(CallState::Incoming));
}

#[test]
fn a_second_call_rings_while_one_is_active() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    b.rings(call(8), 3);
    assert_eq!((b.state(call(7)), b.state(call(8))), (Some(CallState::Active), Some(CallState::Incoming)));
    assert!(b.microphone());
}

#[test]
fn refuse_while_in_a_call_leaves_both_as_they_are() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    b.rings(call(8), 3);
    let error = b.command(CallCommand::Accept { call: Some(call(8)), in_call: InCall::Refuse }).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InCall);
    assert_eq!((b.state(call(7)), b.state(call(8))), (Some(CallState::Active), Some(CallState::Incoming)));
    b.hang_up(call(7)).unwrap();
    b.command(CallCommand::Accept { call: Some(call(8)), in_call: InCall::Refuse }).unwrap();
    assert_eq!(b.state(call(8)), Some(CallState::Connecting));
}
