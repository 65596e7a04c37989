//! Who is connected, and what the driver knows of each.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use ahoy_protocol::core::input::Topic;
use ahoy_protocol::ids::DeviceId;
use libp2p::swarm::ConnectionId;

use super::bucket::Bucket;
use super::crowd::{Crowd, Source};
use super::pulse::Schedule;
use crate::limits::network as limits;

/// A connected device.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Topics it has told us, all of ours' form; at most [`limits::TOPICS_PER_PEER`].
    pub(crate) topics: BTreeSet<Topic>,
    /// When it is asked for a sign of life.
    pub(crate) pulse: Schedule,
    /// Its prekey requests.
    pub(crate) prekeys: Bucket,
    /// Its connections and since when they stand, oldest first; none once they are found dead and about to close.
    connections: Vec<(ConnectionId, Instant)>,
    /// When all but the newest are closed; one side of the two does it.
    one_from: Option<Instant>,
    leads: bool,
}

impl Peer {
    /// When something is to be done about it; `idle` is the moment when all quiet ones are asked that we lead.
    pub(crate) fn due(&self, idle: Instant) -> Option<Instant> {
        [self.pulse.due(idle), self.one_from].into_iter().flatten().min()
    }

    /// Connections that are to be closed now.
    pub(crate) fn surplus(&mut self, now: Instant) -> Vec<ConnectionId> {
        if self.one_from.is_none_or(|from| now < from) {
            return Vec::new();
        }
        self.one_from = None;
        let older = self.connections.len().saturating_sub(1);
        self.connections.iter().take(older).map(|(id, _)| *id).collect()
    }

    /// It has a connection that is not known to be dead.
    pub(crate) fn is_connected(&self) -> bool {
        !self.connections.is_empty()
    }

    /// It has had one for so long.
    pub(crate) fn is_old(&self, now: Instant, age: Duration) -> bool {
        self.connections.first().is_some_and(|(_, since)| now.saturating_duration_since(*since) >= age)
    }
}

/// All connected devices.
#[derive(Debug)]
pub(crate) struct Peers {
    map: HashMap<DeviceId, Peer>,
    strangers: Crowd<(DeviceId, ConnectionId)>,
}

impl Default for Peers {
    fn default() -> Self {
        Self { map: HashMap::new(), strangers: Crowd::new(limits::STRANGERS) }
    }
}

impl Peers {
    /// The first connection to a device; `leads`: we ask it for signs of life, not it us.
    pub(crate) fn connected(&mut self, device: DeviceId, connection: ConnectionId, leads: bool, now: Instant) {
        let prekeys = Bucket::new(limits::PREKEY_PEER_BURST, limits::PREKEY_PEER_PER_SECOND, now);
        let pulse = Schedule::new(leads, now);
        let peer = Peer {
            topics: BTreeSet::new(),
            pulse,
            prekeys,
            connections: vec![(connection, now)],
            one_from: None,
            leads,
        };
        self.map.insert(device, peer);
    }

    /// One more connection to a device: both have dialled at once, or an older one is dying.
    pub(crate) fn another(&mut self, device: DeviceId, connection: ConnectionId, now: Instant) {
        let Some(peer) = self.map.get_mut(&device) else { return };
        if !peer.is_connected() {
            peer.pulse = Schedule::new(peer.leads, now);
        }
        peer.connections.push((connection, now));
        if peer.leads {
            // Not at once: what was said over the older one is to arrive.
            peer.one_from = Some(now + limits::TWO_CONNECTIONS);
        }
    }

    /// Its connections are dead.
    pub(crate) fn cut(&mut self, device: DeviceId) {
        if let Some(peer) = self.map.get_mut(&device) {
            peer.connections.clear();
        }
    }

    /// The last is gone; the topics it had.
    pub(crate) fn disconnected(&mut self, device: DeviceId) -> Vec<Topic> {
        self.map.remove(&device).map(|peer| peer.topics.into_iter().collect()).unwrap_or_default()
    }

    /// A connected device.
    pub(crate) fn get_mut(&mut self, device: DeviceId) -> Option<&mut Peer> {
        self.map.get_mut(&device)
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (DeviceId, &Peer)> {
        self.map.iter().map(|(device, peer)| (*device, peer))
    }

    /// A message goes to everybody who holds this topic.
    pub(crate) fn sent(&mut self, topic: Topic, now: Instant) {
        for peer in self.map.values_mut().filter(|peer| peer.topics.contains(&topic)) {
            peer.pulse.active(now);
        }
    }

    /// A connection of a device that isn't allowed gossip; the one to close, if they are too many.
    pub(crate) fn stranger(
        &mut self,
        device: DeviceId,
        connection: ConnectionId,
        source: Source,
    ) -> Option<ConnectionId> {
        self.strangers.enter(source, (device, connection)).map(|(_, goes)| goes)
    }

    /// It is allowed now.
    pub(crate) fn no_stranger(&mut self, device: DeviceId) {
        self.strangers.leave(|(stranger, _)| *stranger == device);
    }

    /// A connection is closed.
    pub(crate) fn closed(&mut self, device: Option<DeviceId>, connection: ConnectionId) {
        if let Some(peer) = device.and_then(|device| self.map.get_mut(&device)) {
            peer.connections.retain(|(id, _)| *id != connection);
            peer.pulse.lapsed();
        }
        self.strangers.leave(|(_, id)| *id == connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(n: usize) -> DeviceId {
        DeviceId([u8::try_from(n).unwrap(); 32])
    }

    #[test]
    fn strangers_are_a_crowd_without_those_who_left_or_are_allowed() {
        let mut peers = Peers::default();
        let mut enter = |n: usize, leave: &[usize]| {
            for gone in leave {
                peers.closed(None, ConnectionId::new_unchecked(*gone));
            }
            if n == 101 {
                peers.no_stranger(device(1));
            }
            peers.stranger(device(n), ConnectionId::new_unchecked(n), Source::Memory)
        };
        for n in 0..limits::STRANGERS {
            assert_eq!(enter(n, &[]), None);
        }
        assert_eq!(enter(100, &[0]), None);
        assert_eq!(enter(101, &[]), None);
        assert_eq!(enter(102, &[]), Some(ConnectionId::new_unchecked(2)));
    }
}
