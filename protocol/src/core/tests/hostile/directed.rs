//! One case for every check that something from outside can reach: what random damage may miss.

use ahoy_crypto::prekey::{self, PrekeyTerms};
use ahoy_crypto::{Certificate, Check, DeviceSet, DhKey, PrekeyRecord, Secret};

use super::super::calls::active;
use super::super::contacts::acquainted;
use super::mad::Tally;
use super::mallory::{Mallory, START_S, contact_inbox, envelope};
use super::{BEN, bodies, inside_calls, throw};
use crate::core::input::{Input, NetEvent, NetTicket};
use crate::ids::{CallId, DeviceId};
use crate::outbound::Where;
use crate::sim::world::World;
use crate::topic::Topic;
use crate::wire::bodies::{Devices, InboxBody, Purpose, Receipt};
use crate::wire::card::Card;
use crate::wire::codec::AnyKind;
use crate::wire::voicemail::{Announce, Request};

/// Ben talks with Ada and knows Mallory.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) mallory: Mallory,
}

impl Stage {
    pub(super) fn new() -> Stage {
        let mut world = acquainted(&["Ada", "Ben"]);
        active(&mut world);
        let mallory = Mallory::new("Mallory");
        mallory.befriend(&mut world);
        Stage { world, mallory }
    }

    fn at(&self) -> Where {
        contact_inbox(&self.world.nodes[BEN].core, self.world.now().unix_s())
    }

    /// What a message is refused by.
    pub(super) fn refused(&mut self, topic: Topic, data: Vec<u8>, by: Check) {
        let of = |world: &World| world.nodes[BEN].core.refusals().of(by);
        let before = of(&self.world);
        throw(&mut self.world, topic, data);
        let all: Vec<_> = self.world.nodes[BEN].core.refusals().iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(of(&self.world), before + 1, "{by} did not refuse it: {all:?}");
    }

    fn payload(&mut self, payload: &[u8], by: Check) {
        let at = self.at();
        let (_, data) = self.mallory.seal(&self.world.nodes[BEN].core, &at, payload);
        self.refused(at.topic, data, by);
    }

    fn letter(&mut self, body: &InboxBody, by: Check) {
        let (topic, data) = self.mallory.letter(&self.world, body);
        self.refused(topic, data, by);
    }

    fn passes(&mut self, body: &InboxBody) {
        let (topic, data) = self.mallory.letter(&self.world, body);
        throw(&mut self.world, topic, data);
    }

    pub(super) fn end(self, tally: &mut Tally) {
        tally.of(self.world.nodes[BEN].core.refusals());
    }
}

/// Runs all of them.
pub(super) fn every_check(tally: &mut Tally) {
    heads(tally);
    certificates(tally);
    payloads(tally);
    letters(tally);
    limits(tally);
    device_sets(tally);
    records(tally);
    cards(tally);
    inside_calls::every_check(tally);
}

/// 001..010.
fn heads(tally: &mut Tally) {
    let mut stage = Stage::new();
    let at = stage.at();
    let body = InboxBody::Receipt(Receipt { kind: 8, id: vec![1; 16] });
    let (topic, good) = stage.mallory.letter(&stage.world, &body);
    stage.refused(topic, vec![1; 12], Check::LENGTH);
    stage.refused(topic, [&[2], &good[1..]].concat(), Check::VERSION);
    stage.refused(topic, [&[1, 0x12], &good[2..]].concat(), Check::TYPE);
    stage.refused(Topic([b'z'; 32]), good.clone(), Check::TOPIC);
    stage.refused(topic, [&good[..2], &[0; 8], &good[10..]].concat(), Check::HINT);
    stage.refused(topic, envelope(&at, [0; 4], &good[14..]), Check::SPK_ID);
    let spk_id = [good[10], good[11], good[12], good[13]];
    stage.refused(topic, envelope(&at, spk_id, &[0; 1010]), Check::LOW_EPHEMERAL);
    stage.refused(topic, envelope(&at, spk_id, &[9; 1010]), Check::NOISE);
    throw(&mut stage.world, topic, good.clone());
    stage.refused(topic, good, Check::REPLAY);
    for _ in 0..150 {
        throw(&mut stage.world, topic, envelope(&at, spk_id, &[9; 1010]));
    }
    stage.refused(topic, envelope(&at, spk_id, &[9; 1010]), Check::BUDGET);
    stage.end(tally);
}

/// 011, 013..015; 012 in an envelope needs a static key whose secret nobody has (the known answers have such a one).
fn certificates(tally: &mut Tally) {
    let mut stage = Stage::new();
    let (account, dk, device) = (&stage.mallory.account, stage.mallory.dk.public(), stage.mallory.device_id());
    let ben = stage.world.device(BEN);
    let cases = [
        (
            Certificate::make(account, device, DhKey::from_secret(&Secret::new([5; 32])).public(), u64::MAX),
            Check::STATIC_KEY,
        ),
        (Certificate::make(account, device, dk, START_S - 1), Check::CERTIFICATE_ENDED),
        (Certificate::make(account, ben, dk, u64::MAX), Check::OWN_DEVICE),
    ];
    let body = InboxBody::Receipt(Receipt { kind: 8, id: vec![1; 16] }).encode().unwrap();
    let payload = stage.mallory.payload((6, 0), 0, &body);
    for (certificate, check) in cases {
        stage.payload(&[&certificate.bytes()[..], &payload[168..]].concat(), check);
    }
    let mut forged = payload;
    forged[167] ^= 1;
    stage.payload(&forged, Check::CERTIFICATE_SIGNATURE);
    stage.end(tally);
}

/// 016..019, 079.
fn payloads(tally: &mut Tally) {
    let mut stage = Stage::new();
    let body = InboxBody::Receipt(Receipt { kind: 8, id: vec![1; 16] }).encode().unwrap();
    let good = stage.mallory.payload((6, 0), 0, &body);
    for (place, value, check) in [
        (168, 9, Check::KIND),
        (178, 0xff, Check::BODY_LENGTH),
        (913, 1, Check::PADDING),
        (169, 1, Check::FLAGS),
        (180, 0xbf, Check::CBOR),
    ] {
        let mut payload = good.clone();
        payload[place] = value;
        stage.payload(&payload, check);
    }
    stage.end(tally);
}

/// 021..024, 028, 029, 087, 088.
fn letters(tally: &mut Tally) {
    let mut stage = Stage::new();
    let good = stage.mallory.offer(&stage.world.nodes[BEN].core);
    let mut late = good.clone();
    late.ttl_s = 0;
    stage.letter(&InboxBody::Offer(late), Check::TTL);
    let mut alone = good.clone();
    alone.roster.pop();
    stage.letter(&InboxBody::Offer(alone), Check::ROSTER);
    let mut silent = good.clone();
    silent.media.0 = 0;
    stage.letter(&InboxBody::Offer(silent), Check::CONTENT);
    let mut link = good.clone();
    link.purpose = Purpose::Link;
    stage.letter(&InboxBody::Offer(link), Check::NOT_ALLOWED);
    let mut all = bodies::letters(&stage.mallory, &stage.world.nodes[BEN].core, good.call);
    stage.letter(&all[2], Check::NOT_OWN_ACCOUNT);
    if let InboxBody::Presence(presence) = &mut all[0] {
        presence.record[200] ^= 1;
    }
    stage.letter(&all[0], Check::ENCLOSED);
    stage.passes(&all[3]);
    stage.letter(&all[3], Check::KNOWN);
    stage.letter(&InboxBody::Offer(good), Check::CANCELLED);
    stage.end(tally);
}

/// 025 and 026.
fn limits(tally: &mut Tally) {
    let mut stage = Stage::new();
    for _ in 0..4 {
        stage.mallory.ring(&mut stage.world);
    }
    let more = stage.mallory.offer(&stage.world.nodes[BEN].core);
    stage.letter(&InboxBody::Offer(more), Check::RINGING);
    let body = InboxBody::Receipt(Receipt { kind: 8, id: vec![1; 16] });
    for _ in 0..60 {
        stage.passes(&body);
    }
    stage.letter(&body, Check::RATE);
    stage.end(tally);
}

/// 090..094.
fn device_sets(tally: &mut Tally) {
    let mut stage = Stage::new();
    let (account, own) = (stage.mallory.account.clone(), stage.mallory.device_id());
    let set = |revision, not_after_s, device| {
        DeviceSet::make(&account, revision, not_after_s, &[device]).unwrap().bytes().to_vec()
    };
    let good = set(3, START_S + 1_000_000, own);
    let mut shape = good.clone();
    shape[44] = 2;
    let mut forged = good.clone();
    forged[140] ^= 1;
    for (device_set, check) in [
        (shape, Check::SET_SHAPE),
        (forged, Check::SET_SIGNATURE),
        (set(2, START_S + 1_000_000, own), Check::SET_REVISION),
        (set(4, START_S - 1, own), Check::SET_TIME),
        (set(4, START_S + 1_000_000, DeviceId([1; 32])), Check::NOT_IN_SET),
    ] {
        stage.letter(&InboxBody::Devices(Devices { device_set }), check);
    }
    stage.end(tally);
}

/// 012, 030..038, 095.
fn records(tally: &mut Tally) {
    let mut stage = Stage::new();
    let (mallory, ben) = (&stage.mallory, stage.world.device(BEN));
    let terms = *mallory.record.terms();
    let of = |certificate: &Certificate, terms| PrekeyRecord::make(&mallory.device, certificate, terms);
    let certificate = |device: DeviceId, dk| Certificate::make(&mallory.account, device, dk, u64::MAX);
    let own = mallory.device_id();
    let good = |terms| of(&mallory.certificate, terms);
    let answer = |record: &PrekeyRecord| prekey::answer(record, &mallory.set);
    let mut version = answer(&mallory.record);
    version[2] = 2;
    let mut forged = answer(&good(PrekeyTerms { revision: 8, ..terms }));
    forged[2 + 292] ^= 1;
    let cases = [
        (vec![0; 9], Check::RECORD_LENGTH),
        (version, Check::RECORD_VERSION),
        (answer(&of(&certificate(ben, mallory.dk.public()), terms)), Check::RECORD_DEVICE),
        (answer(&good(PrekeyTerms { spk: [0; 32], ..terms })), Check::LOW_PREKEY),
        (answer(&good(PrekeyTerms { not_after_s: u64::MAX, ..terms })), Check::RECORD_LIFE),
        (answer(&good(PrekeyTerms { not_before_s: 5, not_after_s: 9, ..terms })), Check::RECORD_TIME),
        (answer(&good(PrekeyTerms { revision: 6, ..terms })), Check::RECORD_REVISION),
        (answer(&of(&certificate(own, [0; 32]), PrekeyTerms { revision: 8, ..terms })), Check::LOW_STATIC),
        (forged, Check::RECORD_SIGNATURE),
    ];
    for (answer, check) in cases {
        let before = stage.world.nodes[BEN].core.refusals().of(check);
        mallory.answer_prekey(&mut stage.world, answer);
        assert_eq!(stage.world.nodes[BEN].core.refusals().of(check), before + 1, "{check}");
    }
    let event = NetEvent::PrekeyRequest { device: own, request: vec![1; 33], ticket: NetTicket(0) };
    stage.world.input(BEN, Input::Net(event));
    messages(&mut stage.world, own);
    stage.end(tally);
}

/// 096 and 097: a request of no kind, and another message than announced.
fn messages(world: &mut World, device: DeviceId) {
    let announce = Announce { call: CallId([1; 16]), started_ms: 0, duration_ms: 20, bytes: 5, hash: [0; 32] };
    let (now, node) = (world.now(), &mut world.nodes[BEN]);
    let asks = |request| NetEvent::VoicemailRequest { device, request, ticket: NetTicket(0) };
    let brings = NetEvent::Voicemail { device, fetched: true, answer: Some(vec![1, 20, 0, 1, 1]) };
    for event in [asks(vec![9; 17]), asks(Request::Announce(announce).bytes()), brings] {
        node.core.handle(Input::Net(event), now, &mut node.random);
    }
}

/// 041..046: cards come through people.
fn cards(tally: &mut Tally) {
    let card = Mallory::new("Mallory").card();
    let bytes = card.to_bytes().unwrap();
    let summed = |cbor: &[u8]| [cbor, &ahoy_crypto::hash::sha256(&[cbor])[..4]].concat();
    let mut slip = bytes.clone();
    slip[60] ^= 1;
    let mut shape = bytes[..bytes.len() - 4].to_vec();
    shape[0] = 0xa7;
    let mut name = bytes[..bytes.len() - 4].to_vec();
    let place = name.windows(7).position(|word| word == b"Mallory").unwrap();
    name[place] = 7;
    for (card, check) in [
        (vec![0; 3], Check::CARD_TEXT),
        (slip, Check::CARD_CHECKSUM),
        (summed(&shape), Check::CARD_CBOR),
        (summed(&name), Check::CARD_CONTENT),
    ] {
        assert_eq!(Card::from_bytes(&card).unwrap_err(), check);
        tally.add(check);
    }
}
