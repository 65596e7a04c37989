//! A call between two whole devices, from card to hang-up, and every way it can end early.

use super::contacts::{acquainted, introduce};
use crate::control::{CallCommand, CallState, ErrorKind, InCall, OfferParams, Reply};
use crate::core::input::{Command, Input};
use crate::sim::world::World;

pub(crate) fn offer(world: &mut World, from: usize, to: &str) -> String {
    let params = OfferParams { to: vec![to.into()], media: None, context: Some("talk".into()) };
    match world.ask(from, Command::Offer(params)) {
        Ok(Reply::Offered(reply)) => reply.call,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn command(world: &mut World, n: usize, command: CallCommand) {
    world.ask(n, Command::Call(command)).unwrap();
}

pub(crate) fn accept(world: &mut World, n: usize) {
    command(world, n, CallCommand::Accept { call: None, in_call: InCall::Hold });
}

pub(crate) fn hang_up(world: &mut World, n: usize) {
    command(world, n, CallCommand::HangUp { call: None });
}

pub(crate) fn active(world: &mut World) {
    offer(world, 0, "Ben");
    accept(world, 1);
    assert_eq!(world.states(0).last(), Some(&CallState::Active));
    assert_eq!(world.states(1).last(), Some(&CallState::Active));
}

#[test]
fn a_call_rings_is_accepted_and_is_hung_up() {
    let mut world = acquainted(&["Ada", "Ben"]);
    offer(&mut world, 0, "Ben");
    assert_eq!(world.states(0).last(), Some(&CallState::Ringing));
    assert_eq!(world.states(1), vec![CallState::Incoming]);
    assert!(!world.nodes[0].microphone && !world.nodes[1].microphone);
    assert!(world.nodes.iter().all(|node| node.sending.is_empty() && node.playing.is_empty()));
    accept(&mut world, 1);
    assert_eq!(world.states(0).last(), Some(&CallState::Active));
    assert_eq!(world.states(1).last(), Some(&CallState::Active));
    assert!(world.nodes[0].microphone && world.nodes[1].microphone);
    hang_up(&mut world, 0);
    world.pass(10_000);
    for n in 0..2 {
        assert_eq!(world.reason(n).as_deref(), Some("hung_up"));
        assert!(!world.nodes[n].microphone);
        assert_eq!((world.nodes[n].links.len(), world.nodes[n].history), (0, 1));
        assert!(world.nodes[n].core.drained());
    }
}

#[test]
fn a_call_leaves_no_topic_behind() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let before: Vec<_> = world.nodes.iter().map(|node| node.topics.clone()).collect();
    active(&mut world);
    hang_up(&mut world, 1);
    world.pass(10_000);
    for (node, before) in world.nodes.iter().zip(before) {
        assert_eq!(node.topics, before);
    }
}

#[test]
fn a_declined_call_says_so_on_both_sides() {
    let mut world = acquainted(&["Ada", "Ben"]);
    offer(&mut world, 0, "Ben");
    command(&mut world, 1, CallCommand::Decline { call: None });
    world.pass(1_000);
    assert_eq!(world.reason(0).as_deref(), Some("declined"));
    assert_eq!(world.reason(1).as_deref(), Some("declined"));
    assert_eq!(world.missed(1), 0);
}

#[test]
fn a_call_cancelled_while_it_rings_stops_there_at_once() {
    let mut world = acquainted(&["Ada", "Ben"]);
    offer(&mut world, 0, "Ben");
    hang_up(&mut world, 0);
    assert_eq!(world.reason(0).as_deref(), Some("cancelled"));
    assert_eq!(world.reason(1).as_deref(), Some("cancelled"));
    assert_eq!(world.missed(1), 1);
}

#[test]
fn nobody_answers_and_both_sides_say_so() {
    let mut world = acquainted(&["Ada", "Ben"]);
    offer(&mut world, 0, "Ben");
    world.pass(44_000);
    assert_eq!(world.states(1), vec![CallState::Incoming]);
    world.pass(2_000);
    assert_eq!(world.reason(1).as_deref(), Some("no_answer"));
    assert_eq!(world.reason(0).as_deref(), Some("no_answer"));
    assert_eq!(world.missed(1), 1);
}

#[test]
fn somebody_who_is_not_there_is_unreachable_and_told_what_was_tried() {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.kill(1);
    offer(&mut world, 0, "Ben");
    world.pass(9_000);
    assert_eq!(world.reason(0), None);
    world.pass(2_000);
    assert_eq!(world.reason(0).as_deref(), Some("unreachable"));
    let told = format!("{:?}", world.nodes[0].events.last());
    assert!(told.contains("refused"), "{told}");
}

#[test]
fn a_callee_that_was_away_is_reached_when_it_comes_back_in_time() {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.kill(1);
    offer(&mut world, 0, "Ben");
    world.pass(3_000);
    world.restart(1, "Ben");
    world.pass(2_000);
    assert_eq!(world.states(0).last(), Some(&CallState::Ringing));
}

#[test]
fn a_callee_killed_in_the_call_is_lost() {
    let mut world = acquainted(&["Ada", "Ben"]);
    active(&mut world);
    world.kill(1);
    world.pass(90_000);
    assert_eq!(world.reason(0).as_deref(), Some("lost"));
    assert!(!world.nodes[0].microphone);
}

#[test]
fn a_caller_killed_while_it_rings_is_lost_and_leaves_one_missed_call() {
    let mut world = acquainted(&["Ada", "Ben"]);
    offer(&mut world, 0, "Ben");
    world.kill(0);
    world.pass(6_000);
    assert_eq!(world.reason(1).as_deref(), Some("lost"));
    world.pass(120_000);
    assert_eq!(world.missed(1), 1);
}

#[test]
fn a_stopping_daemon_tells_the_other_side() {
    let mut world = acquainted(&["Ada", "Ben"]);
    active(&mut world);
    world.input(0, Input::Shutdown);
    assert_eq!(world.reason(1).as_deref(), Some("daemon_stopped"));
    assert_eq!(world.reason(0).as_deref(), Some("daemon_stopped"));
}

#[test]
fn without_a_media_path_the_call_ends_with_what_was_tried() {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.media = false;
    offer(&mut world, 0, "Ben");
    accept(&mut world, 1);
    assert_eq!(world.states(0).last(), Some(&CallState::Connecting));
    world.pass(31_000);
    assert_eq!(world.reason(0).as_deref(), Some("media_failed"));
    assert_eq!(world.reason(1).as_deref(), Some("media_failed"));
}

#[test]
fn fifty_calls_in_a_row_all_work() {
    let mut world = acquainted(&["Ada", "Ben"]);
    for round in 0..50 {
        active(&mut world);
        hang_up(&mut world, round % 2);
        world.pass(100);
    }
    world.pass(10_000);
    assert!(world.nodes.iter().all(|node| node.core.drained() && node.links.is_empty()));
}

#[test]
fn a_cold_call_from_the_card_alone_rings() {
    let mut world = World::new(&["Ada", "Ben"]);
    introduce(&mut world, 0, 1);
    introduce(&mut world, 1, 0);
    offer(&mut world, 0, "Ben");
    assert_eq!(world.states(1).last(), Some(&CallState::Incoming));
}

#[test]
fn calling_nobody_names_the_contacts_there_are() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let params = OfferParams { to: vec!["Bob".into()], media: None, context: None };
    let error = world.ask(0, Command::Offer(params)).unwrap_err();
    assert_eq!((error.kind, error.candidates), (ErrorKind::NoSuchContact, vec!["Ben".to_owned()]));
}
