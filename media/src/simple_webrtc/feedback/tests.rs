//! Feedback to bytes and back.

use proptest::prelude::*;
use rtc::{
    rtcp::{self, transport_feedbacks::transport_layer_nack::TransportLayerNack},
    shared::marshal::Unmarshal,
};

use super::*;

const OWN: u32 = 0x0102_0304;
const THEIRS: u32 = 0xa0b0_c0d0;

fn report() -> WayReport {
    WayReport { expected: 50, lost: 7, missed: 2, queue_ms: 123, rate_bps: 62_400, copies_after: 3 }
}

fn read(packets: &[Bytes]) -> Feedback {
    let mut feedback = Feedback::default();
    assert!(packets.iter().all(|packet| feedback.read(packet, THEIRS)));
    feedback
}

#[test]
fn a_report_has_its_bytes() {
    let packets = Feedback { asked: Vec::new(), report: Some(report()) }.packets(OWN, THEIRS);
    let bytes =
        [0x81, 204, 0, 6, 1, 2, 3, 4, b'A', b'H', b'O', b'Y', 0, 50, 0, 7, 0, 2, 0, 123, 0, 0, 0xf3, 0xc0, 3, 0, 0, 0];
    assert_eq!(packets, [Bytes::copy_from_slice(&bytes)]);
    assert_eq!(read(&packets).report, Some(report()));
}

#[test]
fn an_independent_reader_finds_the_packets_that_were_asked_for() {
    let asked = vec![65_534, 65_535, 3, 20, 21, 400];
    let packets = Feedback { asked: asked.clone(), report: None }.packets(OWN, THEIRS);
    assert_eq!(packets.len(), 1);
    let nack = TransportLayerNack::unmarshal(&mut packets[0].clone()).unwrap();
    assert_eq!((nack.sender_ssrc, nack.media_ssrc), (OWN, THEIRS));
    assert_eq!(nack.nacks.iter().flat_map(|pair| pair.packet_list()).collect::<Vec<_>>(), asked);
    assert_eq!(read(&packets).asked, asked);
}

#[test]
fn what_is_asked_for_twice_is_asked_for_in_two_packets() {
    let packets = Feedback { asked: vec![7, 9, 9], report: None }.packets(OWN, THEIRS);
    assert_eq!(packets.len(), 2);
    assert_eq!(packets[0], packets[1]);
    assert_eq!(read(&packets[..1]).asked, [7, 9, 9]);
}

#[test]
fn the_library_hands_our_reports_on_as_they_are() {
    let packets = Feedback { asked: vec![1], report: Some(report()) }.packets(OWN, THEIRS);
    let mut whole = bytes::Bytes::from(packets.concat());
    let parsed = rtcp::packet::unmarshal(&mut whole).unwrap();
    assert_eq!(parsed.len(), 2);
    let raw = parsed[1].as_any().downcast_ref::<rtcp::raw_packet::RawPacket>().unwrap();
    assert_eq!(raw.0, packets[1]);
}

#[test]
fn what_is_about_another_source_or_no_feedback_says_nothing() {
    let packets = Feedback { asked: vec![1], report: Some(report()) }.packets(OWN, THEIRS);
    let mut feedback = Feedback::default();
    assert!(!feedback.read(&packets[0], OWN));
    for length in 0..packets[1].len() {
        assert!(!feedback.read(&packets[1][..length], THEIRS), "{length}");
    }
    let mut foreign = packets[1].to_vec();
    foreign[11] = b'X';
    assert!(!feedback.read(&foreign, THEIRS));
    assert_eq!(feedback, Feedback::default());
}

#[test]
fn what_is_asked_at_once_is_bounded() {
    let mut packet = vec![0x81, 205, 0, 255, 0, 0, 0, 0];
    packet.extend(THEIRS.to_be_bytes());
    packet.extend([0xff; 4_000]);
    let mut feedback = Feedback::default();
    assert!(feedback.read(&packet, THEIRS));
    assert_eq!(feedback.asked.len(), ASKED_AT_ONCE);
}

proptest! {
    #[test]
    fn any_numbers_come_back_and_any_bytes_are_read_or_refused(
        mut asked in prop::collection::vec(any::<u16>(), 0..ASKED_AT_ONCE),
        junk in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        asked.sort_unstable();
        asked.dedup();
        let packets = Feedback { asked: asked.clone(), report: None }.packets(OWN, THEIRS);
        prop_assert_eq!(read(&packets).asked, asked);
        Feedback::default().read(&junk, OWN);
    }
}
