//! What a listener says of our sound reaches us, and what it asks for goes out again.

use std::time::{Duration, Instant};

use ahoy_media::simple_webrtc::engine::{AudioPacket, PacketSink, Role};
use ahoy_media::simple_webrtc::feedback::{Feedback, WayReport};
use tokio::sync::mpsc;

use crate::pair::{frame, real, within};

/// Says something of each packet that comes, and notes what is told.
struct Critic {
    latest: u16,
    heard: mpsc::Sender<u16>,
    told: mpsc::Sender<WayReport>,
}

impl PacketSink for Critic {
    fn packet(&mut self, packet: AudioPacket) {
        self.latest = packet.sequence;
        self.heard.try_send(packet.sequence).expect("a test reads what it hears");
    }

    fn feedback(&mut self, _now: Instant, _round_trip: Option<Duration>) -> Option<Feedback> {
        let report = WayReport { expected: self.latest, rate_bps: 62_400, ..WayReport::default() };
        Some(Feedback { asked: vec![self.latest], report: Some(report) })
    }

    fn told(&mut self, report: WayReport) {
        self.told.try_send(report).expect("a test reads what it is told");
    }
}

#[tokio::test]
async fn feedback_reaches_the_sender_and_what_it_asks_for_goes_out_again() {
    let mut pair = real();
    let (heard, mut heard_by_b) = mpsc::channel(100);
    let (told, mut told_to_a) = mpsc::channel(100);
    let (nothing, _kept) = mpsc::channel(100);
    let b = Critic { latest: 0, heard, told: nothing.clone() };
    pair.b.engine.open(pair.b.spec(1, Role::Answerer, Box::new(b))).expect("a new link");
    let (ignored, _kept_too) = mpsc::channel(100);
    let a = Critic { latest: 0, heard: ignored, told };
    pair.a.engine.open(pair.a.spec(1, Role::Offerer, Box::new(a))).expect("a new link");
    pair.until_open(1).await;
    for n in 0..5_u64 {
        pair.a.engine.send_audio(pair.a.link(1), frame(n as u32 * 960)).expect("connected");
        let sequence = within("the packet", heard_by_b.recv()).await.expect("the link lives");
        let report = within("the report", told_to_a.recv()).await.expect("the link lives");
        assert_eq!((report.expected, report.rate_bps), (sequence, 62_400));
        let sent = pair.a.engine.stats(pair.a.link(1)).expect("open").packets_sent;
        assert_eq!(sent, 2 * (n + 1), "each packet went out twice");
    }
    assert!(heard_by_b.try_recv().is_err(), "what came twice is heard once");
}
