//! What the core is told by the daemon's drivers.

use crate::call::signal::LinkEvent;
use crate::control::{AccountCommand, CallCommand, ContactCommand, DeviceCommand, OfferParams, Setting};
pub use crate::core::voicemail::VoicemailCommand;
use crate::ids::{CallId, DeviceId, LinkId, Ticket};
pub use crate::topic::Topic;
use crate::wire::bodies::CtlBody;

/// How a gossip message can be named to report the verdict on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageRef {
    /// The message id, 20 bytes.
    pub id: Vec<u8>,
    /// The connected peer it came through; proves nothing about its author.
    pub through: DeviceId,
}

/// A question of the network driver that waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NetTicket(pub u64);

/// Everything the core can be told.
#[derive(Clone, Debug)]
pub enum Input {
    /// A gossip message whose size fits its type (the first checks); nothing in it is trusted.
    Sealed {
        /// Topic it was published on.
        topic: Topic,
        /// Bytes.
        data: Vec<u8>,
        /// For the verdict.
        message: MessageRef,
    },
    /// A frontend's question.
    Command {
        /// Echoed in the reply.
        ticket: Ticket,
        /// The `client` of its hello, for announcements.
        client: String,
        /// What.
        command: Command,
    },
    /// Something happened in the network.
    Net(NetEvent),
    /// Something happened to a media link.
    Link {
        /// Which.
        link: LinkId,
        /// What.
        event: LinkEvent,
    },
    /// A message on a link's data channel, raw.
    Ctl {
        /// Which.
        link: LinkId,
        /// At most 1024 bytes.
        message: Vec<u8>,
    },
    /// A message was recorded, and that has ended.
    Recorded {
        /// Sound in a packet, ms.
        frame_ms: u8,
        /// Opus packets.
        packets: Vec<Vec<u8>>,
    },
    /// What became of a recording of ours.
    Recording {
        /// Of the recording.
        number: u32,
        /// What.
        event: crate::call::recording::RecordingEvent,
    },
    /// This device has a microphone or a speaker, or something that stands for one (or has none any more).
    Sound {
        /// It has.
        present: bool,
    },
    /// A time named by `next_timer_ms` has come.
    Timer,
    /// The rows that a frontend's question made could not be written, and it was told so: what the question changed
    /// is to be as it was.
    Unwritten {
        /// Of the question.
        ticket: Ticket,
    },
    /// The daemon stops: tell the others.
    Shutdown,
}

/// Questions that the core answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `account.*`.
    Account(AccountCommand),
    /// `contact.*`.
    Contact(ContactCommand),
    /// `device.*`, those about our account's devices.
    Device(DeviceCommand),
    /// `call.offer`: contacts not yet resolved.
    Offer(OfferParams),
    /// `call.hand_off`: the device not yet found.
    HandOff {
        /// Which; the only accepted one if absent.
        call: Option<CallId>,
        /// Device id; the only other one that is online if absent.
        device: Option<String>,
    },
    /// The other `call.*` methods.
    Call(CallCommand),
    /// `config.set`, of a setting that is checked and written.
    Configure {
        /// As in config.toml.
        key: String,
        /// What becomes of it.
        setting: Setting,
    },
    /// `voicemail.*`.
    Voicemail(VoicemailCommand),
    /// Everything a snapshot needs (`status` is filled in by the daemon).
    Snapshot,
}

/// Where a connection comes from, as coarse as one who wants many gets addresses: a number for an IPv4 address, or for an
/// IPv6 network of 64 bits. Only equality means something. 0: not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source(pub u64);

/// What the network driver reports.
#[derive(Clone, Debug)]
pub enum NetEvent {
    /// All listen addresses in force now, as binary multiaddrs.
    Listening(Vec<Vec<u8>>),
    /// The first connection to a device.
    Connected {
        /// Proven by the transport.
        device: DeviceId,
        /// The connection is over loopback.
        loopback: bool,
        /// The remote address is private or in a subnet of ours.
        private: bool,
        /// Where it comes from.
        source: Source,
    },
    /// The last connection to a device is gone.
    Disconnected {
        /// Which.
        device: DeviceId,
    },
    /// No address of a device could be dialled.
    DialFailed {
        /// Which.
        device: DeviceId,
        /// For people: each address and what happened.
        tried: String,
    },
    /// mDNS saw a device on the LAN (binary multiaddrs).
    Discovered {
        /// Which.
        device: DeviceId,
        /// Where.
        addresses: Vec<Vec<u8>>,
    },
    /// A gossip peer subscribes to a topic that we asked about or hold.
    Subscribed {
        /// Peer.
        device: DeviceId,
        /// Topic.
        topic: Topic,
    },
    /// It no longer does.
    Unsubscribed {
        /// Peer.
        device: DeviceId,
        /// Topic.
        topic: Topic,
    },
    /// Answer of a device to our prekey request; none if it stayed silent or failed.
    Prekey {
        /// Which.
        device: DeviceId,
        /// u16 length, record, device set.
        answer: Option<Vec<u8>>,
    },
    /// Answer of a device to a request of ours about messages; none if it stayed silent or failed.
    Voicemail {
        /// Which.
        device: DeviceId,
        /// The request was to fetch one.
        fetched: bool,
        /// What.
        answer: Option<Vec<u8>>,
    },
    /// A device asks something about messages.
    VoicemailRequest {
        /// Proven by the transport.
        device: DeviceId,
        /// Bytes.
        request: Vec<u8>,
        /// For the answer.
        ticket: NetTicket,
    },
    /// A device asks for our prekey.
    PrekeyRequest {
        /// Proven by the transport.
        device: DeviceId,
        /// 33 bytes.
        request: Vec<u8>,
        /// For the answer.
        ticket: NetTicket,
    },
}

/// A call that a stats reply is about: which links belong to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkOf {
    /// Call.
    pub call: CallId,
    /// Other end.
    pub device: DeviceId,
    /// Link.
    pub link: LinkId,
}

/// `ctl` messages, opened.
pub type Ctl = CtlBody;
