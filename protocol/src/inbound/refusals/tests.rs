//! Tests of `refusals`.

use ahoy_crypto::Check;

use super::Refusals;

#[test]
fn each_check_has_a_counter_of_its_own() {
    let mut refusals = Refusals::default();
    for (times, check) in (1..).zip(Check::ALL) {
        for _ in 0..times {
            refusals.count(*check);
        }
    }
    for (times, check) in (1..).zip(Check::ALL) {
        assert_eq!(refusals.of(*check), times, "{check}");
    }
    let listed: Vec<u64> = refusals.iter().map(|(_, count)| count).collect();
    assert_eq!(listed, (1..=Check::ALL.len() as u64).collect::<Vec<_>>());
}

#[test]
fn a_counter_that_is_full_stays_full() {
    let mut refusals = Refusals { counts: vec![u64::MAX; Check::ALL.len()] };
    refusals.count(Check::HINT);
    assert_eq!(refusals.of(Check::HINT), u64::MAX);
}
