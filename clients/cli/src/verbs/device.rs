//! device: link, confirm, list, revoke.

use std::io::IsTerminal;
use std::time::Duration;

use qrcode::QrCode;
use qrcode::render::unicode;
use serde_json::json;

use ahoy_client::control::{DeviceInfo, EventKind, LinkParams, LinkingState, SetKnown};
use ahoy_client::{Client, Notice};

use crate::args::DeviceVerb;
use crate::failure::Failure;
use crate::out::Out;
use crate::say::short;

/// Devices of the account.
pub(crate) async fn device(client: &mut Client, verb: &DeviceVerb, out: &Out) -> Result<(), Failure> {
    match verb {
        DeviceVerb::Link { code, account_key, forget, no_wait } => {
            let params = LinkParams { code: code.clone(), account_key: *account_key, forget: *forget };
            link(client, params, !no_wait, out).await
        }
        DeviceVerb::Confirm { letters } => {
            client.confirm_device(letters).await?;
            out.show(&json!({ "confirmed": letters }), || "They are the same.".to_owned())
        }
        DeviceVerb::List => {
            for device in &client.devices().await? {
                out.show(device, || line(device))?;
            }
            let known = client.device_set_known().await?;
            if known.untold > 0 {
                out.note(&known_text(&known));
            }
            Ok(())
        }
        DeviceVerb::Revoke { device } => {
            let all = client.devices().await?;
            let meant = one_of(&all, device)?.to_owned();
            client.revoke_device(&meant).await?;
            let known = known_soon(client).await?;
            let text = || format!("{} is no device of this account any more.\n{}", short(&meant), known_text(&known));
            out.show(&json!({ "revoked": meant, "known": known }), text)
        }
    }
}

/// For so long it is waited until all contacts that are there have learned of a revocation.
const TOLD: Duration = Duration::from_secs(3);
/// And looked this often.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

async fn known_soon(client: &mut Client) -> Result<SetKnown, Failure> {
    let deadline = tokio::time::Instant::now() + TOLD;
    loop {
        let known = client.device_set_known().await?;
        if known.untold == 0 || tokio::time::Instant::now() >= deadline {
            return Ok(known);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Who knows which devices the account has.
fn known_text(known: &SetKnown) -> String {
    let SetKnown { told, untold, names } = known;
    if *untold == 0 {
        return format!("All {told} contacts know it.");
    }
    let more = untold.saturating_sub(names.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let all = told + untold;
    format!(
        "{told} of {all} contacts know it. Not yet: {}{more}. They are dialled again and again, and told when they are \
         met; until then they still take calls of that device.",
        names.join(", ")
    )
}

/// The device whose id begins so; an unknown one is the daemon's to refuse.
pub(crate) fn one_of<'a>(devices: &'a [DeviceInfo], text: &'a str) -> Result<&'a str, Failure> {
    let mut meant = devices.iter().filter(|device| device.device.starts_with(text));
    match (meant.next(), meant.next()) {
        (Some(device), None) => Ok(&device.device),
        (None, _) => Ok(text),
        (Some(_), Some(_)) => Err(Failure::Failed(format!("several devices begin with {text}: write more of the id"))),
    }
}

fn line(device: &DeviceInfo) -> String {
    let state = match (device.this, device.online) {
        (true, _) => "this one",
        (false, true) => "online",
        (false, false) => "offline",
    };
    let key = if device.account_key == Some(true) { ", holds the account's key" } else { "" };
    let sound = if device.sound == Some(false) { ", neither microphone nor speaker" } else { "" };
    format!("{} {state}{key}{sound}", device.device)
}

async fn link(client: &mut Client, params: LinkParams, wait: bool, out: &Out) -> Result<(), Failure> {
    client.subscribe(None).await?;
    let reply = client.link_device(params).await?;
    match &reply.code {
        Some(code) => out.show(&reply, || shown(code))?,
        None => {
            let json = json!({ "kind": "linking", "state": "reaching", "expires_at_ms": reply.expires_at_ms });
            out.show(&json, || "Looking for the new device...".to_owned())?;
        }
    }
    if !wait {
        return Ok(());
    }
    let mut reading: Option<Reading> = None;
    loop {
        let notice = tokio::select! {
            notice = client.event() => notice?,
            said = typed(&mut reading) => {
                reading = None;
                client.confirm_device(said?.trim()).await?;
                out.note("The same. Waiting for the other device.");
                continue;
            }
        };
        let Notice { raw, known } = notice;
        let Some(EventKind::Linking { state, letters, reason, .. }) = known.map(|event| event.kind) else { continue };
        match (state, letters, reason) {
            (LinkingState::Compare, Some(letters), _) => {
                out.show(&raw, || format!("\nThis device shows   {letters}\n"))?;
                // Letters that come anew are asked for by the same question.
                reading = ask(out, reading);
            }
            (LinkingState::Done, ..) => return out.show(&raw, || "Linked.".to_owned()),
            (LinkingState::Failed, _, reason) => {
                out.object(&raw)?;
                let reason = reason.unwrap_or_default();
                return Err(Failure::Failed(format!("no device was linked: {reason}")));
            }
            (LinkingState::Compare, None, _) => out.note("The other device begins anew."),
        }
    }
}

/// A line that is being typed.
type Reading = tokio::task::JoinHandle<std::io::Result<String>>;

/// Asks the person at the terminal, if there is one, and once.
fn ask(out: &Out, reading: Option<Reading>) -> Option<Reading> {
    if out.is_json() || !std::io::stdin().is_terminal() {
        out.note("Look at the other device, and say what it shows: ahoy device confirm LETTERS");
        return None;
    }
    out.note("Which six letters and digits does the other device show?");
    Some(reading.unwrap_or_else(|| {
        tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).map(|_| line)
        })
    }))
}

/// What was typed, once it was; never if nothing is asked.
async fn typed(reading: &mut Option<Reading>) -> Result<String, Failure> {
    match reading {
        Some(reading) => match reading.await {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(_)) | Err(_) => Err(Failure::Failed("nothing could be read from the terminal".to_owned())),
        },
        None => std::future::pending().await,
    }
}

/// The code for people: to be photographed, or copied.
fn shown(code: &str) -> String {
    let text = format!("Enter this at a device of the account:\n\n  ahoy device link {code}\n");
    match QrCode::new(code) {
        Ok(drawn) => format!("{}\n{text}", drawn.render::<unicode::Dense1x2>().quiet_zone(true).build()),
        // Longer than a QR code can be; the text says the same.
        Err(_) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(id: &str) -> DeviceInfo {
        DeviceInfo { device: id.into(), this: false, online: true, sound: None, account_key: None }
    }

    #[test]
    fn a_device_is_meant_by_the_beginning_of_its_id() {
        let devices = [device("12D3abc"), device("12D3abd")];
        assert_eq!(one_of(&devices, "12D3abc").ok(), Some("12D3abc"));
        assert!(one_of(&devices, "12D3").is_err());
        assert_eq!(one_of(&devices, "Other").ok(), Some("Other"));
    }

    #[test]
    fn the_code_is_drawn_and_written() {
        let text = shown("ahoy:AAAA");
        assert!(text.contains("ahoy device link ahoy:AAAA") && text.contains('█'), "{text}");
    }

    #[test]
    fn a_device_s_line_says_what_sets_it_apart() {
        let mut one = device("12D3abc");
        (one.this, one.account_key, one.sound) = (true, Some(true), Some(false));
        assert_eq!(line(&one), "12D3abc this one, holds the account's key, neither microphone nor speaker");
    }
}
