//! Messages that somebody leaves who was not answered: recorded there, kept sealed by both sides' stores, and fetched by
//! the callee's device over a direct stream when both meet (docs/wire.md 13).
//!
//! ```text
//!  caller:  unanswered call ── record ──> recording ── send, 2 minutes, a call ──> owed ── kept there ──> gone
//!  callee:  announced ── fetch ──> coming ── the right bytes came ──> got ── history cleared ──> gone
//! ```

mod bounds;
mod rows;

use std::collections::{BTreeMap, VecDeque};

use ahoy_crypto::Check;
use ahoy_crypto::hash::sha256;

use super::Core;
use super::effect::{Effect, MediaCommand, NetCommand, StoreCommand, Table};
use super::input::NetTicket;
use super::step::Step;
use crate::account::{Policy, RowError};
use crate::call::effect::HistoryEntry;
use crate::call::signal::{CallInput, Sender};
use crate::control::{ControlError, DoneReply, ErrorKind, EventKind, Reply, VoicemailInfo, VoicemailsReply};
use crate::ids::{AccountId, CallId, DeviceId, Ticket};
use crate::limits::{LETTER_KEPT_MS, VOICEMAIL_MS};
use crate::wire::bodies::{Media, Missed, Reason};
use crate::wire::voicemail::{Announce, KEPT, Message, Request};
use rows::{Facts, Stored};

/// A frontend's wish about messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VoicemailCommand {
    /// `voicemail.record`: for this call, or the newest that nobody answered.
    Record {
        /// Which.
        call: Option<CallId>,
    },
    /// `voicemail.send`: the recording ends, and goes.
    Send,
    /// `voicemail.cancel`: the recording ends, and nothing goes.
    Cancel,
    /// What was left for us.
    List,
    /// Forget all that was left for us.
    Forget,
}

/// A call of ours that nobody answered.
#[derive(Clone, Copy)]
struct Unanswered {
    call: CallId,
    account: AccountId,
    started_ms: u64,
}

/// What is being recorded.
struct Recording {
    of: Unanswered,
    /// When it is long enough, monotonic ms.
    until_ms: u64,
    /// It ends, and this is what becomes of it; none while it goes on.
    ending: Option<bool>,
}

/// A message that a device is bringing.
struct Coming {
    account: AccountId,
    announced: Announce,
    ticket: NetTicket,
}

/// All of it.
#[derive(Default)]
pub(super) struct Voicemail {
    unanswered: VecDeque<Unanswered>,
    recording: Option<Recording>,
    /// What devices of contacts are still to get, oldest first.
    owed: Vec<(DeviceId, Facts)>,
    /// What was left for us, oldest first.
    got: Vec<Facts>,
    /// By the device that brings it: one at a time.
    coming: BTreeMap<DeviceId, Coming>,
    /// What devices were told of and have not said anything about.
    announced: BTreeMap<DeviceId, CallId>,
    /// When devices fetched a message in the last hour, monotonic ms.
    fetched: VecDeque<(u64, DeviceId)>,
}

impl Voicemail {
    /// As the store kept it, in any order.
    pub(super) fn from_rows<'a>(rows: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Result<Self, RowError> {
        let mut all = Self::default();
        for (key, row) in rows {
            match rows::read(key, row)? {
                Stored::Owed(device, facts) => all.owed.push((device, facts)),
                Stored::Got(facts) => all.got.push(facts),
            }
        }
        all.owed.sort_by_key(|(_, facts)| facts.at_ms);
        all.got.sort_by_key(|facts| facts.at_ms);
        Ok(all)
    }

    /// When a recording is long enough, monotonic ms.
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.recording.as_ref().filter(|recording| recording.ending.is_none()).map(|recording| recording.until_ms)
    }
}

impl Core {
    /// A call is over: one of ours that nobody answered can be left a message for.
    pub(super) fn call_is_over(&mut self, entry: &HistoryEntry) {
        // Who hangs up while it rings there has waited in vain as well.
        let given_up = entry.reason == Reason::Cancelled && entry.accepted_ms.is_none();
        let unanswered = given_up || matches!(entry.reason, Reason::NoAnswer | Reason::Unreachable);
        let other = entry.roster.iter().find(|account| **account != self.own.account());
        if let Some(account) = other.filter(|_| !entry.incoming && unanswered && entry.roster.len() == 2) {
            let of = Unanswered { call: entry.call, account: *account, started_ms: entry.started_ms };
            self.voicemail.keep_unanswered(of);
        }
    }

    pub(super) fn voicemail_command(
        &mut self,
        ticket: Ticket,
        command: VoicemailCommand,
        step: &mut Step<'_>,
    ) -> Option<Result<Reply, ControlError>> {
        match command {
            VoicemailCommand::Record { call } => Some(self.record_message(call, step)),
            VoicemailCommand::Send => Some(self.end_recording(true, step)),
            VoicemailCommand::Cancel => Some(self.end_recording(false, step)),
            VoicemailCommand::List => {
                let info = |facts: &Facts| VoicemailInfo {
                    call: crate::call::call_text(facts.call),
                    account: facts.account.text(),
                    duration_ms: facts.duration_ms,
                };
                let voicemails = self.voicemail.got.iter().map(info).collect();
                Some(Ok(Reply::Voicemails(VoicemailsReply { voicemails })))
            }
            VoicemailCommand::Forget => {
                let all = std::mem::take(&mut self.voicemail.got);
                self.drop_got(&all, step);
                step.reply(ticket, Ok(Reply::Done(DoneReply::default())));
                None
            }
        }
    }

    fn record_message(&mut self, call: Option<CallId>, step: &mut Step<'_>) -> Result<Reply, ControlError> {
        if self.voicemail.recording.is_some() || self.calls.live_calls() > 0 {
            let hint = "end the call, or send or cancel the message that is being recorded";
            return Err(ControlError::new(ErrorKind::InCall, "the microphone is in use", hint));
        }
        let found = match call {
            Some(call) => self.voicemail.unanswered.iter().find(|of| of.call == call),
            None => self.voicemail.unanswered.back(),
        };
        let contacts = &self.contacts;
        let Some(of) = found.copied().filter(|of| contacts.get(&of.account).is_some()) else {
            let hint = "a message can be left for one of the last calls of yours that nobody answered";
            return Err(ControlError::new(ErrorKind::NoSuchCall, "there is no such unanswered call", hint));
        };
        let until_ms = step.now.mono_ms.saturating_add(VOICEMAIL_MS.into());
        self.voicemail.recording = Some(Recording { of, until_ms, ending: None });
        step.out.push(Effect::Media(MediaCommand::Record { on: true }));
        Ok(Reply::Done(DoneReply { call: Some(crate::call::call_text(of.call)) }))
    }

    fn end_recording(&mut self, keep: bool, step: &mut Step<'_>) -> Result<Reply, ControlError> {
        let ended = self.stop_recording(keep, step).ok_or_else(|| {
            let hint = "`voicemail.record` begins one after a call that nobody answered";
            ControlError::new(ErrorKind::WrongState, "no message is being recorded", hint)
        })?;
        Ok(Reply::Done(DoneReply { call: Some(crate::call::call_text(ended)) }))
    }

    /// Ends the recording that goes on; whose it is.
    fn stop_recording(&mut self, keep: bool, step: &mut Step<'_>) -> Option<CallId> {
        let recording = self.voicemail.recording.as_mut().filter(|recording| recording.ending.is_none())?;
        recording.ending = Some(keep);
        step.out.push(Effect::Media(MediaCommand::Record { on: false }));
        Some(recording.of.call)
    }

    /// A recording whose microphone a call gets, or whose daemon stops, ends and goes.
    pub(super) fn end_of_recording(&mut self, step: &mut Step<'_>) {
        self.stop_recording(true, step);
    }

    /// A device is gone: what was under way with it has failed.
    pub(super) fn voicemail_disconnected(&mut self, device: &DeviceId) {
        self.voicemail.announced.remove(device);
        self.voicemail.coming.remove(device);
    }

    /// A recording that has had its time ends.
    pub(super) fn voicemail_timer(&mut self, step: &mut Step<'_>) {
        if self.voicemail.next_ms().is_some_and(|at_ms| at_ms <= step.now.mono_ms) {
            self.end_of_recording(step);
        }
    }

    /// What was recorded: kept for every device of the contact, and brought to those that are there.
    pub(super) fn recorded(&mut self, frame_ms: u8, packets: Vec<Vec<u8>>, step: &mut Step<'_>) {
        let Some(Recording { of, ending, .. }) = self.voicemail.recording.take() else { return };
        let message = Message { frame_ms, packets }.bytes();
        let Some(read) = Message::read(&message).filter(|_| ending == Some(true)) else { return };
        let Some(contact) = self.contacts.get(&of.account) else { return };
        let devices: Vec<DeviceId> = contact.devices.keys().copied().collect();
        let facts = Facts {
            account: of.account,
            call: of.call,
            started_ms: of.started_ms,
            duration_ms: read.duration_ms(),
            bytes: u32::try_from(message.len()).unwrap_or(u32::MAX),
            hash: sha256(&[&message]),
            at_ms: step.now.unix_ms.saturating_add(LETTER_KEPT_MS),
        };
        self.voicemail.unanswered.retain(|other| other.call != of.call);
        step.store(StoreCommand::Put { table: Table::Sounds, key: rows::owed_sound_key(of.call), value: message });
        for device in &devices {
            let pushed_out = self.voicemail.owe(*device, facts);
            self.drop_owed(&pushed_out, step);
            let key = rows::owed_key(*device, of.call);
            step.store(StoreCommand::Put { table: Table::Voicemail, key, value: rows::write(&facts) });
        }
        for device in devices {
            self.announce_messages(device, step);
        }
    }

    /// Tells a connected device of the oldest message that it has not got.
    pub(super) fn announce_messages(&mut self, device: DeviceId, step: &mut Step<'_>) {
        let busy = self.voicemail.announced.contains_key(&device) || !self.peers.is_connected(&device);
        let Some((_, facts)) = self.voicemail.owed.iter().find(|(to, _)| *to == device && !busy) else { return };
        let Facts { call, started_ms, duration_ms, bytes, hash, .. } = *facts;
        self.voicemail.announced.insert(device, call);
        let request = Request::Announce(Announce { call, started_ms, duration_ms, bytes, hash });
        step.net(NetCommand::AskVoicemail { device, request: request.bytes() });
    }

    /// A device asks something on a stream: whoever is no contact gets silence.
    pub(super) fn voicemail_request(
        &mut self,
        device: DeviceId,
        request: &[u8],
        ticket: NetTicket,
        step: &mut Step<'_>,
    ) {
        let judged = Request::read(request).and_then(|request| {
            let contact = self.contacts.of_device(&device).map(|contact| contact.account);
            Check::NOT_ALLOWED
                .require(contact.filter(|account| self.takes_messages_of(account)).map(|it| (request, it)))
        });
        match judged {
            Ok((Request::Announce(announced), account)) => self.announced(device, account, announced, ticket, step),
            Ok((Request::Fetch(call), _)) => {
                let owes = self.voicemail.owed.iter().any(|(to, facts)| *to == device && facts.call == call);
                let room = owes && self.voicemail.may_fetch(device, step.now.mono_ms);
                if owes && !room {
                    self.refusals.count(Check::RATE);
                }
                let sound = room.then(|| rows::owed_sound_key(call));
                step.net(NetCommand::AnswerVoicemail { ticket, answer: None, sound });
            }
            Err(check) => {
                self.refusals.count(check);
                step.net(NetCommand::AnswerVoicemail { ticket, answer: None, sound: None });
            }
        }
    }

    /// A contact that people see, and that isn't blocked: neither a device of ours nor one that is being linked.
    fn takes_messages_of(&self, account: &AccountId) -> bool {
        let blocked = self.contacts.get(account).is_some_and(|contact| contact.policy.has(Policy::BLOCKED));
        self.contacts.is_contact(account) && !blocked
    }

    fn announced(
        &mut self,
        device: DeviceId,
        account: AccountId,
        announced: Announce,
        ticket: NetTicket,
        step: &mut Step<'_>,
    ) {
        if self.voicemail.got.iter().any(|facts| facts.call == announced.call && facts.account == account) {
            step.net(NetCommand::AnswerVoicemail { ticket, answer: Some(vec![KEPT]), sound: None });
        } else if self.voicemail.coming.contains_key(&device)
            || self.voicemail.has_sound_of(announced.call)
            || self.calls.is_of_another(announced.call, account)
            || self.voicemail.is_full_of(&account, step.now.unix_ms)
        {
            step.net(NetCommand::AnswerVoicemail { ticket, answer: None, sound: None });
        } else {
            self.voicemail.coming.insert(device, Coming { account, announced, ticket });
            let request = Request::Fetch(announced.call).bytes();
            step.net(NetCommand::AskVoicemail { device, request });
        }
    }

    /// What a device answered to a request of ours; none if it was silent.
    pub(super) fn voicemail_answer(
        &mut self,
        device: DeviceId,
        fetched: bool,
        answer: Option<Vec<u8>>,
        step: &mut Step<'_>,
    ) {
        if fetched {
            return self.came(device, answer, step);
        }
        let Some(call) = self.voicemail.announced.remove(&device) else { return };
        if answer.is_some_and(|answer| answer == [KEPT]) {
            let at = self.voicemail.owed.iter().position(|(to, facts)| *to == device && facts.call == call);
            let told = at.map(|at| self.voicemail.owed.remove(at));
            self.drop_owed(told.as_slice(), step);
            if let Some((_, facts)) = told {
                let (call, account) = (crate::call::call_text(call), facts.account.text());
                step.event(EventKind::VoicemailDelivered { call, account });
            }
            self.announce_messages(device, step);
        }
    }

    /// The bytes of a message: all of the right ones, or none.
    fn came(&mut self, device: DeviceId, answer: Option<Vec<u8>>, step: &mut Step<'_>) {
        let Some(Coming { account, announced, ticket }) = self.voicemail.coming.remove(&device) else { return };
        let silent = NetCommand::AnswerVoicemail { ticket, answer: None, sound: None };
        let Some(bytes) = answer else { return step.net(silent) };
        if let Err(check) = Message::check(&bytes, &announced) {
            self.refusals.count(check);
            return step.net(silent);
        }
        if !self.takes_messages_of(&account) {
            return step.net(silent);
        }
        let Announce { call, duration_ms, bytes: length, hash, started_ms } = announced;
        let at_ms = step.now.unix_ms;
        let facts = Facts { account, call, started_ms, duration_ms, bytes: length, hash, at_ms };
        let pushed_out = self.voicemail.take(facts);
        self.drop_got(&pushed_out, step);
        step.store(StoreCommand::Put { table: Table::Sounds, key: call.0.to_vec(), value: bytes });
        step.store(StoreCommand::Put { table: Table::Voicemail, key: rows::got_key(call), value: rows::write(&facts) });
        // Kept before it is acknowledged: the answer waits for the disk.
        step.net(NetCommand::AnswerVoicemail { ticket, answer: Some(vec![KEPT]), sound: None });
        self.tell_call_of_message(device, account, announced, step);
        step.event(EventKind::Voicemail { call: crate::call::call_text(call), account: account.text(), duration_ms });
    }

    /// The call that the message is about was missed, if nobody has heard of it yet.
    fn tell_call_of_message(&self, device: DeviceId, account: AccountId, announced: Announce, step: &mut Step<'_>) {
        if self.calls.known(announced.call) {
            return;
        }
        let policy = self.contacts.get(&account).map_or(Policy(0), |contact| contact.policy);
        let policy = super::network::policy_of(policy);
        let from = Sender { account, device, own: false, policy, sent_ms: announced.started_ms };
        let started_ms = super::letters::believable_ms(announced.started_ms, step.now.unix_ms);
        let body = Missed { call: announced.call, started_ms, media: Media::AUDIO };
        step.calls.push_back(CallInput::Missed { from, body });
    }
}
