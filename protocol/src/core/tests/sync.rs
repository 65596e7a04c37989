//! What a person changes of a contact at one device holds at the account's other devices.

use super::calls::{accept, hang_up};
use super::contacts::{card, introduce};
use super::linking::ben_with_two;
use super::world::World;
use crate::control::{CallState, Contact, ContactCommand, OfferParams, PolicyParams, RenameContactParams, Reply};
use crate::core::input::Command;

const ADA: usize = 0;
const BEN: usize = 1;
const BEN_TOO: usize = 2;

fn command(world: &mut World, n: usize, command: ContactCommand) -> Reply {
    world.ask(n, Command::Contact(command)).unwrap()
}

fn contacts(world: &mut World, n: usize) -> Vec<Contact> {
    let Reply::Contacts(reply) = command(world, n, ContactCommand::List) else { panic!() };
    reply.contacts
}

fn names(world: &mut World, n: usize) -> Vec<String> {
    contacts(world, n).into_iter().map(|contact| contact.name).collect()
}

fn rename(world: &mut World, n: usize, contact: &str, name: &str) {
    command(world, n, ContactCommand::Rename(RenameContactParams { contact: contact.into(), name: name.into() }));
}

fn policy(contact: &str) -> PolicyParams {
    PolicyParams { contact: contact.into(), ..PolicyParams::default() }
}

fn call(world: &mut World, n: usize, to: &str) -> Result<Reply, crate::control::ControlError> {
    world.ask(n, Command::Offer(OfferParams { to: vec![to.into()], media: None, context: None }))
}

/// Cid comes and becomes a contact of Ben's first device.
fn with_cid(world: &mut World) -> usize {
    let cid = world.join("Cid");
    introduce(world, BEN, cid);
    introduce(world, cid, BEN);
    world.pass(5_000);
    cid
}

#[test]
fn a_contact_added_at_one_device_is_one_at_the_others_and_can_call_them() {
    let mut world = ben_with_two();
    let cid = with_cid(&mut world);
    assert_eq!(names(&mut world, BEN_TOO), ["Ada", "Cid"]);
    call(&mut world, cid, "Ben").unwrap();
    for n in [BEN, BEN_TOO] {
        assert_eq!(world.states(n).last(), Some(&CallState::Incoming), "device {n}");
    }
    accept(&mut world, BEN_TOO);
    assert_eq!(world.states(cid).last(), Some(&CallState::Active));
    hang_up(&mut world, cid);
}

#[test]
fn names_policies_blocks_and_removals_hold_everywhere_but_no_device_answers_because_another_one_does() {
    let mut world = ben_with_two();
    rename(&mut world, BEN_TOO, "Ada", "Ada L.");
    assert_eq!(names(&mut world, BEN), ["Ada L."]);
    let params = PolicyParams { do_not_disturb: Some(true), auto_answer: Some(true), ..policy("Ada L.") };
    command(&mut world, BEN, ContactCommand::Policy(params));
    let told = &contacts(&mut world, BEN_TOO)[0].policy;
    assert!(told.do_not_disturb && !told.auto_answer, "{told:?}");
    assert!(contacts(&mut world, BEN)[0].policy.auto_answer);
    command(&mut world, BEN, ContactCommand::Block { contact: "Ada L.".into() });
    call(&mut world, ADA, "Ben").unwrap();
    world.pass(70_000);
    assert!(world.states(BEN).is_empty() && world.states(BEN_TOO).is_empty());
    command(&mut world, BEN_TOO, ContactCommand::Remove { contact: "Ada L.".into() });
    assert!(names(&mut world, BEN).is_empty());
}

#[test]
fn a_device_that_was_away_is_told_on_return_also_after_restarts() {
    let mut world = ben_with_two();
    world.kill(BEN_TOO);
    rename(&mut world, BEN, "Ada", "Countess");
    let cid = world.join("Cid");
    introduce(&mut world, BEN, cid);
    world.restart(BEN, "Ben");
    world.restart(BEN_TOO, "Ben");
    world.pass(90_000);
    assert_eq!(names(&mut world, BEN_TOO), ["Cid", "Countess"]);
    let told = |world: &World| world.published.iter().filter(|(from, ..)| *from == BEN).count();
    world.pass(600_000);
    let before = told(&world);
    world.restart(BEN_TOO, "Ben");
    world.pass(90_000);
    assert!(told(&world) < before + 10, "what is known is not told again");
}

#[test]
fn of_two_changes_made_apart_the_newer_one_counts_at_both() {
    let mut world = ben_with_two();
    world.kill(BEN_TOO);
    rename(&mut world, BEN, "Ada", "older");
    world.kill(BEN);
    world.pass(3_600_000);
    world.restart(BEN_TOO, "Ben");
    rename(&mut world, BEN_TOO, "Ada", "newer");
    world.restart(BEN, "Ben");
    world.pass(120_000);
    for n in [BEN, BEN_TOO] {
        assert_eq!(names(&mut world, n), ["newer"], "device {n}");
    }
}

#[test]
fn a_contact_removed_here_does_not_come_back_by_an_older_change_elsewhere() {
    let mut world = ben_with_two();
    world.kill(BEN);
    rename(&mut world, BEN_TOO, "Ada", "kept");
    world.kill(BEN_TOO);
    world.pass(60_000);
    world.restart(BEN, "Ben");
    command(&mut world, BEN, ContactCommand::Remove { contact: "Ada".into() });
    world.restart(BEN_TOO, "Ben");
    world.pass(120_000);
    assert!(names(&mut world, BEN).is_empty() && names(&mut world, BEN_TOO).is_empty());
    // A person can add it again.
    let ada = card(&mut world, ADA);
    command(&mut world, BEN_TOO, ContactCommand::Add { card: ada, name: None });
    world.pass(5_000);
    assert_eq!(names(&mut world, BEN), ["Ada"]);
}

#[test]
fn whoever_is_blocked_at_one_device_rings_at_none_and_stays_blocked_when_removed() {
    let mut world = ben_with_two();
    call(&mut world, ADA, "Ben").unwrap();
    assert_eq!(world.states(BEN_TOO).last(), Some(&CallState::Incoming));
    command(&mut world, BEN, ContactCommand::Block { contact: "Ada".into() });
    for n in [BEN, BEN_TOO] {
        assert_eq!(world.states(n).last(), Some(&CallState::Ended), "device {n}");
    }
    command(&mut world, BEN, ContactCommand::Remove { contact: "Ada".into() });
    let ada = world.nodes[ADA].core.account().text();
    for n in [BEN, BEN_TOO] {
        let Reply::Attempts(reply) = command(&mut world, n, ContactCommand::Attempts) else { panic!() };
        assert_eq!(reply.blocked, [ada.as_str()], "device {n}");
    }
}

#[test]
fn a_device_that_dates_its_changes_far_ahead_stops_none_of_the_others() {
    use crate::wire::bodies::{ContactChange, InboxBody};
    let mut world = ben_with_two();
    let ada = world.nodes[ADA].core.account();
    let lie = ContactChange {
        account: ada,
        changed_ms: (1 << 48) - 1,
        card: None,
        name: None,
        policy: None,
        contact_token: None,
        device_set: None,
    };
    let (now, to) = (world.now(), world.device(BEN));
    let node = &mut world.nodes[BEN_TOO];
    let mut step = crate::core::step::Step::new(now, &mut node.random);
    node.core.send_letter(to, InboxBody::Contact(lie), crate::session::Delivery::default(), &mut step);
    drop(step);
    world.pass(1_000);
    assert!(names(&mut world, BEN).is_empty(), "it is a device of the account, and believed");
    // Ten minutes later what a person does holds again, at both.
    world.pass(600_000);
    introduce(&mut world, BEN, ADA);
    world.pass(120_000);
    assert_eq!((names(&mut world, BEN), names(&mut world, BEN_TOO)), (vec!["Ada".to_owned()], vec!["Ada".to_owned()]));
    rename(&mut world, BEN_TOO, "Ada", "Countess");
    world.pass(5_000);
    assert_eq!(names(&mut world, BEN), ["Countess"]);
}
