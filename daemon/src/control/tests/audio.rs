//! Microphones and speakers: what a client may name, and what stands for what it leaves out.

use ahoy_media::host_media::api::DeviceSpec;
use ahoy_media::host_media::check::{Played, SoundCheck};
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
