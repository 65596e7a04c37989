//! What inbox envelopes carry.

use ahoy_crypto::Secret;
use minicbor::{Decode, Encode};

use super::{Format, Media, Purpose, Reason};
use crate::ids::{AccountId, CallId, DeviceId};

/// Inbox kind 1: a call is offered.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Offer {
    /// 1.
    #[cbor(n(1))]
    pub call: CallId,
    /// 2: the symmetric key of the call's topics.
    #[cbor(n(2), with = "crate::wire::fields::b32")]
    pub secret: Secret,
    /// 3.
    #[cbor(n(3))]
    pub purpose: Purpose,
    /// 4: seconds for which a confirm may still ring.
    #[cbor(n(4))]
    pub ttl_s: u16,
    /// 5: accounts invited, ascending.
    #[cbor(n(5), with = "crate::wire::fields::list32")]
    pub roster: Vec<AccountId>,
    /// 6.
    #[cbor(n(6))]
    pub media: Media,
    /// 7: present exactly if audio is offered.
    #[cbor(n(7))]
    pub format: Option<Format>,
    /// 8: 0 all, 1 no host candidates, 2 relay only.
    #[cbor(n(8))]
    pub ice_policy: u8,
    /// 9: commitment to nonce_a.
    #[cbor(n(9), with = "crate::wire::fields::b32")]
    pub sas_commit: [u8; 32],
    /// 10: number of this send.
    #[cbor(n(10))]
    pub attempt: u8,
    /// 11.
    #[cbor(n(11))]
    pub epoch: u32,
    /// 12: 0 anyone may invite, 1 the offerer.
    #[cbor(n(12))]
    pub invite_policy: u8,
    /// 13: opaque to us; the messenger's conversation id.
    #[cbor(n(13), with = "minicbor::bytes")]
    pub context: Option<Vec<u8>>,
    /// 14.
    #[cbor(n(14), with = "crate::wire::fields::opt_b32", has_nil)]
    pub epoch_secret: Option<Secret>,
    /// 15.
    #[cbor(n(15), with = "crate::wire::fields::opt_b32", has_nil)]
    pub view: Option<[u8; 32]>,
    /// 16: the offerer, if not the sender.
    #[cbor(n(16), with = "crate::wire::fields::opt_b32", has_nil)]
    pub offerer: Option<AccountId>,
    /// 17: the call that this one takes the place of. Only to devices that announce
    /// [`crate::account::FEATURE_CONTINUES`].
    #[cbor(n(17))]
    pub continues: Option<CallId>,
}

impl Offer {
    /// An offer of audio in the format we prefer (what Opus works in, and the shortest packets that cost little), with
    /// nothing more to say; `sas_commit` and `attempt` are the session layer's.
    #[must_use]
    pub fn of_audio(call: CallId, secret: Secret, purpose: Purpose, ttl_s: u16, roster: Vec<AccountId>) -> Self {
        Self {
            call,
            secret,
            purpose,
            ttl_s,
            roster,
            media: Media::AUDIO,
            format: Some(Format { rate: 48_000, channels: 1, frame_ms: 20 }),
            ice_policy: 0,
            sas_commit: [0; 32],
            attempt: 0,
            epoch: 0,
            invite_policy: 0,
            context: None,
            epoch_secret: None,
            view: None,
            offerer: None,
            continues: None,
        }
    }
}

/// Inbox kind 2: who I am now.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Presence {
    /// 1: 0 leaving, 1 available, 2 away, 3 in a call, 4 do not disturb.
    #[cbor(n(1))]
    pub state: u8,
    /// 2: prekey record, 293 bytes.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub record: Vec<u8>,
    /// 3: device set, 141..365 bytes.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub device_set: Vec<u8>,
    /// 4: binary multiaddrs, at most 8 of 1..128 bytes.
    #[cbor(n(4), with = "crate::wire::fields::blobs")]
    pub addresses: Vec<Vec<u8>>,
    /// 5.
    #[cbor(n(5), with = "crate::wire::fields::opt_b32", has_nil)]
    pub contact_token: Option<Secret>,
    /// 6: 1..64 bytes.
    #[cbor(n(6))]
    pub name: Option<String>,
}

/// Inbox kind 3: may I be your contact?
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ContactRequest {
    /// 1: the sender's card, 1..1024 bytes.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub card: Vec<u8>,
    /// 2: a greeting, 1..140 bytes.
    #[cbor(n(2))]
    pub greeting: Option<String>,
}

/// Inbox kind 4: another device of my account took it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Elsewhere {
    /// 1.
    #[cbor(n(1))]
    pub call: CallId,
    /// 2: 1 answered, 2 declined, 3 ended, 4 hand-off.
    #[cbor(n(2))]
    pub event: u8,
    /// 3: who took it, or shall.
    #[cbor(n(3), with = "crate::wire::fields::b32")]
    pub device: DeviceId,
    /// 4..8: only for a hand-off.
    #[cbor(n(4))]
    pub epoch: Option<u32>,
    /// 5.
    #[cbor(n(5), with = "crate::wire::fields::opt_b32", has_nil)]
    pub secret: Option<Secret>,
    /// 6.
    #[cbor(n(6), with = "crate::wire::fields::opt_list32", has_nil)]
    pub roster: Option<Vec<AccountId>>,
    /// 7.
    #[cbor(n(7), with = "crate::wire::fields::opt_b32", has_nil)]
    pub epoch_secret: Option<Secret>,
    /// 8.
    #[cbor(n(8), with = "crate::wire::fields::opt_b32", has_nil)]
    pub view: Option<[u8; 32]>,
}

/// Inbox kind 5: the offer is withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Cancel {
    /// 1.
    #[cbor(n(1))]
    pub call: CallId,
    /// 2.
    #[cbor(n(2))]
    pub reason: Reason,
}

/// Inbox kind 6: a message with flag 1 has arrived and is stored.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Receipt {
    /// 1: the kind that is acknowledged.
    #[cbor(n(1))]
    pub kind: u8,
    /// 2: call id (kinds 4, 5, 8) or hash of the envelope (2, 3, 7, 10).
    #[cbor(n(2), with = "minicbor::bytes")]
    pub id: Vec<u8>,
}

/// Inbox kind 7: a new device set.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Devices {
    /// 1.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub device_set: Vec<u8>,
}

/// Inbox kind 8: you missed a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Missed {
    /// 1.
    #[cbor(n(1))]
    pub call: CallId,
    /// 2.
    #[cbor(n(2))]
    pub started_ms: u64,
    /// 3.
    #[cbor(n(3))]
    pub media: Media,
}

/// Inbox kind 10: another device of my account has changed a contact. Without card, name and policy it is one no longer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ContactChange {
    /// 1: whom.
    #[cbor(n(1), with = "crate::wire::fields::b32")]
    pub account: AccountId,
    /// 2: when, Unix ms; the newest change of a contact counts.
    #[cbor(n(2))]
    pub changed_ms: u64,
    /// 3.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub card: Option<Vec<u8>>,
    /// 4: our name for it.
    #[cbor(n(4))]
    pub name: Option<String>,
    /// 5: policy bits, as in pair kind 12.
    #[cbor(n(5))]
    pub policy: Option<u16>,
    /// 6.
    #[cbor(n(6), with = "crate::wire::fields::opt_b32", has_nil)]
    pub contact_token: Option<Secret>,
    /// 7.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub device_set: Option<Vec<u8>>,
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
    /// 10 (9 is not used).
    Contact(ContactChange),
}
