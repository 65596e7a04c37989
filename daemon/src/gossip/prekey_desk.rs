//! Prekey requests under way in both directions.

use std::collections::{BTreeMap, HashMap};

use ahoy_protocol::core::input::NetTicket;
use ahoy_protocol::ids::DeviceId;
use libp2p::request_response::{InboundRequestId, OutboundRequestId, ResponseChannel};

use crate::limits::network as limits;

/// Where an answer goes.
pub(crate) type Channel = ResponseChannel<Option<Vec<u8>>>;

/// Requests under way. Dropping a channel closes its stream without a byte.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    last: u64,
    theirs: BTreeMap<u64, (InboundRequestId, Channel)>,
    ours: HashMap<OutboundRequestId, DeviceId>,
}

impl Desk {
    /// A device asks; none if too many wait already.
    pub(crate) fn asked(&mut self, id: InboundRequestId, channel: Channel) -> Option<NetTicket> {
        if self.theirs.len() >= limits::PREKEY_WAITING {
            return None;
        }
        self.last += 1;
        self.theirs.insert(self.last, (id, channel));
        Some(NetTicket(self.last))
    }

    /// The core answers.
    pub(crate) fn answered(&mut self, ticket: NetTicket) -> Option<Channel> {
        self.theirs.remove(&ticket.0).map(|(_, channel)| channel)
    }

    /// The request has timed out or its connection is gone.
    pub(crate) fn lapsed(&mut self, id: InboundRequestId) {
        self.theirs.retain(|_, (waiting, _)| *waiting != id);
    }

    /// We may ask this device: it isn't asked already, and not too many are.
    pub(crate) fn may_ask(&self, device: DeviceId) -> bool {
        self.ours.len() < limits::PREKEY_ASKED && !self.ours.values().any(|asked| *asked == device)
    }

    /// We have asked.
    pub(crate) fn ask(&mut self, id: OutboundRequestId, device: DeviceId) {
        self.ours.insert(id, device);
    }

    /// The answer has come, or never will.
    pub(crate) fn closed(&mut self, id: OutboundRequestId) -> Option<DeviceId> {
        self.ours.remove(&id)
    }
}
