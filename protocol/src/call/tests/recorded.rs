//! Follows what a core records, from outside: no voice is written without its owner's word for it.

use std::collections::{BTreeMap, BTreeSet};

use crate::call::effect::{CallEffect, LinkCommand};
use crate::call::recording::{RecordEffect, RecordingEvent, Voice};
use crate::call::signal::CallInput;
use crate::ids::{CallId, DeviceId, LinkId};
use crate::wire::bodies::{CtlBody, PairBody, Record};

/// What devices said of the questions they were asked, and what is written.
#[derive(Default)]
pub(super) struct Recorded {
    /// Links and whose they are.
    links: BTreeMap<LinkId, (CallId, DeviceId)>,
    /// The newest question that went to a device in a call, and whether its word for it stands.
    asked: BTreeMap<(CallId, DeviceId), (u32, Word)>,
    /// Devices that have a track.
    tracks: BTreeSet<DeviceId>,
    written: BTreeSet<Voice>,
    runs: bool,
    number: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    None,
    Yes,
    No,
}

impl Recorded {
    pub(super) fn before(&mut self, input: &CallInput) {
        if let CallInput::Pair { call, device, body: PairBody::Record(said) } = input {
            self.said(*call, *device, *said);
        }
        if let CallInput::Ctl { link, body: CtlBody::Record(said) } = input
            && let Some((call, device)) = self.links.get(link).copied()
        {
            self.said(call, device, *said);
        }
        if let CallInput::Recording { number, event: RecordingEvent::Ended { .. } } = input
            && *number == self.number
        {
            self.over();
        }
    }

    fn said(&mut self, call: CallId, device: DeviceId, said: Record) {
        let Some((number, word)) = self.asked.get_mut(&(call, device)) else { return };
        match (said.op, *word) {
            (2, Word::None) if said.recording == *number => *word = Word::Yes,
            (3, _) if said.recording == *number => *word = Word::No,
            (_, _) => {}
        }
    }

    pub(super) fn effect(&mut self, effect: &CallEffect) {
        if let CallEffect::OpenLink { link, call, device, .. } = effect {
            self.links.insert(*link, (*call, *device));
        }
        if let CallEffect::Pair { call, device, body: PairBody::Record(Record { op, recording }) } = effect {
            if *op == 1 {
                self.asked.insert((*call, *device), (*recording, Word::None));
            }
            // Taken back: no answer counts any more.
            if let Some((_, word)) = self.asked.get_mut(&(*call, *device)).filter(|_| *op == 4) {
                *word = Word::No;
            }
        }
        if let CallEffect::Link { link, command: LinkCommand::Ctl(CtlBody::Record(_)) } = effect {
            assert!(self.links.contains_key(link));
        }
        if let CallEffect::Record(effect) = effect {
            self.record(effect);
        }
    }

    fn record(&mut self, effect: &RecordEffect) {
        match effect {
            RecordEffect::Start { number, .. } => {
                self.number = *number;
                assert!(!self.runs, "two recordings at once");
                self.runs = true;
                self.tracks.clear();
            }
            RecordEffect::Track { device, .. } => {
                assert!(self.runs);
                self.tracks.insert(*device);
            }
            RecordEffect::EndTrack { device } => {
                let writes = |voice: &Voice| matches!(voice, Voice::Of(of, _) if of == device);
                assert!(!self.written.iter().any(writes), "sound stops before its track ends");
                self.tracks.remove(device);
            }
            RecordEffect::Answer { .. } => assert!(self.runs),
            RecordEffect::Write { voice, on: true } => {
                assert!(self.runs && self.written.insert(*voice), "{voice:?} is written already, or nothing is");
                if let Voice::Of(device, _) = voice {
                    assert!(self.tracks.contains(device), "a voice without a track");
                }
            }
            RecordEffect::Write { voice, on: false } => {
                assert!(self.written.remove(voice), "{voice:?} is not written");
            }
            RecordEffect::Stop { .. } => self.over(),
        }
    }

    /// The media layer ended it, or was told to.
    fn over(&mut self) {
        self.runs = false;
        self.written.clear();
    }

    /// Between inputs: of each voice that is written its owner's word stands, and it is heard.
    pub(super) fn settled(&self, plays: impl Fn(LinkId) -> bool) {
        for voice in &self.written {
            let Voice::Of(device, link) = voice else { continue };
            let (call, of) = self.links.get(link).expect("a link that was opened");
            assert_eq!(of, device, "the link is another device's");
            let word = self.asked.get(&(*call, *device)).map(|(_, word)| *word);
            assert_eq!(word, Some(Word::Yes), "a voice is written without consent");
            assert!(plays(*link), "what nobody hears is written");
        }
    }

    /// Whose voices are written.
    pub(super) fn written(&self) -> Vec<Voice> {
        self.written.iter().copied().collect()
    }
}
