//! Inbox envelopes: Noise message 1.

use ahoy_crypto::hash::hint;
use ahoy_crypto::{Certificate, DhKey, Initiator, Secret, noise};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{OutboundError, size};
use crate::ids::DeviceId;
use crate::topic::Topic;
use crate::wire::bodies::InboxBody;
use crate::wire::codec::AnyKind;
use crate::wire::envelope::{FLAG_ASK, FLAG_RECEIPT, Type, VERSION, pad};

/// Who sends.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// Our device's static key.
    pub dk: &'a DhKey,
    /// Our device's certificate.
    pub certificate: &'a Certificate,
}

/// Where an envelope is published.
#[derive(Clone, Copy, Debug)]
pub struct Where {
    /// The inbox's topic of the sender's own today, or a mailbox.
    pub topic: Topic,
    /// Key of its outer MAC.
    pub hint_key: [u8; 32],
    /// The token's day; 0 on a mailbox.
    pub stamp: u32,
}

/// Whose envelope it is: one device.
#[derive(Clone, Copy, Debug)]
pub struct Recipient {
    /// Device.
    pub device: DeviceId,
    /// Its prekey, out of a record whose checks passed.
    pub spk: [u8; 32],
    /// The prekey's id.
    pub spk_id: [u8; 4],
}

/// What an envelope says.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// Body.
    pub body: &'a InboxBody,
    /// A receipt is wanted (kinds 2-5, 7, 8).
    pub wants_receipt: bool,
    /// The other's presence is wanted (kind 2).
    pub asks_presence: bool,
    /// Our clock, Unix ms.
    pub sent_ms: u64,
}

impl Letter<'_> {
    /// certificate ‖ kind ‖ flags ‖ sent_ms ‖ len ‖ body: what message 1 carries, before padding.
    ///
    /// # Errors
    /// [`OutboundError`] if the body is out of its limits.
    pub fn payload(&self, certificate: &Certificate) -> Result<Zeroizing<Vec<u8>>, OutboundError> {
        let cbor = self.body.encode()?;
        let flags = if self.wants_receipt { FLAG_RECEIPT } else { 0 } | if self.asks_presence { FLAG_ASK } else { 0 };
        let len = u16::try_from(cbor.len()).map_err(|_| OutboundError::TooLong)?;
        let head = [self.body.kind(), flags];
        let parts: [&[u8]; 5] = [certificate.bytes(), &head, &self.sent_ms.to_be_bytes(), &len.to_be_bytes(), &cbor];
        pad(Type::Inbox.inner_head_bytes() + cbor.len(), &parts).ok_or(OutboundError::TooLong)
    }
}

/// Seals an envelope. For an offer keep the initiator: it waits for the answer under its pair tag.
///
/// # Errors
/// [`OutboundError`].
pub fn envelope(
    from: Identity<'_>,
    to: &Recipient,
    at: &Where,
    letter: &Letter<'_>,
    rng: &mut dyn CryptoRng,
) -> Result<(Initiator, Vec<u8>), OutboundError> {
    envelope_with(from, to, at, letter, None, &Secret::random(rng))
}

/// As [`envelope`], with a given size and ephemeral key: for known-answer tests. A key used twice gives its messages
/// away.
///
/// # Errors
/// [`OutboundError`].
pub fn envelope_with(
    from: Identity<'_>,
    to: &Recipient,
    at: &Where,
    letter: &Letter<'_>,
    wanted: Option<usize>,
    ephemeral: &Secret,
) -> Result<(Initiator, Vec<u8>), OutboundError> {
    let mut payload = letter.payload(from.certificate)?;
    let size = size(Type::Inbox, payload.len() - Type::Inbox.inner_head_bytes(), wanted)?;
    payload.resize(Type::Inbox.room(size), 0);
    let head = [VERSION, Type::Inbox as u8];
    let prologue = noise::prologue(head, to.device, to.spk_id, at.stamp, &at.topic.0);
    let (initiator, message1) = Initiator::start_with(from.dk, &to.spk, &prologue, &payload, ephemeral)?;
    let mac = hint(&at.hint_key, &[&head, &to.spk_id, &message1]);
    let mut data = Vec::with_capacity(size);
    for part in [&head[..], &mac, &to.spk_id, &message1] {
        data.extend_from_slice(part);
    }
    Ok((initiator, data))
}
