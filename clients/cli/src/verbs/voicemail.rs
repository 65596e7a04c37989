//! voicemail.

use std::fmt::Display;
use std::time::Duration;

use chrono::{DateTime, Local, TimeZone};
use serde_json::json;

use ahoy_client::control::{CallInfo, ErrorKind, RosterEntry};
use ahoy_client::{Client, ClientError};

use crate::failure::{Failure, end_text};
use crate::out::Out;
use crate::say;
use crate::verbs::meant;

/// Records a message for a call that nobody answered, until the time is over or Ctrl-C, and sends it.
pub(crate) async fn voicemail(client: &mut Client, call: Option<&str>, seconds: f64, out: &Out) -> Result<(), Failure> {
    let wait = Duration::try_from_secs_f64(seconds).map_err(|error| Failure::Usage(format!("--seconds: {error}")))?;
    let call = meant::meant(client, call).await?;
    let begun = client.record_voicemail(call.as_deref()).await?;
    let whose = whose(client, begun.call.as_deref()).await?;
    out.note(&format!("Recording a message for {}; Ctrl-C ends it and sends it.", whose_text(whose.as_ref(), &Local)));
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    let call = match client.end_voicemail(true).await {
        Ok(_) => begun.call,
        // It was long enough, or a call got the microphone: then it went by itself.
        Err(ClientError::Refused(refusal)) if refusal.kind == ErrorKind::WrongState => begun.call,
        Err(error) => return Err(error.into()),
    };
    let who = whose.as_ref().and_then(|(_, other)| other.as_ref());
    let sent = json!({
        "call": call, "sent": true, "account": who.map(|it| &it.account), "name": who.and_then(|it| it.name.as_ref()),
    });
    out.show(&sent, || {
        let name = who.map_or_else(|| "the contact".to_owned(), say::who);
        format!("The message is brought to {name} as soon as both daemons meet.")
    })
}

/// The call that a message is for, and the other side of it.
type Whose = (CallInfo, Option<RosterEntry>);

async fn whose(client: &mut Client, call: Option<&str>) -> Result<Option<Whose>, Failure> {
    let us = client.hello().account.clone();
    let call = client.calls().await?.into_iter().find(|info| Some(info.call.as_str()) == call);
    Ok(call.map(|info| {
        let other = info.roster.iter().find(|entry| entry.account != us).cloned();
        (info, other)
    }))
}

/// Whom it is for and after which call; calls are listed for ten minutes after their end.
fn whose_text(whose: Option<&Whose>, zone: &impl TimeZone<Offset: Display>) -> String {
    let Some((call, other)) = whose else { return "a call of more than ten minutes ago".to_owned() };
    let name = other.as_ref().map_or_else(|| "the other side".to_owned(), say::who);
    let at = i64::try_from(call.started_at_ms).ok().and_then(DateTime::from_timestamp_millis);
    let at = at.map(|at| at.with_timezone(zone).format(", called at %H:%M").to_string()).unwrap_or_default();
    let why = call.reason.as_deref().map(|reason| format!(" ({})", end_text(reason, None))).unwrap_or_default();
    format!("{name}{at}{why}")
}

#[cfg(test)]
mod tests {
    use ahoy_client::control::{CallState, Direction};

    use super::*;

    #[test]
    fn whoever_records_reads_for_whom_and_after_which_call() {
        let other = RosterEntry { account: "ahoy1ada".into(), name: Some("Ada".into()) };
        let call = CallInfo {
            call: "c0".repeat(16),
            state: CallState::Ended,
            direction: Direction::Out,
            roster: vec![other.clone()],
            participants: Vec::new(),
            muted: false,
            recording: false,
            started_at_ms: 1_800_000_000_000,
            ended_at_ms: None,
            reason: Some("no_answer".into()),
            cause: None,
            continues_as: None,
            context: None,
        };
        let text = whose_text(Some(&(call, Some(other))), &chrono::Utc);
        assert!(text.starts_with("Ada, called at 08:00 ("), "{text}");
        assert!(whose_text(None, &chrono::Utc).contains("more than ten minutes ago"));
    }
}
