//! Both sides end a call before either has heard of it: the word of who offered it counts, at both.

use super::desk::*;
use super::world::World;
use crate::call::effect::{CallEffect, HistoryEntry};
use crate::call::signal::CallInput;
use crate::control::EventKind;
use crate::ids::CallId;
use crate::wire::bodies::{PairBody, Reason};

fn two(seed: &str) -> World {
    World::new(&[(1, 1), (2, 2)], seed)
}

/// Rings at B.
fn ringing(seed: &str) -> (World, CallId) {
    let mut world = two(seed);
    let call = world.dial(0, 2);
    world.run(100);
    (world, call)
}

/// The last that history was told of the call, by each.
fn lines(world: &World, call: CallId) -> Vec<HistoryEntry> {
    let last = |line: &HistoryEntry| line.call == call;
    let lines = world.nodes.iter().map(|node| node.desk.history().into_iter().rfind(last));
    lines.map(|line| line.expect("a line of history")).collect()
}

/// Reason, whether it was accepted, whether it was missed, by each.
fn ends(world: &World, call: CallId) -> Vec<(Reason, bool, bool)> {
    lines(world, call).iter().map(|line| (line.reason, line.accepted_ms.is_some(), line.missed)).collect()
}

fn amended(world: &World, n: usize) -> Vec<(String, bool)> {
    let of = |event: &&EventKind| {
        let EventKind::EndAmended { reason, accepted, .. } = event else { return None };
        Some((reason.clone(), *accepted))
    };
    world.nodes[n].desk.events().iter().filter_map(of).collect()
}

#[test]
fn a_decline_that_crosses_the_cancel_is_cancelled_on_both_sides() {
    let (mut world, call) = ringing("decline");
    world.hang_up(0, call);
    world.decline(1, call);
    world.run(1_000);
    assert_eq!(ends(&world, call), [(Reason::Cancelled, false, false), (Reason::Cancelled, false, false)]);
    assert_eq!(lines(&world, call)[1].by, Some(device(1)), "the caller ended it");
    assert_eq!((amended(&world, 0), amended(&world, 1)), (vec![], vec![("cancelled".to_owned(), false)]));
    let shown = world.nodes[1].desk.info(call).unwrap();
    assert_eq!(shown.reason.as_deref(), Some("cancelled"));
    assert_eq!(world.nodes[1].desk.missed_calls(), 0, "somebody was there");
}

#[test]
fn an_accept_that_crosses_the_cancel_was_never_given() {
    let (mut world, call) = ringing("accept");
    world.hang_up(0, call);
    world.accept(1, call);
    world.run(1_000);
    assert_eq!(ends(&world, call), [(Reason::Cancelled, false, false), (Reason::Cancelled, false, false)]);
}

#[test]
fn who_accepts_and_hangs_up_while_it_is_cancelled_hears_that_it_was_cancelled() {
    let (mut world, call) = ringing("accept and hang up");
    world.hang_up(0, call);
    world.accept(1, call);
    world.hang_up(1, call);
    world.run(1_000);
    assert_eq!(ends(&world, call), [(Reason::Cancelled, false, false), (Reason::Cancelled, false, false)]);
}

#[test]
fn an_accept_that_crosses_the_end_of_the_callers_daemon_counts_on_both_sides() {
    let (mut world, call) = ringing("stops");
    world.input(0, CallInput::Shutdown);
    world.accept(1, call);
    world.run(1_000);
    assert_eq!(ends(&world, call), [(Reason::DaemonStopped, true, false), (Reason::DaemonStopped, true, false)]);
}

#[test]
fn both_hang_up_and_each_has_done_it_itself() {
    let mut world = two("hang up");
    let call = world.talking();
    world.hang_up(0, call);
    world.hang_up(1, call);
    world.run(1_000);
    assert_eq!(ends(&world, call), [(Reason::HungUp, true, false); 2]);
    assert!(lines(&world, call).iter().all(|line| line.by.is_none()));
    assert_eq!((amended(&world, 0), amended(&world, 1)), (vec![], vec![]), "nothing is to be corrected");
}

#[test]
fn of_two_who_end_a_call_that_was_on_the_one_that_offered_it_says_why() {
    for (stops, hangs_up, why) in [(0, 1, Reason::DaemonStopped), (1, 0, Reason::HungUp)] {
        let mut world = two("stop");
        let call = world.talking();
        world.input(stops, CallInput::Shutdown);
        world.hang_up(hangs_up, call);
        world.run(1_000);
        assert_eq!(ends(&world, call), [(why, true, false); 2]);
    }
}

#[test]
fn a_device_that_stopped_for_another_one_says_what_the_caller_says() {
    let mut world = World::new(&[(1, 1), (2, 2), (2, 3)], "another device");
    let call = world.dial(0, 2);
    world.run(100);
    world.decline(1, call);
    world.hang_up(0, call);
    world.run(1_000);
    assert_eq!(ends(&world, call), [(Reason::Cancelled, false, false); 3]);
}

#[test]
fn the_last_word_counts_for_as_long_as_the_pair_is_heard_and_only_once_and_only_of_who_is_in_the_call() {
    let (mut world, call) = ringing("late");
    world.decline(1, call);
    let word = |from, reason| CallInput::Pair { call, device: device(from), body: PairBody::HangUp(reason) };
    let desk = &mut world.nodes[1].desk;
    assert_eq!(desk.input(word(9, Reason::Cancelled)), [], "who is not in the call has no word");
    desk.wait(5_001);
    assert_eq!(desk.input(word(1, Reason::Cancelled)), [], "too late");
    let (mut world, call) = ringing("in time");
    world.decline(1, call);
    let word = CallInput::Pair { call, device: device(1), body: PairBody::HangUp(Reason::Cancelled) };
    let desk = &mut world.nodes[1].desk;
    desk.wait(4_999);
    let out = desk.input(word.clone());
    assert!(matches!(&out[..], [CallEffect::Event(_), CallEffect::History(line)] if line.reason == Reason::Cancelled));
    assert_eq!(desk.input(word), []);
}

#[test]
fn who_was_heard_was_accepted_whatever_the_one_who_offered_it_says_later() {
    let heard = |reason| {
        let mut desk = Desk::new(2);
        desk.talks(call(7), 1);
        desk.wait(60_000);
        desk.hear_hang_up(call(7), 1, reason);
        desk.history().pop().unwrap()
    };
    let corrected = |reason| {
        let mut desk = Desk::new(2);
        desk.talks(call(7), 1);
        desk.wait(60_000);
        desk.hang_up(call(7)).unwrap();
        desk.hear_hang_up(call(7), 1, reason);
        desk.history().pop().unwrap()
    };
    for reason in [Reason::Cancelled, Reason::NoAnswer, Reason::AnsweredElsewhere, Reason::DeclinedElsewhere] {
        for line in [heard(reason), corrected(reason)] {
            assert!(line.accepted_ms.is_some() && !line.missed, "{reason:?}: {line:?}");
        }
    }
}

#[test]
fn a_device_has_one_last_word_and_one_that_was_revoked_or_blocked_has_none() {
    let words = [Reason::Cancelled, Reason::DaemonStopped, Reason::Cancelled];
    let mut desk = Desk::new(2);
    desk.rings(call(7), 1);
    desk.decline(call(7)).unwrap();
    let heard: Vec<bool> = words.iter().map(|word| desk.hear_hang_up(call(7), 1, *word).is_empty()).collect();
    assert_eq!(heard, [false, true, true]);
    let revoked = CallInput::Revoked { account: account(1), device: device(1) };
    let mut desk = Desk::new(2);
    desk.talks(call(7), 1);
    desk.input(revoked);
    assert!(words.iter().all(|word| desk.hear_hang_up(call(7), 1, *word).is_empty()));
}

#[test]
fn a_call_that_ends_while_it_moves_to_a_device_that_gives_it_up_says_why_it_ended() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    let sender = b.sender(1, 9);
    let mut offer = ring_offer(call(8), sender.account, account(2));
    offer.continues = Some(call(7));
    b.input(CallInput::Offer { from: sender, offer });
    b.confirm(call(8), 9);
    b.hear_hang_up(call(7), 1, Reason::HungUp);
    b.hear_hang_up(call(8), 9, Reason::Cancelled);
    let [line] = &b.history()[..] else { panic!("{:?}", b.history()) };
    assert_eq!((line.call, line.reason, line.by), (call(7), Reason::HungUp, Some(device(1))));
    assert!(line.accepted_ms.is_some());
}
