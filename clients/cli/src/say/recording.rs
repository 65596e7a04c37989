//! Recordings in words.

use ahoy_client::control::{Consent, RecordingAnswered, RecordingRequested, RecordingStarted, RecordingStopped};

use super::{Names, asked_by};

/// Who wants to record us, and what to do.
pub(super) fn requested(event: &RecordingRequested, names: &Names) -> String {
    let call = &event.call;
    format!("{} wants to record you (ahoy record accept {call}, ahoy record refuse {call})", names.of(&event.account))
}

/// What was said about a voice.
pub(super) fn answered(event: &RecordingAnswered, names: &Names) -> String {
    let us = names.is_us(&event.account);
    let (who, does) = (names.of(&event.account), if us { "" } else { "s" });
    let said = match event.consent {
        Consent::Accepted => format!("agree{does}: that voice may be recorded"),
        Consent::Refused => format!("refuse{does} to be recorded"),
        Consent::Withdrawn => format!("no longer agree{does} to be recorded"),
        Consent::NoAnswer => "gave no answer in time: that voice is not recorded".to_owned(),
        Consent::Cancelled => "need not answer any more: nobody wants to record now".to_owned(),
    };
    format!("{who} {said}{}", asked_by(event.client.as_deref()))
}

/// Who records.
pub(super) fn started(event: &RecordingStarted, names: &Names) -> String {
    let us = names.is_us(&event.account);
    let folder = event.folder.as_deref().map(|folder| format!(" to {folder}")).unwrap_or_default();
    let who = names.of(&event.account);
    format!("{who} record{} the call{folder}{}", if us { "" } else { "s" }, asked_by(event.client.as_deref()))
}

/// Who does no longer, and why.
pub(super) fn stopped(event: &RecordingStopped, names: &Names) -> String {
    let us = names.is_us(&event.account);
    let why = match event.reason.as_str() {
        "stopped" => String::new(),
        "call_ended" => ": the call is over".to_owned(),
        reason => format!(": {}", event.detail.as_deref().unwrap_or(reason)),
    };
    let who = names.of(&event.account);
    format!("{who} no longer record{} the call{why}", if us { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::line;
    use super::*;

    fn said(kind: &str, account: &str, rest: serde_json::Value) -> String {
        let mut event = json!({ "seq": 1, "at_ms": 2, "kind": kind, "call": "c", "account": account, "device": "d" });
        event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        line(&serde_json::from_value(event).unwrap(), &Names::us("ahoy1me")).unwrap()
    }

    #[test]
    fn whoever_watches_reads_who_records_and_who_agreed() {
        let asks = said("recording_requested", "ahoy1ada", json!({ "answer_by_ms": 9 }));
        assert_eq!(asks, "ahoy1ada wants to record you (ahoy record accept c, ahoy record refuse c)");
        let consent =
            |account, consent| said("recording_answered", account, json!({ "recorder": "r", "consent": consent }));
        assert_eq!(consent("ahoy1me", "accepted"), "you agree: that voice may be recorded");
        assert_eq!(consent("ahoy1ada", "withdrawn"), "ahoy1ada no longer agrees to be recorded");
        assert_eq!(said("recording_started", "ahoy1me", json!({ "folder": "/r" })), "you record the call to /r");
        assert_eq!(said("recording_started", "ahoy1ada", json!({})), "ahoy1ada records the call");
        let full = json!({ "reason": "disk_full", "detail": "no room" });
        assert_eq!(said("recording_stopped", "ahoy1me", full), "you no longer record the call: no room");
        assert_eq!(
            said("recording_stopped", "ahoy1ada", json!({ "reason": "stopped" })),
            "ahoy1ada no longer records the call"
        );
    }
}
