//! Starting, stopping, contacts, and everything that can be wrong about them.

use std::fs;

use crate::scene::AHOY;
use ahoy_tests::process::{Home, Setup};

#[test]
fn a_daemon_starts_once_answers_and_stops() {
    let mut home = Home::new(AHOY, Setup::default());
    let said = home.says(&["status"]);
    assert_eq!((said.code, said.lines.len()), (Some(3), 1));
    assert_eq!(said.last()["error"]["kind"], "no_daemon", "a script reads it on stdout");
    let usage = home.says(&["status", "--no-such-option"]);
    assert_eq!((usage.code, &usage.last()["error"]["kind"]), (Some(2), &"usage".into()));
    assert!(said.stderr.contains("ahoy start"), "{}", said.stderr);
    assert_eq!(home.says(&["stop"]).code, Some(3));

    home.start();
    let status = home.says(&["status"]).ok();
    for field in ["version", "api", "account", "device", "peers", "calls", "uptime_ms"] {
        assert!(!status.last()[field].is_null(), "{field} in {}", status.last());
    }
    let again = home.says(&["start"]).ok();
    assert_eq!((&again.last()["started"], &again.last()["account"]), (&false.into(), &status.last()["account"]));
    assert!(!again.stderr.contains("not in force"), "{}", again.stderr);
    let ignored = home.says(&["start", "--audio-in", "tone:440"]).ok();
    assert!(ignored.stderr.contains("not in force"), "options of a start that starts nothing: {}", ignored.stderr);
    assert!(home.path().join("logs/ahoyd.log").exists(), "start said that the log is there");

    assert_eq!(home.says(&["stop"]).ok().last()["stopped"], true);
    assert_eq!(home.says(&["status"]).code, Some(3));
}

#[test]
fn account_and_contacts_outlive_a_restart_even_after_a_kill() {
    let mut home = Home::started(AHOY, Setup::default());
    let other = Home::started(AHOY, Setup::default());
    let before = home.says(&["id"]).ok();
    for field in ["account", "device", "card", "listen"] {
        assert!(!before.last()[field].is_null(), "{field} in {}", before.last());
    }
    assert!(before.last()["listen"][0].as_str().unwrap().starts_with("/ip4/127.0.0.1/tcp/"));
    home.adds(&other, "friend");
    home.kill();
    home.start();
    let after = home.says(&["id"]).ok();
    assert_eq!(
        (&after.last()["account"], &after.last()["device"]),
        (&before.last()["account"], &before.last()["device"])
    );
    let contacts = home.says(&["contact", "list"]).ok();
    assert_eq!((contacts.lines.len(), &contacts.last()["name"]), (1, &"friend".into()));
}

#[test]
fn what_is_wrong_with_a_configuration_is_said_before_anything_runs() {
    let home = Home::new(AHOY, Setup { audio_in: "none".into(), config: "bitrate_bps = 1\n".into() });
    let said = home.says(&["start"]);
    assert_eq!(said.code, Some(2), "the caller's to mend");
    assert!(said.stderr.contains("bitrate_bps = 1 is out of range"), "{}", said.stderr);
}

#[test]
fn cards_and_names_that_make_no_sense_are_refused() {
    let home = Home::started(AHOY, Setup::default());
    let other = Home::started(AHOY, Setup::default());
    assert_eq!(home.says(&["contact", "add", "ahoy:nonsense"]).code, Some(1));
    assert_eq!(home.says(&["contact", "add", &home.card()]).code, Some(1), "our own card");
    assert_eq!(home.says(&["contact", "remove", "nobody"]).code, Some(4));
    assert_eq!(home.says(&["call", "nobody"]).code, Some(4));
    for verb in ["answer", "decline", "hangup", "stats"] {
        assert_eq!(home.says(&[verb]).code, Some(4), "{verb} without a call");
        assert_eq!(home.says(&[verb, "0123456789abcdef0123456789abcdef"]).code, Some(4), "{verb} of an unknown call");
        assert_eq!(home.says(&[verb, "nonsense"]).code, Some(4), "{verb} of no call id");
    }
    assert_eq!(home.says(&["call"]).code, Some(2));
    assert_eq!(home.says(&["frobnicate"]).code, Some(2));
    assert_eq!(home.says(&["call", "b", "--timeout", "3"]).code, Some(2), "--timeout without --wait");

    home.adds(&other, "friend");
    let removed = home.says(&["contact", "remove", "friend"]).ok();
    assert_eq!(removed.last()["removed"], "friend");
    assert!(home.says(&["contact", "list"]).ok().lines.is_empty());
}

#[test]
fn a_card_without_addresses_has_none() {
    let home = Home::started(AHOY, Setup::default());
    let full = home.card();
    let bare = home.says(&["card", "--no-addresses"]).ok();
    let bare = bare.last()["card"].as_str().unwrap();
    assert!(full.starts_with("ahoy:") && bare.starts_with("ahoy:"));
    assert!(bare.len() < full.len(), "{bare} and {full}");
}

#[test]
fn watch_begins_with_the_whole_state() {
    let home = Home::started(AHOY, Setup::default());
    let mut watch = home.begins(&["watch"]);
    let first = watch.until("the first line", |_| true);
    assert_eq!(first["kind"], "snapshot");
    for field in ["seq", "status", "calls", "contacts"] {
        assert!(!first[field].is_null(), "{field} in {first}");
    }
}

#[test]
fn devices_are_listed_whatever_the_machine_has() {
    let home = Home::started(AHOY, Setup::default());
    for device in home.says(&["devices"]).ok().lines {
        assert!(device["id"].is_string() && device["direction"].is_string(), "{device}");
    }
}

#[test]
fn microphone_and_speaker_are_tried_and_what_is_wrong_is_said() {
    let voice = format!("file:{}/../../tests/speech/ada.wav", env!("CARGO_MANIFEST_DIR"));
    let home = Home::started(AHOY, Setup { audio_in: voice, config: String::new() });
    let said = home.says(&["devices", "test", "--seconds", "2"]).ok();
    let levels = said.lines.iter().filter(|line| line["kind"] == "sound_test").count();
    assert_eq!(levels, 20, "{said:?}");
    let findings = &said.lines[levels..];
    assert_eq!((&findings[0]["direction"], &findings[0]["verdict"]), (&"input".into(), &"good".into()), "{said:?}");
    assert_eq!((&findings[1]["direction"], &findings[1]["verdict"]), (&"output".into(), &"not_tried".into()));
    let tone = home.says(&["devices", "test", "--seconds", "0.5", "--input", "tone:440"]);
    assert_eq!((tone.code, &tone.lines[5]["verdict"]), (Some(1), &"no_voice".into()), "{tone:?}");
    let doctor = home.says(&["doctor", "--sound"]).ok();
    let mics: Vec<_> = doctor.lines.iter().filter(|line| line["check"] == "mic").collect();
    assert_eq!((mics.len(), &mics[1]["verdict"]), (2, &"ok".into()), "set, and heard: {doctor:?}");
}

#[test]
fn a_foreign_socket_file_is_not_taken_for_a_daemon() {
    let home = Home::new(AHOY, Setup::default());
    fs::write(home.path().join("ahoyd.sock"), b"").unwrap();
    let said = home.says(&["status"]);
    assert_eq!(said.code, Some(3), "{said:?}");
}

#[test]
fn a_home_whose_socket_path_is_too_long_is_explained_with_its_length() {
    let home = tempfile::tempdir().unwrap();
    let long = home.path().join("x".repeat(120));
    let bytes = long.join("ahoyd.sock").as_os_str().len().to_string();
    for verb in ["status", "start", "stop", "doctor"] {
        let said = std::process::Command::new(AHOY).arg("--home").arg(&long).args(["--json", verb]).output().unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&said.stderr), String::from_utf8_lossy(&said.stdout));
        assert_eq!(said.status.code(), Some(1), "{verb}: {text}");
        assert!(text.contains("too long") && text.contains(&bytes) && text.contains("107"), "{verb}: {text}");
    }
}

#[test]
fn a_device_that_is_not_there_is_told_by_start_and_doctor() {
    let mut home = Home::new(AHOY, Setup { audio_in: "alsa:no such microphone".into(), config: String::new() });
    let said = home.start();
    assert!(said.stderr.contains("no such microphone") && said.stderr.contains("ahoy devices"), "{}", said.stderr);
    let found = home.says(&["doctor"]);
    assert_eq!(found.code, Some(1), "{found:?}");
    let mic = found.lines.iter().find(|line| line["check"] == "mic").unwrap();
    assert!(mic["verdict"] == "fail" && mic["message"].as_str().unwrap().contains("no such microphone"), "{mic}");
}

#[test]
fn the_doctor_looks_at_everything_with_and_without_a_daemon() {
    let mut home = Home::new(AHOY, Setup::default());
    let before = home.says(&["doctor"]);
    assert_eq!(before.code, Some(1), "calls need a daemon");
    let verdict = |said: &ahoy_tests::process::Said, check: &str| {
        let found = said.lines.iter().find(|line| line["check"] == check);
        found.map(|line| line["verdict"].as_str().unwrap().to_owned())
    };
    assert_eq!(verdict(&before, "daemon").as_deref(), Some("fail"));
    assert_eq!(verdict(&before, "home").as_deref(), Some("ok"));
    home.start();
    let after = home.says(&["doctor"]).ok();
    for check in ["home", "store", "disk", "daemon", "listen", "mic", "speaker", "priority", "clock"] {
        assert!(verdict(&after, check).is_some(), "{check}: {after:?}");
    }
    assert_eq!(verdict(&after, "listen").as_deref(), Some("warn"), "loopback");
}
