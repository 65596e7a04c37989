//! Tests of `hash`: published answers, and agreement with independent crates.

use data_encoding::BASE32_NOPAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha2::Sha256;

use super::{Prk, b32, hint, hmac, labelled_hash, same, sha256};
use crate::testing::unhex;

#[test]
fn sha256_gives_the_answers_of_fips_180() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(sha256(&[]).to_vec(), unhex(empty));
    assert_eq!(sha256(&[b"abc"]).to_vec(), unhex(abc));
}

#[test]
fn parts_are_joined() {
    assert_eq!(sha256(&[b"a", b"", b"bc"]), sha256(&[b"abc"]));
    assert_eq!(hmac(b"key", &[b"a", b"bc"]), hmac(b"key", &[b"abc"]));
    assert_eq!(labelled_hash("view", &[b"a", b"bc"]), sha256(&[b"ahoy/1/view\0abc"]));
}

/// RFC 4231, test cases 1, 2 and 6 (a key longer than the block).
#[test]
fn hmac_gives_the_answers_of_rfc_4231() {
    let cases: [(&[u8], &[u8], &str); 3] = [
        (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ];
    for (key, message, answer) in cases {
        assert_eq!(hmac(key, &[message]).to_vec(), unhex(answer));
    }
}

#[test]
fn a_hint_is_the_front_of_the_mac() {
    let whole = hmac(&[3; 32], &[b"envelope"]);
    assert_eq!(hint(&[3; 32], &[b"env", b"elope"])[..], whole[..8]);
}

#[test]
fn comparison_sees_every_bit_and_the_length() {
    let secret = [5u8; 16];
    assert!(same(&secret, &[5; 16]));
    assert!(!same(&secret, &[5; 15]));
    for bit in 0..128 {
        let mut other = secret;
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(!same(&secret, &other), "bit {bit}");
    }
}

#[test]
fn labels_salts_and_contexts_give_different_keys() {
    let prk = Prk::extract("call", &[&[0], b"id"], &[1; 32]);
    let others = [
        Prk::extract("epoch", &[&[0], b"id"], &[1; 32]),
        Prk::extract("call", &[&[0], b"ie"], &[1; 32]),
        Prk::extract("call", &[&[0], b"id"], &[2; 32]),
    ];
    for other in &others {
        assert_ne!(prk.expose(), other.expose());
    }
    let key: [u8; 32] = prk.expand("slot", &[b"x"]);
    assert_ne!(key, prk.expand("mailbox", &[b"x"]));
    assert_ne!(key, prk.expand("slot", &[b"y"]));
    assert_ne!(key, prk.expand("slot", &[b"", b""]));
}

#[test]
fn a_prk_prints_nothing() {
    assert_eq!(format!("{:?}", Prk::extract("call", &[], &[1; 32])), "Prk(..)");
}

fn expand_as_hkdf(prk: &Prk, label: &str, ctx: &[u8], out: &mut [u8]) {
    let info = [b"ahoy/1/", label.as_bytes(), &[0], ctx].concat();
    Hkdf::<Sha256>::from_prk(prk.expose()).expect("32 bytes").expand(&info, out).expect("a short output");
}

proptest! {
    #[test]
    fn hmac_agrees_with_its_crate(key in prop::collection::vec(any::<u8>(), 0..200), message in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut oracle = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
        oracle.update(&message);
        let oracle: [u8; 32] = oracle.finalize().into_bytes().into();
        prop_assert_eq!(hmac(&key, &[&message]), oracle);
    }

    #[test]
    fn extract_agrees_with_hkdf(salt in prop::collection::vec(any::<u8>(), 0..100), ikm in any::<[u8; 32]>()) {
        let whole = [b"ahoy/1/inbox", salt.as_slice()].concat();
        let (oracle, _) = Hkdf::<Sha256>::extract(Some(&whole), &ikm);
        let ours = Prk::extract("inbox", &[&salt], &ikm);
        prop_assert_eq!(&ours.expose()[..], &oracle[..]);
    }

    #[test]
    fn expand_agrees_with_hkdf(ikm in any::<[u8; 32]>(), ctx in prop::collection::vec(any::<u8>(), 0..64)) {
        let prk = Prk::extract("inbox", &[], &ikm);
        let (mut short, mut block, mut long) = ([0; 4], [0; 32], [0; 100]);
        expand_as_hkdf(&prk, "phase", &ctx, &mut short);
        expand_as_hkdf(&prk, "hint", &ctx, &mut block);
        expand_as_hkdf(&prk, "number", &ctx, &mut long);
        prop_assert_eq!(prk.expand::<4>("phase", &[&ctx]), short);
        prop_assert_eq!(prk.expand::<32>("hint", &[&ctx]), block);
        prop_assert_eq!(prk.expand::<100>("number", &[&ctx]), long);
    }

    #[test]
    fn base32_agrees_with_its_crate(bytes in any::<[u8; 20]>()) {
        let oracle = BASE32_NOPAD.encode(&bytes).to_lowercase();
        let letters = b32(&bytes);
        prop_assert_eq!(letters.as_slice(), oracle.as_bytes());
    }
}
