//! Microphones and speakers: what a client may name, and what stands for what it leaves out.

use ahoy_media::host_media::api::DeviceSpec;
use ahoy_media::host_media::api::Selection;
use ahoy_media::host_media::check::{Played, SoundCheck};
use ahoy_protocol::core::input::Command;
use serde_json::json;

use super::*;

#[tokio::test]
async fn a_test_takes_the_devices_in_use_and_the_named_ones_but_no_files() {
    let mut daemon = Daemon::new();
    let mut client = daemon.greeted().await;
    client.ask("device.audio.test", json!({})).await;
    let wanted = SoundCheck {
        input: DeviceSpec::Default,
        output: DeviceSpec::Default,
        record_ms: 3_000,
        play: Played::Recorded,
    };
    assert_eq!(daemon.asked.recv().await.unwrap().1, Ask::CheckSound(wanted.clone()));
    let named = json!({ "input": "tone:440", "output": "none", "record_ms": 500, "play": "tone" });
    client.ask("device.audio.test", named).await;
    let wanted =
        SoundCheck { input: DeviceSpec::Tone(440), output: DeviceSpec::None, record_ms: 500, play: Played::Tone };
    assert_eq!(daemon.asked.recv().await.unwrap().1, Ask::CheckSound(wanted));
    for wrong in [json!({ "input": "file:/a.wav" }), json!({ "output": "file:/a.wav" }), json!({ "output": "tone:1" })]
    {
        let refused = client.ask("device.audio.test", wrong).await;
        assert_eq!(refused["error"]["data"]["kind"], "bad_params", "{refused}");
    }
    assert!(daemon.asked.try_recv().is_err(), "nothing was begun");
}

#[tokio::test]
async fn another_device_is_used_at_once_and_written_down_unless_it_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::at(Hub::new(0), dir.path().join("config.toml"));
    let mut client = daemon.greeted().await;
    let answer = client.ask("device.audio.select", json!({ "input": "tone:440", "output": "none" })).await;
    assert_eq!(answer["result"]["kept"], true, "{answer}");
    let mut asked = Vec::new();
    while let Ok((_, ask)) = daemon.asked.try_recv() {
        if let Ask::Core(Command::Configure { key, .. }) = ask {
            asked.push(key);
        } else {
            let Ask::SelectSound(selection) = ask else { panic!("{ask:?}") };
            asked.push(format!("{selection:?}"));
        }
    }
    let wanted = |selection: Selection| format!("{selection:?}");
    assert_eq!(
        asked,
        [
            wanted(Selection::Input(DeviceSpec::Tone(440))),
            "audio_in".to_owned(),
            wanted(Selection::Output(DeviceSpec::None)),
            wanted(Selection::Ringtone(DeviceSpec::None)),
            "audio_out".to_owned(),
        ]
    );
    let config = client.ask("config.get", json!({})).await["result"]["config"].clone();
    assert_eq!((&config["audio_in"], &config["audio_out"]), (&json!("tone:440"), &json!("none")));
    for (method, params) in [
        ("device.audio.select", json!({ "input": "alsa:gone" })),
        ("config.set", json!({ "key": "audio_in", "value": "alsa:gone" })),
    ] {
        let refused = client.ask(method, params).await;
        assert_eq!(refused["error"]["data"]["kind"], "no_such_device", "{refused}");
    }
    let nothing = client.ask("device.audio.select", json!({})).await;
    assert_eq!(nothing["error"]["data"]["kind"], "bad_params");
    assert!(daemon.asked.try_recv().is_err(), "and nothing is used");
    let set = client.ask("config.set", json!({ "key": "audio_in", "value": null })).await;
    assert_eq!(set["result"]["in_use"], true, "{set}");
    assert_eq!(daemon.asked.recv().await.unwrap().1, Ask::SelectSound(Selection::Input(DeviceSpec::Default)));
}
