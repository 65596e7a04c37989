//! Calls as frontends list them, also those that ended.

use std::collections::VecDeque;

use super::core::CallCore;
use super::links::Up;
use super::state::{Call, Flow, Leg, Peer};
use super::text;
use crate::control::{CallInfo, CallState, Direction, LinkState, ParticipantInfo, RosterEntry};
use crate::ids::{CallId, Now};
use crate::limits::{ENDED_MAX, ENDED_MS};
use crate::wire::bodies::{Flags, Reason};

/// Calls that ended lately, oldest first.
#[derive(Default)]
pub(super) struct EndedCalls {
    calls: VecDeque<Ended>,
}

struct Ended {
    id: CallId,
    at_ms: u64,
    info: CallInfo,
}

impl EndedCalls {
    /// Adds a call that just ended; what is too old or too much goes.
    pub(super) fn push(&mut self, id: CallId, mut info: CallInfo, reason: Reason, now: Now) {
        info.state = CallState::Ended;
        info.ended_at_ms = Some(now.unix_ms);
        info.reason = Some(reason.text().to_owned());
        for participant in &mut info.participants {
            participant.state = LinkState::Closed;
        }
        while self.calls.front().is_some_and(|c| !fresh(c, now)) || self.calls.len() >= ENDED_MAX {
            self.calls.pop_front();
        }
        self.calls.push_back(Ended { id, at_ms: now.mono_ms, info });
    }

    /// It ended lately.
    pub(super) fn contains(&self, id: CallId) -> bool {
        self.calls.iter().any(|c| c.id == id)
    }

    /// All of the last 10 minutes.
    pub(super) fn list(&self, now: Now) -> Vec<CallInfo> {
        self.calls.iter().filter(|c| fresh(c, now)).map(|c| c.info.clone()).collect()
    }
}

fn fresh(call: &Ended, now: Now) -> bool {
    call.at_ms.saturating_add(ENDED_MS) > now.mono_ms
}

impl CallCore {
    /// A call as frontends list it; names are the caller's to fill in.
    pub(super) fn call_info(&self, call: &Call) -> CallInfo {
        let accounts = call.facts.roster.iter();
        let taking_part = call.peers.iter().filter(|p| p.joined || p.leg == Leg::Accepted);
        CallInfo {
            call: text::call(call.id),
            state: call.state(self.focus == Some(call.id)).unwrap_or(CallState::Ended),
            direction: if call.facts.incoming { Direction::In } else { Direction::Out },
            roster: accounts.map(|a| RosterEntry { account: text::account(*a), name: None }).collect(),
            participants: taking_part.map(participant).collect(),
            muted: self.muted,
            started_at_ms: call.facts.started_unix_ms,
            ended_at_ms: None,
            reason: None,
            context: call.facts.context.as_deref().map(|c| String::from_utf8_lossy(c).into_owned()),
        }
    }
}

fn participant(peer: &Peer) -> ParticipantInfo {
    let state = match (peer.flow, peer.links.current.as_ref().map(|link| link.up)) {
        (Flow::Flowing, _) => LinkState::Connected,
        (Flow::Interrupted { .. }, _) => LinkState::Reconnecting,
        (Flow::Idle | Flow::Connecting { .. }, None) => LinkState::New,
        (Flow::Idle | Flow::Connecting { .. }, Some(Up::Connecting)) => LinkState::Connecting,
        (Flow::Idle | Flow::Connecting { .. }, Some(Up::Connected)) => LinkState::Connected,
        (Flow::Idle | Flow::Connecting { .. }, Some(Up::Interrupted)) => LinkState::Reconnecting,
    };
    ParticipantInfo {
        account: text::account(peer.account),
        device: text::device(peer.device),
        name: None,
        state,
        muted: peer.flags.0 & Flags::MUTED != 0,
    }
}
