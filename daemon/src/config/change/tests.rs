//! What `config.set` writes, uses, refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use ahoy_media::host_media::api::Stage;

use super::*;
use crate::config::{Args, KEYS};

const FILE: &str = "# ours\nname = \"Ada\"   # as in cards\nlog = 'info'\n\n[times]\n# people walk slowly here\nring_callee_ms = 20_000 # ms\n";

/// A daemon's settings, read from a file with this text.
fn settings(dir: &TempDir, text: &str) -> Settings {
    let file = dir.path().join("config.toml");
    fs::write(&file, text).unwrap();
    Settings::new(Config { file: Some(file), ..Config::parse(text).unwrap() }, "/nowhere".into())
}

fn written(dir: &TempDir) -> String {
    fs::read_to_string(dir.path().join("config.toml")).unwrap()
}

#[test]
fn a_changed_key_leaves_comments_order_and_all_others_as_they_are() {
    let dir = TempDir::new().unwrap();
    let settings = settings(&dir, FILE);
    let change = settings.change("times.ring_callee_ms", &json!(30_000)).unwrap();
    assert_eq!(change.value, 30_000);
    assert_eq!(written(&dir), FILE.replace("20_000", "30000"));
    settings.change("name", &json!("Eve")).unwrap();
    settings.change("busy_in_call", &json!(true)).unwrap();
    settings.change("times.reach_ms", &json!("700")).unwrap();
    let text = written(&dir);
    assert!(text.contains("name = \"Eve\"   # as in cards") && text.contains("# people walk slowly here"), "{text}");
    let read = Config::parse(&text).unwrap();
    assert_eq!((read.busy_in_call, read.times.reach_ms, read.times.ring_callee_ms), (true, 700, 30_000));
    settings.change("busy_in_call", &Value::Null).unwrap();
    assert!(!written(&dir).contains("busy_in_call"));
    assert!(!dir.path().join("config.toml.new").exists());
}

#[test]
fn a_stage_of_the_processing_is_switched_at_once_and_no_other_with_it() {
    let dir = TempDir::new().unwrap();
    let settings = settings(&dir, "[processing]\nnoise_suppression = \"off\"\n");
    let change = settings.change("processing.echo_cancellation", &json!("on")).unwrap();
    assert_eq!((change.value, change.setting), (json!("on"), Setting::Later));
    let mut wanted =
        Processing { noise_suppression: Stage::Off, echo_cancellation: Stage::On, ..Processing::default() };
    assert_eq!(change.processing, Some(wanted));
    for stage in ["high_pass", "gain_control", "even_levels"] {
        settings.change(&format!("processing.{stage}"), &json!("on")).unwrap();
    }
    (wanted.high_pass, wanted.gain_control, wanted.even_levels) = (Stage::On, Stage::On, Stage::On);
    wanted.noise_suppression = Stage::Auto;
    assert_eq!(settings.change("processing.noise_suppression", &Value::Null).unwrap().processing, Some(wanted));
    assert_eq!(settings.shown()["processing"]["gain_control"], json!("on"));
    assert!(settings.change("processing.high_pass", &json!("loud")).is_err());
    assert_eq!(settings.change("log", &json!("warn")).unwrap().processing, None);
}

#[test]
fn what_can_be_used_at_once_is_told_to_the_core_and_shown() {
    let dir = TempDir::new().unwrap();
    let settings = settings(&dir, FILE);
    let set = |key: &str, value: Value| settings.change(key, &value).unwrap().setting;
    assert_eq!(set("name", json!("Eve")), Setting::Name("Eve".into()));
    assert_eq!(set("do_not_disturb", json!(true)), Setting::DoNotDisturb(true));
    assert_eq!(set("do_not_disturb", Value::Null), Setting::DoNotDisturb(false));
    assert_eq!(set("calls_a_minute", json!(7)), Setting::CallsAMinute(7));
    let times = Times { ring_callee_ms: 20_000, ..Times::default() };
    let longest = Times { max_call_ms: Some(60_000), ..times };
    assert_eq!(set("max_call_duration_ms", json!(60_000)), Setting::Times(longest.clone()));
    assert_eq!(set("times.reach_ms", json!(700)), Setting::Times(Times { reach_ms: 700, ..longest }));
    assert_eq!(set("bitrate_bps", json!(32_000)), Setting::Later);
    let shown = settings.shown();
    assert_eq!((&shown["name"], &shown["times"]["reach_ms"]), (&json!("Eve"), &json!(700)));
    assert_eq!(shown["bitrate_bps"], 40_000, "what is in use, not what will be");
}

#[test]
fn the_table_says_of_each_key_whether_it_is_used_at_once() {
    let file = Config { name: Some("Ada".into()), ..Config::default() };
    for key in KEYS {
        let setting = used_now(&key, &file, &mut Config::default());
        // What is done to sound, and its devices, are none of the core's business; other tests see them go to the sound.
        let used = setting != Setting::Later || key.name.starts_with("processing.") || DEVICES.contains(&key.name);
        assert_eq!(used, key.at_once, "{}", key.name);
    }
}

#[test]
fn wrong_values_are_refused_with_what_is_possible_and_nothing_is_written() {
    let dir = TempDir::new().unwrap();
    let settings = settings(&dir, FILE);
    for (key, value, says) in [
        ("nme", json!("x"), "did you mean name?"),
        ("times", json!("x"), "there is no setting times"),
        ("times.ring_callee_ms", json!(1), "500 to 600000 ms"),
        ("times.ring_callee_ms", json!("soon"), "a whole number from 500 to 600000"),
        ("times.ring_callee_ms", json!(1.5), "a whole number"),
        ("busy_in_call", json!(1), "true or false"),
        ("name", json!(7), "takes text"),
        ("name", json!("x".repeat(65)), "name"),
        ("listen", json!(["nowhere"]), "listen"),
        ("frame_ms", json!(11), "10, 20, 40, 60"),
        ("turn_server", json!("turn:relay.example"), "needed together"),
        ("audio_in", json!(7), "audio_in"),
        ("audio_out", json!("tone:440"), "microphones only"),
    ] {
        let error = settings.change(key, &value).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadParams, "{key}");
        assert!(error.message.contains(says), "{key}: {}", error.message);
        assert_eq!(written(&dir), FILE, "{key}");
    }
}

#[test]
fn a_secret_is_neither_shown_nor_repeated() {
    let dir = TempDir::new().unwrap();
    let turn = "turn_server = 'turn:relay.example'\nturn_username = 'ada'\nturn_credential = 'old'\n";
    let settings = settings(&dir, turn);
    let change = settings.change("turn_credential", &json!("hush-hush")).unwrap();
    assert_eq!(change.value, "(set)");
    assert!(!format!("{change:?}{}", settings.shown()).contains("hush"));
    assert!(written(&dir).contains("hush-hush"));
    let error = settings.change("turn_credential", &json!(["hush"])).unwrap_err();
    assert!(!format!("{error:?}").contains("hush"));
}

#[test]
fn what_the_command_line_or_the_environment_has_set_cannot_be_changed_in_the_file() {
    use clap::Parser as _;
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("config.toml");
    fs::write(&file, "").unwrap();
    let args = Args::parse_from(["ahoyd", "--log", "warn", "--config", file.to_str().unwrap()]);
    let env = |name: &str| (name == "MAX_CALL_DURATION_MS").then(|| "9000".into());
    let home = ahoy_protocol::control::HomePaths::under(dir.path());
    let settings = Settings::new(Config::load(&args, &home, &env).unwrap(), "/nowhere".into());
    for (key, value, by) in [("log", json!("info"), "--log"), ("max_call_duration_ms", json!(1_000), "MAX_CALL")] {
        let error = settings.change(key, &value).unwrap_err();
        assert!(error.message.contains(by) && error.message.contains("wins over"), "{}", error.message);
    }
    settings.change("busy_in_call", &json!(true)).unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "busy_in_call = true\n");
}

#[test]
fn a_file_that_is_wrong_already_or_cannot_be_written_says_so() {
    let dir = TempDir::new().unwrap();
    let settings = settings(&dir, FILE);
    let file = dir.path().join("config.toml");
    for text in ["name = \n", "frame_ms = 11\n"] {
        fs::write(&file, text).unwrap();
        let error = settings.change("busy_in_call", &json!(true)).unwrap_err();
        assert!(error.message.contains("cannot be used") && error.hint.contains("--check-config"), "{error:?}");
        assert_eq!(written(&dir), text);
    }
    let missing = Settings::new(Config::default(), dir.path().join("none/config.toml"));
    let error = missing.change("busy_in_call", &json!(true)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoResources);
    assert_eq!(missing.shown()["busy_in_call"], false, "what was not written is not used");
}

#[test]
fn a_first_change_makes_the_file_a_link_stays_one_and_readers_stay_readers() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("config.toml");
    let settings = Settings::new(Config::default(), file.clone());
    settings.change("busy_in_call", &json!(true)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    let real = dir.path().join("dotfiles.toml");
    fs::rename(&file, &real).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink(&real, &file).unwrap();
    settings.change("busy_in_call", &json!(false)).unwrap();
    assert!(fs::symlink_metadata(&file).unwrap().is_symlink());
    assert_eq!((fs::read_to_string(&real).unwrap().as_str(), mode(&real)), ("busy_in_call = false\n", 0o644));
}

#[test]
fn a_key_that_is_taken_out_takes_an_empty_table_with_it_but_no_words_of_anybody() {
    let dir = TempDir::new().unwrap();
    let changed = settings(&dir, "log = \"info\"\n");
    changed.change("times.reach_ms", &json!(700)).unwrap();
    assert!(written(&dir).contains("[times]"));
    changed.change("times.reach_ms", &Value::Null).unwrap();
    assert_eq!(written(&dir), "log = \"info\"\n");
    changed.change("times.confirm_ms", &Value::Null).unwrap();
    assert_eq!(written(&dir), "log = \"info\"\n", "what was never set makes no table");
    let words = "# for slow people\n[times]\nreach_ms = 700\n";
    let commented = settings(&dir, words);
    commented.change("times.reach_ms", &Value::Null).unwrap();
    assert_eq!(written(&dir), "# for slow people\n[times]\n");
    let two = settings(&dir, "[times]\nreach_ms = 700\nconfirm_ms = 800\n");
    two.change("times.reach_ms", &Value::Null).unwrap();
    assert_eq!(written(&dir), "[times]\nconfirm_ms = 800\n");
}

#[test]
fn a_switch_is_on_or_true_off_or_false() {
    let dir = TempDir::new().unwrap();
    let settings = settings(&dir, "");
    for (text, on) in [("on", true), ("off", false), ("true", true), ("false", false)] {
        assert_eq!(settings.change("busy_in_call", &json!(text)).unwrap().value, on);
        let stage = settings.change("processing.high_pass", &json!(text)).unwrap().value;
        assert_eq!(stage, if on { "on" } else { "off" });
    }
    assert!(settings.change("busy_in_call", &json!("yes")).is_err());
}

#[test]
fn a_device_of_a_setting_is_one_for_the_sound_and_the_ringtone_follows_the_speaker() {
    let dir = TempDir::new().unwrap();
    let settings = settings(&dir, FILE);
    let of = |key: &str, value: Value| settings.selections(key, &value).unwrap();
    let headset = || DeviceSpec::Id(format!("{}:headset", "alsa"));
    assert_eq!(of("audio_in", json!("tone:440")), [Selection::Input(DeviceSpec::Tone(440))]);
    assert_eq!(of("audio_in", Value::Null), [Selection::Input(DeviceSpec::Default)]);
    let both = [Selection::Output(headset()), Selection::Ringtone(headset())];
    assert_eq!(of("audio_out", json!("alsa:headset")), both);
    assert_eq!(of("ringtone_out", json!("none")), [Selection::Ringtone(DeviceSpec::None)]);
    assert_eq!(of("ringtone_out", json!("default")), [], "it rings there already");
    assert_eq!(of("name", json!("Eve")), []);
    assert!(settings.selections("audio_out", &json!("tone:440")).is_err());
    // As it is once it is written.
    assert!(settings.change("ringtone_out", &json!("none")).unwrap().device);
    assert_eq!(of("audio_out", json!("alsa:headset")), both[..1], "one that is named stays");
    settings.change("audio_out", &json!("alsa:headset")).unwrap();
    assert_eq!(settings.devices(), (DeviceSpec::Default, headset()));
}
