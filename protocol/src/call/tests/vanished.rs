//! A device that is killed while it rings, there or here: the ringing ends soon, and a short gap ends nothing.

use super::desk::*;
use crate::call::signal::LinkEvent;
use crate::control::CallState;
use crate::ids::CallId;
use crate::wire::bodies::{PairBody, Reason, SdpKind, Verdict};

/// A call to devices that all ring.
fn rings_at(a: &mut Desk, devices: &[u8]) -> CallId {
    let id = a.dial(2, devices);
    for device in devices {
        a.reached(id, *device);
        a.verdict(id, *device, Verdict::Ringing);
    }
    assert_eq!(a.state(id), Some(CallState::Ringing));
    id
}

#[test]
fn a_callee_that_is_gone_for_5_s_while_it_rings_is_lost() {
    let mut a = Desk::new(1);
    let id = rings_at(&mut a, &[2]);
    a.wait(20_000);
    a.disconnected(2);
    a.wait(4_999);
    assert_eq!(a.state(id), Some(CallState::Ringing));
    let out = a.wait(1);
    assert_eq!(a.reason(id).as_deref(), Some("lost"));
    assert_eq!(a.cause(id).unwrap().what, "peer_vanished");
    assert_eq!(told(&out, 2), [PairBody::HangUp(Reason::Lost)], "it hears why if it comes back");
}

#[test]
fn a_callee_that_answered_and_is_gone_before_it_rings_is_lost_too() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2]);
    a.reached(id, 2);
    a.disconnected(2);
    a.wait(5_000);
    assert_eq!(a.reason(id).as_deref(), Some("lost"));
}

#[test]
fn a_callee_that_was_never_reached_is_looked_for_as_long_as_before() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2]);
    a.disconnected(2);
    a.wait(20_000);
    assert_eq!(a.state(id), Some(CallState::Dialing));
}

#[test]
fn a_callee_that_listens_again_in_time_rings_on() {
    let mut a = Desk::new(1);
    let id = rings_at(&mut a, &[2]);
    a.disconnected(2);
    a.wait(4_900);
    a.listens(id, 2, true);
    a.wait(30_000);
    assert_eq!(a.state(id), Some(CallState::Ringing));
    a.verdict(id, 2, Verdict::Accept);
    assert_eq!(a.state(id), Some(CallState::Connecting));
}

#[test]
fn one_device_of_the_callee_may_go_while_another_rings() {
    let mut a = Desk::new(1);
    let id = rings_at(&mut a, &[2, 3]);
    a.disconnected(2);
    a.wait(20_000);
    assert_eq!(a.state(id), Some(CallState::Ringing));
    a.disconnected(3);
    a.wait(5_000);
    assert_eq!(a.reason(id).as_deref(), Some("lost"));
}

#[test]
fn a_device_that_leaves_its_mailbox_without_a_word_is_gone() {
    let (mut a, mut b) = (Desk::new(1), Desk::new(2));
    let id = rings_at(&mut a, &[2]);
    a.listens(id, 2, false);
    a.wait(5_000);
    assert_eq!(a.reason(id).as_deref(), Some("lost"));
    b.rings(call(7), 1);
    b.listens(call(7), 1, false);
    b.wait(5_000);
    assert_eq!(b.reason(call(7)).as_deref(), Some("lost"));
    assert_eq!(b.missed_calls(), 1);
}

#[test]
fn another_call_that_a_device_listens_to_keeps_this_one_not_alive() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    b.rings(call(8), 1);
    b.disconnected(1);
    b.listens(call(8), 1, true);
    b.wait(5_000);
    assert_eq!(b.reason(call(7)).as_deref(), Some("lost"));
    assert_eq!(b.state(call(8)), Some(CallState::Incoming));
}

#[test]
fn a_link_that_is_up_keeps_a_callee_without_a_connection() {
    let mut a = Desk::new(1);
    let id = rings_at(&mut a, &[2]);
    let link = a.link_of(id, device(2)).unwrap();
    a.link(link, LinkEvent::Description { kind: SdpKind::Offer, generation: 0, sdp: "v=0".to_owned() });
    a.link(link, LinkEvent::Connected);
    a.disconnected(2);
    a.wait(20_000);
    assert_eq!(a.state(id), Some(CallState::Ringing));
    // No packet for 2 s already: 3 s are left.
    a.link(link, LinkEvent::Interrupted);
    a.wait(3_000);
    assert_eq!(a.reason(id).as_deref(), Some("lost"));
}
