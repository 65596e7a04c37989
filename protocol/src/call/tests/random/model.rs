//! What three people expect of their calls, written down without a look at the core: who sees what, who hears whom, what
//! a command answers. The network is there only as far as people could tell: words from one to another get through at
//! once, or wait, or the path between two is broken.

use std::collections::{BTreeMap, BTreeSet};

use crate::control::{ErrorKind, InCall};

/// People, by number.
pub(super) const PEOPLE: usize = 3;

/// What becomes of a call at the device that is asked to take it over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Somebody accepts it there.
    Accepted,
    /// Somebody declines it there.
    Declined,
    /// Nobody is there.
    Left,
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The first calls the second.
    Offer(usize, usize),
    /// Both call each other at the same moment.
    Both(usize, usize),
    /// The first accepts, or takes up again, the call with the second.
    Accept(usize, usize, InCall),
    /// The first declines the call of the second.
    Decline(usize, usize),
    /// The first hangs up on the second.
    HangUp(usize, usize),
    /// The first holds the call with the second.
    Hold(usize, usize),
    /// The first resumes the call with the second.
    Resume(usize, usize),
    /// The first hands its call with the second over to its other device.
    HandOver(usize, usize, Taken),
    /// Somebody's microphone.
    Mute(usize, bool),
    /// What the first says waits on its way to the second.
    Block(usize, usize),
    /// It waits no longer.
    Release(usize, usize),
    /// Both hear each other, and have time to sort out that they called each other.
    Settle(usize, usize),
    /// The path between two is gone, for signals and media, and both notice.
    Break(usize, usize),
    /// It is back.
    Mend(usize, usize),
    /// Somebody's daemon is killed and started again.
    Restart(usize),
    /// Time passes, ms.
    Pass(u64),
    /// A stranger says everything it can about every call of somebody.
    Stray(usize),
}

/// Where a call stands for one who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing is known of it.
    Unseen,
    /// It dials or rings.
    Waits,
    /// Accepted.
    In,
    /// Over, for this reason; by oneself, so that the other has to be told.
    Over(&'static str, bool),
    /// The daemon that had it was killed.
    Gone,
}

/// One who takes part.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct End {
    pub(super) place: Place,
    /// The call that lost the microphone to this one until this one works, and whether it ends then.
    pub(super) displaced: Option<(usize, bool)>,
    /// The other was heard.
    pub(super) worked: bool,
    /// What is shown of the other: muted, held.
    pub(super) shown: (bool, bool),
    /// When it was over, ms.
    pub(super) over_ms: u64,
    /// The other's last word was heard.
    pub(super) told: bool,
}

/// How far the ringing of a call got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Offered,
    There,
    Answered,
    Rings,
    Known,
}

/// A call of two, or two calls that crossed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    /// Who offered, and to whom.
    pub(super) who: [usize; 2],
    pub(super) ends: [End; 2],
    pub(super) stage: Stage,
    /// When it was dialled, came, began to ring, ms.
    pub(super) dialled_ms: u64,
    pub(super) there_ms: u64,
    pub(super) rang_ms: u64,
    /// The description of the link came; the link is up.
    pub(super) described: bool,
    pub(super) linked: bool,
    /// Since when the path, or the other daemon, is gone.
    pub(super) gone_ms: Option<u64>,
    /// It was told as missed.
    pub(super) missed: bool,
    /// Two that crossed: which one goes on isn't said. None of both rang.
    pub(super) crossed: bool,
    /// They cross, and what is said of it waits on its way.
    pub(super) hazy: bool,
    /// Both ended it for reasons of their own, of two calls that crossed: whose counts isn't known here.
    pub(super) either: bool,
    /// For whom another call went on in its place, and which: the other side went on at another device.
    pub(super) went_on: Option<(usize, usize)>,
}

/// Somebody.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Person {
    pub(super) muted: bool,
    /// The call that has the microphone.
    pub(super) focus: Option<usize>,
    /// Missed calls that were told.
    pub(super) missed: usize,
    /// Calls that rang.
    pub(super) rang: usize,
    /// Lines of history.
    pub(super) lines: usize,
}

/// Everything.
#[derive(Clone, Debug)]
pub(super) struct Model {
    /// Links are made while it rings.
    pub(super) early: bool,
    /// The first and the last are devices of one person.
    pub(super) twins: bool,
    /// Decides the order in which the network delivers.
    pub(super) seed: u64,
    pub(super) now_ms: u64,
    pub(super) calls: Vec<Call>,
    pub(super) people: Vec<Person>,
    /// Directions in which words wait.
    pub(super) blocked: BTreeSet<(usize, usize)>,
    /// Paths that are broken, the lower number first.
    pub(super) broken: BTreeSet<(usize, usize)>,
    /// How long words may still wait in all, ms: links that are not made in time are another test's.
    pub(super) patience_ms: u64,
    /// What the last command answers, if it was one.
    pub(super) answer: Option<Result<(), ErrorKind>>,
    /// Why calls of somebody ended, by call and end: only ever set once.
    pub(super) reasons: BTreeMap<(usize, usize), &'static str>,
}

/// Both ways of naming a path.
pub(super) fn path(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

impl Call {
    pub(super) fn new(who: [usize; 2], now_ms: u64) -> Self {
        let end = |place| End { place, displaced: None, worked: false, shown: (false, false), over_ms: 0, told: false };
        Self {
            who,
            ends: [end(Place::Waits), end(Place::Unseen)],
            stage: Stage::Offered,
            dialled_ms: now_ms,
            there_ms: 0,
            rang_ms: 0,
            described: false,
            linked: false,
            gone_ms: None,
            missed: false,
            crossed: false,
            hazy: false,
            either: false,
            went_on: None,
        }
    }

    /// Which end somebody is.
    pub(super) fn end_of(&self, who: usize) -> usize {
        usize::from(self.who[1] == who)
    }

    pub(super) fn is_of(&self, a: usize, b: usize) -> bool {
        path(self.who[0], self.who[1]) == path(a, b)
    }

    /// It dials, rings or is on at this end.
    pub(super) fn lives(&self, end: usize) -> bool {
        matches!(self.ends[end].place, Place::Waits | Place::In)
    }
}

impl Model {
    pub(super) fn new((early, twins): (bool, bool), seed: u64) -> Self {
        Self {
            early,
            twins,
            seed,
            now_ms: 1_000_000,
            calls: Vec::new(),
            people: vec![Person::default(); PEOPLE],
            blocked: BTreeSet::new(),
            broken: BTreeSet::new(),
            patience_ms: 20_000,
            answer: None,
            reasons: BTreeMap::new(),
        }
    }

    /// Words of the first reach the second.
    pub(super) fn open(&self, from: usize, to: usize) -> bool {
        !self.blocked.contains(&(from, to)) && !self.broken.contains(&path(from, to))
    }

    /// The call of two that lives at one of them at least, or else their last one.
    pub(super) fn call_of(&self, a: usize, b: usize) -> Option<usize> {
        let of = |live: bool| {
            let is = move |call: &Call| call.is_of(a, b) && (!live || call.lives(0) || call.lives(1));
            self.calls.iter().rposition(is)
        };
        of(true).or_else(|| of(false))
    }

    /// The call has the microphone of whoever is at this end.
    pub(super) fn focused(&self, call: usize, end: usize) -> bool {
        self.people[self.calls[call].who[end]].focus == Some(call)
    }

    /// Somebody has a call that frontends show.
    pub(super) fn has_calls(&self, who: usize) -> bool {
        self.calls.iter().any(|call| call.who.contains(&who) && call.lives(call.end_of(who)))
    }

    /// Whoever is at this end lets sound out and in.
    pub(super) fn sounds(&self, call: usize, end: usize) -> bool {
        let at = &self.calls[call].ends[end];
        at.place == Place::In && self.focused(call, end) && !at.shown.1
    }

    /// Carries out a step.
    pub(super) fn step(&mut self, step: &Step) {
        self.answer = None;
        match step {
            Step::Offer(a, b) => self.offer(*a, *b),
            Step::Both(a, b) => self.cross(*a, *b),
            Step::Accept(a, b, mode) => self.answer = Some(self.accept(*a, *b, *mode)),
            Step::Decline(a, b) => self.answer = Some(self.decline(*a, *b)),
            Step::HangUp(a, b) => self.answer = Some(self.hang_up(*a, *b)),
            Step::Hold(a, b) => self.answer = Some(self.hold(*a, *b)),
            Step::Resume(a, b) => self.answer = Some(self.resume(*a, *b)),
            Step::HandOver(a, b, taken) => self.answer = Some(self.hand_over(*a, *b, *taken)),
            Step::Mute(who, muted) => self.answer = Some(self.mute(*who, *muted)),
            Step::Block(a, b) => {
                self.blocked.insert((*a, *b));
            }
            Step::Release(a, b) => {
                self.blocked.remove(&(*a, *b));
            }
            Step::Settle(a, b) => self.sort_out(*a, *b),
            Step::Break(a, b) => self.part(*a, *b),
            Step::Mend(a, b) => self.mend(*a, *b),
            Step::Restart(who) => self.restart(*who),
            Step::Pass(ms) => self.pass(*ms),
            Step::Stray(_) => {}
        }
        self.spread();
        // Nobody does two things at the same moment: which of two deadlines is first would be anybody's guess.
        self.pass(1);
    }
}
