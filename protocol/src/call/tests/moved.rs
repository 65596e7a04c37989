//! The network under a call changes: other addresses, a sleep.

use super::desk::*;
use crate::call::effect::{CallEffect, LinkCommand};
use crate::call::signal::{CallInput, LinkEnd, LinkEvent};
use crate::control::CallState;
use crate::wire::bodies::{LinkGeneration, PairBody, Reason};

const LOWER: u8 = 1;
const HIGHER: u8 = 3;

/// Links closed, links opened, restarts of ICE.
fn renewed(effects: &[CallEffect]) -> (usize, usize, usize) {
    let count = |fits: fn(&CallEffect) -> bool| effects.iter().filter(|effect| fits(effect)).count();
    (
        count(|e| matches!(e, CallEffect::Link { command: LinkCommand::Close, .. })),
        count(|e| matches!(e, CallEffect::OpenLink { .. })),
        count(|e| matches!(e, CallEffect::Link { command: LinkCommand::Restart { .. }, .. })),
    )
}

fn asked(link: u32, generation: u32) -> PairBody {
    PairBody::Restart(LinkGeneration { link, generation })
}

#[test]
fn a_link_whose_address_is_gone_is_made_anew_as_soon_as_the_addresses_rest() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), HIGHER);
    b.input(CallInput::Moved);
    b.link(link, LinkEvent::AddressGone);
    assert_eq!(b.state(call(7)), Some(CallState::Reconnecting), "told at once, not after 2 s");
    assert!(b.core.reconnecting().contains(&device(HIGHER)));
    b.wait(150);
    b.input(CallInput::Moved);
    assert_eq!(renewed(&b.wait(199)), (0, 0, 0), "addresses come and go one by one");
    assert_eq!(renewed(&b.wait(1)), (1, 1, 0), "another link, since the old one's sockets know no new address");
    let next = b.link_of(call(7), device(HIGHER)).unwrap();
    b.link(next, LinkEvent::Connected);
    assert_eq!(b.state(call(7)), Some(CallState::Active));
    assert!(b.core.reconnecting().is_empty());
    assert_eq!(renewed(&b.wait(10_000)), (0, 0, 0));
}

#[test]
fn the_higher_device_asks_for_the_next_link_when_its_address_is_gone() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), LOWER);
    b.input(CallInput::Moved);
    b.link(link, LinkEvent::AddressGone);
    let out = b.wait(200);
    assert_eq!(renewed(&out), (1, 0, 0));
    assert_eq!(told(&out, LOWER), [asked(2, 0)]);
}

#[test]
fn a_link_that_works_outlives_addresses_that_come_and_go() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), HIGHER);
    b.input(CallInput::Moved);
    assert_eq!(renewed(&b.wait(1_000)), (0, 0, 0));
    assert_eq!(b.state(call(7)), Some(CallState::Active));
    // But once it needs a restart, the new addresses are to be tried.
    b.link(link, LinkEvent::Interrupted);
    assert_eq!(renewed(&b.wait(1_000)), (1, 1, 0));
}

#[test]
fn an_address_that_comes_while_it_reconnects_is_tried_at_once() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), HIGHER);
    b.link(link, LinkEvent::Interrupted);
    b.wait(12_000);
    b.input(CallInput::Moved);
    assert_eq!(renewed(&b.wait(200)), (1, 1, 0));
}

#[test]
fn while_it_rings_a_link_without_an_address_is_made_anew_only_where_links_may_be() {
    let mut b = Desk::new(2);
    b.rings(call(7), HIGHER);
    let link = b.link_of(call(7), device(HIGHER)).unwrap();
    b.link(link, LinkEvent::Connected);
    b.input(CallInput::Moved);
    b.link(link, LinkEvent::AddressGone);
    assert_eq!(renewed(&b.wait(200)), (1, 1, 0));
    assert_eq!(b.state(call(7)), Some(CallState::Incoming));
    assert!(b.core.reconnecting().is_empty() && b.core.participants().is_empty(), "nobody takes part yet");
}

#[test]
fn after_a_sleep_ice_is_restarted_at_once_on_either_side() {
    let mut b = Desk::new(2);
    b.talks(call(7), HIGHER);
    let out = b.input(CallInput::Woke);
    assert_eq!(renewed(&out), (0, 0, 1));
    assert_eq!(b.state(call(7)), Some(CallState::Active), "only silence shows that it is cut off");
    let mut b = Desk::new(2);
    b.talks(call(7), LOWER);
    assert_eq!(told(&b.input(CallInput::Woke), LOWER), [asked(1, 1)]);
}

#[test]
fn a_change_of_network_does_nothing_to_calls_that_are_over() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), HIGHER);
    b.hear_hang_up(call(7), HIGHER, Reason::HungUp);
    b.link(link, LinkEvent::Closed(LinkEnd::Local));
    b.wait(1_000);
    b.link(link, LinkEvent::AddressGone);
    for input in [CallInput::Moved, CallInput::Woke] {
        assert_eq!(b.input(input), Vec::new());
    }
    assert_eq!(b.core.next_timer_ms(), None, "nothing is left to be waited for");
}
