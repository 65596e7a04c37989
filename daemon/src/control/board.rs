//! What everybody may read at any time: how the daemon is, and what it holds.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use ahoy_media::tasks::Tasks;
use ahoy_protocol::control::{API_VERSION, Counts, Status, TaskCount, TaskCounts};
use ahoy_protocol::core::{Counted, Who};

use super::Hub;
use crate::gossip::counters::Counters;

/// The actor's inboxes, in the order of [`Holding::inboxes`].
pub const INBOXES: [&str; 6] = ["network", "questions", "links", "audio", "recordings", "committed"];

/// What the actor holds, as of its last step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Holding {
    /// The core.
    pub core: Counted,
    /// Media links that are not fully released.
    pub links: usize,
    /// What waits in its queues.
    pub queued: usize,
    /// What waits in each of its inboxes.
    pub inboxes: [usize; INBOXES.len()],
}

/// Where counts come from that change without the actor.
#[derive(Clone, Default)]
pub struct Sources {
    /// The actor's task.
    pub actor: Tasks,
    /// Tasks of the control interface.
    pub control: Tasks,
    /// Tasks of media links.
    pub links: Tasks,
    /// The network driver's counts.
    pub network: Arc<Counters>,
    /// Events kept.
    pub hub: Option<Hub>,
}

/// Who we are and what we do.
struct Me {
    /// As text.
    account: String,
    /// As the core last said; none before its first step.
    who: Option<Who>,
}

/// What everybody may read at any time; written by the actor.
pub struct Board {
    /// Who we are and what we do.
    me: Mutex<Me>,
    /// Our device, as text.
    pub device: String,
    started: Instant,
    peers: AtomicUsize,
    calls: AtomicUsize,
    stopping: AtomicBool,
    holding: Mutex<Holding>,
    refused: Mutex<Vec<(u16, u64)>>,
    sources: Sources,
}

impl Board {
    /// Of a daemon that starts now.
    #[must_use]
    pub fn new(account: String, device: String, sources: Sources) -> Self {
        Self {
            me: Mutex::new(Me { account, who: None }),
            device,
            started: Instant::now(),
            peers: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            holding: Mutex::default(),
            refused: Mutex::default(),
            sources,
        }
    }

    /// Our account, as text.
    #[must_use]
    pub fn account(&self) -> String {
        self.me().account.clone()
    }

    fn me(&self) -> MutexGuard<'_, Me> {
        self.me.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who we are after a step; this device may be one of another account now.
    pub fn tell(&self, who: Who) {
        let mut me = self.me();
        if me.who.is_none_or(|before| before.account != who.account) {
            me.account = who.account.text();
        }
        me.who = Some(who);
    }

    /// Connected peers, and calls that are not ended.
    pub fn count(&self, peers: usize, calls: usize) {
        self.peers.store(peers, Ordering::Relaxed);
        self.calls.store(calls, Ordering::Relaxed);
    }

    /// What is held after a step.
    pub fn hold(&self, holding: Holding) {
        *self.holding.lock().unwrap_or_else(PoisonError::into_inner) = holding;
    }

    /// How often each inbound check has refused something, by its number.
    pub fn refuse(&self, refused: Vec<(u16, u64)>) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = refused;
    }

    /// The same, as of the last time the core was asked.
    #[must_use]
    pub fn refused(&self) -> Vec<(u16, u64)> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What waits in each of the actor's inboxes.
    #[must_use]
    pub fn inboxes(&self) -> Vec<(&'static str, usize)> {
        let waiting = self.holding.lock().unwrap_or_else(PoisonError::into_inner).inboxes;
        INBOXES.into_iter().zip(waiting).collect()
    }

    /// The counts of the network driver.
    #[must_use]
    pub fn network(&self) -> Vec<crate::gossip::counters::Counted> {
        self.sources.network.snapshot()
    }

    /// Calls that ended, by reason.
    #[must_use]
    pub fn ended(&self) -> Vec<(&'static str, u64)> {
        self.sources.hub.as_ref().map(Hub::ended).unwrap_or_default()
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

    /// What the daemon holds now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let holding = *self.holding.lock().unwrap_or_else(PoisonError::into_inner);
        let sources = &self.sources;
        let (events, events_bytes) = sources.hub.as_ref().map(Hub::kept).unwrap_or_default();
        let tasks = TaskCounts {
            actor: tasks(&sources.actor),
            network: tasks(&sources.network.levels.driver),
            connections: tasks(&sources.network.levels.connections),
            control: tasks(&sources.control),
            links: tasks(&sources.links),
            runtime_alive: tokio::runtime::Handle::try_current()
                .map_or(0, |runtime| number(runtime.metrics().num_alive_tasks())),
        };
        Counts {
            tasks,
            links: number(holding.links),
            sessions: number(holding.core.sessions),
            pairs: number(holding.core.pairs),
            topics: sources.network.levels.topics(),
            timers: number(holding.core.timers),
            letters: number(holding.core.letters),
            queued: number(holding.queued),
            events: number(events),
            events_bytes: number(events_bytes),
        }
    }

    /// `status`.
    #[must_use]
    pub fn status(&self) -> Status {
        let (account, who) = {
            let me = self.me();
            (me.account.clone(), me.who)
        };
        Status {
            version: env!("CARGO_PKG_VERSION").into(),
            api: API_VERSION.into(),
            account,
            device: self.device.clone(),
            revoked: who.is_some_and(|who| who.revoked),
            presence: who.map(|who| who.presence),
            do_not_disturb: who.is_some_and(|who| who.do_not_disturb),
            muted: who.is_some_and(|who| who.muted),
            recording: who.is_some_and(|who| who.recording),
            recorded: who.is_some_and(|who| who.recorded),
            peers: self.peers.load(Ordering::Relaxed),
            calls: self.calls.load(Ordering::Relaxed),
            uptime_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            counts: self.counts(),
        }
    }
}

fn tasks(of: &Tasks) -> TaskCount {
    TaskCount { started: of.started(), alive: of.alive() }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use ahoy_protocol::control::PresenceState;
    use ahoy_protocol::ids::AccountId;

    use super::*;

    #[test]
    fn status_is_of_the_account_that_this_device_has_now() {
        let board = Board::new("ahoy1before".into(), "12D3".into(), Sources::default());
        let who = Who {
            account: AccountId([7; 32]),
            revoked: true,
            presence: PresenceState::DoNotDisturb,
            do_not_disturb: true,
            muted: true,
            recording: true,
            recorded: true,
        };
        board.tell(who);
        let status = board.status();
        assert_eq!(status.account, AccountId([7; 32]).text());
        assert_eq!(board.account(), status.account);
        assert!(status.revoked && status.do_not_disturb && status.muted);
        assert!(status.recording && status.recorded);
        assert_eq!(status.presence, Some(PresenceState::DoNotDisturb));
    }
}
