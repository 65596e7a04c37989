//! Clocks that differ, and inboxes whose day turns.

use crate::control::{CallState, EventKind};
use crate::core::tests::calls::{accept, hang_up, offer};
use crate::core::tests::contacts::acquainted;
use crate::sim::world::World;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

/// How often a node's frontends were warned of the clock.
fn warnings(world: &World, n: usize) -> usize {
    let of_clock = |event: &&EventKind| matches!(event, EventKind::Warning { about, .. } if about == "clock");
    world.nodes[n].events.iter().filter(of_clock).count()
}

/// One rings the other, who answers; then it is over.
fn talk(world: &mut World, from: usize, to: &str, what: &str) {
    let other = 1 - from;
    offer(world, from, to);
    assert_eq!(world.states(other).last(), Some(&CallState::Incoming), "{what}");
    accept(world, other);
    assert_eq!(world.states(from).last(), Some(&CallState::Active), "{what}");
    hang_up(world, from);
    world.pass(10_000);
}

#[test]
fn with_clocks_an_hour_apart_every_call_of_a_day_rings_and_beyond_two_minutes_people_are_warned() {
    for skew_ms in [-HOUR_MS, -90_000, 90_000, HOUR_MS] {
        let mut world = acquainted(&["Ada", "Ben"]);
        world.nodes[1].skew_ms = skew_ms;
        // A day and an hour in steps that don't divide it: both tokens of both turn in between.
        for call in 0..21 {
            let what = format!("Ben's clock {skew_ms} ms off, call {call}");
            let (from, to) = if call % 2 == 0 { (0, "Ben") } else { (1, "Ada") };
            talk(&mut world, from, to, &what);
            world.pass(73 * MINUTE_MS);
        }
        for n in 0..2 {
            assert_eq!(warnings(&world, n) > 0, skew_ms.abs() > 120_000, "{skew_ms} ms, {n}");
            assert_eq!(world.missed(n), 0);
        }
    }
}

#[test]
fn at_every_minute_around_the_turn_of_an_inbox_day_calls_ring() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let topics = |world: &World| world.nodes[1].topics.clone();
    let (mut before, mut turns) = (topics(&world), 0);
    while turns < 2 {
        world.pass(MINUTE_MS);
        let now = topics(&world);
        if now != before {
            // The inbox is held on two days for a while: from the first to the last minute of it calls arrive.
            turns += 1;
            for minute in 0..5 {
                talk(&mut world, 0, "Ben", &format!("turn {turns}, minute {minute}"));
                world.pass(MINUTE_MS);
            }
        }
        before = topics(&world);
    }
    assert_eq!(world.missed(1), 0);
}

#[test]
fn a_call_that_is_on_while_an_inbox_day_turns_goes_on() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let before = world.nodes[1].topics.clone();
    let mut minutes = 0;
    while world.nodes[1].topics == before {
        world.pass(MINUTE_MS);
        minutes += 1;
    }
    // The same world again, with a call over that moment.
    let mut world = acquainted(&["Ada", "Ben"]);
    world.pass((minutes - 3) * MINUTE_MS);
    offer(&mut world, 0, "Ben");
    accept(&mut world, 1);
    let before = world.nodes[1].topics.clone();
    world.pass(5 * MINUTE_MS);
    assert_ne!(world.nodes[1].topics, before, "it turned");
    for n in 0..2 {
        assert_eq!(world.states(n).last(), Some(&CallState::Active));
    }
}
