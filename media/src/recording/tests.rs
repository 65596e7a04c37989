//! Recordings with their thread: what is tapped, what finds no room, and a kill in the middle.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::{Receiver, sync_channel},
    time::Instant,
};

use super::*;
use crate::{
    host_media::{samples_to_us, signals::tone_share, test_dir::TestDir},
    limits::RECORDING_PIECES,
};

fn start(folder: PathBuf) -> (Recording, Receiver<Progress>) {
    let (told, progress) = sync_channel(8);
    let spec = Spec { folder, make_above: false, call: "c0".into(), started_at_ms: 0 };
    let recording = Recording::start(spec, Box::new(move |what| told.send(what).unwrap())).unwrap();
    (recording, progress)
}

fn party() -> Party {
    Party { account: "a".into(), device: "d".into(), name: None }
}

#[test]
fn it_tells_that_it_began_and_why_it_ended() {
    let dir = TestDir::new();
    let (mut recording, progress) = start(dir.path().join("call"));
    assert_eq!(progress.recv(), Ok(Progress::Begun { folder: dir.path().join("call") }));
    recording.begin_track(party(), true, None);
    recording.close(Ending::CallEnded);
    assert_eq!(progress.recv(), Ok(Progress::Ended { ending: Ending::CallEnded, detail: String::new() }));
    let index = std::fs::read_to_string(dir.path().join("call/index.json")).unwrap();
    assert!(index.contains("\"call_ended\""), "closing waits until everything is written: {index}");

    let (_recording, progress) = start(dir.path().join("call"));
    let Ok(Progress::Ended { ending: Ending::NotBegun, detail }) = progress.recv() else { panic!("it began") };
    assert!(detail.contains("call"), "{detail}");
}

#[test]
fn a_recording_that_nobody_holds_any_more_ends_though_its_taps_are_there() {
    let dir = TestDir::new();
    let (mut recording, progress) = start(dir.path().join("call"));
    let track = recording.begin_track(party(), true, None);
    let _tap = recording.tap(track);
    drop(recording);
    assert_eq!(progress.recv(), Ok(Progress::Begun { folder: dir.path().join("call") }));
    assert_eq!(progress.recv(), Ok(Progress::Ended { ending: Ending::DaemonStopped, detail: String::new() }));
}

#[test]
fn a_tap_never_waits_and_counts_what_finds_no_room() {
    let (pieces, out) = sync_channel(RECORDING_PIECES);
    let missed = Arc::<AtomicU64>::default();
    let tap = Tap::new(TrackId(1), 1_000, pieces, Arc::clone(&missed));
    assert!(tap.takes(1_000) && !tap.takes(999), "what came before is not taken");
    for _ in 0..RECORDING_PIECES + 3 {
        tap.write(0, 0, &[0.5; FRAME]);
    }
    assert_eq!(missed.load(Ordering::Relaxed), 3 * FRAME as u64);
    assert_eq!(out.try_iter().count(), RECORDING_PIECES);
    tap.clone().close();
    tap.write(0, 0, &[0.5; FRAME]);
    assert_eq!(out.try_iter().count(), 0, "copies are closed together");
}

/// Seconds of the recording that is killed.
const UNTIL_KILL: u64 = 3;

/// Not a test: records a tone of 440 Hz until it is killed, and says how far it is.
#[test]
#[ignore = "run by the test that kills it"]
#[expect(clippy::print_stdout, reason = "whoever started it waits for these lines")]
fn records_until_it_is_killed() {
    let Ok(folder) = std::env::var("AHOY_RECORD_TO") else { return };
    let (mut recording, progress) = start(folder.into());
    assert!(matches!(progress.recv(), Ok(Progress::Begun { .. })));
    let track = recording.begin_track(party(), true, None);
    let (tap, clock, began) = (recording.tap(track), Clock::new(), Instant::now());
    let began_us = clock.us(began);
    for n in 0_u64.. {
        let sound: Vec<f32> =
            (0..960).map(|k| ((n * 960 + k) as f32 * 440.0 / 48_000.0 * std::f32::consts::TAU).sin() * 0.4).collect();
        let due = began + Duration::from_millis(20 * (n + 1));
        while let Some(left) = due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            std::thread::park_timeout(left);
        }
        tap.write(began_us + samples_to_us(n * 960), clock.now_us(), &sound);
        if n % 50 == 49 {
            println!("\nrecorded {}", n / 50 + 1);
        }
    }
}

/// Records into this folder, and is killed once so many seconds are recorded.
fn killed_after(folder: &Path, seconds: u64) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "recording::tests::records_until_it_is_killed", "--ignored", "--nocapture"])
        .env("AHOY_RECORD_TO", folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let last = format!("recorded {seconds}");
    assert!(lines.into_iter().any(|line| line == last), "it recorded nothing");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_a_kill_leaves_can_be_played_up_to_the_last_second() {
    let dir = TestDir::new();
    let folder = dir.path().join("call");
    killed_after(&folder, UNTIL_KILL);
    let check = |file: &Path| {
        let sound = play(file);
        let seconds = sound.len() as f64 / 48_000.0;
        assert!(seconds >= UNTIL_KILL as f64 - 1.0, "{} s of {}", seconds, file.display());
        assert!(tone_share(&sound[9_600..], 440.0) > 0.98);
    };
    check(&folder.join("track-1.opus"));
    check(&folder.join("mixed.opus"));
    let index: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("index.json")).unwrap()).unwrap();
    assert_eq!((&index["tracks"][0]["own"], &index["reason"]), (&true.into(), &serde_json::Value::Null));
}

#[test]
fn other_programs_play_what_a_kill_leaves_and_what_is_cut_off_anywhere() {
    let dir = TestDir::new();
    let (folder, cut) = (dir.path().join("call"), dir.path().join("cut.opus"));
    killed_after(&folder, UNTIL_KILL);
    let whole = std::fs::read(folder.join("track-1.opus")).unwrap();
    let Some(sound) = opus_tools::play(&folder.join("track-1.opus")) else { return };
    assert!(sound.len() as u64 >= (UNTIL_KILL - 1) * 48_000, "{} samples", sound.len());
    assert!(tone_share(&sound[9_600..], 440.0) > 0.98);
    let mut before = 0;
    for share in [30, 47, 64, 81, 99] {
        std::fs::write(&cut, &whole[..whole.len() * share / 100]).unwrap();
        let sound = opus_tools::play(&cut).unwrap();
        assert!(sound.len() >= before, "{share} %: {} after {before}", sound.len());
        before = sound.len();
    }
    assert!(before + 48_000 >= sound.len(), "a second at most is gone with the last page");
}
