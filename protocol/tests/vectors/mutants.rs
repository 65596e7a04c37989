//! Every check is needed: switched off, a vector or a case of the table below fails.

use std::collections::BTreeSet;

use ahoy_crypto::Check;
use ahoy_protocol::ids::CallId;
use ahoy_protocol::inbound::doors::{CandidateCount, RecordRate, RestartRate};
use ahoy_protocol::limits::{CANDIDATES_MAX, RECORD_REQUESTS_MAX, RESTARTS_MAX};
use ahoy_protocol::wire::voicemail::{Announce, Message, Request};

use crate::values::list;
use crate::vector_file::{Case, load_own};
use crate::{is_ours, judge, run};

/// Something that a check must refuse.
type UnitCase = fn() -> Result<(), Check>;

/// Checks that no vector has, each with something that it must refuse.
const UNIT_CASES: [(Check, UnitCase); 5] = [
    (Check::CANDIDATES, one_candidate_too_many),
    (Check::RESTARTS, one_restart_too_many),
    (Check::RECORD_REQUESTS, one_question_too_many),
    (Check::VOICEMAIL_REQUEST, a_request_of_no_kind),
    (Check::VOICEMAIL, another_message_than_announced),
];

fn a_request_of_no_kind() -> Result<(), Check> {
    Request::read(&[3; 17]).map(drop)
}

fn another_message_than_announced() -> Result<(), Check> {
    let bytes = Message { frame_ms: 20, packets: vec![vec![1]] }.bytes();
    let announced = Announce { call: CallId([0; 16]), started_ms: 0, duration_ms: 20, bytes: 5, hash: [0; 32] };
    Message::check(&bytes, &announced).map(drop)
}

fn one_candidate_too_many() -> Result<(), Check> {
    let mut count = CandidateCount::default();
    (0..CANDIDATES_MAX).try_for_each(|_| count.take(1, 3)).expect("as many as are allowed");
    count.take(1, 3)
}

fn one_restart_too_many() -> Result<(), Check> {
    let mut rate = RestartRate::default();
    (0..RESTARTS_MAX).try_for_each(|_| rate.take(0)).expect("as many as are allowed");
    rate.take(59_999)
}

fn one_question_too_many() -> Result<(), Check> {
    let mut rate = RecordRate::default();
    let most = u32::try_from(RECORD_REQUESTS_MAX).expect("a few");
    (0..most).try_for_each(|number| rate.take(number, 0)).expect("as many as are allowed");
    rate.take(most, 59_999)
}

/// The checks that a case expects to refuse something.
pub(crate) fn expected(case: &Case) -> BTreeSet<String> {
    let results = case.out.get("results").map(|results| list(results).iter()).into_iter().flatten();
    results.filter_map(|result| result.as_str().map(str::to_owned)).chain(case.reject.clone()).collect()
}

/// With this check off the case doesn't hold any more (a panic is a failure, too).
fn notices(case: &Case, check: Check) -> bool {
    let judged = std::panic::catch_unwind(|| check.switched_off(|| judge(case, &run(case))));
    !matches!(judged, Ok(Ok(())))
}

#[test]
fn every_check_is_noticed_when_it_is_switched_off() {
    let cases = load_own();
    let (mut by_vectors, mut by_table, mut by_crypto) = (0, 0, 0);
    for check in Check::ALL {
        let number = check.to_string();
        let (ours, others): (Vec<&Case>, Vec<&Case>) =
            cases.iter().filter(|case| expected(case).contains(&number)).partition(|case| is_ours(case));
        if !ours.is_empty() {
            by_vectors += 1;
            assert!(ours.iter().any(|case| notices(case, *check)), "{check} is off and no vector notices");
        } else if let Some((_, refused)) = UNIT_CASES.iter().find(|(known, _)| known == check) {
            by_table += 1;
            assert_eq!(refused(), Err(*check));
            assert_ne!(check.switched_off(refused), Err(*check), "{check} is off and the table doesn't notice");
        } else {
            by_crypto += 1;
            assert!(!others.is_empty(), "{check}: neither a vector nor the table knows it");
        }
    }
    println!("{by_vectors} checks by vectors, {by_table} by the table, {by_crypto} by vectors of the crypto crate");
}
