//! We record: the files are made, everybody is asked, and a voice is written only while its owner agrees.

use std::collections::{BTreeMap, BTreeSet};

use super::super::core::{CallCore, Cx};
use super::super::effect::CallEffect;
use super::super::state::Leg;
use super::super::text;
use super::{REQUEST, STOP, wrong_state};
use crate::control::{
    Consent, ControlError, ErrorKind, EventKind, RecordReply, RecordingStarted, RecordingStopped, Reply,
};
use crate::ids::{AccountId, CallId, DeviceId, LinkId, Ticket};
use crate::limits::RECORD_ANSWER_MS;

/// What the media layer is to do about our recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordEffect {
    /// Make the folder and the files; [`RecordingEvent`]s of this number follow.
    Start {
        /// Of the recording.
        number: u32,
        /// The call, for the index and the folder's name.
        call: CallId,
        /// Where to; none: a folder of the daemon's choice.
        to: Option<String>,
    },
    /// A participant agreed: its voice has a track from now on.
    Track {
        /// Whose.
        account: AccountId,
        /// Which.
        device: DeviceId,
    },
    /// A participant took that back: nothing of its track that is not on the disk gets there.
    EndTrack {
        /// Which.
        device: DeviceId,
    },
    /// What somebody said, for the index.
    Answer {
        /// Whose.
        account: AccountId,
        /// Which.
        device: DeviceId,
        /// What.
        consent: Consent,
    },
    /// Write this voice (or no longer): our own, or that of a link of a device that has a track.
    Write {
        /// Whose.
        voice: Voice,
        /// On.
        on: bool,
    },
    /// It is over: files are ended.
    Stop {
        /// `stopped` or `call_ended`.
        reason: &'static str,
    },
}

/// A source of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Voice {
    /// What we say in the call.
    Own,
    /// What comes over a link.
    Of(DeviceId, LinkId),
}

/// What the media layer tells of our recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordingEvent {
    /// The files are there.
    Begun {
        /// Where.
        folder: String,
    },
    /// It is over.
    Ended {
        /// Why, a stable word.
        reason: String,
        /// For people: what happened and what to do.
        detail: String,
    },
}

/// Our recording.
#[derive(Clone, Debug)]
pub(in crate::call) struct Ours {
    number: u32,
    pub(super) call: CallId,
    stage: Stage,
    asked: BTreeMap<DeviceId, Asked>,
    /// What the media layer writes now.
    written: BTreeSet<Voice>,
}

#[derive(Clone, Debug)]
enum Stage {
    /// Files are being made; who asked for it waits.
    Opening(Ticket),
    /// They are there.
    Running { folder: String },
}

#[derive(Clone, Debug)]
struct Asked {
    number: u32,
    /// In which call.
    call: CallId,
    account: AccountId,
    answer: Answer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// None so far; until then, monotonic ms.
    Waits(u64),
    Accepted,
    /// It was refused, taken back, or not given in time.
    Final,
}

impl Ours {
    pub(super) fn runs(&self) -> bool {
        matches!(self.stage, Stage::Running { .. })
    }

    fn folder(&self) -> String {
        match &self.stage {
            Stage::Running { folder } => folder.clone(),
            Stage::Opening(_) => String::new(),
        }
    }

    fn may_write(&self, device: DeviceId) -> bool {
        let of = self.asked.get(&device).filter(|asked| asked.call == self.call);
        of.is_some_and(|asked| asked.answer == Answer::Accepted)
    }

    pub(super) fn due_ms(&self) -> impl Iterator<Item = u64> + '_ {
        self.asked.values().filter_map(|asked| match asked.answer {
            Answer::Waits(until_ms) => Some(until_ms),
            Answer::Accepted | Answer::Final => None,
        })
    }
}

impl CallCore {
    /// We record this call.
    pub(in crate::call) fn we_record(&self, id: CallId) -> bool {
        self.recordings.ours.as_ref().is_some_and(|ours| ours.call == id && ours.runs())
    }

    /// We write the voice of this participant: it has agreed.
    pub(in crate::call) fn is_recorded(&self, id: CallId, device: DeviceId) -> bool {
        self.we_record(id) && self.recordings.ours.as_ref().is_some_and(|ours| ours.may_write(device))
    }

    pub(super) fn start_recording(
        &mut self,
        ticket: Ticket,
        call: Option<CallId>,
        to: Option<String>,
        cx: &mut Cx<'_>,
    ) -> Result<(), ControlError> {
        if self.recordings.ours.is_some() {
            return Err(wrong_state("a call is being recorded already", "`record.stop` ends that: `ahoy record stop`"));
        }
        let call = self.which_recorded(call)?;
        let number = self.fresh_record(cx);
        let (asked, written) = (BTreeMap::new(), BTreeSet::new());
        self.recordings.ours = Some(Ours { number, call, stage: Stage::Opening(ticket), asked, written });
        cx.push(CallEffect::Record(RecordEffect::Start { number, call, to }));
        Ok(())
    }

    pub(super) fn stop_command(&mut self, cx: &mut Cx<'_>) -> Result<Reply, ControlError> {
        let Some(ours) = self.recordings.ours.as_ref().filter(|ours| ours.runs()) else {
            return Err(wrong_state("no call is being recorded here", "`record.start` records one"));
        };
        let reply = RecordReply { call: text::call(ours.call), folder: ours.folder() };
        self.end_ours(("stopped", None), true, cx);
        Ok(Reply::Record(reply))
    }

    /// What the media layer tells of a recording, by its number.
    pub(in crate::call) fn recording_event(&mut self, number: u32, event: RecordingEvent, cx: &mut Cx<'_>) {
        let (own, own_device) = (self.own, self.own_device);
        let Some(ours) = self.recordings.ours.as_mut().filter(|ours| ours.number == number) else { return };
        let call = text::call(ours.call);
        match (event, &ours.stage) {
            (RecordingEvent::Begun { folder }, Stage::Opening(ticket)) => {
                let reply = RecordReply { call: call.clone(), folder: folder.clone() };
                cx.reply(*ticket, Ok(Reply::Record(reply)));
                cx.event(EventKind::RecordingStarted(RecordingStarted {
                    call,
                    account: text::account(own),
                    device: text::device(own_device),
                    folder: Some(folder.clone()),
                    client: None,
                }));
                ours.stage = Stage::Running { folder };
            }
            (RecordingEvent::Begun { .. }, Stage::Running { .. }) => {}
            (RecordingEvent::Ended { reason: _, detail }, Stage::Opening(ticket)) => {
                let hint = "name a folder that is not there yet, under one that is: `--to DIR`";
                let error = ControlError::new(ErrorKind::NoResources, format!("nothing is recorded: {detail}"), hint);
                cx.reply(*ticket, Err(error));
                self.recordings.ours = None;
            }
            (RecordingEvent::Ended { reason, detail }, Stage::Running { .. }) => {
                self.end_ours((&reason, Some(detail).filter(|detail| !detail.is_empty())), false, cx);
            }
        }
    }

    /// It is over: everybody is told; `stop`: the media layer, too.
    fn end_ours(&mut self, (reason, detail): (&str, Option<String>), stop: bool, cx: &mut Cx<'_>) {
        let Some(ours) = self.recordings.ours.take() else { return };
        if stop {
            let reason = if reason == "stopped" { "stopped" } else { "call_ended" };
            cx.push(CallEffect::Record(RecordEffect::Stop { reason }));
        }
        for (device, asked) in &ours.asked {
            if asked.answer != Answer::Final {
                self.say_record(asked.call, *device, STOP, asked.number, cx);
            }
        }
        if let Stage::Opening(ticket) = ours.stage {
            let hint = "call again, or record another call";
            let over = ControlError::new(ErrorKind::WrongState, "the call is over: nothing is recorded", hint);
            return cx.reply(ticket, Err(over));
        }
        cx.event(EventKind::RecordingStopped(RecordingStopped {
            call: text::call(ours.call),
            account: text::account(self.own),
            device: text::device(self.own_device),
            reason: reason.to_owned(),
            detail,
            folder: Some(ours.folder()),
        }));
    }

    /// The recorded call is over; a recording goes on with the call that takes its place.
    pub(super) fn our_call_ended(&mut self, id: CallId, next: Option<CallId>, cx: &mut Cx<'_>) {
        let Some(ours) = self.recordings.ours.as_mut().filter(|ours| ours.call == id) else { return };
        match next.filter(|next| self.live.contains_key(next)) {
            Some(next) => {
                ours.call = next;
                self.sync_status(next, cx);
            }
            None => self.end_ours(("call_ended", None), true, cx),
        }
    }

    /// Whoever takes part and was not asked in this call is asked; with the number of before, if it is the same device
    /// and the call only goes on as another one.
    pub(super) fn ask_everybody(&mut self, cx: &mut Cx<'_>) {
        let Some(ours) = self.recordings.ours.as_ref().filter(|ours| ours.runs()) else { return };
        let Some(call) = self.live.get(&ours.call).filter(|call| call.joined().is_some()) else { return };
        let id = call.id;
        let known = |device: &DeviceId| ours.asked.get(device).is_some_and(|asked| asked.call == id);
        let new = call.peers.iter().filter(|peer| peer.leg == Leg::Accepted && !known(&peer.device));
        let new: Vec<(DeviceId, AccountId)> = new.map(|peer| (peer.device, peer.account)).collect();
        for (device, account) in new {
            let before = self.recordings.ours.as_ref().and_then(|ours| ours.asked.get(&device)).cloned();
            // What was refused is asked no more, whatever becomes of the call.
            let (number, answer) = match before {
                Some(Asked { number, answer: Answer::Final, .. }) => (number, Answer::Final),
                Some(Asked { number, .. }) => (number, Answer::Waits(cx.now.mono_ms.saturating_add(RECORD_ANSWER_MS))),
                None => (self.fresh_record(cx), Answer::Waits(cx.now.mono_ms.saturating_add(RECORD_ANSWER_MS))),
            };
            if let Some(ours) = &mut self.recordings.ours {
                ours.asked.insert(device, Asked { number, call: id, account, answer });
            }
            if answer != Answer::Final {
                self.say_record(id, device, REQUEST, number, cx);
            }
        }
    }

    /// An answer to a question of ours. What is final stays so, and what was never asked is nothing.
    pub(super) fn consent_came(&mut self, id: CallId, device: DeviceId, number: u32, yes: bool, cx: &mut Cx<'_>) {
        let Some(ours) = self.recordings.ours.as_mut().filter(|ours| ours.call == id) else { return };
        let Some(asked) = ours.asked.get_mut(&device).filter(|asked| (asked.call, asked.number) == (id, number)) else {
            return;
        };
        let (answer, consent) = match (asked.answer, yes) {
            (Answer::Waits(_), true) => (Answer::Accepted, Consent::Accepted),
            (Answer::Waits(_), false) => (Answer::Final, Consent::Refused),
            (Answer::Accepted, false) => (Answer::Final, Consent::Withdrawn),
            (Answer::Accepted, true) | (Answer::Final, _) => return,
        };
        asked.answer = answer;
        self.note_consent(device, consent, cx);
    }

    /// The media layer and everybody here hear what somebody said. Sound stops before anything else.
    fn note_consent(&mut self, device: DeviceId, consent: Consent, cx: &mut Cx<'_>) {
        self.sync_voices(true, cx);
        let Some(ours) = &self.recordings.ours else { return };
        let Some(account) = ours.asked.get(&device).map(|asked| asked.account) else { return };
        let id = ours.call;
        match consent {
            Consent::Accepted => cx.push(CallEffect::Record(RecordEffect::Track { account, device })),
            Consent::Withdrawn => cx.push(CallEffect::Record(RecordEffect::EndTrack { device })),
            Consent::Refused | Consent::NoAnswer | Consent::Cancelled => {}
        }
        cx.push(CallEffect::Record(RecordEffect::Answer { account, device, consent }));
        self.tell_consent(id, (device, self.own_device), consent, cx);
    }

    /// Whoever has not answered has refused, and a late answer changes nothing.
    pub(super) fn give_up_asking(&mut self, cx: &mut Cx<'_>) {
        let now_ms = cx.now.mono_ms;
        let Some(ours) = &mut self.recordings.ours else { return };
        let mut late = Vec::new();
        for (device, asked) in &mut ours.asked {
            if matches!(asked.answer, Answer::Waits(until_ms) if until_ms <= now_ms) {
                asked.answer = Answer::Final;
                late.push((*device, asked.call, asked.number));
            }
        }
        for (device, call, number) in late {
            self.say_record(call, device, STOP, number, cx);
            self.note_consent(device, Consent::NoAnswer, cx);
        }
    }

    /// The media layer writes the voices that may be written now, and no other: ours while the recorded call has the
    /// microphone, and of those who agreed what is played. `only_off`: nothing begins yet.
    pub(in crate::call) fn sync_voices(&mut self, only_off: bool, cx: &mut Cx<'_>) {
        let mut wanted = BTreeSet::new();
        let Some(ours) = self.recordings.ours.as_ref() else { return };
        if let Some(call) = self.live.get(&ours.call).filter(|call| ours.runs() && call.joined().is_some()) {
            wanted.extend((self.focus == Some(call.id)).then_some(Voice::Own));
            for peer in call.peers.iter().filter(|peer| peer.leg == Leg::Accepted && ours.may_write(peer.device)) {
                let link = peer.links.current.as_ref().filter(|link| link.sound);
                wanted.extend(link.map(|link| Voice::Of(peer.device, link.id)));
            }
        }
        let Some(ours) = &mut self.recordings.ours else { return };
        let off: Vec<Voice> = ours.written.difference(&wanted).copied().collect();
        let on: Vec<Voice> = if only_off { Vec::new() } else { wanted.difference(&ours.written).copied().collect() };
        for (voice, on) in off.iter().map(|voice| (*voice, false)).chain(on.iter().map(|voice| (*voice, true))) {
            if on {
                ours.written.insert(voice);
            } else {
                ours.written.remove(&voice);
            }
            cx.push(CallEffect::Record(RecordEffect::Write { voice, on }));
        }
    }
}
