//! Somebody asks to record us.

use super::super::core::{CallCore, Cx};
use super::super::text;
use super::{ACCEPT, REFUSE};
use crate::control::{Consent, EventKind, RecordPolicy, RecordingRequested, RecordingStarted, RecordingStopped};
use crate::ids::{CallId, DeviceId};
use crate::limits::{RECORD_AGREED_MAX, RECORD_ANSWER_MS};

/// What a device of a call asked of us last.
#[derive(Clone, Debug)]
pub(in crate::call) struct Theirs {
    /// The question's number: earlier ones are over.
    number: u32,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// A person here has to answer until then, monotonic ms.
    Waits(u64),
    /// It may write our voice.
    Agreed,
    /// Refused, taken back, or over.
    Over,
}

/// To whom we have agreed: where the call goes on as another one, the same recording needs no second question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::call) struct Agreed {
    /// The call for people.
    line: CallId,
    device: DeviceId,
    number: u32,
}

impl Theirs {
    pub(super) fn waits(&self) -> bool {
        matches!(self.stage, Stage::Waits(_))
    }

    pub(super) fn agreed(&self) -> bool {
        self.stage == Stage::Agreed
    }

    pub(super) fn due_ms(&self) -> Option<u64> {
        match self.stage {
            Stage::Waits(until_ms) => Some(until_ms),
            Stage::Agreed | Stage::Over => None,
        }
    }
}

impl CallCore {
    /// A participant asks. A question that came before, by the other way or late, changes nothing.
    pub(super) fn asked_to_record(&mut self, id: CallId, device: DeviceId, number: u32, cx: &mut Cx<'_>) {
        let newer = |theirs: &Theirs| theirs.number.wrapping_sub(number) as i32 >= 0;
        if self.recordings.theirs.get(&(id, device)).is_some_and(newer) {
            return;
        }
        let until_ms = cx.now.mono_ms.saturating_add(RECORD_ANSWER_MS);
        self.recordings.theirs.insert((id, device), Theirs { number, stage: Stage::Waits(until_ms) });
        let goes_on =
            self.line_of(id).is_some_and(|line| self.recordings.agreed.contains(&Agreed { line, device, number }));
        match self.recordings.policy {
            RecordPolicy::Ask if goes_on => self.answer_recorder(id, device, Consent::Accepted, cx),
            RecordPolicy::Accept => self.answer_recorder(id, device, Consent::Accepted, cx),
            RecordPolicy::Refuse => self.answer_recorder(id, device, Consent::Refused, cx),
            RecordPolicy::Ask => {
                let Some(peer) = self.peer_mut(id, device) else { return };
                let account = text::account(peer.account);
                cx.event(EventKind::RecordingRequested(RecordingRequested {
                    call: text::call(id),
                    account,
                    device: text::device(device),
                    answer_by_ms: cx.now.unix_ms.saturating_add(RECORD_ANSWER_MS),
                }));
            }
        }
    }

    fn line_of(&self, id: CallId) -> Option<CallId> {
        self.live.get(&id).map(|call| call.line().call)
    }

    /// We agree, or not, or no longer.
    pub(super) fn answer_recorder(&mut self, id: CallId, device: DeviceId, consent: Consent, cx: &mut Cx<'_>) {
        let agree = consent == Consent::Accepted;
        let Some(theirs) = self.recordings.theirs.get_mut(&(id, device)) else { return };
        theirs.stage = if agree { Stage::Agreed } else { Stage::Over };
        let number = theirs.number;
        self.say_record(id, device, if agree { ACCEPT } else { REFUSE }, number, cx);
        self.recordings.agreed.retain(|agreed| agreed.device != device || agreed.number != number);
        if let Some(line) = self.line_of(id).filter(|_| agree) {
            self.recordings.agreed.push(Agreed { line, device, number });
            if self.recordings.agreed.len() > RECORD_AGREED_MAX {
                self.recordings.agreed.remove(0);
            }
        }
        self.tell_consent(id, (self.own_device, device), consent, cx);
    }

    /// The recording is over, or the question is taken back; a stop may come before its question.
    pub(super) fn recorder_stopped(&mut self, id: CallId, device: DeviceId, number: u32, cx: &mut Cx<'_>) {
        let theirs = self.recordings.theirs.entry((id, device)).or_insert(Theirs { number, stage: Stage::Over });
        if (number.wrapping_sub(theirs.number) as i32) < 0 {
            return;
        }
        let waited = theirs.waits();
        *theirs = Theirs { number, stage: Stage::Over };
        self.recordings.agreed.retain(|agreed| agreed.device != device || agreed.number != number);
        if waited {
            self.tell_consent(id, (self.own_device, device), Consent::Cancelled, cx);
        }
    }

    /// Somebody waits for our answer.
    pub(in crate::call) fn asks_to_record(&self, id: CallId, device: DeviceId) -> bool {
        self.recordings.theirs.get(&(id, device)).is_some_and(Theirs::waits)
    }

    pub(super) fn tell_started(&self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        let Some(account) = self.account_of(id, device) else { return };
        let (call, device) = (text::call(id), text::device(device));
        cx.event(EventKind::RecordingStarted(RecordingStarted { call, account, device, folder: None, client: None }));
    }

    pub(super) fn tell_stopped(&self, id: CallId, device: DeviceId, reason: &str, cx: &mut Cx<'_>) {
        let Some(account) = self.account_of(id, device) else { return };
        cx.event(EventKind::RecordingStopped(RecordingStopped {
            call: text::call(id),
            account,
            device: text::device(device),
            reason: reason.to_owned(),
            detail: None,
            folder: None,
        }));
    }

    fn account_of(&self, id: CallId, device: DeviceId) -> Option<String> {
        let peers = &self.live.get(&id)?.peers;
        peers.iter().find(|peer| peer.device == device).map(|peer| text::account(peer.account))
    }
}
