//! Contact requests between whole devices: what a person decides, and what the other side learns of it.

use super::calls::{accept, offer};
use super::contacts::{acquainted, card, introduce};
use super::world::World;
use crate::control::{
    AcceptContactParams, AttemptKind, AttemptsReply, CallState, Contact, ContactCommand, ContactRequestInfo, ErrorKind,
    EventKind, Reply, RequestContactParams, RequestEnd,
};
use crate::core::effect::Table;
use crate::core::input::Command;

/// `n` sends its card to `other`, whose card it holds.
fn request(world: &mut World, n: usize, other: usize, greeting: Option<&str>) -> Contact {
    let params = RequestContactParams { card: card(world, other), name: None, greeting: greeting.map(str::to_owned) };
    match world.ask(n, Command::Contact(ContactCommand::Request(params))) {
        Ok(Reply::Contact(reply)) => reply.contact,
        other => panic!("{other:?}"),
    }
}

fn requests(world: &mut World, n: usize) -> Vec<ContactRequestInfo> {
    match world.ask(n, Command::Contact(ContactCommand::Requests)) {
        Ok(Reply::ContactRequests(reply)) => reply.requests,
        other => panic!("{other:?}"),
    }
}

fn contacts(world: &mut World, n: usize) -> Vec<Contact> {
    match world.ask(n, Command::Contact(ContactCommand::List)) {
        Ok(Reply::Contacts(reply)) => reply.contacts,
        other => panic!("{other:?}"),
    }
}

pub(super) fn attempts(world: &mut World, n: usize) -> AttemptsReply {
    match world.ask(n, Command::Contact(ContactCommand::Attempts)) {
        Ok(Reply::Attempts(reply)) => reply,
        other => panic!("{other:?}"),
    }
}

pub(super) fn decide(world: &mut World, n: usize, command: ContactCommand) {
    world.ask(n, Command::Contact(command)).unwrap();
}

fn accept_request(world: &mut World, n: usize, who: &str) {
    decide(world, n, ContactCommand::Accept(AcceptContactParams { account: who.into(), name: None }));
}

fn refuse(world: &mut World, n: usize, who: &str) {
    decide(world, n, ContactCommand::Refuse { account: who.into() });
}

pub(super) fn block(world: &mut World, n: usize, who: &str) {
    decide(world, n, ContactCommand::Block { contact: who.into() });
}

#[test]
fn what_was_turned_away_before_somebody_became_a_contact_stays_in_the_list() {
    let mut world = World::new(&["Ada", "Ben"]);
    introduce(&mut world, 0, 1);
    offer(&mut world, 0, "Ben");
    world.pass(70_000);
    let before = attempts(&mut world, 1);
    assert_eq!(before.attempts.len(), 1);
    introduce(&mut world, 1, 0);
    world.pass(5_000);
    let after = attempts(&mut world, 1);
    assert_eq!(after.attempts.len(), 1);
    assert_eq!(after.attempts[0].count, before.attempts[0].count);
    assert_eq!(after.attempts[0].name.as_deref(), Some("Ada"));
    assert!(!after.attempts[0].blocked && after.blocked.is_empty());
    world.restart(1, "Ben");
    assert_eq!(attempts(&mut world, 1), after);
}

fn told(world: &World, n: usize, is: impl Fn(&EventKind) -> bool) -> usize {
    world.nodes[n].events.iter().filter(|event| is(event)).count()
}

fn is_request(event: &EventKind) -> bool {
    matches!(event, EventKind::ContactRequest { .. })
}

pub(super) fn published_by(world: &World, n: usize) -> usize {
    world.published.iter().filter(|(by, ..)| *by == n).count()
}

#[test]
fn a_request_that_is_accepted_makes_contacts_of_both_and_they_can_call() {
    let mut world = World::new(&["Ada", "Ben"]);
    let contact = request(&mut world, 0, 1, Some("it is me"));
    assert!(contact.requested && !contact.acquainted);
    let open = requests(&mut world, 1);
    assert_eq!((open.len(), open[0].name.as_str(), open[0].greeting.as_deref()), (1, "Ada", Some("it is me")));
    assert_eq!(told(&world, 1, is_request), 1);
    accept_request(&mut world, 1, "Ada");
    world.pass(2_000);
    for (n, name) in [(0, "Ben"), (1, "Ada")] {
        let contacts = contacts(&mut world, n);
        assert!(contacts[0].acquainted && !contacts[0].requested && contacts[0].name == name, "{contacts:?}");
    }
    let accepted = |event: &EventKind| matches!(event, EventKind::RequestClosed { outcome: RequestEnd::Accepted, client: Some(client), .. } if client == "test");
    assert_eq!(told(&world, 1, accepted), 1, "and every frontend knows who accepted it");
    assert!(requests(&mut world, 1).is_empty());
    offer(&mut world, 1, "Ada");
    accept(&mut world, 0);
    assert_eq!(world.states(1).last(), Some(&CallState::Active));
}

#[test]
fn until_it_is_accepted_whoever_asks_is_a_stranger_and_learns_nothing() {
    let mut world = World::new(&["Ada", "Ben"]);
    request(&mut world, 0, 1, None);
    world.pass(1_000);
    assert_eq!(requests(&mut world, 1).len(), 1);
    offer(&mut world, 0, "Ben");
    world.pass(120_000);
    assert_eq!(published_by(&world, 1), 0, "not one byte came back");
    assert!(world.states(1).is_empty() && world.missed(1) == 0, "nothing rang");
    assert!(!contacts(&mut world, 0)[0].acquainted);
    assert_eq!((requests(&mut world, 1).len(), told(&world, 1, is_request)), (1, 1), "and it stands there once");
}

#[test]
fn a_call_to_whoever_has_not_accepted_ends_as_soon_as_reaching_may_last_and_says_why() {
    for asks in [true, false] {
        let mut world = World::new(&["Ada", "Ben"]);
        let cause = if asks {
            request(&mut world, 0, 1, None);
            "request_not_accepted"
        } else {
            let card = card(&mut world, 1);
            decide(&mut world, 0, ContactCommand::Add { card, name: None });
            "not_acquainted"
        };
        world.pass(1_000);
        offer(&mut world, 0, "Ben");
        world.pass(11_000);
        let ends = world.nodes[0].events.iter().filter_map(|event| {
            let EventKind::CallState { reason: Some(reason), cause, .. } = event else { return None };
            Some((reason.as_str(), cause.as_ref().map(|cause| cause.what.as_str())))
        });
        assert_eq!(ends.collect::<Vec<_>>(), [("unreachable", Some(cause))]);
    }
}

#[test]
fn whoever_has_not_accepted_and_is_away_is_unreachable_for_that() {
    let mut world = World::new(&["Ada", "Ben"]);
    request(&mut world, 0, 1, None);
    world.pass(1_000);
    world.kill(1);
    world.pass(1_000);
    offer(&mut world, 0, "Ben");
    world.pass(20_000);
    let ends = world.nodes[0].events.iter().filter_map(|event| {
        let EventKind::CallState { reason: Some(reason), cause, .. } = event else { return None };
        Some((reason.as_str(), cause.as_ref().map(|cause| cause.what.as_str())))
    });
    assert_eq!(ends.collect::<Vec<_>>(), [("unreachable", Some("unreachable"))]);
}

#[test]
fn a_request_waits_for_a_device_that_is_away_and_survives_restarts_of_both() {
    let mut world = World::new(&["Ada", "Ben"]);
    let card = card(&mut world, 1);
    world.kill(1);
    let params = RequestContactParams { card, name: None, greeting: None };
    world.ask(0, Command::Contact(ContactCommand::Request(params))).unwrap();
    world.pass(60_000);
    world.restart(0, "Ada");
    world.pass(60_000);
    world.restart(1, "Ben");
    world.pass(400_000);
    assert_eq!(requests(&mut world, 1).len(), 1);
    world.restart(1, "Ben");
    assert_eq!(requests(&mut world, 1).len(), 1, "it is kept");
    accept_request(&mut world, 1, "Ada");
    world.pass(400_000);
    assert!(contacts(&mut world, 0)[0].acquainted && !contacts(&mut world, 0)[0].requested);
}

#[test]
fn an_accept_while_the_other_is_away_reaches_it_when_it_is_back() {
    let mut world = World::new(&["Ada", "Ben"]);
    request(&mut world, 0, 1, None);
    world.pass(1_000);
    world.kill(0);
    accept_request(&mut world, 1, "Ada");
    world.pass(600_000);
    world.restart(0, "Ada");
    world.pass(400_000);
    assert!(contacts(&mut world, 0)[0].acquainted && !contacts(&mut world, 0)[0].requested);
}

#[test]
fn two_who_ask_each_other_need_nobody_to_accept() {
    let mut world = World::new(&["Ada", "Ben"]);
    request(&mut world, 0, 1, None);
    request(&mut world, 1, 0, None);
    world.pass(5_000);
    for n in 0..2 {
        let contacts = contacts(&mut world, n);
        assert!(contacts[0].acquainted && !contacts[0].requested, "{n}: {contacts:?}");
    }
}

#[test]
fn a_refused_request_does_not_come_again_and_a_call_after_it_shows_an_unreachable_device() {
    let mut world = World::new(&["Ada", "Ben"]);
    request(&mut world, 0, 1, None);
    refuse(&mut world, 1, "Ada");
    world.pass(70_000);
    request(&mut world, 0, 1, None);
    world.pass(70_000);
    world.restart(0, "Ada");
    world.restart(1, "Ben");
    world.pass(700_000);
    assert!(requests(&mut world, 1).is_empty());
    assert_eq!(told(&world, 1, is_request), 1);
    offer(&mut world, 0, "Ben");
    world.pass(10_000);
    assert_eq!(world.reason(0).as_deref(), Some("unreachable"));
    assert_eq!(published_by(&world, 1), 0, "not one byte came back");
}

#[test]
fn a_blocked_contact_finds_an_unreachable_device_and_its_tries_are_listed_together() {
    let mut world = acquainted(&["Ada", "Ben"]);
    block(&mut world, 1, "Ada");
    assert!(!world.gossip(0, 1) && contacts(&mut world, 1)[0].blocked);
    let before = published_by(&world, 1);
    offer(&mut world, 0, "Ben");
    world.pass(10_000);
    assert_eq!(world.reason(0).as_deref(), Some("unreachable"));
    assert!(world.states(1).is_empty() && world.missed(1) == 0);
    assert_eq!(published_by(&world, 1), before, "not one byte came back");
    let refused = world
        .ask(1, Command::Offer(crate::control::OfferParams { to: vec!["Ada".into()], media: None, context: None }));
    assert_eq!(refused.unwrap_err().kind, ErrorKind::WrongState);
    world.restart(1, "Ben");
    world.pass(10_000);
    assert!(!world.gossip(0, 1), "also after a restart");
    decide(&mut world, 1, ContactCommand::Unblock { contact: "Ada".into() });
    world.pass(70_000);
    offer(&mut world, 0, "Ben");
    assert_eq!(world.states(1), vec![CallState::Incoming]);
}

/// Envelopes of a blocked contact may come through somebody else's mesh.
#[test]
fn what_a_blocked_contact_sends_through_others_is_listed_and_not_answered() {
    let mut world = acquainted(&["Ada", "Ben"]);
    offer(&mut world, 0, "Ben");
    let offers: Vec<_> = world.published.iter().filter(|(n, _, data)| *n == 0 && data[1] == 0x11).cloned().collect();
    world.kill(1);
    world.restart(1, "Ben");
    block(&mut world, 1, "Ada");
    let (before, seen) = (published_by(&world, 1), world.nodes[1].events.len());
    for (_, topic, data) in offers.iter().rev().take(1) {
        world.deliver(0, 1, *topic, data.clone());
    }
    world.run();
    assert_eq!(published_by(&world, 1), before);
    let list = attempts(&mut world, 1);
    let [one] = list.attempts.as_slice() else { panic!("{list:?}") };
    assert_eq!((one.name.as_deref(), one.attempt, one.count, one.blocked), (Some("Ada"), AttemptKind::Call, 1, true));
    let events = &world.nodes[1].events[seen..];
    assert!(events.iter().any(|event| matches!(event, EventKind::BlockedAttempt { .. })), "{events:?}");
    assert!(!events.iter().any(|event| matches!(event, EventKind::IncomingCall { .. } | EventKind::MissedCall { .. })));
}

#[test]
fn a_stranger_that_calls_is_listed_and_can_be_blocked_and_unblocked() {
    let mut world = World::new(&["Ada", "Ben"]);
    introduce(&mut world, 0, 1);
    offer(&mut world, 0, "Ben");
    world.pass(2_000);
    let list = attempts(&mut world, 1).attempts;
    let ada = world.nodes[0].core.account().text();
    assert!(list.len() == 1 && list[0].account == ada && list[0].count == 1 && !list[0].blocked, "{list:?}");
    let told_once = told(&world, 1, |event| matches!(event, EventKind::BlockedAttempt { .. }));
    assert_eq!(told_once, 1, "each call once");
    block(&mut world, 1, &ada);
    world.restart(1, "Ben");
    let list = attempts(&mut world, 1);
    assert!(list.attempts[0].blocked && list.blocked == [ada.clone()], "{list:?}");
    world.pass(400_000);
    request(&mut world, 0, 1, None);
    world.pass(70_000);
    assert!(requests(&mut world, 1).is_empty());
    decide(&mut world, 1, ContactCommand::Unblock { contact: ada });
    world.disconnect(0, 1);
    world.run();
    world.pass(10_000);
    assert_eq!(requests(&mut world, 1).len(), 1, "its request comes through now");
}

#[test]
fn an_accepted_card_ends_a_block_and_a_removed_contact_that_was_blocked_stays_so() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let ada = world.nodes[0].core.account().text();
    block(&mut world, 1, "Ada");
    decide(&mut world, 1, ContactCommand::Remove { contact: "Ada".into() });
    assert_eq!(attempts(&mut world, 1).blocked, [ada]);
    introduce(&mut world, 1, 0);
    assert!(attempts(&mut world, 1).blocked.is_empty());
    world.pass(5_000);
    offer(&mut world, 0, "Ben");
    assert_eq!(world.states(1), vec![CallState::Incoming]);
}

#[test]
fn requests_of_many_accounts_are_bounded_in_rate_and_number() {
    let names: Vec<String> = (0..8).map(|n| format!("stranger{n}")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.insert(0, "Ben");
    let mut world = World::new(&names);
    for n in 1..9 {
        request(&mut world, n, 0, None);
    }
    assert_eq!(requests(&mut world, 0).len(), 3, "the burst of a card inbox");
    world.pass(60_000);
    assert!((8..=9).contains(&requests(&mut world, 0).len()), "six more a minute");
    let stored = world.nodes[0].rows.keys().filter(|(table, _)| *table == Table::Strangers).count();
    assert_eq!(stored, requests(&mut world, 0).len());
}

#[test]
fn whoever_asks_with_many_accounts_from_one_place_keeps_nobody_else_out() {
    let mut world = World::new(&["Ben", "Ada", "Cid"]);
    request(&mut world, 1, 0, None);
    let most = crate::limits::REQUESTS_OPEN_MAX;
    for n in 0..most + 3 {
        let liar = world.join(&format!("liar{n}"));
        world.network.sources.insert(liar, 1_000);
        request(&mut world, liar, 0, None);
        world.kill(liar);
        world.pass(11_000);
    }
    request(&mut world, 2, 0, None);
    world.pass(11_000);
    let names: Vec<String> = requests(&mut world, 0).into_iter().map(|request| request.name).collect();
    assert_eq!(names.len(), most);
    assert!(names.contains(&"Ada".to_owned()) && names.contains(&"Cid".to_owned()), "{names:?}");
    let displaced =
        |event: &EventKind| matches!(event, EventKind::RequestClosed { outcome: RequestEnd::Displaced, .. });
    assert_eq!(told(&world, 0, displaced), 5, "and every frontend knows which are asked about no longer");
    world.restart(0, "Ben");
    assert_eq!(requests(&mut world, 0).len(), most);
}

#[test]
fn a_decision_that_cannot_be_written_is_taken_back() {
    let mut world = World::new(&["Ada", "Ben"]);
    request(&mut world, 0, 1, None);
    refuse(&mut world, 1, "Ada");
    world.unwritten(1, 0);
    assert_eq!(requests(&mut world, 1).len(), 1, "a refusal");
    accept_request(&mut world, 1, "Ada");
    world.unwritten(1, 0);
    assert_eq!((requests(&mut world, 1).len(), contacts(&mut world, 1).len()), (1, 0), "an accept");
    let ada = world.nodes[0].core.account().text();
    block(&mut world, 1, &ada);
    world.unwritten(1, 0);
    assert!(attempts(&mut world, 1).blocked.is_empty(), "a block");
}

#[test]
fn a_greeting_and_a_name_that_deceive_are_refused_or_cleaned() {
    let mut world = World::new(&["Ada", "Ben"]);
    for greeting in [String::new(), "a".repeat(141), "a\u{7}".into()] {
        let params = RequestContactParams { card: card(&mut world, 1), name: None, greeting: Some(greeting) };
        let refused = world.ask(0, Command::Contact(ContactCommand::Request(params)));
        assert_eq!(refused.unwrap_err().kind, ErrorKind::BadParams);
    }
    request(&mut world, 0, 1, Some("\u{202e}olleh"));
    assert_eq!(requests(&mut world, 1)[0].greeting.as_deref(), Some("olleh"));
    let nobody = ContactCommand::Refuse { account: "Eve".into() };
    assert_eq!(world.ask(1, Command::Contact(nobody)).unwrap_err().kind, ErrorKind::NoSuchContact);
}
