//! The pulse on one connection.

use std::io;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::{AsyncReadExt as _, AsyncWriteExt as _, FutureExt as _};
use libp2p::StreamProtocol;
use libp2p::core::upgrade::ReadyUpgrade;
use libp2p::swarm::handler::{
    ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound, StreamUpgradeError,
};
use libp2p::swarm::{ConnectionHandler, ConnectionHandlerEvent, Stream, SubstreamProtocol};

use crate::limits::network as limits;

const PROTOCOL: StreamProtocol = StreamProtocol::new("/ahoy/1/pulse");

/// Ask the peer for a sign of life.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask;

/// What was found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// The peer has answered.
    Answered,
    /// It has not, in [`limits::PULSE_TIMEOUT`].
    Silent,
    /// The question could not be put: the peer is there, but doesn't speak this protocol or has closed the stream.
    Failed,
    /// The peer has asked us.
    Heard,
}

/// ```text
///         Ask                negotiated             answered
///  None -------> Opening ----------------> Asking ----------> Idle
///   ^               |                       | ^                |
///   +---- failed ---+-------- failed -------+ +----- Ask ------+
/// ```
#[derive(Default)]
enum Outbound {
    #[default]
    None,
    /// A stream is wanted; `told` libp2p already.
    Opening {
        told: bool,
    },
    Asking(BoxFuture<'static, Result<Stream, Sign>>),
    Idle(Stream),
}

/// The pulse on one connection; it keeps none alive.
#[derive(Default)]
pub(crate) struct PulseHandler {
    outbound: Outbound,
    /// Answers the peer's next question.
    inbound: Option<BoxFuture<'static, io::Result<Stream>>>,
    /// The opening of a stream has failed so.
    failed: Option<Sign>,
}

async fn ask(mut stream: Stream) -> Result<Stream, Sign> {
    let question = async {
        stream.write_all(&[0]).await?;
        stream.flush().await?;
        stream.read_exact(&mut [0]).await
    };
    match tokio::time::timeout(limits::PULSE_TIMEOUT, question).await {
        Ok(Ok(())) => Ok(stream),
        Ok(Err(_)) => Err(Sign::Failed),
        Err(_) => Err(Sign::Silent),
    }
}

async fn answer(mut stream: Stream) -> io::Result<Stream> {
    let mut byte = [0];
    stream.read_exact(&mut byte).await?;
    stream.write_all(&byte).await?;
    stream.flush().await?;
    Ok(stream)
}

type Event = ConnectionHandlerEvent<ReadyUpgrade<StreamProtocol>, (), Sign>;

impl PulseHandler {
    fn poll_inbound(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let Some(answering) = &mut self.inbound else { return Poll::Pending };
        match answering.poll_unpin(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(stream)) => {
                self.inbound = Some(answer(stream).boxed());
                Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(Sign::Heard))
            }
            Poll::Ready(Err(_)) => {
                self.inbound = None;
                Poll::Pending
            }
        }
    }

    fn poll_outbound(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        match &mut self.outbound {
            Outbound::Opening { told } if !*told => {
                *told = true;
                let protocol =
                    SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ()).with_timeout(limits::PULSE_TIMEOUT);
                Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol })
            }
            Outbound::Asking(asking) => {
                let Poll::Ready(result) = asking.poll_unpin(cx) else { return Poll::Pending };
                let (outbound, sign) = match result {
                    Ok(stream) => (Outbound::Idle(stream), Sign::Answered),
                    Err(sign) => (Outbound::None, sign),
                };
                self.outbound = outbound;
                Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(sign))
            }
            Outbound::None | Outbound::Opening { .. } | Outbound::Idle(_) => Poll::Pending,
        }
    }
}

impl ConnectionHandler for PulseHandler {
    type FromBehaviour = Ask;
    type ToBehaviour = Sign;
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<ReadyUpgrade<StreamProtocol>> {
        SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ())
    }

    fn on_behaviour_event(&mut self, Ask: Ask) {
        self.outbound = match std::mem::take(&mut self.outbound) {
            Outbound::None => Outbound::Opening { told: false },
            Outbound::Idle(stream) => Outbound::Asking(ask(stream).boxed()),
            asked @ (Outbound::Opening { .. } | Outbound::Asking(_)) => asked,
        };
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Some(sign) = self.failed.take() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(sign));
        }
        if let Poll::Ready(event) = self.poll_inbound(cx) {
            return Poll::Ready(event);
        }
        self.poll_outbound(cx)
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<Self::InboundProtocol, Self::OutboundProtocol>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol: mut stream, .. }) => {
                stream.ignore_for_keep_alive();
                // A second stream replaces the first: a peer holds one at most.
                self.inbound = Some(answer(stream).boxed());
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol: mut stream, .. }) => {
                stream.ignore_for_keep_alive();
                self.outbound = Outbound::Asking(ask(stream).boxed());
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { error, .. }) => {
                self.outbound = Outbound::None;
                let silent = matches!(error, StreamUpgradeError::Timeout);
                self.failed = Some(if silent { Sign::Silent } else { Sign::Failed });
            }
            ConnectionEvent::AddressChange(_)
            | ConnectionEvent::ListenUpgradeError(_)
            | ConnectionEvent::LocalProtocolsChange(_)
            | ConnectionEvent::RemoteProtocolsChange(_)
            | _ => {}
        }
    }
}
