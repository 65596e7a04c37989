//! Recall: a participant lost us, by a crash or on a dead path, and calls again while our side of the call still waits
//! for it. It is taken back without ringing; our user's consent to that call stands.
//!
//! A device that knows which call it goes on with says so in its offer (`continues`). Such an offer never rings and is
//! never a missed call: it is taken back, or crosses one of ours and is decided as `glare` says, or is refused.

use super::core::{CallCore, Cx};
use super::end_reason::{End, cause};
use super::state::{Call, Flow, Leg, Peer, Phase};
use crate::ids::{CallId, DeviceId};
use crate::wire::bodies::Reason;

impl CallCore {
    /// A participant of ours has lost us, as far as we can tell: nothing comes from it on the link, or it no longer
    /// listens to the call. Once 60 s are over so is the call, and who calls then rings.
    pub(super) fn lost_us(&self, id: CallId, device: DeviceId) -> bool {
        let Some(call) = self.live.get(&id).filter(|call| call.joined().is_some()) else { return false };
        call.peers.iter().any(|peer| {
            let gone = peer.gone_ms.is_some() || matches!(peer.flow, Flow::Interrupted { .. });
            peer.device == device && peer.leg == Leg::Accepted && gone
        })
    }

    /// The call that this one takes the place of, by its offer: joined here, with the account that offers. Which of its
    /// devices does, and whether the old one still flows, makes no difference.
    pub(super) fn continued_here(&self, id: CallId) -> Option<CallId> {
        let facts = &self.live.get(&id)?.facts;
        let old = self.live.get(&self.ended.now_called(facts.continues?))?;
        let with = |peer: &Peer| peer.account == facts.offerer && peer.leg == Leg::Accepted;
        let same = old.id != id && old.facts.roster == facts.roster;
        (same && old.joined().is_some() && old.peers.iter().any(with)).then_some(old.id)
    }

    /// Both went on with the same call, and its device has taken ours: what it offered itself is as good as withdrawn,
    /// unless it has lost us once more.
    pub(super) fn gave_way_to(&self, ours: CallId, theirs: CallId, device: DeviceId) -> bool {
        let (Some(our), Some(their)) = (self.live.get(&ours), self.live.get(&theirs)) else { return false };
        let same = our.peers.iter().any(|peer| peer.device == device && peer.leg == Leg::Accepted);
        !our.facts.incoming && their.facts.continues != Some(ours) && same && !self.lost_us(ours, device)
    }

    /// The new call takes the place of the old one, which ends without a sound.
    pub(super) fn take_back(&mut self, old: CallId, new: CallId, cx: &mut Cx<'_>) {
        if self.moves(old, new) {
            self.follow(old, new, cx);
            return;
        }
        self.pass_focus(old, new);
        self.takes_line(old, new);
        self.join_theirs(new, cx);
        self.lasts_since(old, new);
        // Nobody ended it.
        let cause = Some(cause("called_again", "the other side lost this call and has called again"));
        let end = End { reason: Reason::Lost, cause, by: None };
        self.finish_as(old, end, Reason::Lost, Some(new), cx);
    }

    /// The longest duration counts for both together.
    pub(super) fn lasts_since(&mut self, old: CallId, new: CallId) {
        let since = self.live.get(&old).and_then(Call::joined).map(|joined| (joined.since_ms, joined.before_ms));
        if let (Some(since), Some(Phase::Joined(joined))) = (since, self.live.get_mut(&new).map(|call| &mut call.phase))
        {
            (joined.since_ms, joined.before_ms) = since;
        }
    }
}
