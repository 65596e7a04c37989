//! The CDDL of docs/wire.md, read by the test itself, and values that fit it or just don't.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use rand_core::Rng;
use serde_cbor::Value;

use super::Family;
use crate::testing::SeededRng;

/// What may stand at a place.
#[derive(Clone, Debug)]
pub(super) enum Type {
    Uint(RangeInclusive<u64>),
    /// A number of one of these ranges, which don't touch.
    Either(Vec<RangeInclusive<u64>>),
    Bytes(RangeInclusive<usize>),
    Text(RangeInclusive<usize>),
    /// So many items of one type.
    List(RangeInclusive<usize>, Box<Type>),
    /// Exactly these.
    Tuple(Vec<Type>),
}

/// A key of a map.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) key: u64,
    pub(super) optional: bool,
    pub(super) kind: Type,
}

/// A body.
#[derive(Clone, Debug)]
pub(super) struct Schema {
    pub(super) family: Family,
    pub(super) kind: u8,
    pub(super) fields: Vec<Field>,
}

/// All bodies of the document's CDDL block.
pub(super) fn schemas() -> Vec<Schema> {
    let wire = include_str!("../../../../../docs/wire.md");
    let block = wire.split("```").nth(1).expect("a block").strip_prefix("cddl\n").expect("of CDDL");
    let joined = without_comments(block).replace("\n           ", " ");
    let (mut family, mut found) = (None, Vec::new());
    for line in joined.lines() {
        if let Some(heading) = line.strip_prefix("; ") {
            family = Some(match heading.split(' ').next().expect("a word") {
                "inbox" => Family::Inbox,
                "pair" => Family::Pair,
                "call" => Family::Call,
                other => panic!("unknown heading {other}"),
            });
        } else if let (Some((names, map)), Some(family)) = (line.split_once("= {"), family) {
            found.extend(bodies(family, names, map));
        } else if let Some((first, rest)) = line.split_once("= 6 restart = {") {
            // One shape for two kinds.
            found.extend(bodies(Family::Pair, first, rest));
        }
    }
    found
}

/// `1 offer` or `5 end_of_candidates = 6 restart` or `answer`, and what stands in the braces.
fn bodies(family: Family, names: &str, map: &str) -> Vec<Schema> {
    let map = map.trim().strip_suffix('}').expect("a closed map");
    let fields: Vec<Field> = split(map).into_iter().map(field).collect();
    let names: Vec<&str> = names.split('=').map(str::trim).filter(|name| !name.is_empty()).collect();
    let schema = |name: &&str| {
        let number = name.split(|c: char| !c.is_ascii_digit()).next().expect("a front");
        let (family, kind) =
            if number.is_empty() { (Family::Answer, 0) } else { (family, number.parse().expect("a kind")) };
        Schema { family, kind, fields: fields.clone() }
    };
    names.iter().map(schema).collect()
}

/// Takes `/comments/` away.
fn without_comments(text: &str) -> String {
    text.split('/').step_by(2).collect()
}

/// Splits at commas outside of brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0, 0);
    for (place, letter) in text.char_indices() {
        match letter {
            '[' => depth += 1,
            ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[from..place].trim());
                from = place + 1;
            }
            _ => {}
        }
    }
    parts.push(text[from..].trim());
    parts
}

fn field(text: &str) -> Field {
    let (optional, text) = text.strip_prefix('?').map_or((false, text), |rest| (true, rest));
    // A list of places without keys has no colon: `[u32 /link/, ..]` never stands here.
    let (key, kind) = text.split_once(':').expect("a key");
    Field { key: key.trim().parse().expect("a number"), optional, kind: kind_of(kind.trim()) }
}

fn range<T: std::str::FromStr + Copy>(text: &str) -> RangeInclusive<T>
where
    T::Err: std::fmt::Debug,
{
    match text.split_once("..") {
        Some((first, last)) => first.parse().expect("a number")..=last.parse().expect("a number"),
        None => {
            let only = text.parse().expect("a number");
            only..=only
        }
    }
}

fn kind_of(text: &str) -> Type {
    if let Some(inside) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let parts = split(inside);
        let Some((bounds, item)) = inside.split_once(' ').filter(|(bounds, _)| bounds.contains('*')) else {
            return Type::Tuple(parts.into_iter().map(kind_of).collect());
        };
        let (least, most) = bounds.split_once('*').expect("bounds");
        let least = if least.is_empty() { 0 } else { least.parse().expect("a number") };
        return Type::List(least..=most.parse().expect("a number"), Box::new(kind_of(item)));
    }
    let mut words = text.split(' ');
    match words.next().expect("a word") {
        "u8" | "media" => Type::Uint(0..=0xff),
        "u16" | "flags" => Type::Uint(0..=0xffff),
        "u32" => Type::Uint(0..=0xffff_ffff),
        "u64" => Type::Uint(0..=u64::MAX),
        "reason" => Type::Uint(1..=14),
        "callid" => Type::Bytes(16..=16),
        "bytes32" | "account" | "device" => Type::Bytes(32..=32),
        "roster" => Type::List(0..=64, Box::new(Type::Bytes(32..=32))),
        "bstr" => Type::Bytes(range(words.next().expect("a size"))),
        "tstr" => Type::Text(range(words.next().expect("a size"))),
        numbers if numbers.contains('|') => Type::Either(numbers.split('|').map(range).collect()),
        numbers => Type::Uint(range(numbers)),
    }
}

/// A number of a range: often an end of it.
fn number(rng: &mut SeededRng, range: &RangeInclusive<u64>) -> u64 {
    match rng.next_u32() % 4 {
        0 => *range.start(),
        1 => *range.end(),
        _ => {
            let width = (range.end() - range.start()).saturating_add(1);
            range.start() + rng.next_u64() % width.max(1)
        }
    }
}

fn size(rng: &mut SeededRng, range: &RangeInclusive<usize>) -> usize {
    usize::try_from(number(rng, &(*range.start() as u64..=*range.end() as u64))).expect("a size")
}

fn bytes(rng: &mut SeededRng, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// A value that fits.
pub(super) fn value(rng: &mut SeededRng, kind: &Type) -> Value {
    match kind {
        Type::Uint(range) => Value::Integer(number(rng, range).into()),
        Type::Either(ranges) => {
            let place = size(rng, &(0..=ranges.len() - 1));
            value(rng, &Type::Uint(ranges[place].clone()))
        }
        Type::Bytes(range) => {
            let length = size(rng, range);
            Value::Bytes(bytes(rng, length))
        }
        Type::Text(range) => Value::Text("x".repeat(size(rng, range))),
        Type::List(range, item) => {
            let length = size(rng, range);
            Value::Array((0..length).map(|_| value(rng, item)).collect())
        }
        Type::Tuple(items) => Value::Array(items.iter().map(|item| value(rng, item)).collect()),
    }
}

/// A map that fits; optional keys are there or not.
pub(super) fn map(rng: &mut SeededRng, schema: &Schema) -> BTreeMap<Value, Value> {
    let mut map = BTreeMap::new();
    for field in &schema.fields {
        if !field.optional || rng.next_u32().is_multiple_of(2) {
            map.insert(Value::Integer(field.key.into()), value(rng, &field.kind));
        }
    }
    map
}

/// Values that just don't fit: beside the ends of ranges, of other types, with an item too many.
pub(super) fn misfits(rng: &mut SeededRng, kind: &Type) -> Vec<Value> {
    let mut found =
        vec![Value::Null, Value::Bool(true), Value::Integer(-1), Value::Float(1.0), Value::Map(BTreeMap::new())];
    match kind {
        Type::Uint(range) => {
            found.push(Value::Bytes(vec![1]));
            found.extend(range.start().checked_sub(1).map(|below| Value::Integer(below.into())));
            found.extend(range.end().checked_add(1).map(|above| Value::Integer(above.into())));
        }
        Type::Either(ranges) => {
            for range in ranges {
                found.extend(misfits(rng, &Type::Uint(range.clone())));
            }
        }
        Type::Bytes(range) => {
            found.push(Value::Text("x".repeat(*range.start())));
            found.extend(range.start().checked_sub(1).map(|below| Value::Bytes(vec![0; below])));
            found.push(Value::Bytes(vec![0; range.end() + 1]));
        }
        Type::Text(range) => {
            found.push(Value::Bytes(vec![b'x'; *range.start()]));
            found.extend(range.start().checked_sub(1).map(|below| Value::Text("x".repeat(below))));
            found.push(Value::Text("x".repeat(range.end() + 1)));
            // Sizes are bytes, not characters.
            found.push(Value::Text("é".repeat(range.end() / 2 + 1)));
        }
        Type::List(range, item) => {
            found.push(Value::Integer(1));
            let counts = [range.start().checked_sub(1), Some(range.end() + 1)];
            for count in counts.into_iter().flatten() {
                found.push(Value::Array((0..count).map(|_| value(rng, item)).collect()));
            }
            let one_wrong = misfits(rng, item).into_iter().map(|wrong| Value::Array(vec![wrong]));
            found.extend(one_wrong);
        }
        Type::Tuple(items) => {
            let good: Vec<Value> = items.iter().map(|item| value(rng, item)).collect();
            found.push(Value::Array(good[1..].to_vec()));
            found.push(Value::Array([good.clone(), vec![Value::Integer(0)]].concat()));
            for (place, item) in items.iter().enumerate() {
                for wrong in misfits(rng, item) {
                    let mut list = good.clone();
                    list[place] = wrong;
                    found.push(Value::Array(list));
                }
            }
        }
    }
    found
}
