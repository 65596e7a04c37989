//! What blocked, removed and locked-out people try is listed, each call once, and none of them learns that it is.

use super::calls::{hang_up, offer};
use super::contacts::{acquainted, introduce};
use super::requests::{attempts, block, decide, published_by};
use super::world::World;
use crate::control::{AccountCommand, AttemptKind, ContactCommand, EventKind, TokenName};
use crate::core::input::Command;

const ADA: usize = 0;
const BEN: usize = 1;

fn remove(world: &mut World, n: usize, who: &str) {
    decide(world, n, ContactCommand::Remove { contact: who.into() });
}

fn rotate(world: &mut World, n: usize) {
    for token in [TokenName::Card, TokenName::Contact] {
        world.ask(n, Command::Account(AccountCommand::Rotate { token })).unwrap();
        world.pass(2_000);
    }
}

fn told(world: &World, n: usize) -> usize {
    world.nodes[n].events.iter().filter(|event| matches!(event, EventKind::BlockedAttempt { .. })).count()
}

/// Ada calls Ben, until she gives up.
fn call(world: &mut World) {
    offer(world, ADA, "Ben");
    world.pass(12_000);
    assert_eq!(world.reason(ADA).as_deref(), Some("unreachable"));
}

/// What Ben's list says of Ada: how many, and whether she is blocked.
fn listed(world: &mut World) -> Option<(u32, bool)> {
    let list = attempts(world, BEN).attempts;
    assert!(list.iter().all(|attempt| attempt.attempt == AttemptKind::Call), "{list:?}");
    list.first().map(|attempt| (attempt.count, attempt.blocked))
}

#[test]
fn each_call_of_a_blocked_contact_is_listed_once_and_gives_it_no_sign_of_life() {
    let mut world = acquainted(&["Ada", "Ben"]);
    block(&mut world, BEN, "Ada");
    world.pass(5_000);
    let before = published_by(&world, BEN);
    call(&mut world);
    assert_eq!(listed(&mut world), Some((1, true)));
    world.pass(30_000);
    call(&mut world);
    assert_eq!((listed(&mut world), told(&world, BEN)), (Some((2, true)), 2));
    assert_eq!(published_by(&world, BEN), before, "not one byte came back");
    world.restart(BEN, "Ben");
    assert_eq!(listed(&mut world), Some((2, true)));
}

#[test]
fn a_blocked_contact_that_was_not_connected_when_it_called_is_listed_as_well() {
    let mut world = acquainted(&["Ada", "Ben"]);
    block(&mut world, BEN, "Ada");
    world.kill(ADA);
    world.restart(ADA, "Ada");
    world.disconnect(ADA, BEN);
    world.run();
    call(&mut world);
    assert_eq!(listed(&mut world), Some((1, true)));
}

#[test]
fn a_blocked_contact_whose_daemon_only_runs_and_comes_and_goes_has_tried_nothing() {
    let mut world = acquainted(&["Ada", "Ben"]);
    block(&mut world, BEN, "Ada");
    for _ in 0..20 {
        world.pass(60_000);
        world.disconnect(ADA, BEN);
        world.run();
    }
    // Longer than a prekey record lasts: each connection asks for another one.
    world.pass(80 * 3_600_000);
    for _ in 0..20 {
        world.pass(60_000);
        world.disconnect(ADA, BEN);
        world.run();
    }
    assert_eq!(listed(&mut world), None);
}

#[test]
fn calls_of_a_removed_contact_are_listed_whether_or_not_the_tokens_were_made_anew() {
    for locked_out in [false, true] {
        let mut world = acquainted(&["Ada", "Ben"]);
        remove(&mut world, BEN, "Ada");
        if locked_out {
            rotate(&mut world, BEN);
            world.restart(BEN, "Ben");
        }
        world.pass(5_000);
        offer(&mut world, ADA, "Ben");
        world.pass(70_000);
        assert_eq!((listed(&mut world), told(&world, BEN)), (Some((1, false)), 1), "locked out: {locked_out}");
        let rung = |event: &EventKind| matches!(event, EventKind::IncomingCall { .. } | EventKind::MissedCall { .. });
        assert!(!world.nodes[BEN].events.iter().any(rung));
    }
}

#[test]
fn whoever_was_blocked_and_then_removed_finds_nobody_there_and_is_listed() {
    let mut world = acquainted(&["Ada", "Ben"]);
    block(&mut world, BEN, "Ada");
    remove(&mut world, BEN, "Ada");
    world.restart(BEN, "Ben");
    world.pass(5_000);
    let before = published_by(&world, BEN);
    call(&mut world);
    assert_eq!(listed(&mut world), Some((1, true)));
    assert!(published_by(&world, BEN) == before && !world.gossip(ADA, BEN), "not one byte came back");
}

#[test]
fn a_stranger_that_was_blocked_after_a_call_is_listed_with_the_next_one() {
    let mut world = World::new(&["Ada", "Ben"]);
    introduce(&mut world, ADA, BEN);
    offer(&mut world, ADA, "Ben");
    world.pass(20_000);
    assert_eq!(listed(&mut world), Some((1, false)));
    let ada = world.nodes[ADA].core.account().text();
    block(&mut world, BEN, &ada);
    world.pass(70_000);
    call(&mut world);
    assert_eq!(listed(&mut world), Some((2, true)));
}

#[test]
fn a_contact_that_was_taken_back_is_no_former_one() {
    let mut world = acquainted(&["Ada", "Ben"]);
    remove(&mut world, BEN, "Ada");
    introduce(&mut world, BEN, ADA);
    world.pass(5_000);
    offer(&mut world, ADA, "Ben");
    hang_up(&mut world, ADA);
    assert_eq!(listed(&mut world), None);
}
