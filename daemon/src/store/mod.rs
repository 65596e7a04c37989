//! What a daemon keeps: one redb file whose rows are sealed under a key file beside it.
//!
//! One thread owns the file. Groups of commands are applied in order, as many as wait in one transaction; a
//! group counts as done once it is on the disk. The file shows how many rows there are and how long they
//! are, not whom they are about: keys are keyed hashes, the real key is sealed with its value.

mod disk;
mod history;
mod owed;
mod record;
mod seal;
#[cfg(test)]
mod tests;
mod thread;

use std::path::Path;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use ahoy_protocol::control::{ControlError, Reply};
use ahoy_protocol::core::effect::{StoreCommand, Table};
use tokio::sync::{mpsc, oneshot};

use crate::limits;
use disk::Disk;
use thread::Job;

pub use history::{Entry, Page};

/// Layout of the file. A store of a newer layout is refused, an older one would be converted.
pub const VERSION: u64 = 1;

/// Name of the thread that opens a store: a panic there is an answer about the file, told as an error.
pub const OPENING: &str = "store-open";

/// Why the store cannot be used; written for the person who started the daemon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// The disk or the user's share of it is full.
    #[error("there is no room on the disk for {path}: make room; ahoyd goes on by itself then")]
    NoRoom {
        /// File.
        path: String,
    },
    /// Too much waits for the disk, or the store's thread is gone.
    #[error("the store takes nothing more: its disk is too slow, or the store failed (the log says which)")]
    Busy,
    /// A row that is too long; a defect of ours.
    #[error("a row of {bytes} bytes is too long for the store")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

impl StoreError {
    /// What the person at a frontend can do about a record that was not written.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoRoom { .. } => "make room on the disk of the daemon's home and try again; no restart is needed",
            Self::Busy => "wait a moment and try again; if it stays so, look at the daemon's log",
            Self::TooLong { .. } => "report this with the daemon's log",
            Self::Newer { .. } | Self::Unreadable { .. } | Self::NoKey { .. } | Self::Io { .. } => {
                "mend what the disk of the daemon's home says and try again; no restart is needed"
            }
        }
    }
}

/// Where a frontend's answer goes.
pub type Answer = oneshot::Sender<Result<Reply, ControlError>>;

/// What takes the sound of a message once it is read, or nothing if there is none; called on the store's thread, and must
/// return at once.
pub type TakeSound = Box<dyn FnOnce(Result<Option<Vec<u8>>, StoreError>) + Send>;

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
    pub failed: Option<StoreError>,
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
        let (path, key) = (file.to_owned(), key.to_owned());
        let (disk, loaded) = apart(file, move || Disk::open(&path, &key).and_then(|mut disk| Ok((disk.load()?, disk))))
            .map(|(loaded, disk)| (disk, loaded))?;
        Ok((Self::begin(disk, file, done)?, loaded))
    }

    fn begin(disk: Disk, file: &Path, done: mpsc::Sender<Committed>) -> Result<Store, StoreError> {
        let (jobs, inbox) = sync_channel(limits::WAITING_GROUPS);
        let spawned = std::thread::Builder::new().name("store".into()).spawn(move || thread::work(disk, &inbox, &done));
        Ok(Store { jobs, thread: spawned.map_err(|error| no_thread(file, &error))? })
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

    /// Answers with a page of the history, in its turn after the groups that were handed over; names are left open.
    pub fn list_history(&self, page: Page, answer: Answer) {
        self.ask(Job::History(page, answer));
    }

    /// Forgets the history, and answers when the disk has.
    pub fn clear_history(&self, answer: Answer) {
        self.ask(Job::ClearHistory(answer));
    }

    /// Reads the sound of a message, in its turn.
    pub fn read_sound(&self, key: Vec<u8>, take: TakeSound) {
        self.ask(Job::Sound(key, take));
    }

    fn ask(&self, job: Job) {
        let refused = match self.jobs.try_send(job) {
            Ok(()) => return,
            Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) => job,
        };
        thread::refuse(refused);
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

/// Runs on a thread of its own, which ends alone if it meets a file that redb itself cannot bear. Its name is
/// [`OPENING`], so that the process can keep that panic to itself.
fn apart<T: Send + 'static>(
    file: &Path,
    run: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let spawned = std::thread::Builder::new().name(OPENING.into()).spawn(run);
    match spawned.map_err(|error| no_thread(file, &error))?.join() {
        Ok(result) => result,
        Err(_) => Err(StoreError::Unreadable { path: file.display().to_string(), reason: "it is damaged".into() }),
    }
}

fn no_thread(file: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Io { what: "start the thread of", path: file.display().to_string(), reason: error.to_string() }
}
