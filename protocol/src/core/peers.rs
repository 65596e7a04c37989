//! Who is connected, and who subscribes to what.

use std::collections::{BTreeMap, BTreeSet};

use super::input::{Source, Topic};
use crate::ids::DeviceId;
use crate::limits::PEER_TOPICS_MAX;

/// A connected device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Peer {
    /// Its connection is over loopback.
    pub(super) loopback: bool,
    /// Its address is private, or in a subnet of ours.
    pub(super) private: bool,
    /// Where its connection comes from.
    pub(super) source: Source,
    topics: BTreeSet<Topic>,
}

impl Peer {
    /// Over this connection; without topics yet.
    pub(super) fn new(loopback: bool, private: bool, source: Source) -> Self {
        Self { loopback, private, source, topics: BTreeSet::new() }
    }
}

/// All connected devices. The network driver bounds their number.
#[derive(Clone, Debug, Default)]
pub(super) struct Peers {
    connected: BTreeMap<DeviceId, Peer>,
}

impl Peers {
    /// A device is connected, or anew: then what it subscribes to stays.
    pub(super) fn connected(&mut self, device: DeviceId, peer: Peer) {
        let topics = self.connected.remove(&device).map(|before| before.topics).unwrap_or_default();
        self.connected.insert(device, Peer { topics, ..peer });
    }

    pub(super) fn disconnected(&mut self, device: &DeviceId) -> bool {
        self.connected.remove(device).is_some()
    }

    pub(super) fn get(&self, device: &DeviceId) -> Option<&Peer> {
        self.connected.get(device)
    }

    pub(super) fn is_connected(&self, device: &DeviceId) -> bool {
        self.connected.contains_key(device)
    }

    /// It is connected and has told us a topic of its own: a device that takes nothing of us shows none.
    pub(super) fn is_there(&self, device: &DeviceId) -> bool {
        self.connected.get(device).is_some_and(|peer| !peer.topics.is_empty())
    }

    pub(super) fn subscribed(&mut self, device: &DeviceId, topic: Topic) {
        if let Some(peer) = self.connected.get_mut(device)
            && peer.topics.len() < PEER_TOPICS_MAX
        {
            peer.topics.insert(topic);
        }
    }

    pub(super) fn unsubscribed(&mut self, device: &DeviceId, topic: &Topic) {
        if let Some(peer) = self.connected.get_mut(device) {
            peer.topics.remove(topic);
        }
    }

    /// Somebody connected subscribes to this topic.
    pub(super) fn has_subscriber(&self, topic: &Topic) -> bool {
        self.connected.values().any(|peer| peer.topics.contains(topic))
    }

    pub(super) fn devices(&self) -> Vec<DeviceId> {
        self.connected.keys().copied().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.connected.len()
    }
}
