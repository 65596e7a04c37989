//! Hand-off, at the participant: its contact goes on at another device. The new call is joined without ringing, beside the
//! old one, which is held meanwhile and ends only when the new one works. If it never does, the old one is active again.

use super::core::{CallCore, Cx};
use super::end_reason::End;
use super::state::Leg;
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

    /// Joins the new call beside the old one. A call that we hold stays held.
    pub(super) fn follow(&mut self, old: CallId, new: CallId, cx: &mut Cx<'_>) {
        if self.focus == Some(old) {
            self.take_focus(new, false);
        }
        self.join_theirs(new, cx);
        self.lasts_since(old, new);
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
