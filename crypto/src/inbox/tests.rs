//! Tests of `inbox`.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::Inbox;
use crate::limits::{DAY_OVERLAP_S, DAY_S};
use crate::secret::Secret;

fn inbox(token: u8) -> Inbox {
    Inbox::new(&Secret::new([token; 32]))
}

/// The Unix second in which a day of this token begins.
fn turn(inbox: &Inbox, day: u32) -> u64 {
    u64::from(day) * DAY_S - u64::from(inbox.phase())
}

#[test]
fn a_day_turns_at_the_tokens_own_moment() {
    let inbox = inbox(1);
    let turn = turn(&inbox, 20_000);
    assert_eq!(inbox.day(turn - 1), 19_999);
    assert_eq!(inbox.day(turn), 20_000);
    assert_ne!(inbox.phase(), self::inbox(2).phase());
}

#[test]
fn both_days_are_held_within_two_hours_of_the_turn() {
    let inbox = inbox(1);
    let turn = turn(&inbox, 20_000);
    let cases: [(u64, &[u32]); 6] = [
        (turn - DAY_OVERLAP_S - 1, &[19_999]),
        (turn - DAY_OVERLAP_S, &[19_999, 20_000]),
        (turn - 1, &[19_999, 20_000]),
        (turn, &[19_999, 20_000]),
        (turn + DAY_OVERLAP_S - 1, &[19_999, 20_000]),
        (turn + DAY_OVERLAP_S, &[20_000]),
    ];
    for (now_s, held) in cases {
        assert_eq!(inbox.held_days(now_s), held, "second {now_s}");
    }
}

#[test]
fn topics_are_32_letters_and_never_shared() {
    let mut seen = BTreeSet::new();
    for token in 0..8 {
        for day in 0..8 {
            let topic = inbox(token).topic(day);
            assert!(topic.iter().all(|letter| matches!(letter, b'a'..=b'z' | b'2'..=b'7')));
            assert!(seen.insert(topic.to_vec()), "topic of token {token} and day {day} exists twice");
            assert!(seen.insert(inbox(token).hint_key(day).to_vec()));
        }
    }
}

#[test]
fn times_at_the_ends_of_the_range_do_no_harm() {
    for now_s in [0, 1, u64::MAX - 1, u64::MAX] {
        let inbox = inbox(1);
        assert!(inbox.held_days(now_s).contains(&inbox.day(now_s)), "second {now_s}");
        assert!(inbox.next_change_s(now_s) >= now_s);
    }
}

#[test]
fn an_inbox_prints_no_key() {
    assert!(format!("{:?}", inbox(1)).contains("Prk(..)"));
}

proptest! {
    #[test]
    fn today_is_always_held_and_at_most_one_neighbour(token in any::<[u8; 32]>(), now_s in 86_400u64..4_000_000_000) {
        let inbox = Inbox::new(&Secret::new(token));
        let (day, held) = (inbox.day(now_s), inbox.held_days(now_s));
        prop_assert!(inbox.phase() < 86_400);
        prop_assert!(held.contains(&day));
        prop_assert!(held.len() <= 2 && held.windows(2).all(|pair| pair[1] == pair[0] + 1));
    }

    #[test]
    fn what_a_sender_publishes_on_is_held_by_a_clock_two_hours_off(token in any::<[u8; 32]>(), now_s in 86_400u64..4_000_000_000, off in 0u64..7_200) {
        let inbox = Inbox::new(&Secret::new(token));
        prop_assert!(inbox.held_days(now_s + off).contains(&inbox.day(now_s)));
        prop_assert!(inbox.held_days(now_s - off).contains(&inbox.day(now_s)));
    }

    #[test]
    fn the_next_change_is_the_first_second_with_other_days(token in any::<[u8; 32]>(), now_s in 86_400u64..4_000_000_000) {
        let inbox = Inbox::new(&Secret::new(token));
        let next = inbox.next_change_s(now_s);
        prop_assert!(next > now_s);
        let held = |s| (inbox.day(s), inbox.held_days(s));
        prop_assert_eq!(held(next - 1), held(now_s));
        prop_assert_ne!(held(next), held(now_s));
    }
}
