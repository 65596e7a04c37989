//! voicemail.

use std::time::Duration;

use serde_json::json;

use ahoy_client::control::{CallInfo, ErrorKind};
use ahoy_client::{Client, ClientError};

use crate::failure::Failure;
use crate::out::Out;

/// Records a message for a call that nobody answered, until the time is over or Ctrl-C, and sends it.
pub(crate) async fn voicemail(client: &mut Client, call: Option<&str>, seconds: f64, out: &Out) -> Result<(), Failure> {
    let wait = Duration::try_from_secs_f64(seconds).map_err(|error| Failure::Usage(format!("--seconds: {error}")))?;
    let call = match call {
        Some(begin) => Some(whole(&client.calls().await?, begin)),
        None => None,
    };
    let begun = client.record_voicemail(call.as_deref()).await?;
    out.note("Recording; Ctrl-C ends it and sends it.");
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
    let sent = json!({ "call": call, "sent": true });
    out.show(&sent, || "The message is brought to the contact as soon as both daemons meet.".to_owned())
}

/// The call whose id begins so, if there is one; else as it was given: the daemon says what is wrong with it.
fn whole(calls: &[CallInfo], begin: &str) -> String {
    let mut meant = calls.iter().filter(|info| info.call.starts_with(begin));
    match (meant.next(), meant.next()) {
        (Some(info), None) => info.call.clone(),
        (Some(_), Some(_)) | (None, _) => begin.to_owned(),
    }
}
