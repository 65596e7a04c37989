//! Tests of `keys`: what signatures and points are refused.

use proptest::prelude::*;
use x25519_dalek::x25519;

use super::{DhKey, SignKey, is_low_order, verify};
use crate::secret::Secret;
use crate::testing::{SeededRng, low_points, unhex};

/// The group order of Ed25519, little endian (RFC 8032 section 5.1).
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

#[test]
fn a_signature_is_of_its_key_label_and_message() {
    let key = SignKey::from_seed(&Secret::new([7; 32]));
    let signature = key.sign("device", &[b"one", b"two"]);
    assert!(verify(&key.public(), "device", &[b"onetwo"], &signature));
    assert!(!verify(&key.public(), "prekey", &[b"onetwo"], &signature));
    assert!(!verify(&key.public(), "device", &[b"onetwO"], &signature));
    let other = SignKey::from_seed(&Secret::new([8; 32]));
    assert!(!verify(&other.public(), "device", &[b"onetwo"], &signature));
}

#[test]
fn the_label_ends_with_a_zero_byte_so_that_it_cannot_flow_into_the_message() {
    let key = SignKey::from_seed(&Secret::new([7; 32]));
    let signature = key.sign("device", &[b"_set", b"x"]);
    assert!(!verify(&key.public(), "device_set", &[b"x"], &signature));
}

#[test]
fn every_changed_bit_of_a_signature_is_refused() {
    let key = SignKey::from_seed(&Secret::new([7; 32]));
    let good = key.sign("frame", &[b"message"]);
    for bit in 0..512 {
        let mut bad = good;
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(!verify(&key.public(), "frame", &[b"message"], &bad), "bit {bit}");
    }
}

#[test]
fn a_scalar_that_is_not_reduced_is_refused() {
    let key = SignKey::from_seed(&Secret::new([7; 32]));
    let mut signature = key.sign("frame", &[b"message"]);
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(unhex(ORDER)) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = (sum & 0xff) as u8;
        carry = sum >> 8;
    }
    assert_eq!(carry, 0, "s + L still fits");
    assert!(!verify(&key.public(), "frame", &[b"message"], &signature));
}

/// With the identity as key and as R, and 0 as scalar, a lax verifier accepts any message.
#[test]
fn a_key_of_small_order_signs_nothing() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&identity);
    assert!(!verify(&identity, "frame", &[b"message"], &signature));
}

#[test]
fn bytes_that_are_no_point_are_no_key() {
    let mut none = [0xff; 32];
    none[0] = 2;
    assert!(!verify(&none, "frame", &[b"message"], &[0; 64]));
}

#[test]
fn keys_come_back_from_what_is_stored() {
    let mut rng = SeededRng::new(3);
    let (sign, dh) = (SignKey::generate(&mut rng), DhKey::generate(&mut rng));
    assert_eq!(SignKey::from_seed(&sign.seed()).public(), sign.public());
    assert_eq!(DhKey::from_secret(&dh.secret()).public(), dh.public());
    assert_eq!(sign.account().0, sign.public());
    assert_eq!(sign.device().0, sign.public());
}

#[test]
fn keys_print_nothing() {
    let mut rng = SeededRng::new(3);
    assert_eq!(format!("{:?}", SignKey::generate(&mut rng)), "SignKey(..)");
    assert_eq!(format!("{:?}", DhKey::generate(&mut rng)), "DhKey(..)");
}

/// RFC 7748 section 6.1.
#[test]
fn public_keys_are_those_of_rfc_7748() {
    let secret = unhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    let key = DhKey::from_secret(&Secret::new(secret.try_into().expect("32 bytes")));
    assert_eq!(key.public().to_vec(), unhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"));
}

#[test]
fn low_points_are_refused_whatever_the_top_bit() {
    let points = low_points();
    assert_eq!(points.len(), 14);
    for point in points {
        assert!(is_low_order(&point), "{point:02x?}");
    }
}

/// The list holds what it says: each point gives the all-zero secret.
#[test]
fn low_points_give_a_secret_that_anybody_knows() {
    for point in low_points() {
        assert_eq!(x25519([0x42; 32], point), [0; 32], "{point:02x?}");
    }
}

#[test]
fn neighbours_of_low_points_are_no_low_points() {
    for (first, last) in [(2, 0), (0xeb, 0x7f), (0xef, 0x7f)] {
        let mut point = if last == 0 { [0; 32] } else { [0xff; 32] };
        point[0] = first;
        point[31] = last;
        assert!(!is_low_order(&point), "{point:02x?}");
    }
}

proptest! {
    #[test]
    fn public_keys_are_never_of_low_order(secret in any::<[u8; 32]>()) {
        prop_assert!(!is_low_order(&DhKey::from_secret(&Secret::new(secret)).public()));
    }
}
