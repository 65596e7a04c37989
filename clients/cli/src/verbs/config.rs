//! config: get, set, unset.

use serde_json::{Value, json};

use ahoy_client::Client;

use crate::args::ConfigVerb;
use crate::failure::Failure;
use crate::out::Out;

/// Settings.
pub(crate) async fn config(client: &mut Client, verb: &ConfigVerb, out: &Out) -> Result<(), Failure> {
    match verb {
        ConfigVerb::Get { key } => get(client, key.as_deref(), out).await,
        ConfigVerb::Set { key, value } => set(client, key, Value::String(value.clone()), out).await,
        ConfigVerb::Unset { key } => set(client, key, Value::Null, out).await,
    }
}

async fn get(client: &mut Client, key: Option<&str>, out: &Out) -> Result<(), Failure> {
    let all = client.config().await?;
    let Some(key) = key else {
        let mut lines = Vec::new();
        flatten("", &all, &mut lines);
        return out.show(&all, || lines.join("\n"));
    };
    let found = key.split('.').try_fold(&all, |at, part| at.get(part)).filter(|value| !value.is_object());
    let Some(value) = found else {
        return Err(Failure::Usage(format!("there is no setting {key}: `ahoy config get` shows all of them")));
    };
    out.show(&json!({ "key": key, "value": value }), || text(value))
}

async fn set(client: &mut Client, key: &str, value: Value, out: &Out) -> Result<(), Failure> {
    let reply = client.set_config(key, value).await?;
    out.show(&reply, || {
        let when = if reply.in_use { "It is in use now." } else { "It is used after the daemon's next start." };
        format!("{key} = {}. {when}", text(&reply.value))
    })
}

fn flatten(prefix: &str, value: &Value, lines: &mut Vec<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        if value.is_object() {
            flatten(&format!("{prefix}{name}."), value, lines);
        } else {
            lines.push(format!("{prefix}{name} = {}", text(value)));
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "(not set)".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
