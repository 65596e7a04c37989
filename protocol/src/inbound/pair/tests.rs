//! Tests of pair frames: order, doubles, roles. Single refusals stand in the known answers, too.

use std::collections::BTreeSet;

use ahoy_crypto::sas::commitment;
use ahoy_crypto::{Channel, Check};
use rand_core::Rng;

use super::{PairContext, PairReceiver, Received, Role};
use crate::inbound::tests::world::{Pair, Person, pair};
use crate::inbound::{Held, Sealed, receive};
use crate::outbound::{Message, pair_frame};
use crate::testing::rng;
use crate::topic::Topic;
use crate::wire::bodies::{
    Candidate, Candidates, Description, EpochSecret, Flags, HandOff, Hello, LinkGeneration, PairBody, Purpose, Reason,
    Record, SdpKind, Status, Verdict,
};

fn two() -> Pair {
    pair(&Person::named("alice"), &Person::named("bob"), &mut rng("a pair"))
}

const NONCE: [u8; 32] = [5; 32];

fn confirm() -> PairBody {
    PairBody::Confirm(Hello { nonce: NONCE, signing_key: [6; 32], features: 0 })
}

fn status(state_seq: u32) -> PairBody {
    PairBody::Status(Status { state_seq, flags: Flags(0) })
}

/// Seals and opens at once.
fn pass(
    sender: &Channel,
    context: &PairContext<'_>,
    receiver: &mut PairReceiver,
    counter: u64,
    message: Message<'_>,
) -> Result<Received, Check> {
    let frame = pair_frame(sender, [7; 8], counter, message, None).expect("sealed");
    let Sealed::Pair(frame) = receive(Topic([b'a'; 32]), &frame, Some(Held::Mailbox { hint_key: [0; 32] }))? else {
        panic!("a pair frame")
    };
    frame.open(context, receiver)
}

/// What comes from the responder, to the initiator.
fn at_initiator(pair: &Pair, purpose: Purpose) -> PairContext<'_> {
    PairContext { channel: &pair.initiator, role: Role::Initiator, purpose }
}

/// What comes from the initiator, to the responder.
fn at_responder(pair: &Pair, purpose: Purpose) -> PairContext<'_> {
    PairContext { channel: &pair.responder, role: Role::Responder { sas_commit: commitment(&NONCE) }, purpose }
}

#[test]
fn messages_count_once_in_whatever_order_frames_arrive() {
    let (pair, mut rng) = (two(), rng("any order"));
    let context = at_initiator(&pair, Purpose::Ring);
    for _ in 0..20 {
        let (mut receiver, mut counter) = (PairReceiver::default(), 0);
        let mut arrived: BTreeSet<u32> = BTreeSet::new();
        for _ in 0..300 {
            let msg = receiver.ack().saturating_add(rng.next_u32() % 40).saturating_sub(3);
            let body = status(msg);
            let message = Message { body: Some(&body), msg, ack: 9 };
            let outcome = pass(&pair.responder, &context, &mut receiver, counter, message);
            counter += 1;
            // The model: a set of numbers, and all below the first gap have arrived.
            let before = (1..).find(|n| !arrived.contains(n)).expect("a gap") - 1;
            if msg == 0 || msg > before + 32 {
                assert_eq!(outcome, Err(Check::MESSAGE_NUMBER), "{msg} after {before}");
                continue;
            }
            let received = outcome.expect("within reach");
            assert_eq!(received.duplicate, !arrived.insert(msg), "{msg} after {before}");
            assert_eq!((received.msg, received.ack, received.body), (msg, 9, Some(body)));
            let after = (1..).find(|n| !arrived.contains(n)).expect("a gap") - 1;
            assert_eq!(receiver.ack(), after);
        }
    }
}

#[test]
fn a_gap_that_closes_lets_all_31_early_ones_count() {
    let pair = two();
    let context = at_initiator(&pair, Purpose::Ring);
    let mut receiver = PairReceiver::default();
    for (counter, msg) in (0..).zip((2..=32).rev().chain([1])) {
        assert_eq!(receiver.ack(), 0);
        let body = status(msg);
        pass(&pair.responder, &context, &mut receiver, counter, Message { body: Some(&body), msg, ack: 0 })
            .expect("early");
    }
    assert_eq!(receiver.ack(), 32);
}

#[test]
fn acknowledgements_alone_count_nothing() {
    let pair = two();
    let context = at_initiator(&pair, Purpose::Ring);
    let mut receiver = PairReceiver::default();
    for counter in 0..3 {
        let message = Message { body: None, msg: 77, ack: 5 };
        let received = pass(&pair.responder, &context, &mut receiver, counter, message).expect("an acknowledgement");
        assert_eq!(received, Received { msg: 0, ack: 5, body: None, duplicate: false });
        assert_eq!(receiver.ack(), 0);
    }
}

#[test]
fn a_counter_is_taken_once_and_128_back() {
    let pair = two();
    let context = at_initiator(&pair, Purpose::Ring);
    let mut receiver = PairReceiver::default();
    let ack = Message { body: None, msg: 0, ack: 0 };
    let mut taken = |counter| pass(&pair.responder, &context, &mut receiver, counter, ack).map(|_| ());
    assert_eq!(taken(1000), Ok(()));
    assert_eq!(taken(1000), Err(Check::PAIR_WINDOW));
    assert_eq!(taken(873), Ok(()), "127 behind");
    assert_eq!(taken(872), Err(Check::PAIR_WINDOW), "128 behind");
    assert_eq!(taken(873), Err(Check::PAIR_WINDOW));
    assert_eq!(taken((1 << 48) - 1), Ok(()), "the last counter there is");
    assert_eq!(taken(1001), Err(Check::PAIR_WINDOW));
}

#[test]
fn confirm_comes_first_and_opens_the_commitment() {
    let pair = two();
    let context = at_responder(&pair, Purpose::Ring);
    let mut receiver = PairReceiver::default();
    let first = Message { body: Some(&confirm()), msg: 1, ack: 0 };
    assert!(pass(&pair.initiator, &context, &mut receiver, 0, first).is_ok());
    let again = pass(&pair.initiator, &context, &mut receiver, 1, first).expect("a resend");
    assert!(again.duplicate);
    let wrong = PairBody::Confirm(Hello { nonce: [8; 32], signing_key: [6; 32], features: 0 });
    let refused = |body: &PairBody, msg| {
        let message = Message { body: Some(body), msg, ack: 0 };
        pass(&pair.initiator, &context, &mut PairReceiver::default(), 0, message).err()
    };
    assert_eq!(refused(&wrong, 1), Some(Check::COMMITMENT));
    assert_eq!(refused(&confirm(), 2), Some(Check::PAIR_ROLE));
    assert_eq!(refused(&status(1), 1), Some(Check::PAIR_ROLE), "nothing of the initiator acts before confirm");
}

#[test]
fn a_side_says_what_is_its_own_to_say() {
    let pair = two();
    let verdict = PairBody::Verdict(Verdict::Accept);
    let end = PairBody::LinkEnd(3);
    let asks = PairBody::HandOff(HandOff {
        call: crate::ids::CallId([1; 16]),
        account: crate::ids::AccountId([2; 32]),
        device: crate::ids::DeviceId([3; 32]),
        flags: Flags::default(),
        context: None,
    });
    let (ring, link, hand_off) = (Purpose::Ring, Purpose::Link, Purpose::HandOff);
    for (from_initiator, purpose, body, check) in [
        (true, ring, &verdict, Some(Check::PAIR_ROLE)),
        (false, ring, &verdict, None),
        (false, link, &verdict, Some(Check::PURPOSE)),
        (true, ring, &end, Some(Check::PURPOSE)),
        (true, link, &end, None),
        (false, link, &end, Some(Check::PAIR_ROLE)),
        (false, ring, &confirm(), Some(Check::PAIR_ROLE)),
        (true, link, &status(1), Some(Check::PURPOSE)),
        (true, link, &PairBody::HangUp(Reason::HungUp), None),
        (false, link, &PairBody::HangUp(Reason::HungUp), None),
        (false, Purpose::Pair, &end, Some(Check::PAIR_ROLE)),
        (true, Purpose::Pair, &end, Some(Check::PURPOSE)),
        (true, hand_off, &asks, None),
        (false, hand_off, &asks, Some(Check::PAIR_ROLE)),
        (true, ring, &asks, Some(Check::PURPOSE)),
        (true, Purpose::Pair, &asks, Some(Check::PURPOSE)),
        (true, link, &asks, Some(Check::PURPOSE)),
        (false, hand_off, &verdict, None),
        (true, hand_off, &PairBody::HangUp(Reason::HungUp), None),
        (true, hand_off, &status(1), Some(Check::PURPOSE)),
        (true, hand_off, &end, Some(Check::PURPOSE)),
    ] {
        let message = Message { body: Some(body), msg: 2, ack: 0 };
        let mut receiver = PairReceiver::default();
        let outcome = if from_initiator {
            pass(&pair.initiator, &at_responder(&pair, purpose), &mut receiver, 0, message)
        } else {
            pass(&pair.responder, &at_initiator(&pair, purpose), &mut receiver, 0, message)
        };
        assert_eq!(outcome.err(), check, "{body:?} for {purpose:?}, initiator: {from_initiator}");
    }
}

#[test]
fn the_directions_have_keys_of_their_own() {
    let pair = two();
    let ack = Message { body: None, msg: 0, ack: 0 };
    for (sender, context) in
        [(&pair.initiator, at_initiator(&pair, Purpose::Ring)), (&pair.responder, at_responder(&pair, Purpose::Ring))]
    {
        let mut receiver = PairReceiver::default();
        assert_eq!(pass(sender, &context, &mut receiver, 0, ack), Err(Check::PAIR_NOISE), "what we sent comes back");
        assert_eq!(receiver, PairReceiver::default());
    }
}

fn part(part: u8, parts: u8, size: usize) -> PairBody {
    PairBody::Description(Description {
        link: 1,
        generation: 0,
        kind: SdpKind::Offer,
        part,
        parts,
        bytes: vec![b'x'; size],
    })
}

#[test]
fn parts_of_a_description_are_full_but_for_the_last() {
    let pair = two();
    let context = at_initiator(&pair, Purpose::Ring);
    for (body, good) in [
        (part(0, 1, 1), true),
        (part(0, 1, 3840), true),
        (part(0, 2, 3840), true),
        (part(0, 2, 3839), false),
        (part(1, 2, 1), true),
        (part(4, 5, 1024), true),
        (part(4, 5, 1025), false),
        (part(5, 5, 1), false),
        (part(0, 0, 1), false),
        (part(5, 6, 1), false),
        (part(255, 255, 1), false),
    ] {
        let message = Message { body: Some(&body), msg: 1, ack: 0 };
        let outcome = pass(&pair.responder, &context, &mut PairReceiver::default(), 0, message);
        assert_eq!(outcome.err(), (!good).then_some(Check::PAIR_CONTENT), "{body:?}");
    }
}

fn commit(members: &[u8], roster: &[u8]) -> PairBody {
    PairBody::EpochSecret(EpochSecret {
        epoch: 1,
        secret: ahoy_crypto::Secret::new([1; 32]),
        op: 2,
        subject: [9; 32],
        members: members.iter().map(|n| ahoy_crypto::DeviceId([*n; 32])).collect(),
        roster: roster.iter().map(|n| ahoy_crypto::AccountId([*n; 32])).collect(),
        committer: None,
    })
}

#[test]
fn lists_of_an_epoch_are_ascending_and_of_a_size() {
    let pair = two();
    let context = at_initiator(&pair, Purpose::Ring);
    let many: Vec<u8> = (0..33).collect();
    for (body, good) in [
        (commit(&[1], &[1, 2]), true),
        (commit(&many[..32], &many[..32]), true),
        (commit(&[], &[1, 2]), false),
        (commit(&many, &[1, 2]), false),
        (commit(&[1], &[1]), false),
        (commit(&[1], &many), false),
        (commit(&[2, 1], &[1, 2]), false),
        (commit(&[1, 1], &[1, 2]), false),
        (commit(&[1], &[2, 1]), false),
        (commit(&[1], &[1, 1]), false),
    ] {
        let message = Message { body: Some(&body), msg: 1, ack: 0 };
        let outcome = pass(&pair.responder, &context, &mut PairReceiver::default(), 0, message);
        assert_eq!(outcome.err(), (!good).then_some(Check::PAIR_CONTENT), "{body:?}");
    }
}

#[test]
fn a_message_that_is_refused_has_not_arrived() {
    let pair = two();
    let context = at_initiator(&pair, Purpose::Ring);
    let mut receiver = PairReceiver::default();
    let bad = part(5, 5, 1);
    let message = |body| Message { body: Some(body), msg: 1, ack: 0 };
    assert_eq!(pass(&pair.responder, &context, &mut receiver, 0, message(&bad)).err(), Some(Check::PAIR_CONTENT));
    assert_eq!(receiver.ack(), 0);
    let good = status(1);
    let received = pass(&pair.responder, &context, &mut receiver, 1, message(&good)).expect("the same number again");
    assert!(!received.duplicate);
}

#[test]
fn every_body_arrives_as_it_was_sent() {
    let pair = two();
    let context = at_initiator(&pair, Purpose::Ring);
    let v6 = Candidate { kind: 3, protocol: 1, ip: "2001:db8::1".parse().expect("an address"), port: 1, priority: 0 };
    let v4 = Candidate {
        kind: 0,
        protocol: 0,
        ip: "10.0.0.1".parse().expect("an address"),
        port: 65535,
        priority: u32::MAX,
    };
    let generation = LinkGeneration { link: 4, generation: 5 };
    let bodies = [
        PairBody::Verdict(Verdict::Busy),
        part(1, 3, 3840),
        PairBody::Candidates(Candidates { link: 1, generation: 2, list: vec![v4, v6] }),
        PairBody::EndOfCandidates(generation),
        PairBody::Restart(generation),
        status(u32::MAX),
        PairBody::HangUp(Reason::DaemonStopped),
        commit(&[1, 2], &[1, 2]),
        PairBody::Record(Record { op: 1, recording: 7 }),
    ];
    let mut receiver = PairReceiver::default();
    for (n, body) in (1..).zip(&bodies) {
        let message = Message { body: Some(body), msg: n, ack: n - 1 };
        let received = pass(&pair.responder, &context, &mut receiver, u64::from(n), message).expect("it is good");
        assert_eq!((received.body.as_ref(), received.ack), (Some(body), n - 1));
    }
    assert_eq!(receiver.ack() as usize, bodies.len());
}
