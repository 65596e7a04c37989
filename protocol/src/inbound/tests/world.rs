//! Two people with a device each, and what one of them knows.

use std::collections::BTreeSet;

use ahoy_crypto::prekey::PrekeyTerms;
use ahoy_crypto::{
    AccountId, CallKeys, Certificate, Channel, Check, DeviceId, DeviceSet, DhKey, Inbox, Initiator, PrekeyRecord,
    Secret, SignKey,
};

use crate::ids::CallId;
use crate::inbound::{Done, Held, Rate, Sealed, State, Verified, receive};
use crate::outbound::{Identity, Letter, Recipient, Where, answer, envelope};
use crate::testing::{SeededRng, rng};
use crate::topic::Topic;
use crate::wire::bodies::{Format, Hello, InboxBody, Media, Offer, Purpose};

/// The test's now, Unix seconds.
pub(crate) const NOW_S: u64 = 1_795_262_411;

/// A person's device with all of its keys.
pub(crate) struct Person {
    pub(crate) account: SignKey,
    pub(crate) device: SignKey,
    pub(crate) dk: DhKey,
    pub(crate) spk: DhKey,
    pub(crate) certificate: Certificate,
    pub(crate) record: PrekeyRecord,
    pub(crate) set: DeviceSet,
    pub(crate) inbox: Inbox,
}

impl Person {
    /// Out of a name.
    pub(crate) fn named(name: &str) -> Person {
        let mut rng = rng(name);
        Self::device_of(SignKey::generate(&mut rng), &mut rng)
    }

    /// Another device of an account.
    pub(crate) fn device_of(account: SignKey, rng: &mut SeededRng) -> Person {
        let (device, dk, spk) = (SignKey::generate(rng), DhKey::generate(rng), DhKey::generate(rng));
        let certificate = Certificate::make(&account, device.device(), dk.public(), NOW_S + 1_000_000);
        let terms = PrekeyTerms {
            spk_id: [1, 2, 3, 4],
            spk: spk.public(),
            not_before_s: NOW_S - 7200,
            not_after_s: NOW_S + 100_000,
            revision: 7,
            features: 0,
        };
        let record = PrekeyRecord::make(&device, &certificate, terms);
        let set = DeviceSet::make(&account, 3, NOW_S + 1_000_000, &[device.device()]).expect("a set");
        let inbox = Inbox::new(&Secret::random(rng));
        Person { account, device, dk, spk, certificate, record, set, inbox }
    }

    pub(crate) fn account_id(&self) -> AccountId {
        self.account.account()
    }

    pub(crate) fn device_id(&self) -> DeviceId {
        self.device.device()
    }

    pub(crate) fn identity(&self) -> Identity<'_> {
        Identity { dk: &self.dk, certificate: &self.certificate }
    }

    pub(crate) fn recipient(&self) -> Recipient {
        Recipient { device: self.device_id(), spk: self.spk.public(), spk_id: self.record.terms().spk_id }
    }

    /// Its inbox today.
    pub(crate) fn at_inbox(&self) -> Where {
        let day = self.inbox.day(NOW_S);
        Where { topic: Topic(self.inbox.topic(day)), hint_key: self.inbox.hint_key(day), stamp: day }
    }

    /// Its mailbox in a call.
    pub(crate) fn at_mailbox(&self, keys: &CallKeys) -> Where {
        let topic = Topic(keys.mailbox_topic(self.device_id()));
        Where { topic, hint_key: keys.mailbox_hint_key(self.device_id()), stamp: 0 }
    }
}

/// What an inbox topic is to its owner.
pub(crate) fn inbox_held(at: &Where) -> Held {
    Held::Inbox { hint_key: at.hint_key, day: at.stamp }
}

/// What a mailbox topic is to its owner.
pub(crate) fn mailbox_held(at: &Where) -> Held {
    Held::Mailbox { hint_key: at.hint_key }
}

/// A receiver's knowledge, open to the test; and what the checks did to it.
pub(crate) struct Desk<'a> {
    pub(crate) me: &'a Person,
    pub(crate) contacts: Vec<AccountId>,
    pub(crate) blocked: Vec<AccountId>,
    pub(crate) sets: Vec<DeviceSet>,
    pub(crate) roster: Vec<AccountId>,
    pub(crate) linking: bool,
    pub(crate) offered: Option<(CallId, AccountId)>,
    pub(crate) presence: Option<(u32, u64)>,
    pub(crate) budget: u32,
    pub(crate) rate: u32,
    pub(crate) ringing: usize,
    pub(crate) ringing_of_one: usize,
    pub(crate) seen: BTreeSet<[u8; 32]>,
    pub(crate) taken: Vec<Rate>,
    pub(crate) paid: u32,
}

impl<'a> Desk<'a> {
    /// A desk with one contact and plenty of tokens.
    pub(crate) fn of(me: &'a Person, contact: &Person) -> Desk<'a> {
        Desk {
            me,
            contacts: vec![contact.account_id()],
            blocked: Vec::new(),
            sets: Vec::new(),
            roster: Vec::new(),
            linking: false,
            offered: None,
            presence: None,
            budget: u32::MAX,
            rate: u32::MAX,
            ringing: 0,
            ringing_of_one: 0,
            seen: BTreeSet::new(),
            taken: Vec::new(),
            paid: 0,
        }
    }

    /// All stages of an envelope.
    pub(crate) fn take(&mut self, at: &Where, data: &[u8]) -> Result<Verified, Check> {
        let held = if at.stamp == 0 { mailbox_held(at) } else { inbox_held(at) };
        let Sealed::Envelope(sealed) = receive(at.topic, data, Some(held))? else { panic!("no envelope") };
        sealed.open(self)?.verify(self, NOW_S)
    }
}

impl State for Desk<'_> {
    fn account(&self) -> AccountId {
        self.me.account_id()
    }
    fn device(&self) -> DeviceId {
        self.me.device_id()
    }
    fn prekey(&self, spk_id: [u8; 4]) -> Option<&DhKey> {
        (spk_id == self.me.record.terms().spk_id).then_some(&self.me.spk)
    }
    fn is_replay(&self, envelope: &[u8; 32]) -> bool {
        self.seen.contains(envelope)
    }
    fn enter_replay(&mut self, envelope: [u8; 32]) {
        assert!(self.seen.insert(envelope), "entered once");
    }
    fn has_budget(&self, _: &Topic) -> bool {
        self.budget > self.paid
    }
    fn take_budget(&mut self, _: &Topic) {
        self.paid += 1;
    }
    fn device_set(&self, account: AccountId) -> Option<&DeviceSet> {
        self.sets.iter().find(|set| set.account() == account)
    }
    fn is_contact(&self, account: AccountId) -> bool {
        self.contacts.contains(&account)
    }
    fn is_blocked(&self, account: AccountId) -> bool {
        self.blocked.contains(&account)
    }
    fn call_roster(&self, _: CallId) -> Option<&[AccountId]> {
        (!self.roster.is_empty()).then_some(self.roster.as_slice())
    }
    fn is_linking(&self) -> bool {
        self.linking
    }
    fn offered_by(&self, call: CallId) -> Option<AccountId> {
        self.offered.filter(|(known, _)| *known == call).map(|(_, account)| account)
    }
    fn is_cancelled(&self, _: AccountId, _: CallId) -> bool {
        false
    }
    fn presence(&self, _: DeviceId) -> Option<(u32, u64)> {
        self.presence
    }
    fn is_done(&self, _: Done) -> bool {
        false
    }
    fn turned_away(&mut self, _: AccountId, _: DeviceId, _: crate::account::Attempt, _: Option<CallId>) {}
    fn has_rate(&self, _: Rate) -> bool {
        self.rate as usize > self.taken.len()
    }
    fn take_rate(&mut self, rate: Rate) {
        self.taken.push(rate);
    }
    fn ringing(&self) -> usize {
        self.ringing
    }

    fn ringing_of(&self, _account: AccountId) -> usize {
        self.ringing_of_one
    }
}

/// The call of these tests.
pub(crate) const CALL: CallId = CallId([0xca; 16]);

/// Its secret.
pub(crate) fn call_secret() -> Secret {
    Secret::new([0x5e; 32])
}

/// Its keys.
pub(crate) fn call_keys() -> CallKeys {
    CallKeys::new(&CALL.0, &call_secret())
}

/// A good offer between two accounts.
pub(crate) fn offer(from: &Person, to: &Person, purpose: Purpose) -> Offer {
    let mut roster = vec![from.account_id(), to.account_id()];
    roster.sort_unstable();
    Offer {
        call: CALL,
        secret: call_secret(),
        purpose,
        ttl_s: 45,
        roster,
        media: Media::AUDIO,
        format: Some(Format { rate: 48_000, channels: 1, frame_ms: 20 }),
        ice_policy: 0,
        sas_commit: [9; 32],
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

/// A letter that asks for nothing.
pub(crate) fn letter(body: &InboxBody) -> Letter<'_> {
    Letter { body, wants_receipt: false, asks_presence: false, sent_ms: NOW_S * 1000 }
}

/// Seals a body for somebody's inbox.
pub(crate) fn seal(from: &Person, to: &Person, body: &InboxBody, rng: &mut SeededRng) -> (Initiator, Vec<u8>) {
    envelope(from.identity(), &to.recipient(), &to.at_inbox(), &letter(body), rng).expect("sealed")
}

/// A pair of channels, and the answer's envelope: initiator's first.
pub(crate) struct Pair {
    pub(crate) tag: [u8; 8],
    pub(crate) initiator: Channel,
    pub(crate) responder: Channel,
}

/// Runs a whole handshake between two people.
pub(crate) fn pair(alice: &Person, bob: &Person, rng: &mut SeededRng) -> Pair {
    let body = InboxBody::Offer(offer(alice, bob, Purpose::Ring));
    let (mut initiator, data) = seal(alice, bob, &body, rng);
    let verified = Desk::of(bob, alice).take(&bob.at_inbox(), &data).expect("a good offer");
    let tag = call_keys().pair_tag(initiator.h1());
    let hello = Hello { nonce: [1; 32], signing_key: [2; 32], features: 0 };
    let (responder, answer) = answer(verified.responder, &hello, tag, rng).expect("an answer");
    let (initiator, _) = initiator.finish(answer.message2()).expect("a good answer");
    Pair { tag, initiator, responder }
}
