//! docs/openrpc.json is what `rpc.discover` answers; this keeps it so, and keeps promises to clients: minor versions only
//! add. `AHOY_WRITE_DOCS=1` writes it anew, but never over a change that breaks clients: for a new major version somebody
//! takes the file away by hand.

use std::collections::BTreeSet;

use ahoy_protocol::control::openrpc;
use ahoyd::control::METHODS;
use serde_json::{Value, json};

use crate::sources::{read, top};

const PATH: &str = "docs/openrpc.json";
const TYPES: &str = "#/components/schemas/";

fn now() -> Value {
    openrpc(METHODS)
}

#[test]
fn the_openrpc_document_says_what_the_types_say_and_breaks_no_client() {
    let now = now();
    if let Ok(before) = std::fs::read_to_string(top().join(PATH)) {
        let breaks = breaks(&serde_json::from_str(&before).unwrap(), &now);
        assert!(breaks.is_empty(), "clients of {} break:\n{}", before.len(), breaks.join("\n"));
    }
    let text = serde_json::to_string_pretty(&now).unwrap() + "\n";
    if std::env::var_os("AHOY_WRITE_DOCS").is_some() {
        std::fs::write(top().join(PATH), &text).unwrap();
    }
    assert!(read(PATH) == text, "{PATH} is old: AHOY_WRITE_DOCS=1 writes it anew");
}

#[test]
fn every_method_is_in_the_document_and_every_type_it_names_is_there() {
    let now = now();
    assert_eq!(now["methods"].as_array().unwrap().len(), METHODS.len());
    let mut named = BTreeSet::new();
    collect(&now, &mut named);
    for name in named {
        assert!(now["components"]["schemas"].get(&name).is_some(), "{name}");
    }
}

#[test]
fn every_kind_of_breaking_change_is_noticed_and_additions_are_none() {
    let before = now();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut after = before.clone();
        change(&mut after);
        breaks(&before, &after).len()
    };
    let method = |doc: &mut Value, name: &str| {
        doc["methods"].as_array().unwrap().iter().position(|method| method["name"] == name).unwrap()
    };
    assert_eq!(changed(&|_| {}), 0);
    assert!(changed(&|doc| drop(doc["methods"].as_array_mut().unwrap().pop())) > 0, "a method is gone");
    assert!(
        changed(&|doc| {
            let at = method(doc, "contact.add");
            doc["methods"][at]["params"] = json!([]);
        }) > 0
    );
    let param = |required: bool| json!({ "name": "new", "required": required, "schema": { "type": "string" } });
    let add = |doc: &mut Value, required| {
        let at = method(doc, "contact.add");
        doc["methods"][at]["params"].as_array_mut().unwrap().push(param(required));
    };
    assert!(changed(&|doc| add(doc, true)) > 0, "a new parameter that must be there");
    assert_eq!(changed(&|doc| add(doc, false)), 0, "a new one that may be");
    let contact = |doc: &mut Value| doc["components"]["schemas"]["Contact"].take();
    let with = |doc: &mut Value, schema: Value| doc["components"]["schemas"]["Contact"] = schema;
    let drop_field = |doc: &mut Value| {
        let mut schema = contact(doc);
        schema["properties"].as_object_mut().unwrap().remove("online");
        with(doc, schema);
    };
    assert!(changed(&drop_field) > 0, "a field of a reply is gone");
    let retype = |doc: &mut Value| {
        let mut schema = contact(doc);
        schema["properties"]["online"]["type"] = json!("string");
        with(doc, schema);
    };
    assert!(changed(&retype) > 0, "a field of a reply has another type");
    let loosen = |doc: &mut Value| {
        let mut schema = contact(doc);
        schema["required"] = json!([]);
        with(doc, schema);
    };
    assert!(changed(&loosen) > 0, "a field that was always there may be absent");
    let forget_event = |doc: &mut Value| drop(doc["x-events"]["oneOf"].as_array_mut().unwrap().pop());
    assert!(changed(&forget_event) > 0, "a kind of event is gone");
}

/// What of the old document doesn't hold in the new one.
fn breaks(before: &Value, after: &Value) -> Vec<String> {
    let mut out = Vec::new();
    for method in list(&before["methods"]) {
        let name = method["name"].as_str().unwrap();
        let Some(now) = list(&after["methods"]).iter().find(|one| one["name"] == name) else {
            out.push(format!("{name} is gone"));
            continue;
        };
        same("scope", name, &method["x-scope"], &now["x-scope"], &mut out);
        same("result", name, &method["result"]["schema"], &now["result"]["schema"], &mut out);
        for param in list(&method["params"]) {
            let path = format!("{name}({})", param["name"].as_str().unwrap());
            match list(&now["params"]).iter().find(|one| one["name"] == param["name"]) {
                Some(now) => schema(&path, &param["schema"], &now["schema"], &mut out),
                None => out.push(format!("{path} is gone")),
            }
        }
        for param in list(&now["params"]).iter().filter(|param| param["required"] == true) {
            let before = list(&method["params"]).iter().find(|one| one["name"] == param["name"]);
            if before.is_none_or(|before| before["required"] == false) {
                out.push(format!("{name}({}) must be there now", param["name"]));
            }
        }
    }
    for (name, old) in before["components"]["schemas"].as_object().unwrap() {
        match after["components"]["schemas"].get(name) {
            Some(now) => schema(name, old, now, &mut out),
            None => out.push(format!("the type {name} is gone")),
        }
    }
    schema("event", &before["x-events"], &after["x-events"], &mut out);
    schema("error", &before["x-error-kinds"], &after["x-error-kinds"], &mut out);
    out
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn same(what: &str, path: &str, before: &Value, after: &Value, out: &mut Vec<String>) {
    if before != after {
        out.push(format!("{path}: {what} was {before}, is {after}"));
    }
}

/// One type: what was there is there, of the same form. Parameters were compared with their methods already.
fn schema(path: &str, before: &Value, after: &Value, out: &mut Vec<String>) {
    for key in ["type", "format", "$ref", "const", "additionalProperties"] {
        same(key, path, &before[key], &after[key], out);
    }
    let after_fields = &after["properties"];
    for (name, old) in before["properties"].as_object().into_iter().flatten() {
        match after_fields.get(name) {
            Some(now) => schema(&format!("{path}.{name}"), old, now, out),
            None => out.push(format!("{path}.{name} is gone")),
        }
    }
    for name in list(&before["required"]).iter().filter(|name| !list(&after["required"]).contains(name)) {
        // A parameter may become one that can be left out.
        if before["additionalProperties"] != false {
            out.push(format!("{path}.{name} may be absent now"));
        }
    }
    if before["items"].is_object() {
        schema(&format!("{path}[]"), &before["items"], &after["items"], out);
    }
    for key in ["oneOf", "anyOf", "enum"] {
        for old in list(&before[key]) {
            match list(&after[key]).iter().find(|now| is_alike(old, now)) {
                Some(now) => schema(&format!("{path}|{}", word(old)), old, now, out),
                None => out.push(format!("{path}: {} is gone", word(old))),
            }
        }
    }
}

/// The word that tells the variants of a type apart.
fn word(variant: &Value) -> String {
    let kind = &variant["properties"]["kind"]["const"];
    let words = [kind, &variant["const"], &variant["$ref"], &variant["type"], variant];
    words.into_iter().find(|word| !word.is_null()).map(ToString::to_string).unwrap_or_default()
}

fn is_alike(before: &Value, after: &Value) -> bool {
    word(before) == word(after)
}

fn collect(value: &Value, named: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(name) = value["$ref"].as_str() {
                named.insert(name.strip_prefix(TYPES).expect("a type of this document").to_owned());
            }
            fields.values().for_each(|value| collect(value, named));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, named)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
