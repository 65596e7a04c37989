//! Logs: what is kept, where, and for how long. Installed by the binary only; the library just emits.
//!
//! Above DEBUG our own code logs no secret, address, session description or name. Other crates do log
//! addresses, so a bare level speaks of ours only; `libp2p_swarm=info` and the like must be asked for. Those of
//! the WebRTC library stay off even under `debug,ahoyd=trace`: they have to be named one by one.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ahoy_media::simple_webrtc::LOG_TARGETS;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::MakeWriterExt as _;

use crate::{limits, platform};

/// Crates of ours.
const OURS: [&str; 4] = ["ahoyd", "ahoy_protocol", "ahoy_media", "ahoy_crypto"];

/// Reads a filter: a bare level counts for our crates, anything else is taken as directives.
///
/// # Errors
/// For people: what is wrong.
pub fn filter(text: &str) -> Result<EnvFilter, String> {
    let directives = match text {
        "off" | "error" | "warn" | "info" | "debug" | "trace" => {
            OURS.iter().fold("off".to_owned(), |all, name| format!("{all},{name}={text}"))
        }
        directives => LOG_TARGETS
            .iter()
            .filter(|target| !directives.contains(*target))
            .fold(directives.to_owned(), |all, target| format!("{all},{target}=off")),
    };
    EnvFilter::try_new(directives).map_err(|error| format!("is no log filter ({error})"))
}

/// Installs the process-wide subscriber: everything to the rotated file, warnings to stderr as well.
/// What is still on its way is written when the guard is dropped.
///
/// # Errors
/// The log file cannot be opened, or the filter is none.
pub fn install(filter_text: &str, logs: &Path, files: u32) -> io::Result<WorkerGuard> {
    let rotated = Rotated::open(logs, files, limits::LOG_FILE_BYTES)?;
    let (file, guard) = NonBlockingBuilder::default().buffered_lines_limit(limits::LOG_LINES).finish(rotated);
    let filter = filter(filter_text).map_err(io::Error::other)?;
    let both = io::stderr.with_max_level(tracing::Level::WARN).and(file);
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(both)
        .try_init()
        .map_err(io::Error::other)?;
    Ok(guard)
}

/// A log file that begins anew at a size; the ones before are kept as `ahoyd.log.1` (newest) and so on.
pub(crate) struct Rotated {
    dir: PathBuf,
    files: u32,
    limit: u64,
    file: File,
    written: u64,
}

impl Rotated {
    /// Goes on with the file that is there. `files` counts the current one; `limit` is in bytes.
    pub(crate) fn open(dir: &Path, files: u32, limit: u64) -> io::Result<Self> {
        let mut file = platform::open_private(&dir.join("ahoyd.log"), true)?;
        let written = io::Seek::seek(&mut file, io::SeekFrom::End(0))?;
        Ok(Self { dir: dir.to_owned(), files, limit, file, written })
    }

    fn path(&self, number: u32) -> PathBuf {
        match number {
            0 => self.dir.join("ahoyd.log"),
            number => self.dir.join(format!("ahoyd.log.{number}")),
        }
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (0..self.files.saturating_sub(1)).rev() {
            match std::fs::rename(self.path(number), self.path(number + 1)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        if self.files <= 1 {
            std::fs::remove_file(self.path(0))?;
        }
        self.file = platform::open_private(&self.path(0), true)?;
        self.written = 0;
        Ok(())
    }
}

impl Write for Rotated {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.written > 0 && self.written + line.len() as u64 > self.limit {
            self.rotate()?;
        }
        let done = self.file.write(line)?;
        self.written += done as u64;
        Ok(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
