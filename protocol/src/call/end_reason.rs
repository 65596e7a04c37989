//! Why calls end: the words frontends see, and what follows from them.

use super::state::{Leg, Peer, Silence};
use crate::control::{EndCause, Unproven};
use crate::ids::DeviceId;
use crate::limits::CAUSE_MAX_BYTES;
use crate::wire::bodies::Reason;

/// Why a call ends.
#[derive(Clone, Debug)]
pub(super) struct End {
    /// Why.
    pub(super) reason: Reason,
    /// What lies behind it.
    pub(super) cause: Option<EndCause>,
    /// The device that ended it, if it wasn't us.
    pub(super) by: Option<DeviceId>,
}

impl Reason {
    /// The reason of this number on the wire.
    #[must_use]
    pub fn of_number(number: u8) -> Option<Self> {
        minicbor::decode(&minicbor::to_vec(number).ok()?).ok()
    }

    /// The word that frontends, history and scripts see.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Reason::HungUp => "hung_up",
            Reason::Declined => "declined",
            Reason::Busy => "busy",
            Reason::Cancelled => "cancelled",
            Reason::NoAnswer => "no_answer",
            Reason::AnsweredElsewhere => "answered_elsewhere",
            Reason::DeclinedElsewhere => "declined_elsewhere",
            Reason::Unreachable => "unreachable",
            Reason::Lost => "lost",
            Reason::Refused => "refused",
            Reason::ProtocolError => "protocol_error",
            Reason::MediaFailed => "media_failed",
            Reason::MaxDuration => "max_duration",
            Reason::DaemonStopped => "daemon_stopped",
        }
    }

    /// A call that rang here, or would have, and ended so without being accepted, was missed. Somebody
    /// of ours has seen it where it was answered, declined or refused.
    #[must_use]
    pub fn leaves_missed_call(self) -> bool {
        match self {
            Reason::HungUp
            | Reason::Cancelled
            | Reason::NoAnswer
            | Reason::Unreachable
            | Reason::Lost
            | Reason::ProtocolError
            | Reason::MediaFailed
            | Reason::MaxDuration
            | Reason::DaemonStopped => true,
            Reason::Declined
            | Reason::Busy
            | Reason::AnsweredElsewhere
            | Reason::DeclinedElsewhere
            | Reason::Refused => false,
        }
    }

    /// Which of several devices' reasons an outgoing call ends with: the one that says most.
    fn rank(self) -> u8 {
        match self {
            Reason::Declined => 13,
            Reason::Busy => 12,
            Reason::NoAnswer => 11,
            Reason::Refused => 10,
            Reason::DaemonStopped => 9,
            Reason::Lost => 8,
            Reason::MediaFailed => 7,
            Reason::ProtocolError => 6,
            Reason::HungUp => 5,
            Reason::MaxDuration => 4,
            Reason::Cancelled => 3,
            Reason::DeclinedElsewhere => 2,
            Reason::AnsweredElsewhere => 1,
            Reason::Unreachable => 0,
        }
    }
}

/// How an outgoing call ends when nobody is left who could accept it; none while somebody is.
///
/// All that ring have said so: a device that only might still be reached keeps the call going as long
/// as no other one ever rang.
pub(super) fn of_silence(peers: &[Peer]) -> Option<(Reason, Option<EndCause>)> {
    let mut said: Option<Reason> = None;
    let mut on_its_way = false;
    let mut expired = false;
    let mut unproven = None;
    for peer in peers {
        match &peer.leg {
            Leg::Confirmed | Leg::Ringing | Leg::Accepted => return None,
            Leg::Offered => on_its_way = true,
            Leg::Silent(Silence::Expired) => expired = true,
            Leg::Silent(Silence::Unproven(why)) => unproven = Some(*why),
            Leg::Silent(Silence::Unreached(_)) => {}
            Leg::Over(reason) => said = said.into_iter().chain([*reason]).max_by_key(|r| r.rank()),
        }
    }
    if let Some(reason) = said {
        // Nobody said that one: we found it out.
        let gone = || EndCause::new("peer_vanished", "the callee's device is gone");
        return Some((reason, (reason == Reason::Lost).then(gone)));
    }
    if on_its_way {
        return None;
    }
    if expired {
        let detail = "a device of the contact was there, but none answered the offer; try again later";
        return Some((Reason::NoAnswer, Some(EndCause::new("no_device_answered", detail))));
    }
    Some((Reason::Unreachable, Some(unproven.map_or_else(|| unreachable(peers), not_a_contact))))
}

/// The cause of `unreachable` where somebody is there, and takes no call of ours.
fn not_a_contact(why: Unproven) -> EndCause {
    match why {
        Unproven::Requested => {
            let detail = "the contact has not accepted your contact request yet, and takes no call of yours until then";
            EndCause::new("request_not_accepted", detail)
        }
        Unproven::Added => {
            let detail = "nothing shows that the contact has your card, and it takes calls of its contacts only; \
                          `ahoy contact request CARD` sends it yours";
            EndCause::new("not_acquainted", detail)
        }
    }
}

/// The cause of `unreachable`: what was tried, device by device.
fn unreachable(peers: &[Peer]) -> EndCause {
    let tried: Vec<&str> = peers
        .iter()
        .filter_map(|p| match &p.leg {
            Leg::Silent(Silence::Unreached(tried)) => Some(tried.as_str()),
            Leg::Silent(Silence::Expired | Silence::Unproven(_))
            | Leg::Offered
            | Leg::Confirmed
            | Leg::Ringing
            | Leg::Accepted
            | Leg::Over(_) => None,
        })
        .collect();
    if tried.is_empty() {
        return EndCause::new("no_device_known", "no device of the contact is known; ask it for a new card");
    }
    cause("unreachable", &tried.join("; "))
}

/// A cause whose detail is cut at its bound.
pub(super) fn cause(what: &str, detail: &str) -> EndCause {
    let mut end = detail.len().min(CAUSE_MAX_BYTES);
    while !detail.is_char_boundary(end) {
        end -= 1;
    }
    EndCause::new(what, detail.get(..end).unwrap_or(""))
}
