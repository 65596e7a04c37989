//! Two devices of one account: both ring, the first accept or decline counts, and the other one stops at once.

use std::io::Write;

use super::calls::{accept, command, hang_up, offer};
use super::linking::ben_with_two;
use super::world::World;
use crate::control::{CallCommand, CallState};
use crate::sim::network::Faults;

/// 100 +- 25 ms, and 5 % loss.
const FAR: Faults = Faults { delay_ms: 75, jitter_ms: 50, lost: 5, doubled: 0, late: 0, late_ms: 0 };

/// How many calls the far network is measured with; more with `AHOY_FAR_CALLS`.
const FAR_CALLS: u64 = 120;

fn rings(world: &World, n: usize) -> bool {
    world.states(n).last() == Some(&CallState::Incoming)
}

fn silent(world: &World, n: usize) -> bool {
    let node = &world.nodes[n];
    !node.microphone && node.sending.is_empty() && node.playing.is_empty()
}

fn ringing() -> World {
    let mut world = ben_with_two();
    offer(&mut world, 0, "Ben");
    assert!(rings(&world, 1) && rings(&world, 2));
    world
}

#[test]
fn the_first_accept_wins_and_the_other_device_stops() {
    for (first, other) in [(1, 2), (2, 1)] {
        let mut world = ringing();
        accept(&mut world, first);
        assert_eq!(world.states(0).last(), Some(&CallState::Active));
        assert_eq!(world.reason(other).as_deref(), Some("answered_elsewhere"));
        assert!(silent(&world, other) && world.missed(other) == 0);
        assert_eq!(world.nodes[other].history, 1);
        world.pass(100_000);
        assert_eq!((world.states(0).last(), world.missed(other)), (Some(&CallState::Active), 0));
        hang_up(&mut world, 0);
        world.pass(10_000);
        assert_eq!(world.reason(first).as_deref(), Some("hung_up"));
        assert_eq!(world.nodes[other].history, 1);
    }
}

#[test]
fn a_decline_on_one_device_stops_all() {
    for (first, other) in [(1, 2), (2, 1)] {
        let mut world = ringing();
        command(&mut world, first, CallCommand::Decline { call: None });
        assert_eq!(world.reason(0).as_deref(), Some("declined"));
        assert_eq!(world.reason(first).as_deref(), Some("declined"));
        assert_eq!(world.reason(other).as_deref(), Some("declined_elsewhere"));
        assert_eq!((world.missed(first), world.missed(other)), (0, 0));
    }
}

#[test]
fn the_own_device_s_word_alone_stops_the_other() {
    for decline in [false, true] {
        let mut world = ringing();
        world.disconnect(0, 2);
        world.run();
        if decline {
            command(&mut world, 1, CallCommand::Decline { call: None });
        } else {
            accept(&mut world, 1);
        }
        let reason = if decline { "declined_elsewhere" } else { "answered_elsewhere" };
        assert_eq!(world.reason(2).as_deref(), Some(reason));
    }
}

#[test]
fn the_caller_s_word_alone_stops_the_other() {
    for decline in [false, true] {
        let mut world = ringing();
        world.disconnect(1, 2);
        world.run();
        if decline {
            command(&mut world, 1, CallCommand::Decline { call: None });
        } else {
            accept(&mut world, 1);
        }
        let reason = if decline { "declined_elsewhere" } else { "answered_elsewhere" };
        assert_eq!(world.reason(2).as_deref(), Some(reason));
    }
}

#[test]
fn a_caller_that_gives_up_stops_all_and_leaves_each_one_missed_call() {
    let mut world = ringing();
    hang_up(&mut world, 0);
    world.pass(10_000);
    for n in [1, 2] {
        assert_eq!((world.reason(n).as_deref(), world.missed(n)), (Some("cancelled"), 1));
    }
}

#[test]
fn of_two_accepts_at_once_one_wins_and_the_other_closes_its_microphone() {
    let mut world = ben_with_two();
    let mut won = [0, 0];
    for round in 0..20 {
        world.network.suffer(Faults { lost: 0, ..FAR }, round);
        offer(&mut world, 0, "Ben");
        world.pass(3_000);
        assert!(rings(&world, 1) && rings(&world, 2));
        accept(&mut world, 1);
        accept(&mut world, 2);
        assert!(world.nodes[1].microphone && world.nodes[2].microphone, "each has a person who accepted");
        world.pass(3_000);
        let (winner, loser) = if world.states(1).last() == Some(&CallState::Active) { (1, 2) } else { (2, 1) };
        assert_eq!(world.states(0).last(), Some(&CallState::Active));
        assert_eq!(world.states(winner).last(), Some(&CallState::Active));
        assert_eq!(world.reason(loser).as_deref(), Some("answered_elsewhere"), "round {round}");
        assert!(silent(&world, loser) && world.missed(loser) == 0);
        assert_eq!(world.nodes[0].playing.len(), 1, "one talker");
        won[winner - 1] += 1;
        hang_up(&mut world, 0);
        world.pass(9_000);
    }
    assert!(won[0] > 0 && won[1] > 0, "who is first is open: {won:?}");
}

#[test]
fn a_device_that_is_away_holds_up_nothing() {
    for decline in [false, true] {
        let mut world = ben_with_two();
        world.kill(2);
        offer(&mut world, 0, "Ben");
        assert_eq!(world.states(0).last(), Some(&CallState::Ringing));
        if decline {
            command(&mut world, 1, CallCommand::Decline { call: None });
            assert_eq!(world.reason(0).as_deref(), Some("declined"));
        } else {
            accept(&mut world, 1);
            assert_eq!(world.states(0).last(), Some(&CallState::Active));
        }
    }
}

#[test]
fn a_device_that_comes_back_does_not_ring_for_what_another_one_took() {
    let mut world = ben_with_two();
    world.kill(2);
    offer(&mut world, 0, "Ben");
    accept(&mut world, 1);
    world.restart(2, "Ben");
    world.pass(90_000);
    assert!(world.states(2).is_empty() && world.missed(2) == 0);
}

#[test]
fn a_device_that_comes_back_while_it_rings_rings_as_well() {
    let mut world = ben_with_two();
    world.kill(2);
    offer(&mut world, 0, "Ben");
    world.pass(4_000);
    world.restart(2, "Ben");
    world.pass(8_000);
    assert!(rings(&world, 2), "{:?}", world.states(2));
    accept(&mut world, 2);
    assert_eq!(world.reason(1).as_deref(), Some("answered_elsewhere"));
}

#[test]
fn own_devices_stop_ringing_within_a_second_over_a_far_network() {
    let seed = std::env::var("AHOY_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_121_u64);
    let calls = std::env::var("AHOY_FAR_CALLS").ok().and_then(|calls| calls.parse().ok()).unwrap_or(FAR_CALLS);
    let mut world = ben_with_two();
    world.network.suffer(FAR, seed);
    let mut took_ms = Vec::new();
    for round in 0..calls {
        let (first, other) = if round % 2 == 0 { (1, 2) } else { (2, 1) };
        offer(&mut world, 0, "Ben");
        while !(rings(&world, 1) && rings(&world, 2)) {
            world.pass(20);
        }
        let began_ms = world.now_ms;
        accept(&mut world, first);
        while rings(&world, other) {
            world.pass(1);
        }
        took_ms.push(world.now_ms - began_ms);
        assert_eq!(world.reason(other).as_deref(), Some("answered_elsewhere"), "seed {seed}, call {round}");
        world.pass(1_000);
        hang_up(&mut world, 0);
        world.pass(9_000);
    }
    took_ms.sort_unstable();
    let at = |percent: usize| took_ms[(took_ms.len() - 1) * percent / 100];
    let figures = [50, 95, 99, 100].map(at);
    writeln!(
        std::io::stderr(),
        "own devices rang on for p50, p95, p99, max {figures:?} ms of {calls} calls (seed {seed})"
    )
    .unwrap();
    assert!(at(99) <= 1_000, "seed {seed}: {took_ms:?}");
}
