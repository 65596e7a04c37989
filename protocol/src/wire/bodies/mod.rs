//! CBOR bodies, field by field as in docs/wire.md section 3. Keys are the CDDL's.

use minicbor::{Decode, Encode};

mod call;
mod inbox;
mod pair;

pub use call::{CallBody, CtlBody, Record, Status};
pub use inbox::{
    Cancel, ContactChange, ContactRequest, Devices, Elsewhere, InboxBody, Missed, Offer, Presence, Receipt,
};
pub use pair::{
    Candidate, Candidates, Description, EpochSecret, HandOff, Hello, LinkContact, LinkGeneration, LinkIdentity,
    PairBody, SdpKind, Verdict,
};

/// Why a call ended; the number is the one on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
#[repr(u8)]
pub enum Reason {
    /// Somebody hung up.
    #[n(1)]
    HungUp = 1,
    /// The callee declined.
    #[n(2)]
    Declined = 2,
    /// The callee is busy (only by its setting).
    #[n(3)]
    Busy = 3,
    /// The caller gave up before it was accepted.
    #[n(4)]
    Cancelled = 4,
    /// Nobody answered in time.
    #[n(5)]
    NoAnswer = 5,
    /// Another device of the account accepted.
    #[n(6)]
    AnsweredElsewhere = 6,
    /// Another device of the account declined.
    #[n(7)]
    DeclinedElsewhere = 7,
    /// No device of the callee could be reached.
    #[n(8)]
    Unreachable = 8,
    /// The other side vanished.
    #[n(9)]
    Lost = 9,
    /// Refused by a rule of the receiver.
    #[n(10)]
    Refused = 10,
    /// The peer broke the protocol.
    #[n(11)]
    ProtocolError = 11,
    /// No media connection could be made.
    #[n(12)]
    MediaFailed = 12,
    /// The configured maximum duration is over.
    #[n(13)]
    MaxDuration = 13,
    /// A daemon was stopped.
    #[n(14)]
    DaemonStopped = 14,
}

/// What an offer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
#[repr(u8)]
pub enum Purpose {
    /// Ring a person.
    #[n(0)]
    Ring = 0,
    /// Open a pair between two participants of a running call.
    #[n(1)]
    Pair = 1,
    /// Link a new device to the account.
    #[n(2)]
    Link = 2,
    /// Ask another device of our own account to take over a running call.
    #[n(8)]
    HandOff = 8,
}

/// Media bits of an offer: 1 audio, 2 video, 4 data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Media(#[n(0)] pub u8);

impl Media {
    /// Audio only.
    pub const AUDIO: Media = Media(1);
}

/// Media state flags of a participant (1 muted, 2 deafened, 4 held, 8 video, 16 screen,
/// 32 recording, 64 speaking, 128 raised hand).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Flags(#[n(0)] pub u16);

impl Flags {
    /// The participant's microphone is muted.
    pub const MUTED: u16 = 1;
    /// The participant hears nothing.
    pub const DEAFENED: u16 = 2;
    /// The participant holds the call.
    pub const HELD: u16 = 4;
    /// Records the call.
    pub const RECORDING: u16 = 32;
}

/// The audio format that the offerer prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Format {
    /// Hz.
    #[n(0)]
    pub rate: u32,
    /// 1 or 2.
    #[n(1)]
    pub channels: u8,
    /// Milliseconds of sound in a packet.
    #[n(2)]
    pub frame_ms: u8,
}
