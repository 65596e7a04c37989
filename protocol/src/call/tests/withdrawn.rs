//! Calls that come in and end before somebody here takes them: cancelled, taken elsewhere, missed, lost.

use super::desk::*;
use crate::call::signal::{CallInput, LinkEvent};
use crate::control::CallState;
use crate::wire::bodies::{LinkGeneration, Media, Missed, PairBody, Reason, SdpKind};

#[test]
fn a_confirm_of_another_device_rings_nothing() {
    let mut b = Desk::new(2);
    b.offer(call(7), 1, 1);
    assert!(b.confirm(call(7), 9).is_empty());
}

#[test]
fn a_cancel_before_its_offer_is_one_missed_call_and_the_offer_never_rings() {
    let mut b = Desk::new(2);
    let from = b.sender(1, 1);
    for _ in 0..2 {
        b.input(CallInput::Cancel { from, call: call(7), reason: Reason::Cancelled });
    }
    b.offer(call(7), 1, 1);
    b.confirm(call(7), 1);
    assert!(b.states(call(7)).is_empty());
    assert_eq!((b.missed_calls(), b.history().len()), (1, 1));
}

#[test]
fn a_cancel_because_of_another_device_is_no_missed_call_whenever_it_comes() {
    for reason in [Reason::AnsweredElsewhere, Reason::DeclinedElsewhere] {
        let mut b = Desk::new(2);
        let from = b.sender(1, 1);
        b.input(CallInput::Cancel { from, call: call(7), reason });
        b.offer(call(8), 1, 1);
        b.input(CallInput::Cancel { from, call: call(8), reason });
        b.rings(call(9), 1);
        b.input(CallInput::Cancel { from, call: call(9), reason });
        assert_eq!(b.reason(call(9)).as_deref(), Some(reason.text()));
        b.offer(call(7), 1, 1);
        b.input(CallInput::Unconfirmed { call: call(7), device: device(1) });
        b.input(CallInput::Unconfirmed { call: call(8), device: device(1) });
        // A word that says otherwise comes too late.
        b.input(CallInput::Cancel { from, call: call(7), reason: Reason::Cancelled });
        assert_eq!(b.missed_calls(), 0);
    }
}

#[test]
fn a_cancel_of_another_account_neither_stops_it_nor_spoils_its_id() {
    let mut b = Desk::new(2);
    let stranger = b.sender(3, 3);
    let cancel = CallInput::Cancel { from: stranger, call: call(7), reason: Reason::AnsweredElsewhere };
    b.rings(call(7), 1);
    assert!(b.input(cancel).is_empty());
    assert_eq!(b.state(call(7)), Some(CallState::Incoming));
}

#[test]
fn the_hang_up_of_the_caller_stops_it_at_once() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    let out = b.hear_hang_up(call(7), 1, Reason::Cancelled);
    assert_eq!(b.reason(call(7)).as_deref(), Some("cancelled"));
    assert!(told(&out, 1).is_empty(), "who ended it is not told");
    assert_eq!(b.missed_calls(), 1);
}

#[test]
fn another_device_of_ours_that_answered_or_declined_stops_it() {
    for (event, reason) in [(1, "answered_elsewhere"), (2, "declined_elsewhere"), (3, "answered_elsewhere")] {
        let mut b = Desk::new(2);
        b.rings(call(7), 1);
        let from = b.sender(2, 9);
        let out = b.input(CallInput::Elsewhere { from, body: elsewhere(event, 9) });
        assert_eq!(b.reason(call(7)).as_deref(), Some(reason));
        assert!(pairs(&out).is_empty(), "the caller knows from that device");
        assert_eq!((b.missed_calls(), b.history()[0].by), (0, Some(device(9))));
    }
}

#[test]
fn elsewhere_before_the_offer_or_before_its_confirm_keeps_it_silent() {
    let mut b = Desk::new(2);
    let from = b.sender(2, 9);
    b.input(CallInput::Elsewhere { from, body: elsewhere(1, 9) });
    b.offer(call(7), 1, 1);
    b.confirm(call(7), 1);
    b.input(CallInput::Unconfirmed { call: call(7), device: device(1) });

    let mut c = Desk::new(2);
    c.offer(call(7), 1, 1);
    c.input(CallInput::Elsewhere { from, body: elsewhere(2, 9) });
    c.confirm(call(7), 1);
    for desk in [&b, &c] {
        assert!(desk.states(call(7)).is_empty());
        assert_eq!(desk.missed_calls(), 0);
    }
}

#[test]
fn elsewhere_of_others_of_ourselves_or_of_what_comes_later_is_ignored() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    let (contact, own) = (b.sender(1, 1), b.sender(2, 9));
    for (from, body) in
        [(contact, elsewhere(1, 9)), (own, elsewhere(1, 2)), (own, elsewhere(4, 9)), (own, elsewhere(0, 9))]
    {
        assert!(b.input(CallInput::Elsewhere { from, body }).is_empty());
    }
    b.accept(call(7)).unwrap();
    assert!(b.input(CallInput::Elsewhere { from: own, body: elsewhere(1, 9) }).is_empty(), "the caller decides");
}

#[test]
fn missed_is_told_once_and_the_offer_that_comes_after_it_does_not_ring() {
    let mut b = Desk::new(2);
    let from = b.sender(1, 1);
    let body = Missed { call: call(7), started_ms: b.now.unix_ms - 3_600_000, media: Media::AUDIO };
    b.input(CallInput::Missed { from, body });
    b.input(CallInput::Missed { from, body });
    b.offer(call(7), 1, 1);
    b.confirm(call(7), 1);
    assert!(b.states(call(7)).is_empty());
    assert_eq!(b.missed_calls(), 1);
    assert_eq!(b.history()[0].started_ms, body.started_ms);
    assert_eq!(b.history()[0].roster, [account(1), account(2)]);
}

#[test]
fn missed_about_a_call_that_rang_here_adds_nothing() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    let from = b.sender(1, 1);
    let body = Missed { call: call(7), started_ms: 0, media: Media::AUDIO };
    assert!(b.input(CallInput::Missed { from, body }).is_empty(), "it rings");
    b.decline(call(7)).unwrap();
    assert!(b.input(CallInput::Missed { from, body }).is_empty(), "it was declined");
}

#[test]
fn a_call_that_the_store_remembers_is_not_missed_a_second_time() {
    let mut b = Desk::new(2);
    b.core.remember(call(7), account(1), b.now.unix_ms - 1);
    assert!(b.core.known(call(7)));
    b.offer(call(7), 1, 1);
    b.input(CallInput::Unconfirmed { call: call(7), device: device(1) });
    assert_eq!(b.missed_calls(), 0);
    // The caller is there, though: a daemon that was restarted rings again.
    b.confirm(call(7), 1);
    assert_eq!(b.state(call(7)), Some(CallState::Incoming));
}

#[test]
fn a_caller_that_is_gone_for_5_s_while_it_rings_is_lost() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    b.wait(20_000);
    b.disconnected(1);
    b.wait(4_999);
    assert_eq!(b.state(call(7)), Some(CallState::Incoming));
    let out = b.wait(1);
    assert_eq!(b.reason(call(7)).as_deref(), Some("lost"));
    assert_eq!(told(&out, 1), [PairBody::HangUp(Reason::Lost)], "it hears why if it comes back");
    assert_eq!(b.missed_calls(), 1);
}

#[test]
fn a_caller_that_comes_back_in_time_still_rings() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    b.disconnected(1);
    b.wait(4_000);
    b.listens(call(7), 1, true);
    b.wait(30_000);
    assert_eq!(b.state(call(7)), Some(CallState::Incoming));
}

#[test]
fn a_second_word_of_the_same_loss_does_not_begin_the_5_s_anew() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    b.disconnected(1);
    b.wait(4_000);
    b.disconnected(1);
    b.wait(1_000);
    assert_eq!(b.reason(call(7)).as_deref(), Some("lost"));
}

#[test]
fn a_caller_without_a_connection_that_is_heard_is_not_lost() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    b.disconnected(1);
    b.wait(4_000);
    b.pair(call(7), 1, PairBody::EndOfCandidates(LinkGeneration { link: 1, generation: 0 }));
    b.wait(4_999);
    assert_eq!(b.state(call(7)), Some(CallState::Incoming));
    b.wait(1);
    assert_eq!(b.reason(call(7)).as_deref(), Some("lost"));
}

#[test]
fn a_link_that_is_up_is_a_sign_of_life_until_it_is_interrupted() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    b.pair(call(7), 1, description(1, 0, SdpKind::Offer));
    let link = b.link_of(call(7), device(1)).unwrap();
    b.link(link, LinkEvent::Connected);
    b.disconnected(1);
    b.wait(20_000);
    assert_eq!(b.state(call(7)), Some(CallState::Incoming));
    // No packet for 2 s already: 3 s are left.
    b.link(link, LinkEvent::Interrupted);
    b.wait(2_999);
    assert_eq!(b.state(call(7)), Some(CallState::Incoming));
    b.wait(1);
    assert_eq!(b.reason(call(7)).as_deref(), Some("lost"));
}
