//! The gate on one connection: offers the inner protocol or denies it.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use either::Either;
use futures::future;
use libp2p::core::upgrade::DeniedUpgrade;
use libp2p::swarm::handler::{
    ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound, InboundUpgradeSend,
    ListenUpgradeError, OutboundUpgradeSend, SendWrapper, StreamUpgradeError, UpgradeInfoSend,
};
use libp2p::swarm::{ConnectionHandler, ConnectionHandlerEvent, SubstreamProtocol};
use tokio::time::Sleep;

use crate::gossip::bucket::Bucket;
use crate::limits::network as limits;

/// A handler that can stand behind a gate.
pub(crate) trait Gated:
    ConnectionHandler<InboundOpenInfo = (), OutboundOpenInfo = (), InboundProtocol: Clone, OutboundProtocol: Clone>
{
}

impl<H> Gated for H where
    H: ConnectionHandler<InboundOpenInfo = (), OutboundOpenInfo = (), InboundProtocol: Clone, OutboundProtocol: Clone>
{
}

type Inbound<H> = <<H as ConnectionHandler>::InboundProtocol as InboundUpgradeSend>::Output;
type Outbound<H> = <<H as ConnectionHandler>::OutboundProtocol as OutboundUpgradeSend>::Output;
type OutboundError<H> = <<H as ConnectionHandler>::OutboundProtocol as OutboundUpgradeSend>::Error;

/// What the gate tells its part on a connection.
pub(crate) enum ToHandler<H: ConnectionHandler> {
    /// The device is allowed from now on: this inner handler takes over.
    Open(Box<H>),
    /// For the inner handler.
    Inner(H::FromBehaviour),
}

impl<H: ConnectionHandler> std::fmt::Debug for ToHandler<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open(_) => f.write_str("Open"),
            Self::Inner(event) => f.debug_tuple("Inner").field(event).finish(),
        }
    }
}

/// What the part on a connection tells the gate.
#[derive(Debug)]
pub(crate) enum FromHandler<E> {
    /// Of the inner handler.
    Inner(E),
    /// The peer does not let us in (yet): the inner handler is gone.
    Refused,
    /// The peer that refused has opened a stream now: it wants an inner handler.
    Wanted,
    /// The inner handler has given up on this connection for good.
    Worn,
    /// Nothing is read for a while: the peer sends too much.
    Held,
}

/// ```text
///            Open                 peer denies the protocol
///  Closed ----------> Open --------------------------------> Waiting
///                       ^                                        |
///                       |   Open (asked for by Wanted, when the  |
///                       +---- peer has opened a stream) ---------+
/// ```
/// There is no way back to `Closed`: a gate closes together with its connection, so neither side
/// can hold what the other has forgotten.
enum State<H: Gated> {
    /// The device isn't allowed: the protocol is denied in both directions.
    Closed,
    /// We would, the peer would not. The protocol is offered; the newest stream it opens is kept.
    Waiting { offer: H::InboundProtocol, kept: Option<Inbound<H>> },
    /// The inner handler works.
    Open(Works<H>),
}

struct Works<H: Gated> {
    inner: Box<H>,
    /// The peer has opened a stream since our last request went out.
    heard: bool,
    /// The last outbound request, to repeat it.
    request: Option<H::OutboundProtocol>,
    /// Repeat it now.
    again: bool,
    pace: Pace,
}

/// How fast the inner handler may read. Polled for nothing else than reading and writing, it stands still when it has
/// read too much, and the peer's bytes wait on the peer's side.
struct Pace {
    packets: Bucket,
    held: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    fn new() -> Self {
        Self { packets: Bucket::new(limits::PACKET_BURST, limits::PACKETS_PER_SECOND, Instant::now()), held: None }
    }

    /// Ready if the inner handler may be polled.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(held) = &mut self.held {
            ready!(held.as_mut().poll(cx));
            self.held = None;
        }
        Poll::Ready(())
    }

    /// Something was read; true if that was too much.
    fn read(&mut self) -> bool {
        let too_much = !self.packets.take(Instant::now());
        if too_much {
            self.held = Some(Box::pin(tokio::time::sleep(limits::HOLD)));
        }
        too_much
    }
}

/// The gate's part on one connection.
pub(crate) struct GateHandler<H: Gated> {
    state: State<H>,
    /// At most one of each kind: `Refused` and `Wanted` alternate, `Worn` ends the connection, `Held` goes out before
    /// the inner handler is polled again.
    reports: VecDeque<FromHandler<H::ToBehaviour>>,
}

impl<H: Gated> GateHandler<H> {
    /// For a device that isn't allowed.
    pub(crate) fn closed() -> Self {
        Self { state: State::Closed, reports: VecDeque::new() }
    }

    /// For a device that is.
    pub(crate) fn open(inner: H) -> Self {
        Self { state: State::Open(Works::new(Box::new(inner))), reports: VecDeque::new() }
    }

    fn on_open(&mut self, inner: Box<H>) {
        let mut works = Works::new(inner);
        let before = std::mem::replace(&mut self.state, State::Closed);
        if let State::Waiting { kept: Some(protocol), .. } = before {
            works.inner.on_connection_event(ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol,
                info: (),
            }));
            works.heard = true;
        }
        self.state = State::Open(works);
    }

    fn on_inbound(&mut self, protocol: Inbound<H>) {
        match &mut self.state {
            // Negotiated while open, arrived after: nobody is there to take it.
            State::Closed => drop(protocol),
            State::Waiting { kept, .. } => {
                if kept.replace(protocol).is_none() {
                    self.reports.push_back(FromHandler::Wanted);
                }
            }
            State::Open(works) => {
                works.heard = true;
                works.inner.on_connection_event(ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                    protocol,
                    info: (),
                }));
            }
        }
    }

    fn on_outbound(&mut self, protocol: Outbound<H>) {
        if let State::Open(works) = &mut self.state {
            works.inner.on_connection_event(ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol,
                info: (),
            }));
        }
    }

    fn on_outbound_error(&mut self, error: StreamUpgradeError<OutboundError<H>>) {
        let State::Open(works) = &mut self.state else { return };
        let denied = matches!(error, StreamUpgradeError::NegotiationFailed);
        if !denied {
            works.inner.on_connection_event(ConnectionEvent::DialUpgradeError(DialUpgradeError { info: (), error }));
            return;
        }
        if works.heard && works.request.is_some() {
            // It has opened its gate after it denied this request: ask once more.
            works.heard = false;
            works.again = true;
            return;
        }
        let (offer, ()) = works.inner.listen_protocol().into_upgrade();
        self.state = State::Waiting { offer, kept: None };
        self.reports.push_back(FromHandler::Refused);
    }

    /// gossipsub disables its handler after a few failed streams and never enables it again.
    fn look_for_wear(&mut self) {
        if let State::Open(works) = &self.state
            && works.inner.listen_protocol().upgrade().protocol_info().next().is_none()
        {
            self.state = State::Closed;
            self.reports.push_back(FromHandler::Worn);
        }
    }
}

impl<H: Gated> Works<H> {
    fn new(inner: Box<H>) -> Self {
        Self { inner, heard: false, request: None, again: false, pace: Pace::new() }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        reports: &mut VecDeque<FromHandler<H::ToBehaviour>>,
    ) -> Poll<HandlerEvent<H>> {
        ready!(self.pace.poll(cx));
        if std::mem::take(&mut self.again)
            && let Some(upgrade) = self.request.clone()
        {
            let protocol = SubstreamProtocol::new(upgrade, ());
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        self.inner.poll(cx).map(|event| match event {
            ConnectionHandlerEvent::OutboundSubstreamRequest { protocol } => {
                self.request = Some(protocol.upgrade().clone());
                ConnectionHandlerEvent::OutboundSubstreamRequest { protocol }
            }
            ConnectionHandlerEvent::NotifyBehaviour(event) => {
                if self.pace.read() {
                    reports.push_back(FromHandler::Held);
                }
                ConnectionHandlerEvent::NotifyBehaviour(FromHandler::Inner(event))
            }
            // Nothing of the inner handler's own, also in kinds that a later libp2p adds.
            other @ (ConnectionHandlerEvent::ReportRemoteProtocols(_) | _) => other.map_custom(FromHandler::Inner),
        })
    }
}

type HandlerEvent<H> = ConnectionHandlerEvent<
    <H as ConnectionHandler>::OutboundProtocol,
    (),
    FromHandler<<H as ConnectionHandler>::ToBehaviour>,
>;

impl<H: Gated> ConnectionHandler for GateHandler<H> {
    type FromBehaviour = ToHandler<H>;
    type ToBehaviour = FromHandler<H::ToBehaviour>;
    type InboundProtocol = Either<SendWrapper<H::InboundProtocol>, SendWrapper<DeniedUpgrade>>;
    type OutboundProtocol = H::OutboundProtocol;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        let upgrade = match &self.state {
            State::Closed => Either::Right(SendWrapper(DeniedUpgrade)),
            State::Waiting { offer, .. } => Either::Left(SendWrapper(offer.clone())),
            State::Open(works) => Either::Left(SendWrapper(works.inner.listen_protocol().into_upgrade().0)),
        };
        SubstreamProtocol::new(upgrade, ())
    }

    fn connection_keep_alive(&self) -> bool {
        match &self.state {
            State::Closed => false,
            State::Waiting { .. } | State::Open(_) => true,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<HandlerEvent<H>> {
        if let Some(report) = self.reports.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(report));
        }
        match &mut self.state {
            State::Closed | State::Waiting { .. } => Poll::Pending,
            State::Open(works) => works.poll(cx, &mut self.reports),
        }
    }

    fn on_behaviour_event(&mut self, event: ToHandler<H>) {
        match event {
            ToHandler::Open(inner) => self.on_open(inner),
            ToHandler::Inner(event) => {
                if let State::Open(works) = &mut self.state {
                    works.inner.on_behaviour_event(event);
                }
            }
        }
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<Self::InboundProtocol, Self::OutboundProtocol>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, info: () }) => match protocol {
                future::Either::Left(protocol) => self.on_inbound(protocol),
                future::Either::Right(never) => match never {},
            },
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol, info: () }) => {
                self.on_outbound(protocol);
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info: (), error }) => self.on_outbound_error(error),
            ConnectionEvent::ListenUpgradeError(ListenUpgradeError { info: (), error }) => {
                if let (State::Open(works), Either::Left(error)) = (&mut self.state, error) {
                    works.inner.on_connection_event(ConnectionEvent::ListenUpgradeError(ListenUpgradeError {
                        info: (),
                        error,
                    }));
                }
            }
            ConnectionEvent::AddressChange(change) => self.pass(ConnectionEvent::AddressChange(change)),
            ConnectionEvent::LocalProtocolsChange(change) => self.pass(ConnectionEvent::LocalProtocolsChange(change)),
            ConnectionEvent::RemoteProtocolsChange(change) => self.pass(ConnectionEvent::RemoteProtocolsChange(change)),
            // Kinds that a later libp2p adds are none of the gate's business.
            _ => {}
        }
        self.look_for_wear();
    }
}

impl<H: Gated> GateHandler<H> {
    fn pass(&mut self, event: ConnectionEvent<'_, H::InboundProtocol, H::OutboundProtocol>) {
        if let State::Open(works) = &mut self.state {
            works.inner.on_connection_event(event);
        }
    }
}
