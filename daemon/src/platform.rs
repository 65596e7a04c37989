//! Everything that is different on another operating system: private files, locks, the control socket, signals.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

/// Longest path of a Unix socket, bytes: `sun_path` holds 108 with the closing NUL (unix(7)).
pub const SOCKET_PATH_MAX: usize = 107;

/// Connections that wait for `accept`: with a full queue a client that does not block gets EAGAIN (unix(7)), so a storm of
/// them must fit.
const BACKLOG: i32 = 1024;

/// What matters of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirFacts {
    /// Its owner's user id.
    pub owner: u32,
    /// Somebody else may make files in it.
    pub shared: bool,
}

/// The user this process acts for.
#[must_use]
pub fn our_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Makes a directory (and those above it) that only we can enter. One that exists stays as it is.
///
/// # Errors
/// What the operating system says.
pub fn make_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Looks at a directory without following a symbolic link in its place.
///
/// # Errors
/// `FilesystemLoop` or `NotADirectory` for a symbolic link (by kernel), or what the operating system says.
pub fn inspect_dir(path: &Path) -> io::Result<DirFacts> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let dir = rustix::fs::open(path, flags, Mode::empty())?;
    let stat = rustix::fs::fstat(&dir)?;
    Ok(DirFacts { owner: stat.st_uid, shared: stat.st_mode & 0o022 != 0 })
}

/// Opens a file of ours for reading and writing, never through a symbolic link; a new one can be read by us only.
///
/// # Errors
/// `PermissionDenied` if it is somebody else's, or what the operating system says.
pub fn open_private(path: &Path, create: bool) -> io::Result<File> {
    // NONBLOCK means nothing to a file; without it a pipe or a device in its place could hold the start up for ever.
    let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(create)
        .truncate(false)
        .mode(0o600)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or(0))
        .open(path);
    let file = match opened {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            return Err(io::Error::other("it is a symbolic link: put the file itself there"));
        }
        opened => opened?,
    };
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(io::Error::other("it is no file (a directory, pipe, socket or device): move it away"));
    }
    if facts.uid() != our_uid() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
    }
    Ok(file)
}

/// Makes a file that isn't there yet, not even as a symbolic link, and that only we can read.
///
/// # Errors
/// `AlreadyExists`, or what the operating system says.
pub fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Opens a file for reading, also through a symbolic link, and never waits: what is no file is refused.
///
/// # Errors
/// What the operating system says.
pub fn open_plain(path: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file (a directory, pipe, socket or device): move it away"));
    }
    Ok(file)
}

/// Takes a file away from everybody else; true if others could get at it until now.
///
/// # Errors
/// What the operating system says.
pub fn make_private(file: &File) -> io::Result<bool> {
    if file.metadata()?.mode() & 0o077 == 0 {
        return Ok(false);
    }
    rustix::fs::fchmod(file, Mode::RUSR | Mode::WUSR)?;
    Ok(true)
}

/// Makes renames in a directory last through a power cut.
///
/// # Errors
/// What the operating system says.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// What stands where a socket shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtSocketPath {
    /// Nothing.
    Nothing,
    /// A socket.
    Socket,
    /// Something else.
    Other,
}

/// Looks at a socket's path without following links.
///
/// # Errors
/// What the operating system says.
pub fn at_socket_path(path: &Path) -> io::Result<AtSocketPath> {
    match std::fs::symlink_metadata(path) {
        Ok(facts) if facts.file_type().is_socket() => Ok(AtSocketPath::Socket),
        Ok(_) => Ok(AtSocketPath::Other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(AtSocketPath::Nothing),
        Err(error) => Err(error),
    }
}

/// Makes the control socket with mode 0600 from its first moment: Linux takes the mode of a bound socket from
/// the unbound one (unix(7)), so that neither a umask of the whole process nor a later chmod is needed.
///
/// # Errors
/// What the operating system says.
pub fn bind_socket(path: &Path) -> io::Result<UnixListener> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket: OwnedFd = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(UnixListener::from(socket))
}

/// Whether the other end of a connection is a process of our user.
#[must_use]
pub fn peer_is_us(stream: &tokio::net::UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == our_uid())
}

/// Processes of other users that want in: told once, so that they cannot fill the log.
#[derive(Debug, Default)]
pub struct Foreign {
    told: bool,
}

impl Foreign {
    /// One was turned away from `what`.
    pub fn turned_away(&mut self, what: &'static str) {
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!("a process of another user was turned away from the {what}; further ones are not told");
        }
    }
}

/// SIGHUP was ignored when we started, as nohup(1) does it (proc(5)); false where the system does not tell.
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// Waits until the process is asked to stop: by SIGTERM, SIGINT, or SIGHUP (its terminal was closed).
///
/// # Errors
/// What the operating system says if signals cannot be received.
pub async fn stop_requested() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stays = hangup_is_ignored();
    let mut hangup = if stays { None } else { Some(signal(SignalKind::hangup())?) };
    let terminal_closed = async {
        match &mut hangup {
            Some(hangup) => hangup.recv().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = terminal_closed => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// What the process takes of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Resident memory, bytes.
    pub resident_bytes: u64,
    /// Threads.
    pub threads: u64,
    /// Open file descriptors.
    pub descriptors: u64,
}

/// What this process takes now (proc(5)); none where the system does not tell.
#[must_use]
pub fn process_usage() -> Option<Usage> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let descriptors = u64::try_from(std::fs::read_dir("/proc/self/fd").ok()?.count()).ok()?;
    Some(Usage { resident_bytes: field("VmRSS:")? * 1024, threads: field("Threads:")?, descriptors })
}

/// How many files this process may have open; none: no bound.
#[must_use]
pub fn open_files_max() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// Standard error goes to somebody: a terminal, a pipe, the journal. A file there (that of `ahoy start`) would grow for
/// ever.
#[must_use]
pub fn stderr_is_watched() -> bool {
    rustix::fs::fstat(io::stderr()).is_ok_and(|facts| !rustix::fs::FileType::from_raw_mode(facts.st_mode).is_file())
}
