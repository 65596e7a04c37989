//! Events in one readable line each.

mod left;
mod recording;
mod sound;

use std::collections::HashMap;

use ahoy_client::control::{
    AttemptInfo, AttemptKind, CallInfo, CallState, Contact, Direction, EndCause, Event, EventKind, HandOffState,
    LinkingState, MediaState, PresenceState, RequestEnd, RosterEntry, Snapshot,
};

use crate::failure::end_text;
pub(crate) use left::playback;
use left::{left_message, missed};
pub(crate) use sound::limit_words;

/// Names of accounts, as our contacts give them.
#[derive(Debug, Default)]
pub(crate) struct Names {
    us: Option<String>,
    contacts: HashMap<String, String>,
}

impl Names {
    /// Our own account is "you".
    pub(crate) fn us(account: &str) -> Self {
        Self { us: Some(account.to_owned()), contacts: HashMap::new() }
    }

    /// This device is one of this account from now on.
    pub(crate) fn we_are(&mut self, account: &str) {
        self.us = Some(account.to_owned());
    }

    /// Learns from a list of contacts.
    pub(crate) fn learn(&mut self, contacts: &[Contact]) {
        self.contacts.extend(contacts.iter().map(|contact| (contact.account.clone(), contact.name.clone())));
    }

    /// It is our own account.
    fn is_us(&self, account: &str) -> bool {
        self.us.as_deref() == Some(account)
    }

    pub(crate) fn of(&self, account: &str) -> String {
        if self.is_us(account) {
            return "you".to_owned();
        }
        self.contacts.get(account).cloned().unwrap_or_else(|| short(account))
    }
}

/// Enough of an id to tell it from others by eye.
pub(crate) fn short(id: &str) -> String {
    if id.chars().count() <= 12 {
        return id.to_owned();
    }
    id.chars().take(11).chain(['…']).collect()
}

/// A name for people.
pub(crate) fn who(entry: &RosterEntry) -> String {
    entry.name.clone().unwrap_or_else(|| short(&entry.account))
}

/// A state's word, as it stands in JSON.
pub(crate) fn state_word(state: CallState) -> &'static str {
    match state {
        CallState::Dialing => "dialing",
        CallState::Ringing => "ringing",
        CallState::Incoming => "incoming",
        CallState::Connecting => "connecting",
        CallState::Active => "active",
        CallState::Held => "held",
        CallState::Reconnecting => "reconnecting",
        CallState::Ending => "ending",
        CallState::Ended => "ended",
    }
}

/// What somebody is doing, in words.
pub(crate) fn presence_word(state: PresenceState) -> &'static str {
    match state {
        PresenceState::Available => "available",
        PresenceState::Away => "away",
        PresenceState::InCall => "in a call",
        PresenceState::DoNotDisturb => "do not disturb",
    }
}

/// The event in one line; None for what only machines want to know.
pub(crate) fn line(event: &Event, names: &Names) -> Option<String> {
    Some(match &event.kind {
        EventKind::Snapshot(snapshot) => snapshot_line(snapshot),
        EventKind::IncomingCall { call, from, context, handed_off_from, .. } => {
            rings(call, from, context.as_deref(), handed_off_from.as_deref())
        }
        EventKind::HandOff { device, state, reason, detail: d, .. } => {
            hand_off(device, *state, reason.as_deref(), d.as_deref())
        }
        EventKind::CallState { call, continues_as: Some(next), .. } => goes_on(call, next),
        EventKind::CallState { call, state, direction, reason, cause, client, .. } => {
            let what = match (state, reason) {
                (CallState::Ended, Some(reason)) => format!("ended: {}", end_text(reason, cause.as_ref())),
                _ => state_word(*state).to_owned(),
            };
            format!("{} call {} {what}{}", way(*direction), short(call), asked_by(client.as_deref()))
        }
        EventKind::EndAmended { call, reason, cause, .. } => amended(call, reason, cause.as_ref()),
        EventKind::ParticipantJoined { account, .. } => format!("{} is heard", names.of(account)),
        EventKind::ParticipantLeft { account, reason, by_us, .. } => left(&names.of(account), reason, *by_us),
        EventKind::ParticipantState { account, state, client, .. } => {
            let words = media(*state, names.is_us(account));
            format!("{}: {words}{}", names.of(account), asked_by(client.as_deref()))
        }
        EventKind::DevicesChanged { devices } => format!("the account has {} devices now", devices.len()),
        EventKind::ConfigChanged { key, client } => format!("setting {key} was changed{}", asked_by(client.as_deref())),
        EventKind::Linking { state, letters, reason, .. } => linked(*state, letters.as_deref(), reason.as_deref()),
        EventKind::RecordingRequested(event) => recording::requested(event, names),
        EventKind::RecordingAnswered(event) => recording::answered(event, names),
        EventKind::RecordingStarted(event) => recording::started(event, names),
        EventKind::RecordingStopped(event) => recording::stopped(event, names),
        EventKind::SourceStarted { .. } => "microphone open".to_owned(),
        EventKind::SinkStarted { .. } => "playback began".to_owned(),
        EventKind::DeviceAdded(device) => sound::plugged(device, "was plugged in"),
        EventKind::DeviceRemoved(device) => sound::plugged(device, "is gone"),
        EventKind::DeviceLost { direction, detail } => format!("{direction} device lost: {detail}"),
        EventKind::DeviceChanged { direction, detail } => format!("{direction} device: {detail}"),
        EventKind::MutedTalking { talking } => sound::talks_muted(*talking),
        EventKind::Speaking { .. } => return None,
        EventKind::SoundTest(test) => return sound::test(test),
        EventKind::PipelineChanged(changed) => sound::piped(changed),
        EventKind::PipelineRun(run) => return sound::run(run),
        EventKind::Quality { account, cause, .. } => sound::limited(&names.of(account), *cause),
        EventKind::MissedCall { account, started_at_ms: at, .. } => missed(&names.of(account), event.at_ms, *at),
        EventKind::Voicemail { account, duration_ms, .. } => left_message(&names.of(account), *duration_ms),
        EventKind::VoicemailDelivered { account, .. } => format!("{} has got the message", names.of(account)),
        EventKind::PlaybackEnded { reason, played_ms, .. } => playback(*reason, *played_ms),
        EventKind::HistoryCleared { client } => format!("the history was cleared, asked by {client}"),
        EventKind::ContactChanged { account } => format!("contact {} changed", names.of(account)),
        EventKind::ContactRequest { account, name, greeting } => {
            let greeting = greeting.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
            format!("{name} asks to be a contact{greeting} (ahoy contact accept {account})")
        }
        EventKind::RequestClosed { account, outcome, client } => {
            closed(&names.of(account), *outcome, client.as_deref())
        }
        EventKind::BlockedAttempt { attempt } => turned_away(attempt, names),
        EventKind::Presence { account, state, .. } => is_doing(account, *state, names),
        EventKind::Lagged { missed } => format!("{missed} events were missed"),
        EventKind::Warning { about, hint } => format!("warning about {about}: {hint}"),
    })
}

fn turned_away(attempt: &AttemptInfo, names: &Names) -> String {
    let (what, whose) = (attempted(attempt.attempt), names.of(&attempt.account));
    format!("{what} of {whose} was turned away ({} so far)", attempt.count)
}

fn closed(whose: &str, outcome: RequestEnd, client: Option<&str>) -> String {
    let by = client.map(|client| format!(", by {client}")).unwrap_or_default();
    format!("the request of {whose} was {}{by}", decided(outcome))
}

fn linked(state: LinkingState, letters: Option<&str>, reason: Option<&str>) -> String {
    match (state, letters, reason) {
        (LinkingState::Compare, Some(letters), _) => {
            format!("linking: this device shows {letters} (ahoy device confirm LETTERS, with those of the other one)")
        }
        (LinkingState::Compare, None, _) => "linking: the other device begins anew".to_owned(),
        (LinkingState::Done | LinkingState::Failed, _, Some(reason)) => format!("not linked: {reason}"),
        (LinkingState::Done | LinkingState::Failed, _, None) => "a device is linked".to_owned(),
    }
}

fn is_doing(account: &str, state: Option<PresenceState>, names: &Names) -> String {
    let is = if names.is_us(account) { "are" } else { "is" };
    format!("{} {is} {}", names.of(account), state.map_or("not known", presence_word))
}

/// Whoever offered the call has the last word.
fn amended(call: &str, reason: &str, cause: Option<&EndCause>) -> String {
    format!("call {}: both sides ended it at once, and it counts as {}", short(call), end_text(reason, cause))
}

fn goes_on(call: &str, next: &str) -> String {
    format!("call {} goes on as {}", short(call), short(next))
}

fn rings(call: &str, from: &RosterEntry, context: Option<&str>, device: Option<&str>) -> String {
    match device {
        Some(device) => format!("{} hands over the call with {} (ahoy answer {call})", short(device), who(from)),
        None => {
            let context = context.map(|text| format!(" about {text}")).unwrap_or_default();
            format!("{} calls{context} (ahoy answer {call})", who(from))
        }
    }
}

fn hand_off(device: &str, state: HandOffState, reason: Option<&str>, detail: Option<&str>) -> String {
    let (device, reason) = (short(device), reason.unwrap_or_default());
    let cause = detail.map(|detail| EndCause::new("hand_off", detail));
    match state {
        HandOffState::Ringing => format!("it rings at {device}"),
        HandOffState::Moving => format!("accepted at {device}; the call goes on here until it works there"),
        HandOffState::Done => format!("the call goes on at {device}"),
        HandOffState::Failed => format!("{device} did not take the call: {}", end_text(reason, cause.as_ref())),
    }
}

fn asked_by(client: Option<&str>) -> String {
    client.map(|client| format!(", asked by {client}")).unwrap_or_default()
}

fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "incoming",
        Direction::Out => "outgoing",
    }
}

fn decided(outcome: RequestEnd) -> &'static str {
    match outcome {
        RequestEnd::Accepted => "accepted",
        RequestEnd::Refused => "refused",
        RequestEnd::Blocked => "blocked",
        RequestEnd::Displaced => "pushed out by a newer one",
    }
}

fn attempted(attempt: AttemptKind) -> &'static str {
    match attempt {
        AttemptKind::Call => "a call",
        AttemptKind::Request => "a contact request",
    }
}

/// Who hung up here has left, not the other; why it is over is said of the call.
fn left(who: &str, reason: &str, by_us: bool) -> String {
    if by_us { format!("{who} is heard no longer") } else { format!("{who} left: {}", end_text(reason, None)) }
}

fn media(state: MediaState, us: bool) -> String {
    let hold = if us { "hold the call" } else { "holds the call" };
    let words = [
        (state.muted, "muted"),
        (state.deafened, "deafened"),
        (state.held, hold),
        (state.reconnecting, "reconnecting"),
        (state.recording, "recording"),
    ];
    let said: Vec<&str> = words.into_iter().filter_map(|(is, word)| is.then_some(word)).collect();
    if said.is_empty() { "unmuted and there".to_owned() } else { said.join(", ") }
}

fn snapshot_line(snapshot: &Snapshot) -> String {
    let muted = if snapshot.muted { ", microphone muted" } else { "" };
    let calls: String = snapshot.calls.iter().map(call_text).collect();
    format!(
        "connected to ahoyd {}: {}, {}, {}{muted}{calls}",
        snapshot.status.version,
        plural(snapshot.contacts.len(), "contact"),
        plural(snapshot.status.peers, "peer"),
        plural(snapshot.calls.len(), "call"),
    )
}

/// So many of them.
pub(crate) fn plural(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// How a call stands for whoever begins to watch.
fn call_text(call: &CallInfo) -> String {
    format!("; {} call {} {}", way(call.direction), short(&call.call), state_word(call.state))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn said(mut event: Value) -> String {
        event["seq"] = json!(1);
        event["at_ms"] = json!(2);
        let mut names = Names::default();
        let ada = json!({ "account": "ahoy1ada", "name": "Ada", "devices": [], "online": true, "acquainted": true });
        names.learn(&[serde_json::from_value(ada).unwrap()]);
        line(&serde_json::from_value(event).unwrap(), &names).unwrap()
    }

    #[test]
    fn every_kind_of_event_is_one_line_in_words() {
        let who = json!({ "call": "c", "account": "ahoy1ada", "device": "d" });
        let of = |kind: &str, rest: Value| {
            let mut event = who.clone();
            event["kind"] = json!(kind);
            event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            said(event)
        };
        let from = json!({ "account": "ahoy1ada", "name": "Ada" });
        let ring = json!({ "from": from, "media": ["audio"], "context": "tea" });
        assert_eq!(of("incoming_call", ring), "Ada calls about tea (ahoy answer c)");
        assert_eq!(of("participant_joined", json!({})), "Ada is heard");
        assert_eq!(of("participant_left", json!({ "reason": "hung_up" })), "Ada left: hung up");
        let by_us = json!({ "reason": "hung_up", "by_us": true });
        assert_eq!(of("participant_left", by_us), "Ada is heard no longer", "Ada did not hang up: we did");
        let media = |muted, held| json!({ "muted": muted, "deafened": false, "held": held, "reconnecting": false });
        assert_eq!(of("participant_state", media(true, true)), "Ada: muted, holds the call");
        assert_eq!(of("participant_state", media(false, false)), "Ada: unmuted and there");
        assert_eq!(of("missed_call", json!({ "started_at_ms": 1 })), "missed a call of Ada");
        assert_eq!(missed("Ada", 12 * 60_000 + 1, 0), "missed a call of Ada, 12 min ago");
        assert_eq!(missed("Ada", 47 * 3_600_000, 0), "missed a call of Ada, 47 h ago");
        assert_eq!(missed("Ada", 71 * 3_600_000, 0), "missed a call of Ada, 2 days ago");
        let cut = json!({ "reason": "call", "played_ms": 3_210 });
        assert_eq!(of("playback_ended", cut), "the message was cut short after 3.2 s: the speaker is the call's");
        assert_eq!(of("contact_changed", json!({})), "contact Ada changed");
        assert_eq!(of("source_started", json!({ "at_us": 1 })), "microphone open");
        assert_eq!(of("sink_started", json!({ "at_us": 1 })), "playback began");
        assert_eq!(of("lagged", json!({ "missed": 3 })), "3 events were missed");
        let amended = json!({ "reason": "cancelled", "accepted": false });
        assert_eq!(of("end_amended", amended), "call c: both sides ended it at once, and it counts as cancelled");
        let lost = json!({ "direction": "input", "detail": "unplugged" });
        assert_eq!(of("device_lost", lost), "input device lost: unplugged");
        let warning = json!({ "about": "clock", "hint": "set it" });
        assert_eq!(of("warning", warning), "warning about clock: set it");
    }

    #[test]
    fn what_we_do_ourselves_is_said_in_our_grammar() {
        let said = |event: Value| line(&serde_json::from_value(event).unwrap(), &Names::us("ahoy1me")).unwrap();
        let presence = json!({ "seq": 1, "at_ms": 2, "kind": "presence", "account": "ahoy1me", "state": "away" });
        assert_eq!(said(presence), "you are away");
        let hold = json!({ "seq": 1, "at_ms": 2, "kind": "participant_state", "call": "c", "account": "ahoy1me",
            "device": "d", "muted": false, "deafened": false, "held": true, "reconnecting": false });
        assert_eq!(said(hold), "you: hold the call");
    }

    #[test]
    fn who_comes_to_a_call_hears_how_it_stands() {
        let call = json!({ "call": "c", "state": "reconnecting", "direction": "out", "roster": [], "participants": [],
            "muted": true, "started_at_ms": 1 });
        let status = json!({ "version": "1", "api": "1.0", "account": "a", "device": "d", "peers": 1, "calls": 1,
            "uptime_ms": 1, "counts": serde_json::to_value(ahoy_client::control::Counts::default()).unwrap() });
        let snapshot = json!({ "kind": "snapshot", "status": status, "calls": [call], "contacts": [], "requests": [],
            "muted": true });
        let text = "connected to ahoyd 1: 0 contacts, 1 peer, 1 call, microphone muted; outgoing call c reconnecting";
        assert_eq!(said(snapshot), text);
    }

    #[test]
    fn an_end_tells_its_reason_its_cause_and_who_asked() {
        let event = json!({ "kind": "call_state", "call": "c", "state": "ended", "direction": "out", "client": "ahoy",
            "reason": "unreachable", "cause": { "what": "dial", "detail": "tried 2" } });
        assert_eq!(said(event), "outgoing call c ended: not reachable (tried 2), asked by ahoy");
        let ringing = json!({ "kind": "call_state", "call": "c", "state": "ringing", "direction": "in" });
        assert_eq!(said(ringing), "incoming call c ringing");
    }

    #[test]
    fn we_are_you_also_after_linking() {
        let mut names = Names::us("ahoy1alone");
        names.we_are("ahoy1ben");
        assert_eq!((names.of("ahoy1ben"), names.of("ahoy1alone")), ("you".to_owned(), "ahoy1alone".to_owned()));
    }

    #[test]
    fn long_ids_are_cut_by_characters() {
        assert_eq!(short("ahoy1abcdefghijk"), "ahoy1abcdef…");
        assert_eq!(short("ahoy1ada"), "ahoy1ada");
        assert_eq!(short("ääääääääääääääää"), "äääääääääää…");
    }
}
