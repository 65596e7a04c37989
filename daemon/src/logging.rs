//! Logs: what is kept, where, and for how long. Installed by the binary only; the library just emits.
//!
//! Above DEBUG our own code logs no secret, address, session description or name. Crates of others do, at every
//! level. So a bare level speaks of our crates only; another crate is heard if it is named (those of the WebRTC
//! library one by one) and asked for at `debug` or `trace`, and what it says is never shown above DEBUG.

#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ahoy_media::simple_webrtc::LOG_TARGETS;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::writer::{MakeWriterExt as _, OptionalWriter};
use tracing_subscriber::fmt::{FmtContext, MakeWriter};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::{limits, platform};

/// Crates of ours.
const OURS: [&str; 4] = ["ahoyd", "ahoy_protocol", "ahoy_media", "ahoy_crypto"];

/// Levels, from silence to everything.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Is it one of our crates, or a module of one?
fn ours(target: &str) -> bool {
    OURS.contains(&target.split("::").next().unwrap_or_default())
}

/// Reads a filter: levels and TARGET=LEVEL, separated by commas. A bare level counts for our crates.
///
/// # Errors
/// For people: what is wrong, and what is possible.
pub fn filter(text: &str) -> Result<EnvFilter, String> {
    let mut directives = "off".to_owned();
    for directive in text.split(',').map(str::trim) {
        let (target, level) = match directive.split_once('=') {
            Some((target, level)) => (Some(target.trim()), level.trim()),
            None => (None, directive),
        };
        if !LEVELS.contains(&level) {
            let levels = LEVELS.join(", ");
            return Err(format!("is no log filter: {level:?} is none of {levels}, nor TARGET=LEVEL with one of them"));
        }
        match target {
            None => OURS.iter().for_each(|name| directives.push_str(&format!(",{name}={level}"))),
            Some(target) if !is_path(target) => {
                return Err(format!(
                    "is no log filter: {target:?} is no crate or module, such as ahoyd or ahoyd::gossip"
                ));
            }
            Some(target) if !ours(target) && ["error", "warn", "info"].contains(&level) => {
                return Err(format!(
                    "would write addresses and device ids: crates of others log them at every level. Ask for \
                     {target}=debug, and treat that log as private"
                ));
            }
            Some(target) => directives.push_str(&format!(",{target}={level}")),
        }
    }
    let named = |target: &str| text.split([',', '=']).any(|word| word.trim() == target);
    for target in LOG_TARGETS.iter().filter(|target| !named(target)) {
        directives.push_str(&format!(",{target}=off"));
    }
    EnvFilter::try_new(directives).map_err(|error| format!("is no log filter ({error})"))
}

fn is_path(target: &str) -> bool {
    !target.is_empty() && target.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))
}

/// Installs the process-wide subscriber: everything to the rotated file, warnings of our own to stderr as well.
/// What is still on its way is written when the guard is dropped.
///
/// # Errors
/// The log file cannot be opened, or the filter is none.
pub fn install(filter_text: &str, logs: &Path, files: u32) -> io::Result<WorkerGuard> {
    let rotated = Rotated::open(logs, files, limits::LOG_FILE_BYTES)?;
    let (file, guard) = NonBlockingBuilder::default().buffered_lines_limit(limits::LOG_LINES).finish(rotated);
    let filter = filter(filter_text).map_err(io::Error::other)?;
    subscriber(filter, OurWarnings(platform::stderr_is_watched()).and(file)).try_init().map_err(io::Error::other)?;
    Ok(guard)
}

/// What [`install`] installs, with another place for the lines: so that tests read just what would be in the file.
pub fn subscriber<W>(filter: EnvFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).event_format(Line).with_writer(writer).finish()
}

/// Standard error, for warnings and errors of our own crates; not if it is a file, which nobody rotates.
struct OurWarnings(bool);

impl<'a> MakeWriter<'a> for OurWarnings {
    type Writer = OptionalWriter<io::Stderr>;

    fn make_writer(&'a self) -> Self::Writer {
        OptionalWriter::none()
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Self::Writer {
        let heard = shown_level(meta) <= Level::WARN && self.0;
        if heard { OptionalWriter::some(io::stderr()) } else { OptionalWriter::none() }
    }
}

/// The level a line bears: what other crates say is not shown above DEBUG.
fn shown_level(meta: &Metadata<'_>) -> Level {
    if ours(meta.target()) { *meta.level() } else { (*meta.level()).max(Level::DEBUG) }
}

/// A line of the log: time, level, target, message and fields. No spans: those of others hold peer ids.
pub(crate) struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        // Records of the `log` crate bear their target and level in fields.
        let normalized = event.normalized_metadata();
        let meta = normalized.as_ref().unwrap_or_else(|| event.metadata());
        SystemTime.format_time(&mut to)?;
        write!(to, " {:>5} {}: ", shown_level(meta), meta.target())?;
        ctx.format_fields(to.by_ref(), event)?;
        writeln!(to)
    }
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
