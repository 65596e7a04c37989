//! A call between two processes.

use serde_json::Value;

use crate::scene::{AHOY, hears, part_at, tone, two};
use ahoy_tests::process::{Home, Said, Setup};

fn kinds(said: &Said) -> Vec<&str> {
    said.lines.iter().filter_map(|line| line["kind"].as_str()).collect()
}

/// a calls b, and b answers.
fn talking(a: &Home, b: &Home) -> String {
    let rings = a.says(&["call", "b", "--wait", "ringing", "--timeout", "30"]).ok();
    assert_eq!(rings.last()["kind"], "reached");
    let call = rings.last()["call"].as_str().unwrap().to_owned();
    let active = b.says(&["answer", "--wait", "active", "--timeout", "30"]).ok();
    assert_eq!((&active.last()["kind"], &active.last()["state"]), (&"reached".into(), &"active".into()));
    assert_eq!(active.last()["call"], call.as_str());
    call
}

#[test]
fn a_tone_crosses_each_way_and_both_sides_tell_the_same_story() {
    let (a, b) = two(tone(440), tone(660));
    let mut watch = a.begins(&["watch"]);
    watch.event("snapshot");
    let call = talking(&a, &b);
    assert_eq!(watch.state("active")["call"], call.as_str());
    hears(&a, 660.0);
    hears(&b, 440.0);
    assert!(part_at(&a.heard(), 1.0, 440.0) < 0.05, "a hears itself");

    figures_are_complete(&a, &call);
    let shown = a.call();
    for field in ["call", "state", "direction", "roster", "participants", "started_at_ms"] {
        assert!(!shown[field].is_null(), "{field} in {shown}");
    }
    assert_eq!((&shown["direction"], &shown["state"]), (&"out".into(), &"active".into()));
    assert_eq!(shown["participants"][0]["state"], "connected");
    assert!(shown["roster"].as_array().unwrap().iter().any(|entry| entry["name"] == "b"), "{shown}");

    let over = a.says(&["hangup", "--wait", "ended", "--timeout", "10"]).ok();
    assert_eq!((&over.last()["kind"], &over.last()["reason"]), (&"reached".into(), &"hung_up".into()));
    assert_eq!(watch.state("ended")["reason"], "hung_up");
    for home in [&a, &b] {
        let ended = home.call();
        assert_eq!((&ended["state"], &ended["reason"]), (&"ended".into(), &"hung_up".into()));
        assert!(ended["ended_at_ms"].as_u64() >= ended["started_at_ms"].as_u64());
    }
    assert_eq!(b.call()["direction"], "in");
}

fn figures_are_complete(home: &Home, call: &str) {
    let stats = home.says(&["stats"]).ok();
    assert_eq!(stats.lines.len(), 1);
    let stats = stats.last();
    assert_eq!((&stats["call"], &stats["state"]), (&call.into(), &"connected".into()));
    for field in ["packets_sent", "packets_received", "bitrate_bps_out", "bitrate_bps_in", "connected_at_ms"] {
        assert!(stats[field].as_f64().is_some_and(|value| value > 0.0), "{field} in {stats}");
    }
    for field in [
        "account",
        "device",
        "capabilities",
        "rtt_ms",
        "packets_lost",
        "loss_rate",
        "jitter_ms",
        "target_bitrate_bps",
        "jitter_buffer_ms",
        "playout_delay_ms",
        "mouth_to_ear_ms",
        "concealed_ms",
        "retransmitted",
        "fec_recovered",
        "copies_used",
        "codec",
        "candidate_pair",
    ] {
        assert!(stats.get(field).is_some(), "{field} is missing in {stats}");
    }
    assert_eq!(stats["candidate_pair"]["type"], "host");
    let loss = stats["loss_rate"].as_f64().unwrap_or(0.0);
    assert!((0.0..0.2).contains(&loss), "{loss} lost on loopback");
}

#[test]
fn muting_is_seen_on_the_other_side_and_unmuting_too() {
    let (a, b) = two(tone(440), Setup::default());
    talking(&a, &b);
    let mut watch = b.begins(&["watch"]);
    watch.event("snapshot");
    assert_eq!(a.says(&["mute"]).ok().last()["muted"], true);
    watch.until("the mute", |line| line["kind"] == "participant_state" && line["muted"] == true);
    assert_eq!(b.call()["participants"][0]["muted"], true);
    assert_eq!(a.says(&["unmute"]).ok().last()["muted"], false);
    watch.until("the unmute", |line| line["kind"] == "participant_state" && line["muted"] == false);
}

#[test]
fn call_without_wait_returns_at_once_and_the_call_goes_on() {
    let (a, b) = two(Setup::default(), Setup::default());
    let mut watch = b.begins(&["watch"]);
    watch.event("snapshot");
    let called = a.says(&["call", "b"]).ok();
    assert_eq!(kinds(&called), ["reached"]);
    assert!(["dialing", "ringing"].contains(&called.last()["state"].as_str().unwrap()), "{called:?}");
    let incoming = watch.event("incoming_call");
    assert_eq!((&incoming["call"], &incoming["from"]["name"]), (&called.last()["call"], &"a".into()));
    assert_eq!(incoming["media"], serde_json::json!(["audio"]));
}

#[test]
fn a_time_out_leaves_the_call_as_it_is() {
    let (a, b) = two(Setup::default(), Setup::default());
    let said = a.says(&["call", "b", "--wait", "active", "--timeout", "2"]);
    assert_eq!((said.code, &said.last()["kind"]), (Some(5), &"timeout".into()));
    assert!(said.stderr.contains("timed out after 2 s"), "{}", said.stderr);
    assert_eq!(a.call()["state"], "ringing");
    assert_eq!(b.call()["state"], "incoming");
}

#[test]
fn stats_can_be_followed_to_the_end_of_the_call() {
    let (a, b) = two(tone(440), tone(660));
    talking(&a, &b);
    let mut stats = a.begins(&["stats", "--follow"]);
    let received = |line: &Value| line["packets_received"].as_u64().unwrap_or(0);
    let first = stats.until("figures", |line| received(line) > 0);
    let later = stats.until("newer figures", |line| received(line) > received(&first));
    assert!(received(&later) - received(&first) < 500, "a second has 50 packets of 20 ms: {first} {later}");
    let _ = b.says(&["hangup"]).ok();
    assert_eq!(stats.ends().code, Some(0));
}

#[test]
fn two_calls_to_choose_from_are_listed() {
    let (a, b) = two(Setup::default(), Setup::default());
    let mut watch = b.begins(&["watch"]);
    watch.event("snapshot");
    let first = a.says(&["call", "b", "--wait", "ringing", "--timeout", "30"]).ok();
    let c = Home::started(AHOY, Setup::default());
    c.adds(&b, "b");
    b.adds(&c, "c");
    let second = c.says(&["call", "b", "--wait", "ringing", "--timeout", "30"]).ok();
    let said = b.says(&["decline"]);
    assert_eq!(said.code, Some(4), "{said:?}");
    for call in [first.last(), second.last()] {
        assert!(said.stderr.contains(call["call"].as_str().unwrap()), "{}", said.stderr);
    }
    let named = b.says(&["decline", first.last()["call"].as_str().unwrap(), "--wait", "ended", "--timeout", "10"]).ok();
    assert_eq!(named.last()["call"], first.last()["call"]);
}

#[test]
fn whom_we_call_already_is_not_called_again_and_the_call_there_is_is_named() {
    let (a, _b) = two(Setup::default(), Setup::default());
    let first = a.says(&["call", "b"]).ok();
    let said = a.says(&["call", "b"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stderr.contains("called already"), "{}", said.stderr);
    assert!(said.stderr.contains(first.last()["call"].as_str().unwrap()), "{}", said.stderr);
}
