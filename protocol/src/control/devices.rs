//! The devices of our account: what a frontend can ask of them, and what it is told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Device methods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceCommand {
    /// `device.list`.
    List,
    /// `device.link`.
    Link(LinkParams),
    /// `device.confirm`.
    Confirm {
        /// The six letters and digits that the other device shows.
        letters: String,
    },
    /// `device.revoke`.
    Revoke {
        /// Device id.
        device: String,
    },
}

/// `device.link`: without `code` this device shows one and waits for it to be entered at a device of the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkParams {
    /// The code that the new device shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// With `code`: the new device gets the account's private key as well, so that it can link and revoke devices.
    #[serde(default)]
    pub account_key: bool,
    /// Without `code`: forget the account that this device has now, with its contacts.
    #[serde(default)]
    pub forget: bool,
}

/// `device.confirm`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmParams {
    /// The six letters and digits that the other device shows.
    pub letters: String,
}

/// Names a device of our account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceParams {
    /// Device id.
    pub device: String,
}

/// `device.link`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LinkReply {
    /// To be entered at a device of the account; absent where the code was entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// When linking is given up, Unix ms.
    pub expires_at_ms: u64,
}

/// `device.list`, `device.revoke`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DevicesReply {
    /// This one first.
    pub devices: Vec<DeviceInfo>,
    /// Who knows that these are all.
    #[serde(default)]
    pub known: SetKnown,
}

/// How many contacts have learned which devices the account has now. Whoever has not yet may still take calls of a device
/// that was revoked; it is told as soon as it is met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetKnown {
    /// Contacts all of whose devices have acknowledged it.
    pub told: usize,
    /// Contacts with a device that has not.
    pub untold: usize,
    /// Names of those, 16 at most.
    pub names: Vec<String>,
}

/// A device of our account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceInfo {
    /// Device id.
    pub device: String,
    /// It is the one that answers.
    pub this: bool,
    /// It is connected with this one.
    pub online: bool,
    /// It has a microphone or a speaker, or something that stands for one; absent while that isn't known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound: Option<bool>,
    /// This device holds the account's key and may link and revoke; absent for others, who don't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_key: Option<bool>,
}

/// How far linking is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkingState {
    /// The other device is there: both show `letters` (six letters and digits), and on each a person enters those of the other.
    Compare,
    /// The new device is one of the account.
    Done,
    /// It is not; `reason` says why.
    Failed,
}
