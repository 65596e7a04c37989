//! One connection to the daemon.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use ahoy_protocol::control::{
    API_VERSION, ControlError, ErrorKind, Event, HelloParams, HelloReply, HomePaths, Request, Scope,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::ClientError;
use crate::limits::{MAX_EVENTS_KEPT, REPLY_LIMIT};
use crate::lines::{Duplex, Lines};
use crate::platform;

mod methods;
mod people;
mod pipeline;
mod recording;
#[cfg(test)]
mod tests;

/// An event as it came, and as a type if this library knows its kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// The event as the daemon wrote it, with fields this library may not know.
    pub raw: Value,
    /// The event, unless a newer daemon sent a kind that this library does not know.
    pub known: Option<Event>,
}

/// A connection that has said hello.
pub struct Client {
    lines: Lines,
    hello: HelloReply,
    next_id: u64,
    reply_limit: Duration,
    /// Events that came while a reply was awaited, oldest first.
    events: VecDeque<Value>,
}

impl Client {
    /// Connects to the daemon of `home` (or of `AHOY_HOME`, or of this user) and introduces itself as `name`.
    ///
    /// # Errors
    /// [`ClientError::NoDaemon`] if none runs, [`ClientError::Refused`] if it speaks another version.
    pub async fn connect(home: Option<&Path>, name: &str) -> Result<Self, ClientError> {
        let paths = HomePaths::find(home, &|variable| std::env::var_os(variable)).ok_or(ClientError::NoHome)?;
        Self::connect_to(&paths.socket, name).await
    }

    /// Connects to a socket by its path.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub async fn connect_to(socket: &Path, name: &str) -> Result<Self, ClientError> {
        Self::over(platform::connect(socket).await?, name, None).await
    }

    /// Speaks over a stream that exists already, with fewer scopes than everything if `scopes` are given.
    ///
    /// # Errors
    /// [`ClientError::Refused`] if the daemon does not take this client.
    pub async fn over(stream: Box<dyn Duplex>, name: &str, scopes: Option<Vec<Scope>>) -> Result<Self, ClientError> {
        let mut lines = Lines::new(stream);
        let params = HelloParams { client: name.to_owned(), api: API_VERSION.to_owned(), scopes };
        let mut events = VecDeque::new();
        let hello = exchange(&mut lines, &mut events, 1, &Request::Hello(params), REPLY_LIMIT).await?;
        Ok(Self { lines, hello, next_id: 2, reply_limit: REPLY_LIMIT, events })
    }

    /// Who answered: versions, account, device, limits.
    #[must_use]
    pub fn hello(&self) -> &HelloReply {
        &self.hello
    }

    /// Waits at most `limit` for each reply, instead of 10 s. No method waits for a person or a peer.
    #[must_use]
    pub fn with_reply_limit(mut self, limit: Duration) -> Self {
        self.reply_limit = limit;
        self
    }

    /// Asks, and waits for the answer of the type that belongs to the method. The methods of [`Client`] do this
    /// with the right types; call it yourself to see fields that they do not know (`R = serde_json::Value`).
    ///
    /// # Errors
    /// [`ClientError::Refused`] if the daemon says no, [`ClientError::Closed`] if it goes away meanwhile.
    pub async fn call<R: DeserializeOwned>(&mut self, request: &Request) -> Result<R, ClientError> {
        let id = self.next_id;
        self.next_id += 1;
        exchange(&mut self.lines, &mut self.events, id, request, self.reply_limit).await
    }

    /// The next event; waits for it without limit. Subscribe first. Dropping the future loses no event.
    ///
    /// # Errors
    /// [`ClientError::Closed`] when the daemon stops.
    pub async fn event(&mut self) -> Result<Notice, ClientError> {
        let raw = match self.events.pop_front() {
            Some(raw) => raw,
            None => loop {
                // Anything else here is the late answer to a request whose caller gave up.
                if let Some(event) = take_event(&mut self.lines.read().await?) {
                    break event;
                }
            },
        };
        let known = serde_json::from_value(raw.clone()).ok();
        Ok(Notice { raw, known })
    }
}

/// Sends a request and waits for its answer; events that come before it are kept.
async fn exchange<R: DeserializeOwned>(
    lines: &mut Lines,
    events: &mut VecDeque<Value>,
    id: u64,
    request: &Request,
    limit: Duration,
) -> Result<R, ClientError> {
    let mut line = serde_json::to_value(request).map_err(|error| ClientError::Protocol(error.to_string()))?;
    let method = line["method"].as_str().unwrap_or_default().to_owned();
    line["jsonrpc"] = json!("2.0");
    line["id"] = json!(id);
    let answer = async {
        match lines.write(&line).await {
            // It may have said why before it closed.
            Ok(()) | Err(ClientError::Closed) => {}
            Err(error) => return Err(error),
        }
        loop {
            let mut line = lines.read().await?;
            if let Some(event) = take_event(&mut line) {
                if events.len() == MAX_EVENTS_KEPT {
                    return Err(ClientError::Protocol(format!("{MAX_EVENTS_KEPT} events before the answer")));
                }
                events.push_back(event);
            } else if line["id"] == json!(id) || line["id"].is_null() {
                // An error without id is about a line the daemon could not read: only ours can be meant.
                return Ok(line);
            }
        }
    };
    let late = || ClientError::NoAnswer { method: method.clone(), limit };
    let mut line = tokio::time::timeout(limit, answer).await.map_err(|_elapsed| late())??;
    if let Some(error) = line.get("error") {
        return Err(refusal(error));
    }
    let result = line.get_mut("result").map(Value::take);
    let result = result.ok_or_else(|| ClientError::Protocol(format!("`{method}` got neither result nor error")))?;
    serde_json::from_value(result).map_err(|error| ClientError::Protocol(format!("answer to `{method}`: {error}")))
}

/// The event in a line, if it is one.
fn take_event(line: &mut Value) -> Option<Value> {
    let is_event = line.get("method").is_some_and(|method| method == "event");
    is_event.then(|| line.get_mut("params").map(Value::take).unwrap_or_default())
}

/// A JSON-RPC error as the daemon's reason.
fn refusal(error: &Value) -> ClientError {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let data = &error["data"];
    let candidates = data["candidates"].as_array().map(|list| list.iter().map(text).collect()).unwrap_or_default();
    // A kind of a newer daemon is still a refusal; its words say what this library can't.
    let kind = serde_json::from_value(data["kind"].clone()).unwrap_or(ErrorKind::Internal);
    let mut refusal = ControlError::new(kind, text(&error["message"]), text(&data["hint"]));
    refusal.candidates = candidates;
    refusal.problem = serde_json::from_value(data["problem"].clone()).ok();
    ClientError::Refused(refusal)
}
