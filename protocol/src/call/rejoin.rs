//! After a kill: a daemon goes on with the calls that it was in, by new ones that say so (`continues`).
//!
//! ```text
//!  rejoin ─> Outgoing (shown as reconnecting) ── accepted, or crossed by theirs ─> Joined; the old call's line: lost
//!               ├── its device is gone again ─> rejoin anew
//!               └── refused, nobody there until the other side has given up ────> over; the old call's line: lost
//! ```
//!
//! The new call has an id and secrets of its own, so no key is used twice. While it is on its way it has no line of
//! history: it stands for the old call, whose row stays in the store until one of the two is told.

use rand_core::CryptoRng;

use super::core::{CallCore, Cx};
use super::effect::{CallEffect, HistoryEntry};
use super::end_reason::{End, cause};
use super::info::gone_call;
use super::state::{Call, Facts, Leg, Outgoing, Peer, Phase, Told};
use super::text;
use crate::control::{CallState, EventKind};
use crate::ids::{AccountId, CallId, DeviceId, Now};
use crate::limits::OFFER_TTL_MAX_S;
use crate::wire::bodies::{Flags, Media, Reason};

/// A call of two that is joined here: what a daemon must know to go on with it once this one was killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedCall {
    /// Its name.
    pub call: CallId,
    /// The other side offered it.
    pub incoming: bool,
    /// Everybody invited, ascending, we among them.
    pub roster: Vec<AccountId>,
    /// The other side's account.
    pub account: AccountId,
    /// The device of it that takes part.
    pub device: DeviceId,
    /// When it was offered, Unix ms.
    pub started_ms: u64,
    /// When it was accepted, Unix ms.
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

/// The call in whose place frontends see the new one.
struct Over {
    call: CallId,
    incoming: bool,
}

impl JoinedCall {
    /// Its line of history, should it end now.
    pub(super) fn line(&self, end: &End, ended_ms: u64) -> HistoryEntry {
        HistoryEntry {
            call: self.call,
            incoming: self.incoming,
            roster: self.roster.clone(),
            by: end.by,
            started_ms: self.started_ms,
            accepted_ms: Some(self.accepted_ms),
            ended_ms: Some(ended_ms),
            reason: end.reason,
            missed: false,
            flags: Flags::default(),
        }
    }

    /// How it ends when another call takes its place.
    fn goes_on(&self, now: Now) -> CallEffect {
        let end = End { reason: Reason::Lost, cause: None, by: None };
        CallEffect::History(Box::new(self.line(&end, now.unix_ms)))
    }
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
        let joined = call.joined()?;
        let peer = call.peers.iter().find(|peer| peer.leg == Leg::Accepted)?;
        let old = JoinedCall {
            call: call.id,
            incoming: call.facts.incoming,
            roster: call.facts.roster.clone(),
            account: peer.account,
            device: peer.device,
            started_ms: call.facts.started_unix_ms,
            accepted_ms: joined.accepted_unix_ms,
            context: call.facts.context.clone(),
            ice_policy: call.facts.ice_policy,
            muted: self.muted,
            held: self.focus != Some(call.id),
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
        let over = gone_call(&old, self.muted);
        self.ended.push(old.call, over, Reason::Lost, now);
        let over = Over { call: old.call, incoming: old.incoming };
        self.go_on_with(old, over, give_up_ms, &mut cx);
        self.settle(&mut cx);
    }

    /// Offers a call for one that this daemon lost, in the place of the one that is over now.
    fn go_on_with(&mut self, old: JoinedCall, over: Over, give_up_ms: u64, cx: &mut Cx<'_>) {
        let (id, secret) = self.fresh_call(cx);
        let policy = self.policies.get(&old.account).copied().unwrap_or_default();
        let peer = Peer::new(old.account, old.device, self.own_device, policy, cx.now);
        let (account, device, held) = (old.account, old.device, old.held);
        cx.event(EventKind::CallState {
            call: text::call(over.call),
            state: CallState::Ended,
            direction: text::direction(over.incoming),
            reason: Some(Reason::Lost.text().to_owned()),
            cause: Some(cause("daemon_killed", "this daemon was killed in the call, and goes on with it")),
            device: None,
            client: None,
            continues_as: Some(text::call(id)),
        });
        self.ended.continues_as(over.call, id);
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

    /// The call is joined, or gives way to one of theirs that is: the one that it stands for ends here.
    pub(super) fn rejoined(&mut self, id: CallId, cx: &mut Cx<'_>) {
        if let Some(old) = self.live.get(&id).and_then(Call::rejoins) {
            cx.push(old.goes_on(cx.now));
        }
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
        let over = Over { call: id, incoming: false };
        self.go_on_with(JoinedCall { held, ..*old }, over, give_up_ms, cx);
        true
    }
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
            End { reason: Reason::Lost, cause: Some(cause("daemon_killed", detail)), by: None }
        }
    }
}
