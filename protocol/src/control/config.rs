//! `config.*`: settings, looked at and changed while the daemon runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `config.get`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigReply {
    /// Every key with its value in use.
    pub config: serde_json::Value,
}

/// `config.set`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetConfigParams {
    /// As in config.toml, with its table: `times.ring_callee_ms`.
    pub key: String,
    /// Its value, or text that stands for it as on a command line; null takes the key out of the file: its default.
    pub value: serde_json::Value,
}

/// `config.set`: it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetConfigReply {
    /// Which.
    pub key: String,
    /// As the file has it now; secrets are not shown.
    pub value: serde_json::Value,
    /// It is in use now. If not, it is after the daemon's next start.
    pub in_use: bool,
}

/// What a changed setting is to the core; the daemon has checked and written it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Our name, 1..64 bytes.
    Name(String),
    /// Calls don't ring.
    DoNotDisturb(bool),
    /// A second call hears `busy`.
    BusyInCall(bool),
    /// What becomes of the question whether somebody may record us.
    Recording(super::recording::RecordPolicy),
    /// New calls taken of a contact, at once and a minute.
    CallsAMinute(u32),
    /// Time limits, of calls under way too.
    Times(crate::call::Times),
    /// None of its business before the next start.
    Later,
}
