//! A gate in front of gossipsub: only devices that the core allows take part.
//!
//! gossipsub tells every subscription to every peer that speaks it with us, so whom we speak it
//! with decides who can learn our topics. The gate wraps the inner behaviour. Of a connection
//! whose device isn't allowed, the inner behaviour learns nothing, and the handler denies the
//! protocol in both directions. When the device is allowed later, the inner behaviour is handed
//! the open connection as if it were new. When it is allowed no longer, the inner behaviour sees
//! the connection closed at once, and the connection itself is closed.
//!
//! The two ends open their gates at different times. Who opens first is denied by the other; it
//! then waits, offering the protocol, until the other opens a stream (see [`handler`]).

mod handler;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::task::{Context, Poll};

use libp2p::core::transport::PortUse;
use libp2p::core::{ConnectedPoint, Endpoint};
use libp2p::swarm::behaviour::{AddressChange, ConnectionClosed, ConnectionEstablished};
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};

use tokio::time::Instant;

use crate::limits::network as limits;
use handler::{FromHandler, GateHandler, Gated, ToHandler};

/// What comes out of a gate.
#[derive(Debug)]
pub(crate) enum GateEvent<E> {
    /// Of the inner behaviour.
    Inner(E),
    /// The inner behaviour has forgotten this peer, which may still be connected.
    Left(PeerId),
    /// Nothing is read of a peer for a while.
    Held,
}

/// How far the inner behaviour knows of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knows {
    /// Not at all: the device isn't allowed, or has refused us.
    No,
    /// It has been told.
    Yes,
    /// No longer, and the connection is about to close.
    NoMore,
}

struct Connection {
    peer: PeerId,
    /// By tokio's clock, which tests may drive.
    since: Instant,
    endpoint: ConnectedPoint,
    knows: Knows,
}

/// What the gate wants the swarm to do.
type Order<B> = ToSwarm<GateEvent<<B as NetworkBehaviour>::ToSwarm>, ToHandler<THandler<B>>>;

/// The gate; see the module.
pub(crate) struct Gate<B: NetworkBehaviour> {
    inner: B,
    allowed: HashSet<PeerId>,
    /// Bounded by the connection limits.
    connections: BTreeMap<ConnectionId, Connection>,
    /// Drained before anything else happens in the swarm: a few entries a connection at most.
    pending: VecDeque<Order<B>>,
    /// Called with the peer whose bytes the inner behaviour is about to read, and with none afterwards.
    on_read: Box<dyn FnMut(Option<PeerId>) + Send>,
}

impl<B: NetworkBehaviour<ConnectionHandler: Gated>> Gate<B> {
    /// Nobody is allowed at first. `on_read` is told whose bytes the inner behaviour reads next.
    pub(crate) fn new(inner: B, on_read: impl FnMut(Option<PeerId>) + Send + 'static) -> Self {
        Self {
            inner,
            allowed: HashSet::new(),
            connections: BTreeMap::new(),
            pending: VecDeque::new(),
            on_read: Box::new(on_read),
        }
    }

    /// The inner behaviour.
    pub(crate) fn inner_mut(&mut self) -> &mut B {
        &mut self.inner
    }

    /// The device may take part.
    pub(crate) fn is_allowed(&self, peer: &PeerId) -> bool {
        self.allowed.contains(peer)
    }

    /// Lets a device take part from now on, also over connections that are open already.
    pub(crate) fn allow(&mut self, peer: PeerId) {
        if !self.allowed.insert(peer) {
            return;
        }
        for id in self.of(peer, Knows::No) {
            self.introduce(id);
        }
    }

    /// The device no longer takes part: the inner behaviour forgets it now, its connections close.
    pub(crate) fn disallow(&mut self, peer: PeerId) {
        if !self.allowed.remove(&peer) {
            return;
        }
        for id in self.of(peer, Knows::Yes) {
            self.forget(id, Knows::NoMore);
        }
        let mut open = false;
        for connection in self.connections.values_mut().filter(|c| c.peer == peer) {
            connection.knows = Knows::NoMore;
            open = true;
        }
        if open {
            self.pending.push_back(ToSwarm::CloseConnection { peer_id: peer, connection: CloseConnection::All });
        }
    }

    fn of(&self, peer: PeerId, knows: Knows) -> Vec<ConnectionId> {
        self.connections.iter().filter(|(_, c)| c.peer == peer && c.knows == knows).map(|(id, _)| *id).collect()
    }

    /// Tells the inner behaviour of an open connection, as if it were new.
    fn introduce(&mut self, id: ConnectionId) {
        let Some(Connection { peer, endpoint, .. }) = self.connections.get(&id) else { return };
        let (peer, endpoint) = (*peer, endpoint.clone());
        let handler = match &endpoint {
            ConnectedPoint::Dialer { address, role_override, port_use } => {
                self.inner.handle_established_outbound_connection(id, peer, address, *role_override, *port_use)
            }
            ConnectedPoint::Listener { local_addr, send_back_addr } => {
                self.inner.handle_established_inbound_connection(id, peer, local_addr, send_back_addr)
            }
        };
        // gossipsub denies no connection; if it did, the device would stay outside.
        let Ok(handler) = handler else { return };
        self.established(id, peer, &endpoint);
        self.pending.push_back(ToSwarm::NotifyHandler {
            peer_id: peer,
            handler: NotifyHandler::One(id),
            event: ToHandler::Open(Box::new(handler)),
        });
    }

    fn established(&mut self, id: ConnectionId, peer: PeerId, endpoint: &ConnectedPoint) {
        let other_established = self.of(peer, Knows::Yes).len();
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.knows = Knows::Yes;
        }
        self.inner.on_swarm_event(FromSwarm::ConnectionEstablished(ConnectionEstablished {
            peer_id: peer,
            connection_id: id,
            endpoint,
            failed_addresses: &[],
            other_established,
        }));
    }

    /// Tells the inner behaviour that a connection is gone.
    fn forget(&mut self, id: ConnectionId, knows: Knows) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.knows != Knows::Yes {
            return;
        }
        connection.knows = knows;
        let (peer, endpoint) = (connection.peer, connection.endpoint.clone());
        let remaining_established = self.of(peer, Knows::Yes).len();
        self.inner.on_swarm_event(FromSwarm::ConnectionClosed(ConnectionClosed {
            peer_id: peer,
            connection_id: id,
            endpoint: &endpoint,
            cause: None,
            remaining_established,
        }));
        if remaining_established == 0 {
            self.pending.push_back(ToSwarm::GenerateEvent(GateEvent::Left(peer)));
        }
    }

    /// A peer dials us anew although it has a connection with us for a while: it has lost that one. gossipsub greets a
    /// peer over its first connection only, so the lost one is forgotten before the new one comes.
    fn supersede(&mut self, peer: PeerId) {
        let lost =
            |c: &Connection| c.peer == peer && c.knows == Knows::Yes && c.since.elapsed() >= limits::TWO_CONNECTIONS;
        let lost: Vec<_> = self.connections.iter().filter(|(_, c)| lost(c)).map(|(id, _)| *id).collect();
        for id in lost {
            self.forget(id, Knows::NoMore);
            self.pending.push_back(ToSwarm::CloseConnection { peer_id: peer, connection: CloseConnection::One(id) });
        }
    }

    fn on_established(&mut self, event: ConnectionEstablished<'_>) {
        let ConnectionEstablished { peer_id: peer, connection_id: id, endpoint, .. } = event;
        self.connections
            .insert(id, Connection { peer, since: Instant::now(), endpoint: endpoint.clone(), knows: Knows::No });
        if self.allowed.contains(&peer) {
            self.established(id, peer, endpoint);
        }
    }

    fn on_address_change(&mut self, event: AddressChange<'_>) {
        let Some(connection) = self.connections.get_mut(&event.connection_id) else { return };
        connection.endpoint = event.new.clone();
        if connection.knows == Knows::Yes {
            self.inner.on_swarm_event(FromSwarm::AddressChange(event));
        }
    }
}

impl<B> NetworkBehaviour for Gate<B>
where
    B: NetworkBehaviour<ConnectionHandler: Gated>,
{
    type ConnectionHandler = GateHandler<THandler<B>>;
    type ToSwarm = GateEvent<B::ToSwarm>;

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if !self.allowed.contains(&peer) {
            return Ok(GateHandler::closed());
        }
        self.supersede(peer);
        self.inner.handle_established_inbound_connection(id, peer, local, remote).map(GateHandler::open)
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port_use: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if !self.allowed.contains(&peer) {
            return Ok(GateHandler::closed());
        }
        self.inner.handle_established_outbound_connection(id, peer, address, role, port_use).map(GateHandler::open)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(event) => self.on_established(event),
            FromSwarm::ConnectionClosed(event) => {
                self.forget(event.connection_id, Knows::NoMore);
                self.connections.remove(&event.connection_id);
            }
            FromSwarm::AddressChange(event) => self.on_address_change(event),
            // About connections that never came to be: the inner behaviour hasn't heard of them.
            FromSwarm::DialFailure(_) | FromSwarm::ListenFailure(_) => {}
            other @ (FromSwarm::NewListener(_)
            | FromSwarm::NewListenAddr(_)
            | FromSwarm::ExpiredListenAddr(_)
            | FromSwarm::ListenerError(_)
            | FromSwarm::ListenerClosed(_)
            | FromSwarm::NewExternalAddrCandidate(_)
            | FromSwarm::ExternalAddrConfirmed(_)
            | FromSwarm::ExternalAddrExpired(_)
            | FromSwarm::NewExternalAddrOfPeer(_)
            | _) => self.inner.on_swarm_event(other),
        }
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, id: ConnectionId, event: THandlerOutEvent<Self>) {
        let Some(knows) = self.connections.get(&id).map(|c| c.knows) else { return };
        match (event, knows) {
            (FromHandler::Inner(event), Knows::Yes) => {
                (self.on_read)(Some(peer));
                self.inner.on_connection_handler_event(peer, id, event);
                (self.on_read)(None);
            }
            // Sent before the device was shut out.
            (FromHandler::Inner(_), Knows::No | Knows::NoMore) => {}
            (FromHandler::Refused, _) => self.forget(id, Knows::No),
            (FromHandler::Wanted, Knows::No) => {
                if self.allowed.contains(&peer) {
                    self.introduce(id);
                }
            }
            (FromHandler::Wanted, Knows::Yes | Knows::NoMore) => {}
            (FromHandler::Held, _) => self.pending.push_back(ToSwarm::GenerateEvent(GateEvent::Held)),
            (FromHandler::Worn, _) => {
                self.forget(id, Knows::NoMore);
                self.pending
                    .push_back(ToSwarm::CloseConnection { peer_id: peer, connection: CloseConnection::One(id) });
            }
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        // The inner behaviour first: what it has said of a peer comes before `Left`.
        while let Poll::Ready(event) = self.inner.poll(cx) {
            // Whom we dial is the core's decision.
            if !matches!(event, ToSwarm::Dial { .. }) {
                return Poll::Ready(event.map_in(ToHandler::Inner).map_out(GateEvent::Inner));
            }
        }
        self.pending.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}
