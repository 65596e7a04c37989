//! A call that is recorded by the verbs of `ahoy`, and a recorder that is killed as `kill -9` does.

use std::os::unix::fs::PermissionsExt;

use crate::scene::{hears, tone, two};
use ahoy_tests::recording::{samples, track};

/// Seconds that are recorded before the kill.
const RECORDED: f64 = 2.0;

#[test]
fn a_recorder_that_is_killed_leaves_files_that_can_be_played_with_the_voices_that_agreed() {
    let (mut a, b) = two(tone(440), tone(660));
    let _ = a.says(&["call", "b", "--wait", "ringing", "--timeout", "30"]).ok();
    let _ = b.says(&["answer", "--wait", "active", "--timeout", "30"]).ok();
    hears(&a, 660.0);
    let mut watch = b.begins(&["watch"]);
    watch.event("snapshot");
    let folder = a.path().join("call");
    let begun = a.says(&["record", "start", "--to", folder.to_str().unwrap()]).ok();
    assert_eq!(begun.last()["folder"], folder.to_str().unwrap());
    // Over two ways, in either order.
    let told = ["recording_requested", "recording_started"];
    let mut kinds = told.map(|_| watch.until("the question", |line| told.iter().any(|kind| line["kind"] == *kind)));
    kinds.sort_by_key(|line| line["kind"].to_string());
    assert_eq!([&kinds[0]["kind"], &kinds[1]["kind"]], told);
    assert_eq!(b.says(&["record", "accept"]).ok().last()["accepted"], true);
    assert_eq!(b.says(&["record", "accept"]).code, Some(1), "nobody asks any more");
    assert_eq!((&a.call()["recording"], &b.call()["participants"][0]["recording"]), (&true.into(), &true.into()));

    let theirs = folder.join("track-2.opus");
    let mut stats = a.begins(&["stats", "--follow"]);
    while samples(&theirs).is_none_or(|sound| (sound.len() as f64) < RECORDED * 48_000.0) {
        // Comes once a second: there is nothing else to wait on while a file grows.
        stats.until("figures", |line| line["state"] == "connected");
    }
    assert_eq!(a.says(&["status"]).ok().last()["recording"], true);
    a.kill();
    let at = |name: &str| folder.join(name);
    // By tenths of a second: where a busy machine lost some sound, what follows the gap is out of step with what was before.
    for (file, voice, other) in [(at("track-1.opus"), 440.0, 660.0), (theirs.clone(), 660.0, 440.0)] {
        let sound = track(&file);
        assert!(sound.seconds() >= RECORDED, "{} s of {}", sound.seconds(), file.display());
        assert!(sound.seconds_of(voice) > RECORDED / 2.0, "{} s of its voice", sound.seconds_of(voice));
        assert!(sound.seconds_of(other) < 0.05, "somebody else's voice is in {}", file.display());
    }
    assert!(track(&at("mixed.opus")).seconds() >= RECORDED);
    let index: serde_json::Value = serde_json::from_slice(&std::fs::read(at("index.json")).unwrap()).unwrap();
    assert_eq!(index["tracks"].as_array().unwrap().len(), 2, "{index}");
    assert!(index["reason"].is_null(), "cut off: {index}");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&theirs), mode(&at("index.json"))), (0o700, 0o600, 0o600));
}

#[test]
fn without_a_folder_it_goes_beside_the_daemons_data_and_stopping_names_it() {
    let (a, b) = two(tone(440), tone(660));
    assert_eq!(a.says(&["record", "start"]).code, Some(4), "there is no call");
    assert_eq!(a.says(&["record", "stop"]).code, Some(1));
    let _ = a.says(&["call", "b", "--wait", "ringing", "--timeout", "30"]).ok();
    let _ = b.says(&["answer", "--wait", "active", "--timeout", "30"]).ok();
    let begun = a.says(&["record", "start"]).ok().last().clone();
    let folder = begun["folder"].as_str().unwrap().to_owned();
    assert!(folder.starts_with(a.path().to_str().unwrap()) && folder.contains("recordings"), "{folder}");
    assert_eq!(b.says(&["record", "refuse"]).ok().last()["accepted"], false);
    assert_eq!(a.says(&["record", "stop"]).ok().last()["folder"], folder.as_str());
    assert!(!std::path::Path::new(&folder).join("track-2.opus").exists());
}
