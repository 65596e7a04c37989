//! Offers that name the call whose place they take: they never ring and are never missed.

use super::desk::*;
use crate::call::signal::{CallInput, LinkEvent};
use crate::control::{CallCommand, CallState, EventKind};
use crate::ids::CallId;
use crate::wire::bodies::{Flags, PairBody, Reason, Verdict};

const LOW: CallId = CallId([0; 16]);
const NEW: CallId = CallId([8; 16]);

fn offer(desk: &mut Desk, id: CallId, from: (u8, u8), old: CallId) {
    let sender = desk.sender(from.0, from.1);
    let mut offer = ring_offer(id, sender.account, account(2));
    offer.continues = Some(old);
    desk.input(CallInput::Offer { from: sender, offer });
}

/// Offer and confirm of device `from.1` of account `from.0`, to Ben, whose account is 2.
fn continues(desk: &mut Desk, id: CallId, from: (u8, u8), old: CallId) {
    offer(desk, id, from, old);
    desk.confirm(id, from.1);
}

/// Ben talks with device 1 in call 7.
fn talking() -> Desk {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    b
}

fn rang(desk: &Desk, id: CallId) -> bool {
    let text = crate::call::text::call(id);
    desk.events().into_iter().any(|e| matches!(e, EventKind::IncomingCall { call, .. } if *call == text))
}

/// For people there was one call.
fn one_line(desk: &Desk, reason: Reason) {
    let [line] = &desk.history()[..] else { panic!("{:?}", desk.history()) };
    assert_eq!((line.call, line.reason, line.missed, line.incoming), (call(7), reason, false, true));
}

fn goes_on_as(desk: &Desk, id: CallId) -> Option<String> {
    let text = crate::call::text::call(id);
    desk.events().into_iter().find_map(|event| {
        let EventKind::CallState { call, state: CallState::Ended, continues_as, .. } = event else { return None };
        continues_as.clone().filter(|_| *call == text)
    })
}

/// Refused over the pair, and nobody here has heard of it.
fn refused(desk: &mut Desk, id: CallId, by: u8) {
    assert!(told(&desk.log, by).contains(&PairBody::HangUp(Reason::Refused)));
    desk.wait(70_000);
    assert!(!rang(desk, id));
    assert_eq!((desk.info(id), desk.states(id), desk.missed_calls()), (None, Vec::new(), 0));
    assert!(desk.history().iter().all(|line| line.call != id));
}

#[test]
fn the_same_device_goes_on_at_once_though_the_old_link_still_flows() {
    let mut b = talking();
    continues(&mut b, NEW, (1, 1), call(7));
    assert!(!rang(&b, NEW));
    assert!(told(&b.log, 1).contains(&PairBody::Verdict(Verdict::Accept)));
    assert_eq!(goes_on_as(&b, call(7)), Some(crate::call::text::call(NEW)));
    b.flows(NEW, 1);
    assert!(b.microphone());
    assert_eq!(b.history().len(), 0, "it goes on");
    b.hang_up(call(7)).unwrap();
    assert_eq!(b.reason(NEW).as_deref(), Some("hung_up"), "the old name means the new call");
    one_line(&b, Reason::HungUp);
}

#[test]
fn another_device_of_the_account_takes_the_call_over() {
    let mut b = talking();
    continues(&mut b, NEW, (1, 9), call(7));
    assert!(!rang(&b, NEW));
    assert_eq!((b.state(call(7)), b.state(NEW)), (Some(CallState::Active), Some(CallState::Connecting)));
    b.wait(20_000);
    assert_eq!(goes_on_as(&b, call(7)), None, "the old one goes on until the new one works");
    b.flows(NEW, 9);
    let shown = [b.states(call(7)), b.states(NEW)].concat();
    assert!(!shown.contains(&CallState::Held) && !shown.contains(&CallState::Reconnecting), "{shown:?}");
    for device in [1, 9] {
        let held = |body: &PairBody| matches!(body, PairBody::Status(status) if status.flags.0 & Flags::HELD != 0);
        assert!(!told(&b.log, device).iter().any(held), "nobody is told that it is held");
    }
    assert_eq!(goes_on_as(&b, call(7)), Some(crate::call::text::call(NEW)));
    assert_eq!(b.reason(call(7)).as_deref(), Some("answered_elsewhere"));
    assert!(told(&b.log, 1).contains(&PairBody::HangUp(Reason::AnsweredElsewhere)));
    assert!(b.microphone());
}

#[test]
fn another_device_whose_call_never_works_leaves_the_old_one_as_it_was() {
    for (hangs_up, connects) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut b = talking();
        let link = b.link_of(call(7), device(1)).unwrap();
        continues(&mut b, NEW, (1, 9), call(7));
        assert_eq!(b.sound(link), (true, true), "they hear each other until there is another way");
        if connects {
            b.pair(NEW, 9, description(1, 0, crate::wire::bodies::SdpKind::Offer));
            let new = b.link_of(NEW, device(9)).unwrap();
            b.link(new, LinkEvent::Connected);
            assert_eq!((b.sound(link), b.sound(new)), ((false, false), (true, true)), "sound in one call only");
        }
        if hangs_up {
            b.hear_hang_up(NEW, 9, Reason::MediaFailed);
        } else {
            b.wait(31_000);
        }
        assert_eq!((b.state(call(7)), b.reason(NEW).as_deref()), (Some(CallState::Active), Some("media_failed")));
        assert_eq!((b.sound(link), b.microphone(), b.history().len()), ((true, true), true, 0));
        b.hang_up(call(7)).unwrap();
        one_line(&b, Reason::HungUp);
    }
}

#[test]
fn who_hangs_up_while_the_other_side_moves_hangs_up_both_calls() {
    for named in [None, Some(call(7)), Some(NEW)] {
        let mut b = talking();
        continues(&mut b, NEW, (1, 9), call(7));
        b.command(CallCommand::HangUp { call: named }).unwrap();
        assert_eq!((b.core.live_calls(), b.microphone()), (0, false));
        one_line(&b, Reason::HungUp);
    }
}

#[test]
fn who_comes_back_after_its_call_went_on_at_another_device_takes_it_from_nobody() {
    let mut b = talking();
    let link = b.link_of(call(7), device(1)).unwrap();
    b.link(link, LinkEvent::Interrupted);
    continues(&mut b, NEW, (1, 9), call(7));
    b.flows(NEW, 9);
    continues(&mut b, LOW, (1, 1), call(7));
    assert_eq!((b.state(NEW), b.core.live_calls()), (Some(CallState::Active), 1));
    refused(&mut b, LOW, 1);
}

#[test]
fn a_call_moves_to_one_device_at_a_time_so_that_a_hang_up_leaves_nothing_open() {
    const THIRD: CallId = CallId([9; 16]);
    for (second, named) in [(LOW, call(7)), (THIRD, call(7)), (LOW, NEW), (THIRD, NEW)] {
        let mut b = talking();
        continues(&mut b, NEW, (1, 9), call(7));
        b.pair(NEW, 9, description(1, 0, crate::wire::bodies::SdpKind::Offer));
        let link = b.link_of(NEW, device(9)).unwrap();
        b.link(link, LinkEvent::Connected);
        continues(&mut b, second, (1, 9), named);
        assert!(told(&b.log, 9).contains(&PairBody::HangUp(Reason::Refused)), "{second:?} in the place of {named:?}");
        b.command(CallCommand::HangUp { call: None }).unwrap();
        assert_eq!((b.core.live_calls(), b.microphone()), (0, false), "{second:?} in the place of {named:?}");
    }
}

#[test]
fn who_holds_while_the_other_side_moves_holds_the_call_wherever_it_is() {
    for named in [None, Some(call(7))] {
        let mut b = talking();
        continues(&mut b, NEW, (1, 9), call(7));
        b.command(CallCommand::Hold { call: named }).unwrap();
        assert!(!b.microphone());
        b.pair(NEW, 9, description(1, 0, crate::wire::bodies::SdpKind::Offer));
        let link = b.link_of(NEW, device(9)).unwrap();
        b.link(link, LinkEvent::Connected);
        assert_eq!((b.state(NEW), b.core.live_calls()), (Some(CallState::Held), 1));
    }
}

#[test]
fn a_device_that_takes_over_while_the_old_one_is_lost_is_taken_back_at_once() {
    let mut b = talking();
    let link = b.link_of(call(7), device(1)).unwrap();
    b.link(link, LinkEvent::Interrupted);
    continues(&mut b, NEW, (1, 9), call(7));
    assert_eq!(goes_on_as(&b, call(7)), Some(crate::call::text::call(NEW)));
}

#[test]
fn who_was_lost_twice_names_the_first_call_and_is_taken_back_into_the_last_one() {
    let mut b = talking();
    continues(&mut b, NEW, (1, 1), call(7));
    continues(&mut b, LOW, (1, 1), call(7));
    assert_eq!(goes_on_as(&b, NEW), Some(crate::call::text::call(LOW)));
    b.flows(LOW, 1);
    assert_eq!(b.core.live_calls(), 1);
}

#[test]
fn mute_and_hold_stay_as_they_were() {
    let mut b = talking();
    b.command(CallCommand::Mute { call: None }).unwrap();
    b.command(CallCommand::Hold { call: None }).unwrap();
    continues(&mut b, NEW, (1, 1), call(7));
    assert!(b.core.muted());
    assert_eq!(b.state(NEW), Some(CallState::Held));
    assert!(!b.microphone());
}

#[test]
fn do_not_disturb_and_busy_keep_nobody_out_of_the_call_they_are_in() {
    let mut b = talking();
    b.core.set_quiet(true);
    b.core.set_busy_in_call(true);
    continues(&mut b, NEW, (1, 1), call(7));
    assert_eq!(b.state(NEW), Some(CallState::Reconnecting));
}

#[test]
fn a_call_that_is_not_joined_here_is_refused_and_leaves_nothing() {
    for state in 0..4 {
        let mut b = Desk::new(2);
        match state {
            0 => {}
            1 => b.rings(call(7), 1),
            2 => {
                b.talks(call(7), 1);
                b.hang_up(call(7)).unwrap();
            }
            _ => {
                let link = b.talks(call(7), 1);
                b.link(link, LinkEvent::Interrupted);
                b.wait(58_000);
                assert_eq!(b.reason(call(7)).as_deref(), Some("lost"));
            }
        }
        let before = b.history().len();
        continues(&mut b, NEW, (1, 1), call(7));
        if state == 1 {
            b.decline(call(7)).unwrap();
        }
        refused(&mut b, NEW, 1);
        assert_eq!(b.history().len(), before + usize::from(state == 1));
    }
}

#[test]
fn nobody_continues_the_call_of_somebody_else() {
    let mut b = talking();
    continues(&mut b, NEW, (3, 3), call(7));
    assert!(told(&b.log, 3).contains(&PairBody::HangUp(Reason::Refused)));
    assert_eq!((b.state(call(7)), b.info(NEW)), (Some(CallState::Active), None));
    b.hang_up(call(7)).unwrap();
    refused(&mut b, NEW, 3);
}

#[test]
fn without_a_confirm_nothing_happens_and_nothing_was_missed() {
    for end in 0..3 {
        let mut b = Desk::new(2);
        offer(&mut b, NEW, (1, 1), call(7));
        b.wait(5_000);
        b.input(CallInput::Unconfirmed { call: NEW, device: device(1) });
        match end {
            0 => drop(b.wait(70_000)),
            1 => {
                let from = b.sender(1, 1);
                b.input(CallInput::Cancel { from, call: NEW, reason: Reason::NoAnswer });
            }
            _ => drop(b.input(CallInput::Shutdown)),
        }
        assert_eq!((b.missed_calls(), b.history().len(), b.events().len()), (0, 0, 0));
    }
}

#[test]
fn who_is_called_anew_while_it_comes_back_is_taken_back_into_one_call() {
    for theirs in [LOW, CallId([255; 16])] {
        let mut b = talking();
        b.disconnected(1);
        let ours = b.dial(1, &[1]);
        b.reached(ours, 1);
        continues(&mut b, theirs, (1, 1), call(7));
        for over in [ours, call(7)] {
            assert_eq!(goes_on_as(&b, over), Some(crate::call::text::call(theirs)));
        }
        b.flows(theirs, 1);
        assert_eq!((b.core.live_calls(), rang(&b, theirs)), (1, false));
    }
}

#[test]
fn who_hung_up_and_calls_anew_calls_and_the_old_call_stays_over() {
    for theirs in [LOW, CallId([255; 16])] {
        let mut b = talking();
        b.hang_up(call(7)).unwrap();
        let ours = b.dial(1, &[1]);
        b.reached(ours, 1);
        continues(&mut b, theirs, (1, 1), call(7));
        assert!(told(&b.log, 1).contains(&PairBody::HangUp(Reason::Refused)));
        b.verdict(ours, 1, Verdict::Ringing);
        assert_eq!(b.state(ours), Some(CallState::Ringing));
    }
}

#[test]
fn a_new_call_of_theirs_while_we_come_back_rings_once_they_have_refused_ours_and_never_before() {
    for theirs in [LOW, CallId([255; 16])] {
        let (old, _) = talking().core.joined_calls().next().unwrap();
        let mut b = Desk::new(2);
        let ours = b.rejoin(old);
        b.reached(ours, 1);
        b.offer(theirs, 1, 1);
        b.confirm(theirs, 1);
        assert!(!rang(&b, theirs) && b.state(ours) == Some(CallState::Reconnecting));
        b.hear_hang_up(ours, 1, Reason::Refused);
        assert!(rang(&b, theirs) && !b.microphone());
    }
}

#[test]
fn of_two_that_go_on_with_the_same_call_the_lower_one_does() {
    for theirs_is_lower in [true, false] {
        let (old, _) = talking().core.joined_calls().next().unwrap();
        let mut b = Desk::new(2);
        let ours = b.rejoin(old);
        b.reached(ours, 1);
        let theirs = if theirs_is_lower { LOW } else { CallId([255; 16]) };
        continues(&mut b, theirs, (1, 1), call(7));
        let lives = if theirs_is_lower { theirs } else { ours };
        if !theirs_is_lower {
            assert_eq!(b.info(theirs), None, "ours waits for its answer");
            b.verdict(ours, 1, Verdict::Accept);
        }
        b.flows(lives, 1);
        assert_eq!((b.core.live_calls(), b.history().len()), (1, 0));
        b.hang_up(lives).unwrap();
        one_line(&b, Reason::HungUp);
    }
}

#[test]
fn a_held_call_stays_held_whichever_of_the_two_goes_on() {
    for theirs in [LOW, CallId([255; 16])] {
        let mut before = talking();
        before.command(CallCommand::Hold { call: None }).unwrap();
        let (old, _) = before.core.joined_calls().next().unwrap();
        let mut b = Desk::new(2);
        let ours = b.rejoin(old);
        b.reached(ours, 1);
        continues(&mut b, theirs, (1, 1), call(7));
        b.verdict(ours, 1, Verdict::Accept);
        let lives = if theirs == LOW { theirs } else { ours };
        assert_eq!((b.state(lives), b.microphone()), (Some(CallState::Held), false));
    }
}

#[test]
fn what_a_device_offered_before_it_took_our_own_offer_for_that_call_changes_nothing() {
    let (old, _) = talking().core.joined_calls().next().unwrap();
    let mut b = Desk::new(2);
    let ours = b.rejoin(old);
    b.reached(ours, 1);
    b.verdict(ours, 1, Verdict::Accept);
    b.flows(ours, 1);
    for withdrawn in [true, false] {
        let theirs = if withdrawn { CallId([254; 16]) } else { CallId([255; 16]) };
        continues(&mut b, theirs, (1, 1), call(7));
        assert_eq!((b.state(ours), b.info(theirs)), (Some(CallState::Active), None));
        if withdrawn {
            b.hear_hang_up(theirs, 1, Reason::Cancelled);
        } else {
            b.disconnected(1);
            assert_eq!(b.state(theirs), Some(CallState::Reconnecting), "it was lost again");
        }
    }
}

#[test]
fn who_accepted_and_was_lost_before_it_could_say_so_is_in_the_call() {
    let mut b = Desk::new(2);
    let ours = b.dial(1, &[1]);
    b.reached(ours, 1);
    b.verdict(ours, 1, Verdict::Ringing);
    let higher = CallId([255; 16]);
    continues(&mut b, higher, (1, 1), ours);
    assert_eq!(goes_on_as(&b, ours), Some(crate::call::text::call(higher)));
    b.flows(higher, 1);
}

#[test]
fn what_is_said_before_the_confirm_counts_once_the_call_goes_on() {
    let mut b = talking();
    offer(&mut b, NEW, (1, 1), call(7));
    b.pair(NEW, 1, description(1, 0, crate::wire::bodies::SdpKind::Offer));
    b.confirm(NEW, 1);
    assert!(b.link_of(NEW, device(1)).is_some());
}
