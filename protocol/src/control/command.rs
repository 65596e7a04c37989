//! What a sorted request asks of the core.

use super::contact::{
    AcceptContactParams, PolicyParams, PresenceState, RenameContactParams, RequestContactParams, TokenName,
    VerifyContactParams,
};
use super::request::InCall;
use crate::ids::CallId;

/// Account methods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountCommand {
    /// `account.show`.
    Show,
    /// `account.card`.
    Card {
        /// Put the daemon's addresses into it (default).
        addresses: bool,
    },
    /// `account.rotate`.
    Rotate {
        /// Which token.
        token: TokenName,
    },
    /// `presence.set`.
    Presence {
        /// What we are doing.
        state: PresenceState,
    },
}

/// Contact methods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContactCommand {
    /// `contact.list`.
    List,
    /// `contact.add`.
    Add {
        /// `ahoy:...`.
        card: String,
        /// Our name for it (default: the card's).
        name: Option<String>,
    },
    /// `contact.remove`.
    Remove {
        /// Account id or name.
        contact: String,
    },
    /// `contact.request`.
    Request(RequestContactParams),
    /// `contact.requests`.
    Requests,
    /// `contact.accept`.
    Accept(AcceptContactParams),
    /// `contact.refuse`.
    Refuse {
        /// Account id or name in its card.
        account: String,
    },
    /// `contact.block`.
    Block {
        /// Account id, or name.
        contact: String,
    },
    /// `contact.unblock`.
    Unblock {
        /// Account id, or name.
        contact: String,
    },
    /// `contact.attempts`.
    Attempts,
    /// `contact.rename`.
    Rename(RenameContactParams),
    /// `contact.policy`.
    Policy(PolicyParams),
    /// `contact.verify`.
    Verify(VerifyContactParams),
    /// `presence.ask`.
    AskPresence {
        /// Account id or name.
        contact: String,
    },
}

/// A contact that has never shown that we are one of its own: it may take no call of ours, and says nothing then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproven {
    /// We asked to be its contact, and it hasn't accepted.
    Requested,
    /// We have its card; whether it has ours isn't known.
    Added,
}

/// Call methods, as the core takes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallCommand {
    /// `call.offer`, with the contacts resolved.
    Offer {
        /// Whom, each with the devices known now (may be none: then it is unreachable).
        to: Vec<(crate::ids::AccountId, Vec<crate::ids::DeviceId>)>,
        /// Opaque.
        context: Option<Vec<u8>>,
        /// Why they may take no call of ours.
        unproven: Option<Unproven>,
    },
    /// `call.accept`.
    Accept {
        /// Which.
        call: Option<CallId>,
        /// What of the active one.
        in_call: InCall,
    },
    /// `call.decline`.
    Decline {
        /// Which.
        call: Option<CallId>,
    },
    /// `call.hang_up`: ends an active call, cancels an outgoing one.
    HangUp {
        /// Which.
        call: Option<CallId>,
    },
    /// `call.hold`.
    Hold {
        /// Which; the active one if absent.
        call: Option<CallId>,
    },
    /// `call.resume`.
    Resume {
        /// Which; the only one that is held if absent.
        call: Option<CallId>,
    },
    /// `call.hand_off`, with the device found.
    HandOff {
        /// Which; the only accepted one if absent.
        call: Option<CallId>,
        /// The device of our account that shall take it over.
        device: crate::ids::DeviceId,
    },
    /// `record.*`.
    Record(super::recording::RecordCommand),
    /// `call.list`.
    List,
    /// `call.mute`: our microphone, in every call.
    Mute {
        /// Which (only checked to exist).
        call: Option<CallId>,
    },
    /// `call.unmute`.
    Unmute {
        /// Which (only checked to exist).
        call: Option<CallId>,
    },
    /// `call.push_to_talk` with `mute`: who was muted before the key went down stays so when it goes up.
    MuteKey {
        /// Which (only checked to exist).
        call: Option<CallId>,
        /// The key is down.
        down: bool,
    },
}
