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
fn a_contact_that_was_not_told_yet_gets_through_by_the_card() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let ada = world.nodes[0].core.account();
    let before = world.nodes[1].core.contacts.get(&ada).unwrap().contact_token.clone();
    rotate(&mut world, 0, TokenName::Contact);
    world.nodes[1].core.contacts.change(&ada, |contact| contact.contact_token = before).unwrap();
    offer(&mut world, 1, "Ada");
    world.pass(3_000);
    assert_eq!(rings(&world, 0), 1);
}

#[test]
fn a_revoked_device_does_not_know_the_inbox_of_contacts_and_the_other_devices_do() {
    let mut world = super::linking::ben_with_two();
    let third = world.join("third");
    super::linking::link(&mut world, 1, third, false);
    let tokens = |world: &World, n: usize| world.nodes[n].core.own.tokens().map(|token| *token.expose());
    let before = tokens(&world, 1);
    assert_eq!((tokens(&world, 2), tokens(&world, third)), (before, before));
    world.kill(third);
    super::linking::revoke(&mut world, 1, 2).unwrap();
    world.pass(5_000);
    assert_eq!(tokens(&world, 2), before);
    let now = tokens(&world, 1);
    assert!(now[0] == before[0] && now[1] != before[1], "the cards given out hold");
    world.restart(third, "Ben");
    world.pass(120_000);
    assert_eq!(tokens(&world, third), now);
    let own = world.nodes[1].core.account();
    for n in [1, third] {
        assert!(world.nodes[n].core.contacts.get(&own).unwrap().contact_token.is_some(), "and by it they meet again");
    }
    offer(&mut world, 0, "Ben");
    assert_eq!((rings(&world, 1), rings(&world, third), rings(&world, 2)), (1, 1, 0));
}

#[test]
fn a_lock_out_that_had_to_wait_for_a_device_is_made_up_for_also_after_a_restart() {
    let mut world = super::linking::ben_with_two();
    let third = world.join("third");
    super::linking::link(&mut world, 1, third, false);
    world.kill(third);
    rotate(&mut world, 1, TokenName::Card);
    world.pass(5_000);
    let tokens = |world: &World, n: usize| world.nodes[n].core.own.tokens().map(|token| *token.expose());
    let before = tokens(&world, 2);
    super::linking::revoke(&mut world, 1, 2).unwrap();
    world.kill(2);
    assert_eq!(tokens(&world, 1), before, "the third doesn't know the last ones yet");
    world.restart(1, "Ben");
    world.restart(third, "Ben");
    world.pass(180_000);
    let now = tokens(&world, 1);
    assert!(now[0] == before[0] && now[1] != before[1]);
    assert_eq!(tokens(&world, third), now);
}

#[test]
fn an_account_of_several_devices_makes_its_inboxes_anew_and_all_of_them_ring() {
    let mut world = super::linking::ben_with_two();
    rotate(&mut world, 2, TokenName::Contact);
    world.pass(5_000);
    rotate(&mut world, 1, TokenName::Card);
    world.pass(5_000);
    let tokens = |world: &World, n: usize| world.nodes[n].core.own.tokens().map(|token| *token.expose());
    assert_eq!(tokens(&world, 1), tokens(&world, 2));
    offer(&mut world, 0, "Ben");
    assert_eq!((rings(&world, 1), rings(&world, 2)), (1, 1));
}

#[test]
fn no_token_is_made_anew_while_a_device_of_the_account_lacks_the_last_one() {
    let mut world = super::linking::ben_with_two();
    world.kill(2);
    rotate(&mut world, 1, TokenName::Contact);
    let again = world.ask(1, Command::Account(AccountCommand::Rotate { token: TokenName::Card }));
    assert_eq!(again.unwrap_err().kind, crate::control::ErrorKind::WrongState);
    world.restart(2, "Ben");
    world.pass(90_000);
    rotate(&mut world, 1, TokenName::Card);
    world.pass(5_000);
    let tokens = |world: &World, n: usize| world.nodes[n].core.own.tokens().map(|token| *token.expose());
    assert_eq!(tokens(&world, 1), tokens(&world, 2));
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
