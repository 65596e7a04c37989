//! What a call is made of: its phases and the devices on the other side.

use super::info::Light;
use super::line::Line;
use super::links::Links;
use super::rejoin::JoinedCall;
use super::rules::Rule;
use super::signal::ContactPolicy;
use super::text;
use crate::control::{CallState, Direction, Unproven};
use crate::ids::{AccountId, CallId, DeviceId, Now};
use crate::wire::bodies::{Flags, Media, Reason};

/// A call that is not ended.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Its name.
    pub(super) id: CallId,
    /// What was offered; never changes.
    pub(super) facts: Facts,
    /// Where it stands.
    pub(super) phase: Phase,
    /// Devices of the other accounts: those that are offered the call, or that offer it.
    pub(super) peers: Vec<Peer>,
    /// The state that frontends were told last.
    pub(super) shown: Option<CallState>,
    /// The call that lost the microphone to this one, until this one works.
    pub(super) displaced: Option<Displaced>,
    /// What the others were told of our media.
    pub(super) told: Told,
}

/// What an offer says, as far as it matters later.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// It was offered to us.
    pub(super) incoming: bool,
    /// Another device of ours handed it over: for people it came in.
    pub(super) handed: bool,
    /// Who offered it.
    pub(super) offerer: AccountId,
    /// Everybody invited, ascending, we among them.
    pub(super) roster: Vec<AccountId>,
    /// Media offered.
    pub(super) media: Media,
    /// The messenger's word for the conversation.
    pub(super) context: Option<Vec<u8>>,
    /// 0 all candidates, 1 no host candidates, 2 relay only: as the offer wants it.
    pub(super) ice_policy: u8,
    /// The call that it takes the place of, as its offer says.
    pub(super) continues: Option<CallId>,
    /// When it was offered, Unix ms, never in the future.
    pub(super) started_unix_ms: u64,
    /// What it is for people, where it goes on with another call.
    pub(super) line: Option<Line>,
}

/// The call that was active before another one took its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Displaced {
    /// Which.
    pub(super) call: CallId,
    /// It shall end once the new one works.
    pub(super) end: bool,
}

/// Our last status in a call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    /// Flags.
    pub(super) flags: Flags,
    /// Rises with every change; last writer wins.
    pub(super) state_seq: u32,
}

/// Phases of a call.
///
/// ```text
///  call.offer ──> Outgoing ── verdict accept ──> Joined ── hang_up, lost, .. ──┐
///                    └── decline, cancel, no answer, unreachable ──────────────┤
///                                                                              v
///  offer ──> Offered ── confirmed ──> Ringing ── call.accept ──> Joined      ended
///               │  └─ crosses ours ─> Undecided ─^──> (theirs survives) Joined
///               │                        └── decline, cancel, no answer, .. ──>^
///  question of a device of ours ──> Handed ── call.accept ──> Outgoing
///               └── ttl over, cancelled: nobody has seen it; a missed call at most
/// ```
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// We offered it and nobody has accepted.
    Outgoing(Outgoing),
    /// It was offered to us; whether the caller is there isn't known. Nobody sees it.
    Offered(Offered),
    /// Its caller is there, but it neither rings nor is taken before a call of ours with that caller has decided.
    Undecided(Undecided),
    /// It rings here.
    Ringing(Ringing),
    /// Another device of ours is in it and asks us to take it over: it rings here.
    Handed(Handed),
    /// Accepted, by us or by the callee.
    Joined(Joined),
}

/// Data of [`Phase::Outgoing`].
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    /// When we give up, monotonic ms.
    pub(super) give_up_ms: u64,
    /// The call that it stands for: both were in it when the daemon before us was killed.
    pub(super) rejoins: Option<Box<JoinedCall>>,
    /// Why the contact may take no call of ours, and when whoever hasn't answered by then is given up, monotonic ms.
    pub(super) unproven: Option<(Unproven, u64)>,
}

/// Data of [`Phase::Offered`].
#[derive(Clone, Debug)]
pub(super) struct Offered {
    /// When the newest offer came.
    pub(super) received: Now,
    /// For how long a confirm may still ring, ms.
    pub(super) ttl_ms: u64,
    /// `sent_ms` of the newest offer.
    pub(super) sent_ms: u64,
}

/// Data of [`Phase::Undecided`]: glare if the other call is ours and nobody has accepted it, perhaps a recall if we are
/// in it with the device that calls now.
#[derive(Clone, Debug)]
pub(super) struct Undecided {
    /// The call that decides.
    pub(super) by: CallId,
    /// Since when, monotonic ms.
    pub(super) since_ms: u64,
    /// The caller's clock and ours differ too much.
    pub(super) clock_off: bool,
}

/// Data of [`Phase::Ringing`].
#[derive(Clone, Debug)]
pub(super) struct Ringing {
    /// Since when, monotonic ms.
    pub(super) since_ms: u64,
}

/// Data of [`Phase::Handed`].
#[derive(Clone, Debug)]
pub(super) struct Handed {
    /// Since when it rings, monotonic ms.
    pub(super) since_ms: u64,
    /// The participant.
    pub(super) account: AccountId,
    /// Its device in the call.
    pub(super) device: DeviceId,
    /// Our other device is muted in it.
    pub(super) muted: bool,
}

/// Data of [`Phase::Joined`].
#[derive(Clone, Debug)]
pub(super) struct Joined {
    /// When it was accepted, monotonic ms; of a call that takes the place of another one, when that was: the longest
    /// duration counts for both together, or whoever calls again could go on without end.
    pub(super) since_ms: u64,
    /// How long it had lasted already at a daemon before this one, ms: since then only the wall clock tells.
    pub(super) before_ms: u64,
    /// When it was accepted, Unix ms; of a call that takes the place of another one, when that was.
    pub(super) accepted_unix_ms: u64,
    /// The next repetition of our status on `ctl`, monotonic ms.
    pub(super) status_due_ms: u64,
    /// The next announce, monotonic ms.
    pub(super) announce_due_ms: u64,
}

/// A device on the other side.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// Whose.
    pub(super) account: AccountId,
    /// Which.
    pub(super) device: DeviceId,
    /// What we allow it.
    pub(super) policy: ContactPolicy,
    /// How far it got.
    pub(super) leg: Leg,
    /// How its media are.
    pub(super) flow: Flow,
    /// The links between us.
    pub(super) links: Links,
    /// Its flags as it last said.
    pub(super) flags: Flags,
    /// Number of that word.
    pub(super) state_seq: u32,
    /// Frontends were told that it joined.
    pub(super) joined: bool,
    /// When something of it was heard last, monotonic ms.
    pub(super) heard_ms: u64,
    /// Since when it has not listened to this call over a connection of ours, monotonic ms; none while it does, or if it
    /// never did.
    pub(super) gone_ms: Option<u64>,
}

/// How far a device got in a call.
///
/// ```text
///                reached (out), confirmed (in)       ringing           accept
///   Offered ─────────────────────────────> Confirmed ──────> Ringing ──────> Accepted
///      │   ^────────── reached ──────────┐      │                │               │
///      └── unreached, expired ──> Silent ┘      └── hang_up, decline, busy ──────┴──> Over
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leg {
    /// An offer is on its way.
    Offered,
    /// It did not answer.
    Silent(Silence),
    /// There is a pair channel.
    Confirmed,
    /// It rings there, or here.
    Ringing,
    /// It takes part.
    Accepted,
    /// It is out of the call; nothing it says counts any more.
    Over(Reason),
}

/// Why a device did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// Nobody could be brought the offer; what was tried.
    Unreached(String),
    /// Somebody listens for it, nobody answered.
    Expired,
    /// The same, of a contact that may take no call of ours.
    Unproven(Unproven),
}

/// How the media with a device are. Every way out of `Connecting` has an end: sound, a hold, or `media_failed`.
///
/// ```text
///                                 first audio; while held: link up
///   Idle ── accept ──> Connecting ─────────────────────────────────> Flowing <── resumed ──┐
///                       │      ^── held no longer, never heard ─────────┘ └─ no packet ─> Interrupted
///                       └── 30 s: media_failed                                             └── 60 s: lost
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// Not accepted: nothing may flow.
    Idle,
    /// Accepted; nothing was decoded so far.
    Connecting {
        /// Since when, monotonic ms.
        since_ms: u64,
        /// The one more try was made.
        retried: bool,
    },
    /// Sound arrives.
    Flowing,
    /// It arrived, and stopped.
    Interrupted {
        /// When the last packet came, monotonic ms.
        since_ms: u64,
        /// How many restarts were due so far.
        tries: usize,
    },
}

impl Facts {
    /// As frontends call it.
    pub(super) fn direction(&self) -> Direction {
        text::direction(self.handed || self.line.map_or(self.incoming, |line| line.incoming))
    }
}

impl Call {
    /// The device with this id.
    pub(super) fn peer_mut(&mut self, device: DeviceId) -> Option<&mut Peer> {
        self.peers.iter_mut().find(|p| Rule::Member.met(p.device == device))
    }

    /// Frontends know of it.
    pub(super) fn visible(&self) -> bool {
        match self.phase {
            Phase::Outgoing(_) | Phase::Ringing(_) | Phase::Handed(_) | Phase::Joined(_) => true,
            Phase::Offered(_) | Phase::Undecided(_) => false,
        }
    }

    /// It rings here.
    pub(super) fn rings(&self) -> bool {
        matches!(self.phase, Phase::Ringing(_) | Phase::Handed(_))
    }

    /// It was accepted.
    pub(super) fn joined(&self) -> Option<&Joined> {
        match &self.phase {
            Phase::Joined(joined) => Some(joined),
            Phase::Outgoing(_) | Phase::Offered(_) | Phase::Undecided(_) | Phase::Ringing(_) | Phase::Handed(_) => None,
        }
    }

    /// The call that it stands for, while nobody has accepted it.
    pub(super) fn rejoins(&self) -> Option<&JoinedCall> {
        match &self.phase {
            Phase::Outgoing(outgoing) => outgoing.rejoins.as_deref(),
            Phase::Offered(_) | Phase::Undecided(_) | Phase::Ringing(_) | Phase::Handed(_) | Phase::Joined(_) => None,
        }
    }

    /// Sound has come from somebody in it.
    pub(super) fn worked(&self) -> bool {
        self.peers.iter().any(|p| p.joined)
    }

    /// It goes on without another one in its place: somebody was heard in it, or it is held, by us or there, and its link
    /// is up.
    pub(super) fn carries(&self, focused: bool) -> bool {
        let held = |peer: &Peer| peer.leg == Leg::Accepted && (!focused || peer.holds()) && peer.links.connected();
        self.joined().is_some() && (self.worked() || self.peers.iter().any(held))
    }

    /// The state that frontends shall see; none while it is invisible.
    pub(super) fn state(&self, light: Light) -> Option<CallState> {
        match &self.phase {
            Phase::Offered(_) | Phase::Undecided(_) => None,
            Phase::Ringing(_) | Phase::Handed(_) => Some(CallState::Incoming),
            Phase::Outgoing(Outgoing { rejoins: Some(_), .. }) => Some(CallState::Reconnecting),
            Phase::Outgoing(_) if self.facts.handed => Some(CallState::Connecting),
            Phase::Outgoing(Outgoing { rejoins: None, .. }) => {
                let rings = self.peers.iter().any(|p| p.leg == Leg::Ringing);
                // Once it rang somewhere it stays so: another device that gives up changes nothing.
                let rang = rings || self.shown == Some(CallState::Ringing);
                Some(if rang { CallState::Ringing } else { CallState::Dialing })
            }
            Phase::Joined(_) if light == Light::Held => Some(CallState::Held),
            Phase::Joined(_) => {
                // Who has never been heard is still connecting, whatever its link does; unless it holds the call: then
                // nothing is to be heard, and nothing is waited for.
                let any = |want: fn(Flow) -> bool| self.peers.iter().any(|p| (p.joined || p.holds()) && want(p.flow));
                // What goes on with a call that is still there was not lost by anybody.
                let was_lost = self.facts.continues.is_some() && !self.facts.handed && light != Light::Follows;
                Some(if any(|f| matches!(f, Flow::Flowing)) {
                    CallState::Active
                } else if any(|f| matches!(f, Flow::Interrupted { .. })) || was_lost {
                    CallState::Reconnecting
                } else {
                    CallState::Connecting
                })
            }
        }
    }
}

impl Peer {
    /// A device that is offered the call, or offers it.
    pub(super) fn new(
        account: AccountId,
        device: DeviceId,
        own_device: DeviceId,
        policy: ContactPolicy,
        now: Now,
    ) -> Self {
        Self {
            account,
            device,
            policy,
            leg: Leg::Offered,
            flow: Flow::Idle,
            links: Links::new(own_device < device),
            flags: Flags::default(),
            state_seq: 0,
            joined: false,
            heard_ms: now.mono_ms,
            gone_ms: None,
        }
    }

    /// There is a pair channel, and it is still in the call.
    pub(super) fn in_touch(&self) -> bool {
        match self.leg {
            Leg::Confirmed | Leg::Ringing | Leg::Accepted => true,
            Leg::Offered | Leg::Silent(_) | Leg::Over(_) => false,
        }
    }

    /// Links with it may exist now: it takes part, or its policy lets links be made while it rings.
    pub(super) fn may_connect(&self) -> bool {
        match self.leg {
            Leg::Accepted => true,
            Leg::Confirmed | Leg::Ringing => Rule::EarlyConnection.met(self.policy.early_connection),
            Leg::Offered | Leg::Silent(_) | Leg::Over(_) => false,
        }
    }

    /// It holds the call.
    pub(super) fn holds(&self) -> bool {
        self.flags.0 & Flags::HELD != 0
    }
}
