//! Another device of ours asks whether we take over its call.

use super::desk::*;
use crate::call::effect::CallEffect;
use crate::call::signal::{CallInput, HandOffEvent};
use crate::control::{CallState, EventKind};
use crate::ids::CallId;
use crate::wire::bodies::{Flags, HandOff, PairBody, Reason};

const QUESTION: CallId = CallId([9; 16]);

fn ask(desk: &mut Desk) -> Vec<CallEffect> {
    let of = |event| CallInput::HandOff { question: QUESTION, device: device(9), event };
    let (flags, context) = (Flags::default(), None);
    let body = HandOff { call: call(5), account: account(3), device: device(3), flags, context };
    let mut out = desk.input(of(HandOffEvent::Confirmed));
    out.extend(desk.input(of(HandOffEvent::Asked { body, known: true })));
    out
}

fn rings(out: &[CallEffect]) -> bool {
    let incoming = |effect: &CallEffect| {
        let CallEffect::Event(event) = effect else { return false };
        matches!(event, EventKind::IncomingCall { .. })
    };
    out.iter().any(incoming)
}

#[test]
fn the_same_question_rings_once_and_takes_the_place_of_no_call() {
    let mut desk = Desk::new(2);
    assert!(rings(&ask(&mut desk)));
    let withdrawn = HandOffEvent::HangUp(Reason::Cancelled);
    desk.input(CallInput::HandOff { question: QUESTION, device: device(9), event: withdrawn });
    let again = ask(&mut desk);
    let refused = CallEffect::Pair { call: QUESTION, device: device(9), body: PairBody::HangUp(Reason::Refused) };
    assert!(!rings(&again) && again.contains(&refused), "{again:?}");
    assert!(desk.core.calls(desk.now).iter().all(|info| info.state == CallState::Ended));
}
