//! Every flipped bit and every truncation of a good message of every kind: none is taken, none leaves a trace.

use std::collections::BTreeMap;

use ahoy_crypto::{Certificate, Check, DeviceSet, PrekeyRecord, prekey};

use super::super::calls::{active, hang_up};
use super::super::contacts::acquainted;
use super::mallory::{Mallory, START_S, Talk, contact_inbox};
use super::{BEN, bodies, is_silence, picture, throw};
use crate::control::InCall;
use crate::core::effect::{Acceptance, Effect, NetCommand};
use crate::core::input::{Input, NetEvent, NetTicket};
use crate::ids::CallId;
use crate::inbound::{Held, PairContext, PairReceiver, Role, Sealed, receive};
use crate::sim::world::World;
use crate::topic::Topic;
use crate::wire::bodies::{Hello, InboxBody, PairBody, Purpose, Verdict};
use crate::wire::card::Card;
use crate::wire::codec::AnyKind;

/// The bar of the release, over all kinds.
const DAMAGED_MIN: usize = 30_000;

/// How many damaged messages of each kind were refused.
#[derive(Default)]
struct Count(BTreeMap<String, usize>);

impl Count {
    fn add(&mut self, name: &str) {
        *self.0.entry(name.to_owned()).or_default() += 1;
    }
}

/// Calls `take` with every single-bit flip and every truncation.
fn damaged(good: &[u8], mut take: impl FnMut(&[u8])) {
    let mut data = good.to_vec();
    for bit in 0..data.len() * 8 {
        data[bit / 8] ^= 1 << (bit % 8);
        take(&data);
        data[bit / 8] ^= 1 << (bit % 8);
    }
    for length in 0..good.len() {
        take(&good[..length]);
    }
}

/// Damages a gossip message in every way; then it passes as it was.
fn gossip(world: &mut World, count: &mut Count, name: &str, topic: Topic, good: &[u8]) {
    let before = picture(world);
    damaged(good, |data| {
        let effects = throw(world, topic, data.to_vec());
        assert!(is_silence(&effects), "{name}: {effects:?}");
        count.add(name);
    });
    assert_eq!(picture(world), before, "{name} has changed something");
    let effects = throw(world, topic, good.to_vec());
    let passed =
        |effect: &Effect| matches!(effect, Effect::Net(NetCommand::Verdict { acceptance: Acceptance::Accept, .. }));
    let check = world.nodes[BEN].core.refusals();
    assert!(effects.iter().any(passed), "{name} itself was no good message: {:?}", hits(check));
}

fn hits(refusals: &crate::inbound::Refusals) -> Vec<(Check, u64)> {
    refusals.iter().filter(|(_, count)| *count > 0).collect()
}

/// Ben talks with Ada and has Mallory as a contact.
fn stage() -> (World, Mallory) {
    let mut world = acquainted(&["Ada", "Ben"]);
    active(&mut world);
    let mallory = Mallory::new("Mallory");
    mallory.befriend(&mut world);
    world.pass(100);
    (world, mallory)
}

fn ends_well(mut world: World, count: &Count) {
    hang_up(&mut world, 0);
    assert_eq!(world.reason(BEN).as_deref(), Some("hung_up"), "Ada's call lived");
    let all: usize = count.0.values().sum();
    count.0.iter().for_each(|(name, count)| println!("{name}: {count}"));
    println!("all: {all}");
}

#[test]
fn every_damaged_envelope_and_answer_is_silence() {
    let (mut world, mut mallory) = stage();
    let mut count = Count::default();
    let offer = mallory.offer(&world.nodes[BEN].core);
    let mut bodies = vec![InboxBody::Offer(offer)];
    bodies.extend(bodies::letters(&mallory, &world.nodes[BEN].core, CallId([1; 16])));
    for body in bodies {
        // Of another account than ours, elsewhere is never good.
        if !matches!(body, InboxBody::Elsewhere(_)) {
            let (topic, data) = mallory.letter(&world, &body);
            gossip(&mut world, &mut count, &format!("envelope of kind {}", body.kind()), topic, &data);
        }
    }
    let (mut talk, answer) = mallory.called(&mut world);
    gossip(&mut world, &mut count, "answer", talk.mailbox.topic, &answer);
    let verdict = talk.pair(&PairBody::Verdict(Verdict::Ringing));
    gossip(&mut world, &mut count, "pair frame of kind 2", talk.mailbox.topic, &verdict);
    assert!(count.0.values().sum::<usize>() >= DAMAGED_MIN);
    ends_well(world, &count);
}

#[test]
fn every_damaged_frame_is_silence() {
    let (mut world, mut mallory) = stage();
    let mut count = Count::default();
    let mut talk = mallory.reach(&mut world);
    let hello = Hello { nonce: [0x77; 32], signing_key: talk.sign.public(), features: 0 };
    let confirm = talk.pair(&PairBody::Confirm(hello));
    gossip(&mut world, &mut count, "pair frame of kind 1", talk.mailbox.topic, &confirm);
    talk.msg += 1;
    let calls = crate::control::CallCommand::Accept { call: Some(talk.call), in_call: InCall::Hold };
    world.ask(BEN, crate::core::input::Command::Call(calls)).unwrap();
    let bare = talk.seal(&Talk::plain(0, 0, &[]));
    gossip(&mut world, &mut count, "pair frame of kind 0", talk.mailbox.topic, &bare);
    let topic = Topic(talk.keys.call_topic());
    for body in bodies::call_bodies(&mallory, &talk, &world.nodes[BEN].core) {
        let frame = mallory.call_frame(&mut talk, body.kind(), &body.encode().unwrap());
        // A leave would end the call before its pair frames are looked at.
        if body.kind() != 2 {
            gossip(&mut world, &mut count, &format!("call frame of kind {}", body.kind()), topic, &frame);
        }
    }
    for body in bodies::pair_bodies(&mallory, &world.nodes[BEN].core) {
        let frame = talk.pair(&body);
        gossip(&mut world, &mut count, &format!("pair frame of kind {}", body.kind()), talk.mailbox.topic, &frame);
        talk.msg += 1;
    }
    assert!(count.0.values().sum::<usize>() >= DAMAGED_MIN);
    ends_well(world, &count);
}

#[test]
fn every_damaged_frame_of_linking_and_every_damaged_leave_is_refused() {
    let (mut world, mut mallory) = stage();
    let mut count = Count::default();
    let mut talk = mallory.ring(&mut world);
    let leave = bodies::call_bodies(&mallory, &talk, &world.nodes[BEN].core).pop().unwrap();
    let frame = mallory.call_frame(&mut talk, 2, &leave.encode().unwrap());
    let topic = Topic(talk.keys.call_topic());
    gossip(&mut world, &mut count, "call frame of kind 2", topic, &frame);
    // Nobody waits to be linked yet, so these are judged without a device around them.
    let (mut talk, responder) = (mallory.ring(&mut world), mallory.channel());
    (talk.channel, talk.msg) = (responder.0, 2);
    let role = Role::Responder { sas_commit: [0; 32] };
    let context = PairContext { channel: &responder.1, role, purpose: Purpose::Link };
    let held = Some(Held::Mailbox { hint_key: [0; 32] });
    for body in bodies::linking(&mallory) {
        let (good, mut receiver) = (talk.pair(&body), PairReceiver::default());
        damaged(&good, |data| {
            if let Ok(Sealed::Pair(frame)) = receive(topic, data, held) {
                // The tag says which pair it is; without it there is none.
                let other = frame.pair_tag != talk.tag;
                assert!(other || frame.open(&context, &mut receiver).is_err(), "kind {}", body.kind());
            }
            count.add(&format!("pair frame of kind {}", body.kind()));
        });
        assert_eq!(receiver, PairReceiver::default());
        let Ok(Sealed::Pair(frame)) = receive(topic, &good, held) else { panic!("a frame") };
        assert!(frame.open(&context, &mut receiver).is_ok());
    }
    ends_well(world, &count);
}

#[test]
fn every_damaged_prekey_message_card_certificate_record_and_set_is_refused() {
    let (mut world, mallory) = stage();
    let mut count = Count::default();
    let (now, before, device) = (world.now(), picture(&world), mallory.device_id());
    let ben = &world.nodes[BEN].core;
    let key = contact_inbox(ben, now.unix_s()).hint_key;
    let request = prekey::request(&key, device, ben.device());
    let answered = |world: &mut World, request: &[u8]| {
        let event = NetEvent::PrekeyRequest { device, request: request.to_vec(), ticket: NetTicket(0) };
        let node = &mut world.nodes[BEN];
        let effects = node.core.handle(Input::Net(event), now, &mut node.random);
        effects.iter().any(|effect| matches!(effect, Effect::Net(NetCommand::AnswerPrekey { answer: Some(_), .. })))
    };
    damaged(&request, |request| {
        assert!(!answered(&mut world, request));
        count.add("prekey request");
    });
    assert!(answered(&mut world, &request));
    damaged(&prekey::answer(&mallory.record, &mallory.set), |answer| {
        let refused = super::refused(&world);
        mallory.answer_prekey(&mut world, answer.to_vec());
        assert_eq!(super::refused(&world), refused + 1);
        count.add("prekey answer");
    });
    assert_eq!(picture(&world), before);
    damaged(mallory.certificate.bytes(), |bytes| {
        assert!(bytes.try_into().is_ok_and(|bytes| Certificate::check(bytes, START_S).is_err()) || bytes.len() < 168);
        count.add("certificate");
    });
    damaged(mallory.record.bytes(), |bytes| {
        assert!(PrekeyRecord::check(bytes, START_S, None, None).is_err());
        count.add("prekey record");
    });
    damaged(mallory.set.bytes(), |bytes| {
        assert!(DeviceSet::check(bytes, None, START_S, None).is_err());
        count.add("device set");
    });
    damaged(&mallory.card().to_bytes().unwrap(), |bytes| {
        assert!(Card::from_bytes(bytes).is_err());
        count.add("card as bytes");
    });
    damaged(mallory.card().to_text().unwrap().as_bytes(), |text| {
        assert!(std::str::from_utf8(text).map_or(true, |text| Card::parse(text).is_err()));
        count.add("card as text");
    });
    ends_well(world, &count);
}
