//! One microphone for all calls: which call has it, and what everybody is told of it.

use super::core::{CallCore, Cx};
use super::effect::{CallEffect, LinkCommand};
use super::end_reason::End;
use super::negotiation::ctl_status;
use super::rules::Rule;
use super::state::{Call, Displaced, Flow, Leg, Phase, Told};
use super::text;
use crate::control::{CallState, Direction, EventKind};
use crate::ids::CallId;
use crate::wire::bodies::{CallBody, Flags, PairBody, Reason, Status};

impl CallCore {
    /// The call becomes the active one; the one that was so is held, or ends once this one works.
    pub(super) fn take_focus(&mut self, id: CallId, end: bool) {
        let before = self.focus.filter(|other| *other != id && self.live.contains_key(other));
        self.focus = Some(id);
        if let Some(call) = self.live.get_mut(&id) {
            call.displaced = before.map(|call| Displaced { call, end });
        }
    }

    /// Whoever waits for an answer hears it, unless another call was taken up meanwhile.
    pub(super) fn hear_if_free(&mut self, id: CallId) {
        if self.focus.is_none() {
            self.focus = Some(id);
            // Nobody lost the microphone to it: what it once displaced is held by a person since.
            if let Some(call) = self.live.get_mut(&id) {
                call.displaced = None;
            }
        }
    }

    /// An accepted call becomes the active one; if it works already, what it displaced is let go at once.
    pub(super) fn take_up(&mut self, id: CallId, end: bool, cx: &mut Cx<'_>) {
        let works = self.live.get(&id).is_some_and(Call::worked);
        self.take_focus(id, end);
        if works {
            self.works(id, cx);
        }
    }

    /// A call takes the place of another one of the same people, which is about to end.
    pub(super) fn pass_focus(&mut self, from: CallId, to: CallId) {
        let displaced = self.live.get_mut(&from).and_then(|call| call.displaced.take());
        for call in self.live.values_mut() {
            if let Some(displaced) = call.displaced.as_mut().filter(|displaced| displaced.call == from) {
                displaced.call = to;
            }
        }
        if self.focus == Some(from) {
            self.focus = Some(to);
            if let Some(call) = self.live.get_mut(&to) {
                call.displaced = displaced;
            }
        }
        // What it displaced may be the very call whose place it takes.
        if let Some(call) = self.live.get_mut(&to) {
            call.displaced = call.displaced.filter(|displaced| displaced.call != to);
        }
    }

    /// The active call is over. If it never worked, the one it displaced is active again: nothing was lost by trying.
    pub(super) fn leave_focus(&mut self, over: &Call) {
        if self.focus != Some(over.id) {
            return;
        }
        let back = over.displaced.map(|displaced| displaced.call);
        self.focus = back.filter(|call| self.live.contains_key(call));
    }

    /// The new call works: what it displaced is let go.
    pub(super) fn works(&mut self, id: CallId, cx: &mut Cx<'_>) {
        let Some(displaced) = self.live.get_mut(&id).and_then(|call| call.displaced.take()) else { return };
        if displaced.end {
            let reason = match self.live.get(&displaced.call).map(|call| &call.phase) {
                Some(Phase::Joined(_)) => Reason::HungUp,
                Some(Phase::Outgoing(_)) => Reason::Cancelled,
                Some(Phase::Offered(_) | Phase::Undecided(_) | Phase::Ringing(_) | Phase::Handed(_)) | None => return,
            };
            self.finish(displaced.call, End { reason, cause: None, by: None }, reason, cx);
        }
    }

    /// Mutes or unmutes the microphone, in every call.
    pub(super) fn set_muted(&mut self, muted: bool, cx: &mut Cx<'_>) {
        if self.muted != muted {
            self.muted = muted;
            cx.push(CallEffect::Mute { muted });
        }
    }

    /// After every input: sound, status and events follow from the state.
    pub(super) fn settle(&mut self, cx: &mut Cx<'_>) {
        self.decide(cx);
        self.hear_followed();
        self.sync_sound(cx);
        let ids: Vec<CallId> = self.live.keys().copied().collect();
        for id in ids {
            self.sync_status(id, cx);
            self.sync_flow(id, cx);
            self.show(id, cx);
        }
        self.repeat_questions(cx);
        self.settle_taken(cx);
        self.settle_followed(cx);
        self.settle_recordings(cx);
    }

    /// While either side holds, no sound can show that media flow: the link alone counts. Whoever has not
    /// been heard then has the whole time to connect.
    fn sync_flow(&mut self, id: CallId, cx: &Cx<'_>) {
        let we_hold = self.focus != Some(id);
        let Some(call) = self.live.get_mut(&id) else { return };
        for peer in &mut call.peers {
            let held = we_hold || peer.holds();
            match peer.flow {
                Flow::Connecting { .. } if held && peer.links.connected() => peer.flow = Flow::Flowing,
                Flow::Flowing if !held && !peer.joined => {
                    peer.flow = Flow::Connecting { since_ms: cx.now.mono_ms, retried: false };
                }
                Flow::Idle | Flow::Connecting { .. } | Flow::Flowing | Flow::Interrupted { .. } => {}
            }
        }
    }

    /// Sound flows only between us and those who take part in the active, accepted call and don't hold it. Off goes
    /// before on.
    pub(super) fn sync_sound(&mut self, cx: &mut Cx<'_>) {
        let open =
            self.focus.and_then(|id| self.live.get(&id)).is_some_and(|call| Rule::Accept.met(call.joined().is_some()));
        self.sync_voices(true, cx);
        self.switch_links(false, cx);
        if open != self.mic_open {
            self.mic_open = open;
            cx.push(CallEffect::Microphone { open });
        }
        self.switch_links(true, cx);
        self.sync_voices(false, cx);
    }

    /// Switches the links whose sound must be `on` and isn't.
    fn switch_links(&mut self, on: bool, cx: &mut Cx<'_>) {
        let focus = self.focus;
        for call in self.live.values_mut() {
            let active = focus == Some(call.id) && call.joined().is_some();
            for peer in &mut call.peers {
                let want = active && peer.leg == Leg::Accepted && !peer.holds();
                let Some(link) = peer.links.current.as_mut() else { continue };
                if want == on && link.sound != on {
                    link.sound = on;
                    cx.push(CallEffect::Link { link: link.id, command: LinkCommand::Send { on } });
                    cx.push(CallEffect::Link { link: link.id, command: LinkCommand::Play { on } });
                }
            }
        }
    }

    /// Our flags in a call.
    pub(super) fn own_flags(&self, id: CallId) -> Flags {
        let held = self.live.get(&id).is_some_and(|call| call.joined().is_some()) && !self.in_focus(id);
        let flag = |on: bool, flag: u16| if on { flag } else { 0 };
        let recording = flag(self.we_record(id), Flags::RECORDING);
        Flags(flag(self.muted, Flags::MUTED) | flag(held, Flags::HELD) | recording)
    }

    /// Tells everybody in a call what our media do, if that has changed.
    pub(super) fn sync_status(&mut self, id: CallId, cx: &mut Cx<'_>) {
        let flags = self.own_flags(id);
        let (own, own_device) = (self.own, self.own_device);
        let Some(call) = self.live.get_mut(&id) else { return };
        if !Rule::TellStatus.demands(call.told.flags != flags) || !call.visible() {
            return;
        }
        call.told.flags = flags;
        call.told.state_seq = call.told.state_seq.saturating_add(1);
        cx.event(EventKind::ParticipantState {
            call: text::call(id),
            account: text::account(own),
            device: text::device(own_device),
            state: text::media_state(flags, false),
            client: None,
        });
        if call.joined().is_none() {
            return;
        }
        let status = Status { state_seq: call.told.state_seq, flags };
        for peer in call.peers.iter().filter(|p| p.leg == Leg::Accepted) {
            ctl_status(peer, status, cx);
            cx.push(CallEffect::Pair { call: id, device: peer.device, body: PairBody::Status(status) });
        }
        self.announce(id, cx);
    }

    /// Tells everybody on the call topic what our media do.
    pub(super) fn announce(&mut self, id: CallId, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get(&id) else { return };
        let Told { flags, state_seq } = call.told;
        // Nobody has left or was kicked: the first epoch, with no members. The session layer puts in our
        // prekey record where it is wanted.
        let view = ahoy_crypto::call_keys::view(&id.0, 0, &call.facts.roster, &[]);
        let body = CallBody::Announce { state_seq, flags, view, record: None };
        cx.push(CallEffect::Broadcast { call: id, body });
    }

    /// Tells frontends the state of a call, if it is a new one.
    pub(super) fn show(&mut self, id: CallId, cx: &mut Cx<'_>) {
        let light = self.light(id);
        let Some(call) = self.live.get_mut(&id) else { return };
        let state = call.state(light);
        if state == call.shown {
            return;
        }
        call.shown = state;
        let direction = call.facts.direction();
        if let Some(state) = state {
            cx.event(call_state(id, state, direction));
        }
    }
}

/// The event of a state that isn't the end.
fn call_state(id: CallId, state: CallState, direction: Direction) -> EventKind {
    EventKind::CallState {
        call: text::call(id),
        state,
        direction,
        reason: None,
        cause: None,
        device: None,
        client: None,
        continues_as: None,
    }
}
