//! Calls that come in, until they are accepted here or end.

use super::commands::wrong_state;
use super::core::{CallCore, Cx};
use super::effect::{CallEffect, HistoryEntry};
use super::end_reason::End;
use super::rules::Rule;
use super::signal::Sender;
use super::state::{Call, Facts, Leg, Offered, Peer, Phase, Ringing, Told, Undecided};
use super::text;
use crate::control::{ControlError, ErrorKind, EventKind, InCall, RosterEntry};
use crate::ids::{AccountId, CallId, DeviceId, Ticket};
use crate::limits::{CLOCK_OFF_MS, OFFERED_MAX};
use crate::wire::bodies::{Elsewhere, Flags, Missed, Offer, PairBody, Purpose, Reason, Verdict};

impl CallCore {
    /// An offer that passed every check. Nothing a person sees happens before its confirm.
    pub(super) fn offered(&mut self, from: Sender, offer: Offer, cx: &mut Cx<'_>) {
        match offer.purpose {
            Purpose::Ring => {}
            // Pairs belong to groups, links to accounts, hand-offs to devices of ours: none rings by its offer.
            Purpose::Pair | Purpose::Link | Purpose::HandOff => return,
        }
        let invited = offer.roster.contains(&from.account) && offer.roster.contains(&self.own);
        if self.stopping || from.own || !invited {
            return;
        }
        let (id, device) = (offer.call, from.device);
        if let Some(call) = self.live.get_mut(&id) {
            // A later attempt of the same device lasts longer; anybody else's offer of this id is ignored.
            if let (Phase::Offered(offered), true) = (&mut call.phase, call.peers.iter().any(|p| p.device == device)) {
                offered.received = cx.now;
            }
            return;
        }
        match self.seen.of(id, from.account, cx.now.unix_ms) {
            // What continues a call rings nobody: nobody can have missed it.
            Some(seen) if Rule::Over.met(!seen.over) => seen.missed |= offer.continues.is_some(),
            Some(_) | None => return,
        }
        self.make_room_for_offer();
        let call = self.new_offered(&from, offer, cx);
        self.live.insert(id, call);
        if !Rule::Confirm.demands(true) {
            self.confirmed(id, device, cx);
        }
        self.apply_early(id, device, cx);
    }

    /// The oldest offer that was never confirmed falls out.
    fn make_room_for_offer(&mut self) {
        let offered = |call: &Call| match &call.phase {
            Phase::Offered(offered) => Some(offered.received.mono_ms),
            Phase::Outgoing(_) | Phase::Undecided(_) | Phase::Ringing(_) | Phase::Handed(_) | Phase::Joined(_) => None,
        };
        let waiting = self.live.values().filter_map(|c| offered(c).map(|at| (at, c.id)));
        let waiting: Vec<_> = waiting.collect();
        if waiting.len() < OFFERED_MAX {
            return;
        }
        if let Some((_, oldest)) = waiting.into_iter().min() {
            self.live.remove(&oldest);
        }
    }

    fn new_offered(&self, from: &Sender, offer: Offer, cx: &Cx<'_>) -> Call {
        Call {
            id: offer.call,
            facts: Facts {
                incoming: true,
                handed: false,
                offerer: from.account,
                roster: offer.roster,
                media: offer.media,
                context: offer.context,
                ice_policy: offer.ice_policy,
                continues: offer.continues,
                started_unix_ms: from.sent_ms.min(cx.now.unix_ms),
                line: None,
            },
            phase: Phase::Offered(Offered {
                received: cx.now,
                ttl_ms: u64::from(offer.ttl_s) * 1000,
                sent_ms: from.sent_ms,
            }),
            peers: vec![Peer::new(from.account, from.device, self.own_device, from.policy, cx.now)],
            shown: None,
            displaced: None,
            told: Told::default(),
        }
    }

    /// The caller is there, now: only this makes it ring.
    pub(super) fn confirmed(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get_mut(&id) else {
            self.keep_early(id, device, super::signal::CallInput::Confirmed { call: id, device }, cx);
            return;
        };
        let Some(peer) = call.peers.iter_mut().find(|p| p.device == device) else { return };
        peer.heard_ms = cx.now.mono_ms;
        match &call.phase {
            Phase::Outgoing(_) | Phase::Undecided(_) | Phase::Handed(_) => {}
            // The session was replaced (a second offer): the other side waits for its verdict again.
            Phase::Ringing(_) => tell(id, device, Verdict::Ringing, cx),
            Phase::Joined(_) if call.facts.incoming => tell(id, device, Verdict::Accept, cx),
            Phase::Joined(_) => {}
            Phase::Offered(offered) => {
                if cx.now.mono_ms > offered.received.mono_ms.saturating_add(offered.ttl_ms) {
                    return;
                }
                let clock_off = offered.sent_ms.abs_diff(offered.received.unix_ms) > CLOCK_OFF_MS;
                let continues = call.facts.continues;
                peer.leg = Leg::Confirmed;
                if call.facts.roster.len() > 2 {
                    // Groups are not there yet: better refused than answered by half.
                    cx.push(CallEffect::Pair { call: id, device, body: PairBody::HangUp(Reason::Refused) });
                    self.drop_offered(id, cx);
                } else if self.waits_enough(id) {
                    self.drop_offered(id, cx);
                } else if self.is_with_another_device(id, device) {
                    self.refuse_second(id, cx);
                } else if let Some(by) = self.decided_by(id, device).or(continues) {
                    let undecided = Undecided { by, since_ms: cx.now.mono_ms, clock_off };
                    self.leave_undecided(id, device, undecided, cx);
                } else {
                    self.may_ring(id, device, clock_off, cx);
                }
            }
        }
    }

    /// It rings: the first that people see of it.
    pub(super) fn ring(&mut self, id: CallId, device: DeviceId, clock_off: bool, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get_mut(&id) else { return };
        call.phase = Phase::Ringing(Ringing { since_ms: cx.now.mono_ms });
        if let Some(peer) = call.peer_mut(device) {
            peer.leg = Leg::Ringing;
        }
        let from = RosterEntry { account: text::account(call.facts.offerer), name: None };
        let context = call.facts.context.as_deref().map(|c| String::from_utf8_lossy(c).into_owned());
        let media = text::media(call.facts.media);
        cx.event(EventKind::IncomingCall { call: text::call(id), from, media, context, handed_off_from: None });
        if clock_off {
            let hint = "the caller's clock and ours differ by more than 2 minutes: set the clock of this device";
            cx.event(EventKind::Warning { about: "clock".to_owned(), hint: hint.to_owned() });
        }
        self.show(id, cx);
        tell(id, device, Verdict::Ringing, cx);
        self.connect(id, device, cx);
        self.apply_early(id, device, cx);
        let answers = self.peer_mut(id, device).is_some_and(|peer| peer.policy.auto_answer);
        // With another call active it rings on, for a person to decide.
        if answers && let Err(error) = self.accept_command(id, InCall::Refuse, cx) {
            let about = "auto_answer".to_owned();
            cx.event(EventKind::Warning { about, hint: format!("{}: {}", error.message, error.hint) });
        }
    }

    /// Forgets an offer that never rang.
    pub(super) fn drop_offered(&mut self, id: CallId, cx: &mut Cx<'_>) {
        let Some(call) = self.live.remove(&id) else { return };
        if let Some(seen) = self.seen.of(id, call.facts.offerer, cx.now.unix_ms) {
            seen.over = true;
        }
        cx.push(CallEffect::Forget { call: id });
    }

    /// No confirm within 5 s: one missed call. A confirm may still come.
    pub(super) fn unconfirmed(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get(&id) else { return };
        match call.phase {
            Phase::Offered(_) => {}
            Phase::Outgoing(_) | Phase::Undecided(_) | Phase::Ringing(_) | Phase::Handed(_) | Phase::Joined(_) => {
                return;
            }
        }
        if self.decided_by(id, device).is_some() {
            // We call them too, or are in a call with that device: there is nothing to call back for.
            return;
        }
        let (offerer, started_ms) = (call.facts.offerer, call.facts.started_unix_ms);
        self.note_missed(id, offerer, started_ms, Reason::Lost, cx);
    }

    /// The caller withdraws its offer through the inbox: perhaps before it came.
    pub(super) fn cancelled(&mut self, from: Sender, id: CallId, reason: Reason, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get(&id) else {
            if !self.stopping && !from.own {
                self.withdrawn(id, from.account, from.sent_ms.min(cx.now.unix_ms), reason, cx);
            }
            return;
        };
        if !call.facts.incoming || !Rule::Offerer.met(call.facts.offerer == from.account) {
            return;
        }
        match call.phase {
            Phase::Offered(_) => {
                let (offerer, started_ms) = (call.facts.offerer, call.facts.started_unix_ms);
                self.withdrawn(id, offerer, started_ms, reason, cx);
                self.drop_offered(id, cx);
            }
            Phase::Undecided(_) => self.drop_undecided(id, None, cx),
            Phase::Outgoing(_) | Phase::Ringing(_) | Phase::Handed(_) | Phase::Joined(_) => {
                self.end_by(id, from.device, reason, cx);
            }
        }
    }

    /// A call that never rang is over.
    fn withdrawn(&mut self, id: CallId, account: AccountId, started_ms: u64, reason: Reason, cx: &mut Cx<'_>) {
        if reason.leaves_missed_call() {
            self.note_missed(id, account, started_ms, reason, cx);
        }
        if let Some(seen) = self.seen.of(id, account, cx.now.unix_ms) {
            seen.over = true;
            seen.missed = true;
        }
    }

    /// Another device of ours took the call.
    pub(super) fn elsewhere(&mut self, from: Sender, body: &Elsewhere, cx: &mut Cx<'_>) {
        let reason = match body.event {
            1 => Reason::AnsweredElsewhere,
            2 => Reason::DeclinedElsewhere,
            // It ended there; somebody of ours has seen it.
            3 => Reason::AnsweredElsewhere,
            // A hand-off asks over a pair of its own; 4 was meant for one by the call's keys.
            4..=u8::MAX | 0 => return,
        };
        if !from.own || body.device == self.own_device {
            return;
        }
        let id = body.call;
        let Some(call) = self.live.get_mut(&id) else {
            // Before the offer: it must not ring here. Whose call it is isn't known yet.
            self.seen.settle(id, self.own, cx.now.unix_ms);
            return;
        };
        match call.phase {
            Phase::Offered(_) => {
                self.seen.settle(id, self.own, cx.now.unix_ms);
                self.drop_offered(id, cx);
            }
            Phase::Undecided(_) => self.drop_undecided(id, None, cx),
            Phase::Ringing(_) => {
                // The caller tells us the same; there is nothing to tell it.
                for peer in &mut call.peers {
                    peer.leg = Leg::Over(reason);
                }
                self.finish(id, End { reason, cause: None, by: Some(body.device) }, reason, cx);
            }
            // We took it too: the caller decides.
            Phase::Joined(_) | Phase::Outgoing(_) | Phase::Handed(_) => {}
        }
    }

    /// A caller gave up on a device of ours that never answered: on this one.
    pub(super) fn missed(&mut self, from: Sender, body: Missed, cx: &mut Cx<'_>) {
        if from.own || self.live.contains_key(&body.call) {
            return;
        }
        let Some(seen) = self.seen.of(body.call, from.account, cx.now.unix_ms) else { return };
        seen.over = true;
        self.note_missed(body.call, from.account, body.started_ms.min(cx.now.unix_ms), Reason::NoAnswer, cx);
    }

    /// One missed call a call id, whatever makes it: event and history of a call that never rang.
    pub(super) fn note_missed(
        &mut self,
        id: CallId,
        account: AccountId,
        started_ms: u64,
        reason: Reason,
        cx: &mut Cx<'_>,
    ) {
        if !self.first_miss(id, account, cx) {
            return;
        }
        let mut roster = vec![self.own, account];
        roster.sort_unstable();
        cx.push(CallEffect::History(Box::new(HistoryEntry {
            call: id,
            incoming: true,
            roster,
            by: None,
            started_ms,
            accepted_ms: None,
            // A note is of a call long over: when its caller gave up, it does not say.
            ended_ms: (reason != Reason::NoAnswer).then_some(cx.now.unix_ms),
            reason,
            cause: None,
            missed: true,
            flags: Flags::default(),
        })));
        cx.event(text::missed_call(id, account, started_ms));
    }

    /// Whether nobody was told that this call was missed; from now on somebody was.
    pub(super) fn first_miss(&mut self, id: CallId, account: AccountId, cx: &Cx<'_>) -> bool {
        self.seen.of(id, account, cx.now.unix_ms).is_some_and(|seen| !std::mem::replace(&mut seen.missed, true))
    }

    /// `call.accept` of a call that rings, or the return to one that is held.
    pub(super) fn accept_command(
        &mut self,
        id: CallId,
        in_call: InCall,
        cx: &mut Cx<'_>,
    ) -> Result<CallId, ControlError> {
        let busy = self.focus.is_some_and(|other| other != id && self.live.contains_key(&other));
        let end = match in_call {
            InCall::Hold => false,
            InCall::End => true,
            InCall::Refuse if busy => {
                let hint = "hang up first, or accept with in_call hold or end";
                return Err(ControlError::new(ErrorKind::InCall, "another call is active", hint));
            }
            InCall::Refuse => false,
        };
        let Some(call) = self.live.get_mut(&id) else { return Err(wrong_state("this call is over", "call back")) };
        match call.phase {
            Phase::Joined(_) => self.take_up(id, end, cx),
            Phase::Ringing(_) => {
                self.take_focus(id, end);
                self.join_theirs(id, cx);
                self.end_others(id, cx);
            }
            Phase::Handed(_) => self.take_over(id, end, cx),
            Phase::Outgoing(_) | Phase::Offered(_) | Phase::Undecided(_) => {
                return Err(wrong_state("this call doesn't ring here", "`call.list` shows its state"));
            }
        }
        Ok(id)
    }

    /// Accepts a call that came in: every device of the caller and our own other ones hear of it.
    pub(super) fn join_theirs(&mut self, id: CallId, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get_mut(&id) else { return };
        for peer in &mut call.peers {
            peer.leg = Leg::Accepted;
            tell(id, peer.device, Verdict::Accept, cx);
        }
        cx.push(self.answered_here(id));
        self.join(id, cx);
    }

    /// Tells our other devices that a call was answered on this one.
    pub(super) fn answered_here(&self, id: CallId) -> CallEffect {
        CallEffect::Elsewhere(Box::new(elsewhere(id, 1, self.own_device)))
    }

    /// `call.offer` to who calls us: the call that rings is answered. The answer goes out first.
    pub(super) fn answer(&mut self, ticket: Ticket, id: CallId, cx: &mut Cx<'_>) {
        let reply = self.offered_reply(id);
        cx.reply(ticket, Ok(reply));
        self.take_focus(id, false);
        self.join_theirs(id, cx);
        self.end_others(id, cx);
    }

    /// `call.decline`.
    pub(super) fn decline(&mut self, id: CallId, cx: &mut Cx<'_>) {
        if self.decline_hand_off(id, cx) {
            return;
        }
        let Some(call) = self.live.get_mut(&id) else { return };
        for peer in &mut call.peers {
            tell(id, peer.device, Verdict::Decline, cx);
            peer.leg = Leg::Over(Reason::Declined);
        }
        cx.push(CallEffect::Elsewhere(Box::new(elsewhere(id, 2, self.own_device))));
        self.finish(id, End { reason: Reason::Declined, cause: None, by: None }, Reason::Declined, cx);
    }
}

/// Sends a verdict.
pub(super) fn tell(call: CallId, device: DeviceId, verdict: Verdict, cx: &mut Cx<'_>) {
    cx.push(CallEffect::Pair { call, device, body: PairBody::Verdict(verdict) });
}

/// Kind 4 without a hand-off.
fn elsewhere(call: CallId, event: u8, device: DeviceId) -> Elsewhere {
    Elsewhere { call, event, device, epoch: None, secret: None, roster: None, epoch_secret: None, view: None }
}
