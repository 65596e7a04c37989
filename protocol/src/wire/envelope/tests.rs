//! Tests of `envelope`: sizes, heads, padding.

use ahoy_crypto::Check;

use super::{AnswerHead, InboxHead, PairHead, SIZES, Type, classify, pad, unpad};

const TYPES: [Type; 4] = [Type::Inbox, Type::Answer, Type::Pair, Type::Call];

#[test]
fn a_message_is_of_a_type_in_one_of_its_sizes() {
    for first in 0..=u8::MAX {
        assert_eq!(Type::of(first).map(|kind| kind as u8), [0x11, 0x21, 0x31, 0x41].contains(&first).then_some(first));
    }
    for kind in TYPES {
        for size in SIZES {
            let mut data = vec![0; size];
            data[..2].copy_from_slice(&[1, kind as u8]);
            let expected = if kind.sizes().contains(&size) { Ok(kind) } else { Err(Check::TYPE) };
            assert_eq!(classify(&data), expected, "{kind:?} of {size}");
            data[0] = 2;
            assert_eq!(classify(&data), Err(Check::VERSION), "the version comes first");
            data.push(0);
            assert_eq!(classify(&data), Err(Check::LENGTH), "and the length before it");
        }
    }
    assert_eq!(classify(&[]), Err(Check::LENGTH));
}

#[test]
fn the_smallest_size_that_holds_a_body_is_chosen() {
    for kind in TYPES {
        let mut last = 0;
        for size in kind.sizes() {
            let most = kind.room(*size) - kind.inner_head_bytes() - kind.signature_bytes();
            assert_eq!(kind.size_for(most), Some(*size), "{kind:?}: {most} bytes fill {size}");
            assert_eq!(kind.size_for(last), Some(*size), "{kind:?}: {last} bytes need {size}");
            last = most + 1;
        }
        assert_eq!(kind.size_for(last), None, "{kind:?}: {last} bytes fit nowhere");
    }
}

#[test]
fn rooms_are_those_of_the_wire_document() {
    for size in [1024, 2048, 4096] {
        assert_eq!(Type::Inbox.room(size), size - 110);
    }
    assert_eq!(Type::Answer.room(512), 444);
    assert_eq!(Type::Pair.room(256), 256 - 18 - 16);
    assert_eq!(Type::Call.room(256), 256 - 38 - 16);
    assert_eq!(Type::Call.room(10), 0, "no message is that short");
}

#[test]
fn what_was_padded_is_found_again() {
    for kind in TYPES {
        for length in [0, 1, 40] {
            let mut head = vec![7; kind.inner_head_bytes()];
            let at = head.len() - 2;
            head[at..].copy_from_slice(&u16::try_from(length).expect("small").to_be_bytes());
            let (body, signature) = (vec![8; length], vec![9; kind.signature_bytes()]);
            let room = head.len() + length + signature.len() + 3;
            let plain = pad(room, &[&head, &body, &signature]).expect("it fits");
            assert_eq!(plain.len(), room);
            let inner = unpad(kind, &plain).expect("as it was put in");
            assert_eq!((inner.head, inner.body, inner.signature), (&head[..], &body[..], &signature[..]));
        }
    }
    assert!(pad(3, &[&[1, 2], &[3, 4]]).is_none(), "too long");
    assert_eq!(pad(4, &[&[1, 2], &[3, 4]]).expect("it fits").as_slice(), &[1, 2, 3, 4]);
}

#[test]
fn every_padding_byte_counts() {
    let plain = pad(60, &[&[0, 5], b"hello"]).expect("it fits").to_vec();
    for place in 7..60 {
        let mut changed = plain.clone();
        changed[place] = 1;
        assert_eq!(unpad(Type::Answer, &changed), Err(Check::PADDING), "byte {place}");
    }
}

#[test]
fn a_length_never_reaches_beyond_the_end() {
    for kind in TYPES {
        let room = kind.inner_head_bytes() + kind.signature_bytes() + 20;
        for length in 0..=u16::MAX {
            let mut plain = vec![0; room];
            let at = kind.inner_head_bytes() - 2;
            plain[at..at + 2].copy_from_slice(&length.to_be_bytes());
            let expected = if length <= 20 { None } else { Some(Check::BODY_LENGTH) };
            assert_eq!(unpad(kind, &plain).err(), expected, "{kind:?}: {length}");
        }
        for short in 0..kind.inner_head_bytes() + kind.signature_bytes() {
            assert_eq!(unpad(kind, &vec![0; short]).err(), Some(Check::BODY_LENGTH), "{kind:?} of {short} bytes");
        }
    }
}

#[test]
fn heads_are_read_where_the_document_puts_them() {
    let message: Vec<u8> = (0..=u8::MAX).collect();
    let (inbox, rest) = InboxHead::read(&message).expect("long enough");
    assert_eq!((inbox.hint, inbox.spk_id, rest[0]), ([2, 3, 4, 5, 6, 7, 8, 9], [10, 11, 12, 13], 14));
    let (answer, rest) = AnswerHead::read(&message).expect("long enough");
    assert_eq!((answer.hint, answer.copy, rest[0]), ([2, 3, 4, 5, 6, 7, 8, 9], 0x1213, 20));
    assert_eq!(answer.pair_tag, [10, 11, 12, 13, 14, 15, 16, 17]);
    let (pair, rest) = PairHead::read(&message).expect("long enough");
    assert_eq!((pair.pair_tag, pair.counter, rest[0]), ([2, 3, 4, 5, 6, 7, 8, 9], 0x0a0b_0c0d_0e0f_1011, 18));
}

#[test]
fn heads_that_are_cut_are_none() {
    let message = [0; 64];
    for length in 0..64 {
        let cut = &message[..length];
        assert_eq!(InboxHead::read(cut).is_some(), length >= 14);
        assert_eq!(AnswerHead::read(cut).is_some(), length >= 20);
        assert_eq!(PairHead::read(cut).is_some(), length >= 18);
    }
}

#[test]
fn a_pair_head_is_written_as_it_is_read() {
    let head = PairHead { pair_tag: [5; 8], counter: 0x0102_0304_0506_0708 };
    let bytes = head.write();
    assert_eq!(bytes.len(), Type::Pair.head_bytes());
    assert_eq!(bytes[..2], [1, 0x31]);
    assert_eq!(PairHead::read(&bytes), Some((head, &[][..])));
}
