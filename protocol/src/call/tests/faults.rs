//! Two devices and more, and something goes wrong: a daemon dies or stops, the network fails, an outsider speaks.

use super::desk::{account, device};
use super::world::{Rules, World};
use crate::call::effect::CallEffect;
use crate::call::signal::CallInput;
use crate::control::CallState;
use crate::wire::bodies::Verdict;

/// A and B.
fn two(seed: &str) -> World {
    World::new(&[(1, 1), (2, 2)], seed)
}

fn said(reason: &str) -> Option<String> {
    Some(reason.to_owned())
}

#[test]
fn a_daemon_that_stops_tells_the_other_side() {
    for who in [0, 1] {
        let mut world = two("stop");
        let call = world.talking();
        world.input(who, CallInput::Shutdown);
        world.run(500);
        assert_eq!(world.reasons(call), [said("daemon_stopped"), said("daemon_stopped")]);
        assert!(world.nodes[who].desk.core.drained());
    }
}

#[test]
fn a_daemon_that_stops_while_it_rings_tells_the_other_side() {
    for who in [0, 1] {
        let mut world = two("stop ringing");
        let call = world.dial(0, 2);
        world.run(100);
        world.input(who, CallInput::Shutdown);
        world.run(500);
        assert_eq!(world.reasons(call), [said("daemon_stopped"), said("daemon_stopped")]);
        assert_eq!(world.nodes[1].desk.missed_calls(), 1);
    }
}

#[test]
fn a_caller_killed_while_it_rings_is_lost_after_5_s_with_one_missed_call() {
    let mut world = two("killed caller");
    let call = world.dial(0, 2);
    world.run(1_000);
    world.kill(0);
    world.run(5_004);
    assert_eq!(world.state(1, call), Some(CallState::Incoming));
    world.run(3_000);
    assert_eq!(world.nodes[1].desk.reason(call), said("lost"));
    assert_eq!(world.nodes[1].desk.missed_calls(), 1);
}

#[test]
fn a_caller_killed_before_its_confirm_never_rings_and_leaves_one_missed_call() {
    let mut world = two("killed before confirm");
    let call = world.dial(0, 2);
    world.run(12);
    world.kill(0);
    world.run(70_000);
    assert!(world.nodes[1].desk.states(call).is_empty(), "nobody saw it ring");
    assert_eq!(world.nodes[1].desk.missed_calls(), 1);
    assert_eq!(world.nodes[1].desk.history().len(), 1);
}

#[test]
fn a_callee_killed_in_the_call_is_reconnecting_then_lost_after_60_s() {
    let mut world = two("killed callee");
    let call = world.talking();
    world.kill(1);
    world.run(2_100);
    assert_eq!(world.state(0, call), Some(CallState::Reconnecting));
    world.run(57_000);
    assert_eq!(world.state(0, call), Some(CallState::Reconnecting), "not before its time");
    world.run(2_000);
    assert_eq!(world.nodes[0].desk.reason(call), said("lost"));
    assert_eq!(world.nodes[0].desk.cause(call).unwrap().what, "peer_vanished");
}

#[test]
fn a_blackout_of_20_s_keeps_the_call() {
    let mut world = two("blackout");
    let call = world.talking();
    world.set_media(false);
    world.set_signals(false);
    world.run(20_000);
    assert_eq!(
        (world.state(0, call), world.state(1, call)),
        (Some(CallState::Reconnecting), Some(CallState::Reconnecting))
    );
    world.set_media(true);
    world.set_signals(true);
    world.run(1_000);
    assert_eq!((world.state(0, call), world.state(1, call)), (Some(CallState::Active), Some(CallState::Active)));
    world.hang_up(1, call);
    world.run(500);
    assert_eq!(world.reasons(call), [said("hung_up"), said("hung_up")]);
}

#[test]
fn a_blackout_of_more_than_60_s_ends_the_call_as_lost_on_both_sides() {
    let mut world = two("long blackout");
    let call = world.talking();
    world.set_media(false);
    world.set_signals(false);
    world.run(70_000);
    assert_eq!(world.reasons(call), [said("lost"), said("lost")]);
}

#[test]
fn media_that_never_pass_fail_on_both_sides_with_what_was_tried() {
    let mut world = two("no media");
    world.rules.media = false;
    let call = world.dial(0, 2);
    world.run(1_000);
    world.accept(1, call);
    world.run(29_900);
    assert_eq!(
        (world.state(0, call), world.state(1, call)),
        (Some(CallState::Connecting), Some(CallState::Connecting))
    );
    world.run(1_000);
    assert_eq!(world.reasons(call), [said("media_failed"), said("media_failed")]);
    let cause = world.nodes[1].desk.cause(call).unwrap();
    assert_eq!(cause.what, "media_failed");
    assert!(cause.detail.contains("tried"), "{cause:?}");
}

#[test]
fn media_that_pass_after_12_s_come_up_by_the_one_restart() {
    let mut world = two("late media");
    world.rules.media = false;
    let call = world.dial(0, 2);
    world.run(1_000);
    world.accept(1, call);
    world.run(9_000);
    world.rules.media = true;
    world.run(2_000);
    assert_eq!((world.state(0, call), world.state(1, call)), (Some(CallState::Active), Some(CallState::Active)));
}

#[test]
fn the_same_call_twice_in_a_row_works() {
    let mut world = two("again");
    for _ in 0..20 {
        let call = world.talking();
        world.hang_up(0, call);
        world.run(1_000);
        assert_eq!(world.reasons(call), [said("hung_up"), said("hung_up")]);
    }
    assert_eq!(world.nodes[0].desk.core.live_calls(), 0);
    assert!(world.links.is_empty());
}

#[test]
fn a_bad_network_only_delays() {
    for seed in 0..40 {
        let mut world = two(&format!("bad network {seed}"));
        world.rules = Rules { latency_ms: 100, jitter_ms: 400, resend_one_in: 3, ..Rules::default() };
        let call = world.dial(0, 2);
        world.run(20_000);
        assert_eq!(world.state(1, call), Some(CallState::Incoming), "seed {seed}");
        world.accept(1, call);
        world.run(20_000);
        assert_eq!((world.state(0, call), world.state(1, call)), (Some(CallState::Active), Some(CallState::Active)));
        world.hang_up(0, call);
        world.run(10_000);
        assert_eq!(world.reasons(call), [said("hung_up"), said("hung_up")], "seed {seed}");
    }
}

#[test]
fn an_outsider_that_speaks_of_the_call_changes_nothing() {
    let mut world = World::new(&[(1, 1), (2, 2), (3, 3)], "outsider");
    let call = world.talking();
    let before: Vec<_> = world.nodes.iter().map(|n| n.desk.log.len()).collect();
    for node in [0, 1] {
        let bodies = [
            crate::wire::bodies::PairBody::HangUp(crate::wire::bodies::Reason::HungUp),
            crate::wire::bodies::PairBody::Verdict(Verdict::Accept),
        ];
        for body in bodies {
            world.input(node, CallInput::Pair { call, device: device(3), body });
        }
        let from = crate::call::signal::Sender {
            account: account(3),
            device: device(3),
            own: false,
            policy: crate::call::signal::ContactPolicy::default(),
            sent_ms: 0,
        };
        let reason = crate::wire::bodies::Reason::Cancelled;
        world.input(node, CallInput::Cancel { from, call, reason });
    }
    let after: Vec<_> = world.nodes.iter().map(|n| n.desk.log.len()).collect();
    assert_eq!(before, after);
    assert!(!world.nodes[2].desk.log.iter().any(|e| matches!(e, CallEffect::Event(_))));
}
