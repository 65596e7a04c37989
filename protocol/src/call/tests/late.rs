//! What comes too late: words about calls, and of devices, that are over.

use super::desk::*;
use crate::call::signal::CallInput;
use crate::control::CallState;
use crate::wire::bodies::{Elsewhere, Flags, Media, Missed, PairBody, Reason, SdpKind, Status, Verdict};

#[test]
fn a_device_that_gave_up_is_out_of_the_call_whatever_it_says_then() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2, 3]);
    a.reached(id, 2);
    a.reached(id, 3);
    a.hear_hang_up(id, 2, Reason::NoAnswer);
    for verdict in [Verdict::Accept, Verdict::Decline, Verdict::Busy, Verdict::Ringing] {
        assert!(a.verdict(id, 2, verdict).is_empty(), "{verdict:?}");
    }
    assert!(a.pair(id, 2, description(9, 0, SdpKind::Offer)).is_empty());
    assert!(a.pair(id, 2, PairBody::Status(Status { state_seq: 9, flags: Flags(1) })).is_empty());
    a.verdict(id, 3, Verdict::Accept);
    assert_eq!(a.state(id), Some(CallState::Connecting));
}

#[test]
fn a_call_that_ended_here_does_not_ring_again() {
    let ends: [fn(&mut Desk); 4] = [
        |b| drop(b.decline(call(7)).unwrap()),
        |b| drop(b.hear_hang_up(call(7), 1, Reason::Cancelled)),
        |b| drop(b.wait(45_000)),
        |b| {
            b.accept(call(7)).unwrap();
            b.hang_up(call(7)).unwrap();
        },
    ];
    for end in ends {
        let mut b = Desk::new(2);
        b.rings(call(7), 1);
        end(&mut b);
        let before = b.log.len();
        b.offer(call(7), 1, 1);
        b.confirm(call(7), 1);
        b.input(CallInput::Unconfirmed { call: call(7), device: device(1) });
        let from = b.sender(1, 1);
        b.input(CallInput::Cancel { from, call: call(7), reason: Reason::Cancelled });
        assert_eq!(b.log.len(), before);
    }
}

#[test]
fn nobody_cancels_or_missed_a_call_of_ours() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2]);
    for over in [false, true] {
        if over {
            a.hang_up(id).unwrap();
        }
        let before = a.log.len();
        let (contact, own) = (a.sender(2, 2), a.sender(1, 9));
        let missed = Missed { call: id, started_ms: 1, media: Media::AUDIO };
        a.input(CallInput::Missed { from: contact, body: missed });
        a.input(CallInput::Cancel { from: contact, call: id, reason: Reason::Cancelled });
        a.offer(id, 2, 2);
        a.confirm(id, 2);
        a.input(CallInput::Elsewhere { from: own, body: Elsewhere { call: id, ..elsewhere(1, 9) } });
        assert_eq!(a.log.len(), before);
    }
}

#[test]
fn late_words_about_calls_that_are_over_push_out_nothing_that_is_early() {
    let mut b = Desk::new(2);
    let over: Vec<_> = (100..200).map(call).collect();
    for id in &over {
        b.rings(*id, 1);
        b.decline(*id).unwrap();
    }
    b.input(CallInput::Confirmed { call: call(7), device: device(1) });
    for id in &over {
        b.hear_hang_up(*id, 1, Reason::Cancelled);
    }
    b.offer(call(7), 1, 1);
    assert_eq!(b.state(call(7)), Some(CallState::Incoming));
}

#[test]
fn of_more_than_64_calls_with_early_words_the_oldest_is_forgotten() {
    let mut b = Desk::new(2);
    for n in 0..65 {
        b.input(CallInput::Confirmed { call: call(n), device: device(1) });
    }
    b.offer(call(0), 1, 1);
    b.offer(call(1), 1, 1);
    assert_eq!((b.state(call(0)), b.state(call(1))), (None, Some(CallState::Incoming)));
}
