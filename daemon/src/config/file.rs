//! config.toml: every key with its unit, range and default.

use ahoy_protocol::core::Times;
use serde::Deserialize;

use super::ConfigError;

/// A numeric key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// As in config.toml, with its table.
    pub name: &'static str,
    /// Unit.
    pub unit: &'static str,
    /// Smallest value.
    pub min: u64,
    /// Largest value.
    pub max: u64,
    /// Default; none: not set.
    pub default: Option<u64>,
    /// What it does.
    pub what: &'static str,
}

const fn key(
    name: &'static str,
    unit: &'static str,
    range: (u64, u64),
    default: Option<u64>,
    what: &'static str,
) -> Key {
    Key { name, unit, min: range.0, max: range.1, default, what }
}

/// Every numeric key: the one place of ranges and defaults.
pub const KEYS: [Key; 10] = [
    key("bitrate_bps", "bits a second", (6_000, 128_000), Some(40_000), "what the audio encoder aims at"),
    key("frame_ms", "ms", (10, 60), Some(20), "sound in a packet: 10, 20, 40 or 60"),
    key("max_call_duration_ms", "ms", (1_000, 604_800_000), None, "longest call"),
    key("log_files", "files", (1, 100), Some(5), "rotated log files kept, 8 MiB each"),
    key("times.reach_ms", "ms", (500, 120_000), Some(10_000), "to reach somebody before it counts as unreachable"),
    key("times.ring_callee_ms", "ms", (500, 600_000), Some(45_000), "ringing here before a call counts as missed"),
    key("times.ring_caller_ms", "ms", (500, 600_000), Some(60_000), "ringing there before we give up"),
    key("times.caller_lost_ms", "ms", (500, 60_000), Some(5_000), "a caller that vanished stops ringing"),
    key("times.connecting_ms", "ms", (1_000, 120_000), Some(30_000), "to connect media after a call was accepted"),
    key("times.confirm_ms", "ms", (500, 60_000), Some(5_000), "an offer that is not confirmed never rings"),
];

/// config.toml as it is written. Every key may be absent; an unknown one is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileConfig {
    /// Our name in cards, 1..64 bytes. Default: `ahoy-` and six letters, drawn at the first start.
    pub name: Option<String>,
    /// Multiaddrs to listen on, at most 16. Default: all interfaces, on a port drawn at the first start and kept.
    pub listen: Option<Vec<String>>,
    /// Find devices on the LAN and be found. Default: true.
    pub mdns: Option<bool>,
    /// Microphone: `default`, `none`, `tone:HZ`, `file:PATH.wav`, `file:PATH.wav?loop` or a device id. Default: `default`.
    pub audio_in: Option<String>,
    /// Speaker: `default`, `none`, `file:PATH.wav` or a device id. Default: `default`.
    pub audio_out: Option<String>,
    /// Audio encoder, bits a second, 6000..=128000. Default: 40000: clean speech scores PESQ-WB 4.01 (3.78 at 32000).
    pub bitrate_bps: Option<u64>,
    /// Sound in a packet, ms: 10, 20, 40 or 60. Default: 20.
    pub frame_ms: Option<u64>,
    /// STUN urls, at most 8. Default: none (one would learn who calls when).
    pub stun_servers: Option<Vec<String>>,
    /// TURN url. Default: none.
    pub turn_server: Option<String>,
    /// TURN user.
    pub turn_username: Option<String>,
    /// TURN password; never shown.
    pub turn_credential: Option<String>,
    /// Longest call, ms, 1000..=604800000. Default: no limit.
    pub max_call_duration_ms: Option<u64>,
    /// Log filter. Default: `info`.
    pub log: Option<String>,
    /// Rotated log files kept, 1..=100. Default: 5.
    pub log_files: Option<u64>,
    /// Time limits of a call's phases.
    pub times: Option<FileTimes>,
}

/// `[times]`: time limits of a call's phases, ms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileTimes {
    /// To reach somebody, 500..=120000. Default: 10000.
    pub reach_ms: Option<u64>,
    /// Ringing here, 500..=600000. Default: 45000.
    pub ring_callee_ms: Option<u64>,
    /// Ringing there, 500..=600000. Default: 60000.
    pub ring_caller_ms: Option<u64>,
    /// A caller without a sign of life while it rings, 500..=60000. Default: 5000.
    pub caller_lost_ms: Option<u64>,
    /// From accepted to sound, 1000..=120000. Default: 30000.
    pub connecting_ms: Option<u64>,
    /// No confirm after our answer, 500..=60000. Default: 5000.
    pub confirm_ms: Option<u64>,
}

impl FileTimes {
    /// These, and the defaults where nothing is set.
    #[must_use]
    pub fn over(&self, default: &Times) -> Times {
        Times {
            reach_ms: self.reach_ms.unwrap_or(default.reach_ms),
            ring_callee_ms: self.ring_callee_ms.unwrap_or(default.ring_callee_ms),
            ring_caller_ms: self.ring_caller_ms.unwrap_or(default.ring_caller_ms),
            caller_lost_ms: self.caller_lost_ms.unwrap_or(default.caller_lost_ms),
            connecting_ms: self.connecting_ms.unwrap_or(default.connecting_ms),
            confirm_ms: self.confirm_ms.unwrap_or(default.confirm_ms),
        }
    }
}

impl FileConfig {
    /// Reads the text of a config.toml.
    ///
    /// # Errors
    /// For people: where, which key, and what was expected.
    pub fn parse(text: &str) -> Result<FileConfig, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// What the file gives for a numeric key.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        let times = self.times.as_ref();
        match name {
            "bitrate_bps" => self.bitrate_bps,
            "frame_ms" => self.frame_ms,
            "max_call_duration_ms" => self.max_call_duration_ms,
            "log_files" => self.log_files,
            "times.reach_ms" => times?.reach_ms,
            "times.ring_callee_ms" => times?.ring_callee_ms,
            "times.ring_caller_ms" => times?.ring_caller_ms,
            "times.caller_lost_ms" => times?.caller_lost_ms,
            "times.connecting_ms" => times?.connecting_ms,
            "times.confirm_ms" => times?.confirm_ms,
            _ => None,
        }
    }

    /// Every number lies in the range of its key.
    pub(super) fn check_ranges(&self) -> Result<(), ConfigError> {
        for Key { name, unit, min, max, .. } in KEYS {
            match self.number(name) {
                Some(value) if value < min || value > max => {
                    return Err(ConfigError::OutOfRange { key: name, value, min, max, unit });
                }
                Some(_) | None => {}
            }
        }
        Ok(())
    }
}
