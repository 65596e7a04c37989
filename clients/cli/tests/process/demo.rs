//! `ahoy demo`, as `make demo` runs it, and what makes it fail.

use std::fs;
use std::process::Command;

use ahoy_tests::privacy::leaks_in;
use serde_json::Value;
use tempfile::TempDir;

use crate::scene::AHOY;

/// Long enough for a verdict, short enough for a test.
const TALK_S: &str = "8";

struct Demo {
    code: Option<i32>,
    lines: Vec<Value>,
    stderr: String,
    kept: TempDir,
}

fn demo(extra: &[&str]) -> Demo {
    let kept = TempDir::new().unwrap();
    let output = Command::new(AHOY)
        .args(["--json", "demo", "--talk", TALK_S, "--keep"])
        .arg(kept.path())
        .args(extra)
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let lines = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Demo { code: output.status.code(), lines, stderr, kept }
}

#[test]
fn each_side_hears_the_other_and_the_figures_are_complete() {
    let demo = demo(&[]);
    let result = demo.lines.last().expect("a result");
    assert_eq!((demo.code, &result["kind"]), (Some(0), &"result".into()), "{}\n{:#?}", demo.stderr, demo.lines);
    let steps: Vec<&str> = demo.lines.iter().filter_map(|line| line["step"].as_str()).collect();
    for step in ["start", "cards", "met", "call", "answer", "talk", "hang_up", "stopped"] {
        assert!(steps.contains(&step), "{step} in {steps:?}");
    }
    assert!(result["offer_to_ringing_ms"].as_f64().unwrap() > 0.0);
    for side in ["a", "b"] {
        for figure in ["accept_to_audio_ms", "mouth_to_ear_ms"] {
            let value = result[figure][side].as_f64();
            assert!(value.is_some_and(|value| (0.0..2_000.0).contains(&value)), "{figure} at {side}: {result}");
        }
        assert!(result["packets_received"][side].as_u64().unwrap() > 300, "{result}");
        assert!(result["packets_lost"][side].is_u64(), "{result}");
        let wav = result["heard_wavs"][side].as_str().unwrap();
        assert!(hound::WavReader::open(wav).unwrap().duration() > 48_000 * 7, "{wav}");
    }
    for pair in ["a_hears_b", "b_hears_a"] {
        assert!(result["correlation"][pair].as_f64().unwrap() >= 0.8, "{result}");
    }
    for pair in ["a_hears_a", "b_hears_b"] {
        assert!(result["correlation"][pair].as_f64().unwrap() < 0.2, "{result}");
    }
    let report = fs::read_to_string(result["report"].as_str().unwrap()).unwrap();
    assert!(report.contains("<svg") && report.contains("incoming_call"), "the report shows what happened");
    for foreign in ["http://", "https://", "src=", "<script", "@import", "url("] {
        assert!(!report.contains(foreign), "the report fetches {foreign}");
    }
    for side in ["a", "b"] {
        let log = fs::read_to_string(demo.kept.path().join(format!("ahoyd_{side}.log"))).unwrap();
        assert!(log.contains("ready") && log.contains("hung_up"), "the log tells the call: {log}");
        assert_eq!(leaks_in(&log, &[]), [], "the log of {side} gives somebody away");
    }
}

#[test]
fn with_a_silent_far_side_it_fails_and_says_who_hears_nothing() {
    let demo = demo(&["--far", "none"]);
    assert_eq!(demo.code, Some(1), "{}", demo.stderr);
    let result = demo.lines.last().expect("a result");
    assert_eq!((&result["kind"], &result["ok"]), (&"result".into(), &false.into()));
    assert!(result["correlation"]["a_hears_b"].as_f64().unwrap() < 0.2, "{result}");
    assert!(result["correlation"]["b_hears_a"].as_f64().unwrap() >= 0.8, "the other way still works: {result}");
    assert!(demo.stderr.contains("A does not hear B"), "{}", demo.stderr);
    assert!(demo.kept.path().join("report.html").exists());
}
