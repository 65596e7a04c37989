//! Known answers of docs/wire.md, as far as this crate owns them: every `*.json` of the folder named
//! by AHOY_VECTORS (default: tests/vectors of the repository).

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what is wrong and how much ran"
)]

mod vector_file;

use ahoy_crypto::device_set::DeviceSet;
use ahoy_crypto::prekey::{self, Asked, PrekeyRecord, PrekeyTerms};
use ahoy_crypto::{AccountId, CallKeys, Certificate, Check, DeviceId, Inbox, call_keys, sas};
use serde_json::{Map, Value, json};
use vector_file::{Case, hex, load, load_own};

/// What an op gives: its outputs, or the check that refused.
type Outcome = Result<Value, Check>;

/// Areas that the protocol crate runs.
const OF_PROTOCOL: [&str; 10] = [
    "card",
    "offer",
    "inbox_kinds",
    "offer_body",
    "answer",
    "pair_frames",
    "call_frames",
    "ctl",
    "cbor_reject",
    "doors",
];

/// Runs a case; none: it belongs to the protocol crate.
fn run(case: &Case) -> Option<Outcome> {
    let outcome = match (case.area.as_str(), case.op.as_str()) {
        ("ids", "account") => Ok(json!({"text": AccountId(case.key("key")).text()})),
        ("ids", "account_parse") => AccountId::parse(case.text("text")).map(|id| json!({"key": hex(&id.0)})),
        ("ids", "device") => Ok(device(DeviceId(case.key("key")))),
        ("certificate", "make") => Ok(json!({"certificate": hex(make_certificate(case).bytes())})),
        ("certificate", "check") => check_certificate(case),
        ("device_set", "make") => {
            let devices = case.devices("devices");
            DeviceSet::make(&case.sign_key("account_sk"), case.u32("revision"), case.u64("not_after"), &devices)
                .map(|set| json!({"device_set": hex(set.bytes())}))
        }
        ("device_set", "check") => check_set(case),
        ("device_set", "member") => {
            let set = DeviceSet::from_store(&case.bytes("device_set")).expect("the set in the case");
            DeviceSet::admit(Some(&set), DeviceId(case.key("device")), case.u64("now_s")).map(|()| json!({"ok": 1}))
        }
        ("prekey", op) => return Some(run_prekey(op, case)),
        ("topics", "inbox") => Ok(inbox(case)),
        ("topics", "days") => {
            let (inbox, now_s) = (Inbox::new(&case.secret("token")), case.u64("now_s"));
            Ok(json!({"day": inbox.day(now_s), "held": inbox.held_days(now_s)}))
        }
        ("key_schedule", "epoch_secret") => return None,
        ("key_schedule", op) => Ok(key_schedule(op, case)),
        ("sas", "sas") => {
            let (a, b) = (case.key("nonce_a"), case.key("nonce_b"));
            let string = sas::short_string(&case.key("handshake_hash"), &a, &b);
            Ok(json!({"sas": string, "commit": hex(&sas::commitment(&a))}))
        }
        ("sas", "safety") => {
            Ok(json!({"number": sas::safety_number(AccountId(case.key("a")), AccountId(case.key("b")))}))
        }
        (area, _) if OF_PROTOCOL.contains(&area) => return None,
        (area, op) => panic!("unknown area or op: {area} {op}"),
    };
    Some(outcome)
}

fn device(id: DeviceId) -> Value {
    assert_eq!(DeviceId::parse(&id.text()), Some(id), "text of a device reads back");
    json!({"peer_id": hex(&id.peer_id()), "text": id.text()})
}

fn make_certificate(case: &Case) -> Certificate {
    let device = DeviceId(case.key("device"));
    Certificate::make(&case.sign_key("account_sk"), device, case.key("dk"), case.u64("not_after"))
}

fn check_certificate(case: &Case) -> Outcome {
    let certificate = Certificate::check(&case.array("certificate"), case.u64("now_s"))?;
    Ok(json!({
        "account": hex(&certificate.account().0),
        "device": hex(&certificate.device().0),
        "dk": hex(certificate.dk()),
        "not_after": certificate.not_after_s(),
    }))
}

fn check_set(case: &Case) -> Outcome {
    let stored = case.has("stored").then(|| DeviceSet::from_store(&case.bytes("stored")).expect("the stored set"));
    let expected = case.has("expected_account").then(|| AccountId(case.key("expected_account")));
    let set = DeviceSet::check(&case.bytes("device_set"), expected, case.u64("now_s"), stored.as_ref())?;
    Ok(json!({
        "account": hex(&set.account().0),
        "revision": set.revision(),
        "not_after": set.not_after_s(),
        "devices": set.devices().iter().map(|device| hex(&device.0)).collect::<Vec<_>>(),
    }))
}

fn run_prekey(op: &str, case: &Case) -> Outcome {
    match op {
        "make" => Ok(json!({"record": hex(make_record(case).bytes())})),
        "check" => check_record(case),
        "request" => {
            let (requester, responder) = (DeviceId(case.key("requester")), DeviceId(case.key("responder")));
            Ok(json!({"request": hex(&prekey::request(&case.key("hint_key"), requester, responder))}))
        }
        "request_check" => {
            let (requester, responder) = (DeviceId(case.key("requester")), DeviceId(case.key("responder")));
            let keys = case.keys("hint_keys");
            prekey::check_request(&case.bytes("request"), &keys, requester, responder).map(|_| json!({"ok": 1}))
        }
        "answer" => {
            let record = &case.bytes("record");
            let born = u64::from_be_bytes(record[205..213].try_into().expect("8 bytes"));
            let record = PrekeyRecord::check(record, born, None, None).expect("the record in the case");
            let set = DeviceSet::from_store(&case.bytes("device_set")).expect("the set in the case");
            Ok(json!({"answer": hex(&prekey::answer(&record, &set))}))
        }
        "answer_check" => check_answer(case),
        other => panic!("unknown op: prekey {other}"),
    }
}

fn make_record(case: &Case) -> PrekeyRecord {
    let certificate = Certificate::check(&case.array("certificate"), 0).expect("the certificate in the case");
    let terms = PrekeyTerms {
        spk_id: case.array("spk_id"),
        spk: case.key("spk"),
        not_before_s: case.u64("not_before"),
        not_after_s: case.u64("not_after"),
        revision: case.u32("revision"),
        features: case.u32("features"),
    };
    PrekeyRecord::make(&case.sign_key("device_sk"), &certificate, terms)
}

fn check_record(case: &Case) -> Outcome {
    let stored = case.object("stored").map(|stored| (stored.u32("revision"), stored.bytes("record")));
    let expected = case.has("expected_device").then(|| DeviceId(case.key("expected_device")));
    let stored = stored.as_ref().map(|(revision, bytes)| (*revision, bytes.as_slice()));
    let record = PrekeyRecord::check(&case.bytes("record"), case.u64("now_s"), expected, stored)?;
    let (terms, certificate) = (record.terms(), record.certificate());
    Ok(json!({
        "spk_id": hex(&terms.spk_id),
        "spk": hex(&terms.spk),
        "not_before": terms.not_before_s,
        "not_after": terms.not_after_s,
        "revision": terms.revision,
        "features": terms.features,
        "account": hex(&certificate.account().0),
        "device": hex(&certificate.device().0),
        "dk": hex(certificate.dk()),
    }))
}

fn check_answer(case: &Case) -> Outcome {
    let set = case.has("stored_set").then(|| DeviceSet::from_store(&case.bytes("stored_set")).expect("the stored set"));
    let record = case.object("stored").map(|stored| (stored.u32("revision"), stored.bytes("record")));
    let asked = Asked {
        account: AccountId(case.key("expected_account")),
        device: DeviceId(case.key("expected_device")),
        record: record.as_ref().map(|(revision, bytes)| (*revision, bytes.as_slice())),
        set: set.as_ref(),
    };
    let answer = prekey::check_answer(&case.bytes("answer"), case.u64("now_s"), asked)?;
    Ok(json!({
        "spk": hex(&answer.record.terms().spk),
        "set_revision": answer.set.revision(),
        "devices": answer.set.devices().iter().map(|device| hex(&device.0)).collect::<Vec<_>>(),
    }))
}

fn inbox(case: &Case) -> Value {
    let (inbox, day) = (Inbox::new(&case.secret("token")), case.u32("day"));
    let topic = inbox.topic(day);
    json!({
        "topic": String::from_utf8_lossy(&topic),
        "hint_key": hex(&inbox.hint_key(day)),
        "phase": inbox.phase(),
    })
}

fn key_schedule(op: &str, case: &Case) -> Value {
    let call: [u8; 16] = case.array("call_id");
    match op {
        "call" => {
            let (keys, device) = (CallKeys::new(&call, &case.secret("secret")), DeviceId(case.key("device")));
            json!({
                "prk": hex(keys.prk().expose()),
                "call_topic": String::from_utf8_lossy(&keys.call_topic()),
                "mailbox_topic": String::from_utf8_lossy(&keys.mailbox_topic(device)),
                "mailbox_hint": hex(&keys.mailbox_hint_key(device)),
                "slot": hex(&keys.slot(device)),
            })
        }
        "bcast" => {
            let (slot, salt) = (case.array("slot"), case.array("salt"));
            let key = call_keys::broadcast_key(&call, case.u32("epoch"), &case.secret("es"), &slot, &salt);
            json!({"key": hex(key.expose())})
        }
        "pair_tag" => {
            let keys = CallKeys::new(&call, &case.secret("secret"));
            json!({"pair_tag": hex(&keys.pair_tag(&case.key("h1")))})
        }
        "view" => {
            let roster: Vec<AccountId> = case.keys("roster").into_iter().map(AccountId).collect();
            let members = case.devices("members");
            json!({"view": hex(&call_keys::view(&call, case.u32("epoch"), &roster, &members))})
        }
        other => panic!("unknown op: key_schedule {other}"),
    }
}

/// Every field of `out` is there and equal, or exactly this check refused.
fn judge(case: &Case, outcome: Outcome) -> Result<(), String> {
    let expected: Result<&Map<String, Value>, &str> = match &case.reject {
        Some(check) => Err(check),
        None => Ok(&case.out),
    };
    match (expected, outcome) {
        (Err(expected), Err(check)) if check.to_string() == expected => Ok(()),
        (Ok(fields), Ok(found)) => {
            assert!(!fields.is_empty(), "a case without outputs says nothing: {}", case.name);
            for (name, value) in fields {
                let value = case.resolve(value);
                if found.get(name) != Some(&value) {
                    return Err(format!("{name}: expected {value}, found {:?}", found.get(name)));
                }
            }
            Ok(())
        }
        (expected, outcome) => Err(format!("expected {expected:?}, found {outcome:?}")),
    }
}

#[test]
fn vectors_of_this_crate_hold() {
    let (mut ran, mut left, mut wrong) = (0, 0, Vec::new());
    for case in load() {
        match run(&case) {
            None => left += 1,
            Some(outcome) => {
                ran += 1;
                if let Err(why) = judge(&case, outcome) {
                    wrong.push(format!("{} / {} / {}: {why}", case.area, case.op, case.name));
                }
            }
        }
    }
    println!("{ran} cases ran, {left} belong to the protocol crate, {} failed", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ran + left > 0, "no case was found");
}

/// Switching off any check that a vector of this crate knows makes one of its vectors fail.
#[test]
fn checks_of_these_known_answers_are_all_needed() {
    let cases = load_own();
    let mut ours: Vec<&Case> = cases.iter().filter(|case| case.reject.is_some()).collect();
    ours.retain(|case| run(case).is_some());
    for check in Check::ALL {
        let number = check.to_string();
        let known: Vec<&&Case> = ours.iter().filter(|case| case.reject.as_deref() == Some(&number)).collect();
        let notices = |case: &Case| {
            let judged = std::panic::catch_unwind(|| check.switched_off(|| run(case).map(|found| judge(case, found))));
            !matches!(judged, Ok(Some(Ok(()))))
        };
        let notice = known.iter().any(|case| notices(case));
        assert!(known.is_empty() || notice, "{check} is switched off and nothing notices");
    }
}
