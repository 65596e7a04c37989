//! history.

use std::fmt::Display;
use std::path::Path;

use chrono::{DateTime, Local, TimeZone};
use serde_json::json;

use ahoy_client::Client;
use ahoy_client::control::{Direction, ErrorKind, EventKind, HistoryCall, PlaybackEnd, VoicemailInfo};

use crate::args::HistoryVerb;
use crate::failure::{Failure, end_text};
use crate::out::Out;
use crate::say::{playback, who};
use crate::verbs::meant::refused;

/// Calls of a page that we ask for; the daemon gives no more.
const PAGE: usize = 100;

/// Calls of the past, or what is to be done with them.
pub(crate) async fn history(
    client: &mut Client,
    limit: usize,
    verb: Option<&HistoryVerb>,
    out: &Out,
) -> Result<(), Failure> {
    match verb {
        None => show(client, limit, out).await,
        Some(HistoryVerb::Play { call, to }) => play(client, call, to.as_deref(), out).await,
        Some(HistoryVerb::Clear) => {
            client.clear_history().await?;
            out.show(&json!({ "cleared": true }), || "The history is empty now.".to_owned())
        }
    }
}

async fn play(client: &mut Client, call: &str, to: Option<&Path>, out: &Out) -> Result<(), Failure> {
    let left = client.voicemails().await?;
    let message = message_of(&left, call)?;
    let (id, seconds) = (message.call.clone(), f64::from(message.duration_ms) / 1000.0);
    let path = to.map(std::path::absolute).transpose()?.map(|path| path.display().to_string());
    let Some(path) = path else { return aloud(client, &id, seconds, out).await };
    client.play(&id, Some(&path)).await?;
    out.show(&json!({ "call": id, "to": path, "seconds": seconds }), || format!("{seconds:.1} s are in {path}."))
}

/// Plays it through what the daemon has for a speaker, and stays until it is over.
async fn aloud(client: &mut Client, call: &str, seconds: f64, out: &Out) -> Result<(), Failure> {
    let through = client.config().await?["audio_out"].as_str().unwrap_or("default").to_owned();
    client.subscribe(None).await?;
    client.play(call, None).await?;
    out.note(&format!("{seconds:.1} s are being played through {through}; Ctrl-C leaves it to the daemon."));
    let (reason, played_ms) = loop {
        match client.event().await?.known.map(|event| event.kind) {
            Some(EventKind::PlaybackEnded { call: of, reason, played_ms }) if of == call => break (reason, played_ms),
            Some(_) | None => {}
        }
    };
    let played = f64::from(played_ms) / 1000.0;
    let line = json!({ "call": call, "to": null, "through": through, "seconds": played, "reason": reason });
    match reason {
        PlaybackEnd::Done => out.show(&line, || format!("{played:.1} s were played through {through}.")),
        PlaybackEnd::Call => {
            out.object(&line)?;
            let message = format!("{} (`ahoy history play` plays it anew)", playback(reason, played_ms));
            Err(Failure::Failed(message))
        }
    }
}

/// The message of the call that `text` begins.
fn message_of<'a>(left: &'a [VoicemailInfo], text: &str) -> Result<&'a VoicemailInfo, Failure> {
    let meant: Vec<&VoicemailInfo> = left.iter().filter(|message| message.call.starts_with(text)).collect();
    match meant[..] {
        [message] => Ok(message),
        [] => {
            let hint = "`ahoy history` shows after which calls there is one";
            Err(refused(ErrorKind::NoSuchCall, format!("no message was left after a call {text}"), hint, Vec::new()))
        }
        ref several => {
            let message = format!("messages were left after {} calls that begin with {text}", several.len());
            let ids = several.iter().map(|message| message.call.clone()).collect();
            Err(refused(ErrorKind::AmbiguousCall, message, "write more of the id", ids))
        }
    }
}

async fn show(client: &mut Client, limit: usize, out: &Out) -> Result<(), Failure> {
    let us = client.hello().account.clone();
    let mut shown = 0;
    let mut before: Option<String> = None;
    while shown < limit {
        let page_limit = u16::try_from((limit - shown).min(PAGE)).unwrap_or(1);
        let page = client.history(before.as_deref(), Some(page_limit)).await?;
        for call in &page.calls {
            out.show(call, || row(call, &us, &Local))?;
        }
        shown += page.calls.len();
        before = page.calls.last().map(|call| call.call.clone());
        if !page.more || before.is_none() {
            break;
        }
    }
    if shown == 0 {
        out.note("No calls yet.");
    }
    Ok(())
}

/// A call as a row of the table. `us`: our own account, which is in every roster.
fn row(call: &HistoryCall, us: &str, zone: &impl TimeZone<Offset: Display>) -> String {
    let way = match call.direction {
        Direction::In if call.missed => "missed",
        Direction::In => "in",
        Direction::Out => "out",
    };
    let with: Vec<String> = call.roster.iter().filter(|entry| entry.account != us).map(who).collect();
    let when = when(call.started_at_ms, zone);
    let lasted = match (call.accepted_at_ms, call.ended_at_ms) {
        (Some(from), Some(to)) => duration(to.saturating_sub(from)),
        (Some(_), None) => "?".to_owned(),
        (None, _) => "-".to_owned(),
    };
    let seconds = call.voicemail_ms.map(|ms| format!(", message of {:.0} s", f64::from(ms) / 1000.0));
    let (with, end, message) =
        (with.join(", "), end_text(&call.reason, call.cause.as_ref()), seconds.unwrap_or_default());
    format!("{when}  {way:<6} {lasted:>8}  {with:<20} {}  {end}{message}", call.call)
}

/// A time as the clock on the wall shows it.
pub(crate) fn when(unix_ms: u64, zone: &impl TimeZone<Offset: Display>) -> String {
    let time = i64::try_from(unix_ms).ok().and_then(DateTime::from_timestamp_millis);
    time.map_or_else(
        || format!("{unix_ms:<19}"),
        |time| time.with_timezone(zone).format("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use ahoy_client::control::RosterEntry;

    use super::*;

    fn call(direction: Direction, accepted_at_ms: Option<u64>, ended_at_ms: Option<u64>) -> HistoryCall {
        let entry =
            |account: &str, name: Option<&str>| RosterEntry { account: account.into(), name: name.map(str::to_owned) };
        HistoryCall {
            call: "c0".repeat(16),
            direction,
            roster: vec![entry("ahoy1us", None), entry("ahoy1ada", Some("Ada"))],
            missed: direction == Direction::In && accepted_at_ms.is_none(),
            reason: "hung_up".into(),
            cause: None,
            device: None,
            started_at_ms: 1_800_000_000_000,
            accepted_at_ms,
            ended_at_ms,
            voicemail_ms: None,
        }
    }

    fn shown(call: &HistoryCall) -> String {
        row(call, "ahoy1us", &chrono::Utc)
    }

    #[test]
    fn a_row_tells_when_which_way_how_long_with_whom_and_why_it_ended() {
        let accepted = Some(1_800_000_005_000);
        let id = "c0".repeat(16);
        let out = shown(&call(Direction::Out, accepted, Some(1_800_000_070_900)));
        assert_eq!(out, format!("2027-01-15 08:00:00  out        1:05  Ada                  {id}  hung up"));
        let long = shown(&call(Direction::In, accepted, Some(1_800_003_666_000)));
        assert!(long.contains("in      1:01:01"), "{long}");
        let missed = shown(&call(Direction::In, None, None));
        assert!(missed.contains("missed        -"), "{missed}");
        let spoken = HistoryCall { voicemail_ms: Some(12_400), ..call(Direction::In, None, None) };
        assert!(shown(&spoken).ends_with("hung up, message of 12 s"), "{}", shown(&spoken));
        let killed = shown(&call(Direction::In, accepted, None));
        assert!(killed.contains("in            ?"), "{killed}");
    }

    #[test]
    fn a_message_is_meant_by_the_beginning_of_its_call_and_what_is_none_is_no_usage_error() {
        let message = |call: &str| VoicemailInfo { call: call.into(), account: "ahoy1ada".into(), duration_ms: 9 };
        let left = [message("c0ffee01"), message("c0ffee02"), message("beef0003")];
        assert_eq!(message_of(&left, "be").ok().map(|it| it.call.as_str()), Some("beef0003"));
        for (text, code) in [("c0ffee", 4), ("dead", 4), ("not hex", 4), ("", 4)] {
            let failure = message_of(&left, text).unwrap_err();
            assert_eq!(failure.exit_code(), code, "{text}: {failure}");
        }
        assert!(message_of(&left, "c0").unwrap_err().to_string().contains("c0ffee02"));
        assert_eq!(message_of(&[], "c0ffee01").unwrap_err().exit_code(), 4);
    }
}
