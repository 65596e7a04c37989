//! Calls of the past, as frontends see them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::calls::RosterEntry;
use super::cause::EndCause;
use super::state::Direction;

/// `history.list`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryParams {
    /// Only calls older than this one of the history: the call id that ended the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// At most so many calls, 1..100 (default 50).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
}

/// `history.list`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryReply {
    /// Newest first, by the time they were offered.
    pub calls: Vec<HistoryCall>,
    /// There are older ones: ask with `before`.
    pub more: bool,
}

/// A call that is over. Each call is in the history once, also one that was lost and came back, or moved to another
/// device of the other side: as its first id, with its first direction and start and its last end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryCall {
    /// Call id.
    pub call: String,
    /// Direction.
    pub direction: Direction,
    /// Everybody invited.
    pub roster: Vec<RosterEntry>,
    /// It came in, and nobody of ours took or refused it.
    pub missed: bool,
    /// Why it ended.
    pub reason: String,
    /// What lies behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<EndCause>,
    /// The device that ended it, if another one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// When it was offered, Unix ms.
    pub started_at_ms: u64,
    /// When it was accepted, Unix ms; absent if it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at_ms: Option<u64>,
    /// When it ended, Unix ms; absent where that is not known: it was told later by a note, or the daemon was killed before
    /// it was accepted. Of one that was on when the daemon was killed (cause `daemon_killed`) and that it did not go on
    /// with, the last moment at which it is known to have been on, 5 s before the kill at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at_ms: Option<u64>,
    /// Somebody left a message so long, ms: `history.play` plays it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voicemail_ms: Option<u32>,
}

/// `history.play`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlayParams {
    /// The call after which the message was left.
    pub call: String,
    /// Write it into this WAV file (an absolute path) instead of playing it through the speaker. Nothing that is there
    /// already is written over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Why a message is played no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaybackEnd {
    /// All of it was played.
    Done,
    /// A call came in, or was made: the speaker is the call's.
    Call,
}

/// What was left for us.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VoicemailsReply {
    /// Oldest first.
    pub voicemails: Vec<VoicemailInfo>,
}

/// A message that was left for us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VoicemailInfo {
    /// Call id.
    pub call: String,
    /// Who.
    pub account: String,
    /// How long it is, ms.
    pub duration_ms: u32,
}
