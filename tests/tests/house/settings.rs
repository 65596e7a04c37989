//! docs/config.md and docs/config.schema.json are made from the table of settings; this keeps it so.
//!
//! `AHOY_WRITE_DOCS=1 cargo test -p ahoy-tests --test house` writes them anew.

use std::fmt::Write as _;

use ahoyd::config::{Config, KEYS, Key, Kind};
use serde_json::{Map, Value, json};

use crate::sources::{read, top};

const HEAD: &str = "# Settings

<!-- Made from the table in daemon/src/config/keys.rs by the test tests/tests/house/settings.rs; don't edit: AHOY_WRITE_DOCS=1 writes it anew. -->

`config.toml` in the home that `--home` or `AHOY_HOME` names, else in `$XDG_CONFIG_HOME/ahoy` (`~/.config/ahoy`); `--config FILE` names another one. Without
a home, data lie in `$XDG_DATA_HOME/ahoy` (`~/.local/share/ahoy`), logs in `$XDG_STATE_HOME/ahoy/logs` (`~/.local/state/ahoy/logs`), the socket in `$XDG_RUNTIME_DIR/ahoy`. The command line wins over the environment, the environment
over the file, the file over the defaults. An unknown key, a wrong type and a value out of its range stop the start with exit code 2
and a message that names every problem at once, each with its line and what is possible. `ahoyd --check-config` tells them and starts
nothing (whether files and devices that you name are there is seen at the start). [config.schema.json](config.schema.json) is the same table as a JSON schema, for editors that know TOML.

In environment variables lists are separated by commas.

`ahoy config set KEY VALUE` (and `config.set` of the control socket) writes one key while the daemon runs and leaves the rest of the file as it is, comments too. What has a yes in the last column is used from then
on, the others after the next start. What the command line or the environment has set can't be changed so, nor can the sound devices yet.

| key | unit | values | default | what it is | set also by | at once |
| --- | --- | --- | --- | --- | --- | --- |
";

/// Unit, and values possible.
fn form(kind: Kind) -> (&'static str, String) {
    match kind {
        Kind::Number { unit, min, max, only: [], .. } => (unit, format!("{min}..{max}")),
        Kind::Number { unit, only, .. } => (unit, only.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        Kind::Switch { .. } => ("", "true, false".into()),
        Kind::Text { form, .. } => ("text", form.into()),
        Kind::List { form, most, .. } => ("list", format!("at most {most}: {form}")),
    }
}

fn default(key: &Key) -> Value {
    (key.show)(&Config::default())
}

fn row(key: &Key) -> String {
    let (unit, values) = form(key.kind);
    let default = match default(key) {
        Value::Null | Value::Array(_) => key.absent.to_owned(),
        Value::String(text) => format!("`{text}`"),
        value @ (Value::Bool(_) | Value::Number(_) | Value::Object(_)) => value.to_string(),
    };
    let also: Vec<String> = key.env.iter().chain(&key.option).map(|name| format!("`{name}`")).collect();
    let at_once = if key.at_once { "yes" } else { "" };
    format!("| `{}` | {unit} | {values} | {default} | {} | {} | {at_once} |\n", key.name, key.what, also.join(", "))
}

fn page() -> String {
    let mut out = HEAD.to_owned();
    for key in KEYS.iter().filter(|key| !key.name.contains('.')) {
        out.push_str(&row(key));
    }
    out.push_str("\n`[times]` holds the time limits of a call's phases:\n\n");
    out.push_str(
        "| key | unit | values | default | what it is | set also by | at once |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for key in KEYS.iter().filter(|key| key.name.contains('.')) {
        out.push_str(&row(key));
    }
    write!(out, "\n{}", TAIL).unwrap();
    out
}

const TAIL: &str = "Metrics are answered on this machine only, because they tell when you call: a Unix socket can be read by your user, a loopback
address by every user of the machine. The log filter is made of levels and `TARGET=LEVEL`. A bare level is for the crates of Ahoy; others
write addresses and device ids at every level, so they are heard only where they are named with `debug` or `trace`.
";

fn property(key: &Key) -> Value {
    let (unit, values) = form(key.kind);
    let mut schema = match key.kind {
        Kind::Number { min, max, only: [], .. } => {
            json!({ "type": "integer", "minimum": min, "maximum": max, "x-unit": unit })
        }
        Kind::Number { only, .. } => json!({ "type": "integer", "enum": only, "x-unit": unit }),
        Kind::Switch { .. } => json!({ "type": "boolean" }),
        Kind::Text { .. } => json!({ "type": "string" }),
        Kind::List { most, .. } => json!({ "type": "array", "items": { "type": "string" }, "maxItems": most }),
    };
    let what = match key.kind {
        Kind::Text { .. } | Kind::List { .. } => format!("{}: {values}", key.what),
        Kind::Number { .. } | Kind::Switch { .. } => key.what.to_owned(),
    };
    schema["description"] = json!(what);
    if !default(key).is_null() {
        schema["default"] = default(key);
    }
    schema
}

fn schema() -> String {
    let mut top = Map::new();
    for key in KEYS {
        match key.name.split_once('.') {
            None => {
                top.insert(key.name.into(), property(&key));
            }
            Some((table, name)) => {
                let empty = json!({ "type": "object", "additionalProperties": false, "properties": {} });
                top.entry(table).or_insert(empty)["properties"][name] = property(&key);
            }
        }
    }
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "config.toml of ahoyd",
        "type": "object",
        "additionalProperties": false,
        "properties": top,
    });
    serde_json::to_string_pretty(&schema).unwrap() + "\n"
}

#[test]
fn the_settings_reference_and_the_schema_say_what_the_table_says() {
    for (path, rendered) in [("docs/config.md", page()), ("docs/config.schema.json", schema())] {
        if std::env::var_os("AHOY_WRITE_DOCS").is_some() {
            std::fs::write(top().join(path), &rendered).unwrap();
        }
        assert_eq!(read(path), rendered, "{path}: run it again with AHOY_WRITE_DOCS=1");
    }
}

#[test]
fn every_setting_is_explained_and_has_a_default_or_says_what_its_absence_means() {
    for key in KEYS {
        let empty = matches!(default(&key), Value::Null | Value::Array(_));
        assert_eq!(key.absent.is_empty(), !empty, "{}", key.name);
        assert!(key.what.len() > 7, "{}", key.name);
        assert!(key.name.matches('.').count() < 2, "tables in tables are not read");
    }
    let mut names: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), KEYS.len(), "a name twice");
}
