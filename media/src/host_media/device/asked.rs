//! One connection to each sound system, through which all questions go, one at a time. cpal's connection to PulseAudio
//! leaves a thread, three files and 1 MiB behind when it is dropped without a stream (its crate pulseaudio 0.3.2 waits for
//! the socket, which says nothing any more), so a connection a question would fill the process.

use std::{
    collections::BTreeMap,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cpal::{Host, HostId, traits::HostTrait};

/// Time a question waits for the one before it: a sound system that hangs holds up one thread, not one a question.
const PATIENCE: Duration = Duration::from_millis(500);

static SYSTEMS: Systems = Systems { slots: Mutex::new(BTreeMap::new()), freed: Condvar::new() };

/// What is known of a sound system. The host is away while somebody asks.
enum Slot {
    Free(Option<Host>),
    Asked,
}

struct Systems {
    slots: Mutex<BTreeMap<&'static str, Slot>>,
    freed: Condvar,
}

impl Systems {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The host for one question; goes back whatever happens.
struct Turn {
    id: HostId,
    host: Option<Host>,
}

impl Turn {
    /// Nothing if the one before takes too long.
    fn take(id: HostId) -> Option<Self> {
        let busy = |slots: &mut BTreeMap<&'static str, Slot>| matches!(slots.get(id.name()), Some(Slot::Asked));
        let (mut slots, _) =
            SYSTEMS.freed.wait_timeout_while(SYSTEMS.lock(), PATIENCE, busy).unwrap_or_else(PoisonError::into_inner);
        match slots.insert(id.name(), Slot::Asked) {
            Some(Slot::Asked) => None,
            Some(Slot::Free(host)) => Some(Self { id, host }),
            None => Some(Self { id, host: None }),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        SYSTEMS.lock().insert(self.id.name(), Slot::Free(self.host.take()));
        SYSTEMS.freed.notify_all();
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
    let mut turn = Turn::take(id).ok_or(Silent::Busy)?;
    if turn.host.as_ref().is_none_or(|host| host.devices().is_err()) {
        turn.host = None;
        turn.host = cpal::host_from_id(id).ok();
    }
    turn.host.as_ref().map(question).ok_or(Silent::Absent)
}
