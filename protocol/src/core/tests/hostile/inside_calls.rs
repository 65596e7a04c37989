//! One case for every check inside of calls: pair frames, doors, call frames, the data channel.

use ahoy_crypto::{Check, Secret, SignKey};

use super::directed::Stage;
use super::mad::{Tally, connect};
use super::mallory::Talk;
use super::{BEN, bodies, shapes, throw};
use crate::core::input::{Input, NetEvent, Source};
use crate::limits::RECORD_REQUESTS_MAX;
use crate::topic::Topic;
use crate::wire::bodies::{
    CallBody, Candidates, CtlBody, Flags, Hello, LinkGeneration, PairBody, Reason, Record, Status, Verdict,
};
use crate::wire::codec::AnyKind;

/// Runs all of them.
pub(super) fn every_check(tally: &mut Tally) {
    pairs(tally);
    doors(tally);
    call_frames(tally);
    data_channel(tally);
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
    stage.world.input(
        BEN,
        Input::Net(NetEvent::Connected { device: far, loopback: false, private: false, source: Source(1) }),
    );
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

/// 084..086.
fn data_channel(tally: &mut Tally) {
    let mut stage = Stage::new();
    let mut talk: Talk = stage.mallory.ring(&mut stage.world);
    connect(&mut stage.world, &stage.mallory, &mut talk);
    let device = stage.mallory.device_id();
    let links = stage.world.nodes[BEN].core.links();
    let link = links.iter().find(|link| link.device == device).unwrap().link;
    let status = CtlBody::Status(Status { state_seq: 1, flags: Flags(0) });
    let message = crate::wire::ctl::write(&status, 1).unwrap();
    for (message, check) in [(message.clone(), None), (message, Some(Check::CTL_SEQ)), (vec![1], Some(Check::CTL_HEAD))]
    {
        stage.world.input(BEN, Input::Ctl { link, message });
        let refusals = stage.world.nodes[BEN].core.refusals();
        assert!(check.is_none_or(|check| refusals.of(check) == 1), "{check:?}");
    }
    for number in 1..=u32::try_from(RECORD_REQUESTS_MAX).unwrap() + 1 {
        assert_eq!(stage.world.nodes[BEN].core.refusals().of(Check::RECORD_REQUESTS), 0);
        let question = CtlBody::Record(Record { op: 1, recording: number });
        let message = crate::wire::ctl::write(&question, 1 + number).unwrap();
        stage.world.input(BEN, Input::Ctl { link, message });
    }
    assert_eq!(stage.world.nodes[BEN].core.refusals().of(Check::RECORD_REQUESTS), 1);
    stage.end(tally);
}
