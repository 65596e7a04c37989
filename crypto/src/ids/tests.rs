//! Tests of `ids`: the one text form of each id.

use bech32::{Bech32, Bech32m, Hrp};
use proptest::prelude::*;

use super::{AccountId, DeviceId};
use crate::check::Check;

fn text() -> String {
    AccountId([0x5a; 32]).text()
}

#[test]
fn an_account_is_63_letters_in_lower_case() {
    let text = text();
    assert_eq!(text.len(), 63);
    assert!(text.starts_with("ahoy1"));
    assert_eq!(text, text.to_lowercase());
}

#[test]
fn upper_case_is_read_and_mixed_case_is_not() {
    let upper = text().to_uppercase();
    assert_eq!(AccountId::parse(&upper), Ok(AccountId([0x5a; 32])));
    assert_eq!(AccountId::parse(&upper.replacen('A', "a", 1)), Err(Check::ACCOUNT_TEXT));
}

#[test]
fn every_changed_letter_is_noticed() {
    for (place, letter) in text().char_indices() {
        for other in "qpzry9x8gf2tvdw0s3jn54khce6mua7l1bio".chars().filter(|other| *other != letter) {
            let mut changed = text();
            changed.replace_range(place..=place, &other.to_string());
            assert_eq!(AccountId::parse(&changed), Err(Check::ACCOUNT_TEXT), "{changed}");
        }
    }
}

#[test]
fn other_lengths_prefixes_and_checksums_are_refused() {
    let key = [0x5a; 32];
    let of = |prefix| bech32::encode::<Bech32m>(Hrp::parse(prefix).expect("a prefix"), &key).expect("text");
    let old = bech32::encode::<Bech32>(Hrp::parse("ahoy").expect("a prefix"), &key).expect("text");
    let short = bech32::encode::<Bech32m>(Hrp::parse("ahoy").expect("a prefix"), &key[1..]).expect("text");
    let long = bech32::encode::<Bech32m>(Hrp::parse("ahoy").expect("a prefix"), &[0x5a; 33]).expect("text");
    for wrong in [of("ahoj"), of("aho"), of("ahoys"), old, short, long, String::new(), format!(" {}", text())] {
        assert_eq!(AccountId::parse(&wrong), Err(Check::ACCOUNT_TEXT), "{wrong}");
    }
}

#[test]
fn text_outside_ascii_is_refused_and_nothing_panics() {
    let wide = "ä".repeat(31) + "a";
    assert_eq!(wide.len(), 63);
    assert_eq!(AccountId::parse(&wide), Err(Check::ACCOUNT_TEXT));
}

#[test]
fn a_device_is_its_peer_id() {
    let device = DeviceId([0x5a; 32]);
    assert_eq!(device.peer_id()[..6], [0x00, 0x24, 0x08, 0x01, 0x12, 0x20]);
    assert_eq!(device.peer_id()[6..], [0x5a; 32]);
    assert!(device.text().starts_with("12D3KooW"));
}

#[test]
fn what_is_no_peer_id_of_an_ed25519_key_is_no_device() {
    let device = DeviceId([0x5a; 32]);
    let mut other_type = device.peer_id();
    other_type[3] = 2;
    assert_eq!(DeviceId::from_peer_id(&other_type), None);
    assert_eq!(DeviceId::from_peer_id(&device.peer_id()[..37]), None);
    assert_eq!(DeviceId::from_peer_id(&[device.peer_id().as_slice(), &[0]].concat()), None);
    for wrong in ["", "0", "12D3KooW", &"1".repeat(65), &device.text().replacen('K', "0", 1)] {
        assert_eq!(DeviceId::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn debug_shows_three_bytes_only() {
    let mut key = [0xcd; 32];
    key[2] = 0xab;
    assert_eq!(format!("{:?}", AccountId(key)), "account(cdcdab..)");
    assert_eq!(format!("{:?}", DeviceId(key)), "device(cdcdab..)");
}

proptest! {
    #[test]
    fn accounts_read_back(key in any::<[u8; 32]>()) {
        prop_assert_eq!(AccountId::parse(&AccountId(key).text()), Ok(AccountId(key)));
    }

    #[test]
    fn devices_read_back(key in any::<[u8; 32]>()) {
        let device = DeviceId(key);
        prop_assert_eq!(DeviceId::parse(&device.text()), Some(device));
        prop_assert_eq!(DeviceId::from_peer_id(&device.peer_id()), Some(device));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,80}") {
        prop_assert!(AccountId::parse(&text).is_err());
        prop_assert!(DeviceId::parse(&text).is_none());
    }
}
