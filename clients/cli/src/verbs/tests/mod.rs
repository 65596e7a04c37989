//! The verbs against a daemon played by a script.

mod following;
mod handing;
mod showing;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::task::JoinHandle;

use ahoy_client::Client;

pub(super) const CALL: &str = "00112233445566778899aabbccddeeff";
pub(super) const OTHER: &str = "ffeeddccbbaa99887766554433221100";

/// What the daemon does when a request comes: checks its method, answers, and tells these events.
pub(super) struct Turn {
    pub(super) method: &'static str,
    pub(super) answer: Value,
    pub(super) events: Vec<Value>,
}

pub(super) fn turn(method: &'static str, answer: Value) -> Turn {
    Turn { method, answer, events: Vec::new() }
}

pub(super) fn refusal(kind: &str) -> Value {
    json!({ "error": { "code": -32000, "message": "no", "data": { "kind": kind, "hint": "try" } } })
}

pub(super) fn status() -> Value {
    json!({ "version": "0.1.0", "api": "1.0", "account": "me", "device": "d", "peers": 1, "calls": 0, "uptime_ms": 5_000 })
}

pub(super) fn snapshot(calls: Value) -> Value {
    let contacts = json!([{ "account": "ada", "name": "Ada", "devices": [], "online": true, "acquainted": true }]);
    json!({ "seq": 4, "snapshot": { "status": status(), "calls": calls, "contacts": contacts, "muted": false } })
}

pub(super) fn call_info(state: &str) -> Value {
    json!({ "call": CALL, "state": state, "direction": "in", "participants": [], "muted": false, "started_at_ms": 1,
        "roster": [{ "account": "me" }, { "account": "ada", "name": "Ada" }] })
}

/// A `call_state` event; of an end, with its reason.
pub(super) fn state(call: &str, state: &str, reason: Option<&str>) -> Value {
    let mut event = json!({ "kind": "call_state", "call": call, "state": state, "direction": "out" });
    if let Some(reason) = reason {
        event["reason"] = json!(reason);
    }
    event
}

/// A client whose daemon follows the script and closes the connection after it. The handle gives the requests' params.
pub(super) async fn daemon(script: Vec<Turn>) -> (Client, JoinHandle<Vec<Value>>) {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let hello = json!({ "api": "1.0", "version": "0.1.0", "features": [], "account": "me", "device": "d",
        "max_line_bytes": 65_536, "event_queue": 256 });
    let script = std::iter::once(turn("hello", hello)).chain(script).collect();
    let played = tokio::spawn(play(theirs, script));
    (Client::over(Box::new(ours), "test", None).await.unwrap(), played)
}

async fn play(stream: DuplexStream, script: Vec<Turn>) -> Vec<Value> {
    let mut stream = BufReader::new(stream);
    let mut asked = Vec::new();
    let mut seq = 10;
    for turn in script {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        let mut request: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(request["method"], turn.method);
        let mut answer = match turn.answer.get("error") {
            Some(error) => json!({ "error": error }),
            None => json!({ "result": turn.answer }),
        };
        answer["jsonrpc"] = json!("2.0");
        answer["id"] = request["id"].take();
        asked.push(request["params"].take());
        stream.get_mut().write_all(format!("{answer}\n").as_bytes()).await.unwrap();
        for mut event in turn.events {
            seq += 1;
            event["seq"] = json!(seq);
            event["at_ms"] = json!(1_000 + seq);
            let line = json!({ "jsonrpc": "2.0", "method": "event", "params": event });
            stream.get_mut().write_all(format!("{line}\n").as_bytes()).await.unwrap();
        }
    }
    // What is left to be read by the client stays readable; whoever waits for more finds the end.
    asked
}
