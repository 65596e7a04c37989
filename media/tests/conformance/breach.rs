//! A contact with all keys who sends what nobody may: media, reports and data. The link lives, counts it, and what is
//! sound still arrives.

use ahoy_media::limits::{CTL_MESSAGE_BYTES, FOREIGN_CHANNELS, MEDIA_SOURCES};
use ahoy_media::simple_webrtc::engine::{CloseReason, LinkEvent};
use bytes::{Bytes, BytesMut};
use rtc::interceptor::Packet;
use rtc::rtcp::raw_packet::RawPacket;
use rtc::rtp::header::Extension;

use crate::hostile::{Hostile, OPUS, SSRC, header, media};
use crate::pair::{Side, real, within};

/// A link with a hostile contact, which has been heard once.
async fn called() -> (Hostile, Side) {
    let (mut hostile, mut side) = (Hostile::new().await, real().a);
    hostile.call(&mut side, 1).await;
    heard(&hostile, &mut side, 1_000).await;
    (hostile, side)
}

/// A sound packet comes through; what else came before is passed over. How many that were.
async fn heard(hostile: &Hostile, side: &mut Side, sequence: u16) -> usize {
    let mark = u32::from(sequence) * 960;
    hostile.send([media(header(sequence, mark), b"sound")]).await;
    let mut others = 0;
    loop {
        let packet = side.heard(1).await;
        if (packet.timestamp, &packet.payload[..]) == (mark, b"sound") {
            return others;
        }
        others += 1;
    }
}

/// Waits until the link has counted so many refused packets.
async fn refused(side: &Side, at_least: u64) -> u64 {
    let counted = async {
        let mut beat = tokio::time::interval(std::time::Duration::from_millis(20));
        loop {
            beat.tick().await;
            let count = side.engine.stats(side.link(1)).expect("an open link").packets_refused;
            if count >= at_least {
                return count;
            }
        }
    };
    within("the count of refused packets", counted).await
}

fn nobody_noticed(side: &mut Side) {
    while let Ok((_, event)) = side.events.try_recv() {
        assert!(!matches!(event, LinkEvent::Closed(_) | LinkEvent::Ctl(_)), "{event:?}");
    }
}

#[tokio::test]
async fn media_that_is_none_is_refused_and_counted() {
    let (hostile, mut side) = called().await;
    let mut bad = Vec::new();
    for payload_type in (0..=127).filter(|kind| *kind != OPUS && !(64..96).contains(kind)) {
        bad.push(media(rtc::rtp::Header { payload_type, ..header(2_000, 0) }, b"other"));
    }
    let others = bad.len() as u64;
    bad.extend((0..100).map(|n| media(header(2_000 + n, 0), b"")));
    bad.extend((0..1_000).map(|n| media(rtc::rtp::Header { ssrc: SSRC + 1 + n, ..header(2_100, 0) }, b"other")));
    let sent = bad.len();
    hostile.send(bad).await;
    assert_eq!(heard(&hostile, &mut side, 2_200).await, 0, "nothing of it is media");
    let count = refused(&side, others + 1_000).await;
    println!("{sent} packets of bad media, {count} refused");
    nobody_noticed(&mut side);
    hostile.close().await;
}

#[tokio::test]
async fn odd_headers_sizes_and_wraps_come_through_as_they_are_or_not_at_all() {
    let (hostile, mut side) = called().await;
    let csrc: Vec<u32> = (0..15).collect();
    let extension = |id: u8, bytes: usize| Extension { id, payload: Bytes::from(vec![0xff; bytes]) };
    let mut odd = vec![
        media(rtc::rtp::Header { csrc, ..header(1_001, 0) }, &[0xfc; 1]),
        media(rtc::rtp::Header { padding: true, ..header(1_002, 1) }, &[0xfc; 3]),
        media(rtc::rtp::Header { padding: true, ..header(1_003, 2) }, &[]),
        media(header(1_004, 3), &[0xff; 1_276]),
        media(header(1_005, 4), &[0xfc, 61, 1, 2, 3]),
    ];
    for (n, (profile, id, bytes)) in
        [(0xbede, 14, 16), (0x1000, 255, 255), (0x1000, 0, 0), (0xbede, 15, 1)].iter().enumerate()
    {
        let extensions = vec![extension(*id, *bytes)];
        let odd_header = header(1_010 + n as u16, 9);
        odd.push(media(
            rtc::rtp::Header { extension: true, extension_profile: *profile, extensions, ..odd_header },
            b"x",
        ));
    }
    // In steps that keep the seal's own count, then over both wraps, doubled, and backwards from somewhere else.
    odd.extend([20_000, 40_000, 60_000].map(|sequence| media(header(sequence, 7), &[0xfc])));
    for n in 0..400_u16 {
        let (sequence, timestamp) = (65_400_u16.wrapping_add(n), (u32::MAX - 100_000).wrapping_add(u32::from(n) * 960));
        odd.extend([
            media(header(sequence, timestamp), &[0xfc, 0xff]),
            media(header(sequence, timestamp), &[0xfc, 0xff]),
        ]);
    }
    odd.extend((0..100_u16).rev().map(|n| media(header(20_000 + n, 7), &[0xfc])));
    let sent = odd.len();
    for some in odd.chunks(50) {
        hostile.send(some.to_vec()).await;
        tokio::task::yield_now().await;
    }
    let came = heard(&hostile, &mut side, 21_000).await;
    println!("{came} of {sent} odd packets are for the jitter buffer to judge");
    assert!(came < sent, "doubles at least are refused by the seal");
    nobody_noticed(&mut side);
    hostile.close().await;
}

/// Reports as nobody writes them: goodbyes for others, blocks of nonsense, lengths that lie, types that don't exist.
fn reports() -> Vec<Packet> {
    let mut raw: Vec<Vec<u8>> = Vec::new();
    for ssrc in [SSRC, 1, 0, u32::MAX] {
        let id = ssrc.to_be_bytes();
        // Goodbye; sender report and receiver report with 31 blocks; a report about a loss of everything.
        raw.push([&[0x81, 203, 0, 1][..], &id].concat());
        raw.push([&[0x9f, 203, 0, 31][..], &id.repeat(31)].concat());
        raw.push([&[0x80, 200, 0, 6][..], &id, &[0xff; 20]].concat());
        raw.push([&[0x9f, 201, 0, 187][..], &id, &[0xff; 31 * 24]].concat());
        raw.push([&[0x81, 201, 0, 7][..], &id, &id, &[0xff; 20]].concat());
        // Keyframes, losses, rates and clocks for streams that have none; source descriptions without an end.
        for (kind, format) in
            [(206, 1), (206, 4), (206, 15), (205, 1), (205, 11), (205, 15), (202, 31), (207, 0), (204, 1)]
        {
            raw.push([&[0x80 | format, kind, 0, 7][..], &id, &id, &[0xff; 20]].concat());
            raw.push([&[0x80 | format, kind, 0, 2][..], &id, &id].concat());
        }
    }
    for kind in 192..=223 {
        // A length that is too long, too short, and none.
        raw.push([&[0x80, kind, 0xff, 0xff][..], &[7; 20]].concat());
        raw.push([&[0x9f, kind, 0, 0][..], &[7; 24]].concat());
        raw.push([&[0xbf, kind, 0, 5][..], &[0xff; 20]].concat());
    }
    raw.into_iter().map(|bytes| Packet::Rtcp(vec![Box::new(RawPacket(bytes.into()))])).collect()
}

#[tokio::test]
async fn reports_that_make_no_sense_change_nothing() {
    let (hostile, mut side) = called().await;
    let mut sent = 0;
    for round in 0..5 {
        let reports = reports();
        sent += reports.len();
        for some in reports.chunks(20) {
            hostile.send(some.to_vec()).await;
        }
        heard(&hostile, &mut side, 2_000 + round).await;
    }
    println!("{sent} reports");
    let message = Bytes::from_static(b"still there");
    side.engine.send_ctl(side.link(1), message).expect("open");
    let stats = side.engine.stats(side.link(1)).expect("open");
    assert!(stats.rtt_ms.is_none_or(|rtt_ms| (0.0..5_000.0).contains(&rtt_ms)), "{stats:?}");
    nobody_noticed(&mut side);
    hostile.close().await;
}

/// A message of this many bytes arrives.
async fn told(hostile: &Hostile, side: &mut Side, bytes: usize) {
    hostile.ctl.send(BytesMut::from(&vec![7; bytes][..])).await.expect("an open channel");
    let event = side.until(1, |event| matches!(event, LinkEvent::Ctl(_) | LinkEvent::Closed(_))).await;
    assert_eq!(event, LinkEvent::Ctl(Bytes::from(vec![7; bytes])));
}

#[tokio::test]
async fn messages_too_long_or_of_text_are_refused_and_counted() {
    let (hostile, mut side) = called().await;
    for bytes in [CTL_MESSAGE_BYTES + 1, CTL_MESSAGE_BYTES * 2, 60_000] {
        hostile.ctl.send(BytesMut::from(&vec![1; bytes][..])).await.expect("an open channel");
    }
    hostile.ctl.send_text("text is nobody's language here").await.expect("an open channel");
    told(&hostile, &mut side, CTL_MESSAGE_BYTES).await;
    // The library throws away what is longer than we said that we take, and tells nobody; the text is ours to refuse.
    println!("{} refused", refused(&side, 1).await);
    heard(&hostile, &mut side, 2_000).await;
    hostile.close().await;
}

#[tokio::test]
async fn sixteen_mib_in_messages_too_long_do_not_hold_up_the_sound() {
    let (hostile, mut side) = called().await;
    let ctl = hostile.ctl.clone();
    let flood = tokio::spawn(async move {
        // As long as the library of the hostile peer can make them.
        for _ in 0..=64 {
            ctl.send(BytesMut::from(&vec![1; 256 * 1024][..])).await.expect("an open channel");
        }
    });
    for sequence in 2_000..2_100 {
        heard(&hostile, &mut side, sequence).await;
    }
    nobody_noticed(&mut side);
    flood.abort();
    hostile.close().await;
}

#[tokio::test]
async fn a_flood_of_messages_is_held_back_and_the_sound_goes_on() {
    let (hostile, mut side) = called().await;
    for n in 0..3_000_u32 {
        hostile.ctl.send(BytesMut::from(&n.to_be_bytes()[..])).await.expect("an open channel");
    }
    for sequence in 2_000..2_020 {
        heard(&hostile, &mut side, sequence).await;
    }
    for expected in 0..3_000_u32 {
        let event = side.until(1, |event| matches!(event, LinkEvent::Ctl(_) | LinkEvent::Closed(_))).await;
        assert_eq!(event, LinkEvent::Ctl(Bytes::from(expected.to_be_bytes().to_vec())));
    }
    hostile.close().await;
}

#[tokio::test]
async fn channels_nobody_agreed_on_are_closed_and_counted_until_there_are_too_many() {
    let (hostile, mut side) = called().await;
    let mut kept = Vec::new();
    for n in 0..FOREIGN_CHANNELS / 2 {
        kept.push(hostile.connection.create_data_channel(&format!("extra {n}"), None).await.expect("a channel"));
    }
    println!("{} refused", refused(&side, FOREIGN_CHANNELS / 2).await);
    told(&hostile, &mut side, 100).await;
    heard(&hostile, &mut side, 2_000).await;
    for n in 0..FOREIGN_CHANNELS {
        kept.push(hostile.connection.create_data_channel(&format!("more {n}"), None).await.expect("a channel"));
    }
    let LinkEvent::Closed(CloseReason::Failed(why)) = side.closed(1).await else { panic!("it must fail") };
    assert!(why.contains("channels that nobody agreed on"), "{why}");
    hostile.close().await;
}

#[tokio::test]
async fn sources_that_the_description_does_not_name_are_not_kept() {
    let (hostile, mut side) = called().await;
    let strangers =
        (0..10 * MEDIA_SOURCES as u32).map(|n| media(rtc::rtp::Header { ssrc: n, ..header(1, 0) }, b"other"));
    hostile.send(strangers).await;
    heard(&hostile, &mut side, 2_000).await;
    assert_eq!(refused(&side, 10 * MEDIA_SOURCES as u64).await, 10 * MEDIA_SOURCES as u64);
    hostile.close().await;
}
