//! Known answers of docs/wire.md, as far as this crate owns them: every `*.json` of the folder named by AHOY_VECTORS
//! (default: tests/vectors of the repository). And the proof that each check is needed: switched off, a case fails.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what is wrong and how much ran"
)]

mod answers;
mod call_frames;
mod envelopes;
mod values;

mod mutants;
mod pair_frames;
mod small;
mod state;
mod validation;
#[path = "../../../crypto/tests/vector_file/mod.rs"]
mod vector_file;

use ahoy_protocol::inbound::Refusals;
use serde_json::{Map, Value};
use vector_file::{Case, load};

/// What an op gives: its outputs, or the check that refused.
type Outcome = Result<Value, ahoy_crypto::Check>;

/// Areas that the crypto crate runs.
const OF_CRYPTO: [&str; 6] = ["ids", "certificate", "device_set", "prekey", "topics", "sas"];

/// Whether a case belongs to this crate.
fn is_ours(case: &Case) -> bool {
    match case.area.as_str() {
        "key_schedule" => case.op == "epoch_secret",
        area => !OF_CRYPTO.contains(&area),
    }
}

/// Runs a case of this crate.
fn run(case: &Case) -> Outcome {
    match (case.area.as_str(), case.op.as_str()) {
        ("card", "make") => Ok(small::make_card(case)),
        ("card", "check") => small::check_card(case),
        ("offer" | "inbox_kinds", "seal") => Ok(envelopes::seal(case)),
        ("offer" | "inbox_kinds", "open") => envelopes::open(case),
        ("offer_body", "check") => envelopes::check_offer_body(case),
        ("answer", "handshake") => Ok(answers::handshake(case)),
        ("answer", "open") => Ok(answers::open(case)),
        ("pair_frames", "seal") => Ok(pair_frames::seal(case)),
        ("pair_frames", "open") => Ok(pair_frames::open(case)),
        ("call_frames", "seal") => Ok(call_frames::seal(case)),
        ("call_frames", "open") => Ok(call_frames::open(case)),
        ("key_schedule", "epoch_secret") => small::epoch_secret(case),
        ("ctl", "open") => small::ctl(case),
        ("cbor_reject", "read") => small::read_body(case),
        ("doors", "sdp") => small::sdp(case),
        ("doors", "candidate") => small::candidate(case),
        (area, op) => panic!("unknown area or op: {area} {op}"),
    }
}

/// Every field of `out` is there and equal, or exactly this check refused.
fn judge(case: &Case, outcome: &Outcome) -> Result<(), String> {
    let expected: Result<&Map<String, Value>, &String> = match &case.reject {
        Some(check) => Err(check),
        None => Ok(&case.out),
    };
    match (expected, outcome) {
        (Err(expected), Err(check)) if check.to_string() == *expected => Ok(()),
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
    let mut refusals = Refusals::default();
    for case in load() {
        if !is_ours(&case) {
            left += 1;
            continue;
        }
        ran += 1;
        let outcome = run(&case);
        if let Err(check) = &outcome {
            refusals.count(*check);
        }
        if let Err(why) = judge(&case, &outcome) {
            wrong.push(format!("{} / {} / {}: {why}", case.area, case.op, case.name));
        }
    }
    let refused: u64 = refusals.iter().map(|(_, count)| count).sum();
    println!("{ran} cases ran ({refused} refused), {left} belong to the crypto crate, {} failed", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ran + left > 0, "no case was found");
}
