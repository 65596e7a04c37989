//! CBOR bodies, field by field as in docs/wire.md section 3. Keys are the CDDL's.

use ahoy_crypto::Secret;

use crate::ids::{AccountId, CallId, DeviceId};

/// Why a call ended; the number is the one on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Reason {
    /// Somebody hung up.
    HungUp = 1,
    /// The callee declined.
    Declined = 2,
    /// The callee is busy (only by its setting).
    Busy = 3,
    /// The caller gave up before it was accepted.
    Cancelled = 4,
    /// Nobody answered in time.
    NoAnswer = 5,
    /// Another device of the account accepted.
    AnsweredElsewhere = 6,
    /// Another device of the account declined.
    DeclinedElsewhere = 7,
    /// No device of the callee could be reached.
    Unreachable = 8,
    /// The other side vanished.
    Lost = 9,
    /// Refused by a rule of the receiver.
    Refused = 10,
    /// The peer broke the protocol.
    ProtocolError = 11,
    /// No media connection could be made.
    MediaFailed = 12,
    /// The configured maximum duration is over.
    MaxDuration = 13,
    /// A daemon was stopped.
    DaemonStopped = 14,
}

/// What an offer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// Ring a person.
    Ring = 0,
    /// Open a pair between two participants of a running call.
    Pair = 1,
    /// Link a new device to the account.
    Link = 2,
}

/// Media bits of an offer: 1 audio, 2 video, 4 data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Media(pub u8);

impl Media {
    /// Audio only.
    pub const AUDIO: Media = Media(1);
}

/// Media state flags of a participant (1 muted, 2 deafened, 4 held, 8 video, 16 screen,
/// 32 recording, 64 speaking, 128 raised hand).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u16);

impl Flags {
    /// The participant's microphone is muted.
    pub const MUTED: u16 = 1;
    /// The participant hears nothing.
    pub const DEAFENED: u16 = 2;
    /// The participant holds the call.
    pub const HELD: u16 = 4;
}

/// The audio format that the offerer prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Hz.
    pub rate: u32,
    /// 1 or 2.
    pub channels: u8,
    /// Milliseconds of sound in a packet.
    pub frame_ms: u8,
}

/// Inbox kind 1: a call is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// 1.
    pub call: CallId,
    /// 2: the symmetric key of the call's topics.
    pub secret: Secret,
    /// 3.
    pub purpose: Purpose,
    /// 4: seconds for which a confirm may still ring.
    pub ttl_s: u16,
    /// 5: accounts invited, ascending.
    pub roster: Vec<AccountId>,
    /// 6.
    pub media: Media,
    /// 7: present exactly if audio is offered.
    pub format: Option<Format>,
    /// 8: 0 all, 1 no host candidates, 2 relay only.
    pub ice_policy: u8,
    /// 9: commitment to nonce_a.
    pub sas_commit: [u8; 32],
    /// 10: number of this send.
    pub attempt: u8,
    /// 11.
    pub epoch: u32,
    /// 12: 0 anyone may invite, 1 the offerer.
    pub invite_policy: u8,
    /// 13: opaque to us; the messenger's conversation id.
    pub context: Option<Vec<u8>>,
    /// 14.
    pub epoch_secret: Option<Secret>,
    /// 15.
    pub view: Option<[u8; 32]>,
    /// 16: the offerer, if not the sender.
    pub offerer: Option<AccountId>,
}

/// Inbox kind 2: who I am now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// 1: 0 leaving, 1 available, 2 away, 3 in a call, 4 do not disturb.
    pub state: u8,
    /// 2: prekey record, 293 bytes.
    pub record: Vec<u8>,
    /// 3: device set, 141..365 bytes.
    pub device_set: Vec<u8>,
    /// 4: binary multiaddrs, at most 8 of 1..128 bytes.
    pub addresses: Vec<Vec<u8>>,
    /// 5.
    pub contact_token: Option<Secret>,
    /// 6: 1..64 bytes.
    pub name: Option<String>,
}

/// Inbox kind 3: may I be your contact?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactRequest {
    /// 1: the sender's card, 1..1024 bytes.
    pub card: Vec<u8>,
    /// 2: a greeting, 1..140 bytes.
    pub greeting: Option<String>,
}

/// Inbox kind 4: another device of my account took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// 1.
    pub call: CallId,
    /// 2: 1 answered, 2 declined, 3 ended, 4 hand-off.
    pub event: u8,
    /// 3: who took it, or shall.
    pub device: DeviceId,
    /// 4..8: only for a hand-off.
    pub epoch: Option<u32>,
    /// 5.
    pub secret: Option<Secret>,
    /// 6.
    pub roster: Option<Vec<AccountId>>,
    /// 7.
    pub epoch_secret: Option<Secret>,
    /// 8.
    pub view: Option<[u8; 32]>,
}

/// Inbox kind 5: the offer is withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// 1.
    pub call: CallId,
    /// 2.
    pub reason: Reason,
}

/// Inbox kind 6: a message with flag 1 has arrived and is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// 1: the kind that is acknowledged.
    pub kind: u8,
    /// 2: call id (kinds 4, 5, 8) or hash of the envelope (2, 3, 7).
    pub id: Vec<u8>,
}

/// Inbox kind 7: a new device set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Devices {
    /// 1.
    pub device_set: Vec<u8>,
}

/// Inbox kind 8: you missed a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missed {
    /// 1.
    pub call: CallId,
    /// 2.
    pub started_ms: u64,
    /// 3.
    pub media: Media,
}

/// Answer, and confirm (pair kind 1): they have the same shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// 1: nonce_b in the answer, nonce_a in confirm.
    pub nonce: [u8; 32],
    /// 2: the sender's Ed25519 key of this call.
    pub signing_key: [u8; 32],
    /// 3.
    pub features: u32,
}

/// Pair kind 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Verdict {
    /// It rings here.
    Ringing = 1,
    /// Accepted.
    Accept = 2,
    /// Declined.
    Decline = 3,
    /// Busy.
    Busy = 4,
}

/// Offer or answer of a session description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SdpKind {
    /// The offer.
    Offer = 0,
    /// The answer.
    Answer = 1,
}

/// Pair kind 3: one part of a session description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// 1: number of the link in this pair and call, from 1.
    pub link: u32,
    /// 2: ICE generation in the link.
    pub generation: u32,
    /// 3.
    pub kind: SdpKind,
    /// 4.
    pub part: u8,
    /// 5.
    pub parts: u8,
    /// 6: 1..3840 bytes.
    pub bytes: Vec<u8>,
}

/// A candidate as it travels: typed, never text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// 0 host, 1 server reflexive, 2 peer reflexive, 3 relay.
    pub kind: u8,
    /// 0 UDP, 1 TCP.
    pub protocol: u8,
    /// Address.
    pub ip: std::net::IpAddr,
    /// Port.
    pub port: u16,
    /// RFC 8445 priority.
    pub priority: u32,
}

/// Pair kind 4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    /// 1.
    pub link: u32,
    /// 2.
    pub generation: u32,
    /// 3: 1..20.
    pub list: Vec<Candidate>,
}

/// Pair kinds 5 (end of candidates) and 6 (restart; the new generation).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkGeneration {
    /// 1.
    pub link: u32,
    /// 2.
    pub generation: u32,
}

/// Pair kind 7, also on `ctl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// 1: last writer wins.
    pub state_seq: u32,
    /// 2.
    pub flags: Flags,
}

/// Pair kind 9: a new epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochSecret {
    /// 1.
    pub epoch: u32,
    /// 2.
    pub secret: Secret,
    /// 3: 1 catch up, 2 leave, 3 kick, 4 refresh.
    pub op: u8,
    /// 4: device, or the account that was kicked.
    pub subject: [u8; 32],
    /// 5: devices.
    pub members: Vec<DeviceId>,
    /// 6.
    pub roster: Vec<AccountId>,
    /// 7: catch up: the committer of this epoch.
    pub committer: Option<DeviceId>,
}

/// Pair kind 10, also on `ctl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// 1: 1 request, 2 accept, 3 refuse, 4 stop.
    pub op: u8,
    /// 2.
    pub recording: u32,
}

/// Pair kind 11.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkIdentity {
    /// 1: certificate of the new device, 168 bytes.
    pub certificate: Vec<u8>,
    /// 2.
    pub card_token: Secret,
    /// 3.
    pub contact_token: Secret,
    /// 4.
    pub device_set: Vec<u8>,
    /// 5.
    pub account_key: Option<Secret>,
}

/// Pair kind 12.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkContact {
    /// 1.
    pub card: Vec<u8>,
    /// 2.
    pub name: String,
    /// 3: policy bits.
    pub policy: u16,
    /// 4.
    pub contact_token: Option<Secret>,
    /// 5.
    pub device_set: Option<Vec<u8>>,
}

/// What a pair frame carries (kind 0, the bare acknowledgement, has no body and is not here).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PairBody {
    /// 1.
    Confirm(Hello),
    /// 2.
    Verdict(Verdict),
    /// 3.
    Description(Description),
    /// 4.
    Candidates(Candidates),
    /// 5.
    EndOfCandidates(LinkGeneration),
    /// 6.
    Restart(LinkGeneration),
    /// 7.
    Status(Status),
    /// 8.
    HangUp(Reason),
    /// 9.
    EpochSecret(EpochSecret),
    /// 10.
    Record(Record),
    /// 11.
    LinkIdentity(LinkIdentity),
    /// 12.
    LinkContact(LinkContact),
    /// 13: how many contacts were sent.
    LinkEnd(u32),
}

/// What a call frame carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallBody {
    /// 1.
    Announce {
        /// 1.
        state_seq: u32,
        /// 2.
        flags: Flags,
        /// 3.
        view: [u8; 32],
        /// 4: prekey record.
        record: Option<Vec<u8>>,
    },
    /// 2.
    Leave {
        /// 1.
        state_seq: u32,
        /// 2.
        reason: Reason,
    },
    /// 3.
    Invite {
        /// 1.
        state_seq: u32,
        /// 2.
        account: AccountId,
        /// 3.
        devices: Option<Vec<DeviceId>>,
    },
    /// 4.
    Kick {
        /// 1.
        state_seq: u32,
        /// 2.
        account: AccountId,
    },
    /// 5.
    AskMute {
        /// 1.
        state_seq: u32,
        /// 2.
        device: DeviceId,
    },
}

/// What an inbox envelope carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InboxBody {
    /// 1.
    Offer(Offer),
    /// 2.
    Presence(Presence),
    /// 3.
    Request(ContactRequest),
    /// 4.
    Elsewhere(Elsewhere),
    /// 5.
    Cancel(Cancel),
    /// 6.
    Receipt(Receipt),
    /// 7.
    Devices(Devices),
    /// 8.
    Missed(Missed),
}

/// What travels on a link's data channel `ctl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CtlBody {
    /// 7.
    Status(Status),
    /// 8.
    HangUp(Reason),
    /// 10.
    Record(Record),
}
