//! Tests of `frame`.

use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use proptest::prelude::*;

use super::{FrameHead, HEAD_BYTES, frame_bytes, open, seal};
use crate::check::Check;
use crate::hash::sha256;
use crate::keys::SignKey;
use crate::limits::COUNTER_END;
use crate::noise::SealError;
use crate::secret::Secret;

const TOPIC: [u8; 32] = [b'a'; 32];
const HEAD: FrameHead = FrameHead { epoch: 3, slot: [4; 8], salt: [5; 16], counter: 6 };

fn key() -> Secret {
    Secret::new([7; 32])
}

fn sign() -> SignKey {
    SignKey::from_seed(&Secret::new([8; 32]))
}

fn sealed(kind: u8, body: &[u8], size: usize) -> Vec<u8> {
    seal(HEAD, (kind, body), (&key(), &sign()), &TOPIC, size).expect("sealed")
}

/// A frame with any plaintext, as a member that doesn't keep the rules would seal it.
fn sealed_raw(plain: &[u8]) -> Vec<u8> {
    let aad = [HEAD.bytes().as_slice(), &sha256(&[&TOPIC])].concat();
    let cipher = ChaCha20Poly1305::new((&[7; 32]).into());
    let body = cipher.encrypt(&HEAD.nonce(), Payload { msg: plain, aad: &aad }).expect("sealed");
    [HEAD.bytes().as_slice(), &body].concat()
}

#[test]
fn a_frame_opens_to_what_was_sealed_and_is_its_senders() {
    let frame = sealed(2, b"body", 256);
    assert_eq!(frame.len(), 256);
    let opened = open(&frame, &key(), &TOPIC).expect("opens");
    assert_eq!((opened.head(), opened.kind(), opened.body()), (HEAD, 2, b"body".as_slice()));
    assert_eq!(opened.verify(&sign().public()), Ok(()));
}

#[test]
fn another_member_is_not_the_sender() {
    let opened = open(&sealed(2, b"body", 256), &key(), &TOPIC).expect("opens");
    let other = SignKey::from_seed(&Secret::new([9; 32]));
    assert_eq!(opened.verify(&other.public()), Err(Check::FRAME_SIGNATURE));
}

#[test]
fn every_changed_byte_is_refused() {
    let frame = sealed(2, b"body", 256);
    for place in 0..frame.len() {
        let mut bad = frame.clone();
        bad[place] ^= 1;
        let expected = if place < 2 { Check::LENGTH } else { Check::FRAME_AEAD };
        assert_eq!(open(&bad, &key(), &TOPIC), Err(expected), "byte {place}");
    }
}

#[test]
fn a_frame_is_of_its_topic_and_key() {
    let frame = sealed(2, b"body", 256);
    assert_eq!(open(&frame, &key(), &[b'b'; 32]), Err(Check::FRAME_AEAD));
    assert_eq!(open(&frame, &Secret::new([9; 32]), &TOPIC), Err(Check::FRAME_AEAD));
}

#[test]
fn a_body_under_another_head_of_the_same_key_is_not_signed() {
    let signed = open(&sealed(2, b"body", 256), &key(), &TOPIC).expect("opens");
    let length = 4u16.to_be_bytes();
    let plain = [&[2], length.as_slice(), b"body", &signed.signature].concat();
    let other = FrameHead { counter: 7, ..HEAD };
    let aad = [other.bytes().as_slice(), &sha256(&[&TOPIC])].concat();
    let cipher = ChaCha20Poly1305::new((&[7; 32]).into());
    let body = cipher.encrypt(&other.nonce(), Payload { msg: &plain, aad: &aad }).expect("sealed");
    let moved = open(&[other.bytes().as_slice(), &body].concat(), &key(), &TOPIC).expect("opens");
    assert_eq!(moved.verify(&sign().public()), Err(Check::FRAME_SIGNATURE));
}

#[test]
fn kinds_outside_1_to_5_are_refused() {
    for kind in [0, 6, 255] {
        assert_eq!(open(&sealed(kind, b"", 256), &key(), &TOPIC), Err(Check::KIND));
    }
    for kind in 1..=5 {
        assert!(open(&sealed(kind, b"", 256), &key(), &TOPIC).is_ok());
    }
}

#[test]
fn lengths_beyond_the_plaintext_are_refused() {
    let mut plain = vec![0; 200];
    plain[0] = 1;
    plain[2] = 200 - 67;
    assert!(open(&sealed_raw(&plain), &key(), &TOPIC).is_ok(), "exactly to the end");
    for length in [200u16 - 66, 197, 198, u16::MAX] {
        plain[1..3].copy_from_slice(&length.to_be_bytes());
        assert_eq!(open(&sealed_raw(&plain), &key(), &TOPIC), Err(Check::BODY_LENGTH), "{length}");
    }
}

#[test]
fn padding_is_zeros() {
    for place in [67, 100, 199] {
        let mut plain = vec![0; 200];
        plain[0] = 1;
        plain[place] = 1;
        assert_eq!(open(&sealed_raw(&plain), &key(), &TOPIC), Err(Check::PADDING), "byte {place}");
    }
}

#[test]
fn what_is_too_short_for_a_frame_is_none() {
    let frame = sealed(1, b"", frame_bytes(0));
    assert!(open(&frame, &key(), &TOPIC).is_ok());
    for length in 0..frame.len() {
        assert_eq!(open(&frame[..length], &key(), &TOPIC), Err(Check::LENGTH), "{length} bytes");
    }
}

#[test]
fn a_body_that_does_not_fit_is_not_sealed() {
    let seal = |body: usize, size| seal(HEAD, (1, &vec![0; body]), (&key(), &sign()), &TOPIC, size).map(|_| ());
    assert_eq!(seal(256 - frame_bytes(0), 256), Ok(()));
    assert_eq!(seal(257 - frame_bytes(0), 256), Err(SealError::TooLong));
    assert_eq!(seal(0, HEAD_BYTES), Err(SealError::TooLong));
    assert_eq!(seal(0, 4097), Err(SealError::TooLong));
}

#[test]
fn counters_end_below_2_to_48() {
    let at = |counter| seal(FrameHead { counter, ..HEAD }, (1, b""), (&key(), &sign()), &TOPIC, 256).map(|_| ());
    assert_eq!(at(COUNTER_END - 1), Ok(()));
    assert_eq!(at(COUNTER_END), Err(SealError::Counter));
}

proptest! {
    #[test]
    fn heads_read_back(epoch in any::<u32>(), slot in any::<[u8; 8]>(), salt in any::<[u8; 16]>(), counter in 0u64..COUNTER_END) {
        let head = FrameHead { epoch, slot, salt, counter };
        let frame = seal(head, (1, b"x"), (&key(), &sign()), &TOPIC, 256).expect("sealed");
        prop_assert_eq!(FrameHead::read(&frame), Ok(head));
        prop_assert_eq!(open(&frame, &key(), &TOPIC).map(|opened| opened.head()), Ok(head));
    }

    #[test]
    fn junk_never_opens_and_never_panics(junk in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(open(&junk, &key(), &TOPIC).is_err());
        let headed = [[1, 0x41].as_slice(), &junk].concat();
        prop_assert!(open(&headed, &key(), &TOPIC).is_err());
    }
}
