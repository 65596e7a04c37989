//! What somebody can do who knows the addresses but not the keys.

use std::net::{Ipv4Addr, SocketAddr};

use ahoy_media::simple_webrtc::engine::LinkEvent;
use bytes::Bytes;
use tokio::net::UdpSocket;

use crate::pair::{Who, real};

/// Packets that a stranger may send: every DTLS content type in the clear, STUN without a key, RTP, RTCP, noise.
fn strange_packets() -> Vec<Vec<u8>> {
    let record = |kind: u8, epoch: u8, body: &[u8]| {
        let mut packet = vec![kind, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 9];
        packet.extend_from_slice(&(body.len() as u16).to_be_bytes());
        packet.extend_from_slice(body);
        packet
    };
    let mut packets = Vec::new();
    for epoch in [0, 1, 2] {
        // Fatal and warning alerts (close_notify, handshake_failure, ..), change cipher spec, client hello, data.
        for description in 0..=120 {
            packets.push(record(21, epoch, &[2, description]));
            packets.push(record(21, epoch, &[1, description]));
        }
        packets.push(record(20, epoch, &[1]));
        packets.push(record(22, epoch, &[1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0xfe, 0xfd]));
        packets.push(record(22, epoch, &[0; 64]));
        packets.push(record(23, epoch, &[0; 64]));
    }
    // Binding requests, indications, responses, errors; RTP and RTCP in the clear.
    for first in [0x0001_u16, 0x0011, 0x0101, 0x0111, 0x806f, 0x80c8, 0x80c9, 0x80cb] {
        let mut packet = first.to_be_bytes().to_vec();
        packet.extend_from_slice(&[0, 0, 0x21, 0x12, 0xa4, 0x42]);
        packet.extend_from_slice(&[7; 12]);
        packets.push(packet.clone());
        packet.extend_from_slice(&[7; 200]);
        packets.push(packet);
    }
    // Noise of every length and first byte, from a fixed seed.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for length in 0..1_400_usize {
        let mut packet = Vec::with_capacity(length);
        for _ in 0..length {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            packet.push((state >> 32) as u8);
        }
        if let Some(first) = packet.first_mut() {
            *first = (length % 256) as u8;
        }
        packets.push(packet);
    }
    packets
}

#[tokio::test]
async fn packets_of_a_stranger_change_nothing() {
    let mut pair = real();
    let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback");
    pair.open(1);
    let (mut places, mut open) = (Vec::new(), 0);
    pair.carry(|_, _, event| {
        if let LinkEvent::Candidate { candidate, .. } = event {
            places.push(SocketAddr::new(candidate.ip, candidate.port));
        }
        open += u32::from(*event == LinkEvent::CtlOpen);
        open == 2
    })
    .await;
    assert_eq!(places.len(), 2);
    for (i, packet) in strange_packets().iter().enumerate() {
        for place in &places {
            stranger.send_to(packet, place).await.expect("loopback");
        }
        if i % 50 == 0 {
            pair.talk(1, i as u32).await;
        }
    }
    pair.talk(1, u32::MAX).await;
    let message = Bytes::from_static(b"still there");
    pair.a.engine.send_ctl(pair.a.link(1), message.clone()).expect("open");
    pair.gather([(Who::B, LinkEvent::Ctl(message))]).await;
    assert!(pair.a.events.is_empty() && pair.b.events.is_empty(), "nobody noticed anything");
}

#[tokio::test]
async fn a_stranger_cannot_keep_two_from_connecting() {
    let mut pair = real();
    let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback");
    pair.open(1);
    let (mut places, mut open) = (Vec::new(), 0);
    while open < 2 {
        let (who, n, event) = pair.next().await;
        if let LinkEvent::Candidate { candidate, .. } = &event {
            places.push(SocketAddr::new(candidate.ip, candidate.port));
        }
        assert!(!matches!(event, LinkEvent::Closed(_)), "{event:?}");
        for packet in strange_packets().iter().take(500) {
            for place in &places {
                stranger.send_to(packet, place).await.expect("loopback");
            }
        }
        open += u32::from(event == LinkEvent::CtlOpen);
        pair.other(who).take(n, &event);
    }
    pair.talk(1, 960).await;
}
