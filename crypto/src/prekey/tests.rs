//! Tests of `prekey`: record, request and answer.

use super::{Asked, PrekeyRecord, PrekeyTerms, answer, check_answer, check_request, request};
use crate::check::Check;
use crate::device_set::DeviceSet;
use crate::ids::DeviceId;
use crate::limits::{CLOCK_SKEW_S, RECORD_LIFE_S};
use crate::testing::{CERTIFIED_UNTIL_S, Person, low_points};

const FROM_S: u64 = 1_000_000;

fn terms(person: &Person) -> PrekeyTerms {
    PrekeyTerms {
        spk_id: [1, 2, 3, 4],
        spk: person.spk.public(),
        not_before_s: FROM_S,
        not_after_s: FROM_S + RECORD_LIFE_S,
        revision: 7,
        features: 0,
    }
}

fn record(person: &Person) -> PrekeyRecord {
    PrekeyRecord::make(&person.device, &person.certificate, terms(person))
}

fn check(bytes: &[u8]) -> Result<PrekeyRecord, Check> {
    PrekeyRecord::check(bytes, FROM_S, None, None)
}

fn check_terms(change: impl FnOnce(&mut PrekeyTerms), now_s: u64) -> Result<(), Check> {
    let person = Person::new(1);
    let mut terms = terms(&person);
    change(&mut terms);
    let made = PrekeyRecord::make(&person.device, &person.certificate, terms);
    PrekeyRecord::check(made.bytes(), now_s, None, None).map(|_| ())
}

#[test]
fn what_we_make_passes_and_says_what_we_said() {
    let person = Person::new(1);
    let made = record(&person);
    let checked = PrekeyRecord::check(made.bytes(), FROM_S, Some(person.device.device()), None).expect("good");
    assert_eq!(checked, made);
    assert_eq!(checked.terms(), &terms(&person));
    assert_eq!(checked.certificate(), &person.certificate);
}

#[test]
fn every_length_but_293_is_refused() {
    let bytes = record(&Person::new(1)).bytes().to_vec();
    for length in 0..bytes.len() {
        assert_eq!(check(&bytes[..length]), Err(Check::RECORD_LENGTH), "{length} bytes");
    }
    assert_eq!(check(&[bytes, vec![0]].concat()), Err(Check::RECORD_LENGTH));
}

#[test]
fn every_changed_byte_is_refused() {
    let good = *record(&Person::new(1)).bytes();
    for place in 0..good.len() {
        let mut bad = good;
        bad[place] ^= 0x10;
        assert!(check(&bad).is_err(), "byte {place}");
    }
}

#[test]
fn the_version_is_looked_at_first() {
    let mut bytes = *record(&Person::new(1)).bytes();
    bytes[0] = 2;
    bytes[50] ^= 1;
    assert_eq!(check(&bytes), Err(Check::RECORD_VERSION));
}

#[test]
fn another_device_than_the_one_asked_is_refused() {
    let person = Person::new(1);
    let made = record(&person);
    let asked = |device| PrekeyRecord::check(made.bytes(), FROM_S, Some(device), None).map(|_| ());
    assert_eq!(asked(person.device.device()), Ok(()));
    assert_eq!(asked(Person::new(2).device.device()), Err(Check::RECORD_DEVICE));
}

#[test]
fn a_low_prekey_is_refused() {
    for point in low_points() {
        assert_eq!(check_terms(|terms| terms.spk = point, FROM_S), Err(Check::LOW_PREKEY), "{point:02x?}");
    }
}

#[test]
fn a_life_is_longer_than_nothing_and_at_most_72_hours() {
    let life = |seconds: u64| check_terms(|terms| terms.not_after_s = FROM_S + seconds, FROM_S);
    assert_eq!(life(0), Err(Check::RECORD_LIFE));
    assert_eq!(life(1), Ok(()));
    assert_eq!(life(RECORD_LIFE_S), Ok(()));
    assert_eq!(life(RECORD_LIFE_S + 1), Err(Check::RECORD_LIFE));
    assert_eq!(check_terms(|terms| terms.not_after_s = FROM_S - 1, FROM_S), Err(Check::RECORD_LIFE));
}

#[test]
fn it_is_in_force_from_ten_minutes_early_to_its_last_second() {
    let at = |now_s| check_terms(|_| {}, now_s);
    assert_eq!(at(FROM_S - CLOCK_SKEW_S - 1), Err(Check::RECORD_TIME));
    assert_eq!(at(FROM_S - CLOCK_SKEW_S), Ok(()));
    assert_eq!(at(FROM_S + RECORD_LIFE_S), Ok(()));
    assert_eq!(at(FROM_S + RECORD_LIFE_S + 1), Err(Check::RECORD_TIME));
    assert_eq!(check_terms(|terms| (terms.not_before_s, terms.not_after_s) = (5, 100), 0), Ok(()));
}

#[test]
fn only_newer_records_or_the_same_bytes_follow_a_stored_one() {
    let person = Person::new(1);
    let made = record(&person);
    let other =
        PrekeyRecord::make(&person.device, &person.certificate, PrekeyTerms { spk_id: [9; 4], ..terms(&person) });
    let follow = |stored| PrekeyRecord::check(made.bytes(), FROM_S, None, Some(stored)).map(|_| ());
    assert_eq!(follow((6, other.bytes().as_slice())), Ok(()));
    assert_eq!(follow((7, made.bytes().as_slice())), Ok(()));
    assert_eq!(follow((7, other.bytes().as_slice())), Err(Check::RECORD_REVISION));
    assert_eq!(follow((8, made.bytes().as_slice())), Err(Check::RECORD_REVISION));
}

#[test]
fn the_certificate_is_checked_after_the_revision_and_before_the_signature() {
    let person = Person::new(1);
    let mut broken = *record(&person).bytes();
    broken[292] ^= 1;
    broken[168] ^= 1;
    let old = |stored| PrekeyRecord::check(&broken, FROM_S, None, stored).map(|_| ());
    assert_eq!(old(Some((8, [].as_slice()))), Err(Check::RECORD_REVISION));
    assert_eq!(old(None), Err(Check::CERTIFICATE_SIGNATURE));
    broken[168] ^= 1;
    assert_eq!(check(&broken), Err(Check::RECORD_SIGNATURE));
}

#[test]
fn a_record_of_an_ended_certificate_is_refused() {
    let until = |terms: &mut PrekeyTerms| {
        terms.not_before_s = CERTIFIED_UNTIL_S - 10;
        terms.not_after_s = CERTIFIED_UNTIL_S + 10;
    };
    assert_eq!(check_terms(until, CERTIFIED_UNTIL_S), Ok(()));
    assert_eq!(check_terms(until, CERTIFIED_UNTIL_S + 1), Err(Check::CERTIFICATE_ENDED));
}

#[test]
fn the_account_cannot_sign_in_the_place_of_the_device() {
    let person = Person::new(1);
    let made = PrekeyRecord::make(&person.account, &person.certificate, terms(&person));
    assert_eq!(check(made.bytes()), Err(Check::RECORD_SIGNATURE));
}

#[test]
fn a_request_is_of_one_token_and_two_devices_in_their_roles() {
    let (a, b, c) = (DeviceId([1; 32]), DeviceId([2; 32]), DeviceId([3; 32]));
    let keys = [[10; 32], [11; 32]];
    let good = request(&keys[1], a, b);
    assert_eq!(good.len(), 33);
    assert_eq!(check_request(&good, &keys, a, b), Ok(1));
    for (requester, responder) in [(b, a), (a, c), (c, b)] {
        assert_eq!(check_request(&good, &keys, requester, responder), Err(Check::PREKEY_REQUEST));
    }
    assert_eq!(check_request(&good, &keys[..1], a, b), Err(Check::PREKEY_REQUEST));
    assert_eq!(check_request(&good, &[], a, b), Err(Check::PREKEY_REQUEST));
}

#[test]
fn a_request_that_is_cut_longer_or_changed_is_refused() {
    let (a, b, key) = (DeviceId([1; 32]), DeviceId([2; 32]), [10; 32]);
    let good = request(&key, a, b);
    for length in 0..33 {
        assert_eq!(check_request(&good[..length], &[key], a, b), Err(Check::PREKEY_REQUEST), "{length} bytes");
    }
    assert_eq!(check_request(&[good.as_slice(), &[0]].concat(), &[key], a, b), Err(Check::PREKEY_REQUEST));
    for place in 0..33 {
        let mut bad = good;
        bad[place] ^= 1;
        assert_eq!(check_request(&bad, &[key], a, b), Err(Check::PREKEY_REQUEST), "byte {place}");
    }
}

fn asked(person: &Person) -> Asked<'_> {
    Asked { account: person.account.account(), device: person.device.device(), record: None, set: None }
}

fn own_set(person: &Person, revision: u32) -> DeviceSet {
    DeviceSet::make(&person.account, revision, FROM_S + 5, &[person.device.device()]).expect("one device")
}

#[test]
fn an_answer_brings_record_and_set() {
    let person = Person::new(1);
    let bytes = answer(&record(&person), &own_set(&person, 1));
    assert_eq!(bytes[..2], [1, 178], "293 + 141 bytes follow");
    let got = check_answer(&bytes, FROM_S, asked(&person)).expect("good");
    assert_eq!((got.record, got.set), (record(&person), own_set(&person, 1)));
}

#[test]
fn an_answer_of_another_length_is_refused() {
    let person = Person::new(1);
    let bytes = answer(&record(&person), &own_set(&person, 1));
    for length in 0..bytes.len() {
        let refused = check_answer(&bytes[..length], FROM_S, asked(&person));
        assert_eq!(refused, Err(Check::RECORD_LENGTH), "{length} bytes");
    }
    let longer = [bytes, vec![0]].concat();
    assert_eq!(check_answer(&longer, FROM_S, asked(&person)), Err(Check::RECORD_LENGTH));
    assert_eq!(check_answer(&[0, 0], FROM_S, asked(&person)), Err(Check::RECORD_LENGTH));
}

#[test]
fn record_and_set_must_be_of_the_account_and_device_asked() {
    let (person, other) = (Person::new(1), Person::new(2));
    let bytes = answer(&record(&person), &own_set(&person, 1));
    let of_device = Asked { device: other.device.device(), ..asked(&person) };
    assert_eq!(check_answer(&bytes, FROM_S, of_device), Err(Check::RECORD_DEVICE));
    let of_account = Asked { account: other.account.account(), ..asked(&person) };
    assert_eq!(check_answer(&bytes, FROM_S, of_account), Err(Check::SET_SIGNATURE));
    // The set is the expected account's; only the record's certificate is another's.
    let mixed = answer(&record(&person), &own_set(&other, 1));
    assert_eq!(check_answer(&mixed, FROM_S, of_account), Err(Check::SET_SIGNATURE));
}

#[test]
fn a_device_outside_the_set_of_its_answer_is_refused() {
    let person = Person::new(1);
    let set = DeviceSet::make(&person.account, 1, FROM_S + 5, &[DeviceId([9; 32])]).expect("one device");
    let bytes = answer(&record(&person), &set);
    assert_eq!(check_answer(&bytes, FROM_S, asked(&person)), Err(Check::NOT_IN_SET));
}

#[test]
fn older_records_and_sets_than_ours_are_refused() {
    let person = Person::new(1);
    let bytes = answer(&record(&person), &own_set(&person, 1));
    let newer = own_set(&person, 2);
    let with_set = Asked { set: Some(&newer), ..asked(&person) };
    assert_eq!(check_answer(&bytes, FROM_S, with_set), Err(Check::SET_REVISION));
    let with_record = Asked { record: Some((8, &[])), ..asked(&person) };
    assert_eq!(check_answer(&bytes, FROM_S, with_record), Err(Check::RECORD_REVISION));
    assert_eq!(check_answer(&bytes, FROM_S + 6, asked(&person)), Err(Check::SET_TIME));
}
