//! A call that goes to another device of the account and comes back is one call in the history of each; and what people
//! may do while it moves.

use std::collections::BTreeSet;

use super::calls::{accept, command, hang_up, offer};
use super::hand_off::{hand_off, live, talking};
use super::linking::ben_with_two;
use super::world::World;
use crate::call::effect::HistoryEntry;
use crate::control::{CallCommand, CallState, EventKind, HandOffState};
use crate::wire::bodies::Reason;

/// The call goes from one device of Ben to the other.
fn moves(world: &mut World, from: usize, to: usize) {
    hand_off(world, from).unwrap();
    accept(world, to);
    world.pass(2_000);
    assert_eq!((live(world, from), live(world, to)), (vec![], vec![CallState::Active]));
}

/// The one line of history of a node, as it was told last.
fn one_line(world: &World, n: usize) -> HistoryEntry {
    let lines = &world.nodes[n].lines;
    let calls: BTreeSet<_> = lines.iter().map(|line| line.call).collect();
    assert_eq!(calls.len(), 1, "device {n}: {lines:#?}");
    lines.last().unwrap().clone()
}

#[test]
fn a_call_that_goes_and_comes_back_is_one_line_at_each_device() {
    let mut world = talking();
    let rang = |world: &World| world.nodes[0].core.calls.calls(world.now())[0].started_at_ms;
    let started_ms = rang(&world);
    for (from, to) in [(1, 2), (2, 1), (1, 2), (2, 1)] {
        moves(&mut world, from, to);
    }
    hang_up(&mut world, 0);
    world.pass(10_000);
    let here = one_line(&world, 1);
    assert_eq!((here.reason, here.incoming, here.started_ms), (Reason::HungUp, true, started_ms));
    assert!(here.accepted_ms.zip(here.ended_ms).is_some_and(|(from, to)| to - from >= 9_000), "{here:?}");
    // It rang there at first, and so is the call that it was then.
    let there = one_line(&world, 2);
    assert_eq!((there.reason, there.call), (Reason::AnsweredElsewhere, here.call));
    assert_eq!((there.incoming, there.started_ms, there.missed), (true, started_ms, false));
    assert!(there.accepted_ms.is_some());
    assert_eq!(one_line(&world, 0).reason, Reason::HungUp);
}

#[test]
fn a_call_that_was_made_here_and_comes_back_is_still_one_that_was_made_here() {
    let mut world = ben_with_two();
    offer(&mut world, 1, "Ada");
    accept(&mut world, 0);
    world.pass(1_000);
    moves(&mut world, 1, 2);
    moves(&mut world, 2, 1);
    hang_up(&mut world, 1);
    world.pass(10_000);
    assert!(!one_line(&world, 1).incoming);
    assert!(one_line(&world, 2).incoming, "it came there, from the other device");
}

#[test]
fn another_call_that_comes_from_there_is_another_line() {
    let mut world = talking();
    moves(&mut world, 1, 2);
    hang_up(&mut world, 2);
    world.pass(10_000);
    offer(&mut world, 2, "Ada");
    accept(&mut world, 0);
    world.pass(1_000);
    moves(&mut world, 2, 1);
    hang_up(&mut world, 1);
    world.pass(10_000);
    let calls: BTreeSet<_> = world.nodes[1].lines.iter().map(|line| line.call).collect();
    assert_eq!(calls.len(), 2, "{:#?}", world.nodes[1].lines);
}

#[test]
fn that_the_call_has_ended_is_told_before_that_its_hand_off_has_failed() {
    for by in [0, 1] {
        let mut world = talking();
        hand_off(&mut world, 1).unwrap();
        world.nodes[1].events.clear();
        hang_up(&mut world, by);
        world.pass(1_000);
        let at = |wanted: fn(&EventKind) -> bool| world.nodes[1].events.iter().position(wanted).unwrap();
        let ended = at(|event| matches!(event, EventKind::CallState { state: CallState::Ended, .. }));
        let failed = at(|event| matches!(event, EventKind::HandOff { state: HandOffState::Failed, .. }));
        assert!(ended < failed);
    }
}

#[test]
fn a_call_that_is_taken_over_can_be_held_before_it_is_connected() {
    let mut world = talking();
    hand_off(&mut world, 1).unwrap();
    world.disconnect(0, 2);
    world.part(0b100);
    accept(&mut world, 2);
    assert_eq!(live(&world, 2), [CallState::Connecting]);
    command(&mut world, 2, CallCommand::Hold { call: None });
    world.heal();
    world.pass(10_000);
    assert_eq!((live(&world, 1), live(&world, 2)), (vec![], vec![CallState::Held]));
    assert!(!world.nodes[2].microphone);
    command(&mut world, 2, CallCommand::Resume { call: None });
    world.pass(2_000);
    assert_eq!(live(&world, 2), [CallState::Active]);
}
