//! Events in one readable line each.

use std::collections::HashMap;

use ahoy_client::control::{CallState, Contact, Direction, Event, EventKind, MediaState, RosterEntry, Snapshot};

use crate::failure::end_text;

/// Names of accounts, as our contacts give them.
#[derive(Debug, Default)]
pub(crate) struct Names(HashMap<String, String>);

impl Names {
    /// Learns from a snapshot.
    pub(crate) fn learn(&mut self, contacts: &[Contact]) {
        self.0.extend(contacts.iter().map(|contact| (contact.account.clone(), contact.name.clone())));
    }

    fn of(&self, account: &str) -> String {
        self.0.get(account).cloned().unwrap_or_else(|| short(account))
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

/// The event in one line; None for what only machines want to know.
pub(crate) fn line(event: &Event, names: &Names) -> Option<String> {
    Some(match &event.kind {
        EventKind::Snapshot(snapshot) => snapshot_line(snapshot),
        EventKind::IncomingCall { call, from, context, .. } => {
            let context = context.as_deref().map(|text| format!(" about {text}")).unwrap_or_default();
            format!("{} calls{context} (ahoy answer {})", who(from), call)
        }
        EventKind::CallState { call, state, direction, reason, cause, client, .. } => {
            let by = client.as_deref().map(|client| format!(", asked by {client}")).unwrap_or_default();
            let way = match direction {
                Direction::In => "incoming",
                Direction::Out => "outgoing",
            };
            let what = match (state, reason) {
                (CallState::Ended, Some(reason)) => format!("ended: {}", end_text(reason, cause.as_ref())),
                _ => state_word(*state).to_owned(),
            };
            format!("{way} call {} {what}{by}", short(call))
        }
        EventKind::ParticipantJoined { account, .. } => format!("{} is heard", names.of(account)),
        EventKind::ParticipantLeft { account, reason, .. } => {
            format!("{} left: {}", names.of(account), end_text(reason, None))
        }
        EventKind::ParticipantState { account, state, .. } => format!("{} {}", names.of(account), media(*state)),
        EventKind::SourceStarted { .. } => "microphone open".to_owned(),
        EventKind::SinkStarted { .. } => "playback began".to_owned(),
        EventKind::DeviceLost { direction, detail } => format!("{direction} device lost: {detail}"),
        EventKind::MissedCall { account, .. } => format!("missed a call of {}", names.of(account)),
        EventKind::ContactChanged { account } => format!("contact {} changed", names.of(account)),
        EventKind::Lagged { missed } => format!("{missed} events were missed"),
        EventKind::Warning { about, hint } => format!("warning about {about}: {hint}"),
    })
}

fn media(state: MediaState) -> String {
    let words = [
        (state.muted, "muted"),
        (state.deafened, "deafened"),
        (state.held, "holds the call"),
        (state.reconnecting, "is reconnecting"),
    ];
    let said: Vec<&str> = words.into_iter().filter_map(|(is, word)| is.then_some(word)).collect();
    if said.is_empty() { "is unmuted and there".to_owned() } else { said.join(", ") }
}

fn snapshot_line(snapshot: &Snapshot) -> String {
    let plural = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let muted = if snapshot.muted { ", microphone muted" } else { "" };
    format!(
        "connected to ahoyd {}: {}, {}, {}{muted}",
        snapshot.status.version,
        plural(snapshot.contacts.len(), "contact"),
        plural(snapshot.status.peers, "peer"),
        plural(snapshot.calls.len(), "call"),
    )
}
