//! Recordings from pieces to files, in virtual time, read back by the Ogg library and libopus.

use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::Value;

use super::*;
use crate::{
    host_media::{samples_to_us, signals::tone_share, test_dir::TestDir},
    recording::{Party, opus_tools, play},
};

const SECOND: i64 = 48_000;

/// A writer whose recording began, and what it says of time.
struct Desk {
    dir: TestDir,
    writer: Writer,
}

impl Desk {
    fn new() -> Self {
        let dir = TestDir::new();
        let spec =
            Spec { folder: dir.path().join("call"), make_above: false, call: "c0".into(), started_at_ms: 1_000_000 };
        let mut writer = Writer::new(spec, Clock::new(), Default::default());
        // Room for what was captured before.
        writer.begun_us += 60_000_000;
        writer.begin().unwrap();
        Self { dir, writer }
    }

    fn us(&self, place: i64) -> u64 {
        self.writer.begun_us + samples_to_us(place.unsigned_abs())
    }

    fn begin(&mut self, track: u32, own: bool, at: i64) {
        let party = Party { account: format!("account {track}"), device: "d".into(), name: Some("../../x".into()) };
        let (track, at_us) = (TrackId(track), self.us(at));
        let order = Order::Begin { track, party, own, at_us, consented_at_ms: (!own).then_some(1_000_001) };
        self.writer.obey(order).unwrap();
    }

    /// A tone from here to there, in pieces of 20 ms.
    fn tone(&mut self, track: u32, hz: f32, from: i64, to: i64) {
        for at in (from..to).step_by(FRAME) {
            let sound =
                (0..FRAME).map(|n| ((at + n as i64) as f32 / 48_000.0 * hz * std::f32::consts::TAU).sin() * 0.4);
            let at_us = self.us(at);
            let taken_us = at_us + 20_000;
            self.writer.take(&Piece { track: TrackId(track), at_us, taken_us, sound: sound.collect() });
            self.writer.write_until(at - BEHIND).unwrap();
        }
    }

    fn stop(&mut self, at: i64) -> Ending {
        self.writer.write_until(at).unwrap();
        self.writer.finish((Ending::Stopped, String::new())).0
    }

    fn sound(&self, file: &str) -> Vec<f32> {
        play(&self.dir.path().join("call").join(file))
    }

    fn index(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.dir.path().join("call/index.json")).unwrap()).unwrap()
    }
}

fn at(seconds: f64) -> usize {
    (seconds * 48_000.0) as usize
}

fn loudest(sound: &[f32]) -> f32 {
    sound.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
}

#[test]
fn every_voice_comes_back_at_its_place_and_the_mix_has_both() {
    let mut desk = Desk::new();
    desk.begin(1, true, 0);
    desk.tone(1, 440.0, 0, 2 * SECOND);
    desk.begin(2, false, 2 * SECOND);
    desk.tone(2, 880.0, 2 * SECOND, 3 * SECOND);
    // Three seconds without anything, then both.
    desk.tone(2, 880.0, 6 * SECOND, 7 * SECOND);
    assert_eq!(desk.stop(7 * SECOND), Ending::Stopped);

    let (own, other, mixed) = (desk.sound("track-1.opus"), desk.sound("track-2.opus"), desk.sound("mixed.opus"));
    assert_eq!((own.len(), other.len(), mixed.len()), (at(7.0), at(5.0), at(7.0)), "the positions of the pages");
    assert!(tone_share(&own[at(0.1)..at(1.9)], 440.0) > 0.99);
    assert!(loudest(&own[at(2.02)..]) < 0.01);
    assert!(tone_share(&other[at(0.1)..at(0.9)], 880.0) > 0.99);
    assert!(loudest(&other[at(1.02)..at(3.98)]) < 0.01, "a gap is silence of its length");
    assert!(tone_share(&other[at(4.1)..at(4.9)], 880.0) > 0.99);
    assert!(tone_share(&mixed[at(0.1)..at(1.9)], 440.0) > 0.99);
    assert!(tone_share(&mixed[at(2.1)..at(2.9)], 880.0) > 0.99 && loudest(&mixed[at(3.02)..at(5.98)]) < 0.01);
}

#[test]
fn other_programs_find_nothing_wrong_with_the_files_and_play_each_for_its_time() {
    let mut desk = Desk::new();
    desk.begin(1, true, 0);
    desk.tone(1, 440.0, 0, 2 * SECOND);
    desk.begin(2, false, 2 * SECOND);
    desk.tone(2, 880.0, 2 * SECOND, 3 * SECOND);
    desk.tone(2, 880.0, 6 * SECOND, 7 * SECOND);
    desk.stop(7 * SECOND + 480);
    for (file, seconds) in [("track-1.opus", 7), ("track-2.opus", 5), ("mixed.opus", 7)] {
        let path = desk.dir.path().join("call").join(file);
        let (Some(said), Some(sound)) = (opus_tools::info(&path), opus_tools::play(&path)) else { return };
        assert!(!said.contains("WARNING") && !said.contains("ERROR"), "{file}: {said}");
        assert!(said.contains(&format!("Playback length: 0m:0{seconds}.0")), "{file}: {said}");
        assert_eq!(sound.len(), seconds * 48_000, "{file}");
        let theirs = (tone_share(&sound[4_800..at(0.9)], if seconds == 7 { 440.0 } else { 880.0 }), sound[..].len());
        assert!(theirs.0 > 0.99, "{file}: {theirs:?}");
    }
}

#[test]
fn while_nothing_changes_the_index_says_every_five_seconds_how_far_the_files_are() {
    let mut desk = Desk::new();
    desk.begin(1, true, 0);
    for seconds in 1..=14 {
        desk.tone(1, 440.0, (seconds - 1) * SECOND, seconds * SECOND);
        let written_ms = desk.index()["written_ms"].as_i64().unwrap();
        assert!(written_ms + 5_500 >= seconds * 1_000, "{written_ms} ms after {seconds} s");
    }
}

#[test]
fn a_sound_lies_within_a_millisecond_of_where_it_was_heard() {
    let mut desk = Desk::new();
    desk.begin(1, true, 0);
    desk.tone(1, 1_000.0, SECOND, SECOND + 4_800);
    desk.tone(1, 1_000.0, 90_123, 90_123 + 4_800);
    desk.stop(3 * SECOND);
    for file in ["track-1.opus", "mixed.opus"] {
        let sound = desk.sound(file);
        for from in [48_000_usize, 90_123] {
            let begins = (from - 2_400..).find(|n| sound[*n].abs() > 0.2).unwrap();
            assert!(begins.abs_diff(from) < 48, "{file}: {begins}, not {from}");
        }
    }
}

#[test]
fn the_index_says_who_agreed_when_and_where_nothing_came() {
    let mut desk = Desk::new();
    desk.begin(1, true, 0);
    desk.begin(2, false, SECOND + 1);
    desk.tone(2, 880.0, SECOND, 2 * SECOND);
    desk.tone(2, 880.0, 4 * SECOND, 5 * SECOND);
    let party = Party { account: "refuser".into(), device: "r".into(), name: None };
    let answer = Answer { party, answer: "refused".into(), at_ms: 1_000_002 };
    desk.writer.obey(Order::Answer(answer)).unwrap();
    desk.stop(5 * SECOND);
    let index = desk.index();
    let track = &index["tracks"][1];
    assert_eq!((&track["file"], &track["account"]), (&"track-2.opus".into(), &"account 2".into()));
    assert_eq!((&track["offset_samples"], &track["offset_ms"]), (&48_960.into(), &1_020.0.into()), "the next frame");
    assert_eq!((&track["started_at_ms"], &track["consented_at_ms"]), (&1_001_020_u64.into(), &1_000_001.into()));
    assert_eq!(track["gaps"], serde_json::json!([{ "from_ms": 2_000.0, "to_ms": 4_000.0 }]));
    assert_eq!((&index["asked"][0]["account"], &index["asked"][0]["answer"]), (&"refuser".into(), &"refused".into()));
    assert_eq!((&index["reason"], &index["ended_at_ms"]), (&"stopped".into(), &1_005_000.into()));
    assert_eq!(
        (&index["codec"], &index["mixed"], &index["missed_ms"]),
        (&"opus".into(), &"mixed.opus".into(), &0.into())
    );
}

#[test]
fn nothing_of_a_voice_gets_to_the_disk_after_its_end() {
    let mut desk = Desk::new();
    desk.begin(1, true, 0);
    desk.begin(2, false, 0);
    desk.tone(2, 880.0, 0, 2 * SECOND);
    desk.writer.obey(Order::End { track: TrackId(2), at_ms: 1_002_000 }).unwrap();
    desk.tone(2, 880.0, 2 * SECOND, 4 * SECOND);
    desk.stop(4 * SECOND);
    assert!(desk.sound("track-2.opus").len() <= at(2.0), "also what waited to be written is gone");
    let mixed = desk.sound("mixed.opus");
    assert!(tone_share(&mixed[at(0.1)..at(1.5)], 880.0) > 0.99 && loudest(&mixed[at(2.02)..]) < 0.01);
    assert_eq!(desk.index()["tracks"][1]["withdrawn_at_ms"], 1_002_000);
    // Whoever agrees again gets another file.
    desk = Desk::new();
    for track in [1, 2] {
        desk.begin(track, false, 0);
        desk.writer.obey(Order::End { track: TrackId(track), at_ms: 1 }).unwrap();
    }
    assert!(desk.dir.path().join("call/track-2.opus").exists());
}

#[test]
fn only_we_can_read_it_and_names_stay_out_of_paths() {
    let mut desk = Desk::new();
    desk.begin(1, false, 0);
    desk.stop(SECOND);
    let folder = desk.dir.path().join("call");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.iter().all(|file| mode(file) == 0o600));
    let names: Vec<_> = files.iter().filter_map(|file| file.file_name()?.to_str()).collect();
    assert_eq!(names, ["index.json", "mixed.opus", "track-1.opus"]);
}

#[test]
fn what_is_there_is_neither_overwritten_nor_followed() {
    let dir = TestDir::new();
    std::fs::create_dir(dir.path().join("there")).unwrap();
    symlink(dir.path().join("there"), dir.path().join("link")).unwrap();
    symlink(dir.path().join("nowhere"), dir.path().join("dangling")).unwrap();
    std::fs::write(dir.path().join("file"), "kept").unwrap();
    for name in ["there", "link", "dangling", "file", "no/such"] {
        let spec = Spec { folder: dir.path().join(name), make_above: false, call: "c0".into(), started_at_ms: 0 };
        assert!(Writer::new(spec, Clock::new(), Default::default()).begin().is_err(), "{name}");
    }
    assert_eq!(std::fs::read_dir(dir.path().join("there")).unwrap().count(), 0);
    assert_eq!(std::fs::read_to_string(dir.path().join("file")).unwrap(), "kept");
    assert!(!dir.path().join("nowhere").exists());
}

#[test]
fn the_folder_above_is_made_for_us_alone_where_nobody_named_one() {
    let dir = TestDir::new();
    for name in ["one", "two"] {
        let folder = dir.path().join("recordings").join(name);
        let spec = Spec { folder, make_above: true, call: "c0".into(), started_at_ms: 0 };
        Writer::new(spec, Clock::new(), Default::default()).begin().unwrap();
    }
    let above = std::fs::metadata(dir.path().join("recordings")).unwrap();
    assert_eq!(above.permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_full_disk_ends_it_with_a_reason_and_what_was_written_can_be_played() {
    let mut desk = Desk::new();
    desk.begin(1, true, 0);
    desk.tone(1, 440.0, 0, 2 * SECOND);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    desk.writer.tracks[0].writing.as_mut().unwrap().1.file = full;
    let error = desk.writer.write_until(4 * SECOND).unwrap_err();
    let (ending, detail) = over(&error, &desk.writer.spec);
    assert_eq!(desk.writer.finish((ending, detail.clone())), (Ending::DiskFull, detail));
    let sound = desk.sound("track-1.opus");
    assert!(sound.len() >= at(1.0) && tone_share(&sound[at(0.1)..at(1.0)], 440.0) > 0.99);
    assert_eq!(desk.index()["reason"], "disk_full");
}

#[test]
fn a_recording_that_is_too_long_or_too_large_ends() {
    let mut desk = Desk::new();
    desk.writer.done = RECORDING_SAMPLES - FRAME as i64;
    desk.writer.write_until(RECORDING_SAMPLES).unwrap();
    assert_eq!(desk.writer.over.as_ref().unwrap().0, Ending::LimitReached);
    let mut desk = Desk::new();
    desk.writer.finished_bytes = RECORDING_BYTES;
    desk.writer.write_until(SECOND).unwrap();
    assert_eq!(desk.writer.over.as_ref().unwrap().0, Ending::LimitReached);
    let mut desk = Desk::new();
    for track in 0..=u32::try_from(RECORDING_TRACKS).unwrap() {
        desk.begin(track, false, 0);
    }
    assert_eq!(desk.writer.over.as_ref().unwrap().0, Ending::LimitReached);
    assert_eq!(desk.writer.tracks.len(), RECORDING_TRACKS);
}
