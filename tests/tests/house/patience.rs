//! Tests wait for events, not for times, and none is tried again until it passes.

use crate::sources::{files, is_test, read, top};

/// Where a test, or what tests share, lets time go by; each with what it waits for that nothing tells.
const LETS_TIME_PASS: [(&str, &str); 7] = [
    ("tests/benches/control.rs", "a measure lasts for a time, and events come at a rate"),
    ("tests/benches/network.rs", "a measure lasts for a time"),
    ("tests/src/swarm.rs", "that the last thing of a call was let go of is told by nobody"),
    ("daemon/src/actor/tests/questions.rs", "its clock is a virtual one"),
    ("media/src/simple_webrtc/webrtc_engine/runtime/tests.rs", "its clock is a virtual one"),
    ("media/src/simple_webrtc/webrtc_engine/tests/lane.rs", "its clock is a virtual one"),
    ("tests/tests/swarm/speed.rs", "the person who is called lets it ring: part of what is measured"),
];

fn sleeps(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.contains("sleep(") && !code.contains("fn ") && !code.contains('"')
}

#[test]
fn no_test_sleeps() {
    let mut found: Vec<String> = Vec::new();
    for path in files("", ".rs").iter().filter(|path| is_test(path)) {
        let name = path.strip_prefix(top()).unwrap().display().to_string();
        if LETS_TIME_PASS.iter().all(|(excused, _)| name != *excused) {
            let text = read(path);
            found.extend(text.lines().filter(|line| sleeps(line)).map(|line| format!("{name}: {}", line.trim())));
        }
    }
    assert!(found.is_empty(), "wait for the event instead: {found:#?}");
}

#[test]
fn every_place_that_lets_time_pass_still_does() {
    for (path, reason) in LETS_TIME_PASS {
        assert!(read(path).lines().any(sleeps), "{path} is excused ({reason}) without need");
    }
}

#[test]
fn a_sleeping_test_is_noticed() {
    assert!(sleeps("    tokio::time::sleep(SECOND).await;"));
    assert!(!sleeps("    fn sleep(&self, duration: Duration) {}"));
}

#[test]
fn no_test_is_tried_again() {
    let settings = read(".config/nextest.toml");
    let settings: toml::Table = settings.parse().unwrap();
    let profiles = settings["profile"].as_table().unwrap();
    assert_eq!(profiles["default"]["retries"].as_integer(), Some(0));
    assert!(profiles["default"]["slow-timeout"]["terminate-after"].as_integer().is_some(), "what hangs is ended");
    let more = profiles.values().filter_map(|profile| profile.get("overrides")?.as_array()).flatten();
    assert!(more.chain(profiles.values()).all(|rules| rules.get("retries").is_none_or(|n| n.as_integer() == Some(0))));
    let script = read("scripts/test");
    assert!(!script.contains("--retries"));
}
