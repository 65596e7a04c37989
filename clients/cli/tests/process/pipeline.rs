//! Pipelines by the verbs of `ahoy`, over real sockets: what the other one hears, what is refused, and what is kept.

use std::path::{Path, PathBuf};

use crate::scene::{hears, tone, two};
use ahoy_tests::process::{Home, PATIENCE};
use ahoy_tests::sound::Heard;
use serde_json::{Value, json};

/// Half as loud, and measured.
fn half() -> Value {
    json!({
        "nodes": [{"id": "half", "type": "gain", "params": {"gain_db": -6.0206}}, {"id": "meter", "type": "level_meter"}],
        "edges": [{"from": "input", "to": "half"}, {"from": "half", "to": "meter"}, {"from": "half", "to": "output"}],
    })
}

/// A manifest in a file.
fn written(home: &Home, name: &str, manifest: &Value) -> String {
    let path = home.path().join(name);
    std::fs::write(&path, manifest.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn level(wav: &Path) -> f64 {
    Heard::read(wav).end(0.7).level()
}

/// Waits until what `home` hears is as loud as this.
fn reaches(home: &Home, wanted: f64) {
    let deadline = std::time::Instant::now() + PATIENCE;
    let mut stats = home.begins(&["stats", "--follow"]);
    loop {
        // Comes once a second: there is nothing else to wait on while a file grows.
        stats.until("figures", |line| line["state"] == "connected");
        let is = level(&home.heard());
        if (is / wanted - 1.0).abs() < 0.1 {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "what is heard has a level of {is}, wanted {wanted}");
    }
}

#[test]
fn the_other_hears_what_a_pipeline_makes_of_a_voice_and_a_wrong_one_changes_nothing() {
    let (mut a, b) = two(tone(440), tone(660));
    let _ = a.says(&["call", "b", "--wait", "ringing", "--timeout", "30"]).ok();
    let _ = b.says(&["answer", "--wait", "active", "--timeout", "30"]).ok();
    hears(&b, 440.0);
    let open = level(&b.heard());
    let mut watch = b.begins(&["watch"]);
    watch.event("snapshot");

    let file = written(&a, "half.json", &half());
    let set = a.says(&["pipeline", "set", &file]).ok();
    assert_eq!((&set.last()["manifest"], &set.last()["kept"]), (&half(), &true.into()));
    reaches(&b, open / 2.0);
    let shown = a.says(&["pipeline", "show"]).ok().last().clone();
    let meter = shown["levels"][0]["level_dbfs"].as_f64().unwrap();
    assert!((meter - 20.0 * (open / 2.0).log10()).abs() < 1.0, "{shown}");

    let wrong = written(&a, "wrong.json", &json!({"nodes": [{"id": "x", "type": "magic"}], "edges": []}));
    let refused = a.says(&["pipeline", "set", &wrong]);
    assert_eq!((refused.code, &refused.last()["error"]["kind"]), (Some(2), &"bad_pipeline".into()));
    assert_eq!(
        refused.last()["error"]["problem"],
        json!({"error": "unknown_type", "node": "x",
        "message": refused.last()["error"]["problem"]["message"]})
    );
    let checked = a.says(&["pipeline", "check", &wrong]);
    assert_eq!((checked.code, &checked.last()["problem"]["error"]), (Some(1), &"unknown_type".into()));
    assert_eq!(a.says(&["pipeline", "check", &file]).ok().last()["fits"], true);
    assert_eq!(a.says(&["pipeline", "show"]).ok().last()["manifest"], half(), "the old one goes on");

    // Whoever listens may have one of their own, which nobody else hears.
    let theirs = written(&b, "half.json", &half());
    let set = b.says(&["pipeline", "set", &theirs, "--of", "a"]).ok();
    assert_eq!((&set.last()["delay_ms"], &set.last()["call"]), (&10.0.into(), &b.call()["call"]));
    watch.until("the change", |line| line["kind"] == "pipeline_changed" && line["scope"] == "participant");
    reaches(&b, open / 4.0);
    assert_eq!(b.says(&["pipeline", "set", &theirs, "--of", "nobody"]).code, Some(4));
    let _ = a.says(&["pipeline", "clear"]).ok();
    reaches(&b, open / 2.0);
    let _ = b.says(&["pipeline", "clear", "--of", "a"]).ok();
    reaches(&b, open);
    assert_eq!(a.says(&["pipeline", "show"]).ok().last()["manifest"], Value::Null);

    // A setting of the daemon, over restarts.
    let _ = a.says(&["pipeline", "set", &file]).ok();
    a.kill();
    a.start();
    assert_eq!(a.says(&["pipeline", "show"]).ok().last()["manifest"], half());
}

#[test]
fn a_file_is_run_through_a_pipeline_and_none_is_overwritten() {
    let a = Home::started(crate::scene::AHOY, tone(440));
    let file = written(&a, "half.json", &half());
    let input = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/speech/ada.wav");
    let (input, output) = (input.to_str().unwrap(), a.path().join("out.wav"));
    let run = ["pipeline", "run", &file, input, output.to_str().unwrap()];
    let made = a.says(&run).ok();
    assert_eq!(made.last()["output"], output.to_str().unwrap());
    let (before, after) = (Heard::read(Path::new(input)), Heard::read(&output));
    assert!((after.level() / before.level() - 0.5).abs() < 0.01, "{} of {}", after.level(), before.level());
    assert!((after.seconds() - before.seconds()).abs() < 0.001);
    let again = a.says(&run);
    assert_eq!((again.code, &again.last()["error"]["kind"]), (Some(2), &"bad_params".into()));
    let nothing = a.says(&["pipeline", "run", &file, "/nowhere/in.wav", "/nowhere/out.wav"]);
    assert_eq!((nothing.code, &nothing.last()["error"]["kind"]), (Some(2), &"bad_params".into()));
}
