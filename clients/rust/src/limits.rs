//! Every bound of this crate, with its reason.

use std::time::Duration;

/// Longest line the daemon may send, bytes. Requests are at most 64 KiB; a snapshot with many contacts may be longer.
pub(crate) const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;

/// Events kept while a reply is awaited. The daemon keeps 256 for a slow client; replies come within milliseconds.
pub(crate) const MAX_EVENTS_KEPT: usize = 1024;

/// How long a reply may take. No method waits for a person or a peer, so this only ends waiting for a stuck daemon.
pub(crate) const REPLY_LIMIT: Duration = Duration::from_secs(10);
