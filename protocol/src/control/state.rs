//! How a call stands.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// States of a call that a frontend sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// Reaching the callee.
    Dialing,
    /// It rings there.
    Ringing,
    /// It rings here.
    Incoming,
    /// Accepted; media is not flowing yet. Ends as `media_failed` if it doesn't within `times.connecting_ms`.
    Connecting,
    /// Accepted, and the first media packet was decoded; or the way for media is made, and the other side holds the call
    /// (`held` of the participant), so that there is nothing to be heard.
    Active,
    /// On hold.
    Held,
    /// No packet arrives: it is restarted for 60 s, then the call ends as `lost`. Or one of the two daemons was killed in
    /// it: it is found again within 60 s, or ends so.
    Reconnecting,
    /// Being ended.
    Ending,
    /// Over.
    Ended,
}

/// Direction of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// It came in.
    In,
    /// We made it.
    Out,
}
