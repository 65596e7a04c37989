//! `/ahoy/1/pulse`: one byte there, the same byte back, on one stream that stays open. Finds peers
//! that vanished without closing.
//!
//! libp2p's ping has one interval for all connections, and 32 bytes. This one asks when it is told
//! to: quickly where we are talking, rarely elsewhere, so that an idle daemon neither wakes nor
//! sends much (20 contacts: under 2 MB a day).

mod handler;
mod schedule;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};

pub(crate) use handler::Sign;
use handler::{Ask, PulseHandler};
pub(crate) use schedule::Schedule;

/// What was found out about a peer.
#[derive(Debug)]
pub(crate) struct Event {
    /// Who.
    pub(crate) peer: PeerId,
    /// What.
    pub(crate) sign: Sign,
}

/// The behaviour.
#[derive(Debug, Default)]
pub(crate) struct Behaviour {
    /// Drained before anything else happens in the swarm: at most a few a peer.
    pending: VecDeque<ToSwarm<Event, Ask>>,
}

impl Behaviour {
    /// Asks a connected peer for a sign of life; one [`Event`] that isn't `Heard` will follow, if
    /// the connection stays.
    pub(crate) fn ask(&mut self, peer: PeerId) {
        self.pending.push_back(ToSwarm::NotifyHandler { peer_id: peer, handler: NotifyHandler::Any, event: Ask });
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = PulseHandler;
    type ToSwarm = Event;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(PulseHandler::default())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(PulseHandler::default())
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(&mut self, peer: PeerId, _: ConnectionId, sign: THandlerOutEvent<Self>) {
        self.pending.push_back(ToSwarm::GenerateEvent(Event { peer, sign }));
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.pending.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}
