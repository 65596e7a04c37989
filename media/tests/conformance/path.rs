//! What happens to the path between the two: cut, slow, listened to.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use ahoy_media::fake::engine::FakeNetwork;
use ahoy_media::simple_webrtc::engine::{CloseReason, LinkEvent, Role};
use bytes::Bytes;
use tokio::net::UdpSocket;
use tokio::time::Instant;

use crate::pair::{Who, fake_on, frame, real, within};
use crate::road::Road;

#[tokio::test]
async fn a_blackout_shows_after_two_seconds_and_passes() {
    let (mut pair, road) = (real(), Road::new(Duration::ZERO));
    road.connect(&mut pair, 1).await;
    pair.talk(1, 960).await;
    road.cut.send_replace(true);
    let began = Instant::now();
    for side in [&mut pair.a, &mut pair.b] {
        side.until(1, |event| *event == LinkEvent::Interrupted).await;
        let after = began.elapsed().as_secs_f64();
        // The last packet came up to a keep-alive before; the look-out is every keep-alive.
        assert!((1.4..5.0).contains(&after), "after {after} s");
    }
    let message = Bytes::from_static(b"kept while it was dark");
    pair.a.engine.send_ctl(pair.a.link(1), message.clone()).expect("interrupted, not over");
    road.cut.send_replace(false);
    let began = Instant::now();
    pair.gather([(Who::A, LinkEvent::Resumed), (Who::B, LinkEvent::Resumed), (Who::B, LinkEvent::Ctl(message))]).await;
    assert!(began.elapsed() < Duration::from_secs(5), "back after {:?}", began.elapsed());
    pair.talk(1, 1920).await;
}

#[tokio::test]
async fn a_restart_leads_out_of_a_dead_path() {
    let (mut pair, dead) = (real(), Road::new(Duration::ZERO));
    dead.connect(&mut pair, 1).await;
    dead.cut.send_replace(true);
    pair.a.until(1, |event| *event == LinkEvent::Interrupted).await;
    pair.a.engine.restart(pair.a.link(1), 1).expect("interrupted");
    let mut resumed = 0;
    Road::new(Duration::ZERO)
        .lead(&mut pair, 1, |_, event| {
            resumed += u32::from(*event == LinkEvent::Resumed);
            resumed == 2
        })
        .await;
    pair.talk(1, 960).await;
}

#[tokio::test]
async fn a_slow_path_connects() {
    let (mut pair, road) = (real(), Road::new(Duration::from_millis(150)));
    road.connect(&mut pair, 1).await;
    pair.talk(1, 960).await;
    let measured = async {
        let mut beat = tokio::time::interval(Duration::from_millis(20));
        loop {
            beat.tick().await;
            if let Some(rtt_ms) = pair.a.engine.stats(pair.a.link(1)).expect("open").rtt_ms {
                return rtt_ms;
            }
        }
    };
    let rtt_ms = within("a round trip", measured).await;
    assert!((300.0..1_500.0).contains(&rtt_ms), "{rtt_ms} ms over a road of 2 x 150 ms");
}

#[tokio::test]
async fn only_authenticated_encryption_is_offered_and_nothing_travels_in_the_clear() {
    let (mut pair, road) = (real(), Road::new(Duration::ZERO));
    road.connect(&mut pair, 1).await;
    let secret = Bytes::from_static(b"nobody on the road reads this");
    let spoken = ahoy_media::simple_webrtc::engine::AudioFrame { payload: secret.clone(), ..frame(7) };
    pair.a.engine.send_audio(pair.a.link(1), spoken).expect("connected");
    assert_eq!(pair.b.heard(1).await.payload, secret);
    pair.a.engine.send_ctl(pair.a.link(1), secret.clone()).expect("open");
    pair.b.until(1, |event| *event == LinkEvent::Ctl(secret.clone())).await;
    let seen = road.seen.lock().unwrap();
    assert!(!seen.iter().any(|(_, packet)| packet.windows(8).any(|part| part == &secret[..8])));
    // Record type 22, handshake type 1: the client hello. 13 bytes record header, 12 handshake header, 2 version,
    // 32 random, then session id and cookie, each with its length (RFC 6347 section 4.2.1).
    let hellos: Vec<_> = seen.iter().filter(|(_, packet)| packet[0] == 22 && packet.get(13) == Some(&1)).collect();
    assert!(!hellos.is_empty());
    for (who, hello) in hellos {
        assert_eq!(*who, Who::B, "the answerer is the DTLS client");
        let session = 13 + 12 + 2 + 32;
        let cookie = session + 1 + usize::from(hello[session]);
        let suites = cookie + 1 + usize::from(hello[cookie]);
        let length = usize::from(u16::from_be_bytes([hello[suites], hello[suites + 1]]));
        let offered: Vec<u16> =
            hello[suites + 2..suites + 2 + length].chunks(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect();
        assert_eq!(offered, [0xc02b, 0xcca9], "ECDHE-ECDSA with AES-128-GCM or ChaCha20-Poly1305");
    }
}

#[tokio::test]
async fn no_packet_goes_to_a_candidate_inside_a_description() {
    let mut pair = real();
    let trap = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback");
    let line = format!("a=candidate:1 1 udp 2130706431 127.0.0.1 {} typ host\r\n", trap.local_addr().unwrap().port());
    pair.open(1);
    let mut open = 0;
    while open < 2 {
        let (who, n, mut event) = pair.next().await;
        if let LinkEvent::Description { sdp, .. } = &mut event {
            // In each media section, where the library looks for them.
            *sdp = sdp.replace("a=mid:", &format!("{line}a=mid:"));
            assert!(sdp.matches(&line).count() == 2);
        }
        open += u32::from(event == LinkEvent::CtlOpen);
        pair.other(who).take(n, &event);
    }
    pair.talk(1, 960).await;
    let caught = trap.try_recv(&mut [0; 100]);
    assert_eq!(caught.expect_err("a packet left").kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_wildcard_is_never_bound() {
    for wildcard in [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED)] {
        let mut pair = real();
        let (sender, _heard) = tokio::sync::mpsc::channel(1);
        let mut spec = pair.a.spec(1, Role::Offerer, Box::new(crate::pair::Ear(sender)));
        spec.bind = vec![wildcard];
        pair.a.engine.open(spec).expect("a new link");
        let LinkEvent::Closed(CloseReason::Failed(_)) = pair.a.closed(1).await else { panic!("it must fail") };
    }
}

#[tokio::test]
async fn a_cut_of_the_fake_network_loses_audio_and_keeps_ctl() {
    let network = FakeNetwork::new();
    let mut pair = fake_on(&network);
    pair.connect(1).await;
    network.cut(true);
    for side in [&mut pair.a, &mut pair.b] {
        side.until(1, |event| *event == LinkEvent::Interrupted).await;
    }
    let message = Bytes::from_static(b"12345678");
    pair.a.engine.send_ctl(pair.a.link(1), message.clone()).expect("open");
    pair.a.engine.send_audio(pair.a.link(1), frame(5)).expect("connected");
    let sent = async {
        while pair.a.engine.stats(pair.a.link(1)).expect("open").packets_sent == 0 {
            tokio::task::yield_now().await;
        }
    };
    within("the frame to be lost", sent).await;
    network.cut(false);
    pair.gather([(Who::A, LinkEvent::Resumed), (Who::B, LinkEvent::Resumed), (Who::B, LinkEvent::Ctl(message))]).await;
    pair.a.engine.send_audio(pair.a.link(1), frame(6)).expect("connected");
    assert_eq!(pair.b.heard(1).await.timestamp, 6);
}

#[tokio::test]
async fn links_of_the_fake_network_wait_for_its_permission() {
    let network = FakeNetwork::new();
    network.never_connect(true);
    let mut pair = fake_on(&network);
    pair.open(1);
    let mut ended = 0;
    pair.carry(|_, _, event| {
        assert_ne!(*event, LinkEvent::Connected);
        ended += u32::from(matches!(event, LinkEvent::EndOfCandidates { .. }));
        ended == 2
    })
    .await;
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert!(pair.a.events.is_empty() && pair.b.events.is_empty());
    network.never_connect(false);
    pair.until_open(1).await;
    pair.talk(1, 960).await;
}
