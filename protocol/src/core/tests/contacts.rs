//! Cards, presence, and what contacts come to know of each other.

use crate::control::{AccountCommand, ContactCommand, ErrorKind, EventKind, Reply};
use crate::core::input::Command;
use crate::sim::world::World;

pub(crate) fn card(world: &mut World, n: usize) -> String {
    match world.ask(n, Command::Account(AccountCommand::Card { addresses: true })) {
        Ok(Reply::Card(reply)) => reply.card,
        other => panic!("{other:?}"),
    }
}

/// `n` adds the card of `other`.
pub(crate) fn introduce(world: &mut World, n: usize, other: usize) {
    let card = card(world, other);
    world.ask(n, Command::Contact(ContactCommand::Add { card, name: None })).unwrap();
}

/// Devices that have each other as contacts and have met.
pub(crate) fn acquainted(names: &[&str]) -> World {
    let mut world = World::new(names);
    for n in 0..names.len() {
        for other in 0..names.len() {
            if n != other {
                introduce(&mut world, n, other);
            }
        }
    }
    world.pass(1_000);
    world
}

/// All contacts; what they are doing right now is tested elsewhere.
fn contacts(world: &mut World, n: usize) -> Vec<crate::control::Contact> {
    match world.ask(n, Command::Contact(ContactCommand::List)) {
        Ok(Reply::Contacts(reply)) => reply
            .contacts
            .into_iter()
            .map(|contact| crate::control::Contact { presence: None, presence_at_ms: None, ..contact })
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn contacts_that_meet_exchange_presence_and_use_the_contact_inbox() {
    let mut world = acquainted(&["Ada", "Ben"]);
    for (n, name) in [(0, "Ben"), (1, "Ada")] {
        let contacts = contacts(&mut world, n);
        assert_eq!(contacts.len(), 1);
        assert!(contacts[0].online && contacts[0].acquainted && contacts[0].name == name, "{contacts:?}");
    }
}

#[test]
fn presence_is_not_sent_again_while_it_says_the_same() {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.pass(120_000);
    let before = world.published.len();
    world.disconnect(0, 1);
    world.run();
    world.connect(0, 1);
    world.run();
    world.pass(120_000);
    assert_eq!(world.published.len(), before);
}

#[test]
fn a_restarted_daemon_knows_its_contacts_and_itself() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let account = world.nodes[0].core.account();
    world.restart(0, "Ada");
    world.pass(5_000);
    assert_eq!(world.nodes[0].core.account(), account);
    let contacts = contacts(&mut world, 0);
    assert!(contacts[0].acquainted && contacts[0].online, "{contacts:?}");
}

#[test]
fn one_side_alone_gets_no_presence() {
    let mut world = World::new(&["Ada", "Ben"]);
    introduce(&mut world, 0, 1);
    world.pass(60_000);
    assert!(!contacts(&mut world, 0)[0].acquainted);
    assert!(contacts(&mut world, 1).is_empty());
}

#[test]
fn the_second_side_to_add_the_other_completes_it() {
    let mut world = World::new(&["Ada", "Ben"]);
    introduce(&mut world, 0, 1);
    world.pass(100_000);
    introduce(&mut world, 1, 0);
    world.pass(2_000);
    assert!(contacts(&mut world, 0)[0].acquainted && contacts(&mut world, 1)[0].acquainted);
}

#[test]
fn a_card_can_be_wrong_in_every_way_and_says_how() {
    let mut world = World::new(&["Ada", "Ben", "Eve"]);
    let own = card(&mut world, 0);
    let ben = card(&mut world, 1);
    let eve = card(&mut world, 2);
    let add = |card: String, name: Option<&str>| {
        Command::Contact(ContactCommand::Add { card, name: name.map(str::to_owned) })
    };
    assert_eq!(world.ask(0, add("hello".into(), None)).unwrap_err().kind, ErrorKind::BadCard);
    assert_eq!(world.ask(0, add(own, None)).unwrap_err().kind, ErrorKind::OwnCard);
    assert_eq!(world.ask(0, add(ben.clone(), Some(" "))).unwrap_err().kind, ErrorKind::BadParams);
    world.ask(0, add(ben.clone(), Some("Friend"))).unwrap();
    world.ask(0, add(ben, Some("Old friend"))).unwrap();
    assert_eq!(world.ask(0, add(eve, Some("Old friend"))).unwrap_err().kind, ErrorKind::NameTaken);
    assert_eq!(contacts(&mut world, 0).len(), 1);
}

#[test]
fn a_name_that_deceives_the_eye_is_cleaned_in_a_card_and_refused_from_a_frontend() {
    let mut world = World::new(&["Ada", "Ben"]);
    let mut ben = crate::wire::card::Card::parse(&card(&mut world, 1)).unwrap();
    ben.name = "\u{202e}nimdA\u{200b}".into();
    let add = |card: &crate::wire::card::Card, name: Option<&str>| {
        Command::Contact(ContactCommand::Add { card: card.to_text().unwrap(), name: name.map(str::to_owned) })
    };
    let account = ben.account.text();
    for name in ["Be\u{200d}n", &account, "AHOY1 Ben"] {
        assert_eq!(world.ask(0, add(&ben, Some(name))).unwrap_err().kind, ErrorKind::BadParams, "{name}");
    }
    world.ask(0, add(&ben, None)).unwrap();
    assert_eq!(contacts(&mut world, 0)[0].name, "nimdA");
    // A card that has nothing else to show, or the id of somebody, needs a name from its reader.
    for name in ["\u{2060}", account.as_str()] {
        ben.name = name.into();
        assert_eq!(world.ask(0, add(&ben, None)).unwrap_err().kind, ErrorKind::BadParams, "{name}");
    }
    world.ask(0, add(&ben, Some("Ben"))).unwrap();
}

#[test]
fn a_removed_contact_is_gone_also_after_a_restart() {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.ask(0, Command::Contact(ContactCommand::Remove { contact: "Ben".into() })).unwrap();
    assert!(!world.gossip(0, 1));
    world.restart(0, "Ada");
    assert!(contacts(&mut world, 0).is_empty());
    let gone = world.ask(0, Command::Contact(ContactCommand::Remove { contact: "Ben".into() }));
    assert_eq!(gone.unwrap_err().kind, ErrorKind::NoSuchContact);
}

#[test]
fn a_change_that_cannot_be_written_is_taken_back() {
    let mut world = acquainted(&["Ada", "Ben", "Eve"]);
    let before = contacts(&mut world, 0);
    world.ask(0, Command::Contact(ContactCommand::Remove { contact: "Ben".into() })).unwrap();
    assert_eq!(contacts(&mut world, 0).len(), before.len() - 1);
    world.unwritten(0, 1);
    assert_eq!(contacts(&mut world, 0), before, "a removal");
    assert!(world.gossip(0, 1), "and gossip goes on");

    world.ask(0, Command::Contact(ContactCommand::Remove { contact: "Eve".into() })).unwrap();
    let without = contacts(&mut world, 0);
    let eve = card(&mut world, 2);
    let add = |card: String, name: &str| Command::Contact(ContactCommand::Add { card, name: Some(name.into()) });
    world.ask(0, add(eve, "Eve again")).unwrap();
    world.unwritten(0, 0);
    assert_eq!(contacts(&mut world, 0), without, "an addition");
    assert!(!world.gossip(0, 2));

    let ben = card(&mut world, 1);
    world.ask(0, add(ben, "Benjamin")).unwrap();
    world.unwritten(0, 0);
    world.unwritten(0, 0);
    assert_eq!(contacts(&mut world, 0), without, "a new name, and twice is once");
    world.restart(0, "Ada");
    let names = |list: &[crate::control::Contact]| list.iter().map(|contact| contact.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&contacts(&mut world, 0)), names(&without), "the store is told as well");
}

#[test]
fn frontends_are_told_of_a_contact_when_what_they_see_changes() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let told = |world: &World| {
        let is_told = |event: &&EventKind| matches!(event, EventKind::ContactChanged { .. });
        world.nodes[0].events.iter().filter(is_told).count()
    };
    let before = told(&world);
    world.disconnect(0, 1);
    world.run();
    assert_eq!(told(&world), before + 1);
    world.connect(0, 1);
    world.run();
    world.pass(60_000);
    assert_eq!(told(&world), before + 2);
}

#[test]
fn at_most_twenty_presences_go_out_in_a_minute_and_the_rest_follows() {
    let names: Vec<String> = (0..25).map(|n| format!("contact{n}")).collect();
    let mut world = World::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for n in 1..25 {
        introduce(&mut world, 0, n);
        introduce(&mut world, n, 0);
    }
    let acquainted =
        |world: &mut World| (1..25).filter(|n| contacts(world, *n).iter().any(|contact| contact.acquainted)).count();
    let at_once = acquainted(&mut world);
    assert!(at_once <= 20, "{at_once}");
    world.pass(130_000);
    assert_eq!(acquainted(&mut world), 24);
}

#[test]
fn a_contact_that_changes_its_devices_again_and_again_costs_no_memory() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let ben = world.nodes[1].core.account();
    for round in 0..100u8 {
        let now = world.now();
        let node = &mut world.nodes[0];
        let mut step = crate::core::step::Step::new(now, &mut node.random);
        let key = ahoy_crypto::SignKey::from_seed(&ahoy_crypto::Secret::new([round; 32]));
        let device = key.device();
        node.core.change_contact(&ben, &mut step, |contact| {
            contact.devices.clear();
            contact.devices.insert(device, crate::account::DeviceFacts::default());
        });
        node.core.welcome(device, &mut step);
        node.core.tellings.insert(device, [0; 32]);
    }
    assert_eq!(world.nodes[0].core.tellings.len(), 1);
    assert_eq!(world.nodes[0].core.dialing.wanted(), 1);
}
