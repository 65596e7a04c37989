//! What comes before its time: signals before their offer, links before the accept.

use super::desk::*;
use crate::call::effect::{CallEffect, LinkCommand};
use crate::call::signal::{CallInput, ContactPolicy};
use crate::control::CallState;
use crate::wire::bodies::{Candidate, Candidates, LinkGeneration, PairBody, Reason, SdpKind};

#[test]
fn without_early_connection_nothing_of_ours_goes_out_before_accept() {
    let mut b = Desk::new(2);
    let mut from = b.sender(1, 1);
    from.policy = ContactPolicy { early_connection: false, relay_only: true, ..ContactPolicy::default() };
    b.input(CallInput::Offer { from, offer: ring_offer(call(7), account(1), account(2)) });
    b.confirm(call(7), 1);
    let ip = std::net::IpAddr::from([192, 168, 0, 5]);
    let candidate = |port| Candidate { kind: 0, protocol: 0, ip, port, priority: 1 };
    let list = vec![candidate(5001), candidate(5002)];
    let mut out = b.pair(call(7), 1, description(1, 0, SdpKind::Offer));
    out.extend(b.pair(call(7), 1, PairBody::Candidates(Candidates { link: 1, generation: 0, list: list.clone() })));
    let more = (3..100).map(|n| candidate(5000 + n)).collect();
    out.extend(b.pair(call(7), 1, PairBody::Candidates(Candidates { link: 1, generation: 0, list: more })));
    out.extend(b.pair(call(7), 1, PairBody::Candidates(Candidates { link: 1, generation: 1, list })));
    out.extend(b.pair(call(7), 1, PairBody::EndOfCandidates(LinkGeneration { link: 1, generation: 0 })));
    assert!(out.is_empty());
    let before = b.log.len();
    b.accept(call(7)).unwrap();
    let out = &b.log[before..];
    assert!(out.iter().any(|e| matches!(e, CallEffect::OpenLink { offerer: false, ice_policy: 2, .. })));
    let commands = |want: fn(&LinkCommand) -> bool| {
        out.iter().filter(|e| matches!(e, CallEffect::Link { command, .. } if want(command))).count()
    };
    assert_eq!(commands(|c| matches!(c, LinkCommand::Apply { .. })), 1);
    assert_eq!(commands(|c| matches!(c, LinkCommand::Candidate { .. })), 20, "what was kept, bounded");
    assert_eq!(commands(|c| matches!(c, LinkCommand::EndOfCandidates { .. })), 1);
}

#[test]
fn signals_before_their_offer_are_applied_in_order_when_it_comes() {
    let mut b = Desk::new(2);
    let early = [
        CallInput::Confirmed { call: call(7), device: device(1) },
        CallInput::Pair { call: call(7), device: device(1), body: description(1, 0, SdpKind::Offer) },
        CallInput::Pair { call: call(7), device: device(1), body: PairBody::HangUp(Reason::Cancelled) },
    ];
    for n in 1..=early.len() {
        let mut b = Desk::new(2);
        for input in &early[..n] {
            assert!(b.input(input.clone()).is_empty());
        }
        b.offer(call(7), 1, 1);
        let states: &[CallState] =
            if n == 3 { &[CallState::Incoming, CallState::Ended] } else { &[CallState::Incoming] };
        assert_eq!(b.states(call(7)), states);
        assert_eq!(b.core.links().len(), usize::from(n == 2));
    }
    // Pair messages alone wait for the confirm as well.
    b.input(early[1].clone());
    b.offer(call(7), 1, 1);
    b.confirm(call(7), 1);
    assert_eq!(b.core.links().len(), 1);
}

#[test]
fn early_signals_of_one_call_do_not_push_out_those_of_another() {
    let mut b = Desk::new(2);
    let hang_up = |id| CallInput::Pair { call: id, device: device(1), body: PairBody::HangUp(Reason::Cancelled) };
    b.input(CallInput::Confirmed { call: call(7), device: device(1) });
    for _ in 0..1_000 {
        b.input(hang_up(call(8)));
    }
    b.offer(call(7), 1, 1);
    assert_eq!(b.state(call(7)), Some(CallState::Incoming));
}

#[test]
fn early_signals_are_forgotten_after_a_minute() {
    for (ms, rings) in [(59_999, true), (60_000, false)] {
        let mut b = Desk::new(2);
        b.input(CallInput::Confirmed { call: call(7), device: device(1) });
        b.wait(ms);
        b.offer(call(7), 1, 1);
        assert_eq!(b.state(call(7)).is_some(), rings);
    }
}
