//! How single fields of CBOR bodies are read and written, for types that minicbor doesn't know.

use ahoy_crypto::Secret;
use minicbor::decode::{Decoder, Error as ReadError};
use minicbor::encode::{Encoder, Error as WriteError, Write};

use crate::ids::{AccountId, DeviceId};
use crate::limits::CBOR_MAX_ITEMS;

/// A field that is a byte string of 32 bytes.
pub(crate) trait Bytes32: Sized {
    /// Takes the bytes.
    fn from_bytes(bytes: [u8; 32]) -> Self;
    /// Shows the bytes.
    fn as_bytes(&self) -> &[u8; 32];
}

impl Bytes32 for [u8; 32] {
    fn from_bytes(bytes: [u8; 32]) -> Self {
        bytes
    }
    fn as_bytes(&self) -> &[u8; 32] {
        self
    }
}

impl Bytes32 for AccountId {
    fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Bytes32 for DeviceId {
    fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Bytes32 for Secret {
    fn from_bytes(bytes: [u8; 32]) -> Self {
        Self::new(bytes)
    }
    fn as_bytes(&self) -> &[u8; 32] {
        self.expose()
    }
}

fn read32<T: Bytes32>(d: &mut Decoder<'_>) -> Result<T, ReadError> {
    let bytes = d.bytes()?;
    let array = bytes.try_into().map_err(|_| ReadError::message("not 32 bytes"))?;
    Ok(T::from_bytes(array))
}

/// Reads an array of at most [`CBOR_MAX_ITEMS`]; memory grows with what is there, not with what is claimed.
fn read_list<'b, T>(
    d: &mut Decoder<'b>,
    mut item: impl FnMut(&mut Decoder<'b>) -> Result<T, ReadError>,
) -> Result<Vec<T>, ReadError> {
    let claimed = d.array()?.ok_or_else(|| ReadError::message("indefinite array"))?;
    if claimed > CBOR_MAX_ITEMS {
        return Err(ReadError::message("too many items"));
    }
    let mut list = Vec::new();
    for _ in 0..claimed {
        list.push(item(d)?);
    }
    Ok(list)
}

/// A byte string of 32 bytes.
pub(crate) mod b32 {
    use super::*;

    pub(crate) fn decode<Ctx, T: Bytes32>(d: &mut Decoder<'_>, _: &mut Ctx) -> Result<T, ReadError> {
        read32(d)
    }

    pub(crate) fn encode<Ctx, T: Bytes32, W: Write>(
        v: &T,
        e: &mut Encoder<W>,
        _: &mut Ctx,
    ) -> Result<(), WriteError<W::Error>> {
        e.bytes(v.as_bytes())?.ok()
    }
}

/// The same, and the key may be missing.
pub(crate) mod opt_b32 {
    use super::*;

    pub(crate) fn decode<Ctx, T: Bytes32>(d: &mut Decoder<'_>, _: &mut Ctx) -> Result<Option<T>, ReadError> {
        read32(d).map(Some)
    }

    pub(crate) fn encode<Ctx, T: Bytes32, W: Write>(
        v: &Option<T>,
        e: &mut Encoder<W>,
        _: &mut Ctx,
    ) -> Result<(), WriteError<W::Error>> {
        match v {
            Some(v) => e.bytes(v.as_bytes())?.ok(),
            None => Ok(()),
        }
    }

    // Twice Option: minicbor asks for the nil value of the field's type, if there is one.
    #[expect(clippy::unnecessary_wraps, reason = "the signature is minicbor's")]
    pub(crate) fn nil<T: Bytes32>() -> Option<Option<T>> {
        Some(None)
    }

    pub(crate) fn is_nil<T: Bytes32>(v: &Option<T>) -> bool {
        v.is_none()
    }
}

/// An array of byte strings of 32 bytes.
pub(crate) mod list32 {
    use super::*;

    pub(crate) fn decode<Ctx, T: Bytes32>(d: &mut Decoder<'_>, _: &mut Ctx) -> Result<Vec<T>, ReadError> {
        read_list(d, read32)
    }

    pub(crate) fn encode<Ctx, T: Bytes32, W: Write>(
        v: &[T],
        e: &mut Encoder<W>,
        _: &mut Ctx,
    ) -> Result<(), WriteError<W::Error>> {
        e.array(v.len() as u64)?;
        for item in v {
            e.bytes(item.as_bytes())?;
        }
        Ok(())
    }
}

/// The same, and the key may be missing.
pub(crate) mod opt_list32 {
    use super::*;

    pub(crate) fn decode<Ctx, T: Bytes32>(d: &mut Decoder<'_>, _: &mut Ctx) -> Result<Option<Vec<T>>, ReadError> {
        read_list(d, read32).map(Some)
    }

    pub(crate) fn encode<Ctx, T: Bytes32, W: Write>(
        v: &Option<Vec<T>>,
        e: &mut Encoder<W>,
        ctx: &mut Ctx,
    ) -> Result<(), WriteError<W::Error>> {
        match v {
            Some(v) => list32::encode(v, e, ctx),
            None => Ok(()),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "the signature is minicbor's")]
    pub(crate) fn nil<T: Bytes32>() -> Option<Option<Vec<T>>> {
        Some(None)
    }

    pub(crate) fn is_nil<T: Bytes32>(v: &Option<Vec<T>>) -> bool {
        v.is_none()
    }
}

/// An array of byte strings of any length.
pub(crate) mod blobs {
    use super::*;

    pub(crate) fn decode<Ctx>(d: &mut Decoder<'_>, _: &mut Ctx) -> Result<Vec<Vec<u8>>, ReadError> {
        read_list(d, |d| d.bytes().map(<[u8]>::to_vec))
    }

    pub(crate) fn encode<Ctx, W: Write>(
        v: &[Vec<u8>],
        e: &mut Encoder<W>,
        _: &mut Ctx,
    ) -> Result<(), WriteError<W::Error>> {
        e.array(v.len() as u64)?;
        for item in v {
            e.bytes(item)?;
        }
        Ok(())
    }
}
