//! Answers: Noise message 2 on the initiator's mailbox.

use ahoy_crypto::hash::hint;
use ahoy_crypto::{Channel, Responder, Secret};
use rand_core::CryptoRng;

use super::OutboundError;
use crate::wire::bodies::Hello;
use crate::wire::envelope::{Type, VERSION, pad};

/// An answer of ours: the same message 2 in every copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pair_tag: [u8; 8],
    message2: Vec<u8>,
}

/// Answers an offer. The channel is ours; the initiator has it when the answer arrives.
///
/// # Errors
/// [`OutboundError`].
pub fn answer(
    responder: Responder,
    hello: &Hello,
    pair_tag: [u8; 8],
    rng: &mut dyn CryptoRng,
) -> Result<(Channel, Answer), OutboundError> {
    answer_with(responder, hello, pair_tag, &Secret::random(rng))
}

/// As [`answer`], with a given ephemeral key: for known-answer tests.
///
/// # Errors
/// [`OutboundError`].
pub fn answer_with(
    responder: Responder,
    hello: &Hello,
    pair_tag: [u8; 8],
    ephemeral: &Secret,
) -> Result<(Channel, Answer), OutboundError> {
    let cbor = hello.encode()?;
    let size = Type::Answer.size_for(cbor.len()).ok_or(OutboundError::TooLong)?;
    let len = u16::try_from(cbor.len()).map_err(|_| OutboundError::TooLong)?;
    let payload = pad(Type::Answer.room(size), &[&len.to_be_bytes(), &cbor]).ok_or(OutboundError::TooLong)?;
    let (channel, message2) = responder.answer_with(&payload, ephemeral)?;
    Ok((channel, Answer { pair_tag, message2 }))
}

impl Answer {
    /// Noise message 2.
    #[must_use]
    pub fn message2(&self) -> &[u8] {
        &self.message2
    }

    /// Copy number `copy` for the initiator's mailbox, whose hint key this is. Gossip drops equal bytes, so every
    /// send is another copy.
    #[must_use]
    pub fn copy(&self, copy: u16, hint_key: &[u8; 32]) -> Vec<u8> {
        let head = [VERSION, Type::Answer as u8];
        let number = copy.to_be_bytes();
        let mac = hint(hint_key, &[&head, &self.pair_tag, &number, &self.message2]);
        let parts: [&[u8]; 5] = [&head, &mac, &self.pair_tag, &number, &self.message2];
        parts.concat()
    }
}
