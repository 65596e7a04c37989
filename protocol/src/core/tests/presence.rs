//! Who is doing what, between whole devices.

use super::calls::{accept, hang_up, offer};
use super::contacts::{acquainted, card};
use super::world::World;
use crate::control::{
    AccountCommand, CallState, Contact, ContactCommand, ErrorKind, EventKind, PolicyParams, PresenceState, Reply,
};
use crate::core::input::Command;

fn contact(world: &mut World, n: usize, name: &str) -> Contact {
    match world.ask(n, Command::Contact(ContactCommand::List)) {
        Ok(Reply::Contacts(reply)) => reply.contacts.into_iter().find(|contact| contact.name == name).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn sees(world: &mut World, n: usize, name: &str) -> Option<PresenceState> {
    contact(world, n, name).presence
}

fn say(world: &mut World, n: usize, state: PresenceState) {
    world.ask(n, Command::Account(AccountCommand::Presence { state })).unwrap();
}

fn look_at(world: &mut World, n: usize, who: &str) {
    world.ask(n, Command::Contact(ContactCommand::AskPresence { contact: who.into() })).unwrap();
}

fn policy(world: &mut World, n: usize, params: PolicyParams) -> Result<Reply, crate::control::ControlError> {
    world.ask(n, Command::Contact(ContactCommand::Policy(params)))
}

fn of(contact: &str) -> PolicyParams {
    PolicyParams { contact: contact.into(), ..PolicyParams::default() }
}

fn published_by(world: &World, n: usize) -> usize {
    world.published.iter().filter(|(by, ..)| *by == n).count()
}

#[test]
fn whoever_looks_sees_each_state_and_is_told_of_changes() {
    let mut world = acquainted(&["Ada", "Ben"]);
    look_at(&mut world, 0, "Ben");
    world.pass(1_000);
    assert_eq!(sees(&mut world, 0, "Ben"), Some(PresenceState::Available));
    for state in [PresenceState::Away, PresenceState::DoNotDisturb, PresenceState::Available] {
        say(&mut world, 1, state);
        world.pass(2_000);
        assert_eq!(sees(&mut world, 0, "Ben"), Some(state));
    }
    offer(&mut world, 0, "Ben");
    accept(&mut world, 1);
    world.pass(2_000);
    assert_eq!(sees(&mut world, 0, "Ben"), Some(PresenceState::InCall));
    hang_up(&mut world, 0);
    world.pass(2_000);
    assert_eq!(sees(&mut world, 0, "Ben"), Some(PresenceState::Available));
    world.disconnect(0, 1);
    world.run();
    assert_eq!(sees(&mut world, 0, "Ben"), None, "and nothing is known of who is gone");
    let told = |event: &&EventKind| matches!(event, EventKind::Presence { .. });
    assert!(world.nodes[0].events.iter().filter(told).count() >= 7);
}

#[test]
fn what_was_said_a_quarter_of_an_hour_ago_is_not_known_any_more() {
    let mut world = acquainted(&["Ada", "Ben"]);
    look_at(&mut world, 0, "Ben");
    world.pass(1_000);
    let said_ms = contact(&mut world, 0, "Ben").presence_at_ms.expect("a time");
    assert!(world.now().unix_ms - said_ms <= 2_000);
    // Looked at until 15 minutes are over, it was asked once more after 10.
    world.pass(26 * 60_000);
    assert_eq!((sees(&mut world, 0, "Ben"), contact(&mut world, 0, "Ben").presence_at_ms), (None, None));
    let told = |event: &EventKind| matches!(event, EventKind::Presence { state: None, client: None, .. });
    assert!(world.nodes[0].events.iter().any(told), "frontends are told");
}

#[test]
fn a_person_who_asks_hears_what_is_so_now() {
    let mut world = acquainted(&["Ada", "Ben"]);
    look_at(&mut world, 0, "Ben");
    world.pass(60_000);
    let before = contact(&mut world, 0, "Ben").presence_at_ms;
    look_at(&mut world, 0, "Ben");
    world.pass(1_000);
    let after = contact(&mut world, 0, "Ben").presence_at_ms;
    assert!(after > before, "{before:?} {after:?}");
    let asked = published_by(&world, 0);
    for _ in 0..4 {
        look_at(&mut world, 0, "Ben");
        world.pass(1_000);
    }
    assert_eq!(published_by(&world, 0), asked, "who asks each second gets no answer each second");
}

#[test]
fn a_blocked_contact_sees_nobody_there_also_when_it_connects_again() {
    let mut world = acquainted(&["Ada", "Ben"]);
    look_at(&mut world, 0, "Ben");
    world.pass(1_000);
    assert!(contact(&mut world, 0, "Ben").online);
    world.ask(1, Command::Contact(ContactCommand::Block { contact: "Ada".into() })).unwrap();
    world.run();
    world.nodes[0].events.clear();
    world.connect(0, 1);
    world.run();
    world.pass(1_000);
    let seen = contact(&mut world, 0, "Ben");
    assert!(!seen.online && seen.presence.is_none(), "{seen:?}");
    assert!(!world.nodes[0].events.iter().any(|event| matches!(event, EventKind::ContactChanged { .. })));
}

#[test]
fn nobody_who_does_not_look_is_told() {
    let mut world = acquainted(&["Ada", "Ben"]);
    // Getting to know each other asked once, which counts for 15 minutes.
    world.pass(16 * 60_000);
    let before = published_by(&world, 1);
    say(&mut world, 1, PresenceState::Away);
    world.pass(10_000);
    assert_eq!(published_by(&world, 1), before);
}

#[test]
fn changes_of_a_second_are_told_together() {
    let mut world = acquainted(&["Ada", "Ben"]);
    look_at(&mut world, 0, "Ben");
    world.pass(70_000);
    let before = published_by(&world, 1);
    for state in [PresenceState::Away, PresenceState::Available, PresenceState::DoNotDisturb] {
        say(&mut world, 1, state);
    }
    world.pass(5_000);
    assert_eq!(sees(&mut world, 0, "Ben"), Some(PresenceState::DoNotDisturb));
    assert_eq!(published_by(&world, 1), before + 1);
}

#[test]
fn a_favourite_is_known_all_the_time_and_there_are_twenty_at_most() {
    let names: Vec<String> = (0..22).map(|n| format!("c{n}")).collect();
    let mut world = World::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for n in 1..22 {
        let card = card(&mut world, n);
        world.ask(0, Command::Contact(ContactCommand::Add { card, name: None })).unwrap();
    }
    let favourite = |name: &str| PolicyParams { favourite: Some(true), ..of(name) };
    for name in &names[1..21] {
        policy(&mut world, 0, favourite(name)).unwrap();
    }
    let refused = policy(&mut world, 0, favourite(&names[21])).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::LimitReached);

    let mut world = acquainted(&["Ada", "Ben"]);
    policy(&mut world, 0, favourite("Ben")).unwrap();
    world.pass(60 * 60_000);
    say(&mut world, 1, PresenceState::Away);
    world.pass(5_000);
    assert_eq!(sees(&mut world, 0, "Ben"), Some(PresenceState::Away), "an hour later");
    world.restart(0, "Ada");
    world.pass(120_000);
    assert_eq!(sees(&mut world, 0, "Ben"), Some(PresenceState::Away), "and after a restart");
}

#[test]
fn a_contact_for_whom_it_is_off_sees_somebody_there_and_no_more() {
    let mut world = acquainted(&["Ada", "Ben"]);
    policy(&mut world, 1, PolicyParams { presence: Some(false), ..of("Ada") }).unwrap();
    say(&mut world, 1, PresenceState::Away);
    look_at(&mut world, 0, "Ben");
    world.pass(5_000);
    say(&mut world, 1, PresenceState::DoNotDisturb);
    world.pass(20 * 60_000);
    assert_eq!(sees(&mut world, 0, "Ben"), Some(PresenceState::Available));
}

#[test]
fn do_not_disturb_rings_nothing_tells_busy_and_lists_a_missed_call() {
    let mut world = acquainted(&["Ada", "Ben"]);
    say(&mut world, 1, PresenceState::DoNotDisturb);
    offer(&mut world, 0, "Ben");
    world.pass(2_000);
    assert_eq!(world.reason(0).as_deref(), Some("busy"));
    assert!(world.states(1).is_empty());
    assert_eq!((world.missed(1), world.nodes[1].history), (1, 1));
    say(&mut world, 1, PresenceState::Available);
    policy(&mut world, 1, PolicyParams { do_not_disturb: Some(true), ..of("Ada") }).unwrap();
    offer(&mut world, 0, "Ben");
    world.pass(2_000);
    assert_eq!((world.states(1).len(), world.missed(1)), (0, 2), "and for one contact alone");
    policy(&mut world, 1, PolicyParams { do_not_disturb: Some(false), ..of("Ada") }).unwrap();
    offer(&mut world, 0, "Ben");
    assert_eq!(world.states(1), vec![CallState::Incoming]);
    world.pass(10_000);
    assert!(world.nodes[0].core.calls() == 1, "the calls before left nothing behind");
}

#[test]
fn a_call_of_a_bot_of_ours_is_accepted_at_once_unless_another_call_is_active() {
    let mut world = acquainted(&["Ada", "Ben", "Cem"]);
    policy(&mut world, 1, PolicyParams { auto_answer: Some(true), ..of("Ada") }).unwrap();
    offer(&mut world, 0, "Ben");
    world.pass(1_000);
    assert_eq!(world.states(1).last(), Some(&CallState::Active));
    hang_up(&mut world, 0);
    world.pass(1_000);
    offer(&mut world, 2, "Ben");
    accept(&mut world, 1);
    offer(&mut world, 0, "Ben");
    assert_eq!(world.states(0).last(), Some(&CallState::Ringing), "a person decides");
}

#[test]
fn nobody_says_that_they_are_in_a_call() {
    let mut world = World::new(&["Ada"]);
    let said = world.ask(0, Command::Account(AccountCommand::Presence { state: PresenceState::InCall }));
    assert_eq!(said.unwrap_err().kind, ErrorKind::BadParams);
}
