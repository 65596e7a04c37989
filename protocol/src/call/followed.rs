//! Hand-off, at the participant: its contact goes on at another device. The new call is joined without ringing, beside the
//! old one, which goes on until the link of the new one is up, and ends only when that works. If it never does, the old
//! one is active again. For people here both are one call, and neither of them is held by anybody.

use super::core::{CallCore, Cx};
use super::end_reason::End;
use super::state::{Call, Leg, Peer};
use crate::ids::{CallId, DeviceId};
use crate::wire::bodies::Reason;

impl CallCore {
    /// The call that continues another one is offered by another device than the one we hear there.
    pub(super) fn moves(&self, old: CallId, new: CallId) -> bool {
        let device = self.live.get(&new).and_then(|call| call.peers.first()).map(|peer| peer.device);
        let peers = self.live.get(&old).map(|call| call.peers.as_slice()).unwrap_or_default();
        let flows = |other: DeviceId| device != Some(other) && !self.lost_us(old, other);
        peers.iter().any(|peer| peer.leg == Leg::Accepted && flows(peer.device))
    }

    /// A call is joined in its place, or it is joined in the place of one, and the sound of neither has come yet: who could
    /// offer more of them would fill the calls there may be, and outlive a hang-up.
    pub(super) fn is_followed(&self, old: CallId) -> bool {
        self.moves_with(old).is_some()
    }

    /// Joins the new call beside the old one. A call that we hold stays held.
    pub(super) fn follow(&mut self, old: CallId, new: CallId, cx: &mut Cx<'_>) {
        self.takes_line(old, new);
        self.join_theirs(new, cx);
        self.lasts_since(old, new);
    }

    /// Sound can come over the new call: it gets the microphone of the one that it goes on with.
    pub(super) fn hear_followed(&mut self) {
        let Some(old) = self.focus else { return };
        let up = |call: &&Call| {
            let there = |peer: &Peer| peer.leg == Leg::Accepted && peer.links.connected();
            call.joined().is_some() && call.peers.iter().any(there)
        };
        let next = self.live.values().filter(up).map(|call| call.id).find(|id| self.continued_here(*id) == Some(old));
        if let Some(new) = next {
            self.take_focus(new, false);
        }
    }

    /// The call that people here are in besides this one, while their contact moves from one of its devices to another.
    pub(super) fn moves_with(&self, id: CallId) -> Option<CallId> {
        let joined = |id: &CallId| self.live.get(id).is_some_and(|call| call.joined().is_some());
        let next = || self.live.keys().copied().find(|next| joined(next) && self.continued_here(*next) == Some(id));
        self.continued_here(id).filter(|_| joined(&id)).or_else(next)
    }

    /// It has the microphone, as people see it: it itself, or the call it moves from or to.
    pub(super) fn in_focus(&self, id: CallId) -> bool {
        self.focus.is_some_and(|focus| focus == id || self.moves_with(id) == Some(focus))
    }

    /// Ends every call in whose place another one works now.
    pub(super) fn settle_followed(&mut self, cx: &mut Cx<'_>) {
        let works = |id: &&CallId| self.live.get(id).is_some_and(|call| call.carries(self.focus == Some(**id)));
        let moved = self.live.keys().filter(works).filter_map(|id| Some((self.continued_here(*id)?, *id)));
        let moved: Vec<(CallId, CallId)> = moved.collect();
        for (old, new) in moved {
            let by = self.live.get(&new).and_then(|call| call.peers.first()).map(|peer| peer.device);
            self.pass_focus(old, new);
            let end = End { reason: Reason::AnsweredElsewhere, cause: None, by };
            self.finish_as(old, end, Reason::AnsweredElsewhere, Some(new), cx);
        }
    }
}
