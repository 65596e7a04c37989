//! What differs between operating systems: how the daemon is reached.

use std::path::Path;

use crate::error::ClientError;
use crate::lines::Duplex;

/// Connects to the control socket.
#[cfg(unix)]
pub(crate) async fn connect(socket: &Path) -> Result<Box<dyn Duplex>, ClientError> {
    use std::io::ErrorKind;
    match tokio::net::UnixStream::connect(socket).await {
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
