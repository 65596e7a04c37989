//! Handing a call over to another device of our account.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `call.hand_off`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOffParams {
    /// Call id; if absent there must be exactly one accepted call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// The device of our account that shall take it over; if absent exactly one other must be online.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// `call.hand_off`: the other device is being asked. The event `hand_off` tells how it goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HandOffReply {
    /// Call.
    pub call: String,
    /// The device that is asked.
    pub device: String,
}

/// How far a hand-off is, at the device that has the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandOffState {
    /// It rings at the other device.
    Ringing,
    /// Somebody has accepted there; the call goes on here until the new one works.
    Moving,
    /// The call goes on there; here it has ended.
    Done,
    /// Nothing came of it: the call goes on here, unless it has ended meanwhile, which `call_state` has said before this
    /// event. `reason` says why, as for the end of a call.
    Failed,
}
