//! What call frames and the data channel `ctl` carry.

use minicbor::{Decode, Encode};

use super::{Flags, Reason};
use crate::ids::{AccountId, DeviceId};

/// Pair kind 7, also on `ctl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Status {
    /// 1: last writer wins.
    #[cbor(n(1))]
    pub state_seq: u32,
    /// 2.
    #[cbor(n(2))]
    pub flags: Flags,
}

/// Pair kind 10, also on `ctl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Record {
    /// 1: 1 request, 2 accept, 3 refuse, 4 stop.
    #[cbor(n(1))]
    pub op: u8,
    /// 2.
    #[cbor(n(2))]
    pub recording: u32,
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
