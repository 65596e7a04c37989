//! Bytes that nobody of good will writes.

use ahoy_crypto::Check;
use rand_core::Rng;
use serde_cbor::Value;

use super::cddl::{map, schemas};
use super::{Family, read_and_write};
use crate::limits::MESSAGE_MAX_BYTES;
use crate::testing::rng;
use crate::wire::bodies::{Cancel, Elsewhere, InboxBody, Media, Missed, Reason, Receipt};
use crate::wire::codec::AnyKind;

/// serde_cbor reads it, and writes the same bytes again: a second opinion on "canonical".
fn is_canonical(bytes: &[u8]) -> bool {
    serde_cbor::from_slice::<Value>(bytes).ok().and_then(|value| serde_cbor::to_vec(&value).ok()).as_deref()
        == Some(bytes)
}

#[test]
fn what_survives_a_changed_byte_is_canonical_to_the_other_reader_too() {
    let mut rng = rng("changed bytes");
    let (mut survived, mut refused) = (0u32, 0u32);
    for schema in schemas() {
        for _ in 0..20 {
            let mut bytes = serde_cbor::to_vec(&Value::Map(map(&mut rng, &schema))).expect("writable");
            if bytes.len() > MESSAGE_MAX_BYTES {
                continue;
            }
            for _ in 0..40 {
                let place = rng.next_u32() as usize % bytes.len();
                let before = bytes[place];
                bytes[place] = rng.next_u32() as u8;
                match read_and_write(schema.family, schema.kind, &bytes) {
                    Ok(again) => {
                        survived += 1;
                        assert_eq!(again, bytes);
                        assert!(is_canonical(&bytes), "{bytes:02x?}");
                    }
                    Err(check) => {
                        refused += 1;
                        assert_eq!(check, Check::CBOR);
                    }
                }
                bytes[place] = before;
            }
        }
    }
    assert!(survived > 1000 && refused > 1000, "both happen: {survived} survived, {refused} refused");
}

#[test]
fn every_cut_and_every_appended_byte_is_refused() {
    let mut rng = rng("cuts");
    for schema in schemas() {
        let bytes = serde_cbor::to_vec(&Value::Map(map(&mut rng, &schema))).expect("writable");
        for length in 0..bytes.len().min(MESSAGE_MAX_BYTES) {
            let cut = &bytes[..length];
            assert_eq!(read_and_write(schema.family, schema.kind, cut), Err(Check::CBOR), "{length} bytes");
        }
        for byte in [0x00, 0xf6, 0xff, 0xa0] {
            let longer = [&bytes[..], &[byte]].concat();
            assert_eq!(read_and_write(schema.family, schema.kind, &longer), Err(Check::CBOR));
        }
    }
}

#[test]
fn a_claimed_length_costs_nothing() {
    // 2^63 - 1 items or bytes: if anything were allocated by the claim, this would not come back.
    let claims: [&[u8]; 6] = [
        &[0xbb, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x7b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0xa1, 0x05, 0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0xa1, 0x01, 0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ];
    for schema in schemas() {
        for claim in claims {
            assert_eq!(read_and_write(schema.family, schema.kind, claim), Err(Check::CBOR));
        }
    }
}

#[test]
fn nesting_ends_nobody() {
    for byte in [0x81, 0xa1, 0x9f, 0xbf, 0xc1] {
        let deep = vec![byte; MESSAGE_MAX_BYTES];
        // As a whole, and as the value of a key that isn't known.
        for schema in schemas() {
            assert_eq!(read_and_write(schema.family, schema.kind, &deep), Err(Check::CBOR));
            let mut inside = vec![0xa1, 0x18, 0xc8];
            inside.extend_from_slice(&deep[..MESSAGE_MAX_BYTES - 3]);
            assert_eq!(read_and_write(schema.family, schema.kind, &inside), Err(Check::CBOR));
        }
    }
}

#[test]
fn longer_forms_of_the_same_number_are_refused() {
    let forms: [(&[u8], bool); 5] = [
        (&[0xa2, 0x01, 0x17, 0x02, 0x00], true),
        (&[0xa2, 0x01, 0x18, 0x17, 0x02, 0x00], false),
        (&[0xa2, 0x01, 0x19, 0x00, 0x17, 0x02, 0x00], false),
        (&[0xa2, 0x01, 0x1a, 0x00, 0x00, 0x00, 0x17, 0x02, 0x00], false),
        (&[0xa2, 0x01, 0x1b, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x17, 0x02, 0x00], false),
    ];
    for (bytes, fits) in forms {
        assert_eq!(read_and_write(Family::Pair, 7, bytes).is_ok(), fits, "{bytes:02x?}");
    }
}

#[test]
fn what_is_longer_than_a_message_is_not_even_read() {
    let mut bytes = vec![0xa2, 0x01, 0x00, 0x02, 0x00];
    bytes.resize(MESSAGE_MAX_BYTES + 1, 0);
    assert_eq!(read_and_write(Family::Pair, 7, &bytes), Err(Check::CBOR));
}

#[test]
fn a_body_of_ours_that_does_not_fit_is_never_written() {
    let call = crate::ids::CallId([1; 16]);
    let fits = InboxBody::Receipt(Receipt { kind: 5, id: vec![0; 16] });
    assert!(fits.encode().is_ok());
    let unfit = [
        InboxBody::Receipt(Receipt { kind: 1, id: vec![0; 16] }),
        InboxBody::Receipt(Receipt { kind: 11, id: vec![0; 16] }),
        InboxBody::Receipt(Receipt { kind: 5, id: vec![0; 15] }),
        InboxBody::Receipt(Receipt { kind: 5, id: vec![0; 33] }),
        InboxBody::Elsewhere(Elsewhere {
            call,
            event: 5,
            device: crate::ids::DeviceId([2; 32]),
            epoch: None,
            secret: None,
            roster: None,
            epoch_secret: None,
            view: None,
        }),
    ];
    for body in unfit {
        let error = body.encode().expect_err("outside of its CDDL");
        assert!(error.to_string().contains("nothing was sent"), "{error}");
    }
    // These have no limits that their types don't say.
    assert!(InboxBody::Cancel(Cancel { call, reason: Reason::Busy }).encode().is_ok());
    assert!(InboxBody::Missed(Missed { call, started_ms: u64::MAX, media: Media(255) }).encode().is_ok());
}
