//! Noise_IK_25519_ChaChaPoly_SHA256 (Noise revision 34): offer = message 1, answer = message 2,
//! pair frames = transport messages with explicit nonces.
//!
//! The initiator's static key is its device's DK, the responder's the prekey SPK.

use std::sync::{Arc, OnceLock};

use rand_core::CryptoRng;
use snow::params::{CipherChoice, DHChoice, HashChoice, NoiseParams};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash, Random};
use snow::{Builder, HandshakeState, StatelessTransportState};
use zeroize::Zeroizing;

use crate::bytes::Fields;
use crate::check::Check;
use crate::hash::{LABEL_PREFIX, sha256};
use crate::ids::DeviceId;
use crate::keys::{DhKey, is_low_order};
use crate::limits::{COUNTER_END, MESSAGE_BYTES};
use crate::secret::Secret;

const SUITE: &str = "Noise_IK_25519_ChaChaPoly_SHA256";
/// Bytes that message 1 adds to its payload: e 32, enc(s) 48, tag 16.
pub const MESSAGE1_OVERHEAD: usize = 96;
/// Bytes that message 2 adds to its payload: e 32, tag 16.
pub const MESSAGE2_OVERHEAD: usize = 48;
/// Bytes of the authentication tag.
pub const TAG: usize = 16;

/// Why something of ours could not be sealed: a fault of this program or of a key it was given,
/// never of a peer's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Larger than any message of the protocol.
    #[error("the plaintext is too long for a message")]
    TooLong,
    /// A counter of 2^48 or more: end the call.
    #[error("the counter is used up")]
    Counter,
    /// Noise refused: a key of a wrong form.
    #[error("the handshake refused its keys")]
    Keys,
}

/// prologue (87 B) = L("inbox") ‖ 00 ‖ version ‖ type ‖ recipient device ‖ spk_id ‖ u32(stamp) ‖ H(topic):
/// binds the envelope to its recipient, prekey, day (0 on a mailbox) and topic.
#[must_use]
pub fn prologue(head: [u8; 2], recipient: DeviceId, spk_id: [u8; 4], stamp: u32, topic: &[u8; 32]) -> [u8; 87] {
    let mut joined = Vec::with_capacity(87);
    joined.extend_from_slice(LABEL_PREFIX);
    joined.extend_from_slice(b"inbox\0");
    joined.extend_from_slice(&head);
    joined.extend_from_slice(&recipient.0);
    joined.extend_from_slice(&spk_id);
    joined.extend_from_slice(&stamp.to_be_bytes());
    joined.extend_from_slice(&sha256(&[topic]));
    Fields::new(&joined).take()
}

/// Our ephemeral key, drawn from the caller's RNG when the message is written. Until then it is
/// empty, and snow gets an error instead of ambient randomness.
type Ephemeral = Arc<OnceLock<Zeroizing<[u8; 32]>>>;

struct Drawn(Ephemeral);

impl Random for Drawn {
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), snow::Error> {
        match self.0.get() {
            Some(key) if key.len() == out.len() => {
                out.copy_from_slice(&**key);
                Ok(())
            }
            Some(_) | None => Err(snow::Error::Rng),
        }
    }
}

/// snow's primitives, with our source of the ephemeral key.
#[derive(Default)]
pub(crate) struct Resolver(Ephemeral);

impl CryptoResolver for Resolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(Drawn(self.0.clone())))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        DefaultResolver.resolve_dh(choice)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}

fn builder<'a>(ephemeral: &Ephemeral, own: &'a DhKey, prologue: &'a [u8; 87]) -> Result<Builder<'a>, snow::Error> {
    let params: NoiseParams = SUITE.parse()?;
    Builder::with_resolver(params, Box::new(Resolver(ephemeral.clone())))
        .local_private_key(own.scalar())?
        .prologue(prologue)
}

fn hash_of(state: &HandshakeState) -> [u8; 32] {
    Fields::new(state.get_handshake_hash()).take()
}

/// An initiator that has written message 1 and waits for message 2.
pub struct Initiator {
    /// None once a good message 2 has been read.
    state: Option<Box<HandshakeState>>,
    h1: [u8; 32],
}

impl Initiator {
    /// Writes message 1 to the responder's prekey, which the record's check has found good.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn start(
        dk: &DhKey,
        spk: &[u8; 32],
        prologue: &[u8; 87],
        payload: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(Self, Vec<u8>), SealError> {
        Self::start_with(dk, spk, prologue, payload, &Secret::random(rng))
    }

    /// As [`Initiator::start`] with a given ephemeral key: for known-answer tests. A key used twice
    /// gives its messages away.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn start_with(
        dk: &DhKey,
        spk: &[u8; 32],
        prologue: &[u8; 87],
        payload: &[u8],
        ephemeral: &Secret,
    ) -> Result<(Self, Vec<u8>), SealError> {
        if payload.len() + MESSAGE1_OVERHEAD > MESSAGE_BYTES {
            return Err(SealError::TooLong);
        }
        let drawn: Ephemeral = Arc::new(OnceLock::from(Zeroizing::new(*ephemeral.expose())));
        let mut state = builder(&drawn, dk, prologue)
            .and_then(|builder| builder.remote_public_key(spk)?.build_initiator())
            .map_err(|_| SealError::Keys)?;
        let mut message = vec![0; payload.len() + MESSAGE1_OVERHEAD];
        state.write_message(payload, &mut message).map_err(|_| SealError::Keys)?;
        let h1 = hash_of(&state);
        Ok((Self { state: Some(Box::new(state)), h1 }, message))
    }

    /// Noise hash after message 1: the pair tag derives from it.
    #[must_use]
    pub fn h1(&self) -> &[u8; 32] {
        &self.h1
    }

    /// Reads message 2. A bad one leaves the initiator as it was, so that a forger can't use it up.
    ///
    /// # Errors
    /// [`Check::LOW_EPHEMERAL`], [`Check::NOISE`]; [`Check::PAIR_TAG`] after a good one: nothing waits any more.
    pub fn finish(&mut self, message2: &[u8]) -> Result<(Channel, Vec<u8>), Check> {
        let state = Check::PAIR_TAG.require(self.state.as_mut())?;
        let payload = read(state, message2, MESSAGE2_OVERHEAD)?;
        let state = Check::PAIR_TAG.require(self.state.take())?;
        let channel = Check::NOISE.require(Channel::new(*state).ok())?;
        Ok((channel, payload))
    }
}

/// 009, then 010.
fn read(state: &mut HandshakeState, message: &[u8], overhead: usize) -> Result<Vec<u8>, Check> {
    Check::NOISE.refuse_if(message.len() < overhead || message.len() > MESSAGE_BYTES)?;
    Check::LOW_EPHEMERAL.refuse_if(is_low_order(&Fields::new(message).take()))?;
    let mut payload = vec![0; message.len()];
    let length = Check::NOISE.require(state.read_message(message, &mut payload).ok())?;
    payload.truncate(length);
    Ok(payload)
}

/// A responder that has read message 1 and may answer.
pub struct Responder {
    state: Box<HandshakeState>,
    ephemeral: Ephemeral,
    remote: [u8; 32],
    h1: [u8; 32],
    payload: Vec<u8>,
}

impl Responder {
    /// Reads message 1 with the prekey it names.
    ///
    /// # Errors
    /// [`Check::LOW_EPHEMERAL`], [`Check::NOISE`].
    pub fn open(spk: &DhKey, prologue: &[u8; 87], message1: &[u8]) -> Result<Self, Check> {
        let ephemeral = Ephemeral::default();
        let state = builder(&ephemeral, spk, prologue).and_then(Builder::build_responder);
        let mut state = Check::NOISE.require(state.ok())?;
        let payload = read(&mut state, message1, MESSAGE1_OVERHEAD)?;
        let remote = Fields::new(Check::NOISE.require(state.get_remote_static())?).take();
        let h1 = hash_of(&state);
        Ok(Self { state: Box::new(state), ephemeral, remote, h1, payload })
    }

    /// The initiator's static key. It may be of low order: the certificate's check (012), which
    /// follows the comparison with it (011), looks.
    #[must_use]
    pub fn remote_static(&self) -> &[u8; 32] {
        &self.remote
    }

    /// Noise hash after message 1.
    #[must_use]
    pub fn h1(&self) -> &[u8; 32] {
        &self.h1
    }

    /// What message 1 carried.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Writes message 2.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn answer(self, payload: &[u8], rng: &mut dyn CryptoRng) -> Result<(Channel, Vec<u8>), SealError> {
        self.answer_with(payload, &Secret::random(rng))
    }

    /// As [`Responder::answer`] with a given ephemeral key: for known-answer tests.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn answer_with(mut self, payload: &[u8], ephemeral: &Secret) -> Result<(Channel, Vec<u8>), SealError> {
        if payload.len() + MESSAGE2_OVERHEAD > MESSAGE_BYTES {
            return Err(SealError::TooLong);
        }
        self.ephemeral.set(Zeroizing::new(*ephemeral.expose())).map_err(|_| SealError::Keys)?;
        let mut message = vec![0; payload.len() + MESSAGE2_OVERHEAD];
        self.state.write_message(payload, &mut message).map_err(|_| SealError::Keys)?;
        let channel = Channel::new(*self.state).map_err(|_| SealError::Keys)?;
        Ok((channel, message))
    }
}

/// Transport of a pair after the handshake. It keeps no nonce: the counter of the frame is the
/// nonce, so a failed read can't change anything.
pub struct Channel {
    state: StatelessTransportState,
    hash: [u8; 32],
}

impl Channel {
    fn new(state: HandshakeState) -> Result<Self, snow::Error> {
        let hash = hash_of(&state);
        Ok(Self { state: state.into_stateless_transport_mode()?, hash })
    }

    /// Noise hash after message 2: the short authentication string derives from it.
    #[must_use]
    pub fn handshake_hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// We wrote message 1.
    #[must_use]
    pub fn is_initiator(&self) -> bool {
        self.state.is_initiator()
    }

    /// Seals under a counter that is never used twice in this direction.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(&self, counter: u64, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        if counter >= COUNTER_END {
            return Err(SealError::Counter);
        }
        if plain.len() + TAG > MESSAGE_BYTES {
            return Err(SealError::TooLong);
        }
        let mut out = vec![0; plain.len() + TAG];
        self.state.write_message(counter, plain, &mut out).map_err(|_| SealError::Keys)?;
        Ok(out)
    }

    /// Opens what the other side sealed under this counter.
    ///
    /// # Errors
    /// [`Check::PAIR_COUNTER`], [`Check::PAIR_NOISE`].
    pub fn open(&self, counter: u64, sealed: &[u8]) -> Result<Vec<u8>, Check> {
        Check::PAIR_COUNTER.refuse_if(counter >= COUNTER_END)?;
        let length = Check::PAIR_NOISE.require(sealed.len().checked_sub(TAG))?;
        Check::PAIR_NOISE.refuse_if(sealed.len() > MESSAGE_BYTES)?;
        let mut out = vec![0; length];
        Check::PAIR_NOISE.require(self.state.read_message(counter, sealed, &mut out).ok())?;
        Ok(out)
    }
}

impl std::fmt::Debug for Initiator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Initiator(..)")
    }
}

impl std::fmt::Debug for Responder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Responder(..)")
    }
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Channel(..)")
    }
}

#[cfg(test)]
mod tests;
