//! Calls that a daemon before us was in: offered anew, shown as reconnecting, and told in history once.

use super::desk::*;
use crate::call::{JoinedCall, Times};
use crate::control::{CallCommand, CallState, Direction, InCall};
use crate::wire::bodies::{PairBody, Reason, Verdict};

/// Ben, who talks with device 1 in call 7 and then does this, as the store has it.
fn journal(then: impl FnOnce(&mut Desk)) -> JoinedCall {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    then(&mut b);
    b.core.joined_calls().next().unwrap().0
}

#[test]
fn it_is_reconnecting_until_sound_comes_and_then_active() {
    let mut b = Desk::new(2);
    let new = b.rejoin(journal(|_| {}));
    b.reached(new, 1);
    assert!(!b.microphone());
    b.verdict(new, 1, Verdict::Accept);
    assert!(b.microphone());
    b.flows(new, 1);
    assert_eq!(b.states(new), [CallState::Reconnecting, CallState::Active]);
    let shown = b.info(new).unwrap();
    let old = journal(|_| {});
    assert_eq!((shown.direction, shown.started_at_ms), (Direction::In, old.started_ms), "for people it is that call");
    b.wait(5_000);
    assert_eq!(b.history().len(), 0, "it goes on");
    b.hang_up(call(7)).unwrap();
    assert_eq!(b.reason(new).as_deref(), Some("hung_up"));
    let [line] = &b.history()[..] else { panic!("{:?}", b.history()) };
    assert_eq!((line.call, line.incoming, line.reason), (call(7), true, Reason::HungUp));
    let times = (line.started_ms, line.accepted_ms, line.ended_ms);
    assert_eq!(times, (old.started_ms, Some(old.accepted_ms), Some(b.now.unix_ms)));
}

#[test]
fn killed_twice_it_is_still_the_first_call() {
    let first = journal(|_| {});
    let mut b = Desk::new(2);
    let new = b.rejoin(first.clone());
    b.reached(new, 1);
    b.verdict(new, 1, Verdict::Accept);
    b.flows(new, 1);
    let (second, _) = b.core.joined_calls().next().unwrap();
    assert_eq!(second, JoinedCall { call: new, ..first.clone() });
    let mut b = Desk::again((2, 2), "third");
    let new = b.rejoin(second);
    b.reached(new, 1);
    b.hear_hang_up(new, 1, Reason::Refused);
    let [line] = &b.history()[..] else { panic!("{:?}", b.history()) };
    assert_eq!((line.call, line.accepted_ms), (call(7), Some(first.accepted_ms)));
}

#[test]
fn the_longest_call_counts_from_its_first_accept_also_over_a_kill() {
    let times = Times { max_call_ms: Some(30_000), ..Times::default() };
    for (lasted_ms, left_ms) in [(25_000, 5_000), (29_999, 1)] {
        let old = journal(|_| {});
        let mut b = Desk::of(2, 2, times.clone());
        b.set_clock(b.now.mono_ms + lasted_ms);
        let new = b.rejoin(old);
        b.reached(new, 1);
        b.verdict(new, 1, Verdict::Accept);
        b.flows(new, 1);
        b.wait(left_ms - 1);
        assert_eq!(b.state(new), Some(CallState::Active));
        b.wait(1);
        assert_eq!(b.reason(new).as_deref(), Some("max_duration"), "{lasted_ms} ms before the kill");
    }
}

#[test]
fn a_call_that_has_lasted_longer_than_any_may_ends_when_it_is_back() {
    let mut b = Desk::of(2, 2, Times { max_call_ms: Some(30_000), ..Times::default() });
    let old = journal(|_| {});
    b.set_clock(b.now.mono_ms + 40_000);
    let new = b.rejoin(old);
    b.reached(new, 1);
    b.verdict(new, 1, Verdict::Accept);
    b.wait(0);
    assert_eq!(b.reason(new).as_deref(), Some("max_duration"));
}

#[test]
fn its_devices_and_media_state_come_back_as_they_were() {
    for (muted, held) in [(false, false), (true, false), (false, true), (true, true)] {
        let old = journal(|b| {
            if muted {
                b.command(CallCommand::Mute { call: None }).unwrap();
            }
            if held {
                b.command(CallCommand::Hold { call: None }).unwrap();
            }
        });
        assert_eq!((old.muted, old.held, old.device), (muted, held, device(1)));
        let mut b = Desk::new(2);
        let new = b.rejoin(old.clone());
        let (again, rejoins) = b.core.joined_calls().next().unwrap();
        assert_eq!((again, rejoins), (old, true), "the row stays as it is");
        b.reached(new, 1);
        b.verdict(new, 1, Verdict::Accept);
        assert_eq!((b.core.muted(), b.microphone()), (muted, !held));
        assert_eq!(b.state(new), Some(if held { CallState::Held } else { CallState::Reconnecting }));
        assert!(!b.core.joined_calls().next().unwrap().1);
    }
}

#[test]
fn refused_or_never_reached_it_ends_as_lost_with_one_line_and_no_missed_call_anywhere() {
    for end in 0..3 {
        let mut b = Desk::new(2);
        let new = b.rejoin(journal(|_| {}));
        match end {
            0 => {
                b.reached(new, 1);
                b.hear_hang_up(new, 1, Reason::Refused);
            }
            1 => drop(b.wait(30_000)),
            _ => drop(b.unreached(new, 1, "nothing")),
        }
        assert_eq!(b.reason(new).as_deref(), Some("lost"));
        assert_eq!(b.cause(new).unwrap().what, "daemon_killed");
        let lines = b.history();
        assert_eq!((lines.len(), lines[0].call, lines[0].missed), (1, call(7), false));
        assert!(lines[0].accepted_ms.is_some() && lines[0].ended_ms == Some(b.now.unix_ms));
        assert!(!b.log.iter().any(|e| matches!(e, crate::call::effect::CallEffect::Missed { .. })));
    }
}

#[test]
fn a_withdrawn_offer_leaves_no_missed_call_at_the_other_side() {
    let mut b = Desk::new(2);
    let new = b.rejoin(journal(|_| {}));
    b.hang_up(new).unwrap();
    assert_eq!((b.reason(new).as_deref(), b.history()[0].reason), (Some("hung_up"), Reason::HungUp));
    let cancelled = |e: &crate::call::effect::CallEffect| {
        matches!(e, crate::call::effect::CallEffect::Cancel { reason: Reason::AnsweredElsewhere, .. })
    };
    assert!(b.log.iter().any(cancelled));
}

#[test]
fn a_device_that_is_gone_before_it_accepts_is_offered_it_anew_and_old_names_still_work() {
    let mut b = Desk::new(2);
    let first = b.rejoin(journal(|_| {}));
    b.reached(first, 1);
    b.disconnected(1);
    b.wait(5_000);
    let (joined, rejoins) = b.core.joined_calls().next().unwrap();
    assert_eq!((joined.call, rejoins, b.history().len()), (call(7), true, 0));
    assert_eq!((b.reason(first).as_deref(), b.core.live_calls()), (Some("lost"), 1));
    b.hang_up(first).unwrap();
    assert_eq!((b.core.live_calls(), b.history().len()), (0, 1));
}

#[test]
fn it_is_given_up_when_the_other_side_has_given_it_up() {
    let mut b = Desk::new(2);
    let first = b.rejoin(journal(|_| {}));
    b.reached(first, 1);
    b.wait(26_000);
    b.disconnected(1);
    b.wait(4_000);
    assert_eq!((b.core.live_calls(), b.history().len()), (0, 1));
}

#[test]
fn a_call_that_was_held_lets_another_one_be_accepted_meanwhile() {
    let mut b = Desk::new(2);
    let new = b.rejoin(journal(|_| {}));
    b.rings(call(5), 3);
    b.command(CallCommand::Accept { call: Some(call(5)), in_call: InCall::Hold }).unwrap();
    b.reached(new, 1);
    b.verdict(new, 1, Verdict::Accept);
    assert_eq!(b.state(new), Some(CallState::Held), "whoever was taken up meanwhile stays so");
    assert!(told(&b.log, 3).contains(&PairBody::Verdict(Verdict::Accept)));
}
