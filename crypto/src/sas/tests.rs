//! Tests of `sas`.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{commitment, safety_number, short_string};
use crate::hash::sha256;
use crate::ids::AccountId;

#[test]
fn a_commitment_is_the_labelled_hash_of_the_nonce() {
    let nonce = [4; 32];
    assert_eq!(commitment(&nonce), sha256(&[b"ahoy/1/sas_commit\0", &nonce]));
    assert_ne!(commitment(&nonce), commitment(&[5; 32]));
}

#[test]
fn every_input_changes_the_string() {
    let (h, a, b) = ([1; 32], [2; 32], [3; 32]);
    let strings = [
        short_string(&h, &a, &b),
        short_string(&[9; 32], &a, &b),
        short_string(&h, &[9; 32], &b),
        short_string(&h, &a, &[9; 32]),
        short_string(&h, &b, &a),
    ];
    assert_eq!(strings.iter().collect::<BTreeSet<_>>().len(), strings.len());
}

#[test]
fn letters_are_spread_over_the_whole_alphabet() {
    let mut seen = BTreeSet::new();
    for number in 0..64u8 {
        seen.extend(short_string(&[number; 32], &[0; 32], &[1; 32]).bytes());
    }
    let all: BTreeSet<u8> = b"0123456789abcdefghjkmnpqrstvwxyz".iter().copied().collect();
    assert_eq!(seen, all);
}

#[test]
fn two_people_see_the_same_safety_number() {
    let (a, b) = (AccountId([1; 32]), AccountId([2; 32]));
    assert_eq!(safety_number(a, b), safety_number(b, a));
    assert_ne!(safety_number(a, b), safety_number(a, AccountId([3; 32])));
}

proptest! {
    #[test]
    fn a_short_string_is_six_letters(h in any::<[u8; 32]>(), a in any::<[u8; 32]>(), b in any::<[u8; 32]>()) {
        let string = short_string(&h, &a, &b);
        prop_assert_eq!(string.len(), 6);
        prop_assert!(string.chars().all(|letter| "0123456789abcdefghjkmnpqrstvwxyz".contains(letter)));
    }

    #[test]
    fn a_safety_number_is_12_groups_of_5_digits(a in any::<[u8; 32]>(), b in any::<[u8; 32]>()) {
        let number = safety_number(AccountId(a), AccountId(b));
        let groups: Vec<&str> = number.split(' ').collect();
        prop_assert_eq!(groups.len(), 12);
        prop_assert!(groups.iter().all(|group| group.len() == 5 && group.bytes().all(|digit| digit.is_ascii_digit())));
    }
}
