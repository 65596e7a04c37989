//! What people may do with us: requests, attempts, policies, safety numbers, presence, and the key that talks.

use std::time::{Duration, SystemTime};

use serde_json::json;

use ahoy_client::Client;
use ahoy_client::control::{
    AttemptInfo, AttemptKind, Contact, ContactRequestInfo, PolicyInfo, PolicyParams, PresenceState, TokenName,
};

use crate::args::{AccountVerb, Key, PolicyArgs, Presence, Switch, Token};
use crate::failure::Failure;
use crate::out::Out;
use crate::say::presence_word;
use crate::verbs::history::when;

/// Those who ask to be contacts.
pub(crate) async fn requests(client: &mut Client, out: &Out) -> Result<(), Failure> {
    let requests = client.contact_requests().await?;
    if requests.is_empty() {
        out.note("Nobody asks to be a contact.");
    }
    for request in &requests {
        out.show(request, || request_line(request))?;
    }
    Ok(())
}

fn request_line(request: &ContactRequestInfo) -> String {
    let greeting = request.greeting.as_deref().map(|text| format!("\n    {text}")).unwrap_or_default();
    format!("{:<20} {}{greeting}", request.name, request.account)
}

/// What was turned away.
pub(crate) async fn attempts(client: &mut Client, out: &Out) -> Result<(), Failure> {
    let reply = client.attempts().await?;
    if reply.attempts.is_empty() && reply.blocked.is_empty() {
        out.note("Nothing was turned away, and nobody is blocked but contacts.");
    }
    for attempt in &reply.attempts {
        out.show(attempt, || attempt_line(attempt))?;
    }
    let silent = |account: &&String| !reply.attempts.iter().any(|attempt| attempt.account == **account);
    for account in reply.blocked.iter().filter(silent) {
        out.show(&json!({ "account": account, "blocked": true, "count": 0 }), || format!("{account} is blocked"))?;
    }
    Ok(())
}

fn attempt_line(attempt: &AttemptInfo) -> String {
    let what = match attempt.attempt {
        AttemptKind::Call => "call",
        AttemptKind::Request => "request",
    };
    let blocked = if attempt.blocked { ", blocked" } else { "" };
    let who = attempt.name.as_deref().unwrap_or("a stranger");
    let at = when(attempt.last_at_ms, &chrono::Local);
    format!("{who:<20} {:>5} times, last a {what} at {at}{blocked} {}", attempt.count, attempt.account)
}

/// What a contact may do.
pub(crate) async fn policy(client: &mut Client, args: &PolicyArgs, out: &Out) -> Result<(), Failure> {
    let on = |switch: Option<Switch>| switch.map(|switch| switch == Switch::On);
    let params = PolicyParams {
        contact: args.name.clone(),
        early_connection: on(args.early_connection),
        private_addresses: on(args.private_addresses),
        relay_only: on(args.relay_only),
        do_not_disturb: on(args.do_not_disturb),
        auto_answer: on(args.auto_answer),
        presence: on(args.presence),
        favourite: on(args.favourite),
    };
    let contact = client.contact_policy(params).await?;
    out.show(&contact, || policy_lines(&contact))
}

fn policy_lines(contact: &Contact) -> String {
    let PolicyInfo {
        early_connection,
        private_addresses,
        relay_only,
        do_not_disturb,
        auto_answer,
        presence,
        favourite,
    } = contact.policy;
    let rows = [
        ("early-connection", early_connection),
        ("private-addresses", private_addresses),
        ("relay-only", relay_only),
        ("do-not-disturb", do_not_disturb),
        ("auto-answer", auto_answer),
        ("presence", presence),
        ("favourite", favourite),
    ];
    let rows = rows.map(|(name, on)| format!("  {name:<18} {}", if on { "on" } else { "off" }));
    format!("{}\n{}", contact.name, rows.join("\n"))
}

/// The safety number.
pub(crate) async fn verify(client: &mut Client, name: &str, yes: bool, no: bool, out: &Out) -> Result<(), Failure> {
    let said = if yes { Some(true) } else { no.then_some(false) };
    let safety = client.verify_contact(name, said).await?;
    out.show(&safety, || {
        let state = if safety.verified { "verified" } else { "not verified: compare it with theirs, then add --yes" };
        format!("{}\n{} ({state})", safety.number, safety.name)
    })
}

/// `ahoy account`.
pub(crate) async fn account(client: &mut Client, verb: &AccountVerb, out: &Out) -> Result<(), Failure> {
    let AccountVerb::Rotate { token } = verb;
    let (name, says) = match token {
        Token::Card => (TokenName::Card, "Cards given out so far are worth nothing any more. The new one:"),
        Token::Contact => (TokenName::Contact, "Former contacts are locked out; the others learn it. Our card:"),
    };
    let card = client.rotate(name).await?;
    out.show(&json!({ "card": card }), || format!("{says}\n{card}"))
}

/// `ahoy presence`.
pub(crate) async fn presence(
    client: &mut Client,
    state: Option<Presence>,
    of: Option<&str>,
    out: &Out,
) -> Result<(), Failure> {
    if let Some(contact) = of {
        return presence_of(client, contact, out).await;
    }
    let state = match state {
        Some(Presence::Away) => PresenceState::Away,
        Some(Presence::DoNotDisturb) => PresenceState::DoNotDisturb,
        Some(Presence::Available) => PresenceState::Available,
        None => {
            let state = client.status().await?.presence;
            let text = state.map_or("not known yet", presence_word);
            return out.show(&json!({ "presence": state }), || format!("We are shown as: {text}."));
        }
    };
    client.set_presence(state).await?;
    out.show(&json!({ "presence": state }), || format!("We are shown as: {}.", presence_word(state)))
}

/// Asks, and waits a moment for the answer: what was known before is as old as it is said to be.
async fn presence_of(client: &mut Client, contact: &str, out: &Out) -> Result<(), Failure> {
    let asked_ms = unix_ms();
    client.ask_presence(contact).await?;
    let deadline = tokio::time::Instant::now() + ANSWER;
    let known = loop {
        let known = client.contacts().await?.into_iter().find(|it| it.name == contact || it.account == contact);
        // Whoever was asked a few seconds ago is not asked again.
        let fresh = |at_ms: u64| at_ms.saturating_add(ASKED_JUST_NOW_MS) >= asked_ms;
        let answered = known.as_ref().and_then(|contact| contact.presence_at_ms).is_some_and(fresh);
        if answered || tokio::time::Instant::now() >= deadline {
            break known;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    };
    let (state, at_ms) = known.map_or((None, None), |contact| (contact.presence, contact.presence_at_ms));
    let age_ms = at_ms.map(|at_ms| unix_ms().saturating_sub(at_ms));
    let line = json!({ "contact": contact, "presence": state, "presence_at_ms": at_ms, "age_ms": age_ms });
    out.show(&line, || format!("{contact}: {}", presence_text(state, age_ms)))
}

/// For so long an answer is waited for.
const ANSWER: Duration = Duration::from_secs(3);
/// And looked for this often.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// The daemon asks no contact more often than this.
const ASKED_JUST_NOW_MS: u64 = 5_000;
/// What was said so long ago is shown with its age, ms.
const OLD_MS: u64 = 60_000;

/// What a contact is doing, and since when that is known if it isn't news.
pub(crate) fn presence_text(state: Option<PresenceState>, age_ms: Option<u64>) -> String {
    match (state, age_ms) {
        (None, _) => "unknown".to_owned(),
        (Some(state), Some(age_ms)) if age_ms >= OLD_MS => {
            format!("{}, {} min ago", presence_word(state), age_ms / 60_000)
        }
        (Some(state), _) => presence_word(state).to_owned(),
    }
}

/// Our clock, Unix ms; the daemon has the same.
pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// `ahoy ptt`.
pub(crate) async fn push_to_talk(client: &mut Client, key: Key, mute: bool, out: &Out) -> Result<(), Failure> {
    let pressed = key == Key::Down;
    client.push_to_talk(pressed, mute).await?;
    let muted = client.status().await?.muted;
    let text = if muted { "The microphone is muted." } else { "The microphone is open to your calls." };
    out.show(&json!({ "muted": muted }), || text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_contact_does_is_said_with_its_age_or_is_unknown() {
        let away = Some(PresenceState::Away);
        assert_eq!(presence_text(away, Some(59_999)), "away");
        assert_eq!(presence_text(away, Some(180_000)), "away, 3 min ago");
        assert_eq!(presence_text(None, None), "unknown");
    }
}
