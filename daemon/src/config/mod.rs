//! Settings: config.toml, the environment and the command line, checked and put together.
//!
//! The command line wins over the environment, the environment over the file, the file over the defaults.

mod args;
mod file;
mod spec;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::Path;

use ahoy_media::host_media::api::DeviceSpec;
use ahoy_media::simple_webrtc::engine::IceServer;
use ahoy_protocol::control::HomePaths;
use ahoy_protocol::core::Times;
use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

pub use args::Args;
pub use file::{FileConfig, FileTimes, KEYS, Key};
pub use spec::{parse_input, parse_output, spec_text};

use crate::limits;

/// A setting that cannot be used; written for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// The file is no TOML, or has a key that does not exist or has the wrong type.
    #[error("{path} is not understood: {reason}")]
    NotUnderstood {
        /// Which.
        path: String,
        /// Line, key and what was expected.
        reason: String,
    },
    /// A number out of its range.
    #[error("{key} = {value} is out of range: it must be {min} to {max} {unit}")]
    OutOfRange {
        /// Key.
        key: &'static str,
        /// What was given.
        value: u64,
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
        /// Unit.
        unit: &'static str,
    },
    /// A value that makes no sense.
    #[error("{key} = {value:?} {problem}")]
    Bad {
        /// Key.
        key: &'static str,
        /// What was given.
        value: String,
        /// What is wrong and what is possible.
        problem: String,
    },
}

impl ConfigError {
    pub(crate) fn bad(key: &'static str, value: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Bad { key, value: value.into(), problem: problem.into() }
    }
}

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
    /// Encoder bitrate, bits a second.
    pub bitrate_bps: u32,
    /// Sound in a packet, ms.
    pub frame_ms: u32,
    /// STUN and TURN servers; none is built in.
    pub ice_servers: Vec<IceServer>,
    /// Longest call, ms; none: no limit.
    pub max_call_duration_ms: Option<u64>,
    /// Time limits of a call's phases.
    pub times: Times,
    /// Log filter.
    pub log: String,
    /// Rotated log files kept.
    pub log_files: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: None,
            listen: Vec::new(),
            mdns: true,
            audio_in: DeviceSpec::Default,
            audio_out: DeviceSpec::Default,
            bitrate_bps: 40_000,
            frame_ms: 20,
            ice_servers: Vec::new(),
            max_call_duration_ms: None,
            times: Times::default(),
            log: "info".into(),
            log_files: 5,
        }
    }
}

/// Reads one environment variable; an argument, so that nothing here depends on the process.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

impl Config {
    /// Puts the file, the environment and the command line together.
    ///
    /// # Errors
    /// [`ConfigError`] names the key, what is wrong with it and what is possible.
    pub fn load(args: &Args, paths: &HomePaths, env: Env<'_>) -> Result<Config, ConfigError> {
        let mut file = match &args.config {
            Some(path) => FileConfig::read(path, true)?,
            None => FileConfig::read(&paths.config, false)?,
        };
        take_env(&mut file, env)?;
        take_args(&mut file, args);
        Self::check(file)
    }

    /// Checks what was written and fills in the defaults.
    ///
    /// # Errors
    /// [`ConfigError`] names the key, what is wrong with it and what is possible.
    pub fn check(file: FileConfig) -> Result<Config, ConfigError> {
        file.check_ranges()?;
        let default = Config::default();
        let name = file.name.map(check_name).transpose()?;
        let listen = parse_listen(&file.listen.unwrap_or_default())?;
        let ice_servers = ice_servers(
            file.stun_servers.unwrap_or_default(),
            file.turn_server,
            file.turn_username,
            file.turn_credential,
        )?;
        let frame_ms = file.frame_ms.map_or(default.frame_ms, narrow);
        if ![10, 20, 40, 60].contains(&frame_ms) {
            return Err(ConfigError::bad("frame_ms", frame_ms.to_string(), "is not possible: 10, 20, 40 or 60"));
        }
        let log = file.log.unwrap_or(default.log);
        crate::logging::filter(&log).map_err(|problem| ConfigError::bad("log", log.clone(), problem))?;
        Ok(Config {
            name,
            listen,
            mdns: file.mdns.unwrap_or(default.mdns),
            audio_in: file.audio_in.map_or(Ok(default.audio_in), |text| parse_input(&text))?,
            audio_out: file.audio_out.map_or(Ok(default.audio_out), |text| parse_output(&text))?,
            bitrate_bps: file.bitrate_bps.map_or(default.bitrate_bps, narrow),
            frame_ms,
            ice_servers,
            max_call_duration_ms: file.max_call_duration_ms,
            times: file.times.unwrap_or_default().over(&default.times),
            log,
            log_files: file.log_files.map_or(default.log_files, narrow),
        })
    }

    /// We listen on a loopback address, or in memory, because somebody asked for it.
    #[must_use]
    pub fn loopback(&self) -> bool {
        let in_memory = |address: &Multiaddr| matches!(address.iter().next(), Some(Protocol::Memory(_)));
        self.listen.iter().any(|address| in_memory(address) || ip(address).is_some_and(|ip| ip.is_loopback()))
    }

    /// Every key with its value, for `config.get`; the TURN credential is never shown.
    #[must_use]
    pub fn shown(&self) -> serde_json::Value {
        let stun = self.ice_servers.iter().filter(|server| server.credential.is_empty()).flat_map(|s| s.urls.clone());
        let turn = self.ice_servers.iter().find(|server| !server.credential.is_empty());
        serde_json::json!({
            "name": self.name,
            "listen": self.listen.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "mdns": self.mdns,
            "audio_in": spec_text(&self.audio_in),
            "audio_out": spec_text(&self.audio_out),
            "bitrate_bps": self.bitrate_bps,
            "frame_ms": self.frame_ms,
            "stun_servers": stun.collect::<Vec<_>>(),
            "turn_server": turn.and_then(|server| server.urls.first()),
            "turn_username": turn.map(|server| &server.username),
            "turn_credential": turn.map(|_| "(set)"),
            "max_call_duration_ms": self.max_call_duration_ms,
            "log": self.log,
            "log_files": self.log_files,
            "times": {
                "reach_ms": self.times.reach_ms,
                "ring_callee_ms": self.times.ring_callee_ms,
                "ring_caller_ms": self.times.ring_caller_ms,
                "caller_lost_ms": self.times.caller_lost_ms,
                "connecting_ms": self.times.connecting_ms,
                "confirm_ms": self.times.confirm_ms,
            },
        })
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

/// The ranges of `KEYS` make every value fit.
fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn check_name(name: String) -> Result<String, ConfigError> {
    if name.is_empty() || name.len() > 64 {
        return Err(ConfigError::bad("name", name, "must have 1 to 64 bytes"));
    }
    if name.chars().any(char::is_control) {
        return Err(ConfigError::bad("name", name, "must not hold control characters"));
    }
    Ok(name)
}

fn parse_listen(list: &[String]) -> Result<Vec<Multiaddr>, ConfigError> {
    if list.len() > limits::LISTEN_ADDRESSES {
        let problem = format!("has too many addresses: at most {}", limits::LISTEN_ADDRESSES);
        return Err(ConfigError::bad("listen", list.join(", "), problem));
    }
    let parse = |text: &String| {
        let address: Multiaddr = text.parse().map_err(|error| {
            ConfigError::bad("listen", text, format!("is no multiaddr ({error}): such as /ip4/0.0.0.0/tcp/4001"))
        })?;
        let transport = ["/ip4/tcp", "/ip6/tcp", "/memory"];
        let given: String = address.protocol_stack().map(|part| format!("/{part}")).collect();
        if transport.contains(&given.as_str()) {
            return Ok(address);
        }
        Err(ConfigError::bad("listen", text, "is not supported: /ip4/ADDRESS/tcp/PORT or /ip6/ADDRESS/tcp/PORT"))
    };
    list.iter().map(parse).collect()
}

fn ice_servers(
    stun: Vec<String>,
    turn: Option<String>,
    username: Option<String>,
    credential: Option<String>,
) -> Result<Vec<IceServer>, ConfigError> {
    if stun.len() > limits::STUN_SERVERS {
        let problem = format!("has too many servers: at most {}", limits::STUN_SERVERS);
        return Err(ConfigError::bad("stun_servers", stun.join(", "), problem));
    }
    let mut servers = Vec::new();
    for url in stun {
        if !url.starts_with("stun:") {
            return Err(ConfigError::bad("stun_servers", url, "must begin with stun:, such as stun:host:3478"));
        }
        servers.push(IceServer { urls: vec![url], username: String::new(), credential: String::new() });
    }
    match (turn, username, credential) {
        (None, None, None) => {}
        (Some(url), _, _) if !url.starts_with("turn:") => {
            return Err(ConfigError::bad("turn_server", url, "must begin with turn:, such as turn:host:3478"));
        }
        (Some(url), Some(username), Some(credential)) if !credential.is_empty() => {
            servers.push(IceServer { urls: vec![url], username, credential });
        }
        (turn, _, _) => {
            let problem = "needs turn_server, turn_username and turn_credential together";
            return Err(ConfigError::bad("turn_server", turn.unwrap_or_default(), problem));
        }
    }
    Ok(servers)
}

fn take_env(file: &mut FileConfig, env: Env<'_>) -> Result<(), ConfigError> {
    let text = |name: &'static str| -> Result<Option<String>, ConfigError> {
        match env(name).filter(|value| !value.is_empty()) {
            None => Ok(None),
            Some(value) => match value.into_string() {
                Ok(text) => Ok(Some(text)),
                Err(value) => Err(ConfigError::bad(name, value.to_string_lossy(), "is not UTF-8")),
            },
        }
    };
    if let Some(list) = text("STUN_SERVERS")? {
        file.stun_servers = Some(list.split(',').map(|url| url.trim().to_owned()).collect());
    }
    if let Some(url) = text("TURN_SERVER")? {
        file.turn_server = Some(url);
    }
    if let Some(user) = text("TURN_USERNAME")? {
        file.turn_username = Some(user);
    }
    if let Some(credential) = text("TURN_CREDENTIAL")? {
        file.turn_credential = Some(credential);
    }
    if let Some(limit) = text("MAX_CALL_DURATION_MS")? {
        let number = limit.parse().map_err(|_| {
            ConfigError::bad("MAX_CALL_DURATION_MS", limit.clone(), "is no whole number of milliseconds")
        })?;
        file.max_call_duration_ms = Some(number);
    }
    Ok(())
}

fn take_args(file: &mut FileConfig, args: &Args) {
    if !args.listen.is_empty() {
        file.listen = Some(args.listen.clone());
    }
    if args.no_mdns {
        file.mdns = Some(false);
    }
    if let Some(spec) = &args.audio_in {
        file.audio_in = Some(spec.clone());
    }
    if let Some(spec) = &args.audio_out {
        file.audio_out = Some(spec.clone());
    }
    if let Some(filter) = &args.log {
        file.log = Some(filter.clone());
    }
}

impl FileConfig {
    /// Reads config.toml; a missing one counts as empty unless it was `asked` for.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`], [`ConfigError::NotUnderstood`].
    pub fn read(path: &Path, asked: bool) -> Result<FileConfig, ConfigError> {
        use std::io::Read as _;
        let shown = path.display().to_string();
        let unreadable = |reason: String| ConfigError::Unreadable { path: shown.clone(), reason };
        let file = match std::fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !asked => return Ok(FileConfig::default()),
            Err(error) => return Err(unreadable(error.to_string())),
        };
        let mut text = String::new();
        let read = file.take(limits::CONFIG_BYTES + 1).read_to_string(&mut text);
        read.map_err(|error| unreadable(error.to_string()))?;
        if text.len() as u64 > limits::CONFIG_BYTES {
            return Err(unreadable(format!("it is longer than {} bytes", limits::CONFIG_BYTES)));
        }
        Self::parse(&text).map_err(|reason| ConfigError::NotUnderstood { path: shown, reason })
    }
}
