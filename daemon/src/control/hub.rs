//! The stream of events: numbered, kept for a while, read by every subscriber at its own pace.
//!
//! A subscriber is only a number (the next event it wants), so a client that doesn't read costs nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ahoy_protocol::control::{CallState, END_REASONS, Event, EventKind};
use tokio::sync::{Notify, watch};

use crate::limits;

/// Events as lines, ready to be written.
type Line = Arc<str>;

/// What a line takes in memory, bytes: its text, the counts before it, its place in the ring and what the allocator adds.
fn size(line: &Line) -> usize {
    line.len() + limits::EVENT_EXTRA_BYTES
}

struct Ring {
    lines: VecDeque<Line>,
    bytes: usize,
    /// Number of the newest event.
    newest: u64,
    /// Calls that ended, in the order of [`END_REASONS`].
    ended: [u64; END_REASONS.len()],
}

impl Ring {
    fn count(&mut self, kind: &EventKind) {
        if let EventKind::CallState { state: CallState::Ended, reason: Some(reason), .. } = kind {
            for (count, known) in self.ended.iter_mut().zip(END_REASONS) {
                *count += u64::from(known.word == reason);
            }
        }
    }
}

/// The events of one daemon. Cheap to share.
#[derive(Clone)]
pub struct Hub {
    ring: Arc<Mutex<Ring>>,
    news: Arc<watch::Sender<u64>>,
    joined: Arc<Notify>,
}

/// What a subscriber gets.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// These lines; the number is that of the next event wanted.
    Lines(Vec<Arc<str>>, u64),
    /// So many events are gone before it read them.
    Missed(u64),
}

impl Hub {
    /// Counts events from `after` on. A daemon takes its start in Unix ms: then a client that comes back
    /// after a restart with an old number gets a snapshot rather than other events under the same numbers.
    #[must_use]
    pub fn new(after: u64) -> Self {
        let ring = Ring { lines: VecDeque::new(), bytes: 0, newest: after, ended: [0; END_REASONS.len()] };
        Self { ring: Arc::new(Mutex::new(ring)), news: Arc::new(watch::Sender::new(after)), joined: Arc::default() }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers an event and lets every subscriber have it.
    pub fn publish(&self, at_ms: u64, kind: EventKind) {
        let mut ring = self.ring();
        ring.count(&kind);
        let event = Event { seq: ring.newest + 1, at_ms, kind };
        let line: Line = match event_line(&event) {
            Ok(line) => line.into(),
            Err(error) => {
                tracing::error!(%error, "an event could not be written as JSON");
                return;
            }
        };
        ring.newest += 1;
        ring.bytes += size(&line);
        ring.lines.push_back(line);
        while ring.lines.len() > limits::EVENTS_KEPT || ring.bytes > limits::EVENTS_KEPT_BYTES {
            let gone = ring.lines.pop_front().map_or(0, |line| size(&line));
            ring.bytes -= gone;
        }
        let newest = ring.newest;
        drop(ring);
        self.news.send_replace(newest);
    }

    /// A frontend is connected.
    #[must_use]
    pub fn watched(&self) -> bool {
        self.news.receiver_count() > 0
    }

    /// Returns once the first frontend after some time without any is connected.
    pub async fn joined(&self) {
        self.joined.notified().await;
    }

    /// Number of the newest event.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.ring().newest
    }

    /// Events kept, and their bytes.
    #[must_use]
    pub fn kept(&self) -> (usize, usize) {
        let ring = self.ring();
        (ring.lines.len(), ring.bytes)
    }

    /// Calls that ended so far, by the word of their reason.
    #[must_use]
    pub fn ended(&self) -> Vec<(&'static str, u64)> {
        END_REASONS.iter().map(|reason| reason.word).zip(self.ring().ended).collect()
    }

    /// Tells when there are new events.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<u64> {
        if !self.watched() {
            self.joined.notify_one();
        }
        self.news.subscribe()
    }

    /// Every event after this one is still here.
    #[must_use]
    pub fn holds_after(&self, after: u64) -> bool {
        let ring = self.ring();
        let kept = ring.lines.len() as u64;
        after <= ring.newest && ring.newest - after <= kept
    }

    /// The next lines from `next` on, at most [`limits::EVENT_LINES_AT_ONCE`]. A subscriber that is more than
    /// [`limits::CLIENT_BEHIND_EVENTS`] behind has lost its place; a replay up to `owed` doesn't count as being behind.
    #[must_use]
    pub fn take(&self, next: u64, owed: u64) -> Taken {
        let ring = self.ring();
        let oldest = ring.newest + 1 - ring.lines.len() as u64;
        let behind = ring.newest.saturating_sub(owed.max(next.saturating_sub(1)));
        if next < oldest || behind > limits::CLIENT_BEHIND_EVENTS {
            return Taken::Missed(ring.newest + 1 - next.min(ring.newest + 1));
        }
        let skip = usize::try_from(next - oldest).unwrap_or(usize::MAX);
        let lines: Vec<Line> = ring.lines.iter().skip(skip).take(limits::EVENT_LINES_AT_ONCE).cloned().collect();
        let next = next + lines.len() as u64;
        Taken::Lines(lines, next)
    }
}

/// An event as a notification, with its line end.
pub(super) fn event_line(event: &Event) -> Result<String, serde_json::Error> {
    let params = serde_json::to_string(event)?;
    Ok(format!("{{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{params}}}\n"))
}
