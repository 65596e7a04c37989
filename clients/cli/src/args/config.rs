//! Settings.

use clap::Subcommand;

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigVerb {
    /// Show what is in use: every setting, or one.
    Get {
        /// As in config.toml, with its table: times.ring_callee_ms.
        key: Option<String>,
    },
    /// Write a setting into config.toml, and use it at once where that can be.
    Set {
        /// As in config.toml.
        key: String,
        /// Its value; entries of a list are separated by commas.
        value: String,
    },
    /// Take a setting out of config.toml: its default counts.
    Unset {
        /// As in config.toml.
        key: String,
    },
}
