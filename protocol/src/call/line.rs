//! What people see as one call: a call and those that took its place, because a participant was lost and came back, a
//! daemon was killed, or the other side went on at another device. It has one line of history, with the first offer, the
//! first direction and the last end.

use super::core::CallCore;
use super::state::Call;
use crate::ids::CallId;

/// The call of people that a call belongs to: itself, or the first of those whose place it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The first call.
    pub(super) call: CallId,
    /// It came in.
    pub(super) incoming: bool,
    /// When it was offered, Unix ms.
    pub(super) started_ms: u64,
    /// When it was accepted, Unix ms.
    pub(super) accepted_ms: Option<u64>,
}

impl Call {
    /// Another device of ours hands it over, and it is not joined here: it goes on, or ended, there, where its line is.
    pub(super) fn is_taken(&self) -> bool {
        self.facts.handed && self.joined().is_none()
    }

    /// What it is for people.
    pub(super) fn line(&self) -> Line {
        self.facts.line.unwrap_or(Line {
            call: self.id,
            incoming: self.facts.incoming || self.facts.handed,
            started_ms: self.facts.started_unix_ms,
            accepted_ms: self.joined().map(|joined| joined.accepted_unix_ms),
        })
    }
}

impl CallCore {
    /// For people the new call is the old one from now on.
    pub(super) fn takes_line(&mut self, old: CallId, new: CallId) {
        let line = self.live.get(&old).map(Call::line);
        if let Some(call) = self.live.get_mut(&new) {
            call.facts.line = line.or(call.facts.line);
        }
    }

    /// A call of this line is not over.
    pub(super) fn line_goes_on(&self, line: CallId) -> bool {
        self.live.values().any(|call| call.line().call == line)
    }
}
