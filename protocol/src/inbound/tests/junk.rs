//! Junk and damage: nothing of it gets through, nothing of it leaves a trace.

use ahoy_crypto::hash::hint;
use ahoy_crypto::{CallKeys, Check, Initiator, SignKey, noise};
use rand_core::Rng;

use super::world::{CALL, Desk, NOW_S, Person, call_keys, call_secret, inbox_held, mailbox_held, offer, pair, seal};
use crate::inbound::{
    CallContext, EpochKey, FrameWindows, Held, Member, PairContext, PairReceiver, Refusals, Role, Sealed, receive,
    waiting,
};
use crate::outbound::{FrameSender, Message, Where, answer, call_frame, pair_frame};
use crate::testing::rng;
use crate::wire::bodies::{CallBody, Flags, Hello, InboxBody, PairBody, Purpose, Status, Verdict};
use crate::wire::codec::AnyKind;
use crate::wire::envelope::SIZES;

/// Random messages of the plain junk test.
const MESSAGES: usize = 100_000;

/// Everything that a device may hold at a time, to throw junk at.
struct Target<'a> {
    desk: Desk<'a>,
    inbox: Where,
    mailbox: Where,
    initiator: Initiator,
    tag: [u8; 8],
    pair: super::world::Pair,
    receiver: PairReceiver,
    keys: CallKeys,
    member: Member,
    windows: FrameWindows,
    epoch: EpochKey,
}

impl<'a> Target<'a> {
    /// Bob, with everything that Alice may send him under way, and an offer of his own that waits.
    fn new(alice: &Person, bob: &'a Person) -> Target<'a> {
        let mut rng = rng("target");
        let (keys, body) = (call_keys(), InboxBody::Offer(offer(bob, alice, Purpose::Ring)));
        let (initiator, _) = seal(bob, alice, &body, &mut rng);
        let slot = keys.slot(alice.device_id());
        let signing_key = signer().public();
        Target {
            desk: Desk::of(bob, alice),
            inbox: bob.at_inbox(),
            mailbox: bob.at_mailbox(&keys),
            tag: keys.pair_tag(initiator.h1()),
            initiator,
            pair: pair(alice, bob, &mut rng),
            receiver: PairReceiver::default(),
            member: Member { device: alice.device_id(), account: alice.account_id(), slot, signing_key },
            windows: FrameWindows::default(),
            epoch: EpochKey { epoch: 0, secret: call_secret(), view: [0; 32] },
            keys,
        }
    }

    /// Everything that can happen to a message on a topic.
    fn take(&mut self, at: &Where, held: Held, data: &[u8]) -> Result<(), Check> {
        match receive(at.topic, data, Some(held))? {
            Sealed::Envelope(sealed) => sealed.open(&mut self.desk)?.verify(&mut self.desk, NOW_S).map(|_| ()),
            Sealed::Answer(sealed) => {
                let found = (sealed.pair_tag == self.tag).then_some(&mut self.initiator);
                sealed.open(waiting(found)?)?.verify().map(|_| ())
            }
            Sealed::Pair(frame) => {
                waiting((frame.pair_tag == self.pair.tag).then_some(()))?;
                let role = Role::Initiator;
                let context = PairContext { channel: &self.pair.initiator, role, purpose: Purpose::Ring };
                frame.open(&context, &mut self.receiver).map(|_| ())
            }
            Sealed::Call(frame) => {
                let roster = [self.member.account, self.desk.me.account_id()];
                let context = CallContext {
                    call: CALL,
                    keys: &self.keys,
                    epochs: std::slice::from_ref(&self.epoch),
                    members: std::slice::from_ref(&self.member),
                    roster: &roster,
                    offerer: self.member.account,
                    offerer_invites: false,
                    device_set: &|_| None,
                };
                frame.open(&context, &mut self.windows, NOW_S).map(|_| ())
            }
        }
    }

    /// Nothing was taken, entered or moved.
    fn is_untouched(&self) -> bool {
        self.desk.taken.is_empty()
            && self.desk.seen.is_empty()
            && self.receiver == PairReceiver::default()
            && format!("{:?}", self.windows) == format!("{:?}", FrameWindows::default())
    }
}

fn signer() -> SignKey {
    SignKey::from_seed(&ahoy_crypto::Secret::new([3; 32]))
}

/// A good message, and where it goes.
struct Good {
    name: &'static str,
    at: Where,
    held: Held,
    data: Vec<u8>,
}

/// One good message of every type, for Bob.
fn good_messages(alice: &Person, bob: &Person, target: &Target<'_>) -> Vec<Good> {
    let mut rng = rng("good messages");
    let (inbox, mailbox) = (target.inbox, target.mailbox);
    let (_, envelope) = seal(alice, bob, &InboxBody::Offer(offer(alice, bob, Purpose::Ring)), &mut rng);
    // Alice answers the offer that Bob's initiator waits with: the same RNG gives the same message 1.
    let body = InboxBody::Offer(offer(bob, alice, Purpose::Ring));
    let (_, data) = seal(bob, alice, &body, &mut crate::testing::rng("target"));
    let offered = Desk::of(alice, bob).take(&alice.at_inbox(), &data).expect("a good offer");
    let hello = Hello { nonce: [1; 32], signing_key: signer().public(), features: 0 };
    let (_, answer) = answer(offered.responder, &hello, target.tag, &mut rng).expect("an answer");
    let verdict = PairBody::Verdict(Verdict::Ringing);
    let message = Message { body: Some(&verdict), msg: 1, ack: 1 };
    let sender = FrameSender {
        call: CALL,
        keys: &target.keys,
        device: alice.device_id(),
        signing_key: &signer(),
        epoch: 0,
        epoch_secret: &call_secret(),
        salt: [6; 16],
    };
    let announce = CallBody::Announce { state_seq: 1, flags: Flags(0), view: [0; 32], record: None };
    let call_topic = Where { topic: crate::topic::Topic(target.keys.call_topic()), ..mailbox };
    vec![
        Good { name: "envelope", at: inbox, held: inbox_held(&inbox), data: envelope },
        Good { name: "answer", at: mailbox, held: mailbox_held(&mailbox), data: answer.copy(0, &mailbox.hint_key) },
        Good {
            name: "pair frame",
            at: mailbox,
            held: mailbox_held(&mailbox),
            data: pair_frame(&target.pair.responder, target.pair.tag, 0, message, None).expect("sealed"),
        },
        Good {
            name: "call frame",
            at: call_topic,
            held: Held::Call,
            data: call_frame(&sender, 0, &announce, None).expect("sealed"),
        },
    ]
}

#[test]
fn the_good_messages_are_good() {
    let (alice, bob) = (Person::named("alice"), Person::named("bob"));
    let mut target = Target::new(&alice, &bob);
    for good in good_messages(&alice, &bob, &target) {
        assert_eq!(target.take(&good.at, good.held, &good.data), Ok(()), "{}", good.name);
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    let (alice, bob) = (Person::named("alice"), Person::named("bob"));
    let mut target = Target::new(&alice, &bob);
    for good in good_messages(&alice, &bob, &target) {
        let mut data = good.data.clone();
        for bit in 0..data.len() * 8 {
            data[bit / 8] ^= 1 << (bit % 8);
            assert!(target.take(&good.at, good.held, &data).is_err(), "{}: bit {bit}", good.name);
            data[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(target.is_untouched(), "{}", good.name);
        assert_eq!(target.desk.paid, 0, "the outer MAC has spared every handshake");
    }
}

#[test]
fn every_flipped_bit_is_noticed_by_those_who_make_the_outer_mac_again() {
    let (alice, bob) = (Person::named("alice"), Person::named("bob"));
    let mut target = Target::new(&alice, &bob);
    for good in good_messages(&alice, &bob, &target).into_iter().take(2) {
        let mut data = good.data.clone();
        // Behind the head every bit of the first bytes, then one in eleven: each costs a handshake.
        let bits = (80..1200).chain((1200..data.len() * 8).step_by(11));
        for bit in bits {
            data[bit / 8] ^= 1 << (bit % 8);
            let mac = hint(&good.at.hint_key, &[&data[..2], &data[10..]]);
            data[2..10].copy_from_slice(&mac);
            let outcome = target.take(&good.at, good.held, &data);
            // The number of an answer's copy may be any.
            let copy = good.name == "answer" && (144..160).contains(&bit);
            assert!(copy || outcome.is_err(), "{}: bit {bit}", good.name);
            if copy {
                target = Target::new(&alice, &bob);
            }
            data[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(target.is_untouched(), "{}", good.name);
    }
}

#[test]
fn every_cut_and_every_extension_is_refused() {
    let (alice, bob) = (Person::named("alice"), Person::named("bob"));
    let mut target = Target::new(&alice, &bob);
    for good in good_messages(&alice, &bob, &target) {
        for length in (0..good.data.len()).chain(good.data.len() + 1..=4097) {
            let mut data = good.data.clone();
            data.resize(length, 0);
            assert!(target.take(&good.at, good.held, &data).is_err(), "{} of {length} bytes", good.name);
        }
        assert!(target.is_untouched(), "{}", good.name);
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "a random test names its seed")]
fn a_hundred_thousand_messages_of_junk_do_nothing() {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).expect("randomness");
    let seed = format!("junk {seed:02x?}");
    println!("seed: {seed}");
    let (alice, bob) = (Person::named("alice"), Person::named("bob"));
    let (mut target, mut rng, mut refusals) = (Target::new(&alice, &bob), rng(&seed), Refusals::default());
    let (inbox, mailbox) = (target.inbox, target.mailbox);
    let places = [(inbox, inbox_held(&inbox)), (mailbox, mailbox_held(&mailbox)), (mailbox, Held::Call)];
    // One long random string; messages are windows into it with heads of their own.
    let mut source = vec![0; 1 << 16];
    rng.fill_bytes(&mut source);
    for _ in 0..MESSAGES {
        let dice = rng.next_u64();
        let size = match dice % 16 {
            0 => dice as usize / 16 % 4200,
            other => SIZES[other as usize % SIZES.len()],
        };
        let from = (dice >> 32) as usize % (source.len() - size);
        let mut data = source[from..from + size].to_vec();
        if dice & 0x1_0000 != 0 && size > 64 {
            data[..2].copy_from_slice(&[1, [0x11, 0x21, 0x31, 0x41][(dice >> 20) as usize % 4]]);
            if dice & 0x2_0000 != 0 {
                data[2..10].copy_from_slice(&target.pair.tag);
            }
        }
        let (at, held) = places[(dice >> 24) as usize % 3];
        let check = target.take(&at, held, &data).expect_err("junk");
        refusals.count(check);
    }
    let all: u64 = refusals.iter().map(|(_, count)| count).sum();
    assert_eq!(all, MESSAGES as u64, "each was counted once");
    for check in [Check::LENGTH, Check::VERSION, Check::TYPE, Check::TOPIC, Check::HINT, Check::PAIR_TAG, Check::EPOCH]
    {
        assert!(refusals.of(check) > 0, "{check} has refused some of it");
    }
    assert!(target.is_untouched());
    assert_eq!(target.desk.paid, 0, "no handshake was spent on it");
}

#[test]
fn junk_of_somebody_who_knows_the_keys_of_the_outer_mac_does_nothing_either() {
    let (alice, bob) = (Person::named("alice"), Person::named("bob"));
    let (mut target, mut rng) = (Target::new(&alice, &bob), rng("junk with a good outer MAC"));
    let at = target.inbox;
    for _ in 0..500 {
        let mut data = vec![0; 1024];
        rng.fill_bytes(&mut data);
        data[..2].copy_from_slice(&[1, 0x11]);
        data[10..14].copy_from_slice(&bob.record.terms().spk_id);
        let mac = hint(&at.hint_key, &[&data[..2], &data[10..]]);
        data[2..10].copy_from_slice(&mac);
        assert_eq!(target.take(&at, inbox_held(&at), &data), Err(Check::NOISE));
    }
    assert!(target.is_untouched());
    assert_eq!(target.desk.paid, 500, "each was paid for");
}

#[test]
fn junk_inside_of_good_seals_does_nothing() {
    // Alice's own device goes mad: everything decrypts, nothing in it makes sense.
    let (alice, bob) = (Person::named("alice"), Person::named("bob"));
    let (mut target, mut rng) = (Target::new(&alice, &bob), rng("junk inside"));
    let mut refusals = Refusals::default();
    for counter in 0..20_000 {
        let mut plain = vec![0; 256 - 34];
        rng.fill_bytes(&mut plain);
        if counter % 2 == 0 {
            // A head that could be, and no padding: the CBOR is looked at.
            plain[0] %= 15;
            plain[1..9].copy_from_slice(&[0, 0, 0, 1, 0, 0, 0, 0]);
            plain[9..11].copy_from_slice(&211u16.to_be_bytes());
        }
        let sealed = target.pair.responder.seal(counter, &plain).expect("sealed");
        let mut data = vec![1, 0x31];
        data.extend_from_slice(&target.pair.tag);
        data.extend_from_slice(&counter.to_be_bytes());
        data.extend_from_slice(&sealed);
        let (at, held) = (target.mailbox, mailbox_held(&target.mailbox));
        refusals.count(target.take(&at, held, &data).expect_err("junk"));
    }
    for check in [Check::KIND, Check::BODY_LENGTH, Check::CBOR] {
        assert!(refusals.of(check) > 0, "{check} has refused some of it");
    }
    assert_eq!(target.receiver.ack(), 0, "no message has arrived");
    let status = PairBody::Status(Status { state_seq: 1, flags: Flags(0) });
    let message = Message { body: Some(&status), msg: 1, ack: 0 };
    let frame = pair_frame(&target.pair.responder, target.pair.tag, 20_000, message, None).expect("sealed");
    let (at, held) = (target.mailbox, mailbox_held(&target.mailbox));
    assert_eq!(target.take(&at, held, &frame), Ok(()), "and the pair goes on");
}

/// Seals any payload to somebody's inbox, as a contact gone mad can.
fn seal_payload(from: &Person, to: &Person, payload: &[u8], seed: u64) -> Vec<u8> {
    let at = to.at_inbox();
    let (head, spk_id) = ([1, 0x11], to.record.terms().spk_id);
    let prologue = noise::prologue(head, to.device_id(), spk_id, at.stamp, &at.topic.0);
    let mut ephemeral = [0; 32];
    ephemeral[..8].copy_from_slice(&seed.to_be_bytes());
    let ephemeral = ahoy_crypto::Secret::new(ephemeral);
    let (_, message1) =
        Initiator::start_with(&from.dk, &to.spk.public(), &prologue, payload, &ephemeral).expect("message 1");
    let mac = hint(&at.hint_key, &[&head, &spk_id, &message1]);
    [&head[..], &mac, &spk_id, &message1].concat()
}

#[test]
fn a_contact_gone_mad_gets_nothing_through_but_what_is_canonical() {
    let (alice, bob) = (Person::named("alice"), Person::named("bob"));
    let (mut target, mut rng, mut refusals) = (Target::new(&alice, &bob), rng("mad contact"), Refusals::default());
    let (inbox, held) = (target.inbox, inbox_held(&target.inbox));
    let good = InboxBody::Offer(offer(&alice, &bob, Purpose::Ring)).encode().expect("a body");
    let mut passed = 0;
    for round in 1..=1500 {
        let mut payload = alice.certificate.bytes().to_vec();
        let mut body = good.to_vec();
        for _ in 0..=rng.next_u32() % 3 {
            let place = rng.next_u32() as usize % body.len();
            body[place] = rng.next_u32() as u8;
        }
        let kind = if round % 4 == 0 { rng.next_u32() as u8 % 10 } else { 1 };
        payload.extend_from_slice(&[kind, (round % 50 == 0).into(), 0, 0, 0, 0, 0, 0, 0, 0]);
        payload.extend_from_slice(&u16::try_from(body.len()).expect("small").to_be_bytes());
        payload.extend_from_slice(&body);
        payload.resize(914, u8::from(round % 31 == 0));
        let data = seal_payload(&alice, &bob, &payload, round);
        match target.take(&inbox, held, &data) {
            // A random id or secret is as good as any.
            Ok(()) => {
                passed += 1;
                let read = InboxBody::decode(1, &body).expect("it is canonical");
                assert_eq!(read.encode().expect("a body").as_slice(), body);
            }
            Err(check) => refusals.count(check),
        }
    }
    assert_eq!(target.desk.taken.len(), passed, "tokens for what passed, and for nothing else");
    for check in [Check::KIND, Check::FLAGS, Check::PADDING, Check::CBOR, Check::ROSTER, Check::CONTENT] {
        assert!(refusals.of(check) > 0, "{check} has refused some of it: {refusals:?}");
    }
    assert!(passed > 0, "and some of it was fine");
}
