//! Tests of `pair` with frames that no pair of ours would send.

use ahoy_crypto::{Channel, DhKey, Initiator, Responder, noise};

use super::Pair;
use crate::ids::DeviceId;
use crate::inbound::{Held, Role, Sealed, receive};
use crate::outbound::{Message, pair_frame};
use crate::session::pace::Pace;
use crate::testing::rng;
use crate::topic::Topic;
use crate::wire::bodies::{Hello, PairBody, Purpose, Verdict};

const TOPIC: Topic = Topic([b'a'; 32]);
const TAG: [u8; 8] = [5; 8];

/// The other side, whose frames the test makes, and our pair.
fn channels() -> (Channel, Channel) {
    let rng = &mut rng("channels");
    let (dk, spk) = (DhKey::generate(rng), DhKey::generate(rng));
    let prologue = noise::prologue([1, 0x11], DeviceId([2; 32]), [3; 4], 0, &TOPIC.0);
    let (mut initiator, message1) = Initiator::start(&dk, &spk.public(), &prologue, b"", rng).expect("sealed");
    let responder = Responder::open(&spk, &prologue, &message1).expect("opens");
    let (theirs, message2) = responder.answer(b"", rng).expect("sealed");
    let (ours, _) = initiator.finish(&message2).expect("opens");
    (ours, theirs)
}

fn initiator() -> (Pair, Channel) {
    let (ours, theirs) = channels();
    (Pair::new(TAG, ours, Role::Initiator, Purpose::Ring, TOPIC), theirs)
}

fn take(pair: &mut Pair, channel: &Channel, counter: u64, (msg, ack): (u32, u32)) -> Vec<PairBody> {
    let body = PairBody::Verdict(Verdict::Ringing);
    let message = Message { body: Some(&body), msg, ack };
    let frame = pair_frame(channel, TAG, counter, message, None).expect("sealed");
    match receive(TOPIC, &frame, Some(Held::Mailbox { hint_key: [0; 32] })).expect("a pair frame") {
        Sealed::Pair(frame) => pair.receive(&frame, 0, &mut Pace::default()).expect("opens"),
        Sealed::Envelope(_) | Sealed::Answer(_) | Sealed::Call(_) => panic!("not a pair frame"),
    }
}

#[test]
fn a_double_leaves_nothing_behind() {
    let (mut pair, theirs) = initiator();
    for counter in 0..10 {
        let delivered = take(&mut pair, &theirs, counter, (1, 0));
        assert_eq!(delivered.len(), usize::from(counter == 0));
        assert!(pair.early.is_empty());
    }
}

#[test]
fn early_messages_are_kept_and_their_doubles_are_not() {
    let (mut pair, theirs) = initiator();
    for (counter, msg) in [(0, 3), (1, 3), (2, 2), (3, 2)] {
        assert!(take(&mut pair, &theirs, counter, (msg, 0)).is_empty());
    }
    assert_eq!(pair.early.len(), 2);
    assert_eq!(take(&mut pair, &theirs, 4, (1, 0)).len(), 3);
    assert!(pair.early.is_empty());
}

#[test]
fn acknowledging_what_was_never_sent_says_nothing() {
    let (mut pair, theirs) = initiator();
    let nonce = [7; 32];
    pair.send(PairBody::Confirm(Hello { nonce, signing_key: [8; 32], features: 0 }));
    take(&mut pair, &theirs, 0, (1, 99));
    assert!(!pair.is_settled());
    take(&mut pair, &theirs, 1, (2, 1));
    assert!(pair.is_settled());
    take(&mut pair, &theirs, 2, (3, 0));
    assert!(pair.is_settled(), "an older acknowledgement takes nothing back");
}
