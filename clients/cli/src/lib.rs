//! The `ahoy` command as a library: [`run`] is the program, [`measure`] tells whether what was said was heard.

use std::process::ExitCode;

use clap::Parser;

mod args;
mod demo;
mod failure;
mod launch;
pub mod measure;
mod out;
mod pages;
mod platform;
mod say;
mod verbs;

/// Runs the program on its command line; the exit code says how it came out.
#[must_use]
pub fn run() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // What was read of a wrong command line is unknown: whoever says --json anywhere in it is a script.
            if error.use_stderr() && std::env::args_os().any(|arg| arg == "--json") {
                let text = error.render().to_string();
                out::Out::new(true).object(&failure::Failure::Usage(text).object()).unwrap_or_default();
            }
            // With exit code 2 for wrong usage.
            error.exit()
        }
    };
    let out = out::Out::new(args.json);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(verbs::run(&args, &out)),
        Err(error) => Err(failure::Failure::Failed(format!("this system gives no runtime: {error}"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads our output went away (`ahoy watch | head -1`): nothing is wrong.
        Err(failure::Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            out.complain(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
