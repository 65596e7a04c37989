//! The `ahoyd` process: reads settings, installs the log, runs one node until it is asked to stop.

use std::io::Write as _;
use std::process::ExitCode;

use ahoy_protocol::control::HomePaths;
use ahoyd::config::{Args, Config, ConfigError};
use ahoyd::home::{Home, HomeError};
use ahoyd::node::{Node, Parts};
use ahoyd::service::NotifyState;
use ahoyd::{logging, pages, platform, service};
use clap::Parser as _;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    ahoyd::panics::install();
    let args = Args::parse();
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("ahoyd: {error}"));
            // As for a wrong command line: started again as it is, it would fail again.
            if error.is::<ConfigError>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

fn run(args: &Args) -> Result<bool, Failure> {
    if let Some(page) = args.print {
        std::io::stdout().write_all(&pages::page(page)?)?;
        return Ok(true);
    }
    let env = |name: &str| std::env::var_os(name);
    let paths = HomePaths::find(args.home.as_deref(), &env).ok_or(HomeError::Nowhere)?;
    let config = Config::load(args, &paths, &env)?;
    if args.check_config {
        let file = args.config.as_ref().unwrap_or(&paths.config);
        let missing = if file.exists() { "" } else { " (there is no such file: the defaults hold)" };
        say(&format!("the settings are good: {}{missing}", file.display()));
        return Ok(true);
    }
    let home = Home::open(paths)?;
    let logs = home.paths().logs.clone();
    let _log = logging::install(&config.log, &logs, config.log_files)
        .map_err(|error| format!("cannot write the log in {}: {error}", logs.display()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let done = runtime.block_on(serve(args, home, config));
    // A thread that waits for standard input would hold the process back.
    runtime.shutdown_background();
    done
}

async fn serve(args: &Args, home: Home, config: Config) -> Result<bool, Failure> {
    // Before anything is started: a signal from here on stops it in good order.
    let stop_requested = platform::stop_requested();
    tokio::pin!(stop_requested);
    let socket = home.paths().socket.clone();
    let mut node = tokio::select! {
        node = Node::start(home, config, Parts::real()) => node?,
        stopped = &mut stop_requested => return Ok(stopped.map(|()| true)?),
    };
    tell(NotifyState::Ready);
    say(&format!("ahoyd is ready; its control socket is {}", socket.display()));
    if let Some(at) = node.metrics() {
        say(&format!("figures for Prometheus: http://{at}/metrics"));
    }
    let stdio = args.stdio.then(|| node.control().serve(tokio::io::stdin(), tokio::io::stdout()));
    let stdin_ended = async {
        match stdio {
            Some(session) => drop(session.await),
            None => std::future::pending().await,
        }
    };
    let control = node.control().clone();
    let alive = async {
        match service::watchdog() {
            Some(limit) => service::keep_alive(&control, limit, service::tell).await,
            None => std::future::pending().await,
        }
    };
    let good = tokio::select! {
        good = node.ended() => good,
        stopped = &mut stop_requested => { stopped?; true }
        () = stdin_ended => true,
        () = alive => true,
    };
    tell(NotifyState::Stopping);
    node.shutdown().await;
    Ok(good)
}

/// For the service manager, if one started us; without it everything works the same.
fn tell(state: NotifyState<'_>) {
    if let Err(error) = service::tell(state) {
        tracing::warn!(%error, "the service manager takes no message");
    }
}

/// For people; a closed stderr is no reason to stop.
fn say(line: &str) {
    if writeln!(std::io::stderr(), "{line}").is_err() {
        tracing::debug!("nobody reads stderr");
    }
}
