//! Two devices and more: both sides see the same call, and the same end.

use super::desk::device;
use super::world::World;
use crate::call::signal::CallInput;
use crate::control::{CallState, EventKind};

/// A and B.
fn two(seed: &str) -> World {
    World::new(&[(1, 1), (2, 2)], seed)
}

fn said(reason: &str) -> Option<String> {
    Some(reason.to_owned())
}

#[test]
fn a_call_is_offered_rings_is_accepted_and_is_hung_up() {
    for (first, second) in [(1, 2), (2, 1)] {
        // Whoever has the lower device id opens the link: both ways must work.
        let mut world = World::new(&[(first, first), (second, second)], "simple");
        let call = world.dial(0, second);
        world.run(100);
        assert_eq!(world.state(0, call), Some(CallState::Ringing));
        assert_eq!(world.state(1, call), Some(CallState::Incoming));
        assert!(!world.nodes[0].desk.microphone() && !world.nodes[1].desk.microphone());
        world.accept(1, call);
        assert_eq!(world.state(1, call), Some(CallState::Connecting));
        world.run(100);
        let expected = [CallState::Dialing, CallState::Ringing, CallState::Connecting, CallState::Active];
        assert_eq!(world.nodes[0].desk.states(call), expected);
        assert_eq!(world.nodes[1].desk.states(call), [CallState::Incoming, CallState::Connecting, CallState::Active]);
        for node in &world.nodes {
            let joined = |e: &&EventKind| matches!(e, EventKind::ParticipantJoined { .. });
            assert_eq!(node.desk.events().into_iter().filter(joined).count(), 1, "on both sides");
            assert!(node.desk.microphone());
        }
        world.hang_up(0, call);
        world.run(1_000);
        assert_eq!(world.reasons(call), [said("hung_up"), said("hung_up")]);
        for node in &world.nodes {
            assert!(node.desk.core.drained(), "nothing is left of it");
            assert!(!node.desk.microphone());
        }
        assert!(world.links.is_empty());
    }
}

#[test]
fn the_link_is_up_before_the_accept_so_sound_follows_it_at_once() {
    let mut world = two("early");
    let call = world.dial(0, 2);
    world.run(1_000);
    assert_eq!(world.nodes[1].desk.core.links().len(), 1);
    let link = world.nodes[1].desk.core.links()[0].2;
    assert_eq!(world.nodes[1].desk.sound(link), (false, false), "no sound before accept");
    world.accept(1, call);
    // The verdict travels 10 ms, the first sound 10 ms back.
    world.run(25);
    assert_eq!(world.state(1, call), Some(CallState::Active));
}

#[test]
fn either_side_can_hang_up() {
    for who in [0, 1] {
        let mut world = two("either");
        let call = world.talking();
        world.hang_up(who, call);
        world.run(500);
        assert_eq!(world.reasons(call), [said("hung_up"), said("hung_up")]);
        let by: Vec<_> = world.nodes.iter().map(|n| n.desk.history()[0].by).collect();
        assert_eq!(by[who], None);
        assert_eq!(by[1 - who], Some(device(world.nodes[who].device)));
    }
}

#[test]
fn both_hanging_up_at_once_is_one_end_on_each_side() {
    let mut world = two("both");
    let call = world.talking();
    world.hang_up(0, call);
    world.hang_up(1, call);
    world.run(2_000);
    assert_eq!(world.reasons(call), [said("hung_up"), said("hung_up")]);
}

#[test]
fn a_decline_is_declined_on_both_sides() {
    let mut world = two("decline");
    let call = world.dial(0, 2);
    world.run(100);
    world.decline(1, call);
    world.run(100);
    assert_eq!(world.reasons(call), [said("declined"), said("declined")]);
    assert_eq!(world.nodes[1].desk.missed_calls(), 0);
}

#[test]
fn a_cancel_while_it_rings_stops_it_there_and_leaves_one_missed_call() {
    let mut world = two("cancel");
    let call = world.dial(0, 2);
    world.run(100);
    world.hang_up(0, call);
    world.run(15);
    assert_eq!(world.reasons(call), [said("cancelled"), said("cancelled")]);
    world.run(10_000);
    assert_eq!(world.nodes[1].desk.missed_calls(), 1);
    assert_eq!(world.nodes[0].desk.missed_calls(), 0);
    assert!(world.nodes[1].desk.history()[0].missed);
}

#[test]
fn a_cancel_at_any_moment_never_leaves_it_ringing_and_leaves_one_missed_call() {
    for after_ms in 0..60 {
        let mut world = two("cancel at");
        let call = world.dial(0, 2);
        world.run(after_ms);
        world.hang_up(0, call);
        world.run(70_000);
        assert_eq!(world.nodes[0].desk.reason(call), said("cancelled"), "after {after_ms} ms");
        let there = world.nodes[1].desk.reason(call);
        assert!(there.is_none() || there == said("cancelled"), "after {after_ms} ms: {there:?}");
        assert_eq!(world.nodes[1].desk.missed_calls(), 1, "after {after_ms} ms");
        assert_eq!(world.nodes[1].desk.core.ringing(), 0);
    }
}

#[test]
fn a_cancel_that_crosses_the_accept_wins() {
    let mut world = two("cross");
    let call = world.dial(0, 2);
    world.run(100);
    world.accept(1, call);
    world.hang_up(0, call);
    world.run(1_000);
    assert_eq!(world.reasons(call), [said("cancelled"), said("cancelled")]);
    assert_eq!(world.nodes[1].desk.missed_calls(), 0, "somebody was there");
}

#[test]
fn nobody_answers_and_the_callee_says_so() {
    let mut world = two("no answer");
    let call = world.dial(0, 2);
    world.run(60_000);
    assert_eq!(world.reasons(call), [said("no_answer"), said("no_answer")]);
    assert_eq!(world.nodes[1].desk.missed_calls(), 1);
    // The callee gave up after 45 s, and the caller didn't wait for its own 60 s.
    let ended = world.nodes[0].desk.info(call).unwrap();
    let rang_ms = ended.ended_at_ms.unwrap() - ended.started_at_ms;
    assert!((45_000..46_000).contains(&rang_ms), "{rang_ms}");
}

#[test]
fn a_callee_that_is_away_is_unreachable_and_hears_of_it_when_it_is_back() {
    let mut world = two("away");
    world.nodes[1].alive = false;
    let call = world.dial(0, 2);
    world.run(9_999);
    assert_eq!(world.state(0, call), Some(CallState::Dialing));
    world.run(1);
    assert_eq!(world.nodes[0].desk.reason(call), said("unreachable"));
    assert_eq!(world.nodes[0].desk.cause(call).unwrap().detail, "no address answered");
    world.nodes[1].alive = true;
    let (to, from, body) = world.kept.pop().unwrap();
    world.input(to, CallInput::Missed { from, body });
    world.input(to, CallInput::Missed { from, body });
    assert_eq!(world.nodes[1].desk.missed_calls(), 1);
    assert_eq!(world.nodes[1].desk.history()[0].started_ms, body.started_ms);
}

#[test]
fn two_devices_ring_and_the_one_that_accepts_stops_the_other() {
    let mut world = World::new(&[(1, 1), (2, 2), (2, 3)], "two devices");
    let call = world.dial(0, 2);
    world.run(100);
    assert_eq!((world.state(1, call), world.state(2, call)), (Some(CallState::Incoming), Some(CallState::Incoming)));
    world.accept(2, call);
    world.run(15);
    assert_eq!(world.nodes[1].desk.reason(call), said("answered_elsewhere"));
    world.run(500);
    assert_eq!((world.state(0, call), world.state(2, call)), (Some(CallState::Active), Some(CallState::Active)));
    assert_eq!(world.nodes[1].desk.missed_calls(), 0);
    world.hang_up(0, call);
    world.run(500);
    assert_eq!(world.reasons(call), [said("hung_up"), said("answered_elsewhere"), said("hung_up")]);
}

#[test]
fn two_devices_ring_and_a_decline_on_one_stops_all() {
    let mut world = World::new(&[(1, 1), (2, 2), (2, 3)], "two decline");
    let call = world.dial(0, 2);
    world.run(100);
    world.decline(1, call);
    world.run(500);
    assert_eq!(world.reasons(call), [said("declined"), said("declined"), said("declined_elsewhere")]);
    assert_eq!(world.nodes[2].desk.missed_calls(), 0);
}

#[test]
fn two_devices_that_accept_at_once_make_one_call() {
    for winner in [1, 2] {
        let mut world = World::new(&[(1, 1), (2, 2), (2, 3)], "two accept");
        let call = world.dial(0, 2);
        world.run(100);
        world.accept(winner, call);
        world.run(5);
        world.accept(3 - winner, call);
        world.run(1_000);
        assert_eq!(world.state(0, call), Some(CallState::Active));
        assert_eq!(world.state(winner, call), Some(CallState::Active));
        assert_eq!(world.nodes[3 - winner].desk.reason(call), said("answered_elsewhere"));
        assert!(!world.nodes[3 - winner].desk.microphone());
    }
}

#[test]
fn a_device_that_is_reached_after_another_has_accepted_never_rings() {
    let mut world = World::new(&[(1, 1), (2, 2), (2, 3)], "late device");
    let call = world.dial(0, 2);
    world.run(100);
    world.accept(1, call);
    world.run(500);
    world.input(0, CallInput::Reached { call, device: device(3) });
    assert_eq!(world.state(0, call), Some(CallState::Active));
}

#[test]
fn mute_is_shown_on_the_other_side() {
    let mut world = two("mute");
    let call = world.talking();
    world.command(1, crate::control::CallCommand::Mute { call: None });
    world.run(50);
    assert!(world.nodes[0].desk.info(call).unwrap().participants[0].muted);
    assert!(world.nodes[1].desk.info(call).unwrap().muted);
    world.command(1, crate::control::CallCommand::Unmute { call: Some(call) });
    world.run(50);
    assert!(!world.nodes[0].desk.info(call).unwrap().participants[0].muted);
}
