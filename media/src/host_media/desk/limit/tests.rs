//! Ways that are good and bad, alone and with others, and a thread that is late.

use super::*;

const ANNA: LinkId = LinkId(1);
const BEN: LinkId = LinkId(2);
const GOOD: (f64, f64) = (0.0, 0.0);
const LOSSY: (f64, f64) = (0.10, 0.0);
const QUEUED: (f64, f64) = (0.0, 150.0);

fn seen(out: (f64, f64), inward: (f64, f64)) -> Seen {
    Seen { out: Some(out), narrow: false, inward }
}

/// What is told within `seconds`, in its order.
fn told(limits: &mut Limits, seconds: usize, seen: &[(LinkId, Seen)]) -> Vec<(LinkId, Limit)> {
    (0..seconds * 5).flat_map(|_| limits.look(seen.iter().copied())).collect()
}

#[test]
fn between_two_the_direction_says_whose_uplink_it_is_and_both_together_are_the_path() {
    for bad in [LOSSY, QUEUED] {
        for (out, inward, limit) in
            [(bad, GOOD, Limit::MyUplink), (GOOD, bad, Limit::TheirUplink), (bad, bad, Limit::Path)]
        {
            let mut limits = Limits::default();
            assert_eq!(told(&mut limits, 4, &[(ANNA, seen(out, inward))]), [(ANNA, limit)]);
            assert_eq!(limits.of(ANNA), limit);
            assert_eq!(told(&mut limits, 10, &[(ANNA, seen(GOOD, GOOD))]), [(ANNA, Limit::None)]);
        }
    }
}

#[test]
fn a_moment_tells_nothing_and_losses_that_repair_makes_good_neither() {
    let mut limits = Limits::default();
    assert_eq!(limits.look([(ANNA, seen((0.4, 0.0), GOOD))].into_iter()), []);
    assert_eq!(told(&mut limits, 10, &[(ANNA, seen((0.04, 30.0), (0.04, 30.0)))]), []);
}

#[test]
fn a_way_at_the_edge_is_told_once() {
    let mut limits = Limits::default();
    assert_eq!(told(&mut limits, 10, &[(ANNA, seen((0.06, 0.0), GOOD))]).len(), 1);
    // Better, but not good.
    assert_eq!(told(&mut limits, 10, &[(ANNA, seen((0.04, 0.0), GOOD))]), []);
}

#[test]
fn with_several_what_only_one_suffers_is_not_ours() {
    let mut limits = Limits::default();
    let one_gets_us_badly = [(ANNA, seen(LOSSY, GOOD)), (BEN, seen(GOOD, GOOD))];
    assert_eq!(told(&mut limits, 4, &one_gets_us_badly), [(ANNA, Limit::Path)]);
    let both_get_us_badly = [(ANNA, seen(LOSSY, GOOD)), (BEN, seen(LOSSY, GOOD))];
    let now = told(&mut limits, 4, &both_get_us_badly);
    assert_eq!(now, [(ANNA, Limit::MyUplink), (BEN, Limit::MyUplink)]);
}

#[test]
fn with_several_what_comes_badly_from_all_is_not_theirs() {
    let mut limits = Limits::default();
    let one_comes_badly = [(ANNA, seen(GOOD, LOSSY)), (BEN, seen(GOOD, GOOD))];
    assert_eq!(told(&mut limits, 4, &one_comes_badly), [(ANNA, Limit::TheirUplink)]);
    let all_come_badly = [(ANNA, seen(GOOD, LOSSY)), (BEN, seen(GOOD, LOSSY))];
    assert_eq!(told(&mut limits, 4, &all_come_badly), [(ANNA, Limit::Path), (BEN, Limit::Path)]);
}

#[test]
fn who_sends_less_because_it_does_not_fit_is_limited_while_nothing_is_lost() {
    let mut limits = Limits::default();
    let narrow = Seen { narrow: true, ..seen(GOOD, GOOD) };
    assert_eq!(told(&mut limits, 1, &[(ANNA, narrow)]), [(ANNA, Limit::MyUplink)]);
}

#[test]
fn a_late_thread_is_the_cause_of_everything_until_it_is_in_time_again() {
    let mut limits = Limits::default();
    for n in 0..50 {
        limits.step(Some(n * 20_000), n * 20_000 + 19_000);
    }
    assert_eq!(told(&mut limits, 1, &[(ANNA, seen(GOOD, GOOD))]), [], "late by less than costs sound");
    for n in 0..3 {
        limits.step(Some(n * 20_000), n * 20_000 + 45_000);
    }
    assert_eq!(told(&mut limits, 1, &[(ANNA, seen(LOSSY, GOOD))]), [(ANNA, Limit::Cpu)]);
    // The losses of a moment ago count no more than others.
    let after = told(&mut limits, 10, &[(ANNA, seen(GOOD, GOOD))]);
    assert_eq!(after.last(), Some(&(ANNA, Limit::None)));
    limits.step(None, u64::MAX);
    limits.step(Some(0), u64::MAX);
    assert_eq!(told(&mut limits, 1, &[(ANNA, seen(GOOD, GOOD))]), [(ANNA, Limit::Cpu)], "a sleep of the machine");
    assert_eq!(told(&mut limits, 10, &[(ANNA, seen(GOOD, GOOD))]), [(ANNA, Limit::None)]);
}

#[test]
fn links_that_are_gone_are_forgotten() {
    let mut limits = Limits::default();
    told(&mut limits, 4, &[(ANNA, seen(LOSSY, GOOD))]);
    assert_eq!(limits.look(std::iter::empty()), []);
    assert_eq!((limits.links.len(), limits.of(ANNA)), (0, Limit::None));
}
