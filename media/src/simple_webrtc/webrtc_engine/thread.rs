//! The thread of all links: a runtime of their own with one worker. In a call each packet wakes two tasks, one after the
//! other; on a runtime of several workers each of that wakes other workers, too, which find nothing to do. And what the
//! rest of a daemon is busy with doesn't hold up media.

use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A runtime on a thread of its own. Dropped, it ends soon, with what still runs on it; nobody waits for that.
#[derive(Debug)]
pub(super) struct LinkThread {
    handle: Handle,
    _end: DropGuard,
}

impl LinkThread {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives no thread, or no descriptor for its events.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (handle, end) = (runtime.handle().clone(), CancellationToken::new());
        let over = end.clone();
        thread::Builder::new().name("ahoy-links".into()).spawn(move || runtime.block_on(over.cancelled()))?;
        Ok(Self { handle, _end: end.drop_guard() })
    }

    /// Where to start tasks.
    pub(super) fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_run_on_its_thread_until_it_is_dropped() {
        let links = LinkThread::start().unwrap();
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        links.handle().spawn(async move { tell.send(thread::current().name().map(str::to_owned)).ok() });
        assert_eq!(told.recv().unwrap().as_deref(), Some("ahoy-links"));
        let (tell, told) = std::sync::mpsc::sync_channel::<()>(1);
        links.handle().spawn(async move {
            let _dropped_with_the_task = tell;
            std::future::pending::<()>().await;
        });
        drop(links);
        assert!(told.recv().is_err(), "the task is dropped with the runtime");
    }
}
