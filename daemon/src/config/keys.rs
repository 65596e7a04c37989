//! Every setting there is: the one table that the reader, `config.get`, docs/config.md and docs/config.schema.json
//! are made of. A new setting is a field of [`Config`] and a row here.

use serde_json::{Value, json};

use super::draft::Draft;
use super::values::{
    STAGE_FORM, check_name, check_stun, check_turn, listen_address, record_policy, record_policy_text, stage,
    stage_text,
};
use super::{Config, MetricsAt, parse_input, parse_output, spec_text};
use crate::{limits, logging};

/// A setting.
pub struct Key {
    /// As in config.toml, with its table: `times.reach_ms`.
    pub name: &'static str,
    /// What it takes, and where it goes.
    pub kind: Kind,
    /// What it does.
    pub what: &'static str,
    /// What its absence means, where no value stands for that.
    pub absent: &'static str,
    /// The environment variable that sets it, too.
    pub env: Option<&'static str>,
    /// The option of `ahoyd` that sets it, too.
    pub option: Option<&'static str>,
    /// Its value is never shown.
    pub secret: bool,
    /// `config.set` has it used at once, not only after the next start.
    pub at_once: bool,
    /// Its value in use.
    pub show: fn(&Config) -> Value,
}

/// What a setting takes, and where its value goes.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A whole number.
    Number {
        /// Unit.
        unit: &'static str,
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
        /// The only values possible; empty: all in the range.
        only: &'static [u64],
        /// Takes a number that is possible.
        set: fn(&mut Draft, u64),
    },
    /// True or false.
    Switch {
        /// Takes it.
        set: fn(&mut Draft, bool),
    },
    /// Text of a certain form.
    Text {
        /// The form, for people.
        form: &'static str,
        /// Takes it, or says what is wrong with it.
        set: fn(&mut Draft, &str) -> Result<(), String>,
    },
    /// A list of such texts; in the environment they are separated by commas.
    List {
        /// The form of each, for people.
        form: &'static str,
        /// Most entries.
        most: usize,
        /// Forgets what was given by a lower place.
        clear: fn(&mut Draft),
        /// Takes one more, or says what is wrong with it.
        add: fn(&mut Draft, &str) -> Result<(), String>,
    },
}

impl Key {
    const fn new(name: &'static str, kind: Kind, what: &'static str, show: fn(&Config) -> Value) -> Self {
        Self { name, kind, what, absent: "", env: None, option: None, secret: false, at_once: false, show }
    }

    const fn absent(self, absent: &'static str) -> Self {
        Self { absent, ..self }
    }

    const fn env(self, name: &'static str) -> Self {
        Self { env: Some(name), ..self }
    }

    const fn option(self, name: &'static str) -> Self {
        Self { option: Some(name), ..self }
    }

    const fn at_once(self) -> Self {
        Self { at_once: true, ..self }
    }

    const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }
}

const fn number(unit: &'static str, range: (u64, u64), set: fn(&mut Draft, u64)) -> Kind {
    Kind::Number { unit, min: range.0, max: range.1, only: &[], set }
}

/// A time limit of a call's phases.
macro_rules! phase {
    ($field:ident, $range:expr, $what:literal) => {
        Key::new(
            concat!("times.", stringify!($field)),
            number("ms", $range, |draft, value| draft.config.times.$field = value),
            $what,
            |config| json!(config.times.$field),
        )
        .at_once()
    };
}

/// A stage of the processing of sound.
macro_rules! stage {
    ($field:ident, $what:literal) => {
        Key::new(
            concat!("processing.", stringify!($field)),
            Kind::Text {
                form: STAGE_FORM,
                set: |draft, text| stage(text).map(|stage| draft.config.processing.$field = stage),
            },
            $what,
            |config| json!(stage_text(config.processing.$field)),
        )
        .at_once()
    };
}

/// The ranges of the table make every value fit.
fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Every setting there is.
pub const KEYS: [Key; 32] = [
    Key::new(
        "name",
        Kind::Text { form: "1 to 64 bytes", set: |draft, text| check_name(text).map(|name| draft.config.name = name) },
        "our name in cards",
        |config| json!(config.name),
    )
    .absent("`ahoy-` and six letters, drawn at the first start")
    .at_once(),
    Key::new(
        "listen",
        Kind::List {
            form: "/ip4/ADDRESS or /ip6/ADDRESS, then /tcp/PORT or /udp/PORT/quic-v1",
            most: limits::LISTEN_ADDRESSES,
            clear: |draft| draft.config.listen.clear(),
            add: |draft, text| listen_address(text).map(|address| draft.config.listen.push(address)),
        },
        "multiaddrs the daemon listens on; media uses the same interfaces",
        |config| json!(config.listen.iter().map(ToString::to_string).collect::<Vec<_>>()),
    )
    .absent("all interfaces, on a port drawn at the first start and kept")
    .option("--listen"),
    Key::new(
        "mdns",
        Kind::Switch { set: |draft, on| draft.config.mdns = on },
        "find devices in the local network, and be found there",
        |config| json!(config.mdns),
    )
    .option("--no-mdns"),
    Key::new(
        "audio_in",
        Kind::Text {
            form: "`default`, `none`, `tone:HZ`, `file:PATH.wav`, `file:PATH.wav?loop` or a device id",
            set: |draft, text| parse_input(text).map(|spec| draft.config.audio_in = spec),
        },
        "the microphone",
        |config| json!(spec_text(&config.audio_in)),
    )
    .option("--audio-in")
    .at_once(),
    Key::new(
        "audio_out",
        Kind::Text {
            form: "`default`, `none`, `file:PATH.wav`, `file:PATH.wav?stereo` (two channels) or a device id",
            set: |draft, text| parse_output(text).map(|spec| draft.config.audio_out = spec),
        },
        "the speaker",
        |config| json!(spec_text(&config.audio_out)),
    )
    .option("--audio-out")
    .at_once(),
    Key::new(
        "ringtone_out",
        Kind::Text {
            form: "`default`, `none`, `file:PATH.wav` or a device id",
            set: |draft, text| parse_output(text).map(|spec| draft.config.ringtone_out = Some(spec)),
        },
        "where it rings when somebody calls, and the tone of the line when we call: may be another card than the headset; `none` is silent",
        |config| json!(config.ringtone_out.as_ref().map(spec_text)),
    )
    .absent("as `audio_out`, if that is a sound card; else silent")
    .at_once(),
    Key::new(
        "bitrate_bps",
        number("bits a second", (6_000, 128_000), |draft, value| draft.config.bitrate_bps = narrow(value)),
        "what the audio encoder aims at; at 40000 clean speech scores PESQ-WB 4.01, at 32000 3.78",
        |config| json!(config.bitrate_bps),
    ),
    Key::new(
        "frame_ms",
        Kind::Number {
            unit: "ms",
            min: 10,
            max: 60,
            only: &[10, 20, 40, 60],
            set: |draft, value| draft.config.frame_ms = narrow(value),
        },
        "sound in a packet",
        |config| json!(config.frame_ms),
    ),
    Key::new(
        "stun_servers",
        Kind::List {
            form: "stun:HOST or stun:HOST:PORT",
            most: limits::STUN_SERVERS,
            clear: |draft| draft.stun.clear(),
            add: |draft, text| check_stun(text).map(|url| draft.stun.push(url)),
        },
        "servers that tell us our public address; they learn when we call",
        |config| {
            json!(
                config.ice_servers.iter().filter(|s| s.credential.is_empty()).flat_map(|s| &s.urls).collect::<Vec<_>>()
            )
        },
    )
    .absent("none")
    .env("STUN_SERVERS"),
    Key::new(
        "turn_server",
        Kind::Text {
            form: "turn:HOST or turn:HOST:PORT",
            set: |draft, text| check_turn(text).map(|url| draft.turn.url = Some(url)),
        },
        "a relay for media, with the two keys below",
        |config| json!(config.turn().and_then(|server| server.urls.first())),
    )
    .absent("none")
    .env("TURN_SERVER"),
    Key::new(
        "turn_username",
        Kind::Text { form: "text", set: |draft, text| draft.turn.set_username(text) },
        "its user",
        |config| json!(config.turn().map(|server| &server.username)),
    )
    .absent("none")
    .env("TURN_USERNAME"),
    Key::new(
        "turn_credential",
        Kind::Text { form: "text", set: |draft, text| draft.turn.set_credential(text) },
        "its password; never shown",
        |config| json!(config.turn().map(|_| "(set)")),
    )
    .absent("none")
    .env("TURN_CREDENTIAL")
    .secret(),
    Key::new(
        "max_call_duration_ms",
        number("ms", (1_000, 604_800_000), |draft, value| draft.config.max_call_duration_ms = Some(value)),
        "longest call, from its acceptance on; then it ends for both sides",
        |config| json!(config.max_call_duration_ms),
    )
    .absent("no limit")
    .env("MAX_CALL_DURATION_MS")
    .at_once(),
    Key::new(
        "busy_in_call",
        Kind::Switch { set: |draft, on| draft.config.busy_in_call = on },
        "a second call hears `busy` while we are in one, and counts as missed, instead of ringing",
        |config| json!(config.busy_in_call),
    )
    .at_once(),
    Key::new(
        "recording",
        Kind::Text {
            form: "`ask`, `accept` or `refuse`",
            set: |draft, text| record_policy(text).map(|policy| draft.config.recording = policy),
        },
        "who wants to record us in a call: a person is asked and has 30 s, or the daemon answers, as for a bot",
        |config| json!(record_policy_text(config.recording)),
    )
    .at_once(),
    Key::new(
        "calls_a_minute",
        number("calls", (1, 6_000), |draft, value| draft.config.calls_a_minute = narrow(value)),
        "new calls taken of a contact, at once and a minute, and as many other messages of all its devices",
        |config| json!(config.calls_a_minute),
    )
    .at_once(),
    Key::new(
        "do_not_disturb",
        Kind::Switch { set: |draft, on| draft.config.do_not_disturb = on },
        "calls don't ring: callers hear busy, and the calls are listed as missed; `presence.set` changes it at any time",
        |config| json!(config.do_not_disturb),
    )
    .at_once(),
    Key::new(
        "log",
        Kind::Text {
            form: "`off`, `error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,ahoyd=debug`",
            set: |draft, text| logging::filter(text).map(|_| draft.config.log = text.to_owned()),
        },
        "what is logged; crates of others are heard from `debug` on, and only if they are named",
        |config| json!(config.log),
    )
    .option("--log"),
    Key::new(
        "log_files",
        number("files", (1, 100), |draft, value| draft.config.log_files = narrow(value)),
        "rotated log files kept, 8 MiB each",
        |config| json!(config.log_files),
    ),
    Key::new(
        "metrics",
        Kind::Text {
            form: "`off`, `unix:PATH`, `127.0.0.1:PORT` or `[::1]:PORT`",
            set: |draft, text| MetricsAt::parse(text).map(|at| draft.config.metrics = at),
        },
        "where figures for Prometheus are answered",
        |config| json!(config.metrics.as_ref().map_or_else(|| "off".to_owned(), ToString::to_string)),
    ),
    stage!(
        high_pass,
        "rumble and hum are taken out of the microphone; `auto`: where that is a sound card, and no file or tone"
    ),
    stage!(
        echo_cancellation,
        "what the speaker plays is taken out of the microphone; `auto`: where both are sound cards. With it or noise \
         suppression, sound leaves 16 ms later"
    ),
    stage!(noise_suppression, "steady noise is taken out of the microphone; `auto` as high_pass"),
    stage!(gain_control, "our voice comes to a steady loudness, noise is never lifted; `auto` as high_pass"),
    stage!(even_levels, "voices of the others come to one loudness; `auto`: as soon as there are two"),
    stage!(
        music,
        "128 kbit/s in packets of 5 ms, stereo where the source has two channels, and none of the stages above, while everybody is on the local network (round trip up \
         to 5 ms, nothing lost); `auto`: off"
    ),
    phase!(reach_ms, (500, 120_000), "to reach somebody before it counts as unreachable"),
    phase!(ring_callee_ms, (500, 600_000), "ringing here before a call counts as missed"),
    phase!(ring_caller_ms, (500, 600_000), "ringing there before we give up"),
    phase!(caller_lost_ms, (500, 60_000), "the other side that vanished: it rings no longer, here or there"),
    phase!(connecting_ms, (1_000, 120_000), "to connect media after a call was accepted"),
    phase!(confirm_ms, (500, 60_000), "an offer that is not confirmed never rings"),
];
