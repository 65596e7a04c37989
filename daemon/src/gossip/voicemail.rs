//! `/ahoy/1/voicemail` on a stream (docs/wire.md 13): a short request there, an answer or silence back. What we read
//! whole is bounded by a request of ours: others can send us no more than that.

use std::collections::{BTreeMap, HashMap};
use std::io;

use ahoy_protocol::core::input::{NetEvent, NetTicket};
use ahoy_protocol::ids::DeviceId;
use ahoy_protocol::wire::voicemail::{ANNOUNCE_BYTES, FETCH_BYTES};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::StreamProtocol;
use libp2p::request_response::{self, InboundRequestId, Message, OutboundRequestId, ProtocolSupport, ResponseChannel};

use super::device::{device_of, peer_of};
use super::driver::Driver;
use crate::limits::network as limits;

/// The protocol's name.
const PROTOCOL: StreamProtocol = StreamProtocol::new("/ahoy/1/voicemail");

/// Reads and writes requests and answers; what they mean is the core's.
#[derive(Clone, Debug, Default)]
pub(crate) struct VoicemailCodec;

/// The behaviour.
pub(crate) type Behaviour = request_response::Behaviour<VoicemailCodec>;
/// Its events.
pub(crate) type Event = request_response::Event<Vec<u8>, Vec<u8>>;

/// The behaviour with its bounds.
#[must_use]
pub(crate) fn behaviour() -> Behaviour {
    let config = request_response::Config::default()
        .with_request_timeout(limits::VOICEMAIL_TIMEOUT)
        .with_max_concurrent_streams(limits::VOICEMAIL_STREAMS);
    Behaviour::new([(PROTOCOL, ProtocolSupport::Full)], config)
}

async fn read_at_most<T: AsyncRead + Unpin + Send>(io: &mut T, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io.take(most as u64 + 1).read_to_end(&mut bytes).await?;
    if bytes.len() > most { Err(io::Error::new(io::ErrorKind::InvalidData, "it is too long")) } else { Ok(bytes) }
}

impl request_response::Codec for VoicemailCodec {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    /// Empty: the stream was closed without a byte.
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _protocol: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read_at_most(io, ANNOUNCE_BYTES).await
    }

    async fn read_response<T>(&mut self, _protocol: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read_at_most(io, limits::VOICEMAIL_ANSWER_BYTES).await
    }

    async fn write_request<T>(&mut self, _protocol: &StreamProtocol, io: &mut T, request: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&request).await
    }

    async fn write_response<T>(&mut self, _protocol: &StreamProtocol, io: &mut T, answer: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&answer).await
    }
}

/// Requests under way. Dropping a channel closes its stream without a byte.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    last: u64,
    theirs: BTreeMap<u64, (InboundRequestId, DeviceId, ResponseChannel<Vec<u8>>)>,
    ours: HashMap<OutboundRequestId, (DeviceId, bool)>,
}

impl Streams {
    /// A device asks; none if it, or all together, ask too much at once.
    fn asked(
        &mut self,
        id: InboundRequestId,
        device: DeviceId,
        channel: ResponseChannel<Vec<u8>>,
    ) -> Option<NetTicket> {
        let of_device = self.theirs.values().filter(|(_, asker, _)| *asker == device).count();
        if of_device >= limits::VOICEMAIL_STREAMS || self.theirs.len() >= limits::VOICEMAIL_WAITING {
            return None;
        }
        self.last += 1;
        self.theirs.insert(self.last, (id, device, channel));
        Some(NetTicket(self.last))
    }
}

impl Driver {
    pub(super) fn ask_voicemail(&mut self, device: DeviceId, request: Vec<u8>) {
        let fetched = request.len() == FETCH_BYTES;
        let peer = peer_of(device).filter(|peer| self.swarm.is_connected(peer));
        match peer {
            Some(peer) if self.voicemail.ours.len() < limits::VOICEMAIL_WAITING => {
                let id = self.swarm.behaviour_mut().voicemail.send_request(&peer, request);
                self.voicemail.ours.insert(id, (device, fetched));
            }
            Some(_) | None => self.outbox.event(NetEvent::Voicemail { device, fetched, answer: None }),
        }
    }

    pub(super) fn answer_voicemail(&mut self, ticket: NetTicket, answer: Option<Vec<u8>>) {
        let Some((_, _, channel)) = self.voicemail.theirs.remove(&ticket.0) else { return };
        if let Some(answer) = answer.filter(|answer| answer.len() <= limits::VOICEMAIL_ANSWER_BYTES) {
            // An error says that the asker is gone. Without an answer the channel is dropped: silence.
            self.swarm.behaviour_mut().voicemail.send_response(channel, answer).unwrap_or_default();
        }
    }

    pub(super) fn on_voicemail(&mut self, event: Event) {
        match event {
            request_response::Event::Message { peer, message, .. } => match message {
                Message::Request { request_id, request, channel } => {
                    // Strangers get silence here: nothing of theirs reaches the core.
                    let allowed = self.swarm.behaviour().gossip.is_allowed(&peer);
                    let Some(device) = device_of(&peer).filter(|_| allowed) else { return };
                    if let Some(ticket) = self.voicemail.asked(request_id, device, channel) {
                        self.outbox.event(NetEvent::VoicemailRequest { device, request, ticket });
                    }
                }
                Message::Response { request_id, response } => self.on_voicemail_closed(request_id, Some(response)),
            },
            request_response::Event::OutboundFailure { request_id, .. } => self.on_voicemail_closed(request_id, None),
            request_response::Event::InboundFailure { request_id, .. } => {
                self.voicemail.theirs.retain(|_, (waiting, ..)| *waiting != request_id);
            }
            request_response::Event::ResponseSent { .. } => {}
        }
    }

    fn on_voicemail_closed(&mut self, id: OutboundRequestId, answer: Option<Vec<u8>>) {
        if let Some((device, fetched)) = self.voicemail.ours.remove(&id) {
            let answer = answer.filter(|answer| !answer.is_empty());
            self.outbox.event(NetEvent::Voicemail { device, fetched, answer });
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::io::Cursor;
    use libp2p::request_response::Codec;

    use super::*;

    #[tokio::test]
    async fn a_request_is_short_and_an_answer_no_longer_than_a_message() {
        let request = async |length: usize| {
            VoicemailCodec.read_request(&PROTOCOL, &mut Cursor::new(vec![1; length])).await.is_ok()
        };
        assert!(request(FETCH_BYTES).await && request(ANNOUNCE_BYTES).await);
        assert!(!request(ANNOUNCE_BYTES + 1).await);
        let answer = async |length: usize| {
            VoicemailCodec.read_response(&PROTOCOL, &mut Cursor::new(vec![1; length])).await.is_ok()
        };
        assert!(answer(0).await && answer(limits::VOICEMAIL_ANSWER_BYTES).await);
        assert!(!answer(limits::VOICEMAIL_ANSWER_BYTES + 1).await);
    }
}
