//! JSON lines over any two-way stream.

use std::io;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::error::ClientError;
use crate::limits::MAX_LINE_BYTES;

/// A two-way stream: a socket, a pipe, or memory.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// Reads and writes one JSON object a line.
pub(crate) struct Lines {
    stream: Box<dyn Duplex>,
    /// Bytes read and not yet returned.
    buffer: Vec<u8>,
    /// How many of them are known to hold no line end.
    searched: usize,
}

impl Lines {
    pub(crate) fn new(stream: Box<dyn Duplex>) -> Self {
        Self { stream, buffer: Vec::new(), searched: 0 }
    }

    /// The next object. Dropping the future loses nothing: what was read stays in the buffer.
    pub(crate) async fn read(&mut self) -> Result<Value, ClientError> {
        loop {
            if let Some(line) = self.take_line() {
                return serde_json::from_slice(&line)
                    .map_err(|error| ClientError::Protocol(format!("no JSON: {error}")));
            }
            if self.buffer.len() > MAX_LINE_BYTES {
                return Err(ClientError::Protocol(format!("a line longer than {MAX_LINE_BYTES} bytes")));
            }
            if self.stream.read_buf(&mut self.buffer).await.map_err(lost)? == 0 {
                return Err(ClientError::Closed);
            }
        }
    }

    /// Writes one object. Dropping the future in the middle breaks the connection's framing: don't go on using it.
    pub(crate) async fn write(&mut self, value: &Value) -> Result<(), ClientError> {
        let line = format!("{value}\n");
        self.stream.write_all(line.as_bytes()).await.map_err(lost)?;
        self.stream.flush().await.map_err(lost)
    }

    fn take_line(&mut self) -> Option<Vec<u8>> {
        let fresh = self.buffer.get(self.searched..)?;
        let Some(end) = fresh.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.buffer.len();
            return None;
        };
        let rest = self.buffer.split_off(self.searched + end + 1);
        let mut line = std::mem::replace(&mut self.buffer, rest);
        self.searched = 0;
        line.pop();
        Some(line)
    }
}

/// A socket that the daemon closed before it had read everything says "reset".
fn lost(error: io::Error) -> ClientError {
    let closed = matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset);
    if closed { ClientError::Closed } else { ClientError::Broken(error) }
}
