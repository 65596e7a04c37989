//! What differs between operating systems: programs, and processes that outlive us.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// File name of the daemon's program.
pub(crate) const DAEMON: &str = if cfg!(windows) { "ahoyd.exe" } else { "ahoyd" };

/// The daemon's program: beside this one, else in PATH.
pub(crate) fn find_daemon() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|us| Some(us.parent()?.join(DAEMON)));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|folder| folder.join(DAEMON));
    beside.into_iter().chain(in_path).find(|candidate| candidate.is_file())
}

/// Lets the process go on when this one and its terminal are gone: Ctrl-C and hang-up reach only our own group.
#[cfg(unix)]
pub(crate) fn detach(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

/// Nothing to do.
#[cfg(not(unix))]
pub(crate) fn detach(_command: &mut Command) {}

/// Makes a directory and those above it, readable by this user only.
#[cfg(unix)]
pub(crate) fn private_dir(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a file, or empties it, readable by this user only.
#[cfg(unix)]
pub(crate) fn private_file(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Makes a file, or empties it.
#[cfg(not(unix))]
pub(crate) fn private_file(path: &Path) -> std::io::Result<File> {
    File::create(path)
}

/// Makes a directory and those above it.
#[cfg(not(unix))]
pub(crate) fn private_dir(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)
}
/// CPU seconds (user and system) used by a process and its peak memory in bytes, where the system tells.
#[cfg(target_os = "linux")]
pub(crate) fn usage(pid: u32) -> Option<(f64, u64)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Fields after the program's name, which is in brackets and may hold spaces: state is the third of all.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok());
    let seconds = (ticks(11)? + ticks(12)?) / TICKS_PER_SECOND;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = peak.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some((seconds, kib * 1024))
}

/// Linux counts CPU time for user space in hundredths of a second on every architecture we know of.
#[cfg(target_os = "linux")]
const TICKS_PER_SECOND: f64 = 100.0;

/// Not known here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn usage(_pid: u32) -> Option<(f64, u64)> {
    None
}

/// May users other than its owner change it?
#[cfg(unix)]
pub(crate) fn others_may_write(facts: &std::fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(facts) & 0o022 != 0
}

/// May users other than its owner read it?
#[cfg(unix)]
pub(crate) fn others_may_read(facts: &std::fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(facts) & 0o044 != 0
}

/// Not told by modes here.
#[cfg(not(unix))]
pub(crate) fn others_may_write(_facts: &std::fs::Metadata) -> bool {
    false
}

/// Not told by modes here.
#[cfg(not(unix))]
pub(crate) fn others_may_read(_facts: &std::fs::Metadata) -> bool {
    false
}

/// Room on the disk of a directory that we may use, bytes, where the system tells.
#[cfg(unix)]
pub(crate) fn free_bytes(dir: &Path) -> Option<u64> {
    let facts = rustix::fs::statvfs(dir).ok()?;
    Some(facts.f_bavail.saturating_mul(facts.f_frsize))
}

/// Not known here.
#[cfg(not(unix))]
pub(crate) fn free_bytes(_dir: &Path) -> Option<u64> {
    None
}
