//! SHA-256, HMAC, HKDF (RFC 5869) and base32 as docs/wire.md names them: H, HMAC, Ext, KDF, L, b32.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What every label of this protocol starts with; the version keeps ahoy/2 apart.
pub const LABEL_PREFIX: &[u8] = b"ahoy/1/";

/// Bytes of HMAC-SHA256's block: keys are filled up to it with zeros (RFC 2104).
const BLOCK: usize = 64;

/// H: SHA-256 over the parts, joined.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// H(L(label) ‖ 00 ‖ parts): the labelled hashes (commitment, view).
#[must_use]
pub fn labelled_hash(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(LABEL_PREFIX);
    hash.update(label.as_bytes());
    hash.update([0]);
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// HMAC-SHA256 over the parts, joined.
#[must_use]
pub fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut block = Zeroizing::new([0u8; BLOCK]);
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&sha256(&[key]));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let mut mac = <Hmac<Sha256> as KeyInit>::new((&*block).into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The outer MAC of envelopes and answers: the first 8 bytes of HMAC(hint key, parts).
#[must_use]
pub fn hint(hint_key: &[u8; 32], parts: &[&[u8]]) -> [u8; 8] {
    let mac = hmac(hint_key, parts);
    let mut short = [0; 8];
    short.copy_from_slice(&mac[..8]);
    short
}

/// Compares in constant time; lengths are no secret.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// A pseudorandom key out of [`Prk::extract`], erased when dropped.
#[derive(Clone)]
pub struct Prk(Zeroizing<[u8; 32]>);

impl Prk {
    /// Ext(L(label) ‖ salt, ikm): HKDF-Extract. `salt` carries its own separating zero byte where
    /// docs/wire.md writes one.
    #[must_use]
    pub fn extract(label: &str, salt: &[&[u8]], ikm: &[u8]) -> Self {
        let mut joined = Vec::with_capacity(BLOCK);
        joined.extend_from_slice(LABEL_PREFIX);
        joined.extend_from_slice(label.as_bytes());
        for part in salt {
            joined.extend_from_slice(part);
        }
        Self::extract_with(&joined, ikm)
    }

    /// HKDF-Extract with a whole salt, label and all.
    pub(crate) fn extract_with(salt: &[u8], ikm: &[u8]) -> Self {
        Self(Zeroizing::new(hmac(salt, &[ikm])))
    }

    /// KDF(prk, label, ctx, N) = HKDF-Expand with info L(label) ‖ 00 ‖ ctx. Written out because N is
    /// known when compiled, so that nothing can fail; tests hold it against RFC 5869 and `hkdf`.
    #[must_use]
    pub fn expand<const N: usize>(&self, label: &str, ctx: &[&[u8]]) -> [u8; N] {
        const { assert!(N <= 255 * 32, "HKDF gives at most 255 blocks") };
        let mut out = [0u8; N];
        let mut info: Vec<&[u8]> = vec![LABEL_PREFIX, label.as_bytes(), &[0]];
        info.extend_from_slice(ctx);
        self.fill(&info, &mut out);
        out
    }

    /// HKDF-Expand of at most 255 blocks; the parts of `info` are joined.
    pub(crate) fn fill(&self, info: &[&[u8]], out: &mut [u8]) {
        let mut previous = Zeroizing::new([0u8; 32]);
        for (number, chunk) in (1u8..=u8::MAX).zip(out.chunks_mut(32)) {
            let before: &[u8] = if number == 1 { &[] } else { &*previous };
            let mut parts: Vec<&[u8]> = vec![before];
            parts.extend_from_slice(info);
            let counter = [number];
            parts.push(&counter);
            let block = Zeroizing::new(hmac(&*self.0, &parts));
            chunk.copy_from_slice(&block[..chunk.len()]);
            previous = block;
        }
    }

    /// The key itself: only known-answer tests need it.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Prk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Prk(..)")
    }
}

/// b32: RFC 4648 base32 in lower case without padding; 20 bytes give the 32 letters of a topic.
#[must_use]
pub fn b32(bytes: &[u8; 20]) -> [u8; 32] {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut out = [0u8; 32];
    for (group, letters) in bytes.chunks_exact(5).zip(out.chunks_exact_mut(8)) {
        let bits = group.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        for (place, letter) in letters.iter_mut().enumerate() {
            *letter = LETTERS[(bits >> (35 - 5 * place) & 31) as usize];
        }
    }
    out
}

#[cfg(test)]
mod tests;
