//! Framing of the data channel `ctl` (docs/wire.md section 11): version, kind, sequence number, length, body.

use ahoy_crypto::check::Check;

use super::bodies::CtlBody;
use super::codec::{AnyKind, Unfit};
use crate::limits::CTL_MAX_BYTES;

/// Version byte of every message.
const VERSION: u8 = 1;
/// Bytes: version 1, kind 1, seq 4, len 2.
const HEAD_BYTES: usize = 8;

/// Frames a message. `seq` rises by one a message and side, from 1.
///
/// # Errors
/// [`Unfit`] if the body is outside of its CDDL.
pub fn write(body: &CtlBody, seq: u32) -> Result<Vec<u8>, Unfit> {
    let cbor = body.encode()?;
    let len = u16::try_from(cbor.len()).map_err(|_| Unfit("ctl"))?;
    let mut message = vec![VERSION, body.kind()];
    message.extend_from_slice(&seq.to_be_bytes());
    message.extend_from_slice(&len.to_be_bytes());
    message.extend_from_slice(&cbor);
    Ok(message)
}

/// Opens a message; `last_seq` is the highest sequence number taken so far (0 at first), and moves on success.
///
/// # Errors
/// 085, 019, 086.
pub fn open(message: &[u8], last_seq: &mut u32) -> Result<CtlBody, Check> {
    let framing = Check::CTL_HEAD;
    framing.refuse_if(!(HEAD_BYTES..=CTL_MAX_BYTES).contains(&message.len()))?;
    let (head, cbor) = framing.require(message.split_first_chunk::<HEAD_BYTES>())?;
    let [version, kind, s0, s1, s2, s3, l0, l1] = *head;
    framing.refuse_if(usize::from(u16::from_be_bytes([l0, l1])) != cbor.len())?;
    framing.refuse_if(version != VERSION)?;
    framing.refuse_if(!CtlBody::is_kind(kind))?;
    let body = CtlBody::decode(kind, cbor)?;
    let seq = u32::from_be_bytes([s0, s1, s2, s3]);
    Check::CTL_SEQ.refuse_if(seq <= *last_seq)?;
    *last_seq = seq;
    Ok(body)
}

#[cfg(test)]
mod tests;
