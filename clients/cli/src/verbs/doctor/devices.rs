//! Microphone, speaker and what rings: is there what the daemon was told to use, and does it work?

use ahoy_client::control::{AudioDevice, AudioDevicesReply, HomePaths, SoundFinding, SoundPriority};
use ahoy_client::{Client, ClientError};

use super::{Finding, Verdict};
use crate::args::SoundTestArgs;
use crate::failure::Failure;
use crate::out::Out;
use crate::verbs::sound;

/// All of them, in words.
pub(crate) async fn look(client: &mut Client) -> Result<Vec<Finding>, ClientError> {
    let config = client.config().await?;
    let AudioDevicesReply { devices, priority } = client.audio().await?;
    let spec = |key: &str| config[key].as_str().unwrap_or("default").to_owned();
    let mut findings = vec![one("input", &spec("audio_in"), &devices), one("output", &spec("audio_out"), &devices)];
    findings.extend(config["ringtone_out"].as_str().map(|spec| ringer(spec, &devices)));
    findings.extend(priority.map(granted));
    Ok(findings)
}

/// Whether sound is in time on a busy machine.
fn granted(priority: SoundPriority) -> Finding {
    let hint = "allow real time: a limit `rtprio` of 1 or more for you (/etc/security/limits.d), or LimitRTPRIO=1 in ahoyd's unit";
    match priority {
        SoundPriority::RealTime => Finding::ok("priority", "sound runs in real time"),
        SoundPriority::Raised => Finding::ok("priority", "sound runs before most others, but not in real time"),
        SoundPriority::Usual => {
            Finding::warn("priority", "sound has no priority: on a busy machine it may crackle", hint)
        }
    }
}

/// Where it rings, if that was named.
fn ringer(spec: &str, devices: &[AudioDevice]) -> Finding {
    match spec {
        "none" => {
            Finding::warn("ringer", "none, as it was told: calls don't ring to be heard", "take ringtone_out out")
        }
        spec if !is_id(spec) => Finding { check: "ringer", ..one("output", spec, devices) },
        spec if devices.iter().any(|device| device.direction == "output" && device.id == spec) => {
            Finding { check: "ringer", ..one("output", spec, devices) }
        }
        spec => {
            let hint = "`ahoy devices` shows what there is; write another ringtone_out into config.toml";
            Finding::fail("ringer", format!("there is no output {spec:?}: calls don't ring to be heard"), hint)
        }
    }
}

/// What was named and is not there. `default` without any device is left to `ahoy doctor`: a machine without sound is
/// no mistake of whoever starts a daemon on it.
pub(crate) async fn missing(client: &mut Client) -> Result<Vec<Finding>, ClientError> {
    let config = client.config().await?;
    if !["audio_in", "audio_out", "ringtone_out"].iter().any(|key| config[*key].as_str().is_some_and(is_id)) {
        return Ok(Vec::new());
    }
    Ok(look(client).await?.into_iter().filter(|finding| finding.verdict == Verdict::Fail).collect())
}

/// Both, tried for some seconds.
pub(super) async fn tried(paths: &HomePaths, out: &Out) -> Vec<Finding> {
    let trial = async {
        let mut client = Client::connect_to(&paths.socket, "ahoy doctor").await?;
        sound::trial(&mut client, &SoundTestArgs::of(3.0), out).await
    };
    match trial.await {
        Ok(findings) => findings.into_iter().map(heard).collect(),
        // Said already.
        Err(Failure::Client(ClientError::NoDaemon { .. })) => Vec::new(),
        Err(failure) => vec![Finding::warn("sound", failure.to_string(), "try again: ahoy devices test")],
    }
}

fn heard(finding: SoundFinding) -> Finding {
    let check = if finding.direction == "input" { "mic" } else { "speaker" };
    let verdict = if sound::is_wrong(finding.verdict) { Verdict::Fail } else { Verdict::Ok };
    Finding { check, verdict, message: finding.detail, hint: finding.hint }
}

/// Neither a word of ours nor a file or tone.
fn is_id(spec: &str) -> bool {
    !["default", "none"].contains(&spec) && !spec.starts_with("tone:") && !spec.starts_with("file:")
}

fn one(direction: &str, spec: &str, devices: &[AudioDevice]) -> Finding {
    let (check, name, option) = match direction {
        "input" => ("mic", "microphone", "--audio-in"),
        _ => ("speaker", "speaker", "--audio-out"),
    };
    let mut ours = devices.iter().filter(|device| device.direction == direction);
    if is_id(spec) {
        let hint = format!("`ahoy devices` shows what there is; start ahoyd with another {option}");
        return match ours.find(|device| device.id == spec) {
            Some(device) => Finding::ok(check, device.name.clone()),
            None => Finding::fail(check, format!("there is no {name} {spec:?}"), hint),
        };
    }
    match (spec, ours.next()) {
        ("default", None) => {
            let hint = format!("plug one in, or start ahoyd with {option} none or file:PATH.wav");
            Finding::warn(check, format!("no {name} was found"), hint)
        }
        ("default", Some(_)) => match devices.iter().find(|device| device.direction == direction && device.default) {
            Some(default) => Finding::ok(check, format!("{} (the default)", default.name)),
            None => {
                let hint = format!("start the sound server, or ahoyd with a device of `ahoy devices` as {option}");
                Finding::warn(check, format!("no {name} is the default: is a sound server running?"), hint)
            }
        },
        ("none", _) => Finding::warn(
            check,
            format!("none, as it was told: no {name} is used"),
            "for a call, start it with another",
        ),
        (other, _) => Finding::ok(check, other.to_owned()),
    }
}
