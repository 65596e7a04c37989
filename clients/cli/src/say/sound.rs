//! Words for microphones, speakers, and what limits sound.

use ahoy_client::control::{
    AudioDevice, PipelineChanged, PipelineRun, PipelineRunState, PipelineScope, QualityCause, SoundTest,
};

pub(super) fn plugged(device: &AudioDevice, what: &str) -> String {
    format!("{} {} {what} ({})", device.direction, device.name, device.id)
}

/// The end of a trial of microphone and speaker; its levels are for bars.
pub(super) fn test(test: &SoundTest) -> Option<String> {
    let findings = test.findings.as_ref()?;
    let lines: Vec<String> = findings.iter().map(|finding| finding.detail.clone()).collect();
    Some(format!("sound test: {}", lines.join("; ")))
}

pub(super) fn piped(changed: &PipelineChanged) -> String {
    let over = match changed.scope {
        PipelineScope::Capture => "what is said here",
        PipelineScope::Participant => "what is heard of a participant",
    };
    let by = changed.client.as_deref().map(|client| format!(", asked by {client}")).unwrap_or_default();
    let what = if changed.set { "goes through another pipeline" } else { "goes through no pipeline any more" };
    format!("{over} {what}{by}")
}

/// The end of a run; its progress is for bars.
pub(super) fn run(run: &PipelineRun) -> Option<String> {
    match run.state {
        PipelineRunState::Running => None,
        PipelineRunState::Done => Some(format!("pipeline run {} is done", run.run)),
        PipelineRunState::Failed => {
            Some(format!("pipeline run {} failed: {}", run.run, run.detail.as_deref().unwrap_or_default()))
        }
    }
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
