//! record.

use std::path::Path;

use serde_json::json;

use ahoy_client::Client;

use crate::args::RecordVerb;
use crate::failure::Failure;
use crate::out::Out;
use crate::verbs::meant::meant;

/// Records a call, or says whether others may record us.
pub(crate) async fn record(client: &mut Client, verb: &RecordVerb, out: &Out) -> Result<(), Failure> {
    match verb {
        RecordVerb::Start { call, to } => {
            let call = meant(client, call.as_deref()).await?;
            let begun = client.record(call.as_deref(), to.as_deref().map(absolute).transpose()?.as_deref()).await?;
            out.show(&begun, || {
                let folder = &begun.folder;
                format!("Recording to {folder}. The others are asked; nothing of a voice is written before its owner agrees.")
            })
        }
        RecordVerb::Stop => {
            let ended = client.stop_recording().await?;
            out.show(&ended, || format!("Recorded: {}", ended.folder))
        }
        RecordVerb::Accept { call } => answer(client, call.as_deref(), true, out).await,
        RecordVerb::Refuse { call } => answer(client, call.as_deref(), false, out).await,
    }
}

async fn answer(client: &mut Client, call: Option<&str>, agree: bool, out: &Out) -> Result<(), Failure> {
    let call = meant(client, call).await?;
    let done = client.allow_recording(call.as_deref(), agree).await?;
    out.show(&json!({ "call": done.call, "accepted": agree }), || {
        let text = if agree {
            "You are recorded from now on; `ahoy record refuse` ends that."
        } else {
            "You are not recorded."
        };
        text.to_owned()
    })
}

/// The daemon has a working directory of its own.
fn absolute(path: &Path) -> Result<String, Failure> {
    Ok(std::path::absolute(path)?.display().to_string())
}
