//! Priority for threads of sound: one that waits is heard. Real time where the system grants it, else a better nice value.
//!
//! A real-time thread that never waits would take a core from everybody, for ever: a card that does not keep time has
//! callbacks without a pause, and so may a defect of ours. So the kernel watches: after [`UNPAUSED_US`] of processor time without a wait
//! it sends a signal, whose handler makes the thread an ordinary one. Whatever such a thread starts (threads that open
//! cards, programs) begins as ordinary.
#![expect(unsafe_code, reason = "scheduling and signals have no safe interface")]

use std::{
    io,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use rustix::process::{Resource, Rlimit};

use crate::host_media::api::Priority;

/// Least of the real-time priorities: above everything that is not real time, below every sound server, on which we wait
/// (PulseAudio takes 5, PipeWire 20 to 88), and below the kernel's own threads.
const REAL_TIME: i32 = 1;

/// What PulseAudio takes for itself where real time is refused.
const NICE: i32 = -11;

/// Processor time without a wait after which a thread is no longer real-time, microseconds: callbacks and steps of the
/// audio thread take a few ms.
const UNPAUSED_US: u64 = 400_000;

/// A thread has lost its priority.
static DEMOTED: AtomicBool = AtomicBool::new(false);

/// Whether real-time threads are watched.
static WATCHED: OnceLock<bool> = OnceLock::new();

/// Has the kernel watch over real-time threads of this process; nothing is real-time before. Allocates, so it is no
/// callback's to call.
pub(crate) fn watch_urgent_threads() {
    WATCHED.get_or_init(|| {
        // SAFETY: the handler makes one system call and sets an atomic: both may be done in a signal handler.
        let handled = unsafe { signal_hook_registry::register(libc::SIGXCPU, demote) };
        handled.is_ok()
    });
}

/// Lets the calling thread run before others, and says what was granted. Neither allocates nor waits.
pub(crate) fn urgent_thread() -> Priority {
    if WATCHED.get().is_some_and(|watched| *watched) && limit().is_ok() && schedule(libc::SCHED_RR, REAL_TIME).is_ok() {
        return Priority::RealTime;
    }
    raised_thread()
}

/// The same, for a thread that is not worth real time.
pub(crate) fn raised_thread() -> Priority {
    // On Linux the value is that of a thread, and 0 names the one that asks.
    match rustix::process::setpriority_process(None, NICE) {
        Ok(()) => Priority::Raised,
        Err(_) => Priority::Usual,
    }
}

/// What the calling thread has.
pub(crate) fn priority() -> Priority {
    match rustix::process::getpriority_process(None) {
        _ if is_real_time() => Priority::RealTime,
        Ok(nice) if nice < 0 => Priority::Raised,
        Ok(_) | Err(_) => Priority::Usual,
    }
}

/// Whether a thread has lost its priority since the last call, because it never waited.
pub(crate) fn take_demoted() -> bool {
    DEMOTED.swap(false, Ordering::AcqRel)
}

/// Processor time that a real-time thread may take without a wait. The kernel adds a second each time it complains, so it
/// is set for every thread anew. No hard limit is set: the kernel would kill the daemon, and its calls.
fn limit() -> rustix::io::Result<()> {
    let now = rustix::process::getrlimit(Resource::Rttime);
    let current = now.maximum.map_or(UNPAUSED_US, |most| most.min(UNPAUSED_US));
    rustix::process::setrlimit(Resource::Rttime, Rlimit { current: Some(current), maximum: now.maximum })
}

/// What the kernel's signal does, on the thread that it is about.
fn demote() {
    if is_real_time() && schedule(libc::SCHED_OTHER, 0).is_ok() {
        DEMOTED.store(true, Ordering::Release);
    }
}

fn is_real_time() -> bool {
    // SAFETY: it takes no pointer and changes nothing; 0 is the calling thread.
    let policy = unsafe { libc::sched_getscheduler(0) };
    policy & !libc::SCHED_RESET_ON_FORK == libc::SCHED_RR
}

/// Schedules the calling thread; what it starts begins as ordinary.
fn schedule(policy: i32, priority: i32) -> io::Result<()> {
    let wanted = libc::sched_param { sched_priority: priority };
    // SAFETY: 0 is the calling thread, and `wanted` lives as long as the call.
    let refused = unsafe { libc::sched_setscheduler(0, policy | libc::SCHED_RESET_ON_FORK, &raw const wanted) };
    if refused == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests;
