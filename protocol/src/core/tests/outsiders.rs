//! Replays, strangers, and callers that vanish: nothing rings, one missed call at most.

use super::calls::offer;
use super::contacts::{acquainted, introduce};
use crate::control::{ContactCommand, EventKind};
use crate::core::effect::Table;
use crate::core::input::{Command, Input, NetEvent};
use crate::sim::world::World;
use crate::topic::Topic;

/// All messages that `from` published and that `to` received on a topic it holds.
fn offers_of(world: &World, from: usize) -> Vec<(Topic, Vec<u8>)> {
    let is_offer = |data: &[u8]| data[1] == 0x11;
    let of = world.published.iter().filter(|(n, _, data)| *n == from && is_offer(data));
    of.map(|(_, topic, data)| (*topic, data.clone())).collect()
}

fn rings(world: &World, n: usize) -> usize {
    world.nodes[n].events.iter().filter(|event| matches!(event, EventKind::IncomingCall { .. })).count()
}

#[test]
fn a_guest_that_leaves_early_and_comes_again_is_a_stranger() {
    let mut world = World::new(&["Ada", "Eve"]);
    super::contacts::introduce(&mut world, 1, 0);
    world.connect(0, 1);
    world.pass(2_000);
    let eve = world.device(1);
    assert!(world.nodes[0].allowed.contains(&eve), "she has proved that she knows the card");
    world.disconnect(0, 1);
    world.run();
    assert!(!world.nodes[0].allowed.contains(&eve));
}

#[test]
fn a_replayed_offer_does_not_ring_again_nor_after_a_restart() {
    let mut world = acquainted(&["Ada", "Ben"]);
    offer(&mut world, 0, "Ben");
    let offers = offers_of(&world, 0);
    world.kill(0);
    world.pass(10_000);
    assert_eq!((rings(&world, 1), world.missed(1)), (1, 1));
    for round in 0..2 {
        for (topic, data) in &offers {
            world.deliver(0, 1, *topic, data.clone());
        }
        world.run();
        world.pass(60_000);
        assert_eq!((rings(&world, 1), world.missed(1)), (1, 1), "round {round}");
        world.restart(1, "Ben");
    }
}

#[test]
fn an_offer_whose_caller_vanishes_before_confirm_makes_one_missed_call_and_never_rings() {
    let mut world = acquainted(&["Ada", "Ben"]);
    // The caller's network is cut the moment its offer has gone out: no answer reaches it.
    world.nodes[1].allowed.clear();
    offer(&mut world, 0, "Ben");
    let offers = offers_of(&world, 0);
    world.kill(0);
    for (topic, data) in &offers {
        world.deliver(0, 1, *topic, data.clone());
    }
    world.run();
    world.pass(120_000);
    assert_eq!((rings(&world, 1), world.missed(1)), (0, 1));
}

#[test]
fn a_stranger_with_the_card_gets_a_prekey_but_rings_nothing() {
    let mut world = World::new(&["Ada", "Ben"]);
    introduce(&mut world, 0, 1);
    offer(&mut world, 0, "Ben");
    world.pass(15_000);
    assert_eq!((rings(&world, 1), world.missed(1), world.nodes[1].history), (0, 0, 0));
    // One bounded note of the attempt, for a person to see, and nothing else.
    let tables = [Table::Account, Table::Strangers];
    assert!(world.nodes[1].rows.keys().all(|(table, _)| tables.contains(table)));
    assert!(world.nodes[1].rows.keys().filter(|(table, _)| *table == Table::Strangers).count() <= 1);
}

#[test]
fn who_proves_no_token_gets_silence_and_no_gossip() {
    let mut world = World::new(&["Ada", "Ben"]);
    world.connect(0, 1);
    world.run();
    let device = world.device(0);
    for request in [vec![1; 33], Vec::new(), vec![0; 5000]] {
        let ticket = crate::core::input::NetTicket(0);
        world.input(1, Input::Net(NetEvent::PrekeyRequest { device, request, ticket }));
    }
    assert!(!world.nodes[1].allowed.contains(&device));
    assert_eq!(world.nodes[1].core.refusals().of(ahoy_crypto::Check::PREKEY_REQUEST), 3);
}

#[test]
fn an_outsider_connected_to_both_changes_nothing() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let mut three = World::new(&["Ada", "Ben", "Eve"]);
    introduce(&mut three, 0, 1);
    introduce(&mut three, 1, 0);
    three.connect(0, 2);
    three.connect(1, 2);
    three.run();
    let eve = three.device(2);
    for n in 0..2 {
        assert!(!three.nodes[n].allowed.contains(&eve));
    }
    offer(&mut world, 0, "Ben");
    offer(&mut three, 0, "Ben");
    assert_eq!(three.states(0), world.states(0));
    assert_eq!(three.states(1), world.states(1));
    // Whatever she publishes on whatever topic: counted, nothing else.
    let (before, topics) = (three.nodes[1].events.len(), three.nodes[1].topics.clone());
    for topic in topics {
        for size in [256, 512, 1024, 2048, 4096] {
            for kind in [0x11, 0x21, 0x31, 0x41, 0x99] {
                let mut data = vec![7; size];
                (data[0], data[1]) = (1, kind);
                three.deliver(2, 1, topic, data);
            }
        }
    }
    three.run();
    assert_eq!(three.nodes[1].events.len(), before);
    assert!(three.nodes[1].core.refusals().iter().map(|(_, count)| count).sum::<u64>() >= 25);
}

#[test]
fn a_guest_with_our_card_is_put_out_after_a_minute() {
    let mut world = World::new(&["Ada", "Ben"]);
    introduce(&mut world, 0, 1);
    world.pass(1_000);
    let device = world.device(0);
    assert!(world.nodes[1].allowed.contains(&device));
    world.pass(61_000);
    assert!(!world.nodes[1].allowed.contains(&device));
}

/// A card of `of` that names the device of `victim` as its own.
fn false_card(world: &mut World, of: usize, victim: usize) -> String {
    let text = super::contacts::card(world, of);
    let mut card = crate::wire::card::Card::parse(&text).unwrap();
    card.devices = vec![world.device(victim)];
    card.to_text().unwrap()
}

#[test]
fn a_contact_that_claims_the_device_of_another_one_does_not_get_it() {
    for first in [true, false] {
        let mut world = World::new(&["Ada", "Ben", "Eve"]);
        let claim = false_card(&mut world, 2, 1);
        let add = Command::Contact(ContactCommand::Add { card: claim, name: Some("Eve".into()) });
        if first {
            world.ask(0, add.clone()).unwrap();
        }
        introduce(&mut world, 0, 1);
        introduce(&mut world, 1, 0);
        if !first {
            world.ask(0, add).unwrap();
        }
        world.pass(2_000);
        offer(&mut world, 0, "Ben");
        assert_eq!(rings(&world, 1), 1, "Eve claimed it first: {first}");
        world.pass(1_000);
        world.ask(0, Command::Contact(ContactCommand::Remove { contact: "Eve".into() })).unwrap();
        assert!(world.gossip(0, 1));
    }
}

#[test]
fn a_call_right_after_the_cards_rings_although_the_inbox_was_known_before_the_prekey() {
    let mut world = World::new(&["Ada", "Ben"]);
    introduce(&mut world, 1, 0);
    world.pass(1_000);
    introduce(&mut world, 0, 1);
    offer(&mut world, 0, "Ben");
    assert_eq!(rings(&world, 1), 1);
}

#[test]
fn rows_of_call_ids_go_after_four_days() {
    let mut world = acquainted(&["Ada", "Ben"]);
    offer(&mut world, 0, "Ben");
    let rows = |world: &World| {
        world.nodes[1].rows.keys().filter(|(table, _)| *table == crate::core::effect::Table::SeenCalls).count()
    };
    assert_eq!(rows(&world), 1);
    world.kill(0);
    for _ in 0..97 {
        world.pass(3_600_000);
    }
    assert_eq!(rows(&world), 0);
}
