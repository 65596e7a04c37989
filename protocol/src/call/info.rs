//! Calls as frontends list them.

use super::core::CallCore;
use super::links::Up;
use super::rejoin::JoinedCall;
use super::state::{Call, Flow, Leg, Peer};
use super::text;
use crate::control::{CallInfo, CallState, LinkState, ParticipantInfo, RosterEntry};
use crate::ids::CallId;
use crate::wire::bodies::Flags;

/// How a call stands to the others, as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Light {
    /// The microphone is another one's, or nobody's.
    Held,
    /// It has the microphone.
    Focused,
    /// It is about to take the place of the one that has it, or had it.
    Follows,
}

impl CallCore {
    /// How a call stands to the others.
    pub(super) fn light(&self, id: CallId) -> Light {
        match self.continued_here(id) {
            _ if !self.in_focus(id) => Light::Held,
            Some(_) => Light::Follows,
            None => Light::Focused,
        }
    }

    /// A call as frontends list it; names are the caller's to fill in.
    pub(super) fn call_info(&self, call: &Call) -> CallInfo {
        let accounts = call.facts.roster.iter();
        let taking_part = call.peers.iter().filter(|p| p.joined || p.leg == Leg::Accepted);
        CallInfo {
            call: text::call(call.id),
            state: call.state(self.light(call.id)).unwrap_or(CallState::Ended),
            direction: call.facts.direction(),
            roster: accounts.map(|a| RosterEntry { account: text::account(*a), name: None }).collect(),
            participants: taking_part.map(|peer| self.participant(call.id, peer)).collect(),
            muted: self.muted,
            recording: self.we_record(call.id),
            started_at_ms: call.line().started_ms,
            ended_at_ms: None,
            reason: None,
            cause: None,
            continues_as: None,
            context: call.facts.context.as_deref().map(|c| String::from_utf8_lossy(c).into_owned()),
        }
    }
}

/// A call that a daemon before us was in, as frontends list it.
pub(super) fn gone_call(old: &JoinedCall, muted: bool) -> CallInfo {
    let participant = ParticipantInfo {
        account: text::account(old.account),
        device: text::device(old.device),
        name: None,
        state: LinkState::Closed,
        muted: false,
        held: false,
        recording: false,
        recording_asked: false,
        recorded: false,
    };
    CallInfo {
        call: text::call(old.call),
        state: CallState::Ended,
        direction: text::direction(old.incoming),
        roster: old.roster.iter().map(|a| RosterEntry { account: text::account(*a), name: None }).collect(),
        participants: vec![participant],
        muted,
        recording: false,
        started_at_ms: old.started_ms,
        ended_at_ms: None,
        reason: None,
        cause: None,
        continues_as: None,
        context: old.context.as_deref().map(|c| String::from_utf8_lossy(c).into_owned()),
    }
}

impl CallCore {
    fn participant(&self, call: CallId, peer: &Peer) -> ParticipantInfo {
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
            held: peer.holds(),
            recording: self.records(call, peer.device),
            recording_asked: self.asks_to_record(call, peer.device),
            recorded: self.is_recorded(call, peer.device),
        }
    }
}
