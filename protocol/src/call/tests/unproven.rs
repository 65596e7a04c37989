//! A call to somebody who may not have us as a contact: it ends as soon as reaching somebody may last, and says why.

use super::desk::*;
use crate::call::Times;
use crate::call::effect::CallEffect;
use crate::control::{CallCommand, CallState, Reply, Unproven};
use crate::ids::CallId;
use crate::wire::bodies::Verdict;

fn dial(desk: &mut Desk, devices: &[u8], why: Unproven) -> CallId {
    let to = vec![(account(3), devices.iter().map(|n| device(*n)).collect())];
    let reply = desk.command(CallCommand::Offer { to, context: None, unproven: Some(why) });
    let Ok(Reply::Offered(offered)) = reply else { panic!("{reply:?}") };
    parse_call(&offered.call)
}

/// Why a call ended: reason and cause.
fn end(desk: &Desk, id: CallId) -> (Option<String>, Option<String>) {
    (desk.reason(id), desk.cause(id).map(|cause| cause.what))
}

fn unreachable(cause: &str) -> (Option<String>, Option<String>) {
    (Some("unreachable".to_owned()), Some(cause.to_owned()))
}

#[test]
fn who_has_not_accepted_our_request_is_given_up_in_the_time_of_reaching_and_the_end_says_so() {
    for (why, cause) in [(Unproven::Requested, "request_not_accepted"), (Unproven::Added, "not_acquainted")] {
        let mut b = Desk::of(2, 2, Times { reach_ms: 7_000, ..Times::default() });
        let id = dial(&mut b, &[3], why);
        b.wait(7_999);
        assert_eq!(b.state(id), Some(CallState::Dialing));
        b.wait(1);
        assert_eq!(end(&b, id), unreachable(cause));
        assert!(
            b.log.iter().any(|e| matches!(e, CallEffect::Missed { .. })),
            "they learn of it once they have accepted"
        );
    }
}

#[test]
fn who_is_not_there_either_is_unreachable_for_that() {
    let mut b = Desk::new(2);
    let id = dial(&mut b, &[3], Unproven::Requested);
    b.unreached(id, 3, "nobody");
    assert_eq!(end(&b, id), unreachable("unreachable"));
}

#[test]
fn one_device_that_is_there_says_more_than_another_one_that_is_not() {
    let mut b = Desk::new(2);
    let id = dial(&mut b, &[3, 4], Unproven::Requested);
    b.wait(10_000);
    b.unreached(id, 3, "nobody");
    b.wait(1_000);
    assert_eq!(end(&b, id), unreachable("request_not_accepted"));
}

#[test]
fn who_answers_after_all_rings_as_long_as_anybody() {
    let mut b = Desk::new(2);
    let id = dial(&mut b, &[3], Unproven::Requested);
    b.wait(9_000);
    b.reached(id, 3);
    b.verdict(id, 3, Verdict::Ringing);
    b.wait(50_000);
    assert_eq!(b.state(id), Some(CallState::Ringing));
}
