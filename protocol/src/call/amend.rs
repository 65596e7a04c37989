//! Ends that cross: both sides end a call before either has heard of it from the other, each for a reason of its own.
//! **The word of the side that offered the call counts, at both** (docs/wire.md section 7, 13). So who offered it keeps
//! what it has said, and whoever was offered it corrects what it has told: once more a line of history, and an event.
//!
//! ```text
//!  offered to us, ended here ── hang_up of who offered it ──> its reason counts, and it has ended the call
//!  ours, ended here ── an accept that was on its way ──> it was accepted there, unless we had withdrawn it
//! ```

use super::core::{CallCore, Cx};
use super::effect::{CallEffect, HistoryEntry};
use super::end_reason::End;
use super::state::Call;
use super::text;
use crate::control::EventKind;
use crate::ids::{CallId, DeviceId};
use crate::wire::bodies::{PairBody, Reason, Verdict};

/// What was told of a call that ended here, for as long as the other side's last word may change it.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// It was offered to us.
    incoming: bool,
    /// In the place of another one, which goes on if it is withdrawn: that is no end.
    continues: bool,
    /// Somebody of them was heard: whatever they say, it was accepted.
    worked: bool,
    /// Devices of the other side that have a last word.
    devices: Vec<DeviceId>,
    /// Its line of history.
    line: HistoryEntry,
}

impl Told {
    pub(super) fn new(call: &Call, line: HistoryEntry) -> Self {
        let facts = &call.facts;
        let devices = call.peers.iter().map(|peer| peer.device).collect();
        Self { incoming: facts.incoming, continues: facts.continues.is_some(), worked: call.worked(), devices, line }
    }

    /// Who is blocked, or none of its account any more, has no last word.
    pub(super) fn final_here(&mut self) {
        self.devices.clear();
    }

    /// What a last word of this device changes; none if it changes nothing.
    fn amended(&self, device: DeviceId, word: &PairBody) -> Option<HistoryEntry> {
        if !self.devices.contains(&device) {
            return None;
        }
        let line = &self.line;
        match word {
            PairBody::HangUp(reason) if self.continues && withdraws(*reason) => None,
            // Once: further words would be further events and lines.
            PairBody::HangUp(reason) if self.incoming && line.by != Some(device) && *reason != line.reason => {
                Some(HistoryEntry {
                    reason: *reason,
                    by: Some(device),
                    cause: None,
                    accepted_ms: line.accepted_ms.filter(|_| self.worked || !unheard(*reason)),
                    missed: line.missed && reason.leaves_missed_call(),
                    ..line.clone()
                })
            }
            // Its hang-up may have overtaken it, over the link. Where another device of theirs ended it, that one had it.
            PairBody::Verdict(Verdict::Accept)
                if !self.incoming && line.by.is_none_or(|by| by == device) && line.accepted_ms.is_none() =>
            {
                let accepted_ms = line.ended_ms.filter(|_| !withdraws(line.reason))?;
                Some(HistoryEntry { accepted_ms: Some(accepted_ms), ..line.clone() })
            }
            PairBody::HangUp(_)
            | PairBody::Verdict(_)
            | PairBody::Confirm(_)
            | PairBody::Description(_)
            | PairBody::Candidates(_)
            | PairBody::EndOfCandidates(_)
            | PairBody::Restart(_)
            | PairBody::Status(_)
            | PairBody::EpochSecret(_)
            | PairBody::Record(_)
            | PairBody::LinkIdentity(_)
            | PairBody::LinkContact(_)
            | PairBody::LinkEnd(_)
            | PairBody::HandOff(_) => None,
        }
    }
}

/// Whoever offered a call ends it so only while nobody has accepted it, as far as it knows.
fn withdraws(reason: Reason) -> bool {
    matches!(reason, Reason::Cancelled | Reason::NoAnswer)
}

/// Whoever offered a call ends it so only if it has not heard that it was accepted here.
fn unheard(reason: Reason) -> bool {
    withdraws(reason) || is_elsewhere(reason)
}

/// Another device of ours has it, or has refused it.
fn is_elsewhere(reason: Reason) -> bool {
    matches!(reason, Reason::AnsweredElsewhere | Reason::DeclinedElsewhere)
}

impl CallCore {
    /// When a call that ends now was accepted, Unix ms, as both sides have it: an accept that crosses the word of who
    /// offered it was never heard there.
    pub(super) fn accepted_by_both(&self, call: &Call, reason: Reason) -> Option<u64> {
        let line = call.line();
        let ours_alone = call.facts.incoming && call.facts.line.is_none() && !self.is_handed_over(call.id);
        line.accepted_ms.filter(|_| call.worked() || !(ours_alone && unheard(reason)))
    }

    /// Why the call of people is over: one that was offered in the place of another one and is withdrawn ends nothing, and
    /// where that other one is over already, its end was the end.
    pub(super) fn end_of_line(&self, call: &Call, end: &End) -> End {
        let withdrawn = call.facts.incoming && withdraws(end.reason);
        let before = call.facts.continues.filter(|_| withdrawn).and_then(|old| self.ended.end_of(old));
        before.unwrap_or(end).clone()
    }

    /// A word of the pair of a call that is over here: it was on its way when ours went.
    pub(super) fn last_word(&mut self, id: CallId, device: DeviceId, word: &PairBody, cx: &mut Cx<'_>) {
        let Some(told) = self.ended.told(id, cx.now) else { return };
        let Some(line) = told.amended(device, word) else { return };
        told.line = line.clone();
        self.ended.set_end(id, (line.reason, line.cause.clone()));
        cx.event(EventKind::EndAmended {
            call: text::call(id),
            reason: line.reason.text().to_owned(),
            cause: line.cause.clone(),
            device: line.by.map(text::device),
            accepted: line.accepted_ms.is_some(),
        });
        cx.push(CallEffect::History(Box::new(line)));
    }
}
