//! One call core with a clock, a log and the invariants: what every test drives.

use super::invariants::Invariants;
pub(super) use super::invariants::parse_call;
use crate::call::effect::{CallEffect, HistoryEntry};
use crate::call::recording::Voice;
use crate::call::signal::{CallInput, ContactPolicy, LinkEvent, Sender};
use crate::call::{CallCore, JoinedCall, Times};
use crate::control::{CallCommand, CallInfo, CallState, ControlError, EndCause, EventKind, InCall, Reply};
use crate::ids::{AccountId, CallId, DeviceId, LinkId, Now, Ticket};
use crate::testing::{SeededRng, rng};
use crate::wire::bodies::{Elsewhere, Format, Media, Offer, PairBody, Purpose, Reason, SdpKind, Verdict};
use ahoy_crypto::Secret;

/// An account named by a byte.
pub(super) fn account(n: u8) -> AccountId {
    AccountId([n; 32])
}

/// A device named by a byte: the order of the bytes is the order of the devices.
pub(super) fn device(n: u8) -> DeviceId {
    DeviceId([n; 32])
}

/// A call named by a byte.
pub(super) fn call(n: u8) -> CallId {
    CallId([n; 16])
}

/// Unix time at monotonic zero.
const UNIX_MS: u64 = 1_795_000_000_000;

/// A core under test. Its account and device are those of the byte it is made with.
pub(super) struct Desk {
    pub(super) core: CallCore,
    pub(super) now: Now,
    pub(super) log: Vec<CallEffect>,
    own: u8,
    invariants: Invariants,
    rng: SeededRng,
}

impl Desk {
    pub(super) fn new(own: u8) -> Self {
        Self::of(own, own, Times::default())
    }

    pub(super) fn of(own: u8, own_device: u8, times: Times) -> Self {
        Self {
            core: CallCore::new(account(own), device(own_device), times),
            now: Now { mono_ms: 1_000_000, unix_ms: UNIX_MS + 1_000_000 },
            log: Vec::new(),
            own,
            invariants: Invariants::default(),
            rng: rng(&format!("desk {own} {own_device}")),
        }
    }

    /// The desk of a device, by account and device, with randomness of its own.
    pub(super) fn again((own, device): (u8, u8), seed: &str) -> Self {
        Self { rng: rng(&format!("desk {device} {seed}")), ..Self::of(own, device, Times::default()) }
    }

    /// Feeds an input; what comes out has passed the invariants.
    pub(super) fn input(&mut self, input: CallInput) -> Vec<CallEffect> {
        self.invariants.before(&input);
        let mut out = Vec::new();
        self.core.handle(input, self.now, &mut self.rng, &mut out);
        self.invariants.after(&out);
        self.log.extend(out.iter().cloned());
        out
    }

    /// Sets the clock without firing anything.
    pub(super) fn set_clock(&mut self, mono_ms: u64) {
        self.now = Now { mono_ms, unix_ms: UNIX_MS + mono_ms };
    }

    /// Lets time pass; timers fire when they say.
    pub(super) fn wait(&mut self, ms: u64) -> Vec<CallEffect> {
        let end = self.now.mono_ms + ms;
        let mut out = Vec::new();
        while let Some(at) = self.core.next_timer_ms().filter(|at| *at <= end) {
            self.set_clock(at.max(self.now.mono_ms));
            out.extend(self.input(CallInput::Timer));
            let next = self.core.next_timer_ms();
            assert!(next.is_none_or(|next| next > self.now.mono_ms), "a timer that was served is due again");
        }
        self.set_clock(end);
        out
    }

    pub(super) fn command(&mut self, command: CallCommand) -> Result<Reply, ControlError> {
        let out = self.input(CallInput::Command { ticket: Ticket(7), command });
        let mut replies = out.into_iter().filter_map(|effect| {
            let CallEffect::Reply { ticket: Ticket(7), result } = effect else { return None };
            Some(result)
        });
        let reply = replies.next().expect("every command is answered");
        assert!(replies.next().is_none(), "a command is answered once");
        reply
    }

    /// Calls the devices of an account; the new call's id.
    pub(super) fn dial(&mut self, to: u8, devices: &[u8]) -> CallId {
        let to = vec![(account(to), devices.iter().map(|d| device(*d)).collect())];
        let reply = self.command(CallCommand::Offer { to, context: Some(b"chat 7".to_vec()), unproven: None });
        let Ok(Reply::Offered(offered)) = reply else { panic!("not offered: {reply:?}") };
        parse_call(&offered.call)
    }

    /// After a kill: goes on with a call for 30 s; the new call's id.
    pub(super) fn rejoin(&mut self, old: JoinedCall) -> CallId {
        let mut out = Vec::new();
        self.invariants.was_in(old.call, old.first);
        self.core.rejoin(old, self.now.mono_ms + 30_000, self.now, &mut self.rng, &mut out);
        self.invariants.after(&out);
        self.log.extend(out.iter().cloned());
        let offered = |effect: &CallEffect| {
            let CallEffect::Offer { offer, .. } = effect else { return None };
            Some(offer.call)
        };
        out.iter().find_map(offered).expect("an offer")
    }

    pub(super) fn accept(&mut self, call: CallId) -> Result<Reply, ControlError> {
        self.command(CallCommand::Accept { call: Some(call), in_call: InCall::Hold })
    }

    pub(super) fn decline(&mut self, call: CallId) -> Result<Reply, ControlError> {
        self.command(CallCommand::Decline { call: Some(call) })
    }

    pub(super) fn hang_up(&mut self, call: CallId) -> Result<Reply, ControlError> {
        self.command(CallCommand::HangUp { call: Some(call) })
    }

    /// An offer of a device, to us two.
    pub(super) fn offer(&mut self, id: CallId, from: u8, from_device: u8) -> Vec<CallEffect> {
        let from = self.sender(from, from_device);
        let offer = ring_offer(id, from.account, account(self.own));
        self.input(CallInput::Offer { from, offer })
    }

    pub(super) fn confirm(&mut self, id: CallId, from_device: u8) -> Vec<CallEffect> {
        self.input(CallInput::Confirmed { call: id, device: device(from_device) })
    }

    /// Offer and confirm: it rings.
    pub(super) fn rings(&mut self, id: CallId, from: u8) {
        self.offer(id, from, from);
        self.confirm(id, from);
        assert_eq!(self.state(id), Some(CallState::Incoming));
    }

    /// Offer, confirm and accept.
    pub(super) fn accepted(&mut self, id: CallId, from: u8) {
        self.rings(id, from);
        self.accept(id).unwrap();
    }

    /// An accepted call whose media flow.
    pub(super) fn talks(&mut self, id: CallId, from: u8) -> LinkId {
        self.accepted(id, from);
        self.flows(id, from)
    }

    /// Brings the media of an accepted call up.
    pub(super) fn flows(&mut self, id: CallId, with: u8) -> LinkId {
        if self.link_of(id, device(with)).is_none() {
            self.pair(id, with, description(1, 0, SdpKind::Offer));
        }
        let link = self.link_of(id, device(with)).expect("a link");
        for event in [LinkEvent::Connected, LinkEvent::CtlOpen, LinkEvent::FirstAudio] {
            self.link(link, event);
        }
        assert_eq!(self.state(id), Some(CallState::Active));
        link
    }

    pub(super) fn sender(&self, from: u8, from_device: u8) -> Sender {
        Sender {
            account: account(from),
            device: device(from_device),
            own: from == self.own,
            policy: ContactPolicy::default(),
            sent_ms: self.now.unix_ms,
        }
    }

    pub(super) fn pair(&mut self, id: CallId, from_device: u8, body: PairBody) -> Vec<CallEffect> {
        self.input(CallInput::Pair { call: id, device: device(from_device), body })
    }

    pub(super) fn verdict(&mut self, id: CallId, from_device: u8, verdict: Verdict) -> Vec<CallEffect> {
        self.pair(id, from_device, PairBody::Verdict(verdict))
    }

    pub(super) fn hear_hang_up(&mut self, id: CallId, from_device: u8, reason: Reason) -> Vec<CallEffect> {
        self.pair(id, from_device, PairBody::HangUp(reason))
    }

    pub(super) fn reached(&mut self, id: CallId, on: u8) -> Vec<CallEffect> {
        self.input(CallInput::Reached { call: id, device: device(on) })
    }

    pub(super) fn unreached(&mut self, id: CallId, on: u8, tried: &str) -> Vec<CallEffect> {
        self.input(CallInput::Unreached { call: id, device: device(on), tried: tried.to_owned() })
    }

    pub(super) fn link(&mut self, link: LinkId, event: LinkEvent) -> Vec<CallEffect> {
        self.input(CallInput::Link { link, event })
    }

    pub(super) fn disconnected(&mut self, from: u8) -> Vec<CallEffect> {
        self.input(CallInput::Disconnected { device: device(from) })
    }

    pub(super) fn listens(&mut self, id: CallId, on: u8, listens: bool) -> Vec<CallEffect> {
        self.input(CallInput::Listens { call: id, device: device(on), listens })
    }

    /// The current link with a device in a call.
    pub(super) fn link_of(&self, id: CallId, with: DeviceId) -> Option<LinkId> {
        self.core.links().into_iter().find(|(c, d, _)| *c == id && *d == with).map(|(_, _, link)| link)
    }

    pub(super) fn info(&self, id: CallId) -> Option<CallInfo> {
        let text = crate::call::text::call(id);
        self.core.calls(self.now).into_iter().find(|info| info.call == text)
    }

    pub(super) fn state(&self, id: CallId) -> Option<CallState> {
        self.info(id).map(|info| info.state)
    }

    /// The states frontends were told, in order.
    pub(super) fn states(&self, id: CallId) -> Vec<CallState> {
        self.state_events(id).into_iter().map(|(state, _, _)| state).collect()
    }

    fn state_events(&self, id: CallId) -> Vec<(CallState, Option<String>, Option<EndCause>)> {
        let text = crate::call::text::call(id);
        let of_call = |event: &EventKind| {
            let EventKind::CallState { call, state, reason, cause, .. } = event else { return None };
            (*call == text).then(|| (*state, reason.clone(), cause.clone()))
        };
        self.events().into_iter().filter_map(of_call).collect()
    }

    /// The reason a call ended with, as frontends were told.
    pub(super) fn reason(&self, id: CallId) -> Option<String> {
        self.state_events(id).into_iter().find(|(state, _, _)| *state == CallState::Ended).and_then(|(_, r, _)| r)
    }

    /// The call that it went on as, or itself.
    pub(super) fn last_of(&self, id: CallId) -> CallId {
        let next = |of: CallId| {
            let text = crate::call::text::call(of);
            self.events().into_iter().find_map(|event| {
                let EventKind::CallState { call, continues_as: Some(next), .. } = event else { return None };
                (*call == text).then(|| parse_call(next))
            })
        };
        std::iter::successors(Some(id), |of| next(*of)).last().unwrap_or(id)
    }

    pub(super) fn cause(&self, id: CallId) -> Option<EndCause> {
        self.state_events(id).into_iter().find(|(state, _, _)| *state == CallState::Ended).and_then(|(_, _, c)| c)
    }

    pub(super) fn events(&self) -> Vec<&EventKind> {
        events(&self.log).collect()
    }

    pub(super) fn missed_calls(&self) -> usize {
        self.events().into_iter().filter(|e| matches!(e, EventKind::MissedCall { .. })).count()
    }

    pub(super) fn history(&self) -> Vec<HistoryEntry> {
        let entry = |effect: &CallEffect| {
            let CallEffect::History(entry) = effect else { return None };
            Some(entry.as_ref().clone())
        };
        self.log.iter().filter_map(entry).collect()
    }

    /// Voices that are written to our recording.
    pub(super) fn written(&self) -> Vec<Voice> {
        self.invariants.written()
    }

    pub(super) fn microphone(&self) -> bool {
        self.invariants.microphone()
    }

    /// Sound of a link: (sent, played).
    pub(super) fn sound(&self, link: LinkId) -> (bool, bool) {
        self.invariants.sound(link)
    }
}

/// The events among effects.
pub(super) fn events(effects: &[CallEffect]) -> impl Iterator<Item = &EventKind> {
    effects.iter().filter_map(|effect| {
        let CallEffect::Event(event) = effect else { return None };
        Some(event)
    })
}

/// The pair bodies among effects, with the device each goes to.
pub(super) fn pairs(effects: &[CallEffect]) -> Vec<(DeviceId, PairBody)> {
    let pair = |effect: &CallEffect| {
        let CallEffect::Pair { device, body, .. } = effect else { return None };
        Some((*device, body.clone()))
    };
    effects.iter().filter_map(pair).collect()
}

/// What is told to a device over the pair channel, without descriptions and announces.
pub(super) fn told(effects: &[CallEffect], to: u8) -> Vec<PairBody> {
    pairs(effects).into_iter().filter(|(d, _)| *d == device(to)).map(|(_, body)| body).collect()
}

/// A ring offer between two accounts.
pub(super) fn ring_offer(id: CallId, a: AccountId, b: AccountId) -> Offer {
    let mut roster = vec![a, b];
    roster.sort_unstable();
    Offer {
        call: id,
        secret: Secret::new([9; 32]),
        purpose: Purpose::Ring,
        ttl_s: 60,
        roster,
        media: Media::AUDIO,
        format: Some(Format { rate: 48_000, channels: 1, frame_ms: 20 }),
        ice_policy: 0,
        sas_commit: [0; 32],
        attempt: 0,
        epoch: 0,
        invite_policy: 0,
        context: None,
        epoch_secret: None,
        view: None,
        offerer: None,
        continues: None,
    }
}

/// Kind 4 of another device of ours.
pub(super) fn elsewhere(event: u8, on: u8) -> Elsewhere {
    Elsewhere {
        call: call(7),
        event,
        device: device(on),
        epoch: None,
        secret: None,
        roster: None,
        epoch_secret: None,
        view: None,
    }
}

/// A whole description.
pub(super) fn description(link: u32, generation: u32, kind: SdpKind) -> PairBody {
    let bytes = format!("sdp {link} {generation}").into_bytes();
    PairBody::Description(crate::wire::bodies::Description { link, generation, kind, part: 0, parts: 1, bytes })
}
