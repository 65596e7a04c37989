//! What `ahoy history` tells: each call once, with its times, whoever was away or killed.

use serde_json::Value;

use crate::scene::{AHOY, acquainted, part_at, times, two};
use ahoy_tests::process::{Home, Said, Setup};

/// The history, newest first.
fn history(home: &Home) -> Vec<Value> {
    home.says(&["history"]).ok().lines
}

/// Waits until a home that was away has been told of a missed call, and returns its history.
fn told_of_a_missed_call(home: &Home) -> Vec<Value> {
    let mut watch = home.begins(&["watch"]);
    watch.event("snapshot");
    // It may have been told before there was anybody to watch.
    if history(home).is_empty() {
        watch.event("missed_call");
    }
    history(home)
}

/// `a` calls `b`, which does not run; the call.
fn calls_in_vain(a: &Home) -> Value {
    let said: Said = a.says(&["call", "b", "--wait", "ringing"]);
    assert_eq!((said.code, &said.last()["reason"]), (Some(1), &"unreachable".into()), "{said:?}");
    a.call()
}

#[test]
fn a_call_missed_while_away_is_told_once_on_return_and_history_shows_its_time() {
    let (a, mut b) = two(times("reach_ms = 1500"), Setup::default());
    b.kill();
    let call = calls_in_vain(&a);
    b.start();
    let told = told_of_a_missed_call(&b);
    let [missed] = &told[..] else { panic!("{told:#?}") };
    assert_eq!((&missed["call"], &missed["missed"], &missed["direction"]), (&call["call"], &true.into(), &"in".into()));
    assert_eq!((&missed["started_at_ms"], &missed["reason"]), (&call["started_at_ms"], &"no_answer".into()));
    assert_eq!(missed["roster"].as_array().map(Vec::len), Some(2));
    // Neither side tells it again after a restart.
    b.kill();
    b.start();
    acquainted(&b);
    assert_eq!(history(&b), told);
    let ours = history(&a);
    let [made] = &ours[..] else { panic!("{ours:#?}") };
    assert_eq!(
        (&made["call"], &made["reason"], &made["missed"]),
        (&call["call"], &"unreachable".into(), &false.into())
    );
}

#[test]
fn a_caller_that_was_restarted_meanwhile_still_tells_what_was_missed() {
    let (mut a, mut b) = two(times("reach_ms = 1500"), Setup::default());
    b.kill();
    let call = calls_in_vain(&a);
    a.kill();
    a.start();
    b.start();
    // Both have new ports now: without mDNS they find each other by the card.
    b.adds(&a, "a");
    let told = told_of_a_missed_call(&b);
    let [missed] = &told[..] else { panic!("{told:#?}") };
    assert_eq!((&missed["call"], &missed["started_at_ms"]), (&call["call"], &call["started_at_ms"]));
}

/// `a` calls `b` and both talk; the call.
fn talks(a: &Home, b: &Home) -> Value {
    let mut caller = a.begins(&["call", "b", "--wait", "active"]);
    caller.state("ringing");
    let answered = b.says(&["answer", "--wait", "active", "--timeout", "30"]).ok();
    assert_eq!(answered.last()["kind"], "reached");
    assert_eq!(caller.ends().code, Some(0));
    a.call()
}

#[test]
fn a_daemon_killed_in_a_call_whose_other_side_is_gone_has_it_in_its_history_once_and_truthfully() {
    let (mut a, mut b) = two(Setup::default(), Setup::default());
    let call = talks(&a, &b);
    a.kill();
    b.kill();
    a.start();
    let mut watch = a.begins(&["watch"]);
    let snapshot = watch.event("snapshot");
    assert_eq!(snapshot["calls"][0]["state"], "reconnecting", "{snapshot}");
    assert_eq!(history(&a), Vec::<Value>::new(), "it isn't over");
    // Its old name still means it.
    let named = call["call"].as_str().expect("an id");
    assert_eq!(a.says(&["hangup", named]).ok().last()["reason"], "hung_up");
    let told = history(&a);
    let [cut_off] = &told[..] else { panic!("{told:#?}") };
    assert_eq!((&cut_off["call"], &cut_off["reason"]), (&call["call"], &"hung_up".into()));
    assert_eq!((&cut_off["started_at_ms"], &cut_off["missed"]), (&call["started_at_ms"], &false.into()));
    assert!(cut_off["accepted_at_ms"].as_u64() >= cut_off["started_at_ms"].as_u64(), "{cut_off}");
    a.kill();
    a.start();
    assert_eq!(history(&a), told);
}

#[test]
fn a_cleared_history_is_empty_and_every_frontend_is_told() {
    let home = Home::started(AHOY, times("reach_ms = 500"));
    let mut other = Home::started(AHOY, Setup::default());
    home.adds(&other, "b");
    other.kill();
    let first = calls_in_vain(&home);
    let second = calls_in_vain(&home);
    let ids: Vec<Value> = history(&home).into_iter().map(|line| line["call"].clone()).collect();
    assert_eq!(ids, [second["call"].clone(), first["call"].clone()]);
    let newest = home.says(&["history", "--limit", "1"]).ok().lines;
    assert_eq!((newest.len(), &newest[0]["call"]), (1, &second["call"]));
    let mut watch = home.begins(&["watch"]);
    watch.event("snapshot");
    assert_eq!(home.says(&["history", "clear"]).ok().last()["cleared"], true);
    assert_eq!(watch.event("history_cleared")["client"], "ahoy");
    assert_eq!(history(&home), Vec::<Value>::new());
}

#[test]
fn a_message_left_for_a_callee_that_is_away_is_brought_on_its_return_and_can_be_heard() {
    let caller = Setup { audio_in: "tone:700".to_owned(), ..times("reach_ms = 1500") };
    let (a, mut b) = two(caller, Setup::default());
    b.kill();
    let call = calls_in_vain(&a);
    let sent = a.says(&["voicemail", "--seconds", "2"]).ok();
    assert_eq!((&sent.last()["call"], &sent.last()["sent"]), (&call["call"], &true.into()));
    let mut watch = a.begins(&["watch"]);
    watch.event("snapshot");
    b.start();
    assert_eq!(watch.event("voicemail_delivered")["call"], call["call"]);
    let told = history(&b);
    let [missed] = &told[..] else { panic!("{told:#?}") };
    assert_eq!((&missed["call"], &missed["missed"]), (&call["call"], &true.into()));
    let length_ms = missed["voicemail_ms"].as_u64().expect("a message");
    assert!((1_500..=4_000).contains(&length_ms), "{length_ms} ms");
    let id = call["call"].as_str().expect("an id");
    let file = b.path().join("message.wav");
    let played = b.says(&["history", "play", &id[..8], "--to", &file.display().to_string()]).ok();
    assert_eq!(played.last()["call"], call["call"]);
    let part = part_at(&file, 1.0, 700.0);
    assert!(part > 0.9, "only {part} of the message is the caller's tone");
    // It is there after a restart, and through the speaker, too.
    b.kill();
    b.start();
    assert_eq!(history(&b)[0]["voicemail_ms"], missed["voicemail_ms"]);
    let mut hears = b.begins(&["watch"]);
    hears.event("snapshot");
    let aloud = b.says(&["history", "play", id]).ok();
    assert_eq!(aloud.last()["to"], Value::Null);
    assert!(aloud.last()["through"].as_str().is_some_and(|through| through.starts_with("file:")), "{aloud:?}");
    assert_eq!(aloud.last()["reason"], "done");
    hears.event("sink_started");
    assert_eq!(hears.event("playback_ended")["played_ms"], missed["voicemail_ms"]);
    assert_eq!(b.says(&["history", "play", "ffffffff"]).code, Some(4), "no message of a call that begins so");
    assert_eq!(b.says(&["history", "play", &"f".repeat(32)]).code, Some(4), "no message");
}

#[test]
fn a_message_is_left_only_for_a_call_that_nobody_answered() {
    let home = Home::started(AHOY, Setup::default());
    let said = home.says(&["voicemail", "--seconds", "1"]);
    assert_eq!(said.code, Some(4), "{said:?}");
}
