//! Somebody asks to record us.

use super::*;
use crate::call::recording::Voice;
use crate::control::{ErrorKind, RecordPolicy};
use crate::ids::LinkId;
use crate::limits::RECORD_ANSWER_MS;
use crate::wire::bodies::CtlBody;

#[test]
fn who_is_asked_sees_it_answers_once_and_can_take_it_back() {
    let mut b = Desk::new(2);
    b.talks(call(7), 3);
    says(&mut b, 3, 1, 40);
    says(&mut b, 3, 1, 40);
    let asked = b.events().into_iter().filter(|it| matches!(it, EventKind::RecordingRequested(_))).count();
    assert_eq!(asked, 1, "both ways are one question");
    assert!(b.info(call(7)).unwrap().participants[0].recording_asked);
    let before = b.log.len();
    record(&mut b, RecordCommand::Accept { call: None }).unwrap();
    let info = b.info(call(7)).unwrap();
    assert!(info.participants[0].recording && !info.participants[0].recording_asked, "shown at once");
    assert_eq!(record(&mut b, RecordCommand::Accept { call: None }).unwrap_err().kind, ErrorKind::WrongState);
    record(&mut b, RecordCommand::Refuse { call: Some(call(7)) }).unwrap();
    assert_eq!(words(&b, 3, before), [(2, 40), (3, 40)]);
    assert_eq!(shown(&b), [(name(3), true, String::new()), (name(3), false, "stopped".into())]);
    assert_eq!(record(&mut b, RecordCommand::Refuse { call: None }).unwrap_err().kind, ErrorKind::WrongState);
    let told: Vec<Consent> = consents(&b).into_iter().map(|(_, _, what)| what).collect();
    assert_eq!(told, [Consent::Accepted, Consent::Withdrawn]);
}

#[test]
fn who_is_asked_and_says_nothing_has_refused_after_30_s() {
    let mut b = Desk::new(2);
    b.talks(call(7), 3);
    says(&mut b, 3, 1, 40);
    let before = b.log.len();
    b.wait(RECORD_ANSWER_MS);
    assert_eq!(words(&b, 3, before), [(3, 40)]);
    assert_eq!(record(&mut b, RecordCommand::Accept { call: None }).unwrap_err().kind, ErrorKind::WrongState);
}

#[test]
fn a_setting_answers_in_place_of_a_person() {
    for (policy, op) in [(RecordPolicy::Accept, 2), (RecordPolicy::Refuse, 3)] {
        let mut b = Desk::new(2);
        b.core.set_record_policy(policy);
        b.talks(call(7), 3);
        let before = b.log.len();
        says(&mut b, 3, 1, 40);
        assert_eq!(words(&b, 3, before), [(op, 40)]);
        assert!(!b.events().iter().any(|it| matches!(it, EventKind::RecordingRequested(_))));
    }
}

#[test]
fn a_stop_that_comes_before_its_question_or_crosses_the_answer_leaves_nothing_open() {
    let mut b = Desk::new(2);
    b.talks(call(7), 3);
    says(&mut b, 3, 4, 40);
    says(&mut b, 3, 1, 40);
    assert!(!b.events().iter().any(|it| matches!(it, EventKind::RecordingRequested(_))));
    says(&mut b, 3, 1, 41);
    says(&mut b, 3, 4, 41);
    assert_eq!(consents(&b), [(name(2), name(3), Consent::Cancelled)]);
    assert!(!b.info(call(7)).unwrap().participants[0].recording_asked);
    // And at the recorder: the answer crosses its stop.
    let mut b = Desk::new(2);
    b.talks(call(7), 3);
    starts(&mut b);
    let n = asked(&b, 3).unwrap();
    record(&mut b, RecordCommand::Stop).unwrap();
    assert!(says(&mut b, 3, 2, n).is_empty());
    assert_eq!(b.written(), []);
}

#[test]
fn both_can_record_at_once_and_each_needs_the_others_word() {
    let mut b = Desk::new(2);
    let link = b.talks(call(7), 3);
    starts(&mut b);
    let n = asked(&b, 3).unwrap();
    says(&mut b, 3, 1, n);
    record(&mut b, RecordCommand::Accept { call: None }).unwrap();
    assert_eq!(b.written(), [Voice::Own], "that we agree says nothing of them");
    says(&mut b, 3, 2, n);
    assert_eq!(b.written(), [Voice::Own, Voice::Of(device(3), link)]);
    record(&mut b, RecordCommand::Stop).unwrap();
    assert!(b.info(call(7)).unwrap().participants[0].recording, "they still record");
}

#[test]
fn only_who_takes_part_in_an_accepted_call_is_listened_to() {
    let mut b = Desk::new(2);
    b.rings(call(7), 3);
    assert!(says(&mut b, 3, 1, 40).is_empty(), "it only rings");
    b.accept(call(7)).unwrap();
    b.flows(call(7), 3);
    let stranger =
        CallInput::Pair { call: call(7), device: device(9), body: PairBody::Record(Record { op: 1, recording: 1 }) };
    assert!(b.input(stranger).is_empty());
    let link = CallInput::Ctl { link: LinkId(99), body: CtlBody::Record(Record { op: 1, recording: 1 }) };
    assert!(b.input(link).is_empty());
    assert_eq!(record(&mut b, RecordCommand::Accept { call: None }).unwrap_err().kind, ErrorKind::WrongState);
}

#[test]
fn who_agreed_is_not_asked_again_in_a_call_that_goes_on_but_for_another_recording() {
    let answers = |number: u32| {
        let mut b = Desk::new(2);
        b.talks(call(7), 3);
        says(&mut b, 3, 1, 40);
        record(&mut b, RecordCommand::Accept { call: None }).unwrap();
        goes_on(&mut b, call(8), 3);
        let before = b.log.len();
        b.pair(call(8), 3, PairBody::Record(Record { op: 1, recording: number }));
        words(&b, 3, before)
    };
    assert_eq!(answers(40), [(2, 40)]);
    assert_eq!(answers(41), [], "a person is asked");
}
