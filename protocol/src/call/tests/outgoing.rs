//! Calls that we make.

use super::desk::*;
use crate::call::effect::{CallEffect, LinkCommand};
use crate::call::signal::{CallInput, ContactPolicy};
use crate::control::{CallCommand, CallState, Direction, ErrorKind};
use crate::wire::bodies::{CtlBody, PairBody, Purpose, Reason, SdpKind, Verdict};

/// Everything sent as kind 5.
fn cancels(effects: &[CallEffect]) -> Vec<(u8, Reason)> {
    let cancel = |effect: &CallEffect| {
        let CallEffect::Cancel { device, reason, .. } = effect else { return None };
        Some((device.0[0], *reason))
    };
    effects.iter().filter_map(cancel).collect()
}

/// Devices that are told what they missed (kind 8).
fn missed(effects: &[CallEffect]) -> Vec<u8> {
    let missed = |effect: &CallEffect| {
        let CallEffect::Missed { device, .. } = effect else { return None };
        Some(device.0[0])
    };
    effects.iter().filter_map(missed).collect()
}

#[test]
fn an_offer_goes_to_every_device_of_the_callee_with_one_secret() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2, 3]);
    let offers: Vec<_> = a
        .log
        .iter()
        .filter_map(|effect| {
            let CallEffect::Offer { account, device, offer } = effect else { return None };
            Some((*account, *device, offer.clone()))
        })
        .collect();
    assert_eq!(
        offers.iter().map(|(a, d, _)| (*a, *d)).collect::<Vec<_>>(),
        [(account(2), device(2)), (account(2), device(3))]
    );
    assert_eq!(offers[0].2, offers[1].2);
    let offer = &offers[0].2;
    assert_eq!((offer.call, offer.purpose, offer.ttl_s), (id, Purpose::Ring, 60));
    assert_eq!(offer.roster, [account(1), account(2)]);
    assert_eq!(offer.context.as_deref(), Some(b"chat 7".as_slice()));
    assert_ne!(offer.secret.expose(), &[0; 32]);
    assert_eq!(a.states(id), [CallState::Dialing]);
    assert_eq!(a.info(id).unwrap().direction, Direction::Out);
}

#[test]
fn two_calls_have_different_ids_and_secrets() {
    let mut a = Desk::new(1);
    let (x, y) = (a.dial(2, &[2]), a.dial(3, &[3]));
    assert_ne!(x, y);
    let secret = |effect: &CallEffect| {
        let CallEffect::Offer { offer, .. } = effect else { return None };
        Some(*offer.secret.expose())
    };
    let secrets: Vec<_> = a.log.iter().filter_map(secret).collect();
    assert_ne!(secrets[0], secrets[1]);
}

#[test]
fn a_device_that_is_reached_is_confirmed_once_and_rings_only_when_it_says_so() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2]);
    let out = a.reached(id, 2);
    assert!(out.contains(&CallEffect::Confirm { call: id, device: device(2) }));
    assert!(a.reached(id, 2).is_empty(), "a doubled reached changes nothing");
    assert_eq!(a.states(id), [CallState::Dialing]);
    a.verdict(id, 2, Verdict::Ringing);
    a.verdict(id, 2, Verdict::Ringing);
    assert_eq!(a.states(id), [CallState::Dialing, CallState::Ringing]);
}

#[test]
fn the_microphone_opens_at_the_accept_and_closes_at_the_end() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2]);
    a.reached(id, 2);
    a.verdict(id, 2, Verdict::Ringing);
    assert!(!a.microphone());
    a.verdict(id, 2, Verdict::Accept);
    assert!(a.microphone());
    assert_eq!(a.state(id), Some(CallState::Connecting));
    let link = a.flows(id, 2);
    assert_eq!(a.sound(link), (true, true));
    a.hang_up(id).unwrap();
    assert!(!a.microphone());
    assert_eq!(a.sound(link), (false, false));
}

#[test]
fn an_accept_without_a_word_of_ringing_is_an_accept() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2]);
    a.reached(id, 2);
    a.verdict(id, 2, Verdict::Accept);
    assert_eq!(a.states(id), [CallState::Dialing, CallState::Connecting]);
}

#[test]
fn a_decline_ends_the_call_and_the_other_devices_hear_declined_elsewhere() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2, 3, 4]);
    a.reached(id, 2);
    a.reached(id, 3);
    a.verdict(id, 2, Verdict::Ringing);
    a.verdict(id, 3, Verdict::Ringing);
    let out = a.verdict(id, 2, Verdict::Decline);
    assert_eq!(a.reason(id).as_deref(), Some("declined"));
    assert!(told(&out, 2).is_empty());
    assert_eq!(told(&out, 3), [PairBody::HangUp(Reason::DeclinedElsewhere)]);
    assert_eq!(cancels(&out), [(4, Reason::DeclinedElsewhere)]);
    assert!(missed(&out).is_empty(), "the callee has seen it");
    let history = a.history();
    assert_eq!((history[0].reason, history[0].by, history[0].missed), (Reason::Declined, Some(device(2)), false));
}

#[test]
fn the_first_accept_wins_and_the_others_hear_answered_elsewhere() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2, 3, 4]);
    a.reached(id, 2);
    a.reached(id, 3);
    let out = a.verdict(id, 3, Verdict::Accept);
    assert_eq!(told(&out, 2), [PairBody::HangUp(Reason::AnsweredElsewhere)]);
    assert_eq!(cancels(&out), [(4, Reason::AnsweredElsewhere)]);
    assert!(missed(&out).is_empty());
    // Too late: neither an accept nor a hang-up of a loser changes anything, nor is it confirmed any more.
    assert!(a.verdict(id, 2, Verdict::Accept).is_empty());
    assert!(a.hear_hang_up(id, 2, Reason::HungUp).is_empty());
    assert!(a.reached(id, 4).is_empty());
    assert_eq!(a.state(id), Some(CallState::Connecting));
}

#[test]
fn a_busy_device_does_not_stop_the_others() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2, 3]);
    a.reached(id, 2);
    a.reached(id, 3);
    a.verdict(id, 2, Verdict::Busy);
    assert_eq!(a.state(id), Some(CallState::Dialing));
    a.verdict(id, 3, Verdict::Busy);
    assert_eq!(a.reason(id).as_deref(), Some("busy"));
}

#[test]
fn a_cancel_before_anybody_is_reached_goes_through_the_inbox_and_waits_for_nothing() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2]);
    let before = a.log.len();
    a.hang_up(id).unwrap();
    let out = a.log.split_off(before);
    assert_eq!(cancels(&out), [(2, Reason::Cancelled)]);
    assert!(pairs(&out).is_empty());
    assert!(out.contains(&CallEffect::Forget { call: id }));
    a.log.extend(out);
    assert_eq!(a.reason(id).as_deref(), Some("cancelled"));
    // The answer was on its way: it is never confirmed, so it never rings there.
    assert!(a.reached(id, 2).is_empty());
}

#[test]
fn a_cancel_while_it_rings_goes_over_the_pair_and_over_ctl() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2]);
    a.reached(id, 2);
    a.verdict(id, 2, Verdict::Ringing);
    let link = a.link_of(id, device(2)).expect("links are made while it rings");
    a.link(link, crate::call::signal::LinkEvent::Connected);
    a.link(link, crate::call::signal::LinkEvent::CtlOpen);
    let before = a.log.len();
    a.hang_up(id).unwrap();
    let out = a.log.split_off(before);
    assert_eq!(told(&out, 2), [PairBody::HangUp(Reason::Cancelled)]);
    assert!(out.contains(&CallEffect::Link { link, command: LinkCommand::Ctl(CtlBody::HangUp(Reason::Cancelled)) }));
    assert!(cancels(&out).is_empty());
    // The link outlives the call for a moment, so that the word on ctl gets out.
    let close = CallEffect::Link { link, command: LinkCommand::Close };
    assert!(!out.contains(&close));
    assert!(!a.wait(199).contains(&close));
    assert!(a.wait(1).contains(&close));
    assert!(a.core.drained());
}

#[test]
fn a_device_that_was_confirmed_and_has_said_nothing_hears_the_cancel_too() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2]);
    a.reached(id, 2);
    let before = a.log.len();
    a.hang_up(id).unwrap();
    assert_eq!(told(&a.log[before..], 2), [PairBody::HangUp(Reason::Cancelled)]);
}

#[test]
fn unreachable_says_what_was_tried() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2, 3]);
    a.unreached(id, 2, "10.0.0.7: refused");
    assert_eq!(a.state(id), Some(CallState::Dialing));
    a.unreached(id, 3, "10.0.0.8: timed out");
    assert_eq!(a.reason(id).as_deref(), Some("unreachable"));
    let cause = a.cause(id).unwrap();
    assert_eq!((cause.what.as_str(), cause.detail.as_str()), ("unreachable", "10.0.0.7: refused; 10.0.0.8: timed out"));
    assert_eq!(missed(&a.log), [2, 3], "they are told when they are back");
    assert!(cancels(&a.log).is_empty());
}

#[test]
fn what_was_tried_is_cut_at_its_bound() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2]);
    a.unreached(id, 2, &"ü".repeat(4000));
    assert_eq!(a.cause(id).unwrap().detail.len(), 1024);
}

#[test]
fn a_contact_without_a_known_device_is_unreachable_at_once() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[]);
    assert_eq!(a.states(id), [CallState::Dialing, CallState::Ended]);
    assert_eq!(a.reason(id).as_deref(), Some("unreachable"));
    assert_eq!(a.cause(id).unwrap().what, "no_device_known");
}

#[test]
fn a_device_that_listens_and_never_answers_gives_no_answer() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2]);
    a.input(CallInput::OfferExpired { call: id, device: device(2) });
    assert_eq!(a.reason(id).as_deref(), Some("no_answer"));
    assert_eq!(a.cause(id).unwrap().what, "no_device_answered");
    assert_eq!(missed(&a.log), [2]);
}

#[test]
fn an_unreachable_device_that_shows_up_while_others_ring_rings_too() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2, 3]);
    a.reached(id, 2);
    a.verdict(id, 2, Verdict::Ringing);
    a.unreached(id, 3, "nothing");
    assert_eq!(a.state(id), Some(CallState::Ringing));
    assert!(a.reached(id, 3).contains(&CallEffect::Confirm { call: id, device: device(3) }));
    a.verdict(id, 3, Verdict::Accept);
    assert_eq!(a.state(id), Some(CallState::Connecting));
}

#[test]
fn the_caller_rings_for_60_s_and_not_longer() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2, 3]);
    a.reached(id, 2);
    a.verdict(id, 2, Verdict::Ringing);
    a.wait(59_999);
    assert_eq!(a.state(id), Some(CallState::Ringing));
    let out = a.wait(1);
    assert_eq!(a.reason(id).as_deref(), Some("no_answer"));
    assert_eq!(told(&out, 2), [PairBody::HangUp(Reason::NoAnswer)]);
    assert_eq!(cancels(&out), [(3, Reason::NoAnswer)]);
    assert_eq!(missed(&out), [3], "only the device that never answered");
    assert!(a.wait(100_000).is_empty());
}

#[test]
fn an_accept_just_before_the_limit_counts_and_one_after_it_does_not() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2]);
    a.reached(id, 2);
    a.wait(59_999);
    a.verdict(id, 2, Verdict::Accept);
    a.wait(1);
    assert_eq!(a.state(id), Some(CallState::Connecting));

    let mut a = Desk::new(1);
    let id = a.dial(2, &[2]);
    a.reached(id, 2);
    a.wait(60_000);
    assert!(a.verdict(id, 2, Verdict::Accept).is_empty());
    assert_eq!(a.reason(id).as_deref(), Some("no_answer"));
}

#[test]
fn the_call_ends_when_all_that_ring_have_given_up() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2, 3, 4]);
    a.reached(id, 2);
    a.reached(id, 3);
    a.verdict(id, 2, Verdict::Ringing);
    a.verdict(id, 3, Verdict::Ringing);
    a.hear_hang_up(id, 2, Reason::NoAnswer);
    assert_eq!(a.state(id), Some(CallState::Ringing));
    let out = a.hear_hang_up(id, 3, Reason::NoAnswer);
    assert_eq!(a.reason(id).as_deref(), Some("no_answer"));
    assert_eq!(missed(&out), [4]);
}

#[test]
fn among_several_reasons_the_one_that_says_most_is_told() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2, 3, 4]);
    for on in [2, 3, 4] {
        a.reached(id, on);
    }
    a.hear_hang_up(id, 2, Reason::DaemonStopped);
    a.verdict(id, 3, Verdict::Busy);
    a.hear_hang_up(id, 4, Reason::Lost);
    assert_eq!(a.reason(id).as_deref(), Some("busy"));
    assert_eq!(a.history()[0].by, Some(device(3)));
}

#[test]
fn a_callee_that_stops_while_it_rings_is_the_reason() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2]);
    a.reached(id, 2);
    a.verdict(id, 2, Verdict::Ringing);
    a.hear_hang_up(id, 2, Reason::DaemonStopped);
    assert_eq!(a.reason(id).as_deref(), Some("daemon_stopped"));
}

#[test]
fn strangers_to_the_call_change_nothing() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2]);
    a.reached(id, 2);
    assert!(a.reached(id, 9).is_empty());
    assert!(a.verdict(id, 9, Verdict::Accept).is_empty());
    assert!(a.hear_hang_up(id, 9, Reason::HungUp).is_empty());
    assert!(a.pair(id, 9, description(1, 0, SdpKind::Offer)).is_empty());
    assert!(a.unreached(id, 9, "x").is_empty());
    let from = a.sender(2, 2);
    assert!(a.input(CallInput::Cancel { from, call: id, reason: Reason::Cancelled }).is_empty(), "not its call");
    assert_eq!(a.state(id), Some(CallState::Dialing));
}

#[test]
fn an_offer_of_a_call_id_of_ours_changes_nothing() {
    let mut a = Desk::new(1);
    let id = a.dial(2, &[2]);
    assert!(a.offer(id, 2, 2).is_empty());
    assert!(a.confirm(id, 2).is_empty());
    assert_eq!(a.state(id), Some(CallState::Dialing));
}

#[test]
fn nonsense_is_refused_with_what_to_do() {
    let mut a = Desk::new(1);
    let long = Some(vec![0; 257]);
    let cases = [
        CallCommand::Offer { to: vec![], context: None, unproven: None },
        CallCommand::Offer { to: vec![(account(1), vec![device(9)])], context: None, unproven: None },
        CallCommand::Offer { to: vec![(account(2), vec![]), (account(3), vec![])], context: None, unproven: None },
        CallCommand::Offer { to: vec![(account(2), vec![device(2)])], context: long, unproven: None },
        CallCommand::Offer {
            to: vec![(account(2), (0..=255).chain([1]).map(device).collect())],
            context: None,
            unproven: None,
        },
    ];
    for command in cases {
        let error = a.command(command).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadParams);
        assert!(!error.hint.is_empty());
    }
    assert_eq!(a.core.live_calls(), 0);
}

#[test]
fn a_device_named_twice_or_our_own_is_rung_once_or_not_at_all() {
    let mut a = Desk::new(1);
    a.dial(2, &[2, 2, 1]);
    assert_eq!(a.log.iter().filter(|e| matches!(e, CallEffect::Offer { .. })).count(), 1);
}

#[test]
fn a_relay_only_contact_is_offered_relay_only() {
    let mut a = Desk::new(1);
    a.core.set_policy(account(2), ContactPolicy { relay_only: true, ..ContactPolicy::default() });
    let id = a.dial(2, &[2]);
    let policy = |effect: &CallEffect| {
        let CallEffect::Offer { offer, .. } = effect else { return None };
        Some(offer.ice_policy)
    };
    assert_eq!(a.log.iter().find_map(policy), Some(2));
    let out = a.reached(id, 2);
    assert!(out.iter().any(|e| matches!(e, CallEffect::OpenLink { ice_policy: 2, .. })));
}
