//! The networks this machine is in.

use futures::StreamExt as _;
use if_watch::IpNet;
use if_watch::tokio::IfWatcher;

/// Watches the interfaces; nothing if they don't matter or can't be watched.
#[derive(Debug)]
pub(crate) struct Interfaces {
    watcher: Option<IfWatcher>,
}

impl Interfaces {
    /// Begins to watch, if `on`.
    pub(crate) fn new(on: bool) -> Self {
        let watcher = on.then(IfWatcher::new).and_then(|watcher| {
            watcher.inspect_err(|error| tracing::warn!(%error, "the network interfaces are not known")).ok()
        });
        Self { watcher }
    }

    /// The networks at the start.
    pub(crate) async fn first(&mut self) -> Vec<IpNet> {
        if self.watcher.is_some() { self.changed().await } else { Vec::new() }
    }

    /// Returns all networks when they have changed.
    pub(crate) async fn changed(&mut self) -> Vec<IpNet> {
        let Some(watcher) = &mut self.watcher else { return std::future::pending().await };
        match watcher.next().await {
            Some(Ok(_)) => watcher.iter().copied().collect(),
            Some(Err(error)) => {
                tracing::warn!(%error, "the network interfaces are no longer watched");
                let known = watcher.iter().copied().collect();
                self.watcher = None;
                known
            }
            None => {
                self.watcher = None;
                std::future::pending().await
            }
        }
    }
}
