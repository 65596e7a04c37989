//! Announcements, fetches and messages: what is read is what was written, and everything else is refused.

use super::*;

fn announce() -> Announce {
    Announce { call: CallId([7; 16]), started_ms: 1_800_000_000_000, duration_ms: 60, bytes: 11, hash: [9; 32] }
}

fn message() -> Message {
    Message { frame_ms: 20, packets: vec![vec![1], vec![2], vec![3]] }
}

#[test]
fn requests_are_these_bytes() {
    let request = Request::Announce(announce());
    let hex = data_encoding::HEXLOWER.encode(&request.bytes());
    let (call, hash) = ("07".repeat(16), "09".repeat(32));
    assert_eq!(hex, format!("01{call}000001a3185c50000000003c0000000b{hash}"));
    assert_eq!(request.bytes().len(), ANNOUNCE_BYTES);
    assert_eq!(Request::read(&request.bytes()), Ok(request));
    let fetch = Request::Fetch(CallId([7; 16]));
    assert_eq!(data_encoding::HEXLOWER.encode(&fetch.bytes()), format!("02{call}"));
    assert_eq!((fetch.bytes().len(), Request::read(&fetch.bytes())), (FETCH_BYTES, Ok(fetch)));
}

#[test]
fn a_message_is_these_bytes() {
    let bytes = message().bytes();
    assert_eq!(data_encoding::HEXLOWER.encode(&bytes), "0114000101000102000103");
    assert_eq!((Message::read(&bytes), message().duration_ms()), (Some(message()), 60));
}

#[test]
fn what_is_recorded_beyond_two_minutes_or_a_mebibyte_is_left_out() {
    let long = Message { frame_ms: 60, packets: vec![vec![1]; 2_001] };
    assert_eq!(Message::read(&long.bytes()).map(|message| message.duration_ms()), Some(VOICEMAIL_MS));
    let large = Message { frame_ms: 10, packets: vec![vec![1; VOICEMAIL_PACKET_BYTES]; 2_000] };
    assert!(large.bytes().len() <= VOICEMAIL_BYTES as usize && Message::read(&large.bytes()).is_some());
}

#[test]
fn damaged_messages_are_none() {
    let good = message().bytes();
    for length in 0..good.len() {
        let cut = &good[..length];
        // Cut between two packets it is a shorter message: the length and the hash announced tell.
        assert!(Message::read(cut).is_none_or(|read| read.packets.len() < 3));
    }
    for bad in [&b""[..], b"\x01", b"\x02\x14\x00\x01\x01", b"\x01\x15\x00\x01\x01", b"\x01\x14", b"\x01\x14\x00\x00"] {
        assert_eq!(Message::read(bad), None, "{bad:?}");
    }
    let too_long = Message { frame_ms: 20, packets: vec![vec![0; VOICEMAIL_PACKET_BYTES + 1]] };
    assert_eq!(Message::read(&too_long.bytes()), None);
}
