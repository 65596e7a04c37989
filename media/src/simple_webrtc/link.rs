//! The guarded session of one link: a pure state machine. Every call in a wrong state is a typed error,
//! repeated or reordered signals of the other side change nothing.

#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::engine::{Candidate, DescriptionKind, EngineError, LinkEvent, Role};
use crate::limits::CANDIDATES_A_GENERATION;

/// How far the exchange of descriptions of one generation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Negotiation {
    /// Our offer is being made.
    CreatingOffer,
    /// Our offer is out.
    WaitingAnswer,
    /// Their offer is here, our answer is being made.
    IncomingOffer,
    /// Both descriptions are known; ICE and DTLS are at work.
    Settled,
}

// ```text
//        open (offerer)              described                answer
//  Idle ──────────────> CreatingOffer ──────> WaitingAnswer ──────┐
//   │                                                             v   up
//   └─────────────────> IncomingOffer ──────────────────────> Settled ───> Connected
//     offer (answerer)               described                 (all four: Starting)
//
//            restart, or an offer of a higher generation
//  Connected ──────────────────────────────────────────> Restarting (the same four) ── up ──> Connected
//
//  any ── close, failure, the other side's close ──> Ending ── everything released ──> Ended
// ```
/// State of a link; the generation is ICE's, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing happened yet.
    Idle,
    /// On the way to the first connection.
    Starting { generation: u32, negotiation: Negotiation },
    /// ICE and DTLS are up.
    Connected { generation: u32 },
    /// Was connected; a later generation is on its way.
    Restarting { generation: u32, negotiation: Negotiation },
    /// Being taken down.
    Ending,
    /// Everything is released.
    Ended,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Starting { negotiation: Negotiation::CreatingOffer, .. } => "creating offer",
            Self::Starting { negotiation: Negotiation::WaitingAnswer, .. } => "waiting for the answer",
            Self::Starting { negotiation: Negotiation::IncomingOffer, .. } => "answering an offer",
            Self::Starting { negotiation: Negotiation::Settled, .. } => "connecting",
            Self::Connected { .. } => "connected",
            Self::Restarting { .. } => "restarting",
            Self::Ending => "ending",
            Self::Ended => "ended",
        }
    }

    fn generation(self) -> Option<u32> {
        match self {
            Self::Idle | Self::Ending | Self::Ended => None,
            Self::Starting { generation, .. }
            | Self::Connected { generation }
            | Self::Restarting { generation, .. } => Some(generation),
        }
    }

    fn negotiation(self) -> Option<Negotiation> {
        match self {
            Self::Idle | Self::Ending | Self::Ended => None,
            Self::Starting { negotiation, .. } | Self::Restarting { negotiation, .. } => Some(negotiation),
            Self::Connected { .. } => Some(Negotiation::Settled),
        }
    }

    /// The same link, with another exchange of descriptions under way.
    fn negotiate(self, generation: u32, negotiation: Negotiation) -> Self {
        match self {
            Self::Idle | Self::Starting { .. } => Self::Starting { generation, negotiation },
            Self::Connected { .. } | Self::Restarting { .. } => Self::Restarting { generation, negotiation },
            Self::Ending => Self::Ending,
            Self::Ended => Self::Ended,
        }
    }
}

/// What a link's task is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Make an offer, with new ICE credentials if it restarts.
    Offer {
        /// ICE generation of the offer.
        generation: u32,
        /// Not the first.
        restart: bool,
    },
    /// Apply a remote description, answer it if it is an offer, then add these candidates.
    Apply {
        /// Offer or answer.
        kind: DescriptionKind,
        /// ICE generation.
        generation: u32,
        /// SDP.
        sdp: String,
        /// Candidates that came before it.
        candidates: Vec<Candidate>,
    },
    /// Add a remote candidate of the generation that was applied last.
    Candidate(Candidate),
    /// Send on `ctl`.
    Ctl(Bytes),
}

/// Remote candidates of one generation.
#[derive(Debug, Default)]
struct Candidates {
    generation: u32,
    seen: Vec<Candidate>,
}

impl Candidates {
    /// Whether this one is new.
    fn insert(&mut self, candidate: Candidate) -> Result<bool, EngineError> {
        if self.seen.contains(&candidate) {
            return Ok(false);
        }
        if self.seen.len() >= CANDIDATES_A_GENERATION {
            return Err(EngineError::Limit("20 candidates a generation"));
        }
        self.seen.push(candidate);
        Ok(true)
    }
}

/// The link machine.
#[derive(Debug)]
pub(crate) struct LinkMachine {
    role: Role,
    state: State,
    /// Candidates of the generation whose remote description was applied.
    current: Option<Candidates>,
    /// Candidates that came before their description; only the newest generation is kept.
    early: Option<Candidates>,
    interrupted: bool,
    ctl_open: bool,
}

impl LinkMachine {
    /// An idle link.
    pub(crate) fn new(role: Role) -> Self {
        Self { role, state: State::Idle, current: None, early: None, interrupted: false, ctl_open: false }
    }

    /// The generation that descriptions and candidates of ours belong to now.
    pub(crate) fn generation(&self) -> u32 {
        self.state.generation().unwrap_or(0)
    }

    fn wrong(&self, operation: &'static str) -> EngineError {
        EngineError::WrongState { operation, state: self.state.name() }
    }

    /// The link begins: an offerer makes its offer.
    pub(crate) fn open(&mut self) -> Option<Order> {
        match (self.state, self.role) {
            (State::Idle, Role::Offerer) => {
                self.state = State::Starting { generation: 0, negotiation: Negotiation::CreatingOffer };
                Some(Order::Offer { generation: 0, restart: false })
            }
            (State::Idle, Role::Answerer)
            | (
                State::Starting { .. }
                | State::Connected { .. }
                | State::Restarting { .. }
                | State::Ending
                | State::Ended,
                Role::Offerer | Role::Answerer,
            ) => None,
        }
    }

    /// A description of the other side. `None`: it says nothing new.
    pub(crate) fn apply(
        &mut self,
        kind: DescriptionKind,
        generation: u32,
        sdp: String,
    ) -> Result<Option<Order>, EngineError> {
        if matches!(self.state, State::Ending | State::Ended) {
            return Err(self.wrong("applying a description"));
        }
        let next = match (kind, self.role) {
            (DescriptionKind::Offer, Role::Answerer) => {
                if self.state.generation().is_some_and(|current| generation <= current) {
                    return Ok(None);
                }
                Negotiation::IncomingOffer
            }
            (DescriptionKind::Answer, Role::Offerer) => match (self.state.generation(), self.state.negotiation()) {
                (Some(current), Some(Negotiation::WaitingAnswer)) if current == generation => Negotiation::Settled,
                (Some(current), Some(Negotiation::Settled)) if current == generation => return Ok(None),
                (Some(current), _) if generation < current => return Ok(None),
                (Some(_) | None, _) => return Err(self.wrong("applying this answer")),
            },
            (DescriptionKind::Offer, Role::Offerer) => return Err(self.wrong("applying an offer to an offering link")),
            (DescriptionKind::Answer, Role::Answerer) => {
                return Err(self.wrong("applying an answer to an answering link"));
            }
        };
        self.state = self.state.negotiate(generation, next);
        let kept = self.early.take_if(|early| early.generation <= generation);
        let now = kept.filter(|early| early.generation == generation);
        let current = now.unwrap_or(Candidates { generation, seen: Vec::new() });
        let candidates = current.seen.clone();
        self.current = Some(current);
        Ok(Some(Order::Apply { kind, generation, sdp, candidates }))
    }

    /// A candidate of the other side; kept while its description is missing, ignored when its generation is over.
    pub(crate) fn candidate(&mut self, generation: u32, candidate: Candidate) -> Result<Option<Order>, EngineError> {
        if matches!(self.state, State::Ending | State::Ended) {
            return Ok(None);
        }
        if let Some(current) = &mut self.current {
            if generation < current.generation {
                return Ok(None);
            }
            if generation == current.generation {
                return Ok(current.insert(candidate)?.then_some(Order::Candidate(candidate)));
            }
        }
        let early = self.early.get_or_insert(Candidates { generation, seen: Vec::new() });
        if early.generation < generation {
            *early = Candidates { generation, seen: Vec::new() };
        }
        if early.generation == generation {
            early.insert(candidate)?;
        }
        Ok(None)
    }

    /// A new generation, asked for by our side. `None`: it is under way already.
    pub(crate) fn restart(&mut self, generation: u32) -> Result<Option<Order>, EngineError> {
        let Some(current) = self.state.generation() else { return Err(self.wrong("an ICE restart")) };
        if self.role == Role::Answerer || generation < current || (current == 0 && generation == 0) {
            return Err(self.wrong("an ICE restart"));
        }
        if generation == current {
            return Ok(None);
        }
        if self.state.negotiation() == Some(Negotiation::CreatingOffer) {
            return Err(self.wrong("an ICE restart"));
        }
        self.state = self.state.negotiate(generation, Negotiation::CreatingOffer);
        Ok(Some(Order::Offer { generation, restart: true }))
    }

    /// Whether it was never connected.
    pub(crate) fn starting(&self) -> bool {
        matches!(self.state, State::Starting { .. })
    }

    /// Whether frames may be sent.
    pub(crate) fn may_send_audio(&self) -> Result<(), EngineError> {
        match self.state {
            State::Connected { .. } | State::Restarting { .. } => Ok(()),
            State::Idle | State::Starting { .. } | State::Ending | State::Ended => Err(self.wrong("sending audio")),
        }
    }

    /// Whether `ctl` takes messages.
    pub(crate) fn may_send_ctl(&self) -> Result<(), EngineError> {
        match self.state {
            State::Connected { .. } | State::Restarting { .. } if self.ctl_open => Ok(()),
            State::Connected { .. }
            | State::Restarting { .. }
            | State::Idle
            | State::Starting { .. }
            | State::Ending
            | State::Ended => Err(self.wrong("sending on ctl")),
        }
    }

    /// Our description of this generation is made. False: a newer generation has overtaken it, nobody needs it.
    pub(crate) fn described(&mut self, generation: u32) -> bool {
        if self.state.generation() != Some(generation) {
            return false;
        }
        let next = match self.state.negotiation() {
            Some(Negotiation::CreatingOffer) => Negotiation::WaitingAnswer,
            Some(Negotiation::IncomingOffer) => Negotiation::Settled,
            Some(Negotiation::WaitingAnswer | Negotiation::Settled) | None => return false,
        };
        self.state = self.state.negotiate(generation, next);
        true
    }

    /// ICE and DTLS are up (again).
    pub(crate) fn up(&mut self) -> Option<LinkEvent> {
        match self.state {
            State::Starting { generation, .. } => {
                self.state = State::Connected { generation };
                Some(LinkEvent::Connected)
            }
            State::Restarting { generation, negotiation: Negotiation::Settled } => {
                self.state = State::Connected { generation };
                self.interrupted = false;
                Some(LinkEvent::Resumed)
            }
            // The old path came back while the new generation is still being negotiated.
            State::Connected { .. } | State::Restarting { .. } => {
                std::mem::take(&mut self.interrupted).then_some(LinkEvent::Resumed)
            }
            State::Idle | State::Ending | State::Ended => None,
        }
    }

    /// Nothing came for a while.
    pub(crate) fn down(&mut self) -> Option<LinkEvent> {
        match self.state {
            State::Connected { .. } | State::Restarting { .. } => {
                (!std::mem::replace(&mut self.interrupted, true)).then_some(LinkEvent::Interrupted)
            }
            State::Idle | State::Starting { .. } | State::Ending | State::Ended => None,
        }
    }

    /// `ctl` is open, so ICE and DTLS are up too, whatever was told of them.
    pub(crate) fn ctl_opened(&mut self) -> Vec<LinkEvent> {
        let mut events = Vec::new();
        if matches!(self.state, State::Starting { .. }) {
            events.extend(self.up());
        }
        match self.state {
            State::Connected { .. } | State::Restarting { .. } if !self.ctl_open => {
                self.ctl_open = true;
                events.push(LinkEvent::CtlOpen);
            }
            State::Connected { .. }
            | State::Restarting { .. }
            | State::Idle
            | State::Starting { .. }
            | State::Ending
            | State::Ended => {}
        }
        events
    }

    /// The link is to be taken down. False: it is already.
    pub(crate) fn close(&mut self) -> bool {
        if matches!(self.state, State::Ending | State::Ended) {
            return false;
        }
        self.state = State::Ending;
        true
    }

    /// Everything is released.
    pub(crate) fn ended(&mut self) {
        self.state = State::Ended;
    }
}
