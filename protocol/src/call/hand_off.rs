//! Hand-off, at the device that has the call: another device of our account is asked to take it over. Our call goes on
//! untouched until the participant says that the new one works.
//!
//! ```text
//!  call.hand_off ─> Reaching ── it is there ─> Asked ── it rings there ─> Ringing ── accepted there ─> Moving
//!                      └── unreachable, declined, busy, no answer, lost, .. ──> the call goes on ──<── 50 s ──┘
//!  the participant's hang_up `answered_elsewhere` ends our call: done
//! ```
//!
//! The question has an id, keys and a pair of its own; the other side of it is `taking`.

use std::collections::BTreeMap;

use ahoy_crypto::Secret;

use super::commands::{only_one, wrong_state};
use super::core::{CallCore, Cx};
use super::effect::CallEffect;
use super::end_reason::End;
use super::signal::HandOffEvent;
use super::state::{Call, Leg};
use super::stays::taken_as;
use super::taking::Taking;
use super::text;
use crate::control::{ControlError, EventKind, HandOffReply, HandOffState, Reply};
use crate::ids::{CallId, DeviceId};
use crate::limits::{HAND_OFF_ASK_MS, HAND_OFF_DONE_MS, HAND_OFF_SETTLE_MS, HAND_OFF_TTL_S};
use crate::wire::bodies::{Flags, HandOff, Offer, PairBody, Purpose, Reason, Verdict};

/// Calls on their way between devices of our account, by the ids of the questions.
#[derive(Clone, Debug, Default)]
pub(super) struct HandOffs {
    /// We ask. At most one a call of ours.
    pub(super) giving: BTreeMap<CallId, Giving>,
    /// We are asked.
    pub(super) taking: BTreeMap<CallId, Taking>,
}

/// A call that another device of ours shall take over.
#[derive(Clone, Debug)]
pub(super) struct Giving {
    /// Which.
    call: CallId,
    /// Who shall.
    device: DeviceId,
    stage: Stage,
    /// When this stage is given up, monotonic ms.
    until_ms: u64,
    /// The other device has no connection, or has left the question, monotonic ms.
    pub(super) gone_ms: Option<u64>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Whether the other device is there isn't known.
    Reaching,
    /// It was told which call; with our media state as told last.
    Asked(Flags),
    /// It rings there; with our media state as told last.
    Ringing(Flags),
    /// Somebody has accepted there.
    Moving,
    /// It says that the new call works.
    Works,
}

/// Why a hand-off came to nothing.
struct Failure {
    reason: Reason,
    /// What was tried, for people.
    detail: Option<String>,
    /// The other device is to be told.
    tell: bool,
}

impl CallCore {
    /// The accepted call that `call.hand_off` means, and the participant's device in it.
    ///
    /// # Errors
    /// There is none, or several can be meant, or it isn't accepted.
    pub fn hand_off_call(&self, call: Option<CallId>) -> Result<(CallId, DeviceId), ControlError> {
        let id = match call.map(|id| self.ended.now_called(id)) {
            Some(id) => id,
            None => only_one(self.of_people().filter(|call| call.joined().is_some()), "there is no call to hand over")?,
        };
        let call = self.visible_call(id)?;
        let with = call.peers.iter().find(|peer| call.joined().is_some() && peer.leg == Leg::Accepted);
        match with {
            Some(peer) => Ok((id, peer.device)),
            None => Err(wrong_state("this call is not accepted yet", "only an accepted call can be handed over")),
        }
    }

    /// `call.hand_off`: asks that device of ours. The call goes on here.
    pub(super) fn hand_off(
        &mut self,
        call: Option<CallId>,
        device: DeviceId,
        cx: &mut Cx<'_>,
    ) -> Result<Reply, ControlError> {
        let (id, _) = self.hand_off_call(call)?;
        if self.hand_offs.giving.values().any(|giving| giving.call == id) {
            let hint = "wait until the other device has answered: it is looked for for 10 s, and rings for 20 s";
            return Err(wrong_state("this call is being handed over already", hint));
        }
        let Some(call) = self.live.get(&id) else { return Err(wrong_state("this call is over", "call again")) };
        let mut question = CallId([0; 16]);
        cx.rng.fill_bytes(&mut question.0);
        let offer = Offer {
            call: question,
            purpose: Purpose::HandOff,
            ttl_s: HAND_OFF_TTL_S,
            context: None,
            continues: None,
            ..self.first_offer(call, Secret::random(cx.rng))
        };
        let until_ms = cx.now.mono_ms.saturating_add(HAND_OFF_ASK_MS);
        let giving = Giving { call: id, device, stage: Stage::Reaching, until_ms, gone_ms: None };
        self.hand_offs.giving.insert(question, giving);
        cx.push(CallEffect::Offer { account: self.own, device, offer: Box::new(offer) });
        Ok(Reply::HandOff(HandOffReply { call: text::call(id), device: text::device(device) }))
    }

    /// What comes of a question, ours or that of another device of ours.
    pub(super) fn hand_off_event(&mut self, id: CallId, device: DeviceId, event: HandOffEvent, cx: &mut Cx<'_>) {
        match event {
            HandOffEvent::Confirmed => self.asks(id, device, cx),
            HandOffEvent::Asked { body, known } => self.asked(id, device, &body, known, cx),
            HandOffEvent::HangUp(reason) if self.hand_offs.taking.contains_key(&id) => {
                self.withdrawn_by(id, device, reason, cx);
            }
            HandOffEvent::Reached | HandOffEvent::Unreached(_) | HandOffEvent::Verdict(_) | HandOffEvent::HangUp(_) => {
                if self.hand_offs.giving.get(&id).is_some_and(|giving| giving.device == device) {
                    self.answered(id, event, cx);
                }
            }
        }
    }

    /// What the device that we asked says, or what is found out about it.
    fn answered(&mut self, id: CallId, event: HandOffEvent, cx: &mut Cx<'_>) {
        let fails = |reason| Failure { reason, detail: None, tell: false };
        match event {
            HandOffEvent::Reached => self.ask(id, cx),
            HandOffEvent::Unreached(tried) => {
                let failure = Failure { detail: Some(tried), ..fails(Reason::Unreachable) };
                self.fail(id, failure, cx);
            }
            HandOffEvent::Verdict(Verdict::Ringing) => {
                let Some(giving) = self.hand_offs.giving.get_mut(&id) else { return };
                if let Stage::Asked(told) = giving.stage {
                    giving.stage = Stage::Ringing(told);
                    self.tell_hand_off(id, HandOffState::Ringing, cx);
                }
            }
            HandOffEvent::Verdict(Verdict::Accept) => {
                let Some(giving) = self.hand_offs.giving.get_mut(&id) else { return };
                if let Stage::Asked(_) | Stage::Ringing(_) = giving.stage {
                    giving.stage = Stage::Moving;
                    giving.until_ms = cx.now.mono_ms.saturating_add(HAND_OFF_DONE_MS);
                    self.tell_hand_off(id, HandOffState::Moving, cx);
                }
            }
            HandOffEvent::Verdict(Verdict::Decline) => self.fail(id, fails(Reason::Declined), cx),
            HandOffEvent::Verdict(Verdict::Busy) => self.fail(id, fails(Reason::Busy), cx),
            HandOffEvent::HangUp(Reason::AnsweredElsewhere) => {
                let Some(giving) = self.hand_offs.giving.get_mut(&id) else { return };
                if giving.stage == Stage::Moving {
                    // The participant says the same on our call. If it can't, that call is over none the less.
                    giving.stage = Stage::Works;
                    giving.until_ms = cx.now.mono_ms.saturating_add(HAND_OFF_SETTLE_MS);
                }
            }
            HandOffEvent::HangUp(reason) => self.fail(id, fails(reason), cx),
            HandOffEvent::Confirmed | HandOffEvent::Asked { .. } => {}
        }
    }

    /// The other device is there: it hears which call.
    fn ask(&mut self, id: CallId, cx: &mut Cx<'_>) {
        let Some(giving) = self.hand_offs.giving.get(&id).filter(|giving| giving.stage == Stage::Reaching) else {
            return;
        };
        let (device, flags) = (giving.device, self.own_flags(giving.call));
        let Some(body) = self.question(giving.call, flags) else { return };
        cx.push(CallEffect::Confirm { call: id, device });
        cx.push(CallEffect::Pair { call: id, device, body: PairBody::HandOff(body) });
        if let Some(giving) = self.hand_offs.giving.get_mut(&id) {
            giving.stage = Stage::Asked(flags);
        }
    }

    fn question(&self, call: CallId, flags: Flags) -> Option<HandOff> {
        let call = self.live.get(&call)?;
        let peer = call.peers.iter().find(|peer| peer.leg == Leg::Accepted)?;
        let (account, device) = (peer.account, peer.device);
        Some(HandOff { call: call.id, account, device, flags, context: call.facts.context.clone() })
    }

    /// Muted meanwhile: the other device is to begin as we end.
    pub(super) fn repeat_questions(&mut self, cx: &mut Cx<'_>) {
        let ids: Vec<CallId> = self.hand_offs.giving.keys().copied().collect();
        for id in ids {
            let Some(giving) = self.hand_offs.giving.get(&id) else { continue };
            let (Stage::Asked(told) | Stage::Ringing(told)) = giving.stage else { continue };
            let (device, flags) = (giving.device, self.own_flags(giving.call));
            if told == flags {
                continue;
            }
            let Some(body) = self.question(giving.call, flags) else { continue };
            cx.push(CallEffect::Pair { call: id, device, body: PairBody::HandOff(body) });
            if let Some(giving) = self.hand_offs.giving.get_mut(&id) {
                giving.stage =
                    if let Stage::Asked(_) = giving.stage { Stage::Asked(flags) } else { Stage::Ringing(flags) };
            }
        }
    }

    /// Nothing comes of it: the call goes on here.
    fn fail(&mut self, id: CallId, failure: Failure, cx: &mut Cx<'_>) {
        let Some(giving) = self.hand_offs.giving.remove(&id) else { return };
        if failure.tell && giving.stage != Stage::Reaching {
            let body = PairBody::HangUp(failure.reason);
            cx.push(CallEffect::Pair { call: id, device: giving.device, body });
        }
        cx.push(CallEffect::Forget { call: id });
        cx.event(EventKind::HandOff {
            call: text::call(giving.call),
            device: text::device(giving.device),
            state: HandOffState::Failed,
            reason: Some(failure.reason.text().to_owned()),
            detail: failure.detail,
        });
    }

    fn tell_hand_off(&self, id: CallId, state: HandOffState, cx: &mut Cx<'_>) {
        let Some(giving) = self.hand_offs.giving.get(&id) else { return };
        cx.event(EventKind::HandOff {
            call: text::call(giving.call),
            device: text::device(giving.device),
            state,
            reason: None,
            detail: None,
        });
    }

    /// Another device of ours has accepted it, and may have it by now.
    pub(super) fn is_handed_over(&self, call: CallId) -> bool {
        let moves = |giving: &Giving| giving.call == call && matches!(giving.stage, Stage::Moving | Stage::Works);
        self.hand_offs.giving.values().any(moves)
    }

    /// A call of ours is over: if it was being handed over, that has worked or is withdrawn.
    pub(super) fn given_call_ended(&mut self, call: &Call, reason: Reason, cx: &mut Cx<'_>) {
        let given = self.hand_offs.giving.iter().find(|(_, giving)| giving.call == call.id);
        let Some((id, stage)) = given.map(|(id, giving)| (*id, giving.stage)) else { return };
        match stage {
            Stage::Moving | Stage::Works if reason == Reason::AnsweredElsewhere => {
                self.tell_hand_off(id, HandOffState::Done, cx);
                self.hand_offs.giving.remove(&id);
                self.stays.remember(taken_as(id), call.line());
                cx.push(CallEffect::Forget { call: id });
            }
            // Whoever has accepted it there may still get it: the participant decides.
            Stage::Moving | Stage::Works => self.fail(id, Failure { reason, detail: None, tell: false }, cx),
            Stage::Reaching | Stage::Asked(_) | Stage::Ringing(_) => {
                self.fail(id, Failure { reason, detail: None, tell: true }, cx);
            }
        }
    }

    /// A device is none of our account any more: nothing is handed to it.
    pub(super) fn no_hand_offs_to(&mut self, device: DeviceId, cx: &mut Cx<'_>) {
        let to = self.hand_offs.giving.iter().filter(|(_, giving)| giving.device == device);
        let ids: Vec<CallId> = to.map(|(id, _)| *id).collect();
        for id in ids {
            self.fail(id, Failure { reason: Reason::Refused, detail: None, tell: true }, cx);
        }
    }

    /// When something of a hand-off is due, monotonic ms.
    pub(super) fn hand_offs_due(&self) -> impl Iterator<Item = u64> + '_ {
        let giving = self.hand_offs.giving.values().map(|giving| self.giving_due_ms(giving));
        giving.chain(self.hand_offs.taking.values().filter_map(|taking| taking.due_ms(&self.times)))
    }

    fn giving_due_ms(&self, giving: &Giving) -> u64 {
        let asks = matches!(giving.stage, Stage::Asked(_) | Stage::Ringing(_));
        let lost_ms = giving.gone_ms.filter(|_| asks).map(|at_ms| at_ms.saturating_add(self.times.caller_lost_ms));
        lost_ms.map_or(giving.until_ms, |lost_ms| lost_ms.min(giving.until_ms))
    }

    /// Does what is due of hand-offs.
    pub(super) fn hand_off_timers(&mut self, cx: &mut Cx<'_>) {
        let now_ms = cx.now.mono_ms;
        let late = self.hand_offs.giving.iter().filter(|(_, giving)| self.giving_due_ms(giving) <= now_ms);
        let late: Vec<_> = late.map(|(id, giving)| (*id, giving.call, giving.stage, giving.until_ms)).collect();
        for (id, call, stage, until_ms) in late {
            match stage {
                Stage::Works => {
                    let reason = Reason::AnsweredElsewhere;
                    self.finish(call, End { reason, cause: None, by: None }, reason, cx);
                }
                Stage::Reaching | Stage::Asked(_) | Stage::Ringing(_) | Stage::Moving => {
                    let reason = if until_ms <= now_ms { Reason::NoAnswer } else { Reason::Lost };
                    self.fail(id, Failure { reason, detail: None, tell: true }, cx);
                }
            }
        }
        self.taking_timers(cx);
    }

    /// Whether a device of ours is still there for a question.
    pub(super) fn hand_offs_heard(&mut self, question: Option<CallId>, device: DeviceId, gone_ms: Option<u64>) {
        let of = |id: &CallId, who: DeviceId| who == device && question.is_none_or(|question| question == *id);
        let giving = self.hand_offs.giving.iter_mut().filter(|(id, giving)| of(id, giving.device));
        let taking = self.hand_offs.taking.iter_mut().filter(|(id, taking)| of(id, taking.device));
        for gone in giving.map(|(_, it)| &mut it.gone_ms).chain(taking.map(|(_, it)| &mut it.gone_ms)) {
            *gone = gone_ms.map(|at_ms| gone.unwrap_or(at_ms));
        }
    }
}
