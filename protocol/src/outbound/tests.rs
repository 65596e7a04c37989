//! Tests of the sealing side: sizes, and that nothing shows from outside.

use ahoy_crypto::hash::hint;
use ahoy_crypto::{Check, Secret, SignKey};

use super::{
    FrameSender, Identity, Letter, Message, OutboundError, answer, call_frame, envelope, envelope_with, pair_frame,
};
use crate::ids::CallId;
use crate::inbound::Held;
use crate::inbound::tests::world::{CALL, Desk, Person, call_keys, call_secret, letter, offer, pair, seal};
use crate::inbound::{Sealed, receive};
use crate::testing::rng;
use crate::wire::bodies::{
    CallBody, Cancel, Description, Flags, Hello, InboxBody, LinkContact, Offer, PairBody, Purpose, Reason, Receipt,
    SdpKind,
};

fn two() -> (Person, Person) {
    (Person::named("alice"), Person::named("bob"))
}

fn big_offer(alice: &Person, bob: &Person, accounts: usize) -> InboxBody {
    let mut offer = offer(alice, bob, Purpose::Ring);
    let more = (0..).map(|n| crate::ids::AccountId([n; 32]));
    offer.roster.extend(more.take(accounts - 2));
    offer.roster.sort_unstable();
    InboxBody::Offer(Offer { context: Some(vec![7; 256]), ..offer })
}

#[test]
fn envelopes_have_three_sizes_whatever_they_say() {
    let ((alice, bob), mut rng) = (two(), rng("sizes"));
    let cancel = InboxBody::Cancel(Cancel { call: CALL, reason: Reason::Cancelled });
    for (body, size) in [
        (cancel, 1024),
        (InboxBody::Offer(offer(&alice, &bob, Purpose::Ring)), 1024),
        (big_offer(&alice, &bob, 20), 2048),
        (big_offer(&alice, &bob, 64), 4096),
    ] {
        let (_, data) = seal(&alice, &bob, &body, &mut rng);
        assert_eq!(data.len(), size);
        assert_eq!(data[..2], [1, 0x11]);
    }
}

#[test]
fn a_larger_size_may_be_asked_for_and_no_other() {
    let ((alice, bob), mut rng) = (two(), rng("asked sizes"));
    let body = big_offer(&alice, &bob, 20);
    for (size, good) in [(1024, false), (2048, true), (4096, true), (3000, false), (8192, false), (256, false)] {
        let outcome = envelope_with(
            alice.identity(),
            &bob.recipient(),
            &bob.at_inbox(),
            &letter(&body),
            Some(size),
            &Secret::random(&mut rng),
        );
        match outcome {
            Ok((_, data)) => assert!(good && data.len() == size, "{size}"),
            Err(error) => assert!(!good && error == OutboundError::TooLong, "{size}: {error}"),
        }
    }
}

#[test]
fn equal_letters_never_look_alike() {
    let ((alice, bob), mut rng) = (two(), rng("look"));
    let body = InboxBody::Cancel(Cancel { call: CALL, reason: Reason::Cancelled });
    let (_, one) = seal(&alice, &bob, &body, &mut rng);
    let (_, other) = seal(&alice, &bob, &body, &mut rng);
    let equal = one.iter().zip(&other).skip(14).filter(|(a, b)| a == b).count();
    assert!(equal < 40, "{equal} of 1010 bytes are equal");
}

#[test]
fn what_breaks_its_cddl_is_not_sealed() {
    let ((alice, bob), mut rng) = (two(), rng("unfit"));
    let body = InboxBody::Receipt(Receipt { kind: 1, id: vec![0; 16] });
    let outcome = envelope(alice.identity(), &bob.recipient(), &bob.at_inbox(), &letter(&body), &mut rng);
    let Err(OutboundError::Body(unfit)) = outcome else { panic!("it doesn't fit") };
    assert_eq!(unfit.0, "receipt");
    let pair = pair(&alice, &bob, &mut rng);
    let contact =
        LinkContact { card: Vec::new(), name: "x".to_owned(), policy: 0, contact_token: None, device_set: None };
    let body = PairBody::LinkContact(contact);
    let message = Message { body: Some(&body), msg: 1, ack: 0 };
    assert!(matches!(pair_frame(&pair.initiator, pair.tag, 0, message, None), Err(OutboundError::Body(_))));
}

#[test]
fn the_payload_is_laid_out_as_the_document_says() {
    let (alice, _) = two();
    let body = InboxBody::Cancel(Cancel { call: CallId([0xab; 16]), reason: Reason::Busy });
    let letter = Letter { body: &body, wants_receipt: true, asks_presence: true, sent_ms: 0x0102_0304_0506_0708 };
    let payload = letter.payload(&alice.certificate).expect("a payload");
    assert_eq!(payload[..168], alice.certificate.bytes()[..]);
    assert_eq!(payload[168..180], [5, 3, 1, 2, 3, 4, 5, 6, 7, 8, 0, 21]);
    assert_eq!(payload.len(), 180 + 21);
}

#[test]
fn an_answer_keeps_its_message_over_all_copies() {
    let ((alice, bob), mut rng) = (two(), rng("copies"));
    let (mut initiator, data) = seal(&alice, &bob, &InboxBody::Offer(offer(&alice, &bob, Purpose::Ring)), &mut rng);
    let verified = Desk::of(&bob, &alice).take(&bob.at_inbox(), &data).expect("a good offer");
    let (keys, hello) = (call_keys(), Hello { nonce: [1; 32], signing_key: [2; 32], features: 3 });
    let tag = keys.pair_tag(initiator.h1());
    let (_, answer) = answer(verified.responder, &hello, tag, &mut rng).expect("an answer");
    let at = alice.at_mailbox(&keys);
    let copies: Vec<Vec<u8>> = (0..8).map(|copy| answer.copy(copy, &at.hint_key)).collect();
    for (number, copy) in (0u8..).zip(&copies) {
        assert_eq!((copy.len(), &copy[10..18], &copy[18..20]), (512, &tag[..], &[0, number][..]));
        assert_eq!(copy[20..], *answer.message2());
        assert_eq!(copy[2..10], hint(&at.hint_key, &[&copy[..2], &copy[10..]]));
        assert!(copies.iter().filter(|other| *other == copy).count() == 1, "gossip drops equal bytes");
    }
    let held = Held::Mailbox { hint_key: at.hint_key };
    let Ok(Sealed::Answer(sealed)) = receive(at.topic, &copies[5], Some(held)) else { panic!("an answer") };
    assert_eq!(sealed.pair_tag, tag);
    assert_eq!(sealed.open(&mut initiator).expect("it opens").verify().expect("it is good").hello, hello);
    assert_eq!(sealed.open(&mut initiator).err(), Some(Check::PAIR_TAG), "and no second one");
}

#[test]
fn pair_frames_grow_with_what_they_say() {
    let ((alice, bob), mut rng) = (two(), rng("pair sizes"));
    let pair = pair(&alice, &bob, &mut rng);
    let part = |size| {
        PairBody::Description(Description {
            link: 1,
            generation: 0,
            kind: SdpKind::Answer,
            part: 0,
            parts: 1,
            bytes: vec![b'x'; size],
        })
    };
    for (body, wanted, size) in [
        (part(1), None, Some(256)),
        (part(195), None, Some(256)),
        (part(200), None, Some(512)),
        (part(3840), None, Some(4096)),
        (part(1), Some(2048), Some(2048)),
        (part(3840), Some(2048), None),
        (part(1), Some(300), None),
    ] {
        let message = Message { body: Some(&body), msg: 1, ack: 0 };
        let outcome = pair_frame(&pair.initiator, pair.tag, 3, message, wanted);
        assert_eq!(outcome.as_ref().ok().map(Vec::len), size);
        if let Ok(frame) = outcome {
            assert_eq!(frame[..2], [1, 0x31]);
            assert_eq!(frame[2..10], pair.tag);
            assert_eq!(frame[10..18], 3u64.to_be_bytes());
        }
    }
}

#[test]
fn a_used_up_counter_seals_nothing() {
    let ((alice, bob), mut rng) = (two(), rng("counters"));
    let pair = pair(&alice, &bob, &mut rng);
    let message = Message { body: None, msg: 0, ack: 0 };
    assert!(pair_frame(&pair.initiator, pair.tag, (1 << 48) - 1, message, None).is_ok());
    let error = pair_frame(&pair.initiator, pair.tag, 1 << 48, message, None).expect_err("no nonce is left");
    assert!(error.to_string().contains("counter"), "{error}");
    let body = CallBody::Announce { state_seq: 1, flags: Flags(0), view: [0; 32], record: None };
    let signing_key = SignKey::from_seed(&Secret::new([8; 32]));
    let (keys, epoch_secret) = (call_keys(), call_secret());
    let sender = FrameSender {
        call: CALL,
        keys: &keys,
        device: alice.device_id(),
        signing_key: &signing_key,
        epoch: 0,
        epoch_secret: &epoch_secret,
        salt: [0; 16],
    };
    assert_eq!(call_frame(&sender, 0, &body, None).expect("sealed").len(), 256);
    assert_eq!(call_frame(&sender, 0, &body, Some(4096)).expect("sealed").len(), 4096);
    assert!(call_frame(&sender, 1 << 48, &body, None).is_err());
    let record = Some(alice.record.bytes().to_vec());
    let long = CallBody::Announce { state_seq: 1, flags: Flags(0), view: [0; 32], record };
    assert_eq!(call_frame(&sender, 0, &long, None).expect("sealed").len(), 512);
}

#[test]
fn a_bare_acknowledgement_has_no_number_and_no_body() {
    let ((alice, bob), mut rng) = (two(), rng("acknowledgement"));
    let pair = pair(&alice, &bob, &mut rng);
    let frame = pair_frame(&pair.initiator, pair.tag, 0, Message { body: None, msg: 5, ack: 9 }, None).expect("sealed");
    let plain = pair.responder.open(0, &frame[18..]).expect("it opens");
    assert_eq!(plain[..11], [0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0]);
    assert!(plain[11..].iter().all(|byte| *byte == 0));
}

#[test]
fn a_prekey_of_low_order_seals_nothing_that_its_owner_reads() {
    // The record's check (033) refuses such a key before; sealing to it all the same must not panic.
    let ((alice, bob), mut rng) = (two(), rng("low order"));
    let mut to = bob.recipient();
    to.spk = [0; 32];
    let body = InboxBody::Cancel(Cancel { call: CALL, reason: Reason::Cancelled });
    let identity = Identity { dk: &alice.dk, certificate: &alice.certificate };
    let (_, data) = envelope(identity, &to, &bob.at_inbox(), &letter(&body), &mut rng).expect("sealed to nobody");
    assert_eq!(Desk::of(&bob, &alice).take(&bob.at_inbox(), &data).err(), Some(Check::NOISE));
}
