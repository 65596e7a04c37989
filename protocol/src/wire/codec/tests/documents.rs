//! What the CDDL allows is read and written, what it doesn't is refused: for every body of docs/wire.md.

use std::collections::BTreeMap;

use ahoy_crypto::Check;
use serde_cbor::Value;

use super::cddl::{Schema, map, misfits, schemas, value};
use super::{Family, read_and_write};
use crate::testing::rng;

/// Random bodies a schema.
const ROUNDS: usize = 60;

fn write(map: BTreeMap<Value, Value>) -> Vec<u8> {
    serde_cbor::to_vec(&Value::Map(map)).expect("serde_cbor writes it")
}

fn refused(schema: &Schema, map: BTreeMap<Value, Value>, why: &str) {
    let shown = format!("{map:?}");
    let outcome = read_and_write(schema.family, schema.kind, &write(map));
    assert_eq!(outcome, Err(Check::CBOR), "{:?} {}: {why}: {shown}", schema.family, schema.kind);
}

#[test]
fn the_document_has_every_body() {
    let mut found: Vec<(Family, u8)> = schemas().iter().map(|schema| (schema.family, schema.kind)).collect();
    found.sort_by_key(|(family, kind)| (*family as u8, *kind));
    let mut expected: Vec<(Family, u8)> = (1..=8).chain([10]).map(|kind| (Family::Inbox, kind)).collect();
    expected.push((Family::Answer, 0));
    expected.extend((1..=13).chain([32]).map(|kind| (Family::Pair, kind)));
    expected.extend((1..=5).map(|kind| (Family::Call, kind)));
    assert_eq!(found, expected);
}

#[test]
fn what_the_cddl_allows_is_read_and_written_as_serde_cbor_does() {
    let mut rng = rng("bodies that fit");
    for schema in schemas() {
        for _ in 0..ROUNDS {
            let map = map(&mut rng, &schema);
            let bytes = write(map.clone());
            if bytes.len() > crate::limits::MESSAGE_MAX_BYTES {
                continue;
            }
            let outcome = read_and_write(schema.family, schema.kind, &bytes);
            assert_eq!(outcome.as_deref(), Ok(bytes.as_slice()), "{:?} {}: {map:?}", schema.family, schema.kind);
            let again: Value = serde_cbor::from_slice(&bytes).expect("serde_cbor reads what we write");
            assert_eq!(again, Value::Map(map));
        }
    }
}

#[test]
fn values_that_just_do_not_fit_are_refused() {
    let mut rng = rng("bodies that don't fit");
    for schema in schemas() {
        for field in &schema.fields {
            let key = Value::Integer(field.key.into());
            for wrong in misfits(&mut rng, &field.kind) {
                let mut map = map(&mut rng, &schema);
                map.insert(key.clone(), wrong);
                refused(&schema, map, "a value that doesn't fit");
            }
        }
    }
}

#[test]
fn keys_that_are_missing_or_unknown_are_refused() {
    let mut rng = rng("keys");
    for schema in schemas() {
        let highest = schema.fields.iter().map(|field| field.key).max().expect("a key");
        for unknown in [0, highest + 1, 200, u64::MAX] {
            let mut map = map(&mut rng, &schema);
            map.insert(Value::Integer(unknown.into()), Value::Integer(0));
            refused(&schema, map, "an unknown key");
        }
        for field in schema.fields.iter().filter(|field| !field.optional) {
            let mut map = map(&mut rng, &schema);
            map.remove(&Value::Integer(field.key.into()));
            refused(&schema, map, "a missing key");
        }
        let mut map = map(&mut rng, &schema);
        map.insert(Value::Text("1".to_owned()), Value::Integer(0));
        refused(&schema, map, "a key that is text");
    }
}

#[test]
fn sizes_are_counted_in_bytes_and_text_is_utf_8() {
    let mut rng = rng("text");
    let schema = schemas().into_iter().find(|s| s.family == Family::Pair && s.kind == 12).expect("link contact");
    let mut good = map(&mut rng, &schema);
    good.insert(Value::Integer(2), Value::Text("é".repeat(32)));
    let bytes = write(good.clone());
    assert_eq!(read_and_write(Family::Pair, 12, &bytes).as_deref(), Ok(bytes.as_slice()), "64 bytes, 32 characters");
    let place = bytes.windows(2).position(|pair| pair == "é".as_bytes()).expect("the name");
    for (offset, byte) in [(0, 0xff), (1, 0x20), (0, 0xed), (1, 0xc3)] {
        let mut broken = bytes.clone();
        broken[place + offset] = byte;
        assert_eq!(read_and_write(Family::Pair, 12, &broken), Err(Check::CBOR), "{byte:#x} at {offset}");
    }
}

#[test]
fn an_optional_key_may_be_left_out_but_not_be_null() {
    let mut rng = rng("optional keys");
    for schema in schemas() {
        for field in schema.fields.iter().filter(|field| field.optional) {
            let key = Value::Integer(field.key.into());
            let mut map = map(&mut rng, &schema);
            map.insert(key.clone(), value(&mut rng, &field.kind));
            let with = write(map.clone());
            map.remove(&key);
            let without = write(map.clone());
            for bytes in [with, without] {
                if bytes.len() <= crate::limits::MESSAGE_MAX_BYTES {
                    let outcome = read_and_write(schema.family, schema.kind, &bytes);
                    assert_eq!(outcome.as_deref(), Ok(bytes.as_slice()));
                }
            }
            map.insert(key, Value::Null);
            refused(&schema, map, "null");
        }
    }
}
