//! What `ahoy record` can do.

use std::path::PathBuf;

use clap::Subcommand;

/// `ahoy record`.
#[derive(Debug, Subcommand)]
pub(crate) enum RecordVerb {
    /// Record a call: everybody in it is told and asked; whoever does not agree is not written down.
    Start {
        /// Call id, or the beginning of one; without it the call one talks in.
        call: Option<String>,
        /// Folder for the files; it is made, and must not be there (default: one of its own beside the daemon's data).
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
    /// End our recording.
    Stop,
    /// Agree to be recorded by who asks for it.
    Accept {
        /// Call id, or the beginning of one; without it whoever asks.
        call: Option<String>,
    },
    /// Do not agree to be recorded, or no longer.
    Refuse {
        /// Call id, or the beginning of one; without it whoever asks or records us.
        call: Option<String>,
    },
}
