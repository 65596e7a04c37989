//! Recording a call: who is asked, who agreed, whose voice is written down now.
//!
//! ```text
//!  recorder, for each participant:            participant, for each recorder:
//!   asked ── accept ──> written                asked ── record.accept ──> recorded
//!     │ └── 30 s: stop ──┐ │                     │ └── 30 s ──┐             │
//!     └──── refuse ──> silent <── refuse         └─ refuse ──> refused <─────┘ record.refuse
//! ```
//! A question has a number, and an answer to it is final: who refused, took consent back or did not answer is asked again
//! only by another question. So it does not matter over which of the two ways, pair or `ctl`, a word comes first or again.

mod asked;
mod ours;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use asked::{Agreed, Theirs};
pub(super) use ours::Ours;
pub use ours::{RecordEffect, RecordingEvent, Voice};

use super::commands::{only_one, wrong_state};
use super::core::{CallCore, Cx};
use super::effect::{CallEffect, LinkCommand};
use super::state::Leg;
use super::text;
use crate::control::{
    Consent, ControlError, DoneReply, EventKind, RecordCommand, RecordPolicy, RecordingAnswered, Reply,
};
use crate::ids::{CallId, DeviceId, Ticket};
use crate::wire::bodies::{CtlBody, Flags, PairBody, Record};

/// What a [`Record`] says.
pub(crate) const REQUEST: u8 = 1;
/// See [`REQUEST`].
pub(super) const ACCEPT: u8 = 2;
/// See [`REQUEST`]; also of who has accepted before.
pub(super) const REFUSE: u8 = 3;
/// See [`REQUEST`]: of the recorder; the recording is over, or the question is taken back.
pub(super) const STOP: u8 = 4;

/// Everything about recordings.
#[derive(Clone, Debug, Default)]
pub(super) struct Recordings {
    pub(super) policy: RecordPolicy,
    /// What we record: one call at a time.
    pub(super) ours: Option<Ours>,
    /// The number drawn last, of recordings and of questions.
    last: Option<u32>,
    /// Who asked us in which call: entries end with their calls.
    pub(super) theirs: BTreeMap<(CallId, DeviceId), Theirs>,
    /// To whom we have agreed, for a call that goes on as another one.
    pub(super) agreed: Vec<Agreed>,
    /// Recorders that frontends were told of.
    shown: BTreeSet<(CallId, DeviceId)>,
}

impl CallCore {
    /// We record a call.
    #[must_use]
    pub fn recording(&self) -> bool {
        self.recordings.ours.as_ref().is_some_and(Ours::runs)
    }

    /// Somebody else records a call that we are in.
    #[must_use]
    pub fn is_recorded_by_others(&self) -> bool {
        !self.recordings.shown.is_empty()
    }

    /// What becomes of the question whether somebody may record us.
    pub fn set_record_policy(&mut self, policy: RecordPolicy) {
        self.recordings.policy = policy;
    }

    /// A number that no question of this process had, and that none of the process before is likely to have had.
    fn fresh_record(&mut self, cx: &mut Cx<'_>) -> u32 {
        let last = self.recordings.last.unwrap_or_else(|| cx.rng.next_u32() >> 1);
        let fresh = last.wrapping_add(1);
        self.recordings.last = Some(fresh);
        fresh
    }

    /// `record.*`.
    pub(super) fn record_command(&mut self, ticket: Ticket, command: RecordCommand, cx: &mut Cx<'_>) {
        let result = match command {
            RecordCommand::Start { call, to } => match self.start_recording(ticket, call, to, cx) {
                // Answered once the files are there.
                Ok(()) => return,
                Err(error) => Err(error),
            },
            RecordCommand::Stop => self.stop_command(cx),
            RecordCommand::Accept { call } => self.answer_command(call, true, cx),
            RecordCommand::Refuse { call } => self.answer_command(call, false, cx),
        };
        cx.reply(ticket, result);
    }

    fn answer_command(&mut self, call: Option<CallId>, agree: bool, cx: &mut Cx<'_>) -> Result<Reply, ControlError> {
        let call = match call.map(|id| self.ended.now_called(id)) {
            Some(id) => Some(self.visible_call(id)?.id),
            None => None,
        };
        let meant = |(id, _): &(CallId, DeviceId)| call.is_none_or(|call| call == *id);
        let open = |theirs: &Theirs| if agree { theirs.waits() } else { theirs.waits() || theirs.agreed() };
        let all = self.recordings.theirs.iter().filter(|(at, theirs)| meant(at) && open(theirs));
        let all: Vec<(CallId, DeviceId)> = all.map(|(at, _)| *at).collect();
        if all.is_empty() {
            let message = if agree { "nobody asks to record you" } else { "nobody records you, or asks to" };
            let hint = "who was refused, or got no answer in time, has to ask again: `ahoy record start` there";
            return Err(wrong_state(message, hint));
        }
        for (id, device) in &all {
            let consent = match (agree, self.recordings.theirs.get(&(*id, *device)).is_some_and(Theirs::agreed)) {
                (true, _) => Consent::Accepted,
                (false, true) => Consent::Withdrawn,
                (false, false) => Consent::Refused,
            };
            self.answer_recorder(*id, *device, consent, cx);
        }
        let one = call.or(all.first().map(|(id, _)| *id));
        Ok(Reply::Done(DoneReply { call: one.map(text::call) }))
    }

    /// Which accepted call a person means to record.
    fn which_recorded(&self, call: Option<CallId>) -> Result<CallId, ControlError> {
        let id = match (call.map(|id| self.ended.now_called(id)), self.focus) {
            (Some(id), _) => self.visible_call(id)?.id,
            (None, Some(id)) if self.live.get(&id).is_some_and(|call| call.joined().is_some()) => id,
            (None, _) => {
                only_one(self.of_people().filter(|call| call.joined().is_some()), "there is no call to record")?
            }
        };
        if self.live.get(&id).is_none_or(|call| call.joined().is_none()) {
            return Err(wrong_state("this call is not accepted yet", "only an accepted call can be recorded"));
        }
        Ok(id)
    }

    /// A word about a recording from a device, over whichever way.
    pub(super) fn record_said(&mut self, id: CallId, device: DeviceId, said: Record, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get_mut(&id).filter(|call| call.joined().is_some()) else { return };
        if call.peer_mut(device).is_none_or(|peer| peer.leg != Leg::Accepted) {
            return;
        }
        match said.op {
            REQUEST => self.asked_to_record(id, device, said.recording, cx),
            STOP => self.recorder_stopped(id, device, said.recording, cx),
            ACCEPT => self.consent_came(id, device, said.recording, true, cx),
            REFUSE => self.consent_came(id, device, said.recording, false, cx),
            // The codec lets nothing else in.
            _ => {}
        }
    }

    /// Says something about a recording over both ways: `ctl` is quick, the pair makes sure.
    pub(super) fn say_record(&mut self, id: CallId, device: DeviceId, op: u8, recording: u32, cx: &mut Cx<'_>) {
        let said = Record { op, recording };
        let Some(peer) = self.peer_mut(id, device).filter(|peer| peer.in_touch()) else { return };
        if let Some(link) = peer.links.current.as_ref().filter(|link| link.ctl_open) {
            cx.push(CallEffect::Link { link: link.id, command: LinkCommand::Ctl(CtlBody::Record(said)) });
        }
        cx.push(CallEffect::Pair { call: id, device, body: PairBody::Record(said) });
    }

    /// Tells frontends what was said about somebody's voice.
    pub(super) fn tell_consent(
        &self,
        id: CallId,
        (of, recorder): (DeviceId, DeviceId),
        consent: Consent,
        cx: &mut Cx<'_>,
    ) {
        let peers = self.live.get(&id).map(|call| call.peers.as_slice()).unwrap_or_default();
        let account = peers.iter().find(|peer| peer.device == of).map_or(self.own, |peer| peer.account);
        cx.event(EventKind::RecordingAnswered(RecordingAnswered {
            call: text::call(id),
            account: text::account(account),
            device: text::device(of),
            recorder: text::device(recorder),
            consent,
            client: None,
        }));
    }

    /// The device records the call, by its own word or because we have agreed.
    pub(super) fn records(&self, id: CallId, device: DeviceId) -> bool {
        let peer = self.live.get(&id).and_then(|call| call.peers.iter().find(|peer| peer.device == device));
        let says = peer.is_some_and(|peer| peer.leg == Leg::Accepted && peer.flags.0 & Flags::RECORDING != 0);
        says || self.recordings.theirs.get(&(id, device)).is_some_and(Theirs::agreed)
    }

    /// After every input: whoever takes part is asked, and frontends are told who records.
    pub(super) fn settle_recordings(&mut self, cx: &mut Cx<'_>) {
        self.ask_everybody(cx);
        let mut now = BTreeSet::new();
        for call in self.live.values().filter(|call| call.joined().is_some()) {
            let devices = call.peers.iter().map(|peer| peer.device);
            now.extend(devices.filter(|device| self.records(call.id, *device)).map(|device| (call.id, device)));
        }
        for (id, device) in now.difference(&self.recordings.shown) {
            self.tell_started(*id, *device, cx);
        }
        for (id, device) in self.recordings.shown.difference(&now) {
            if self.live.contains_key(id) {
                self.tell_stopped(*id, *device, "stopped", cx);
            }
        }
        self.recordings.shown = now;
    }

    /// A call is over, or goes on as another one.
    pub(super) fn recordings_end(&mut self, id: CallId, next: Option<CallId>, cx: &mut Cx<'_>) {
        let shown: Vec<_> = self.recordings.shown.iter().filter(|(call, _)| *call == id).copied().collect();
        for (call, device) in shown {
            self.recordings.shown.remove(&(call, device));
            self.tell_stopped(call, device, "call_ended", cx);
        }
        self.recordings.theirs.retain(|(call, _), _| *call != id);
        self.our_call_ended(id, next, cx);
    }

    /// When something about recordings is due, monotonic ms.
    pub(super) fn recordings_due(&self) -> impl Iterator<Item = u64> + '_ {
        let theirs = self.recordings.theirs.values().filter_map(Theirs::due_ms);
        theirs.chain(self.recordings.ours.iter().flat_map(Ours::due_ms))
    }

    /// Whoever has not answered in time has refused.
    pub(super) fn recording_timers(&mut self, cx: &mut Cx<'_>) {
        let now_ms = cx.now.mono_ms;
        let late = self.recordings.theirs.iter().filter(|(_, theirs)| theirs.due_ms().is_some_and(|at| at <= now_ms));
        let late: Vec<(CallId, DeviceId)> = late.map(|(at, _)| *at).collect();
        for (id, device) in late {
            self.answer_recorder(id, device, Consent::NoAnswer, cx);
        }
        self.give_up_asking(cx);
    }
}
