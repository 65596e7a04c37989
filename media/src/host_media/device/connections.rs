//! Connections to the sound systems: one store, from which streams and questions take one, and to which they give it back. cpal's
//! connection to PulseAudio is not closed but kept for the next, as closing one is a race: it leaves a thread, three files and 1 MiB behind
//! if no stream was ever on it, and now and then if one was (its crate pulseaudio 0.3.2 waits for the socket, which says nothing any
//! more; the thread ends only if nobody holds the client when the answer to the last order comes).

use std::{
    collections::BTreeMap,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use cpal::{Host, HostId, traits::HostTrait};

use super::hosts::is_server;
use crate::limits::{KEPT_CONNECTIONS, SOUND_SYSTEM_ANSWER};

static SYSTEMS: Store<Host> = Store::new();

/// Something that is asked for devices.
trait Connection {
    /// Whether a server is at its other end, so that it is worth keeping.
    fn is_served(&self) -> bool;
    /// Whether that still answers.
    fn answers(&self) -> bool;
}

impl Connection for Host {
    fn is_served(&self) -> bool {
        is_server(self.id())
    }

    fn answers(&self) -> bool {
        self.devices().is_ok()
    }
}

/// What is known of a sound system.
struct System<C> {
    /// Connections that nobody uses.
    free: Vec<C>,
    /// A question is under way: the next waits, so that a system that hangs holds up one thread, not one a question.
    asked: bool,
}

/// All sound systems, by their names.
struct Store<C> {
    systems: Mutex<BTreeMap<&'static str, System<C>>>,
    answered: Condvar,
}

/// The right to ask a sound system; given back whatever happens.
struct Turn<'a, C>(&'a Store<C>, &'static str);

impl<C> Drop for Turn<'_, C> {
    fn drop(&mut self) {
        if let Some(system) = self.0.lock().get_mut(self.1) {
            system.asked = false;
        }
        self.0.answered.notify_all();
    }
}

impl<C> Store<C> {
    const fn new() -> Self {
        Self { systems: Mutex::new(BTreeMap::new()), answered: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, System<C>>> {
        self.systems.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing if the question before takes too long.
    fn turn(&self, name: &'static str) -> Option<Turn<'_, C>> {
        let busy = |systems: &mut BTreeMap<_, System<C>>| systems.get(name).is_some_and(|system| system.asked);
        let waited = self.answered.wait_timeout_while(self.lock(), SOUND_SYSTEM_ANSWER, busy);
        let (mut systems, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let system = systems.entry(name).or_insert_with(|| System { free: Vec::new(), asked: false });
        (!std::mem::replace(&mut system.asked, true)).then(|| Turn(self, name))
    }
}

impl<C: Connection> Store<C> {
    /// A connection that nobody uses, of before or a new one; none if the sound system doesn't answer.
    fn connect(&self, name: &'static str, new: impl Fn() -> Option<C>) -> Option<C> {
        loop {
            let kept = self.lock().get_mut(name).and_then(|system| system.free.pop());
            match kept {
                Some(kept) if kept.answers() => return Some(kept),
                // Its server has ended, and its thread with it.
                Some(_) => {}
                None => return new(),
            }
        }
    }

    /// Keeps a connection that nobody uses any more.
    fn keep(&self, name: &'static str, connection: C) {
        let mut systems = self.lock();
        let system = systems.entry(name).or_insert_with(|| System { free: Vec::new(), asked: false });
        if connection.is_served() && system.free.len() < KEPT_CONNECTIONS {
            system.free.push(connection);
        }
    }

    fn ask<R>(
        &self,
        name: &'static str,
        new: impl Fn() -> Option<C>,
        question: impl FnOnce(&C) -> R,
    ) -> Result<R, Silent> {
        let _turn = self.turn(name).ok_or(Silent::Busy)?;
        let connection = self.connect(name, new).ok_or(Silent::Absent)?;
        let answer = question(&connection);
        self.keep(name, connection);
        Ok(answer)
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silent {
    /// It has not answered an earlier question yet.
    Busy,
    /// It does not run here.
    Absent,
}

/// Asks a sound system. A server that was restarted is connected to again.
///
/// # Errors
/// [`Silent`] says why nothing was asked.
pub(super) fn ask<R>(id: HostId, question: impl FnOnce(&Host) -> R) -> Result<R, Silent> {
    SYSTEMS.ask(id.name(), || cpal::host_from_id(id).ok(), question)
}

/// A connection for a stream, which is to be given back to [`keep`]; none if the sound system does not answer.
pub(super) fn connect(id: HostId) -> Option<Host> {
    SYSTEMS.connect(id.name(), || cpal::host_from_id(id).ok())
}

/// Keeps a connection that no stream uses any more.
pub(super) fn keep(host: Host) {
    SYSTEMS.keep(host.id().name(), host);
}

#[cfg(test)]
mod tests;
