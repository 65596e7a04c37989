//! What must hold of a device, followed from outside: only what goes in and what comes out.

use std::collections::{BTreeMap, BTreeSet};

use crate::call::effect::{CallEffect, LinkCommand};
use crate::call::signal::{CallInput, ContactPolicy, HandOffEvent, LinkEvent};
use crate::control::{CallCommand, CallState, EventKind, Reply};
use crate::ids::{CallId, DeviceId, LinkId};
use crate::wire::bodies::{PairBody, Reason, Verdict};

/// A rule that was seen broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Broken {
    /// The microphone was open, or sound let out or in, without local accept and confirm.
    OpensWithoutAccept,
    /// It rang without a confirm.
    RingsWithoutConfirm,
    /// A description or candidate, or a link, went out before accept though the policy forbids it.
    ConnectsBeforeAccept,
    /// What is shown of the microphone isn't what is heard.
    ShownMuteIsNotHeard,
    /// A call rang, ended or was written down twice, or did so without the other.
    EndsTwice,
    /// Something other than cleaning up after an end.
    ActsAfterEnd,
    /// Who isn't in a call changed something of it.
    OutsiderCounts,
    /// Two sides say that the other ended it, or how, and it isn't so.
    Disagree,
    /// Two called each other, and somebody was asked something, or they don't have exactly one call.
    CrossingPrompts,
    /// Sound in a call that somebody holds or in two calls at once, or a hold that isn't shown.
    HeldIsHeard,
    /// A call was left hanging though all was said that could be.
    Hangs,
}

/// How a call ended here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) reason: Reason,
    pub(super) by: Option<DeviceId>,
    pub(super) accepted: bool,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    call: CallId,
    sound: bool,
}

/// Follows one device.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    pub(super) broken: BTreeSet<Broken>,
    pub(super) ended: BTreeMap<CallId, Ended>,
    /// The last word of the core to the sound devices.
    pub(super) muted: bool,
    offered: BTreeSet<CallId>,
    may_talk: BTreeSet<CallId>,
    confirmed: BTreeSet<CallId>,
    pub(super) rang: BTreeSet<CallId>,
    /// Calls that ended for one that crossed them.
    pub(super) gave_way: BTreeSet<CallId>,
    missed: BTreeSet<CallId>,
    told_ended: BTreeSet<CallId>,
    /// Lines of history that are about to be corrected.
    amended: BTreeSet<CallId>,
    /// Calls that frontends were told of.
    shown: BTreeSet<CallId>,
    /// Calls that say which one they take the place of.
    continues: BTreeMap<CallId, CallId>,
    /// Calls that are one for people with an earlier one: the first of those.
    first: BTreeMap<CallId, CallId>,
    /// The call that ended last of those that are one.
    last: BTreeMap<CallId, CallId>,
    /// Another device of ours has asked us to take this call over.
    asked: Option<CallId>,
    /// Calls that it hands over, and that rang here before: they are one for people once they are joined.
    back: BTreeMap<CallId, CallId>,
    /// Calls that another device of ours hands over.
    pub(super) handed: BTreeSet<CallId>,
    links: BTreeMap<LinkId, Link>,
    microphone: bool,
}

impl Watch {
    /// Follows one step of the core.
    pub(super) fn step(&mut self, input: &CallInput, out: &[CallEffect], policy: ContactPolicy) {
        self.note(input);
        for effect in out {
            if let (CallInput::Command { command, .. }, CallEffect::Reply { result: Ok(reply), .. }) = (input, effect) {
                self.note_reply(command, reply);
            }
        }
        for effect in out {
            if let CallEffect::Pair { call, body: PairBody::Verdict(Verdict::Accept), .. } = effect {
                self.goes_on(*call);
            }
            if let CallEffect::Event(EventKind::CallState { call, reason, continues_as: Some(next), .. }) = effect {
                self.may_talk.insert(parse_call(next));
                if reason.as_deref() != Some(Reason::Cancelled.text()) {
                    let first = self.first_of(parse_call(call));
                    self.first.insert(parse_call(next), first);
                }
                // What gave way to a call that crossed it has no line of history: that one has.
                if reason.as_deref() == Some(Reason::Cancelled.text()) {
                    self.gave_way.insert(parse_call(call));
                }
            }
        }
        for effect in out {
            self.effect(effect, policy);
        }
        let talking: BTreeSet<CallId> = self.links.values().filter(|link| link.sound).map(|link| link.call).collect();
        self.rule(Broken::HeldIsHeard, talking.len() < 2);
        let talks = self.may_talk.iter().any(|call| !self.told_ended.contains(call));
        self.rule(Broken::OpensWithoutAccept, !self.microphone || talks);
        let written = self.all_is_written() && self.amended.is_empty();
        self.rule(Broken::EndsTwice, written);
    }

    /// The user's word for a call counts for the one that its other side goes on with at another device.
    fn goes_on(&mut self, call: CallId) {
        let Some(old) = self.continues.get(&call).copied() else { return };
        if self.may_talk.contains(&old) && !self.told_ended.contains(&old) {
            self.may_talk.insert(call);
            let first = self.first_of(old);
            self.first.insert(call, first);
        }
    }

    /// Calls that are one for people have one line, when the last of them is over and not before. A call that gave way to
    /// one that crossed it has none, and one that was handed over may have its line where it was.
    fn all_is_written(&self) -> bool {
        let live =
            |first: CallId| self.shown.iter().any(|c| self.first_of(*c) == first && !self.told_ended.contains(c));
        let told = self.told_ended.iter().all(|call| {
            let first = self.first_of(*call);
            let unwritten = self.gave_way.contains(call) || self.handed.contains(call) || live(first);
            unwritten || self.ended.contains_key(&first)
        });
        let over = |first: &CallId| self.told_ended.iter().any(|call| self.first_of(*call) == *first);
        told && self.ended.keys().all(|first| over(first) && !live(*first))
    }

    /// The first of the calls that are one with this one.
    pub(super) fn first_of(&self, call: CallId) -> CallId {
        self.first.get(&call).copied().unwrap_or(call)
    }

    /// The one of them that ended last.
    pub(super) fn last_of(&self, first: CallId) -> CallId {
        self.last.get(&first).copied().unwrap_or(first)
    }

    pub(super) fn rule(&mut self, rule: Broken, holds: bool) {
        if !holds {
            self.broken.insert(rule);
        }
    }

    /// What an input allows.
    fn note(&mut self, input: &CallInput) {
        if let CallInput::Confirmed { call, .. } = input {
            self.confirmed.insert(*call);
        }
        if let CallInput::Offer { offer, .. } = input
            && let Some(old) = offer.continues
        {
            self.continues.insert(offer.call, old);
        }
        if let CallInput::HandOff { event: HandOffEvent::Asked { body, .. }, .. } = input {
            self.asked = Some(body.call);
        }
        if let CallInput::Pair { call, body: PairBody::Verdict(Verdict::Accept), .. } = input
            && self.offered.contains(call)
        {
            self.may_talk.insert(*call);
        }
        if let CallInput::Pair { call, body: PairBody::Verdict(Verdict::Accept), .. } = input
            && let Some(old) = self.back.remove(call)
            && !self.told_ended.contains(call)
        {
            self.first.insert(*call, old);
            self.ended.remove(&old);
        }
        if let CallInput::Link { link, event: LinkEvent::Closed(_) } = input {
            self.links.remove(link);
        }
    }

    fn note_reply(&mut self, command: &CallCommand, reply: &Reply) {
        if let (CallCommand::Accept { call: Some(call), .. }, Reply::Done(_)) = (command, reply) {
            let confirmed = self.confirmed.contains(call) || self.handed.contains(call);
            self.rule(Broken::RingsWithoutConfirm, confirmed);
            self.may_talk.insert(*call);
        }
        if let Reply::Offered(offered) = reply {
            self.offered.insert(parse_call(&offered.call));
        }
    }

    fn effect(&mut self, effect: &CallEffect, policy: ContactPolicy) {
        match effect {
            CallEffect::Offer { offer, .. } => self.acts(offer.call),
            CallEffect::Confirm { call, .. } | CallEffect::Broadcast { call, .. } => self.acts(*call),
            CallEffect::Pair { call, body, .. } => {
                self.acts(*call);
                let connects = matches!(body, PairBody::Description(_) | PairBody::Candidates(_));
                self.connects(*call, connects, policy);
            }
            CallEffect::OpenLink { link, call, .. } => {
                self.acts(*call);
                self.connects(*call, true, policy);
                self.links.insert(*link, Link { call: *call, sound: false });
            }
            CallEffect::Link { link, command } => self.link(*link, command),
            CallEffect::Microphone { open } => self.microphone = *open,
            CallEffect::Mute { muted } => self.muted = *muted,
            CallEffect::Event(event) => self.event(event),
            CallEffect::History(entry) => {
                let ended = Ended { reason: entry.reason, by: entry.by, accepted: entry.accepted_ms.is_some() };
                if self.amended.remove(&entry.call) {
                    let known = self.ended.insert(entry.call, ended).is_some();
                    self.rule(Broken::EndsTwice, known);
                    return;
                }
                // A missed call that never rang is written down without having been shown; it may ring yet.
                let unseen = entry.missed && !self.rang.contains(&entry.call);
                let first = if unseen {
                    self.missed.insert(entry.call)
                } else {
                    self.ended.insert(entry.call, ended).is_none()
                };
                self.rule(Broken::EndsTwice, first);
            }
            CallEffect::Forget { call } => {
                let silent = self.links.values().all(|link| link.call != *call || !link.sound);
                self.rule(Broken::ActsAfterEnd, silent);
            }
            CallEffect::Cancel { .. }
            | CallEffect::Missed { .. }
            | CallEffect::Elsewhere(_)
            | CallEffect::Record(_)
            | CallEffect::Reply { .. } => {}
        }
    }

    /// Something that is done for a call that goes on.
    fn acts(&mut self, call: CallId) {
        let goes_on = !self.told_ended.contains(&call);
        self.rule(Broken::ActsAfterEnd, goes_on);
    }

    fn connects(&mut self, call: CallId, connects: bool, policy: ContactPolicy) {
        let may = !connects || policy.early_connection || self.may_talk.contains(&call);
        self.rule(Broken::ConnectsBeforeAccept, may);
    }

    fn link(&mut self, id: LinkId, command: &LinkCommand) {
        let Some(link) = self.links.get_mut(&id) else {
            self.rule(Broken::ActsAfterEnd, matches!(command, LinkCommand::Close));
            return;
        };
        let call = link.call;
        match command {
            LinkCommand::Send { on } | LinkCommand::Play { on } => {
                link.sound = *on;
                let may = !on || (self.may_talk.contains(&call) && !self.told_ended.contains(&call));
                self.rule(Broken::OpensWithoutAccept, may);
            }
            LinkCommand::Close => {
                self.links.remove(&id);
            }
            LinkCommand::Apply { .. }
            | LinkCommand::Candidate { .. }
            | LinkCommand::EndOfCandidates { .. }
            | LinkCommand::Restart { .. }
            | LinkCommand::Ctl(_) => self.acts(call),
        }
    }

    fn event(&mut self, event: &EventKind) {
        if let EventKind::IncomingCall { call, handed_off_from, .. } = event {
            let call = parse_call(call);
            if handed_off_from.is_some() {
                self.handed.insert(call);
                self.back.extend(self.asked.filter(|old| self.rang.contains(old)).map(|old| (call, old)));
            }
            let confirmed =
                if handed_off_from.is_some() { self.asked.is_some() } else { self.confirmed.contains(&call) };
            self.rule(Broken::RingsWithoutConfirm, confirmed);
            let first = self.rang.insert(call);
            self.rule(Broken::EndsTwice, first);
            self.acts(call);
        }
        if let EventKind::EndAmended { call, .. } = event {
            let call = parse_call(call);
            let over = self.told_ended.contains(&call) && self.amended.insert(self.first_of(call));
            self.rule(Broken::EndsTwice, over);
        }
        if let EventKind::CallState { call, state, .. } = event {
            let call = parse_call(call);
            self.acts(call);
            self.shown.insert(call);
            if *state == CallState::Ended {
                self.told_ended.insert(call);
                let first = self.first_of(call);
                self.last.insert(first, call);
            }
        }
    }
}

/// Reads the text form of a call id.
pub(super) fn parse_call(text: &str) -> CallId {
    let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
    CallId(bytes.try_into().unwrap())
}
