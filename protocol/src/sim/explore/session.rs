//! What the layers below the call core do with what it wants: offers and their answers, pairs in order, links.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::model::Scene;
use super::node::at;
use super::state::{End, Flying, Session, State};
use crate::call::OfPair;
use crate::call::effect::{CallEffect, LinkCommand};
use crate::call::signal::{CallInput, HandOffEvent, LinkEnd, LinkEvent, Sender};
use crate::ids::{CallId, DeviceId, LinkId};
use crate::limits::FORGET_MS;
use crate::wire::bodies::{Candidate, PairBody, Purpose, SdpKind};

/// What a device's own engine tells it at once, in order.
type Told = VecDeque<(usize, CallInput)>;

impl Scene {
    /// A device takes an input, and all that follows at once is carried out.
    pub(super) fn feed(&self, state: &mut State, node: usize, input: CallInput) {
        let mut told = Told::from([(node, input)]);
        while let Some((n, input)) = told.pop_front() {
            let rules = (self.policy, self.broken);
            let (after, out) = self.steps.step(&state.nodes[n], &input, state.clock_ms, rules);
            state.nodes[n] = after;
            for effect in out.iter() {
                self.signal(state, n, effect);
                self.media(state, n, effect, &mut told);
            }
        }
        state.tidy();
    }

    fn sender(&self, state: &State, from: usize, to: usize) -> Sender {
        let own = self.accounts[from] == self.accounts[to];
        let sent_ms = at(state.clock_ms).unix_ms;
        Sender { account: self.account(from), device: self.device(from), own, policy: self.policy, sent_ms }
    }

    fn signal(&self, state: &mut State, n: usize, effect: &CallEffect) {
        let own = self.device(n);
        match effect {
            CallEffect::Offer { device, offer, .. } => {
                let to = self.node(*device);
                state.session.offering.insert((offer.call, n, to));
                if offer.purpose == Purpose::HandOff {
                    state.session.questions.insert(offer.call);
                }
                let from = self.sender(state, n, to);
                loose(state, n, to, CallInput::Offer { from, offer: offer.as_ref().clone() });
            }
            CallEffect::Confirm { call, device } => {
                let to = self.node(*device);
                pair(state, n, to, CallInput::Confirmed { call: *call, device: own });
            }
            CallEffect::Pair { call, device, body } if self.says(body) => {
                let to = self.node(*device);
                pair(state, n, to, CallInput::Pair { call: *call, device: own, body: body.clone() });
            }
            CallEffect::Broadcast { call, body } if self.frames => {
                for to in (0..state.nodes.len()).filter(|to| *to != n) {
                    if state.session.pairs.contains(&(*call, n, to)) || state.session.pairs.contains(&(*call, to, n)) {
                        loose(state, n, to, CallInput::Frame { call: *call, device: own, body: body.clone() });
                    }
                }
            }
            CallEffect::Cancel { call, device, reason, .. } => {
                let to = self.node(*device);
                state.session.offering.remove(&(*call, n, to));
                let from = self.sender(state, n, to);
                loose(state, n, to, CallInput::Cancel { from, call: *call, reason: *reason });
            }
            CallEffect::Missed { device, body, .. } => {
                let to = self.node(*device);
                let from = self.sender(state, n, to);
                loose(state, n, to, CallInput::Missed { from, body: *body });
            }
            CallEffect::Elsewhere(body) => {
                for to in (0..state.nodes.len()).filter(|to| *to != n && self.accounts[*to] == self.accounts[n]) {
                    let from = self.sender(state, n, to);
                    loose(state, n, to, CallInput::Elsewhere { from, body: body.as_ref().clone() });
                }
            }
            CallEffect::Forget { call } => {
                state.session.forgotten.entry((n, *call)).or_insert(state.clock_ms);
                state.session.offering.retain(|(of, from, _)| of != call || *from != n);
                state.session.waiting.retain(|(of, _, to), _| of != call || *to != n);
            }
            CallEffect::Pair { .. }
            | CallEffect::Broadcast { .. }
            | CallEffect::OpenLink { .. }
            | CallEffect::Link { .. }
            | CallEffect::Microphone { .. }
            | CallEffect::Mute { .. }
            | CallEffect::Record(_)
            | CallEffect::Reply { .. }
            | CallEffect::Event(_)
            | CallEffect::History(_) => {}
        }
    }

    /// A message arrives: what the session layer makes of it, and then the core.
    pub(super) fn arrive(&self, state: &mut State, flying: &Flying) {
        let (from, to) = (flying.from, flying.to);
        match flying.input.as_ref() {
            CallInput::Offer { offer, .. } => {
                // Answered at once; nothing is waited for once a pair exists.
                let key = (offer.call, from, to);
                if !state.session.pairs.contains(&key) && !state.session.forgotten.contains_key(&(to, offer.call)) {
                    state.session.waiting.entry(key).or_insert(state.clock_ms);
                    let reached = CallInput::Reached { call: offer.call, device: self.device(to) };
                    loose(state, to, from, reached);
                }
            }
            CallInput::Reached { call, .. } if !state.session.offering.remove(&(*call, to, from)) => return,
            CallInput::Confirmed { call, .. } => {
                if state.session.waiting.remove(&(*call, from, to)).is_none() && !self.leaps {
                    return;
                }
                state.session.pairs.insert((*call, from, to));
            }
            CallInput::Pair { call, .. } | CallInput::Frame { call, .. }
                if is_unheard(state, (to, *call), &flying.input) =>
            {
                return;
            }
            CallInput::Link { link, event } if !self.still(state, to, *link, event) => return,
            CallInput::Ctl { link, .. } if !state.ends.contains_key(&(to, *link)) => return,
            CallInput::Command { .. }
            | CallInput::Reached { .. }
            | CallInput::Unreached { .. }
            | CallInput::OfferExpired { .. }
            | CallInput::Unconfirmed { .. }
            | CallInput::Pair { .. }
            | CallInput::Frame { .. }
            | CallInput::Ctl { .. }
            | CallInput::Cancel { .. }
            | CallInput::Elsewhere { .. }
            | CallInput::Missed { .. }
            | CallInput::HandOff { .. }
            | CallInput::Link { .. }
            | CallInput::Disconnected { .. }
            | CallInput::Recording { .. }
            | CallInput::Moved
            | CallInput::Woke
            | CallInput::Revoked { .. }
            | CallInput::Listens { .. }
            | CallInput::Timer
            | CallInput::Shutdown => {}
        }
        self.hear(state, to, flying.input.as_ref().clone());
        if let CallInput::Link { link, event: LinkEvent::Connected } = flying.input.as_ref() {
            self.feed(state, to, CallInput::Link { link: *link, event: LinkEvent::CtlOpen });
            sound(state, to, *link);
            state.tidy();
        }
    }

    /// A device is told what the session layer says, as the core above the calls passes it on.
    pub(super) fn hear(&self, state: &mut State, to: usize, input: CallInput) {
        let input = match about_question(&state.session, &input) {
            Some((question, device, said)) => {
                let Some(event) = said else { return };
                CallInput::HandOff { question, device, event }
            }
            None => input,
        };
        self.feed(state, to, input);
    }

    /// The engine still has the link it speaks of, and notes what it says.
    fn still(&self, state: &mut State, n: usize, link: LinkId, event: &LinkEvent) -> bool {
        let closed = matches!(event, LinkEvent::Closed(_));
        if closed {
            return state.ends.remove(&(n, link)).is_some();
        }
        let Some(end) = state.ends.get_mut(&(n, link)) else { return false };
        if matches!(event, LinkEvent::Connected) {
            end.up = true;
        }
        true
    }

    fn media(&self, state: &mut State, n: usize, effect: &CallEffect, told: &mut Told) {
        if let CallEffect::OpenLink { link, offerer, .. } = effect {
            state.ends.insert((n, *link), End::default());
            if *offerer {
                describe(told, n, *link, SdpKind::Offer, 0);
            }
        }
        let CallEffect::Link { link, command } = effect else { return };
        let key = (n, *link);
        let Some(end) = state.ends.get_mut(&key) else { return };
        match command {
            LinkCommand::Apply { kind, generation, sdp } => {
                let remote = parse(sdp);
                end.remote = Some(remote);
                match kind {
                    SdpKind::Offer => describe(told, n, *link, SdpKind::Answer, *generation),
                    SdpKind::Answer => {
                        engine(state, n, *link, LinkEvent::Connected);
                        engine(state, remote.0, remote.1, LinkEvent::Connected);
                    }
                }
            }
            LinkCommand::Restart { generation } => describe(told, n, *link, SdpKind::Offer, *generation),
            LinkCommand::Send { on } => {
                end.send = *on;
                sound(state, n, *link);
            }
            LinkCommand::Play { on } => {
                (end.play, end.heard) = (*on, false);
                sound(state, n, *link);
            }
            LinkCommand::Ctl(body) => {
                if let Some((other, remote)) = end.remote.filter(|_| end.up) {
                    loose(state, n, other, CallInput::Ctl { link: remote, body: *body });
                }
            }
            LinkCommand::Close => {
                let remote = end.remote.filter(|_| end.up);
                state.ends.remove(&key);
                told.push_back((n, CallInput::Link { link: *link, event: LinkEvent::Closed(LinkEnd::Local) }));
                if let Some((other, remote)) = remote {
                    engine(state, other, remote, LinkEvent::Closed(LinkEnd::Remote));
                }
            }
            LinkCommand::Candidate { .. } | LinkCommand::EndOfCandidates { .. } => {}
        }
    }

    pub(super) fn device(&self, n: usize) -> DeviceId {
        DeviceId([u8::try_from(n + 1).unwrap(); 32])
    }

    fn node(&self, device: DeviceId) -> usize {
        usize::from(device.0[0]) - 1
    }

    /// Whether this scene's pairs carry it: descriptions and candidates only where media matter.
    fn says(&self, body: &PairBody) -> bool {
        self.links || !matches!(body, PairBody::Description(_) | PairBody::Candidates(_))
    }
}

/// What is said of a question whether another device takes over a call; none if it is about something else.
fn about_question(session: &Session, input: &CallInput) -> Option<(CallId, DeviceId, Option<HandOffEvent>)> {
    let (question, device, said) = input.clone().of_pair()?;
    let event = || match said {
        OfPair::Offered(..) => None,
        OfPair::Reached => Some(HandOffEvent::Reached),
        OfPair::Unreached(tried) => Some(HandOffEvent::Unreached(tried)),
        OfPair::Expired => Some(HandOffEvent::Unreached("nobody answered".to_owned())),
        OfPair::Confirmed => Some(HandOffEvent::Confirmed),
        OfPair::Said(body) => HandOffEvent::said(body, |_| true),
    };
    session.questions.contains(&question).then(|| (question, device, event()))
}

/// The device has forgotten the call: for a while it still hears last words, and nothing else.
fn is_unheard(state: &State, of: (usize, CallId), input: &CallInput) -> bool {
    let Some(since_ms) = state.session.forgotten.get(&of) else { return false };
    let last = matches!(input, CallInput::Pair { body: PairBody::HangUp(_) | PairBody::Verdict(_), .. });
    !last || state.clock_ms > since_ms + FORGET_MS
}

fn loose(state: &mut State, from: usize, to: usize, input: CallInput) {
    state.loose.push(Flying::new(from, to, false, input));
}

fn pair(state: &mut State, from: usize, to: usize, input: CallInput) {
    state.pairs.entry((from, to)).or_default().push(Flying::new(from, to, false, input));
}

/// An engine tells its device something in a while.
fn engine(state: &mut State, n: usize, link: LinkId, event: LinkEvent) {
    let flying = Flying::new(n, n, true, CallInput::Link { link, event });
    if state.loose.iter().all(|other| other.digest != flying.digest) {
        state.loose.push(flying);
    }
}

fn describe(told: &mut Told, n: usize, link: LinkId, kind: SdpKind, generation: u32) {
    let sdp = format!("{n}/{}", link.0);
    told.push_back((n, CallInput::Link { link, event: LinkEvent::Description { kind, generation, sdp } }));
    let candidate = Candidate { kind: 0, protocol: 0, ip: IpAddr::from([127, 0, 0, 1]), port: 5000, priority: 1 };
    told.push_back((n, CallInput::Link { link, event: LinkEvent::Candidate { generation, candidate } }));
}

fn parse(sdp: &str) -> (usize, LinkId) {
    let (node, link) = sdp.split_once('/').unwrap();
    (node.parse().unwrap(), LinkId(link.parse().unwrap()))
}

/// Who plays hears the first of what the other sends.
fn sound(state: &mut State, n: usize, link: LinkId) {
    let Some((other, remote)) = state.ends.get(&(n, link)).and_then(|end| end.remote) else { return };
    for (hears, speaks) in [((n, link), (other, remote)), ((other, remote), (n, link))] {
        let flows = state.ends.get(&speaks).is_some_and(|end| end.up && end.send);
        let Some(end) = state.ends.get_mut(&hears) else { continue };
        if flows && end.up && end.play && !end.heard {
            end.heard = true;
            engine(state, hears.0, hears.1, LinkEvent::FirstAudio);
        }
    }
}
