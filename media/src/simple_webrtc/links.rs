//! The links of one engine: names, bounds, one supervised task a link. What is behind the links, real WebRTC or a
//! script, is a [`LinkDriver`].

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::FutureExt;
use tokio::runtime::Handle;

use super::engine::{
    AudioFrame, Candidate, CloseReason, DescriptionKind, Engine, EngineError, Events, LinkEvent, LinkId, LinkSpec,
    TransportStats,
};
use super::port::{Port, Shared, lock};
use crate::limits::{LINKS_AN_ENGINE, USED_LINK_NAMES};
use crate::tasks::Tasks;

/// Does the work of one link after another; sealed, since a [`Port`] cannot be made elsewhere.
pub(crate) trait LinkDriver: Send + Sync + 'static {
    /// Drives a link until it is over, and releases everything it holds before it returns.
    fn drive(&self, spec: LinkSpec, port: &mut Port) -> impl Future<Output = CloseReason> + Send;
}

#[derive(Default)]
struct Table {
    open: HashMap<LinkId, Arc<Shared>>,
    used: VecDeque<LinkId>,
}

/// An engine: the common half of the real one and the fake.
pub(crate) struct Links<D> {
    driver: Arc<D>,
    events: Events,
    runtime: Handle,
    tasks: Tasks,
    table: Arc<Mutex<Table>>,
}

impl<D: LinkDriver> Links<D> {
    /// No links yet; their tasks will run on `runtime`, and `tasks` counts them.
    pub(crate) fn new(driver: D, events: Events, runtime: Handle, tasks: Tasks) -> Self {
        Self { driver: Arc::new(driver), events, runtime, tasks, table: Arc::default() }
    }

    fn find(&self, link: LinkId) -> Result<Arc<Shared>, EngineError> {
        lock(&self.table).open.get(&link).cloned().ok_or(EngineError::NoSuchLink)
    }

    /// Notes a new link, or says why there can be none.
    fn admit(&self, spec: &LinkSpec) -> Result<Port, EngineError> {
        let mut table = lock(&self.table);
        if table.open.contains_key(&spec.link) || table.used.contains(&spec.link) {
            return Err(EngineError::LinkExists);
        }
        if table.open.len() >= LINKS_AN_ENGINE {
            return Err(EngineError::Limit("64 links"));
        }
        let (shared, port) = Shared::new(spec.link, spec.role, self.events.clone());
        shared.order(|machine| Ok(machine.open()))?;
        table.open.insert(spec.link, shared);
        if table.used.len() >= USED_LINK_NAMES {
            table.used.pop_front();
        }
        table.used.push_back(spec.link);
        Ok(port)
    }

    fn start(&self, spec: LinkSpec) -> Result<(), EngineError> {
        let port = self.admit(&spec)?;
        let link = Box::pin(supervise(self.driver.clone(), spec, port, self.table.clone()));
        self.tasks.spawn_on(&self.runtime, link);
        Ok(())
    }
}

impl<D> Drop for Links<D> {
    fn drop(&mut self) {
        for shared in lock(&self.table).open.values() {
            shared.close();
        }
    }
}

/// Runs one link to its end: whatever happens inside, its name is freed and its end is told, in this order.
async fn supervise<D: LinkDriver>(driver: Arc<D>, spec: LinkSpec, mut port: Port, table: Arc<Mutex<Table>>) {
    let driven = AssertUnwindSafe(driver.drive(spec, &mut port)).catch_unwind().await;
    let reason = driven.unwrap_or_else(|_panic| CloseReason::Failed("internal error of the media link".to_owned()));
    if let Some(shared) = lock(&table).open.remove(&port.link()) {
        shared.ended();
    }
    port.tell([LinkEvent::Closed(reason)]);
    port.flush().await;
}

/// What is an engine by having links.
pub(crate) trait HasLinks: Send + Sync {
    /// Who does the work.
    type Driver: LinkDriver;
    /// The links.
    fn links(&self) -> &Links<Self::Driver>;
}

impl<E: HasLinks> Engine for E {
    fn open(&self, spec: LinkSpec) -> Result<(), EngineError> {
        self.links().start(spec)
    }

    fn apply(&self, link: LinkId, kind: DescriptionKind, generation: u32, sdp: String) -> Result<(), EngineError> {
        self.links().find(link)?.order(|machine| machine.apply(kind, generation, sdp))
    }

    fn add_candidate(&self, link: LinkId, generation: u32, candidate: Candidate) -> Result<(), EngineError> {
        self.links().find(link)?.order(|machine| machine.candidate(generation, candidate))
    }

    // Checks go on until a pair works or the core gives up, so the end of their candidates changes nothing.
    fn end_of_candidates(&self, link: LinkId, _generation: u32) -> Result<(), EngineError> {
        self.links().find(link).map(drop)
    }

    fn restart(&self, link: LinkId, generation: u32) -> Result<(), EngineError> {
        self.links().find(link)?.order(|machine| machine.restart(generation))
    }

    fn send_audio(&self, link: LinkId, frame: AudioFrame) -> Result<(), EngineError> {
        self.links().find(link)?.send_audio(frame)
    }

    fn send_ctl(&self, link: LinkId, message: Bytes) -> Result<(), EngineError> {
        self.links().find(link)?.send_ctl(message)
    }

    fn stats(&self, link: LinkId) -> Result<TransportStats, EngineError> {
        Ok(self.links().find(link)?.stats())
    }

    fn close(&self, link: LinkId) {
        if let Ok(shared) = self.links().find(link) {
            shared.close();
        }
    }

    fn open_links(&self) -> usize {
        lock(&self.links().table).open.len()
    }

    fn tasks(&self) -> Tasks {
        self.links().tasks.clone()
    }
}
