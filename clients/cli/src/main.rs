//! `ahoy`: the daemon's frontend for terminals and scripts.

use std::process::ExitCode;

fn main() -> ExitCode {
    ahoy_cli::run()
}
