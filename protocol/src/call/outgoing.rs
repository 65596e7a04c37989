//! Calls that we make, until somebody accepts.

use super::core::{CallCore, Cx};
use super::effect::CallEffect;
use super::end_reason::{End, of_silence};
use super::state::{Call, Facts, Leg, Outgoing, Peer, Phase, Silence, Told};
use super::text;
use crate::control::{ControlError, EndCause, ErrorKind, OfferedReply, Reply, Unproven};
use crate::ids::{AccountId, CallId, DeviceId, Ticket};
use crate::limits::{CALLEES_MAX, CONTEXT_MAX_BYTES, OFFER_TTL_MAX_S, OWN_CALLS_MAX, UNPROVEN_WAIT_MS};
use crate::wire::bodies::{Media, Offer, Purpose, Reason, Verdict};
use ahoy_crypto::Secret;

impl CallCore {
    /// `call.offer`.
    pub(super) fn offer_command(
        &mut self,
        ticket: Ticket,
        to: &[(AccountId, Vec<DeviceId>)],
        (context, unproven): (Option<Vec<u8>>, Option<Unproven>),
        cx: &mut Cx<'_>,
    ) {
        if let Err(error) = self.may_offer(to, context.as_deref()) {
            cx.reply(ticket, Err(error));
            return;
        }
        if self.answer_instead(ticket, to, cx) {
            return;
        }
        if let Some(error) = self.already_with(to) {
            cx.reply(ticket, Err(error));
            return;
        }
        let (id, secret) = self.fresh_call(cx);
        let call = self.new_outgoing(id, to, (context, unproven), cx);
        let offer = self.first_offer(&call, secret);
        let reply = self.offered_reply(id);
        cx.reply(ticket, Ok(reply));
        let targets: Vec<_> = call.peers.iter().map(|p| (p.account, p.device, p.policy.relay_only)).collect();
        self.live.insert(id, call);
        self.take_focus(id, false);
        self.show(id, cx);
        for (account, device, relay_only) in targets {
            let mut offer = Box::new(offer.clone());
            offer.ice_policy = if relay_only { 2 } else { offer.ice_policy };
            cx.push(CallEffect::Offer { account, device, offer });
        }
        self.check_silence(id, cx);
    }

    /// A call gets the microphone that a frontend offered, or answered by its offer.
    pub(super) fn offered_reply(&self, call: CallId) -> Reply {
        let active = self.focus.filter(|active| *active != call).and_then(|active| self.live.get(&active));
        let holds = active.filter(|active| active.joined().is_some()).map(|active| text::call(active.id));
        Reply::Offered(OfferedReply { call: text::call(call), holds })
    }

    /// Two people have one call. Who has lost the other may call again: that takes the place of the lost one.
    fn already_with(&self, to: &[(AccountId, Vec<DeviceId>)]) -> Option<ControlError> {
        let [(account, _)] = to else { return None };
        let with = |call: &&Call| match &call.phase {
            Phase::Outgoing(_) => call.facts.roster.contains(account),
            Phase::Joined(_) => {
                let here = |peer: &Peer| peer.leg == Leg::Accepted && !self.lost_us(call.id, peer.device);
                call.facts.roster.contains(account) && call.peers.iter().any(here)
            }
            Phase::Offered(_) | Phase::Undecided(_) | Phase::Ringing(_) | Phase::Handed(_) => false,
        };
        let call = self.live.values().find(with)?;
        let (message, hint) = match call.phase {
            Phase::Joined(_) if self.focus != Some(call.id) => {
                ("the call with this contact is held", "`ahoy resume` takes it up")
            }
            Phase::Joined(_) => ("you are in a call with this contact", "`ahoy hangup` ends it"),
            Phase::Outgoing(_) | Phase::Offered(_) | Phase::Undecided(_) | Phase::Ringing(_) | Phase::Handed(_) => {
                ("this contact is being called already", "`ahoy hangup` cancels that call")
            }
        };
        let mut error = ControlError::new(ErrorKind::AlreadyInCall, message, hint);
        error.candidates = vec![text::call(call.id)];
        Some(error)
    }

    /// Id and secret of a call of ours.
    pub(super) fn fresh_call(&mut self, cx: &mut Cx<'_>) -> (CallId, Secret) {
        let mut id = CallId([0; 16]);
        cx.rng.fill_bytes(&mut id.0);
        let mut secret = [0; 32];
        cx.rng.fill_bytes(&mut secret);
        // Nobody else can offer, cancel or have missed a call of this id.
        self.seen.settle(id, self.own, cx.now.unix_ms);
        (id, Secret::new(secret))
    }

    fn may_offer(&self, to: &[(AccountId, Vec<DeviceId>)], context: Option<&[u8]>) -> Result<(), ControlError> {
        let bad = |message: &str, hint: &str| Err(ControlError::new(ErrorKind::BadParams, message, hint));
        match to {
            [] => return bad("nobody to call", "name a contact"),
            [(account, _)] if *account == self.own => return bad("this is our own account", "name another contact"),
            [_] => {}
            [_, _, ..] => return bad("calls of more than two are not there yet", "name one contact"),
        }
        if to.iter().map(|(_, devices)| devices.len()).sum::<usize>() > CALLEES_MAX {
            return bad("too many devices", "name fewer contacts");
        }
        if context.is_some_and(|c| c.len() > CONTEXT_MAX_BYTES) {
            return bad("context is too long", "at most 256 bytes");
        }
        let own = self.visible().filter(|call| !call.rings()).count();
        if own >= OWN_CALLS_MAX {
            let message = format!("{OWN_CALLS_MAX} calls are on already");
            return Err(ControlError::new(ErrorKind::LimitReached, message, "hang up one of them"));
        }
        Ok(())
    }

    fn new_outgoing(
        &self,
        id: CallId,
        to: &[(AccountId, Vec<DeviceId>)],
        (context, unproven): (Option<Vec<u8>>, Option<Unproven>),
        cx: &Cx<'_>,
    ) -> Call {
        let answer_by_ms = cx.now.mono_ms.saturating_add(self.times.reach_ms).saturating_add(UNPROVEN_WAIT_MS);
        let unproven = unproven.map(|why| (why, answer_by_ms));
        let give_up_ms = cx.now.mono_ms.saturating_add(self.times.ring_caller_ms);
        let mut roster: Vec<AccountId> = to.iter().map(|(account, _)| *account).chain([self.own]).collect();
        roster.sort_unstable();
        roster.dedup();
        let mut peers: Vec<Peer> = Vec::new();
        for (account, devices) in to {
            let policy = self.policies.get(account).copied().unwrap_or_default();
            for device in devices {
                if peers.iter().all(|p| p.device != *device) && *device != self.own_device {
                    peers.push(Peer::new(*account, *device, self.own_device, policy, cx.now));
                }
            }
        }
        Call {
            id,
            facts: Facts {
                incoming: false,
                handed: false,
                offerer: self.own,
                roster,
                media: Media::AUDIO,
                context,
                ice_policy: 0,
                continues: None,
                started_unix_ms: cx.now.unix_ms,
                line: None,
            },
            phase: Phase::Outgoing(Outgoing { give_up_ms, rejoins: None, unproven }),
            peers,
            shown: None,
            displaced: None,
            told: Told::default(),
        }
    }

    /// The offer's body; `sas_commit` and `attempt` are the session layer's.
    pub(super) fn first_offer(&self, call: &Call, secret: Secret) -> Offer {
        let ttl_s = (self.times.ring_caller_ms / 1000).clamp(1, u64::from(OFFER_TTL_MAX_S));
        let ttl_s = u16::try_from(ttl_s).unwrap_or(1);
        Offer {
            media: call.facts.media,
            ice_policy: call.facts.ice_policy,
            context: call.facts.context.clone(),
            continues: call.facts.continues,
            ..Offer::of_audio(call.id, secret, Purpose::Ring, ttl_s, call.facts.roster.clone())
        }
    }

    /// A device is there: it may ring.
    pub(super) fn reached(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get_mut(&id) else { return };
        match call.phase {
            Phase::Outgoing(_) => {}
            // Somebody else has accepted: this device was told, and is never confirmed.
            Phase::Joined(_) | Phase::Offered(_) | Phase::Undecided(_) | Phase::Ringing(_) | Phase::Handed(_) => return,
        }
        let Some(peer) = call.peer_mut(device) else { return };
        match peer.leg {
            Leg::Offered | Leg::Silent(_) => {}
            Leg::Confirmed | Leg::Ringing | Leg::Accepted | Leg::Over(_) => return,
        }
        peer.leg = Leg::Confirmed;
        peer.heard_ms = cx.now.mono_ms;
        cx.push(CallEffect::Confirm { call: id, device });
        self.connect(id, device, cx);
        self.apply_early(id, device, cx);
    }

    /// Nobody could be brought the offer.
    pub(super) fn unreached(&mut self, id: CallId, device: DeviceId, tried: String, cx: &mut Cx<'_>) {
        self.silent(id, device, Silence::Unreached(tried), cx);
    }

    /// Nobody answered the offer.
    pub(super) fn offer_expired(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        self.silent(id, device, Silence::Expired, cx);
    }

    /// The time to reach somebody is over, and a contact that may take no call of ours has said nothing.
    pub(super) fn unproven_is_silent(&mut self, id: CallId, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get_mut(&id) else { return };
        let Phase::Outgoing(Outgoing { unproven: Some((why, _)), .. }) = call.phase else { return };
        for peer in call.peers.iter_mut().filter(|peer| peer.leg == Leg::Offered) {
            peer.leg = Leg::Silent(Silence::Unproven(why));
        }
        self.check_silence(id, cx);
    }

    fn silent(&mut self, id: CallId, device: DeviceId, silence: Silence, cx: &mut Cx<'_>) {
        let Some(peer) = self.peer_mut(id, device) else { return };
        match peer.leg {
            Leg::Offered => peer.leg = Leg::Silent(silence),
            Leg::Silent(_) | Leg::Confirmed | Leg::Ringing | Leg::Accepted | Leg::Over(_) => return,
        }
        self.check_silence(id, cx);
    }

    /// Ends an outgoing call that nobody can accept any more.
    pub(super) fn check_silence(&mut self, id: CallId, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get(&id) else { return };
        match call.phase {
            Phase::Outgoing(_) => {}
            Phase::Joined(_) | Phase::Offered(_) | Phase::Undecided(_) | Phase::Ringing(_) | Phase::Handed(_) => return,
        }
        if let Some((reason, cause)) = of_silence(&call.peers) {
            // A device that is over has said why; with one alone, it is the one who ended the call.
            let over: Vec<DeviceId> =
                call.peers.iter().filter(|p| p.leg == Leg::Over(reason)).map(|p| p.device).collect();
            let by = over.first().copied().filter(|_| reason != Reason::Lost);
            self.finish(id, End { reason, cause, by }, reason, cx);
        }
    }

    /// What a callee's device says.
    pub(super) fn verdict(&mut self, id: CallId, device: DeviceId, verdict: Verdict, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get_mut(&id) else { return };
        match call.phase {
            Phase::Outgoing(_) => {}
            Phase::Joined(_) | Phase::Offered(_) | Phase::Undecided(_) | Phase::Ringing(_) | Phase::Handed(_) => return,
        }
        let Some(peer) = call.peer_mut(device) else { return };
        match verdict {
            Verdict::Ringing => {
                if peer.leg == Leg::Confirmed {
                    peer.leg = Leg::Ringing;
                }
            }
            Verdict::Accept => self.accepted_by(id, device, cx),
            Verdict::Decline => {
                peer.leg = Leg::Over(Reason::Declined);
                let end = End { reason: Reason::Declined, cause: None, by: Some(device) };
                self.finish(id, end, Reason::DeclinedElsewhere, cx);
            }
            Verdict::Busy => {
                peer.leg = Leg::Over(Reason::Busy);
                self.release(id, device, false, cx);
                self.check_silence(id, cx);
            }
        }
    }

    /// The first accept wins; the account's other devices are told.
    fn accepted_by(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get(&id) else { return };
        let others: Vec<DeviceId> = call.peers.iter().map(|p| p.device).filter(|d| *d != device).collect();
        for other in others {
            self.dismiss(id, other, Reason::AnsweredElsewhere, cx);
        }
        let Some(call) = self.live.get_mut(&id) else { return };
        // What a person here is in, or has accepted already, stays as it is, held or not.
        let waited_for = !call.is_being_joined();
        if let Some(peer) = call.peer_mut(device) {
            peer.leg = Leg::Accepted;
        }
        self.join(id, cx);
        self.end_others(id, cx);
        if waited_for {
            self.hear_if_free(id);
        }
        self.crossed_by_accepted(id, device, cx);
    }

    /// A device that rang is gone. It forgot the call, or stops ringing by the same rule; others may still ring.
    pub(super) fn callee_lost(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        if self.rejoins_anew(id, device, cx) {
            return;
        }
        self.dismiss(id, device, Reason::Lost, cx);
        self.check_silence(id, cx);
    }

    /// 60 s without an accept.
    pub(super) fn caller_gives_up(&mut self, id: CallId, cx: &mut Cx<'_>) {
        let end = End { reason: Reason::NoAnswer, cause: None::<EndCause>, by: None };
        self.finish(id, end, Reason::NoAnswer, cx);
    }
}
