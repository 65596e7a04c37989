//! A participant that lost us and calls again.

use super::desk::*;
use super::world::World;
use crate::call::signal::LinkEvent;
use crate::control::{CallState, EventKind};
use crate::ids::CallId;
use crate::wire::bodies::{PairBody, Reason, Verdict};

const NEW: CallId = CallId([8; 16]);

/// B talks with device 1 in call 7; the link is quiet.
fn quiet() -> Desk {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 1);
    b.link(link, LinkEvent::Interrupted);
    b
}

fn rang(desk: &Desk, id: CallId) -> bool {
    let text = crate::call::text::call(id);
    desk.events().into_iter().any(|e| matches!(e, EventKind::IncomingCall { call, .. } if *call == text))
}

#[test]
fn who_lost_us_and_calls_again_is_taken_back_without_ringing() {
    let mut b = quiet();
    b.wait(20_000);
    b.offer(NEW, 1, 1);
    b.confirm(NEW, 1);
    assert!(!rang(&b, NEW));
    assert!(told(&b.log, 1).contains(&PairBody::Verdict(Verdict::Accept)));
    b.flows(NEW, 1);
    assert!(b.microphone());
    assert_eq!(b.reason(call(7)).as_deref(), Some("lost"));
    assert_eq!((b.history().len(), b.missed_calls()), (0, 0), "for people it goes on");
    let started_ms = b.info(call(7)).unwrap().started_at_ms;
    assert_eq!(b.info(NEW).unwrap().started_at_ms, started_ms);
    assert_eq!(b.info(call(7)).unwrap().continues_as, Some(crate::call::text::call(NEW)), "one call for people");
    b.hang_up(call(7)).unwrap();
    assert_eq!(b.reason(NEW).as_deref(), Some("hung_up"), "the old name means the new call");
    let [line] = &b.history()[..] else { panic!("{:?}", b.history()) };
    assert_eq!((line.call, line.reason, line.missed), (call(7), Reason::HungUp, false));
    assert!(line.accepted_ms == Some(b.now.unix_ms - 20_000) && line.started_ms == started_ms);
}

#[test]
fn a_device_that_no_longer_listens_to_the_call_has_lost_us_though_sound_may_still_play() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    b.disconnected(1);
    b.offer(NEW, 1, 1);
    b.confirm(NEW, 1);
    assert_eq!(b.reason(call(7)).as_deref(), Some("lost"));
    assert!(!rang(&b, NEW));
}

#[test]
fn who_calls_again_before_we_notice_is_taken_back_when_we_do() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 1);
    b.offer(NEW, 1, 1);
    b.confirm(NEW, 1);
    assert_eq!((b.state(call(7)), b.info(NEW)), (Some(CallState::Active), None));
    b.wait(2_000);
    b.link(link, LinkEvent::Interrupted);
    assert_eq!(b.state(NEW), Some(CallState::Connecting));
    assert!(!rang(&b, NEW));
}

#[test]
fn after_a_minute_it_rings_like_any_other_call() {
    let mut b = quiet();
    b.wait(58_000);
    assert_eq!(b.reason(call(7)).as_deref(), Some("lost"));
    b.rings(NEW, 1);
    assert!(!b.microphone());
}

#[test]
fn another_device_of_the_lost_participant_rings() {
    let mut b = quiet();
    b.offer(NEW, 1, 9);
    b.confirm(NEW, 9);
    assert!(rang(&b, NEW));
    assert_eq!(b.state(call(7)), Some(CallState::Reconnecting));
}

#[test]
fn a_lost_call_that_was_held_is_held_when_it_is_back() {
    let mut b = Desk::new(2);
    let old = b.talks(call(7), 1);
    b.talks(call(6), 3);
    b.link(old, LinkEvent::Interrupted);
    b.offer(NEW, 1, 1);
    b.confirm(NEW, 1);
    assert_eq!((b.state(NEW), b.state(call(6))), (Some(CallState::Held), Some(CallState::Active)));
}

#[test]
fn calling_again_makes_the_longest_call_no_longer() {
    let mut b = Desk::of(2, 2, crate::call::Times { max_call_ms: Some(30_000), ..Default::default() });
    let link = b.talks(call(7), 1);
    b.wait(25_000);
    b.link(link, LinkEvent::Interrupted);
    b.offer(NEW, 1, 1);
    b.confirm(NEW, 1);
    b.flows(NEW, 1);
    b.wait(4_900);
    assert_eq!(b.state(NEW), Some(CallState::Active));
    b.wait(200);
    assert_eq!(b.reason(NEW).as_deref(), Some("max_duration"));
}

#[test]
fn mute_outlives_the_recall() {
    let mut b = quiet();
    b.command(crate::control::CallCommand::Mute { call: None }).unwrap();
    b.offer(NEW, 1, 1);
    b.confirm(NEW, 1);
    assert!(b.core.muted());
    assert!(b.info(NEW).unwrap().muted);
}

#[test]
fn a_second_call_of_a_device_that_is_there_waits_for_the_end_of_the_first_and_rings_then() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    b.offer(NEW, 1, 1);
    b.confirm(NEW, 1);
    b.hear_hang_up(call(7), 1, Reason::HungUp);
    assert!(rang(&b, NEW), "the hang-up came late: it is a new call");
    assert!(!b.microphone());
}

#[test]
fn a_second_call_of_a_device_that_stays_rings_after_ten_seconds() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    b.offer(NEW, 1, 1);
    b.confirm(NEW, 1);
    b.wait(9_999);
    assert!(!rang(&b, NEW));
    b.wait(1);
    assert!(rang(&b, NEW));
}

#[test]
fn a_call_that_is_cancelled_while_it_waits_leaves_nothing() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    b.offer(NEW, 1, 1);
    b.confirm(NEW, 1);
    b.hear_hang_up(NEW, 1, Reason::Cancelled);
    b.wait(20_000);
    assert_eq!((b.info(NEW), b.missed_calls()), (None, 0));
    assert_eq!(b.state(call(7)), Some(CallState::Active));
}

#[test]
fn both_sides_of_a_dead_path_agree_after_one_calls_again() {
    for caller in [0, 1] {
        let mut world = World::new(&[(1, 1), (2, 2)], "again");
        let old = world.talking();
        world.set_media(false);
        world.run(10_000);
        let new = world.dial(caller, [2, 1][caller]);
        world.run(1_000);
        world.set_media(true);
        world.run(25_000);
        assert!(!rang(&world.nodes[1 - caller].desk, new));
        assert_eq!(world.reasons(old), [Some("lost".to_owned()), Some("lost".to_owned())]);
        assert_eq!((world.state(0, new), world.state(1, new)), (Some(CallState::Active), Some(CallState::Active)));
    }
}
