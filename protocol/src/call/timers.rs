//! What is due when. Every deadline follows from the state, so that nothing has to be cancelled.

use super::core::{CallCore, Cx};
use super::effect::{CallEffect, LinkCommand};
use super::end_reason::{End, cause};
use super::negotiation::ctl_status;
use super::state::{Call, Flow, Leg, Peer, Phase};
use super::times::Times;
use crate::ids::{CallId, DeviceId};
use crate::limits::{ANNOUNCE_EVERY_MS, GIVE_UP_MS, HAND_OFF_RING_MS, NEXT_LINK_AT_MS, RESTART_AT_MS, STATUS_EVERY_MS};
use crate::wire::bodies::{Reason, Status};

/// What a deadline of a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// 60 s: nobody has accepted.
    CallerGivesUp,
    /// Whoever may take no call of ours hasn't answered in the time that reaching somebody may take.
    Unproven,
    /// The offer's time to live is over, without a confirm.
    OfferOver,
    /// A call that crosses another one, or may replace it, has waited long enough.
    Decide,
    /// 45 s of ringing here.
    NoAnswer,
    /// The caller is gone while it rings here.
    CallerLost(DeviceId),
    /// A device of the callee is gone while it rings there.
    CalleeLost(DeviceId),
    /// One more try to connect.
    Retry(DeviceId),
    /// No media connection could be made.
    MediaFailed(DeviceId),
    /// A restart of an interrupted link.
    Restart(DeviceId),
    /// An interrupted participant is given up.
    Lost(DeviceId),
    /// Our status on `ctl`.
    Status,
    /// Our announce.
    Announce,
    /// The longest call there may be.
    MaxDuration,
}

impl CallCore {
    /// When [`super::signal::CallInput::Timer`] is wanted next, in monotonic ms.
    #[must_use]
    pub fn next_timer_ms(&self) -> Option<u64> {
        let calls = self.live.values().filter_map(|call| self.due(call).into_iter().map(|(at_ms, _)| at_ms).min());
        calls
            .chain(self.closing.iter().map(|closing| closing.at_ms))
            .chain(self.network.due_ms())
            .chain(self.hand_offs_due())
            .chain(self.recordings_due())
            .min()
    }

    /// Deadlines of calls, and links that are still to be closed.
    #[must_use]
    pub fn running_timers(&self) -> usize {
        let due: usize = self.live.values().map(|call| self.due(call).len()).sum();
        due + self.closing.len() + self.hand_offs_due().count() + self.recordings_due().count()
    }

    /// Does what is due; harmless if nothing is.
    pub(super) fn timers(&mut self, cx: &mut Cx<'_>) {
        let now_ms = cx.now.mono_ms;
        self.closing.retain(|closing| {
            let due = closing.at_ms <= now_ms;
            if due {
                cx.out.push(CallEffect::Link { link: closing.link, command: LinkCommand::Close });
            }
            !due
        });
        self.network_rests(cx);
        self.hand_off_timers(cx);
        self.recording_timers(cx);
        let ids: Vec<CallId> = self.live.keys().copied().collect();
        for id in ids {
            // In order of time, each looked at again: what one changes, another may not need any more.
            let Some(call) = self.live.get(&id) else { continue };
            let mut due = self.due(call);
            due.retain(|(at_ms, _)| *at_ms <= now_ms);
            due.sort_by_key(|(at_ms, _)| *at_ms);
            for (at_ms, what) in due {
                let still = self.live.get(&id).is_some_and(|call| self.due(call).contains(&(at_ms, what)));
                if still {
                    self.carry_out(id, what, cx);
                }
            }
        }
    }

    /// Every deadline of a call.
    fn due(&self, call: &Call) -> Vec<(u64, Due)> {
        let times = &self.times;
        match &call.phase {
            Phase::Outgoing(outgoing) => {
                let mut due = vec![(outgoing.give_up_ms, Due::CallerGivesUp)];
                let waits = call.peers.iter().any(|peer| peer.leg == Leg::Offered);
                due.extend(outgoing.unproven.filter(|_| waits).map(|(_, at_ms)| (at_ms, Due::Unproven)));
                let in_touch = call.peers.iter().filter(|peer| peer.in_touch());
                due.extend(in_touch.filter_map(|peer| Some((lost_ms(peer, times)?, Due::CalleeLost(peer.device)))));
                due
            }
            Phase::Offered(offered) => {
                let after_ms = offered.ttl_ms.saturating_add(1);
                vec![(offered.received.mono_ms.saturating_add(after_ms), Due::OfferOver)]
            }
            Phase::Undecided(undecided) => {
                let mut due = Vec::new();
                for peer in &call.peers {
                    due.extend(self.decision_due_ms(undecided, peer.device).map(|at_ms| (at_ms, Due::Decide)));
                    due.extend(lost_ms(peer, times).map(|at_ms| (at_ms, Due::CallerLost(peer.device))));
                }
                due
            }
            Phase::Ringing(ringing) => {
                let mut due = vec![(ringing.since_ms.saturating_add(times.ring_callee_ms), Due::NoAnswer)];
                let peers = call.peers.iter();
                due.extend(peers.filter_map(|peer| Some((lost_ms(peer, times)?, Due::CallerLost(peer.device)))));
                due
            }
            Phase::Handed(handed) => vec![(handed.since_ms.saturating_add(HAND_OFF_RING_MS), Due::NoAnswer)],
            Phase::Joined(joined) => {
                let mut due = vec![(joined.status_due_ms, Due::Status), (joined.announce_due_ms, Due::Announce)];
                let left = |max_ms: u64| joined.since_ms.saturating_add(max_ms.saturating_sub(joined.before_ms));
                let end_ms = times.max_call_ms.map(left);
                due.extend(end_ms.map(|at_ms| (at_ms, Due::MaxDuration)));
                for peer in call.peers.iter().filter(|p| p.leg == Leg::Accepted) {
                    media_due(peer, times, &mut due);
                }
                due
            }
        }
    }

    fn carry_out(&mut self, id: CallId, due: Due, cx: &mut Cx<'_>) {
        match due {
            Due::CallerGivesUp => self.caller_gives_up(id, cx),
            Due::Unproven => self.unproven_is_silent(id, cx),
            Due::OfferOver => self.drop_offered(id, cx),
            Due::NoAnswer => {
                let end = End { reason: Reason::NoAnswer, cause: None, by: None };
                self.finish(id, end, Reason::NoAnswer, cx);
            }
            // Every step ends with a look at what is undecided.
            Due::Decide => {}
            Due::MaxDuration => {
                let end = End { reason: Reason::MaxDuration, cause: None, by: None };
                self.finish(id, end, Reason::MaxDuration, cx);
            }
            Due::CallerLost(_) if !self.live.get(&id).is_some_and(Call::visible) => self.drop_undecided(id, None, cx),
            Due::CallerLost(_) => self.lost(id, "the caller's device is gone", cx),
            Due::CalleeLost(device) => self.callee_lost(id, device, cx),
            Due::Lost(_) => self.lost(id, "no packet for 60 s; every restart failed", cx),
            Due::MediaFailed(device) => self.media_failed(id, device, cx),
            Due::Retry(device) => {
                if let Some(Flow::Connecting { retried, .. }) = self.peer_mut(id, device).map(|p| &mut p.flow) {
                    *retried = true;
                }
                self.renew(id, device, cx);
            }
            Due::Restart(device) => {
                if let Some(Flow::Interrupted { tries, .. }) = self.peer_mut(id, device).map(|p| &mut p.flow) {
                    *tries += 1;
                }
                self.renew(id, device, cx);
            }
            Due::Status => self.repeat_status(id, cx),
            Due::Announce => {
                if let Some(Phase::Joined(joined)) = self.live.get_mut(&id).map(|call| &mut call.phase) {
                    joined.announce_due_ms = cx.now.mono_ms.saturating_add(ANNOUNCE_EVERY_MS);
                }
                self.announce(id, cx);
            }
        }
    }

    fn lost(&mut self, id: CallId, detail: &str, cx: &mut Cx<'_>) {
        let end = End { reason: Reason::Lost, cause: Some(cause("peer_vanished", detail)), by: None };
        self.finish(id, end, Reason::Lost, cx);
    }

    fn media_failed(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        let Some(peer) = self.peer_mut(id, device) else { return };
        let links = match peer.links.last {
            0 => "the other side never offered a media connection".to_owned(),
            1 => "1 media connection was tried".to_owned(),
            n => format!("{n} media connections were tried"),
        };
        let found = match (&peer.links.failure, peer.links.connected()) {
            (_, true) => "it was made, but no sound arrived".to_owned(),
            (Some(failure), false) => failure.clone(),
            (None, false) => "no pair of addresses worked; a TURN server may help".to_owned(),
        };
        let cause = cause("media_failed", &format!("{links}, ICE was restarted: {found}"));
        let end = End { reason: Reason::MediaFailed, cause: Some(cause), by: None };
        self.finish(id, end, Reason::MediaFailed, cx);
    }

    fn repeat_status(&mut self, id: CallId, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get_mut(&id) else { return };
        if let Phase::Joined(joined) = &mut call.phase {
            joined.status_due_ms = cx.now.mono_ms.saturating_add(STATUS_EVERY_MS);
        }
        let status = Status { state_seq: call.told.state_seq, flags: call.told.flags };
        for peer in call.peers.iter().filter(|p| p.leg == Leg::Accepted) {
            ctl_status(peer, status, cx);
        }
    }
}

/// When a device with which it rings is given up: it doesn't listen, no link is up, and nothing was heard of it since.
fn lost_ms(peer: &Peer, times: &Times) -> Option<u64> {
    let gone_ms = peer.gone_ms.filter(|_| !peer.links.connected())?;
    let quiet_ms = gone_ms.max(peer.heard_ms);
    Some(quiet_ms.saturating_add(times.caller_lost_ms))
}

/// Deadlines of a participant's media.
fn media_due(peer: &Peer, times: &Times, due: &mut Vec<(u64, Due)>) {
    match peer.flow {
        Flow::Idle | Flow::Flowing => {}
        Flow::Connecting { since_ms, retried } => {
            if !retried {
                // What is up waits for its first sound, or for the other side's end of the handshake: on a slow way a restart
                // would take the way from it.
                let after_ms = times.connecting_retry_ms() * if peer.links.connected() { 2 } else { 1 };
                due.push((since_ms.saturating_add(after_ms), Due::Retry(peer.device)));
            }
            due.push((since_ms.saturating_add(times.connecting_ms), Due::MediaFailed(peer.device)));
        }
        Flow::Interrupted { since_ms, tries } => {
            let after_ms = match (&peer.links.current, tries) {
                // There is no pair of addresses that could work again.
                (None, 0) => Some(NEXT_LINK_AT_MS),
                (Some(_) | None, tries) => RESTART_AT_MS.get(tries).copied(),
            };
            due.extend(after_ms.map(|after_ms| (since_ms.saturating_add(after_ms), Due::Restart(peer.device))));
            due.push((since_ms.saturating_add(GIVE_UP_MS), Due::Lost(peer.device)));
        }
    }
}
