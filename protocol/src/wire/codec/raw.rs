//! Bodies as the CDDL has them, where the Rust types of `wire::bodies` differ.

use minicbor::{Decode, Encode};

use crate::ids::{AccountId, DeviceId};
use crate::wire::bodies::{Flags, Reason};

/// A body of one key.
#[derive(Clone, Copy, Debug, Encode, Decode)]
#[cbor(map)]
pub(super) struct One<T> {
    /// 1.
    #[n(1)]
    pub(super) value: T,
}

/// A candidate before its address was looked at.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(super) struct RawCandidate {
    #[n(0)]
    pub(super) kind: u8,
    #[n(1)]
    pub(super) protocol: u8,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(super) ip: Vec<u8>,
    #[n(3)]
    pub(super) port: u16,
    #[n(4)]
    pub(super) priority: u32,
}

/// Pair kind 4.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(map)]
pub(super) struct RawCandidates {
    #[n(1)]
    pub(super) link: u32,
    #[n(2)]
    pub(super) generation: u32,
    #[n(3)]
    pub(super) list: Vec<RawCandidate>,
}

/// Call kind 1.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(map)]
pub(super) struct Announce {
    #[n(1)]
    pub(super) state_seq: u32,
    #[n(2)]
    pub(super) flags: Flags,
    #[cbor(n(3), with = "crate::wire::fields::b32")]
    pub(super) view: [u8; 32],
    #[cbor(n(4), with = "minicbor::bytes")]
    pub(super) record: Option<Vec<u8>>,
}

/// Call kind 2.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(map)]
pub(super) struct Leave {
    #[n(1)]
    pub(super) state_seq: u32,
    #[n(2)]
    pub(super) reason: Reason,
}

/// Call kind 3.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(map)]
pub(super) struct Invite {
    #[n(1)]
    pub(super) state_seq: u32,
    #[cbor(n(2), with = "crate::wire::fields::b32")]
    pub(super) account: AccountId,
    #[cbor(n(3), with = "crate::wire::fields::opt_list32", has_nil)]
    pub(super) devices: Option<Vec<DeviceId>>,
}

/// Call kind 4.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(map)]
pub(super) struct Kick {
    #[n(1)]
    pub(super) state_seq: u32,
    #[cbor(n(2), with = "crate::wire::fields::b32")]
    pub(super) account: AccountId,
}

/// Call kind 5.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(map)]
pub(super) struct AskMute {
    #[n(1)]
    pub(super) state_seq: u32,
    #[cbor(n(2), with = "crate::wire::fields::b32")]
    pub(super) device: DeviceId,
}
