//! devices: microphones and speakers, listed and tried.

use ahoy_client::Client;
use ahoy_client::control::{
    AudioDevice, EventKind, SelectAudioParams, SoundFinding, SoundTest, SoundTestState, SoundVerdict, TestAudioParams,
};

use crate::args::{SoundTestArgs, SoundVerb, UseArgs};
use crate::failure::Failure;
use crate::out::Out;

/// Cells of a bar, and the level at its left end, dB of full scale.
const CELLS: i16 = 30;
const LOWEST_DBFS: i16 = -60;

/// Microphones and speakers.
pub(crate) async fn devices(
    client: &mut Client,
    all: bool,
    verb: Option<&SoundVerb>,
    out: &Out,
) -> Result<(), Failure> {
    match verb {
        None => list(client, all, out).await,
        Some(SoundVerb::Test(args)) => test(client, args, out).await,
        Some(SoundVerb::Use(args)) => select(client, args, out).await,
    }
}

async fn list(client: &mut Client, all: bool, out: &Out) -> Result<(), Failure> {
    let mut devices = client.audio_devices().await?;
    let found = devices.len();
    devices.retain(|device| all || device.selected || device.default || is_card(&device.id));
    if devices.is_empty() {
        out.note("No microphone and no speaker was found; none, tone:HZ and file:PATH.wav work all the same.");
    }
    if found > devices.len() {
        out.note(&format!("{} more are no cards: ahoy devices --all", found - devices.len()));
    }
    for device in &devices {
        out.show(device, || device_line(device))?;
    }
    Ok(())
}

/// Not one of the dozen converters and other ways round that ALSA lists beside its cards, on machines without one too.
fn is_card(id: &str) -> bool {
    id.strip_prefix("alsa:").is_none_or(|name| {
        ["sysdefault:CARD=", "hw:CARD=", "plughw:CARD="].iter().any(|card| name.starts_with(card)) || name == "default"
    })
}

fn device_line(device: &AudioDevice) -> String {
    let mark = if device.selected { "*" } else { " " };
    let default = if device.default { " (default)" } else { "" };
    format!("{mark} {:<6} {}{default}\n         {}", device.direction, device.name, device.id)
}

async fn select(client: &mut Client, args: &UseArgs, out: &Out) -> Result<(), Failure> {
    let UseArgs { input, output, ringtone } = args;
    let (input, output, ringtone) = (input.clone(), output.clone(), ringtone.clone());
    let reply = client.select_audio(SelectAudioParams { input, output, ringtone }).await?;
    out.show(&reply, || {
        let until = "It is used until the daemon stops: its command line or environment says something else.";
        if reply.kept { "It is used from now on." } else { until }.to_owned()
    })
}

async fn test(client: &mut Client, args: &SoundTestArgs, out: &Out) -> Result<(), Failure> {
    let findings = trial(client, args, out).await?;
    for finding in &findings {
        out.show(finding, || finding_line(finding))?;
    }
    let wrong = findings.iter().filter(|finding| is_wrong(finding.verdict)).count();
    match wrong {
        0 => Ok(()),
        wrong => Err(Failure::Failed(format!("{wrong} of {} devices should be mended", findings.len()))),
    }
}

/// Tries microphone and speaker with a bar for people and events for scripts; what was found.
pub(crate) async fn trial(client: &mut Client, args: &SoundTestArgs, out: &Out) -> Result<Vec<SoundFinding>, Failure> {
    if !(0.0..=10.0).contains(&args.seconds) {
        return Err(Failure::Usage("--seconds takes 0 to 10".to_owned()));
    }
    // In range, see above.
    let record_ms = (args.seconds * 1_000.0).round() as u32;
    let (input, output, play) = (args.input.clone(), args.output.clone(), Some(args.play.into()));
    client.subscribe(None).await?;
    client.test_audio(TestAudioParams { input, output, record_ms: Some(record_ms), play }).await?;
    if record_ms > 0 {
        out.note(&format!("Speak now: the microphone is heard for {} s.", args.seconds));
    }
    loop {
        let notice = client.event().await?;
        let Some(EventKind::SoundTest(test)) = notice.known.map(|event| event.kind) else { continue };
        match test.findings {
            Some(findings) => {
                out.live(None);
                return Ok(findings);
            }
            None => {
                out.object(&notice.raw)?;
                out.live(Some(&level_line(&test)));
            }
        }
    }
}

/// Something has to be done about it.
pub(crate) fn is_wrong(verdict: SoundVerdict) -> bool {
    match verdict {
        SoundVerdict::Good | SoundVerdict::NotTried => false,
        SoundVerdict::NoSignal
        | SoundVerdict::VeryQuiet
        | SoundVerdict::Clipping
        | SoundVerdict::NoVoice
        | SoundVerdict::Crackling
        | SoundVerdict::NotAvailable
        | SoundVerdict::Interrupted => true,
    }
}

fn name(direction: &str) -> &str {
    if direction == "input" { "microphone" } else { "speaker" }
}

fn finding_line(finding: &SoundFinding) -> String {
    let mark = if is_wrong(finding.verdict) { "!" } else { " " };
    let hint = finding.hint.as_deref().map(|hint| format!("\n             -> {hint}")).unwrap_or_default();
    format!("{mark} {:<10} {}{hint}", name(&finding.direction), finding.detail)
}

/// One state of the bar: `microphone [#########---------------------] -23 dB  1.4 s`.
fn level_line(test: &SoundTest) -> String {
    let what = match test.state {
        SoundTestState::Recording => "microphone",
        SoundTestState::Playing | SoundTestState::Over => "speaker",
    };
    let level = test.level_dbfs.unwrap_or(i16::MIN);
    let left_s = f64::from(test.left_ms.unwrap_or(0)) / 1_000.0;
    format!("{what:<10} [{}] {level:>4} dB  {left_s:.1} s", bar(level, test.peak_dbfs.unwrap_or(level)))
}

/// The level filled, the peak as a mark.
pub(crate) fn bar(level_dbfs: i16, peak_dbfs: i16) -> String {
    let cells = |dbfs: i16| dbfs.saturating_sub(LOWEST_DBFS).clamp(0, -LOWEST_DBFS) * CELLS / -LOWEST_DBFS;
    let (filled, peak) = (cells(level_dbfs), cells(peak_dbfs));
    let cell = |n: i16| match n {
        n if n < filled => '#',
        n if n + 1 == peak => '|',
        _ => '-',
    };
    (0..CELLS).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_level_and_peak_from_60_db_down_to_full_scale() {
        assert_eq!(bar(-120, -120), "-".repeat(30));
        assert_eq!(bar(-60, -60), "-".repeat(30));
        assert_eq!(bar(0, 0), "#".repeat(30));
        assert_eq!(bar(-30, -10), format!("{}{}|{}", "#".repeat(15), "-".repeat(9), "-".repeat(5)));
        assert_eq!(bar(i16::MIN, i16::MAX), format!("{}|", "-".repeat(29)));
    }
}
