//! After a kill: a daemon goes on with the calls that it was in, by new ones that say so (`continues`).
//!
//! ```text
//!  rejoin ─> Outgoing (shown as reconnecting) ── accepted, or crossed by theirs ─> Joined
//!               ├── its device is gone again ─> rejoin anew
//!               └── refused, nobody there until the other side has given up ────> over; the old call's line: lost
//! ```
//!
//! The new call has an id and secrets of its own, so no key is used twice. For people both are one call, with one line
//! of history: while the new one is on its way the row of the old one stays in the store.

use rand_core::CryptoRng;

use super::core::{CallCore, Cx};
use super::effect::CallEffect;
use super::end_reason::{End, cause};
use super::info::gone_call;
use super::line::Line;
use super::state::{Call, Facts, Leg, Outgoing, Peer, Phase, Told};
use super::text;
use crate::control::{CallState, EndCause, EventKind};
use crate::ids::{AccountId, CallId, DeviceId, Now};
use crate::limits::OFFER_TTL_MAX_S;
use crate::wire::bodies::{Media, Reason};

/// A call of two that is joined here: what a daemon must know to go on with it once this one was killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedCall {
    /// Its name.
    pub call: CallId,
    /// The first of the calls that are one for people: its own name, unless it took the place of another one.
    pub first: CallId,
    /// The other side offered that one.
    pub incoming: bool,
    /// Everybody invited, ascending, we among them.
    pub roster: Vec<AccountId>,
    /// The other side's account.
    pub account: AccountId,
    /// The device of it that takes part.
    pub device: DeviceId,
    /// When that one was offered, Unix ms.
    pub started_ms: u64,
    /// When that one was accepted, Unix ms.
    pub accepted_ms: u64,
    /// The messenger's word for the conversation.
    pub context: Option<Vec<u8>>,
    /// 0 all candidates, 1 no host candidates, 2 relay only.
    pub ice_policy: u8,
    /// Our microphone is muted.
    pub muted: bool,
    /// It isn't the active call.
    pub held: bool,
}

impl CallCore {
    /// Every joined call, for the store; those that are being rejoined as the daemon before us left them (true).
    pub fn joined_calls(&self) -> impl Iterator<Item = (JoinedCall, bool)> {
        self.live.values().filter_map(|call| self.joined_call(call))
    }

    fn joined_call(&self, call: &Call) -> Option<(JoinedCall, bool)> {
        if let Some(old) = call.rejoins() {
            let held = self.focus != Some(call.id);
            return Some((JoinedCall { muted: self.muted, held, ..old.clone() }, true));
        }
        let (joined, line) = (call.joined()?, call.line());
        let peer = call.peers.iter().find(|peer| peer.leg == Leg::Accepted)?;
        let old = JoinedCall {
            call: call.id,
            first: line.call,
            incoming: line.incoming,
            roster: call.facts.roster.clone(),
            account: peer.account,
            device: peer.device,
            started_ms: line.started_ms,
            accepted_ms: joined.accepted_unix_ms,
            context: call.facts.context.clone(),
            ice_policy: call.facts.ice_policy,
            muted: self.muted,
            held: !self.in_focus(call.id),
        };
        Some((old, false))
    }

    /// After a start: goes on with a call that was joined here, until `give_up_ms` (monotonic), when the other side has
    /// given it up, too. Nothing is heard before it accepts; the microphone is as muted as it was.
    pub fn rejoin(
        &mut self,
        old: JoinedCall,
        give_up_ms: u64,
        now: Now,
        rng: &mut dyn CryptoRng,
        out: &mut Vec<CallEffect>,
    ) {
        let mut cx = Cx { now, rng, out };
        if old.muted {
            self.set_muted(true, &mut cx);
        }
        let (over, cause) =
            (gone_call(&old, self.muted), killed("this daemon was killed in the call, and goes on with it"));
        self.ended.push((old.call, None), over, End { reason: Reason::Lost, cause: Some(cause), by: None }, now);
        let over = old.call;
        self.go_on_with(old, over, give_up_ms, &mut cx);
        self.settle(&mut cx);
    }

    /// Offers a call for one that this daemon lost, in the place of the one that is over now.
    fn go_on_with(&mut self, old: JoinedCall, over: CallId, give_up_ms: u64, cx: &mut Cx<'_>) {
        let (id, secret) = self.fresh_call(cx);
        let policy = self.policies.get(&old.account).copied().unwrap_or_default();
        let peer = Peer::new(old.account, old.device, self.own_device, policy, cx.now);
        let (account, device, held) = (old.account, old.device, old.held);
        cx.event(EventKind::CallState {
            call: text::call(over),
            state: CallState::Ended,
            direction: text::direction(old.incoming),
            reason: Some(Reason::Lost.text().to_owned()),
            cause: Some(killed("this daemon was killed in the call, and goes on with it")),
            device: None,
            client: None,
            continues_as: Some(text::call(id)),
        });
        self.ended.continues_as(over, id);
        let line = Line {
            call: old.first,
            incoming: old.incoming,
            started_ms: old.started_ms,
            accepted_ms: Some(old.accepted_ms),
        };
        let call = Call {
            id,
            facts: Facts {
                incoming: false,
                handed: false,
                offerer: self.own,
                roster: old.roster.clone(),
                media: Media::AUDIO,
                context: old.context.clone(),
                ice_policy: old.ice_policy,
                continues: Some(old.call),
                started_unix_ms: cx.now.unix_ms,
                line: Some(line),
            },
            phase: Phase::Outgoing(Outgoing { give_up_ms, rejoins: Some(Box::new(old)), unproven: None }),
            peers: vec![peer],
            shown: None,
            displaced: None,
            told: Told::default(),
        };
        let left_s = (give_up_ms.saturating_sub(cx.now.mono_ms) / 1000).clamp(1, u64::from(OFFER_TTL_MAX_S));
        let mut offer = self.first_offer(&call, secret);
        offer.ttl_s = u16::try_from(left_s).unwrap_or(1);
        offer.ice_policy = if policy.relay_only { 2 } else { offer.ice_policy };
        self.live.insert(id, call);
        if !held {
            self.take_focus(id, false);
        }
        self.show(id, cx);
        cx.push(CallEffect::Offer { account, device, offer: Box::new(offer) });
    }

    /// The device to which a call of ours goes is gone. If the call stands for one that both were in, it may have been
    /// killed as well: there is a new offer for it when it is back. Whether that is so.
    pub(super) fn rejoins_anew(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) -> bool {
        let Some(Phase::Outgoing(outgoing)) = self.live.get(&id).map(|call| &call.phase) else { return false };
        let (give_up_ms, Some(old)) = (outgoing.give_up_ms, outgoing.rejoins.clone()) else { return false };
        if give_up_ms <= cx.now.mono_ms {
            return false;
        }
        let held = self.focus != Some(id);
        self.dismiss(id, device, Reason::Lost, cx);
        self.live.remove(&id);
        cx.push(CallEffect::Forget { call: id });
        self.go_on_with(JoinedCall { held, ..*old }, id, give_up_ms, cx);
        true
    }
}

/// The cause of an end of which a daemon before this one knows no more.
pub(super) fn killed(detail: &str) -> EndCause {
    cause("daemon_killed", detail)
}

/// Why a call that stands for another one ends before it is joined: its people were in a call, and have lost it, unless
/// one of them ended it.
pub(super) fn end_of(call: &Call, end: End) -> End {
    if call.rejoins().is_none() {
        return end;
    }
    match end.reason {
        Reason::HungUp | Reason::DaemonStopped => end,
        Reason::Cancelled => End { reason: Reason::HungUp, ..end },
        Reason::Declined
        | Reason::Busy
        | Reason::NoAnswer
        | Reason::AnsweredElsewhere
        | Reason::DeclinedElsewhere
        | Reason::Unreachable
        | Reason::Lost
        | Reason::Refused
        | Reason::ProtocolError
        | Reason::MediaFailed
        | Reason::MaxDuration => {
            let detail = if end.reason == Reason::Refused {
                "this daemon was killed in the call; the other side has it no longer"
            } else {
                "this daemon was killed in the call; the other side was not reached in time"
            };
            End { reason: Reason::Lost, cause: Some(killed(detail)), by: None }
        }
    }
}
