//! Envelopes of every kind, sealed by one device and judged by another.

use ahoy_crypto::hash::sha256;
use ahoy_crypto::{Check, DeviceSet};

use super::world::{CALL, Desk, NOW_S, Person, call_keys, letter, offer, seal};
use crate::inbound::{Rate, Signal};
use crate::outbound::{Letter, envelope};
use crate::testing::rng;
use crate::wire::bodies::{
    Cancel, ContactChange, ContactRequest, Devices, Elsewhere, InboxBody, Media, Missed, Presence, Purpose, Reason,
    Receipt,
};
use crate::wire::card::Card;

fn presence(of: &Person) -> Presence {
    Presence {
        state: 1,
        record: of.record.bytes().to_vec(),
        device_set: of.set.bytes().to_vec(),
        addresses: vec![vec![4, 127, 0, 0, 1]],
        contact_token: None,
        name: Some("Alice".to_owned()),
    }
}

fn card(of: &Person) -> Card {
    Card {
        account: of.account_id(),
        name: "Alice".to_owned(),
        token: ahoy_crypto::Secret::new([4; 32]),
        devices: vec![of.device_id()],
        addresses: Vec::new(),
        keepers: Vec::new(),
    }
}

/// One good body of every kind that a contact may send.
fn bodies(alice: &Person, bob: &Person) -> Vec<InboxBody> {
    let request =
        ContactRequest { card: card(alice).to_bytes().expect("a card"), greeting: Some("It's me".to_owned()) };
    vec![
        InboxBody::Offer(offer(alice, bob, Purpose::Ring)),
        InboxBody::Presence(presence(alice)),
        InboxBody::Request(request),
        InboxBody::Cancel(Cancel { call: CALL, reason: Reason::Cancelled }),
        InboxBody::Receipt(Receipt { kind: 5, id: CALL.0.to_vec() }),
        InboxBody::Devices(Devices { device_set: alice.set.bytes().to_vec() }),
        InboxBody::Missed(Missed { call: CALL, started_ms: 5, media: Media::AUDIO }),
    ]
}

#[test]
fn every_kind_arrives_as_it_was_sent() {
    let (alice, bob, mut rng) = (Person::named("alice"), Person::named("bob"), rng("every kind"));
    for body in bodies(&alice, &bob) {
        let mut desk = Desk::of(&bob, &alice);
        let (_, data) = seal(&alice, &bob, &body, &mut rng);
        let verified = desk.take(&bob.at_inbox(), &data).expect("it is good");
        assert_eq!((verified.account, verified.device), (alice.account_id(), alice.device_id()));
        assert_eq!((verified.own, verified.sent_ms), (false, NOW_S * 1000));
        assert_eq!((verified.hash, verified.topic), (sha256(&[&data]), bob.at_inbox().topic));
        let again = match verified.signal {
            Signal::Offer(body) => InboxBody::Offer(*body),
            Signal::Presence { body, record, newer_set } => {
                assert_eq!(*record, alice.record);
                assert_eq!(newer_set.as_deref(), Some(&alice.set), "the first set that we hear of");
                InboxBody::Presence(*body)
            }
            Signal::Request { body, card: found } => {
                assert_eq!(*found, card(&alice));
                InboxBody::Request(*body)
            }
            Signal::Elsewhere(body) => InboxBody::Elsewhere(*body),
            Signal::Cancel { body, offered } => {
                assert!(!offered);
                InboxBody::Cancel(body)
            }
            Signal::Receipt(body) => InboxBody::Receipt(body),
            Signal::Devices(set) => InboxBody::Devices(Devices { device_set: set.bytes().to_vec() }),
            Signal::Missed(body) => InboxBody::Missed(body),
            Signal::Contact(body) => InboxBody::Contact(*body),
        };
        assert_eq!(again, body);
    }
}

#[test]
fn each_kind_takes_a_token_of_its_own_rate() {
    let (alice, bob, mut rng) = (Person::named("alice"), Person::named("bob"), rng("rates"));
    for body in bodies(&alice, &bob) {
        let expected = match &body {
            InboxBody::Offer(_) => Rate::Ring(alice.account_id()),
            InboxBody::Request(_) => Rate::Request(bob.at_inbox().topic),
            InboxBody::Missed(_) => Rate::Missed(alice.account_id()),
            InboxBody::Receipt(_) | InboxBody::Devices(_) => Rate::News(alice.device_id()),
            InboxBody::Presence(_) | InboxBody::Elsewhere(_) | InboxBody::Cancel(_) | InboxBody::Contact(_) => {
                Rate::Other(alice.account_id())
            }
        };
        let mut desk = Desk::of(&bob, &alice);
        let (_, data) = seal(&alice, &bob, &body, &mut rng);
        desk.take(&bob.at_inbox(), &data).expect("it is good");
        assert_eq!(desk.taken, [expected]);
        let mut desk = Desk { rate: 0, ..Desk::of(&bob, &alice) };
        assert_eq!(desk.take(&bob.at_inbox(), &data).err(), Some(Check::RATE));
        assert!(desk.taken.is_empty());
    }
}

#[test]
fn a_further_attempt_of_a_known_call_takes_no_token() {
    let (alice, bob, mut rng) = (Person::named("alice"), Person::named("bob"), rng("attempts"));
    let body = InboxBody::Offer(offer(&alice, &bob, Purpose::Ring));
    let (_, data) = seal(&alice, &bob, &body, &mut rng);
    let mut desk = Desk { rate: 0, offered: Some((CALL, alice.account_id())), ..Desk::of(&bob, &alice) };
    desk.take(&bob.at_inbox(), &data).expect("known already");
    assert!(desk.taken.is_empty());
    let mut desk = Desk { rate: 0, offered: Some((CALL, bob.account_id())), ..Desk::of(&bob, &alice) };
    assert_eq!(desk.take(&bob.at_inbox(), &data).err(), Some(Check::RATE), "another's call of this id isn't this one");
}

#[test]
fn the_own_account_has_no_rate() {
    let mut rng = rng("own account");
    let bob = Person::named("bob");
    let other = Person::device_of(bob.account.clone(), &mut rng);
    let body = InboxBody::Elsewhere(Elsewhere {
        call: CALL,
        event: 1,
        device: other.device_id(),
        epoch: None,
        secret: None,
        roster: None,
        epoch_secret: None,
        view: None,
    });
    let (_, data) = seal(&other, &bob, &body, &mut rng);
    let mut desk = Desk { rate: 0, contacts: Vec::new(), ..Desk::of(&bob, &bob) };
    let verified = desk.take(&bob.at_inbox(), &data).expect("an own device");
    assert!(verified.own);
    assert!(desk.taken.is_empty());
}

#[test]
fn only_an_own_device_changes_contacts_and_says_all_or_nothing_of_one() {
    let mut rng = rng("contact changes");
    let (alice, bob) = (Person::named("alice"), Person::named("bob"));
    let other = Person::device_of(bob.account.clone(), &mut rng);
    let gone = ContactChange {
        account: alice.account_id(),
        changed_ms: 5,
        card: None,
        name: None,
        policy: None,
        contact_token: None,
        device_set: None,
    };
    let there = ContactChange {
        card: Some(card(&alice).to_bytes().expect("a card")),
        name: Some("Alice".to_owned()),
        policy: Some(2),
        ..gone.clone()
    };
    let judged = |from: &Person, desk: Desk<'_>, body: &ContactChange, rng: &mut _| {
        let mut desk = desk;
        let (_, data) = seal(from, &bob, &InboxBody::Contact(body.clone()), rng);
        desk.take(&bob.at_inbox(), &data).map(|_| ())
    };
    for body in [&gone, &there] {
        assert_eq!(judged(&other, Desk::of(&bob, &bob), body, &mut rng), Ok(()));
        assert_eq!(judged(&alice, Desk::of(&bob, &alice), body, &mut rng), Err(Check::NOT_OWN_ACCOUNT));
    }
    let half = [
        ContactChange { name: Some("Alice".to_owned()), ..gone.clone() },
        ContactChange { contact_token: Some(ahoy_crypto::Secret::new([1; 32])), ..gone.clone() },
        ContactChange { policy: None, ..there.clone() },
        ContactChange { changed_ms: u64::MAX, ..there.clone() },
    ];
    for body in &half {
        assert_eq!(judged(&other, Desk::of(&bob, &bob), body, &mut rng), Err(Check::CONTENT), "{body:?}");
    }
    let foreign = ContactChange { account: bob.account_id(), ..there };
    assert_eq!(judged(&other, Desk::of(&bob, &bob), &foreign, &mut rng), Err(Check::ENCLOSED));
}

#[test]
fn flags_are_read_and_only_where_a_kind_has_them() {
    let (alice, bob, mut rng) = (Person::named("alice"), Person::named("bob"), rng("flags"));
    for body in bodies(&alice, &bob) {
        for (wants_receipt, asks_presence) in [(false, false), (true, false), (false, true), (true, true)] {
            let letter = Letter { wants_receipt, asks_presence, ..letter(&body) };
            let at = bob.at_inbox();
            let (_, data) = envelope(alice.identity(), &bob.recipient(), &at, &letter, &mut rng).expect("sealed");
            let (may_receipt, may_ask) = match &body {
                InboxBody::Presence(_) => (true, true),
                InboxBody::Offer(_) | InboxBody::Receipt(_) => (false, false),
                InboxBody::Request(_)
                | InboxBody::Elsewhere(_)
                | InboxBody::Cancel(_)
                | InboxBody::Devices(_)
                | InboxBody::Missed(_)
                | InboxBody::Contact(_) => (true, false),
            };
            match Desk::of(&bob, &alice).take(&at, &data) {
                Ok(verified) => {
                    assert!((may_receipt || !wants_receipt) && (may_ask || !asks_presence), "{body:?}");
                    assert_eq!((verified.wants_receipt, verified.asks_presence), (wants_receipt, asks_presence));
                }
                Err(check) => {
                    assert_eq!(check, Check::FLAGS);
                    assert!((wants_receipt && !may_receipt) || (asks_presence && !may_ask), "{body:?}");
                }
            }
        }
    }
}

#[test]
fn a_set_comes_with_presence_once() {
    let (alice, bob, mut rng) = (Person::named("alice"), Person::named("bob"), rng("sets"));
    let (_, data) = seal(&alice, &bob, &InboxBody::Presence(presence(&alice)), &mut rng);
    let mut desk = Desk { sets: vec![alice.set.clone()], ..Desk::of(&bob, &alice) };
    let verified = desk.take(&bob.at_inbox(), &data).expect("it is good");
    let Signal::Presence { newer_set, .. } = verified.signal else { panic!("presence") };
    assert_eq!(newer_set, None, "the set that we hold isn't newer");
    // A higher one that we hold counts, and the device must be in it.
    let higher = |device| DeviceSet::make(&alice.account, 4, NOW_S + 5, &[device]).expect("a set");
    let mut desk = Desk { sets: vec![higher(alice.device_id())], ..Desk::of(&bob, &alice) };
    assert!(desk.take(&bob.at_inbox(), &data).is_ok());
    let mut desk = Desk { sets: vec![higher(bob.device_id())], ..Desk::of(&bob, &alice) };
    assert_eq!(desk.take(&bob.at_inbox(), &data).err(), Some(Check::NOT_IN_SET));
}

#[test]
fn presence_counts_upward_by_revision_then_by_time() {
    let (alice, bob, mut rng) = (Person::named("alice"), Person::named("bob"), rng("presence"));
    let (_, data) = seal(&alice, &bob, &InboxBody::Presence(presence(&alice)), &mut rng);
    let (revision, sent_ms) = (alice.record.terms().revision, NOW_S * 1000);
    for (known, fresh) in [
        (None, true),
        (Some((revision, sent_ms - 1)), true),
        (Some((revision, sent_ms)), false),
        (Some((revision - 1, u64::MAX)), true),
        (Some((revision + 1, 0)), false),
    ] {
        let mut desk = Desk { presence: known, ..Desk::of(&bob, &alice) };
        assert_eq!(desk.take(&bob.at_inbox(), &data).is_ok(), fresh, "{known:?}");
    }
}

#[test]
fn mailboxes_take_pair_offers_and_inboxes_take_the_rest() {
    let (alice, bob, mut rng) = (Person::named("alice"), Person::named("bob"), rng("mailbox"));
    let (inbox, mailbox) = (bob.at_inbox(), bob.at_mailbox(&call_keys()));
    for (purpose, at, check) in [
        (Purpose::Ring, inbox, None),
        (Purpose::Ring, mailbox, Some(Check::CONTENT)),
        (Purpose::Pair, inbox, Some(Check::CONTENT)),
        (Purpose::Pair, mailbox, None),
        (Purpose::Link, inbox, None),
        (Purpose::Link, mailbox, Some(Check::CONTENT)),
        // Alice is a contact: no device of Bob's account.
        (Purpose::HandOff, inbox, Some(Check::NOT_OWN_ACCOUNT)),
        (Purpose::HandOff, mailbox, Some(Check::CONTENT)),
    ] {
        let body = InboxBody::Offer(offer(&alice, &bob, purpose));
        let (_, data) = envelope(alice.identity(), &bob.recipient(), &at, &letter(&body), &mut rng).expect("sealed");
        let roster = vec![alice.account_id(), bob.account_id()];
        let mut desk = Desk { roster, linking: true, ..Desk::of(&bob, &alice) };
        assert_eq!(desk.take(&at, &data).err(), check, "{purpose:?}");
    }
    for body in bodies(&alice, &bob).into_iter().skip(1) {
        let (_, data) =
            envelope(alice.identity(), &bob.recipient(), &mailbox, &letter(&body), &mut rng).expect("sealed");
        assert_eq!(Desk::of(&bob, &alice).take(&mailbox, &data).err(), Some(Check::KIND));
    }
}

#[test]
fn somebody_elses_envelope_is_not_ours() {
    let (alice, bob, carol) = (Person::named("alice"), Person::named("bob"), Person::named("carol"));
    let mut rng = rng("not ours");
    let body = InboxBody::Offer(offer(&alice, &bob, Purpose::Ring));
    // Carol knows Bob's inbox token, and repeats to him what was for her; the prekey ids are the same.
    let at = bob.at_inbox();
    let (_, data) = envelope(alice.identity(), &carol.recipient(), &at, &letter(&body), &mut rng).expect("sealed");
    assert_eq!(Desk::of(&bob, &alice).take(&at, &data).err(), Some(Check::NOISE));
    // An own envelope that comes back.
    let (_, data) = seal(&bob, &bob, &InboxBody::Presence(presence(&bob)), &mut rng);
    assert_eq!(Desk::of(&bob, &bob).take(&at, &data).err(), Some(Check::OWN_DEVICE));
}

#[test]
fn strangers_reach_nobody_but_with_a_request() {
    let (alice, bob, mut rng) = (Person::named("alice"), Person::named("bob"), rng("strangers"));
    for body in bodies(&alice, &bob) {
        let (_, data) = seal(&alice, &bob, &body, &mut rng);
        let mut desk = Desk { contacts: Vec::new(), ..Desk::of(&bob, &alice) };
        let outcome = desk.take(&bob.at_inbox(), &data);
        if let InboxBody::Request(_) = &body {
            assert!(outcome.is_ok());
        } else {
            assert_eq!(outcome.err(), Some(Check::NOT_ALLOWED), "{body:?}");
        }
        let mut desk = Desk { blocked: vec![alice.account_id()], ..Desk::of(&bob, &alice) };
        let blocked = desk.take(&bob.at_inbox(), &data).err();
        // A receipt or a device set of a blocked contact does nothing that a person sees.
        let harmless = matches!(&body, InboxBody::Receipt(_) | InboxBody::Devices(_));
        assert_eq!(blocked, (!harmless).then_some(Check::NOT_ALLOWED), "{body:?}");
    }
}
