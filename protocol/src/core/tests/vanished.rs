//! Devices killed while it rings: whole devices, so that what the network tells is part of it.

use super::calls::offer;
use super::contacts::acquainted;
use crate::control::{CallCommand, CallState, InCall};
use crate::core::input::Command;
use crate::sim::world::World;

/// Ada's call rings at Ben. Without media, so that only the network says who is there.
fn ringing() -> World {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.media = false;
    offer(&mut world, 0, "Ben");
    world.pass(1_000);
    assert_eq!(world.states(1).last(), Some(&CallState::Incoming));
    world
}

#[test]
fn a_caller_killed_and_back_at_once_does_not_ring_on() {
    let mut world = ringing();
    world.restart(0, "Ada");
    world.pass(3_000);
    assert!(world.gossip(0, 1), "they are connected again");
    assert_eq!(world.states(1).last(), Some(&CallState::Incoming));
    world.pass(2_100);
    assert_eq!(world.reason(1).as_deref(), Some("lost"));
    world.pass(60_000);
    assert_eq!(world.missed(1), 1);
}

#[test]
fn a_callee_killed_while_it_rings_ends_the_call_soon() {
    let mut world = ringing();
    world.kill(1);
    world.pass(5_100);
    assert_eq!(world.reason(0).as_deref(), Some("lost"));
}

#[test]
fn a_callee_killed_and_back_at_once_ends_the_call_soon() {
    let mut world = ringing();
    world.restart(1, "Ben");
    world.pass(3_000);
    assert!(world.gossip(0, 1), "they are connected again");
    world.pass(2_100);
    assert_eq!(world.reason(0).as_deref(), Some("lost"));
    // And the next call is none the worse for it.
    world.nodes[0].events.clear();
    offer(&mut world, 0, "Ben");
    world.pass(1_000);
    assert_eq!(world.states(0).last(), Some(&CallState::Ringing));
}

#[test]
fn short_gaps_of_the_network_end_nothing_while_it_rings() {
    let mut world = ringing();
    for _ in 0..3 {
        world.disconnect(0, 1);
        world.run();
        assert!(!world.gossip(0, 1));
        world.pass(4_900);
        assert!(world.gossip(0, 1), "they are connected again");
    }
    world.pass(15_000);
    assert_eq!(world.states(0).last(), Some(&CallState::Ringing));
    assert_eq!(world.states(1).last(), Some(&CallState::Incoming));
    world.ask(1, Command::Call(CallCommand::Accept { call: None, in_call: InCall::Hold })).unwrap();
    assert_eq!(world.states(0).last(), Some(&CallState::Connecting));
}
