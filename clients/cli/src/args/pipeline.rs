//! What `ahoy pipeline` can do.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `ahoy pipeline`. FILE is a manifest as docs/pipelines.md has it; `-` reads it from standard input.
#[derive(Debug, Subcommand)]
pub(crate) enum PipelineVerb {
    /// Draw what is set, with what its meters show.
    Show(PipedArgs),
    /// Send what is said through this pipeline from now on, in every call and after restarts, too; or, with --of, what is heard of
    /// one participant, until its call ends.
    Set {
        /// Manifest.
        file: PathBuf,
        /// Of whom.
        #[command(flatten)]
        of: PipedArgs,
    },
    /// Take it away again: sound passes as it is.
    Clear(PipedArgs),
    /// Say whether a manifest can be used, and what is wrong with it.
    Check {
        /// Manifest.
        file: PathBuf,
    },
    /// Run a pipeline once over a WAV file.
    Run {
        /// Manifest.
        file: PathBuf,
        /// WAV file, of an hour at most.
        input: PathBuf,
        /// WAV file that is made; it must not be there.
        output: PathBuf,
    },
}

/// Whose sound.
#[derive(Debug, Default, Args)]
pub(crate) struct PipedArgs {
    /// What is heard of this participant (name, account or device id) instead of what is said here.
    #[arg(long, value_name = "WHO")]
    pub(crate) of: Option<String>,
    /// Its call: id, or the beginning of one; without it there must be exactly one call.
    #[arg(long, value_name = "CALL", requires = "of")]
    pub(crate) call: Option<String>,
}
