//! The account over time, and rows that come back as they went.

use std::collections::BTreeMap;

use ahoy_crypto::keys::SignKey;
use ahoy_crypto::prekey::{PrekeyRecord, PrekeyTerms};
use ahoy_crypto::{DeviceSet, Secret};

use super::*;
use crate::ids::DeviceId;
use crate::testing::rng;

const NOW_S: u64 = 1_800_000_000;
const HOUR_S: u64 = 3600;

fn own() -> Own {
    Own::make(Some("Ada".into()), NOW_S, &mut rng("own")).unwrap()
}

fn contact(account: u8, name: &str, devices: &[u8]) -> Contact {
    let key = SignKey::from_seed(&Secret::new([account; 32]));
    let set: Vec<_> = devices.iter().map(|device| DeviceId([*device; 32])).collect();
    let facts = DeviceFacts {
        record: Some(vec![1, 2, 3]),
        revision: 7,
        sent_ms: 9,
        addresses: vec![vec![4, 127, 0, 0, 1, 6, 1, 2]],
        told: Some([3; 32]),
        knows_set: 4,
    };
    Contact {
        account: key.account(),
        name: name.into(),
        card_token: Secret::new([account; 32]),
        contact_token: None,
        device_set: DeviceSet::make(&key, 3, NOW_S, &set).ok(),
        policy: Policy::default(),
        devices: devices.iter().map(|device| (DeviceId([*device; 32]), facts.clone())).collect(),
        requested: Some(Some("it is me".into())),
        favourite: true,
    }
}

#[test]
fn an_account_comes_back_from_its_row() {
    let mut own = own();
    own.turn(NOW_S + 25 * HOUR_S, &mut rng("turn"));
    let again = Own::from_row(&own.row()).unwrap();
    assert_eq!(again.row(), own.row());
    assert_eq!((again.account(), again.device(), again.name()), (own.account(), own.device(), "Ada"));
}

#[test]
fn a_record_of_ours_passes_the_checks_from_its_birth_to_the_next_turn() {
    let own = own();
    let record = own.record().unwrap();
    for at_s in [NOW_S - 2 * HOUR_S, NOW_S, NOW_S + 24 * HOUR_S] {
        assert!(PrekeyRecord::check(record.bytes(), at_s, Some(own.device()), None).is_ok());
    }
}

#[test]
fn a_prekey_turns_after_a_day_and_not_before() {
    let mut own = own();
    let first = own.record().unwrap().terms().revision;
    assert!(!own.turn(NOW_S + 24 * HOUR_S - 1, &mut rng("turn")));
    assert_eq!(own.next_turn_s(), NOW_S + 24 * HOUR_S);
    assert!(own.turn(NOW_S + 24 * HOUR_S, &mut rng("turn")));
    assert_eq!(own.record().unwrap().terms().revision, first + 1);
}

#[test]
fn a_private_half_is_erased_72_hours_after_its_birth() {
    let mut own = own();
    let id = own.record().unwrap().terms().spk_id;
    own.turn(NOW_S + 72 * HOUR_S - 1, &mut rng("turn"));
    assert!(own.prekey(&id).is_some());
    assert!(own.turn(NOW_S + 72 * HOUR_S, &mut rng("turn")));
    assert!(own.prekey(&id).is_none());
}

#[test]
fn nobody_may_seal_to_a_prekey_that_is_erased() {
    let own = own();
    assert!(own.record().unwrap().terms().not_after_s < NOW_S + 72 * HOUR_S);
}

#[test]
fn certificate_and_set_are_renewed_before_they_end() {
    let mut own = own();
    let (ends, revision) = (own.certificate().not_after_s(), own.device_set().revision());
    let later = NOW_S + 201 * 24 * HOUR_S;
    assert!(own.turn(later, &mut rng("turn")));
    assert!(own.certificate().not_after_s() > ends);
    assert_eq!(own.device_set().revision(), revision + 1);
    assert_eq!(own.record().unwrap().certificate().not_after_s(), own.certificate().not_after_s());
}

#[test]
fn a_set_with_the_last_revision_is_not_renewed() {
    let mut own = own();
    let key = own.account.as_ref().unwrap();
    let not_after_s = own.certificate().not_after_s();
    own.set = DeviceSet::make(key, u32::MAX, not_after_s, &[own.device()]).unwrap();
    own.turn(NOW_S + 201 * 24 * HOUR_S, &mut rng("turn"));
    assert_eq!(own.device_set().revision(), u32::MAX);
}

#[test]
fn an_account_without_a_name_gets_one_of_six_letters() {
    let own = Own::make(None, NOW_S, &mut rng("name")).unwrap();
    assert!(own.name().starts_with("ahoy-") && own.name().len() == 11, "{}", own.name());
}

#[test]
fn what_is_told_changes_with_token_and_addresses() {
    let own = own();
    let here = own.telling(&[vec![1]]);
    assert_eq!(own.telling(&[vec![1]]), here);
    assert_ne!(own.telling(&[vec![2]]), here);
}

#[test]
fn a_store_of_an_earlier_version_says_at_once_what_this_one_can_do() {
    let mut own = own();
    assert!(takes_continuations(own.record().unwrap()));
    let before = (own.telling(&[]), own.revision);
    assert!(!own.say_features());
    let newest = own.prekeys.last_mut().unwrap();
    let terms = PrekeyTerms { features: 0, ..*newest.record.terms() };
    newest.record = PrekeyRecord::make(&own.device, &own.certificate, terms);
    let mut again = Own::from_row(&own.row()).unwrap();
    assert!(again.say_features());
    assert!(takes_continuations(again.record().unwrap()) && again.has_sound());
    assert_eq!((again.telling(&[]), again.revision), (before.0, before.1 + 1));
}

#[test]
fn contacts_come_back_from_their_rows_and_are_found() {
    let (ben, eve) = (contact(1, "Ben", &[11, 12]), contact(2, "Eve", &[21]));
    let rows = [ben.row(), eve.row()];
    let all = Contacts::from_rows(rows.iter().map(Vec::as_slice)).unwrap();
    assert_eq!(all.get(&ben.account), Some(&ben));
    assert_eq!(all.find("Eve").map(|found| found.account), Some(eve.account));
    assert_eq!(all.find(&ben.account.text()).map(|found| found.account), Some(ben.account));
    assert_eq!(all.of_device(&DeviceId([12; 32])).map(|found| found.account), Some(ben.account));
    assert!(all.find("Nobody").is_none());
}

#[test]
fn somebody_blocked_gets_no_device_of_others_shunned_by_claiming_it() {
    // Whichever of the two comes first in order.
    for (blocked, other) in [(1, 2), (2, 1)] {
        let mut all = Contacts::default();
        for (account, name, policy) in [(blocked, "Mallory", Policy::BLOCKED), (other, "Ada", 0)] {
            let mut contact = Contact { policy: Policy(policy), ..contact(account, name, &[11]) };
            contact.devices.values_mut().for_each(|facts| facts.record = None);
            all.put(contact);
        }
        assert_eq!(all.of_device(&DeviceId([11; 32])).map(|found| found.name.as_str()), Some("Ada"));
    }
}

#[test]
fn devices_that_a_contact_lost_no_longer_lead_to_it() {
    let mut all = Contacts::default();
    let mut ben = contact(1, "Ben", &[11, 12]);
    all.put(ben.clone());
    ben.devices = BTreeMap::from([(DeviceId([12; 32]), DeviceFacts::default())]);
    all.put(ben.clone());
    assert!(all.of_device(&DeviceId([11; 32])).is_none());
    assert!(all.remove(&ben.account).is_some() && all.is_empty());
    assert!(all.of_device(&DeviceId([12; 32])).is_none());
}

#[test]
fn a_newer_set_brings_devices_and_takes_those_it_lacks() {
    let mut ben = contact(1, "Ben", &[11, 12]);
    let key = SignKey::from_seed(&Secret::new([1; 32]));
    let set = DeviceSet::make(&key, 4, NOW_S, &[DeviceId([12; 32]), DeviceId([13; 32])]).unwrap();
    ben.take_set(set);
    assert_eq!(ben.devices.keys().map(|device| device.0[0]).collect::<Vec<_>>(), vec![12, 13]);
    assert!(ben.devices[&DeviceId([12; 32])].record.is_some());
}

#[test]
fn a_row_is_read_whatever_the_clock_says_and_a_fresh_prekey_is_made() {
    for made_s in [NOW_S, NOW_S + 4000 * 24 * HOUR_S] {
        let own = Own::make(None, made_s, &mut rng("own")).unwrap();
        for now_s in [0, NOW_S - 25 * HOUR_S, NOW_S - 3 * HOUR_S, NOW_S, NOW_S + 400 * 24 * HOUR_S] {
            let mut again = Own::from_row(&own.row()).unwrap();
            assert_eq!(again.account(), own.account());
            again.turn(now_s, &mut rng("turn"));
            assert!(Own::from_row(&again.row()).is_ok(), "written at {now_s}");
        }
    }
}

#[test]
fn damaged_and_newer_rows_are_told_apart() {
    let good = contact(1, "Ben", &[11]).row();
    let mut newer = good.clone();
    newer[2] = 2;
    let read = |row: &[u8]| Contacts::from_rows(std::iter::once(row)).map(|_| ()).unwrap_err();
    assert_eq!(read(&newer), RowError::Newer);
    assert_eq!(read(&good[..good.len() - 1]), RowError::Damaged);
    assert_eq!(read(&[]), RowError::Damaged);
    assert!(matches!(Own::from_row(&good), Err(RowError::Damaged)));
}

#[test]
fn a_contact_is_found_by_the_name_it_has_now() {
    let mut contacts = Contacts::default();
    let (first, second) = (contact(1, "Ada", &[1]), contact(2, "Ada", &[2, 1]));
    for one in [&first, &second] {
        contacts.put(one.clone());
    }
    let of = |contacts: &Contacts, name: &str| contacts.find(name).map(|contact| contact.account);
    let lower = first.account.min(second.account);
    let higher = first.account.max(second.account);
    assert_eq!(of(&contacts, "Ada"), Some(lower));
    contacts.change(&lower, |contact| contact.name = "Ada 2".into()).unwrap();
    assert_eq!((of(&contacts, "Ada"), of(&contacts, "Ada 2")), (Some(higher), Some(lower)));
    contacts.hide(higher);
    assert_eq!(of(&contacts, "Ada"), None);
    contacts.remove(&lower);
    assert_eq!((of(&contacts, "Ada 2"), contacts.by_name()), (None, 1));
    let claimed = |contacts: &Contacts, n: u8| contacts.claimants(&DeviceId([n; 32])).count();
    contacts.remove(&higher);
    assert_eq!((claimed(&contacts, 1), claimed(&contacts, 2), contacts.by_name()), (0, 0, 0));
}
