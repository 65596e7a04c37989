//! `call.hold` and `call.resume`: a call that waits without sound, and its return.

use super::commands::{only_one, wrong_state};
use super::core::{CallCore, Cx};
use super::state::{Call, Peer, Phase};
use crate::control::ControlError;
use crate::ids::CallId;

impl Call {
    /// A person here has taken part in it, or has accepted it, and it is not joined yet: it goes on with one that another
    /// device of ours hands over, or that a daemon before us was in.
    pub(super) fn is_being_joined(&self) -> bool {
        matches!(self.phase, Phase::Outgoing(_)) && (self.facts.handed || self.rejoins().is_some())
    }
}

impl CallCore {
    /// `call.hold`: nobody hears us and we hear nobody. No other call is taken up by it.
    pub(super) fn hold(&mut self, call: Option<CallId>) -> Result<CallId, ControlError> {
        let id = match call {
            Some(id) => id,
            None => {
                let active = self.of_people().filter(|call| !call.rings() && self.in_focus(call.id));
                only_one(active, "no call is active")?
            }
        };
        let call = self.visible_call(id)?;
        match call.phase {
            // What is being connected is held as soon as it is.
            Phase::Joined(_) | Phase::Outgoing(_) if may_be_held(call) && self.in_focus(id) => {
                self.focus = None;
                Ok(id)
            }
            Phase::Joined(_) | Phase::Outgoing(_) if may_be_held(call) => {
                Err(wrong_state("this call is held already", "resume it, or hang up"))
            }
            Phase::Joined(_)
            | Phase::Outgoing(_)
            | Phase::Ringing(_)
            | Phase::Handed(_)
            | Phase::Offered(_)
            | Phase::Undecided(_) => {
                Err(wrong_state("this call is not accepted yet", "it can be held as soon as it is"))
            }
        }
    }

    /// `call.resume`: the call becomes the active one; the one that was so is held.
    pub(super) fn resume(&mut self, call: Option<CallId>, cx: &mut Cx<'_>) -> Result<CallId, ControlError> {
        let id = match call {
            Some(id) => id,
            None => {
                let held = self.of_people().filter(|call| may_be_held(call) && !self.in_focus(call.id));
                only_one(held, "no call is held")?
            }
        };
        let call = self.visible_call(id)?;
        match call.phase {
            Phase::Joined(_) | Phase::Outgoing(_) if may_be_held(call) && !self.in_focus(id) => {
                self.take_up(id, false, cx);
                Ok(id)
            }
            Phase::Joined(_) if self.live.get(&id).is_some_and(|call| call.peers.iter().any(Peer::holds)) => {
                Err(wrong_state("the other side holds this call", "you talk again once it is resumed there"))
            }
            Phase::Joined(_) | Phase::Outgoing(_) if may_be_held(call) => {
                Err(wrong_state("this call is not held", "`call.hold` holds it"))
            }
            Phase::Joined(_)
            | Phase::Outgoing(_)
            | Phase::Ringing(_)
            | Phase::Handed(_)
            | Phase::Offered(_)
            | Phase::Undecided(_) => {
                Err(wrong_state("this call is not accepted yet", "accept it, or wait for the other side"))
            }
        }
    }
}

/// A person here was in it, or has accepted it, and so may hold it, also while it is being connected.
fn may_be_held(call: &Call) -> bool {
    call.joined().is_some() || call.is_being_joined()
}
