//! Words for microphones, speakers, and what limits sound.

use ahoy_client::control::{AudioDevice, QualityCause, SoundTest};

pub(super) fn plugged(device: &AudioDevice, what: &str) -> String {
    format!("{} {} {what} ({})", device.direction, device.name, device.id)
}

/// The end of a trial of microphone and speaker; its levels are for bars.
pub(super) fn test(test: &SoundTest) -> Option<String> {
    let findings = test.findings.as_ref()?;
    let lines: Vec<String> = findings.iter().map(|finding| finding.detail.clone()).collect();
    Some(format!("sound test: {}", lines.join("; ")))
}

/// What limits sound, in words; None if nothing does.
pub(crate) fn limit_words(cause: QualityCause) -> Option<&'static str> {
    match cause {
        QualityCause::None => None,
        QualityCause::MyUplink => Some("the connection from here"),
        QualityCause::TheirUplink => Some("the connection from there"),
        QualityCause::Path => Some("the network between"),
        QualityCause::Cpu => Some("this machine, which is too busy"),
    }
}

pub(super) fn limited(who: &str, cause: QualityCause) -> String {
    match limit_words(cause) {
        Some(what) => format!("sound with {who} is limited by {what}"),
        None => format!("nothing limits the sound with {who} any more"),
    }
}

pub(super) fn talks_muted(talking: bool) -> String {
    let text = if talking {
        "you talk, but the microphone is muted (ahoy unmute)"
    } else {
        "you no longer talk into the muted microphone"
    };
    text.to_owned()
}
