//! Calls that ended lately.

use std::collections::VecDeque;

use super::amend::Told;
use super::end_reason::End;
use super::text;
use crate::control::{CallInfo, CallState, EndCause, LinkState};
use crate::ids::{CallId, Now};
use crate::limits::{CONTINUED_MAX, ENDED_MAX, ENDED_MS, FORGET_MS};
use crate::wire::bodies::Reason;

/// Calls that ended lately, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct EndedCalls {
    calls: VecDeque<Ended>,
    /// Calls in whose place another one went on, oldest first.
    continued: VecDeque<(CallId, CallId)>,
}

#[derive(Clone, Debug)]
struct Ended {
    id: CallId,
    at_ms: u64,
    info: CallInfo,
    /// What the other side's last word may change; none of calls without a line of history of their own.
    told: Option<Told>,
    /// Why it ended, as it was at first.
    end: End,
}

impl EndedCalls {
    /// Adds a call that just ended; what is too old or too much goes.
    pub(super) fn push(&mut self, (id, told): (CallId, Option<Told>), mut info: CallInfo, end: End, now: Now) {
        info.state = CallState::Ended;
        info.ended_at_ms = Some(now.unix_ms);
        info.reason = Some(end.reason.text().to_owned());
        info.cause = end.cause.clone();
        for participant in &mut info.participants {
            participant.state = LinkState::Closed;
            participant.held = false;
        }
        while self.calls.front().is_some_and(|c| !fresh(c, now)) || self.calls.len() >= ENDED_MAX {
            self.calls.pop_front();
        }
        self.calls.push_back(Ended { id, at_ms: now.mono_ms, info, told, end });
    }

    /// A call is over, and another one of the same people goes on in its place.
    pub(super) fn continues_as(&mut self, over: CallId, next: CallId) {
        if self.continued.len() >= CONTINUED_MAX {
            self.continued.pop_front();
        }
        self.continued.push_back((over, next));
    }

    /// The call that goes on in the place of this one; itself if there is none.
    pub(super) fn now_called(&self, id: CallId) -> CallId {
        // Entered in order: a successor that is over as well stands further back.
        self.continued.iter().fold(id, |id, (over, next)| if *over == id { *next } else { id })
    }

    /// What was told of a call, while the session layer still hears the other side's last words.
    pub(super) fn told(&mut self, id: CallId, now: Now) -> Option<&mut Told> {
        let call = self.calls.iter_mut().rev().find(|call| call.id == id)?;
        call.told.as_mut().filter(|_| call.at_ms.saturating_add(FORGET_MS) >= now.mono_ms)
    }

    /// Why a call ended in whose place no other one went on.
    pub(super) fn end_of(&self, id: CallId) -> Option<&End> {
        let call = self.calls.iter().rev().find(|call| call.id == id)?;
        (self.now_called(id) == id).then_some(&call.end)
    }

    /// It ended for another reason than was thought.
    pub(super) fn set_end(&mut self, id: CallId, (reason, cause): (Reason, Option<EndCause>)) {
        if let Some(call) = self.calls.iter_mut().rev().find(|call| call.id == id) {
            call.info.reason = Some(reason.text().to_owned());
            call.info.cause = cause;
        }
    }

    /// It ended lately.
    pub(super) fn contains(&self, id: CallId) -> bool {
        self.calls.iter().any(|c| c.id == id)
    }

    /// All of the last 10 minutes. Those in whose place another one went on say so: for people both are one call.
    pub(super) fn list(&self, now: Now) -> Vec<CallInfo> {
        let next = |id: CallId| self.continued.iter().find(|(over, _)| *over == id).map(|(_, next)| text::call(*next));
        let shown = |call: &Ended| CallInfo { continues_as: next(call.id), ..call.info.clone() };
        self.calls.iter().filter(|call| fresh(call, now)).map(shown).collect()
    }
}

fn fresh(call: &Ended, now: Now) -> bool {
    call.at_ms.saturating_add(ENDED_MS) > now.mono_ms
}
