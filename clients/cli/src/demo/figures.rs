//! What the call was like, in numbers, and whether it passed.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use ahoy_client::control::CallState;

use super::Places;
use super::script::{Held, SideRecord};
use crate::failure::Failure;
use crate::measure::{Match, Recording, RecordingError, compare};

/// Each side must hear the other at least this well.
const HEARS_OTHER: f64 = 0.8;

/// And itself less than this.
const HEARS_ITSELF: f64 = 0.2;

/// Between the positions of a word in what was said and in what was heard lie mouth to ear (below a second) and the
/// difference of the moments at which microphone and playback began (a ring's length at most).
const MAX_DELAY_S: f64 = 3.0;

/// The last words are still on their way when the call ends.
const CUT_OFF_S: f64 = 0.5;

/// Figures of one side.
#[derive(Clone, Debug)]
pub(crate) struct SideFigures {
    /// Accept -> this side decoded the first packet of the other, ms.
    pub(crate) accept_to_audio_ms: Option<f64>,
    /// Other's mouth -> this side's ear, ms: median over windows of speech.
    pub(crate) mouth_to_ear_ms: Option<f64>,
    /// (Unix ms, ms) of each window.
    pub(crate) delays: Vec<(f64, f64)>,
    pub(crate) packets_received: Option<u64>,
    pub(crate) packets_lost: Option<u64>,
    /// How much of the other's speech is in what this side heard.
    pub(crate) hears_other: f64,
    /// How much of its own.
    pub(crate) hears_itself: f64,
    /// CPU seconds a minute of talk.
    pub(crate) cpu_s_per_minute: Option<f64>,
    pub(crate) peak_rss_bytes: Option<u64>,
    pub(crate) heard_wav: PathBuf,
    pub(crate) said: Recording,
    pub(crate) heard: Recording,
}

/// Figures of the call.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) offer_to_ringing_ms: f64,
    pub(crate) a: SideFigures,
    pub(crate) b: SideFigures,
}

impl Figures {
    /// Reads the recordings and compares them.
    pub(crate) fn of(held: &Held, places: &Places, talk_s: f64) -> Result<Self, Failure> {
        let read =
            |path: &Path| Recording::read(path).map_err(|error: RecordingError| Failure::Failed(error.to_string()));
        let (said_a, said_b) = (read(&places.speech_a)?, read(&places.speech_b)?);
        let (wav_a, wav_b) = (places.heard("a"), places.heard("b"));
        let (heard_a, heard_b) = (read(&wav_a)?, read(&wav_b)?);
        let seconds = talk_s - CUT_OFF_S;
        let like = |said: &Recording, heard: &Recording| compare(said, heard, seconds, MAX_DELAY_S);
        let side =
            |record: &SideRecord, other: &SideRecord, said: &Recording, said_by_other: &Recording, wav, heard| {
                let of_other = like(said_by_other, &heard);
                let itself = like(said, &heard).correlation;
                let said = said.clone();
                side_figures(held, record, other, of_other, SoundOf { said, wav, heard, hears_itself: itself }, talk_s)
            };
        Ok(Self {
            offer_to_ringing_ms: ms(held.offer_to_ringing),
            a: side(&held.a, &held.b, &said_a, &said_b, wav_a, heard_a),
            b: side(&held.b, &held.a, &said_b, &said_a, wav_b, heard_b),
        })
    }

    /// The line that scripts rely on.
    pub(crate) fn result(&self, report: &Path) -> Value {
        let both = |pick: &dyn Fn(&SideFigures) -> Value| json!({ "a": pick(&self.a), "b": pick(&self.b) });
        json!({
            "kind": "result",
            "ok": self.verdict().is_ok(),
            "offer_to_ringing_ms": rounded(self.offer_to_ringing_ms),
            "accept_to_audio_ms": both(&|side| json!(side.accept_to_audio_ms.map(rounded))),
            "mouth_to_ear_ms": both(&|side| json!(side.mouth_to_ear_ms.map(rounded))),
            "mouth_to_ear_windows_ms": both(&|side| json!(side.delays.iter().map(|(_, ms)| rounded(*ms)).collect::<Vec<_>>())),
            "packets_received": both(&|side| json!(side.packets_received)),
            "packets_lost": both(&|side| json!(side.packets_lost)),
            "correlation": {
                "a_hears_b": rounded(self.a.hears_other),
                "b_hears_a": rounded(self.b.hears_other),
                "a_hears_a": rounded(self.a.hears_itself),
                "b_hears_b": rounded(self.b.hears_itself),
            },
            "cpu_s_per_call_minute": both(&|side| json!(side.cpu_s_per_minute.map(rounded))),
            "peak_rss_bytes": both(&|side| json!(side.peak_rss_bytes)),
            "heard_wavs": both(&|side| json!(side.heard_wav)),
            "report": report,
        })
    }

    /// The same for people.
    pub(crate) fn text(&self, report: &Path) -> String {
        let line = |what: &str, unit: &str, pick: &dyn Fn(&SideFigures) -> Option<f64>, digits: usize| {
            let show = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"));
            format!("  {what:<34}{:>10}{:>10}  {unit}\n", show(pick(&self.a)), show(pick(&self.b)))
        };
        let mut text =
            format!("\n  offer -> it rings there            {:>10.1}            ms\n", self.offer_to_ringing_ms);
        text.push_str("                                           at A      at B\n");
        text.push_str(&line("accept -> the other is heard", "ms", &|side| side.accept_to_audio_ms, 1));
        text.push_str(&line("mouth to ear", "ms", &|side| side.mouth_to_ear_ms, 1));
        text.push_str(&line("packets received", "", &|side| side.packets_received.map(|count| count as f64), 0));
        text.push_str(&line("packets lost", "", &|side| side.packets_lost.map(|count| count as f64), 0));
        text.push_str(&line("hears the other (1: all of it)", "", &|side| Some(side.hears_other), 3));
        text.push_str(&line("hears itself (0: not at all)", "", &|side| Some(side.hears_itself), 3));
        text.push_str(&line("CPU seconds a minute of talk", "s", &|side| side.cpu_s_per_minute, 2));
        let mib = |side: &SideFigures| side.peak_rss_bytes.map(|bytes| bytes as f64 / 1024.0 / 1024.0);
        text.push_str(&line("peak memory", "MiB", &mib, 1));
        let (wav_a, wav_b) = (self.a.heard_wav.display(), self.b.heard_wav.display());
        text.push_str(&format!("\n  A heard  {wav_a}\n  B heard  {wav_b}\n  report   {}\n", report.display()));
        if self.verdict().is_ok() {
            text.push_str("\nEach heard the other, and not itself.");
        }
        text
    }

    /// Did each side hear the other and not itself?
    pub(crate) fn verdict(&self) -> Result<(), Failure> {
        let mut wrong = Vec::new();
        for (name, other, side) in [("A", "B", &self.a), ("B", "A", &self.b)] {
            if side.hears_other < HEARS_OTHER {
                wrong.push(format!("{name} does not hear {other} ({:.3}, wanted {HEARS_OTHER})", side.hears_other));
            }
            if side.hears_itself >= HEARS_ITSELF {
                wrong.push(format!("{name} hears itself ({:.3}, allowed {HEARS_ITSELF})", side.hears_itself));
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(Failure::Failed(wrong.join("; "))) }
    }
}

/// Sound of one side.
struct SoundOf {
    said: Recording,
    wav: PathBuf,
    heard: Recording,
    hears_itself: f64,
}

fn side_figures(
    held: &Held,
    record: &SideRecord,
    other: &SideRecord,
    of_other: Match,
    sound: SoundOf,
    talk_s: f64,
) -> SideFigures {
    // Position in the file heard minus position in the file said, plus what lies between the files' beginnings.
    let began = record.seen.sink_us.zip(other.seen.source_us).map(|(sink, source)| (sink as f64 - source as f64) / 1e6);
    let mouth_to_ear = |delay_s: f64| began.map(|began| (began + delay_s) * 1000.0);
    let good = of_other.windows.iter().filter(|window| window.correlation > 0.5);
    let delays = good.filter_map(|window| Some((held.talk_ms.0 + window.at_s * 1000.0, mouth_to_ear(window.delay_s)?)));
    let last = record.seconds.last().map(|second| &second.stats);
    let heard_at = [record.seen.since(CallState::Active), record.seen.joined].into_iter().flatten().min();
    SideFigures {
        accept_to_audio_ms: heard_at.map(|at: Instant| ms(at.saturating_duration_since(held.accepted))),
        mouth_to_ear_ms: of_other.delay_s.and_then(mouth_to_ear),
        delays: delays.collect(),
        packets_received: last.and_then(|stats| stats.packets_received),
        packets_lost: last.and_then(|stats| stats.packets_lost),
        hears_other: of_other.correlation,
        hears_itself: sound.hears_itself,
        cpu_s_per_minute: record.usage.map(|(cpu_s, _)| cpu_s / talk_s * 60.0),
        peak_rss_bytes: record.usage.map(|(_, peak)| peak),
        heard_wav: sound.wav,
        said: sound.said,
        heard: sound.heard,
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Three digits after the point are as much as there is to know.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
