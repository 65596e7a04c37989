//! Calls and those who take part in them, as frontends list them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cause::EndCause;
use super::state::{CallState, Direction};

/// An invited account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RosterEntry {
    /// Account id.
    pub account: String,
    /// Our name for it, if it is a contact or ourselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// State of a participant's link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Not begun.
    New,
    /// Being made.
    Connecting,
    /// Up.
    Connected,
    /// Interrupted.
    Reconnecting,
    /// Failed.
    Failed,
    /// Over.
    Closed,
}

/// A participant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParticipantInfo {
    /// Account id.
    pub account: String,
    /// Device id.
    pub device: String,
    /// Our name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// State of its link.
    pub state: LinkState,
    /// Its microphone is muted.
    pub muted: bool,
    /// It holds the call.
    #[serde(default)]
    pub held: bool,
    /// It records the call.
    #[serde(default)]
    pub recording: bool,
    /// It asks whether it may record us, and waits for `record.accept` or `record.refuse`.
    #[serde(default)]
    pub recording_asked: bool,
    /// We record its voice: it has agreed.
    #[serde(default)]
    pub recorded: bool,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallInfo {
    /// Call id.
    pub call: String,
    /// State.
    pub state: CallState,
    /// Direction.
    pub direction: Direction,
    /// Everybody invited.
    pub roster: Vec<RosterEntry>,
    /// Everybody taking part, but us.
    pub participants: Vec<ParticipantInfo>,
    /// Our microphone is muted.
    pub muted: bool,
    /// We record it.
    #[serde(default)]
    pub recording: bool,
    /// When it was offered, Unix ms.
    pub started_at_ms: u64,
    /// When it ended, Unix ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at_ms: Option<u64>,
    /// Why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What lies behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<EndCause>,
    /// The call of the same people that went on in its place when it ended; as in the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues_as: Option<String>,
    /// The messenger's word for the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

/// What a participant's media do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MediaState {
    /// Microphone muted.
    pub muted: bool,
    /// Hears nothing.
    pub deafened: bool,
    /// Holds the call.
    pub held: bool,
    /// No packet arrives from it.
    pub reconnecting: bool,
    /// Records the call.
    #[serde(default)]
    pub recording: bool,
}
