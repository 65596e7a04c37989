//! What a daemon holds right now. After a call all of it is back where it was before; what is not, leaks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tasks of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskCount {
    /// Since the start.
    pub started: u64,
    /// Not ended.
    pub alive: u64,
}

/// Tasks by what they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskCounts {
    /// The one that owns all calls.
    pub actor: TaskCount,
    /// The network driver.
    pub network: TaskCount,
    /// Connections to peers, those being made included.
    pub connections: TaskCount,
    /// Frontends, and the one that takes them in.
    pub control: TaskCount,
    /// Media links and what their library starts.
    pub links: TaskCount,
    /// All alive tasks of the runtime, those that other libraries start included.
    pub runtime_alive: u64,
}

/// What the daemon holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Counts {
    /// Tasks.
    pub tasks: TaskCounts,
    /// Media links that are not fully released.
    pub links: u64,
    /// Calls whose keys and topics are held: those that are not ended, and for at most 5 s those that are.
    pub sessions: u64,
    /// Pair channels, those whose confirm is awaited included.
    pub pairs: u64,
    /// Gossip topics subscribed to.
    pub topics: u64,
    /// Timers that run in the core: what is sent again, limits of calls, links to be closed.
    pub timers: u64,
    /// One-way messages on their way to devices, or kept for those that are not there (bounded; a missed call waits 7 days).
    pub letters: u64,
    /// Messages that wait in the actor's queues, effects that wait for the disk, and questions that wait for an answer.
    pub queued: u64,
    /// Events kept for frontends that come back (they fill up to a bound, and stay).
    pub events: u64,
    /// Their size, bytes.
    pub events_bytes: u64,
}
