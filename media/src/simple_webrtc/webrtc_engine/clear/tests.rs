//! What of DTLS passes in the clear, how much of it, and what is made of it.

use std::time::Duration;

use super::*;

/// A record of DTLS 1.2.
fn record(kind: u8, epoch: u16, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, 0xfe, 0xfd], epoch.to_be_bytes().as_slice(), &[0; 6], &length, body].concat()
}

/// A handshake fragment of message `number`.
fn fragment(number: u16, length: u32, offset: u32, data: &[u8]) -> Vec<u8> {
    let three = |value: u32| value.to_be_bytes()[1..].to_vec();
    let here = three(u32::try_from(data.len()).unwrap());
    [vec![1], three(length), number.to_be_bytes().to_vec(), three(offset), here, data.to_vec()].concat()
}

fn hello() -> Vec<u8> {
    record(HANDSHAKE_RECORD, 0, &fragment(0, 3, 0, &[1, 2, 3]))
}

fn alert(level: u8, description: u8) -> Vec<u8> {
    record(ALERT, 0, &[level, description])
}

/// Asked of a link that has just begun.
fn passes(packet: &[u8]) -> bool {
    Clear::default().lets_in(packet, Instant::now())
}

#[test]
fn what_a_handshake_is_made_of_passes() {
    let change = record(CHANGE_CIPHER_SPEC, 0, &[1]);
    let finished = record(HANDSHAKE_RECORD, 1, &[9; 40]);
    let several = record(HANDSHAKE_RECORD, 0, &[fragment(2, 2, 0, &[1, 2]), fragment(3, 0, 0, &[])].concat());
    let part = record(HANDSHAKE_RECORD, 0, &fragment(4, 2_000, 1_000, &[7; 1_000]));
    let old = [&[22, 0xfe, 0xff], &hello()[3..]].concat();
    let flight = [several.clone(), change.clone(), finished.clone()].concat();
    for packet in [hello(), change, finished, several, part, old, flight] {
        assert!(passes(&packet), "{packet:?}");
    }
    let check = [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat();
    assert!(passes(&[0x80; 40]) && passes(&check), "media and STUN have other judges");
    let relayed = [&[0x40, 1, 0, 16][..], &alert(2, 40)].concat();
    assert!(!passes(&relayed), "a relay makes nothing better");
}

#[test]
fn what_would_end_a_handshake_or_has_no_sense_stays_out() {
    let mut bad = vec![
        alert(2, 40),
        alert(1, 0),
        record(APPLICATION_DATA, 0, &[1]),
        record(CHANGE_CIPHER_SPEC, 0, &[2]),
        record(CHANGE_CIPHER_SPEC, 0, &[1, 1]),
        record(24, 0, &[1]),
        record(63, 1, &[1]),
        record(HANDSHAKE_RECORD, 2, &[1; 40]),
        record(HANDSHAKE_RECORD, 0, &[]),
        [hello(), alert(2, 40)].concat(),
        [hello(), vec![22]].concat(),
        [&[22, 0xfe, 0xfc], &hello()[3..]].concat(),
        [&[22, 3, 3], &hello()[3..]].concat(),
    ];
    let shapes = [
        fragment(0, HANDSHAKE_MESSAGE_BYTES + 1, 0, &[1]),
        fragment(HANDSHAKE_MESSAGES, 3, 0, &[1, 2, 3]),
        fragment(0, 5, 4, &[1, 2]),
        fragment(0, 5, 1, &[]),
        [fragment(0, 5, 0, &[1]), fragment(1, 1, 0, &[1])].concat(),
        fragment(0, 3, 0, &[1, 2, 3])[..14].to_vec(),
    ];
    bad.extend(shapes.iter().map(|shape| record(HANDSHAKE_RECORD, 0, shape)));
    bad.extend((1..hello().len()).map(|length| hello()[..length].to_vec()));
    for packet in bad {
        assert!(!passes(&packet), "{packet:?}");
    }
}

#[test]
fn fragments_in_the_clear_and_early_records_are_bounded() {
    let (clear, now) = (Clear::default(), Instant::now());
    let parts = (0..10_000).filter(|_| clear.lets_in(&hello(), now)).count();
    assert_eq!(parts, HANDSHAKE_FRAGMENTS as usize);
    let early = (0..10_000).filter(|_| clear.lets_in(&record(APPLICATION_DATA, 1, &[1]), now)).count();
    assert_eq!(early, HANDSHAKE_EARLY_RECORDS as usize);
    assert_eq!(clear.refused(), 20_000 - (parts + early) as u64);
    clear.establish();
    let small = (0..10_000).filter(|_| clear.lets_in(&record(APPLICATION_DATA, 1, &[1]), now)).count();
    assert_eq!(small, 10_000, "what is encrypted has no bound here: it has a seal");
    assert!(!clear.lets_in(&hello(), now));
}

#[test]
fn our_own_fatal_alert_is_the_end_at_once() {
    let (clear, now) = (Clear::default(), Instant::now());
    clear.goes_out(&hello());
    clear.goes_out(&alert(1, 0));
    clear.goes_out(&record(ALERT, 1, &[2, 40]));
    assert_eq!(clear.verdict(now, now), None);
    clear.goes_out(&alert(2, 42));
    assert_eq!(clear.verdict(now, now), Some(Refusal::Ours(42)));
    clear.establish();
    assert_eq!(clear.verdict(now, now), None);
}

#[test]
fn an_alert_of_theirs_is_believed_only_if_the_handshake_stops() {
    let (clear, now) = (Clear::default(), Instant::now());
    clear.lets_in(&alert(2, 42), now);
    assert_eq!(clear.verdict(now, now + ALERT_BELIEVED - Duration::from_millis(1)), None);
    assert_eq!(clear.verdict(now, now + ALERT_BELIEVED), Some(Refusal::Theirs(42)));
    clear.lets_in(&hello(), now + Duration::from_secs(1));
    assert_eq!(clear.verdict(now, now + ALERT_BELIEVED), None, "it goes on: somebody lied");
}

#[test]
fn a_handshake_that_stands_still_or_never_ends_is_over() {
    let (clear, now) = (Clear::default(), Instant::now());
    assert_eq!(clear.verdict(now, now + HANDSHAKE_STANDSTILL), Some(Refusal::Standstill));
    let mut at = now;
    while at < now + HANDSHAKE {
        assert_eq!(clear.verdict(now, at), None, "after {:?}", at - now);
        clear.lets_in(&hello(), at);
        at += Duration::from_secs(1);
    }
    assert_eq!(clear.verdict(now, at), Some(Refusal::TooLong));
}

#[test]
fn every_refusal_says_what_it_was() {
    for (refusal, words) in [
        (Refusal::Ours(42), "key is not the one in its signed description"),
        (Refusal::Theirs(48), "our key is not the one"),
        (Refusal::Ours(71), "no encryption that we accept"),
        (Refusal::Theirs(40), "accepts none of our encryption"),
        (Refusal::Ours(10), "broken (alert 10)"),
        (Refusal::Theirs(10), "given up"),
        (Refusal::Standstill, "does not answer"),
        (Refusal::TooLong, "come to an end"),
    ] {
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
}

#[test]
fn data_without_a_whole_message_is_bounded_and_slowly_forgotten() {
    let (clear, now) = (Clear::default(), Instant::now());
    clear.establish();
    let part = record(APPLICATION_DATA, 1, &[7; 1_000]);
    let flood = |at: Instant| (0..10_000).filter(|_| clear.lets_in(&part, at)).count() as u64;
    let most = DATA_BEFORE_A_MESSAGE / part.len() as u64;
    assert_eq!(flood(now), most);
    assert_eq!(flood(now + Duration::from_millis(100)), 0);
    assert!(flood(now + Duration::from_secs(10)) <= 10 * DATA_FORGOTTEN_A_SECOND / 1_000, "forgotten");
    assert!(clear.lets_in(&record(ALERT, 1, &[9; 26]), now), "an alert always comes in");
    clear.delivered();
    assert_eq!(flood(now + Duration::from_secs(10)), most, "a message was whole");
}
