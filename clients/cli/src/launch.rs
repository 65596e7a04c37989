//! Starting the daemon's program and waiting until it answers.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::process::Child;

use ahoy_client::control::HomePaths;
use ahoy_client::{Client, ClientError};

use crate::args::StartArgs;
use crate::failure::Failure;
use crate::platform;

/// How long a daemon may take until it answers. It needs a fraction of a second; a debug build on a busy machine more.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How often we look whether it answers; there is nothing to wait on before its socket exists.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A stopping daemon promises to be gone within 2 s.
pub(crate) const STOP_LIMIT: Duration = Duration::from_secs(10);

/// Waits until no daemon holds this home: one that was stopped or killed needs a moment to let go of it. False if one
/// still does after [`STOP_LIMIT`].
pub(crate) async fn free(paths: &HomePaths) -> bool {
    let looks = async {
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            look.tick().await;
            // Locked for the moment of the look only. A home without the file never had a daemon.
            let held = File::open(paths.lock()).is_ok_and(|file| file.try_lock_shared().is_err());
            if !held {
                return;
            }
        }
    };
    tokio::time::timeout(STOP_LIMIT, looks).await.is_ok()
}

/// The daemon's command line. What it says goes nowhere unless the caller redirects its stderr.
pub(crate) fn daemon_command(home: Option<&Path>, args: &StartArgs) -> Result<Command, Failure> {
    let program = platform::find_daemon().ok_or_else(|| {
        let name = platform::DAEMON;
        Failure::Failed(format!("{name} is neither beside this program nor in PATH: install it, or build it"))
    })?;
    let mut command = Command::new(program);
    if let Some(home) = home {
        command.arg("--home").arg(home);
    }
    if let Some(config) = &args.config {
        command.arg("--config").arg(config);
    }
    for address in &args.listen {
        command.args(["--listen", address]);
    }
    if args.no_mdns {
        command.arg("--no-mdns");
    }
    for (option, value) in [("--audio-in", &args.audio_in), ("--audio-out", &args.audio_out), ("--log", &args.log)] {
        if let Some(value) = value {
            command.args([option, value]);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(command)
}

/// Waits until the daemon answers on its socket. `said` is where its stderr goes; if it ends, the reason stands there.
pub(crate) async fn wait_ready(child: &mut Child, socket: &Path, said: &Path, name: &str) -> Result<Client, Failure> {
    let looks = async {
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            look.tick().await;
            if let Some(status) = child.try_wait()? {
                let why = std::fs::read_to_string(said).unwrap_or_default();
                let text = format!("{name} ended at once ({status}): {}", why.trim());
                // Settings that are wrong are the caller's to mend.
                return Err(if status.code() == Some(2) { Failure::Usage(text) } else { Failure::Failed(text) });
            }
            match Client::connect_to(socket, "ahoy").await {
                Ok(client) => return Ok(client),
                // It is on its way: no socket yet, or one that a killed daemon left behind.
                Err(ClientError::NoDaemon { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    };
    let late = |_elapsed| Failure::Failed(format!("{name} does not answer after {START_LIMIT:?}; see its log"));
    tokio::time::timeout(START_LIMIT, looks).await.map_err(late)?
}
