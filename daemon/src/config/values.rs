//! Values that need more than a range: names, multiaddrs, urls of servers, the place of the metrics.

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use ahoy_media::host_media::api::Stage;
use ahoy_protocol::control::RecordPolicy;
use libp2p::Multiaddr;

use crate::platform;

/// Where figures for Prometheus are answered: on this machine only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricsAt {
    /// A Unix socket that only our user can open.
    Unix(PathBuf),
    /// A loopback address: every user of this machine can read it.
    Loopback(SocketAddr),
}

impl MetricsAt {
    /// Reads `off`, `unix:PATH`, `127.0.0.1:PORT` or `[::1]:PORT`.
    ///
    /// # Errors
    /// For people: what is wrong and what is possible.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        let form = "off, unix:PATH, 127.0.0.1:PORT or [::1]:PORT";
        if text == "off" {
            return Ok(None);
        }
        if let Some(path) = text.strip_prefix("unix:") {
            let path = std::path::absolute(path).map_err(|_| format!("names no path: {form}"))?;
            let bytes = path.as_os_str().len();
            if bytes > platform::SOCKET_PATH_MAX {
                let most = platform::SOCKET_PATH_MAX;
                return Err(format!("is too long for a socket: {bytes} bytes, {most} are possible"));
            }
            return Ok(Some(Self::Unix(path)));
        }
        let address: SocketAddr = text.parse().map_err(|_| format!("is no such place: {form}"))?;
        if !address.ip().is_loopback() {
            return Err(format!("would show figures of your calls to other machines: {form}"));
        }
        Ok(Some(Self::Loopback(address)))
    }
}

impl fmt::Display for MetricsAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Loopback(address) => address.fmt(f),
        }
    }
}

/// What a stage of the processing takes.
pub(super) const STAGE_FORM: &str = "`auto`, `on` or `off`";

/// Whether a stage works.
pub(super) fn stage(text: &str) -> Result<Stage, String> {
    match text {
        "auto" => Ok(Stage::Auto),
        "on" | "true" => Ok(Stage::On),
        "off" | "false" => Ok(Stage::Off),
        _ => Err("must be auto, on or off".into()),
    }
}

/// The word for it.
pub(super) fn stage_text(stage: Stage) -> &'static str {
    match stage {
        Stage::Auto => "auto",
        Stage::On => "on",
        Stage::Off => "off",
    }
}

/// What becomes of a question.
pub(super) fn record_policy(text: &str) -> Result<RecordPolicy, String> {
    match text {
        "ask" => Ok(RecordPolicy::Ask),
        "accept" => Ok(RecordPolicy::Accept),
        "refuse" => Ok(RecordPolicy::Refuse),
        _ => Err("must be ask, accept or refuse".into()),
    }
}

/// The word for it.
pub(super) fn record_policy_text(policy: RecordPolicy) -> &'static str {
    match policy {
        RecordPolicy::Ask => "ask",
        RecordPolicy::Accept => "accept",
        RecordPolicy::Refuse => "refuse",
    }
}

/// A name in cards.
pub(super) fn check_name(name: &str) -> Result<Option<String>, String> {
    match ahoy_protocol::account::name::problem(name) {
        Some(problem) => Err(format!("can't be used: {problem}")),
        None => Ok(Some(name.to_owned())),
    }
}

/// A multiaddr we can listen on.
pub(super) fn listen_address(text: &str) -> Result<Multiaddr, String> {
    let form = "/ip4/ADDRESS or /ip6/ADDRESS, then /tcp/PORT or /udp/PORT/quic-v1";
    let address: Multiaddr = text.parse().map_err(|error| format!("is no multiaddr ({error}): {form}"))?;
    let given: String = address.protocol_stack().map(|part| format!("/{part}")).collect();
    match given.as_str() {
        "/ip4/tcp" | "/ip6/tcp" | "/ip4/udp/quic-v1" | "/ip6/udp/quic-v1" | "/memory" => Ok(address),
        _ => Err(format!("is not supported: {form}")),
    }
}

/// `stun:HOST[:PORT]` (RFC 7064).
pub(super) fn check_stun(url: &str) -> Result<String, String> {
    server(url, "stun:").map_err(|problem| format!("{problem}: stun:HOST or stun:HOST:PORT"))
}

/// `turn:HOST[:PORT]` (RFC 7065); over UDP, the only way the engine takes so far.
pub(super) fn check_turn(url: &str) -> Result<String, String> {
    let plain = url.strip_suffix("?transport=udp").unwrap_or(url);
    server(plain, "turn:").map_err(|problem| format!("{problem}: turn:HOST or turn:HOST:PORT"))?;
    Ok(url.to_owned())
}

fn server(url: &str, scheme: &str) -> Result<String, String> {
    let rest = url.strip_prefix(scheme).ok_or_else(|| format!("must begin with {scheme}"))?;
    let (host, port) = match rest.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or("lacks a ]")?;
            host.parse::<Ipv6Addr>().map_err(|_| "has no IPv6 address in its brackets")?;
            let port = if after.is_empty() { None } else { Some(after.strip_prefix(':').unwrap_or_default()) };
            (host, port)
        }
        None => match rest.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        },
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    if host.is_empty() || host.len() > 253 || !host.chars().all(fits) {
        return Err("names no host".into());
    }
    if let Some(port) = port
        && !port.parse().is_ok_and(|port: u16| port != 0)
    {
        return Err("has no port from 1 to 65535".into());
    }
    Ok(url.to_owned())
}
