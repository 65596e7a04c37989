//! docs/control.md is made from the types that daemon and clients use; this keeps it so.
//!
//! `AHOY_WRITE_DOCS=1 cargo test -p ahoy-tests --test house` writes it anew.

use std::fmt::Write as _;

use ahoy_protocol::control::{API_VERSION, ErrorKind, Event, Reply, Request};
use ahoyd::control::METHODS;
use serde_json::{Map, Value};

use crate::sources::{read, top};

const PATH: &str = "docs/control.md";

const HEAD: &str = "# The control socket

<!-- Made from the types by the test tests/tests/house/reference.rs; don't edit: AHOY_WRITE_DOCS=1 writes it anew. -->

JSON-RPC 2.0, one UTF-8 JSON object a line, over the Unix socket `ahoyd.sock` (0600, only the same user gets in): in the home that
`--home` or `AHOY_HOME` names, else in `$XDG_RUNTIME_DIR/ahoy`, else in `$XDG_STATE_HOME/ahoy` (`~/.local/state/ahoy`). A directory that
the daemon makes is 0700; one that was there stays as it is. A request is at most 64 KiB long; a longer or broken line gets an error, and the
connection goes on. `hello` comes first. Unknown fields in requests are refused by name; clients ignore unknown
events and fields, since minor versions only add.

```json
{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\",\"params\":{\"client\":\"my-messenger\",\"api\":\"1.0\"}}
{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"call.offer\",\"params\":{\"to\":[\"Ada\"]}}
```

After `subscribe`, events come as notifications with the method `event`. A client that is too slow loses events, is told
by `lagged`, and gets a fresh snapshot. Ids are text: accounts in bech32m, devices as base58 peer ids, calls as 32 hex
digits. Times are Unix milliseconds unless the name says otherwise.
";

fn schema<T: schemars::JsonSchema>() -> Value {
    serde_json::to_value(schemars::schema_for!(T)).unwrap()
}

fn text(value: &Value) -> String {
    value["description"].as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|")
}

/// The name a `$ref` points at.
fn target(value: &Value) -> Option<String> {
    Some(value["$ref"].as_str()?.rsplit('/').next()?.to_owned())
}

/// A type as people write it.
fn type_name(value: &Value) -> String {
    if let Some(name) = target(value) {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(any) = value["anyOf"].as_array() {
        let names: Vec<String> = any.iter().filter(|one| one["type"] != "null").map(type_name).collect();
        return format!("{} or null", names.join(" or "));
    }
    match &value["type"] {
        Value::String(name) if name == "array" => format!("list of {}", type_name(&value["items"])),
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            let names: Vec<String> = names
                .iter()
                .filter_map(Value::as_str)
                .map(|name| match name {
                    "array" => format!("list of {}", type_name(&value["items"])),
                    name => name.to_owned(),
                })
                .collect();
            names.join(" or ")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => "any".to_owned(),
    }
}

/// Fields of an object, with those of the types it flattens in.
fn fields(object: &Value, types: &Map<String, Value>) -> Vec<(String, Value, bool)> {
    let required: Vec<&str> = object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let own = object["properties"].as_object().into_iter().flatten();
    let own = own.map(|(name, value)| (name.clone(), value.clone(), required.contains(&name.as_str())));
    let included = target(object).and_then(|name| types.get(&name).map(|inner| fields(inner, types)));
    own.chain(included.into_iter().flatten()).collect()
}

fn field_table(out: &mut String, object: &Value, types: &Map<String, Value>, left_out: &[&str]) {
    let rows: Vec<_> =
        fields(object, types).into_iter().filter(|(name, ..)| !left_out.contains(&name.as_str())).collect();
    if rows.is_empty() {
        return;
    }
    out.push_str("\n| field | type | |\n| --- | --- | --- |\n");
    for (name, value, required) in rows {
        let optional = if required { "" } else { " (may be absent)" };
        writeln!(out, "| `{name}` | {} | {}{optional} |", type_name(&value), text(&value)).unwrap();
    }
}

fn methods(out: &mut String, types: &mut Map<String, Value>) {
    let request = schema::<Request>();
    let reply = schema::<Reply>();
    for schema in [&request, &reply] {
        types.extend(schema["$defs"].as_object().unwrap().clone());
    }
    let replies = reply["anyOf"].as_array().unwrap();
    out.push_str("\n## Methods\n");
    let mut params_types = Vec::new();
    for (name, scope) in METHODS {
        let asked = request["oneOf"].as_array().unwrap();
        let asked = asked.iter().find(|one| one["properties"]["method"]["const"] == *name).expect(name);
        let answer = replies.iter().find(|one| text(one).contains(&format!("`{name}`")));
        let answer = target(answer.unwrap_or_else(|| replies.last().unwrap())).unwrap();
        let scope = serde_json::to_value(scope).unwrap();
        writeln!(out, "\n### `{name}`\n\n{} Scope: {}.", text(asked), scope.as_str().unwrap()).unwrap();
        let params = target(&asked["properties"]["params"]).unwrap();
        field_table(out, &types[&params], types, &[]);
        writeln!(out, "\nAnswers [{answer}](#{}).", answer.to_lowercase()).unwrap();
        params_types.push(params);
    }
    // They are shown with their methods.
    types.retain(|name, _| !params_types.contains(name));
}

fn events(out: &mut String, types: &mut Map<String, Value>) {
    let event = schema::<Event>();
    types.extend(event["$defs"].as_object().unwrap().clone());
    out.push_str(
        "\n## Events\n\nEvery event has `seq` (rises by one), `at_ms` and `kind`; the rest stands beside them.\n",
    );
    for kind in event["oneOf"].as_array().unwrap() {
        let name = kind["properties"]["kind"]["const"].as_str().unwrap();
        writeln!(out, "\n### `{name}`\n\n{}", text(kind)).unwrap();
        field_table(out, kind, types, &["kind"]);
    }
}

fn errors(out: &mut String) {
    out.push_str(
        "\n## Errors\n\nA JSON-RPC error with `data.kind` out of this list, `data.hint` (what to do) and, where several \
         things could be meant, `data.candidates`.\n\n| `data.kind` | |\n| --- | --- |\n",
    );
    for kind in schema::<ErrorKind>()["oneOf"].as_array().unwrap() {
        writeln!(out, "| `{}` | {} |", kind["const"].as_str().unwrap(), text(kind)).unwrap();
    }
}

fn types_section(out: &mut String, types: &Map<String, Value>) {
    out.push_str("\n## Types\n");
    for (name, value) in types {
        writeln!(out, "\n### {name}\n\n{}", text(value)).unwrap();
        field_table(out, value, types, &[]);
        let words: Vec<&Value> = value["oneOf"].as_array().into_iter().flatten().collect();
        if !words.is_empty() {
            out.push_str("\n| word | |\n| --- | --- |\n");
        }
        for word in words {
            writeln!(out, "| `{}` | {} |", word["const"].as_str().unwrap_or("?"), text(word)).unwrap();
        }
    }
}

fn rendered() -> String {
    let mut out = HEAD.to_owned();
    writeln!(out, "\nThis is interface version {API_VERSION}.").unwrap();
    let mut types = Map::new();
    methods(&mut out, &mut types);
    events(&mut out, &mut types);
    errors(&mut out);
    types_section(&mut out, &types);
    out
}

#[test]
fn the_control_reference_says_what_the_types_say() {
    let rendered = rendered();
    if std::env::var_os("AHOY_WRITE_DOCS").is_some() {
        std::fs::write(top().join(PATH), &rendered).unwrap();
    }
    assert_eq!(read(PATH), rendered, "run it again with AHOY_WRITE_DOCS=1");
}

#[test]
fn every_method_of_the_daemon_is_a_request_and_the_other_way_round() {
    let request = schema::<Request>();
    let mut requests: Vec<&str> = request["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["properties"]["method"]["const"].as_str())
        .collect();
    let mut methods: Vec<&str> = METHODS.iter().map(|(name, _)| *name).collect();
    requests.sort_unstable();
    methods.sort_unstable();
    assert_eq!(requests, methods);
}

#[test]
fn the_control_reference_has_no_dangling_link() {
    let text = rendered();
    let headings: Vec<String> =
        text.lines().filter_map(|line| line.strip_prefix("### ")).map(|name| name.to_lowercase()).collect();
    for link in text.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(headings.iter().any(|heading| heading == link), "#{link}");
    }
}
