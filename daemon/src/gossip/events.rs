//! What libp2p reports, told to the core.

use std::time::Instant;

use ahoy_protocol::core::input::NetEvent;
use ahoy_protocol::ids::DeviceId;
use libp2p::core::ConnectedPoint;
use libp2p::request_response::{self, Message};
use libp2p::swarm::{ConnectionId, DialError, SwarmEvent};
use libp2p::{Multiaddr, PeerId, mdns};

use super::address::{ip_of, is_loopback};
use super::behaviour::BehavioursEvent;
use super::crowd::Source;
use super::device::device_of;
use super::dial::without_peer;
use super::door::is_quic;
use super::driver::Driver;
use super::gate::GateEvent;
use super::prekey;
use super::pulse::{self, Sign};
use crate::limits::network as limits;

impl Driver {
    /// Takes an event of the swarm.
    pub(crate) fn on_swarm(&mut self, event: SwarmEvent<BehavioursEvent>, now: Instant) {
        match event {
            SwarmEvent::Behaviour(event) => self.on_behaviour(event, now),
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, num_established, .. } => {
                self.on_established(peer_id, connection_id, &endpoint, num_established.get(), now);
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, .. } => {
                self.peers.closed(device_of(&peer_id), connection_id);
                if let (Some(device), 0) = (device_of(&peer_id), num_established) {
                    self.on_disconnected(device);
                }
            }
            SwarmEvent::OutgoingConnectionError { peer_id, connection_id, error } => {
                self.on_dial_error(peer_id, connection_id, &error);
            }
            SwarmEvent::NewListenAddr { .. }
            | SwarmEvent::ExpiredListenAddr { .. }
            | SwarmEvent::ListenerClosed { .. } => {
                let all = self.listening().iter().map(Multiaddr::to_vec).collect();
                self.outbox.event(NetEvent::Listening(all));
            }
            SwarmEvent::ListenerError { error, .. } => tracing::debug!(%error, "a listener had an error"),
            SwarmEvent::IncomingConnectionError { .. } => self.counters.incoming_failed.add(),
            SwarmEvent::IncomingConnection { .. }
            | SwarmEvent::Dialing { .. }
            | SwarmEvent::NewExternalAddrCandidate { .. }
            | SwarmEvent::ExternalAddrConfirmed { .. }
            | SwarmEvent::ExternalAddrExpired { .. }
            | SwarmEvent::NewExternalAddrOfPeer { .. } => {}
            // Kinds that a later libp2p adds.
            _ => {}
        }
    }

    /// Where we listen, in the order in which a card names the first few: what others can reach, each address over
    /// TCP and then over QUIC.
    pub(crate) fn listening(&self) -> Vec<Multiaddr> {
        let mut all: Vec<Multiaddr> = self.swarm.listeners().cloned().collect();
        all.sort_by_cached_key(|address| {
            let ip = ip_of(address);
            (ip.is_some_and(is_loopback), ip, is_quic(address), address.to_vec())
        });
        all
    }

    fn on_behaviour(&mut self, event: BehavioursEvent, now: Instant) {
        match event {
            BehavioursEvent::Limits(never) => match never {},
            BehavioursEvent::Gossip(GateEvent::Inner(event)) => self.on_gossip(event, now),
            BehavioursEvent::Gossip(GateEvent::Left(peer)) => {
                if let Some(device) = device_of(&peer) {
                    self.on_left(device);
                }
            }
            BehavioursEvent::Gossip(GateEvent::Held) => self.counters.peers_held.add(),
            BehavioursEvent::Voicemail(event) => self.on_voicemail(event),
            BehavioursEvent::Prekey(event) => self.on_prekey(event, now),
            BehavioursEvent::Pulse(event) => self.on_pulse(event, now),
            BehavioursEvent::Mdns(mdns::Event::Discovered(seen)) => self.on_discovered(seen),
            BehavioursEvent::Mdns(mdns::Event::Expired(gone)) => {
                for (peer, address) in gone {
                    if let Some(device) = device_of(&peer) {
                        self.discovered.remove(device, &without_peer(&address));
                    }
                }
            }
        }
    }

    fn on_established(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        endpoint: &ConnectedPoint,
        count: u32,
        now: Instant,
    ) {
        let device = device_of(&peer).filter(|_| count <= limits::CONNECTIONS_PER_DEVICE);
        let Some(device) = device else {
            self.swarm.close_connection(connection);
            return;
        };
        if endpoint.is_listener() {
            self.counters.incoming.add();
            if is_quic(endpoint.get_remote_address()) {
                self.counters.incoming_quic.add();
            }
        }
        self.dials.connected(device);
        let fresh = self.fresh.over(connection);
        self.fresh.forget_next(device);
        if endpoint.is_dialer() && self.is_needless(device, peer, fresh, now) {
            self.swarm.close_connection(connection);
            return;
        }
        if !self.swarm.behaviour().gossip.is_allowed(&peer)
            && let Some(goes) =
                self.peers.stranger(device, connection, Source::of(ip_of(endpoint.get_remote_address())))
        {
            self.counters.strangers_dropped.add();
            self.swarm.close_connection(goes);
        }
        if count > 1 {
            return self.peers.another(device, connection, now);
        }
        let leads = self.leads(peer);
        self.peers.connected(device, connection, leads, now);
        let ip = ip_of(endpoint.get_remote_address());
        self.outbox.event(NetEvent::Connected {
            device,
            // In memory, everybody is in this process.
            loopback: self.ours.memory || ip.is_some_and(is_loopback),
            private: ip.is_some_and(|ip| self.ours.is_near(ip)),
            source: Source::of(ip).number(),
        });
    }

    /// Both ends of a connection agree on who leads.
    fn leads(&self, peer: PeerId) -> bool {
        self.swarm.local_peer_id().to_bytes() < peer.to_bytes()
    }

    /// A dial of ours has succeeded when another connection was there already. Both may have dialled: only one of the
    /// two sides gives its dial up. One that is late must go, before the other side takes it for the end of the first.
    fn is_needless(&mut self, device: DeviceId, peer: PeerId, fresh: bool, now: Instant) -> bool {
        let leads = self.leads(peer);
        let Some(known) = self.peers.get_mut(device) else { return false };
        known.is_connected() && (known.is_old(now, limits::DIAL_IS_LATE) || (fresh && leads))
    }

    fn on_dial_error(&mut self, peer: Option<PeerId>, connection: ConnectionId, error: &DialError) {
        if self.fresh.over(connection) {
            // It has others beside it and after it.
            return;
        }
        let Some(peer) = peer else { return };
        let Some(device) = device_of(&peer) else { return };
        let step = self.dials.failed(device, error);
        self.dial(device, peer, step);
    }

    /// The device has refused our gossip or is no longer allowed it; it may still be connected.
    fn on_left(&mut self, device: DeviceId) {
        let Some(peer) = self.peers.get_mut(device) else { return };
        for topic in std::mem::take(&mut peer.topics) {
            self.outbox.event(NetEvent::Unsubscribed { device, topic });
        }
    }

    fn on_disconnected(&mut self, device: DeviceId) {
        for topic in self.peers.disconnected(device) {
            self.outbox.event(NetEvent::Unsubscribed { device, topic });
        }
        self.outbox.event(NetEvent::Disconnected { device });
        self.dial_next(device);
    }

    fn on_prekey(&mut self, event: prekey::Event, now: Instant) {
        match event {
            request_response::Event::Message { peer, message, .. } => match message {
                Message::Request { request_id, request, channel } => {
                    let Some(device) = device_of(&peer) else { return };
                    let ticket = self.may_answer(peer, device, now).then(|| self.desk.asked(request_id, channel));
                    if let Some(ticket) = ticket.flatten() {
                        self.counters.prekey_requests.add();
                        self.outbox.event(NetEvent::PrekeyRequest { device, request, ticket });
                    } else {
                        self.counters.prekey_over_rate.add();
                    }
                }
                Message::Response { request_id, response } => self.on_prekey_closed(request_id, response),
            },
            request_response::Event::OutboundFailure { request_id, .. } => self.on_prekey_closed(request_id, None),
            request_response::Event::InboundFailure { request_id, .. } => self.desk.lapsed(request_id),
            request_response::Event::ResponseSent { .. } => {}
        }
    }

    fn may_answer(&mut self, peer: PeerId, device: DeviceId, now: Instant) -> bool {
        let Some(known) = self.peers.get_mut(device) else { return false };
        // Strangers share a budget, so that a crowd of them cannot keep us busy nor lock contacts out.
        known.prekeys.take(now) && (self.swarm.behaviour().gossip.is_allowed(&peer) || self.prekeys.take(now))
    }

    fn on_prekey_closed(&mut self, id: request_response::OutboundRequestId, answer: Option<Vec<u8>>) {
        if let Some(device) = self.desk.closed(id) {
            self.outbox.event(NetEvent::Prekey { device, answer });
        }
    }

    fn on_pulse(&mut self, pulse::Event { peer, sign }: pulse::Event, now: Instant) {
        let known = device_of(&peer).and_then(|device| self.peers.get_mut(device));
        match (sign, known) {
            (Sign::Silent, Some(known)) if known.pulse.speaks() => known.pulse.put_off(now),
            (Sign::Silent, _) => {
                self.counters.vanished.add();
                // An error says that it is closed already.
                self.swarm.disconnect_peer_id(peer).unwrap_or_default();
            }
            (Sign::Answered, Some(known)) => {
                self.counters.pulses_answered.add();
                known.pulse.answered(now);
            }
            (Sign::Failed, Some(known)) => known.pulse.answered(now),
            (Sign::Heard, Some(known)) => known.pulse.heard(now),
            (Sign::Answered | Sign::Failed | Sign::Heard, None) => {}
        }
    }

    fn on_discovered(&mut self, seen: Vec<(PeerId, Multiaddr)>) {
        let mut devices: Vec<DeviceId> = Vec::new();
        for (peer, address) in seen {
            let Some(device) = device_of(&peer) else { continue };
            self.discovered.add(device, without_peer(&address));
            if !devices.contains(&device) {
                devices.push(device);
            }
        }
        for device in devices {
            let addresses = self.discovered.of(device).iter().map(Multiaddr::to_vec).collect();
            self.outbox.event(NetEvent::Discovered { device, addresses });
        }
    }
}
