//! What a gap of the network does to whole devices.

use crate::control::CallState;
use crate::core::tests::calls::{accept, hang_up, offer};
use crate::core::tests::contacts::acquainted;
use crate::sim::world::World;

/// Ada and Ben talk.
pub(super) fn talking() -> World {
    let mut world = acquainted(&["Ada", "Ben"]);
    offer(&mut world, 0, "Ben");
    accept(&mut world, 1);
    assert_eq!(world.states(0).last(), Some(&CallState::Active));
    world
}

#[test]
fn twenty_seconds_without_any_packet_are_told_and_survived() {
    let mut world = talking();
    world.part(0b01);
    world.pass(3_000);
    for n in 0..2 {
        assert_eq!(world.states(n).last(), Some(&CallState::Reconnecting), "told within 3 s");
    }
    world.pass(17_000);
    world.heal();
    world.pass(3_000);
    for n in 0..2 {
        assert_eq!(world.states(n).last(), Some(&CallState::Active), "and back within 3 s");
    }
}

#[test]
fn a_gap_of_more_than_a_minute_ends_the_call_at_both_ends_as_lost() {
    let mut world = talking();
    world.part(0b01);
    world.pass(62_000);
    for n in 0..2 {
        assert_eq!(world.reason(n).as_deref(), Some("lost"));
        assert!(!world.nodes[n].microphone);
    }
    world.heal();
    world.pass(10_000);
    assert!(world.nodes.iter().all(|node| node.core.drained()));
}

#[test]
fn a_hang_up_into_a_short_gap_arrives_when_it_closes_and_into_a_long_one_ends_the_call_as_lost() {
    for (gap_ms, reason) in [(3_500, "hung_up"), (10_000, "lost")] {
        let mut world = talking();
        world.part(0b01);
        hang_up(&mut world, 0);
        world.pass(gap_ms);
        assert_eq!(world.reason(1), None);
        world.heal();
        world.pass(1_000);
        // Who hung up forgets the call's keys 5 s later, and then the other end has its minute.
        assert_eq!(world.reason(1).is_some(), reason == "hung_up");
        world.pass(61_000);
        assert_eq!(world.reason(1).as_deref(), Some(reason));
    }
}

#[test]
fn clocks_three_minutes_apart_do_not_keep_a_call_from_ringing() {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.nodes[1].skew_ms = 180_000;
    offer(&mut world, 0, "Ben");
    assert_eq!(world.states(1).last(), Some(&CallState::Incoming));
    world.nodes[1].skew_ms = -360_000;
    world.pass(1_000);
    accept(&mut world, 1);
    assert_eq!(world.states(0).last(), Some(&CallState::Active));
}
