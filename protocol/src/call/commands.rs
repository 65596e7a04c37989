//! Commands of frontends: which call is meant, and whether it makes sense now.

use super::core::{CallCore, Cx};
use super::state::{Call, Phase};
use super::text;
use crate::control::{CallCommand, CallsReply, ControlError, DoneReply, ErrorKind, Reply};
use crate::ids::{CallId, Ticket};

impl CallCore {
    /// Carries out a command and answers it.
    pub(super) fn command(&mut self, ticket: Ticket, command: CallCommand, cx: &mut Cx<'_>) {
        let result = match command {
            CallCommand::List => Ok(Reply::Calls(CallsReply { calls: self.calls(cx.now) })),
            CallCommand::Offer { .. }
            | CallCommand::Accept { .. }
            | CallCommand::Decline { .. }
            | CallCommand::HangUp { .. }
            | CallCommand::Hold { .. }
            | CallCommand::Resume { .. }
            | CallCommand::HandOff { .. }
            | CallCommand::Record(_)
            | CallCommand::Mute { .. }
            | CallCommand::Unmute { .. }
            | CallCommand::MuteKey { .. }
                if self.stopping =>
            {
                let hint = "start it again, then repeat the command";
                Err(ControlError::new(ErrorKind::Stopping, "the daemon is stopping", hint))
            }
            // The answer goes out first, so that a frontend knows the call before its first event.
            CallCommand::Offer { to, context, unproven } => {
                self.offer_command(ticket, &to, (context, unproven), cx);
                return;
            }
            CallCommand::Accept { call, in_call } => {
                self.which_incoming(call, true).and_then(|id| self.accept_command(id, in_call, cx)).map(done)
            }
            CallCommand::Record(command) => return self.record_command(ticket, command, cx),
            CallCommand::Decline { call } => self.which_incoming(call, false).map(|id| {
                self.decline(id, cx);
                done(id)
            }),
            CallCommand::HangUp { call } => self.which_own(call).map(|id| {
                self.hang_up(id, cx);
                done(id)
            }),
            CallCommand::Hold { call } => self.hold(call.map(|id| self.ended.now_called(id))).map(done),
            CallCommand::Resume { call } => self.resume(call.map(|id| self.ended.now_called(id)), cx).map(done),
            CallCommand::HandOff { call, device } => self.hand_off(call, device, cx),
            CallCommand::Mute { call } => self.mute_command(call, true, cx),
            CallCommand::Unmute { call } => self.mute_command(call, false, cx),
            CallCommand::MuteKey { call, down: true } => {
                let by_key = !self.muted || self.muted_by_key;
                self.mute_command(call, true, cx).inspect(|_| self.muted_by_key = by_key)
            }
            CallCommand::MuteKey { call, down: false } => {
                let muted = self.muted && !self.muted_by_key;
                self.mute_command(call, muted, cx)
            }
        };
        cx.reply(ticket, result);
    }

    fn mute_command(&mut self, call: Option<CallId>, muted: bool, cx: &mut Cx<'_>) -> Result<Reply, ControlError> {
        match call {
            Some(id) => {
                self.visible_call(self.ended.now_called(id))?;
            }
            None if self.visible().next().is_none() => return Err(no_call("there is no call to mute in")),
            None => {}
        }
        self.muted_by_key = false;
        self.set_muted(muted, cx);
        Ok(Reply::Done(DoneReply { call: call.map(text::call) }))
    }

    /// Calls that frontends see, without those that only take the place of another one while that is still there.
    pub(super) fn of_people(&self) -> impl Iterator<Item = &Call> {
        self.visible().filter(|call| self.continued_here(call.id).is_none())
    }

    /// A call that frontends see and that is not ended.
    pub(super) fn visible_call(&self, id: CallId) -> Result<&Call, ControlError> {
        match self.live.get(&id) {
            Some(call) if call.visible() => Ok(call),
            Some(_) | None if self.ended.contains(id) => Err(wrong_state("this call is over", "`ahoy calls` says why")),
            Some(_) | None => Err(no_call("no call has this id")),
        }
    }

    /// The call that rings here and is meant; with `resume` also one that is held, if it is named.
    fn which_incoming(&self, call: Option<CallId>, resume: bool) -> Result<CallId, ControlError> {
        if let Some(id) = call.map(|id| self.ended.now_called(id)) {
            let call = self.visible_call(id)?;
            return match &call.phase {
                Phase::Ringing(_) | Phase::Handed(_) => Ok(id),
                Phase::Joined(_) if resume && self.focus != Some(id) => Ok(id),
                Phase::Joined(_) => Err(wrong_state("this call is accepted already", "hang up to end it")),
                Phase::Outgoing(_) => Err(wrong_state("this call is our own", "wait for the other side, or hang up")),
                Phase::Offered(_) | Phase::Undecided(_) => Err(no_call("no call has this id")),
            };
        }
        only_one(self.visible().filter(|call| call.rings()), "nothing rings here")
    }

    /// The call that is meant, out of those we made or accepted.
    fn which_own(&self, call: Option<CallId>) -> Result<CallId, ControlError> {
        if let Some(id) = call.map(|id| self.ended.now_called(id)) {
            let call = self.visible_call(id)?;
            return match &call.phase {
                Phase::Outgoing(_) | Phase::Joined(_) => Ok(id),
                Phase::Ringing(_) | Phase::Handed(_) => Err(wrong_state("this call rings here", "decline it")),
                Phase::Offered(_) | Phase::Undecided(_) => Err(no_call("no call has this id")),
            };
        }
        let mut own = self.of_people().filter(|call| !call.rings());
        // Whatever else is held or dials: what one talks in, or has called last.
        if let Some(call) = own.find(|call| self.in_focus(call.id)) {
            return Ok(call.id);
        }
        only_one(self.of_people().filter(|call| !call.rings()), "there is no call to hang up")
    }
}

/// Done to this call.
fn done(id: CallId) -> Reply {
    Reply::Done(DoneReply { call: Some(text::call(id)) })
}

/// The one call there is.
pub(super) fn only_one<'a>(calls: impl Iterator<Item = &'a Call>, none: &str) -> Result<CallId, ControlError> {
    let ids: Vec<CallId> = calls.map(|call| call.id).collect();
    match ids.as_slice() {
        [] => Err(no_call(none)),
        [id] => Ok(*id),
        [_, _, ..] => {
            let message = format!("{} calls can be meant", ids.len());
            let mut error = ControlError::new(ErrorKind::AmbiguousCall, message, "name one of the candidates");
            error.candidates = ids.into_iter().map(text::call).collect();
            Err(error)
        }
    }
}

/// No such call.
fn no_call(message: &str) -> ControlError {
    ControlError::new(ErrorKind::NoSuchCall, message, "`ahoy calls` shows the calls there are")
}

/// The call is in another state.
pub(super) fn wrong_state(message: &str, hint: &str) -> ControlError {
    ControlError::new(ErrorKind::WrongState, message, hint)
}
