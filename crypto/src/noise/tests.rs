//! Tests of `noise`: a handshake, and what it survives.

use super::{Channel, Initiator, MESSAGE1_OVERHEAD, MESSAGE2_OVERHEAD, Responder, SealError, TAG, prologue};
use crate::check::Check;
use crate::hash::sha256;
use crate::ids::DeviceId;
use crate::keys::DhKey;
use crate::limits::COUNTER_END;
use crate::secret::Secret;
use crate::testing::{Person, SeededRng, low_points};

const TOPIC: [u8; 32] = [b'a'; 32];

fn bound() -> [u8; 87] {
    prologue([1, 0x11], DeviceId([2; 32]), [3; 4], 5, &TOPIC)
}

struct Both {
    alice: Person,
    bob: Person,
    initiator: Initiator,
    message1: Vec<u8>,
}

fn offer() -> Both {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let mut rng = SeededRng::new(3);
    let (initiator, message1) =
        Initiator::start(&alice.dk, &bob.spk.public(), &bound(), b"offer", &mut rng).expect("sealed");
    Both { alice, bob, initiator, message1 }
}

fn channels() -> (Channel, Channel) {
    let mut both = offer();
    let responder = Responder::open(&both.bob.spk, &bound(), &both.message1).expect("opens");
    let (bob, message2) = responder.answer(b"answer", &mut SeededRng::new(4)).expect("sealed");
    let (alice, payload) = both.initiator.finish(&message2).expect("opens");
    assert_eq!(payload, b"answer");
    (alice, bob)
}

#[test]
fn a_handshake_shows_each_side_the_other() {
    let both = offer();
    assert_eq!(both.message1.len(), 5 + MESSAGE1_OVERHEAD);
    let responder = Responder::open(&both.bob.spk, &bound(), &both.message1).expect("opens");
    assert_eq!(responder.payload(), b"offer");
    assert_eq!(responder.remote_static(), &both.alice.dk.public());
    assert_eq!(responder.h1(), both.initiator.h1());
    let (channel, message2) = responder.answer(b"answer", &mut SeededRng::new(4)).expect("sealed");
    assert_eq!(message2.len(), 6 + MESSAGE2_OVERHEAD);
    assert!(!channel.is_initiator());
}

#[test]
fn both_sides_end_with_the_same_hash_and_opposite_roles() {
    let (alice, bob) = channels();
    assert_eq!(alice.handshake_hash(), bob.handshake_hash());
    assert!(alice.is_initiator() && !bob.is_initiator());
}

#[test]
fn randomness_is_the_arguments_alone() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let message = |seed| {
        let mut rng = SeededRng::new(seed);
        Initiator::start(&alice.dk, &bob.spk.public(), &bound(), b"x", &mut rng).expect("sealed").1
    };
    assert_eq!(message(7), message(7));
    assert_ne!(message(7), message(8));
    let answer = |seed| {
        let responder = Responder::open(&bob.spk, &bound(), &message(7)).expect("opens");
        responder.answer(b"y", &mut SeededRng::new(seed)).expect("sealed").1
    };
    assert_eq!(answer(1), answer(1));
    assert_ne!(answer(1), answer(2));
}

#[test]
fn the_ephemeral_key_is_the_one_given() {
    let (alice, bob) = (Person::new(1), Person::new(2));
    let given = Secret::new([0x31; 32]);
    let (_, message) = Initiator::start_with(&alice.dk, &bob.spk.public(), &bound(), b"x", &given).expect("sealed");
    assert_eq!(message[..32], DhKey::from_secret(&given).public());
}

#[test]
fn the_prologue_binds_recipient_prekey_day_topic_and_head() {
    let both = offer();
    let others = [
        prologue([1, 0x12], DeviceId([2; 32]), [3; 4], 5, &TOPIC),
        prologue([1, 0x11], DeviceId([9; 32]), [3; 4], 5, &TOPIC),
        prologue([1, 0x11], DeviceId([2; 32]), [9; 4], 5, &TOPIC),
        prologue([1, 0x11], DeviceId([2; 32]), [3; 4], 6, &TOPIC),
        prologue([1, 0x11], DeviceId([2; 32]), [3; 4], 5, &[b'b'; 32]),
    ];
    for other in others {
        let refused = Responder::open(&both.bob.spk, &other, &both.message1).map(|_| ());
        assert_eq!(refused, Err(Check::NOISE));
    }
    assert_eq!(bound()[..13], *b"ahoy/1/inbox\0");
    assert_eq!(bound()[55..], sha256(&[&TOPIC]));
}

#[test]
fn another_prekey_opens_nothing() {
    let both = offer();
    let refused = Responder::open(&both.alice.spk, &bound(), &both.message1).map(|_| ());
    assert_eq!(refused, Err(Check::NOISE));
}

#[test]
fn every_changed_byte_of_message_1_is_refused() {
    let both = offer();
    for place in 0..both.message1.len() {
        let mut bad = both.message1.clone();
        bad[place] ^= 1;
        assert!(Responder::open(&both.bob.spk, &bound(), &bad).is_err(), "byte {place}");
    }
    for length in 0..both.message1.len() {
        let cut = &both.message1[..length];
        assert!(Responder::open(&both.bob.spk, &bound(), cut).is_err(), "{length} bytes");
    }
}

#[test]
fn low_ephemerals_are_refused_before_any_diffie_hellman() {
    let mut both = offer();
    for point in low_points() {
        let mut bad = both.message1.clone();
        bad[..32].copy_from_slice(&point);
        let refused = Responder::open(&both.bob.spk, &bound(), &bad).map(|_| ());
        assert_eq!(refused, Err(Check::LOW_EPHEMERAL));
        let mut answer = vec![0; 60];
        answer[..32].copy_from_slice(&point);
        assert_eq!(both.initiator.finish(&answer).map(|_| ()), Err(Check::LOW_EPHEMERAL));
    }
}

#[test]
fn a_bad_message_2_leaves_the_initiator_waiting() {
    let mut both = offer();
    let responder = Responder::open(&both.bob.spk, &bound(), &both.message1).expect("opens");
    let (bob, message2) = responder.answer(b"answer", &mut SeededRng::new(4)).expect("sealed");
    for place in 0..message2.len() {
        let mut bad = message2.clone();
        bad[place] ^= 1;
        assert!(both.initiator.finish(&bad).is_err(), "byte {place}");
    }
    for length in 0..message2.len() {
        assert!(both.initiator.finish(&message2[..length]).is_err(), "{length} bytes");
    }
    let (alice, payload) = both.initiator.finish(&message2).expect("still waits");
    assert_eq!(payload, b"answer");
    assert_eq!(alice.handshake_hash(), bob.handshake_hash());
}

#[test]
fn an_initiator_is_used_once() {
    let mut both = offer();
    let responder = Responder::open(&both.bob.spk, &bound(), &both.message1).expect("opens");
    let (_, message2) = responder.answer(b"answer", &mut SeededRng::new(4)).expect("sealed");
    assert!(both.initiator.finish(&message2).is_ok());
    assert_eq!(both.initiator.finish(&message2).map(|_| ()), Err(Check::PAIR_TAG));
}

#[test]
fn frames_open_under_their_counter_and_direction_only() {
    let (alice, bob) = channels();
    let sealed = alice.seal(7, b"hello").expect("sealed");
    assert_eq!(sealed.len(), 5 + TAG);
    assert_eq!(bob.open(7, &sealed).expect("opens"), b"hello");
    assert_eq!(bob.open(8, &sealed), Err(Check::PAIR_NOISE));
    assert_eq!(alice.open(7, &sealed), Err(Check::PAIR_NOISE));
    let back = bob.seal(7, b"hello").expect("sealed");
    assert_ne!(back, sealed, "each direction has a key of its own");
    assert_eq!(alice.open(7, &back).expect("opens"), b"hello");
}

#[test]
fn a_failed_open_changes_nothing() {
    let (alice, bob) = channels();
    let sealed = alice.seal(0, b"hello").expect("sealed");
    for place in 0..sealed.len() {
        let mut bad = sealed.clone();
        bad[place] ^= 1;
        assert_eq!(bob.open(0, &bad), Err(Check::PAIR_NOISE), "byte {place}");
    }
    assert_eq!(bob.open(0, &sealed).expect("opens"), b"hello");
}

#[test]
fn counters_end_below_2_to_48() {
    let (alice, bob) = channels();
    let last = alice.seal(COUNTER_END - 1, b"x").expect("the last one");
    assert_eq!(bob.open(COUNTER_END - 1, &last).expect("opens"), b"x");
    assert_eq!(alice.seal(COUNTER_END, b"x"), Err(SealError::Counter));
    for counter in [COUNTER_END, u64::MAX] {
        assert_eq!(bob.open(counter, &last), Err(Check::PAIR_COUNTER));
    }
}

#[test]
fn nothing_longer_than_a_message_is_sealed_or_opened() {
    let (alice, bob) = channels();
    assert_eq!(alice.seal(0, &vec![0; 4096 - TAG + 1]), Err(SealError::TooLong));
    assert!(alice.seal(0, &vec![0; 4096 - TAG]).is_ok());
    assert_eq!(bob.open(0, &vec![0; 4097]), Err(Check::PAIR_NOISE));
    assert_eq!(bob.open(0, &[0; TAG - 1]), Err(Check::PAIR_NOISE));
    let (alice, bob) = (Person::new(1), Person::new(2));
    let start = |bytes: usize| {
        let payload = vec![0; bytes];
        Initiator::start(&alice.dk, &bob.spk.public(), &bound(), &payload, &mut SeededRng::new(1)).map(|_| ())
    };
    assert_eq!(start(4096 - MESSAGE1_OVERHEAD), Ok(()));
    assert_eq!(start(4097 - MESSAGE1_OVERHEAD), Err(SealError::TooLong));
}

#[test]
fn states_print_nothing() {
    let both = offer();
    let responder = Responder::open(&both.bob.spk, &bound(), &both.message1).expect("opens");
    assert_eq!(format!("{:?} {responder:?}", both.initiator), "Initiator(..) Responder(..)");
    assert_eq!(format!("{:?}", channels().0), "Channel(..)");
}
