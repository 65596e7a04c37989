//! Tests of `call_keys`.

use std::collections::BTreeSet;

use super::{CallKeys, broadcast_key, view};
use crate::ids::{AccountId, DeviceId};
use crate::secret::Secret;

const CALL: [u8; 16] = [1; 16];

fn keys(call: u8, secret: u8) -> CallKeys {
    CallKeys::new(&[call; 16], &Secret::new([secret; 32]))
}

/// Everything that a call derives for a device.
fn derived(keys: &CallKeys, device: u8) -> Vec<Vec<u8>> {
    let device = DeviceId([device; 32]);
    vec![
        keys.call_topic().to_vec(),
        keys.mailbox_topic(device).to_vec(),
        keys.mailbox_hint_key(device).to_vec(),
        keys.slot(device).to_vec(),
        keys.pair_tag(&device.0).to_vec(),
    ]
}

#[test]
fn both_sides_derive_the_same() {
    assert_eq!(derived(&keys(1, 2), 3), derived(&keys(1, 2), 3));
}

#[test]
fn call_id_secret_and_device_change_everything_they_shall() {
    let base = derived(&keys(1, 2), 3);
    for other in [derived(&keys(9, 2), 3), derived(&keys(1, 9), 3)] {
        assert!(base.iter().zip(&other).all(|(a, b)| a != b));
    }
    let other_device = derived(&keys(1, 2), 4);
    assert_eq!(base[0], other_device[0], "one call topic for all devices");
    assert!(base.iter().zip(&other_device).skip(1).all(|(a, b)| a != b));
}

#[test]
fn nothing_derived_is_like_anything_else() {
    let all = derived(&keys(1, 2), 3);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
}

#[test]
fn topics_look_like_inbox_topics() {
    for topic in [keys(1, 2).call_topic(), keys(1, 2).mailbox_topic(DeviceId([3; 32]))] {
        assert!(topic.iter().all(|letter| matches!(letter, b'a'..=b'z' | b'2'..=b'7')));
    }
}

#[test]
fn keys_print_nothing() {
    assert_eq!(format!("{:?}", keys(1, 2)), "CallKeys { prk: Prk(..) }");
}

#[test]
fn a_broadcast_key_is_of_call_epoch_secret_slot_and_salt() {
    let secret = |byte| Secret::new([byte; 32]);
    let base = broadcast_key(&CALL, 1, &secret(2), &[3; 8], &[4; 16]);
    assert_eq!(base, broadcast_key(&CALL, 1, &secret(2), &[3; 8], &[4; 16]));
    let others = [
        broadcast_key(&[9; 16], 1, &secret(2), &[3; 8], &[4; 16]),
        broadcast_key(&CALL, 9, &secret(2), &[3; 8], &[4; 16]),
        broadcast_key(&CALL, 1, &secret(9), &[3; 8], &[4; 16]),
        broadcast_key(&CALL, 1, &secret(2), &[9; 8], &[4; 16]),
        broadcast_key(&CALL, 1, &secret(2), &[3; 8], &[9; 16]),
    ];
    assert!(others.iter().all(|other| *other != base));
}

#[test]
fn a_view_tells_who_is_in_and_in_which_list() {
    let (a, b) = ([1; 32], [2; 32]);
    let views = [
        view(&CALL, 0, &[AccountId(a), AccountId(b)], &[]),
        view(&CALL, 1, &[AccountId(a), AccountId(b)], &[]),
        view(&CALL, 0, &[AccountId(a)], &[DeviceId(b)]),
        view(&CALL, 0, &[], &[DeviceId(a), DeviceId(b)]),
        view(&CALL, 0, &[AccountId(b), AccountId(a)], &[]),
        view(&[9; 16], 0, &[AccountId(a), AccountId(b)], &[]),
    ];
    assert_eq!(views.iter().collect::<BTreeSet<_>>().len(), views.len());
}
