//! What is remembered of calls that came in, and for how long.

use super::desk::*;
use crate::call::seen::SeenCalls;
use crate::ids::CallId;
use crate::limits::{SEEN_ACCOUNTS, SEEN_MS, SEEN_PER_ACCOUNT};

fn numbered(n: usize) -> CallId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&u64::try_from(n).unwrap().to_be_bytes());
    CallId(id)
}

#[test]
fn a_call_belongs_to_the_account_that_named_it_first() {
    let mut seen = SeenCalls::default();
    assert!(seen.of(call(7), account(1), 0).is_some());
    assert!(seen.of(call(7), account(3), 0).is_none());
    assert!(seen.of(call(7), account(1), 0).is_some());
}

#[test]
fn a_call_that_a_device_of_ours_dealt_with_is_over_whoever_offers_it() {
    let mut seen = SeenCalls::default();
    seen.settle(call(7), account(2), 0);
    let entry = *seen.of(call(7), account(1), 0).unwrap();
    assert!(entry.over && entry.missed);
    seen.of(call(8), account(1), 0).unwrap();
    seen.settle(call(8), account(2), 0);
    assert!(seen.get(call(8)).unwrap().over);
}

#[test]
fn of_an_account_the_newest_4096_are_remembered() {
    let mut seen = SeenCalls::default();
    seen.of(call(7), account(3), 0);
    for n in 0..=SEEN_PER_ACCOUNT {
        seen.of(numbered(n), account(1), 0);
    }
    assert!(seen.get(numbered(0)).is_none());
    assert!(seen.get(numbered(1)).is_some());
    assert!(seen.get(call(7)).is_some(), "one account doesn't push out another");
}

#[test]
fn they_are_forgotten_after_96_hours() {
    let mut seen = SeenCalls::default();
    seen.of(numbered(0), account(1), 1_000);
    seen.of(numbered(1), account(1), 1_000 + SEEN_MS);
    assert!(seen.get(numbered(0)).is_some());
    seen.of(numbered(2), account(1), 1_001 + SEEN_MS);
    assert!(seen.get(numbered(0)).is_none());
    assert!(seen.get(numbered(1)).is_some());
}

#[test]
fn the_account_that_was_silent_longest_gives_way() {
    let mut seen = SeenCalls::default();
    let account = |n: usize| {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&u64::try_from(n).unwrap().to_be_bytes());
        crate::ids::AccountId(id)
    };
    for n in 0..SEEN_ACCOUNTS {
        seen.of(numbered(n), account(n), 10);
    }
    // Account 0 is heard of again: account 1 is the one that goes.
    seen.of(numbered(1_000_000), account(0), 20);
    seen.of(numbered(1_000_001), account(1_000_001), 20);
    assert!(seen.get(numbered(0)).is_some());
    assert_eq!((1..SEEN_ACCOUNTS).filter(|n| seen.get(numbered(*n)).is_none()).count(), 1);
}
