//! New tokens: who is locked out, and who isn't.

use super::calls::{accept, hang_up, offer};
use super::contacts::{acquainted, card, introduce};
use super::world::World;
use crate::control::{AccountCommand, CallState, ContactCommand, EventKind, Reply, TokenName};
use crate::core::input::Command;

fn rotate(world: &mut World, n: usize, token: TokenName) -> String {
    match world.ask(n, Command::Account(AccountCommand::Rotate { token })) {
        Ok(Reply::Card(reply)) => reply.card,
        other => panic!("{other:?}"),
    }
}

fn remove(world: &mut World, n: usize, who: &str) {
    world.ask(n, Command::Contact(ContactCommand::Remove { contact: who.into() })).unwrap();
}

fn rings(world: &World, n: usize) -> usize {
    world.nodes[n].events.iter().filter(|event| matches!(event, EventKind::IncomingCall { .. })).count()
}

fn published_by(world: &World, n: usize) -> usize {
    world.published.iter().filter(|(by, ..)| *by == n).count()
}

#[test]
fn a_former_contact_is_locked_out_and_the_others_learn_the_new_token() {
    let mut world = acquainted(&["Ada", "Ben", "Eve"]);
    remove(&mut world, 0, "Eve");
    rotate(&mut world, 0, TokenName::Contact);
    rotate(&mut world, 0, TokenName::Card);
    world.pass(5_000);
    let answers = |world: &World| world.published.iter().filter(|(by, _, data)| *by == 0 && data[1] == 0x21).count();
    offer(&mut world, 2, "Ada");
    world.pass(120_000);
    assert_eq!((rings(&world, 0), world.missed(0)), (0, 0));
    assert_eq!(answers(&world), 0);
    assert_eq!(world.reason(2).as_deref(), Some("unreachable"));
    offer(&mut world, 1, "Ada");
    accept(&mut world, 0);
    assert_eq!(world.states(1).last(), Some(&CallState::Active), "Ben knows the new token");
    hang_up(&mut world, 1);
}

#[test]
fn a_contact_that_was_away_learns_the_new_token_when_it_is_back() {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.kill(1);
    rotate(&mut world, 0, TokenName::Contact);
    world.restart(0, "Ada");
    world.pass(60_000);
    world.restart(1, "Ben");
    world.pass(300_000);
    offer(&mut world, 1, "Ada");
    assert_eq!(rings(&world, 0), 1);
}

#[test]
fn both_may_rotate_apart_for_days_and_find_each_other_again_by_their_cards() {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.kill(1);
    rotate(&mut world, 0, TokenName::Contact);
    world.kill(0);
    world.restart(1, "Ben");
    rotate(&mut world, 1, TokenName::Contact);
    // Longer than any prekey record lasts.
    world.pass(80 * 3_600_000);
    world.restart(0, "Ada");
    world.pass(600_000);
    offer(&mut world, 1, "Ada");
    hang_up(&mut world, 1);
    offer(&mut world, 0, "Ben");
    assert_eq!((rings(&world, 0), rings(&world, 1)), (1, 1));
}

#[test]
fn an_old_card_is_worth_nothing_after_the_cards_token_is_new() {
    let mut world = World::new(&["Ada", "Ben"]);
    let old = card(&mut world, 0);
    let new = rotate(&mut world, 0, TokenName::Card);
    assert_ne!(old, new);
    world.ask(1, Command::Contact(ContactCommand::Add { card: old, name: None })).unwrap();
    introduce(&mut world, 0, 1);
    remove(&mut world, 0, "Ben");
    offer(&mut world, 1, "Ada");
    world.pass(60_000);
    assert_eq!((rings(&world, 0), world.missed(0), published_by(&world, 0)), (0, 0, published_by(&world, 0)));
    world.ask(1, Command::Contact(ContactCommand::Add { card: new, name: None })).unwrap();
    introduce(&mut world, 0, 1);
    world.pass(5_000);
    offer(&mut world, 1, "Ada");
    assert_eq!(rings(&world, 0), 1);
}

#[test]
fn a_rotation_that_cannot_be_written_is_taken_back() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let before = card(&mut world, 0);
    rotate(&mut world, 0, TokenName::Card);
    world.unwritten(0, 0);
    assert_eq!(card(&mut world, 0), before);
    world.restart(0, "Ada");
    assert_eq!(card(&mut world, 0), before, "the store is told as well");
}
