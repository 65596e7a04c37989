//! What the session layer says of offers and pairs, sorted once for everybody whose pairs are not those of calls.

use super::signal::{CallInput, HandOffEvent, Sender};
use crate::ids::{CallId, DeviceId};
use crate::wire::bodies::{HandOff, Offer, PairBody};

/// What the session layer says of an offer to a device, or of a pair with one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfPair {
    /// It came, and was answered.
    Offered(Sender, Box<Offer>),
    /// Ours was answered.
    Reached,
    /// Ours could not be brought to anybody; what was tried, for people.
    Unreached(String),
    /// Somebody was there for ours, and did not answer.
    Expired,
    /// The other device, whose offer was answered, is there.
    Confirmed,
    /// A body of the pair.
    Said(PairBody),
}

impl CallInput {
    /// Which offer or pair it is about, with which device, and what is said; none of everything else.
    #[must_use]
    pub fn of_pair(self) -> Option<(CallId, DeviceId, OfPair)> {
        Some(match self {
            Self::Offer { from, offer } => (offer.call, from.device, OfPair::Offered(from, Box::new(offer))),
            Self::Reached { call, device } => (call, device, OfPair::Reached),
            Self::Unreached { call, device, tried } => (call, device, OfPair::Unreached(tried)),
            Self::OfferExpired { call, device } => (call, device, OfPair::Expired),
            Self::Confirmed { call, device } => (call, device, OfPair::Confirmed),
            Self::Pair { call, device, body } => (call, device, OfPair::Said(body)),
            Self::Command { .. }
            | Self::Unconfirmed { .. }
            | Self::Frame { .. }
            | Self::Ctl { .. }
            | Self::Cancel { .. }
            | Self::Elsewhere { .. }
            | Self::Missed { .. }
            | Self::Link { .. }
            | Self::Disconnected { .. }
            | Self::Listens { .. }
            | Self::Revoked { .. }
            | Self::HandOff { .. }
            | Self::Moved
            | Self::Woke
            | Self::Recording { .. }
            | Self::Timer
            | Self::Shutdown => return None,
        })
    }
}

impl HandOffEvent {
    /// A body of the pair of a question; `known`: the participant that it names is a contact that we would call. None if it
    /// has no business there.
    #[must_use]
    pub fn said(body: PairBody, known: impl FnOnce(&HandOff) -> bool) -> Option<Self> {
        match body {
            PairBody::HandOff(body) => {
                let known = known(&body);
                Some(Self::Asked { body, known })
            }
            PairBody::Verdict(verdict) => Some(Self::Verdict(verdict)),
            PairBody::HangUp(reason) => Some(Self::HangUp(reason)),
            PairBody::Confirm(_)
            | PairBody::Description(_)
            | PairBody::Candidates(_)
            | PairBody::EndOfCandidates(_)
            | PairBody::Restart(_)
            | PairBody::Status(_)
            | PairBody::EpochSecret(_)
            | PairBody::Record(_)
            | PairBody::LinkIdentity(_)
            | PairBody::LinkContact(_)
            | PairBody::LinkEnd(_) => None,
        }
    }
}
