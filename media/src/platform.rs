//! What differs between operating systems.

#[cfg(target_os = "linux")]
mod urgent;

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

#[cfg(not(target_os = "linux"))]
use ordinary as urgent;
pub(crate) use urgent::{priority, raised_thread, take_demoted, urgent_thread, watch_urgent_threads};

/// Priority for threads of sound where we don't know how to ask for it.
#[cfg(not(target_os = "linux"))]
mod ordinary {
    use crate::host_media::api::Priority;

    pub(crate) fn watch_urgent_threads() {}

    pub(crate) fn urgent_thread() -> Priority {
        Priority::Usual
    }

    pub(crate) fn raised_thread() -> Priority {
        Priority::Usual
    }

    pub(crate) fn priority() -> Priority {
        Priority::Usual
    }

    pub(crate) fn take_demoted() -> bool {
        false
    }
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
