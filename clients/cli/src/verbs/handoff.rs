//! handoff: another device of ours is asked to take a call over; stay until it has, if asked to.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use ahoy_client::control::{CallState, EndCause, Event, EventKind, HandOffState};
use ahoy_client::{Client, Notice};

use crate::args::{HandOffArgs, HandOffWait};
use crate::failure::Failure;
use crate::out::Out;
use crate::say::{self, Names, short};
use crate::verbs::device::one_of;
use crate::verbs::meant::meant;
use crate::verbs::watch::Clock;

/// Asks, and follows the hand-off.
pub(crate) async fn hand_off(client: &mut Client, args: &HandOffArgs, out: &Out) -> Result<(), Failure> {
    let deadline = deadline(args.timeout)?;
    let mut names = Names::default();
    // Heard from before the command on, so that nothing can be missed.
    if let Some(snapshot) = client.subscribe(None).await?.snapshot {
        names.learn(&snapshot.contacts);
    }
    let call = meant(client, args.call.as_deref()).await?;
    let to = match &args.to {
        None => None,
        Some(text) => Some(one_of(&client.devices().await?, text)?.to_owned()),
    };
    let asked = client.hand_off(call.as_deref(), to.as_deref()).await?;
    let Some(wanted) = args.wait else {
        let line = json!({ "kind": "asked", "call": asked.call, "device": asked.device });
        return out.show(&line, || format!("call {} is offered to {}", asked.call, short(&asked.device)));
    };
    let mut clock = Clock::default();
    let mut over = false;
    loop {
        let notice = match deadline {
            None => client.event().await?,
            Some((at, seconds)) => match timeout_at(at, client.event()).await {
                Ok(notice) => notice?,
                Err(_elapsed) => {
                    out.object(&json!({ "kind": "timeout", "call": asked.call, "device": asked.device }))?;
                    return Err(Failure::TimedOut(seconds));
                }
            },
        };
        if notice.raw["call"].as_str() != Some(&asked.call) {
            continue;
        }
        show(&notice, &names, &mut clock, out)?;
        let kind = notice.known.map(|event| event.kind);
        // It is told first that the call has ended, where it has.
        over |= matches!(kind, Some(EventKind::CallState { state: CallState::Ended, .. }));
        let Some(EventKind::HandOff { state, reason, detail, .. }) = kind else { continue };
        if state == HandOffState::Failed {
            let reason = reason.unwrap_or_default();
            out.object(&last("failed", &asked.call, &asked.device, Some(&reason)))?;
            let cause = detail.map(|detail| EndCause::new("hand_off", detail));
            return Err(Failure::NotHandedOver { reason, cause, over });
        }
        if wanted.reached_by(state) {
            return out.object(&last("reached", &asked.call, &asked.device, None));
        }
    }
}

fn deadline(timeout: Option<f64>) -> Result<Option<(Instant, f64)>, Failure> {
    let Some(seconds) = timeout else { return Ok(None) };
    let limit = Duration::try_from_secs_f64(seconds)
        .map_err(|error| Failure::Usage(format!("--timeout {seconds}: {error}")))?;
    Ok(Some((Instant::now() + limit, seconds)))
}

fn show(notice: &Notice, names: &Names, clock: &mut Clock, out: &Out) -> Result<(), Failure> {
    let known: Option<&Event> = notice.known.as_ref();
    out.show(&notice.raw, || {
        let text = known.and_then(|event| say::line(event, names));
        format!("{} {}", clock.since_first(notice.raw["at_ms"].as_u64()), text.unwrap_or_default())
    })
}

/// The line that tells scripts how it came out.
fn last(kind: &str, call: &str, device: &str, reason: Option<&str>) -> Value {
    let mut line = json!({ "kind": kind, "call": call, "device": device });
    if let (Some(reason), Some(line)) = (reason, line.as_object_mut()) {
        line.insert("reason".to_owned(), json!(reason));
    }
    line
}

impl HandOffWait {
    /// Who is past a state was there.
    fn reached_by(self, state: HandOffState) -> bool {
        let passed: &[HandOffState] = match self {
            Self::Ringing => &[HandOffState::Ringing, HandOffState::Moving, HandOffState::Done],
            Self::Moving => &[HandOffState::Moving, HandOffState::Done],
            Self::Done => &[HandOffState::Done],
        };
        passed.contains(&state)
    }
}
