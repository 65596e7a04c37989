//! How calls end: everybody is told, links are closed, one event and one line of history.

use rand_core::CryptoRng;

use super::amend::Told;
use super::core::{CallCore, Closing, Cx};
use super::effect::{CallEffect, HistoryEntry, LinkCommand};
use super::end_reason::End;
use super::rejoin::end_of;
use super::rules::Rule;
use super::state::{Call, Leg, Outgoing, Phase};
use super::text;
use crate::control::{CallState, EndCause, EventKind};
use crate::ids::{AccountId, CallId, DeviceId, Now};
use crate::limits::LINK_LINGER_MS;
use crate::wire::bodies::{CtlBody, Missed, PairBody, Reason};

impl CallCore {
    /// `call.hang_up`: ends a call that was accepted, cancels one that wasn't.
    pub(super) fn hang_up(&mut self, id: CallId, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get(&id) else { return };
        let other = self.moves_with(id);
        let reason = match call.phase {
            // People were in the call that is being rejoined.
            Phase::Joined(_) | Phase::Outgoing(Outgoing { rejoins: Some(_), .. }) => Reason::HungUp,
            Phase::Outgoing(_) => {
                self.crossed_by_cancelled(id, cx);
                Reason::Cancelled
            }
            Phase::Ringing(_) | Phase::Handed(_) | Phase::Offered(_) | Phase::Undecided(_) => return,
        };
        self.finish(id, End { reason, cause: None, by: None }, reason, cx);
        if let Some(other) = other {
            // While their contact moves between its devices both are one call for people.
            self.finish(other, End { reason, cause: None, by: None }, reason, cx);
        }
    }

    /// A device of the call hangs up, over whichever path came first.
    pub(super) fn peer_hung_up(&mut self, id: CallId, device: DeviceId, reason: Reason, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get_mut(&id) else { return };
        match call.phase {
            Phase::Outgoing(_) if reason == Reason::AnsweredElsewhere && call.facts.continues.is_none() => {
                self.in_call_elsewhere(id, device, cx);
            }
            Phase::Outgoing(_) => {
                // One device gives up; others may still ring.
                let Some(peer) = call.peer_mut(device) else { return };
                peer.leg = Leg::Over(reason);
                self.release(id, device, false, cx);
                self.check_silence(id, cx);
            }
            Phase::Ringing(_) | Phase::Joined(_) => self.end_by(id, device, reason, cx),
            // Nobody has seen it, and whoever was called by us is in that call.
            Phase::Undecided(_) => self.drop_undecided(id, None, cx),
            Phase::Offered(_) | Phase::Handed(_) => {}
        }
    }

    /// The other side has ended the call.
    pub(super) fn end_by(&mut self, id: CallId, device: DeviceId, reason: Reason, cx: &mut Cx<'_>) {
        if let Some(peer) = self.peer_mut(id, device) {
            peer.leg = Leg::Over(reason);
        }
        self.finish(id, End { reason, cause: None, by: Some(device) }, reason, cx);
    }

    /// A device is none of its account any more: nothing it says or hears belongs to a call.
    pub(super) fn revoked(&mut self, account: AccountId, device: DeviceId, cx: &mut Cx<'_>) {
        self.no_hand_offs_to(device, cx);
        self.no_hand_offs_from(device, cx);
        let of = |call: &Call| call.peers.iter().any(|p| p.device == device && p.account == account);
        let ids: Vec<CallId> = self.live.values().filter(|call| of(call)).map(|call| call.id).collect();
        for id in ids {
            let Some(call) = self.live.get(&id) else { continue };
            let others = call.peers.iter().any(|p| p.device != device && p.in_touch());
            match call.phase {
                Phase::Offered(_) => self.drop_offered(id, cx),
                Phase::Undecided(_) => self.drop_undecided(id, None, cx),
                Phase::Outgoing(_) => {
                    self.dismiss(id, device, Reason::Refused, cx);
                    self.check_silence(id, cx);
                }
                // No device of theirs is in it yet.
                Phase::Handed(_) => {}
                Phase::Ringing(_) | Phase::Joined(_) if others => self.dismiss(id, device, Reason::Refused, cx),
                Phase::Ringing(_) | Phase::Joined(_) => {
                    let cause = EndCause::new("device_revoked", "the other device was revoked from its account");
                    let end = End { reason: Reason::Refused, cause: Some(cause), by: None };
                    self.finish(id, end, Reason::Refused, cx);
                    self.ended.told(id, cx.now).into_iter().for_each(Told::final_here);
                }
            }
        }
    }

    /// A person has blocked this account: no call with it goes on. What only rings stops without a word; its caller finds
    /// what an unreachable device shows.
    pub fn shun(&mut self, account: AccountId, now: Now, rng: &mut dyn CryptoRng, out: &mut Vec<CallEffect>) {
        let mut cx = Cx { now, rng, out };
        let with = |call: &&Call| match &call.phase {
            Phase::Handed(handed) => handed.account == account,
            Phase::Outgoing(_) | Phase::Offered(_) | Phase::Undecided(_) | Phase::Ringing(_) | Phase::Joined(_) => {
                call.peers.iter().any(|peer| peer.account == account)
            }
        };
        let ids: Vec<CallId> = self.live.values().filter(with).map(|call| call.id).collect();
        for id in ids {
            let Some(call) = self.live.get_mut(&id) else { continue };
            match call.phase {
                Phase::Offered(_) => self.drop_offered(id, &mut cx),
                Phase::Undecided(_) => self.drop_undecided(id, None, &mut cx),
                Phase::Ringing(_) | Phase::Handed(_) => {
                    call.peers.iter_mut().for_each(|peer| peer.leg = Leg::Over(Reason::Refused));
                    let end = End { reason: Reason::Refused, cause: None, by: None };
                    self.finish(id, end, Reason::Refused, &mut cx);
                }
                Phase::Outgoing(_) | Phase::Joined(_) => self.hang_up(id, &mut cx),
            }
            self.ended.told(id, cx.now).into_iter().for_each(Told::final_here);
        }
        self.settle(&mut cx);
    }

    /// The daemon stops.
    pub(super) fn shutdown(&mut self, cx: &mut Cx<'_>) {
        self.stopping = true;
        // No call gets the microphone because another one ended first.
        self.focus = None;
        let reason = Reason::DaemonStopped;
        let ids: Vec<CallId> = self.live.keys().copied().collect();
        for id in ids {
            let Some(call) = self.live.get(&id) else { continue };
            match call.phase {
                Phase::Offered(_) => {
                    let (offerer, started_ms) = (call.facts.offerer, call.facts.started_unix_ms);
                    self.note_missed(id, offerer, started_ms, reason, cx);
                    self.drop_offered(id, cx);
                }
                Phase::Undecided(_) => self.drop_undecided(id, Some(reason), cx),
                Phase::Outgoing(_) | Phase::Ringing(_) | Phase::Handed(_) | Phase::Joined(_) => {
                    self.finish(id, End { reason, cause: None, by: None }, reason, cx);
                }
            }
        }
    }

    /// The call is over for a device: it is told, if it is still in it, and its link is closed.
    pub(super) fn dismiss(&mut self, id: CallId, device: DeviceId, reason: Reason, cx: &mut Cx<'_>) {
        let on_ctl = self.say_over(id, device, reason, cx);
        self.release(id, device, on_ctl, cx);
    }

    /// Tells a device that is still in the call that it is over for it; whether that went over `ctl` too.
    fn say_over(&mut self, id: CallId, device: DeviceId, reason: Reason, cx: &mut Cx<'_>) -> bool {
        let Some(call) = self.live.get_mut(&id) else { return false };
        let (incoming, media, started_ms) = (call.facts.incoming, call.facts.media, call.facts.started_unix_ms);
        let continues = call.facts.continues.is_some();
        let Some(peer) = call.peer_mut(device) else { return false };
        match std::mem::replace(&mut peer.leg, Leg::Over(reason)) {
            Leg::Over(before) => peer.leg = Leg::Over(before),
            Leg::Confirmed | Leg::Ringing | Leg::Accepted if !Rule::TellEnd.demands(true) => {}
            Leg::Confirmed | Leg::Ringing | Leg::Accepted => {
                let link = peer.links.current.as_ref().filter(|link| link.ctl_open);
                if let Some(link) = link {
                    let command = LinkCommand::Ctl(CtlBody::HangUp(reason));
                    cx.push(CallEffect::Link { link: link.id, command });
                }
                cx.push(CallEffect::Pair { call: id, device, body: PairBody::HangUp(reason) });
                return link.is_some();
            }
            // Nobody ever confirmed: of an incoming call there is nothing to tell.
            Leg::Offered | Leg::Silent(_) if incoming => {}
            leg @ (Leg::Offered | Leg::Silent(_)) => {
                let account = peer.account;
                // What continues a call rings nobody and is missed by nobody.
                if continues {
                    let reason = Reason::AnsweredElsewhere;
                    cx.push(CallEffect::Cancel { call: id, account, device, reason });
                    return false;
                }
                if leg == Leg::Offered {
                    cx.push(CallEffect::Cancel { call: id, account, device, reason });
                }
                // It was offline, or will be told late: kept until it is there.
                let gave_up = matches!(reason, Reason::NoAnswer | Reason::Unreachable);
                if gave_up || (leg != Leg::Offered && reason.leaves_missed_call()) {
                    let body = Missed { call: id, started_ms, media };
                    cx.push(CallEffect::Missed { account, device, body });
                }
            }
        }
        false
    }

    /// Silences a device's link and closes it: at once, or, if it shall `linger`, once a hang-up on
    /// `ctl` had time to get out.
    pub(super) fn release(&mut self, id: CallId, device: DeviceId, linger: bool, cx: &mut Cx<'_>) {
        let Some(peer) = self.peer_mut(id, device) else { return };
        peer.links.waiting = None;
        let Some(link) = peer.links.current.take() else { return };
        if Rule::Silence.demands(link.sound) {
            cx.push(CallEffect::Link { link: link.id, command: LinkCommand::Send { on: false } });
            cx.push(CallEffect::Link { link: link.id, command: LinkCommand::Play { on: false } });
        }
        if linger {
            self.closing.push(Closing { link: link.id, at_ms: cx.now.mono_ms.saturating_add(LINK_LINGER_MS) });
        } else {
            cx.push(CallEffect::Link { link: link.id, command: LinkCommand::Close });
        }
    }

    /// Ends a call, once: whoever is still in it hears `tell`.
    pub(super) fn finish(&mut self, id: CallId, end: End, tell: Reason, cx: &mut Cx<'_>) {
        self.finish_as(id, end, tell, None, cx);
    }

    /// Ends a call in whose place another one goes on, if one does.
    pub(super) fn finish_as(&mut self, id: CallId, end: End, tell: Reason, next: Option<CallId>, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get(&id) else { return };
        let (info, stands_for) = (self.call_info(call), call.rejoins().is_some());
        let end = end_of(call, end);
        let tell = if stands_for { end.reason } else { tell };
        let devices: Vec<DeviceId> = call.peers.iter().map(|p| p.device).collect();
        for device in devices {
            self.dismiss(id, device, tell, cx);
        }
        self.recordings_end(id, next, cx);
        let Some(call) = self.live.remove(&id) else { return };
        self.leave_focus(&call);
        self.sync_sound(cx);
        for peer in call.peers.iter().filter(|p| p.joined) {
            cx.event(EventKind::ParticipantLeft {
                call: text::call(id),
                account: text::account(peer.account),
                device: text::device(peer.device),
                reason: end.reason.text().to_owned(),
                by_us: end.by.is_none(),
            });
        }
        cx.event(EventKind::CallState {
            call: text::call(id),
            state: CallState::Ended,
            direction: call.facts.direction(),
            reason: Some(end.reason.text().to_owned()),
            cause: end.cause.clone(),
            device: end.by.map(text::device),
            client: None,
            continues_as: next.map(text::call),
        });
        let told = self.record_end(&call, &end, cx);
        self.given_call_ended(&call, end.reason, cx);
        self.taken_call_ended(id, end.reason, cx);
        cx.push(CallEffect::Forget { call: id });
        self.ended.push((id, told), info, end, cx.now);
        if let Some(next) = next {
            self.ended.continues_as(id, next);
        }
        if self.visible().next().is_none() && self.muted {
            // The next call starts unmuted: nobody would look for a switch left over from another call.
            self.muted = false;
            self.muted_by_key = false;
            cx.push(CallEffect::Mute { muted: false });
        }
    }

    /// History, and the missed call if it is one; what was told, if it has a line.
    fn record_end(&mut self, call: &Call, end: &End, cx: &mut Cx<'_>) -> Option<Told> {
        let line = call.line();
        if call.is_taken() {
            return None;
        }
        let end = self.end_of_line(call, end);
        let missed = call.facts.incoming && line.accepted_ms.is_none() && end.reason.leaves_missed_call();
        if end.reason == Reason::AnsweredElsewhere && call.joined().is_none() {
            self.stays.remember(call.id, line);
        }
        // One that goes on as another one, or beside the one whose place it never took, is told with that.
        let told = (!self.line_goes_on(line.call)).then(|| HistoryEntry {
            call: line.call,
            incoming: line.incoming,
            roster: call.facts.roster.clone(),
            by: end.by,
            started_ms: line.started_ms,
            accepted_ms: self.accepted_by_both(call, end.reason),
            ended_ms: Some(cx.now.unix_ms),
            reason: end.reason,
            cause: end.cause.clone(),
            missed,
            flags: call.told.flags,
        });
        if let Some(entry) = &told {
            cx.push(CallEffect::History(Box::new(entry.clone())));
        }
        let told = told.map(|entry| Told::new(call, entry));
        if !call.facts.incoming {
            return told;
        }
        let first = self.first_miss(call.id, call.facts.offerer, cx);
        if missed && first {
            cx.event(text::missed_call(call.id, call.facts.offerer, call.facts.started_unix_ms));
        }
        if let Some(seen) = self.seen.of(call.id, call.facts.offerer, cx.now.unix_ms) {
            seen.over = true;
        }
        told
    }
}
