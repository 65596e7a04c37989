//! Two people have one call, whichever of their devices are in it. `already_in_call` says so to who calls; here stands
//! what this device does for calls of the other side's.
//!
//! ```text
//!  offered by another device of an account with which a call is on here ── hang_up answered_elsewhere ──> that device says
//!      that one of its own account has a call with us, and that it can hand it over
//!  accepted, while an earlier call with that account is still here ── who called again has lost it ──> it ends, lost
//! ```

use super::core::{CallCore, Cx};
use super::end_reason::{End, cause};
use super::state::{Call, Leg, Peer, Phase};
use crate::ids::{CallId, DeviceId};
use crate::wire::bodies::Reason;

impl CallCore {
    /// Another device of the account that offers this one is in a call with us, and has not lost it.
    pub(super) fn is_with_another_device(&self, id: CallId, device: DeviceId) -> bool {
        let Some(offered) = self.live.get(&id).filter(|call| call.facts.continues.is_none()) else { return false };
        self.others_with(offered).any(|call| {
            let there =
                |peer: &Peer| peer.device != device && peer.leg == Leg::Accepted && !self.lost_us(call.id, peer.device);
            call.joined().is_some() && call.peers.iter().any(there)
        })
    }

    /// Its caller hears that it has a call with us already; nobody here hears of it, and nobody has missed it.
    pub(super) fn refuse_second(&mut self, id: CallId, cx: &mut Cx<'_>) {
        self.drop_undecided(id, Some(Reason::AnsweredElsewhere), cx);
    }

    /// A callee's device says that another device of ours is in a call with it.
    pub(super) fn in_call_elsewhere(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        if let Some(peer) = self.peer_mut(id, device) {
            peer.leg = Leg::Over(Reason::AnsweredElsewhere);
        }
        let detail = "another device of yours is in a call with this contact; `ahoy handoff` there moves it here";
        let cause = Some(cause("in_call_elsewhere", detail));
        let end = End { reason: Reason::AnsweredElsewhere, cause, by: Some(device) };
        self.finish(id, end, Reason::AnsweredElsewhere, cx);
    }

    /// A call was accepted, here or there: an earlier one with the same account is over, and what else of it rings here is
    /// answered by this.
    pub(super) fn end_others(&mut self, id: CallId, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get(&id).filter(|call| call.facts.continues.is_none()) else { return };
        let others: Vec<(CallId, bool)> = self
            .others_with(call)
            .filter(|call| matches!(call.phase, Phase::Joined(_) | Phase::Ringing(_)))
            .map(|call| (call.id, call.joined().is_some()))
            .collect();
        for (other, joined) in others {
            let (reason, cause) = if joined {
                let detail = "this call was lost, and one of both has called again";
                (Reason::Lost, Some(cause("called_again", detail)))
            } else {
                (Reason::AnsweredElsewhere, None)
            };
            self.finish(other, End { reason, cause, by: None }, reason, cx);
        }
    }

    /// Other calls of the same two people.
    fn others_with<'a>(&'a self, call: &'a Call) -> impl Iterator<Item = &'a Call> {
        self.live.values().filter(|other| other.id != call.id && other.facts.roster == call.facts.roster)
    }
}
