//! A device that was revoked is nobody of its account's: contacts learn it, it learns it itself, and nobody takes a call
//! back from it whom an honest device could have told.

use super::calls::{accept, active, offer};
use super::contacts::{acquainted, introduce};
use super::hand_off::live;
use super::linking::{ben_with_two, devices, link, revoke};
use super::world::World;
use crate::control::{CallState, DeviceCommand, ErrorKind, EventKind, OfferParams, Reply, SetKnown};
use crate::core::effect::Table;
use crate::core::input::Command;

fn known(world: &mut World, n: usize) -> SetKnown {
    match world.ask(n, Command::Device(DeviceCommand::List)) {
        Ok(Reply::Devices(reply)) => reply.known,
        other => panic!("{other:?}"),
    }
}

/// Ada talks with Ben's second device, and his first one sees neither of them.
fn talking_with_the_second() -> World {
    let mut world = ben_with_two();
    offer(&mut world, 0, "Ben");
    accept(&mut world, 2);
    world.pass(12_000);
    assert_eq!(live(&world, 0), vec![CallState::Active]);
    world.part(0b010);
    for n in [0, 2] {
        world.disconnect(n, 1);
    }
    world.run();
    world
}

#[test]
fn a_revoked_device_is_not_taken_back_while_another_of_its_account_can_be_asked() {
    let mut world = talking_with_the_second();
    world.kill(2);
    world.pass(3_000);
    assert_eq!(live(&world, 0), vec![CallState::Reconnecting]);
    revoke(&mut world, 1, 2).unwrap();
    assert_eq!(known(&mut world, 1).untold, 1, "Ada can't know it yet");
    world.heal();
    // The thief's daemon knows nothing but its own store, and offers at once.
    world.restart(2, "Ben");
    let heard = world.pass_until(20_000, |world| world.nodes[0].microphone && !world.nodes[0].sending.is_empty());
    assert!(!heard, "{:?}", world.nodes[0].events);
    assert_eq!(known(&mut world, 1), SetKnown { told: 1, untold: 0, names: Vec::new() });
    assert!(world.nodes[2].core.who().revoked, "it has met one of the account");
}

#[test]
fn a_revoked_device_that_does_not_say_what_its_offer_continues_is_asked_about_as_well() {
    let mut world = talking_with_the_second();
    world.kill(2);
    world.pass(3_000);
    revoke(&mut world, 1, 2).unwrap();
    // The thief's daemon keeps no journal: its offer is a plain one, of a device that takes part in Ada's call.
    world.nodes[2].rows.retain(|(table, _), _| *table != Table::Joined);
    world.restart(2, "Ben");
    world.pass_until(1_000, |world| world.gossip(0, 2));
    offer(&mut world, 2, "Ada");
    world.heal();
    let back = world.pass_until(20_000, |world| live(world, 0).contains(&CallState::Active));
    assert!(!back, "{:?}", world.nodes[0].events);
    assert!(world.nodes[2].core.who().revoked);
}

#[test]
fn a_device_of_several_that_calls_again_is_taken_back_within_four_seconds() {
    let mut world = talking_with_the_second();
    world.nodes[2].rows.retain(|(table, _), _| *table != Table::Joined);
    world.restart(2, "Ben");
    world.pass(3_000);
    offer(&mut world, 2, "Ada");
    let back = |world: &World| live(world, 0) == vec![CallState::Active] && live(world, 2) == vec![CallState::Active];
    assert!(world.pass_until(4_000, back), "{:?}", world.nodes[0].events);
}

#[test]
fn a_device_of_several_is_taken_back_within_four_seconds_though_no_other_can_be_asked() {
    let mut world = talking_with_the_second();
    world.kill(2);
    world.pass(3_000);
    world.restart(2, "Ben");
    let back = |world: &World| live(world, 0) == vec![CallState::Active] && live(world, 2) == vec![CallState::Active];
    let from_ms = world.now_ms;
    assert!(world.pass_until(4_000, back), "{:?}", world.nodes[0].events);
    assert!(world.now_ms - from_ms >= 2_000, "the other one had its time to answer");
}

#[test]
fn a_device_is_taken_back_at_once_when_the_others_say_that_it_counts() {
    let mut world = ben_with_two();
    offer(&mut world, 0, "Ben");
    accept(&mut world, 2);
    world.pass(12_000);
    world.kill(2);
    world.pass(3_000);
    world.restart(2, "Ben");
    let back = |world: &World| live(world, 0) == vec![CallState::Active] && live(world, 2) == vec![CallState::Active];
    assert!(world.pass_until(1_000, back), "{:?}", world.nodes[0].events);
}

#[test]
fn a_revocation_tells_how_many_contacts_know_it_and_reaches_the_others_on_return() {
    let mut world = ben_with_two();
    world.join("Cem");
    introduce(&mut world, 1, 3);
    introduce(&mut world, 3, 1);
    world.pass(2_000);
    world.kill(3);
    revoke(&mut world, 1, 2).unwrap();
    world.pass(1_000);
    assert_eq!(known(&mut world, 1), SetKnown { told: 1, untold: 1, names: vec!["Cem".to_owned()] });
    world.restart(1, "Ben");
    assert_eq!(known(&mut world, 1).untold, 1, "not forgotten over a restart");
    world.restart(3, "Cem");
    world.pass(60_000);
    assert_eq!(known(&mut world, 1), SetKnown { told: 2, untold: 0, names: Vec::new() });
    assert_eq!(world.nodes[3].core.contact_infos()[0].devices.len(), 1);
}

#[test]
fn contacts_beyond_those_that_we_stay_connected_with_are_dialled_to_be_told() {
    let mut world = World::new(&["Ben", "fresh"]);
    link(&mut world, 0, 1, false);
    for n in 0..36 {
        let other = world.join(&format!("c{n}"));
        introduce(&mut world, 0, other);
        introduce(&mut world, other, 0);
        world.pass(4_000);
    }
    assert_eq!(known(&mut world, 0).told, 36);
    let ben = world.nodes[0].core.account();
    for n in 2..38 {
        // They can't dial Ben themselves.
        let forget = |contact: &mut crate::account::Contact| {
            contact.devices.values_mut().for_each(|facts| facts.addresses.clear());
        };
        world.nodes[n].core.contacts.change(&ben, forget).unwrap();
        world.disconnect(0, n);
    }
    world.run();
    revoke(&mut world, 0, 1).unwrap();
    assert!(known(&mut world, 0).untold > 4);
    world.pass(10_000);
    assert_eq!(known(&mut world, 0).untold, 0);
}

#[test]
fn a_revoked_device_learns_it_from_its_account_and_does_nothing_in_its_name_any_more() {
    let mut world = ben_with_two();
    world.kill(2);
    revoke(&mut world, 1, 2).unwrap();
    world.restart(2, "Ben");
    world.pass(10_000);
    let who = world.nodes[2].core.who();
    assert!(who.revoked && world.nodes[2].core.status().revoked);
    let revoked = |event: &EventKind| matches!(event, EventKind::Warning { about, .. } if about == "revoked");
    assert!(world.nodes[2].events.iter().any(revoked));
    let call = OfferParams { to: vec!["Ada".into()], media: None, context: None };
    assert_eq!(world.ask(2, Command::Offer(call)).unwrap_err().kind, ErrorKind::WrongState);
    assert!(!world.gossip(0, 2) && !world.gossip(1, 2));
    world.restart(2, "Ben");
    world.pass(10_000);
    assert!(world.nodes[2].core.who().revoked && !world.gossip(0, 2) && world.nodes[2].allowed.is_empty());
    link(&mut world, 1, 2, false);
    assert_eq!(devices(&mut world, 2).len(), 2);
    assert!(!world.nodes[2].core.who().revoked);
}

#[test]
fn a_revoked_device_in_a_call_ends_it_when_it_learns_that() {
    let mut world = ben_with_two();
    offer(&mut world, 0, "Ben");
    accept(&mut world, 2);
    revoke(&mut world, 1, 2).unwrap();
    world.pass(1_000);
    assert!(live(&world, 2).is_empty() && !world.nodes[2].microphone);
    assert!(live(&world, 0).is_empty() && !world.nodes[0].microphone);
}

#[test]
fn nobody_is_asked_about_a_contact_with_one_device() {
    let mut world = acquainted(&["Ada", "Ben"]);
    active(&mut world);
    world.pass(12_000);
    world.kill(1);
    world.pass(3_000);
    world.restart(1, "Ben");
    let back = |world: &World| live(world, 0) == vec![CallState::Active];
    assert!(world.pass_until(100, back), "{:?}", world.nodes[0].events);
}
