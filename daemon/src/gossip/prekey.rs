//! `/ahoy/1/prekey` on a stream (wire.md 2): 33 bytes there, an answer or silence back.

use std::io;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::StreamProtocol;
use libp2p::request_response::{self, ProtocolSupport};

use crate::limits::network as limits;

/// The protocol's name.
pub(crate) const PROTOCOL: StreamProtocol = StreamProtocol::new("/ahoy/1/prekey");
/// Bytes of a request.
pub(crate) const REQUEST_BYTES: usize = 33;

/// Reads and writes requests and answers; what they mean is the core's.
#[derive(Clone, Debug, Default)]
pub(crate) struct PrekeyCodec;

/// The behaviour.
pub(crate) type Behaviour = request_response::Behaviour<PrekeyCodec>;
/// Its events.
pub(crate) type Event = request_response::Event<Vec<u8>, Option<Vec<u8>>>;

/// The behaviour with its bounds.
#[must_use]
pub(crate) fn behaviour() -> Behaviour {
    let config = request_response::Config::default()
        .with_request_timeout(limits::PREKEY_TIMEOUT)
        .with_max_concurrent_streams(limits::REQUESTS_PER_CONNECTION);
    Behaviour::new([(PROTOCOL, ProtocolSupport::Full)], config)
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl request_response::Codec for PrekeyCodec {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    /// None: the stream was closed without a byte.
    type Response = Option<Vec<u8>>;

    async fn read_request<T>(&mut self, _protocol: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut request = Vec::new();
        io.take(REQUEST_BYTES as u64 + 1).read_to_end(&mut request).await?;
        if request.len() == REQUEST_BYTES { Ok(request) } else { Err(invalid("a request has 33 bytes")) }
    }

    async fn read_response<T>(&mut self, _protocol: &StreamProtocol, io: &mut T) -> io::Result<Option<Vec<u8>>>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut answer = Vec::new();
        io.take(limits::PREKEY_ANSWER_BYTES as u64 + 1).read_to_end(&mut answer).await?;
        match answer.len() {
            0 => Ok(None),
            length if length > limits::PREKEY_ANSWER_BYTES => Err(invalid("the answer is too long")),
            _ => Ok(Some(answer)),
        }
    }

    async fn write_request<T>(&mut self, _protocol: &StreamProtocol, io: &mut T, request: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&request).await
    }

    async fn write_response<T>(
        &mut self,
        _protocol: &StreamProtocol,
        io: &mut T,
        answer: Option<Vec<u8>>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&answer.unwrap_or_default()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::io::Cursor;
    use libp2p::request_response::Codec;

    async fn request(bytes: &[u8]) -> io::Result<Vec<u8>> {
        PrekeyCodec.read_request(&PROTOCOL, &mut Cursor::new(bytes)).await
    }

    async fn answer(bytes: &[u8]) -> io::Result<Option<Vec<u8>>> {
        PrekeyCodec.read_response(&PROTOCOL, &mut Cursor::new(bytes)).await
    }

    #[tokio::test]
    async fn a_request_has_exactly_33_bytes() {
        assert_eq!(request(&[1; 33]).await.unwrap(), vec![1; 33]);
        assert!(request(&[1; 32]).await.is_err());
        assert!(request(&[1; 34]).await.is_err());
        assert!(request(&[]).await.is_err());
    }

    #[tokio::test]
    async fn silence_is_none_and_a_flood_an_error() {
        assert_eq!(answer(&[]).await.unwrap(), None);
        assert_eq!(answer(&[2; 436]).await.unwrap(), Some(vec![2; 436]));
        assert_eq!(answer(&[2; 1024]).await.unwrap().map(|a| a.len()), Some(1024));
        assert!(answer(&[2; 1025]).await.is_err());
    }
}
