//! What can go wrong between a frontend and its daemon.

use std::path::PathBuf;

use ahoy_protocol::control::ControlError;

/// Why a request brought no answer. Each says whose fault it is and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens there: the daemon isn't running, or it uses another home.
    #[error("no daemon answers at {}: start it with `ahoy start`, or name its home with --home", socket.display())]
    NoDaemon {
        /// Where it was looked for.
        socket: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The socket is there and may not be used, for example because it belongs to another user.
    #[error("the daemon's socket {} can't be used: {source}", socket.display())]
    NotOurs {
        /// Which socket.
        socket: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No socket can have this path.
    #[error(
        "the path of the daemon's socket is too long: {} has {} bytes, {max} are possible. Give a shorter --home",
        socket.display(), socket.as_os_str().len()
    )]
    PathTooLong {
        /// Which path.
        socket: PathBuf,
        /// What is possible, bytes.
        max: usize,
    },
    /// The environment names no home directory to look into.
    #[error("neither AHOY_HOME nor HOME is set: name the daemon's home with --home")]
    NoHome,
    /// The daemon refused; its kind and hint say why and what to do.
    #[error("{} ({})", .0.message, .0.hint)]
    Refused(ControlError),
    /// The daemon closed the connection, most often because it stopped.
    #[error("the daemon closed the connection: it stopped, or `ahoy status` tells more")]
    Closed,
    /// The daemon accepted the request and stays silent.
    #[error("the daemon did not answer `{method}` within {limit:?}: look at its log, or restart it")]
    NoAnswer {
        /// The method asked.
        method: String,
        /// How long we waited.
        limit: std::time::Duration,
    },
    /// The daemon said something that isn't in the protocol: it is another version, or a defect.
    #[error("the daemon said something this client does not understand ({0}): are both of one version?")]
    Protocol(String),
    /// The connection broke.
    #[error("the connection to the daemon broke: {0}")]
    Broken(#[source] std::io::Error),
}
