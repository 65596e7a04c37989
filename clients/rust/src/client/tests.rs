//! The client against a daemon played by a script: lines it must hear, and lines it says.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};

use super::*;
use crate::control::{CallState, EventKind, InCall};

/// The daemon's end of the connection.
struct Played {
    stream: BufReader<DuplexStream>,
}

impl Played {
    async fn hears(&mut self) -> Value {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.unwrap();
        serde_json::from_str(&line).unwrap()
    }

    async fn says(&mut self, value: Value) {
        self.stream.get_mut().write_all(format!("{value}\n").as_bytes()).await.unwrap();
    }

    /// Answers the next request, whatever it is, and returns it.
    async fn answers(&mut self, result: Value) -> Value {
        let request = self.hears().await;
        self.says(json!({"jsonrpc": "2.0", "id": request["id"], "result": result})).await;
        request
    }
}

fn hello() -> Value {
    json!({"api": "1.0", "version": "0.1.0", "features": [], "account": "a", "device": "d",
        "max_line_bytes": 65536, "event_queue": 256})
}

fn event(seq: u64, rest: Value) -> Value {
    let mut params = rest;
    params["seq"] = json!(seq);
    params["at_ms"] = json!(7);
    json!({"jsonrpc": "2.0", "method": "event", "params": params})
}

async fn pair() -> (Client, Played) {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let mut played = Played { stream: BufReader::new(theirs) };
    let (client, _) = tokio::join!(Client::over(Box::new(ours), "test", None), played.answers(hello()));
    (client.unwrap(), played)
}

#[tokio::test]
async fn hello_comes_first_and_tells_who_answers() {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let mut played = Played { stream: BufReader::new(theirs) };
    let scopes = Some(vec![Scope::Observe]);
    let (client, request) = tokio::join!(Client::over(Box::new(ours), "test", scopes), played.answers(hello()));
    assert_eq!(client.unwrap().hello().account, "a");
    assert_eq!(
        request,
        json!({"jsonrpc": "2.0", "id": 1, "method": "hello",
            "params": {"client": "test", "api": "1.0", "scopes": ["observe"]}})
    );
}

#[tokio::test]
async fn methods_ask_for_what_they_are_named_after() {
    let (mut client, mut played) = pair().await;
    let (call, request) = tokio::join!(client.offer(&["Ada"]), played.answers(json!({"call": "c1"})));
    assert_eq!(call.unwrap(), "c1");
    assert_eq!(request["method"], "call.offer");
    assert_eq!(request["params"], json!({"to": ["Ada"]}));

    let (done, request) = tokio::join!(client.accept(Some("c1"), InCall::End), played.answers(json!({"call": "c1"})));
    assert_eq!(done.unwrap().call.as_deref(), Some("c1"));
    assert_eq!(request["params"], json!({"call": "c1", "in_call": "end"}));

    let (card, request) = tokio::join!(client.card(true), played.answers(json!({"card": "ahoy:x"})));
    assert_eq!(card.unwrap(), "ahoy:x");
    assert_eq!((&request["method"], &request["params"]), (&json!("account.card"), &json!({"no_addresses": true})));
}

#[tokio::test]
async fn a_refusal_keeps_its_kind_hint_and_candidates() {
    let (mut client, mut played) = pair().await;
    let refuse = async {
        let request = played.hears().await;
        let data = json!({"kind": "ambiguous_call", "hint": "name one", "candidates": ["c1", "c2"]});
        let error = json!({"code": -32000, "message": "two calls", "data": data});
        played.says(json!({"jsonrpc": "2.0", "id": request["id"], "error": error})).await;
    };
    let (result, ()) = tokio::join!(client.hang_up(None), refuse);
    let ClientError::Refused(refusal) = result.unwrap_err() else { panic!("not a refusal") };
    assert_eq!(refusal.kind, ErrorKind::AmbiguousCall);
    assert_eq!(refusal.candidates, ["c1", "c2"]);
    assert_eq!(ClientError::Refused(refusal).to_string(), "two calls (name one)");
}

#[tokio::test]
async fn a_refusal_of_a_kind_we_do_not_know_is_still_one() {
    let (mut client, mut played) = pair().await;
    let refuse = async {
        let request = played.hears().await;
        let error = json!({"code": -32000, "message": "moon is full", "data": {"kind": "lunar", "hint": "wait"}});
        played.says(json!({"jsonrpc": "2.0", "id": request["id"], "error": error})).await;
    };
    let (result, ()) = tokio::join!(client.status(), refuse);
    assert_eq!(result.unwrap_err().to_string(), "moon is full (wait)");
}

#[tokio::test]
async fn events_before_an_answer_are_kept_in_order() {
    let (mut client, mut played) = pair().await;
    let script = async {
        let request = played.hears().await;
        let state = |state: &str| json!({"kind": "call_state", "call": "c", "state": state, "direction": "out"});
        played.says(event(1, state("dialing"))).await;
        played.says(event(2, state("ringing"))).await;
        played.says(json!({"jsonrpc": "2.0", "id": request["id"], "result": {"calls": []}})).await;
        played.says(event(3, state("active"))).await;
    };
    let (calls, ()) = tokio::join!(client.calls(), script);
    assert!(calls.unwrap().is_empty());
    for (seq, expected) in [(1, CallState::Dialing), (2, CallState::Ringing), (3, CallState::Active)] {
        let event = client.event().await.unwrap().known.unwrap();
        assert_eq!(event.seq, seq);
        let EventKind::CallState { state, .. } = event.kind else { panic!("another kind") };
        assert_eq!(state, expected);
    }
}

#[tokio::test]
async fn unknown_events_and_fields_pass_as_they_are() {
    let (mut client, mut played) = pair().await;
    played.says(event(1, json!({"kind": "comet", "tail": 3}))).await;
    played.says(event(2, json!({"kind": "warning", "about": "clock", "hint": "set it", "new_field": true}))).await;
    let comet = client.event().await.unwrap();
    assert_eq!(comet.known, None);
    assert_eq!(comet.raw["tail"], 3);
    let warning = client.event().await.unwrap();
    assert!(matches!(warning.known.unwrap().kind, EventKind::Warning { .. }));
    assert_eq!(warning.raw["new_field"], true);
}

#[tokio::test]
async fn a_lost_answer_does_not_become_the_next_one() {
    let (mut client, mut played) = pair().await;
    // The caller gives up after its request is out.
    tokio::select! {
        biased;
        _ = client.status() => panic!("nobody answered"),
        () = tokio::task::yield_now() => {}
    }
    let late = played.hears().await;
    played.says(json!({"jsonrpc": "2.0", "id": late["id"], "result": {"card": "of another request"}})).await;
    let (card, _) = tokio::join!(client.card(false), played.answers(json!({"card": "ahoy:mine"})));
    assert_eq!(card.unwrap(), "ahoy:mine");
}

#[tokio::test]
async fn a_daemon_that_goes_away_is_told_apart_from_one_that_talks_nonsense() {
    let (mut client, played) = pair().await;
    drop(played);
    assert!(matches!(client.status().await, Err(ClientError::Closed)));
    assert!(matches!(client.event().await, Err(ClientError::Closed)));

    let (mut client, mut played) = pair().await;
    played.stream.get_mut().write_all(b"not json\n").await.unwrap();
    assert!(matches!(client.event().await, Err(ClientError::Protocol(_))));

    let (mut client, mut played) = pair().await;
    let (result, _) = tokio::join!(client.card(false), played.answers(json!({"kart": 1})));
    assert!(matches!(result, Err(ClientError::Protocol(_))));
}

#[tokio::test]
async fn a_silent_daemon_is_not_waited_for_for_ever() {
    let (client, _played) = pair().await;
    let mut client = client.with_reply_limit(Duration::from_millis(20));
    let error = client.status().await.unwrap_err();
    assert_eq!(error.to_string(), "the daemon did not answer `status` within 20ms: look at its log, or restart it");
}

#[tokio::test]
async fn endless_lines_and_event_floods_are_cut_off() {
    let (mut client, mut played) = pair().await;
    let flood = async {
        let chunk = vec![b'x'; 1 << 16];
        while played.stream.get_mut().write_all(&chunk).await.is_ok() {}
    };
    let cut = async {
        let result = client.event().await;
        drop(client);
        result
    };
    let (result, ()) = tokio::join!(cut, flood);
    assert!(matches!(result, Err(ClientError::Protocol(_))));

    let (mut client, mut played) = pair().await;
    let flood = async {
        for seq in 0..=MAX_EVENTS_KEPT as u64 {
            played.says(event(seq, json!({"kind": "lagged", "missed": 1}))).await;
        }
    };
    let (result, ()) = tokio::join!(client.status(), flood);
    assert!(matches!(result, Err(ClientError::Protocol(_))));
}

#[tokio::test]
async fn lines_may_come_in_pieces_or_together() {
    let (mut client, mut played) = pair().await;
    let one = event(1, json!({"kind": "lagged", "missed": 1})).to_string();
    let both = format!("{one}\n{}\n", event(2, json!({"kind": "lagged", "missed": 2})));
    let (first, rest) = both.split_at(5);
    let stream = played.stream.get_mut();
    stream.write_all(first.as_bytes()).await.unwrap();
    // The reader sees a half line, is given up on, and must find it again.
    tokio::select! {
        biased;
        _ = client.event() => panic!("half a line is no event"),
        () = tokio::task::yield_now() => {}
    }
    stream.write_all(rest.as_bytes()).await.unwrap();
    for seq in 1..=2 {
        assert_eq!(client.event().await.unwrap().known.unwrap().seq, seq);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_missing_daemon_is_named_with_its_socket() {
    let home = tempfile::tempdir().unwrap();
    let error = Client::connect(Some(home.path()), "test").await.err().unwrap();
    assert!(matches!(error, ClientError::NoDaemon { .. }));
    assert!(error.to_string().contains("ahoy start"), "{error}");

    // A socket that nobody listens on any more, as a killed daemon leaves it.
    let socket = home.path().join(crate::control::SOCKET_NAME);
    drop(tokio::net::UnixListener::bind(&socket).unwrap());
    assert!(matches!(Client::connect_to(&socket, "test").await.err(), Some(ClientError::NoDaemon { .. })));
}

#[tokio::test]
async fn whoever_is_turned_away_before_its_hello_still_learns_why() {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (_, mut write) = tokio::io::split(theirs);
    let words = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32000, "message": "full",
        "data": { "kind": "limit_reached", "hint": "close one" } } });
    write.write_all(format!("{words}\n").as_bytes()).await.unwrap();
    drop(write);
    let error = Client::over(Box::new(ours), "test", None).await.err().unwrap();
    assert!(matches!(&error, ClientError::Refused(refusal) if refusal.kind == ErrorKind::LimitReached), "{error}");
}
