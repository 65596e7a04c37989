//! Tests of `schedule`.

use super::{Pace, Plan, Schedule};

/// The times at which a schedule sends if it is looked at each `step_ms`, until it is over.
fn times(plan: Plan, step_ms: usize) -> (Vec<u64>, u64) {
    let mut schedule = Schedule::new(plan, 5);
    let mut sent = Vec::new();
    for now_ms in (5..200_000).step_by(step_ms) {
        if schedule.expire(now_ms) {
            return (sent, now_ms);
        }
        if schedule.is_due(now_ms) {
            schedule.sent(now_ms, Pace::default());
            sent.push(now_ms - 5);
        }
    }
    panic!("never over");
}

#[test]
fn what_is_acknowledged_goes_64_times_in_60_seconds() {
    let (sent, over_ms) = times(Plan::Acknowledged, 1);
    assert_eq!(sent[..7], [0, 100, 250, 500, 1_000, 2_000, 3_000]);
    assert_eq!((sent.len(), sent.last().copied(), over_ms), (64, Some(60_000), 61_005));
}

#[test]
fn a_slow_device_is_sent_again_later_and_still_each_second() {
    let mut pace = Pace::default();
    pace.took(300);
    let (mut schedule, mut sent) = (Schedule::new(Plan::Acknowledged, 0), Vec::new());
    for now_ms in 0..70_000 {
        if !schedule.expire(now_ms) && schedule.is_due(now_ms) {
            schedule.sent(now_ms, pace);
            sent.push(now_ms);
        }
    }
    assert_eq!(sent[..6], [0, 450, 1_125, 2_125, 3_125, 4_125]);
    assert!(sent.last().is_some_and(|last_ms| (59_000..=60_000).contains(last_ms)), "{sent:?}");
}

#[test]
fn what_nobody_acknowledges_goes_three_times() {
    assert_eq!(times(Plan::Blind, 1).0, [0, 300, 1_000]);
}

#[test]
fn copies_are_counted() {
    assert_eq!(times(Plan::Copies(8), 1).0, [0, 100, 250, 500, 1_000, 2_000, 3_000, 4_000]);
}

#[test]
fn times_that_passed_unused_do_not_pile_up() {
    let (sent, _) = times(Plan::Acknowledged, 700);
    assert_eq!(sent[..5], [0, 700, 1_400, 2_100, 3_500]);
}

#[test]
fn a_parked_one_is_due_when_it_is_woken_and_its_clock_starts_with_the_first_send() {
    let mut schedule = Schedule::new(Plan::Acknowledged, 0);
    schedule.park();
    assert!(!schedule.is_due(30_000));
    assert_eq!(schedule.next_ms(), Some(61_000));
    schedule.wake();
    assert!(schedule.is_due(30_000));
    schedule.sent(30_000, Pace::default());
    assert_eq!(schedule.next_ms(), Some(30_100));
    assert!(!schedule.expire(90_999));
    assert!(schedule.expire(91_000));
    assert!(!schedule.is_running());
    assert_eq!(schedule.next_ms(), None);
}

#[test]
fn waking_changes_nothing_for_what_is_not_parked() {
    let mut schedule = Schedule::new(Plan::Acknowledged, 0);
    schedule.sent(0, Pace::default());
    schedule.wake();
    assert!(!schedule.is_due(99));
    schedule.stop();
    schedule.wake();
    assert!(!schedule.is_due(50_000));
}

#[test]
fn one_that_never_goes_is_over_after_the_same_time() {
    let mut schedule = Schedule::new(Plan::Blind, 0);
    schedule.park();
    assert!(!schedule.expire(60_999));
    assert!(schedule.expire(61_000));
    assert!(!schedule.was_sent());
    schedule.restart(70_000);
    assert!(schedule.is_due(70_000));
}
