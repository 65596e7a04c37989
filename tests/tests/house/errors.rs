//! docs/errors.md is made from the closed lists of errors and end reasons; this keeps it so.
//!
//! `AHOY_WRITE_DOCS=1 cargo test -p ahoy-tests --test house` writes it anew.

use std::fmt::Write as _;

use ahoy_protocol::control::{END_CAUSES, END_REASONS, ErrorKind};
use serde_json::Value;

use crate::sources::{code_lines, files, is_test, read, top};

const PATH: &str = "docs/errors.md";

const HEAD: &str = "# What can go wrong

<!-- Made from the types by the test tests/tests/house/errors.rs; don't edit: AHOY_WRITE_DOCS=1 writes it anew. -->

These lists are closed: a daemon of this version says nothing that does not stand here. Later versions may add words.

## Errors

`data.kind` of an error reply on the control socket. `data.hint` says what to do in the case at hand. The exit code is the one of the
`ahoy` verb that met it; without a daemon it is 3, after a wait that ran out 5.

| `data.kind` | what it means | at fault | what to do | code | exit code |
| --- | --- | --- | --- | --- | --- |
";

const ENDS: &str = "
## Ends of calls

`reason` of the event `call_state` with the state `ended`, of `participant_left`, of `call.list` and of the history. The exit code is the
one of an `ahoy` verb that waited for something else; `--wait ended` gives 0 for `hung_up` and `max_duration`.

| `reason` | what it means | at fault | what to do | exit code |
| --- | --- | --- | --- | --- |
";

const CAUSES: &str = "
## Causes of ends

`cause.what` of the event `call_state`, of `call.list` and of the history, where there is one; `cause.detail` says it for people.

| `what` | what it means |
| --- | --- |
";

/// Every kind with its description, out of the schema of the type.
fn kinds() -> Vec<(ErrorKind, String)> {
    let schema = serde_json::to_value(schemars::schema_for!(ErrorKind)).unwrap();
    let all = schema["oneOf"].as_array().unwrap().clone();
    all.into_iter()
        .map(|one| (serde_json::from_value(one["const"].clone()).unwrap(), one["description"].as_str().unwrap().into()))
        .collect()
}

fn word(kind: ErrorKind) -> String {
    let Value::String(word) = serde_json::to_value(kind).unwrap() else { panic!("a word") };
    word
}

fn rendered() -> String {
    let mut out = HEAD.to_owned();
    for (kind, meaning) in kinds() {
        let told = kind.explanation();
        let code = ahoy_protocol::control::ControlError::new(kind, "", "").code();
        let (fault, exit) = (told.fault.text(), told.exit_code);
        writeln!(out, "| `{}` | {meaning} | {fault} | {} | {code} | {exit} |", word(kind), told.remedy).unwrap();
    }
    out.push_str(ENDS);
    for end in END_REASONS {
        let (fault, exit) = (end.fault.text(), end.exit_code);
        writeln!(out, "| `{}` | {} | {fault} | {} | {exit} |", end.word, end.meaning, end.remedy).unwrap();
    }
    out.push_str(CAUSES);
    for (word, meaning) in END_CAUSES {
        writeln!(out, "| `{word}` | {meaning} |").unwrap();
    }
    out
}

/// The first words of causes that the code makes, as they stand in these lines.
fn causes(lines: &[String]) -> Vec<String> {
    let calls = lines.iter().flat_map(|line| line.split("EndCause::new(\"").chain(line.split("cause(\"")).skip(1));
    let words = calls.filter_map(|rest| rest.split_once('"').map(|(word, _)| word.to_owned()));
    words.filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '_')).collect()
}

#[test]
fn every_cause_that_a_daemon_says_is_listed() {
    let sources = files("protocol/src", ".rs").into_iter().chain(files("daemon/src", ".rs"));
    let lines = sources.filter(|path| !is_test(path)).flat_map(|path| code_lines(&path));
    let said = causes(&lines.map(|(_, line)| line).collect::<Vec<_>>());
    assert!(said.len() >= 10, "{said:?}");
    let listed: Vec<&str> = END_CAUSES.iter().map(|(word, _)| *word).collect();
    assert_eq!(said.iter().filter(|word| !listed.contains(&word.as_str())).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(listed.iter().filter(|word| said.iter().all(|said| said != *word)).count(), 0, "nobody says one");
    assert_eq!(causes(&["let c = cause(\"odd\", why);".to_owned()]), ["odd"]);
}

#[test]
fn the_list_of_errors_says_what_the_types_say() {
    let rendered = rendered();
    if std::env::var_os("AHOY_WRITE_DOCS").is_some() {
        std::fs::write(top().join(PATH), &rendered).unwrap();
    }
    assert_eq!(read(PATH), rendered, "run it again with AHOY_WRITE_DOCS=1");
}

#[test]
fn every_error_and_end_says_what_to_do_and_gives_an_exit_code_that_exists() {
    for (kind, _) in kinds() {
        let told = kind.explanation();
        assert!(told.remedy.len() > 10 && (1..=6).contains(&told.exit_code), "{kind:?}");
    }
    for end in END_REASONS {
        assert!(!end.remedy.is_empty() && (1..=6).contains(&end.exit_code), "{}", end.word);
    }
}

/// Lines outside tests that put together a JSON-RPC error by themselves.
fn errors_by_hand(lines: &[(String, String)]) -> Vec<String> {
    let by_hand = |line: &str| line.contains("\"error\":") || line.contains("\\\"error\\\"");
    lines.iter().filter(|(_, line)| by_hand(line)).map(|(place, _)| place.clone()).collect()
}

#[test]
fn error_lines_are_written_in_one_place_out_of_the_listed_kinds() {
    let mut lines = Vec::new();
    for path in files("daemon/src", ".rs").into_iter().filter(|path| !is_test(path)) {
        let place = path.strip_prefix(top()).unwrap().display().to_string();
        lines.extend(code_lines(&path).into_iter().map(|(_, line)| (place.clone(), line)));
    }
    assert_eq!(errors_by_hand(&lines), ["daemon/src/control/parse.rs"]);
    let planted = ("daemon/src/x.rs".to_owned(), "json!({\"error\": {\"data\": {\"kind\": \"odd\"}}})".to_owned());
    assert_eq!(errors_by_hand(&[planted]), ["daemon/src/x.rs"]);
}
