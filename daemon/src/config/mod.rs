//! Settings: config.toml, the environment and the command line, checked and put together.
//!
//! The command line wins over the environment, the environment over the file, the file over the defaults.

mod args;
mod change;
mod draft;
mod file;
mod keys;
mod problem;
mod spec;
#[cfg(test)]
mod tests;
mod values;

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use ahoy_media::host_media::api::{DeviceSpec, Processing};
use ahoy_media::simple_webrtc::engine::IceServer;
use ahoy_protocol::control::{HomePaths, RecordPolicy};
use ahoy_protocol::core::{ContactRate, Times};
use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

pub use args::{Args, Printed};
pub use change::{Change, Settings};
pub use draft::Draft;
pub use keys::{KEYS, Key, Kind};
pub use problem::{ConfigError, Place, Problem};
pub use spec::{parse_input, parse_output, spec_text};
pub use values::MetricsAt;

/// Everything that can be set, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Our name in cards; none: one is drawn at the first start.
    pub name: Option<String>,
    /// Where to listen; empty: all interfaces, on a port drawn at the first start and kept.
    pub listen: Vec<Multiaddr>,
    /// Find devices on the LAN.
    pub mdns: bool,
    /// Microphone.
    pub audio_in: DeviceSpec,
    /// Speaker.
    pub audio_out: DeviceSpec,
    /// What rings; none: the speaker, if that is a card.
    pub ringtone_out: Option<DeviceSpec>,
    /// Encoder bitrate, bits a second.
    pub bitrate_bps: u32,
    /// Sound in a packet, ms.
    pub frame_ms: u32,
    /// What is done to sound.
    pub processing: Processing,
    /// STUN and TURN servers; none is built in.
    pub ice_servers: Vec<IceServer>,
    /// Longest call, ms; none: no limit.
    pub max_call_duration_ms: Option<u64>,
    /// A second call hears `busy` while we are in one.
    pub busy_in_call: bool,
    /// What becomes of the question whether somebody may record us.
    pub recording: RecordPolicy,
    /// New calls taken of a contact, at once and a minute.
    pub calls_a_minute: u32,
    /// Calls don't ring until a frontend says otherwise.
    pub do_not_disturb: bool,
    /// Time limits of a call's phases.
    pub times: Times,
    /// Log filter.
    pub log: String,
    /// Rotated log files kept.
    pub log_files: u32,
    /// Where figures for Prometheus are answered; none: nowhere.
    pub metrics: Option<MetricsAt>,
    /// The file it was read from, if it was read from one.
    pub file: Option<PathBuf>,
    /// Keys that the environment or the command line has set.
    pub fixed: Vec<(&'static str, Place)>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: None,
            listen: Vec::new(),
            mdns: true,
            audio_in: DeviceSpec::Default,
            audio_out: DeviceSpec::Default,
            ringtone_out: None,
            bitrate_bps: 40_000,
            frame_ms: 20,
            processing: Processing::default(),
            ice_servers: Vec::new(),
            max_call_duration_ms: None,
            busy_in_call: false,
            recording: RecordPolicy::Ask,
            calls_a_minute: ContactRate::default().0,
            do_not_disturb: false,
            times: Times::default(),
            log: "info".into(),
            log_files: 5,
            metrics: None,
            file: None,
            fixed: Vec::new(),
        }
    }
}

/// Reads one environment variable; an argument, so that nothing here depends on the process.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

impl Config {
    /// Puts the file, the environment and the command line together.
    ///
    /// # Errors
    /// [`ConfigError`] names everything that is wrong, where it stands and what is possible.
    pub fn load(args: &Args, paths: &HomePaths, env: Env<'_>) -> Result<Config, ConfigError> {
        let mut draft = Draft::default();
        let path = args.config.as_ref().unwrap_or(&paths.config);
        file::read(&mut draft, path, args.config.is_some());
        draft.config.file = Some(path.clone());
        take_env(&mut draft, env);
        for (key, option, texts) in args.given() {
            draft.take_text(key, Place::Option(option), &texts);
        }
        draft.finish().map_err(|problems| ConfigError { file: path.display().to_string(), problems })
    }

    /// Reads the text of a config.toml, without environment and command line.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str) -> Result<Config, ConfigError> {
        let mut draft = Draft::default();
        file::parse(&mut draft, text);
        draft.finish().map_err(|problems| ConfigError { file: "config.toml".into(), problems })
    }

    /// We listen on a loopback address, or in memory, because somebody asked for it.
    #[must_use]
    pub fn loopback(&self) -> bool {
        let in_memory = |address: &Multiaddr| matches!(address.iter().next(), Some(Protocol::Memory(_)));
        self.listen.iter().any(|address| in_memory(address) || ip(address).is_some_and(|ip| ip.is_loopback()))
    }

    /// What rings: as told, or else the speaker if it is a card. A file is what a test hears of the call, and nothing else.
    #[must_use]
    pub fn ringtone(&self) -> DeviceSpec {
        let speaker = || match &self.audio_out {
            card @ (DeviceSpec::Default | DeviceSpec::Id(_)) => card.clone(),
            DeviceSpec::None | DeviceSpec::Tone(_) | DeviceSpec::File { .. } => DeviceSpec::None,
        };
        self.ringtone_out.clone().unwrap_or_else(speaker)
    }

    /// All time limits of calls.
    #[must_use]
    pub fn call_times(&self) -> Times {
        Times { max_call_ms: self.max_call_duration_ms, ..self.times.clone() }
    }

    /// The relay, if one is set.
    pub(crate) fn turn(&self) -> Option<&IceServer> {
        self.ice_servers.iter().find(|server| !server.credential.is_empty())
    }

    /// Every key with its value, for `config.get`; the TURN credential is never shown.
    #[must_use]
    pub fn shown(&self) -> serde_json::Value {
        let mut top = serde_json::Map::new();
        for key in KEYS {
            let value = (key.show)(self);
            match key.name.split_once('.') {
                None => {
                    top.insert(key.name.into(), value);
                }
                Some((table, name)) => {
                    let table = top.entry(table).or_insert_with(|| serde_json::json!({}));
                    table[name] = value;
                }
            }
        }
        top.into()
    }
}

/// The IP address that a multiaddr begins with.
#[must_use]
pub fn ip(address: &Multiaddr) -> Option<IpAddr> {
    let first = address.iter().next()?;
    if let Protocol::Ip4(ip) = first {
        return Some(IpAddr::V4(ip));
    }
    if let Protocol::Ip6(ip) = first { Some(IpAddr::V6(ip)) } else { None }
}

fn take_env(draft: &mut Draft, env: Env<'_>) {
    const ALL: &[Key] = &KEYS;
    for key in ALL {
        let Some(name) = key.env else { continue };
        let Some(value) = env(name).filter(|value| !value.is_empty()) else { continue };
        let place = Place::Environment(name);
        match value.into_string() {
            Ok(text) => match key.kind {
                Kind::List { .. } => {
                    let texts: Vec<String> = text.split(',').map(str::to_owned).collect();
                    draft.take_text(key, place, &texts);
                }
                Kind::Number { .. } | Kind::Switch { .. } | Kind::Text { .. } => {
                    draft.take_text(key, place, &[text]);
                }
            },
            Err(_) => draft.problem(place, Some(key.name), "is not UTF-8".into()),
        }
    }
}
