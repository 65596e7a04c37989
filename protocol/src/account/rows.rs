//! How the account and contacts are kept by the store: CBOR rows with a version, never seen by peers.

use ahoy_crypto::{DeviceSet, Secret};
use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};

use super::contacts::{Contact, DeviceFacts, Policy};
use super::strangers::{Attempt, Attempts, OpenRequest, Stranger};
use crate::ids::{AccountId, DeviceId};

/// The version this code writes; it reads no newer one.
const VERSION: u8 = 1;

/// A stored row that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// Damaged.
    #[error("a stored row is damaged")]
    Damaged,
    /// Written by a newer version.
    #[error("a stored row was written by a newer version")]
    Newer,
}

/// The account row.
#[derive(Encode, Decode)]
#[cbor(map)]
pub(super) struct OwnRow {
    #[n(0)]
    pub(super) version: u8,
    #[n(1)]
    pub(super) account_key: Option<ByteArray<32>>,
    #[n(2)]
    pub(super) device_key: ByteArray<32>,
    #[n(3)]
    pub(super) dk: ByteArray<32>,
    #[n(4)]
    pub(super) certificate: ByteVec,
    #[n(5)]
    pub(super) device_set: ByteVec,
    #[n(6)]
    pub(super) card_token: ByteArray<32>,
    #[n(7)]
    pub(super) contact_token: ByteArray<32>,
    #[n(8)]
    pub(super) name: String,
    #[n(9)]
    pub(super) prekeys: Vec<PrekeyRow>,
    #[n(10)]
    pub(super) revision: u32,
    #[n(11)]
    pub(super) lock_out_due: Option<bool>,
}

/// One prekey of the account row.
#[derive(Encode, Decode)]
#[cbor(map)]
pub(super) struct PrekeyRow {
    #[n(0)]
    pub(super) spk_id: ByteArray<4>,
    #[n(1)]
    pub(super) secret: ByteArray<32>,
    #[n(2)]
    pub(super) born_s: u64,
    #[n(3)]
    pub(super) record: ByteVec,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct ContactRow {
    #[n(0)]
    version: u8,
    #[n(1)]
    account: ByteArray<32>,
    #[n(2)]
    name: String,
    #[n(3)]
    card_token: ByteArray<32>,
    #[n(4)]
    contact_token: Option<ByteArray<32>>,
    #[n(5)]
    device_set: Option<ByteVec>,
    #[n(6)]
    policy: u16,
    #[n(7)]
    devices: Vec<DeviceRow>,
    /// Our request to it: its greeting, empty for none.
    #[n(8)]
    requested: Option<String>,
    #[n(9)]
    favourite: Option<bool>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct DeviceRow {
    #[n(0)]
    device: ByteArray<32>,
    #[n(1)]
    record: Option<ByteVec>,
    #[n(2)]
    revision: u32,
    #[n(3)]
    sent_ms: u64,
    #[n(4)]
    addresses: Vec<ByteVec>,
    #[n(5)]
    told: Option<ByteArray<32>>,
    #[n(6)]
    knows_set: Option<u32>,
}

/// Reads a row of any kind, refusing newer versions by the first field.
pub(crate) fn read<'b, T: Decode<'b, ()>>(row: &'b [u8]) -> Result<T, RowError> {
    let mut decoder = minicbor::Decoder::new(row);
    decoder.map().map_err(|_| RowError::Damaged)?;
    decoder.u8().map_err(|_| RowError::Damaged)?;
    match decoder.u8() {
        Ok(VERSION) => minicbor::decode(row).map_err(|_| RowError::Damaged),
        Ok(_) => Err(RowError::Newer),
        Err(_) => Err(RowError::Damaged),
    }
}

/// Writes a row; encoding into memory cannot fail.
pub(crate) fn write<T: Encode<()>>(row: &T) -> Vec<u8> {
    minicbor::to_vec(row).unwrap_or_default()
}

/// The version number of rows written now.
pub(crate) fn version() -> u8 {
    VERSION
}

pub(super) fn write_contact(contact: &Contact) -> Vec<u8> {
    let devices = contact.devices.iter().map(|(device, facts)| DeviceRow {
        device: device.0.into(),
        record: facts.record.clone().map(ByteVec::from),
        revision: facts.revision,
        sent_ms: facts.sent_ms,
        addresses: facts.addresses.iter().cloned().map(ByteVec::from).collect(),
        told: facts.told.map(ByteArray::from),
        knows_set: (facts.knows_set > 0).then_some(facts.knows_set),
    });
    write(&ContactRow {
        version: VERSION,
        account: contact.account.0.into(),
        name: contact.name.clone(),
        card_token: (*contact.card_token.expose()).into(),
        contact_token: contact.contact_token.as_ref().map(|token| (*token.expose()).into()),
        device_set: contact.device_set.as_ref().map(|set| set.bytes().to_vec().into()),
        policy: contact.policy.0,
        devices: devices.collect(),
        requested: contact.requested.clone().map(Option::unwrap_or_default),
        favourite: contact.favourite.then_some(true),
    })
}

pub(super) fn read_contact(row: &[u8]) -> Result<Contact, RowError> {
    let row: ContactRow = read(row)?;
    let devices = row.devices.into_iter().map(|device| {
        let facts = DeviceFacts {
            record: device.record.map(Vec::from),
            revision: device.revision,
            sent_ms: device.sent_ms,
            addresses: device.addresses.into_iter().map(Vec::from).collect(),
            told: device.told.map(Into::into),
            knows_set: device.knows_set.unwrap_or(0),
        };
        (DeviceId(device.device.into()), facts)
    });
    let read_set = |bytes: ByteVec| DeviceSet::from_store(&bytes).map_err(|_| RowError::Damaged);
    Ok(Contact {
        account: AccountId(row.account.into()),
        name: row.name,
        card_token: Secret::new(row.card_token.into()),
        contact_token: row.contact_token.map(|token| Secret::new(token.into())),
        device_set: row.device_set.map(read_set).transpose()?,
        policy: Policy(row.policy),
        devices: devices.collect(),
        requested: row.requested.map(|greeting| Some(greeting).filter(|greeting| !greeting.is_empty())),
        favourite: row.favourite.unwrap_or(false),
    })
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StrangerRow {
    #[n(0)]
    version: u8,
    #[n(1)]
    account: ByteArray<32>,
    #[n(2)]
    device: Option<ByteArray<32>>,
    #[n(3)]
    request: Option<RequestRow>,
    #[n(4)]
    refused_ms: Option<u64>,
    #[n(5)]
    blocked: bool,
    #[n(6)]
    attempts: Option<AttemptsRow>,
    #[n(7)]
    former: Option<Vec<ByteArray<32>>>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct RequestRow {
    #[n(0)]
    card: ByteVec,
    #[n(1)]
    greeting: Option<String>,
    #[n(2)]
    envelope: ByteArray<32>,
    #[n(3)]
    at_ms: u64,
    #[n(4)]
    source: Option<u64>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct AttemptsRow {
    /// The newest was a request, not a call.
    #[n(0)]
    request: bool,
    #[n(1)]
    count: u32,
    #[n(2)]
    first_ms: u64,
    #[n(3)]
    last_ms: u64,
}

pub(super) fn write_stranger(stranger: &Stranger) -> Vec<u8> {
    let request = stranger.request.as_ref().map(|request| RequestRow {
        card: request.card.clone().into(),
        greeting: request.greeting.clone(),
        envelope: request.envelope.into(),
        at_ms: request.at_ms,
        source: Some(request.source),
    });
    let attempts = stranger.attempts.map(|attempts| AttemptsRow {
        request: attempts.last == Attempt::Request,
        count: attempts.count,
        first_ms: attempts.first_ms,
        last_ms: attempts.last_ms,
    });
    write(&StrangerRow {
        version: VERSION,
        account: stranger.account.0.into(),
        device: stranger.device.map(|device| device.0.into()),
        request,
        refused_ms: stranger.refused_ms,
        blocked: stranger.blocked,
        attempts,
        former: (!stranger.former.is_empty()).then(|| stranger.former.iter().map(|device| device.0.into()).collect()),
    })
}

pub(super) fn read_stranger(row: &[u8]) -> Result<Stranger, RowError> {
    let row: StrangerRow = read(row)?;
    let request = row.request.map(|request| OpenRequest {
        card: request.card.into(),
        greeting: request.greeting,
        envelope: request.envelope.into(),
        at_ms: request.at_ms,
        source: request.source.unwrap_or_default(),
    });
    let attempts = row.attempts.map(|attempts| Attempts {
        last: if attempts.request { Attempt::Request } else { Attempt::Call },
        count: attempts.count,
        first_ms: attempts.first_ms,
        last_ms: attempts.last_ms,
    });
    Ok(Stranger {
        account: AccountId(row.account.into()),
        device: row.device.map(|device| DeviceId(device.into())),
        former: row.former.into_iter().flatten().map(|device| DeviceId(device.into())).collect(),
        request,
        refused_ms: row.refused_ms,
        blocked: row.blocked,
        attempts,
    })
}
