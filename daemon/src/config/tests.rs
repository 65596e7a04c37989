//! Settings: ranges, unknown keys, and who wins over whom.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use ahoy_media::host_media::api::DeviceSpec;
use ahoy_protocol::control::HomePaths;
use clap::Parser as _;

use super::*;

fn check(text: &str) -> Result<Config, ConfigError> {
    let file =
        FileConfig::parse(text).map_err(|reason| ConfigError::NotUnderstood { path: "config.toml".into(), reason })?;
    Config::check(file)
}

fn load(config: &str, args: &[&str], vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let tmp = tempfile::tempdir().unwrap();
    let paths = HomePaths::under(tmp.path());
    std::fs::write(&paths.config, config).unwrap();
    let args = Args::parse_from(std::iter::once("ahoyd").chain(args.iter().copied()));
    let env = |name: &str| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
    Config::load(&args, &paths, &env)
}

#[test]
fn an_empty_file_gives_the_defaults() {
    assert_eq!(check("").unwrap(), Config::default());
}

#[test]
fn the_documented_defaults_are_the_real_ones() {
    let shown = Config::default().shown();
    for key in KEYS {
        let (table, name) = key.name.split_once('.').unwrap_or(("", key.name));
        let value = if table.is_empty() { &shown[name] } else { &shown[table][name] };
        assert_eq!(value.as_u64(), key.default, "{}", key.name);
    }
}

#[test]
fn every_number_is_refused_outside_its_range_and_the_message_names_the_range() {
    for key in KEYS {
        let (table, name) = key.name.split_once('.').unwrap_or(("", key.name));
        let line = |value: u64| match table {
            "" => format!("{name} = {value}"),
            table => format!("[{table}]\n{name} = {value}"),
        };
        for good in [key.min, key.max] {
            assert!(check(&line(good)).is_ok(), "{} = {good}", key.name);
        }
        for bad in [key.min - 1, key.max + 1] {
            let error = check(&line(bad)).unwrap_err();
            assert!(matches!(error, ConfigError::OutOfRange { key: k, value, .. } if k == key.name && value == bad));
            let text = error.to_string();
            assert!(text.contains(&key.min.to_string()) && text.contains(&key.max.to_string()), "{text}");
        }
    }
}

#[test]
fn unknown_keys_are_named() {
    for text in ["colour = 1", "[times]\nlunch_ms = 5"] {
        let error = check(text).unwrap_err().to_string();
        assert!(error.contains("colour") || error.contains("lunch_ms"), "{error}");
    }
    assert!(check("mdns = 1").is_err(), "a wrong type is no value");
    assert!(check("bitrate_bps = -1").is_err());
    assert!(check("name = \"\"").is_err());
    assert!(check(&format!("name = \"{}\"", "x".repeat(65))).is_err());
    assert!(check("frame_ms = 30").unwrap_err().to_string().contains("10, 20, 40 or 60"));
    assert!(check("log = \"ahoyd=loud\"").is_err());
}

#[test]
fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
    let file = "audio_in = \"none\"\nstun_servers = [\"stun:file:1\"]\nmax_call_duration_ms = 5000\nlog = \"warn\"";
    let env = [("STUN_SERVERS", "stun:a:1, stun:b:2"), ("MAX_CALL_DURATION_MS", "7000")];
    let config = load(file, &["--audio-in", "tone:440", "--log", "debug", "--no-mdns"], &env).unwrap();
    assert_eq!(config.audio_in, DeviceSpec::Tone(440));
    assert_eq!(config.log, "debug");
    assert!(!config.mdns);
    assert_eq!(config.max_call_duration_ms, Some(7000));
    let urls: Vec<_> = config.ice_servers.iter().flat_map(|server| server.urls.clone()).collect();
    assert_eq!(urls, ["stun:a:1", "stun:b:2"]);
}

#[test]
fn a_config_file_that_was_asked_for_must_exist() {
    let missing = load("", &["--config", "/nowhere/at/all.toml"], &[]).unwrap_err();
    assert!(matches!(missing, ConfigError::Unreadable { .. }), "{missing}");
    let paths = HomePaths::under(Path::new("/nowhere/at/all"));
    assert_eq!(Config::load(&Args::default(), &paths, &|_| None).unwrap(), Config::default());
}

#[test]
fn a_turn_server_needs_its_user_and_its_credential_which_is_never_shown() {
    let whole = "turn_server = \"turn:h:1\"\nturn_username = \"u\"\nturn_credential = \"s3cret\"";
    let config = check(whole).unwrap();
    assert_eq!(config.ice_servers.len(), 1);
    assert!(!config.shown().to_string().contains("s3cret"));
    assert!(check("turn_server = \"turn:h:1\"").is_err());
    assert!(check("turn_credential = \"x\"").is_err());
    assert!(check(&whole.replace("turn:h", "turns:h")).is_err(), "TURN over TLS is not possible yet");
    assert!(check("stun_servers = [\"http://x\"]").is_err());
}

#[test]
fn listen_addresses_are_checked() {
    let config = load("", &["--listen", "/ip4/127.0.0.1/tcp/0", "--listen", "/ip6/::1/tcp/4001"], &[]).unwrap();
    assert_eq!(config.listen.len(), 2);
    assert!(config.loopback());
    assert!(!check("listen = [\"/ip4/0.0.0.0/tcp/4001\"]").unwrap().loopback());
    assert!(!Config::default().loopback());
    assert!(check("listen = [\"/memory/0\"]").unwrap().loopback(), "everybody is in this process");
    for bad in ["nonsense", "/ip4/1.2.3.4/udp/1", "/ip4/1.2.3.4/tcp/1/ws", "/dns4/x/tcp/1"] {
        assert!(matches!(load("", &["--listen", bad], &[]), Err(ConfigError::Bad { key: "listen", .. })), "{bad}");
    }
    let many = format!("listen = [{}]", "\"/ip4/127.0.0.1/tcp/0\",".repeat(17));
    assert!(check(&many).is_err());
}

#[test]
fn specs_of_sound_devices_are_read_and_written() {
    let file = |path: &str, looped| DeviceSpec::File { path: PathBuf::from(path), looped };
    let inputs = [
        ("default", DeviceSpec::Default),
        ("none", DeviceSpec::None),
        ("tone:440", DeviceSpec::Tone(440)),
        ("file:/a/b.wav", file("/a/b.wav", false)),
        ("file:/a/b.WAV?loop", file("/a/b.WAV", true)),
        ("alsa:hw:0", DeviceSpec::Id("alsa:hw:0".into())),
    ];
    for (text, spec) in inputs {
        assert_eq!(parse_input(text).unwrap(), spec);
        assert_eq!(spec_text(&spec), text);
    }
    for bad in ["", "tone:", "tone:19", "tone:20001", "tone:x", "file:", "file:/a/b.mp3", "file:?loop"] {
        assert!(parse_input(bad).is_err(), "{bad}");
    }
    for bad in ["", "tone:440", "file:/a.wav?loop", "file:/a.ogg"] {
        assert!(parse_output(bad).is_err(), "{bad}");
    }
    let DeviceSpec::File { path, .. } = parse_output("file:b.wav").unwrap() else { panic!("a file") };
    assert!(path.is_absolute());
}

#[test]
fn a_huge_config_file_is_not_read() {
    let error = load(&"#".repeat(70_000), &[], &[]).unwrap_err();
    assert!(matches!(error, ConfigError::Unreadable { .. }), "{error}");
}
