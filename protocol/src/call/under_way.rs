//! What history would tell of calls that are not ended, should this daemon be killed now.

use super::core::CallCore;
use super::effect::HistoryEntry;
use super::rejoin::killed;
use crate::ids::CallId;
use crate::wire::bodies::{Flags, Reason};

impl CallCore {
    /// Calls that frontends see and that are not ended, by the first of those that are one for people, each with the time
    /// at which it was accepted, Unix ms.
    pub fn under_way(&self) -> impl Iterator<Item = (CallId, Option<u64>)> {
        let own = self.visible().filter(|call| !call.is_taken());
        own.map(|call| (call.line().call, call.line().accepted_ms))
    }

    /// The line of history of such a call if nothing more is ever known of it: when it ended is not.
    #[must_use]
    pub fn cut_off(&self, call: CallId) -> Option<HistoryEntry> {
        let call = self.visible().find(|visible| visible.line().call == call)?;
        let line = call.line();
        Some(cut_off(line.call, line.incoming, call.facts.roster.clone(), (line.started_ms, line.accepted_ms)))
    }
}

impl HistoryEntry {
    /// The store says when the killed daemon was last known to be in the call.
    pub(crate) fn was_on_until(&mut self, alive_ms: u64) {
        let detail = "this daemon was killed in the call, and started again too late to go on with it; its end is the last \
                      moment at which the call is known to have been on";
        (self.ended_ms, self.cause) = (Some(alive_ms), Some(killed(detail)));
    }
}

/// The line of history of a call that a killed daemon was in. `times`: offered, and accepted if it was, Unix ms.
pub(crate) fn cut_off(
    call: CallId,
    incoming: bool,
    roster: Vec<crate::ids::AccountId>,
    times: (u64, Option<u64>),
) -> HistoryEntry {
    let (started_ms, accepted_ms) = times;
    HistoryEntry {
        call,
        incoming,
        roster,
        by: None,
        started_ms,
        accepted_ms,
        ended_ms: None,
        reason: Reason::Lost,
        missed: incoming && accepted_ms.is_none(),
        flags: Flags::default(),
        cause: Some(killed("this daemon was killed in the call; when it ended is not known")),
    }
}
