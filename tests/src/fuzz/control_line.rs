//! A line of the control socket: what is taken is one plain request, what is not gets one answer that says why.

use ahoy_client::control::{ErrorKind, Request};
use serde_json::{Value, json};

/// What an answer is longer than the id it repeats, at most, bytes.
const ANSWER_BYTES: usize = 4 * 1024;

/// The bytes as one line of a client.
///
/// # Panics
/// If a line is taken that another reader reads as something else, or the answer to a refused one makes no sense.
pub fn run(data: &[u8]) {
    let line: Vec<u8> = data.iter().copied().filter(|byte| *byte != b'\n').collect();
    match ahoyd::control::read_line(&line) {
        Ok(request) => taken(&line, &request),
        Err(answer) => refused(&line, &answer),
    }
}

/// It says just what the request says, and written anew it is the same request.
fn taken(line: &[u8], request: &Request) {
    let read: Value = serde_json::from_slice(line).expect("what is taken is JSON");
    let mut plain = serde_json::to_value(request).expect("a request can be written");
    assert_eq!((&read["jsonrpc"], &read["method"]), (&json!("2.0"), &plain["method"]));
    assert!(read["id"].is_string() || read["id"].is_number());
    for (name, value) in read["params"].as_object().into_iter().flatten() {
        let same = plain["params"].get(name).is_none_or(|written| written == value || value.is_null());
        assert!(same, "`{name}` was read as something else");
    }
    plain["jsonrpc"] = json!("2.0");
    plain["id"] = json!(1);
    let again = ahoyd::control::read_line(plain.to_string().as_bytes());
    assert_eq!(again.as_ref(), Ok(request));
}

/// One line, in the closed list of kinds, not much longer than what it answers.
fn refused(line: &[u8], answer: &str) {
    assert!(answer.ends_with('\n') && answer.matches('\n').count() == 1, "one line: {answer:?}");
    assert!(answer.len() <= 6 * line.len() + ANSWER_BYTES, "{} bytes for {}", answer.len(), line.len());
    let answer: Value = serde_json::from_str(answer).expect("an answer is JSON");
    let data = &answer["error"]["data"];
    let kind: ErrorKind = serde_json::from_value(data["kind"].clone()).expect("a kind of the closed list");
    let of_a_line = [ErrorKind::BadLine, ErrorKind::BadRequest, ErrorKind::UnknownMethod, ErrorKind::BadParams];
    assert!(of_a_line.contains(&kind), "{answer}");
    assert!(data["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{answer}");
}
