//! A call while another one is on: what is held by it is said, and with one person there is one call.

use super::desk::*;
use crate::call::signal::LinkEvent;
use crate::control::{CallCommand, CallState, ErrorKind, Reply};
use crate::ids::CallId;
use crate::wire::bodies::Verdict;

/// Offers to the device of an account: the call that is held by it, or the kind of refusal and the call it names.
fn offer(desk: &mut Desk, to: u8) -> Result<Option<CallId>, (ErrorKind, CallId)> {
    let command = CallCommand::Offer { to: vec![(account(to), vec![device(to)])], context: None, unproven: None };
    match desk.command(command) {
        Ok(Reply::Offered(offered)) => Ok(offered.holds.map(|held| parse_call(&held))),
        Err(error) => Err((error.kind, parse_call(&error.candidates[0]))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_while_one_is_active_says_which_is_held() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    assert_eq!(offer(&mut b, 3), Ok(Some(call(7))));
    assert_eq!(b.state(call(7)), Some(CallState::Held));
    assert_eq!(offer(&mut b, 4), Ok(None), "what only dials is not held by another one");
}

#[test]
fn a_call_that_answers_one_that_rings_says_which_is_held() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    b.rings(call(8), 3);
    assert_eq!(offer(&mut b, 3), Ok(Some(call(7))));
    assert_eq!(b.state(call(8)), Some(CallState::Connecting));
}

#[test]
fn whom_we_talk_with_or_call_is_not_called_again() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    let refused = Err((ErrorKind::AlreadyInCall, call(7)));
    assert_eq!(offer(&mut b, 1), refused);
    b.command(CallCommand::Hold { call: None }).unwrap();
    assert_eq!(offer(&mut b, 1), refused, "a held call is resumed, not doubled");
    let ours = b.dial(3, &[3]);
    assert_eq!(offer(&mut b, 3), Err((ErrorKind::AlreadyInCall, ours)));
    b.reached(ours, 3);
    b.verdict(ours, 3, Verdict::Ringing);
    assert_eq!(offer(&mut b, 3), Err((ErrorKind::AlreadyInCall, ours)));
    b.hang_up(ours).unwrap();
    assert_eq!(offer(&mut b, 3), Ok(None));
}

#[test]
fn whom_we_have_lost_can_be_called_again() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 1);
    b.link(link, LinkEvent::Interrupted);
    assert_eq!(offer(&mut b, 1), Ok(Some(call(7))));
}

#[test]
fn at_most_16_calls_of_our_own_are_on() {
    let mut a = Desk::new(1);
    let calls: Vec<_> = (2..18).map(|n| a.dial(n, &[n])).collect();
    let command = CallCommand::Offer { to: vec![(account(19), vec![])], context: None, unproven: None };
    assert_eq!(a.command(command).unwrap_err().kind, ErrorKind::LimitReached);
    a.hang_up(calls[3]).unwrap();
    a.dial(19, &[19]);
}

#[test]
fn a_hang_up_that_names_no_call_means_the_one_that_has_the_microphone() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    let ours = b.dial(3, &[3]);
    b.command(CallCommand::HangUp { call: None }).unwrap();
    assert_eq!((b.state(ours), b.state(call(7))), (Some(CallState::Ended), Some(CallState::Active)));
    b.command(CallCommand::Hold { call: None }).unwrap();
    let ours = b.dial(3, &[3]);
    b.command(CallCommand::Hold { call: Some(call(7)) }).unwrap_err();
    b.command(CallCommand::HangUp { call: None }).unwrap();
    assert_eq!((b.state(ours), b.state(call(7))), (Some(CallState::Ended), Some(CallState::Held)));
}
