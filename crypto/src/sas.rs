//! What two people read to each other: the short authentication string of a call and the safety
//! number of two accounts.

use crate::hash::{Prk, labelled_hash};
use crate::ids::AccountId;

/// Letters of the string: no i, l, o, u, which are misread or misheard.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What an offer commits to, so that nobody can choose its nonce after seeing the other's.
#[must_use]
pub fn commitment(nonce_a: &[u8; 32]) -> [u8; 32] {
    labelled_hash("sas_commit", &[nonce_a])
}

/// Six letters out of the handshake's hash (after message 2) and both nonces: 30 bits, against one
/// guess in the middle.
#[must_use]
pub fn short_string(handshake_hash: &[u8; 32], nonce_a: &[u8; 32], nonce_b: &[u8; 32]) -> String {
    let prk = Prk::extract("sas", &[], handshake_hash);
    let value = u32::from_be_bytes(prk.expand("sas", &[nonce_a, nonce_b])) >> 2;
    (0..6).map(|place| char::from(LETTERS[(value >> (25 - 5 * place) & 31) as usize])).collect()
}

/// 12 groups of 5 digits for two accounts, the same whichever comes first.
#[must_use]
pub fn safety_number(a: AccountId, b: AccountId) -> String {
    let mut both = [0; 64];
    both[..32].copy_from_slice(&a.min(b).0);
    both[32..].copy_from_slice(&a.max(b).0);
    let bytes: [u8; 60] = Prk::extract("safety", &[], &both).expand("number", &[]);
    let groups: Vec<String> = bytes
        .chunks_exact(5)
        .map(|group| group.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte)) % 100_000)
        .map(|number| format!("{number:05}"))
        .collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests;
