//! A device of the tests: keys, a session, and the little of the rest that the session asks for.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use ahoy_crypto::prekey::PrekeyTerms;
use ahoy_crypto::{Certificate, DeviceSet, DhKey, Inbox, PrekeyRecord, Secret, SignKey};

use crate::account::{FEATURE_CONTINUES, takes_continuations};
use crate::call::signal::{CallInput, ContactPolicy, Sender};
use crate::ids::{AccountId, CallId, DeviceId};
use crate::inbound::{Done, Held, Rate, State, Verified};
use crate::outbound::{Identity, Recipient, Where};
use crate::session::{Route, Session, SessionTimes, World};
use crate::testing::rng;
use crate::topic::Topic;
use crate::wire::bodies::InboxBody;

/// Unix seconds at monotonic time 0.
pub(super) const START_S: u64 = 1_795_262_411;

/// What a device is to the outside.
#[derive(Clone)]
pub(super) struct Card {
    pub(super) account: AccountId,
    pub(super) device: DeviceId,
    pub(super) record: PrekeyRecord,
    inbox: Inbox,
}

impl Card {
    /// Its inbox now.
    pub(super) fn at(&self, now_s: u64) -> Where {
        let day = self.inbox.day(now_s);
        Where { topic: Topic(self.inbox.topic(day)), hint_key: self.inbox.hint_key(day), stamp: day }
    }
}

/// Keys of a device.
pub(super) struct Keys {
    pub(super) card: Card,
    pub(super) dk: DhKey,
    spk: DhKey,
    certificate: Certificate,
}

impl Keys {
    pub(super) fn new(name: &str) -> Self {
        let rng = &mut rng(name);
        let (account, device) = (SignKey::generate(rng), SignKey::generate(rng));
        let (dk, spk) = (DhKey::generate(rng), DhKey::generate(rng));
        let certificate = Certificate::make(&account, device.device(), dk.public(), START_S + 10_000_000);
        let terms = PrekeyTerms {
            spk_id: [1, 2, 3, 4],
            spk: spk.public(),
            not_before_s: START_S - 7_200,
            not_after_s: START_S + 200_000,
            revision: 1,
            // A device of this name is of a version that knew no feature.
            features: if name.starts_with("Old") { 0 } else { FEATURE_CONTINUES },
        };
        let record = PrekeyRecord::make(&device, &certificate, terms);
        let inbox = Inbox::new(&Secret::random(rng));
        let card = Card { account: account.account(), device: device.device(), record, inbox };
        Self { card, dk, spk, certificate }
    }
}

/// The rest of the core, as the session sees it.
pub(super) struct Outside<'a> {
    pub(super) keys: &'a Keys,
    pub(super) cards: &'a [Card],
    pub(super) now_s: u64,
    pub(super) subscribed: &'a BTreeSet<Topic>,
}

impl World for Outside<'_> {
    fn identity(&self) -> Identity<'_> {
        Identity { dk: &self.keys.dk, certificate: &self.keys.certificate }
    }

    fn record(&self) -> Option<&PrekeyRecord> {
        Some(&self.keys.card.record)
    }

    fn route(&self, device: DeviceId) -> Option<Route> {
        let card = self.cards.iter().find(|card| card.device == device)?;
        let terms = card.record.terms();
        let recipient = Recipient { device, spk: terms.spk, spk_id: terms.spk_id };
        let continuations = takes_continuations(&card.record);
        Some(Route { recipient, at: card.at(self.now_s), continuations })
    }

    fn has_subscriber(&self, topic: &Topic) -> bool {
        self.subscribed.contains(topic)
    }

    fn device_set(&self, _account: AccountId) -> Option<&DeviceSet> {
        None
    }
}

/// A device: its session and what the call core would have heard.
pub(super) struct Node {
    pub(super) keys: Keys,
    pub(super) session: Session,
    /// Topics that anybody else subscribes to.
    pub(super) subscribed: BTreeSet<Topic>,
    /// What the session told the call core.
    pub(super) heard: Vec<(u64, CallInput)>,
    /// What it told of linking.
    pub(super) linking: Vec<CallInput>,
    /// One-way messages that arrived, with their time.
    pub(super) letters: Vec<(u64, InboxBody)>,
    /// Nobody else has its prekey yet.
    pub(super) unknown: bool,
    /// Answers `Reached` with confirm at once.
    pub(super) confirms: bool,
    /// Sends receipts for what asks for them.
    pub(super) gives_receipts: bool,
    /// Envelopes seen (check 007).
    pub(super) replays: HashSet<[u8; 32]>,
    offered: BTreeMap<CallId, AccountId>,
}

impl Node {
    pub(super) fn new(name: &str) -> Self {
        Self {
            keys: Keys::new(name),
            session: Session::new(SessionTimes::default()),
            subscribed: BTreeSet::new(),
            heard: Vec::new(),
            linking: Vec::new(),
            letters: Vec::new(),
            unknown: false,
            confirms: true,
            gives_receipts: true,
            replays: HashSet::new(),
            offered: BTreeMap::new(),
        }
    }

    pub(super) fn device(&self) -> DeviceId {
        self.keys.card.device
    }

    pub(super) fn account(&self) -> AccountId {
        self.keys.card.account
    }

    pub(super) fn held(&self, topic: &Topic, now_s: u64) -> Option<Held> {
        let inbox = self.keys.card.at(now_s);
        if inbox.topic == *topic {
            return Some(Held::Inbox { hint_key: inbox.hint_key, day: inbox.stamp });
        }
        self.session.held(topic, self.device())
    }

    /// What `CallInput::Offer` says of the sender.
    pub(super) fn sender(&mut self, verified: &Verified, call: CallId) -> Sender {
        self.offered.insert(call, verified.account);
        let policy = ContactPolicy::default();
        let Verified { account, device, own, sent_ms, .. } = *verified;
        Sender { account, device, own, policy, sent_ms }
    }
}

/// Everybody else is a contact; nothing is ever too much.
impl State for Node {
    fn account(&self) -> AccountId {
        self.account()
    }
    fn device(&self) -> DeviceId {
        self.device()
    }
    fn prekey(&self, spk_id: [u8; 4]) -> Option<&DhKey> {
        (spk_id == self.keys.card.record.terms().spk_id).then_some(&self.keys.spk)
    }
    fn is_replay(&self, envelope: &[u8; 32]) -> bool {
        self.replays.contains(envelope)
    }
    fn enter_replay(&mut self, envelope: [u8; 32]) {
        self.replays.insert(envelope);
    }
    fn has_budget(&self, _topic: &Topic) -> bool {
        true
    }
    fn take_budget(&mut self, _topic: &Topic) {}
    fn device_set(&self, _account: AccountId) -> Option<&DeviceSet> {
        None
    }
    fn is_contact(&self, _account: AccountId) -> bool {
        true
    }
    fn is_blocked(&self, _account: AccountId) -> bool {
        false
    }
    fn call_roster(&self, call: CallId) -> Option<&[AccountId]> {
        self.session.roster(call)
    }
    fn is_linking(&self) -> bool {
        true
    }
    fn offered_by(&self, call: CallId) -> Option<AccountId> {
        self.offered.get(&call).copied()
    }
    fn is_cancelled(&self, _account: AccountId, _call: CallId) -> bool {
        false
    }
    fn presence(&self, _device: DeviceId) -> Option<(u32, u64)> {
        None
    }
    fn is_done(&self, _what: Done) -> bool {
        false
    }
    fn turned_away(&mut self, _: AccountId, _: DeviceId, _: crate::account::Attempt, _: Option<CallId>) {}
    fn has_rate(&self, _rate: Rate) -> bool {
        true
    }
    fn take_rate(&mut self, _rate: Rate) {}
    fn ringing(&self) -> usize {
        0
    }
    fn ringing_of(&self, _account: AccountId) -> usize {
        0
    }
}
