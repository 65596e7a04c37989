//! calls, stats.

use std::time::Duration;

use serde_json::Value;

use ahoy_client::Client;
use ahoy_client::control::{CallInfo, CallState, Direction, LinkState, ParticipantStats};

use crate::failure::{Failure, end_text};
use crate::out::Out;
use crate::say::{Names, limit_words, state_word, who};
use crate::verbs::meant::meant;

/// All calls.
pub(crate) async fn calls(client: &mut Client, out: &Out) -> Result<(), Failure> {
    let us = client.hello().account.clone();
    let calls = client.calls().await?;
    if calls.is_empty() {
        out.note("No calls.");
    }
    // For people one that went on as another one is that one.
    for call in calls.iter().filter(|call| call.continues_as.is_none()) {
        out.show(call, || call_line(call, &us))?;
    }
    Ok(())
}

/// A call in one line. `us`: our own account, which is in every roster.
pub(crate) fn call_line(call: &CallInfo, us: &str) -> String {
    let way = match call.direction {
        Direction::In => "in ",
        Direction::Out => "out",
    };
    let with: Vec<String> = call.roster.iter().filter(|entry| entry.account != us).map(who).collect();
    let end = call.reason.as_deref().map(|reason| format!(" ({})", end_text(reason, call.cause.as_ref())));
    let (end, over) = (end.unwrap_or_default(), call.state == CallState::Ended);
    let held = if !over && call.participants.iter().any(|other| other.held) { " (held by them)" } else { "" };
    let records = call.recording || call.participants.iter().any(|other| other.recording);
    let recorded = if !over && records { " (recorded)" } else { "" };
    format!("{} {way} {:<12} {}{held}{recorded}{end}", call.call, state_word(call.state), with.join(", "))
}

/// Figures of a call, once or each second until it ends.
pub(crate) async fn stats(client: &mut Client, call: Option<&str>, follow: bool, out: &Out) -> Result<(), Failure> {
    let mut call = meant(client, call).await?;
    let mut names = Names::us(&client.hello().account);
    if !out.is_json() {
        names.learn(&client.contacts().await?);
    }
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        second.tick().await;
        let figures = client.stats(call.as_deref()).await?;
        if figures.is_empty() {
            out.note("Nobody takes part yet.");
        }
        for participant in &figures {
            out.show(participant, || stats_line(participant, &names))?;
        }
        if !follow {
            return Ok(());
        }
        // From now on it is this call, whatever else begins.
        call = call.or_else(|| figures.first().map(|participant| participant.call.clone()));
        let over = |info: &CallInfo| Some(&info.call) == call.as_ref() && info.state == CallState::Ended;
        if client.calls().await?.iter().any(over) {
            return Ok(());
        }
    }
}

fn stats_line(stats: &ParticipantStats, names: &Names) -> String {
    let state = serde_json::to_value(stats.state).unwrap_or(Value::Null);
    let ms = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1} ms"));
    let kbit = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{:.0}", value / 1000.0));
    let loss = stats.loss_rate.map_or_else(|| "-".to_owned(), |rate| format!("{:.1} %", rate * 100.0));
    let pair = stats.candidate_pair.as_ref();
    let pair = pair.map(|pair| format!(", {} -> {} ({})", pair.local, pair.remote, pair.kind)).unwrap_or_default();
    let limit = stats.limited_by.and_then(limit_words).map(|what| format!(", limited by {what}")).unwrap_or_default();
    let mark = if stats.state == LinkState::Connected { "" } else { " !" };
    format!(
        "{} {}{mark}: round trip {}, loss {loss}, jitter {}, buffer {}, mouth to ear {}, {}/{} kbit/s in/out, {}{pair}{limit}",
        names.of(&stats.account),
        state.as_str().unwrap_or("?"),
        ms(stats.rtt_ms),
        ms(stats.jitter_ms),
        ms(stats.jitter_buffer_ms),
        ms(stats.mouth_to_ear_ms),
        kbit(stats.bitrate_bps_in),
        kbit(stats.bitrate_bps_out),
        stats.codec.as_deref().unwrap_or("no codec yet"),
    )
}
