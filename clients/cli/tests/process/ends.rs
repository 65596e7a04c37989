//! How calls end when nobody talks: reasons on both sides, in events, exit codes and `calls`.

use std::process::Command;

use crate::scene::{AHOY, times, two};
use ahoy_tests::process::{Home, Setup};

/// Both sides' newest call ended for this reason.
fn both_ended(a: &Home, b: &Home, reason: &str) {
    for home in [a, b] {
        let call = home.call();
        assert_eq!((&call["state"], &call["reason"]), (&"ended".into(), &reason.into()), "{call}");
    }
}

#[test]
fn a_decline_is_told_to_the_caller() {
    let (a, b) = two(Setup::default(), Setup::default());
    let mut caller = a.begins(&["call", "b", "--wait", "active"]);
    caller.state("ringing");
    let declined = b.says(&["decline", "--wait", "ended", "--timeout", "10"]).ok();
    assert_eq!(declined.last()["reason"], "declined");
    let said = caller.ends();
    assert_eq!(
        (said.code, &said.last()["kind"], &said.last()["reason"]),
        (Some(6), &"ended".into(), &"declined".into())
    );
    both_ended(&a, &b, "declined");
}

#[test]
fn a_cancel_stops_the_ringing_at_once_and_leaves_one_missed_call() {
    let (a, b) = two(Setup::default(), Setup::default());
    let mut watch = b.begins(&["watch"]);
    watch.event("snapshot");
    let call = a.says(&["call", "b", "--wait", "ringing", "--timeout", "30"]).ok();
    watch.event("incoming_call");
    let cancelled = a.says(&["hangup", "--wait", "ended", "--timeout", "10"]).ok();
    assert_eq!(cancelled.last()["reason"], "cancelled");
    let missed = watch.until("both the end and the missed call", |line| line["kind"] == "missed_call");
    assert_eq!(missed["call"], call.last()["call"]);
    both_ended(&a, &b, "cancelled");
}

#[test]
fn nobody_answers_within_the_limit_of_the_callee() {
    let (a, b) = two(Setup::default(), times("ring_callee_ms = 1000"));
    let said = a.says(&["call", "b", "--wait", "active"]);
    assert_eq!((said.code, &said.last()["reason"]), (Some(5), &"no_answer".into()), "{said:?}");
    both_ended(&a, &b, "no_answer");
}

#[test]
fn a_callee_that_does_not_run_is_unreachable_and_what_was_tried_is_told() {
    let mut b = Home::started(AHOY, Setup::default());
    let a = Home::started(AHOY, times("reach_ms = 1500"));
    a.adds(&b, "b");
    b.kill();
    let said = a.says(&["call", "b", "--wait", "ringing"]);
    assert_eq!((said.code, &said.last()["reason"]), (Some(1), &"unreachable".into()), "{said:?}");
    assert!(said.stderr.contains("not reachable ("), "{}", said.stderr);
    assert!(said.stderr.contains("127.0.0.1"), "it says what was tried: {}", said.stderr);
    assert_eq!(a.call()["reason"], "unreachable");
}

#[test]
fn a_callee_killed_in_the_call_is_noticed() {
    let (a, mut b) = two(Setup::default(), Setup::default());
    let mut watch = a.begins(&["watch"]);
    watch.event("snapshot");
    let _ = a.says(&["call", "b", "--wait", "ringing", "--timeout", "30"]).ok();
    let _ = b.says(&["answer", "--wait", "active", "--timeout", "30"]).ok();
    watch.state("active");
    b.kill();
    watch.state("reconnecting");
    // It would be given up after a minute; whoever does not want to wait hangs up.
    let over = a.says(&["hangup", "--wait", "ended", "--timeout", "10"]).ok();
    assert_eq!(over.last()["reason"], "hung_up");
}

#[test]
fn a_daemon_whose_terminal_is_closed_says_goodbye_and_under_nohup_it_stays() {
    let (a, b) = two(Setup::default(), Setup::default());
    let mut watch = a.begins(&["watch"]);
    watch.event("snapshot");
    let _ = a.says(&["call", "b", "--wait", "ringing", "--timeout", "30"]).ok();
    let _ = b.says(&["answer", "--wait", "active", "--timeout", "30"]).ok();
    watch.state("active");
    hang_up_terminal(&b);
    assert_eq!(watch.state("ended")["reason"], "daemon_stopped");

    let mut c = Home::new(AHOY, Setup::default());
    c.start_ignoring_hangup();
    hang_up_terminal(&c);
    assert_eq!(c.says(&["status"]).ok().last()["calls"], 0);
}

/// What the system sends a process whose terminal is gone.
fn hang_up_terminal(home: &Home) {
    assert!(Command::new("kill").args(["-HUP", &home.pid().to_string()]).status().unwrap().success());
}

#[test]
fn a_caller_killed_while_it_rings_is_lost_and_leaves_one_missed_call() {
    let (mut a, b) = two(Setup::default(), times("caller_lost_ms = 1000"));
    let mut watch = b.begins(&["watch"]);
    watch.event("snapshot");
    let _ = a.says(&["call", "b", "--wait", "ringing", "--timeout", "30"]).ok();
    watch.event("incoming_call");
    a.kill();
    watch.event("missed_call");
    let call = b.call();
    assert_eq!((&call["state"], &call["reason"]), (&"ended".into(), &"lost".into()));
    assert_eq!(b.says(&["answer"]).code, Some(4), "nothing is left to be answered");
}

#[test]
fn a_daemon_that_stops_tells_the_other_side() {
    let (a, b) = two(Setup::default(), Setup::default());
    let _ = a.says(&["call", "b", "--wait", "ringing", "--timeout", "30"]).ok();
    let _ = b.says(&["answer", "--wait", "active", "--timeout", "30"]).ok();
    let mut watch = a.begins(&["watch"]);
    watch.event("snapshot");
    assert_eq!(b.says(&["stop"]).ok().last()["stopped"], true);
    assert_eq!(watch.state("ended")["reason"], "daemon_stopped");
}
