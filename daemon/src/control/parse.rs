//! A line becomes a request, or an error that says what is wrong with it; answers become lines.

use ahoy_protocol::control::{ControlError, ErrorKind, Reply, Request};
use serde_json::{Map, Value, json};

use super::methods::METHODS;
use super::strict::Strict;
use crate::limits;

/// A request with what its answer must name.
#[derive(Debug, PartialEq)]
pub(super) struct Envelope {
    /// The client's id.
    pub(super) id: Value,
    /// What it asks.
    pub(super) request: Request,
}

/// A line that is no request; the id if it could be read.
#[derive(Debug, PartialEq)]
pub(super) struct Refused {
    /// The client's id, or null.
    pub(super) id: Value,
    /// What is wrong.
    pub(super) error: ControlError,
}

/// Reads a line.
pub(super) fn request(line: &[u8]) -> Result<Envelope, Refused> {
    let refuse = |id: &Value, error| Refused { id: id.clone(), error };
    let object = object(line).map_err(|error| refuse(&Value::Null, error))?;
    let id = object.get("id").cloned().unwrap_or(Value::Null);
    if !(id.is_string() || id.is_number()) {
        let hint = "give every request an \"id\": a number or a string";
        return Err(refuse(
            &Value::Null,
            ControlError::new(ErrorKind::BadRequest, "the request has no usable id", hint),
        ));
    }
    match check(object) {
        Ok(request) => Ok(Envelope { id, request }),
        Err(error) => Err(refuse(&id, error)),
    }
}

fn object(line: &[u8]) -> Result<Map<String, Value>, ControlError> {
    let bad = |message: String| {
        ControlError::new(ErrorKind::BadLine, message, "send one JSON object a line, UTF-8, at most 64 KiB")
    };
    match serde_json::from_slice(line).map(|Strict(value)| value) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(Value::Array(_)) => {
            let hint = "send one object a line; batches are not supported";
            Err(ControlError::new(ErrorKind::BadRequest, "the line is an array", hint))
        }
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            Err(bad("the line is no JSON object".into()))
        }
        Err(error) => Err(bad(format!("the line is not JSON: {error}"))),
    }
}

fn check(mut object: Map<String, Value>) -> Result<Request, ControlError> {
    let bad = |message: String, hint: &str| ControlError::new(ErrorKind::BadRequest, message, hint);
    if object.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(bad("\"jsonrpc\" is not \"2.0\"".into(), "send {\"jsonrpc\":\"2.0\",\"id\":..,\"method\":..}"));
    }
    if let Some(name) = object.keys().find(|name| !["jsonrpc", "id", "method", "params"].contains(&name.as_str())) {
        return Err(bad(format!("unknown field `{}`", shown(name)), "a request has jsonrpc, id, method and params"));
    }
    let Some(Value::String(method)) = object.remove("method") else {
        return Err(bad("\"method\" is missing or no string".into(), "name a method, such as \"status\""));
    };
    let Some((name, _)) = METHODS.iter().find(|(name, _)| *name == method) else {
        return Err(unknown(&method));
    };
    let params = match object.remove("params") {
        None | Some(Value::Null) => json!({}),
        Some(Value::Object(params)) => Value::Object(params),
        Some(Value::Array(_) | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            return Err(bad_params(name, "\"params\" is no object"));
        }
    };
    serde_json::from_value(json!({"method": name, "params": params}))
        .map_err(|error: serde_json::Error| bad_params(name, &error.to_string()))
}

fn bad_params(method: &str, what: &str) -> ControlError {
    let hint = format!("see the parameters of {method} in docs/control.md");
    ControlError::new(ErrorKind::BadParams, format!("{method}: {}", shown(what)), hint)
}

/// The beginning of a client's own words: an error is not to send 64 KiB back.
pub(super) fn shown(text: &str) -> &str {
    text.char_indices().nth(limits::QUOTED_CHARS).map_or(text, |(end, _)| text.get(..end).unwrap_or_default())
}

fn unknown(method: &str) -> ControlError {
    let shown = shown(method);
    let mut error = ControlError::new(
        ErrorKind::UnknownMethod,
        format!("no method `{shown}`"),
        "see the methods in docs/control.md",
    );
    let group = shown.split('.').next().unwrap_or_default();
    let near = METHODS.iter().filter(|(name, _)| name.split('.').next() == Some(group));
    error.candidates = near.map(|(name, _)| (*name).to_owned()).collect();
    error
}

/// An answer as a line.
pub(super) fn answer_line(id: &Value, answer: &Result<Reply, ControlError>) -> String {
    match answer {
        Ok(reply) => match serde_json::to_string(reply) {
            Ok(reply) => format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{reply}}}\n"),
            Err(error) => {
                let error = ControlError::new(ErrorKind::Internal, format!("no JSON: {error}"), "report this defect");
                error_line(id, &error)
            }
        },
        Err(error) => error_line(id, error),
    }
}

/// An error as a line.
pub(super) fn error_line(id: &Value, error: &ControlError) -> String {
    let mut data = json!({"kind": error.kind, "hint": error.hint});
    if !error.candidates.is_empty() {
        data["candidates"] = json!(error.candidates);
    }
    if let Some(problem) = &error.problem {
        data["problem"] = json!(problem);
    }
    let error = json!({"code": error.code(), "message": error.message, "data": data});
    format!("{}\n", json!({"jsonrpc": "2.0", "id": id, "error": error}))
}
