//! What the log tells of calls: enough to follow what happened, and nothing of who, where or with what.

use ahoy_protocol::control::EventKind;

/// Digits of a call id in the log: enough to tell calls apart, and both people have the same.
const CALL_DIGITS: usize = 8;

fn short(call: &str) -> &str {
    call.get(..CALL_DIGITS).unwrap_or(call)
}

/// A line for what frontends are told, where it is worth one. No account, device, name, address or detail:
/// details are made for the person at the screen, and hold addresses.
pub(super) fn tell(kind: &EventKind) {
    match kind {
        EventKind::CallState { call, state, direction, reason, cause, .. } => {
            let (reason, cause) = (reason.as_deref(), cause.as_ref().map(|cause| cause.what.as_str()));
            tracing::info!(call = short(call), ?state, ?direction, reason, cause, "call");
        }
        EventKind::EndAmended { call, reason, .. } => {
            tracing::info!(call = short(call), reason, "both ended a call: the word of who offered it counts");
        }
        EventKind::ParticipantJoined { call, .. } => tracing::info!(call = short(call), "the other side is heard"),
        EventKind::HandOff { call, state, reason, .. } => {
            tracing::info!(call = short(call), ?state, reason = reason.as_deref(), "a call is handed over");
        }
        EventKind::RecordingStarted(it) => tracing::info!(call = short(&it.call), "a call is recorded"),
        EventKind::RecordingStopped(it) => {
            tracing::info!(call = short(&it.call), reason = it.reason, "a call is recorded no longer");
        }
        EventKind::RecordingAnswered(it) => {
            tracing::info!(call = short(&it.call), consent = it.consent.text(), "consent to a recording");
        }
        EventKind::RecordingRequested(it) => tracing::info!(call = short(&it.call), "somebody wants to record"),
        EventKind::MissedCall { call, .. } => tracing::info!(call = short(call), "a missed call"),
        EventKind::Voicemail { call, .. } => tracing::info!(call = short(call), "a message was left"),
        EventKind::VoicemailDelivered { call, .. } => tracing::info!(call = short(call), "our message is there"),
        EventKind::PlaybackEnded { reason, .. } => tracing::info!(?reason, "a message is played no longer"),
        EventKind::HistoryCleared { .. } => tracing::info!("the history was cleared"),
        EventKind::DeviceAdded(device) => tracing::info!(direction = device.direction, "a sound device was plugged in"),
        EventKind::DeviceRemoved(device) => tracing::info!(direction = device.direction, "a sound device is gone"),
        EventKind::DeviceLost { direction, .. } => tracing::warn!(direction, "a sound device is lost"),
        EventKind::DeviceChanged { direction, .. } => {
            tracing::info!(direction, "a sound device is used again, or another one")
        }
        EventKind::Quality { call, cause, .. } => tracing::info!(call = short(call), ?cause, "what limits the sound"),
        EventKind::Warning { about, .. } => tracing::warn!(about, "frontends are warned"),
        EventKind::Linking { state, .. } => tracing::info!(?state, "a device is being linked"),
        EventKind::DevicesChanged { devices } => tracing::info!(count = devices.len(), "devices of the account"),
        EventKind::ConfigChanged { key, .. } => tracing::info!(key, "a setting was changed"),
        EventKind::PipelineChanged(it) => tracing::info!(scope = ?it.scope, set = it.set, "another pipeline"),
        EventKind::ContactChanged { .. } => tracing::debug!("a contact changed"),
        EventKind::ContactRequest { .. } => tracing::info!("somebody asks to be a contact"),
        EventKind::RequestClosed { outcome, .. } => tracing::info!(?outcome, "a contact request was decided about"),
        EventKind::BlockedAttempt { attempt } => tracing::info!(what = ?attempt.attempt, "a stranger was turned away"),
        EventKind::Snapshot(_)
        | EventKind::IncomingCall { .. }
        | EventKind::ParticipantLeft { .. }
        | EventKind::ParticipantState { .. }
        | EventKind::SourceStarted { .. }
        | EventKind::SinkStarted { .. }
        | EventKind::MutedTalking { .. }
        | EventKind::Speaking { .. }
        | EventKind::SoundTest(_)
        | EventKind::PipelineRun(_)
        | EventKind::Presence { .. }
        | EventKind::Lagged { .. } => {}
    }
}
