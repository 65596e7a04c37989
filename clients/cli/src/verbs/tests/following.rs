//! call, answer, decline, hangup: when they return, with which last line and exit code.

use clap::Parser;
use serde_json::{Value, json};

use super::{CALL, OTHER, Turn, call_info, daemon, refusal, snapshot, state, turn};
use crate::args::Args;
use crate::failure::Failure;
use crate::out::Out;
use crate::verbs::ask;

pub(super) struct Came {
    pub(super) result: Result<(), Failure>,
    pub(super) lines: Vec<Value>,
    pub(super) asked: Vec<Value>,
}

impl Came {
    pub(super) fn code(&self) -> u8 {
        self.result.as_ref().err().map_or(0, Failure::exit_code)
    }

    pub(super) fn last(&self) -> &Value {
        self.lines.last().unwrap()
    }
}

pub(super) async fn run(words: &[&str], script: Vec<Turn>) -> Came {
    let words = ["ahoy", "--json"].iter().chain(words);
    let args = Args::try_parse_from(words).unwrap();
    let (mut client, played) = daemon(script).await;
    let out = Out::kept(true);
    let result = ask(&args, &mut client, &out).await;
    let lines = out.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    Came { result, lines, asked: played.await.unwrap() }
}

/// `ahoy call Ada WORDS`, after which these events come.
async fn call(words: &[&str], events: Vec<Value>) -> Came {
    let offered = Turn { method: "call.offer", answer: json!({ "call": CALL }), events };
    let words: Vec<&str> = ["call", "Ada"].iter().chain(words).copied().collect();
    run(&words, vec![turn("subscribe", snapshot(json!([]))), offered]).await
}

#[tokio::test]
async fn without_wait_it_returns_when_the_offer_is_out() {
    let script = |calls| {
        let offered = turn("call.offer", json!({ "call": CALL }));
        vec![turn("subscribe", snapshot(json!([]))), offered, turn("call.list", json!({ "calls": calls }))]
    };
    let came = run(&["call", "Ada"], script(json!([call_info("ringing")]))).await;
    assert_eq!(came.code(), 0);
    assert_eq!(came.lines, [json!({ "kind": "reached", "call": CALL, "state": "ringing" })]);
    assert_eq!(came.asked[2], json!({ "to": ["Ada"] }));
    let came = run(&["call", "Ada"], script(json!([]))).await;
    assert_eq!(came.lines, [json!({ "kind": "reached", "call": CALL, "state": "dialing" })]);
}

#[tokio::test]
async fn a_call_that_holds_the_active_one_says_which() {
    let answer = json!({ "call": CALL, "holds": OTHER });
    let offered = Turn { method: "call.offer", answer, events: vec![state(CALL, "ringing", None)] };
    let words = ["call", "Ada", "--wait", "ringing"];
    let came = run(&words, vec![turn("subscribe", snapshot(json!([]))), offered]).await;
    assert_eq!((came.code(), &came.lines[0]), (0, &json!({ "kind": "holds", "call": CALL, "holds": OTHER })));
}

#[tokio::test]
async fn it_waits_for_its_state_and_shows_the_events_of_this_call_only() {
    let ends_otherwise = state(OTHER, "ended", Some("lost"));
    let events = vec![state(CALL, "dialing", None), ends_otherwise, state(CALL, "ringing", None)];
    let came = call(&["--wait", "ringing"], events).await;
    assert_eq!(came.code(), 0);
    let states: Vec<&Value> = came.lines.iter().map(|line| &line["state"]).collect();
    assert_eq!(states, ["dialing", "ringing", "ringing"]);
    assert_eq!(came.last(), &json!({ "kind": "reached", "call": CALL, "state": "ringing" }));
}

#[tokio::test]
async fn a_state_that_was_passed_counts_as_reached() {
    for wanted in ["ringing", "connecting", "active"] {
        let came = call(&["--wait", wanted], vec![state(CALL, "active", None)]).await;
        assert_eq!((came.code(), &came.last()["state"]), (0, &json!("active")), "{wanted}");
    }
}

#[tokio::test]
async fn an_end_before_the_awaited_state_gives_the_code_of_its_reason() {
    for (reason, code) in [("declined", 6), ("busy", 6), ("no_answer", 5), ("unreachable", 1), ("hung_up", 1)] {
        let came = call(&["--wait", "active"], vec![state(CALL, "ended", Some(reason))]).await;
        assert_eq!(came.code(), code, "{reason}");
        assert_eq!(came.last(), &json!({ "kind": "ended", "call": CALL, "state": "ended", "reason": reason }));
    }
}

#[tokio::test]
async fn waiting_for_the_end_is_fulfilled_by_a_hang_up_and_by_the_longest_duration() {
    for (reason, code) in [("hung_up", 0), ("max_duration", 0), ("declined", 6), ("lost", 1), ("cancelled", 1)] {
        let came = call(&["--wait", "ended"], vec![state(CALL, "ended", Some(reason))]).await;
        assert_eq!(came.code(), code, "{reason}");
        let kind = if code == 0 { "reached" } else { "ended" };
        assert_eq!((&came.last()["kind"], &came.last()["reason"]), (&json!(kind), &json!(reason)));
    }
}

#[tokio::test]
async fn a_time_out_says_so_and_asks_for_nothing_more() {
    let (mut client, played) = {
        let offered =
            Turn { method: "call.offer", answer: json!({ "call": CALL }), events: vec![state(CALL, "ringing", None)] };
        // The third turn never comes, so the connection stays open.
        daemon(vec![turn("subscribe", snapshot(json!([]))), offered, turn("call.list", json!({ "calls": [] }))]).await
    };
    let args =
        Args::try_parse_from(["ahoy", "--json", "call", "Ada", "--wait", "active", "--timeout", "0.05"]).unwrap();
    let out = Out::kept(true);
    let failure = ask(&args, &mut client, &out).await.unwrap_err();
    assert_eq!(failure.exit_code(), 5);
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(last, json!({ "kind": "timeout", "call": CALL, "state": "ringing" }));
    assert!(!played.is_finished());
    client.calls().await.unwrap();
}

#[tokio::test]
async fn a_time_that_is_none_is_wrong_usage() {
    let args = ["ahoy", "call", "Ada", "--wait", "active", "--timeout", "-1"];
    assert!(Args::try_parse_from(args).is_err());
    let came = run(&["call", "Ada", "--wait", "active", "--timeout", "NaN"], vec![]).await;
    assert_eq!(came.code(), 2);
}

#[tokio::test]
async fn a_daemon_that_goes_away_ends_the_wait() {
    let came = call(&["--wait", "active"], vec![state(CALL, "ringing", None)]).await;
    assert_eq!(came.code(), 3);
}

#[tokio::test]
async fn an_answered_call_is_followed_from_the_state_it_was_in() {
    let accepted = |events| Turn { method: "call.accept", answer: json!({ "call": CALL }), events };
    let ringing = || turn("subscribe", snapshot(json!([call_info("incoming")])));
    let now = turn("call.list", json!({ "calls": [call_info("connecting")] }));
    let came = run(&["answer"], vec![ringing(), accepted(vec![]), now]).await;
    assert_eq!((came.code(), came.last()), (0, &json!({ "kind": "reached", "call": CALL, "state": "connecting" })));

    let events = vec![state(CALL, "connecting", None), state(CALL, "active", None)];
    let came = run(&["answer", "--wait", "active"], vec![ringing(), accepted(events)]).await;
    assert_eq!((came.code(), &came.last()["state"]), (0, &json!("active")));
    assert_eq!(came.asked[2], json!({ "in_call": "hold" }));
}

#[tokio::test]
async fn a_call_that_gave_way_is_followed_to_the_one_that_goes_on() {
    let mut gave_way = state(CALL, "ended", Some("cancelled"));
    gave_way["continues_as"] = json!(OTHER);
    let events = vec![
        state(CALL, "dialing", None),
        gave_way,
        state(CALL, "active", None),
        state(OTHER, "connecting", None),
        state(OTHER, "active", None),
    ];
    let came = call(&["--wait", "active"], events).await;
    assert_eq!(came.code(), 0);
    assert_eq!(came.last(), &json!({ "kind": "reached", "call": OTHER, "state": "active" }));
}

#[tokio::test]
async fn a_call_is_held_and_resumed_and_followed_until_it_is() {
    for (verb, method, before, after) in
        [("hold", "call.hold", "active", "held"), ("resume", "call.resume", "held", "active")]
    {
        let done = Turn { method, answer: json!({ "call": CALL }), events: vec![state(CALL, after, None)] };
        let script = vec![turn("subscribe", snapshot(json!([call_info(before)]))), done];
        let came = run(&[verb, "--wait", after], script).await;
        assert_eq!((came.code(), &came.last()["state"]), (0, &json!(after)), "{verb}");
    }
    let script = vec![turn("subscribe", snapshot(json!([]))), turn("call.hold", refusal("wrong_state"))];
    assert_eq!(run(&["hold"], script).await.code(), 1);
}

#[tokio::test]
async fn what_becomes_of_the_active_call_is_said_when_another_one_is_answered() {
    for in_call in ["hold", "end", "refuse"] {
        let script = vec![turn("subscribe", snapshot(json!([]))), turn("call.accept", refusal("in_call"))];
        let came = run(&["answer", "--in-call", in_call], script).await;
        assert_eq!((came.code(), &came.asked[2]), (1, &json!({ "in_call": in_call })));
    }
}

#[tokio::test]
async fn what_one_does_oneself_is_no_failure() {
    for (verb, method, reason) in [
        ("decline", "call.decline", "declined"),
        ("hangup", "call.hang_up", "cancelled"),
        ("hangup", "call.hang_up", "hung_up"),
    ] {
        let done = Turn { method, answer: json!({ "call": CALL }), events: vec![state(CALL, "ended", Some(reason))] };
        let script = vec![turn("subscribe", snapshot(json!([call_info("active")]))), done];
        let came = run(&[verb, "--wait", "ended"], script).await;
        assert_eq!((came.code(), &came.last()["kind"]), (0, &json!("reached")), "{verb} {reason}");
    }
}

#[tokio::test]
async fn refusals_keep_their_codes() {
    for (kind, code) in [("no_such_call", 4), ("ambiguous_call", 4), ("wrong_state", 1), ("in_call", 1)] {
        let script = vec![turn("subscribe", snapshot(json!([]))), turn("call.accept", refusal(kind))];
        assert_eq!(run(&["answer"], script).await.code(), code, "{kind}");
    }
    let script = vec![turn("subscribe", snapshot(json!([]))), turn("call.offer", refusal("no_such_contact"))];
    assert_eq!(run(&["call", "nobody"], script).await.code(), 4);
}

#[tokio::test]
async fn what_is_no_call_id_is_no_call() {
    let script = || vec![turn("subscribe", snapshot(json!([])))];
    for verb in ["answer", "decline", "hangup"] {
        assert_eq!(run(&[verb, "nonsense"], script()).await.code(), 4, "{verb}");
        assert_eq!(run(&[verb, &CALL.to_uppercase()], script()).await.code(), 4, "{verb}");
    }
}
