//! What differs between operating systems.

use std::{
    fs::{DirBuilder, OpenOptions},
    io,
    path::Path,
    time::Instant,
};

/// Microseconds of the machine's monotonic clock (CLOCK_MONOTONIC), the same for all processes: figures of two daemons
/// on one machine can be compared. On systems without it, microseconds since `origin`.
#[cfg(unix)]
pub(crate) fn monotonic_us(_origin: Instant) -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let (seconds, nanos) = (u64::try_from(now.tv_sec).unwrap_or(0), u64::try_from(now.tv_nsec).unwrap_or(0));
    seconds * 1_000_000 + nanos / 1_000
}

/// See above.
#[cfg(not(unix))]
pub(crate) fn monotonic_us(origin: Instant) -> u64 {
    u64::try_from(origin.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// Lets the calling thread run before others where the system grants it: a thread of sound that waits is heard. False:
/// refused (on Linux a user needs RLIMIT_NICE, which many systems grant to the group `audio`).
#[cfg(target_os = "linux")]
pub(crate) fn urgent_thread() -> bool {
    /// What PulseAudio takes for itself.
    const NICE: i32 = -11;
    // On Linux the priority is that of a thread, and 0 names the one that asks.
    rustix::process::setpriority_process(None, NICE).is_ok()
}

/// See above; nothing is asked for there yet.
#[cfg(not(target_os = "linux"))]
pub(crate) fn urgent_thread() -> bool {
    false
}

/// Options that make a file only its owner can read: what a person hears in a call is private.
#[cfg(unix)]
pub(crate) fn private_file() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// See above; the access list of the folder decides there.
#[cfg(not(unix))]
pub(crate) fn private_file() -> OpenOptions {
    OpenOptions::new()
}

/// Makes a folder that only its owner can enter. One that is there, also as a symbolic link, is an error.
#[cfg(unix)]
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    DirBuilder::new().mode(0o700).create(path)
}

/// See above; the access list of the folder above decides there.
#[cfg(not(unix))]
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().create(path)
}
