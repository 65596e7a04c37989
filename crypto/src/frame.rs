//! Call frames: sealed under the epoch's key of their sender, signed by the sender's per-call key.
//!
//! 0 version ‖ 1 type ‖ 2 epoch 4 ‖ 6 slot 8 ‖ 14 salt 16 ‖ 30 counter 8 ‖ 38 ChaCha20-Poly1305
//! (RFC 8439) over kind 1 ‖ len 2 ‖ body ‖ sig 64 ‖ zeros.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};

use crate::bytes::Fields;
use crate::check::Check;
use crate::hash::sha256;
use crate::keys::{SignKey, verify};
use crate::limits::{COUNTER_END, MESSAGE_BYTES};
use crate::noise::{SealError, TAG};
use crate::secret::Secret;

/// Bytes before the sealed part.
pub const HEAD_BYTES: usize = 38;
/// Version and type of a call frame.
pub const HEAD: [u8; 2] = [0x01, 0x41];
/// The highest kind known.
const LAST_KIND: u8 = 5;
/// Bytes of the plaintext beside the body: kind, length, signature.
const PLAIN_OVERHEAD: usize = 3 + 64;

/// Head of a call frame, after version and type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// Epoch of the call key.
    pub epoch: u32,
    /// Sender, as the call names it.
    pub slot: [u8; 8],
    /// Random at every process start and join.
    pub salt: [u8; 16],
    /// From 0 under the salt, below 2^48.
    pub counter: u64,
}

impl FrameHead {
    /// Reads the head of a frame whose length, version and type were checked (001..003).
    ///
    /// # Errors
    /// [`Check::LENGTH`] if it can't be a call frame at all.
    pub fn read(frame: &[u8]) -> Result<Self, Check> {
        let rest = frame.strip_prefix(&HEAD).filter(|_| frame.len() >= HEAD_BYTES + PLAIN_OVERHEAD + TAG);
        let mut fields = Fields::new(Check::LENGTH.require(rest)?);
        Ok(Self { epoch: fields.u32(), slot: fields.take(), salt: fields.take(), counter: fields.u64() })
    }

    /// As it travels, with version and type.
    #[must_use]
    pub fn bytes(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[..2].copy_from_slice(&HEAD);
        bytes[2..6].copy_from_slice(&self.epoch.to_be_bytes());
        bytes[6..14].copy_from_slice(&self.slot);
        bytes[14..30].copy_from_slice(&self.salt);
        bytes[30..].copy_from_slice(&self.counter.to_be_bytes());
        bytes
    }

    fn nonce(&self) -> Nonce {
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&self.counter.to_be_bytes());
        nonce.into()
    }

    /// Associated data of the seal and front of what is signed: head ‖ H(topic).
    fn bound(&self, topic: &[u8; 32]) -> [u8; HEAD_BYTES + 32] {
        let mut bound = [0; HEAD_BYTES + 32];
        bound[..HEAD_BYTES].copy_from_slice(&self.bytes());
        bound[HEAD_BYTES..].copy_from_slice(&sha256(&[topic]));
        bound
    }
}

/// Bytes of the smallest frame that holds a body of this length, before rounding up to a size.
#[must_use]
pub fn frame_bytes(body: usize) -> usize {
    HEAD_BYTES + PLAIN_OVERHEAD + TAG + body
}

/// Signs and seals a body into a frame of `size` bytes. `key` is the broadcast key of the head's
/// epoch, slot and salt.
///
/// # Errors
/// [`SealError::TooLong`] if the body doesn't fit, [`SealError::Counter`].
pub fn seal(
    head: FrameHead,
    (kind, body): (u8, &[u8]),
    (key, sign): (&Secret, &SignKey),
    topic: &[u8; 32],
    size: usize,
) -> Result<Vec<u8>, SealError> {
    if head.counter >= COUNTER_END {
        return Err(SealError::Counter);
    }
    let room = size.checked_sub(HEAD_BYTES + TAG).filter(|_| size <= MESSAGE_BYTES).ok_or(SealError::TooLong)?;
    let length = u16::try_from(body.len()).map_err(|_| SealError::TooLong)?.to_be_bytes();
    if PLAIN_OVERHEAD + body.len() > room {
        return Err(SealError::TooLong);
    }
    let bound = head.bound(topic);
    let mut plain = Vec::with_capacity(room);
    plain.push(kind);
    plain.extend_from_slice(&length);
    plain.extend_from_slice(body);
    let signature = sign.sign("frame", &[&bound, &plain]);
    plain.extend_from_slice(&signature);
    plain.resize(room, 0);
    let cipher = ChaCha20Poly1305::new(key.expose().into());
    let sealed = cipher.encrypt(&head.nonce(), Payload { msg: &plain, aad: &bound }).map_err(|_| SealError::TooLong)?;
    let mut frame = head.bytes().to_vec();
    frame.extend_from_slice(&sealed);
    Ok(frame)
}

/// ChaCha20-Poly1305 (RFC 8439); none if anything was changed.
pub(crate) fn unseal(key: &Secret, nonce: &Nonce, sealed: Payload<'_, '_>) -> Option<Vec<u8>> {
    ChaCha20Poly1305::new(key.expose().into()).decrypt(nonce, sealed).ok()
}

/// A call frame that opened; its signature hasn't been looked at yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedFrame {
    head: FrameHead,
    topic: [u8; 32],
    kind: u8,
    body: Vec<u8>,
    signature: [u8; 64],
}

/// Opens a frame.
///
/// # Errors
/// In this order: [`Check::FRAME_AEAD`], [`Check::KIND`], [`Check::BODY_LENGTH`], [`Check::PADDING`].
pub fn open(frame: &[u8], key: &Secret, topic: &[u8; 32]) -> Result<OpenedFrame, Check> {
    let head = FrameHead::read(frame)?;
    let sealed = Payload { msg: &frame[HEAD_BYTES..], aad: &head.bound(topic) };
    let plain = Check::FRAME_AEAD.require(unseal(key, &head.nonce(), sealed))?;
    let mut fields = Fields::new(&plain);
    let kind = fields.take::<1>()[0];
    Check::KIND.refuse_if(!(1..=LAST_KIND).contains(&kind))?;
    let length = usize::from(fields.u16());
    let (body, rest) = Check::BODY_LENGTH.require(fields.rest().split_at_checked(length))?;
    let (signature, padding) = Check::BODY_LENGTH.require(rest.split_at_checked(64))?;
    Check::PADDING.refuse_if(padding.iter().any(|byte| *byte != 0))?;
    Ok(OpenedFrame { head, topic: *topic, kind, body: body.to_vec(), signature: Fields::new(signature).take() })
}

impl OpenedFrame {
    /// Its head.
    #[must_use]
    pub fn head(&self) -> FrameHead {
        self.head
    }

    /// Kind, 1..5.
    #[must_use]
    pub fn kind(&self) -> u8 {
        self.kind
    }

    /// Body, not decoded.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Whether the device with this per-call key signed it: the epoch's key alone is known to all members.
    ///
    /// # Errors
    /// [`Check::FRAME_SIGNATURE`].
    pub fn verify(&self, signing_key: &[u8; 32]) -> Result<(), Check> {
        let length = u16::try_from(self.body.len()).unwrap_or(u16::MAX).to_be_bytes();
        let parts: &[&[u8]] = &[&self.head.bound(&self.topic), &[self.kind], &length, &self.body];
        Check::FRAME_SIGNATURE.refuse_if(!verify(signing_key, "frame", parts, &self.signature))
    }
}

#[cfg(test)]
mod tests;
