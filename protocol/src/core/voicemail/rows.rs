//! Messages as the store keeps them: what is known of each; its sound lies apart, and is read when it is wanted.

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use crate::account::RowError;
use crate::account::rows;
use crate::ids::{AccountId, CallId, DeviceId};

/// A row of a message that we owe begins with this, one that we got with [`GOT`].
const OWED: u8 = b'o';
const GOT: u8 = b'g';

/// What is known of a message, whoever left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// The other side.
    pub(super) account: AccountId,
    /// The call that nobody answered.
    pub(super) call: CallId,
    /// When that was offered, Unix ms.
    pub(super) started_ms: u64,
    /// How long it is, ms.
    pub(super) duration_ms: u32,
    /// Bytes of its sound.
    pub(super) bytes: u32,
    /// SHA-256 of its sound.
    pub(super) hash: [u8; 32],
    /// When it came, or when it is given up, Unix ms.
    pub(super) at_ms: u64,
}

/// A row of the table.
pub(super) enum Stored {
    /// One for a device of a contact.
    Owed(DeviceId, Facts),
    /// One that was left for us.
    Got(Facts),
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Row {
    #[n(0)]
    version: u8,
    #[n(1)]
    account: ByteArray<32>,
    #[n(2)]
    started_ms: u64,
    #[n(3)]
    duration_ms: u32,
    #[n(4)]
    bytes: u32,
    #[n(5)]
    hash: ByteArray<32>,
    #[n(6)]
    at_ms: u64,
}

pub(super) fn owed_key(device: DeviceId, call: CallId) -> Vec<u8> {
    [&[OWED], device.0.as_slice(), &call.0].concat()
}

/// The sound of a message that we owe lies apart from that of one that was left for us: others choose their call ids.
pub(super) fn owed_sound_key(call: CallId) -> Vec<u8> {
    [&[OWED], call.0.as_slice()].concat()
}

pub(super) fn got_key(call: CallId) -> Vec<u8> {
    [&[GOT], call.0.as_slice()].concat()
}

pub(super) fn write(facts: &Facts) -> Vec<u8> {
    rows::write(&Row {
        version: rows::version(),
        account: facts.account.0.into(),
        started_ms: facts.started_ms,
        duration_ms: facts.duration_ms,
        bytes: facts.bytes,
        hash: facts.hash.into(),
        at_ms: facts.at_ms,
    })
}

pub(super) fn read(key: &[u8], row: &[u8]) -> Result<Stored, RowError> {
    let row: Row = rows::read(row)?;
    let facts = |call: [u8; 16]| Facts {
        account: AccountId(row.account.into()),
        call: CallId(call),
        started_ms: row.started_ms,
        duration_ms: row.duration_ms,
        bytes: row.bytes,
        hash: row.hash.into(),
        at_ms: row.at_ms,
    };
    let damaged = |_| RowError::Damaged;
    match key.split_first() {
        Some((&OWED, rest)) => {
            let (device, call) = rest.split_first_chunk::<32>().ok_or(RowError::Damaged)?;
            Ok(Stored::Owed(DeviceId(*device), facts(call.try_into().map_err(damaged)?)))
        }
        Some((&GOT, call)) => Ok(Stored::Got(facts(call.try_into().map_err(damaged)?))),
        Some(_) | None => Err(RowError::Damaged),
    }
}
