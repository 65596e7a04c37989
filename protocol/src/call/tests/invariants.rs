//! What must hold after every input, whatever it was.

use std::collections::{BTreeMap, BTreeSet};

use super::recorded::Recorded;
use crate::call::effect::{CallEffect, LinkCommand};
use crate::call::recording::Voice;
use crate::call::signal::{CallInput, HandOffEvent, LinkEvent};
use crate::control::{CallCommand, CallState, EventKind, Reply};
use crate::ids::{CallId, DeviceId, LinkId};
use crate::wire::bodies::{PairBody, Reason, Verdict};

#[derive(Clone, Copy, Debug)]
struct Link {
    call: CallId,
    send: bool,
    play: bool,
    closed: bool,
}

/// Follows a core from outside.
#[derive(Default)]
pub(super) struct Invariants {
    /// Calls in which we may be heard: accepted by our user, or offered by our user and accepted there.
    may_talk: BTreeSet<CallId>,
    offered: BTreeSet<CallId>,
    confirmed: BTreeSet<(CallId, DeviceId)>,
    reached: BTreeSet<(CallId, DeviceId)>,
    rang: BTreeSet<CallId>,
    shown: BTreeMap<CallId, CallState>,
    ended: BTreeSet<CallId>,
    /// Another device of ours has asked to take a call over.
    asked: bool,
    /// Calls that it hands over: not joined, they leave no line.
    handed: BTreeSet<CallId>,
    /// Calls that say which one they take the place of.
    continues: BTreeMap<CallId, CallId>,
    /// Calls of ours that gave way to one that crossed them.
    gave_way: BTreeSet<CallId>,
    /// Calls that are one for people with an earlier one: the first of those.
    first: BTreeMap<CallId, CallId>,
    history: BTreeMap<CallId, u32>,
    /// Calls that another device of ours has, with their lines written.
    away: BTreeSet<CallId>,
    /// Lines that are to be corrected.
    amended: BTreeSet<CallId>,
    missed: BTreeSet<CallId>,
    joined: BTreeSet<(CallId, String)>,
    links: BTreeMap<LinkId, Link>,
    microphone: bool,
    accepting: bool,
    recorded: Recorded,
}

impl Invariants {
    /// A daemon before this one was in this call, which for people was the first one.
    pub(super) fn was_in(&mut self, call: CallId, first: CallId) {
        self.first.insert(call, first);
    }

    /// Notes what an input allows.
    pub(super) fn before(&mut self, input: &CallInput) {
        self.recorded.before(input);
        self.accepting = matches!(input, CallInput::Command { command: CallCommand::Accept { .. }, .. });
        if let CallInput::Confirmed { call, device } = input {
            self.confirmed.insert((*call, *device));
        }
        if let CallInput::Offer { offer, .. } = input
            && let Some(old) = offer.continues
        {
            self.continues.entry(offer.call).or_insert(old);
        }
        if let CallInput::Reached { call, device } = input {
            self.reached.insert((*call, *device));
        }
        if let CallInput::HandOff { question, device, event } = input {
            match event {
                HandOffEvent::Reached => drop(self.reached.insert((*question, *device))),
                HandOffEvent::Confirmed => drop(self.confirmed.insert((*question, *device))),
                HandOffEvent::Asked { .. } => self.asked = true,
                HandOffEvent::Unreached(_) | HandOffEvent::Verdict(_) | HandOffEvent::HangUp(_) => {}
            }
        }
        if let CallInput::Pair { call, body: PairBody::Verdict(Verdict::Accept), .. } = input
            && self.offered.contains(call)
        {
            self.may_talk.insert(*call);
        }
        if let CallInput::Link { link, event: LinkEvent::Closed(_) } = input
            && let Some(link) = self.links.get_mut(link)
        {
            *link = Link { send: false, play: false, closed: true, ..*link };
        }
    }

    /// Checks what came out.
    pub(super) fn after(&mut self, out: &[CallEffect]) {
        for effect in out {
            let CallEffect::Reply { result: Ok(reply), .. } = effect else { continue };
            if let (Reply::Done(done), true) = (reply, self.accepting) {
                self.may_talk.insert(parse_call(done.call.as_deref().expect("accept names its call")));
            }
            if let Reply::Offered(offered) = reply {
                let call = parse_call(&offered.call);
                // Whoever calls somebody whose call rings here answers that call.
                if self.rang.contains(&call) { &mut self.may_talk } else { &mut self.offered }.insert(call);
            }
        }
        for effect in out {
            if let CallEffect::Offer { offer, .. } = effect
                && offer.continues.is_some()
            {
                // Our user was in the call that it stands for; nobody may be heard before it is accepted.
                self.offered.insert(offer.call);
            }
        }
        for effect in out {
            let CallEffect::Event(EventKind::CallState { call, reason, continues_as: Some(next), .. }) = effect else {
                continue;
            };
            self.goes_on_as(parse_call(call), parse_call(next), reason.as_deref() == Some("cancelled"));
        }
        for effect in out {
            if let CallEffect::Pair { call, body: PairBody::Verdict(Verdict::Accept), .. } = effect {
                self.accepted(*call);
            }
        }
        for effect in out {
            self.effect(effect);
            self.recorded.effect(effect);
        }
        self.recorded.settled(|link| self.links.get(&link).is_some_and(|link| link.play));
        self.settled();
    }

    /// The other side goes on at another device: the user's word for the old call counts for the new one.
    fn accepted(&mut self, call: CallId) {
        let old = self.continues.get(&call).filter(|old| self.may_talk.contains(*old) && !self.ended.contains(*old));
        if old.is_some() {
            assert!(
                self.confirmed.iter().any(|(c, _)| *c == call),
                "a call that isn't confirmed continues another one"
            );
            self.may_talk.insert(call);
            let first = self.first_of(self.continues[&call]);
            self.first.insert(call, first);
        }
    }

    /// Another call takes the place of one: the user's word for the one counts for the other.
    fn goes_on_as(&mut self, call: CallId, next: CallId, gave_way: bool) {
        if !gave_way || self.continues.contains_key(&next) {
            let first = self.first_of(call);
            self.first.insert(next, first);
        }
        if self.offered.contains(&next) {
            return;
        }
        let asked = if gave_way { &self.offered } else { &self.may_talk };
        assert!(asked.contains(&call), "nobody asked for the call that goes on as another one");
        assert!(
            self.confirmed.iter().any(|(c, _)| *c == next),
            "a call that isn't confirmed takes another one's place"
        );
        assert!(!self.rang.contains(&next), "a call that rang takes another one's place");
        self.may_talk.insert(next);
        if gave_way {
            self.gave_way.insert(call);
        }
    }

    fn effect(&mut self, effect: &CallEffect) {
        match effect {
            CallEffect::Offer { offer, .. } => self.alive(offer.call, "an offer"),
            CallEffect::Confirm { call, device } => {
                self.alive(*call, "a confirm");
                assert!(self.reached.contains(&(*call, *device)), "confirmed to a device that was not reached");
            }
            CallEffect::Pair { call, device, .. } => {
                self.alive(*call, "a pair message");
                let touched = self.reached.contains(&(*call, *device)) || self.confirmed.contains(&(*call, *device));
                assert!(touched, "a pair message without a pair");
            }
            CallEffect::Broadcast { call, .. } => self.alive(*call, "a broadcast"),
            CallEffect::OpenLink { link, call, device, .. } => {
                self.alive(*call, "a link");
                let touched = self.reached.contains(&(*call, *device)) || self.confirmed.contains(&(*call, *device));
                assert!(touched, "a link to a device without a pair");
                let before = self.links.insert(*link, Link { call: *call, send: false, play: false, closed: false });
                assert!(before.is_none(), "a link's name was used twice");
            }
            CallEffect::Link { link, command } => self.link(*link, command),
            CallEffect::Microphone { open } => {
                assert_ne!(*open, self.microphone, "the microphone is switched to what it is");
                self.microphone = *open;
            }
            CallEffect::Event(event) => self.event(event),
            CallEffect::History(entry) => {
                let goes_on = self.first.values().any(|first| *first == entry.call);
                assert!(goes_on || !self.gave_way.contains(&entry.call), "a line of history for a call that gave way");
                if self.amended.remove(&entry.call) {
                    return;
                }
                let lines = self.history.entry(entry.call).or_default();
                *lines += 1;
                if entry.reason == Reason::AnsweredElsewhere {
                    // Another device of ours has it, and may hand it over.
                    *lines -= 1;
                    self.away.insert(entry.call);
                    return;
                }
                // A late confirm turns the missed call into a call.
                let turned = self.rang.contains(&entry.call) || self.may_talk.contains(&entry.call);
                assert!(*lines == 1 || (*lines == 2 && turned), "two lines of history");
            }
            CallEffect::Forget { call } => {
                let open = self.links.values().filter(|l| l.call == *call && (l.send || l.play)).count();
                assert_eq!(open, 0, "a forgotten call still carries sound");
            }
            CallEffect::Cancel { .. }
            | CallEffect::Missed { .. }
            | CallEffect::Elsewhere(_)
            | CallEffect::Mute { .. }
            | CallEffect::Record(_)
            | CallEffect::Reply { .. } => {}
        }
    }

    /// After its end only cleanup.
    fn alive(&self, call: CallId, what: &str) {
        assert!(!self.ended.contains(&call), "{what} after the end of {call:?}");
    }

    fn link(&mut self, id: LinkId, command: &LinkCommand) {
        let link = self.links.get_mut(&id).expect("commands only to links that were opened");
        assert!(!link.closed, "{command:?} to a closed link");
        let over = self.ended.contains(&link.call);
        match command {
            LinkCommand::Send { on } => {
                assert_ne!(*on, link.send, "sending is switched to what it is");
                assert!(!on || (self.may_talk.contains(&link.call) && !over), "sound leaves without accept");
                link.send = *on;
            }
            LinkCommand::Play { on } => {
                assert_ne!(*on, link.play, "playing is switched to what it is");
                assert!(!on || (self.may_talk.contains(&link.call) && !over), "sound is played without accept");
                link.play = *on;
            }
            LinkCommand::Close => {
                link.closed = true;
                link.send = false;
                link.play = false;
            }
            LinkCommand::Apply { .. }
            | LinkCommand::Candidate { .. }
            | LinkCommand::EndOfCandidates { .. }
            | LinkCommand::Restart { .. }
            | LinkCommand::Ctl(_) => assert!(!over, "{command:?} after the end"),
        }
    }

    fn event(&mut self, event: &EventKind) {
        if let EventKind::IncomingCall { call, handed_off_from, .. } = event {
            let call = parse_call(call);
            let asked = handed_off_from.is_some() && self.asked;
            self.handed.extend(asked.then_some(call));
            assert!(asked || self.confirmed.iter().any(|(c, _)| *c == call), "it rings without a confirm");
            assert!(self.rang.insert(call), "it rings twice");
            self.alive(call, "ringing");
        }
        if let EventKind::CallState { call, state, reason, .. } = event {
            let call = parse_call(call);
            self.alive(call, "a state");
            assert_ne!(self.shown.insert(call, *state), Some(*state), "the same state is told twice");
            assert_eq!(*state == CallState::Ended, reason.is_some(), "a reason, exactly at the end");
            if *state == CallState::Ended {
                self.ended.insert(call);
            }
        }
        if let EventKind::EndAmended { call, .. } = event {
            let call = parse_call(call);
            assert!(self.ended.contains(&call), "what isn't over is corrected");
            assert!(self.amended.insert(self.first_of(call)), "a correction without its line of history");
        }
        if let EventKind::MissedCall { call, .. } = event {
            assert!(self.missed.insert(parse_call(call)), "a second missed call");
        }
        if let EventKind::ParticipantJoined { call, device, .. } = event {
            let call = parse_call(call);
            assert!(self.may_talk.contains(&call), "somebody joined a call that wasn't accepted");
            assert!(self.joined.insert((call, device.clone())), "joined twice");
        }
        if let EventKind::ParticipantLeft { call, device, .. } = event {
            assert!(self.joined.remove(&(parse_call(call), device.clone())), "left without having joined");
        }
    }

    /// Between inputs.
    fn settled(&self) {
        let talking = |call: &CallId| self.may_talk.contains(call) && !self.ended.contains(call);
        if self.microphone {
            assert!(self.may_talk.iter().any(talking), "an open microphone without an accepted call");
        }
        let heard: BTreeSet<CallId> = self.links.values().filter(|l| l.send || l.play).map(|l| l.call).collect();
        assert!(heard.len() <= 1, "sound in two calls at once: {heard:?}");
        assert!(heard.is_empty() || self.microphone, "sound flows while the microphone is closed");
        for call in &heard {
            assert!(talking(call), "sound in a call that is over");
            let shown = self.shown.get(call).copied();
            assert_ne!(shown, Some(CallState::Held), "sound in a call that is shown as held");
        }
        for call in &self.ended {
            // An end always has its line, whatever ended it.
            let unwritten = self.gave_way.contains(call) || self.handed.contains(call);
            assert!(unwritten || self.is_told(*call), "an end without a line of history");
        }
    }

    /// Those that are one for people have one line, once the last of them is over.
    fn is_told(&self, call: CallId) -> bool {
        let first = self.first_of(call);
        let on = |of: &CallId| self.first_of(*of) == first && !self.ended.contains(of);
        self.history.contains_key(&first) || self.away.contains(&first) || self.shown.keys().any(on)
    }

    fn first_of(&self, call: CallId) -> CallId {
        self.first.get(&call).copied().unwrap_or(call)
    }

    /// Voices that are written to our recording.
    pub(super) fn written(&self) -> Vec<Voice> {
        self.recorded.written()
    }

    pub(super) fn microphone(&self) -> bool {
        self.microphone
    }

    pub(super) fn sound(&self, link: LinkId) -> (bool, bool) {
        self.links.get(&link).map_or((false, false), |l| (l.send, l.play))
    }
}

/// Reads the text form of a call id.
pub(super) fn parse_call(text: &str) -> CallId {
    let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
    CallId(bytes.try_into().unwrap())
}
