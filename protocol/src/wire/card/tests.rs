//! Tests of `card`: limits, canonical text, tidy names. Single refusals stand in the known answers, too.

use ahoy_crypto::hash::sha256;
use ahoy_crypto::{AccountId, Check, DeviceId, Secret};
use data_encoding::BASE64URL_NOPAD;
use rand_core::Rng;

use super::{Card, SCHEME, is_tidy_name};
use crate::testing::rng;

fn card() -> Card {
    Card {
        account: AccountId([1; 32]),
        name: "Alice".to_owned(),
        token: Secret::new([2; 32]),
        devices: vec![DeviceId([3; 32])],
        addresses: vec![vec![4, 127, 0, 0, 1, 6, 0x10, 0xe1], vec![41; 20]],
        keepers: Vec::new(),
    }
}

/// A card's text, made of any CBOR.
fn text_of(cbor: &[u8]) -> String {
    let bytes = [cbor, &sha256(&[cbor])[..4]].concat();
    format!("{SCHEME}{}", BASE64URL_NOPAD.encode(&bytes))
}

#[test]
fn a_card_reads_back_from_its_text_and_from_its_bytes() {
    let card = card();
    assert_eq!(Card::parse(&card.to_text().expect("text")).as_ref(), Ok(&card));
    assert_eq!(Card::from_bytes(&card.to_bytes().expect("bytes")).as_ref(), Ok(&card));
}

#[test]
fn another_reader_of_cbor_sees_the_fields_of_the_document() {
    use serde_cbor::Value::{self, Array, Bytes, Integer, Map, Text};
    let card = Card { keepers: vec![vec![6; 9]], ..card() };
    let bytes = card.to_bytes().expect("bytes");
    let seen: Value = serde_cbor::from_slice(&bytes[..bytes.len() - 4]).expect("CBOR and four bytes");
    let blobs = |list: &[Vec<u8>]| Array(list.iter().cloned().map(Bytes).collect());
    let fields = [
        Bytes(card.account.0.to_vec()),
        Text(card.name.clone()),
        Bytes(card.token.expose().to_vec()),
        Array(vec![Bytes(card.devices[0].0.to_vec())]),
        blobs(&card.addresses),
        blobs(&card.keepers),
    ];
    assert_eq!(seen, Map((1..).map(Integer).zip(fields).collect()));
    assert_eq!(serde_cbor::to_vec(&seen).expect("CBOR"), bytes[..bytes.len() - 4]);
}

#[test]
fn a_card_of_one_device_and_two_addresses_is_small() {
    let mut card = card();
    card.name = "x".repeat(64);
    card.addresses = vec![vec![1; 11], vec![2; 23]];
    assert!(card.to_bytes().expect("bytes").len() <= 250);
}

#[test]
fn a_card_as_large_as_its_lists_allow_is_too_large() {
    let mut card = card();
    card.devices = (0..8).map(|n| DeviceId([n; 32])).collect();
    card.addresses = (0..8).map(|n| vec![n; 128]).collect();
    assert!(card.to_bytes().is_err(), "beyond 1024 bytes");
    card.addresses = (0..8).map(|n| vec![n; 60]).collect();
    let bytes = card.to_bytes().expect("within 1024 bytes");
    assert_eq!(Card::from_bytes(&bytes).as_ref(), Ok(&card));
}

#[test]
fn fields_out_of_limits_are_neither_written_nor_read() {
    type Change = fn(&mut Card);
    let changes: [(Change, Check); 9] = [
        (|card| card.name.clear(), Check::CARD_CBOR),
        (|card| card.name = "x".repeat(65), Check::CARD_CBOR),
        (|card| card.devices.clear(), Check::CARD_CBOR),
        (|card| card.devices = (0..9).map(|n| DeviceId([n; 32])).collect(), Check::CARD_CBOR),
        (|card| card.addresses.push(Vec::new()), Check::CARD_CBOR),
        (|card| card.addresses.push(vec![0; 129]), Check::CARD_CBOR),
        (|card| card.keepers = (0..5).map(|n| vec![n]).collect(), Check::CARD_CBOR),
        (|card| card.keepers = vec![vec![1], vec![1]], Check::CARD_CONTENT),
        (|card| card.name = "\u{85}".to_owned(), Check::CARD_CONTENT),
    ];
    for (change, check) in changes {
        let mut card = card();
        change(&mut card);
        assert!(card.to_bytes().is_err(), "{card:?}");
        let cbor = minicbor::to_vec(&card).expect("CBOR all the same");
        assert_eq!(Card::parse(&text_of(&cbor)).err(), Some(check), "{card:?}");
    }
}

#[test]
fn every_changed_letter_is_noticed() {
    let text = card().to_text().expect("text");
    for place in SCHEME.len()..text.len() {
        let mut letters = text.clone().into_bytes();
        letters[place] = if letters[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(letters).expect("text");
        let check = Card::parse(&changed).expect_err("another card");
        assert!(matches!(check, Check::CARD_CHECKSUM | Check::CARD_TEXT), "{check} at {place}");
    }
}

#[test]
fn only_canonical_text_is_read() {
    let text = card().to_text().expect("text");
    for wrong in [
        text.to_uppercase(),
        text.replacen("ahoy:", "AHOY:", 1),
        text.replacen("ahoy:", "ahoy://", 1),
        text.replacen("ahoy:", "", 1),
        format!(" {text}"),
        format!("{text}\n"),
        format!("{text}="),
    ] {
        assert_eq!(Card::parse(&wrong).err(), Some(Check::CARD_TEXT), "{wrong}");
    }
    // Trailing bits that no byte needs: the same bytes, another text.
    let mut card = card();
    while card.to_bytes().expect("bytes").len().is_multiple_of(3) {
        card.name.push('x');
    }
    let mut letters = card.to_text().expect("text").into_bytes();
    let last = letters.last_mut().expect("a letter");
    // The next letter of the alphabet differs in the lowest bit, which carries nothing here.
    *last = match *last {
        b'A'..=b'Y' | b'a'..=b'y' | b'0'..=b'8' => *last + 1,
        other => panic!("the last letter has a low bit: {other}"),
    };
    let other = String::from_utf8(letters).expect("text");
    assert_eq!(Card::parse(&other).err(), Some(Check::CARD_TEXT));
}

#[test]
fn sizes_from_5_to_1024_bytes_get_as_far_as_the_checksum() {
    for (length, check) in [
        (0, Check::CARD_TEXT),
        (4, Check::CARD_TEXT),
        (5, Check::CARD_CHECKSUM),
        (1024, Check::CARD_CHECKSUM),
        (1025, Check::CARD_TEXT),
        (100_000, Check::CARD_TEXT),
    ] {
        let text = format!("{SCHEME}{}", BASE64URL_NOPAD.encode(&vec![7; length]));
        assert_eq!(Card::parse(&text).err(), Some(check), "{length} bytes");
        assert_eq!(Card::from_bytes(&vec![7; length]).err(), Some(check), "{length} bytes");
    }
}

#[test]
fn junk_with_a_good_checksum_is_refused() {
    let mut rng = rng("cards of junk");
    for _ in 0..2000 {
        let mut cbor = vec![0; (rng.next_u32() % 300) as usize + 1];
        rng.fill_bytes(&mut cbor);
        assert_eq!(Card::parse(&text_of(&cbor)).err(), Some(Check::CARD_CBOR));
    }
}

#[test]
fn a_changed_byte_under_a_good_checksum_gives_another_card_or_none() {
    let mut rng = rng("cards with a changed byte");
    let card = card();
    let good = minicbor::to_vec(&card).expect("CBOR");
    for _ in 0..2000 {
        let mut cbor = good.clone();
        let place = rng.next_u32() as usize % cbor.len();
        cbor[place] ^= 1 << (rng.next_u32() % 8);
        match Card::parse(&text_of(&cbor)) {
            Ok(other) => {
                assert_ne!(other, card);
                assert_eq!(minicbor::to_vec(&other).expect("CBOR"), cbor, "what is read is written the same");
            }
            Err(check) => assert!(matches!(check, Check::CARD_CBOR | Check::CARD_CONTENT), "{check}"),
        }
    }
}

#[test]
fn tidy_names_have_no_control_characters_and_no_blank_at_an_end() {
    for good in ["A", "Alice B.", "Zoë", "名前", "a\u{a0}b", "👋"] {
        assert!(is_tidy_name(good), "{good:?}");
    }
    for wrong in [" A", "A ", " ", "A\tB", "A\nB", "\0", "\u{7f}", "\u{80}", "\u{9f}"] {
        assert!(!is_tidy_name(wrong), "{wrong:?}");
    }
}
