//! start, stop, status.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use ahoy_client::control::{HomePaths, NoParams, Request, Status};
use ahoy_client::{Client, ClientError};

use crate::args::StartArgs;
use crate::failure::Failure;
use crate::launch::{self, STOP_LIMIT, daemon_command, wait_ready};
use crate::out::Out;
use crate::platform;
use crate::say::{self, presence_word};
use crate::verbs::doctor::devices;

/// What the daemon says before its log is open goes here, beside the log.
const START_LOG: &str = "start.log";

/// Starts the daemon, unless one runs in this home.
pub(crate) async fn start(home: Option<&Path>, args: &StartArgs, out: &Out) -> Result<(), Failure> {
    let paths = home_paths(home)?;
    let running = match Client::connect_to(&paths.socket, "ahoy").await {
        Ok(mut client) => Some(client.status().await?),
        // Closed or broken: one is just going away.
        Err(ClientError::NoDaemon { .. } | ClientError::Closed | ClientError::Broken(_)) => None,
        Err(error) => return Err(error.into()),
    };
    if let Some(status) = running {
        if *args != StartArgs::default() {
            out.note(
                "ahoyd runs already: the options given now are not in force. Stop it first (ahoy stop), then start it \
                 with them.",
            );
        }
        return out.show(&started(&status, &paths, None), || {
            format!("ahoyd runs already, for {} s.", status.uptime_ms / 1000)
        });
    }
    // If somebody keeps the home for good, the daemon itself says who.
    launch::free(&paths).await;
    let (said, file) = start_log(&paths)?;
    let mut command = daemon_command(home, args)?;
    command.stderr(file);
    platform::detach(&mut command);
    let cannot = |error| Failure::Failed(format!("can't start ahoyd: {error}"));
    let mut child = tokio::process::Command::from(command).spawn().map_err(cannot)?;
    let pid = child.id();
    let mut client = wait_ready(&mut child, &paths.socket, &said, "ahoyd").await?;
    let status = client.status().await?;
    for finding in devices::missing(&mut client).await? {
        out.note(&format!("{} ({})", finding.message, finding.hint.unwrap_or_default()));
    }
    let text = || format!("ahoyd runs (process {}). Its log: {}", pid.unwrap_or_default(), paths.logs.display());
    out.show(&started(&status, &paths, pid), text)
}

/// `pid` is that of a daemon we have just started.
fn started(status: &Status, paths: &HomePaths, pid: Option<u32>) -> Value {
    json!({
        "started": pid.is_some(),
        "pid": pid,
        "account": status.account,
        "device": status.device,
        "socket": paths.socket,
        "log": paths.logs,
    })
}

fn home_paths(home: Option<&Path>) -> Result<HomePaths, Failure> {
    HomePaths::find(home, &|name| std::env::var_os(name)).ok_or(Failure::Client(ClientError::NoHome))
}

/// The file that takes what the daemon says before its own log is open.
fn start_log(paths: &HomePaths) -> Result<(PathBuf, File), Failure> {
    let path = paths.logs.join(START_LOG);
    let file = platform::private_dir(&paths.logs).and_then(|()| platform::private_file(&path));
    let file = file.map_err(|error| Failure::Failed(format!("can't write {}: {error}", path.display())))?;
    Ok((path, file))
}

/// Stops the daemon and waits until it has let go of its home.
pub(crate) async fn stop(client: &mut Client, home: Option<&Path>, out: &Out) -> Result<(), Failure> {
    let paths = home_paths(home)?;
    client.shutdown().await?;
    let gone = async {
        loop {
            match client.event().await {
                Ok(_) => {}
                Err(ClientError::Closed | ClientError::Broken(_)) => return Ok(()),
                Err(error) => return Err(Failure::from(error)),
            }
        }
    };
    let still_there = || Failure::Failed(format!("ahoyd is still there after {STOP_LIMIT:?}; see its log"));
    tokio::time::timeout(STOP_LIMIT, gone).await.map_err(|_elapsed| still_there())??;
    if !launch::free(&paths).await {
        return Err(still_there());
    }
    out.show(&json!({ "stopped": true }), || "ahoyd has stopped.".to_owned())
}

/// How the daemon is.
pub(crate) async fn status(client: &mut Client, out: &Out) -> Result<(), Failure> {
    let raw: Value = client.call(&Request::Status(NoParams {})).await?;
    let known: Status = serde_json::from_value(raw.clone()).map_err(|error| Failure::Failed(error.to_string()))?;
    out.show(&raw, || {
        format!(
            "ahoyd {} (interface {}), up {} s\naccount {}\ndevice  {}{}\n{} connected, {}\n{}",
            known.version,
            known.api,
            known.uptime_ms / 1000,
            known.account,
            known.device,
            if known.revoked { REVOKED } else { "" },
            known.peers,
            say::plural(known.calls, "call"),
            doing(&known),
        )
    })
}

/// What a device does that its account has revoked.
const REVOKED: &str = "\nrevoked: the account no longer has this device, which takes and makes no calls in its name; \
                       `ahoy device link --forget` links it again";

/// What we are shown as, and whether the microphone is muted.
fn doing(status: &Status) -> String {
    let shown = status.presence.map_or("not known yet", presence_word);
    let quiet = if status.do_not_disturb { ", calls don't ring" } else { "" };
    let muted = if status.muted { "muted" } else { "not muted" };
    let recorded = match (status.recording, status.recorded) {
        (true, true) => "; a call is recorded, by you and by others",
        (true, false) => "; a call is recorded, by you",
        (false, true) => "; a call is recorded, by others",
        (false, false) => "",
    };
    format!("shown as {shown}{quiet}; microphone {muted}{recorded}")
}
