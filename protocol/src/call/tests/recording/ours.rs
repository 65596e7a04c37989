//! We record.

use super::*;
use crate::call::effect::LinkCommand;
use crate::call::recording::Voice;
use crate::call::signal::{LinkEnd, LinkEvent};
use crate::control::ErrorKind;
use crate::limits::RECORD_ANSWER_MS;
use crate::wire::bodies::{CtlBody, Flags, Reason, Status};

#[test]
fn a_voice_is_written_from_the_acceptance_on_and_not_a_moment_earlier() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    starts(&mut b);
    assert_eq!(b.written(), [Voice::Own]);
    let n = asked(&b, 3).unwrap();
    says(&mut b, 3, 2, n.wrapping_add(1));
    says(&mut b, 3, 2, n.wrapping_sub(1));
    assert_eq!(b.written(), [Voice::Own], "an answer to another question is none");
    let out = says(&mut b, 3, 2, n);
    assert_eq!(b.written(), [Voice::Own, Voice::Of(device(3), link)]);
    let track = out.iter().position(|it| matches!(it, CallEffect::Record(RecordEffect::Track { .. }))).unwrap();
    let write = out.iter().position(|it| matches!(it, CallEffect::Record(RecordEffect::Write { .. }))).unwrap();
    assert!(track < write);
    assert_eq!(consents(&b), [(name(3), name(2), Consent::Accepted)]);
    assert!(b.info(call(7)).unwrap().recording && b.info(call(7)).unwrap().participants[0].recorded);
}

#[test]
fn the_question_and_the_recording_are_told_over_both_ways_and_in_the_flags() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    let before = b.log.len();
    starts(&mut b);
    let n = asked(&b, 3).unwrap();
    let said = Record { op: 1, recording: n };
    assert!(b.log[before..].contains(&CallEffect::Link { link, command: LinkCommand::Ctl(CtlBody::Record(said)) }));
    let status = Status { state_seq: 1, flags: Flags(Flags::RECORDING) };
    assert!(told(&b.log[before..], 3).contains(&PairBody::Status(status)));
    record(&mut b, RecordCommand::Stop).unwrap();
    let status = Status { state_seq: 2, flags: Flags(0) };
    assert!(told(&b.log[before..], 3).contains(&PairBody::Status(status)));
    assert_eq!(words(&b, 3, before), [(1, n), (4, n)]);
    assert_eq!(shown(&b), [(name(2), true, String::new()), (name(2), false, "stopped".into())]);
}

#[test]
fn a_refusal_is_final_and_nothing_of_that_voice_is_written() {
    let mut b = Desk::new(2);
    b.talks(call(7), 3);
    starts(&mut b);
    let n = asked(&b, 3).unwrap();
    says(&mut b, 3, 3, n);
    // Over the other way, an older word comes late.
    says(&mut b, 3, 2, n);
    assert_eq!(b.written(), [Voice::Own]);
    let tracks =
        |desk: &Desk| desk.log.iter().filter(|it| matches!(it, CallEffect::Record(RecordEffect::Track { .. }))).count();
    assert_eq!((tracks(&b), consents(&b)), (0, vec![(name(3), name(2), Consent::Refused)]));
    // The recorder begins anew: another question.
    record(&mut b, RecordCommand::Stop).unwrap();
    starts(&mut b);
    let again = asked(&b, 3).unwrap();
    assert_ne!(again, n);
    says(&mut b, 3, 2, n);
    assert_eq!(b.written(), [Voice::Own], "the old answer is none to the new question");
    says(&mut b, 3, 2, again);
    assert_eq!(tracks(&b), 1);
}

#[test]
fn consent_that_is_taken_back_stops_the_voice_before_anything_else() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    starts(&mut b);
    let n = asked(&b, 3).unwrap();
    says(&mut b, 3, 2, n);
    let out = b.input(CallInput::Ctl { link, body: CtlBody::Record(Record { op: 3, recording: n }) });
    let off = CallEffect::Record(RecordEffect::Write { voice: Voice::Of(device(3), link), on: false });
    assert_eq!(out[0], off);
    assert_eq!(out[1], CallEffect::Record(RecordEffect::EndTrack { device: device(3) }));
    says(&mut b, 3, 3, n);
    says(&mut b, 3, 2, n);
    assert_eq!(b.written(), [Voice::Own]);
    assert_eq!(consents(&b).last().unwrap().2, Consent::Withdrawn);
    assert_eq!(consents(&b).len(), 2, "the same word over the other way is no news");
}

#[test]
fn no_answer_is_a_refusal_after_30_s_and_a_late_one_changes_nothing() {
    let mut b = Desk::new(2);
    b.talks(call(7), 3);
    starts(&mut b);
    let n = asked(&b, 3).unwrap();
    b.wait(RECORD_ANSWER_MS - 1);
    assert_eq!(consents(&b), []);
    let before = b.log.len();
    b.wait(1);
    assert_eq!(consents(&b), [(name(3), name(2), Consent::NoAnswer)]);
    assert_eq!(words(&b, 3, before), [(4, n)], "the other side need not ask its person any more");
    says(&mut b, 3, 2, n);
    assert_eq!(b.written(), [Voice::Own]);
}

#[test]
fn what_cannot_be_recorded_is_said() {
    let mut b = Desk::new(2);
    let start = |call: Option<CallId>| RecordCommand::Start { call, to: None };
    assert_eq!(record(&mut b, start(None)).unwrap_err().kind, ErrorKind::NoSuchCall);
    assert_eq!(record(&mut b, RecordCommand::Stop).unwrap_err().kind, ErrorKind::WrongState);
    b.rings(call(7), 3);
    assert_eq!(record(&mut b, start(Some(call(7)))).unwrap_err().kind, ErrorKind::WrongState);
    b.accept(call(7)).unwrap();
    b.flows(call(7), 3);
    starts(&mut b);
    assert_eq!(record(&mut b, start(None)).unwrap_err().kind, ErrorKind::WrongState);
}

#[test]
fn files_that_cannot_be_made_are_told_and_nobody_is_bothered() {
    let mut b = Desk::new(2);
    b.talks(call(7), 3);
    let command = CallCommand::Record(RecordCommand::Start { call: None, to: Some("/there".into()) });
    let out = b.input(CallInput::Command { ticket: Ticket(7), command });
    let [CallEffect::Record(RecordEffect::Start { number, to: Some(_), .. })] = out.as_slice() else {
        panic!("{out:?}")
    };
    let ended = RecordingEvent::Ended { reason: "not_begun".into(), detail: "/there: exists".into() };
    let out = b.input(CallInput::Recording { number: *number, event: ended });
    let [CallEffect::Reply { result: Err(error), .. }] = out.as_slice() else { panic!("{out:?}") };
    assert_eq!(error.kind, ErrorKind::NoResources);
    assert!(error.message.contains("/there: exists"));
    assert_eq!(asked(&b, 3), None);
}

#[test]
fn a_recording_that_its_disk_ends_is_told_and_the_call_goes_on() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    let number = starts(&mut b);
    let n = asked(&b, 3).unwrap();
    says(&mut b, 3, 2, n);
    let before = b.log.len();
    let ended = |number| CallInput::Recording {
        number,
        event: RecordingEvent::Ended { reason: "disk_full".into(), detail: "full".into() },
    };
    assert!(b.input(ended(number.wrapping_add(1))).is_empty(), "another recording's end");
    b.input(ended(number));
    assert_eq!(shown(&b).last(), Some(&(name(2), false, "disk_full".into())));
    assert_eq!(words(&b, 3, before), [(4, n)]);
    assert_eq!(b.sound(link), (true, true));
    assert!(!b.info(call(7)).unwrap().recording);
}

#[test]
fn the_end_of_the_call_ends_it_and_is_told_first() {
    let mut b = Desk::new(2);
    b.talks(call(7), 3);
    starts(&mut b);
    says(&mut b, 3, 1, 9);
    record(&mut b, RecordCommand::Accept { call: None }).unwrap();
    b.hear_hang_up(call(7), 3, Reason::HungUp);
    let ends: Vec<_> = shown(&b).into_iter().filter(|(_, on, _)| !on).collect();
    assert_eq!(ends, [(name(3), false, "call_ended".into()), (name(2), false, "call_ended".into())]);
    assert_eq!(b.written(), []);
    assert!(b.log.contains(&CallEffect::Record(RecordEffect::Stop { reason: "call_ended" })));
    // Nothing is left over for the next call.
    b.talks(call(8), 3);
    assert!(!b.info(call(8)).unwrap().recording && b.written().is_empty());
}

#[test]
fn a_held_call_is_recorded_as_silence_and_another_call_not_at_all() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    starts(&mut b);
    let n = asked(&b, 3).unwrap();
    says(&mut b, 3, 2, n);
    let both = [Voice::Own, Voice::Of(device(3), link)];
    b.talks(call(8), 4);
    assert_eq!(b.written(), [], "what is said in the other call is nobody's business here");
    b.command(CallCommand::Resume { call: Some(call(7)) }).unwrap();
    assert_eq!(b.written(), both);
    // The other side holds: nothing of it is heard.
    let held = Status { state_seq: 9, flags: Flags(Flags::HELD) };
    b.pair(call(7), 3, PairBody::Status(held));
    assert_eq!(b.written(), [Voice::Own]);
    let resumed = Status { state_seq: 10, flags: Flags(0) };
    b.pair(call(7), 3, PairBody::Status(resumed));
    assert_eq!(b.written(), both);
}

#[test]
fn a_new_link_to_the_same_device_goes_on_in_its_track() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    starts(&mut b);
    let n = asked(&b, 3).unwrap();
    says(&mut b, 3, 2, n);
    b.link(link, LinkEvent::Closed(LinkEnd::Remote));
    assert_eq!(b.written(), [Voice::Own]);
    b.wait(3_000);
    let next = b.link_of(call(7), device(3)).expect("made anew");
    assert_ne!(next, link);
    assert_eq!(b.written(), [Voice::Own, Voice::Of(device(3), next)]);
    let tracks = b.log.iter().filter(|it| matches!(it, CallEffect::Record(RecordEffect::Track { .. }))).count();
    assert_eq!((tracks, asked(&b, 3)), (1, Some(n)), "and is not asked again");
}

#[test]
fn a_call_that_goes_on_as_another_one_is_recorded_on_once_its_device_has_answered_there() {
    for (from, same) in [(3, true), (9, false)] {
        let mut b = Desk::new(2);
        b.talks(call(7), 3);
        starts(&mut b);
        let n = asked(&b, 3).unwrap();
        says(&mut b, 3, 2, n);
        goes_on(&mut b, call(8), from);
        assert_eq!(b.written(), [Voice::Own], "nobody agreed in this call");
        let again = asked(&b, from).unwrap();
        assert_eq!(again == n, same, "it is the same question for the same device only");
        b.pair(call(8), from, PairBody::Record(Record { op: 2, recording: again }));
        let link = b.link_of(call(8), device(from)).unwrap();
        assert_eq!(b.written(), [Voice::Own, Voice::Of(device(from), link)]);
        assert!(!shown(&b).iter().any(|(_, on, _)| !on), "it did not stop");
    }
}

#[test]
fn what_was_refused_is_not_asked_again_in_a_call_that_goes_on() {
    let mut b = Desk::new(2);
    b.talks(call(7), 3);
    starts(&mut b);
    let n = asked(&b, 3).unwrap();
    says(&mut b, 3, 3, n);
    let before = b.log.len();
    goes_on(&mut b, call(8), 3);
    assert_eq!(words(&b, 3, before), []);
    assert_eq!(b.written(), [Voice::Own]);
}
