//! What a daemon keeps: one redb file whose rows are sealed under a key file beside it.
//!
//! One thread owns the file. Groups of commands are applied in order, as many as wait in one transaction; a
//! group counts as done once it is on the disk. The file shows how many rows there are and how long they
//! are, not whom they are about: keys are keyed hashes, the real key is sealed with its value.

mod disk;
mod history;
mod seal;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use ahoy_protocol::core::effect::{StoreCommand, Table};
use tokio::sync::mpsc;

use crate::limits;
use disk::Disk;

pub use history::Entry;

/// Layout of the file. A store of a newer layout is refused, an older one would be converted.
pub const VERSION: u64 = 1;

/// Why the store cannot be used; written for the person who started the daemon.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Written by a newer daemon.
    #[error("{path} was written by a newer ahoyd (layout {found}, this one reads {VERSION}): use the newer ahoyd")]
    Newer {
        /// File.
        path: String,
        /// Its layout.
        found: u64,
    },
    /// The file is damaged, or its key is not the one it was written with.
    #[error(
        "{path} cannot be read ({reason}): restore it and its store.key from a backup, or move both away to begin with a new account"
    )]
    Unreadable {
        /// File.
        path: String,
        /// Why.
        reason: String,
    },
    /// The key file is gone.
    #[error(
        "the key {path} of the store is missing: restore it from a backup, or move the store away to begin with a new account"
    )]
    NoKey {
        /// Key file.
        path: String,
    },
    /// The operating system refuses.
    #[error("cannot {what} {path}: {reason}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: String,
        /// Why.
        reason: String,
    },
    /// A row that is too long; a defect of ours.
    #[error("a row of {bytes} bytes is too long for the store")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

/// A row as the core put it.
pub type Row = (Table, Vec<u8>, Vec<u8>);

/// What a store held when it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Rows of the core's tables.
    pub rows: Vec<Row>,
    /// The TCP port that was drawn at the first start.
    pub port: Option<u16>,
}

/// Every group up to this number is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Number of the newest group.
    pub up_to: u64,
    /// Why the groups since the last report are not on the disk, if they are not.
    pub failed: Option<String>,
}

enum Job {
    Group { number: u64, commands: Vec<StoreCommand> },
    Port(u16),
    History(SyncSender<Result<Vec<Entry>, StoreError>>),
}

/// An open store.
pub struct Store {
    jobs: SyncSender<Job>,
    thread: JoinHandle<()>,
}

/// The store's thread takes nothing more: it is gone, or too much waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store takes nothing more")]
pub struct StoreFull;

impl Store {
    /// Opens the store, making file and key at the first start, and reads what it holds. Groups are reported
    /// done on `done`, which must have room for [`limits::WAITING_GROUPS`].
    ///
    /// # Errors
    /// [`StoreError`] says what is wrong and what to do.
    pub fn open(file: &Path, key: &Path, done: mpsc::Sender<Committed>) -> Result<(Store, Loaded), StoreError> {
        let (jobs, inbox) = sync_channel(limits::WAITING_GROUPS);
        let (report, opened) = sync_channel(1);
        let (path, key) = (file.to_owned(), key.to_owned());
        let run = move || match Disk::open(&path, &key).and_then(|disk| Ok((disk.load()?, disk))) {
            Ok((loaded, disk)) => {
                if report.send(Ok(loaded)).is_ok() {
                    work(&disk, &inbox, &done);
                }
            }
            // The opener waits for this report, or is gone: then nobody needs it.
            Err(error) => drop(report.send(Err(error))),
        };
        let io = |what, reason: String| StoreError::Io { what, path: file.display().to_string(), reason };
        let spawned = std::thread::Builder::new().name("store".into()).spawn(run);
        let thread = spawned.map_err(|error| io("start the thread of", error.to_string()))?;
        // A thread that died while reading met a file that redb itself could not bear.
        let unreadable = || StoreError::Unreadable { path: file.display().to_string(), reason: "damaged".into() };
        let loaded = opened.recv().map_err(|_| unreadable())??;
        Ok((Store { jobs, thread }, loaded))
    }

    /// Hands over a group of commands that belong together.
    ///
    /// # Errors
    /// [`StoreFull`]: nothing of it will be written.
    pub fn submit(&self, number: u64, commands: Vec<StoreCommand>) -> Result<(), StoreFull> {
        self.give(Job::Group { number, commands })
    }

    /// Keeps the port that was drawn.
    ///
    /// # Errors
    /// [`StoreFull`].
    pub fn keep_port(&self, port: u16) -> Result<(), StoreFull> {
        self.give(Job::Port(port))
    }

    /// Reads the history, oldest first. Waits for the disk: not for the actor.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn history(&self) -> Result<Vec<Entry>, StoreError> {
        let (answer, wait) = sync_channel(1);
        let gone = || StoreError::Io { what: "read", path: "the store".into(), reason: "it is closed".into() };
        self.give(Job::History(answer)).map_err(|_| gone())?;
        wait.recv().map_err(|_| gone())?
    }

    fn give(&self, job: Job) -> Result<(), StoreFull> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) | TrySendError::Disconnected(_) => StoreFull,
        })
    }

    /// Writes what waits and closes the file. Waits for the disk.
    pub fn close(self) {
        drop(self.jobs);
        if self.thread.join().is_err() {
            tracing::error!("the store's thread ended with a panic");
        }
    }
}

fn work(disk: &Disk, inbox: &Receiver<Job>, done: &mpsc::Sender<Committed>) {
    while let Ok(first) = inbox.recv() {
        let mut groups: Vec<StoreCommand> = Vec::new();
        let mut up_to = None;
        let mut next = Some(first);
        let mut other = None;
        while let Some(job) = next.take() {
            match job {
                Job::Group { number, commands } => {
                    groups.extend(commands);
                    up_to = Some(number);
                    next = inbox.try_recv().ok();
                }
                Job::Port(_) | Job::History(_) => other = Some(job),
            }
        }
        if let Some(up_to) = up_to {
            let failed = disk.apply(&groups).err().map(|error| error.to_string());
            if let Some(reason) = &failed {
                tracing::error!(%reason, "the store could not be written");
            }
            if done.blocking_send(Committed { up_to, failed }).is_err() {
                tracing::debug!("nobody waits for the store any more");
            }
        }
        match other {
            None | Some(Job::Group { .. }) => {}
            Some(Job::Port(port)) => {
                if let Err(error) = disk.put_port(port) {
                    tracing::error!(%error, "the listen port could not be kept");
                }
            }
            Some(Job::History(answer)) => drop(answer.send(disk.history())),
        }
    }
}
