//! handoff: which device is asked, what is waited for, and the exit code.

use serde_json::{Value, json};

use super::following::{Came, run};
use super::{CALL, OTHER, Turn, refusal, snapshot, state, turn};

fn event(call: &str, state: &str, reason: Option<&str>) -> Value {
    let mut event = json!({ "kind": "hand_off", "call": call, "device": "12D3KooWsecond", "state": state });
    if let Some(reason) = reason {
        event["reason"] = json!(reason);
    }
    event
}

async fn handoff(words: &[&str], events: Vec<Value>) -> Came {
    let asked = Turn { method: "call.hand_off", answer: json!({ "call": CALL, "device": "12D3KooWsecond" }), events };
    let words: Vec<&str> = ["handoff"].iter().chain(words).copied().collect();
    run(&words, vec![turn("subscribe", snapshot(json!([]))), asked]).await
}

#[tokio::test]
async fn without_wait_it_returns_when_the_other_device_is_being_asked() {
    let came = handoff(&[], vec![]).await;
    assert_eq!((came.code(), came.lines.len()), (0, 1));
    assert_eq!(came.last(), &json!({ "kind": "asked", "call": CALL, "device": "12D3KooWsecond" }));
    assert_eq!(came.asked[2], json!({}));
}

#[tokio::test]
async fn a_device_is_named_by_the_beginning_of_its_id() {
    let devices = json!({ "devices": [
        { "device": "12D3KooWfirst", "this": true, "online": true },
        { "device": "12D3KooWsecond", "this": false, "online": true },
    ] });
    let script = || {
        let asked = turn("call.hand_off", json!({ "call": CALL, "device": "12D3KooWsecond" }));
        vec![turn("subscribe", snapshot(json!([]))), turn("device.list", devices.clone()), asked]
    };
    let came = run(&["handoff", CALL, "--to", "12D3KooWs"], script()).await;
    assert_eq!(came.code(), 0);
    assert_eq!(came.asked[3], json!({ "call": CALL, "device": "12D3KooWsecond" }));
}

#[tokio::test]
async fn it_waits_until_the_call_goes_on_there() {
    let events = vec![
        event(CALL, "ringing", None),
        event(OTHER, "done", None),
        event(CALL, "moving", None),
        state(CALL, "held", None),
        event(CALL, "done", None),
    ];
    for (wanted, lines) in [("ringing", 2), ("moving", 3), ("done", 5), ("ended", 5)] {
        let came = handoff(&["--wait", wanted], events.clone()).await;
        assert_eq!((came.code(), came.lines.len()), (0, lines), "{wanted}: {:?}", came.lines);
        assert_eq!(came.last()["kind"], json!("reached"));
    }
}

#[tokio::test]
async fn what_comes_to_nothing_gives_the_code_of_its_reason() {
    for (reason, code) in [("declined", 6), ("busy", 6), ("refused", 6), ("no_answer", 5), ("unreachable", 1)] {
        let came = handoff(&["--wait", "done"], vec![event(CALL, "failed", Some(reason))]).await;
        assert_eq!(came.code(), code, "{reason}");
        let last = json!({ "kind": "failed", "call": CALL, "device": "12D3KooWsecond", "reason": reason });
        assert_eq!(came.last(), &last);
    }
    let script = vec![turn("subscribe", snapshot(json!([]))), turn("call.hand_off", refusal("no_such_device"))];
    assert_eq!(run(&["handoff"], script).await.code(), 4);
}
