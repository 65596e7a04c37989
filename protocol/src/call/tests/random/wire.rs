//! What lies between the cores: offers and their answers, pairs in order, everything else in whatever order the dice say,
//! some of it twice; and links. It takes no time, unless a direction is blocked or a path broken.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::machine::byte;
use super::model::{PEOPLE, path};
use crate::call::OfPair;
use crate::call::effect::{CallEffect, LinkCommand};
use crate::call::signal::{CallInput, ContactPolicy, HandOffEvent, LinkEnd, LinkEvent, Sender};
use crate::call::tests::desk::{Desk, account, device};
use crate::ids::{CallId, DeviceId, LinkId};
use crate::limits::FORGET_MS;
use crate::sim::dice::Dice;
use crate::wire::bodies::{PairBody, Purpose, SdpKind};

/// On its way.
#[derive(Clone, Debug)]
pub(super) struct Flying {
    pub(super) from: usize,
    pub(super) to: usize,
    /// It may come once more.
    pub(super) again: bool,
    pub(super) input: CallInput,
}

/// One end of a link.
#[derive(Debug, Default)]
pub(super) struct Tail {
    pub(super) remote: Option<(usize, LinkId)>,
    pub(super) up: bool,
    pub(super) quiet: bool,
    pub(super) send: bool,
    pub(super) play: bool,
    pub(super) heard: bool,
}

/// The cores and all between them.
pub(super) struct Wire {
    pub(super) desks: Vec<Desk>,
    /// The first and the last are devices of one account.
    pub(super) twins: bool,
    /// Ids of questions whether another device takes a call over.
    pub(super) questions: BTreeSet<CallId>,
    pub(super) policy: ContactPolicy,
    pub(super) dice: Dice,
    pub(super) seed: u64,
    pub(super) now_ms: u64,
    /// How often each was started.
    pub(super) lives: Vec<u32>,
    pub(super) loose: Vec<Flying>,
    pub(super) pairs: BTreeMap<(usize, usize), VecDeque<CallInput>>,
    /// What engines say.
    pub(super) told: Vec<(usize, CallInput)>,
    pub(super) blocked: BTreeSet<(usize, usize)>,
    pub(super) broken: BTreeSet<(usize, usize)>,
    pub(super) tails: BTreeMap<(usize, LinkId), Tail>,
    /// Two seconds without a packet, at which end.
    pub(super) quiet: Vec<(u64, usize, LinkId)>,
    /// Offers that are not answered, by call, caller and callee.
    pub(super) offering: BTreeMap<(CallId, usize, usize), CallInput>,
    /// Offers that came and were not confirmed, and when they came.
    pub(super) waiting: BTreeMap<(CallId, usize, usize), u64>,
    /// Pairs, by call, caller and callee.
    pub(super) known: BTreeSet<(CallId, usize, usize)>,
    /// Calls that somebody has no keys of any more: of what comes for them only last words count, for a while.
    pub(super) forgotten: BTreeMap<(usize, CallId), u64>,
}

fn who(of: DeviceId) -> usize {
    usize::from(of.0[0]) - 1
}

fn is_last_word(input: &CallInput) -> bool {
    matches!(input, CallInput::Pair { body: PairBody::HangUp(_) | PairBody::Verdict(_), .. })
}

impl Wire {
    pub(super) fn new((early, twins): (bool, bool), seed: u64) -> Self {
        let policy = ContactPolicy { early_connection: early, ..ContactPolicy::default() };
        let mut wire = Self {
            desks: Vec::new(),
            twins,
            questions: BTreeSet::new(),
            policy,
            dice: Dice::new(seed),
            seed,
            now_ms: 1_000_000,
            lives: vec![0; PEOPLE],
            loose: Vec::new(),
            pairs: BTreeMap::new(),
            told: Vec::new(),
            blocked: BTreeSet::new(),
            broken: BTreeSet::new(),
            tails: BTreeMap::new(),
            quiet: Vec::new(),
            offering: BTreeMap::new(),
            waiting: BTreeMap::new(),
            known: BTreeSet::new(),
            forgotten: BTreeMap::new(),
        };
        wire.desks = (0..PEOPLE).map(|n| wire.desk(n)).collect();
        wire
    }

    /// The byte that names somebody's account.
    pub(super) fn account_of(&self, n: usize) -> u8 {
        byte(if self.twins && n == 2 { 0 } else { n })
    }

    pub(super) fn desk(&self, n: usize) -> Desk {
        let seed = format!("{} {}", self.seed, self.lives[n]);
        let mut desk = Desk::again((self.account_of(n), byte(n)), &seed);
        for other in 0..PEOPLE {
            desk.core.set_policy(account(self.account_of(other)), self.policy);
        }
        desk.set_clock(self.now_ms);
        desk
    }

    /// Somebody is told something, and what they want is carried out.
    pub(super) fn feed(&mut self, n: usize, input: CallInput) -> Vec<CallEffect> {
        let Some(input) = self.about_question(input) else { return Vec::new() };
        let out = self.desks[n].input(input);
        for effect in &out {
            self.signal(n, effect);
            self.media(n, effect);
        }
        out
    }

    /// What is said of a question, as the core above the calls passes it on; everything else as it is.
    fn about_question(&self, input: CallInput) -> Option<CallInput> {
        let Some((question, device, said)) = input.clone().of_pair().filter(|of| self.questions.contains(&of.0)) else {
            let late = matches!(&input, CallInput::Unconfirmed { call, .. } if self.questions.contains(call));
            return (!late).then_some(input);
        };
        let event = match said {
            OfPair::Offered(..) => return None,
            OfPair::Reached => HandOffEvent::Reached,
            OfPair::Unreached(tried) => HandOffEvent::Unreached(tried),
            OfPair::Expired => HandOffEvent::Unreached(String::new()),
            OfPair::Confirmed => HandOffEvent::Confirmed,
            OfPair::Said(body) => HandOffEvent::said(body, |_| true)?,
        };
        Some(CallInput::HandOff { question, device, event })
    }

    fn sender(&self, from: usize, to: usize) -> Sender {
        let (account, device) = (account(self.account_of(from)), device(byte(from)));
        let own = self.account_of(from) == self.account_of(to);
        Sender { account, device, own, policy: self.policy, sent_ms: self.desks[from].now.unix_ms }
    }

    fn fly(&mut self, from: usize, to: usize, input: CallInput) {
        self.loose.push(Flying { from, to, again: true, input });
    }

    fn signal(&mut self, n: usize, effect: &CallEffect) {
        let own = device(byte(n));
        match effect {
            CallEffect::Offer { device, offer, .. } => {
                let to = who(*device);
                if offer.purpose == Purpose::HandOff {
                    self.questions.insert(offer.call);
                }
                let input = CallInput::Offer { from: self.sender(n, to), offer: offer.as_ref().clone() };
                self.offering.insert((offer.call, n, to), input.clone());
                self.fly(n, to, input);
            }
            CallEffect::Confirm { call, device } => {
                self.pairs
                    .entry((n, who(*device)))
                    .or_default()
                    .push_back(CallInput::Confirmed { call: *call, device: own });
            }
            CallEffect::Pair { call, device, body } => {
                let input = CallInput::Pair { call: *call, device: own, body: body.clone() };
                self.pairs.entry((n, who(*device))).or_default().push_back(input);
            }
            CallEffect::Broadcast { call, body } => {
                for to in (0..PEOPLE).filter(|to| *to != n) {
                    let paired = self.known.contains(&(*call, n, to)) || self.known.contains(&(*call, to, n));
                    // It says what other paths say as well, and may be lost.
                    if paired && !self.dice.once_in(6) {
                        self.fly(n, to, CallInput::Frame { call: *call, device: own, body: body.clone() });
                    }
                }
            }
            CallEffect::Cancel { call, device, reason, .. } => {
                self.offering.remove(&(*call, n, who(*device)));
                let from = self.sender(n, who(*device));
                self.fly(n, who(*device), CallInput::Cancel { from, call: *call, reason: *reason });
            }
            CallEffect::Missed { device, body, .. } => {
                let from = self.sender(n, who(*device));
                self.fly(n, who(*device), CallInput::Missed { from, body: *body });
            }
            CallEffect::Forget { call } => {
                self.forgotten.entry((n, *call)).or_insert(self.now_ms);
                self.offering.retain(|(of, from, _), _| of != call || *from != n);
                self.waiting.retain(|(of, _, to), _| of != call || *to != n);
            }
            CallEffect::Elsewhere(body) => {
                if let Some(to) = self.twins.then_some(2usize.wrapping_sub(n)).filter(|to| *to < PEOPLE && *to != n) {
                    let from = self.sender(n, to);
                    self.fly(n, to, CallInput::Elsewhere { from, body: body.as_ref().clone() });
                }
            }
            CallEffect::OpenLink { .. }
            | CallEffect::Link { .. }
            | CallEffect::Microphone { .. }
            | CallEffect::Mute { .. }
            | CallEffect::Record(_)
            | CallEffect::Reply { .. }
            | CallEffect::Event(_)
            | CallEffect::History(_) => {}
        }
    }

    fn open(&self, from: usize, to: usize) -> bool {
        !self.blocked.contains(&(from, to)) && !self.broken.contains(&path(from, to))
    }

    /// All arrives that can, in an order that the dice decide.
    pub(super) fn deliver(&mut self) {
        for _ in 0..100_000 {
            let loose: Vec<usize> =
                (0..self.loose.len()).filter(|at| self.open(self.loose[*at].from, self.loose[*at].to)).collect();
            let pairs: Vec<(usize, usize)> = self
                .pairs
                .iter()
                .filter(|((from, to), queue)| !queue.is_empty() && self.open(*from, *to))
                .map(|(key, _)| *key)
                .collect();
            let told = self.told.len();
            let many = loose.len() + pairs.len() + told;
            if many == 0 {
                return;
            }
            let at = self.dice.below(many);
            if let Some(at) = loose.get(at) {
                let doubled = self.loose[*at].again && self.dice.once_in(6);
                let flying = if doubled {
                    self.loose[*at].again = false;
                    self.loose[*at].clone()
                } else {
                    self.loose.swap_remove(*at)
                };
                self.arrive(flying.from, flying.to, flying.input);
            } else if let Some((from, to)) = pairs.get(at - loose.len()).copied() {
                let input = self.pairs.get_mut(&(from, to)).and_then(VecDeque::pop_front);
                self.arrive(from, to, input.unwrap());
            } else {
                // An engine's words keep their order.
                let first = at - loose.len() - pairs.len();
                let n = self.told[first].0;
                let first = self.told.iter().position(|(of, _)| *of == n).unwrap();
                let (n, input) = self.told.remove(first);
                self.engine(n, input);
            }
        }
        panic!("it never comes to rest");
    }

    /// What the session layer makes of a message, and then the core.
    fn arrive(&mut self, from: usize, to: usize, input: CallInput) {
        if let CallInput::Offer { offer, .. } = &input {
            let key = (offer.call, from, to);
            if !self.known.contains(&key) && !self.forgotten.contains_key(&(to, offer.call)) {
                self.waiting.entry(key).or_insert(self.now_ms);
                let reached = CallInput::Reached { call: offer.call, device: device(byte(to)) };
                self.loose.push(Flying { from: to, to: from, again: false, input: reached });
            }
        }
        if let CallInput::Reached { call, .. } = &input
            && self.offering.remove(&(*call, to, from)).is_none()
        {
            return;
        }
        if let CallInput::Confirmed { call, .. } = &input {
            if self.waiting.remove(&(*call, from, to)).is_none() {
                return;
            }
            self.known.insert((*call, from, to));
        }
        if let CallInput::Pair { call, .. } | CallInput::Frame { call, .. } = &input
            && let Some(since_ms) = self.forgotten.get(&(to, *call))
            && (!is_last_word(&input) || self.now_ms > since_ms + FORGET_MS)
        {
            return;
        }
        self.feed(to, input);
    }

    /// An engine speaks, of a link that it still has.
    fn engine(&mut self, n: usize, input: CallInput) {
        let CallInput::Link { link, event } = &input else { return };
        let (link, first) = (*link, matches!(event, LinkEvent::Connected));
        if matches!(event, LinkEvent::Closed(_)) {
            self.tails.remove(&(n, link));
        } else {
            let Some(tail) = self.tails.get_mut(&(n, link)) else { return };
            tail.up |= first;
        }
        self.feed(n, input);
        if first {
            self.feed(n, CallInput::Link { link, event: LinkEvent::CtlOpen });
            self.sound(n, link);
        }
    }

    pub(super) fn tell(&mut self, n: usize, link: LinkId, event: LinkEvent) {
        self.told.push((n, CallInput::Link { link, event }));
    }

    pub(super) fn describe(&mut self, n: usize, link: LinkId, kind: SdpKind, generation: u32) {
        let sdp = format!("{n}/{}", link.0);
        self.tell(n, link, LinkEvent::Description { kind, generation, sdp });
    }

    fn media(&mut self, n: usize, effect: &CallEffect) {
        if let CallEffect::OpenLink { link, offerer, .. } = effect {
            self.tails.insert((n, *link), Tail::default());
            if *offerer {
                self.describe(n, *link, SdpKind::Offer, 0);
            }
        }
        let CallEffect::Link { link, command } = effect else { return };
        let key = (n, *link);
        let Some(tail) = self.tails.get_mut(&key) else { return };
        match command {
            LinkCommand::Apply { kind, generation, sdp } => {
                let (other, theirs) = sdp.split_once('/').unwrap();
                let remote = (other.parse().unwrap(), LinkId(theirs.parse().unwrap()));
                tail.remote = Some(remote);
                match kind {
                    SdpKind::Offer => self.describe(n, *link, SdpKind::Answer, *generation),
                    SdpKind::Answer
                        if self.tails.contains_key(&remote) && !self.broken.contains(&path(n, remote.0)) =>
                    {
                        self.tell(n, *link, LinkEvent::Connected);
                        self.tell(remote.0, remote.1, LinkEvent::Connected);
                    }
                    SdpKind::Answer => {}
                }
            }
            LinkCommand::Restart { generation } => self.describe(n, *link, SdpKind::Offer, *generation),
            LinkCommand::Send { on } => {
                tail.send = *on;
                self.sound(n, *link);
            }
            LinkCommand::Play { on } => {
                (tail.play, tail.heard) = (*on, false);
                self.sound(n, *link);
            }
            LinkCommand::Ctl(body) => {
                if let Some((other, link)) = tail.remote.filter(|_| tail.up) {
                    self.fly(n, other, CallInput::Ctl { link, body: *body });
                }
            }
            LinkCommand::Close => self.close(n, *link),
            LinkCommand::Candidate { .. } | LinkCommand::EndOfCandidates { .. } => {}
        }
    }

    fn close(&mut self, n: usize, link: LinkId) {
        let Some(tail) = self.tails.remove(&(n, link)) else { return };
        self.feed(n, CallInput::Link { link, event: LinkEvent::Closed(LinkEnd::Local) });
        let Some((other, theirs)) = tail.remote.filter(|_| tail.up) else { return };
        if self.broken.contains(&path(n, other)) {
            // Nothing has come since the path broke: that silence is noticed already, or soon.
            let silent = self.tails.get(&(other, theirs)).is_some_and(|tail| tail.quiet)
                || self.quiet.iter().any(|(_, of, link)| (*of, *link) == (other, theirs));
            self.quiet.extend((!silent).then_some((self.now_ms + 2_000, other, theirs)));
        } else {
            self.tell(other, theirs, LinkEvent::Closed(LinkEnd::Remote));
        }
    }

    /// Who plays hears the first of what the other sends.
    pub(super) fn sound(&mut self, n: usize, link: LinkId) {
        let Some((other, remote)) = self.tails.get(&(n, link)).and_then(|tail| tail.remote) else { return };
        if self.broken.contains(&path(n, other)) {
            return;
        }
        for (hears, speaks) in [((n, link), (other, remote)), ((other, remote), (n, link))] {
            let flows = self.tails.get(&speaks).is_some_and(|tail| tail.up && tail.send);
            let Some(tail) = self.tails.get_mut(&hears) else { continue };
            if flows && tail.up && tail.play && !tail.heard {
                tail.heard = true;
                self.tell(hears.0, hears.1, LinkEvent::FirstAudio);
            }
        }
    }
}
