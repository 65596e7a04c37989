//! Fresh dials for calls that reconnect, and connections that lead nowhere any more.
//!
//! A connection whose other end is gone still looks open here for seconds, and gossipsub speaks over a connection only what
//! belongs to the first one of a peer. So the dead one is closed, and forgotten by gossipsub at once, before another is
//! dialled; a peer that dials us anew although it has a connection with us does so for the same reason (see the gate).

use std::collections::HashMap;
use std::time::Instant;

use ahoy_protocol::ids::DeviceId;
use libp2p::swarm::ConnectionId;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::{Multiaddr, PeerId};

use super::device::peer_of;
use super::dial::{Report, good_addresses};
use super::driver::Driver;
use crate::limits::network as limits;

/// Fresh dials; bounded by [`limits::FRESH_DIALS`] a device, [`limits::DIALS`], and the devices connected.
#[derive(Debug, Default)]
pub(crate) struct Fresh {
    dials: HashMap<ConnectionId, DeviceId>,
    /// Dialled as soon as the dead connection is closed, so that the other end hears the goodbye first if it can.
    next: HashMap<DeviceId, Vec<Multiaddr>>,
}

impl Fresh {
    fn of(&self, device: DeviceId) -> usize {
        self.dials.values().filter(|of| **of == device).count()
    }

    /// It is connected again.
    pub(crate) fn forget_next(&mut self, device: DeviceId) {
        self.next.remove(&device);
    }

    /// A dial is over, well or not; whether it was one of these.
    pub(crate) fn over(&mut self, connection: ConnectionId) -> bool {
        self.dials.remove(&connection).is_some()
    }
}

impl Driver {
    /// Dials a device afresh, unless its connection lives. `lost`: it can't.
    pub(super) fn redial(&mut self, device: DeviceId, addresses: Vec<Vec<u8>>, lost: bool, now: Instant) {
        let Some(peer) = peer_of(device).filter(|peer| peer != self.swarm.local_peer_id()) else { return };
        let given = addresses.into_iter().filter_map(|bytes| Multiaddr::try_from(bytes).ok());
        let known = given.chain(self.discovered.of(device).iter().cloned()).collect();
        let good = good_addresses(known, peer, &self.ours, &mut Report::default());
        let connected = self.peers.get_mut(device).filter(|known| known.is_connected());
        match connected.map(|known| lost || known.pulse.is_silent(now)) {
            Some(false) => self.ask_pulse(device, peer, now),
            Some(true) => {
                self.fresh.next.insert(device, good);
                self.cut(device, peer);
            }
            None => self.dial_afresh(device, peer, good),
        }
    }

    /// Its last connection is closed.
    pub(super) fn dial_next(&mut self, device: DeviceId) {
        if let (Some(good), Some(peer)) = (self.fresh.next.remove(&device), peer_of(device)) {
            self.dial_afresh(device, peer, good);
        }
    }

    fn dial_afresh(&mut self, device: DeviceId, peer: PeerId, good: Vec<Multiaddr>) {
        let many = self.fresh.of(device) >= limits::FRESH_DIALS || self.fresh.dials.len() >= limits::DIALS;
        if many || good.is_empty() {
            return;
        }
        self.beside(&good);
        let dial = DialOpts::peer_id(peer).addresses(good).condition(PeerCondition::Always).allocate_new_port();
        let dial = dial.override_dial_concurrency_factor(limits::DIALS_AT_ONCE).build();
        let connection = dial.connection_id();
        match self.swarm.dial(dial) {
            Ok(()) => {
                self.counters.dials.add();
                self.fresh.dials.insert(connection, device);
            }
            Err(error) => tracing::debug!(%error, "a fresh dial was not begun"),
        }
    }

    /// Asks every connected device for a sign of life: who gives none is disconnected.
    pub(super) fn probe(&mut self, now: Instant) {
        let all: Vec<DeviceId> = self.peers.iter().map(|(device, _)| device).collect();
        for device in all {
            if let Some(peer) = peer_of(device) {
                self.ask_pulse(device, peer, now);
            }
        }
    }

    fn ask_pulse(&mut self, device: DeviceId, peer: PeerId, now: Instant) {
        let Some(known) = self.peers.get_mut(device) else { return };
        if known.pulse.ask_now(now) {
            self.counters.pulses.add();
            self.swarm.behaviour_mut().pulse.ask(peer);
        }
    }

    /// Its connections are dead: gossip forgets them now, whatever closing them takes.
    fn cut(&mut self, device: DeviceId, peer: PeerId) {
        self.counters.vanished.add();
        self.peers.cut(device);
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        if gossip.is_allowed(&peer) {
            gossip.disallow(peer);
            gossip.allow(peer);
        }
        // An error says that it is closed already.
        self.swarm.disconnect_peer_id(peer).unwrap_or_default();
    }
}
