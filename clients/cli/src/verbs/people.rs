//! What people may do with us: requests, attempts, policies, safety numbers, presence, and the key that talks.

use serde_json::json;

use ahoy_client::Client;
use ahoy_client::control::{
    AttemptInfo, AttemptKind, Contact, ContactRequestInfo, PolicyInfo, PolicyParams, PresenceState, TokenName,
};

use crate::args::{AccountVerb, Key, PolicyArgs, Presence, Switch, Token};
use crate::failure::Failure;
use crate::out::Out;
use crate::say::presence_word;

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
    format!("{who:<20} {:>5} times, last a {what}{blocked} {}", attempt.count, attempt.account)
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
        client.ask_presence(contact).await?;
        let known = client.contacts().await?;
        let known = known.into_iter().find(|it| it.name == contact || it.account == contact);
        let state = known.and_then(|contact| contact.presence);
        let text = state.map_or("not known yet: `ahoy watch` shows it when it comes", presence_word);
        return out.show(&json!({ "contact": contact, "presence": state }), || format!("{contact}: {text}"));
    }
    let state = match state {
        Some(Presence::Away) => PresenceState::Away,
        Some(Presence::DoNotDisturb) => PresenceState::DoNotDisturb,
        Some(Presence::Available) | None => PresenceState::Available,
    };
    client.set_presence(state).await?;
    out.show(&json!({ "presence": state }), || format!("We are shown as: {}.", presence_word(state)))
}

/// `ahoy ptt`.
pub(crate) async fn push_to_talk(client: &mut Client, key: Key, mute: bool, out: &Out) -> Result<(), Failure> {
    let pressed = key == Key::Down;
    client.push_to_talk(pressed, mute).await?;
    let muted = pressed == mute;
    let text = if muted { "The microphone is muted." } else { "The microphone is open to your calls." };
    out.show(&json!({ "muted": muted }), || text.to_owned())
}
