//! Calls that cross: both people call each other, or one calls while the other one's call rings here. Either way they
//! get one connected call, and nobody is asked anything.
//!
//! ```text
//!  theirs is confirmed while ours goes out
//!    ├─ theirs has the lower id ──────────────────────────────────────────────> we join theirs, ours ends
//!    └─ ours has it ─> Undecided ── the device that calls us accepts ours ────> theirs ends
//!                         ├── its offer is not answered in 1 s, or never ─────> we join theirs, ours ends
//!                         └── ours ends otherwise ────────────────────────────> theirs rings
//! ```
//!
//! Both sides come to the same call: whoever has confirmed the lower one to the other device waits for its accept and
//! never accepts the higher one; whoever accepts the higher one never confirms the lower one to that device again.

use super::core::{CallCore, Cx};
use super::effect::CallEffect;
use super::state::{Call, Leg, Phase, Undecided};
use super::text;
use crate::control::{CallState, EventKind};
use crate::ids::{AccountId, CallId, DeviceId, Ticket};
use crate::limits::{AGAIN_WAIT_MS, GLARE_WAIT_MS, RINGING_OF_ONE_MAX};
use crate::wire::bodies::Reason;

/// What becomes of a call that isn't decided.
enum Verdict {
    /// Nothing yet.
    Wait,
    /// Our user joins it: the calls of ours that cross it end.
    Join,
    /// It takes the place of the call that the same device had with us.
    TakeBack(CallId),
    /// It continues a call that isn't joined here: its caller is refused, and nobody else hears of it.
    Refuse,
    /// It is a call like any other.
    Ring,
}

impl CallCore {
    /// The call of ours that decides what becomes of a call that this device offers: the lowest one that goes out to the
    /// same person, or else the one that we are in with that device.
    pub(super) fn decided_by(&self, id: CallId, device: DeviceId) -> Option<CallId> {
        let roster = &self.live.get(&id)?.facts.roster;
        let others = || self.live.values().filter(|call| call.id != id && call.facts.roster == *roster);
        let ours = others().find(|call| matches!(call.phase, Phase::Outgoing(_)));
        let with = |call: &&Call| call.joined().is_some() && takes_part(call, device);
        ours.or_else(|| others().find(with)).map(|call| call.id)
    }

    /// So many calls of whoever offers this one wait to be decided that no further one is kept: they would take the
    /// places of other people's.
    pub(super) fn waits_enough(&self, id: CallId) -> bool {
        let offerer = self.live.get(&id).map(|call| call.facts.offerer);
        let waits = |call: &&Call| matches!(call.phase, Phase::Undecided(_)) && Some(call.facts.offerer) == offerer;
        self.live.values().filter(waits).count() >= RINGING_OF_ONE_MAX
    }

    /// The caller is there, and a call of ours decides what becomes of this one.
    pub(super) fn leave_undecided(&mut self, id: CallId, device: DeviceId, undecided: Undecided, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get_mut(&id) else { return };
        call.phase = Phase::Undecided(undecided);
        self.apply_early(id, device, cx);
    }

    /// Looks at every call that isn't decided: the state of the deciding call says what becomes of it.
    pub(super) fn decide(&mut self, cx: &mut Cx<'_>) {
        let undecided = self.live.values().filter(|call| matches!(call.phase, Phase::Undecided(_)));
        let ids: Vec<CallId> = undecided.map(|call| call.id).collect();
        for id in ids {
            let Some((device, clock_off)) = self.refresh_decider(id) else { continue };
            match self.verdict_on(id, device, cx.now.mono_ms) {
                Verdict::Wait => {}
                Verdict::Join => self.give_way(id, device, cx),
                Verdict::TakeBack(old) => self.take_back(old, id, cx),
                Verdict::Refuse => self.drop_undecided(id, Some(Reason::Refused), cx),
                Verdict::Ring => self.may_ring(id, device, clock_off, cx),
            }
        }
    }

    /// The deciding call may be over and another one in its place, or our user calls only now.
    fn refresh_decider(&mut self, id: CallId) -> Option<(DeviceId, bool)> {
        let device = self.live.get(&id)?.peers.first()?.device;
        let by = self.decided_by(id, device);
        let Phase::Undecided(undecided) = &mut self.live.get_mut(&id)?.phase else { return None };
        undecided.by = by.unwrap_or(undecided.by);
        Some((device, undecided.clock_off))
    }

    fn verdict_on(&self, id: CallId, device: DeviceId, now_ms: u64) -> Verdict {
        let Some(call) = self.live.get(&id) else { return Verdict::Wait };
        let Phase::Undecided(undecided) = &call.phase else { return Verdict::Wait };
        let by = self.live.get(&undecided.by);
        let late = self.decision_due_ms(undecided, device).is_some_and(|at_ms| at_ms <= now_ms);
        if let Some(named) = call.facts.continues
            && by.is_none_or(|by| by.rejoins().is_none())
        {
            let ours = by.filter(|by| matches!(by.phase, Phase::Outgoing(_)));
            return match self.continued_here(id) {
                // They had accepted it, and have lost it before they could say so.
                None if ours.is_some_and(|ours| ours.id == named) => Verdict::Join,
                None => Verdict::Refuse,
                // Whoever we call anew wants the same.
                Some(_) if ours.is_some() => Verdict::Join,
                Some(old) if !late && self.gave_way_to(old, id, device) => Verdict::Wait,
                // It went on at another device since, and is well there: who was away meanwhile has lost it.
                Some(old) if old != named && self.moves(old, id) => Verdict::Refuse,
                // It is on its way to another device already, and goes on where it was if that comes to nothing.
                Some(old) if self.is_followed(old) => Verdict::Refuse,
                Some(old) => Verdict::TakeBack(old),
            };
        }
        let Some(by) = by else { return Verdict::Ring };
        // While we rejoin a call their word on that decides: if it is over there, a call of theirs is a new one.
        let crosses = by.rejoins().is_none() || call.facts.continues.is_some();
        match by.phase {
            Phase::Outgoing(_) if crosses && id < by.id => Verdict::Join,
            Phase::Outgoing(_) => match leg(by, device) {
                Some(Leg::Confirmed | Leg::Ringing | Leg::Accepted) => Verdict::Wait,
                Some(Leg::Offered) if !late => Verdict::Wait,
                Some(Leg::Offered | Leg::Silent(_) | Leg::Over(_)) | None => Verdict::Join,
            },
            Phase::Joined(_) if self.lost_us(by.id, device) => Verdict::TakeBack(by.id),
            Phase::Joined(_) if takes_part(by, device) && !late => Verdict::Wait,
            Phase::Joined(_) | Phase::Offered(_) | Phase::Undecided(_) | Phase::Ringing(_) | Phase::Handed(_) => {
                Verdict::Ring
            }
        }
    }

    /// When an undecided call is decided at the latest, monotonic ms; none while the other side's word is waited for.
    pub(super) fn decision_due_ms(&self, undecided: &Undecided, device: DeviceId) -> Option<u64> {
        let by = self.live.get(&undecided.by)?;
        match &by.phase {
            Phase::Outgoing(_) if leg(by, device) == Some(&Leg::Offered) => {
                Some(undecided.since_ms.saturating_add(GLARE_WAIT_MS))
            }
            Phase::Joined(_) => Some(undecided.since_ms.saturating_add(AGAIN_WAIT_MS)),
            Phase::Outgoing(_) | Phase::Offered(_) | Phase::Undecided(_) | Phase::Ringing(_) | Phase::Handed(_) => None,
        }
    }

    /// Our user joins the other side's call: that person is whom it called.
    fn give_way(&mut self, to: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get(&to) else { return };
        let roster = &call.facts.roster;
        let crosses = |call: &&Call| matches!(call.phase, Phase::Outgoing(_)) && call.facts.roster == *roster;
        let ours: Vec<(CallId, bool)> =
            self.live.values().filter(crosses).map(|call| (call.id, call.rejoins().is_none())).collect();
        // Whoever waits for an answer hears it; a call that is only rejoined is as it was, held or not.
        let waited_for = ours.iter().any(|(_, waited_for)| *waited_for);
        for (own, _) in ours {
            self.supersede(own, to, device, cx);
        }
        match self.continued_here(to) {
            Some(old) => self.take_back(old, to, cx),
            None => {
                self.join_theirs(to, cx);
                self.end_others(to, cx);
                if waited_for {
                    self.hear_if_free(to);
                }
            }
        }
    }

    /// Ends a call of ours that crosses theirs: nobody has missed it, and history has theirs.
    fn supersede(&mut self, own: CallId, to: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get(&own) else { return };
        let peers: Vec<_> = call.peers.iter().map(|peer| (peer.device, peer.in_touch())).collect();
        for (peer, in_touch) in peers {
            // Who calls us knows the rule; for others of the account, and where no confirm went, it was answered elsewhere.
            let crossing = peer == device && in_touch;
            let reason = if crossing { Reason::Cancelled } else { Reason::AnsweredElsewhere };
            self.dismiss(own, peer, reason, cx);
        }
        self.pass_focus(own, to);
        let named = self.live.get(&to).is_some_and(|to| to.facts.continues == Some(own));
        if named || self.live.get(&own).is_some_and(|own| own.rejoins().is_some()) {
            self.takes_line(own, to);
        }
        let Some(call) = self.live.remove(&own) else { return };
        cx.event(EventKind::CallState {
            call: text::call(own),
            state: CallState::Ended,
            direction: call.facts.direction(),
            reason: Some(Reason::Cancelled.text().to_owned()),
            cause: None,
            device: Some(text::device(device)),
            client: None,
            continues_as: Some(text::call(to)),
        });
        cx.push(CallEffect::Forget { call: own });
        self.ended.continues_as(own, to);
    }

    /// A call of ours was accepted: the one that crosses it is over without having been seen.
    pub(super) fn crossed_by_accepted(&mut self, own: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        for id in self.decided_by_call(own) {
            cx.push(self.answered_here(id));
            self.drop_undecided(id, Some(Reason::AnsweredElsewhere), cx);
        }
        // What this device has offered besides crosses ours: it is withdrawn, and nobody has missed it.
        let crossing =
            |call: &&Call| matches!(call.phase, Phase::Offered(_)) && call.peers.iter().any(|p| p.device == device);
        let offered: Vec<_> = self.live.values().filter(crossing).map(|call| (call.id, call.facts.offerer)).collect();
        for (id, offerer) in offered {
            if let Some(seen) = self.seen.of(id, offerer, cx.now.unix_ms) {
                seen.missed = true;
            }
        }
    }

    /// Our user hangs up a call before it is accepted. Where the other side has it already, both calls are over; where
    /// it hasn't, theirs rings.
    pub(super) fn crossed_by_cancelled(&mut self, own: CallId, cx: &mut Cx<'_>) {
        for id in self.decided_by_call(own) {
            let device = self.live.get(&id).and_then(|call| call.peers.first()).map(|peer| peer.device);
            let knows = device.and_then(|device| self.peer_mut(own, device)).is_some_and(|peer| peer.in_touch());
            if knows {
                self.drop_undecided(id, Some(Reason::Declined), cx);
            }
        }
    }

    fn decided_by_call(&self, own: CallId) -> Vec<CallId> {
        let waits = |call: &&Call| matches!(&call.phase, Phase::Undecided(undecided) if undecided.by == own);
        self.live.values().filter(waits).map(|call| call.id).collect()
    }

    /// Forgets a call that was never seen; its caller hears `tell`, if it is still in it.
    pub(super) fn drop_undecided(&mut self, id: CallId, tell: Option<Reason>, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get(&id) else { return };
        let devices: Vec<DeviceId> = call.peers.iter().map(|peer| peer.device).collect();
        for device in devices {
            match tell {
                Some(reason) => self.dismiss(id, device, reason, cx),
                None => self.release(id, device, false, cx),
            }
        }
        let Some(call) = self.live.remove(&id) else { return };
        if let Some(seen) = self.seen.of(id, call.facts.offerer, cx.now.unix_ms) {
            seen.over = true;
            seen.missed = true;
        }
        cx.push(CallEffect::Forget { call: id });
    }

    /// `call.offer` to somebody whose call rings here answers that call; to somebody with whom a call is being rejoined
    /// it means that one. Whether it did.
    pub(super) fn answer_instead(
        &mut self,
        ticket: Ticket,
        to: &[(AccountId, Vec<DeviceId>)],
        cx: &mut Cx<'_>,
    ) -> bool {
        let [(account, _)] = to else { return false };
        let lost = |call: &&Call| call.rejoins().is_some_and(|old| old.account == *account);
        if let Some(id) = self.live.values().find(lost).map(|call| call.id) {
            let reply = self.offered_reply(id);
            cx.reply(ticket, Ok(reply));
            self.take_focus(id, false);
            return true;
        }
        let theirs = |call: &&Call| call.rings() && call.facts.offerer == *account && call.facts.roster.len() == 2;
        let Some(id) = self.live.values().find(theirs).map(|call| call.id) else { return false };
        self.answer(ticket, id, cx);
        true
    }
}

/// How far a device got in a call.
fn leg(call: &Call, device: DeviceId) -> Option<&Leg> {
    call.peers.iter().find(|peer| peer.device == device).map(|peer| &peer.leg)
}

/// The device takes part in the call.
fn takes_part(call: &Call, device: DeviceId) -> bool {
    leg(call, device) == Some(&Leg::Accepted)
}
