//! What the call core wants done.

use super::recording::RecordEffect;
use crate::control::{ControlError, EndCause, EventKind, Reply};
use crate::ids::{AccountId, CallId, DeviceId, LinkId, Ticket};
use crate::wire::bodies::{CallBody, Candidate, CtlBody, Elsewhere, Flags, Missed, Offer, PairBody, Reason, SdpKind};

/// Done in the order given.
#[derive(Clone, Debug, PartialEq)]
pub enum CallEffect {
    /// Publish this offer to a device until it answers, expires or is stopped. The session layer
    /// draws `attempt`, seals each send anew and answers with `Reached`, `Unreached` or `OfferExpired`.
    Offer {
        /// Whose device.
        account: AccountId,
        /// Which.
        device: DeviceId,
        /// Body; `sas_commit` and `attempt` are filled in below.
        offer: Box<Offer>,
    },
    /// The device may ring now: send confirm (after `Reached`).
    Confirm {
        /// Call.
        call: CallId,
        /// To which device.
        device: DeviceId,
    },
    /// Stop offering to a device that was never confirmed and send inbox cancel instead (kind 5).
    Cancel {
        /// Call.
        call: CallId,
        /// Whose device.
        account: AccountId,
        /// Which.
        device: DeviceId,
        /// Why.
        reason: Reason,
    },
    /// Send this over the pair channel, in order, until acknowledged.
    Pair {
        /// Call.
        call: CallId,
        /// To which device.
        device: DeviceId,
        /// Body.
        body: PairBody,
    },
    /// Send this on the call topic.
    Broadcast {
        /// Call.
        call: CallId,
        /// Body.
        body: CallBody,
    },
    /// Tell a device of the callee that never answered what it missed (kind 8, kept 7 days).
    Missed {
        /// Whose device.
        account: AccountId,
        /// Which.
        device: DeviceId,
        /// Body.
        body: Missed,
    },
    /// Tell the own account's other devices (kind 4).
    Elsewhere(Box<Elsewhere>),
    /// Forget the keys of this call, leave its topics once what is on its way is acknowledged (or 5 s later).
    Forget {
        /// Call.
        call: CallId,
    },
    /// Make a media link.
    OpenLink {
        /// Fresh.
        link: LinkId,
        /// Call it belongs to.
        call: CallId,
        /// Other end.
        device: DeviceId,
        /// We create the offer.
        offerer: bool,
        /// 0 all, 1 no host candidates, 2 relay only.
        ice_policy: u8,
    },
    /// Do this with a link.
    Link {
        /// Which.
        link: LinkId,
        /// What.
        command: LinkCommand,
    },
    /// Open or close the microphone (one source for all links).
    Microphone {
        /// Open.
        open: bool,
    },
    /// What everybody hears of us is silence from now on (or no longer).
    Mute {
        /// Muted.
        muted: bool,
    },
    /// Do this about our recording.
    Record(RecordEffect),
    /// An answer to a frontend.
    Reply {
        /// Which question.
        ticket: Ticket,
        /// What.
        result: Result<Reply, ControlError>,
    },
    /// Tell every frontend.
    Event(EventKind),
    /// Write a line of history.
    History(Box<HistoryEntry>),
}

/// What can be done with a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkCommand {
    /// Apply the other side's description (already checked at the door).
    Apply {
        /// Offer or answer.
        kind: SdpKind,
        /// ICE generation.
        generation: u32,
        /// SDP.
        sdp: String,
    },
    /// Add the other side's candidate (already checked at the door).
    Candidate {
        /// ICE generation.
        generation: u32,
        /// Candidate.
        candidate: Candidate,
    },
    /// The other side has no more candidates.
    EndOfCandidates {
        /// ICE generation.
        generation: u32,
    },
    /// Start ICE anew with this generation (offerer only).
    Restart {
        /// The new generation.
        generation: u32,
    },
    /// Let our sound go to this link (or no longer). Off at first.
    Send {
        /// On.
        on: bool,
    },
    /// Play what comes from this link (or no longer). Off at first.
    Play {
        /// On.
        on: bool,
    },
    /// Send on the data channel.
    Ctl(CtlBody),
    /// Close it; `Closed(Local)` follows.
    Close,
}

/// A call as history keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Call.
    pub call: CallId,
    /// It came in.
    pub incoming: bool,
    /// Accounts.
    pub roster: Vec<AccountId>,
    /// Who ended it, if somebody did.
    pub by: Option<DeviceId>,
    /// When it was offered, Unix ms.
    pub started_ms: u64,
    /// When it was accepted, Unix ms.
    pub accepted_ms: Option<u64>,
    /// When it ended, Unix ms; none where nobody knows: told later by a note, or this daemon was killed meanwhile.
    pub ended_ms: Option<u64>,
    /// Why.
    pub reason: Reason,
    /// What lies behind it.
    pub cause: Option<EndCause>,
    /// It was missed.
    pub missed: bool,
    /// Our flags at the end.
    pub flags: Flags,
}
