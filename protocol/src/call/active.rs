//! Calls that were accepted: what the others say, and whether their sound arrives.

use super::core::{CallCore, Cx};
use super::effect::CallEffect;
use super::links::Up;
use super::negotiation::ctl_status;
use super::rules::Rule;
use super::signal::{CallInput, LinkEnd, LinkEvent};
use super::state::{Flow, Joined, Leg, Phase};
use super::text;
use crate::control::{EventKind, QualityCause};
use crate::ids::{CallId, DeviceId, LinkId};
use crate::limits::{ANNOUNCE_EVERY_MS, INTERRUPTED_MS, STATUS_EVERY_MS};
use crate::wire::bodies::{CallBody, CtlBody, Flags, PairBody, Status};

impl CallCore {
    /// The call was accepted, here or there: who accepted takes part, links are made, sound may flow.
    pub(super) fn join(&mut self, id: CallId, cx: &mut Cx<'_>) {
        let now_ms = cx.now.mono_ms;
        let Some(call) = self.live.get_mut(&id) else { return };
        let line = call.facts.line.as_mut();
        let accepted_unix_ms = line.map_or(cx.now.unix_ms, |line| *line.accepted_ms.get_or_insert(cx.now.unix_ms));
        call.phase = Phase::Joined(Joined {
            since_ms: now_ms,
            before_ms: cx.now.unix_ms.saturating_sub(accepted_unix_ms),
            accepted_unix_ms,
            status_due_ms: now_ms.saturating_add(STATUS_EVERY_MS),
            announce_due_ms: now_ms.saturating_add(ANNOUNCE_EVERY_MS),
        });
        let status = Status { state_seq: call.told.state_seq, flags: call.told.flags };
        let mut devices = Vec::new();
        for peer in call.peers.iter_mut().filter(|p| p.leg == Leg::Accepted) {
            peer.flow = Flow::Connecting { since_ms: now_ms, retried: false };
            devices.push(peer.device);
            // Its channel may have opened before the last change.
            if status.state_seq > 0 {
                ctl_status(peer, status, cx);
                cx.push(CallEffect::Pair { call: id, device: peer.device, body: PairBody::Status(status) });
            }
        }
        self.announce(id, cx);
        for device in devices {
            self.connect(id, device, cx);
        }
    }

    /// A body of the pair channel.
    pub(super) fn pair(&mut self, id: CallId, device: DeviceId, body: PairBody, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get_mut(&id) else {
            if self.ended.contains(id) {
                self.last_word(id, device, &body, cx);
            } else {
                self.keep_early(id, device, CallInput::Pair { call: id, device, body }, cx);
            }
            return;
        };
        let Some(peer) = call.peer_mut(device) else { return };
        match peer.leg {
            Leg::Offered | Leg::Silent(_) => {
                self.keep_early(id, device, CallInput::Pair { call: id, device, body }, cx);
                return;
            }
            Leg::Over(_) => return,
            Leg::Confirmed | Leg::Ringing | Leg::Accepted => peer.heard_ms = cx.now.mono_ms,
        }
        match body {
            PairBody::Verdict(verdict) => self.verdict(id, device, verdict, cx),
            PairBody::Description(description) => self.description(id, device, description, cx),
            PairBody::Candidates(candidates) => self.candidates(id, device, &candidates, cx),
            PairBody::EndOfCandidates(which) => self.end_of_candidates(id, device, which, cx),
            PairBody::Restart(which) => self.restart_asked(id, device, which, cx),
            PairBody::Status(status) => self.status(id, device, status, cx),
            PairBody::HangUp(reason) => self.peer_hung_up(id, device, reason, cx),
            PairBody::Record(said) => self.record_said(id, device, said, cx),
            // Epochs belong to groups, linking to accounts;
            // confirm is the session layer's.
            PairBody::Confirm(_)
            | PairBody::EpochSecret(_)
            | PairBody::LinkIdentity(_)
            | PairBody::LinkContact(_)
            | PairBody::LinkEnd(_)
            | PairBody::HandOff(_) => {}
        }
    }

    /// A verified frame of the call topic.
    pub(super) fn frame(&mut self, id: CallId, device: DeviceId, body: CallBody, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get_mut(&id) else { return };
        let Some(peer) = call.peer_mut(device) else { return };
        if !peer.in_touch() {
            return;
        }
        peer.heard_ms = cx.now.mono_ms;
        match body {
            CallBody::Announce { state_seq, flags, view: _, record: _ } => {
                self.status(id, device, Status { state_seq, flags }, cx);
            }
            CallBody::Leave { state_seq: _, reason } => self.peer_hung_up(id, device, reason, cx),
            // Group matters of a later issue.
            CallBody::Invite { .. } | CallBody::Kick { .. } | CallBody::AskMute { .. } => {}
        }
    }

    /// A message on a link's data channel.
    pub(super) fn ctl(&mut self, link: LinkId, body: CtlBody, cx: &mut Cx<'_>) {
        let Some((id, device)) = self.whose_link(link) else { return };
        if let Some(peer) = self.peer_mut(id, device) {
            peer.heard_ms = cx.now.mono_ms;
        }
        match body {
            CtlBody::Status(status) => self.status(id, device, status, cx),
            CtlBody::HangUp(reason) => self.peer_hung_up(id, device, reason, cx),
            CtlBody::Record(said) => self.record_said(id, device, said, cx),
        }
    }

    /// Keeps a signal whose offer, or whose confirm, isn't there yet.
    pub(super) fn keep_early(&mut self, id: CallId, device: DeviceId, signal: CallInput, cx: &Cx<'_>) {
        let over = self.seen.get(id).is_some_and(|seen| seen.over) || self.ended.contains(id);
        if !over && !self.stopping {
            self.early.keep(id, device, signal, cx.now.mono_ms);
        }
    }

    /// What a device says of its media: the newest word counts, over whichever path it came.
    fn status(&mut self, id: CallId, device: DeviceId, status: Status, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get_mut(&id) else { return };
        let joined = call.joined().is_some();
        let Some(peer) = call.peer_mut(device) else { return };
        if !Rule::NewestStatus.met(status.state_seq > peer.state_seq) || !peer.in_touch() {
            return;
        }
        peer.state_seq = status.state_seq;
        let said = std::mem::replace(&mut peer.flags, status.flags);
        if said == peer.flags {
            return;
        }
        // Who was never heard is nobody frontends know yet, and they are told once it is; that it holds the call is all
        // there is to be told of it until then.
        let held = (peer.flags.0 ^ said.0) & Flags::HELD != 0;
        if peer.joined || (held && joined) {
            self.show_participant(id, device, cx);
        }
    }

    /// Tells frontends what a participant's media do.
    fn show_participant(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        let Some(peer) = self.peer_mut(id, device) else { return };
        let reconnecting = matches!(peer.flow, Flow::Interrupted { .. });
        let event = EventKind::ParticipantState {
            call: text::call(id),
            account: text::account(peer.account),
            device: text::device(device),
            state: text::media_state(peer.flags, reconnecting),
            client: None,
        };
        cx.event(event);
    }

    /// The connection to a device is gone.
    pub(super) fn disconnected(&mut self, device: DeviceId, cx: &Cx<'_>) {
        self.hand_offs_heard(None, device, Some(cx.now.mono_ms));
        let peers = self.live.values_mut().flat_map(|call| call.peers.iter_mut());
        for peer in peers.filter(|p| p.device == device) {
            peer.gone_ms.get_or_insert(cx.now.mono_ms);
        }
    }

    /// A connected device listens for what we say in a call, or no longer.
    pub(super) fn listens(&mut self, id: CallId, device: DeviceId, listens: bool, cx: &Cx<'_>) {
        self.hand_offs_heard(Some(id), device, (!listens).then_some(cx.now.mono_ms));
        let Some(peer) = self.peer_mut(id, device) else { return };
        if listens {
            peer.gone_ms = None;
        } else {
            peer.gone_ms.get_or_insert(cx.now.mono_ms);
        }
    }

    /// Whose link this is, if its call isn't over.
    fn whose_link(&self, link: LinkId) -> Option<(CallId, DeviceId)> {
        self.live.values().find_map(|call| {
            let has = |id: &Option<super::links::Link>| id.as_ref().is_some_and(|l| l.id == link);
            call.peers.iter().find(|p| has(&p.links.current)).map(|p| (call.id, p.device))
        })
    }

    /// Something happened to a link. A link that was replaced is nobody's: what it says changes nothing.
    pub(super) fn link_event(&mut self, link: LinkId, event: LinkEvent, cx: &mut Cx<'_>) {
        let Some((id, device)) = self.whose_link(link) else {
            if let LinkEvent::Closed(_) = event {
                self.closing.retain(|closing| closing.link != link);
            }
            return;
        };
        match event {
            LinkEvent::Description { kind, generation, sdp } => {
                self.local_description(id, device, kind, generation, sdp, cx);
            }
            LinkEvent::Candidate { generation, candidate } => {
                self.local_candidate(id, device, generation, candidate, cx);
            }
            LinkEvent::EndOfCandidates { generation } => self.local_end_of_candidates(id, device, generation, cx),
            LinkEvent::Connected | LinkEvent::Resumed => self.link_up(id, device, cx),
            LinkEvent::Interrupted => self.link_interrupted(id, device, cx),
            LinkEvent::AddressGone => self.address_gone(id, device, cx),
            LinkEvent::CtlOpen => self.ctl_open(id, device, cx),
            LinkEvent::FirstAudio => self.first_audio(id, device, cx),
            LinkEvent::Speaking(on) => self.speaking(id, device, on, cx),
            LinkEvent::Limited(cause) => self.limited(id, device, cause, cx),
            LinkEvent::Closed(end) => self.link_closed(id, device, &end, cx),
        }
    }

    fn link_up(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        let Some(peer) = self.peer_mut(id, device) else { return };
        peer.heard_ms = cx.now.mono_ms;
        if let Some(link) = peer.links.current.as_mut() {
            link.up = Up::Connected;
        }
        if let Flow::Interrupted { .. } = peer.flow {
            peer.flow = Flow::Flowing;
            self.show_participant(id, device, cx);
        }
    }

    fn link_interrupted(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        let last_packet_ms = cx.now.mono_ms.saturating_sub(INTERRUPTED_MS);
        let Some(peer) = self.peer_mut(id, device) else { return };
        peer.heard_ms = peer.heard_ms.max(last_packet_ms);
        if let Some(link) = peer.links.current.as_mut() {
            link.up = Up::Interrupted;
        }
        self.interrupt(id, device, last_packet_ms, cx);
    }

    /// Sound that flowed has stopped.
    pub(super) fn interrupt(&mut self, id: CallId, device: DeviceId, since_ms: u64, cx: &mut Cx<'_>) {
        let Some(peer) = self.peer_mut(id, device) else { return };
        match peer.flow {
            Flow::Flowing => peer.flow = Flow::Interrupted { since_ms, tries: 0 },
            Flow::Idle | Flow::Connecting { .. } | Flow::Interrupted { .. } => return,
        }
        self.show_participant(id, device, cx);
    }

    fn ctl_open(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get_mut(&id) else { return };
        let status = Status { state_seq: call.told.state_seq, flags: call.told.flags };
        let Some(peer) = call.peer_mut(device) else { return };
        peer.heard_ms = cx.now.mono_ms;
        if let Some(link) = peer.links.current.as_mut() {
            link.ctl_open = true;
        }
        ctl_status(peer, status, cx);
    }

    /// Sound arrives: only now somebody has joined.
    fn first_audio(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        let Some(peer) = self.peer_mut(id, device) else { return };
        peer.heard_ms = cx.now.mono_ms;
        match peer.flow {
            Flow::Connecting { .. } | Flow::Interrupted { .. } => peer.flow = Flow::Flowing,
            // Nothing may be played before accept.
            Flow::Idle => return,
            Flow::Flowing => {}
        }
        if peer.joined {
            return;
        }
        peer.joined = true;
        let account = text::account(peer.account);
        let says = peer.flags != Flags::default();
        cx.event(EventKind::ParticipantJoined { call: text::call(id), account, device: text::device(device) });
        self.show(id, cx);
        if says {
            self.show_participant(id, device, cx);
        }
        self.works(id, cx);
    }

    /// Whom frontends don't see doesn't speak either.
    fn speaking(&mut self, id: CallId, device: DeviceId, speaking: bool, cx: &mut Cx<'_>) {
        let Some(peer) = self.peer_mut(id, device).filter(|peer| peer.joined) else { return };
        let (call, account) = (Some(text::call(id)), Some(text::account(peer.account)));
        cx.event(EventKind::Speaking { call, account, device: Some(text::device(device)), speaking });
    }

    fn limited(&mut self, id: CallId, device: DeviceId, cause: QualityCause, cx: &mut Cx<'_>) {
        let Some(peer) = self.peer_mut(id, device).filter(|peer| peer.joined) else { return };
        let (call, account) = (text::call(id), text::account(peer.account));
        cx.event(EventKind::Quality { call, account, device: text::device(device), cause });
    }

    fn link_closed(&mut self, id: CallId, device: DeviceId, end: &LinkEnd, cx: &mut Cx<'_>) {
        let Some(peer) = self.peer_mut(id, device) else { return };
        peer.links.current = None;
        match end {
            LinkEnd::Local => {}
            LinkEnd::Remote => peer.links.failure = Some("the other side closed the media connection".to_owned()),
            LinkEnd::Failed(what) => peer.links.failure = Some(what.clone()),
        }
        match peer.flow {
            // Nobody waits for it: a new one is made when the call is accepted.
            Flow::Idle | Flow::Interrupted { .. } => {}
            Flow::Connecting { since_ms, retried: false } => {
                peer.flow = Flow::Connecting { since_ms, retried: true };
                self.renew(id, device, cx);
            }
            Flow::Connecting { retried: true, .. } => {}
            Flow::Flowing => self.interrupt(id, device, cx.now.mono_ms, cx),
        }
    }
}
