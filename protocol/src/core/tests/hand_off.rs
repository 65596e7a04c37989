//! A live call moves between two devices of Ben: the first is asked, the second rings, and Ada is never hung up on.

use super::calls::{accept, command, hang_up, offer};
use super::linking::{ben_with_two, link, revoke};
use super::world::World;
use crate::control::{CallCommand, CallState, ControlError, ErrorKind, EventKind, HandOffState, Reply};
use crate::core::input::Command;
use crate::wire::bodies::Reason;

/// Ada talks with Ben's first device, and his second one is there.
pub(super) fn talking() -> World {
    let mut world = ben_with_two();
    offer(&mut world, 0, "Ben");
    accept(&mut world, 1);
    assert_eq!((state(&world, 0), state(&world, 1)), (CallState::Active, CallState::Active));
    world.pass(1_000);
    // It rang there as well.
    let second = &mut world.nodes[2];
    second.events.clear();
    second.lines.clear();
    second.history = 0;
    world
}

pub(super) fn hand_off(world: &mut World, from: usize) -> Result<Reply, ControlError> {
    world.ask(from, Command::HandOff { call: None, device: None })
}

fn hand_off_to(world: &mut World, from: usize, to: &str) -> Result<Reply, ControlError> {
    world.ask(from, Command::HandOff { call: None, device: Some(to.to_owned()) })
}

fn state(world: &World, n: usize) -> CallState {
    *world.states(n).last().expect("a call")
}

/// The states of the calls of a node that are not over.
pub(super) fn live(world: &World, n: usize) -> Vec<CallState> {
    let calls = world.nodes[n].core.calls.calls(world.now());
    calls.into_iter().map(|call| call.state).filter(|state| *state != CallState::Ended).collect()
}

/// What a node's frontends were told of hand-offs.
fn told(world: &World, n: usize) -> Vec<(HandOffState, Option<String>)> {
    let of = |event: &EventKind| {
        let EventKind::HandOff { state, reason, .. } = event else { return None };
        Some((*state, reason.clone()))
    };
    world.nodes[n].events.iter().filter_map(of).collect()
}

fn rang(world: &World, n: usize) -> usize {
    world.nodes[n].events.iter().filter(|event| matches!(event, EventKind::IncomingCall { .. })).count()
}

pub(super) fn heard(world: &World, n: usize) -> bool {
    let node = &world.nodes[n];
    node.microphone && node.sending.len() == 1 && node.playing.len() == 1
}

pub(super) fn silent(world: &World, n: usize) -> bool {
    let node = &world.nodes[n];
    !node.microphone && node.sending.is_empty() && node.playing.is_empty()
}

/// The call is where it was, and nothing of the other device is left.
fn untouched(world: &World) {
    assert_eq!((live(world, 0), live(world, 1)), (vec![CallState::Active], vec![CallState::Active]));
    assert!(heard(world, 0) && heard(world, 1) && silent(world, 2));
    assert!(live(world, 2).is_empty(), "{:?}", live(world, 2));
    assert_eq!((world.missed(2), world.nodes[2].history), (0, 0));
    assert_eq!(world.nodes[0].history + world.nodes[1].history, 0);
}

#[test]
fn a_call_moves_to_another_device_and_back_and_the_other_side_never_rings_or_ends() {
    let mut world = talking();
    for (round, (from, to)) in [(1, 2), (2, 1), (1, 2)].into_iter().enumerate() {
        hand_off(&mut world, from).unwrap();
        assert_eq!((state(&world, to), state(&world, from)), (CallState::Incoming, CallState::Active));
        assert!(silent(&world, to) && heard(&world, from) && heard(&world, 0));
        accept(&mut world, to);
        world.pass(2_000);
        assert_eq!(live(&world, to), vec![CallState::Active], "{:?} {:?}", world.reason(to), told(&world, from));
        assert_eq!((live(&world, from), world.reason(from).as_deref()), (vec![], Some("answered_elsewhere")));
        assert_eq!(live(&world, 0), vec![CallState::Active]);
        assert!(heard(&world, 0) && heard(&world, to) && silent(&world, from));
        assert_eq!((rang(&world, 0), world.missed(0), world.missed(1), world.missed(2)), (0, 0, 0, 0));
        let done = told(&world, from).into_iter().rev().take(3).map(|(state, _)| state).collect::<Vec<_>>();
        assert_eq!(done, vec![HandOffState::Done, HandOffState::Moving, HandOffState::Ringing]);
        let next = |event: &EventKind| {
            let EventKind::CallState { continues_as, state: CallState::Ended, reason, .. } = event else { return None };
            assert_eq!(reason.as_deref(), Some("answered_elsewhere"));
            continues_as.clone()
        };
        assert_eq!(world.nodes[0].events.iter().filter_map(next).count(), round + 1);
    }
    hang_up(&mut world, 0);
    world.pass(10_000);
    assert_eq!(world.reason(2).as_deref(), Some("hung_up"));
    for n in 0..3 {
        assert!(world.nodes[n].core.drained() && silent(&world, n));
    }
    let [line] = &world.nodes[0].lines[..] else { panic!("{:?}", world.nodes[0].lines) };
    assert_eq!((line.incoming, line.reason, line.missed), (false, Reason::HungUp, false), "it was one call");
    assert!(line.accepted_ms.zip(line.ended_ms).is_some_and(|(from, to)| to - from >= 7_000), "{line:?}");
    let shown = world.states(0);
    assert!(!shown.contains(&CallState::Held) && !shown.contains(&CallState::Reconnecting), "{shown:?}");
    let held = |event: &EventKind| matches!(event, EventKind::ParticipantState { state, .. } if state.held);
    assert!(!world.nodes.iter().any(|node| node.events.iter().any(held)), "nobody holds anything");
    assert!(world.nodes[2].lines.iter().all(|line| line.incoming && line.accepted_ms.is_some() && !line.missed));
}

#[test]
fn the_device_that_is_asked_is_told_who_it_is_with_and_which_device_asks() {
    let mut world = talking();
    hand_off(&mut world, 1).unwrap();
    let of = |event: &EventKind| {
        let EventKind::IncomingCall { from, context, handed_off_from, .. } = event else { return None };
        Some((from.name.clone(), context.clone(), handed_off_from.clone()))
    };
    let shown = world.nodes[2].events.iter().find_map(of).unwrap();
    let device = world.device(1).text();
    assert_eq!(shown, (Some("Ada".to_owned()), Some("talk".to_owned()), Some(device)));
}

#[test]
fn who_declines_leaves_the_call_where_it_is() {
    let mut world = talking();
    hand_off(&mut world, 1).unwrap();
    command(&mut world, 2, CallCommand::Decline { call: None });
    world.pass(10_000);
    assert_eq!(told(&world, 1).last(), Some(&(HandOffState::Failed, Some("declined".to_owned()))));
    assert_eq!(world.reason(2).as_deref(), Some("declined"));
    untouched(&world);
    // And it can be tried again.
    hand_off(&mut world, 1).unwrap();
    accept(&mut world, 2);
    world.pass(2_000);
    assert_eq!(live(&world, 2), vec![CallState::Active]);
}

#[test]
fn nobody_there_leaves_the_call_where_it_is_after_twenty_seconds_of_ringing() {
    let mut world = talking();
    hand_off(&mut world, 1).unwrap();
    world.pass(19_900);
    assert_eq!((state(&world, 2), told(&world, 1).len()), (CallState::Incoming, 1));
    world.pass(200);
    assert_eq!(world.reason(2).as_deref(), Some("no_answer"));
    assert_eq!(told(&world, 1).last(), Some(&(HandOffState::Failed, Some("no_answer".to_owned()))));
    untouched(&world);
}

#[test]
fn no_policy_accepts_a_call_that_is_handed_over() {
    let mut world = ben_with_two();
    let policy = crate::control::PolicyParams {
        contact: "Ada".to_owned(),
        auto_answer: Some(true),
        ..crate::control::PolicyParams::default()
    };
    world.ask(2, Command::Contact(crate::control::ContactCommand::Policy(policy))).unwrap();
    world.kill(2);
    offer(&mut world, 0, "Ben");
    accept(&mut world, 1);
    world.restart(2, "Ben");
    world.pass(10_000);
    hand_off(&mut world, 1).unwrap();
    world.pass(5_000);
    assert_eq!(state(&world, 2), CallState::Incoming);
    assert!(silent(&world, 2));
}

#[test]
fn a_call_that_ends_meanwhile_stops_ringing_there() {
    for by in [0, 1] {
        let mut world = talking();
        hand_off(&mut world, 1).unwrap();
        hang_up(&mut world, by);
        world.pass(10_000);
        assert_eq!(world.reason(2).as_deref(), Some("hung_up"));
        assert_eq!(told(&world, 1).last(), Some(&(HandOffState::Failed, Some("hung_up".to_owned()))));
        assert_eq!((world.missed(2), world.nodes[2].history), (0, 0));
        assert!((0..3).all(|n| silent(&world, n) && world.nodes[n].core.drained()));
    }
}

#[test]
fn a_device_that_dies_while_it_rings_leaves_the_call_where_it_is() {
    let mut world = talking();
    hand_off(&mut world, 1).unwrap();
    world.kill(2);
    world.pass(10_000);
    assert_eq!(told(&world, 1).last(), Some(&(HandOffState::Failed, Some("lost".to_owned()))));
    assert_eq!((live(&world, 0), live(&world, 1)), (vec![CallState::Active], vec![CallState::Active]));
    world.restart(2, "Ben");
    world.pass(60_000);
    assert_eq!((world.missed(2), world.nodes[2].history), (0, 0));
}

#[test]
fn a_device_that_dies_while_it_asks_stops_the_ringing() {
    let mut world = talking();
    hand_off(&mut world, 1).unwrap();
    world.kill(1);
    world.pass(6_000);
    assert_eq!(world.reason(2).as_deref(), Some("lost"));
    assert!(silent(&world, 2) && world.missed(2) == 0);
}

#[test]
fn a_call_that_cannot_be_made_from_there_goes_on_here() {
    let mut world = talking();
    hand_off(&mut world, 1).unwrap();
    world.media = false;
    accept(&mut world, 2);
    world.pass(5_000);
    assert!(live(&world, 1) == vec![CallState::Active], "it is not ended before the new one works");
    world.pass(60_000);
    assert_eq!(world.reason(2).as_deref(), Some("media_failed"));
    assert_eq!(told(&world, 1).last(), Some(&(HandOffState::Failed, Some("media_failed".to_owned()))));
    assert_eq!((live(&world, 0), live(&world, 1)), (vec![CallState::Active], vec![CallState::Active]));
    assert!(heard(&world, 0) && heard(&world, 1) && silent(&world, 2));
}

#[test]
fn a_participant_that_cannot_be_reached_from_there_misses_nothing() {
    let mut world = talking();
    hand_off(&mut world, 1).unwrap();
    world.disconnect(0, 2);
    world.part(0b100);
    accept(&mut world, 2);
    world.pass(40_000);
    assert!(live(&world, 2).is_empty());
    world.heal();
    world.pass(60_000);
    assert_eq!(world.missed(0), 0);
    assert_eq!((live(&world, 0), live(&world, 1)), (vec![CallState::Active], vec![CallState::Active]));
}

#[test]
fn who_is_muted_stays_muted_also_if_that_was_while_it_rang() {
    for before in [false, true] {
        let mut world = talking();
        if before {
            command(&mut world, 1, CallCommand::Mute { call: None });
        }
        hand_off(&mut world, 1).unwrap();
        if !before {
            command(&mut world, 1, CallCommand::Mute { call: None });
        }
        accept(&mut world, 2);
        world.pass(2_000);
        assert!(world.nodes[2].core.calls.muted(), "muted before: {before}");
        let calls = world.nodes[0].core.calls.calls(world.now());
        let talker = calls.iter().find(|call| call.state == CallState::Active).unwrap();
        assert!(talker.participants[0].muted);
    }
    let mut world = talking();
    command(&mut world, 1, CallCommand::Mute { call: None });
    hand_off(&mut world, 1).unwrap();
    command(&mut world, 1, CallCommand::Unmute { call: None });
    accept(&mut world, 2);
    world.pass(2_000);
    assert!(!world.nodes[2].core.calls.muted());
}

#[test]
fn a_call_that_the_other_side_holds_moves_as_well_and_stays_held() {
    let mut world = talking();
    command(&mut world, 0, CallCommand::Hold { call: None });
    hand_off(&mut world, 1).unwrap();
    accept(&mut world, 2);
    world.pass(5_000);
    assert_eq!((live(&world, 0), live(&world, 1)), (vec![CallState::Held], vec![]));
    assert!(silent(&world, 0) && silent(&world, 1));
    command(&mut world, 0, CallCommand::Resume { call: None });
    world.pass(1_000);
    assert!(heard(&world, 0) && heard(&world, 2));
    assert_eq!((live(&world, 0), live(&world, 2)), (vec![CallState::Active], vec![CallState::Active]));
}

#[test]
fn a_call_that_we_hold_is_taken_up_where_it_moves_to() {
    let mut world = talking();
    command(&mut world, 1, CallCommand::Hold { call: None });
    hand_off(&mut world, 1).unwrap();
    accept(&mut world, 2);
    world.pass(3_000);
    assert!(heard(&world, 0) && heard(&world, 2) && live(&world, 1).is_empty());
}

#[test]
fn which_device_is_asked_is_clear_or_an_error_names_them() {
    let mut world = talking();
    let second = world.device(2).text();
    let first = world.device(1).text();
    let own = hand_off_to(&mut world, 1, &first).unwrap_err();
    let unknown = hand_off_to(&mut world, 1, "12D3KooWnobody").unwrap_err();
    for error in [own, unknown] {
        assert_eq!((error.kind, error.candidates.clone()), (ErrorKind::NoSuchDevice, vec![second.clone()]));
    }
    let alone = world.ask(0, Command::HandOff { call: None, device: None }).unwrap_err();
    assert!(alone.kind == ErrorKind::NoSuchDevice && alone.candidates.is_empty(), "{alone:?}");
    world.join("third");
    link(&mut world, 1, 3, false);
    let several = hand_off(&mut world, 1).unwrap_err();
    assert_eq!((several.kind, several.candidates.len()), (ErrorKind::NoSuchDevice, 2));
    world.kill(3);
    world.pass(1_000);
    hand_off(&mut world, 1).unwrap();
    let twice = hand_off(&mut world, 1).unwrap_err();
    assert_eq!(twice.kind, ErrorKind::WrongState);
    world.kill(2);
    world.pass(10_000);
    let nobody = hand_off(&mut world, 1).unwrap_err();
    assert_eq!((nobody.kind, nobody.candidates.len()), (ErrorKind::NoSuchDevice, 2));
}

#[test]
fn only_an_accepted_call_can_be_handed_over() {
    let mut world = ben_with_two();
    assert_eq!(hand_off(&mut world, 1).unwrap_err().kind, ErrorKind::NoSuchCall);
    offer(&mut world, 1, "Ada");
    assert_eq!(hand_off(&mut world, 1).unwrap_err().kind, ErrorKind::NoSuchCall);
}

#[test]
fn a_device_that_does_not_know_the_other_side_refuses() {
    let mut world = talking();
    // Contacts belong to the account; this one has not got there yet.
    let ada = world.nodes[0].core.account();
    world.nodes[2].core.contacts.remove(&ada);
    hand_off(&mut world, 1).unwrap();
    world.pass(1_000);
    assert_eq!(told(&world, 1).last(), Some(&(HandOffState::Failed, Some("refused".to_owned()))));
    assert!(rang(&world, 2) == 0 && live(&world, 1) == vec![CallState::Active]);
}

#[test]
fn a_device_that_is_revoked_neither_takes_nor_gives() {
    let mut world = talking();
    hand_off(&mut world, 1).unwrap();
    revoke(&mut world, 1, 2).unwrap();
    world.pass(30_000);
    assert!(live(&world, 2).is_empty() && silent(&world, 2));
    assert_eq!(told(&world, 1).last(), Some(&(HandOffState::Failed, Some("refused".to_owned()))));
    assert_eq!(live(&world, 1), vec![CallState::Active]);
    assert_eq!(hand_off(&mut world, 1).unwrap_err().kind, ErrorKind::NoSuchDevice);
}
