//! What the call core is told: verified signals of peers, commands of frontends, events of links.

use super::recording::RecordingEvent;
use crate::control::{CallCommand, EndCause, QualityCause};
use crate::ids::{AccountId, CallId, DeviceId, LinkId, Ticket};
use crate::wire::bodies::{
    CallBody, Candidate, CtlBody, Elsewhere, HandOff, Missed, Offer, PairBody, Reason, SdpKind, Verdict,
};

/// A device that we can ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callee {
    /// Whose device.
    pub account: AccountId,
    /// Which.
    pub device: DeviceId,
}

/// Who a verified inbox signal came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Account, proven by the certificate.
    pub account: AccountId,
    /// Device, proven by the Noise handshake.
    pub device: DeviceId,
    /// It is our own account.
    pub own: bool,
    /// The contact's policy (0 for our own account).
    pub policy: ContactPolicy,
    /// `sent_ms` of the envelope.
    pub sent_ms: u64,
}

/// What we allow a contact, as far as calls are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactPolicy {
    /// Local candidates are accepted (the default for contacts).
    pub local_candidates: bool,
    /// Links are made while it rings (the default for contacts).
    pub early_connection: bool,
    /// Only relay candidates.
    pub relay_only: bool,
    /// Its calls don't ring: it hears `busy`.
    pub do_not_disturb: bool,
    /// Its calls are accepted at once, unless a call is active.
    pub auto_answer: bool,
}

impl Default for ContactPolicy {
    /// What contacts are allowed unless a person says otherwise.
    fn default() -> Self {
        Self {
            local_candidates: true,
            early_connection: true,
            relay_only: false,
            do_not_disturb: false,
            auto_answer: false,
        }
    }
}

/// Everything that can happen to calls. Fed in the order of arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallInput {
    /// A frontend asks.
    Command {
        /// Echoed in the reply.
        ticket: Ticket,
        /// What for.
        command: CallCommand,
    },
    /// A verified offer with purpose ring or pair; the session layer has answered it already.
    Offer {
        /// From whom.
        from: Sender,
        /// The offer.
        offer: Offer,
    },
    /// Our offer to this device was answered: it is there. Nothing a person can see has happened.
    Reached {
        /// Call.
        call: CallId,
        /// Which device.
        device: DeviceId,
    },
    /// Our offer to this device could not be brought to anybody (10 s without a subscriber of its inbox).
    Unreached {
        /// Call.
        call: CallId,
        /// Which device.
        device: DeviceId,
        /// What was tried, for people.
        tried: String,
    },
    /// The offer to this device expired: a subscriber was known, nobody answered.
    OfferExpired {
        /// Call.
        call: CallId,
        /// Which device.
        device: DeviceId,
    },
    /// The initiator's confirm of an offer that we answered: it is there, now. Only this lets it ring.
    Confirmed {
        /// Call.
        call: CallId,
        /// Which device.
        device: DeviceId,
    },
    /// An offer that we answered got no confirm within 5 s (told once a call id).
    Unconfirmed {
        /// Call.
        call: CallId,
        /// Which device.
        device: DeviceId,
    },
    /// A body of the pair channel, in order, each once. Never `Confirm`.
    Pair {
        /// Call.
        call: CallId,
        /// From which device.
        device: DeviceId,
        /// Body.
        body: PairBody,
    },
    /// A verified call frame of a device that has a pair with us.
    Frame {
        /// Call.
        call: CallId,
        /// From which device.
        device: DeviceId,
        /// Body.
        body: CallBody,
    },
    /// A message on the link's data channel.
    Ctl {
        /// Link.
        link: LinkId,
        /// Body.
        body: CtlBody,
    },
    /// Inbox kind 5, of a contact and about its own call.
    Cancel {
        /// From whom.
        from: Sender,
        /// Call.
        call: CallId,
        /// Why.
        reason: Reason,
    },
    /// Inbox kind 4, of our own account.
    Elsewhere {
        /// From whom.
        from: Sender,
        /// What.
        body: Elsewhere,
    },
    /// Inbox kind 8.
    Missed {
        /// From whom.
        from: Sender,
        /// What.
        body: Missed,
    },
    /// Something happened to a link.
    Link {
        /// Which.
        link: LinkId,
        /// What.
        event: LinkEvent,
    },
    /// The last libp2p connection to a device is gone.
    Disconnected {
        /// Device.
        device: DeviceId,
    },
    /// A connected device holds its mailbox of a call, or has left it. A connection alone says nothing: a device that
    /// was killed comes back and knows nothing of the call.
    Listens {
        /// Call.
        call: CallId,
        /// Device.
        device: DeviceId,
        /// It holds its mailbox now.
        listens: bool,
    },
    /// A device is none of its account any more.
    Revoked {
        /// Whose it was.
        account: AccountId,
        /// Device.
        device: DeviceId,
    },
    /// Addresses of ours came or went: links made before don't know the new ones.
    Moved,
    /// The machine slept.
    Woke,
    /// A call is on its way between devices of our account. `Disconnected`, `Listens` and `Revoked` concern questions, too.
    HandOff {
        /// Id of the question; not that of a call.
        question: CallId,
        /// The other device.
        device: DeviceId,
        /// What happened.
        event: HandOffEvent,
    },
    /// What became of a recording of ours.
    Recording {
        /// Of the recording.
        number: u32,
        /// What.
        event: RecordingEvent,
    },
    /// A time that `CallCore::next_timer_ms` named has come (or any other: harmless).
    Timer,
    /// The daemon stops: end everything and tell the others.
    Shutdown,
}

/// What happens to a question whether another device of our account takes over a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandOffEvent {
    /// Ours was answered: the device is there. Nothing was said yet.
    Reached,
    /// Ours could not be brought to it, or it doesn't answer; what was tried, for people.
    Unreached(String),
    /// The device that asks us is there, now.
    Confirmed,
    /// What it asks; once more if its media state has changed.
    Asked {
        /// Which call.
        body: HandOff,
        /// The participant is a contact that we would call.
        known: bool,
    },
    /// What became of ours there.
    Verdict(Verdict),
    /// The other device is done with it.
    HangUp(Reason),
}

/// What the media layer says of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// A local description is ready to be sent.
    Description {
        /// Offer or answer.
        kind: SdpKind,
        /// ICE generation.
        generation: u32,
        /// SDP without candidate lines.
        sdp: String,
    },
    /// A local candidate.
    Candidate {
        /// ICE generation.
        generation: u32,
        /// Candidate.
        candidate: Candidate,
    },
    /// Gathering is over.
    EndOfCandidates {
        /// ICE generation.
        generation: u32,
    },
    /// ICE and DTLS are up.
    Connected,
    /// No packet for 2 s.
    Interrupted,
    /// The address of ours that it used is gone.
    AddressGone,
    /// Packets again.
    Resumed,
    /// The data channel `ctl` is open.
    CtlOpen,
    /// The first packet of the other's sound was decoded since playing was switched on.
    FirstAudio,
    /// The other side talks, or no longer.
    Speaking(bool),
    /// Something else limits the sound to and from there.
    Limited(QualityCause),
    /// The link is over; nothing more comes from it.
    Closed(LinkEnd),
}

/// Why a link is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEnd {
    /// We closed it.
    Local,
    /// The other side closed it.
    Remote,
    /// It failed; what was tried, for people.
    Failed(String),
}

impl From<&LinkEnd> for Option<EndCause> {
    fn from(end: &LinkEnd) -> Self {
        match end {
            LinkEnd::Local | LinkEnd::Remote => None,
            LinkEnd::Failed(what) => Some(EndCause::new("link_failed", what)),
        }
    }
}
