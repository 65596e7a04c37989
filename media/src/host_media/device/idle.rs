//! Connections to a sound server whose stream is closed, kept for the next stream. Closing one is a race: the thread of
//! cpal's client (its crate pulseaudio 0.3.2) ends only if nobody holds the client any more when the answer to the last order
//! comes; on a busy machine one of ten test runs left some behind, each with its thread and three files.

use std::sync::{Mutex, MutexGuard, PoisonError};

use cpal::{Host, HostId, traits::HostTrait};

use super::hosts::is_server;
use crate::limits::IDLE_CONNECTIONS;

static IDLE: Mutex<Vec<Host>> = Mutex::new(Vec::new());

fn idle() -> MutexGuard<'static, Vec<Host>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection that no stream uses; none if the sound system does not answer.
pub(super) fn connect(id: HostId) -> Option<Host> {
    loop {
        let kept = {
            let mut idle = idle();
            let place = idle.iter().position(|host| host.id() == id);
            place.map(|place| idle.swap_remove(place))
        };
        match kept {
            Some(host) if host.devices().is_ok() => return Some(host),
            // Its server has ended, and its thread with it.
            Some(_) => {}
            None => return cpal::host_from_id(id).ok(),
        }
    }
}

/// Keeps a connection that no stream uses any more.
pub(super) fn keep(host: Host) {
    let mut idle = idle();
    if is_server(host.id()) && idle.len() < IDLE_CONNECTIONS {
        idle.push(host);
    }
}
