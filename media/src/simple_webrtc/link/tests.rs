//! The link machine alone: what each call does in each state.

use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;
use crate::simple_webrtc::engine::CandidateKind;

fn candidate(port: u16) -> Candidate {
    let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Candidate { kind: CandidateKind::Host, tcp: false, ip, port, priority: 1 }
}

fn sdp(generation: u32) -> String {
    format!("description {generation}")
}

fn applied(kind: DescriptionKind, generation: u32, candidates: Vec<Candidate>) -> Result<Option<Order>, EngineError> {
    Ok(Some(Order::Apply { kind, generation, sdp: sdp(generation), candidates }))
}

const NOTHING: Result<Option<Order>, EngineError> = Ok(None);

fn state_of<T: std::fmt::Debug>(result: Result<T, EngineError>) -> &'static str {
    let Err(EngineError::WrongState { state, .. }) = result else { panic!("not a wrong state: {result:?}") };
    state
}

/// The states that a test begins with, by role.
fn offerer(until: &str) -> LinkMachine {
    let mut link = LinkMachine::new(Role::Offerer);
    if until == "idle" {
        return link;
    }
    assert_eq!(link.open(), Some(Order::Offer { generation: 0, restart: false }));
    if until == "creating offer" {
        return link;
    }
    assert!(link.described(0));
    if until == "waiting for the answer" {
        return link;
    }
    assert_eq!(link.apply(DescriptionKind::Answer, 0, sdp(0)), applied(DescriptionKind::Answer, 0, vec![]));
    if until == "connecting" {
        return link;
    }
    assert_eq!(link.up(), Some(LinkEvent::Connected));
    if until == "connected" {
        return link;
    }
    assert_eq!(link.restart(1), Ok(Some(Order::Offer { generation: 1, restart: true })));
    if until == "restarting" {
        return link;
    }
    assert!(link.close());
    if until == "ended" {
        link.ended();
    }
    link
}

fn answerer(until: &str) -> LinkMachine {
    let mut link = LinkMachine::new(Role::Answerer);
    if until == "idle" {
        return link;
    }
    assert_eq!(link.apply(DescriptionKind::Offer, 0, sdp(0)), applied(DescriptionKind::Offer, 0, vec![]));
    if until == "answering an offer" {
        return link;
    }
    assert!(link.described(0));
    if until == "connecting" {
        return link;
    }
    assert_eq!(link.up(), Some(LinkEvent::Connected));
    link
}

const OFFERER_STATES: [&str; 8] =
    ["idle", "creating offer", "waiting for the answer", "connecting", "connected", "restarting", "ending", "ended"];

#[test]
fn each_state_has_its_name() {
    for name in OFFERER_STATES {
        assert_eq!(offerer(name).state.name(), name);
    }
    for name in ["idle", "answering an offer", "connecting", "connected"] {
        assert_eq!(answerer(name).state.name(), name);
    }
}

#[test]
fn only_a_fresh_offerer_makes_an_offer_by_itself() {
    for name in OFFERER_STATES {
        assert_eq!(offerer(name).open().is_some(), name == "idle", "{name}");
    }
    assert_eq!(answerer("idle").open(), None);
}

#[test]
fn audio_goes_out_only_once_it_was_connected() {
    for name in OFFERER_STATES {
        let allowed = matches!(name, "connected" | "restarting");
        assert_eq!(offerer(name).may_send_audio().is_ok(), allowed, "{name}");
        if !allowed {
            assert_eq!(state_of(offerer(name).may_send_audio()), name);
        }
    }
}

#[test]
fn ctl_needs_the_channel_to_be_open() {
    let mut link = offerer("connected");
    assert_eq!(state_of(link.may_send_ctl()), "connected");
    assert_eq!(link.ctl_opened(), [LinkEvent::CtlOpen]);
    assert_eq!(link.may_send_ctl(), Ok(()));
    assert_eq!(link.ctl_opened(), []);
    assert!(link.close());
    assert_eq!(state_of(link.may_send_ctl()), "ending");
}

#[test]
fn an_open_ctl_proves_the_connection() {
    let mut link = offerer("connecting");
    assert_eq!(link.ctl_opened(), [LinkEvent::Connected, LinkEvent::CtlOpen]);
    assert_eq!(link.up(), None, "connected is told once");
}

#[test]
fn an_answer_is_taken_where_one_is_waited_for() {
    for name in OFFERER_STATES {
        let result = offerer(name).apply(DescriptionKind::Answer, 0, sdp(0));
        match name {
            "waiting for the answer" => assert_eq!(result, applied(DescriptionKind::Answer, 0, vec![])),
            // Said before: harmless.
            "connecting" | "connected" | "restarting" => assert_eq!(result, NOTHING, "{name}"),
            _ => assert_eq!(state_of(result), name),
        }
    }
}

#[test]
fn an_answer_from_the_future_is_refused() {
    for name in OFFERER_STATES {
        assert_eq!(state_of(offerer(name).apply(DescriptionKind::Answer, 2, sdp(2))), name);
    }
}

#[test]
fn an_offer_never_fits_an_offerer_nor_an_answer_an_answerer() {
    for name in OFFERER_STATES {
        assert_eq!(state_of(offerer(name).apply(DescriptionKind::Offer, 5, sdp(5))), name);
    }
    for name in ["idle", "answering an offer", "connecting", "connected"] {
        assert_eq!(state_of(answerer(name).apply(DescriptionKind::Answer, 0, sdp(0))), name);
    }
}

#[test]
fn an_offer_counts_once_and_a_higher_generation_replaces_it() {
    for name in ["answering an offer", "connecting", "connected"] {
        let mut link = answerer(name);
        assert_eq!(link.apply(DescriptionKind::Offer, 0, sdp(0)), NOTHING);
        assert_eq!(link.apply(DescriptionKind::Offer, 2, sdp(2)), applied(DescriptionKind::Offer, 2, vec![]));
        assert_eq!(link.apply(DescriptionKind::Offer, 1, sdp(1)), NOTHING, "{name}: overtaken");
        assert_eq!(link.generation(), 2);
        let restarting = name == "connected";
        assert_eq!(link.state.name(), if restarting { "restarting" } else { "answering an offer" });
    }
}

#[test]
fn the_answer_to_an_overtaken_offer_is_not_wanted() {
    let mut link = answerer("answering an offer");
    link.apply(DescriptionKind::Offer, 1, sdp(1)).unwrap();
    assert!(!link.described(0));
    assert!(link.described(1));
    assert!(!link.described(1), "once");
}

#[test]
fn only_the_offerer_restarts_and_only_after_its_offer() {
    for name in OFFERER_STATES {
        let result = offerer(name).restart(3);
        match name {
            "waiting for the answer" | "connecting" | "connected" => {
                assert_eq!(result, Ok(Some(Order::Offer { generation: 3, restart: true })), "{name}");
            }
            _ => assert_eq!(state_of(result), name),
        }
    }
    for name in ["idle", "answering an offer", "connecting", "connected"] {
        assert_eq!(state_of(answerer(name).restart(1)), name);
    }
}

#[test]
fn a_restart_goes_forward() {
    let mut link = offerer("connected");
    assert_eq!(state_of(link.restart(0)), "connected");
    link.restart(4).unwrap();
    assert_eq!(link.restart(4), NOTHING, "under way already");
    assert_eq!(state_of(link.restart(3)), "restarting");
    assert!(link.described(4));
    assert_eq!(link.apply(DescriptionKind::Answer, 0, sdp(0)), NOTHING, "the old answer, late");
    assert_eq!(link.apply(DescriptionKind::Answer, 4, sdp(4)), applied(DescriptionKind::Answer, 4, vec![]));
    assert_eq!(link.up(), Some(LinkEvent::Resumed));
    assert_eq!(link.state.name(), "connected");
}

#[test]
fn interruptions_are_told_once_each_way() {
    let mut link = offerer("connected");
    assert_eq!(link.up(), None);
    assert_eq!(link.down(), Some(LinkEvent::Interrupted));
    assert_eq!(link.down(), None);
    assert_eq!(link.up(), Some(LinkEvent::Resumed));
    assert_eq!(link.up(), None);
    for name in ["creating offer", "connecting", "ending", "ended"] {
        assert_eq!(offerer(name).down(), None, "{name}");
    }
}

#[test]
fn the_old_path_may_come_back_while_a_restart_is_negotiated() {
    let mut link = offerer("connected");
    link.down();
    link.restart(1).unwrap();
    assert_eq!(link.up(), Some(LinkEvent::Resumed));
    assert_eq!(link.state.name(), "restarting", "the new generation is still to come");
    assert!(link.described(1));
}

#[test]
fn early_candidates_wait_for_their_description() {
    let mut link = LinkMachine::new(Role::Answerer);
    assert_eq!(link.candidate(0, candidate(1)), NOTHING);
    assert_eq!(link.candidate(0, candidate(1)), NOTHING);
    assert_eq!(link.candidate(0, candidate(2)), NOTHING);
    let early = vec![candidate(1), candidate(2)];
    assert_eq!(link.apply(DescriptionKind::Offer, 0, sdp(0)), applied(DescriptionKind::Offer, 0, early));
    assert_eq!(link.candidate(0, candidate(2)), NOTHING, "known");
    assert_eq!(link.candidate(0, candidate(3)), Ok(Some(Order::Candidate(candidate(3)))));
}

#[test]
fn candidates_of_a_generation_nobody_needs_are_dropped() {
    let mut link = answerer("connected");
    link.candidate(1, candidate(1)).unwrap();
    link.candidate(2, candidate(2)).unwrap();
    assert_eq!(link.candidate(1, candidate(3)), NOTHING, "generation 2 is known of already");
    assert_eq!(link.apply(DescriptionKind::Offer, 3, sdp(3)), applied(DescriptionKind::Offer, 3, vec![]));
    for old in 0..3 {
        assert_eq!(link.candidate(old, candidate(4)), NOTHING);
    }
    assert_eq!(link.candidate(3, candidate(4)), Ok(Some(Order::Candidate(candidate(4)))));
}

#[test]
fn candidates_that_wait_for_a_later_generation_survive_an_earlier_one() {
    let mut link = answerer("connected");
    link.candidate(2, candidate(2)).unwrap();
    assert_eq!(link.apply(DescriptionKind::Offer, 1, sdp(1)), applied(DescriptionKind::Offer, 1, vec![]));
    let kept = vec![candidate(2)];
    assert_eq!(link.apply(DescriptionKind::Offer, 2, sdp(2)), applied(DescriptionKind::Offer, 2, kept));
}

#[test]
fn twenty_candidates_a_generation_and_no_more() {
    for mut link in [LinkMachine::new(Role::Answerer), answerer("connected")] {
        for generation in 0..3 {
            for port in 1..=20 {
                assert!(link.candidate(generation, candidate(port)).is_ok());
            }
            assert_eq!(
                link.candidate(generation, candidate(21)),
                Err(EngineError::Limit("20 candidates a generation"))
            );
        }
    }
}

#[test]
fn an_ending_link_takes_late_signals_in_silence_and_commands_with_an_error() {
    for name in ["ending", "ended"] {
        let mut link = offerer(name);
        assert_eq!(link.candidate(1, candidate(1)), NOTHING);
        assert!(!link.described(1));
        assert_eq!((link.up(), link.down(), link.ctl_opened()), (None, None, vec![]));
        assert!(!link.close());
        assert_eq!(state_of(link.restart(2)), name);
    }
}

/// Anything that can happen to a link.
#[derive(Clone, Debug)]
enum Step {
    Open,
    Apply(DescriptionKind, u32),
    Candidate(u32, u16),
    Restart(u32),
    Described(u32),
    Up,
    Down,
    Ctl,
    Close,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kind = prop_oneof![Just(DescriptionKind::Offer), Just(DescriptionKind::Answer)];
    let step = prop_oneof![
        2 => Just(Step::Open),
        6 => (kind, 0..4_u32).prop_map(|(kind, generation)| Step::Apply(kind, generation)),
        6 => (0..4_u32, 1..40_u16).prop_map(|(generation, port)| Step::Candidate(generation, port)),
        3 => (0..4_u32).prop_map(Step::Restart),
        6 => (0..4_u32).prop_map(Step::Described),
        4 => Just(Step::Up),
        2 => Just(Step::Down),
        2 => Just(Step::Ctl),
        1 => Just(Step::Close),
    ];
    prop::collection::vec(step, 0..200)
}

/// Takes one step; gives back what is to be told and done.
fn take(link: &mut LinkMachine, step: Step) -> (Vec<LinkEvent>, Option<Order>) {
    let order = match step {
        Step::Open => link.open(),
        Step::Apply(kind, generation) => link.apply(kind, generation, sdp(generation)).unwrap_or(None),
        Step::Candidate(generation, port) => link.candidate(generation, candidate(port)).unwrap_or(None),
        Step::Restart(generation) => link.restart(generation).unwrap_or(None),
        Step::Described(generation) => {
            link.described(generation);
            None
        }
        Step::Up => return (link.up().into_iter().collect(), None),
        Step::Down => return (link.down().into_iter().collect(), None),
        Step::Ctl => return (link.ctl_opened(), None),
        Step::Close => {
            link.close();
            None
        }
    };
    (Vec::new(), order)
}

proptest! {
    /// Whatever comes in whatever order: connected once and first, interruptions in turn, generations forward, every
    /// candidate once and at most twenty, nothing after the end.
    #[test]
    fn no_sequence_of_steps_breaks_a_rule(offers: bool, steps in steps()) {
        let mut link = LinkMachine::new(if offers { Role::Offerer } else { Role::Answerer });
        let (mut connected, mut interrupted, mut closed) = (false, false, false);
        let mut described = None;
        let mut given = Vec::new();
        for step in steps {
            closed |= matches!(step, Step::Close);
            let before = link.generation();
            let (events, order) = take(&mut link, step);
            prop_assert!(!closed || (events.is_empty() && order.is_none()), "after the end");
            prop_assert!(closed || link.generation() >= before);
            for event in events {
                prop_assert_eq!(event == LinkEvent::Connected, !connected, "{:?}", event);
                connected = true;
                prop_assert!(event != LinkEvent::Interrupted || !interrupted);
                interrupted = event == LinkEvent::Interrupted || (interrupted && event == LinkEvent::CtlOpen);
            }
            match order {
                Some(Order::Apply { generation, candidates, kind, .. }) => {
                    prop_assert_eq!(kind == DescriptionKind::Answer, offers);
                    prop_assert!(described < Some(generation));
                    described = Some(generation);
                    given = candidates;
                }
                Some(Order::Candidate(candidate)) => {
                    prop_assert!(described.is_some(), "no candidate before a description");
                    prop_assert!(!given.contains(&candidate));
                    given.push(candidate);
                }
                Some(Order::Offer { .. }) => prop_assert!(offers),
                Some(Order::Ctl(_)) | None => {}
            }
            prop_assert!(given.len() <= 20);
        }
    }
}
