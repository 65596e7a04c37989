//! The sealing side: from bodies to the bytes of gossip messages, in the smallest size that fits.
//!
//! Nothing here is kept: handshakes and counters belong to the session, which seals every resend anew.

mod answer;
mod call;
mod envelope;
mod pair;

#[cfg(test)]
mod tests;

pub use answer::{Answer, answer, answer_with};
pub use call::{FrameSender, call_frame};
pub use envelope::{Identity, Letter, Recipient, Where, envelope, envelope_with};
pub use pair::{Message, pair_frame};

use ahoy_crypto::SealError;

use crate::wire::codec::Unfit;
use crate::wire::envelope::Type;

/// Why nothing was sealed: our own fault, or the caller's; never a peer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The body breaks its CDDL.
    #[error(transparent)]
    Body(#[from] Unfit),
    /// The body fits no message size.
    #[error("the body is too long for a message: nothing was sent")]
    TooLong,
    /// The crypto layer refused.
    #[error("sealing failed ({0}): nothing was sent")]
    Seal(#[from] SealError),
}

/// The size to seal to: the one asked for, if the body fits it; else the smallest.
fn size(kind: Type, body: usize, wanted: Option<usize>) -> Result<usize, OutboundError> {
    let least = kind.size_for(body).ok_or(OutboundError::TooLong)?;
    match wanted {
        Some(size) if size >= least && kind.sizes().contains(&size) => Ok(size),
        Some(_) => Err(OutboundError::TooLong),
        None => Ok(least),
    }
}
