//! What sessions ask the actor, and what they can read without asking.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use ahoy_protocol::control::{API_VERSION, ControlError, Reply, Status};
use ahoy_protocol::core::input::Command;
use ahoy_protocol::ids::CallId;
use tokio::sync::oneshot;

/// Where an answer goes.
pub type Answer = oneshot::Sender<Result<Reply, ControlError>>;

/// What a session asks of the actor.
#[derive(Debug)]
pub struct Question {
    /// The `client` of its hello.
    pub client: String,
    /// What.
    pub ask: Ask,
    /// Where the answer goes.
    pub answer: Answer,
}

/// What can be asked of the actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A question for the core.
    Core(Command),
    /// `subscribe` without replay: the state, and the number of the event it is as of.
    Snapshot,
    /// `call.stats`.
    Stats(Option<CallId>),
    /// `shutdown`.
    Shutdown,
}

/// What everybody may read at any time; written by the actor.
#[derive(Debug)]
pub struct Board {
    /// Our account, as text.
    pub account: String,
    /// Our device, as text.
    pub device: String,
    started: Instant,
    peers: AtomicUsize,
    calls: AtomicUsize,
    stopping: AtomicBool,
}

impl Board {
    /// Of a daemon that starts now.
    #[must_use]
    pub fn new(account: String, device: String) -> Self {
        Self {
            account,
            device,
            started: Instant::now(),
            peers: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
        }
    }

    /// Connected peers, and calls that are not ended.
    pub fn count(&self, peers: usize, calls: usize) {
        self.peers.store(peers, Ordering::Relaxed);
        self.calls.store(calls, Ordering::Relaxed);
    }

    /// From now on nothing new is begun.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the daemon stops.
    #[must_use]
    pub fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// `status`.
    #[must_use]
    pub fn status(&self) -> Status {
        Status {
            version: env!("CARGO_PKG_VERSION").into(),
            api: API_VERSION.into(),
            account: self.account.clone(),
            device: self.device.clone(),
            peers: self.peers.load(Ordering::Relaxed),
            calls: self.calls.load(Ordering::Relaxed),
            uptime_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }
}
