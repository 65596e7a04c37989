//! What the doctor finds, and what it says to do.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::verbs::tests::{daemon as script, turn};

fn found(findings: &[Finding], check: &str) -> Finding {
    findings.iter().find(|finding| finding.check == check).unwrap().clone()
}

#[test]
fn a_home_that_is_not_there_yet_is_no_fault() {
    let tmp = tempfile::tempdir().unwrap();
    let findings = home::look(&HomePaths::under(&tmp.path().join("new")));
    assert!(findings.iter().all(|finding| finding.verdict == Verdict::Ok), "{findings:?}");
}

#[test]
fn a_home_others_may_write_to_a_lost_key_and_a_key_to_be_read_are_found() {
    let tmp = tempfile::tempdir().unwrap();
    let paths = HomePaths::under(tmp.path());
    fs::create_dir(&paths.data).unwrap();
    fs::set_permissions(&paths.data, fs::Permissions::from_mode(0o777)).unwrap();
    let finding = found(&home::look(&paths), "home");
    assert!(finding.verdict == Verdict::Fail && finding.hint.unwrap().starts_with("chmod go-w "));
    fs::set_permissions(&paths.data, fs::Permissions::from_mode(0o700)).unwrap();

    fs::write(paths.data.join("store.redb"), "x").unwrap();
    assert_eq!(found(&home::look(&paths), "store").verdict, Verdict::Fail, "no key");
    fs::write(paths.data.join("store.key"), "x").unwrap();
    fs::set_permissions(paths.data.join("store.key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(found(&home::look(&paths), "store").verdict, Verdict::Warn, "a key for everybody");
    fs::set_permissions(paths.data.join("store.key"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(found(&home::look(&paths), "store").verdict, Verdict::Ok);
    fs::write(paths.data.join("store.redb"), "").unwrap();
    assert_eq!(found(&home::look(&paths), "store").verdict, Verdict::Fail, "no store");
}

#[test]
fn a_clock_before_this_program_was_written_is_wrong() {
    assert_eq!(clock(UNIX_EPOCH).verdict, Verdict::Fail);
    assert_eq!(clock(UNIX_EPOCH - Duration::from_secs(1)).verdict, Verdict::Fail);
    assert_eq!(clock(UNIX_EPOCH + Duration::from_secs(NOT_BEFORE_S - 1)).verdict, Verdict::Fail);
    assert_eq!(clock(UNIX_EPOCH + Duration::from_secs(NOT_BEFORE_S)).verdict, Verdict::Ok);
}

#[test]
fn listening_nowhere_or_for_this_machine_only_is_found() {
    let of = |list: &[&str]| addresses(&list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).verdict;
    assert_eq!(of(&[]), Verdict::Fail);
    assert_eq!(of(&["/ip4/127.0.0.1/tcp/1", "/ip6/::1/tcp/1"]), Verdict::Warn);
    assert_eq!(of(&["/ip4/127.0.0.1/tcp/1", "/ip4/192.0.2.1/tcp/1"]), Verdict::Ok);
}

async fn devices_of(audio_in: &str, list: serde_json::Value) -> Vec<Finding> {
    let config = json!({ "config": { "audio_in": audio_in, "audio_out": "none" } });
    let (mut client, _played) =
        script(vec![turn("config.get", config), turn("device.audio.list", json!({ "devices": list }))]).await;
    devices::look(&mut client).await.unwrap()
}

#[tokio::test]
async fn a_device_that_is_not_there_is_named() {
    let headset =
        json!([{ "id": "alsa:x", "name": "Headset", "direction": "input", "default": true, "selected": true }]);
    let lost = found(&devices_of("alsa:gone", headset.clone()).await, "mic");
    assert!(lost.verdict == Verdict::Fail && lost.message.contains("alsa:gone"), "{lost:?}");
    assert!(lost.hint.unwrap().contains("ahoy devices"));
    assert_eq!(found(&devices_of("alsa:x", headset.clone()).await, "mic"), Finding::ok("mic", "Headset"));
    assert_eq!(found(&devices_of("default", headset).await, "mic").message, "Headset (the default)");
    assert_eq!(found(&devices_of("default", json!([])).await, "mic").verdict, Verdict::Warn);
    let plugin =
        json!([{ "id": "alsa:null", "name": "Discard", "direction": "input", "default": false, "selected": false }]);
    let none = found(&devices_of("default", plugin).await, "mic");
    assert!(none.verdict == Verdict::Warn && !none.message.contains("Discard"), "{none:?}");
    assert_eq!(found(&devices_of("tone:440", json!([])).await, "mic"), Finding::ok("mic", "tone:440"));
}

#[tokio::test]
async fn a_ringtone_output_that_is_not_there_is_named() {
    let list = json!([{ "id": "alsa:x", "name": "Headset", "direction": "output", "default": true, "selected": true }]);
    let look = async |ringtone_out: serde_json::Value| {
        let config = json!({ "config": { "audio_in": "none", "audio_out": "none", "ringtone_out": ringtone_out } });
        let turns = vec![turn("config.get", config), turn("device.audio.list", json!({ "devices": list }))];
        let (mut client, _played) = script(turns).await;
        devices::look(&mut client).await.unwrap()
    };
    let gone = found(&look(json!("alsa:gone")).await, "ringer");
    assert!(gone.verdict == Verdict::Fail && gone.message.contains("alsa:gone"), "{gone:?}");
    assert_eq!(found(&look(json!("alsa:x")).await, "ringer"), Finding::ok("ringer", "Headset"));
    assert_eq!(found(&look(json!("none")).await, "ringer").verdict, Verdict::Warn);
    assert_eq!(look(json!(null)).await.len(), 2, "without one it rings at the speaker");
}

#[tokio::test]
async fn what_the_system_grants_sound_is_said_and_a_daemon_that_does_not_tell_is_not_doubted() {
    let look = async |granted: serde_json::Value| {
        let config = json!({ "config": { "audio_in": "none", "audio_out": "none" } });
        let mut reply = json!({ "devices": [] });
        if !granted.is_null() {
            reply["priority"] = granted;
        }
        let (mut client, _played) = script(vec![turn("config.get", config), turn("device.audio.list", reply)]).await;
        devices::look(&mut client).await.unwrap()
    };
    for (granted, verdict) in [("usual", Verdict::Warn), ("raised", Verdict::Ok), ("real_time", Verdict::Ok)] {
        let finding = found(&look(json!(granted)).await, "priority");
        assert_eq!(finding.verdict, verdict);
        assert_eq!(finding.hint.is_some_and(|hint| hint.contains("rtprio")), verdict == Verdict::Warn);
    }
    assert_eq!(look(json!(null)).await.len(), 2);
}

#[test]
fn a_line_says_verdict_thing_and_what_to_do() {
    let line = Finding::fail("mic", "gone", "plug it in").line();
    assert_eq!(line, "FAIL mic      gone\n              -> plug it in");
}
