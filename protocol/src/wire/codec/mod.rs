//! Strict CBOR: one way to write a body, and no other way to have it read.
//!
//! Reading is: size cap, decode, all input used, the CDDL's limits, write it again and compare. The last step alone
//! kills trailing, non-minimal, indefinite, unsorted and doubled input. Types don't contain themselves, so nothing
//! recurses; memory grows with the input that is there, never with a length it claims.

mod fits;
mod kinds;
mod raw;
#[cfg(test)]
mod tests;

pub(crate) use fits::are_addresses;
pub(crate) use kinds::is_ascending;
pub use kinds::{AnyKind, PairRead};

use ahoy_crypto::check::Check;
use minicbor::{Decode, Decoder, Encode};
use zeroize::Zeroizing;

use crate::limits::MESSAGE_MAX_BYTES;

/// A body that breaks its own CDDL: a defect of whoever made it (us, or the caller's arguments).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a body of kind {0} has a field outside of its limits: nothing was sent")]
pub struct Unfit(pub &'static str);

/// A body with limits that its Rust type doesn't say.
pub(crate) trait Body: Encode<()> + for<'b> Decode<'b, ()> {
    /// For [`Unfit`].
    const NAME: &'static str;
    /// Sizes, counts and enumerations are those of the CDDL.
    fn fits(&self) -> bool;
}

/// Reads a body; whatever breaks the rules of docs/wire.md section 3 is refused with `check`.
pub(crate) fn read<T: Body>(bytes: &[u8], check: Check) -> Result<T, Check> {
    check.refuse_if(bytes.len() > MESSAGE_MAX_BYTES)?;
    let mut decoder = Decoder::new(bytes);
    let body: T = check.require(decoder.decode().ok())?;
    check.refuse_if(decoder.position() != bytes.len())?;
    check.refuse_if(!body.fits())?;
    let again = check.require(encode(&body))?;
    check.refuse_if(again.as_slice() != bytes)?;
    Ok(body)
}

/// Writes a body, if it fits its CDDL.
pub(crate) fn write<T: Body>(body: &T) -> Result<Zeroizing<Vec<u8>>, Unfit> {
    if !body.fits() {
        return Err(Unfit(T::NAME));
    }
    encode(body).ok_or(Unfit(T::NAME))
}

/// Bodies may hold secrets: the bytes are erased when dropped.
fn encode<T: Encode<()>>(body: &T) -> Option<Zeroizing<Vec<u8>>> {
    minicbor::to_vec(body).ok().map(Zeroizing::new)
}
