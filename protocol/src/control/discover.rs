//! The whole interface as a document of its own: OpenRPC 1.3, made of the types that requests and replies are read by.

use serde_json::{Map, Value, json};

use super::event::Event;
use super::reply::Reply;
use super::request::{Request, Scope};
use super::{API_VERSION, ErrorKind};

/// `rpc.discover`: every method with its parameters, its result and the scope it needs (`x-scope`), and under
/// `x-events` what comes as notifications. Methods without a type of their own are left out: there is none.
#[must_use]
pub fn openrpc(methods: &[(&'static str, Scope)]) -> Value {
    let (request, reply, event) =
        (schemars::schema_for!(Request), schemars::schema_for!(Reply), schemars::schema_for!(Event));
    let [mut request, mut reply, mut event] = [request, reply, event].map(schemars::Schema::to_value);
    let error = schemars::schema_for!(ErrorKind).to_value();
    let mut types = Map::new();
    for schema in [&mut request, &mut reply, &mut event] {
        point_at_components(schema);
        if let Some(Value::Object(own)) = schema.as_object_mut().and_then(|schema| schema.remove("$defs")) {
            types.extend(own);
        }
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("$schema");
        }
    }
    let methods: Vec<Value> =
        methods.iter().filter_map(|(name, scope)| method(name, *scope, &request, &reply, &types)).collect();
    json!({
        "openrpc": "1.3.2",
        "info": { "title": "ahoyd", "version": API_VERSION, "description": "The control socket of a calling daemon." },
        "methods": methods,
        "x-events": event,
        "x-error-kinds": error,
        "components": { "schemas": types },
    })
}

fn method(name: &str, scope: Scope, request: &Value, reply: &Value, types: &Map<String, Value>) -> Option<Value> {
    let asked = request["oneOf"].as_array()?.iter().find(|one| one["properties"]["method"]["const"] == name)?;
    let params = target(&asked["properties"]["params"]).and_then(|params| types.get(params))?;
    let required: Vec<&str> = params["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let fields = params["properties"].as_object().into_iter().flatten();
    let fields: Vec<Value> = fields
        .map(|(field, schema)| json!({ "name": field, "required": required.contains(&field.as_str()), "schema": schema }))
        .collect();
    // What has no reply of its own is answered by the last one: done.
    let replies = reply["anyOf"].as_array()?;
    let words = format!("`{name}`");
    let answers = |one: &&Value| one["description"].as_str().is_some_and(|text| text.contains(&words));
    let result = replies.iter().find(answers).or_else(|| replies.last())?;
    let result_name = target(result).unwrap_or("any");
    let result = result.get("$ref").map_or_else(|| json!({}), |to| json!({ "$ref": to }));
    Some(json!({
        "name": name,
        "summary": asked["description"],
        "paramStructure": "by-name",
        "params": fields,
        "result": { "name": result_name, "schema": result },
        "x-scope": scope,
    }))
}

/// The name a `$ref` points at.
fn target(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

/// JSON Schema has its types under `$defs`, OpenRPC under `components`.
fn point_at_components(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                if let (true, Value::String(to)) = (name == "$ref", &mut *value) {
                    *to = to.replace("#/$defs/", "#/components/schemas/");
                } else {
                    point_at_components(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(point_at_components),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
