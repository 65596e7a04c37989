//! docs/errors.md is made from the closed lists of errors and end reasons; this keeps it so.
//!
//! `AHOY_WRITE_DOCS=1 cargo test -p ahoy-tests --test house` writes it anew.

use std::fmt::Write as _;

use ahoy_protocol::control::{END_REASONS, ErrorKind};
use serde_json::Value;

use crate::sources::{code_lines, files, is_test, read, top};

const PATH: &str = "docs/errors.md";

const HEAD: &str = "# What can go wrong

<!-- Made from the types by the test tests/tests/house/errors.rs; don't edit: AHOY_WRITE_DOCS=1 writes it anew. -->

Both lists are closed: a daemon of this version says nothing that does not stand here. Later versions may add words.

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
    out
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
