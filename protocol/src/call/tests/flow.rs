//! Whether sound arrives: connecting and its limits, interruptions, restarts, giving up.

use super::desk::*;
use crate::call::effect::{CallEffect, LinkCommand};
use crate::call::signal::{LinkEnd, LinkEvent};
use crate::call::{Times, text};
use crate::control::{CallState, EventKind, LinkState, QualityCause};
use crate::wire::bodies::{LinkGeneration, PairBody, Reason, SdpKind};

/// Restarts wanted of the engine: (link, generation).
fn restarts(effects: &[CallEffect]) -> Vec<u32> {
    let restart = |effect: &CallEffect| {
        let CallEffect::Link { command: LinkCommand::Restart { generation }, .. } = effect else { return None };
        Some(*generation)
    };
    effects.iter().filter_map(restart).collect()
}

/// Restarts asked of the other side.
fn asked(effects: &[CallEffect], of: u8) -> Vec<LinkGeneration> {
    let ask = |body| {
        let PairBody::Restart(which) = body else { return None };
        Some(which)
    };
    told(effects, of).into_iter().filter_map(ask).collect()
}

fn opened(effects: &[CallEffect]) -> usize {
    effects.iter().filter(|e| matches!(e, CallEffect::OpenLink { .. })).count()
}

#[test]
fn a_call_is_active_with_the_first_decoded_packet_and_not_before() {
    let mut b = Desk::new(2);
    b.accepted(call(7), 3);
    let link = b.link_of(call(7), device(3)).unwrap();
    b.link(link, LinkEvent::Connected);
    b.link(link, LinkEvent::CtlOpen);
    assert_eq!(b.state(call(7)), Some(CallState::Connecting));
    assert!(!b.events().iter().any(|e| matches!(e, EventKind::ParticipantJoined { .. })));
    b.link(link, LinkEvent::FirstAudio);
    b.link(link, LinkEvent::FirstAudio);
    assert_eq!(b.state(call(7)), Some(CallState::Active));
    assert_eq!(b.events().iter().filter(|e| matches!(e, EventKind::ParticipantJoined { .. })).count(), 1);
    assert_eq!(b.info(call(7)).unwrap().participants[0].state, LinkState::Connected);
}

#[test]
fn connecting_restarts_ice_once_after_10_s_and_fails_after_30_s() {
    let mut b = Desk::new(2);
    b.accepted(call(7), 3);
    assert!(restarts(&b.wait(9_999)).is_empty());
    assert_eq!(restarts(&b.wait(1)), [1]);
    assert!(restarts(&b.wait(19_999)).is_empty());
    assert_eq!(b.state(call(7)), Some(CallState::Connecting));
    let out = b.wait(1);
    assert_eq!(b.reason(call(7)).as_deref(), Some("media_failed"));
    assert_eq!(told(&out, 3), [PairBody::HangUp(Reason::MediaFailed)]);
    let cause = b.cause(call(7)).unwrap();
    assert_eq!(cause.what, "media_failed");
    assert_eq!(b.history()[0].by, None);
}

#[test]
fn the_higher_device_asks_for_the_restart_after_10_s() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    b.pair(call(7), 1, description(1, 0, SdpKind::Offer));
    b.accept(call(7)).unwrap();
    assert_eq!(asked(&b.wait(10_000), 1), [LinkGeneration { link: 1, generation: 1 }]);
    assert!(asked(&b.wait(20_000), 1).is_empty());
}

#[test]
fn the_limits_of_connecting_follow_the_setting() {
    let times = Times { connecting_ms: 3_000, ..Times::default() };
    let mut b = Desk::of(2, 2, times);
    b.accepted(call(7), 3);
    assert_eq!(restarts(&b.wait(1_000)), [1]);
    b.wait(1_999);
    assert_eq!(b.state(call(7)), Some(CallState::Connecting));
    b.wait(1);
    assert_eq!(b.reason(call(7)).as_deref(), Some("media_failed"));
}

#[test]
fn sound_at_the_last_moment_is_in_time() {
    let mut b = Desk::new(2);
    b.accepted(call(7), 3);
    b.wait(29_999);
    b.flows(call(7), 3);
    b.wait(100);
    assert_eq!(b.state(call(7)), Some(CallState::Active));
}

#[test]
fn what_went_wrong_stands_in_the_cause() {
    let cases: [(&[LinkEvent], &str); 4] = [
        (&[], "TURN"),
        (&[LinkEvent::Connected], "no sound arrived"),
        (&[LinkEvent::Closed(LinkEnd::Failed("DTLS: bad certificate".to_owned()))], "DTLS: bad certificate"),
        (&[LinkEvent::Closed(LinkEnd::Remote)], "the other side closed"),
    ];
    for (events, expected) in cases {
        let mut b = Desk::new(2);
        b.accepted(call(7), 3);
        let link = b.link_of(call(7), device(3)).unwrap();
        for event in events {
            b.link(link, event.clone());
        }
        b.wait(30_000);
        let detail = b.cause(call(7)).unwrap().detail;
        assert!(detail.contains(expected), "{detail:?} lacks {expected:?}");
    }
    let mut b = Desk::new(2);
    b.accepted(call(7), 1);
    b.wait(30_000);
    assert!(b.cause(call(7)).unwrap().detail.contains("never offered"));
}

#[test]
fn a_link_that_fails_while_connecting_is_made_anew_at_once_and_only_once() {
    let mut b = Desk::new(2);
    b.accepted(call(7), 3);
    let first = b.link_of(call(7), device(3)).unwrap();
    let failed = || LinkEvent::Closed(LinkEnd::Failed("x".to_owned()));
    assert_eq!(opened(&b.link(first, failed())), 1);
    let second = b.link_of(call(7), device(3)).unwrap();
    assert_ne!(first, second);
    assert_eq!(opened(&b.link(second, failed())), 0);
    assert_eq!(opened(&b.wait(29_999)), 0);
    assert_eq!(b.state(call(7)), Some(CallState::Connecting));
}

#[test]
fn the_higher_device_asks_for_the_next_link_when_its_link_fails() {
    let mut b = Desk::new(2);
    b.rings(call(7), 1);
    b.pair(call(7), 1, description(1, 0, SdpKind::Offer));
    b.accept(call(7)).unwrap();
    let link = b.link_of(call(7), device(1)).unwrap();
    let out = b.link(link, LinkEvent::Closed(LinkEnd::Remote));
    assert_eq!(asked(&out, 1), [LinkGeneration { link: 2, generation: 0 }]);
    // What it asked for comes.
    assert_eq!(opened(&b.pair(call(7), 1, description(2, 0, SdpKind::Offer))), 1);
}

#[test]
fn a_link_that_failed_while_it_rang_is_made_anew_at_the_accept() {
    let mut b = Desk::new(2);
    b.rings(call(7), 3);
    let link = b.link_of(call(7), device(3)).unwrap();
    assert_eq!(opened(&b.link(link, LinkEvent::Closed(LinkEnd::Remote))), 0, "nobody waits for it");
    let before = b.log.len();
    b.accept(call(7)).unwrap();
    assert_eq!(opened(&b.log[before..]), 1);
}

#[test]
fn a_link_that_was_interrupted_while_it_rang_is_restarted_at_the_accept() {
    let mut b = Desk::new(2);
    b.rings(call(7), 3);
    let link = b.link_of(call(7), device(3)).unwrap();
    b.link(link, LinkEvent::Connected);
    b.link(link, LinkEvent::Interrupted);
    let before = b.log.len();
    b.accept(call(7)).unwrap();
    assert_eq!(restarts(&b.log[before..]), [1]);
}

#[test]
fn an_interruption_is_restarted_at_3_6_10_20_and_40_s_and_given_up_at_60_s() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    b.wait(5_000);
    b.link(link, LinkEvent::Interrupted);
    assert_eq!(b.state(call(7)), Some(CallState::Reconnecting));
    // The last packet came 2 s ago.
    let mut at_ms = 2_000;
    for (n, due_ms) in [3_000, 6_000, 10_000, 20_000, 40_000].into_iter().enumerate() {
        if due_ms > at_ms {
            assert!(restarts(&b.wait(due_ms - at_ms - 1)).is_empty(), "before {due_ms}");
            at_ms = due_ms - 1;
        }
        assert_eq!(restarts(&b.wait(due_ms - at_ms)), [u32::try_from(n).unwrap() + 1], "at {due_ms}");
        at_ms = due_ms;
    }
    b.wait(19_999);
    assert_eq!(b.state(call(7)), Some(CallState::Reconnecting));
    let out = b.wait(1);
    assert_eq!(b.reason(call(7)).as_deref(), Some("lost"));
    assert_eq!(told(&out, 3), [PairBody::HangUp(Reason::Lost)]);
    assert_eq!(b.cause(call(7)).unwrap().what, "peer_vanished");
}

#[test]
fn the_higher_device_asks_at_the_same_times() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 1);
    b.link(link, LinkEvent::Interrupted);
    let out = b.wait(57_999);
    let asks = asked(&out, 1);
    // The generation it has is not renewed by asking.
    assert_eq!(asks, [LinkGeneration { link: 1, generation: 1 }; 5]);
    assert_eq!(b.state(call(7)), Some(CallState::Reconnecting));
}

#[test]
fn packets_that_come_again_end_the_interruption_and_its_restarts() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    b.link(link, LinkEvent::Interrupted);
    b.wait(1_000);
    b.link(link, LinkEvent::Resumed);
    assert_eq!(b.state(call(7)), Some(CallState::Active));
    assert!(restarts(&b.wait(100_000)).is_empty());
    // The next interruption begins anew.
    b.link(link, LinkEvent::Interrupted);
    assert_eq!(restarts(&b.wait(3_999)).len(), 1);
    assert_eq!(restarts(&b.wait(1)).len(), 1);
}

#[test]
fn a_link_that_closes_in_the_call_is_followed_by_the_next_one() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    b.link(link, LinkEvent::Closed(LinkEnd::Remote));
    assert_eq!(b.state(call(7)), Some(CallState::Reconnecting));
    assert_eq!(opened(&b.wait(1_999)), 0, "a hang-up may be on its way");
    assert_eq!(opened(&b.wait(1)), 1);
    let next = b.link_of(call(7), device(3)).unwrap();
    assert_eq!(b.sound(next), (true, true), "sound is let through as soon as there is a link");
    b.link(next, LinkEvent::Connected);
    assert_eq!(b.state(call(7)), Some(CallState::Active));
    assert!(b.microphone());
}

#[test]
fn losing_the_connection_and_the_link_ends_nothing_before_60_s() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    b.disconnected(3);
    b.link(link, LinkEvent::Closed(LinkEnd::Remote));
    b.wait(59_999);
    assert_eq!(b.state(call(7)), Some(CallState::Reconnecting));
    b.wait(1);
    assert_eq!(b.reason(call(7)).as_deref(), Some("lost"));
}

#[test]
fn a_hang_up_while_reconnecting_ends_it_at_once() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    b.link(link, LinkEvent::Interrupted);
    b.hear_hang_up(call(7), 3, Reason::HungUp);
    assert_eq!(b.reason(call(7)).as_deref(), Some("hung_up"));
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    b.link(link, LinkEvent::Interrupted);
    b.hang_up(call(7)).unwrap();
    assert_eq!(b.reason(call(7)).as_deref(), Some("hung_up"));
}

#[test]
fn late_events_of_a_link_that_was_replaced_change_nothing() {
    let mut b = Desk::new(2);
    let old = b.talks(call(7), 1);
    b.pair(call(7), 1, description(2, 0, SdpKind::Offer));
    let new = b.link_of(call(7), device(1)).unwrap();
    assert_ne!(old, new);
    for event in [
        LinkEvent::Interrupted,
        LinkEvent::FirstAudio,
        LinkEvent::Closed(LinkEnd::Local),
        LinkEvent::Closed(LinkEnd::Failed("late".to_owned())),
    ] {
        assert!(b.link(old, event).is_empty());
    }
    assert_eq!(b.link_of(call(7), device(1)), Some(new));
    assert_eq!(b.state(call(7)), Some(CallState::Active));
}

#[test]
fn events_of_a_call_that_is_over_change_nothing() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    b.hear_hang_up(call(7), 3, Reason::HungUp);
    for event in [LinkEvent::Connected, LinkEvent::FirstAudio, LinkEvent::Interrupted, LinkEvent::Resumed] {
        assert!(b.link(link, event).is_empty());
    }
    b.link(link, LinkEvent::Closed(LinkEnd::Local));
    assert!(b.core.drained());
    assert!(b.wait(1_000).is_empty());
}

#[test]
fn first_audio_before_the_accept_is_nobody_who_joined() {
    let mut b = Desk::new(2);
    b.rings(call(7), 3);
    let link = b.link_of(call(7), device(3)).unwrap();
    b.link(link, LinkEvent::Connected);
    b.link(link, LinkEvent::FirstAudio);
    assert_eq!(b.state(call(7)), Some(CallState::Incoming));
    assert!(b.info(call(7)).unwrap().participants.is_empty());
}

#[test]
fn a_participant_that_is_reconnecting_is_shown_so() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    b.link(link, LinkEvent::Interrupted);
    assert_eq!(b.info(call(7)).unwrap().participants[0].state, LinkState::Reconnecting);
    b.link(link, LinkEvent::Resumed);
    let shown: Vec<bool> = b
        .events()
        .into_iter()
        .filter_map(|event| {
            let EventKind::ParticipantState { state, .. } = event else { return None };
            Some(state.reconnecting)
        })
        .collect();
    assert_eq!(shown, [true, false]);
}

#[test]
fn what_limits_the_sound_is_told_of_who_takes_part_and_of_nobody_else() {
    let mut b = Desk::new(2);
    b.rings(call(7), 3);
    let link = b.link_of(call(7), device(3)).unwrap();
    assert!(b.link(link, LinkEvent::Limited(QualityCause::TheirUplink)).is_empty(), "it rings");
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    b.link(link, LinkEvent::Limited(QualityCause::MyUplink));
    let told = b.events().into_iter().rev().find(|event| matches!(event, EventKind::Quality { .. })).unwrap();
    let (call, account, device) = (text::call(call(7)), text::account(account(3)), text::device(device(3)));
    assert_eq!(*told, EventKind::Quality { call, account, device, cause: QualityCause::MyUplink });
}
