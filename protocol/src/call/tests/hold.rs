//! Several calls, one microphone: hold, return, end, refuse, and what happens to the call that was active.

use super::desk::*;
use crate::call::effect::{CallEffect, LinkCommand};
use crate::call::signal::{CallInput, LinkEvent};
use crate::control::{CallCommand, CallState, ErrorKind, EventKind, InCall};
use crate::ids::CallId;
use crate::wire::bodies::{Flags, PairBody, Reason, SdpKind, Status, Verdict};

fn accept(desk: &mut Desk, id: CallId, in_call: InCall) {
    desk.command(CallCommand::Accept { call: Some(id), in_call }).unwrap();
}

/// The flags of the last status sent to a device.
fn last_flags(desk: &Desk, to: u8) -> Option<u16> {
    told(&desk.log, to)
        .into_iter()
        .filter_map(|body| {
            let PairBody::Status(status) = body else { return None };
            Some(status.flags.0)
        })
        .next_back()
}

/// B talks with account 1 in call 7, and call 8 of account 3 rings.
fn busy() -> Desk {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    b.rings(call(8), 3);
    b
}

#[test]
fn accepting_a_second_call_holds_the_first_and_tells_it() {
    let mut b = busy();
    let old = b.link_of(call(7), device(1)).unwrap();
    accept(&mut b, call(8), InCall::Hold);
    assert_eq!((b.state(call(7)), b.state(call(8))), (Some(CallState::Held), Some(CallState::Connecting)));
    assert_eq!(b.sound(old), (false, false));
    assert_eq!(last_flags(&b, 1), Some(Flags::HELD));
    let new = b.flows(call(8), 3);
    assert_eq!(b.sound(new), (true, true));
    assert_eq!(b.state(call(7)), Some(CallState::Held), "still there");
    assert!(b.microphone());
}

#[test]
fn a_held_call_is_taken_up_again_by_accepting_it() {
    let mut b = busy();
    accept(&mut b, call(8), InCall::Hold);
    b.flows(call(8), 3);
    let (old, new) = (b.link_of(call(7), device(1)).unwrap(), b.link_of(call(8), device(3)).unwrap());
    accept(&mut b, call(7), InCall::Hold);
    assert_eq!((b.state(call(7)), b.state(call(8))), (Some(CallState::Active), Some(CallState::Held)));
    assert_eq!((b.sound(old), b.sound(new)), ((true, true), (false, false)));
    assert_eq!((last_flags(&b, 1), last_flags(&b, 3)), (Some(0), Some(Flags::HELD)));
    // With `end`, the other one goes at once: this one works already.
    accept(&mut b, call(8), InCall::End);
    assert_eq!(b.reason(call(7)).as_deref(), Some("hung_up"));
    assert_eq!(b.state(call(8)), Some(CallState::Active));
}

#[test]
fn an_active_call_cannot_be_accepted_again() {
    let mut b = busy();
    assert!(b.accept(call(7)).is_err());
    assert_eq!(b.state(call(7)), Some(CallState::Active));
}

#[test]
fn with_end_the_old_call_ends_only_once_the_new_one_works() {
    let mut b = busy();
    accept(&mut b, call(8), InCall::End);
    assert_eq!(b.state(call(7)), Some(CallState::Held));
    b.wait(20_000);
    assert_eq!(b.state(call(7)), Some(CallState::Held));
    let before = b.log.len();
    b.flows(call(8), 3);
    assert_eq!(b.reason(call(7)).as_deref(), Some("hung_up"));
    assert!(told(&b.log[before..], 1).contains(&PairBody::HangUp(Reason::HungUp)));
    assert_eq!(b.state(call(8)), Some(CallState::Active));
    assert!(b.microphone());
}

#[test]
fn a_new_call_that_never_works_gives_the_microphone_back() {
    for in_call in [InCall::Hold, InCall::End] {
        let mut b = busy();
        let old = b.link_of(call(7), device(1)).unwrap();
        accept(&mut b, call(8), in_call);
        b.wait(30_000);
        assert_eq!(b.reason(call(8)).as_deref(), Some("media_failed"));
        assert_eq!(b.state(call(7)), Some(CallState::Active));
        assert_eq!(b.sound(old), (true, true));
        assert_eq!(last_flags(&b, 1), Some(0));
    }
}

#[test]
fn a_held_call_is_not_taken_up_by_itself_when_one_that_worked_ends() {
    let mut b = busy();
    accept(&mut b, call(8), InCall::Hold);
    b.flows(call(8), 3);
    b.hear_hang_up(call(8), 3, Reason::HungUp);
    assert_eq!(b.state(call(7)), Some(CallState::Held));
    assert!(!b.microphone(), "nobody's microphone opens without a person");
    accept(&mut b, call(7), InCall::Refuse);
    assert_eq!(b.state(call(7)), Some(CallState::Active));
    assert!(b.microphone());
}

#[test]
fn calling_somebody_holds_the_call_that_is_active() {
    let mut b = Desk::new(2);
    b.talks(call(7), 1);
    let id = b.dial(3, &[3]);
    assert_eq!((b.state(call(7)), b.state(id)), (Some(CallState::Held), Some(CallState::Dialing)));
    assert!(!b.microphone());
    // Nobody is there: back to the one that was held.
    b.unreached(id, 3, "nothing");
    assert_eq!(b.state(call(7)), Some(CallState::Active));
    assert!(b.microphone());
}

#[test]
fn the_one_that_was_called_hears_us_and_the_held_one_does_not() {
    let mut b = Desk::new(2);
    let old = b.talks(call(7), 1);
    let id = b.dial(3, &[3]);
    b.reached(id, 3);
    b.verdict(id, 3, Verdict::Accept);
    let new = b.flows(id, 3);
    assert_eq!((b.sound(old), b.sound(new)), ((false, false), (true, true)));
}

#[test]
fn a_call_of_ours_that_is_accepted_while_we_talk_elsewhere_is_held_and_says_so() {
    let mut b = Desk::new(2);
    let id = b.dial(3, &[3]);
    b.reached(id, 3);
    b.rings(call(7), 1);
    accept(&mut b, call(7), InCall::Hold);
    b.flows(call(7), 1);
    b.verdict(id, 3, Verdict::Accept);
    assert_eq!((b.state(call(7)), b.state(id)), (Some(CallState::Active), Some(CallState::Held)));
    assert_eq!(last_flags(&b, 3), Some(Flags::HELD));
    // Once its link is up it may stay so for longer than connecting may last.
    let link = b.link_of(id, device(3)).unwrap();
    b.wait(20_000);
    b.link(link, LinkEvent::Connected);
    b.wait(100_000);
    assert_eq!(b.state(id), Some(CallState::Held));
    b.hang_up(call(7)).unwrap();
    assert_eq!(b.state(id), Some(CallState::Held));
    accept(&mut b, id, InCall::Hold);
    assert_eq!(b.state(id), Some(CallState::Connecting));
    // The time to connect begins when it is taken up.
    b.wait(29_999);
    assert_eq!(b.state(id), Some(CallState::Connecting));
    b.wait(1);
    assert_eq!(b.reason(id).as_deref(), Some("media_failed"));
}

#[test]
fn a_call_of_ours_that_is_accepted_after_the_active_one_ended_is_active() {
    let mut b = Desk::new(2);
    let id = b.dial(3, &[3]);
    b.reached(id, 3);
    b.talks(call(7), 1);
    b.hang_up(call(7)).unwrap();
    assert!(!b.microphone());
    b.verdict(id, 3, Verdict::Accept);
    assert_eq!(b.state(id), Some(CallState::Connecting));
    assert!(b.microphone());
}

/// What a device of account 3 says of its media in call 7.
fn says(desk: &mut Desk, state_seq: u32, flags: u16) {
    desk.pair(call(7), 3, PairBody::Status(Status { state_seq, flags: Flags(flags) }));
}

#[test]
fn a_call_that_the_other_side_holds_from_the_start_is_on_and_shown_as_held_there() {
    let mut b = Desk::new(2);
    b.accepted(call(7), 3);
    let link = b.link_of(call(7), device(3)).unwrap();
    says(&mut b, 1, Flags::HELD);
    assert_eq!(b.state(call(7)), Some(CallState::Connecting), "there is no way for sound yet");
    b.link(link, LinkEvent::Connected);
    b.wait(200_000);
    assert_eq!(b.state(call(7)), Some(CallState::Active));
    assert!(b.info(call(7)).unwrap().participants[0].held);
    let resume = b.command(CallCommand::Resume { call: None }).unwrap_err();
    assert_eq!(resume.kind, ErrorKind::NoSuchCall, "we hold nothing");
    let resume = b.command(CallCommand::Resume { call: Some(call(7)) }).unwrap_err();
    assert_eq!(resume.message, "the other side holds this call");
    let told = |e: &&EventKind| matches!(e, EventKind::ParticipantState { state, .. } if state.held);
    assert_eq!(b.events().into_iter().filter(told).count(), 1, "whoever watches learns why nothing is heard");
    // Held no longer, it has the whole time for the first sound, and an end.
    says(&mut b, 2, 0);
    b.wait(29_999);
    assert_eq!(b.state(call(7)), Some(CallState::Connecting));
    b.wait(1);
    assert_eq!(b.reason(call(7)).as_deref(), Some("media_failed"));
}

#[test]
fn a_call_that_the_other_side_holds_from_the_start_and_resumes_talks() {
    let mut b = Desk::new(2);
    b.accepted(call(7), 3);
    let link = b.link_of(call(7), device(3)).unwrap();
    b.link(link, LinkEvent::Connected);
    says(&mut b, 1, Flags::HELD);
    b.wait(50_000);
    says(&mut b, 2, 0);
    assert_eq!(b.sound(link), (true, true));
    b.link(link, LinkEvent::FirstAudio);
    let told = [CallState::Incoming, CallState::Connecting, CallState::Active, CallState::Connecting];
    assert_eq!(b.states(call(7)), [&told[..], &[CallState::Active]].concat());
}

#[test]
fn a_call_that_the_other_side_holds_without_a_way_for_sound_fails_in_its_time() {
    let mut b = Desk::new(2);
    b.accepted(call(7), 3);
    says(&mut b, 1, Flags::HELD);
    b.wait(29_999);
    assert_eq!(b.state(call(7)), Some(CallState::Connecting));
    b.wait(1);
    assert_eq!(b.reason(call(7)).as_deref(), Some("media_failed"));
}

#[test]
fn a_call_that_the_other_side_holds_from_the_start_is_lost_with_its_link() {
    let mut b = Desk::new(2);
    b.accepted(call(7), 3);
    let link = b.link_of(call(7), device(3)).unwrap();
    b.link(link, LinkEvent::Connected);
    says(&mut b, 1, Flags::HELD);
    b.link(link, LinkEvent::Interrupted);
    assert_eq!(b.state(call(7)), Some(CallState::Reconnecting));
    b.wait(58_000);
    assert_eq!(b.reason(call(7)).as_deref(), Some("lost"));
}

#[test]
fn a_held_call_whose_link_never_comes_up_fails_in_its_time() {
    let mut b = Desk::new(2);
    let id = b.dial(3, &[3]);
    b.reached(id, 3);
    b.talks(call(7), 1);
    b.verdict(id, 3, Verdict::Accept);
    b.wait(29_999);
    assert_eq!(b.state(id), Some(CallState::Held));
    b.wait(1);
    assert_eq!(b.reason(id).as_deref(), Some("media_failed"));
    assert_eq!(b.state(call(7)), Some(CallState::Active));
}

#[test]
fn a_call_held_from_its_start_whose_link_breaks_is_lost() {
    let mut b = Desk::new(2);
    let id = b.dial(3, &[3]);
    b.reached(id, 3);
    b.talks(call(7), 1);
    b.verdict(id, 3, Verdict::Accept);
    let link = b.link_of(id, device(3)).unwrap();
    b.link(link, LinkEvent::Connected);
    b.wait(50_000);
    b.link(link, LinkEvent::Interrupted);
    b.wait(57_999);
    assert_eq!(b.state(id), Some(CallState::Held));
    b.wait(1);
    assert_eq!(b.reason(id).as_deref(), Some("lost"));
}

#[test]
fn a_held_call_that_is_interrupted_and_comes_back_is_still_held() {
    let mut b = busy();
    let old = b.link_of(call(7), device(1)).unwrap();
    accept(&mut b, call(8), InCall::Hold);
    b.flows(call(8), 3);
    b.link(old, LinkEvent::Interrupted);
    b.wait(10_000);
    b.link(old, LinkEvent::Resumed);
    b.wait(100_000);
    assert_eq!(b.state(call(7)), Some(CallState::Held));
}

#[test]
fn a_held_call_whose_link_never_comes_back_is_lost_all_the_same() {
    let mut b = busy();
    let old = b.link_of(call(7), device(1)).unwrap();
    accept(&mut b, call(8), InCall::Hold);
    b.flows(call(8), 3);
    b.link(old, LinkEvent::Interrupted);
    b.wait(58_000);
    assert_eq!(b.reason(call(7)).as_deref(), Some("lost"));
    assert_eq!(b.state(call(8)), Some(CallState::Active));
}

#[test]
fn the_end_of_the_held_call_does_not_touch_the_active_one() {
    let mut b = busy();
    accept(&mut b, call(8), InCall::Hold);
    let new = b.flows(call(8), 3);
    b.hear_hang_up(call(7), 1, Reason::HungUp);
    assert_eq!(b.sound(new), (true, true));
    assert!(b.microphone());
}

#[test]
fn a_displaced_call_that_ends_first_is_not_brought_back() {
    let mut b = busy();
    accept(&mut b, call(8), InCall::Hold);
    b.hear_hang_up(call(7), 1, Reason::HungUp);
    b.hear_hang_up(call(8), 3, Reason::Cancelled);
    assert!(!b.microphone());
    assert_eq!(b.core.live_calls(), 0);
}

#[test]
fn tries_that_fail_one_after_the_other_lead_back_to_the_call_that_works() {
    let mut b = Desk::new(2);
    let old = b.talks(call(7), 1);
    let id = b.dial(3, &[3]);
    b.rings(call(8), 4);
    accept(&mut b, call(8), InCall::Hold);
    b.hear_hang_up(call(8), 4, Reason::Cancelled);
    assert_eq!((b.state(id), b.state(call(7))), (Some(CallState::Dialing), Some(CallState::Held)));
    b.unreached(id, 3, "nothing");
    assert_eq!(b.state(call(7)), Some(CallState::Active));
    assert_eq!(b.sound(old), (true, true));
}

#[test]
fn with_end_an_outgoing_call_that_was_displaced_is_cancelled() {
    let mut b = Desk::new(2);
    let id = b.dial(3, &[3]);
    b.rings(call(8), 4);
    accept(&mut b, call(8), InCall::End);
    assert_eq!(b.state(id), Some(CallState::Dialing));
    b.flows(call(8), 4);
    assert_eq!(b.reason(id).as_deref(), Some("cancelled"));
}

#[test]
fn a_daemon_that_stops_opens_no_microphone_on_its_way_out() {
    // Whichever of the two ends first.
    for new in [call(6), call(8)] {
        let mut b = Desk::new(2);
        let old = b.talks(call(7), 1);
        b.rings(new, 3);
        accept(&mut b, new, InCall::Hold);
        let out = b.input(CallInput::Shutdown);
        assert!(!out.contains(&CallEffect::Link { link: old, command: LinkCommand::Send { on: true } }));
        assert!(!b.microphone());
        let reasons = [call(7), new].map(|id| b.reason(id));
        assert_eq!(reasons, [Some("daemon_stopped".to_owned()), Some("daemon_stopped".to_owned())]);
        b.wait(200);
        assert!(b.core.drained());
    }
}

#[test]
fn links_of_the_second_call_are_made_while_it_rings_without_sound() {
    let mut b = busy();
    b.pair(call(8), 3, description(1, 0, SdpKind::Offer));
    // Device 3 is the higher one: the link is ours to open.
    let link = b.link_of(call(8), device(3)).unwrap();
    b.link(link, LinkEvent::Connected);
    b.link(link, LinkEvent::CtlOpen);
    assert_eq!(b.sound(link), (false, false));
    assert_eq!(b.state(call(8)), Some(CallState::Incoming));
}
