//! Hand-off, at the device that is asked: the call rings here, and if somebody accepts it, the participant is offered a
//! new one that continues the old one. Nothing opens before a person has accepted here.
//!
//! ```text
//!  confirm, question ─> Handed (rings, 20 s) ── call.accept ─> Outgoing ── the participant takes it ─> Joined
//!                          └── decline, no answer, withdrawn, the other device gone ──> ended, without history
//! ```

use ahoy_crypto::Secret;

use super::core::{CallCore, Cx};
use super::effect::CallEffect;
use super::end_reason::End;
use super::state::{Call, Facts, Handed, Outgoing, Peer, Phase, Told};
use super::stays::taken_as;
use super::text;
use super::times::Times;
use crate::control::{EventKind, RosterEntry};
use crate::ids::{CallId, DeviceId};
use crate::limits::{HAND_OFF_MOVE_MS, HAND_OFFS_ASKED_MAX, RINGING_MAX};
use crate::wire::bodies::{Flags, HandOff, Media, PairBody, Reason, Verdict};

/// A device of ours that asks us to take over a call.
#[derive(Clone, Debug)]
pub(super) struct Taking {
    /// Which device.
    pub(super) device: DeviceId,
    /// Since when it is there, monotonic ms.
    since_ms: u64,
    /// It has no connection, or has left the question, monotonic ms.
    pub(super) gone_ms: Option<u64>,
    /// Our call, once it said what it asks. Told how that goes until it works or is over.
    call: Option<CallId>,
    /// Somebody has accepted here: what becomes of the other device makes no difference any more.
    accepted: bool,
}

impl Taking {
    /// When it is over, monotonic ms: nothing was asked, or the other device is gone while it rings.
    pub(super) fn due_ms(&self, times: &Times) -> Option<u64> {
        if self.call.is_none() {
            return Some(self.since_ms.saturating_add(times.caller_lost_ms));
        }
        self.gone_ms.filter(|_| !self.accepted).map(|at_ms| at_ms.saturating_add(times.caller_lost_ms))
    }
}

impl CallCore {
    /// A device of ours is there, and is about to say what it asks.
    pub(super) fn asks(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        if self.hand_offs.taking.len() >= HAND_OFFS_ASKED_MAX || self.stopping {
            self.refuse_question(id, device, cx);
            return;
        }
        let taking = Taking { device, since_ms: cx.now.mono_ms, gone_ms: None, call: None, accepted: false };
        self.hand_offs.taking.entry(id).or_insert(taking);
    }

    fn refuse_question(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        self.hand_offs.taking.remove(&id);
        cx.push(CallEffect::Pair { call: id, device, body: PairBody::HangUp(Reason::Refused) });
        cx.push(CallEffect::Forget { call: id });
    }

    /// It asks us to take over a call; `known`: with a contact of ours that we would call.
    pub(super) fn asked(&mut self, id: CallId, device: DeviceId, body: &HandOff, known: bool, cx: &mut Cx<'_>) {
        let Some(taking) = self.hand_offs.taking.get(&id).filter(|taking| taking.device == device) else { return };
        if let Some(call) = taking.call {
            // It was muted meanwhile, or unmuted.
            if let Some(Phase::Handed(handed)) = self.live.get_mut(&call).map(|call| &mut call.phase) {
                handed.muted = body.flags.0 & Flags::MUTED != 0;
            }
            return;
        }
        // The device that asks chooses the question, and so this name: it must be nobody's, today or before.
        let call = taken_as(id);
        let used = self.live.contains_key(&call) || self.seen.get(call).is_some();
        let here = self.live.contains_key(&body.call);
        if !known || body.account == self.own || here || used || self.ringing() >= RINGING_MAX {
            self.refuse_question(id, device, cx);
            return;
        }
        // Nobody else can offer, cancel or have missed a call of this id.
        self.seen.settle(call, self.own, cx.now.unix_ms);
        self.live.insert(call, self.new_handed(call, body, cx));
        if let Some(taking) = self.hand_offs.taking.get_mut(&id) {
            taking.call = Some(call);
        }
        cx.event(EventKind::IncomingCall {
            call: text::call(call),
            from: RosterEntry { account: text::account(body.account), name: None },
            media: text::media(Media::AUDIO),
            context: body.context.as_deref().map(|c| String::from_utf8_lossy(c).into_owned()),
            handed_off_from: Some(text::device(device)),
        });
        self.show(call, cx);
        cx.push(CallEffect::Pair { call: id, device, body: PairBody::Verdict(Verdict::Ringing) });
    }

    fn new_handed(&self, id: CallId, body: &HandOff, cx: &Cx<'_>) -> Call {
        let mut roster = vec![self.own, body.account];
        roster.sort_unstable();
        Call {
            id,
            facts: Facts {
                incoming: false,
                handed: true,
                offerer: self.own,
                roster,
                media: Media::AUDIO,
                context: body.context.clone(),
                ice_policy: 0,
                started_unix_ms: cx.now.unix_ms,
                line: self.stays.line_of(body.call),
                continues: Some(body.call),
            },
            phase: Phase::Handed(Handed {
                since_ms: cx.now.mono_ms,
                account: body.account,
                device: body.device,
                muted: body.flags.0 & Flags::MUTED != 0,
            }),
            peers: Vec::new(),
            shown: None,
            displaced: None,
            told: Told::default(),
        }
    }

    /// `call.accept`: the participant is offered the call that continues its own. The other device hears of it.
    pub(super) fn take_over(&mut self, id: CallId, end: bool, cx: &mut Cx<'_>) {
        let Some(Phase::Handed(handed)) = self.live.get(&id).map(|call| &call.phase).cloned() else { return };
        let policy = self.policies.get(&handed.account).copied().unwrap_or_default();
        let peer = Peer::new(handed.account, handed.device, self.own_device, policy, cx.now);
        let Some(call) = self.live.get_mut(&id) else { return };
        call.phase = Phase::Outgoing(Outgoing {
            give_up_ms: cx.now.mono_ms.saturating_add(HAND_OFF_MOVE_MS),
            rejoins: None,
            unproven: None,
        });
        call.peers = vec![peer];
        let Some(call) = self.live.get(&id) else { return };
        let mut offer = self.first_offer(call, Secret::random(cx.rng));
        offer.ice_policy = if policy.relay_only { 2 } else { offer.ice_policy };
        offer.ttl_s = u16::try_from(HAND_OFF_MOVE_MS / 1000).unwrap_or(1);
        self.take_focus(id, end);
        if handed.muted {
            self.set_muted(true, cx);
        }
        if let Some((question, taking)) = self.hand_offs.taking.iter_mut().find(|(_, it)| it.call == Some(id)) {
            taking.accepted = true;
            let body = PairBody::Verdict(Verdict::Accept);
            cx.push(CallEffect::Pair { call: *question, device: taking.device, body });
        }
        cx.push(CallEffect::Offer { account: handed.account, device: handed.device, offer: Box::new(offer) });
    }

    /// `call.decline` of a call that another device of ours hands over; false if it is another call.
    pub(super) fn decline_hand_off(&mut self, id: CallId, cx: &mut Cx<'_>) -> bool {
        if !self.live.get(&id).is_some_and(|call| matches!(call.phase, Phase::Handed(_))) {
            return false;
        }
        self.answer_question(id, PairBody::Verdict(Verdict::Decline), cx);
        self.finish(id, End { reason: Reason::Declined, cause: None, by: None }, Reason::Declined, cx);
        true
    }

    /// The last word to the device that asked, if one still waits for it.
    fn answer_question(&mut self, call: CallId, body: PairBody, cx: &mut Cx<'_>) {
        let asked = self.hand_offs.taking.iter().find(|(_, taking)| taking.call == Some(call));
        let Some((id, device)) = asked.map(|(id, taking)| (*id, taking.device)) else { return };
        self.hand_offs.taking.remove(&id);
        cx.push(CallEffect::Pair { call: id, device, body });
        cx.push(CallEffect::Forget { call: id });
    }

    /// A call of ours is over: whoever handed it over is told why.
    pub(super) fn taken_call_ended(&mut self, call: CallId, reason: Reason, cx: &mut Cx<'_>) {
        self.answer_question(call, PairBody::HangUp(reason), cx);
    }

    /// Calls that were taken over and work, or are held with a link that does: who handed them over is told.
    pub(super) fn settle_taken(&mut self, cx: &mut Cx<'_>) {
        let taken = self.hand_offs.taking.values().filter_map(|taking| taking.call);
        let works = |id: &CallId| self.live.get(id).is_some_and(|call| call.carries(self.focus == Some(*id)));
        let ids: Vec<CallId> = taken.filter(works).collect();
        for id in ids {
            self.answer_question(id, PairBody::HangUp(Reason::AnsweredElsewhere), cx);
        }
    }

    /// The device that asked no longer does.
    pub(super) fn withdrawn_by(&mut self, id: CallId, device: DeviceId, reason: Reason, cx: &mut Cx<'_>) {
        let Some(taking) = self.hand_offs.taking.get(&id).filter(|taking| taking.device == device) else { return };
        let call = taking.call;
        if taking.accepted {
            // It has told us all it had to tell; the participant decides.
            return;
        }
        self.hand_offs.taking.remove(&id);
        cx.push(CallEffect::Forget { call: id });
        if let Some(call) = call {
            self.finish(call, End { reason, cause: None, by: Some(device) }, reason, cx);
        }
    }

    /// A device is none of our account any more: nothing is taken of it.
    pub(super) fn no_hand_offs_from(&mut self, device: DeviceId, cx: &mut Cx<'_>) {
        let from = self.hand_offs.taking.iter().filter(|(_, taking)| taking.device == device);
        let ids: Vec<CallId> = from.map(|(id, _)| *id).collect();
        for id in ids {
            self.withdrawn_by(id, device, Reason::Refused, cx);
        }
    }

    /// Devices that asked nothing, or are gone while it rings here.
    pub(super) fn taking_timers(&mut self, cx: &mut Cx<'_>) {
        let late = |taking: &Taking| taking.due_ms(&self.times).is_some_and(|at_ms| at_ms <= cx.now.mono_ms);
        let late = self.hand_offs.taking.iter().filter(|(_, taking)| late(taking));
        let late: Vec<_> = late.map(|(id, taking)| (*id, taking.device)).collect();
        for (id, device) in late {
            self.withdrawn_by(id, device, Reason::Lost, cx);
        }
    }
}
