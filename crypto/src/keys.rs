//! Private keys: Ed25519 for signatures, X25519 for handshakes; and the points we refuse.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use rand_core::CryptoRng;
use x25519_dalek::{PublicKey, StaticSecret};

use crate::hash::LABEL_PREFIX;
use crate::ids::{AccountId, DeviceId};
use crate::secret::Secret;

/// An Ed25519 private key: an account's, a device's, or the one a device signs its frames of one
/// call with. Erased when dropped.
#[derive(Clone)]
pub struct SignKey(SigningKey);

impl SignKey {
    /// Draws a new key.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        Self::from_seed(&Secret::random(rng))
    }

    /// Out of the stored seed (RFC 8032).
    #[must_use]
    pub fn from_seed(seed: &Secret) -> Self {
        Self(SigningKey::from_bytes(seed.expose()))
    }

    /// The seed, to store it.
    #[must_use]
    pub fn seed(&self) -> Secret {
        Secret::new(self.0.to_bytes())
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// The public key of an account's key.
    #[must_use]
    pub fn account(&self) -> AccountId {
        AccountId(self.public())
    }

    /// The public key of a device's key.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        DeviceId(self.public())
    }

    /// Sig(key, label, parts): over L(label) ‖ 00 ‖ the parts, joined.
    #[must_use]
    pub fn sign(&self, label: &str, parts: &[&[u8]]) -> [u8; 64] {
        self.0.sign(&labelled(label, parts)).to_bytes()
    }
}

impl std::fmt::Debug for SignKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignKey(..)")
    }
}

/// Whether `signature` is the key's over L(label) ‖ 00 ‖ parts. Strict: the scalar is reduced,
/// neither the key nor R is of small order, so that no signature has two forms and no key signs
/// everything.
#[must_use]
pub fn verify(key: &[u8; 32], label: &str, parts: &[&[u8]], signature: &[u8; 64]) -> bool {
    verify_message(key, &labelled(label, parts), signature)
}

/// The same over a whole message, label and all.
pub(crate) fn verify_message(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(key).is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
}

fn labelled(label: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut message = Vec::with_capacity(64 + parts.iter().map(|part| part.len()).sum::<usize>());
    message.extend_from_slice(LABEL_PREFIX);
    message.extend_from_slice(label.as_bytes());
    message.push(0);
    for part in parts {
        message.extend_from_slice(part);
    }
    message
}

/// An X25519 private key (RFC 7748): the device's static key or a prekey. Erased when dropped.
#[derive(Clone)]
pub struct DhKey(StaticSecret);

impl DhKey {
    /// Draws a new key.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        Self(StaticSecret::random_from_rng(rng))
    }

    /// Out of the stored scalar.
    #[must_use]
    pub fn from_secret(secret: &Secret) -> Self {
        Self(StaticSecret::from(*secret.expose()))
    }

    /// The scalar, to store it.
    #[must_use]
    pub fn secret(&self) -> Secret {
        Secret::new(self.0.to_bytes())
    }

    /// The scalar, for the handshake.
    pub(crate) fn scalar(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        PublicKey::from(&self.0).to_bytes()
    }
}

impl std::fmt::Debug for DhKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DhKey(..)")
    }
}

/// The encodings of X25519 points of low order, bit 255 cleared (RFC 7748 section 6.1 and
/// <https://cr.yp.to/ecdh.html#validate>): 0, 1, the two of order 8, p-1, p, p+1.
const LOW: [[u8; 32]; 7] = [
    [0; 32],
    first(1),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
        0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
        0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
    near_p(0xec),
    near_p(0xed),
    near_p(0xee),
];

const fn first(byte: u8) -> [u8; 32] {
    let mut point = [0; 32];
    point[0] = byte;
    point
}

const fn near_p(low_byte: u8) -> [u8; 32] {
    let mut point = [0xff; 32];
    point[0] = low_byte;
    point[31] = 0x7f;
    point
}

/// Whether an X25519 public key is of low order. snow and x25519-dalek take such keys and give a
/// shared secret that anybody knows, so whoever takes a key from outside looks here.
#[must_use]
pub fn is_low_order(key: &[u8; 32]) -> bool {
    let mut cleared = *key;
    cleared[31] &= 0x7f;
    LOW.contains(&cleared)
}

#[cfg(test)]
mod tests;
