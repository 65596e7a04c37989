//! What history would tell of calls that are not ended, should this daemon be killed now.

use super::core::CallCore;
use super::effect::HistoryEntry;
use super::state::{Call, Phase};
use crate::ids::CallId;
use crate::wire::bodies::{Flags, Reason};

impl CallCore {
    /// Calls that frontends see and that are not ended, each with the time at which it was accepted, Unix ms.
    pub fn under_way(&self) -> impl Iterator<Item = (CallId, Option<u64>)> {
        let own = self.visible().filter(|call| !matches!(call.phase, Phase::Handed(_)));
        own.map(|call| match call.rejoins() {
            // It stands for a call that the daemon before us was in.
            Some(old) => (old.call, Some(old.accepted_ms)),
            None => (call.id, accepted_ms(call)),
        })
    }

    /// The line of history of such a call if nothing more is ever known of it: when it ended is not.
    #[must_use]
    pub fn cut_off(&self, call: CallId) -> Option<HistoryEntry> {
        if let Some(old) = self.visible().filter_map(Call::rejoins).find(|old| old.call == call) {
            let times = (old.started_ms, Some(old.accepted_ms));
            return Some(cut_off(call, old.incoming, old.roster.clone(), times));
        }
        let call = self.visible().find(|visible| visible.id == call)?;
        Some(cut_off(
            call.id,
            call.facts.incoming,
            call.facts.roster.clone(),
            (call.facts.started_unix_ms, accepted_ms(call)),
        ))
    }
}

fn accepted_ms(call: &Call) -> Option<u64> {
    call.joined().map(|joined| joined.accepted_unix_ms)
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
        reason: Reason::DaemonStopped,
        missed: incoming && accepted_ms.is_none(),
        flags: Flags::default(),
    }
}
