//! Requests: what is refused, and how an error says so.

use ahoy_protocol::control::{AccountCommand, CallCommand, InCall, Request};
use ahoy_protocol::core::input::Command;
use ahoy_protocol::ids::CallId;
use serde_json::json;

use super::super::methods::{METHODS, name};
use super::*;

#[tokio::test]
async fn hello_comes_first_and_tells_who_we_are() {
    let daemon = Daemon::new();
    let mut client = daemon.client();
    for method in ["status", "subscribe", "call.list", "shutdown"] {
        let answer = client.ask(method, json!({})).await;
        assert_eq!(kind(&answer), "hello_first");
        assert_eq!(answer["error"]["code"], -32600);
    }
    let hello = client.hello().await;
    assert_eq!(hello["account"], "ahoy1account");
    assert_eq!(hello["device"], "12D3device");
    assert_eq!(hello["api"], "1.0");
    assert_eq!(hello["max_line_bytes"], 65_536);
    assert_eq!(client.ask("status", json!({})).await["result"]["calls"], 0);
    assert_eq!(kind(&client.ask("hello", json!({"client": "again", "api": "1.0"})).await), "bad_request");
}

#[tokio::test]
async fn another_major_version_is_refused_and_a_newer_minor_one_is_not() {
    let daemon = Daemon::new();
    let mut client = daemon.client();
    let odd = ["1", "1.", "+1.0", "01.0", "1.00", "1.0.0", "1.x", " 1.0", "1.0 ", "1,0", "1.4294967296", "٢.0"];
    for api in ["2.0", "0.9", "", "one", "-1.0", "."].into_iter().chain(odd) {
        let answer = client.ask("hello", json!({"client": "c", "api": api})).await;
        assert_eq!(kind(&answer), "wrong_api", "{api}");
        assert!(answer["error"]["message"].as_str().unwrap().contains("1.0"));
    }
    assert_eq!(kind(&client.ask("status", json!({})).await), "hello_first");
    assert!(client.ask("hello", json!({"client": "c", "api": "1.9"})).await["result"].is_object());
}

#[tokio::test]
async fn broken_lines_get_an_error_and_the_connection_lives_on() {
    let daemon = Daemon::new();
    let mut client = daemon.greeted().await;
    let lines: [(&[u8], &str); 14] = [
        (b"{", "bad_line"),
        (b"nonsense", "bad_line"),
        (b"null", "bad_line"),
        (b"\"text\"", "bad_line"),
        (b"\xff\xfe\x00binary", "bad_line"),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sta\xfftus\"}", "bad_line"),
        (b"[]", "bad_request"),
        (b"{}", "bad_request"),
        (br#"{"jsonrpc":"2.0","method":"status"}"#, "bad_request"),
        (br#"{"jsonrpc":"2.0","id":null,"method":"status"}"#, "bad_request"),
        (br#"{"jsonrpc":"2.0","id":{},"method":"status"}"#, "bad_request"),
        (br#"{"jsonrpc":"1.0","id":1,"method":"status"}"#, "bad_request"),
        (br#"{"jsonrpc":"2.0","id":1,"method":7}"#, "bad_request"),
        (br#"{"jsonrpc":"2.0","id":1,"method":"status","extra":1}"#, "bad_request"),
    ];
    for (line, expected) in lines {
        let answer = client.say(line).await;
        assert_eq!(kind(&answer), expected, "{}", String::from_utf8_lossy(line));
        assert!(!answer["error"]["data"]["hint"].as_str().unwrap().is_empty());
    }
    let deep = "[".repeat(60_000);
    assert_eq!(kind(&client.say(&deep).await), "bad_line");
    assert!(client.ask("status", json!({})).await["result"].is_object());
}

#[tokio::test]
async fn a_key_that_stands_twice_is_refused_at_any_depth_and_nothing_is_done() {
    let mut daemon = Daemon::new();
    let mut client = daemon.greeted().await;
    let lines = [
        r#"{"jsonrpc":"2.0","id":7,"method":"status","method":"shutdown"}"#,
        r#"{"jsonrpc":"2.0","id":7,"id":7,"method":"shutdown"}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"shutdown","params":{},"params":{}}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"contact.remove","params":{"contact":"a","contact":"b"}}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"contact.remove","params":{"contact":"a","c\u006fntact":"b"}}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"call.offer","params":{"to":[{"x":1,"x":2}]}}"#,
    ];
    for line in lines {
        let answer = client.say(line).await;
        assert_eq!(kind(&answer), "bad_line", "{line}");
        assert!(answer["error"]["message"].as_str().unwrap().contains("stands twice"), "{answer}");
    }
    client.ask("call.mute", json!({})).await;
    let mute = Ask::Core(Command::Call(CallCommand::Mute { call: None }));
    assert_eq!(daemon.asked.recv().await.unwrap().1, mute, "the first thing the actor hears of");
}

#[tokio::test]
async fn an_error_quotes_only_the_beginning_of_what_it_is_about() {
    let daemon = Daemon::new();
    let mut client = daemon.greeted().await;
    let long = "ä".repeat(30_000);
    let lines = [
        json!({"jsonrpc": "2.0", "id": 7, "method": &long}).to_string(),
        json!({"jsonrpc": "2.0", "id": 7, "method": "status", &long: 1}).to_string(),
        json!({"jsonrpc": "2.0", "id": 7, "method": "status", "params": {&long: 1}}).to_string(),
        json!({"jsonrpc": "2.0", "id": 7, "method": "call.accept", "params": {"in_call": &long}}).to_string(),
        format!(r#"{{"{key}":1,"{key}":2}}"#, key = "k".repeat(30_000)),
    ];
    for line in lines {
        let answer = client.say(&line).await;
        assert!(answer["error"].is_object() && answer.to_string().len() < 1_000, "{answer}");
    }
}

#[tokio::test]
async fn a_line_too_long_is_refused_and_the_next_one_is_read() {
    let daemon = Daemon::new();
    let mut client = daemon.greeted().await;
    for length in [limits::LINE_BYTES + 1, 3 * limits::LINE_BYTES] {
        let answer = client.say(vec![b'x'; length]).await;
        assert_eq!(kind(&answer), "bad_line");
        assert!(answer["error"]["message"].as_str().unwrap().contains("too long"));
    }
    let mut fits = br#"{"jsonrpc":"2.0","id":7,"method":"status"}"#.to_vec();
    fits.resize(limits::LINE_BYTES, b' ');
    assert!(client.say(fits).await["result"].is_object());
}

#[tokio::test]
async fn half_lines_and_several_at_once_are_told_apart() {
    let daemon = Daemon::new();
    let mut client = daemon.greeted().await;
    let line = br#"{"jsonrpc":"2.0","id":7,"method":"status"}"#;
    for byte in line {
        client.write.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    client.write.write_all(b"\r\n\n  \n").await.unwrap();
    assert!(client.next().await["result"].is_object(), "blank lines are passed over");
    client.write.write_all(&[&line[..], b"\n", &line[..], b"\n"].concat()).await.unwrap();
    assert!(client.next().await["result"].is_object());
    assert!(client.next().await["result"].is_object());
}

#[tokio::test]
async fn unknown_methods_and_fields_are_refused_by_name() {
    let daemon = Daemon::new();
    let mut client = daemon.greeted().await;
    let answer = client.ask("call.dance", json!({})).await;
    assert_eq!((kind(&answer), &answer["error"]["code"]), ("unknown_method", &json!(-32601)));
    assert!(answer["error"]["message"].as_str().unwrap().contains("call.dance"));
    assert!(answer["error"]["data"]["candidates"].as_array().unwrap().contains(&json!("call.offer")));

    let bad = [
        ("status", json!({"verbose": true}), "verbose"),
        ("call.offer", json!({"to": ["bob"], "colour": 1}), "colour"),
        ("call.offer", json!({}), "to"),
        ("call.offer", json!({"to": "bob"}), "sequence"),
        ("call.accept", json!({"in_call": "dance"}), "dance"),
        ("call.hang_up", json!({"call": "short"}), "call"),
        ("subscribe", json!({"after": -1}), "-1"),
    ];
    for (method, params, named) in bad {
        let answer = client.ask(method, params).await;
        assert_eq!((kind(&answer), &answer["error"]["code"]), ("bad_params", &json!(-32602)), "{method}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(method) && message.contains(named), "{message}");
    }
    for params in [json!([]), json!(["bob"]), json!(1), json!("x"), json!(true)] {
        assert_eq!(kind(&client.ask("call.offer", params).await), "bad_params");
    }
}

#[tokio::test]
async fn a_client_name_is_short_and_printable() {
    let daemon = Daemon::new();
    for name in ["", &"x".repeat(65), "a\u{7}b"] {
        let mut client = daemon.client();
        let answer = client.ask("hello", json!({"client": name, "api": "1.0"})).await;
        assert_eq!(kind(&answer), "bad_params", "{name:?}");
    }
}

#[tokio::test]
async fn scopes_bound_what_a_client_may_do() {
    let daemon = Daemon::new();
    let cases = [
        ("observe", &["status", "call.list", "subscribe", "device.audio.list"][..], &["call.mute", "shutdown"][..]),
        ("call", &["call.mute", "call.hang_up"], &["status", "contact.remove"]),
        ("admin", &["contact.remove"], &["call.hang_up", "status"]),
    ];
    for (scope, may, may_not) in cases {
        let mut client = daemon.client();
        client.ask("hello", json!({"client": "c", "api": "1.0", "scopes": [scope]})).await;
        for method in may {
            let params = if *method == "contact.remove" { json!({"contact": "x"}) } else { json!({}) };
            assert_eq!(kind(&client.ask(method, params).await), "no error", "{scope} may {method}");
        }
        for method in may_not {
            let params = if *method == "contact.remove" { json!({"contact": "x"}) } else { json!({}) };
            let answer = client.ask(method, params).await;
            assert_eq!(kind(&answer), "not_allowed", "{scope} may not {method}");
            assert!(answer["error"]["message"].as_str().unwrap().contains(method));
        }
    }
    let mut client = daemon.client();
    let answer = client.ask("hello", json!({"client": "c", "api": "1.0", "scopes": ["root"]})).await;
    assert_eq!(kind(&answer), "bad_params");
}

#[tokio::test]
async fn commands_reach_the_actor_with_the_name_of_their_client() {
    let mut daemon = Daemon::new();
    let mut client = daemon.greeted().await;
    let id = "00112233445566778899aabbccddeeff";
    client.ask("account.card", json!({"no_addresses": true})).await;
    client.ask("call.accept", json!({"call": id, "in_call": "end"})).await;
    client.ask("call.stats", json!({"call": id})).await;
    let call = CallId([0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff]);
    let expected = [
        Ask::Core(Command::Account(AccountCommand::Card { addresses: false })),
        Ask::Core(Command::Call(CallCommand::Accept { call: Some(call), in_call: InCall::End })),
        Ask::Stats(Some(call)),
    ];
    for ask in expected {
        assert_eq!(daemon.asked.recv().await.unwrap(), ("test".to_owned(), ask));
    }
}

#[tokio::test]
async fn the_configuration_is_shown() {
    let daemon = Daemon::new();
    let mut client = daemon.greeted().await;
    assert_eq!(client.ask("config.get", json!({})).await["result"]["config"]["bitrate_bps"], 32_000);
}

#[test]
fn the_list_of_methods_is_that_of_the_request_type() {
    let params = |method: &str| match method {
        "hello" => json!({"client": "c", "api": "1.0"}),
        "contact.add" | "contact.request" => json!({"card": "ahoy:x"}),
        "contact.remove" | "contact.block" | "contact.unblock" | "contact.policy" | "contact.verify"
        | "presence.ask" => {
            json!({"contact": "x"})
        }
        "contact.rename" => json!({"contact": "x", "name": "y"}),
        "contact.accept" | "contact.refuse" => json!({"account": "x"}),
        "account.rotate" => json!({"token": "card"}),
        "config.set" => json!({"key": "log", "value": "warn"}),
        "pipeline.set" | "pipeline.check" => json!({"manifest": null}),
        "pipeline.run" => json!({"manifest": {}, "input": "/a", "output": "/b"}),
        "presence.set" => json!({"state": "away"}),
        "call.push_to_talk" => json!({"pressed": true}),
        "call.offer" => json!({"to": []}),
        "history.play" => json!({"call": "x"}),
        "device.confirm" => json!({"letters": "abc123"}),
        "device.revoke" => json!({"device": "x"}),
        _ => json!({}),
    };
    for (method, _) in METHODS {
        let request: Request =
            serde_json::from_value(json!({"method": method, "params": params(method)})).expect(method);
        assert_eq!(name(&request), *method);
    }
    // serde's own list of variants, out of its error message.
    let error = serde_json::from_value::<Request>(json!({"method": "?", "params": {}})).unwrap_err().to_string();
    let known = error.split("expected one of ").nth(1).unwrap().split(", ").count();
    assert_eq!(known, METHODS.len(), "{error}");
}

#[tokio::test]
async fn a_message_is_not_played_where_there_is_no_speaker_but_written_into_a_file() {
    let daemon = Daemon::new();
    let mut client = daemon.greeted().await;
    let refused = client.ask("history.play", json!({ "call": "07".repeat(16) })).await;
    assert_eq!(kind(&refused), "wrong_state", "{refused}");
    let why = refused["error"]["message"].as_str().unwrap();
    assert!(why.contains("no speaker") && why.contains("audio_out is default"), "{why}");
    let written = client.ask("history.play", json!({ "call": "07".repeat(16), "to": "/somewhere/message.wav" })).await;
    assert!(written["result"].is_object(), "{written}");
}
