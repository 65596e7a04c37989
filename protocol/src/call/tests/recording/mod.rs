//! Recording with consent: who is asked, in which order words may come, what is written when, and what everybody sees.

mod asked;
mod orders;
mod ours;

use super::desk::*;
use crate::call::effect::CallEffect;
use crate::call::recording::{RecordEffect, RecordingEvent};
use crate::call::signal::CallInput;
use crate::control::{CallCommand, Consent, ControlError, EventKind, RecordCommand, Reply};
use crate::ids::{CallId, Ticket};
use crate::wire::bodies::{PairBody, Record};

pub(super) fn record(desk: &mut Desk, command: RecordCommand) -> Result<Reply, ControlError> {
    desk.command(CallCommand::Record(command))
}

/// Starts a recording; its number. The files are there.
pub(super) fn starts(desk: &mut Desk) -> u32 {
    let command = CallCommand::Record(RecordCommand::Start { call: None, to: None });
    let out = desk.input(CallInput::Command { ticket: Ticket(7), command });
    let started = |effect: &CallEffect| {
        let CallEffect::Record(RecordEffect::Start { number, .. }) = effect else { return None };
        Some(*number)
    };
    let number = out.iter().find_map(started).expect("files are made");
    assert!(!out.iter().any(|effect| matches!(effect, CallEffect::Pair { .. })), "nobody is asked before");
    desk.input(CallInput::Recording { number, event: RecordingEvent::Begun { folder: "/call".into() } });
    number
}

/// The question that a device was asked last.
pub(super) fn asked(desk: &Desk, on: u8) -> Option<u32> {
    desk.log.iter().rev().find_map(|effect| {
        let CallEffect::Pair { device: to, body: PairBody::Record(Record { op: 1, recording }), .. } = effect else {
            return None;
        };
        (*to == device(on)).then_some(*recording)
    })
}

pub(super) fn says(desk: &mut Desk, from: u8, op: u8, recording: u32) -> Vec<CallEffect> {
    desk.pair(call(7), from, PairBody::Record(Record { op, recording }))
}

/// What was said to a device since the log had `before` entries.
pub(super) fn words(desk: &Desk, to: u8, before: usize) -> Vec<(u8, u32)> {
    let word = |body: PairBody| {
        let PairBody::Record(Record { op, recording }) = body else { return None };
        Some((op, recording))
    };
    told(&desk.log[before..], to).into_iter().filter_map(word).collect()
}

/// What frontends were told: who, by whom it is recorded, what.
pub(super) fn consents(desk: &Desk) -> Vec<(String, String, Consent)> {
    let told = |event: &EventKind| {
        let EventKind::RecordingAnswered(it) = event else { return None };
        Some((it.device.clone(), it.recorder.clone(), it.consent))
    };
    desk.events().into_iter().filter_map(told).collect()
}

pub(super) fn name(n: u8) -> String {
    device(n).text()
}

/// Who was told to record or to have stopped: device, on, reason.
pub(super) fn shown(desk: &Desk) -> Vec<(String, bool, String)> {
    let told = |event: &EventKind| {
        if let EventKind::RecordingStarted(it) = event {
            return Some((it.device.clone(), true, String::new()));
        }
        let EventKind::RecordingStopped(it) = event else { return None };
        Some((it.device.clone(), false, it.reason.clone()))
    };
    desk.events().into_iter().filter_map(told).collect()
}

/// Device `from` of account 3 calls for call 7, whose place the new call takes.
pub(super) fn goes_on(desk: &mut Desk, id: CallId, from: u8) {
    let sender = desk.sender(3, from);
    let mut offer = ring_offer(id, sender.account, account(2));
    offer.continues = Some(call(7));
    desk.input(CallInput::Offer { from: sender, offer });
    desk.confirm(id, from);
    desk.flows(id, from);
}
