//! What is kept of strangers, and what gives way.

use super::*;

fn account(n: u32) -> AccountId {
    let mut id = [0; 32];
    id[..4].copy_from_slice(&n.to_be_bytes());
    AccountId(id)
}

const DEVICE: DeviceId = DeviceId([7; 32]);

fn asks(n: u32, at_ms: u64) -> Stranger {
    let request = OpenRequest { card: vec![1, 2], greeting: Some("hi".into()), envelope: [3; 32], at_ms, source: 1 };
    Stranger { request: Some(request), device: Some(DEVICE), ..Stranger::new(account(n)) }
}

#[test]
fn a_stranger_comes_back_from_its_row() {
    let mut strangers = Strangers::default();
    strangers.put(asks(1, 5)).unwrap();
    strangers.put(Stranger { blocked: true, refused_ms: Some(9), ..Stranger::new(account(2)) }).unwrap();
    strangers.attempted(account(3), DEVICE, Attempt::Request, 11).unwrap();
    let rows: Vec<_> = strangers.iter().map(Stranger::row).collect();
    let again = Strangers::from_rows(rows.iter().map(Vec::as_slice)).unwrap();
    assert!(again.iter().eq(strangers.iter()));
    assert_eq!(again.iter().count(), 3);
}

#[test]
fn attempts_of_an_account_are_counted_together() {
    let mut strangers = Strangers::default();
    for at_ms in [10, 20, 30] {
        strangers.attempted(account(1), DEVICE, Attempt::Call, at_ms).unwrap();
    }
    let attempts = strangers.get(&account(1)).unwrap().attempts.unwrap();
    assert_eq!(attempts, Attempts { last: Attempt::Call, count: 3, first_ms: 10, last_ms: 30 });
}

#[test]
fn notes_give_way_to_newer_ones_and_decisions_never_do() {
    let mut strangers = Strangers::default();
    strangers.put(Stranger { blocked: true, ..Stranger::new(account(0)) }).unwrap();
    strangers.put(asks(1, 0)).unwrap();
    for n in 2..3 * u32::try_from(STRANGERS_MAX).unwrap() {
        strangers.attempted(account(n), DEVICE, Attempt::Call, u64::from(n)).unwrap();
    }
    assert_eq!(strangers.iter().count(), STRANGERS_MAX);
    assert!(strangers.is_blocked(&account(0)) && strangers.has_asked(&account(1), 0));
    assert!(strangers.get(&account(2)).is_none(), "the oldest note is gone");
}

#[test]
fn without_a_place_that_gives_way_nothing_more_is_noted() {
    let mut strangers = Strangers::default();
    let most = u32::try_from(STRANGERS_MAX).unwrap();
    for n in 0..most {
        strangers.put(Stranger { blocked: true, ..Stranger::new(account(n)) }).unwrap();
    }
    assert!(strangers.attempted(account(most), DEVICE, Attempt::Call, 1).is_none());
    assert_eq!(strangers.put(asks(most, 1)), Err(NoRoom));
    assert!(strangers.attempted(account(1), DEVICE, Attempt::Call, 1).is_some(), "one that has its place");
}

#[test]
fn a_refusal_holds_for_thirty_days() {
    let mut strangers = Strangers::default();
    strangers.put(Stranger { refused_ms: Some(1_000), ..Stranger::new(account(1)) }).unwrap();
    assert!(strangers.has_asked(&account(1), 1_000 + REFUSED_MS - 1));
    assert!(!strangers.has_asked(&account(1), 1_000 + REFUSED_MS));
}

#[test]
fn open_requests_are_bounded() {
    let mut strangers = Strangers::default();
    for n in 0..u32::try_from(REQUESTS_OPEN_MAX).unwrap() {
        assert_eq!(strangers.displaced_by(&account(n), 1), None);
        strangers.put(asks(n, u64::from(100 - n))).unwrap();
    }
    assert_eq!(strangers.displaced_by(&account(0), 1), None, "it has its place");
    let oldest = u32::try_from(REQUESTS_OPEN_MAX).unwrap() - 1;
    assert_eq!(strangers.displaced_by(&account(99), 2), Some(account(oldest)));
    assert!(strangers.requests().map(|(_, request)| request.at_ms).is_sorted(), "the oldest first");
}
