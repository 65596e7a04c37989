//! The call core: takes inputs, keeps calls, says what shall be done.

use std::collections::BTreeMap;

use rand_core::CryptoRng;

use super::early::EarlySignals;
use super::effect::CallEffect;
use super::ended::EndedCalls;
use super::hand_off::HandOffs;
use super::links::Fresh;
use super::moved::Network;
use super::recording::Recordings;
use super::seen::SeenCalls;
use super::signal::{CallInput, ContactPolicy};
use super::state::{Call, Peer, Phase};
use super::stays::Stays;
use super::times::Times;
use crate::control::{CallInfo, CallState, ControlError, EventKind, RecordPolicy, Reply};
use crate::ids::{AccountId, CallId, DeviceId, LinkId, Now, Ticket};

/// All calls of a device, as one pure state machine.
///
/// Inputs come in the order of arrival; effects are to be carried out in the order given. Nothing an
/// input holds can make it panic or grow without bound.
#[derive(Clone, Debug)]
pub struct CallCore {
    pub(super) own: AccountId,
    pub(super) own_device: DeviceId,
    pub(super) times: Times,
    /// What we allow contacts, where it isn't the default.
    pub(super) policies: BTreeMap<AccountId, ContactPolicy>,
    /// Calls that are not ended.
    pub(super) live: BTreeMap<CallId, Call>,
    pub(super) ended: EndedCalls,
    pub(super) seen: SeenCalls,
    pub(super) early: EarlySignals,
    /// Calls on their way between devices of our account.
    pub(super) hand_offs: HandOffs,
    /// Calls that are at another device of our account, and may come back.
    pub(super) stays: Stays,
    /// Links of ended calls that are still to be closed.
    pub(super) closing: Vec<Closing>,
    /// The one call whose microphone may be open: the one a person offered or accepted last.
    pub(super) focus: Option<CallId>,
    /// The microphone is open.
    pub(super) mic_open: bool,
    /// The microphone is muted, in whatever call. Stays while there is a call, then starts anew unmuted.
    pub(super) muted: bool,
    /// It was a key that muted, and that opens the microphone again when it goes up.
    pub(super) muted_by_key: bool,
    /// Nothing rings here: callers hear `busy`.
    pub(super) quiet: bool,
    pub(super) last_link: u64,
    pub(super) stopping: bool,
    /// A second call hears `busy` while we are in one.
    pub(super) busy_in_call: bool,
    pub(super) network: Network,
    pub(super) recordings: Recordings,
}

/// A link whose call is over.
#[derive(Clone, Debug)]
pub(super) struct Closing {
    pub(super) link: LinkId,
    /// When it is closed, monotonic ms.
    pub(super) at_ms: u64,
}

/// What every step works with.
pub(super) struct Cx<'a> {
    pub(super) now: Now,
    pub(super) rng: &'a mut dyn CryptoRng,
    pub(super) out: &'a mut Vec<CallEffect>,
}

impl Cx<'_> {
    /// Wants something done.
    pub(super) fn push(&mut self, effect: CallEffect) {
        self.out.push(effect);
    }

    /// Tells every frontend.
    pub(super) fn event(&mut self, event: EventKind) {
        self.out.push(CallEffect::Event(event));
    }

    /// Answers a frontend.
    pub(super) fn reply(&mut self, ticket: Ticket, result: Result<Reply, ControlError>) {
        self.out.push(CallEffect::Reply { ticket, result });
    }
}

impl CallCore {
    /// No calls yet.
    #[must_use]
    pub fn new(own: AccountId, own_device: DeviceId, times: Times) -> Self {
        Self {
            own,
            own_device,
            times,
            policies: BTreeMap::new(),
            live: BTreeMap::new(),
            ended: EndedCalls::default(),
            seen: SeenCalls::default(),
            early: EarlySignals::default(),
            hand_offs: HandOffs::default(),
            stays: Stays::default(),
            closing: Vec::new(),
            focus: None,
            mic_open: false,
            muted: false,
            muted_by_key: false,
            quiet: false,
            last_link: 0,
            stopping: false,
            busy_in_call: false,
            network: Network::default(),
            recordings: Recordings::default(),
        }
    }

    /// This device is one of another account from now on.
    pub fn set_own(&mut self, account: AccountId) {
        self.own = account;
    }

    /// What we allow a contact when we call it; without it [`ContactPolicy::default`] counts.
    pub fn set_policy(&mut self, account: AccountId, policy: ContactPolicy) {
        self.policies.insert(account, policy);
    }

    /// Do not disturb: calls that come in from now on don't ring, are listed as missed, and their callers hear `busy`.
    pub fn set_quiet(&mut self, quiet: bool) {
        self.quiet = quiet;
    }

    /// A call is accepted and not over.
    #[must_use]
    pub fn in_call(&self) -> bool {
        self.live.values().any(|call| matches!(call.phase, Phase::Joined(_)))
    }

    /// The contact is none any more.
    pub fn forget_policy(&mut self, account: AccountId) {
        self.policies.remove(&account);
    }

    /// Whether a second call hears `busy` while we are in one; otherwise it rings (call waiting).
    pub fn set_busy_in_call(&mut self, busy: bool) {
        self.busy_in_call = busy;
    }

    /// What is decided without a person: see [`Self::set_busy_in_call`] and [`Self::set_record_policy`].
    pub fn set_rules(&mut self, busy: bool, recording: RecordPolicy) {
        self.set_busy_in_call(busy);
        self.set_record_policy(recording);
    }

    /// Other time limits from now on, for calls under way too.
    pub fn set_times(&mut self, times: Times) {
        self.times = times;
    }

    /// A call id out of the store (`SeenCalls`): it makes no second missed call.
    pub fn remember(&mut self, call: CallId, account: AccountId, unix_ms: u64) {
        if let Some(seen) = self.seen.of(call, account, unix_ms) {
            seen.missed = true;
        }
    }

    /// Takes an input; adds what shall be done, in order.
    pub fn handle(&mut self, input: CallInput, now: Now, rng: &mut dyn CryptoRng, out: &mut Vec<CallEffect>) {
        let mut cx = Cx { now, rng, out };
        self.dispatch(input, &mut cx);
        self.settle(&mut cx);
    }

    fn dispatch(&mut self, input: CallInput, cx: &mut Cx<'_>) {
        match input {
            CallInput::Command { ticket, command } => self.command(ticket, command, cx),
            CallInput::Offer { from, offer } => self.offered(from, offer, cx),
            CallInput::Reached { call, device } => self.reached(call, device, cx),
            CallInput::Unreached { call, device, tried } => self.unreached(call, device, tried, cx),
            CallInput::OfferExpired { call, device } => self.offer_expired(call, device, cx),
            CallInput::Confirmed { call, device } => self.confirmed(call, device, cx),
            CallInput::Unconfirmed { call, device } => self.unconfirmed(call, device, cx),
            CallInput::Pair { call, device, body } => self.pair(call, device, body, cx),
            CallInput::Frame { call, device, body } => self.frame(call, device, body, cx),
            CallInput::Ctl { link, body } => self.ctl(link, body, cx),
            CallInput::Cancel { from, call, reason } => self.cancelled(from, call, reason, cx),
            CallInput::Elsewhere { from, body } => self.elsewhere(from, &body, cx),
            CallInput::Missed { from, body } => self.missed(from, body, cx),
            CallInput::Link { link, event } => self.link_event(link, event, cx),
            CallInput::Disconnected { device } => self.disconnected(device, cx),
            CallInput::Listens { call, device, listens } => self.listens(call, device, listens, cx),
            CallInput::Revoked { account, device } => self.revoked(account, device, cx),
            CallInput::Moved => self.moved(cx),
            CallInput::Woke => self.woke(cx),
            CallInput::HandOff { question, device, event } => self.hand_off_event(question, device, event, cx),
            CallInput::Recording { number, event } => self.recording_event(number, event, cx),
            CallInput::Timer => self.timers(cx),
            CallInput::Shutdown => self.shutdown(cx),
        }
    }

    /// Applies what a device said before its offer or confirm came.
    pub(super) fn apply_early(&mut self, call: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        for signal in self.early.take(call, device, cx.now.mono_ms) {
            self.dispatch(signal, cx);
        }
    }

    /// All calls, also those that ended within the last 10 minutes: first those that are not over, of both the newest
    /// first; names are left open.
    #[must_use]
    pub fn calls(&self, now: Now) -> Vec<CallInfo> {
        let mut calls = self.ended.list(now);
        calls.extend(self.visible().map(|call| self.call_info(call)));
        let over = |info: &CallInfo| info.state == CallState::Ended;
        let newest = |info: &CallInfo| std::cmp::Reverse(info.started_at_ms);
        calls.sort_by(|a, b| (over(a), newest(a), &a.call).cmp(&(over(b), newest(b), &b.call)));
        calls
    }

    /// Number of calls that frontends see and that are not ended.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.visible().count()
    }

    /// Number of calls that ring here (CHK-026).
    #[must_use]
    pub fn ringing(&self) -> usize {
        self.live.values().filter(|call| call.rings()).count()
    }

    /// Number of calls of this account that ring here.
    #[must_use]
    pub fn ringing_of(&self, account: AccountId) -> usize {
        self.live.values().filter(|call| call.rings() && call.facts.offerer == account).count()
    }

    /// Every link of calls that are not ended.
    #[must_use]
    pub fn links(&self) -> Vec<(CallId, DeviceId, LinkId)> {
        let of_call = |call: &Call| {
            let of_peer = |peer: &Peer| peer.links.current.as_ref().map(|link| (peer.device, link.id));
            let links: Vec<_> = call.peers.iter().filter_map(of_peer).collect();
            let call = call.id;
            links.into_iter().map(move |(device, link)| (call, device, link))
        };
        self.live.values().flat_map(of_call).collect()
    }

    /// This call id has come in before (kept 96 h, 4096 an account), or is a call of ours now.
    #[must_use]
    pub fn known(&self, call: CallId) -> bool {
        self.live.contains_key(&call) || self.seen.get(call).is_some()
    }

    /// Another account has named this call before this one did.
    #[must_use]
    pub fn is_of_another(&self, call: CallId, account: AccountId) -> bool {
        self.seen.get(call).is_some_and(|seen| seen.is_of_another(account))
    }

    /// Our microphone is muted.
    #[must_use]
    pub fn muted(&self) -> bool {
        self.muted
    }

    /// Nothing is left to be done for calls that ended.
    #[must_use]
    pub fn drained(&self) -> bool {
        self.live.is_empty() && self.closing.is_empty()
    }

    /// Calls that frontends see.
    pub(super) fn visible(&self) -> impl Iterator<Item = &Call> {
        self.live.values().filter(|call| call.visible())
    }

    /// The device in the call.
    pub(super) fn peer_mut(&mut self, call: CallId, device: DeviceId) -> Option<&mut Peer> {
        self.live.get_mut(&call).and_then(|call| call.peer_mut(device))
    }

    /// A name no link had before in this process, for one made now.
    pub(super) fn fresh_link(&mut self) -> Fresh {
        self.last_link += 1;
        Fresh { id: LinkId(self.last_link), network: self.network.number() }
    }
}
