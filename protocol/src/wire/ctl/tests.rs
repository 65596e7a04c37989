//! Tests of `ctl`.

use ahoy_crypto::Check;

use super::{open, write};
use crate::limits::CTL_MAX_BYTES;
use crate::wire::bodies::{CtlBody, Flags, Reason, Record, Status};

const BODIES: [CtlBody; 3] = [
    CtlBody::Status(Status { state_seq: 9, flags: Flags(Flags::MUTED | Flags::HELD) }),
    CtlBody::HangUp(Reason::Lost),
    CtlBody::Record(Record { op: 4, recording: u32::MAX }),
];

#[test]
fn messages_read_back_in_sequence() {
    let mut last = 0;
    for (seq, body) in (1..).zip(BODIES) {
        let message = write(&body, seq).expect("a message");
        assert!(message.len() <= CTL_MAX_BYTES);
        assert_eq!(open(&message, &mut last), Ok(body));
        assert_eq!(last, seq);
    }
}

#[test]
fn a_sequence_number_is_taken_once_and_only_upward() {
    let mut last = 4;
    let message = |seq| write(&BODIES[0], seq).expect("a message");
    for (seq, outcome) in [(4, false), (0, false), (5, true), (5, false), (9, true), (8, false), (u32::MAX, true)] {
        assert_eq!(open(&message(seq), &mut last).is_ok(), outcome, "{seq}");
    }
    assert_eq!(open(&message(u32::MAX), &mut last), Err(Check::CTL_SEQ));
}

#[test]
fn what_is_refused_moves_nothing() {
    let good = write(&BODIES[0], 7).expect("a message");
    for place in 0..good.len() {
        for bit in 0..8 {
            let mut message = good.clone();
            message[place] ^= 1 << bit;
            let mut last = 3;
            if open(&message, &mut last).is_err() {
                assert_eq!(last, 3, "byte {place} bit {bit}");
            }
        }
    }
}

#[test]
fn the_head_is_judged_before_the_body() {
    let good = write(&BODIES[1], 7).expect("a message");
    let changed = |place: usize, byte: u8| {
        let mut message = good.clone();
        message[place] = byte;
        open(&message, &mut 0).err()
    };
    assert_eq!(changed(0, 0), Some(Check::CTL_HEAD), "version");
    assert_eq!(changed(1, 9), Some(Check::CTL_HEAD), "kind");
    assert_eq!(changed(6, 1), Some(Check::CTL_HEAD), "length");
    assert_eq!(changed(7, 4), Some(Check::CTL_HEAD), "length");
    assert_eq!(changed(1, 7), Some(Check::CBOR), "a hang-up is no status");
    assert_eq!(changed(10, 0), Some(Check::CBOR), "reason 0");
    for length in 0..good.len() {
        assert_eq!(open(&good[..length], &mut 0).err(), Some(Check::CTL_HEAD), "{length} bytes");
    }
}

#[test]
fn a_message_beyond_1024_bytes_is_refused_whatever_is_in_it() {
    let body_bytes = u16::try_from(CTL_MAX_BYTES - 7).expect("small");
    let mut message = vec![1, 7, 0, 0, 0, 1];
    message.extend_from_slice(&body_bytes.to_be_bytes());
    message.resize(CTL_MAX_BYTES + 1, 0);
    assert_eq!(open(&message, &mut 0).err(), Some(Check::CTL_HEAD));
    message.truncate(CTL_MAX_BYTES);
    message[6..8].copy_from_slice(&(body_bytes - 1).to_be_bytes());
    assert_eq!(open(&message, &mut 0).err(), Some(Check::CBOR), "1024 bytes are read");
}

#[test]
fn a_body_that_does_not_fit_is_not_written() {
    assert!(write(&CtlBody::Record(Record { op: 5, recording: 1 }), 1).is_err());
}
