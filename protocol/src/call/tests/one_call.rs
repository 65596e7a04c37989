//! Two people have one call, whichever of their devices are in it.

use super::desk::*;
use super::world::World;
use crate::call::signal::LinkEvent;
use crate::control::{CallState, EventKind};
use crate::ids::CallId;
use crate::wire::bodies::{PairBody, Reason, Verdict};

const NEW: CallId = CallId([8; 16]);

fn rang(desk: &Desk, id: CallId) -> bool {
    let text = crate::call::text::call(id);
    desk.events().into_iter().any(|e| matches!(e, EventKind::IncomingCall { call, .. } if *call == text))
}

/// Calls that are not over.
fn live(desk: &Desk) -> Vec<CallId> {
    let on = desk.core.calls(desk.now).into_iter().filter(|info| info.state != CallState::Ended);
    on.map(|info| parse_call(&info.call)).collect()
}

#[test]
fn another_device_of_whom_we_talk_with_is_told_so_and_rings_nowhere() {
    let mut world = World::new(&[(1, 1), (2, 2), (1, 3)], "second device");
    let call = world.talking();
    let second = world.dial(2, 2);
    world.run(500);
    let [_, b, a2] = &world.nodes[..] else { panic!() };
    assert!(!rang(&b.desk, second) && live(&b.desk) == [call]);
    assert_eq!((b.desk.missed_calls(), b.desk.history().len()), (0, 0));
    assert_eq!(a2.desk.reason(second).as_deref(), Some("answered_elsewhere"));
    assert_eq!(a2.desk.cause(second).unwrap().what, "in_call_elsewhere");
    assert_eq!((world.state(0, call), world.state(1, call)), (Some(CallState::Active), Some(CallState::Active)));
}

#[test]
fn it_stops_at_the_callees_other_devices_as_well_and_nobody_has_missed_it() {
    let mut world = World::new(&[(1, 1), (2, 2), (1, 3), (2, 4)], "two and two");
    let call = world.talking();
    let second = world.dial(2, 2);
    world.run(500);
    assert_eq!(world.nodes[2].desk.cause(second).unwrap().what, "in_call_elsewhere");
    let stopped = world.nodes[3].desk.reason(second);
    assert!(stopped.is_none() || stopped.as_deref() == Some("answered_elsewhere"), "{stopped:?}");
    assert!(live(&world.nodes[3].desk).is_empty() && live(&world.nodes[1].desk) == [call]);
    assert_eq!((world.nodes[1].desk.missed_calls(), world.nodes[3].desk.missed_calls()), (0, 0));
}

#[test]
fn a_call_that_another_device_answers_ends_the_one_that_was_lost() {
    let mut world = World::new(&[(1, 1), (2, 2), (1, 3)], "recall elsewhere");
    let old = world.talking();
    world.kill(0);
    world.run(10_000);
    let new = world.dial(1, 1);
    world.run(500);
    world.accept(2, new);
    world.run(1_000);
    assert_eq!(live(&world.nodes[1].desk), [new]);
    assert_eq!(world.state(1, new), Some(CallState::Active));
    assert_eq!(world.nodes[1].desk.reason(old).as_deref(), Some("lost"));
    assert_eq!(world.nodes[1].desk.cause(old).unwrap().what, "called_again");
}

#[test]
fn who_takes_a_second_call_of_the_same_person_is_left_with_that_one() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    b.offer(NEW, 1, 1);
    b.confirm(NEW, 1);
    b.wait(10_000);
    assert!(rang(&b, NEW), "it is still there, as far as we can tell");
    b.accept(NEW).unwrap();
    assert_eq!(live(&b), [NEW]);
    assert_eq!(b.reason(call(7)).as_deref(), Some("lost"));
    assert!(told(&b.log, 1).contains(&PairBody::HangUp(Reason::Lost)));
    b.flows(NEW, 1);
    assert!(b.microphone());
}

#[test]
fn who_calls_again_is_left_with_the_call_that_is_answered() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 1);
    b.link(link, LinkEvent::Interrupted);
    let new = b.dial(1, &[1, 9]);
    b.reached(new, 9);
    b.verdict(new, 9, Verdict::Accept);
    assert_eq!(live(&b), [new]);
    assert_eq!(b.reason(call(7)).as_deref(), Some("lost"));
    assert!(b.microphone());
}

#[test]
fn of_two_calls_of_one_person_that_ring_the_other_stops_when_one_is_answered() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    b.offer(NEW, 1, 9);
    b.confirm(NEW, 9);
    assert!(rang(&b, NEW));
    b.accept(call(7)).unwrap();
    assert_eq!(live(&b), [call(7)]);
    assert_eq!(b.reason(NEW).as_deref(), Some("answered_elsewhere"));
    assert!(told(&b.log, 9).contains(&PairBody::HangUp(Reason::AnsweredElsewhere)));
    assert_eq!(b.missed_calls(), 0);
}
