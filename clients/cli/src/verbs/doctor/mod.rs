//! doctor: looks at everything a call needs, one line a thing, with what to do.

pub(crate) mod devices;
mod home;

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use ahoy_client::control::HomePaths;
use ahoy_client::{Client, ClientError};

use crate::failure::Failure;
use crate::out::Out;

/// No clock can rightly show an earlier time: 2026-01-01, before this was written. Unix seconds.
const NOT_BEFORE_S: u64 = 1_767_225_600;

/// How it stands with one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// As it must be.
    Ok,
    /// Calls work, but not as well as they could, or not yet.
    Warn,
    /// Calls do not work.
    Fail,
}

/// What was found about one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// Which thing.
    pub(crate) check: &'static str,
    /// How it stands.
    pub(crate) verdict: Verdict,
    /// What was seen.
    pub(crate) message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
}

impl Finding {
    pub(crate) fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, message: message.into(), hint: None }
    }

    pub(crate) fn warn(check: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Warn, message: message.into(), hint: Some(hint.into()) }
    }

    pub(crate) fn fail(check: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, ..Self::warn(check, message, hint) }
    }

    fn line(&self) -> String {
        let verdict = match self.verdict {
            Verdict::Ok => "ok  ",
            Verdict::Warn => "warn",
            Verdict::Fail => "FAIL",
        };
        let hint = self.hint.as_deref().map(|hint| format!("\n              -> {hint}")).unwrap_or_default();
        format!("{verdict} {:<8} {}{hint}", self.check, self.message)
    }
}

/// Looks at everything; fails if something must be mended before calls work.
pub(crate) async fn doctor(home: Option<&Path>, sound: bool, out: &Out) -> Result<(), Failure> {
    let mut findings = Vec::new();
    match HomePaths::find(home, &|name| std::env::var_os(name)) {
        None => findings.push(Finding::fail("home", ClientError::NoHome.to_string(), "name a home with --home")),
        Some(paths) => {
            findings.extend(home::look(&paths));
            findings.extend(daemon(&paths).await);
            if sound {
                findings.extend(devices::tried(&paths, out).await);
            }
        }
    }
    findings.push(clock(SystemTime::now()));
    for finding in &findings {
        out.show(finding, || finding.line())?;
    }
    let wrong = findings.iter().filter(|finding| finding.verdict == Verdict::Fail).count();
    match wrong {
        0 => Ok(()),
        wrong => Err(Failure::Failed(format!("{wrong} of {} must be mended before calls work", findings.len()))),
    }
}

/// The daemon, and what it says of itself.
async fn daemon(paths: &HomePaths) -> Vec<Finding> {
    let mut client = match Client::connect_to(&paths.socket, "ahoy doctor").await {
        Ok(client) => client,
        Err(error @ ClientError::NoDaemon { .. }) => {
            return vec![Finding::fail("daemon", error.to_string(), "start it: ahoy start")];
        }
        Err(error) => {
            return vec![Finding::fail("daemon", error.to_string(), "stop what is there, then start it: ahoy start")];
        }
    };
    match told(&mut client).await {
        Ok(findings) => findings,
        Err(error) => vec![Finding::fail("daemon", error.to_string(), "look at its log, or restart it")],
    }
}

async fn told(client: &mut Client) -> Result<Vec<Finding>, ClientError> {
    let status = client.status().await?;
    let up_s = status.uptime_ms / 1000;
    let mut findings = vec![Finding::ok("daemon", format!("ahoyd {} runs, for {up_s} s", status.version))];
    findings.push(addresses(&client.account().await?.listen));
    findings.extend(devices::look(client).await?);
    Ok(findings)
}

fn addresses(listen: &[String]) -> Finding {
    let local = |address: &&String| address.starts_with("/ip4/127.") || address.starts_with("/ip6/::1/");
    let hint = "start ahoyd without --listen, or give it an address of a network";
    match listen.len() {
        0 => Finding::fail("listen", "it listens nowhere: nobody can reach it", hint),
        all if listen.iter().filter(local).count() == all => {
            Finding::warn("listen", format!("{}: only this machine can reach it", listen.join(", ")), hint)
        }
        _ => Finding::ok("listen", listen.join(", ")),
    }
}

/// Messages older or newer than 120 s are refused, so a wrong clock means no calls.
fn clock(now: SystemTime) -> Finding {
    let hint = "set it, and let it be set by the network (timedatectl set-ntp true)";
    match now.duration_since(UNIX_EPOCH).map(|since| since.as_secs()) {
        Ok(unix_s) if unix_s >= NOT_BEFORE_S => Finding::ok(
            "clock",
            format!("it shows {unix_s} s since 1970; a call needs it to be right within 2 minutes"),
        ),
        Ok(_) | Err(_) => Finding::fail("clock", "it is years behind: everything others send looks too new", hint),
    }
}

#[cfg(test)]
mod tests;
