//! Calls that cross, and calls of a device that was killed in one: whole devices, with real sessions.

use super::calls::{active, hang_up, offer};
use super::contacts::acquainted;
use super::world::World;
use crate::control::{CallState, EventKind};
use crate::core::effect::Table;

fn rang(world: &World, n: usize) -> usize {
    world.nodes[n].events.iter().filter(|event| matches!(event, EventKind::IncomingCall { .. })).count()
}

#[test]
fn a_device_killed_in_the_call_that_calls_again_is_taken_back_without_ringing() {
    for killed in [0, 1] {
        let other = 1 - killed;
        let names = ["Ada", "Ben"];
        let mut world = acquainted(&names);
        active(&mut world);
        let before = rang(&world, other);
        // Of a version that kept no journal.
        world.nodes[killed].rows.retain(|(table, _), _| *table != Table::Joined);
        world.restart(killed, names[killed]);
        world.pass(3_000);
        assert!(world.nodes[other].microphone, "{}'s side waits", names[other]);
        world.nodes[killed].events.clear();
        offer(&mut world, killed, names[other]);
        world.pass(2_000);
        assert_eq!(rang(&world, other), before);
        assert_eq!(world.reason(other).as_deref(), Some("lost"), "the old call");
        for n in [0, 1] {
            assert_eq!(world.states(n).last(), Some(&CallState::Active));
            assert_eq!(world.nodes[n].core.calls(), 1);
        }
        assert_eq!(world.missed(other), 0);
        hang_up(&mut world, killed);
        world.pass(10_000);
        for n in [0, 1] {
            assert!(world.nodes[n].core.drained() && !world.nodes[n].microphone);
        }
    }
}

#[test]
fn a_device_that_was_away_for_more_than_a_minute_rings_again() {
    let mut world = acquainted(&["Ada", "Ben"]);
    active(&mut world);
    world.kill(0);
    world.pass(61_000);
    assert_eq!(world.reason(1).as_deref(), Some("lost"));
    world.restart(0, "Ada");
    world.pass(3_000);
    offer(&mut world, 0, "Ben");
    world.pass(1_000);
    assert_eq!(rang(&world, 1), 2);
    assert!(!world.nodes[1].microphone);
}

#[test]
fn calling_somebody_whose_call_rings_here_answers_it() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let call = offer(&mut world, 0, "Ben");
    assert_eq!(offer(&mut world, 1, "Ada"), call);
    world.pass(1_000);
    for n in [0, 1] {
        assert_eq!(world.states(n).last(), Some(&CallState::Active));
        assert_eq!(world.nodes[n].core.calls(), 1);
    }
}
