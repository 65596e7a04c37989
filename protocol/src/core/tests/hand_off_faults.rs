//! Hand-offs over a bad network, with things going wrong in the middle, and before people who mean no good.

use std::io::Write;

use super::calls::accept;
use super::hand_off::{hand_off, heard, live, silent, talking};
use super::world::World;
use crate::control::{CallCommand, CallState, EventKind};
use crate::core::input::Command;
use crate::sim::dice::{Dice, size};
use crate::sim::network::Faults;

/// 100 +- 25 ms; 30 % of messages are lost, half come twice, a fifth up to 2 s late.
const BAD: Faults = Faults { delay_ms: 75, jitter_ms: 50, lost: 30, doubled: 50, late: 20, late_ms: 2_000 };

/// Hand-offs over it; more with `AHOY_HAND_OFFS`.
const HAND_OFFS: usize = 30;

/// Calls that are interrupted while they move; more with `AHOY_HAND_OFF_TURNS`.
const TURNS: usize = 30;

fn asked_by_nobody(world: &World) {
    for n in [0, 1] {
        let rang = world.nodes[n].events.iter().any(|event| matches!(event, EventKind::MissedCall { .. }));
        assert!(!rang, "nobody has missed anything");
    }
    let rang = |event: &EventKind| matches!(event, EventKind::IncomingCall { .. });
    assert!(!world.nodes[0].events.iter().any(rang), "the other side never rings");
}

#[test]
fn a_call_moves_back_and_forth_over_a_bad_network_and_ada_is_never_without_it() {
    let mut dice = Dice::from_environment();
    let seed = dice.draw();
    let mut world = talking();
    world.network.suffer(BAD, seed);
    let mut took_ms = Vec::new();
    for round in 0..size("AHOY_HAND_OFFS", HAND_OFFS) {
        let (from, to) = if round % 2 == 0 { (1, 2) } else { (2, 1) };
        hand_off(&mut world, from).unwrap();
        let rings = world.pass_until(15_000, |world| live(world, to) == [CallState::Incoming]);
        assert!(rings, "seed {seed}, round {round}: it rings there");
        assert!(silent(&world, to) && heard(&world, from));
        let began_ms = world.now_ms;
        accept(&mut world, to);
        let moved = world.pass_until(30_000, |world| {
            assert!(!live(world, 0).is_empty(), "Ada is in a call at every moment");
            live(world, to) == [CallState::Active] && live(world, from).is_empty() && live(world, 0).len() == 1
        });
        assert!(
            moved,
            "seed {seed}, round {round}: {:?} {:?} {:?}",
            live(&world, 0),
            live(&world, from),
            live(&world, to)
        );
        took_ms.push(world.now_ms - began_ms);
        assert!(heard(&world, 0) && heard(&world, to) && silent(&world, from), "seed {seed}, round {round}");
        assert_eq!(world.reason(from).as_deref(), Some("answered_elsewhere"), "seed {seed}, round {round}");
        asked_by_nobody(&world);
        world.pass(8_000);
    }
    took_ms.sort_unstable();
    let at = |percent: usize| took_ms[(took_ms.len() - 1) * percent / 100];
    let figures = [50, 95, 100].map(at);
    writeln!(
        std::io::stderr(),
        "from accept there to the end here, {} hand-offs, seed {seed}: p50 p95 max {figures:?} ms",
        took_ms.len()
    )
    .unwrap();
}

/// Something that a person does, or that happens, while a call moves.
fn interfere(world: &mut World, what: usize) {
    match what {
        0 => perhaps(world, 0, CallCommand::HangUp { call: None }),
        1 => perhaps(world, 1, CallCommand::HangUp { call: None }),
        2 => perhaps(world, 2, CallCommand::HangUp { call: None }),
        3 => perhaps(world, 2, CallCommand::Decline { call: None }),
        4 => perhaps(world, 0, CallCommand::Hold { call: None }),
        5 => perhaps(world, 1, CallCommand::Mute { call: None }),
        6 => world.disconnect(1, 2),
        _ => world.disconnect(0, 2),
    }
}

/// A command that may come too late: then it is refused.
fn perhaps(world: &mut World, n: usize, command: CallCommand) {
    drop(world.ask(n, Command::Call(command)));
}

#[test]
fn whatever_happens_while_a_call_moves_all_agree_on_where_it_is_in_the_end() {
    let mut dice = Dice::from_environment();
    let mut ends = [0_usize; 3];
    for turn in 0..size("AHOY_HAND_OFF_TURNS", TURNS) {
        let seed = dice.draw();
        let mut world = talking();
        world.network.suffer(Faults { lost: 5, late: 5, ..BAD }, seed);
        hand_off(&mut world, 1).unwrap();
        world.pass(dice.up_to(1_500));
        if dice.hundred(50) {
            interfere(&mut world, dice.below(8));
        }
        // Nothing may ring there any more: then there is nothing to accept.
        let accept = CallCommand::Accept { call: None, in_call: crate::control::InCall::Hold };
        perhaps(&mut world, 2, accept);
        world.pass(dice.up_to(2_000));
        if dice.hundred(70) {
            interfere(&mut world, dice.below(8));
        }
        world.pass(90_000);
        asked_by_nobody(&world);
        let with: Vec<usize> = [1, 2].into_iter().filter(|n| !live(&world, *n).is_empty()).collect();
        let ada = live(&world, 0);
        assert!(ada.len() <= 1, "seed {seed}, turn {turn}: {ada:?}");
        assert_eq!(ada.len(), with.len(), "seed {seed}, turn {turn}: Ada {ada:?}, Ben at {with:?}");
        let held = ada == [CallState::Held];
        for n in [1, 2] {
            let here = with == [n];
            assert!(
                if here && !held { heard(&world, n) } else { here || silent(&world, n) },
                "seed {seed}, turn {turn}, {n}"
            );
        }
        ends[with.first().copied().unwrap_or(0)] += 1;
    }
    assert!(ends.iter().all(|n| *n > 0), "every end is reached: {ends:?}");
}

#[test]
fn what_was_said_before_changes_nothing_when_it_is_said_again() {
    let mut world = talking();
    let before = world.published.len();
    hand_off(&mut world, 1).unwrap();
    accept(&mut world, 2);
    world.pass(5_000);
    assert_eq!(live(&world, 2), vec![CallState::Active]);
    let said = world.published[before..].to_vec();
    for restarted in [false, true] {
        if restarted {
            // Its memory of what it has seen is gone; the keys are not.
            world.restart(1, "Ben");
            world.pass(20_000);
        }
        let events: Vec<usize> = world.nodes.iter().map(|node| node.events.len()).collect();
        let calls: Vec<_> = (0..3).map(|n| live(&world, n)).collect();
        for (sender, topic, data) in said.clone() {
            for to in 0..3 {
                world.deliver(sender, to, topic, data.clone());
                world.run();
            }
        }
        world.pass(30_000);
        for n in 0..3 {
            let shown = |event: &&EventKind| {
                matches!(
                    event,
                    EventKind::IncomingCall { .. } | EventKind::HandOff { .. } | EventKind::MissedCall { .. }
                )
            };
            assert_eq!(world.nodes[n].events[events[n]..].iter().filter(shown).count(), 0, "node {n}");
            assert_eq!(live(&world, n), calls[n], "node {n}");
        }
    }
}
