//! The places of one daemon on disk: made private, checked, and held by one instance.

#[cfg(test)]
mod tests;

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use ahoy_protocol::control::HomePaths;

use crate::platform::{self, AtSocketPath};

/// Why a home cannot be used; written for the person who started the daemon.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Neither `--home` nor a home directory of the user.
    #[error("there is no home directory: give --home DIR")]
    Nowhere,
    /// The socket's path does not fit.
    #[error(
        "the path of the control socket is too long: {path} has {bytes} bytes, {max} are possible. Give a shorter --home"
    )]
    SocketPathTooLong {
        /// Path.
        path: String,
        /// Its length.
        bytes: usize,
        /// What is possible.
        max: usize,
    },
    /// Somebody else's directory.
    #[error(
        "{path} belongs to user id {owner}, not to you (user id {us}): give another --home, or start ahoyd as its owner"
    )]
    NotOurs {
        /// Path.
        path: String,
        /// Its owner.
        owner: u32,
        /// Us.
        us: u32,
    },
    /// Others may write there.
    #[error("other users may write to {path}: forbid it (chmod go-w) or give another --home")]
    Shared {
        /// Path.
        path: String,
    },
    /// A symbolic link, or no directory.
    #[error("{path} is a symbolic link or not a directory: name the directory itself as --home")]
    NoDirectory {
        /// Path.
        path: String,
    },
    /// Another daemon runs there.
    #[error(
        "an ahoyd runs in this home already{}: use it, stop it (ahoy stop), or give another --home",
        match .pid { Some(pid) => format!(" (process {pid})"), None => String::new() }
    )]
    Taken {
        /// Its process id, if it could be read.
        pid: Option<u32>,
    },
    /// Something that is no socket stands in its place.
    #[error("{path} exists and is not a socket: move it away")]
    SocketTaken {
        /// Path.
        path: String,
    },
    /// The operating system refuses.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: String,
        /// Its reason.
        source: io::Error,
    },
}

/// A home that is ours and held: no other daemon can use it until this is dropped.
#[derive(Debug)]
pub struct Home {
    paths: HomePaths,
    _lock: File,
}

impl Home {
    /// Makes what is missing, checks what is there, and takes the lock.
    ///
    /// # Errors
    /// [`HomeError`] says what is wrong and what to do.
    pub fn open(paths: HomePaths) -> Result<Home, HomeError> {
        let bytes = paths.socket.as_os_str().len();
        if bytes > platform::SOCKET_PATH_MAX {
            let path = shown(&paths.socket);
            return Err(HomeError::SocketPathTooLong { path, bytes, max: platform::SOCKET_PATH_MAX });
        }
        if let Some(dir) = paths.socket.parent() {
            private_dir(dir)?;
        }
        private_dir(&paths.data)?;
        private_dir(&paths.logs)?;
        let lock = take_lock(&paths.lock())?;
        Ok(Home { paths, _lock: lock })
    }

    /// Where everything is.
    #[must_use]
    pub fn paths(&self) -> &HomePaths {
        &self.paths
    }

    /// File of the store.
    #[must_use]
    pub fn store_file(&self) -> PathBuf {
        self.paths.data.join("store.redb")
    }

    /// File of the key that seals the store's values.
    #[must_use]
    pub fn store_key_file(&self) -> PathBuf {
        self.paths.data.join("store.key")
    }

    /// Makes the control socket; one that a dead daemon left is removed, which only the holder of the lock may do.
    ///
    /// # Errors
    /// [`HomeError::SocketTaken`], [`HomeError::Io`].
    pub fn bind_socket(&self) -> Result<UnixListener, HomeError> {
        let path = &self.paths.socket;
        match platform::at_socket_path(path).map_err(|source| failed("look at", path, source))? {
            AtSocketPath::Nothing => {}
            AtSocketPath::Socket => {
                std::fs::remove_file(path).map_err(|source| failed("remove the old socket", path, source))?;
            }
            AtSocketPath::Other => return Err(HomeError::SocketTaken { path: shown(path) }),
        }
        platform::bind_socket(path).map_err(|source| failed("make the socket", path, source))
    }

    /// Removes the control socket, so that clients see at once that nobody is there. Whatever else is at its path
    /// stays: a start that was refused because of it must not cost anybody a file.
    pub fn remove_socket(&self) {
        if !matches!(platform::at_socket_path(&self.paths.socket), Ok(AtSocketPath::Socket)) {
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.paths.socket) {
            tracing::debug!(%error, "the control socket was gone already");
        }
    }
}

fn private_dir(path: &Path) -> Result<(), HomeError> {
    match platform::make_private_dir(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(HomeError::NoDirectory { path: shown(path) });
        }
        Err(source) => return Err(failed("make", path, source)),
    }
    let facts = match platform::inspect_dir(path) {
        Ok(facts) => facts,
        Err(source) => {
            let link = std::fs::symlink_metadata(path).is_ok_and(|facts| facts.file_type().is_symlink());
            let no_directory = HomeError::NoDirectory { path: shown(path) };
            return Err(if link { no_directory } else { failed("open", path, source) });
        }
    };
    let us = platform::our_uid();
    if facts.owner != us {
        return Err(HomeError::NotOurs { path: shown(path), owner: facts.owner, us });
    }
    if facts.shared {
        return Err(HomeError::Shared { path: shown(path) });
    }
    Ok(())
}

fn take_lock(path: &Path) -> Result<File, HomeError> {
    let mut file = platform::open_private(path, true).map_err(|source| failed("open", path, source))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let read = Read::take(&file, 16).read_to_string(&mut text);
            let pid = read.ok().and_then(|_| text.trim().parse().ok());
            return Err(HomeError::Taken { pid });
        }
        Err(TryLockError::Error(source)) => return Err(failed("lock", path, source)),
    }
    // The number is only shown to people; the lock itself is what counts.
    let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(|source| failed("write", path, source))?;
    Ok(file)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn failed(what: &'static str, path: &Path, source: io::Error) -> HomeError {
    HomeError::Io { what, path: shown(path), source }
}
