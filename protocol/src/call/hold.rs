//! `call.hold` and `call.resume`: a call that waits without sound, and its return.

use super::commands::{only_one, wrong_state};
use super::core::{CallCore, Cx};
use super::state::{Peer, Phase};
use crate::control::ControlError;
use crate::ids::CallId;

impl CallCore {
    /// `call.hold`: nobody hears us and we hear nobody. No other call is taken up by it.
    pub(super) fn hold(&mut self, call: Option<CallId>) -> Result<CallId, ControlError> {
        let id = match call {
            Some(id) => id,
            None => {
                let active = self.of_people().filter(|call| call.joined().is_some() && self.in_focus(call.id));
                only_one(active, "no call is active")?
            }
        };
        match self.visible_call(id)?.phase {
            Phase::Joined(_) if self.in_focus(id) => {
                self.focus = None;
                Ok(id)
            }
            Phase::Joined(_) => Err(wrong_state("this call is held already", "resume it, or hang up")),
            Phase::Outgoing(_) | Phase::Ringing(_) | Phase::Handed(_) | Phase::Offered(_) | Phase::Undecided(_) => {
                Err(wrong_state("this call is not accepted yet", "only an accepted call can be held"))
            }
        }
    }

    /// `call.resume`: the call becomes the active one; the one that was so is held.
    pub(super) fn resume(&mut self, call: Option<CallId>, cx: &mut Cx<'_>) -> Result<CallId, ControlError> {
        let id = match call {
            Some(id) => id,
            None => {
                let held = self.of_people().filter(|call| call.joined().is_some() && !self.in_focus(call.id));
                only_one(held, "no call is held")?
            }
        };
        match self.visible_call(id)?.phase {
            Phase::Joined(_) if !self.in_focus(id) => {
                self.take_up(id, false, cx);
                Ok(id)
            }
            Phase::Joined(_) if self.live.get(&id).is_some_and(|call| call.peers.iter().any(Peer::holds)) => {
                Err(wrong_state("the other side holds this call", "you talk again once it is resumed there"))
            }
            Phase::Joined(_) => Err(wrong_state("this call is not held", "`call.hold` holds it")),
            Phase::Outgoing(_) | Phase::Ringing(_) | Phase::Handed(_) | Phase::Offered(_) | Phase::Undecided(_) => {
                Err(wrong_state("this call is not accepted yet", "accept it, or wait for the other side"))
            }
        }
    }
}
