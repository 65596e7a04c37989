//! Links: who opens them, how they are numbered, which descriptions and candidates count.

use super::desk::*;
use crate::call::effect::{CallEffect, LinkCommand};
use crate::call::signal::{CallInput, ContactPolicy, LinkEnd, LinkEvent};
use crate::control::CallState;
use crate::ids::LinkId;
use crate::wire::bodies::{Candidate, Candidates, Description, LinkGeneration, PairBody, Reason, SdpKind, Verdict};

const LOWER: u8 = 1;
const HIGHER: u8 = 3;

fn candidate(port: u16) -> Candidate {
    Candidate { kind: 0, protocol: 0, ip: std::net::IpAddr::from([127, 0, 0, 1]), port, priority: 1 }
}

fn candidates(link: u32, generation: u32, ports: &[u16]) -> PairBody {
    let list = ports.iter().map(|port| candidate(*port)).collect();
    PairBody::Candidates(Candidates { link, generation, list })
}

/// Links opened: (link, we make the offer).
fn opened(effects: &[CallEffect]) -> Vec<(LinkId, bool)> {
    let open = |effect: &CallEffect| {
        let CallEffect::OpenLink { link, offerer, .. } = effect else { return None };
        Some((*link, *offerer))
    };
    effects.iter().filter_map(open).collect()
}

/// Commands to links.
fn commands(effects: &[CallEffect]) -> Vec<LinkCommand> {
    let command = |effect: &CallEffect| {
        let CallEffect::Link { command, .. } = effect else { return None };
        Some(command.clone())
    };
    effects.iter().filter_map(command).collect()
}

fn apply(kind: SdpKind, link: u32, generation: u32) -> LinkCommand {
    LinkCommand::Apply { kind, generation, sdp: format!("sdp {link} {generation}") }
}

fn described(desk: &mut Desk, link: LinkId, kind: SdpKind, generation: u32) -> Vec<CallEffect> {
    desk.link(link, LinkEvent::Description { kind, generation, sdp: "v=0\r\n".to_owned() })
}

/// A call of a higher device that rings here: the links are ours to open.
fn opener() -> (Desk, LinkId) {
    let mut b = Desk::new(2);
    b.rings(call(7), HIGHER);
    let link = b.link_of(call(7), device(HIGHER)).unwrap();
    (b, link)
}

/// A call of a lower device that rings here.
fn answerer() -> Desk {
    let mut b = Desk::new(2);
    b.rings(call(7), LOWER);
    b
}

#[test]
fn the_lower_device_opens_the_link_when_it_begins_to_ring_on_either_side() {
    // The callee is lower.
    let mut b = Desk::new(2);
    b.offer(call(7), HIGHER, HIGHER);
    assert!(matches!(opened(&b.confirm(call(7), HIGHER))[..], [(_, true)]));
    // The caller is lower.
    let mut a = Desk::new(2);
    let id = a.dial(HIGHER, &[HIGHER]);
    assert!(matches!(opened(&a.reached(id, HIGHER))[..], [(_, true)]));
    // The caller, and the callee, are higher.
    let id = a.dial(LOWER, &[LOWER]);
    assert!(opened(&a.reached(id, LOWER)).is_empty());
    assert!(opened(&answerer().log).is_empty());
}

#[test]
fn confirm_goes_out_before_the_first_description() {
    let mut a = Desk::new(2);
    let id = a.dial(HIGHER, &[HIGHER]);
    let out = a.reached(id, HIGHER);
    assert!(matches!(out[0], CallEffect::Confirm { .. }));
    assert!(matches!(out[1], CallEffect::OpenLink { .. }));
}

#[test]
fn without_early_connection_the_opener_waits_for_the_accept() {
    let mut a = Desk::new(2);
    a.core.set_policy(account(HIGHER), ContactPolicy { early_connection: false, ..ContactPolicy::default() });
    let id = a.dial(HIGHER, &[HIGHER]);
    assert!(opened(&a.reached(id, HIGHER)).is_empty());
    assert!(opened(&a.verdict(id, HIGHER, Verdict::Ringing)).is_empty());
    let asked = PairBody::Restart(LinkGeneration { link: 1, generation: 0 });
    assert!(opened(&a.pair(id, HIGHER, asked)).is_empty(), "not by being asked either");
    assert_eq!(opened(&a.verdict(id, HIGHER, Verdict::Accept)).len(), 1);
    // A contact that is none any more is treated like all others.
    a.hang_up(id).unwrap();
    a.core.forget_policy(account(HIGHER));
    let id = a.dial(HIGHER, &[HIGHER]);
    assert_eq!(opened(&a.reached(id, HIGHER)).len(), 1);
}

#[test]
fn our_description_and_candidates_go_out_with_the_links_number() {
    let (mut b, link) = opener();
    let out = described(&mut b, link, SdpKind::Offer, 0);
    let expected =
        Description { link: 1, generation: 0, kind: SdpKind::Offer, part: 0, parts: 1, bytes: b"v=0\r\n".to_vec() };
    assert_eq!(told(&out, HIGHER), [PairBody::Description(expected)]);
    let out = b.link(link, LinkEvent::Candidate { generation: 0, candidate: candidate(5000) });
    assert_eq!(told(&out, HIGHER), [candidates(1, 0, &[5000])]);
    let out = b.link(link, LinkEvent::EndOfCandidates { generation: 0 });
    let end = PairBody::EndOfCandidates(LinkGeneration { link: 1, generation: 0 });
    assert_eq!(told(&out, HIGHER), [end]);
    // What is of another generation is overtaken.
    assert!(described(&mut b, link, SdpKind::Offer, 1).is_empty());
    assert!(b.link(link, LinkEvent::Candidate { generation: 1, candidate: candidate(1) }).is_empty());
    assert!(b.link(link, LinkEvent::EndOfCandidates { generation: 1 }).is_empty());
}

#[test]
fn the_answer_is_applied_once_and_only_for_its_link_and_generation() {
    let (mut b, _) = opener();
    assert!(b.pair(call(7), HIGHER, description(2, 0, SdpKind::Answer)).is_empty());
    assert!(b.pair(call(7), HIGHER, description(1, 1, SdpKind::Answer)).is_empty());
    let out = b.pair(call(7), HIGHER, description(1, 0, SdpKind::Answer));
    assert_eq!(commands(&out), [apply(SdpKind::Answer, 1, 0)]);
    assert!(b.pair(call(7), HIGHER, description(1, 0, SdpKind::Answer)).is_empty());
}

#[test]
fn a_first_description_from_the_higher_device_is_ignored() {
    let (mut b, link) = opener();
    assert!(b.pair(call(7), HIGHER, description(1, 0, SdpKind::Offer)).is_empty());
    assert!(b.pair(call(7), HIGHER, description(2, 0, SdpKind::Offer)).is_empty());
    assert_eq!(b.link_of(call(7), device(HIGHER)), Some(link));
}

#[test]
fn an_answer_to_nothing_is_ignored() {
    let mut b = answerer();
    assert!(b.pair(call(7), LOWER, description(1, 0, SdpKind::Answer)).is_empty());
}

#[test]
fn the_lower_devices_description_makes_the_link_here() {
    let mut b = answerer();
    let out = b.pair(call(7), LOWER, description(1, 0, SdpKind::Offer));
    let link = b.link_of(call(7), device(LOWER)).unwrap();
    assert_eq!(opened(&out), [(link, false)]);
    assert_eq!(commands(&out), [apply(SdpKind::Offer, 1, 0)]);
    let out = described(&mut b, link, SdpKind::Answer, 0);
    assert_eq!(told(&out, LOWER).len(), 1);
    assert!(b.pair(call(7), LOWER, description(1, 0, SdpKind::Offer)).is_empty(), "doubled");
}

#[test]
fn a_later_generation_is_applied_and_an_earlier_one_is_not() {
    let mut b = answerer();
    b.pair(call(7), LOWER, description(1, 0, SdpKind::Offer));
    let out = b.pair(call(7), LOWER, description(1, 2, SdpKind::Offer));
    assert_eq!(commands(&out), [apply(SdpKind::Offer, 1, 2)]);
    assert!(b.pair(call(7), LOWER, description(1, 1, SdpKind::Offer)).is_empty());
    // Candidates: those of the generation in force.
    assert!(b.pair(call(7), LOWER, candidates(1, 1, &[1])).is_empty());
    let out = b.pair(call(7), LOWER, candidates(1, 2, &[1, 2]));
    let expected = |port| LinkCommand::Candidate { generation: 2, candidate: candidate(port) };
    assert_eq!(commands(&out), [expected(1), expected(2)]);
    let end = |generation| PairBody::EndOfCandidates(LinkGeneration { link: 1, generation });
    assert!(b.pair(call(7), LOWER, end(1)).is_empty());
    assert_eq!(commands(&b.pair(call(7), LOWER, end(2))), [LinkCommand::EndOfCandidates { generation: 2 }]);
}

#[test]
fn the_next_link_replaces_the_one_there_is_and_the_last_one_is_forgotten() {
    let mut b = answerer();
    b.pair(call(7), LOWER, description(1, 0, SdpKind::Offer));
    let first = b.link_of(call(7), device(LOWER)).unwrap();
    let out = b.pair(call(7), LOWER, description(2, 0, SdpKind::Offer));
    assert!(out.contains(&CallEffect::Link { link: first, command: LinkCommand::Close }));
    let second = b.link_of(call(7), device(LOWER)).unwrap();
    assert_eq!(opened(&out), [(second, false)]);
    assert!(b.pair(call(7), LOWER, description(1, 5, SdpKind::Offer)).is_empty());
    assert!(b.pair(call(7), LOWER, candidates(1, 0, &[1])).is_empty());
}

#[test]
fn a_description_of_a_link_that_is_closed_is_ignored() {
    let mut b = answerer();
    b.pair(call(7), LOWER, description(1, 0, SdpKind::Offer));
    let link = b.link_of(call(7), device(LOWER)).unwrap();
    b.link(link, LinkEvent::Closed(LinkEnd::Remote));
    assert!(b.pair(call(7), LOWER, description(1, 1, SdpKind::Offer)).is_empty());
    assert_eq!(opened(&b.pair(call(7), LOWER, description(2, 0, SdpKind::Offer))).len(), 1);
}

#[test]
fn a_part_of_a_description_or_one_that_is_no_text_is_ignored() {
    let mut b = answerer();
    let whole = Description { link: 1, generation: 0, kind: SdpKind::Offer, part: 0, parts: 1, bytes: vec![b'v'] };
    for bad in [
        Description { parts: 2, ..whole.clone() },
        Description { part: 1, parts: 2, ..whole.clone() },
        Description { bytes: vec![0xff, 0xfe], ..whole.clone() },
    ] {
        assert!(b.pair(call(7), LOWER, PairBody::Description(bad)).is_empty());
    }
    assert_eq!(opened(&b.pair(call(7), LOWER, PairBody::Description(whole))).len(), 1);
}

#[test]
fn a_restart_that_is_asked_for_begins_the_next_generation_once() {
    let (mut b, link) = opener();
    b.accept(call(7)).unwrap();
    b.pair(call(7), HIGHER, description(1, 0, SdpKind::Answer));
    let ask = |generation| PairBody::Restart(LinkGeneration { link: 1, generation });
    assert!(b.pair(call(7), HIGHER, ask(0)).is_empty());
    let restart = CallEffect::Link { link, command: LinkCommand::Restart { generation: 1 } };
    assert_eq!(b.pair(call(7), HIGHER, ask(1)), [restart]);
    assert!(b.pair(call(7), HIGHER, ask(1)).is_empty(), "it is on its way");
    // The answer to the generation before comes too late, the one to this generation counts.
    assert!(b.pair(call(7), HIGHER, description(1, 0, SdpKind::Answer)).is_empty());
    assert_eq!(b.pair(call(7), HIGHER, description(1, 1, SdpKind::Answer)).len(), 1);
}

#[test]
fn a_restart_that_names_a_far_generation_is_the_next_one_all_the_same() {
    let (mut b, _) = opener();
    let ask = PairBody::Restart(LinkGeneration { link: 1, generation: u32::MAX });
    assert_eq!(commands(&b.pair(call(7), HIGHER, ask)), [LinkCommand::Restart { generation: 1 }]);
}

#[test]
fn a_restart_for_a_closed_link_is_answered_by_the_next_number() {
    let (mut b, link) = opener();
    b.accept(call(7)).unwrap();
    b.pair(call(7), HIGHER, description(1, 0, SdpKind::Answer));
    b.link(link, LinkEvent::Connected);
    b.link(link, LinkEvent::FirstAudio);
    b.link(link, LinkEvent::Closed(LinkEnd::Remote));
    let ask = PairBody::Restart(LinkGeneration { link: 1, generation: 1 });
    let out = b.pair(call(7), HIGHER, ask);
    let next = b.link_of(call(7), device(HIGHER)).unwrap();
    assert_eq!(opened(&out), [(next, true)]);
    let out = described(&mut b, next, SdpKind::Offer, 0);
    let number = told(&out, HIGHER).into_iter().find_map(|body| {
        let PairBody::Description(description) = body else { return None };
        Some(description.link)
    });
    assert_eq!(number, Some(2));
}

#[test]
fn the_other_side_asks_for_the_next_link_while_ours_still_stands() {
    let (mut b, old) = opener();
    b.accept(call(7)).unwrap();
    let ask = || PairBody::Restart(LinkGeneration { link: 2, generation: 0 });
    let out = b.pair(call(7), HIGHER, ask());
    assert!(out.contains(&CallEffect::Link { link: old, command: LinkCommand::Close }));
    assert_eq!(opened(&out).len(), 1);
    assert!(b.pair(call(7), HIGHER, ask()).is_empty(), "asked twice, made once");
    assert!(b.pair(call(7), HIGHER, PairBody::Restart(LinkGeneration { link: 1, generation: 9 })).is_empty());
}

#[test]
fn more_than_6_restarts_a_minute_are_not_taken() {
    let (mut b, _) = opener();
    b.accept(call(7)).unwrap();
    let ask = |generation| PairBody::Restart(LinkGeneration { link: 1, generation });
    let taken =
        |b: &mut Desk, n: u32| (0..n).filter(|_| !commands(&b.pair(call(7), HIGHER, ask(u32::MAX))).is_empty()).count();
    assert_eq!(taken(&mut b, 10), 6);
    b.flows(call(7), HIGHER);
    b.wait(59_999);
    assert_eq!(taken(&mut b, 1), 0);
    b.wait(1);
    assert_eq!(taken(&mut b, 1), 1);
}

#[test]
fn the_lower_device_is_not_asked_to_restart_by_the_lower_device() {
    let mut b = answerer();
    b.pair(call(7), LOWER, description(1, 0, SdpKind::Offer));
    assert!(b.pair(call(7), LOWER, PairBody::Restart(LinkGeneration { link: 1, generation: 1 })).is_empty());
}

#[test]
fn a_newer_description_that_waits_for_the_accept_replaces_the_older() {
    let mut b = Desk::new(2);
    let mut from = b.sender(LOWER, LOWER);
    from.policy.early_connection = false;
    b.input(CallInput::Offer { from, offer: ring_offer(call(7), account(LOWER), account(2)) });
    b.confirm(call(7), LOWER);
    b.pair(call(7), LOWER, description(1, 0, SdpKind::Offer));
    b.pair(call(7), LOWER, candidates(1, 0, &[1]));
    b.pair(call(7), LOWER, description(1, 1, SdpKind::Offer));
    b.pair(call(7), LOWER, description(1, 0, SdpKind::Offer));
    b.pair(call(7), LOWER, candidates(1, 1, &[2]));
    let before = b.log.len();
    b.accept(call(7)).unwrap();
    let out = &b.log[before..];
    let commands: Vec<_> = commands(out)
        .into_iter()
        .filter(|c| matches!(c, LinkCommand::Apply { .. } | LinkCommand::Candidate { .. }))
        .collect();
    let candidate = LinkCommand::Candidate { generation: 1, candidate: candidate(2) };
    assert_eq!(commands, [apply(SdpKind::Offer, 1, 1), candidate]);
    assert_eq!(b.state(call(7)), Some(CallState::Connecting));
}

#[test]
fn the_stricter_of_two_ice_policies_counts() {
    for (offered, relay_only, expected) in [(0, false, 0), (1, false, 1), (1, true, 2), (2, false, 2)] {
        let mut b = Desk::new(2);
        let mut from = b.sender(HIGHER, HIGHER);
        from.policy.relay_only = relay_only;
        let mut offer = ring_offer(call(7), account(HIGHER), account(2));
        offer.ice_policy = offered;
        b.input(CallInput::Offer { from, offer });
        let out = b.confirm(call(7), HIGHER);
        let policy = out.iter().find_map(|effect| {
            let CallEffect::OpenLink { ice_policy, .. } = effect else { return None };
            Some(*ice_policy)
        });
        assert_eq!(policy, Some(expected));
    }
}

#[test]
fn the_link_of_a_device_that_is_busy_or_gave_up_is_closed_while_others_ring() {
    for busy in [true, false] {
        let mut a = Desk::new(2);
        let id = a.dial(HIGHER, &[3, 4]);
        a.reached(id, 3);
        a.reached(id, 4);
        let link = a.link_of(id, device(3)).unwrap();
        let out = if busy { a.verdict(id, 3, Verdict::Busy) } else { a.hear_hang_up(id, 3, Reason::NoAnswer) };
        assert!(out.contains(&CallEffect::Link { link, command: LinkCommand::Close }));
        assert_eq!(a.core.links().len(), 1);
    }
}

#[test]
fn every_device_that_rings_has_a_link_of_its_own_and_the_losers_are_closed() {
    let mut a = Desk::new(2);
    let id = a.dial(HIGHER, &[3, 4]);
    a.reached(id, 3);
    a.reached(id, 4);
    let (x, y) = (a.link_of(id, device(3)).unwrap(), a.link_of(id, device(4)).unwrap());
    assert_ne!(x, y);
    a.link(x, LinkEvent::Connected);
    a.link(y, LinkEvent::Connected);
    let out = a.verdict(id, 4, Verdict::Accept);
    assert!(out.contains(&CallEffect::Link { link: x, command: LinkCommand::Close }));
    assert_eq!(told(&out, 3), [PairBody::HangUp(Reason::AnsweredElsewhere)]);
    assert_eq!((a.sound(x), a.sound(y)), ((false, false), (true, true)));
}
