//! A finished call as the store keeps it: JSON, so that later versions can add fields.

use ahoy_protocol::call::effect::HistoryEntry;
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
    /// When it ended, Unix ms.
    pub ended_ms: u64,
    /// Why: number of the reason on the wire.
    pub reason: u8,
    /// It was missed.
    pub missed: bool,
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
        }
    }
}
