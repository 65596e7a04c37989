//! Which call a command means, and what is listed.

use super::desk::*;
use crate::call::signal::CallInput;
use crate::control::{CallCommand, CallState, ControlError, Direction, ErrorKind, InCall, LinkState, Reply};
use crate::ids::CallId;
use crate::wire::bodies::Reason;

fn accept(call: Option<CallId>) -> CallCommand {
    CallCommand::Accept { call, in_call: InCall::Hold }
}

fn decline(call: Option<CallId>) -> CallCommand {
    CallCommand::Decline { call }
}

fn hang_up(call: Option<CallId>) -> CallCommand {
    CallCommand::HangUp { call }
}

fn kind(result: Result<Reply, ControlError>) -> ErrorKind {
    let error = result.unwrap_err();
    assert!(!error.message.is_empty() && !error.hint.is_empty(), "every error says what to do");
    error.kind
}

fn done(result: Result<Reply, ControlError>) -> CallId {
    let Ok(Reply::Done(done)) = result else { panic!("not done: {result:?}") };
    parse_call(&done.call.unwrap())
}

#[test]
fn without_a_name_the_one_call_is_meant() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    assert_eq!(done(b.command(accept(None))), call(7));
    b.rings(call(8), 3);
    assert_eq!(done(b.command(decline(None))), call(8), "the accepted one can't be meant");
    b.rings(call(9), 3);
    assert_eq!(done(b.command(hang_up(None))), call(7), "the ringing one can't be meant");
}

#[test]
fn without_a_call_there_is_none_to_mean() {
    let mut b = Desk::new(2);
    for command in [accept(None), decline(None), hang_up(None)] {
        assert_eq!(kind(b.command(command)), ErrorKind::NoSuchCall);
    }
    // An offer that nobody has seen can't be meant.
    b.offer(call(7), 1, 1);
    for command in [accept(None), decline(None), hang_up(None), accept(Some(call(7))), hang_up(Some(call(7)))] {
        assert_eq!(kind(b.command(command)), ErrorKind::NoSuchCall);
    }
    assert_eq!(kind(b.command(decline(Some(call(9))))), ErrorKind::NoSuchCall);
}

#[test]
fn several_calls_are_listed_instead_of_guessed() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    b.rings(call(8), 3);
    let expected: Vec<String> = [call(7), call(8)].map(crate::call::text::call).to_vec();
    for command in [accept(None), decline(None)] {
        let error = b.command(command).unwrap_err();
        assert_eq!((error.kind, &error.candidates), (ErrorKind::AmbiguousCall, &expected));
    }
    b.accept(call(7)).unwrap();
    b.accept(call(8)).unwrap();
    b.command(CallCommand::Hold { call: None }).unwrap();
    let error = b.command(hang_up(None)).unwrap_err();
    assert_eq!((error.kind, error.candidates), (ErrorKind::AmbiguousCall, expected));
}

#[test]
fn a_call_in_another_state_says_so() {
    let mut b = Desk::new(2);
    let out = b.dial(3, &[3]);
    assert_eq!(kind(b.command(accept(Some(out)))), ErrorKind::WrongState);
    assert_eq!(kind(b.command(decline(Some(out)))), ErrorKind::WrongState);
    b.rings(call(7), 1);
    assert_eq!(kind(b.command(hang_up(Some(call(7))))), ErrorKind::WrongState);
    b.accept(call(7)).unwrap();
    assert_eq!(kind(b.command(accept(Some(call(7))))), ErrorKind::WrongState);
    assert_eq!(kind(b.command(decline(Some(call(7))))), ErrorKind::WrongState);
    b.hang_up(call(7)).unwrap();
    for command in [accept(Some(call(7))), decline(Some(call(7))), hang_up(Some(call(7)))] {
        assert_eq!(kind(b.command(command)), ErrorKind::WrongState, "it is over");
    }
}

#[test]
fn a_daemon_that_stops_takes_no_more_calls() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    b.input(CallInput::Shutdown);
    b.input(CallInput::Shutdown);
    let offer = CallCommand::Offer { to: vec![(account(1), vec![device(1)])], context: None, unproven: None };
    for command in [offer, accept(None), decline(None), hang_up(None), CallCommand::Mute { call: None }] {
        assert_eq!(kind(b.command(command)), ErrorKind::Stopping);
    }
    assert!(b.offer(call(8), 1, 1).is_empty());
    b.confirm(call(8), 1);
    assert!(b.states(call(8)).is_empty());
    assert!(b.command(CallCommand::List).is_ok(), "looking is always possible");
}

#[test]
fn an_offer_that_waits_when_the_daemon_stops_is_a_missed_call() {
    let mut b = Desk::new(2);
    b.offer(call(7), 1, 1);
    b.input(CallInput::Shutdown);
    assert_eq!((b.missed_calls(), b.history().len()), (1, 1));
    assert!(b.core.drained());
}

#[test]
fn the_list_shows_calls_as_they_are() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    b.rings(call(8), 3);
    let Ok(Reply::Calls(list)) = b.command(CallCommand::List) else { panic!("no list") };
    assert_eq!(list.calls.len(), 2);
    let talk = &list.calls[0];
    assert_eq!((talk.state, talk.direction), (CallState::Active, Direction::In));
    let roster: Vec<_> = talk.roster.iter().map(|r| r.account.clone()).collect();
    assert_eq!(roster, [account(1).text(), account(2).text()]);
    assert_eq!(talk.participants.len(), 1);
    assert_eq!(talk.participants[0].device, device(1).text());
    assert!(list.calls[1].participants.is_empty());
    assert_eq!(b.core.live_calls(), 2);
}

#[test]
fn a_call_that_ended_is_listed_for_10_minutes() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    b.wait(5_000);
    b.hear_hang_up(call(7), 1, Reason::HungUp);
    let ended_ms = b.now.unix_ms;
    b.wait(599_999);
    let info = b.info(call(7)).unwrap();
    assert_eq!(
        (info.state, info.reason.as_deref(), info.ended_at_ms),
        (CallState::Ended, Some("hung_up"), Some(ended_ms))
    );
    assert_eq!(info.participants[0].state, LinkState::Closed);
    assert_eq!(b.core.live_calls(), 0);
    b.wait(1);
    assert!(b.info(call(7)).is_none());
}

#[test]
fn at_most_256_calls_that_ended_are_listed() {
    let mut b = Desk::new(2);
    let calls: Vec<_> = (0..300)
        .map(|_| {
            let id = b.dial(3, &[3]);
            b.hang_up(id).unwrap();
            id
        })
        .collect();
    assert_eq!(b.core.calls(b.now).len(), 256);
    assert!(b.info(calls[43]).is_none());
    assert!(b.info(calls[44]).is_some());
}

#[test]
fn history_says_who_when_and_how() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    let began_ms = b.now.unix_ms;
    b.wait(2_000);
    b.accept(call(7)).unwrap();
    b.flows(call(7), 1);
    b.command(CallCommand::Mute { call: None }).unwrap();
    b.wait(3_000);
    b.hear_hang_up(call(7), 1, Reason::HungUp);
    let entry = b.history().pop().unwrap();
    assert!(entry.incoming && !entry.missed);
    assert_eq!(
        (entry.started_ms, entry.accepted_ms, entry.ended_ms),
        (began_ms, Some(began_ms + 2_000), Some(began_ms + 5_000))
    );
    assert_eq!((entry.by, entry.reason, entry.flags.0), (Some(device(1)), Reason::HungUp, 1));
    assert_eq!(entry.roster, [account(1), account(2)]);
}

#[test]
fn a_timer_that_nobody_asked_for_is_harmless() {
    let mut b = Desk::new(2);
    assert_eq!(b.core.next_timer_ms(), None);
    b.talks(call(7), 1);
    for _ in 0..3 {
        assert!(b.input(CallInput::Timer).is_empty());
    }
}

#[test]
fn every_reason_has_the_word_of_the_design() {
    let words = [
        (Reason::HungUp, "hung_up"),
        (Reason::Declined, "declined"),
        (Reason::Busy, "busy"),
        (Reason::Cancelled, "cancelled"),
        (Reason::NoAnswer, "no_answer"),
        (Reason::AnsweredElsewhere, "answered_elsewhere"),
        (Reason::DeclinedElsewhere, "declined_elsewhere"),
        (Reason::Unreachable, "unreachable"),
        (Reason::Lost, "lost"),
        (Reason::Refused, "refused"),
        (Reason::ProtocolError, "protocol_error"),
        (Reason::MediaFailed, "media_failed"),
        (Reason::MaxDuration, "max_duration"),
        (Reason::DaemonStopped, "daemon_stopped"),
    ];
    for (reason, word) in words {
        assert_eq!(reason.text(), word);
        // Whatever a peer says ends its call with that word, on this side too.
        let mut b = Desk::new(2);
        b.talks(call(7), 1);
        b.hear_hang_up(call(7), 1, reason);
        assert_eq!(b.reason(call(7)).as_deref(), Some(word));
    }
}

#[test]
fn calls_that_are_on_are_listed_first_and_the_newest_of_both_first() {
    let mut b = Desk::new(2);
    let listed = |b: &Desk| b.core.calls(b.now).iter().map(|info| parse_call(&info.call)).collect::<Vec<_>>();
    b.talks(call(7), 1);
    b.wait(1_000);
    b.rings(call(8), 3);
    b.decline(call(8)).unwrap();
    b.wait(1_000);
    b.rings(call(9), 3);
    b.wait(1_000);
    b.rings(call(5), 4);
    b.rings(call(6), 4);
    assert_eq!(listed(&b), [call(5), call(6), call(9), call(7), call(8)]);
    b.hang_up(call(7)).unwrap();
    assert_eq!(listed(&b), [call(5), call(6), call(9), call(8), call(7)], "over, and the older of these two");
}
