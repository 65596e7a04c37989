//! Words that come before their offer, in every order that has gone wrong somewhere: this call is `X`, another one of the
//! same caller `Y`. What concerns `X` is kept until its offer comes; what concerns `Y` does not touch it.

use super::desk::*;
use crate::call::signal::CallInput;
use crate::control::CallState;
use crate::ids::CallId;
use crate::wire::bodies::{PairBody, Reason, SdpKind};

const X: CallId = CallId([7; 16]);
const Y: CallId = CallId([9; 16]);

fn path(call: CallId) -> CallInput {
    CallInput::Pair { call, device: device(1), body: description(1, 0, SdpKind::Offer) }
}

fn hang_up(call: CallId) -> CallInput {
    CallInput::Pair { call, device: device(1), body: PairBody::HangUp(Reason::Cancelled) }
}

/// Hears these before anything else: nothing comes of them yet.
fn heard(early: &[CallInput]) -> Desk {
    let mut b = Desk::new(2);
    for input in early {
        assert!(b.input(input.clone()).is_empty(), "{input:?}");
    }
    b
}

/// Now its offer and its confirm come.
fn begins(b: &mut Desk, call: CallId) {
    b.offer(call, 1, 1);
    b.confirm(call, 1);
}

fn rings(b: &Desk, call: CallId, links: usize) {
    assert_eq!(b.states(call), [CallState::Incoming]);
    assert_eq!(b.core.links().iter().filter(|(of, ..)| *of == call).count(), links);
}

fn is_over(b: &mut Desk, call: CallId) {
    assert_eq!(b.states(call), [CallState::Incoming, CallState::Ended]);
    assert_eq!(b.reason(call).as_deref(), Some("cancelled"));
    assert!(b.accept(call).is_err());
    assert!(b.core.links().iter().all(|(of, ..)| *of != call));
}

#[test]
fn a_path_then_its_offer_rings_with_that_path() {
    let mut b = heard(&[path(X)]);
    begins(&mut b, X);
    rings(&b, X, 1);
}

#[test]
fn a_path_of_another_call_then_the_offer_rings_without_it() {
    let mut b = heard(&[path(Y)]);
    begins(&mut b, X);
    rings(&b, X, 0);
}

#[test]
fn a_hang_up_then_its_offer_is_over_and_one_missed_call() {
    let mut b = heard(&[hang_up(X)]);
    begins(&mut b, X);
    is_over(&mut b, X);
    assert_eq!((b.missed_calls(), b.history().len()), (1, 1));
}

#[test]
fn a_hang_up_of_another_call_then_the_offer_rings() {
    let mut b = heard(&[hang_up(Y)]);
    begins(&mut b, X);
    rings(&b, X, 0);
}

#[test]
fn a_path_and_a_hang_up_then_the_offer_is_over() {
    let mut b = heard(&[path(X), hang_up(X)]);
    begins(&mut b, X);
    is_over(&mut b, X);
}

#[test]
fn a_hang_up_and_a_path_then_the_offer_is_over() {
    let mut b = heard(&[hang_up(X), path(X)]);
    begins(&mut b, X);
    is_over(&mut b, X);
}

#[test]
fn a_hang_up_and_a_path_of_another_call_then_both_offers_end_the_one_and_ring_the_other() {
    let mut b = heard(&[hang_up(X), path(Y)]);
    begins(&mut b, X);
    is_over(&mut b, X);
    begins(&mut b, Y);
    rings(&b, Y, 1);
}

#[test]
fn hang_ups_of_two_calls_then_both_offers_end_both() {
    let mut b = heard(&[hang_up(X), hang_up(Y)]);
    for call in [X, Y] {
        begins(&mut b, call);
        is_over(&mut b, call);
    }
    assert_eq!(b.missed_calls(), 2);
}

#[test]
fn paths_of_two_calls_then_both_offers_ring_each_with_its_own() {
    let mut b = heard(&[path(Y), path(X)]);
    begins(&mut b, X);
    rings(&b, X, 1);
    begins(&mut b, Y);
    rings(&b, Y, 1);
}
