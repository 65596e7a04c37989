//! A daemon that is killed in a call, as `kill -9` does, and goes on with it after `ahoy start`.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::scene::{hears, tone, two};
use ahoy_tests::process::{Home, tell};

/// Within which a call is back after the restart.
const BACK: Duration = Duration::from_secs(10);

fn history(home: &Home) -> Vec<Value> {
    home.says(&["history"]).ok().lines
}

#[test]
fn a_killed_daemon_is_back_in_its_call_after_its_restart_muted_as_it_was_and_heard() {
    let (mut a, b) = two(tone(440), tone(660));
    let rings = a.says(&["call", "b", "--wait", "ringing", "--timeout", "30"]).ok();
    let old = rings.last()["call"].clone();
    let _ = b.says(&["answer", "--wait", "active", "--timeout", "30"]).ok();
    hears(&a, 660.0);
    hears(&b, 440.0);
    let _ = a.says(&["mute"]).ok();
    let mut other = b.begins(&["watch"]);
    other.event("snapshot");

    a.kill();
    a.start();
    let from = Instant::now();
    let mut watch = a.begins(&["watch"]);
    let snapshot = watch.event("snapshot");
    assert_eq!(snapshot["muted"], true, "{snapshot}");
    let [call] = &snapshot["calls"].as_array().expect("calls")[..] else { panic!("{snapshot}") };
    assert_ne!(call["call"], old);
    if call["state"] != "active" {
        assert_eq!(call["state"], "reconnecting", "{snapshot}");
        watch.state("active");
    }
    let back = from.elapsed();
    tell(&format!("active again {} ms after `ahoy start`", back.as_millis()));
    assert!(back <= BACK, "{back:?}");

    let goes_on = other.until("the new call", |line| line["continues_as"] == call["call"]);
    assert_eq!((&goes_on["call"], &goes_on["reason"]), (&old, &"lost".into()));
    let muted = |line: &Value| line["kind"] == "participant_state" && line["muted"] == true;
    other.until("the mute", muted);
    hears(&a, 660.0);
    let _ = a.says(&["unmute"]).ok();
    hears(&b, 440.0);

    let _ = a.says(&["hangup", "--wait", "ended", "--timeout", "10"]).ok();
    other.until("the end", |line| line["state"] == "ended" && line["reason"] == "hung_up");
    for (home, way) in [(&a, "out"), (&b, "in")] {
        let told = history(home);
        let [line] = &told[..] else { panic!("it was one call: {told:#?}") };
        assert_eq!((&line["call"], &line["direction"]), (&old, &way.into()));
        assert_eq!((&line["reason"], &line["missed"]), (&"hung_up".into(), &false.into()));
        assert_eq!(line["started_at_ms"], call["started_at_ms"], "as it is shown while it goes on");
        assert!(line["ended_at_ms"].as_u64() > line["accepted_at_ms"].as_u64(), "{told:#?}");
    }
}
