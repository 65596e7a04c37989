//! Between bytes and the values of a case. CBOR is read here by serde_cbor: a reader that shares nothing with ours.

use std::collections::BTreeMap;

use ahoy_crypto::{AccountId, DeviceId, Secret};
use data_encoding::HEXLOWER;
use serde_cbor::Value as Cbor;
use serde_json::{Map, Value, json};

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// Bytes of a hex value.
pub(crate) fn unhex(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("bytes");
    HEXLOWER.decode(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// 32 bytes of a hex value.
pub(crate) fn key(value: &Value) -> [u8; 32] {
    unhex(value).try_into().expect("32 bytes")
}

/// A secret.
pub(crate) fn secret(value: &Value) -> Secret {
    Secret::new(key(value))
}

/// A list of accounts; missing: none.
pub(crate) fn accounts(value: &Value) -> Vec<AccountId> {
    list(value).iter().map(|value| AccountId(key(value))).collect()
}

/// A list of devices.
pub(crate) fn devices(value: &Value) -> Vec<DeviceId> {
    list(value).iter().map(|value| DeviceId(key(value))).collect()
}

/// A list; missing: empty.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A number; missing: the given one.
pub(crate) fn number(value: &Value, missing: u64) -> u64 {
    if value.is_null() { missing } else { value.as_u64().expect("a number") }
}

/// The value of a CBOR body as cases write it.
pub(crate) fn from_cbor(bytes: &[u8]) -> Value {
    to_json(&serde_cbor::from_slice(bytes).expect("the independent reader reads what we read and write"))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "serde_cbor's enum has hidden variants")]
fn to_json(value: &Cbor) -> Value {
    match value {
        Cbor::Integer(number) => json!(u64::try_from(*number).expect("unsigned")),
        Cbor::Bytes(bytes) => json!(hex(bytes)),
        Cbor::Text(text) => json!({"text": text}),
        Cbor::Array(list) => Value::Array(list.iter().map(to_json).collect()),
        Cbor::Map(map) => {
            let field = |(key, value): (&Cbor, &Cbor)| {
                let Cbor::Integer(key) = key else { panic!("a key that is no number: {key:?}") };
                (key.to_string(), to_json(value))
            };
            Value::Object(map.iter().map(field).collect::<Map<_, _>>())
        }
        other => panic!("not allowed in a body: {other:?}"),
    }
}

/// CBOR of a value as cases write it.
pub(crate) fn to_cbor(value: &Value) -> Vec<u8> {
    serde_cbor::to_vec(&from_json(value)).expect("writable")
}

fn from_json(value: &Value) -> Cbor {
    match value {
        Value::Number(number) => Cbor::Integer(number.as_u64().expect("unsigned").into()),
        Value::String(_) => Cbor::Bytes(unhex(value)),
        Value::Array(list) => Cbor::Array(list.iter().map(from_json).collect()),
        Value::Object(map) if map.contains_key("text") => Cbor::Text(map["text"].as_str().expect("text").to_owned()),
        Value::Object(map) => {
            let field =
                |(key, value): (&String, &Value)| (Cbor::Integer(key.parse().expect("a key")), from_json(value));
            Cbor::Map(map.iter().map(field).collect::<BTreeMap<_, _>>())
        }
        Value::Null | Value::Bool(_) => panic!("not allowed in a body: {value}"),
    }
}
