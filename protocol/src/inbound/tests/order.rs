//! What a refusal leaves behind: nothing, but for the Diffie-Hellman that was done.

use ahoy_crypto::hash::{hint, sha256};
use ahoy_crypto::{Check, DeviceSet};

use super::world::{Desk, NOW_S, Person, inbox_held, offer, seal};
use crate::inbound::{Held, Sealed, receive};
use crate::outbound::Where;
use crate::testing::rng;
use crate::wire::bodies::{InboxBody, Offer, Purpose};

/// Changes a byte and makes the outer MAC right again, as somebody who knows the token can.
fn forged(at: &Where, data: &[u8], place: usize, byte: u8) -> Vec<u8> {
    let mut data = data.to_vec();
    data[place] = byte;
    let mac = hint(&at.hint_key, &[&data[..2], &data[10..]]);
    data[2..10].copy_from_slice(&mac);
    data
}

fn good() -> (Person, Person, Vec<u8>) {
    let (alice, bob) = (Person::named("alice"), Person::named("bob"));
    let body = InboxBody::Offer(offer(&alice, &bob, Purpose::Ring));
    let (_, data) = seal(&alice, &bob, &body, &mut rng("order"));
    (alice, bob, data)
}

#[test]
fn what_fails_before_the_handshake_costs_nothing() {
    let (alice, bob, data) = good();
    let at = bob.at_inbox();
    let mut desk = Desk::of(&bob, &alice);
    let mut low = data.clone();
    low[14..46].fill(0);
    let low = forged(&at, &low, 14, 1);
    let mut plain = data.clone();
    plain[30] ^= 1;
    for (message, check) in [
        (plain, Check::HINT),
        (forged(&at, &data, 10, data[10] ^ 1), Check::SPK_ID),
        (low, Check::LOW_EPHEMERAL),
        (data[..1000].to_vec(), Check::LENGTH),
    ] {
        assert_eq!(desk.take(&at, &message).err(), Some(check));
        assert_eq!((desk.paid, desk.seen.len(), desk.taken.len()), (0, 0, 0), "{check}");
    }
    assert!(desk.take(&at, &data).is_ok(), "the good one is as good as before");
}

#[test]
fn a_handshake_that_fails_costs_one_and_is_not_remembered() {
    let (alice, bob, data) = good();
    let at = bob.at_inbox();
    let mut desk = Desk::of(&bob, &alice);
    let broken = forged(&at, &data, 1000, data[1000] ^ 1);
    for paid in 1..=3 {
        assert_eq!(desk.take(&at, &broken).err(), Some(Check::NOISE));
        assert_eq!((desk.paid, desk.seen.len()), (paid, 0));
    }
}

#[test]
fn the_budget_is_looked_at_before_the_handshake() {
    let (alice, bob, data) = good();
    let at = bob.at_inbox();
    let mut desk = Desk { budget: 1, ..Desk::of(&bob, &alice) };
    let broken = forged(&at, &data, 1000, data[1000] ^ 1);
    assert_eq!(desk.take(&at, &broken).err(), Some(Check::NOISE));
    assert_eq!(desk.take(&at, &data).err(), Some(Check::BUDGET));
    assert_eq!(desk.paid, 1);
}

#[test]
fn what_decrypted_is_remembered_even_if_it_is_refused() {
    let (alice, bob, data) = good();
    let at = bob.at_inbox();
    let mut desk = Desk { contacts: Vec::new(), ..Desk::of(&bob, &alice) };
    assert_eq!(desk.take(&at, &data).err(), Some(Check::NOT_ALLOWED));
    assert!(desk.seen.contains(&sha256(&[&data])));
    assert_eq!(desk.take(&at, &data).err(), Some(Check::REPLAY), "the second one costs no handshake");
    assert_eq!((desk.paid, desk.taken.len()), (1, 0));
}

#[test]
fn the_first_check_that_fails_gives_the_number() {
    // One offer with everything wrong; mended one by one in the order of docs/wire.md.
    let (alice, bob) = (Person::named("alice"), Person::named("bob"));
    let mut rng = rng("first check");
    let at = bob.at_inbox();
    let good = offer(&alice, &bob, Purpose::Ring);
    let mut bad = Offer { ttl_s: 0, roster: vec![alice.account_id()], epoch: 5, ..good.clone() };
    let others = DeviceSet::make(&alice.account, 9, NOW_S + 9, &[bob.device_id()]).expect("a set");
    let mut desk = Desk { sets: vec![others], rate: 0, ringing: 16, contacts: Vec::new(), ..Desk::of(&bob, &alice) };
    let mut judge = |offer: &Offer, desk: &mut Desk<'_>| {
        let (_, data) = seal(&alice, &bob, &InboxBody::Offer(offer.clone()), &mut rng);
        desk.take(&at, &data).err()
    };
    assert_eq!(judge(&bad, &mut desk), Some(Check::NOT_IN_SET));
    desk.sets.clear();
    assert_eq!(judge(&bad, &mut desk), Some(Check::TTL));
    bad.ttl_s = 60;
    assert_eq!(judge(&bad, &mut desk), Some(Check::ROSTER));
    bad.roster = good.roster.clone();
    assert_eq!(judge(&bad, &mut desk), Some(Check::CONTENT));
    bad.epoch = 0;
    assert_eq!(judge(&bad, &mut desk), Some(Check::NOT_ALLOWED));
    desk.contacts.push(alice.account_id());
    assert_eq!(judge(&bad, &mut desk), Some(Check::RATE));
    desk.rate = 1;
    assert_eq!(judge(&bad, &mut desk), Some(Check::RINGING));
    assert!(desk.taken.is_empty(), "what failed took no token");
    desk.ringing = 15;
    desk.ringing_of_one = 4;
    assert_eq!(judge(&bad, &mut desk), Some(Check::RINGING), "one contact has its share only");
    desk.ringing_of_one = 3;
    assert_eq!(judge(&bad, &mut desk), None);
    assert_eq!(desk.taken.len(), 1);
}

#[test]
fn a_topic_takes_the_types_of_its_class() {
    let (_, bob, _) = good();
    let at = bob.at_inbox();
    let (inbox, mailbox, call) = (inbox_held(&at), Held::Mailbox { hint_key: at.hint_key }, Held::Call);
    for (kind, size, takers) in [
        (0x11, 1024, [true, true, false]),
        (0x21, 512, [false, true, false]),
        (0x31, 256, [false, true, false]),
        (0x41, 256, [false, false, true]),
    ] {
        let mut data = vec![0; size];
        data[..2].copy_from_slice(&[1, kind]);
        let mac = hint(&at.hint_key, &[&data[..2], &data[10..]]);
        if kind < 0x31 {
            data[2..10].copy_from_slice(&mac);
        }
        for (held, takes) in [inbox, mailbox, call].into_iter().zip(takers) {
            let outcome = receive(at.topic, &data, Some(held));
            assert_eq!(outcome.is_ok(), takes, "{kind:#x} on {held:?}");
            assert!(takes || matches!(outcome, Err(Check::TOPIC)));
        }
        assert!(matches!(receive(at.topic, &data, None), Err(Check::TOPIC)), "a topic that we don't hold");
    }
}

#[test]
fn frames_show_where_they_belong_before_they_open() {
    let (_, bob, _) = good();
    let at = bob.at_inbox();
    let mut data = vec![0; 256];
    data[..10].copy_from_slice(&[1, 0x31, 1, 2, 3, 4, 5, 6, 7, 8]);
    let held = Held::Mailbox { hint_key: at.hint_key };
    let Ok(Sealed::Pair(frame)) = receive(at.topic, &data, Some(held)) else { panic!("a pair frame") };
    assert_eq!(frame.pair_tag, [1, 2, 3, 4, 5, 6, 7, 8]);
    data[1] = 0x41;
    let Ok(Sealed::Call(frame)) = receive(at.topic, &data, Some(Held::Call)) else { panic!("a call frame") };
    assert_eq!(frame.topic, at.topic);
}
