//! The media links of a pair: at most one at a time, numbered 1, 2.. (docs/wire.md section 8).

use crate::ids::LinkId;
use crate::inbound::doors::RestartRate;
use crate::limits::CANDIDATES_MAX;
use crate::wire::bodies::Candidate;

/// All links of a pair.
#[derive(Clone, Debug)]
pub(super) struct Links {
    /// We open links: our device id is the lower one.
    pub(super) opener: bool,
    /// The highest number so far; 0 before the first link.
    pub(super) last: u32,
    /// The link there is.
    pub(super) current: Option<Link>,
    /// A first description that came before links were allowed.
    pub(super) waiting: Option<WaitingLink>,
    /// What went wrong with earlier links, for people.
    pub(super) failure: Option<String>,
    /// Restarts that the other side asked for (CHK-069).
    pub(super) asked: RestartRate,
}

/// A link.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// Its name in this process.
    pub(super) id: LinkId,
    /// The addresses it was made with (see `moved`).
    pub(super) network: u32,
    /// Its number in the pair.
    pub(super) number: u32,
    /// ICE generation: opener: the newest we started; otherwise: the newest we applied.
    pub(super) generation: u32,
    /// Opener: the newest generation was answered.
    pub(super) answered: bool,
    /// Whether packets flow.
    pub(super) up: Up,
    /// `ctl` is open.
    pub(super) ctl_open: bool,
    /// Our sound goes out and theirs is played.
    pub(super) sound: bool,
}

/// The name of a link that may be made now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fresh {
    /// Name.
    pub(super) id: LinkId,
    /// The addresses that it will be made with.
    pub(super) network: u32,
}

/// Whether packets flow on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Up {
    /// Not yet.
    Connecting,
    /// Yes.
    Connected,
    /// No longer.
    Interrupted,
}

/// An offered link that waits for the call to be accepted.
#[derive(Clone, Debug)]
pub(super) struct WaitingLink {
    /// Its number in the pair.
    pub(super) number: u32,
    /// ICE generation.
    pub(super) generation: u32,
    /// The other side's description.
    pub(super) sdp: String,
    /// Its candidates, at most [`CANDIDATES_MAX`].
    pub(super) candidates: Vec<Candidate>,
    /// It has no more.
    pub(super) complete: bool,
}

impl Links {
    /// None so far.
    pub(super) fn new(opener: bool) -> Self {
        Self { opener, last: 0, current: None, waiting: None, failure: None, asked: RestartRate::default() }
    }

    /// The current link is up.
    pub(super) fn connected(&self) -> bool {
        self.current.as_ref().is_some_and(|link| link.up == Up::Connected)
    }
}

impl WaitingLink {
    /// Keeps a candidate; what is too much is dropped.
    pub(super) fn keep(&mut self, list: &[Candidate]) {
        let room = CANDIDATES_MAX.saturating_sub(self.candidates.len());
        self.candidates.extend(list.iter().take(room));
    }
}
