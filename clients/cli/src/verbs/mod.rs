//! What each verb does.

use serde_json::{Value, json};

use ahoy_client::Client;
use ahoy_client::control::{Request, WhoseCall};

use crate::args::{Args, Verb};
use crate::failure::Failure;
use crate::out::Out;

mod calling;
mod calls;
mod config;
mod contact;
mod daemon;
mod device;
mod doctor;
mod handoff;
mod history;
mod meant;
mod people;
mod pipeline;
mod record;
mod sound;
mod voicemail;
mod watch;

#[cfg(test)]
mod tests;

/// Runs the verb of the command line.
pub(crate) async fn run(args: &Args, out: &Out) -> Result<(), Failure> {
    let home = args.home.as_deref();
    // These must work where no daemon runs.
    match &args.verb {
        Verb::Start(start) => return daemon::start(home, start, out).await,
        Verb::Demo(demo) => return crate::demo::run(demo, out).await,
        Verb::Man => return out.page(&crate::pages::man()?),
        Verb::Completions { shell } => return out.page(&crate::pages::completions(*shell)),
        Verb::Doctor { sound } => return doctor::doctor(home, *sound, out).await,
        Verb::Stop
        | Verb::Status
        | Verb::Id
        | Verb::Card { .. }
        | Verb::Contact(_)
        | Verb::Account(_)
        | Verb::Presence { .. }
        | Verb::Ptt { .. }
        | Verb::Device(_)
        | Verb::Call { .. }
        | Verb::Answer { .. }
        | Verb::Decline(_)
        | Verb::Hangup(_)
        | Verb::Hold(_)
        | Verb::Resume(_)
        | Verb::Handoff(_)
        | Verb::Calls
        | Verb::History { .. }
        | Verb::Voicemail { .. }
        | Verb::Record(_)
        | Verb::Pipeline(_)
        | Verb::Mute
        | Verb::Unmute
        | Verb::Stats { .. }
        | Verb::Devices { .. }
        | Verb::Config(_)
        | Verb::Watch => {}
    }
    let mut client = Client::connect(home, "ahoy").await?;
    match ask(args, &mut client, out).await {
        Err(failure) => Err(meant::told_apart(&mut client, failure).await),
        Ok(()) => Ok(()),
    }
}

async fn ask(args: &Args, client: &mut Client, out: &Out) -> Result<(), Failure> {
    match &args.verb {
        Verb::Start(_) | Verb::Demo(_) | Verb::Man | Verb::Completions { .. } | Verb::Doctor { .. } => Ok(()),
        Verb::Stop => daemon::stop(client, args.home.as_deref(), out).await,
        Verb::Status => daemon::status(client, out).await,
        Verb::Id => contact::id(client, out).await,
        Verb::Card { no_addresses } => contact::card(client, *no_addresses, out).await,
        Verb::Contact(verb) => contact::contact(client, verb, out).await,
        Verb::Account(verb) => people::account(client, verb, out).await,
        Verb::Presence { state, of } => people::presence(client, *state, of.as_deref(), out).await,
        Verb::Ptt { key, mute } => people::push_to_talk(client, *key, *mute, out).await,
        Verb::Device(verb) => device::device(client, verb, out).await,
        Verb::Call { names, wait } => calling::call(client, names, *wait, out).await,
        Verb::Answer { one, in_call } => calling::answer(client, one, (*in_call).into(), out).await,
        Verb::Decline(one) => calling::decline(client, one, out).await,
        Verb::Hangup(one) => calling::hang_up(client, one, out).await,
        Verb::Hold(one) => calling::hold(client, one, out).await,
        Verb::Resume(one) => calling::resume(client, one, out).await,
        Verb::Handoff(args) => handoff::hand_off(client, args, out).await,
        Verb::Calls => calls::calls(client, out).await,
        Verb::History { limit, verb } => history::history(client, *limit, verb.as_ref(), out).await,
        Verb::Voicemail { call, seconds } => voicemail::voicemail(client, call.as_deref(), *seconds, out).await,
        Verb::Record(verb) => record::record(client, verb, out).await,
        Verb::Pipeline(verb) => pipeline::pipeline(client, verb, out).await,
        Verb::Mute => mute(client, true, out).await,
        Verb::Unmute => mute(client, false, out).await,
        Verb::Stats { call, follow } => calls::stats(client, call.as_deref(), *follow, out).await,
        Verb::Devices { all, verb } => sound::devices(client, *all, verb.as_ref(), out).await,
        Verb::Config(verb) => config::config(client, verb, out).await,
        Verb::Watch => watch::watch(client, out).await,
    }
}

async fn mute(client: &mut Client, muted: bool, out: &Out) -> Result<(), Failure> {
    let whose = WhoseCall { call: None };
    let request = if muted { Request::CallMute(whose) } else { Request::CallUnmute(whose) };
    client.call::<Value>(&request).await?;
    let text = if muted { "The microphone is muted." } else { "The microphone is open to your calls again." };
    out.show(&json!({ "muted": muted }), || text.to_owned())
}
