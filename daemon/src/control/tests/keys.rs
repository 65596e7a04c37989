//! A key that talks while it is held, and what the interface says of itself.

use ahoy_protocol::control::CallCommand;
use ahoy_protocol::core::input::Command;
use serde_json::json;

use super::*;

fn muted(ask: &Ask) -> Option<bool> {
    let Ask::Core(Command::Call(command)) = ask else { return None };
    let (mute, unmute) = (CallCommand::Mute { call: None }, CallCommand::Unmute { call: None });
    let key = |down| CallCommand::MuteKey { call: None, down };
    let known = [&mute, &key(true), &unmute, &key(false)].into_iter().position(|one| one == command)?;
    Some(known < 2)
}

#[tokio::test]
async fn a_key_talks_or_mutes_while_it_is_down() {
    let mut daemon = Daemon::new();
    let mut client = daemon.greeted().await;
    for (pressed, mute, expected) in
        [(true, false, false), (false, false, true), (true, true, true), (false, true, false)]
    {
        client.ask("call.push_to_talk", json!({ "pressed": pressed, "mute": mute })).await;
        let (by, ask) = daemon.asked.recv().await.unwrap();
        assert_eq!((by.as_str(), muted(&ask)), ("test", Some(expected)), "{pressed} {mute}");
    }
}

#[tokio::test]
async fn a_client_that_dies_with_its_key_down_leaves_no_open_microphone() {
    let mut daemon = Daemon::new();
    let mut client = daemon.greeted().await;
    client.ask("call.push_to_talk", json!({ "pressed": true, "while_connected": true })).await;
    assert_eq!(muted(&daemon.asked.recv().await.unwrap().1), Some(false));
    drop(client);
    assert_eq!(muted(&daemon.asked.recv().await.unwrap().1), Some(true));
    // One that let go of it, or never asked for that, changes nothing by leaving.
    let mut other = daemon.greeted().await;
    other.ask("call.push_to_talk", json!({ "pressed": true })).await;
    assert_eq!(muted(&daemon.asked.recv().await.unwrap().1), Some(false));
    drop(other);
    let mut last = daemon.greeted().await;
    last.ask("presence.set", json!({ "state": "away" })).await;
    assert_eq!(muted(&daemon.asked.recv().await.unwrap().1), None);
}

#[tokio::test]
async fn the_interface_tells_what_it_is() {
    let daemon = Daemon::new();
    let mut client = daemon.greeted().await;
    let document = client.ask("rpc.discover", json!({})).await["result"].clone();
    assert_eq!(document["openrpc"], "1.3.2");
    let names: Vec<&str> =
        document["methods"].as_array().unwrap().iter().map(|method| method["name"].as_str().unwrap()).collect();
    assert!(crate::control::METHODS.iter().all(|(name, _)| names.contains(name)), "{names:?}");
}
