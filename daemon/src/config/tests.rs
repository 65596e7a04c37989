//! Settings: ranges, unknown keys, and who wins over whom.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use ahoy_media::host_media::api::DeviceSpec;
use ahoy_protocol::control::HomePaths;
use clap::Parser as _;

use super::*;

fn check(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text)
}

/// The only problem there is.
fn problem(text: &str) -> Problem {
    let error = check(text).unwrap_err();
    assert_eq!(error.problems.len(), 1, "{error}");
    error.problems[0].clone()
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

/// A line that sets a key.
fn line(key: &Key, value: impl std::fmt::Display) -> String {
    match key.name.split_once('.') {
        None => format!("{} = {value}", key.name),
        Some((table, name)) => format!("[{table}]\n{name} = {value}"),
    }
}

#[test]
fn every_number_is_refused_outside_its_range_and_the_message_names_the_range() {
    for key in KEYS {
        let Kind::Number { unit, min, max, .. } = key.kind else { continue };
        for good in [min, max] {
            let config = check(&line(&key, good)).unwrap();
            assert_eq!((key.show)(&config), good, "{} goes where it is shown", key.name);
        }
        for bad in [min as i128 - 1, max as i128 + 1, -1, i128::from(i64::MIN), i128::from(i64::MAX)] {
            let problem = problem(&line(&key, bad));
            assert_eq!(problem.key, Some(key.name));
            for part in [&format!("{bad} is out of range"), &format!("{min} to {max}"), unit] {
                assert!(problem.text.contains(part), "{}", problem.text);
            }
        }
    }
}

#[test]
fn numbers_in_every_way_of_writing_them_are_understood() {
    for text in ["0x9C40", "40_000", "+40000", "0b1001110001000000"] {
        assert_eq!(check(&format!("bitrate_bps = {text}")).unwrap().bitrate_bps, 40_000, "{text}");
    }
    for huge in ["99999999999999999999999999999999999999999999", "-99999999999999999999999999999999999999999999"] {
        assert!(check(&format!("bitrate_bps = {huge}")).is_err());
    }
}

#[test]
fn unknown_keys_are_named_with_the_nearest_one_there_is() {
    let meant = [
        ("bitrate = 1", "bitrate_bps"),
        ("stun_server = []", "stun_servers"),
        ("ring_callee_ms = 5", "times.ring_callee_ms"),
        ("[times]\nringing_callee_ms = 5", "times.ring_callee_ms"),
        ("[timess]\nreach_ms = 5", "times"),
        ("Audio_in = \"none\"", "audio_in"),
    ];
    for (text, key) in meant {
        let told = problem(text).text;
        assert!(told.contains("there is no setting") && told.contains(key), "{text}: {told}");
    }
    let told = problem("colour_of_my_curtains = 1").text;
    assert!(told.contains("colour_of_my_curtains") && !told.contains("did you mean"), "{told}");
}

#[test]
fn every_key_refuses_what_is_of_another_type_and_says_what_it_takes() {
    for key in KEYS {
        let wrong: &[&str] = match key.kind {
            Kind::Number { .. } => &["\"1\"", "true", "1.5", "[1]", "1979-05-27", "{ a = 1 }"],
            Kind::Switch { .. } => &["1", "\"true\"", "[]"],
            Kind::Text { .. } => &["1", "false", "[\"x\"]"],
            Kind::List { .. } => &["\"x\"", "1", "[1]", "[[]]"],
        };
        for value in wrong {
            let problem = problem(&line(&key, value));
            assert!(problem.text.starts_with(&format!("{} must be", key.name)), "{}", problem.text);
        }
    }
    assert!(problem("times = 5").text.contains("[times]"));
}

#[test]
fn values_that_make_no_sense_are_refused_with_what_is_expected() {
    let cases = [
        ("name = \"\"", "1 to 64"),
        ("name = \"a\\u0007\"", "control"),
        ("frame_ms = 30", "10, 20, 40, 60"),
        ("log = \"ahoyd=loud\"", "error, warn"),
        ("log = \"libp2p_swarm=info\"", "libp2p_swarm=debug"),
        ("audio_in = \"tone:5\"", "20 to 20000"),
        ("stun_servers = [\"stun.example.org\"]", "stun:HOST"),
        ("stun_servers = [\"stun:\"]", "host"),
        ("stun_servers = [\"stun:a b\"]", "host"),
        ("stun_servers = [\"stun:h:0\"]", "port"),
        ("stun_servers = [\"stun:h:70000\"]", "port"),
        ("stun_servers = [\"stun:[::g]:1\"]", "IPv6"),
        ("stun_servers = [\"stuns:h:1\"]", "stun:"),
        ("turn_server = \"turn:h:1?transport=tcp\"", "port"),
        ("listen = [\"127.0.0.1:4001\"]", "/ip4/"),
        ("metrics = \"0.0.0.0:9090\"", "other machines"),
        ("metrics = \"192.168.1.5:9090\"", "other machines"),
        ("metrics = \"[::]:9090\"", "other machines"),
        ("metrics = \"localhost:9090\"", "127.0.0.1:PORT"),
        ("metrics = \"unix:\"", "unix:PATH"),
    ];
    for (text, expected) in cases {
        let told = problem(text).text;
        assert!(told.contains(expected), "{text}: {told}");
    }
    assert!(check(&format!("name = \"{}\"", "x".repeat(65))).is_err());
    assert!(check(&format!("metrics = \"unix:/{}\"", "x".repeat(120))).is_err());
    for good in ["off", "unix:/run/user/1000/ahoy/metrics.sock", "127.0.0.1:9090", "[::1]:0", "127.1.2.3:1"] {
        assert_eq!(check(&format!("metrics = \"{good}\"")).unwrap().shown()["metrics"], good);
    }
}

#[test]
fn all_problems_are_told_at_once_each_with_its_line() {
    let text = "bitrate_bps = 5\n\nlunch = 1\nlisten = [\n  \"/ip4/127.0.0.1/tcp/1\",\n  \"nonsense\",\n]\n[times]\nreach_ms = \"x\"\n";
    let error = load(text, &["--audio-in", "tone:1"], &[("MAX_CALL_DURATION_MS", "soon")]).unwrap_err();
    let places: Vec<Place> = error.problems.iter().map(|problem| problem.place).collect();
    let env = Place::Environment("MAX_CALL_DURATION_MS");
    let mut lines = places.clone();
    lines.truncate(4);
    lines.sort_by_key(|place| if let Place::Line(line) = place { *line } else { 0 });
    assert_eq!(lines, [Place::Line(1), Place::Line(3), Place::Line(6), Place::Line(9)]);
    assert_eq!(places[4..], [env, Place::Option("--audio-in")]);
    let told = error.to_string();
    assert!(told.starts_with("6 settings cannot be used:\n"), "{told}");
    assert!(told.contains("config.toml:6: listen = \"nonsense\"") && told.contains("\n  --audio-in: "), "{told}");
}

#[test]
fn broken_toml_is_told_with_its_line_beside_the_other_problems() {
    let error = check("mdns = false\nname = \"open\nbitrate_bps = 5\n").unwrap_err();
    assert!(error.problems.iter().any(|one| one.place == Place::Line(2) && one.text.contains("is no TOML")), "{error}");
    assert!(error.problems.iter().any(|one| one.place == Place::Line(3) && one.key == Some("bitrate_bps")), "{error}");
    assert!(check("mdns = true\nmdns = false").is_err(), "a key twice");
}

#[test]
fn a_file_of_junk_gets_an_answer_of_bounded_length() {
    let junk: String = (0..5_000).map(|n| format!("k{n} = 1\n")).collect();
    let error = load(&junk, &[], &[]).unwrap_err();
    assert_eq!(error.problems.len(), 5_000);
    let told = error.to_string();
    assert!(told.lines().count() < 40 && told.ends_with("and 4968 more"), "{told}");
    let long = check(&format!("log = \"{}\"", "x".repeat(50_000))).unwrap_err().to_string();
    assert!(long.len() < 1_000, "{long}");
}

#[test]
fn every_option_and_variable_of_the_table_sets_its_key() {
    for key in KEYS {
        let text = match key.name {
            "listen" => "/ip4/127.0.0.1/tcp/1",
            "audio_in" | "audio_out" => "none",
            "stun_servers" => "stun:h",
            "log" => "debug",
            _ => "5000",
        };
        if let Some(option) = key.option {
            let args: &[&str] = if option == "--no-mdns" { &[option] } else { &[option, text] };
            let config = load("", args, &[]).unwrap();
            assert_ne!((key.show)(&config), (key.show)(&Config::default()), "{option}");
        }
        if let Some(name) = key.env.filter(|name| !name.starts_with("TURN_")) {
            let config = load("", &[], &[(name, text)]).unwrap();
            assert_ne!((key.show)(&config), (key.show)(&Config::default()), "{name}");
        }
    }
    let turn = [("TURN_SERVER", "turn:h"), ("TURN_USERNAME", "u"), ("TURN_CREDENTIAL", "c")];
    assert_eq!(load("", &[], &turn).unwrap().ice_servers.len(), 1);
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
    assert!(missing.to_string().starts_with("/nowhere/at/all.toml: cannot be read"), "{missing}");
    let paths = HomePaths::under(Path::new("/nowhere/at/all"));
    let read = Config::load(&Args::default(), &paths, &|_| None).unwrap();
    assert_eq!(read, Config { file: Some(paths.config), ..Config::default() });
}

#[test]
fn what_a_message_quotes_cannot_steer_a_terminal() {
    let told = check("\"\\u001b[31mred\\u0007\" = 1").unwrap_err().to_string();
    assert!(told.contains("red") && !told.chars().any(char::is_control), "{told:?}");
}

#[test]
fn a_turn_server_needs_its_user_and_its_credential_which_is_never_shown() {
    let whole = "turn_server = \"turn:h:1\"\nturn_username = \"u\"\nturn_credential = \"s3cret\"";
    let config = check(whole).unwrap();
    assert_eq!(config.ice_servers.len(), 1);
    assert!(!config.shown().to_string().contains("s3cret"));
    let alone = problem("# a relay\nturn_server = \"turn:h:1\"");
    assert!(alone.place == Place::Line(2) && alone.text.contains("needed together"), "{alone:?}");
    let told = check("turn_credential = \"s3cret\"").unwrap_err().to_string();
    assert!(told.contains("together") && !told.contains("s3cret"), "{told}");
    assert!(!check("turn_credential = \"\"").unwrap_err().to_string().contains("= "), "not even when it is wrong");
    let with_password = check(&whole.replace("turn:h", "turn:u:s3cret@h")).unwrap_err().to_string();
    assert!(with_password.contains("turn_server") && !with_password.contains("s3cret"), "{with_password}");
    assert!(check(&whole.replace("turn:h", "turns:h")).is_err(), "TURN over TLS is not possible yet");
    assert!(check("stun_servers = [\"http://x\"]").is_err());
}

#[test]
fn listen_addresses_are_checked() {
    let config = load("", &["--listen", "/ip4/127.0.0.1/tcp/0", "--listen", "/ip6/::1/tcp/4001"], &[]).unwrap();
    assert_eq!(config.listen.len(), 2);
    assert!(config.loopback());
    assert!(!check("listen = [\"/ip4/0.0.0.0/tcp/4001\"]").unwrap().loopback());
    assert!(check("listen = [\"/ip6/::1/udp/4001/quic-v1\"]").unwrap().loopback());
    assert!(!Config::default().loopback());
    assert!(check("listen = [\"/memory/0\"]").unwrap().loopback(), "everybody is in this process");
    for bad in ["nonsense", "/ip4/1.2.3.4/udp/1", "/ip4/1.2.3.4/udp/1/quic", "/ip4/1.2.3.4/tcp/1/ws", "/dns4/x/tcp/1"] {
        let error = load("", &["--listen", bad], &[]).unwrap_err();
        assert_eq!(error.problems[0].key, Some("listen"), "{bad}");
        assert_eq!(error.problems[0].place, Place::Option("--listen"), "{bad}");
    }
    let many = format!("listen = [{}]", "\"/ip4/127.0.0.1/tcp/0\",".repeat(17));
    assert!(check(&many).is_err());
}

#[test]
fn specs_of_sound_devices_are_read_and_written() {
    let file = |path: &str, looped| DeviceSpec::File { path: PathBuf::from(path), looped, stereo: false };
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
    for bad in [
        "",
        "banana",
        "hw:0",
        "alsa:",
        "tone:",
        "tone:19",
        "tone:20001",
        "tone:x",
        "file:",
        "file:/a/b.mp3",
        "file:?loop",
    ] {
        assert!(parse_input(bad).is_err(), "{bad}");
    }
    let wide = DeviceSpec::File { path: "/a.wav".into(), looped: false, stereo: true };
    assert_eq!(parse_output("file:/a.wav?stereo").unwrap(), wide);
    assert_eq!(spec_text(&wide), "file:/a.wav?stereo");
    assert!(parse_input("file:/a.wav?stereo").is_err(), "an input has the channels that it has");
    for bad in ["", "banana", "tone:440", "file:/a.wav?loop", "file:/a.ogg", "file:?stereo"] {
        assert!(parse_output(bad).is_err(), "{bad}");
    }
    let DeviceSpec::File { path, .. } = parse_output("file:b.wav").unwrap() else { panic!("a file") };
    assert!(path.is_absolute());
}

#[test]
fn a_huge_config_file_is_not_read() {
    let error = load(&"#".repeat(70_000), &[], &[]).unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
}
