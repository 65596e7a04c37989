//! Mute, hold and who says it: over the pair, over `ctl`, over the call topic; the newest word counts.

use super::desk::*;
use crate::call::effect::{CallEffect, LinkCommand};
use crate::call::signal::{CallInput, LinkEvent};
use crate::control::{CallCommand, CallState, ErrorKind, EventKind, MediaState};
use crate::ids::LinkId;
use crate::wire::bodies::{CallBody, CtlBody, Flags, PairBody, Reason, Status, Verdict};

fn mute(desk: &mut Desk) {
    desk.command(CallCommand::Mute { call: None }).unwrap();
}

fn unmute(desk: &mut Desk) {
    desk.command(CallCommand::Unmute { call: None }).unwrap();
}

fn muted(state_seq: u32) -> Status {
    Status { state_seq, flags: Flags(Flags::MUTED) }
}

/// Statuses sent on a link's data channel.
fn on_ctl(effects: &[CallEffect], on: LinkId) -> Vec<Status> {
    let status = |effect: &CallEffect| {
        let CallEffect::Link { link, command: LinkCommand::Ctl(CtlBody::Status(status)) } = effect else { return None };
        (*link == on).then_some(*status)
    };
    effects.iter().filter_map(status).collect()
}

/// Announces sent on the call topic: (state_seq, flags).
fn announces(effects: &[CallEffect]) -> Vec<(u32, u16)> {
    let announce = |effect: &CallEffect| {
        let CallEffect::Broadcast { body: CallBody::Announce { state_seq, flags, .. }, .. } = effect else {
            return None;
        };
        Some((*state_seq, flags.0))
    };
    effects.iter().filter_map(announce).collect()
}

/// What frontends were told of a device.
fn shown(desk: &Desk, on: u8) -> Vec<MediaState> {
    let shown = |event: &EventKind| {
        let EventKind::ParticipantState { device: of, state, .. } = event else { return None };
        (*of == device(on).text()).then_some(*state)
    };
    desk.events().into_iter().filter_map(shown).collect()
}

#[test]
fn mute_goes_out_at_once_over_every_path() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    let before = b.log.len();
    mute(&mut b);
    let out = b.log.split_off(before);
    assert!(out.contains(&CallEffect::Mute { muted: true }));
    assert_eq!(told(&out, 3), [PairBody::Status(muted(1))]);
    assert_eq!(on_ctl(&out, link), [muted(1)]);
    assert_eq!(announces(&out), [(1, Flags::MUTED)]);
    b.log.extend(out);
    assert_eq!(shown(&b, 2), [MediaState { muted: true, ..MediaState::default() }]);
    assert!(b.core.muted());
}

#[test]
fn what_was_told_while_it_rang_is_put_right_once_it_is_answered() {
    let mut b = Desk::new(2);
    let id = b.dial(3, &[3]);
    b.reached(id, 3);
    mute(&mut b);
    b.verdict(id, 3, Verdict::Ringing);
    unmute(&mut b);
    let out = b.verdict(id, 3, Verdict::Accept);
    assert_eq!(told(&out, 3), [PairBody::Status(Status { state_seq: 2, flags: Flags::default() })]);
}

#[test]
fn a_key_that_mutes_opens_no_microphone_that_was_muted_before_it_went_down() {
    let mut b = Desk::new(2);
    b.talks(call(7), 3);
    let key = |b: &mut Desk, down| {
        b.command(CallCommand::MuteKey { call: None, down }).unwrap();
        b.core.muted()
    };
    assert_eq!([key(&mut b, true), key(&mut b, true), key(&mut b, false)], [true, true, false]);
    mute(&mut b);
    assert_eq!([key(&mut b, true), key(&mut b, false), key(&mut b, false)], [true, true, true]);
    unmute(&mut b);
    assert!(key(&mut b, true));
    mute(&mut b);
    assert!(key(&mut b, false), "muted by hand while the key was down");
}

#[test]
fn silence_is_asked_of_the_engine_before_anybody_is_told_of_it() {
    let mut b = Desk::new(2);
    b.talks(call(7), 3);
    let before = b.log.len();
    mute(&mut b);
    assert!(matches!(b.log[before], CallEffect::Mute { muted: true }));
}

#[test]
fn muting_twice_is_muting_once() {
    let mut b = Desk::new(2);
    b.talks(call(7), 3);
    mute(&mut b);
    let before = b.log.len();
    mute(&mut b);
    assert_eq!(b.log.len(), before + 1, "only the reply");
    unmute(&mut b);
    assert!(!b.core.muted());
    assert_eq!(shown(&b, 2).last(), Some(&MediaState::default()));
}

#[test]
fn the_status_is_repeated_each_second_on_ctl_and_announced_every_5_s() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    mute(&mut b);
    let out = b.wait(10_000);
    assert_eq!(on_ctl(&out, link), [muted(1); 10]);
    assert_eq!(announces(&out), [(1, Flags::MUTED); 2]);
    assert!(told(&out, 3).is_empty(), "the pair delivers by itself");
}

#[test]
fn nothing_is_repeated_before_ctl_is_open_or_after_the_end() {
    let mut b = Desk::new(2);
    b.accepted(call(7), 3);
    let link = b.link_of(call(7), device(3)).unwrap();
    assert!(on_ctl(&b.wait(3_000), link).is_empty());
    b.link(link, LinkEvent::Connected);
    assert_eq!(on_ctl(&b.link(link, LinkEvent::CtlOpen), link).len(), 1, "each link hears it when it opens");
    b.hang_up(call(7)).unwrap();
    assert!(on_ctl(&b.wait(10_000), link).is_empty());
}

#[test]
fn muting_while_it_rings_counts_from_the_first_packet() {
    let mut b = Desk::new(2);
    b.rings(call(7), 3);
    mute(&mut b);
    let before = b.log.len();
    b.accept(call(7)).unwrap();
    let out = b.log.split_off(before);
    assert!(told(&out, 3).contains(&PairBody::Status(muted(1))));
    assert_eq!(announces(&out), [(1, Flags::MUTED)]);
    assert!(!out.contains(&CallEffect::Mute { muted: false }));
    assert!(b.core.muted());
}

#[test]
fn mute_stays_from_call_to_call_and_ends_with_the_last_one() {
    let mut b = Desk::new(2);
    b.talks(call(7), 3);
    mute(&mut b);
    b.rings(call(8), 1);
    b.accept(call(8)).unwrap();
    assert!(b.core.muted(), "whoever muted in a call is not heard in the next one");
    b.hang_up(call(7)).unwrap();
    assert!(b.core.muted());
    b.hang_up(call(8)).unwrap();
    assert!(!b.core.muted());
    assert_eq!(b.log.iter().filter(|e| matches!(e, CallEffect::Mute { muted: false })).count(), 1);
    assert!(!b.microphone(), "unmuted only once the microphone is closed");
}

#[test]
fn mute_needs_a_call() {
    let mut b = Desk::new(2);
    assert_eq!(b.command(CallCommand::Mute { call: None }).unwrap_err().kind, ErrorKind::NoSuchCall);
    b.offer(call(7), 3, 3);
    assert_eq!(b.command(CallCommand::Mute { call: None }).unwrap_err().kind, ErrorKind::NoSuchCall);
    assert_eq!(b.command(CallCommand::Mute { call: Some(call(7)) }).unwrap_err().kind, ErrorKind::NoSuchCall);
    b.confirm(call(7), 3);
    b.command(CallCommand::Mute { call: Some(call(7)) }).unwrap();
}

#[test]
fn a_participants_status_is_shown_whichever_way_it_came_and_the_newest_counts() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    let status = |state_seq, flags| Status { state_seq, flags: Flags(flags) };
    b.pair(call(7), 3, PairBody::Status(status(2, Flags::MUTED)));
    b.input(CallInput::Ctl { link, body: CtlBody::Status(status(1, 0)) });
    b.input(CallInput::Ctl { link, body: CtlBody::Status(status(2, 0)) });
    assert!(b.info(call(7)).unwrap().participants[0].muted, "an old word changes nothing");
    b.input(CallInput::Ctl { link, body: CtlBody::Status(status(3, Flags::MUTED)) });
    let body = CallBody::Announce { state_seq: 4, flags: Flags(Flags::HELD), view: [0; 32], record: None };
    b.input(CallInput::Frame { call: call(7), device: device(3), body });
    let expected =
        [MediaState { muted: true, ..MediaState::default() }, MediaState { held: true, ..MediaState::default() }];
    assert_eq!(shown(&b, 3), expected, "a word that says the same is not told again");
    assert_eq!(b.state(call(7)), Some(CallState::Active), "what the other side holds is its own");
}

#[test]
fn a_status_before_somebody_joined_is_shown_when_it_joins() {
    let mut b = Desk::new(2);
    b.rings(call(7), 3);
    b.pair(call(7), 3, PairBody::Status(muted(1)));
    b.accept(call(7)).unwrap();
    assert!(shown(&b, 3).is_empty());
    b.flows(call(7), 3);
    assert_eq!(shown(&b, 3), [MediaState { muted: true, ..MediaState::default() }]);
}

#[test]
fn a_hang_up_on_ctl_counts_as_one_over_the_pair_does_and_both_are_one() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    b.input(CallInput::Ctl { link, body: CtlBody::HangUp(Reason::HungUp) });
    assert_eq!(b.reason(call(7)).as_deref(), Some("hung_up"));
    assert!(b.hear_hang_up(call(7), 3, Reason::HungUp).is_empty());
}

#[test]
fn a_leave_on_the_call_topic_ends_a_call_of_two() {
    let mut b = Desk::new(2);
    b.talks(call(7), 3);
    let body = CallBody::Leave { state_seq: 9, reason: Reason::DaemonStopped };
    b.input(CallInput::Frame { call: call(7), device: device(3), body });
    assert_eq!(b.reason(call(7)).as_deref(), Some("daemon_stopped"));
}

#[test]
fn frames_of_devices_that_are_not_in_the_call_change_nothing() {
    let mut b = Desk::new(2);
    b.talks(call(7), 3);
    let bodies = [
        CallBody::Leave { state_seq: 1, reason: Reason::HungUp },
        CallBody::Announce { state_seq: 1, flags: Flags(1), view: [0; 32], record: None },
    ];
    for body in bodies {
        assert!(b.input(CallInput::Frame { call: call(7), device: device(9), body: body.clone() }).is_empty());
        assert!(b.input(CallInput::Frame { call: call(8), device: device(3), body }).is_empty());
    }
    assert!(b.input(CallInput::Ctl { link: LinkId(99), body: CtlBody::HangUp(Reason::HungUp) }).is_empty());
    assert_eq!(b.state(call(7)), Some(CallState::Active));
}

#[test]
fn what_belongs_to_later_issues_changes_nothing_now() {
    let mut b = Desk::new(2);
    b.talks(call(7), 3);
    let frames = [
        CallBody::Invite { state_seq: 1, account: account(9), devices: None },
        CallBody::Kick { state_seq: 1, account: account(2) },
        CallBody::AskMute { state_seq: 1, device: device(2) },
    ];
    for body in frames {
        assert!(b.input(CallInput::Frame { call: call(7), device: device(3), body }).is_empty());
    }
    assert!(!b.core.muted());
}
