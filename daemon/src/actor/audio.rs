//! Microphones and speakers: other ones, and trials of them: when they may be, and how frontends are told.

use ahoy_media::host_media::api::{Selection, SoundError};
use ahoy_media::host_media::check::{CheckEvent, Finding, SoundCheck, Verdict};
use ahoy_protocol::control::{
    ControlError, DoneReply, ErrorKind, Reply, SoundFinding, SoundTest, SoundTestState, SoundVerdict,
};

use super::media::Media;

/// Begins a trial, unless a call or a message has the microphone.
pub(super) fn begin_check(media: &Media, calls: usize, check: SoundCheck) -> Result<Reply, ControlError> {
    if calls > 0 || media.records() {
        let hint = "end the call first: the test would take its devices. During a call, `ahoy stats` and the event \
                    `speaking` show whether sound passes";
        return Err(ControlError::new(ErrorKind::InCall, "microphone and speaker are in use", hint));
    }
    match media.check(check) {
        Ok(()) => Ok(Reply::Done(DoneReply::default())),
        Err(SoundError::Busy) => {
            let message = "microphone and speaker are being tried already";
            Err(ControlError::new(ErrorKind::WrongState, message, "wait for its end: some seconds"))
        }
        Err(error @ SoundError::Thread(_)) => {
            let hint = "raise the number of threads this user may have (ulimit -u)";
            Err(ControlError::new(ErrorKind::NoResources, error.to_string(), hint))
        }
        Err(
            error @ (SoundError::Input(_) | SoundError::Output(_) | SoundError::Ringtone(_) | SoundError::Setting(_)),
        ) => {
            let hint = "docs/control.md has what device.audio.test takes";
            Err(ControlError::new(ErrorKind::BadParams, format!("device.audio.test: {error}"), hint))
        }
    }
}

/// Another device from now on.
pub(super) fn select(media: &Media, selection: Selection) -> Result<Reply, ControlError> {
    media.select(selection).map(|()| Reply::Done(DoneReply::default())).map_err(|error| {
        let hint = "give `default`, `none`, a WAV file that can be read or made, or an id that `ahoy devices` lists";
        ControlError::new(ErrorKind::BadParams, error.to_string(), hint)
    })
}

/// A trial as frontends are told of it.
pub(super) fn sound_test(event: CheckEvent) -> SoundTest {
    match event {
        CheckEvent::Level { recording, level_dbfs, peak_dbfs, left_ms } => SoundTest {
            state: if recording { SoundTestState::Recording } else { SoundTestState::Playing },
            level_dbfs: Some(level_dbfs),
            peak_dbfs: Some(peak_dbfs),
            left_ms: Some(left_ms),
            findings: None,
        },
        CheckEvent::Over(findings) => SoundTest {
            state: SoundTestState::Over,
            level_dbfs: None,
            peak_dbfs: None,
            left_ms: None,
            findings: Some(findings.into_iter().map(told).collect()),
        },
    }
}

fn told(finding: Finding) -> SoundFinding {
    let Finding { input, verdict, detail, hint } = finding;
    let verdict = match verdict {
        Verdict::Good => SoundVerdict::Good,
        Verdict::NoSignal => SoundVerdict::NoSignal,
        Verdict::VeryQuiet => SoundVerdict::VeryQuiet,
        Verdict::Clipping => SoundVerdict::Clipping,
        Verdict::NoVoice => SoundVerdict::NoVoice,
        Verdict::Crackling => SoundVerdict::Crackling,
        Verdict::NotAvailable => SoundVerdict::NotAvailable,
        Verdict::NotTried => SoundVerdict::NotTried,
        Verdict::Interrupted => SoundVerdict::Interrupted,
    };
    SoundFinding { direction: if input { "input" } else { "output" }.into(), verdict, detail, hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_findings_reach_frontends_with_their_words() {
        let level = CheckEvent::Level { recording: true, level_dbfs: -23, peak_dbfs: -9, left_ms: 700 };
        let level = serde_json::to_value(sound_test(level)).unwrap();
        let wanted = serde_json::json!({"state": "recording", "level_dbfs": -23, "peak_dbfs": -9, "left_ms": 700});
        assert_eq!(level, wanted);
        let finding = Finding { input: true, verdict: Verdict::NoSignal, detail: "silence".into(), hint: None };
        let over = serde_json::to_value(sound_test(CheckEvent::Over(vec![finding]))).unwrap();
        assert_eq!(over["state"], "over");
        assert_eq!(over["findings"][0]["verdict"], "no_signal");
        assert_eq!(over["findings"][0]["direction"], "input");
    }
}
