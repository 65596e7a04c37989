//! What differs between operating systems: how the daemon is reached.

use std::path::Path;

use crate::error::ClientError;
use crate::lines::Duplex;

/// Longest path of a Unix socket, bytes: `sun_path` holds 108 with the closing NUL (unix(7)).
#[cfg(unix)]
const SOCKET_PATH_MAX: usize = 107;

/// How long a daemon whose queue of connections is full is tried: it takes thousands a second.
#[cfg(unix)]
const BUSY_LIMIT: std::time::Duration = std::time::Duration::from_secs(5);

/// Between two tries.
#[cfg(unix)]
const BUSY_PAUSE: std::time::Duration = std::time::Duration::from_millis(5);

/// Connects to the control socket.
#[cfg(unix)]
pub(crate) async fn connect(socket: &Path) -> Result<Box<dyn Duplex>, ClientError> {
    use std::io::ErrorKind;
    let deadline = tokio::time::Instant::now() + BUSY_LIMIT;
    if socket.as_os_str().len() > SOCKET_PATH_MAX {
        return Err(ClientError::PathTooLong { socket: socket.to_path_buf(), max: SOCKET_PATH_MAX });
    }
    let connected = loop {
        match tokio::net::UnixStream::connect(socket).await {
            // So many connect at this moment that the queue is full (unix(7)): there is nothing to wait on but time.
            Err(error) if error.kind() == ErrorKind::WouldBlock && tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(BUSY_PAUSE).await;
            }
            connected => break connected,
        }
    };
    match connected {
        Ok(stream) => Ok(Box::new(stream)),
        // Reset: the daemon was killed between our connect and its accept, so nobody is there either.
        Err(source)
            if matches!(
                source.kind(),
                ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
            ) =>
        {
            Err(ClientError::NoDaemon { socket: socket.to_path_buf(), source })
        }
        Err(source) => Err(ClientError::NotOurs { socket: socket.to_path_buf(), source }),
    }
}

/// Named pipes come later.
#[cfg(not(unix))]
pub(crate) async fn connect(socket: &Path) -> Result<Box<dyn Duplex>, ClientError> {
    let source = std::io::Error::from(std::io::ErrorKind::Unsupported);
    Err(ClientError::NotOurs { socket: socket.to_path_buf(), source })
}
