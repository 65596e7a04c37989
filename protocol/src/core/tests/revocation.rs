//! A device that was revoked is nobody of its account's: contacts learn it, it learns it itself, and nobody takes a call
//! back from it whom an honest device could have told.

use super::calls::{accept, active, offer};
use super::contacts::{acquainted, introduce};
use super::hand_off::live;
use super::linking::{ben_with_two, devices, link, revoke};
use super::world::World;
use crate::account::{Contact, DeviceFacts, Policy};
use crate::call::signal::Sender;
use crate::control::{
    AccountCommand, CallState, ContactCommand, DeviceCommand, ErrorKind, EventKind, OfferParams, RenameContactParams,
    Reply, SetKnown, TokenName,
};
use crate::core::effect::{Effect, NetCommand, Table};
use crate::core::input::Command;
use crate::core::network::policy_of;
use crate::core::step::Step;
use crate::ids::{CallId, DeviceId};
use crate::wire::bodies::Receipt;

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
fn a_receipt_that_names_nothing_says_nothing_of_a_presence() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let (ben, device, now) = (world.nodes[1].core.account(), world.device(1), world.now());
    let node = &mut world.nodes[0];
    let mut step = Step::new(now, &mut node.random);
    node.core.contacts.change(&ben, |contact| contact.devices.get_mut(&device).unwrap().told = None).unwrap();
    node.core.tellings.insert(device, [7; 32]);
    node.core.receipt(device, &Receipt { kind: 2, id: vec![0; 32] }, &mut step);
    assert_eq!(node.core.contacts.get(&ben).unwrap().devices[&device].told, None);
}

#[test]
fn a_receipt_for_an_older_set_says_nothing_of_the_newest() {
    let mut world = ben_with_two();
    let (ada, now) = (world.device(0), world.now());
    world.kill(0);
    let older = world.nodes[1].core.own.device_set().bytes().to_vec();
    let node = &mut world.nodes[1];
    let mut step = Step::new(now, &mut node.random);
    node.core.tell_set(ada, &mut step);
    assert!(node.core.session.has_set(ada, &older));
    revoke(&mut world, 1, 2).unwrap();
    assert!(!world.nodes[1].core.session.has_set(ada, &older), "its receipt is worth nothing any more");
}

#[test]
fn a_contact_that_was_met_by_its_card_anew_is_told_of_a_revocation_as_well() {
    let mut world = ben_with_two();
    world.kill(0);
    let ada = world.nodes[0].core.account();
    world.nodes[1].core.contacts.change(&ada, |contact| contact.contact_token = None).unwrap();
    revoke(&mut world, 1, 2).unwrap();
    assert_eq!(known(&mut world, 1), SetKnown { told: 0, untold: 1, names: vec!["Ada".to_owned()] });
}

#[test]
fn whoever_is_only_asked_about_another_is_not_wanted_afterwards_and_the_blocked_are_not_asked() {
    let mut world = acquainted(&["Ada", "Ben", "Eve"]);
    world.kill(2);
    let (ben, eve, now) = (world.nodes[1].core.account(), world.nodes[2].core.account(), world.now());
    let (bens, blocked, other) = (world.device(1), world.device(2), DeviceId([9; 32]));
    let node = &mut world.nodes[0];
    node.core.contacts.change(&eve, |it| it.policy = it.policy.with(Policy::BLOCKED, true)).unwrap();
    node.core.dialing.forget(&blocked);
    let claim = |contact: &mut Contact| {
        for device in [blocked, other] {
            contact.devices.insert(device, DeviceFacts::default());
        }
    };
    node.core.contacts.change(&ben, claim).unwrap();
    let mut step = Step::new(now, &mut node.random);
    let policy = policy_of(Policy::default());
    let from = Sender { account: ben, device: bens, own: false, policy, sent_ms: now.unix_ms };
    assert!(!node.core.may_go_on(&from, CallId([1; 16]), &mut step));
    let dialled = |effect: &Effect| {
        let Effect::Net(NetCommand::Connect { device, .. }) = effect else { return None };
        Some(*device)
    };
    assert_eq!(step.out.iter().filter_map(dialled).collect::<Vec<_>>(), vec![other]);
    assert!(!node.core.dialing.wants(&other) && !node.core.dialing.wants(&blocked));
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

#[test]
fn who_wants_calls_taken_back_without_end_makes_us_dial_no_more_than_anybody() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let (ben, bens, now) = (world.nodes[1].core.account(), world.device(1), world.now());
    let node = &mut world.nodes[0];
    let claim = |contact: &mut Contact| {
        for n in 10..17 {
            contact.devices.insert(DeviceId([n; 32]), DeviceFacts::default());
        }
    };
    node.core.contacts.change(&ben, claim).unwrap();
    let mut step = Step::new(now, &mut node.random);
    let policy = policy_of(Policy::default());
    let from = Sender { account: ben, device: bens, own: false, policy, sent_ms: now.unix_ms };
    for n in 0..60 {
        node.core.may_go_on(&from, CallId([n; 16]), &mut step);
    }
    let dials = step.out.iter().filter(|effect| matches!(effect, Effect::Net(NetCommand::Connect { .. })));
    assert_eq!(dials.count(), usize::from(crate::limits::DIALS_A_MINUTE));
}

#[test]
fn where_no_set_can_follow_a_revocation_says_so_and_revokes_nobody() {
    let mut world = ben_with_two();
    let own = &mut world.nodes[1].core.own;
    let key = ahoy_crypto::SignKey::from_seed(&own.account_seed().unwrap());
    let both = own.device_set().devices().to_vec();
    let last = ahoy_crypto::DeviceSet::make(&key, u32::MAX, own.device_set().not_after_s(), &both).unwrap();
    assert!(own.take_set(last));
    assert_eq!(revoke(&mut world, 1, 2).unwrap_err().kind, ErrorKind::LimitReached);
    assert_eq!(devices(&mut world, 1).len(), 2);
}

/// The three devices of Ben: the second one's thief has it at the third, and both see the first no more.
fn thief_beside_a_sister() -> (World, usize) {
    let mut world = ben_with_two();
    let third = world.join("third");
    link(&mut world, 1, third, false);
    world.pass(120_000);
    world.part(0b0010);
    for n in [0, 2, third] {
        world.disconnect(1, n);
    }
    world.run();
    revoke(&mut world, 1, 2).unwrap();
    (world, third)
}

pub(super) fn rename(world: &mut World, n: usize, name: &str) {
    let params = RenameContactParams { contact: "Ada".into(), name: name.into() };
    world.ask(n, Command::Contact(ContactCommand::Rename(params))).unwrap();
}

pub(super) fn names(world: &World, n: usize) -> Vec<String> {
    world.nodes[n].core.contact_infos().into_iter().map(|contact| contact.name).collect()
}

#[test]
fn what_a_revoked_device_changed_is_not_passed_on_by_one_that_has_not_heard_yet() {
    let (mut world, third) = thief_beside_a_sister();
    rename(&mut world, 2, "Eve");
    world.pass(1_000);
    assert_eq!(names(&world, third), ["Eve"], "nobody there can know");
    world.kill(2);
    world.heal();
    world.pass(600_000);
    assert_eq!(names(&world, 1), ["Ada"]);
    world.restart(third, "Ben");
    world.pass(120_000);
    assert_eq!(names(&world, 1), ["Ada"]);
    rename(&mut world, 1, "Ada");
    world.pass(5_000);
    assert_eq!(names(&world, third), ["Ada"], "anything that a person does holds there again");
}

#[test]
fn what_a_person_changed_at_a_device_that_has_not_heard_of_a_revocation_still_holds_everywhere() {
    let (mut world, third) = thief_beside_a_sister();
    rename(&mut world, third, "Countess");
    world.pass(1_000);
    world.kill(2);
    world.heal();
    world.pass(600_000);
    assert_eq!((names(&world, 1), names(&world, third)), (vec!["Countess".to_owned()], vec!["Countess".to_owned()]));
}

#[test]
fn a_revoked_device_can_not_keep_its_sister_at_an_inbox_of_its_own() {
    let (mut world, third) = thief_beside_a_sister();
    let rotate = Command::Account(AccountCommand::Rotate { token: TokenName::Contact });
    world.nodes[2].skew_ms = 500_000;
    world.ask(2, rotate).unwrap();
    world.pass(1_000);
    let tokens = |world: &World, n: usize| world.nodes[n].core.own.tokens().map(|token| *token.expose());
    let theirs = tokens(&world, 2);
    assert_eq!(tokens(&world, third), theirs);
    world.kill(2);
    world.heal();
    world.pass(600_000);
    assert_ne!(tokens(&world, third), theirs);
    assert_eq!(tokens(&world, 1), tokens(&world, third));
}
