//! What answers and pair frames carry.

use ahoy_crypto::Secret;
use minicbor::{Decode, Encode};

use super::{Flags, Reason, Record, Status};
use crate::ids::{AccountId, CallId, DeviceId};

/// Answer, and confirm (pair kind 1): they have the same shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Hello {
    /// 1: nonce_b in the answer, nonce_a in confirm.
    #[cbor(n(1), with = "crate::wire::fields::b32")]
    pub nonce: [u8; 32],
    /// 2: the sender's Ed25519 key of this call.
    #[cbor(n(2), with = "crate::wire::fields::b32")]
    pub signing_key: [u8; 32],
    /// 3.
    #[cbor(n(3))]
    pub features: u32,
}

/// Pair kind 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
#[repr(u8)]
pub enum Verdict {
    /// It rings here.
    #[n(1)]
    Ringing = 1,
    /// Accepted.
    #[n(2)]
    Accept = 2,
    /// Declined.
    #[n(3)]
    Decline = 3,
    /// Busy.
    #[n(4)]
    Busy = 4,
}

/// Offer or answer of a session description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
#[repr(u8)]
pub enum SdpKind {
    /// The offer.
    #[n(0)]
    Offer = 0,
    /// The answer.
    #[n(1)]
    Answer = 1,
}

/// Pair kind 3: one part of a session description.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Description {
    /// 1: number of the link in this pair and call, from 1.
    #[cbor(n(1))]
    pub link: u32,
    /// 2: ICE generation in the link.
    #[cbor(n(2))]
    pub generation: u32,
    /// 3.
    #[cbor(n(3))]
    pub kind: SdpKind,
    /// 4.
    #[cbor(n(4))]
    pub part: u8,
    /// 5.
    #[cbor(n(5))]
    pub parts: u8,
    /// 6: 1..3840 bytes.
    #[cbor(n(6), with = "minicbor::bytes")]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LinkGeneration {
    /// 1.
    #[cbor(n(1))]
    pub link: u32,
    /// 2.
    #[cbor(n(2))]
    pub generation: u32,
}

/// Pair kind 9: a new epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EpochSecret {
    /// 1.
    #[cbor(n(1))]
    pub epoch: u32,
    /// 2.
    #[cbor(n(2), with = "crate::wire::fields::b32")]
    pub secret: Secret,
    /// 3: 1 catch up, 2 leave, 3 kick, 4 refresh.
    #[cbor(n(3))]
    pub op: u8,
    /// 4: device, or the account that was kicked.
    #[cbor(n(4), with = "crate::wire::fields::b32")]
    pub subject: [u8; 32],
    /// 5: devices.
    #[cbor(n(5), with = "crate::wire::fields::list32")]
    pub members: Vec<DeviceId>,
    /// 6.
    #[cbor(n(6), with = "crate::wire::fields::list32")]
    pub roster: Vec<AccountId>,
    /// 7: catch up: the committer of this epoch.
    #[cbor(n(7), with = "crate::wire::fields::opt_b32", has_nil)]
    pub committer: Option<DeviceId>,
}

/// Pair kind 11.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LinkIdentity {
    /// 1: certificate of the new device, 168 bytes.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub certificate: Vec<u8>,
    /// 2.
    #[cbor(n(2), with = "crate::wire::fields::b32")]
    pub card_token: Secret,
    /// 3.
    #[cbor(n(3), with = "crate::wire::fields::b32")]
    pub contact_token: Secret,
    /// 4.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub device_set: Vec<u8>,
    /// 5.
    #[cbor(n(5), with = "crate::wire::fields::opt_b32", has_nil)]
    pub account_key: Option<Secret>,
}

/// Pair kind 12.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LinkContact {
    /// 1.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub card: Vec<u8>,
    /// 2.
    #[cbor(n(2))]
    pub name: String,
    /// 3: policy bits.
    #[cbor(n(3))]
    pub policy: u16,
    /// 4.
    #[cbor(n(4), with = "crate::wire::fields::opt_b32", has_nil)]
    pub contact_token: Option<Secret>,
    /// 5.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub device_set: Option<Vec<u8>>,
}

/// Pair kind 32: the call that another device of our own account is asked to take over.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HandOff {
    /// 1: the call, as it is named between the device that hands it over and the participant.
    #[cbor(n(1))]
    pub call: CallId,
    /// 2: the participant.
    #[cbor(n(2), with = "crate::wire::fields::b32")]
    pub account: AccountId,
    /// 3: the participant's device in the call.
    #[cbor(n(3), with = "crate::wire::fields::b32")]
    pub device: DeviceId,
    /// 4: media state of the device that hands it over.
    #[cbor(n(4))]
    pub flags: Flags,
    /// 5: opaque to us; the messenger's conversation id, 0..256 bytes.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub context: Option<Vec<u8>>,
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
    /// 32.
    HandOff(HandOff),
}
