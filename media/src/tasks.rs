//! Tasks that are counted. Whoever starts one goes through here, so that a leak shows as a number that stays up.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

#[cfg(test)]
mod tests;

#[derive(Debug, Default)]
struct Tally {
    started: AtomicU64,
    ended: AtomicU64,
}

/// Ends a task's count when the task is dropped: done, aborted, panicked or never polled.
struct Alive(Arc<Tally>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// The tasks of one kind. Cheap to share; every copy counts the same tasks.
#[derive(Clone, Debug, Default)]
pub struct Tasks(Arc<Tally>);

impl Tasks {
    /// Starts a task on the runtime that it is called in.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_on(&Handle::current(), future)
    }

    /// Starts a task on this runtime.
    pub fn spawn_on<F>(&self, runtime: &Handle, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        runtime.spawn(self.counted(future))
    }

    /// Counts a task that somebody else starts, from now on.
    pub fn counted<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        self.0.started.fetch_add(1, Ordering::Relaxed);
        let alive = Alive(self.0.clone());
        async move {
            let _alive = alive;
            future.await
        }
    }

    /// Tasks so far.
    #[must_use]
    pub fn started(&self) -> u64 {
        self.0.started.load(Ordering::Relaxed)
    }

    /// Tasks that have not ended.
    #[must_use]
    pub fn alive(&self) -> u64 {
        // In this order a task that ends meanwhile can't make it negative.
        let ended = self.0.ended.load(Ordering::Relaxed);
        self.started().saturating_sub(ended)
    }
}
