//! The store's thread: takes jobs in order, as many groups as wait in one transaction, and tries again what the disk
//! did not take.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use ahoy_protocol::control::{ControlError, DoneReply, ErrorKind, Reply};
use ahoy_protocol::core::effect::StoreCommand;
use tokio::sync::mpsc;

use super::disk::{self, Disk};
use super::owed::Owed;
use super::{Answer, Committed, Page, StoreError, TakeSound};
use crate::limits;

/// What the thread is asked to do.
pub(super) enum Job {
    Group { number: u64, commands: Vec<StoreCommand> },
    Port(u16),
    History(Page, Answer),
    ClearHistory(Answer),
    Sound(Vec<u8>, TakeSound),
}

/// Works until nobody can ask any more; what is owed is tried a last time then.
pub(super) fn work(mut disk: Disk, inbox: &Receiver<Job>, done: &mpsc::Sender<Committed>) {
    let mut owed = Owed::default();
    loop {
        match next(inbox, &owed) {
            Ok(first) => jobs(&mut disk, &mut owed, first, inbox, done),
            Err(RecvTimeoutError::Timeout) => pay(&mut disk, &mut owed),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    pay(&mut disk, &mut owed);
}

fn next(inbox: &Receiver<Job>, owed: &Owed) -> Result<Job, RecvTimeoutError> {
    if owed.is_empty() {
        return inbox.recv().map_err(|_| RecvTimeoutError::Disconnected);
    }
    inbox.recv_timeout(Duration::from_millis(limits::OWED_RETRY_MS))
}

fn jobs(disk: &mut Disk, owed: &mut Owed, first: Job, inbox: &Receiver<Job>, done: &mpsc::Sender<Committed>) {
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
            Job::Port(_) | Job::History(..) | Job::ClearHistory(_) | Job::Sound(..) => other = Some(job),
        }
    }
    if let Some(up_to) = up_to {
        let failed = write(disk, owed, groups).err();
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
        Some(Job::Sound(key, take)) => take(disk.sound(&key)),
        Some(Job::History(page, answer)) => tell(answer, disk.history().map(|all| Reply::History(page.of(all)))),
        Some(Job::ClearHistory(answer)) => {
            let cleared = disk.clear_history();
            if cleared.is_ok() {
                owed.forget_history();
            }
            tell(answer, cleared.map(|()| Reply::Done(DoneReply::default())));
        }
    }
}

/// Writes what is owed and what is new in one transaction.
fn write(disk: &mut Disk, owed: &mut Owed, groups: Vec<StoreCommand>) -> Result<(), StoreError> {
    match disk.apply(owed.commands().chain(&groups)) {
        Ok(()) => {
            if !owed.is_empty() {
                tracing::info!("the store is written again");
            }
            owed.paid();
            Ok(())
        }
        Err(error) => {
            tracing::error!(%error, "the store could not be written");
            // A row that can never be written is not tried again; what it kept from being written is.
            owed.keep(groups.into_iter().filter(disk::fits).collect());
            Err(error)
        }
    }
}

fn pay(disk: &mut Disk, owed: &mut Owed) {
    if owed.is_empty() {
        return;
    }
    match disk.apply(owed.commands()) {
        Ok(()) => {
            owed.paid();
            tracing::info!("the store is written again");
        }
        Err(error) => tracing::debug!(%error, "the store still cannot be written"),
    }
}

/// Tells a frontend; one that left meanwhile needs no answer.
fn tell(answer: Answer, result: Result<Reply, StoreError>) {
    let result = result.map_err(|error| ControlError::new(ErrorKind::NoResources, error.to_string(), error.hint()));
    if answer.send(result).is_err() {
        tracing::debug!("a frontend left before its answer");
    }
}

/// A job that found no room: whoever waits for it is told.
pub(super) fn refuse(job: Job) {
    match job {
        Job::History(_, answer) | Job::ClearHistory(answer) => tell(answer, Err(StoreError::Busy)),
        Job::Sound(_, take) => take(Err(StoreError::Busy)),
        Job::Group { .. } | Job::Port(_) => tracing::error!("rows are lost: the store takes nothing more"),
    }
}
