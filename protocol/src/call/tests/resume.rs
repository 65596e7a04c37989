//! Hold and resume by command, calls that wait, `busy`, and the longest call.

use super::desk::*;
use super::world::World;
use crate::call::Times;
use crate::call::effect::{CallEffect, LinkCommand};
use crate::control::{CallCommand, CallState, ErrorKind, EventKind, InCall};
use crate::ids::CallId;
use crate::wire::bodies::{Flags, PairBody, Reason, Status, Verdict};

fn hold(desk: &mut Desk, call: Option<CallId>) -> Result<(), ErrorKind> {
    desk.command(CallCommand::Hold { call }).map(|_| ()).map_err(|error| error.kind)
}

fn resume(desk: &mut Desk, call: Option<CallId>) -> Result<(), ErrorKind> {
    desk.command(CallCommand::Resume { call }).map(|_| ()).map_err(|error| error.kind)
}

/// A call between nodes 0 and 1, talking.
fn two() -> (World, CallId) {
    let mut world = World::new(&[(1, 1), (2, 2)], "hold");
    let call = world.talking();
    (world, call)
}

/// What a node shows of the other one: its state, and whether that one holds.
fn shown(world: &World, node: usize, call: CallId) -> (CallState, bool) {
    let info = world.nodes[node].desk.info(call).unwrap();
    (info.state, info.participants[0].held)
}

/// The sound of a node's only link: (sent, played).
fn sound(world: &World, node: usize) -> (bool, bool) {
    let links = world.nodes[node].desk.core.links();
    world.nodes[node].desk.sound(links[0].2)
}

#[test]
fn either_side_holds_and_resumes_and_both_are_told() {
    for who in [0, 1] {
        let (mut world, call) = two();
        let other = 1 - who;
        world.command(who, CallCommand::Hold { call: None });
        world.run(100);
        assert_eq!(shown(&world, who, call), (CallState::Held, false));
        assert_eq!(shown(&world, other, call), (CallState::Active, true));
        assert_eq!((sound(&world, who), sound(&world, other)), ((false, false), (false, false)));
        assert!(!world.nodes[who].desk.microphone());
        let says = |e: &&EventKind| matches!(e, EventKind::ParticipantState { state, .. } if state.held);
        assert_eq!(world.nodes[other].desk.events().into_iter().filter(says).count(), 1);
        // As long as it likes.
        world.run(300_000);
        assert_eq!(shown(&world, other, call), (CallState::Active, true));
        world.command(who, CallCommand::Resume { call: None });
        world.run(100);
        for node in [0, 1] {
            assert_eq!(shown(&world, node, call), (CallState::Active, false));
            assert_eq!(sound(&world, node), (true, true));
        }
        world.hang_up(other, call);
        world.run(1_000);
        assert_eq!(world.reasons(call), [Some("hung_up".to_owned()), Some("hung_up".to_owned())]);
    }
}

#[test]
fn a_call_that_both_hold_has_sound_only_once_both_have_resumed_it() {
    let (mut world, call) = two();
    world.command(0, CallCommand::Hold { call: None });
    world.command(1, CallCommand::Hold { call: None });
    world.run(100);
    assert_eq!((shown(&world, 0, call), shown(&world, 1, call)), ((CallState::Held, true), (CallState::Held, true)));
    world.command(0, CallCommand::Resume { call: None });
    world.run(100);
    assert_eq!((shown(&world, 0, call), shown(&world, 1, call)), ((CallState::Active, true), (CallState::Held, false)));
    assert_eq!((sound(&world, 0), sound(&world, 1)), ((false, false), (false, false)));
    world.command(1, CallCommand::Resume { call: None });
    world.run(100);
    assert_eq!((sound(&world, 0), sound(&world, 1)), ((true, true), (true, true)));
}

#[test]
fn resuming_a_held_call_holds_the_active_one() {
    let mut b = Desk::new(2);
    let first = b.talks(call(7), 1);
    let second = b.talks(call(8), 3);
    assert_eq!(b.sound(first), (false, false));
    resume(&mut b, None).unwrap();
    assert_eq!((b.state(call(7)), b.state(call(8))), (Some(CallState::Active), Some(CallState::Held)));
    assert_eq!((b.sound(first), b.sound(second)), ((true, true), (false, false)));
}

#[test]
fn holding_a_call_takes_up_no_other_one() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    b.talks(call(8), 3);
    hold(&mut b, None).unwrap();
    assert_eq!((b.state(call(7)), b.state(call(8))), (Some(CallState::Held), Some(CallState::Held)));
    assert!(!b.microphone());
    assert_eq!(resume(&mut b, None), Err(ErrorKind::AmbiguousCall));
    assert_eq!(hold(&mut b, None), Err(ErrorKind::NoSuchCall));
    resume(&mut b, Some(call(8))).unwrap();
    assert!(b.microphone());
}

#[test]
fn what_cannot_be_held_or_resumed_says_why() {
    let mut b = Desk::new(2);
    assert_eq!((hold(&mut b, None), resume(&mut b, None)), (Err(ErrorKind::NoSuchCall), Err(ErrorKind::NoSuchCall)));
    let ours = b.dial(3, &[3]);
    b.rings(call(8), 4);
    for id in [ours, call(8)] {
        assert_eq!(hold(&mut b, Some(id)), Err(ErrorKind::WrongState));
        assert_eq!(resume(&mut b, Some(id)), Err(ErrorKind::WrongState));
    }
    b.talks(call(7), 1);
    assert_eq!(resume(&mut b, Some(call(7))), Err(ErrorKind::WrongState), "it is not held");
    hold(&mut b, Some(call(7))).unwrap();
    assert_eq!(hold(&mut b, Some(call(7))), Err(ErrorKind::WrongState), "it is held already");
    b.hang_up(call(7)).unwrap();
    assert_eq!(resume(&mut b, Some(call(7))), Err(ErrorKind::WrongState), "it is over");
}

#[test]
fn nothing_is_sent_to_who_holds_us() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 1);
    let out = b.pair(call(7), 1, PairBody::Status(Status { state_seq: 1, flags: Flags(Flags::HELD) }));
    assert!(out.contains(&CallEffect::Link { link, command: LinkCommand::Send { on: false } }));
    b.pair(call(7), 1, PairBody::Status(Status { state_seq: 2, flags: Flags(0) }));
    assert_eq!(b.sound(link), (true, true));
}

#[test]
fn by_setting_a_second_call_hears_busy_and_was_missed() {
    let mut b = Desk::new(2);
    b.core.set_busy_in_call(true);
    b.talks(call(7), 1);
    b.offer(call(8), 3, 3);
    let out = b.confirm(call(8), 3);
    assert_eq!(told(&out, 3), [PairBody::Verdict(Verdict::Busy)]);
    assert_eq!((b.info(call(8)), b.missed_calls()), (None, 1));
    assert_eq!(b.history()[0].reason, Reason::Busy);
    assert_eq!(b.state(call(7)), Some(CallState::Active));
    b.hang_up(call(7)).unwrap();
    b.rings(call(9), 3);
    // What only rings is no call that we are in.
    b.rings(call(10), 4);
}

#[test]
fn who_hears_busy_ends_so() {
    let mut world = World::new(&[(1, 1), (2, 2), (3, 3)], "busy");
    world.nodes[1].desk.core.set_busy_in_call(true);
    world.talking();
    let second = world.dial(2, 2);
    world.run(500);
    assert_eq!(world.nodes[2].desk.reason(second).as_deref(), Some("busy"));
    assert!(world.nodes[2].desk.core.drained());
}

#[test]
fn a_call_ends_after_its_longest_duration_on_both_sides() {
    for limited in [0, 1] {
        let mut world = World::new(&[(1, 1), (2, 2)], "longest");
        let times = Times { max_call_ms: Some(30_000), ..Times::default() };
        let (account, device) = (world.nodes[limited].account, world.nodes[limited].device);
        world.nodes[limited].desk = Desk::of(account, device, times);
        // Ringing doesn't count.
        let call = world.dial(0, 2);
        world.run(40_000);
        world.accept(1, call);
        world.run(29_900);
        assert_eq!(world.state(limited, call), Some(CallState::Active));
        world.run(200);
        assert_eq!(world.reasons(call), [Some("max_duration".to_owned()), Some("max_duration".to_owned())]);
    }
}

#[test]
fn refuse_answers_where_no_call_is_active() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    b.rings(call(8), 3);
    let refuse = CallCommand::Accept { call: Some(call(8)), in_call: InCall::Refuse };
    assert_eq!(b.command(refuse.clone()).unwrap_err().kind, ErrorKind::InCall);
    assert_eq!((b.state(call(7)), b.state(call(8))), (Some(CallState::Active), Some(CallState::Incoming)));
    hold(&mut b, None).unwrap();
    b.command(refuse).unwrap();
    assert_eq!(b.state(call(8)), Some(CallState::Connecting));
}

#[test]
fn a_call_that_a_person_holds_stays_held_though_another_one_that_displaced_it_once_ends_without_a_word() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    let other = b.dial(3, &[3]);
    b.reached(other, 3);
    resume(&mut b, Some(call(7))).unwrap();
    hold(&mut b, Some(call(7))).unwrap();
    b.verdict(other, 3, Verdict::Accept);
    assert_eq!(b.state(other), Some(CallState::Connecting));
    b.hear_hang_up(other, 3, Reason::HungUp);
    assert_eq!(b.state(call(7)), Some(CallState::Held));
    assert!(!b.microphone());
}

#[test]
fn a_call_that_nobody_has_accepted_says_so_when_it_is_to_be_held() {
    let mut a = Desk::new(1);
    assert_eq!(hold(&mut a, None), Err(ErrorKind::NoSuchCall), "there is none");
    let id = a.dial(2, &[2]);
    assert_eq!(hold(&mut a, None), Err(ErrorKind::WrongState), "it is there, and not accepted");
    a.reached(id, 2);
    a.verdict(id, 2, Verdict::Accept);
    assert_eq!(hold(&mut a, None), Ok(()));
}

#[test]
fn a_call_that_is_being_rejoined_is_held_and_resumed_before_it_is_joined() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    let old = b.core.joined_calls().next().unwrap().0;
    let mut b = Desk::new(2);
    let new = b.rejoin(old);
    assert_eq!(hold(&mut b, None), Ok(()));
    assert_eq!(hold(&mut b, Some(new)), Err(ErrorKind::WrongState), "it is held");
    b.reached(new, 1);
    b.verdict(new, 1, Verdict::Accept);
    assert_eq!((b.state(new), b.microphone()), (Some(CallState::Held), false));
    assert_eq!(resume(&mut b, None), Ok(()));
    assert!(b.microphone());
}
