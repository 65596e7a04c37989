//! `record.*`: recording a call, with the consent of everybody whose voice is written down.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::CallId;

/// `record.start`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordParams {
    /// Call id; if absent: the call that has the microphone, or the only accepted one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Absolute path of the folder, which is made and must not be there; if absent: one of its own under `recordings` beside
    /// the daemon's data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// `record.start`, `record.stop`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordReply {
    /// Call.
    pub call: String,
    /// Where the files are.
    pub folder: String,
}

/// What becomes of the question whether somebody may record us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordPolicy {
    /// A person is asked.
    #[default]
    Ask,
    /// Yes.
    Accept,
    /// No.
    Refuse,
}

/// What a frontend wants of recordings, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordCommand {
    /// `record.start`.
    Start {
        /// Which call.
        call: Option<CallId>,
        /// Where to; none: a folder of the daemon's choice.
        to: Option<String>,
    },
    /// `record.stop`.
    Stop,
    /// `record.accept`.
    Accept {
        /// Which call; all if absent.
        call: Option<CallId>,
    },
    /// `record.refuse`: not, or no longer.
    Refuse {
        /// Which call; all if absent.
        call: Option<CallId>,
    },
}

/// What became of a question for consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Its voice may be written from now on.
    Accepted,
    /// Nothing of its voice is written.
    Refused,
    /// It had accepted; nothing of its voice is written from now on.
    Withdrawn,
    /// It did not answer in time: as if refused.
    NoAnswer,
    /// Whoever asked has taken it back.
    Cancelled,
}

impl Consent {
    /// A stable word.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::NoAnswer => "no_answer",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Event `recording_requested`: somebody in a call wants to record us. Nothing of us is written before `record.accept`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordingRequested {
    /// Call.
    pub call: String,
    /// Who wants to.
    pub account: String,
    /// Its device.
    pub device: String,
    /// Without an answer until then it is refused, Unix ms.
    pub answer_by_ms: u64,
}

/// Event `recording_answered`: somebody may be recorded, or not, or no longer; or it is us who said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordingAnswered {
    /// Call.
    pub call: String,
    /// Whose voice it is about.
    pub account: String,
    /// Its device.
    pub device: String,
    /// The device that records.
    pub recorder: String,
    /// What was said.
    pub consent: Consent,
    /// The client that said so, if it is ours and one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
}

/// Event `recording_started`: a device records the call. Of voices other than its own it writes those that agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordingStarted {
    /// Call.
    pub call: String,
    /// Who records.
    pub account: String,
    /// Its device; ours if we do.
    pub device: String,
    /// Where the files are, if we do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The client that asked for it, if we do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
}

/// Event `recording_stopped`: a device no longer records the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordingStopped {
    /// Call.
    pub call: String,
    /// Who recorded.
    pub account: String,
    /// Its device; ours if we did.
    pub device: String,
    /// `stopped`, `call_ended`; of ours also `disk_full`, `disk_failed`, `limit_reached`, `too_slow`, `defect`.
    pub reason: String,
    /// For people: what happened and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Where the files are, if they are ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}
