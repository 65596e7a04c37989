//! Verdict, figures, timeline and report of calls that never were.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use ahoy_client::control::{CallState, Event};

use super::figures::{Figures, SideFigures};
use super::report;
use super::script::{Held, SideRecord};
use super::side::Seen;
use super::timeline::Timeline;
use crate::measure::Recording;
use crate::out::Out;

fn side(hears_other: f64, hears_itself: f64) -> SideFigures {
    let tone = Recording { rate_hz: 8_000, samples: (0..8_000).map(|i| (i as f32 * 0.3).sin()).collect() };
    SideFigures {
        accept_to_audio_ms: Some(31.234_56),
        mouth_to_ear_ms: None,
        delays: vec![(1_000.0, 41.0), (2_000.0, 42.0)],
        packets_received: Some(750),
        packets_lost: Some(0),
        hears_other,
        hears_itself,
        cpu_s_per_minute: Some(2.5),
        peak_rss_bytes: Some(32 * 1024 * 1024),
        heard_wav: PathBuf::from("/kept/heard_a.wav"),
        said: tone.clone(),
        heard: tone,
    }
}

fn figures(a: (f64, f64), b: (f64, f64)) -> Figures {
    Figures { offer_to_ringing_ms: 12.345_67, a: side(a.0, a.1), b: side(b.0, b.1) }
}

fn held() -> Held {
    let record = || SideRecord { seen: Seen::default(), seconds: Vec::new(), usage: None };
    Held {
        a: record(),
        b: record(),
        offer_to_ringing: Duration::from_millis(12),
        accepted: Instant::now(),
        talk_ms: (500.0, 15_500.0),
    }
}

#[test]
fn it_passes_only_if_each_hears_the_other_and_not_itself() {
    assert!(figures((0.8, 0.19), (0.95, 0.0)).verdict().is_ok());
    for (a, b, complaint) in [
        ((0.79, 0.0), (0.9, 0.0), "A does not hear B"),
        ((0.9, 0.0), (0.1, 0.0), "B does not hear A"),
        ((0.9, 0.2), (0.9, 0.0), "A hears itself"),
        ((0.9, 0.0), (0.9, 0.7), "B hears itself"),
    ] {
        let failure = figures(a, b).verdict().unwrap_err();
        assert_eq!(failure.exit_code(), 1);
        assert!(failure.to_string().contains(complaint), "{failure}");
    }
    let both = figures((0.0, 0.0), (0.0, 0.0)).verdict().unwrap_err().to_string();
    assert!(both.contains("A does not hear B") && both.contains("B does not hear A"), "{both}");
}

#[test]
fn the_result_keeps_the_names_that_scripts_rely_on() {
    let result = figures((0.9, 0.01), (0.95, 0.02)).result(Path::new("/kept/report.html"));
    assert_eq!((&result["kind"], &result["ok"]), (&json!("result"), &json!(true)));
    assert_eq!(result["offer_to_ringing_ms"], 12.346);
    assert_eq!(result["accept_to_audio_ms"], json!({ "a": 31.235, "b": 31.235 }));
    assert_eq!(result["mouth_to_ear_ms"], json!({ "a": null, "b": null }), "what is not known is null");
    assert_eq!(result["packets_received"], json!({ "a": 750, "b": 750 }));
    assert_eq!(result["packets_lost"], json!({ "a": 0, "b": 0 }));
    let correlation = json!({ "a_hears_b": 0.9, "b_hears_a": 0.95, "a_hears_a": 0.01, "b_hears_b": 0.02 });
    assert_eq!(result["correlation"], correlation);
    assert_eq!(result["heard_wavs"]["a"], "/kept/heard_a.wav");
    assert_eq!(result["report"], "/kept/report.html");
}

#[test]
fn people_are_told_the_same() {
    let good = figures((0.9, 0.01), (0.95, 0.02)).text(Path::new("/kept/report.html"));
    for part in ["12.3", "31.2", "0.900", "0.950", "32.0", "/kept/report.html", "Each heard the other"] {
        assert!(good.contains(part), "{part} in {good}");
    }
    let bad = figures((0.1, 0.01), (0.95, 0.02)).text(Path::new("/kept/report.html"));
    assert!(!bad.contains("Each heard the other"), "{bad}");
}

#[test]
fn the_timeline_shows_each_thing_at_once_and_keeps_all_in_order_of_time() {
    let out = Out::kept(true);
    let mut timeline = Timeline::new(&out);
    timeline.step("call", "A calls B").unwrap();
    // An event is read after the step but may have happened before it.
    timeline.event("b", &json!({ "kind": "incoming_call", "at_ms": 5 }), "A calls").unwrap();
    let shown: Vec<Value> = out.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&shown[0]["kind"], &shown[0]["step"]), (&json!("step"), &json!("call")));
    assert_eq!((&shown[1]["side"], &shown[1]["event"]["kind"]), (&json!("b"), &json!("incoming_call")));
    let kept: Vec<String> = timeline.entries().into_iter().map(|entry| entry.what).collect();
    assert_eq!(kept, ["incoming_call", "call"]);
}

#[test]
fn the_report_needs_nothing_else_and_cannot_be_written_into() {
    let mut timeline = Timeline::new(&Out::kept(true));
    timeline.event("a", &json!({ "kind": "warning", "at_ms": 5 }), "<script>alert(1)</script>").unwrap();
    let page = report::html(&figures((0.1, 0.0), (0.9, 0.0)), &timeline, &held());
    for foreign in ["<script", "http:", "https:", "src=", "href=", "url(", "@import", "NaN"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert_eq!(page.matches("<svg").count(), 6);
    assert!(page.contains("Failed: A does not hear B (0.100, wanted 0.8)."));
    assert!(page.contains("&lt;script&gt;alert(1)"));
    assert!(page.contains("prefers-color-scheme: dark"));
}

#[test]
fn a_side_remembers_the_first_time_of_everything() {
    let mut seen = Seen::default();
    let start = Instant::now();
    let mut learn = |event: Value, after_ms: u64| {
        let event: Event = serde_json::from_value(event).unwrap();
        seen.learn(&event, start + Duration::from_millis(after_ms));
    };
    let event = |seq: u64, rest: Value| {
        let mut event = rest;
        event["seq"] = json!(seq);
        event["at_ms"] = json!(0);
        event
    };
    let state = |state: &str| json!({ "kind": "call_state", "call": "c", "state": state, "direction": "out" });
    learn(event(1, state("ringing")), 10);
    learn(event(2, state("ringing")), 20);
    learn(event(3, json!({ "kind": "source_started", "at_us": 7 })), 30);
    learn(event(4, json!({ "kind": "source_started", "at_us": 9 })), 40);
    learn(event(5, json!({ "kind": "participant_joined", "call": "c", "account": "a", "device": "d" })), 50);
    let mut ended = state("ended");
    ended["reason"] = json!("hung_up");
    learn(event(6, ended), 60);
    assert_eq!(seen.since(CallState::Ringing), Some(start + Duration::from_millis(10)));
    assert_eq!((seen.source_us, seen.sink_us), (Some(7), None));
    assert_eq!(seen.joined, Some(start + Duration::from_millis(50)));
    assert_eq!(seen.reason.as_deref(), Some("hung_up"));
    assert_eq!(seen.since(CallState::Active), None);
}
