//! A contact of Ben's who is no program of ours: keys that the test holds, and anything sealed with them.

use ahoy_crypto::call_keys::broadcast_key;
use ahoy_crypto::frame::{self, FrameHead};
use ahoy_crypto::hash::hint;
use ahoy_crypto::prekey::{self, PrekeyTerms};
use ahoy_crypto::{
    CallKeys, Certificate, Channel, DeviceId, DeviceSet, DhKey, Initiator, PrekeyRecord, Responder, Secret, SignKey,
    noise, sas,
};

use super::BEN;
use crate::control::ContactCommand;
use crate::core::Core;
use crate::core::input::{Command, Input, NetEvent, Source};
use crate::core::network::place_of;
use crate::ids::{AccountId, CallId};
use crate::outbound::{self, Where};
use crate::sim::world::{START_UNIX_MS, World};
use crate::testing::rng;
use crate::topic::Topic;
use crate::wire::bodies::{Format, Hello, InboxBody, Media, Offer, PairBody, Purpose};
use crate::wire::card::Card;
use crate::wire::codec::AnyKind;
use crate::wire::envelope::{AnswerHead, InboxHead, PairHead, Type, pad, unpad};

/// Unix seconds at the start of the world.
pub(super) const START_S: u64 = START_UNIX_MS / 1000;
/// How Ben calls her.
pub(super) const NAME: &str = "Mallory";

/// Her keys.
pub(super) struct Mallory {
    pub(super) account: SignKey,
    pub(super) device: SignKey,
    pub(super) dk: DhKey,
    pub(super) spk: DhKey,
    pub(super) certificate: Certificate,
    pub(super) record: PrekeyRecord,
    pub(super) set: DeviceSet,
    token: Secret,
    drawn: u64,
}

/// Her side of a call with Ben.
pub(super) struct Talk {
    pub(super) call: CallId,
    pub(super) secret: Secret,
    pub(super) keys: CallKeys,
    pub(super) sign: SignKey,
    pub(super) tag: [u8; 8],
    pub(super) channel: Channel,
    pub(super) counter: u64,
    /// The next message number that Ben waits for.
    pub(super) msg: u32,
    pub(super) mailbox: Where,
}

impl Mallory {
    pub(super) fn new(name: &str) -> Mallory {
        let mut rng = rng(name);
        let (account, device) = (SignKey::generate(&mut rng), SignKey::generate(&mut rng));
        let (dk, spk) = (DhKey::generate(&mut rng), DhKey::generate(&mut rng));
        let certificate = Certificate::make(&account, device.device(), dk.public(), START_S + 1_000_000);
        let terms = PrekeyTerms {
            spk_id: [1, 2, 3, 4],
            spk: spk.public(),
            not_before_s: START_S - 7_200,
            not_after_s: START_S + 200_000,
            revision: 7,
            features: 0,
        };
        let record = PrekeyRecord::make(&device, &certificate, terms);
        let set = DeviceSet::make(&account, 3, START_S + 1_000_000, &[device.device()]).unwrap();
        Mallory { account, device, dk, spk, certificate, record, set, token: Secret::random(&mut rng), drawn: 0 }
    }

    pub(super) fn account_id(&self) -> AccountId {
        self.account.account()
    }

    pub(super) fn device_id(&self) -> DeviceId {
        self.device.device()
    }

    pub(super) fn card(&self) -> Card {
        Card {
            account: self.account_id(),
            name: NAME.into(),
            token: self.token.clone(),
            devices: vec![self.device_id()],
            addresses: Vec::new(),
            keepers: Vec::new(),
        }
    }

    /// A secret that was not drawn before.
    pub(super) fn fresh(&mut self) -> Secret {
        self.drawn += 1;
        let mut bytes = [0x4d; 32];
        bytes[..8].copy_from_slice(&self.drawn.to_be_bytes());
        Secret::new(bytes)
    }

    /// Ben has her card, they are connected, Ben has her prekey.
    pub(super) fn befriend(&self, world: &mut World) {
        let card = self.card().to_text().unwrap();
        world.ask(BEN, Command::Contact(ContactCommand::Add { card, name: None })).unwrap();
        let device = self.device_id();
        world.input(BEN, Input::Net(NetEvent::Connected { device, loopback: true, private: true, source: Source(1) }));
        self.answer_prekey(world, prekey::answer(&self.record, &self.set));
    }

    /// What she answers to a prekey request.
    pub(super) fn answer_prekey(&self, world: &mut World, answer: Vec<u8>) {
        let event = NetEvent::Prekey { device: self.device_id(), answer: Some(answer) };
        world.input(BEN, Input::Net(event));
    }

    pub(super) fn subscribe(&self, world: &mut World, topic: Topic) {
        world.input(BEN, Input::Net(NetEvent::Subscribed { device: self.device_id(), topic }));
    }

    /// certificate ‖ kind ‖ flags ‖ sent_ms ‖ len ‖ body, padded to a room.
    pub(super) fn payload(&self, (kind, flags): (u8, u8), sent_ms: u64, body: &[u8]) -> Vec<u8> {
        let len = u16::try_from(body.len()).unwrap();
        let size = Type::Inbox.size_for(body.len()).unwrap_or(4096);
        let parts: [&[u8]; 5] =
            [self.certificate.bytes(), &[kind, flags], &sent_ms.to_be_bytes(), &len.to_be_bytes(), body];
        pad(Type::Inbox.room(size), &parts).map_or_else(|| parts.concat(), |padded| padded.to_vec())
    }

    /// Seals any payload to Ben's prekey.
    pub(super) fn seal(&mut self, ben: &Core, at: &Where, payload: &[u8]) -> (Initiator, Vec<u8>) {
        let terms = *ben.own.record().unwrap().terms();
        let head = [1, Type::Inbox as u8];
        let prologue = noise::prologue(head, ben.device(), terms.spk_id, at.stamp, &at.topic.0);
        let ephemeral = self.fresh();
        let (initiator, message1) =
            Initiator::start_with(&self.dk, &terms.spk, &prologue, payload, &ephemeral).unwrap();
        (initiator, envelope(at, terms.spk_id, &message1))
    }

    /// Seals a good body.
    pub(super) fn letter(&mut self, world: &World, body: &InboxBody) -> (Topic, Vec<u8>) {
        let ben = &world.nodes[BEN].core;
        let at = contact_inbox(ben, world.now().unix_s());
        let payload = self.payload((body.kind(), 0), world.now().unix_ms, &body.encode().unwrap());
        (at.topic, self.seal(ben, &at, &payload).1)
    }

    /// A good offer to Ben.
    pub(super) fn offer(&mut self, ben: &Core) -> Offer {
        let mut roster = vec![self.account_id(), ben.account()];
        roster.sort_unstable();
        let secret = self.fresh();
        let mut call = [0x0c; 16];
        call[..8].copy_from_slice(&self.drawn.to_be_bytes());
        Offer {
            call: CallId(call),
            secret,
            purpose: Purpose::Ring,
            ttl_s: 45,
            roster,
            media: Media::AUDIO,
            format: Some(Format { rate: 48_000, channels: 1, frame_ms: 20 }),
            ice_policy: 0,
            sas_commit: sas::commitment(&[0x77; 32]),
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

    /// Offers and reads Ben's answer; her confirm is the next thing she may send.
    pub(super) fn reach(&mut self, world: &mut World) -> Talk {
        let (offer, now) = (self.offer(&world.nodes[BEN].core), world.now());
        let ben = &world.nodes[BEN].core;
        let at = contact_inbox(ben, now.unix_s());
        let body = InboxBody::Offer(offer.clone());
        let payload = self.payload((1, 0), now.unix_ms, &body.encode().unwrap());
        let (mut initiator, data) = self.seal(ben, &at, &payload);
        let keys = CallKeys::new(&offer.call.0, &offer.secret);
        let own = Topic(keys.mailbox_topic(self.device_id()));
        self.subscribe(world, own);
        self.subscribe(world, Topic(keys.call_topic()));
        let before = world.published.len();
        world.deliver(BEN, BEN, at.topic, data);
        world.run();
        let answers = world.published[before..].iter();
        let answer = answers.rev().find(|(_, topic, data)| *topic == own && data[1] == Type::Answer as u8);
        let (head, message2) = AnswerHead::read(&answer.expect("Ben answers").2).unwrap();
        let (channel, _) = initiator.finish(message2).unwrap();
        let device = world.device(BEN);
        let mailbox = Topic(keys.mailbox_topic(device));
        let mailbox = Where { topic: mailbox, hint_key: keys.mailbox_hint_key(device), stamp: 0 };
        let (secret, sign) = (offer.secret, SignKey::from_seed(&self.fresh()));
        Talk { call: offer.call, secret, keys, sign, tag: head.pair_tag, channel, counter: 0, msg: 1, mailbox }
    }

    /// A call that rings at Ben's.
    pub(super) fn ring(&mut self, world: &mut World) -> Talk {
        let mut talk = self.reach(world);
        let hello = Hello { nonce: [0x77; 32], signing_key: talk.sign.public(), features: 0 };
        let frame = talk.pair(&PairBody::Confirm(hello));
        world.deliver(BEN, BEN, talk.mailbox.topic, frame);
        world.run();
        talk.msg += 1;
        talk
    }

    /// Both ends of a handshake with herself, the initiator's first.
    pub(super) fn channel(&mut self) -> (Channel, Channel) {
        let (prologue, ephemeral) = ([0; 87], self.fresh());
        let (mut initiator, message1) =
            Initiator::start_with(&self.dk, &self.spk.public(), &prologue, &[], &ephemeral).unwrap();
        let responder = Responder::open(&self.spk, &prologue, &message1).unwrap();
        let (responder, message2) = responder.answer_with(&[], &self.fresh()).unwrap();
        (initiator.finish(&message2).unwrap().0, responder)
    }

    /// Where Ben's envelopes for her go.
    pub(super) fn inbox(&self, now_s: u64) -> Where {
        place_of(&self.token, now_s)
    }

    /// Ben calls her. Gives her answer, which Ben has not got yet, and her side of the call.
    pub(super) fn called(&mut self, world: &mut World) -> (Talk, Vec<u8>) {
        let at = self.inbox(world.now().unix_s());
        self.subscribe(world, at.topic);
        super::super::calls::offer(world, BEN, NAME);
        let mut offers = world.published.iter().filter(|(_, topic, data)| *topic == at.topic && data[1] == 0x11);
        let (_, _, data) = offers.next_back().expect("Ben offers");
        let (head, message1) = InboxHead::read(data).unwrap();
        let prologue = noise::prologue([1, 0x11], self.device_id(), head.spk_id, at.stamp, &at.topic.0);
        let responder = Responder::open(&self.spk, &prologue, message1).unwrap();
        let inner = unpad(Type::Inbox, responder.payload()).unwrap();
        let InboxBody::Offer(offer) = InboxBody::decode(1, inner.body).unwrap() else { panic!("an offer") };
        let keys = CallKeys::new(&offer.call.0, &offer.secret);
        let tag = keys.pair_tag(responder.h1());
        self.subscribe(world, Topic(keys.mailbox_topic(self.device_id())));
        let (device, sign) = (world.device(BEN), SignKey::from_seed(&self.fresh()));
        let hello = Hello { nonce: [0x66; 32], signing_key: sign.public(), features: 0 };
        let (channel, answer) = outbound::answer_with(responder, &hello, tag, &self.fresh()).unwrap();
        let mailbox = Topic(keys.mailbox_topic(device));
        let mailbox = Where { topic: mailbox, hint_key: keys.mailbox_hint_key(device), stamp: 0 };
        let data = answer.copy(0, &mailbox.hint_key);
        (Talk { call: offer.call, secret: offer.secret, keys, sign, tag, channel, counter: 0, msg: 1, mailbox }, data)
    }

    /// A frame of hers on the call's topic.
    pub(super) fn call_frame(&self, talk: &mut Talk, kind: u8, body: &[u8]) -> Vec<u8> {
        let (slot, salt) = (talk.keys.slot(self.device_id()), [0x5a; 16]);
        let head = FrameHead { epoch: 0, slot, salt, counter: talk.counter };
        talk.counter += 1;
        let key = broadcast_key(&talk.call.0, 0, &talk.secret, &slot, &salt);
        let size = Type::Call.size_for(body.len()).unwrap_or(4096);
        frame::seal(head, (kind, body), (&key, &talk.sign), &talk.keys.call_topic(), size).unwrap()
    }
}

impl Talk {
    /// Seals any plaintext to Ben.
    pub(super) fn seal(&mut self, plain: &[u8]) -> Vec<u8> {
        let rooms = Type::Pair.sizes().iter().map(|size| Type::Pair.room(*size));
        let room = rooms.clone().find(|room| *room >= plain.len()).unwrap_or(0);
        let plain = pad(room, &[plain]).map_or_else(|| plain.to_vec(), |padded| padded.to_vec());
        let mut frame = PairHead { pair_tag: self.tag, counter: self.counter }.write();
        frame.extend_from_slice(&self.channel.seal(self.counter, &plain).unwrap());
        self.counter += 1;
        frame
    }

    /// kind ‖ msg ‖ ack ‖ len ‖ body.
    pub(super) fn plain(kind: u8, msg: u32, body: &[u8]) -> Vec<u8> {
        let len = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind], &msg.to_be_bytes()[..], &[0; 4], &len, body].concat()
    }

    /// Seals a good body as the next message.
    pub(super) fn pair(&mut self, body: &PairBody) -> Vec<u8> {
        let plain = Self::plain(body.kind(), self.msg, &body.encode().unwrap());
        self.seal(&plain)
    }
}

/// Head and outer MAC around a message 1.
pub(super) fn envelope(at: &Where, spk_id: [u8; 4], message1: &[u8]) -> Vec<u8> {
    let head = [1, Type::Inbox as u8];
    let mac = hint(&at.hint_key, &[&head, &spk_id, message1]);
    [&head[..], &mac, &spk_id, message1].concat()
}

/// The inbox that Ben's contacts use.
pub(super) fn contact_inbox(ben: &Core, now_s: u64) -> Where {
    place_of(ben.own.contact_token(), now_s)
}

/// The inbox of Ben's cards.
pub(super) fn card_inbox(ben: &Core, now_s: u64) -> Where {
    place_of(ben.own.card_token(), now_s)
}
