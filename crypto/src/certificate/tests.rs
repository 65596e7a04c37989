//! Tests of `certificate`.

use super::Certificate;
use crate::check::Check;
use crate::testing::{CERTIFIED_UNTIL_S, Person, low_points};

#[test]
fn what_we_make_passes_and_says_what_we_said() {
    let person = Person::new(1);
    let checked = Certificate::check(person.certificate.bytes(), 1).expect("good");
    assert_eq!(checked, person.certificate);
    assert_eq!(checked.account(), person.account.account());
    assert_eq!(checked.device(), person.device.device());
    assert_eq!(checked.dk(), &person.dk.public());
    assert_eq!(checked.not_after_s(), CERTIFIED_UNTIL_S);
    assert_eq!(Certificate::claimed_dk(checked.bytes()), person.dk.public());
}

#[test]
fn it_holds_to_its_last_second() {
    let bytes = *Person::new(1).certificate.bytes();
    assert!(Certificate::check(&bytes, CERTIFIED_UNTIL_S - 1).is_ok());
    assert!(Certificate::check(&bytes, CERTIFIED_UNTIL_S).is_ok());
    assert_eq!(Certificate::check(&bytes, CERTIFIED_UNTIL_S + 1), Err(Check::CERTIFICATE_ENDED));
}

#[test]
fn every_changed_bit_is_refused() {
    let good = *Person::new(1).certificate.bytes();
    for bit in 0..good.len() * 8 {
        let mut bad = good;
        bad[bit / 8] ^= 0x80 >> (bit % 8);
        assert_eq!(Certificate::check(&bad, 1), Err(Check::CERTIFICATE_SIGNATURE), "bit {bit}");
    }
}

#[test]
fn a_low_static_key_is_refused_first_whoever_signed_it() {
    let person = Person::new(1);
    for dk in low_points() {
        let signed = Certificate::make(&person.account, person.device.device(), dk, 10);
        assert_eq!(Certificate::check(signed.bytes(), 11), Err(Check::LOW_STATIC), "{dk:02x?}");
    }
}

#[test]
fn the_end_is_looked_at_before_the_signature() {
    let mut bytes = *Person::new(1).certificate.bytes();
    bytes[167] ^= 1;
    assert_eq!(Certificate::check(&bytes, CERTIFIED_UNTIL_S + 1), Err(Check::CERTIFICATE_ENDED));
    assert_eq!(Certificate::check(&bytes, CERTIFIED_UNTIL_S), Err(Check::CERTIFICATE_SIGNATURE));
}

#[test]
fn another_account_cannot_claim_the_device() {
    let (person, thief) = (Person::new(1), Person::new(2));
    let mut bytes = *person.certificate.bytes();
    bytes[..32].copy_from_slice(&thief.account.public());
    assert_eq!(Certificate::check(&bytes, 1), Err(Check::CERTIFICATE_SIGNATURE));
}

#[test]
fn signatures_of_other_kinds_do_not_count() {
    let person = Person::new(1);
    let mut bytes = *person.certificate.bytes();
    let signature = person.account.sign("prekey", &[&bytes[..104]]);
    bytes[104..].copy_from_slice(&signature);
    assert_eq!(Certificate::check(&bytes, 1), Err(Check::CERTIFICATE_SIGNATURE));
}
