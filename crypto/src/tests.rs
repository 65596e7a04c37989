//! Wycheproof (<https://github.com/C2SP/wycheproof>) against our own wrappers of every primitive: what it calls invalid
//! is refused, every X25519 key that gives a shared secret of zeros is refused, what it calls valid comes out right.
//!
//! The store seals with the same ChaCha20-Poly1305; XChaCha20 is used nowhere.
#![expect(clippy::print_stdout, reason = "the counts belong into the output")]

use chacha20poly1305::aead::Payload;
use snow::params::{CipherChoice, DHChoice};
use snow::resolvers::CryptoResolver;
use wycheproof::{TestResult, aead, eddsa, hkdf, mac, xdh};

use crate::hash::{Prk, hmac, same};
use crate::keys::{DhKey, is_low_order, verify_message};
use crate::noise::Resolver;
use crate::secret::Secret;
use crate::{Responder, frame};

/// How many cases were valid and came out right, and how many were invalid and refused.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    valid: usize,
    refused: usize,
}

impl Count {
    fn add(&mut self, valid: bool) {
        if valid { self.valid += 1 } else { self.refused += 1 }
    }

    fn print(&self, what: &str) {
        println!("{what}: {} valid, {} refused", self.valid, self.refused);
        assert!(self.valid > 0, "{what}: nothing was tried");
    }
}

fn key(bytes: &[u8]) -> [u8; 32] {
    bytes.try_into().expect("32 bytes")
}

/// The shared secret as a handshake of ours gets it.
fn shared(private: [u8; 32], public: &[u8]) -> Option<[u8; 32]> {
    let mut dh = Resolver::default().resolve_dh(&DHChoice::Curve25519)?;
    dh.set(&private);
    let mut out = [0; 32];
    dh.dh(public, &mut out).ok()?;
    Some(out)
}

#[test]
fn no_public_key_that_gives_zeros_passes_and_all_others_agree() {
    let set = xdh::TestSet::load(xdh::TestName::X25519).expect("the set");
    let mut count = Count::default();
    for case in set.test_groups.iter().flat_map(|group| &group.tests) {
        let (private, public) = (key(&case.private_key), key(&case.public_key));
        let zero = case.shared_secret.iter().all(|byte| *byte == 0);
        assert_eq!(is_low_order(&public), zero, "case {}", case.tc_id);
        if !zero {
            assert_eq!(shared(private, &public).map(Vec::from).as_deref(), Some(&case.shared_secret[..]));
            let own = DhKey::from_secret(&Secret::new(private));
            assert_eq!(own.secret().expose(), &private, "the scalar is kept as it is");
        }
        // As the ephemeral key of a message 1: refused before any key is derived.
        let message1 = [&public[..], &[0; 64]].concat();
        let check = Responder::open(&DhKey::from_secret(&Secret::new(private)), &[0; 87], &message1).expect_err("junk");
        assert_eq!(check == crate::Check::LOW_EPHEMERAL, zero, "case {}", case.tc_id);
        count.add(!zero);
    }
    count.print("x25519");
    assert!(count.refused > 0, "the set has keys that give zeros");
}

#[test]
fn signatures_are_judged_as_wycheproof_judges_them() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).expect("the set");
    let mut count = Count::default();
    for group in &set.test_groups {
        for case in &group.tests {
            // Another length than 64 bytes can't even be handed over.
            let accepted = <&[u8; 64]>::try_from(&case.sig[..])
                .is_ok_and(|signature| verify_message(&key(&group.key.pk), &case.msg, signature));
            assert_eq!(accepted, case.result == TestResult::Valid, "case {}: {}", case.tc_id, case.comment);
            count.add(accepted);
        }
    }
    count.print("ed25519");
    assert!(count.refused > 0);
}

#[test]
fn sealed_bytes_open_only_as_they_were_sealed() {
    let set = aead::TestSet::load(aead::TestName::ChaCha20Poly1305).expect("the set");
    let (mut count, mut noise) = (Count::default(), Count::default());
    for group in &set.test_groups {
        for case in &group.tests {
            let sealed = [&case.ct[..], &case.tag[..]].concat();
            // Another length than 12 bytes can't even be handed over.
            let opened = <[u8; 12]>::try_from(&case.nonce[..]).ok().and_then(|nonce| {
                let key = Secret::new(key(&case.key));
                frame::unseal(&key, &nonce.into(), Payload { msg: &sealed, aad: &case.aad })
            });
            let valid = case.result == TestResult::Valid;
            assert_eq!(opened.as_deref(), valid.then_some(&case.pt[..]), "case {}: {}", case.tc_id, case.comment);
            count.add(valid);
            // snow's nonces begin with four zeros; for those it must say the same.
            let Some(counter) = case.nonce.strip_prefix(&[0; 4]).and_then(|rest| rest.try_into().ok()) else {
                continue;
            };
            let mut cipher = Resolver::default().resolve_cipher(&CipherChoice::ChaChaPoly).expect("the cipher");
            cipher.set(&key(&case.key));
            let mut out = vec![0; sealed.len()];
            let length = cipher.decrypt(u64::from_le_bytes(counter), &case.aad, &sealed, &mut out);
            assert_eq!(length.is_ok(), valid, "case {}: {}", case.tc_id, case.comment);
            if let Ok(length) = length {
                assert_eq!(out[..length], case.pt[..], "case {}", case.tc_id);
            }
            noise.add(valid);
        }
    }
    count.print("chacha20-poly1305 of call frames");
    noise.print("chacha20-poly1305 of handshakes and pair frames");
    assert!(count.refused > 0);
}

#[test]
fn keys_are_derived_as_wycheproof_derives_them() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).expect("the set");
    let mut count = Count::default();
    for case in set.test_groups.iter().flat_map(|group| &group.tests) {
        if case.result == TestResult::Valid {
            let mut out = vec![0; case.size];
            Prk::extract_with(&case.salt, &case.ikm).fill(&[&case.info], &mut out);
            assert_eq!(out, case.okm[..], "case {}: {}", case.tc_id, case.comment);
        } else {
            // `Prk::expand` doesn't compile for such a length.
            assert!(case.size > 255 * 32, "case {}: {}", case.tc_id, case.comment);
        }
        count.add(case.result == TestResult::Valid);
    }
    count.print("hkdf-sha256");
}

#[test]
fn macs_are_judged_as_wycheproof_judges_them() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).expect("the set");
    let mut count = Count::default();
    for group in &set.test_groups {
        for case in &group.tests {
            let own = hmac(&case.key, &[&case.msg]);
            let accepted = own.get(..group.tag_size / 8).is_some_and(|own| same(own, &case.tag));
            assert_eq!(accepted, case.result == TestResult::Valid, "case {}: {}", case.tc_id, case.comment);
            count.add(accepted);
        }
    }
    count.print("hmac-sha256");
    assert!(count.refused > 0);
}
