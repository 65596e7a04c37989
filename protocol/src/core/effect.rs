//! What the core wants its drivers to do, in the order given.

use super::input::{MessageRef, NetTicket, Topic};
pub use super::recording::{Party, RecordingCommand};
use crate::call::effect::HistoryEntry;
use crate::control::{ControlError, EventKind, Reply};
use crate::ids::{AccountId, CallId, DeviceId, LinkId, Ticket};
use crate::wire::bodies::{Candidate, SdpKind};

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// To the network.
    Net(NetCommand),
    /// To the media layer.
    Media(MediaCommand),
    /// To a frontend.
    Reply {
        /// Which question.
        ticket: Ticket,
        /// What.
        result: Box<Result<Reply, ControlError>>,
    },
    /// To all frontends.
    Event(Box<EventKind>),
    /// To the store.
    Store(StoreCommand),
}

/// How a gossip message is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// It is good: pass it on.
    Accept,
    /// Not passed on.
    Ignore,
    /// Not passed on, and the peer it came through loses score.
    Reject,
}

/// Commands to the network driver.
#[derive(Clone, Debug, PartialEq)]
pub enum NetCommand {
    /// Hold this topic.
    Subscribe(Topic),
    /// No longer.
    Unsubscribe(Topic),
    /// Publish; the core has seen a subscriber.
    Publish {
        /// Topic.
        topic: Topic,
        /// At most 4096 bytes.
        data: Vec<u8>,
    },
    /// What the checks said of a message.
    Verdict {
        /// Which.
        message: MessageRef,
        /// What.
        acceptance: Acceptance,
    },
    /// Connect to a device, at these checked addresses or by what mDNS knows.
    Connect {
        /// Which.
        device: DeviceId,
        /// Binary multiaddrs.
        addresses: Vec<Vec<u8>>,
    },
    /// A call with this device has no media: dial it afresh, at these checked addresses or by what mDNS knows, however many
    /// dials are under way, unless the connection there is gives signs of life.
    Redial {
        /// Which.
        device: DeviceId,
        /// Binary multiaddrs.
        addresses: Vec<Vec<u8>>,
        /// Our side of the connection is gone: it is closed without a look.
        lost: bool,
    },
    /// Look whether every connection still lives: we slept, or addresses of ours are gone.
    Probe,
    /// This device may speak gossip with us from now on (or no longer).
    Gossip {
        /// Which.
        device: DeviceId,
        /// May.
        allowed: bool,
    },
    /// Ask a connected device for its prekey.
    RequestPrekey {
        /// Which.
        device: DeviceId,
        /// 33 bytes.
        request: Vec<u8>,
    },
    /// Ask a connected device something about messages left after a call; the request says what.
    AskVoicemail {
        /// Which.
        device: DeviceId,
        /// 17 or 65 bytes.
        request: Vec<u8>,
    },
    /// Answer what a device asked about messages; neither answer nor sound closes the stream without a byte.
    AnswerVoicemail {
        /// Which.
        ticket: NetTicket,
        /// What.
        answer: Option<Vec<u8>>,
        /// The row of the table `Sounds` that is the answer; it is read first.
        sound: Option<Vec<u8>>,
    },
    /// Answer a prekey request; none closes the stream without a byte.
    AnswerPrekey {
        /// Which.
        ticket: NetTicket,
        /// What.
        answer: Option<Vec<u8>>,
    },
}

/// Commands to the media layer.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaCommand {
    /// Make a link.
    Open {
        /// Fresh.
        link: LinkId,
        /// We create the offer.
        offerer: bool,
        /// 0 all, 1 no host candidates, 2 relay only.
        ice_policy: u8,
        /// The other device is on this machine (our connection to it is loopback): media may use loopback, too.
        loopback: bool,
    },
    /// Apply a remote description.
    Apply {
        /// Which.
        link: LinkId,
        /// Offer or answer.
        kind: SdpKind,
        /// ICE generation.
        generation: u32,
        /// SDP.
        sdp: String,
    },
    /// Add a remote candidate.
    Candidate {
        /// Which.
        link: LinkId,
        /// ICE generation.
        generation: u32,
        /// Candidate.
        candidate: Candidate,
    },
    /// No more remote candidates.
    EndOfCandidates {
        /// Which.
        link: LinkId,
        /// ICE generation.
        generation: u32,
    },
    /// Start ICE anew.
    Restart {
        /// Which.
        link: LinkId,
        /// The new generation.
        generation: u32,
    },
    /// Let our sound go to this link.
    Send {
        /// Which.
        link: LinkId,
        /// On.
        on: bool,
    },
    /// Play what comes from this link.
    Play {
        /// Which.
        link: LinkId,
        /// On.
        on: bool,
    },
    /// Send a `ctl` message, framed.
    Ctl {
        /// Which.
        link: LinkId,
        /// At most 1024 bytes.
        message: Vec<u8>,
    },
    /// Close a link.
    Close {
        /// Which.
        link: LinkId,
    },
    /// Open or close the microphone.
    Microphone {
        /// Open.
        open: bool,
    },
    /// Record a message from the microphone, or end that: `Input::Recorded` follows.
    Record {
        /// On.
        on: bool,
    },
    /// Do this about the recording of a call.
    Recording(RecordingCommand),
    /// Mute or unmute it.
    Mute {
        /// Muted.
        muted: bool,
    },
}

/// Commands to the store. Applied in order; what must be durable before an acknowledgement comes before it.
#[derive(Clone, Debug, PartialEq)]
pub enum StoreCommand {
    /// Write a value.
    Put {
        /// Which table.
        table: Table,
        /// Key.
        key: Vec<u8>,
        /// Value; sealed by the store.
        value: Vec<u8>,
    },
    /// Remove a value.
    Delete {
        /// Which table.
        table: Table,
        /// Key.
        key: Vec<u8>,
    },
    /// Append to the history.
    History(Box<HistoryEntry>),
    /// Forget the history: it was another account's.
    ForgetHistory,
}

/// What the store keeps for the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// One value: keys, tokens, prekeys, device set.
    Account,
    /// Contacts by account id.
    Contacts,
    /// Call ids seen, with the time (kept 96 h).
    SeenCalls,
    /// Calls that are not ended, by call id: what history tells of them should this daemon be killed.
    UnderWay,
    /// Calls that are joined here, by call id: what a daemon needs to go on with them should this one be killed.
    Joined,
    /// Missed calls that devices of contacts are still to be told of, by device and call id.
    Notes,
    /// Requests, refusals, blocks and attempts of accounts that are no contacts, by account id.
    Strangers,
    /// Messages left after calls that nobody answered: what is known of each.
    Voicemail,
    /// The sound of those messages, by call id. Not read at a start.
    Sounds,
    /// When each contact was changed by a person, and up to which change each device of the account knows them.
    Changes,
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 10] = [
        Self::Account,
        Self::Contacts,
        Self::SeenCalls,
        Self::UnderWay,
        Self::Joined,
        Self::Notes,
        Self::Strangers,
        Self::Voicemail,
        Self::Sounds,
        Self::Changes,
    ];

    /// What is in it must be on the disk before anything is acknowledged. A call goes on without a disk: what history
    /// would tell of it after a kill is not worth a call.
    #[must_use]
    pub fn binds(self) -> bool {
        match self {
            Self::Account
            | Self::Contacts
            | Self::Changes
            | Self::SeenCalls
            | Self::Notes
            | Self::Strangers
            | Self::Voicemail
            | Self::Sounds => true,
            Self::UnderWay | Self::Joined => false,
        }
    }
}

/// Used by drivers that report on calls.
pub type CallOf = (CallId, AccountId, DeviceId);
