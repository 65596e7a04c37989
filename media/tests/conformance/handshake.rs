//! Encryption handshakes that must not come about, and somebody on the road who forges packets in either's name.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use ahoy_media::limits::STATS_INTERVAL;
use ahoy_media::simple_webrtc::engine::{CloseReason, LinkEvent};
use tokio::time::Instant;

use crate::pair::{Pair, Who, real, within};
use crate::road::Road;

/// A wrong one is over within this time (the promise), on both sides.
const REFUSED_WITHIN: Duration = Duration::from_secs(5);

/// Whether this is DTLS, and a client's hello.
fn is_dtls(packet: &[u8]) -> bool {
    packet.first().is_some_and(|first| (20..64).contains(first))
}

fn is_hello(packet: &[u8]) -> bool {
    packet.first() == Some(&22) && packet.get(13) == Some(&1)
}

/// A record of DTLS 1.2.
fn record(kind: u8, epoch: u8, sequence: u16, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![kind, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0];
    packet.extend_from_slice(&sequence.to_be_bytes());
    packet.extend_from_slice(&(body.len() as u16).to_be_bytes());
    packet.extend_from_slice(body);
    packet
}

/// A handshake fragment: message type, number and length, and where this part of it lies.
fn fragment(kind: u8, number: u16, length: u32, offset: u32, data: &[u8]) -> Vec<u8> {
    let three = |value: u32| value.to_be_bytes()[1..].to_vec();
    [vec![kind], three(length), number.to_be_bytes().to_vec(), three(offset), three(data.len() as u32), data.to_vec()]
        .concat()
}

/// Everything in the clear that ends a handshake in the library if it comes in, numbered as nobody does.
fn killers() -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    for number in 0..=120 {
        packets.push(record(21, 0, 9_000 + u16::from(number), &[2, number]));
        packets.push(record(21, 0, 9_200 + u16::from(number), &[1, number]));
    }
    for kind in [20, 21, 22, 23, 24, 25, 63] {
        for body in [&[][..], &[0], &[2], &[0xff; 3], &[7; 64]] {
            packets.push(record(kind, 0, 9_500 + u16::from(kind), body));
        }
    }
    packets.push(record(23, 0, 9_700, &[0; 64]));
    packets.push(record(22, 0, 9_701, &[])[..12].to_vec());
    packets
}

/// Both sides' ends of link 1, and how long they took.
async fn ends(pair: &mut Pair, road: &Road) -> Vec<(Who, String)> {
    let began = Instant::now();
    let mut ends = Vec::new();
    pair.open(1);
    road.lead(pair, 1, |who, event| {
        assert_ne!(*event, LinkEvent::Connected, "{who:?}");
        if let LinkEvent::Closed(reason) = event {
            let CloseReason::Failed(why) = reason else { panic!("{who:?}: {reason:?}") };
            println!("{who:?} after {:?}: {why}", began.elapsed());
            assert!(began.elapsed() < REFUSED_WITHIN, "{who:?} took {:?}", began.elapsed());
            ends.push((who, why.clone()));
        }
        ends.len() == 2
    })
    .await;
    ends
}

fn said(ends: &[(Who, String)], who: Who, what: &str) {
    let (_, why) = ends.iter().find(|(side, _)| *side == who).expect("both ended");
    assert!(why.contains(what), "{who:?}: {why}");
}

/// Somebody else's key is behind one description: that link ends on both sides in time, another is untouched.
async fn nobody_connects_to(liar: Who) {
    let mut pair = real();
    pair.connect(2).await;
    pair.open(1);
    let (began, mut closed) = (Instant::now(), 0);
    while closed < 2 {
        let (who, n, mut event) = pair.next().await;
        assert_ne!(event, LinkEvent::Connected, "{who:?}, while {liar:?} is somebody else");
        if let LinkEvent::Closed(reason) = &event {
            println!("{who:?} after {:?}: {reason:?}", began.elapsed());
            let key = |why: &String| why.contains("key is not the one in") && why.contains("alert 42");
            assert!(matches!(reason, CloseReason::Failed(why) if key(why)), "{reason:?}");
            assert!(began.elapsed() < REFUSED_WITHIN, "{who:?} took {:?}", began.elapsed());
            closed += 1;
        }
        if let (LinkEvent::Description { sdp, .. }, true) = (&mut event, who == liar) {
            let at = sdp.find("sha-256 ").expect("a fingerprint") + 8;
            let other = if &sdp[at..=at] == "0" { "1" } else { "0" };
            sdp.replace_range(at..=at, other);
        }
        if pair.other(who).engine.stats(pair.other(who).link(n)).is_ok() {
            pair.other(who).take(n, &event);
        }
    }
    pair.talk(2, 960).await;
    assert_eq!((pair.a.engine.open_links(), pair.b.engine.open_links()), (1, 1));
}

#[tokio::test]
async fn an_offerer_with_another_key_than_it_described_is_refused_in_time() {
    nobody_connects_to(Who::A).await;
}

#[tokio::test]
async fn an_answerer_with_another_key_than_it_described_is_refused_in_time() {
    nobody_connects_to(Who::B).await;
}

#[tokio::test]
async fn a_client_without_authenticated_encryption_is_refused_in_time() {
    // The two suites of the hello are replaced by two with CBC.
    let road = Road::with(|_, mut packet| {
        if is_hello(&packet) {
            let at = packet.windows(4).position(|four| four == [0xc0, 0x2b, 0xcc, 0xa9]).expect("our two suites");
            packet[at..at + 4].copy_from_slice(&[0xc0, 0x0a, 0xc0, 0x14]);
        }
        vec![packet]
    });
    let mut pair = real();
    let ends = ends(&mut pair, &road).await;
    said(&ends, Who::A, "the other side has no encryption that we accept (alert 71)");
    said(&ends, Who::B, "accepts none of our encryption (alert 71)");
}

#[tokio::test]
async fn records_cut_short_lead_to_a_refusal_in_time() {
    let road = Road::with(|_, mut packet| {
        if is_dtls(&packet) {
            packet.pop();
        }
        vec![packet]
    });
    let mut pair = real();
    let ends = ends(&mut pair, &road).await;
    for who in [Who::A, Who::B] {
        said(&ends, who, "does not answer the encryption handshake");
    }
}

#[tokio::test]
async fn alerts_and_junk_in_the_other_sides_name_do_not_keep_two_from_connecting() {
    let forged = Arc::new(AtomicUsize::new(0));
    let count = forged.clone();
    let road = Road::with(move |_, packet| {
        if !is_dtls(&packet) {
            return vec![packet];
        }
        let mut packets = killers();
        packets.push(packet);
        packets.extend(killers());
        count.fetch_add(packets.len() - 1, Ordering::Relaxed);
        packets
    });
    let mut pair = real();
    road.connect(&mut pair, 1).await;
    pair.talk(1, 960).await;
    let refused = refused(&pair).await;
    println!("{} forged packets, {refused} counted as refused", forged.load(Ordering::Relaxed));
    assert!(refused > 500, "{refused}");
}

/// What both sides have counted.
async fn refused(pair: &Pair) -> u64 {
    let counted = async {
        let mut beat = tokio::time::interval(Duration::from_millis(20));
        loop {
            beat.tick().await;
            let of = |side: &crate::pair::Side| side.engine.stats(side.link(1)).expect("open").packets_refused;
            if of(&pair.a) + of(&pair.b) > 0 {
                return of(&pair.a) + of(&pair.b);
            }
        }
    };
    within("the next figures", counted).await
}

#[tokio::test]
async fn hellos_again_and_again_do_not_keep_two_from_connecting() {
    let road = Road::with(|_, packet| vec![packet.clone(); if is_hello(&packet) { 40 } else { 1 }]);
    let mut pair = real();
    road.connect(&mut pair, 1).await;
    pair.talk(1, 960).await;
}

/// Parts of messages that will never be whole, each a shape that the library takes.
fn parts(count: u32) -> Vec<Vec<u8>> {
    let part = |n: u32| fragment(1 + (n % 20) as u8, (n % 8) as u16, 16_000, n % 15_000, &[7]);
    (0..count).map(|n| record(22, 0, n as u16, &part(n))).collect()
}

#[tokio::test]
async fn a_flood_of_parts_ends_that_handshake_at_most() {
    let began = Arc::new(AtomicBool::new(false));
    let road = Road::with(move |_, packet| {
        let mut packets = Vec::new();
        if is_dtls(&packet) && !began.swap(true, Ordering::Relaxed) {
            packets = parts(20_000);
        }
        packets.push(packet);
        packets
    });
    let mut pair = real();
    pair.connect(2).await;
    pair.open(1);
    let mut over = 0;
    // Within the library's patience (10 s) it is decided, one way or the other.
    road.lead(&mut pair, 1, |who, event| {
        if matches!(event, LinkEvent::Closed(_) | LinkEvent::CtlOpen) {
            println!("{who:?}: {event:?}");
            over += 1;
        }
        over == 2
    })
    .await;
    pair.talk(2, 960).await;
}

#[tokio::test]
async fn what_is_forged_into_a_call_changes_nothing_and_is_counted() {
    let (hello, forge) = (Arc::new(std::sync::Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
    let (kept, now) = (hello.clone(), forge.clone());
    let road = Road::with(move |_, packet| {
        if is_hello(&packet) {
            *kept.lock().unwrap() = packet.clone();
        }
        let mut packets = Vec::new();
        if now.swap(false, Ordering::Relaxed) {
            packets = [killers(), parts(2_000), vec![kept.lock().unwrap().clone(); 500]].concat();
            // Later epochs, sequences, lengths: encrypted by nobody.
            packets.extend((0..500).map(|n| record(20 + (n % 4) as u8, 1 + (n % 3) as u8, n, &[9; 60])));
        }
        packets.push(packet);
        packets
    });
    let mut pair = real();
    road.connect(&mut pair, 1).await;
    for round in 1..=5 {
        forge.store(true, Ordering::Relaxed);
        pair.talk(1, round * 960).await;
        pair.talk(1, round * 960 + 1).await;
    }
    // The next snapshot has them all.
    let enough = async {
        let mut beat = tokio::time::interval(STATS_INTERVAL / 10);
        while refused(&pair).await < 5_000 {
            beat.tick().await;
        }
    };
    within("the count", enough).await;
    println!("{} refused", refused(&pair).await);
}
