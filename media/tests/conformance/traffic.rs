//! Audio, `ctl` and figures.

use std::time::Instant;

use ahoy_media::limits::{CTL_MESSAGE_BYTES, FRAMES_A_LINK};
use ahoy_media::simple_webrtc::engine::{CandidateKind, EngineError, LinkEvent};
use bytes::Bytes;

use crate::pair::{Pair, frame, within};

pub(crate) async fn audio_crosses_both_ways_and_keeps_sequence_and_timestamps(mut pair: Pair) {
    pair.connect(1).await;
    let before = Instant::now();
    let (mut from_a, mut from_b) = (Vec::new(), Vec::new());
    for i in 0..200_u32 {
        // Over the wrap, through zero, with a jump as after a pause.
        let jump = if i >= 100 { 48_000 } else { 0 };
        let timestamp = (u32::MAX - 9_599).wrapping_add(i * 960 + jump);
        pair.a.engine.send_audio(pair.a.link(1), frame(timestamp)).expect("connected");
        from_a.push(pair.b.heard(1).await);
        pair.b.engine.send_audio(pair.b.link(1), frame(timestamp)).expect("connected");
        from_b.push(pair.a.heard(1).await);
        assert_eq!((from_a[i as usize].timestamp, from_b[i as usize].timestamp), (timestamp, timestamp));
    }
    for packets in [from_a, from_b] {
        for two in packets.windows(2) {
            assert_eq!(two[1].sequence, two[0].sequence.wrapping_add(1), "a gap in a stream without loss");
        }
        for packet in packets {
            assert_eq!(packet.payload, Bytes::from(packet.timestamp.to_be_bytes().to_vec()));
            assert_eq!(packet.marker, packet.timestamp == 0);
            assert!(packet.arrived >= before && packet.arrived <= Instant::now());
        }
    }
}

pub(crate) async fn a_full_queue_drops_the_oldest_frames(mut pair: Pair) {
    pair.connect(1).await;
    // This test's thread is the engine's too, so nothing is sent before it waits.
    for i in 0..30 {
        pair.a.engine.send_audio(pair.a.link(1), frame(i)).expect("connected");
    }
    let mut heard = Vec::new();
    for _ in 0..FRAMES_A_LINK {
        heard.push(pair.b.heard(1).await.timestamp);
    }
    assert_eq!(heard, (20..30).collect::<Vec<u32>>());
    assert_eq!(pair.a.engine.stats(pair.a.link(1)).expect("open").frames_dropped, 20);
    pair.talk(1, 960).await;
}

pub(crate) async fn ctl_crosses_both_ways_in_order(mut pair: Pair) {
    pair.connect(1).await;
    for i in 0..20_u8 {
        let size = if i == 7 { CTL_MESSAGE_BYTES } else { 8 };
        pair.a.engine.send_ctl(pair.a.link(1), Bytes::from(vec![i; size])).expect("open");
        pair.b.engine.send_ctl(pair.b.link(1), Bytes::from(vec![100 + i; size])).expect("open");
    }
    for (side, base) in [(&mut pair.a, 100_u8), (&mut pair.b, 0)] {
        for i in 0..20_u8 {
            let event = side.until(1, |event| matches!(event, LinkEvent::Ctl(_))).await;
            let size = if i == 7 { CTL_MESSAGE_BYTES } else { 8 };
            assert_eq!(event, LinkEvent::Ctl(Bytes::from(vec![base + i; size])));
        }
    }
}

pub(crate) async fn an_oversized_ctl_message_is_refused(mut pair: Pair) {
    pair.connect(1).await;
    let message = Bytes::from(vec![1; CTL_MESSAGE_BYTES + 1]);
    let refused = pair.a.engine.send_ctl(pair.a.link(1), message);
    assert_eq!(refused, Err(EngineError::Limit("1024 bytes a message on ctl")));
    pair.a.engine.send_ctl(pair.a.link(1), Bytes::from_static(b"12345678")).expect("open");
    let next = pair.b.until(1, |event| matches!(event, LinkEvent::Ctl(_))).await;
    assert_eq!(next, LinkEvent::Ctl(Bytes::from_static(b"12345678")));
}

pub(crate) async fn audio_goes_on_while_nobody_reads_events(mut pair: Pair) {
    pair.connect(1).await;
    // More messages than B's event queue (64) and its link's own (32) take together.
    for i in 0..300_u32 {
        let message = Bytes::from(i.to_be_bytes().to_vec());
        while pair.a.engine.send_ctl(pair.a.link(1), message.clone()) == Err(EngineError::QueueFull) {
            tokio::task::yield_now().await;
        }
        if i % 10 == 0 {
            pair.a.engine.send_audio(pair.a.link(1), frame(i)).expect("connected");
            assert_eq!(pair.b.heard(1).await.timestamp, i);
        }
    }
    let mut expected = 0_u32;
    while expected < 100 {
        let event = pair.b.until(1, |event| matches!(event, LinkEvent::Ctl(_))).await;
        assert_eq!(event, LinkEvent::Ctl(Bytes::from(expected.to_be_bytes().to_vec())));
        expected += 1;
    }
}

pub(crate) async fn figures_tell_what_crossed_and_by_which_way(mut pair: Pair) {
    pair.connect(1).await;
    for i in 0..5 {
        pair.talk(1, i).await;
    }
    for side in [&pair.a, &pair.b] {
        let stats = side.engine.stats(side.link(1)).expect("open");
        assert_eq!((stats.packets_sent, stats.packets_received, stats.frames_dropped), (5, 5, 0));
        assert_eq!((stats.bytes_sent, stats.bytes_received), (20, 20));
    }
    let measured = async {
        let mut beat = tokio::time::interval(std::time::Duration::from_millis(20));
        loop {
            beat.tick().await;
            let stats = pair.a.engine.stats(pair.a.link(1)).expect("open");
            if let (Some(rtt_ms), Some(pair)) = (stats.rtt_ms, stats.pair) {
                return (rtt_ms, pair);
            }
        }
    };
    let (rtt_ms, (local, remote, kind)) = within("the first figures", measured).await;
    assert!((0.0..1_000.0).contains(&rtt_ms), "{rtt_ms}");
    assert!(local.ip().is_loopback() && remote.ip().is_loopback() && local != remote);
    assert_eq!(kind, CandidateKind::Host);
}
