//! What the corpora begin with: inputs made of the known answers. `AHOY_WRITE_CORPORA=1` writes the missing files.

use std::collections::BTreeMap;
use std::fs;

use ahoy_crypto::hash::sha256;
use data_encoding::HEXLOWER;
use serde_json::Value;

use crate::replay::folder;

/// A file of known answers.
struct Answers {
    blobs: BTreeMap<String, Vec<u8>>,
    cases: Vec<Value>,
}

impl Answers {
    fn read(area: &str) -> Answers {
        let text = fs::read_to_string(folder("vectors").join(format!("{area}.json"))).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        let blobs = file["blobs"].as_object().unwrap();
        let blobs = blobs.iter().map(|(name, hex)| (name.clone(), unhex(hex.as_str().unwrap()))).collect();
        Answers { blobs, cases: file["cases"].as_array().unwrap().clone() }
    }

    /// Bytes as `tests/vectors/README.md` writes them: hex, or a blob with patches and a length.
    fn bytes(&self, value: &Value) -> Option<Vec<u8>> {
        if let Some(hex) = value.as_str() {
            return HEXLOWER.decode(hex.as_bytes()).ok();
        }
        let mut bytes = self.blobs.get(value["blob"].as_str()?)?.clone();
        for patch in value["patch"].as_array().into_iter().flatten() {
            let (at, new) = (usize::try_from(patch[0].as_u64()?).ok()?, unhex(patch[1].as_str()?));
            bytes.get_mut(at..at + new.len())?.copy_from_slice(&new);
        }
        if let Some(length) = value["len"].as_u64() {
            bytes.truncate(usize::try_from(length).ok()?);
        }
        Some(bytes)
    }

    /// The cases of an operation.
    fn of<'a>(&'a self, op: &'a str) -> impl Iterator<Item = &'a Value> + 'a {
        self.cases.iter().filter(move |case| case["op"] == op)
    }

    /// One case for each way it ends, and all that pass.
    fn one_each<'a>(&'a self, op: &'a str) -> impl Iterator<Item = &'a Value> + 'a {
        let mut seen = std::collections::BTreeSet::new();
        self.of(op).filter(move |case| case["reject"].is_null() || seen.insert(case["reject"].to_string()))
    }
}

fn unhex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

/// The number of a body's family and kind in the target `wire`: the family is any number from 5.
fn kind(body: &str) -> u8 {
    const INBOX: [&str; 8] = ["offer", "presence", "request", "elsewhere", "cancel", "receipt", "devices", "missed"];
    let inbox = INBOX.iter().position(|name| *name == body).map(|place| place as u8 + 1);
    inbox.or_else(|| body.rsplit('_').next()?.parse().ok()).unwrap_or(0)
}

fn put(seeds: &mut Vec<(&'static str, Vec<u8>)>, target: &'static str, first: &[u8], bytes: &[u8]) {
    seeds.push((target, [first, bytes].concat()));
}

/// Target and input.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let mut seeds = Vec::new();
    for case in Answers::read("cbor_reject").of("read").filter(|case| case["reject"].is_null()) {
        let answers = Answers::read("cbor_reject");
        let bytes = answers.bytes(&case["in"]["cbor"]).unwrap();
        put(&mut seeds, "cbor", &[], &bytes);
        put(&mut seeds, "wire", &[5, kind(case["in"]["body"].as_str().unwrap())], &bytes);
    }
    for area in ["offer", "inbox_kinds"] {
        let answers = Answers::read(area);
        let one = answers.of("open").find(|case| case["reject"].is_null()).unwrap();
        put(&mut seeds, "wire", &[0], &answers.bytes(&one["in"]["envelope"]).unwrap());
    }
    for (area, field) in [("pair_frames", "frame"), ("call_frames", "frame")] {
        let answers = Answers::read(area);
        for case in answers.of("seal") {
            let frame = answers.bytes(&case["out"][field]).unwrap();
            if frame.len() == 256 {
                put(&mut seeds, "wire", &[0], &frame);
            }
            let (kind, body) = (case["in"]["kind"].as_u64().unwrap() as u8, answers.bytes(&case["in"]["body"]));
            let body = body.unwrap_or_default();
            if area == "call_frames" {
                put(&mut seeds, "frames", &[6], &piece(&[&[kind], &body]));
                continue;
            }
            let head = |msg: u8| [kind, 0, 0, 0, msg, 0, 0, 0, 0];
            let plain = |msg| [&head(msg)[..], &(body.len() as u16).to_be_bytes(), &body].concat();
            put(&mut seeds, "wire", &[1], &plain(1));
            let from_initiator = kind == 1 || kind > 10;
            let purpose = if kind > 10 { 4 } else { 0 };
            put(&mut seeds, "frames", &[purpose + u8::from(!from_initiator)], &piece(&[&plain(1)]));
        }
    }
    let cards = Answers::read("card");
    for case in cards.one_each("check").filter_map(|case| case["in"]["text"].as_str()) {
        put(&mut seeds, "wire", &[4], case.as_bytes());
    }
    let ctl = Answers::read("ctl");
    for case in ctl.one_each("open") {
        put(&mut seeds, "wire", &[2], &ctl.bytes(&case["in"]["message"]).unwrap());
    }
    let doors = Answers::read("doors");
    for case in doors.one_each("sdp") {
        let bytes: Vec<u8> = case["in"]["sdp"].as_str().unwrap_or_default().chars().map(|c| c as u8).collect();
        put(&mut seeds, "sdp_door", &[0], &bytes);
    }
    for (place, case) in doors.of("candidate").enumerate() {
        let ip = doors.bytes(&case["in"]["ip"]).unwrap();
        let port = (case["in"]["port"].as_u64().unwrap() as u16).to_be_bytes();
        let head: &[u8] = &[0xa3, 1, 1, 2, 0, 3, 0x81, 0x85, 0, 0, 0x40 | ip.len() as u8];
        let body = [head, &ip, &[0x19], &port, &[0x1a, 0x7e, 0, 0, 1]].concat();
        put(&mut seeds, "sdp_door", &[1 | (place as u8 % 4) << 1], &body);
    }
    seeds
}

/// A piece of an input of `frames`: behind its length.
fn piece(parts: &[&[u8]]) -> Vec<u8> {
    let joined = parts.concat();
    [&(joined.len() as u16).to_be_bytes()[..], &joined].concat()
}

#[test]
fn the_corpora_begin_with_the_known_answers() {
    let seeds = seeds();
    let targets: std::collections::BTreeSet<_> = seeds.iter().map(|(target, _)| *target).collect();
    assert_eq!(targets.into_iter().collect::<Vec<_>>(), ["cbor", "frames", "sdp_door", "wire"]);
    for (target, input) in seeds {
        let name = format!("answer-{}", HEXLOWER.encode(&sha256(&[&input])[..6]));
        let path = folder("corpora").join(target).join(name);
        if std::env::var_os("AHOY_WRITE_CORPORA").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &input).unwrap();
        }
        let there = fs::read(&path).unwrap_or_default();
        assert_eq!(there, input, "{} (AHOY_WRITE_CORPORA=1 writes it)", path.display());
    }
}
