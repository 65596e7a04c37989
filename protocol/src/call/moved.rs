//! The network under a call changes: addresses of ours come and go, or the machine slept. What was lost is made anew at
//! once; nothing waits for the silence of 2 s to show it.

use std::collections::BTreeSet;

use super::core::{CallCore, Cx};
use super::links::Up;
use super::state::{Flow, Leg, Peer};
use crate::ids::{CallId, DeviceId};
use crate::limits::MOVED_REST_MS;

/// The addresses that links can use.
#[derive(Clone, Debug, Default)]
pub(super) struct Network {
    /// Rises with every change: a link knows which addresses it was made with.
    number: u32,
    /// When they have rested long enough, monotonic ms; none: they have.
    rests_ms: Option<u64>,
}

impl Network {
    /// Which addresses there are now.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// When `network_rests` has something to do.
    pub(super) fn due_ms(&self) -> Option<u64> {
        self.rests_ms
    }
}

impl CallCore {
    /// Devices with which an accepted call has lost its media.
    #[must_use]
    pub fn reconnecting(&self) -> BTreeSet<DeviceId> {
        self.taking_part().filter(|peer| is_interrupted(peer)).map(|peer| peer.device).collect()
    }

    /// Devices that take part in an accepted call.
    #[must_use]
    pub fn participants(&self) -> BTreeSet<DeviceId> {
        self.taking_part().map(|peer| peer.device).collect()
    }

    fn taking_part(&self) -> impl Iterator<Item = &Peer> {
        let joined = self.live.values().filter(|call| call.joined().is_some());
        joined.flat_map(|call| call.peers.iter()).filter(|peer| peer.leg == Leg::Accepted)
    }

    /// Addresses of ours came or went.
    pub(super) fn moved(&mut self, cx: &Cx<'_>) {
        self.network.number = self.network.number.wrapping_add(1);
        if !self.live.is_empty() {
            self.network.rests_ms = Some(cx.now.mono_ms.saturating_add(MOVED_REST_MS));
        }
    }

    /// The address that a link uses is gone: no packet will come.
    pub(super) fn address_gone(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        if let Some(link) = self.peer_mut(id, device).and_then(|peer| peer.links.current.as_mut()) {
            link.up = Up::Interrupted;
        }
        self.interrupt(id, device, cx.now.mono_ms, cx);
        self.network.rests_ms = Some(cx.now.mono_ms.saturating_add(MOVED_REST_MS));
    }

    /// Makes anew what has no way, once the addresses rest. Links that work are left alone, whatever else came.
    pub(super) fn network_rests(&mut self, cx: &mut Cx<'_>) {
        if self.network.rests_ms.is_none_or(|at_ms| at_ms > cx.now.mono_ms) {
            return;
        }
        self.network.rests_ms = None;
        for (id, device) in self.links_of(|peer| {
            let dead = peer.links.current.as_ref().is_some_and(|link| link.up == Up::Interrupted);
            dead || is_interrupted(peer) || matches!(peer.flow, Flow::Connecting { .. })
        }) {
            self.renew(id, device, cx);
        }
    }

    /// The machine slept: NATs have forgotten us, and the others may be elsewhere.
    pub(super) fn woke(&mut self, cx: &mut Cx<'_>) {
        for (id, device) in self.links_of(|peer| peer.leg == Leg::Accepted) {
            self.renew(id, device, cx);
        }
    }

    /// Pairs that may have links, of those that fit.
    fn links_of(&self, fits: impl Fn(&Peer) -> bool) -> Vec<(CallId, DeviceId)> {
        let pairs = self.live.values().flat_map(|call| call.peers.iter().map(move |peer| (call.id, peer)));
        pairs.filter(|(_, peer)| peer.may_connect() && fits(peer)).map(|(id, peer)| (id, peer.device)).collect()
    }
}

fn is_interrupted(peer: &Peer) -> bool {
    matches!(peer.flow, Flow::Interrupted { .. })
}
