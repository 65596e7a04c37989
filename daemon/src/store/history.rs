//! Finished calls as the store keeps them, in JSON so that later versions can add fields, and pages of them.

use ahoy_protocol::call::effect::HistoryEntry;
use ahoy_protocol::control::{Direction, EndCause, HistoryCall, HistoryReply, RosterEntry};
use ahoy_protocol::ids::{AccountId, CallId, DeviceId};
use ahoy_protocol::wire::bodies::Reason;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

/// A call of the history. Ids are lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Call.
    pub call: String,
    /// It came in.
    pub incoming: bool,
    /// Accounts.
    pub roster: Vec<String>,
    /// Device that ended it, if one did.
    pub by: Option<String>,
    /// When it was offered, Unix ms.
    pub started_ms: u64,
    /// When it was accepted, Unix ms.
    pub accepted_ms: Option<u64>,
    /// When it ended, Unix ms, where that is known.
    pub ended_ms: Option<u64>,
    /// Why: number of the reason on the wire.
    pub reason: u8,
    /// It was missed.
    pub missed: bool,
    /// What lies behind the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<EndCause>,
}

impl From<&HistoryEntry> for Entry {
    fn from(entry: &HistoryEntry) -> Self {
        Self {
            call: HEXLOWER.encode(&entry.call.0),
            incoming: entry.incoming,
            roster: entry.roster.iter().map(|account| HEXLOWER.encode(&account.0)).collect(),
            by: entry.by.map(|device| HEXLOWER.encode(&device.0)),
            started_ms: entry.started_ms,
            accepted_ms: entry.accepted_ms,
            ended_ms: entry.ended_ms,
            reason: entry.reason as u8,
            missed: entry.missed,
            cause: entry.cause.clone(),
        }
    }
}

/// Which calls of the history are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Only those older than this one.
    pub before: Option<CallId>,
    /// How many at most.
    pub limit: usize,
}

impl Page {
    /// This page of the history, newest first by the time of the offer: a missed call may be told days later.
    pub(super) fn of(self, mut history: Vec<Entry>) -> HistoryReply {
        history.sort_by_key(|entry| std::cmp::Reverse(entry.started_ms));
        let after = match self.before {
            None => 0,
            Some(call) => {
                let call = HEXLOWER.encode(&call.0);
                history.iter().position(|entry| entry.call == call).map_or(history.len(), |at| at + 1)
            }
        };
        let rest = history.get(after..).unwrap_or_default();
        let calls = rest.iter().take(self.limit).map(Entry::shown).collect();
        HistoryReply { calls, more: rest.len() > self.limit }
    }
}

impl Entry {
    /// As frontends see it; names are left open.
    fn shown(&self) -> HistoryCall {
        let account = |hex: &String| bytes(hex).map_or_else(|| hex.clone(), |key| AccountId(key).text());
        HistoryCall {
            call: self.call.clone(),
            direction: if self.incoming { Direction::In } else { Direction::Out },
            roster: self.roster.iter().map(|hex| RosterEntry { account: account(hex), name: None }).collect(),
            missed: self.missed,
            reason: reason(self.reason).to_owned(),
            cause: self.cause.clone(),
            device: self.by.as_ref().and_then(|hex| bytes(hex)).map(|key| DeviceId(key).text()),
            started_at_ms: self.started_ms,
            accepted_at_ms: self.accepted_ms,
            ended_at_ms: self.ended_ms,
            voicemail_ms: None,
        }
    }
}

fn bytes(hex: &str) -> Option<[u8; 32]> {
    HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok()
}

/// The word of a reason's number; a store that a newer daemon wrote may have others.
fn reason(number: u8) -> &'static str {
    Reason::of_number(number).map_or("unknown", Reason::text)
}
