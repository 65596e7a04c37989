//! Tests of `device_set`.

use super::{DeviceSet, Revision};
use crate::check::Check;
use crate::ids::DeviceId;
use crate::keys::SignKey;
use crate::limits::SET_AHEAD_S;
use crate::testing::Person;

const NOW_S: u64 = 1_000_000;
const UNTIL_S: u64 = NOW_S + 100;

fn devices(count: u8) -> Vec<DeviceId> {
    (1..=count).map(|number| DeviceId([number; 32])).collect()
}

fn set(account: &SignKey, revision: u32, count: u8) -> DeviceSet {
    DeviceSet::make(account, revision, UNTIL_S, &devices(count)).expect("1..8 devices")
}

fn check(bytes: &[u8]) -> Result<DeviceSet, Check> {
    DeviceSet::check(bytes, None, NOW_S, None)
}

/// A set whose layout is broken but whose signature is the account's.
fn signed(account: &SignKey, count: u8, devices: &[DeviceId]) -> Vec<u8> {
    let mut bytes = account.public().to_vec();
    bytes.extend_from_slice(&1u32.to_be_bytes());
    bytes.extend_from_slice(&UNTIL_S.to_be_bytes());
    bytes.push(count);
    bytes.extend(devices.iter().flat_map(|device| device.0));
    let signature = account.sign("device_set", &[&bytes]);
    bytes.extend_from_slice(&signature);
    bytes
}

#[test]
fn what_we_make_passes_and_says_what_we_said() {
    let person = Person::new(1);
    for count in 1..=8 {
        let made = set(&person.account, 3, count);
        assert_eq!(made.bytes().len(), 109 + 32 * usize::from(count));
        let checked = check(made.bytes()).expect("good");
        assert_eq!(checked, made);
        assert_eq!(checked.account(), person.account.account());
        assert_eq!((checked.revision(), checked.not_after_s()), (3, UNTIL_S));
        assert_eq!(checked.devices(), devices(count));
    }
}

#[test]
fn a_maker_sorts_and_drops_doubles() {
    let person = Person::new(1);
    let mut list = devices(3);
    list.reverse();
    list.push(list[0]);
    let made = DeviceSet::make(&person.account, 1, UNTIL_S, &list).expect("three devices");
    assert_eq!(made.devices(), devices(3));
}

#[test]
fn none_and_nine_devices_are_no_set() {
    let person = Person::new(1);
    for count in [0, 9] {
        assert_eq!(DeviceSet::make(&person.account, 1, UNTIL_S, &devices(count)), Err(Check::SET_SHAPE));
        assert_eq!(check(&signed(&person.account, count, &devices(count))), Err(Check::SET_SHAPE));
    }
}

#[test]
fn a_layout_that_is_not_canonical_is_refused_although_signed() {
    let person = Person::new(1);
    let (mut descending, twice) = (devices(2), [DeviceId([1; 32]); 2]);
    descending.reverse();
    assert!(check(&signed(&person.account, 2, &devices(2))).is_ok(), "the maker of broken sets makes good ones");
    assert_eq!(check(&signed(&person.account, 2, &descending)), Err(Check::SET_SHAPE));
    assert_eq!(check(&signed(&person.account, 2, &twice)), Err(Check::SET_SHAPE));
    assert_eq!(check(&signed(&person.account, 3, &devices(2))), Err(Check::SET_SHAPE));
    assert_eq!(check(&signed(&person.account, 1, &devices(2))), Err(Check::SET_SHAPE));
}

#[test]
fn every_length_but_the_right_one_is_refused() {
    let bytes = set(&Person::new(1).account, 1, 2).bytes().to_vec();
    for length in 0..bytes.len() {
        assert_eq!(check(&bytes[..length]), Err(Check::SET_SHAPE), "{length} bytes");
    }
    assert_eq!(check(&[bytes, vec![0]].concat()), Err(Check::SET_SHAPE));
}

#[test]
fn every_changed_byte_is_refused() {
    let good = set(&Person::new(1).account, 1, 2).bytes().to_vec();
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 0x10;
        assert!(check(&bad).is_err(), "byte {place}");
    }
}

#[test]
fn another_account_than_expected_is_refused() {
    let (person, other) = (Person::new(1), Person::new(2));
    let made = set(&person.account, 1, 1);
    let expect = |account| DeviceSet::check(made.bytes(), Some(account), NOW_S, None);
    assert!(expect(person.account.account()).is_ok());
    assert_eq!(expect(other.account.account()), Err(Check::SET_SIGNATURE));
}

#[test]
fn it_holds_to_its_last_second_and_not_too_far_ahead() {
    let person = Person::new(1);
    let until = |s| DeviceSet::make(&person.account, 1, s, &devices(1)).expect("one device");
    let at = |s: u64| DeviceSet::check(until(s).bytes(), None, NOW_S, None).map(|_| ());
    assert_eq!(at(NOW_S - 1), Err(Check::SET_TIME));
    assert_eq!(at(NOW_S), Ok(()));
    assert_eq!(at(NOW_S + SET_AHEAD_S), Ok(()));
    assert_eq!(at(NOW_S + SET_AHEAD_S + 1), Err(Check::SET_TIME));
    assert_eq!(at(u64::MAX), Err(Check::SET_TIME));
}

#[test]
fn only_newer_sets_or_the_same_bytes_follow_a_stored_one() {
    let person = Person::new(1);
    let stored = set(&person.account, 5, 2);
    let follow = |new: &DeviceSet| DeviceSet::check(new.bytes(), None, NOW_S, Some(&stored)).map(|_| ());
    assert_eq!(follow(&set(&person.account, 6, 1)), Ok(()));
    assert_eq!(follow(&stored), Ok(()));
    assert_eq!(follow(&set(&person.account, 5, 1)), Err(Check::SET_REVISION));
    assert_eq!(follow(&set(&person.account, 4, 2)), Err(Check::SET_REVISION));
}

#[test]
fn a_set_stands_to_the_stored_one_in_one_of_four_ways() {
    let person = Person::new(1);
    let stored = set(&person.account, 5, 2);
    assert_eq!(set(&person.account, 6, 2).against(&stored), Revision::Newer);
    assert_eq!(stored.against(&stored), Revision::Same);
    assert_eq!(set(&person.account, 4, 2).against(&stored), Revision::Older);
    assert_eq!(set(&person.account, 5, 3).against(&stored), Revision::Conflicting);
    let acceptable =
        [Revision::Newer, Revision::Same, Revision::Older, Revision::Conflicting].map(Revision::acceptable);
    assert_eq!(acceptable, [true, true, false, false]);
}

#[test]
fn what_was_stored_is_read_though_its_time_is_over() {
    let made = DeviceSet::make(&Person::new(1).account, 1, 5, &devices(1)).expect("one device");
    assert_eq!(check(made.bytes()), Err(Check::SET_TIME));
    assert_eq!(DeviceSet::from_store(made.bytes()), Ok(made.clone()));
    let mut bad = made.bytes().to_vec();
    bad[33] ^= 1;
    assert_eq!(DeviceSet::from_store(&bad), Err(Check::SET_SIGNATURE));
    assert_eq!(DeviceSet::from_store(&[]), Err(Check::SET_SHAPE));
}

#[test]
fn a_device_counts_while_the_newest_set_holds_it() {
    let newest = set(&Person::new(1).account, 1, 2);
    let (inside, outside) = (DeviceId([2; 32]), DeviceId([9; 32]));
    assert_eq!(DeviceSet::admit(Some(&newest), inside, UNTIL_S), Ok(()));
    assert_eq!(DeviceSet::admit(Some(&newest), outside, UNTIL_S), Err(Check::NOT_IN_SET));
    assert_eq!(DeviceSet::admit(Some(&newest), inside, UNTIL_S + 1), Err(Check::NOT_IN_SET));
    assert_eq!(DeviceSet::admit(None, outside, UNTIL_S), Ok(()));
}
