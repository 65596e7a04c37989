//! SPEC: what stands for a microphone or a speaker, as text.

use std::path::{Path, PathBuf};

use ahoy_media::host_media::api::DeviceSpec;

/// Audible tones, Hz.
const TONE_HZ: std::ops::RangeInclusive<u32> = 20..=20_000;

/// Reads the SPEC of a microphone: `default`, `none`, `tone:HZ`, `file:PATH.wav`, `file:PATH.wav?loop` or a device id.
/// A relative path counts from where the daemon was started.
///
/// # Errors
/// For people: what is wrong and what is possible.
pub fn parse_input(text: &str) -> Result<DeviceSpec, String> {
    let bad = |problem: &str| problem.to_owned();
    if let Some(hz) = text.strip_prefix("tone:") {
        let hz = hz.parse().ok().filter(|hz| TONE_HZ.contains(hz));
        return hz.map(DeviceSpec::Tone).ok_or_else(|| bad("is no tone: tone:HZ with 20 to 20000 Hz"));
    }
    if let Some(rest) = text.strip_prefix("file:") {
        let (path, looped) = match rest.strip_suffix("?loop") {
            Some(path) => (path, true),
            None => (rest, false),
        };
        let path = wav(path).ok_or_else(|| bad("names no WAV file: file:PATH.wav or file:PATH.wav?loop"))?;
        return Ok(DeviceSpec::File { path, looped, stereo: false });
    }
    common(text, "default, none, tone:HZ, file:PATH.wav or a device id")
}

/// Reads the SPEC of a speaker: `default`, `none`, `file:PATH.wav`, `file:PATH.wav?stereo` or a device id.
///
/// # Errors
/// For people: what is wrong and what is possible.
pub fn parse_output(text: &str) -> Result<DeviceSpec, String> {
    let bad = |problem: &str| problem.to_owned();
    if text.starts_with("tone:") {
        return Err(bad("is for microphones only: default, none, file:PATH.wav or a device id"));
    }
    if let Some(rest) = text.strip_prefix("file:") {
        if rest.ends_with("?loop") {
            return Err(bad("can't be repeated: ?loop is for microphones only"));
        }
        let (path, stereo) = match rest.strip_suffix("?stereo") {
            Some(path) => (path, true),
            None => (rest, false),
        };
        let path = wav(path).ok_or_else(|| bad("names no WAV file: file:PATH.wav or file:PATH.wav?stereo"))?;
        return Ok(DeviceSpec::File { path, looped: false, stereo });
    }
    common(text, "default, none, file:PATH.wav or a device id")
}

/// The text that gives this SPEC again.
#[must_use]
pub fn spec_text(spec: &DeviceSpec) -> String {
    match spec {
        DeviceSpec::Default => "default".into(),
        DeviceSpec::None => "none".into(),
        DeviceSpec::Tone(hz) => format!("tone:{hz}"),
        DeviceSpec::File { path, looped, stereo } => {
            let (looped, stereo) = (if *looped { "?loop" } else { "" }, if *stereo { "?stereo" } else { "" });
            format!("file:{}{looped}{stereo}", path.display())
        }
        DeviceSpec::Id(id) => id.clone(),
    }
}

fn common(text: &str, possible: &str) -> Result<DeviceSpec, String> {
    match text {
        "" => Err(format!("must not be empty: {possible}")),
        "default" => Ok(DeviceSpec::Default),
        "none" => Ok(DeviceSpec::None),
        id => DeviceSpec::id(id).map_err(|problem| format!("is none of {possible}: {problem}")),
    }
}

fn wav(path: &str) -> Option<PathBuf> {
    let named = Path::new(path).extension().is_some_and(|end| end.eq_ignore_ascii_case("wav"));
    if named { std::path::absolute(path).ok() } else { None }
}
