//! What `ahoy history` can do.

use std::path::PathBuf;

use clap::Subcommand;

/// `ahoy history`.
#[derive(Debug, Subcommand)]
pub(crate) enum HistoryVerb {
    /// Play a message that was left after a call.
    Play {
        /// Call id, or the beginning of one.
        call: String,
        /// Write it into this WAV file instead of playing it through the speaker.
        #[arg(long, value_name = "FILE.wav")]
        to: Option<PathBuf>,
    },
    /// Forget all calls of the past, with the messages left after them.
    Clear,
}
