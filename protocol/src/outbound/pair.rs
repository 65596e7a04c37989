//! Pair frames.

use ahoy_crypto::Channel;
use zeroize::Zeroizing;

use super::{OutboundError, size};
use crate::wire::bodies::PairBody;
use crate::wire::codec::AnyKind;
use crate::wire::envelope::{PairHead, Type, pad};

/// What a pair frame says.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// None: a bare acknowledgement, whose `msg` is 0.
    pub body: Option<&'a PairBody>,
    /// Number of the message in this direction, from 1; a resend keeps it.
    pub msg: u32,
    /// All of the other's messages up to this one have arrived.
    pub ack: u32,
}

/// Seals a frame. `counter` is never used twice in a direction, also not for resends. `wanted` asks for a size larger
/// than the smallest that fits.
///
/// # Errors
/// [`OutboundError`].
pub fn pair_frame(
    channel: &Channel,
    pair_tag: [u8; 8],
    counter: u64,
    message: Message<'_>,
    wanted: Option<usize>,
) -> Result<Vec<u8>, OutboundError> {
    let (kind, msg, cbor) = match message.body {
        Some(body) => (body.kind(), message.msg, body.encode()?),
        None => (0, 0, Zeroizing::new(Vec::new())),
    };
    let size = size(Type::Pair, cbor.len(), wanted)?;
    let len = u16::try_from(cbor.len()).map_err(|_| OutboundError::TooLong)?;
    let parts: [&[u8]; 5] = [&[kind], &msg.to_be_bytes(), &message.ack.to_be_bytes(), &len.to_be_bytes(), &cbor];
    let plain = pad(Type::Pair.room(size), &parts).ok_or(OutboundError::TooLong)?;
    let mut frame = PairHead { pair_tag, counter }.write();
    frame.extend_from_slice(&channel.seal(counter, &plain)?);
    Ok(frame)
}
