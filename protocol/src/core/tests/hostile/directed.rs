//! One case for every check that something from outside can reach: what random damage may miss.

use ahoy_crypto::prekey::{self, PrekeyTerms};
use ahoy_crypto::{Certificate, Check, DeviceSet, DhKey, PrekeyRecord, Secret, SignKey};

use super::super::calls::active;
use super::super::contacts::acquainted;
use super::super::world::World;
use super::mad::{Tally, connect};
use super::mallory::{Mallory, START_S, Talk, contact_inbox, envelope};
use super::{BEN, bodies, shapes, throw};
use crate::core::input::{Input, NetEvent, NetTicket};
use crate::ids::DeviceId;
use crate::outbound::Where;
use crate::topic::Topic;
use crate::wire::bodies::{
    CallBody, Candidates, Devices, Flags, Hello, InboxBody, LinkGeneration, PairBody, Purpose, Reason, Receipt, Status,
    Verdict,
};
use crate::wire::card::Card;
use crate::wire::codec::AnyKind;

/// Ben talks with Ada and knows Mallory.
struct Stage {
    world: World,
    mallory: Mallory,
}

impl Stage {
    fn new() -> Stage {
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
    fn refused(&mut self, topic: Topic, data: Vec<u8>, by: Check) {
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

    fn end(self, tally: &mut Tally) {
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
    pairs(tally);
    doors(tally);
    call_frames(tally);
    data_channel(tally);
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
    for _ in 0..16 {
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
    stage.end(tally);
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

/// 050..059.
fn pairs(tally: &mut Tally) {
    let mut stage = Stage::new();
    let mut talk = stage.mallory.reach(&mut stage.world);
    let topic = talk.mailbox.topic;
    let mut stranger = talk.pair(&PairBody::HangUp(Reason::HungUp));
    stranger[2] ^= 1;
    stage.refused(topic, stranger, Check::PAIR_TAG);
    let hello = |nonce| PairBody::Confirm(Hello { nonce, signing_key: [1; 32], features: 0 });
    let wrong = talk.pair(&hello([0; 32]));
    stage.refused(topic, wrong, Check::COMMITMENT);
    let confirm = talk.pair(&hello([0x77; 32]));
    throw(&mut stage.world, topic, confirm.clone());
    stage.refused(topic, confirm.clone(), Check::PAIR_WINDOW);
    let mut far = confirm.clone();
    far[10] = 1;
    stage.refused(topic, far, Check::PAIR_COUNTER);
    let mut changed = talk.pair(&hello([0x77; 32]));
    changed[100] ^= 1;
    stage.refused(topic, changed, Check::PAIR_NOISE);
    talk.msg = 0;
    let status = PairBody::Status(Status { state_seq: 1, flags: Flags(0) });
    let zero = talk.pair(&status);
    stage.refused(topic, zero, Check::MESSAGE_NUMBER);
    talk.msg = 2;
    let verdict = talk.pair(&PairBody::Verdict(Verdict::Accept));
    stage.refused(topic, verdict, Check::PAIR_ROLE);
    let linking = talk.pair(&PairBody::LinkEnd(0));
    stage.refused(topic, linking, Check::PURPOSE);
    if let PairBody::Description(mut part) = bodies::pair_bodies(&stage.mallory, &stage.world.nodes[BEN].core).remove(0)
    {
        part.parts = 0;
        let part = talk.pair(&PairBody::Description(part));
        stage.refused(topic, part, Check::PAIR_CONTENT);
    }
    stage.end(tally);
}

/// 060..069.
fn doors(tally: &mut Tally) {
    let mut stage = Stage::new();
    let mut talk = stage.mallory.ring(&mut stage.world);
    let PairBody::Description(good) = bodies::pair_bodies(&stage.mallory, &stage.world.nodes[BEN].core).remove(0)
    else {
        panic!("a description")
    };
    let with = |line: &str| format!("{}{line}\r\n", bodies::sdp()).into_bytes();
    let mut told = |stage: &mut Stage, body: &PairBody, by: Check| {
        let frame = talk.pair(body);
        talk.msg += 1;
        stage.refused(talk.mailbox.topic, frame, by);
    };
    for (bytes, check) in [
        (with("a=\0"), Check::SDP_BYTES),
        (with("line"), Check::SDP_LINES),
        (with(&["m=audio"; 8].join("\r\n")), Check::SDP_MEDIA),
        (with("a=fingerprint:sha-1 AB"), Check::SDP_FINGERPRINT),
        (with(shapes::LINES[0]), Check::SDP_CANDIDATE),
    ] {
        told(&mut stage, &PairBody::Description(crate::wire::bodies::Description { bytes, ..good.clone() }), check);
    }
    let far = stage.mallory.device_id();
    let list = |ip: &str, port, count| {
        let one = crate::wire::bodies::Candidate { port, ..bodies::candidate(ip) };
        PairBody::Candidates(Candidates { link: 1, generation: 0, list: vec![one; count] })
    };
    told(&mut stage, &list("9.9.9.9", 0, 1), Check::PORT);
    told(&mut stage, &list("169.254.169.254", 80, 1), Check::FORBIDDEN_ADDRESS);
    // She moves to another network: what is local to Ben is none of hers.
    stage.world.input(BEN, Input::Net(NetEvent::Connected { device: far, loopback: false, private: false }));
    told(&mut stage, &list("192.168.1.1", 80, 1), Check::LOCAL_ADDRESS);
    let frame = list("9.9.9.9", 80, 20);
    told(&mut stage, &list("10.0.0.1", 80, 1), Check::LOCAL_ADDRESS);
    let again = stage.world.nodes[BEN].core.refusals().of(Check::CANDIDATES);
    assert_eq!(again, 0);
    let first = talk.pair(&frame);
    talk.msg += 1;
    throw(&mut stage.world, talk.mailbox.topic, first);
    let more = talk.pair(&list("9.9.9.9", 81, 1));
    talk.msg += 1;
    stage.refused(talk.mailbox.topic, more, Check::CANDIDATES);
    for generation in 1..=7 {
        let restart = talk.pair(&PairBody::Restart(LinkGeneration { link: 1, generation }));
        talk.msg += 1;
        throw(&mut stage.world, talk.mailbox.topic, restart);
    }
    assert_eq!(stage.world.nodes[BEN].core.refusals().of(Check::RESTARTS), 1);
    stage.end(tally);
}

/// 070..078.
fn call_frames(tally: &mut Tally) {
    let mut stage = Stage::new();
    let mut talk = stage.mallory.ring(&mut stage.world);
    let topic = Topic(talk.keys.call_topic());
    let mut all = bodies::call_bodies(&stage.mallory, &talk, &stage.world.nodes[BEN].core);
    let mut frame =
        |stage: &Stage, body: &CallBody| stage.mallory.call_frame(&mut talk, body.kind(), &body.encode().unwrap());
    let good = frame(&stage, &all[1]);
    throw(&mut stage.world, topic, good.clone());
    stage.refused(topic, good.clone(), Check::FRAME_WINDOW);
    for (place, check) in [(5, Check::EPOCH), (30, Check::FRAME_COUNTER), (20, Check::FRAME_AEAD)] {
        let mut changed = good.clone();
        changed[place] ^= 1;
        stage.refused(topic, changed, check);
    }
    if let CallBody::Announce { record: Some(record), .. } = &mut all[0] {
        record[292] ^= 1;
    }
    let announce = frame(&stage, &all[0]);
    stage.refused(topic, announce, Check::ANNOUNCE_RECORD);
    let kick = CallBody::Kick { state_seq: 1, account: stage.mallory.account_id() };
    let kick = frame(&stage, &kick);
    stage.refused(topic, kick, Check::RIGHTS);
    talk.sign = SignKey::from_seed(&Secret::new([1; 32]));
    let forged = stage.mallory.call_frame(&mut talk, 5, &all[1].encode().unwrap());
    stage.refused(topic, forged, Check::FRAME_SIGNATURE);
    // Somebody who has the keys of the call but no pair in it.
    stage.mallory.device = SignKey::from_seed(&Secret::new([2; 32]));
    let unknown = stage.mallory.call_frame(&mut talk, 5, &all[1].encode().unwrap());
    stage.refused(topic, unknown, Check::SLOT);
    stage.end(tally);
}

/// 085, 086.
fn data_channel(tally: &mut Tally) {
    let mut stage = Stage::new();
    let mut talk: Talk = stage.mallory.ring(&mut stage.world);
    connect(&mut stage.world, &stage.mallory, &mut talk);
    let device = stage.mallory.device_id();
    let links = stage.world.nodes[BEN].core.links();
    let link = links.iter().find(|link| link.device == device).unwrap().link;
    let status = crate::wire::bodies::CtlBody::Status(Status { state_seq: 1, flags: Flags(0) });
    let message = crate::wire::ctl::write(&status, 1).unwrap();
    for (message, check) in [(message.clone(), None), (message, Some(Check::CTL_SEQ)), (vec![1], Some(Check::CTL_HEAD))]
    {
        stage.world.input(BEN, Input::Ctl { link, message });
        let refusals = stage.world.nodes[BEN].core.refusals();
        assert!(check.is_none_or(|check| refusals.of(check) == 1), "{check:?}");
    }
    stage.end(tally);
}
