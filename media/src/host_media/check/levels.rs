//! How loud a microphone is, and what that says of it.

use super::{Finding, Verdict};
use crate::processing::{PIECE, VoiceDetector};

/// Samples at 48 kHz between two levels: a tenth of a second.
pub(super) const WINDOW: usize = 4_800;

/// Lowest level that is told, dB of full scale.
const FLOOR_DBFS: f32 = -120.0;

/// Below this peak there is no signal, dB of full scale: a switched-off microphone gives zeros, or the last bit of 16.
const NO_SIGNAL_DBFS: i16 = -80;

/// Loudest tenth of a second below which a voice is too quiet, dB of full scale: the automatic gain lifts by 24 dB at most,
/// and speech close to a microphone has -35 to -15.
const VERY_QUIET_DBFS: i16 = -50;

/// From here on a sample counts as cut off.
const CLIPPED: f32 = 0.995;

/// Share of samples that may be cut off: one in a thousand is not heard.
const CLIPPED_SHARE: usize = 1_000;

/// Pieces of 10 ms with a voice that make one: a fifth of a second.
const VOICED: usize = 20;

/// Level and peak of a stretch of sound, whole dB of full scale. What lies off zero as a whole (DC) is no sound.
pub(super) fn level(sound: &[f32]) -> (i16, i16) {
    let count = sound.len().max(1) as f32;
    let mean = sound.iter().sum::<f32>() / count;
    let power = sound.iter().map(|s| (s - mean) * (s - mean)).sum::<f32>() / count;
    let peak = sound.iter().map(|s| (s - mean).abs()).fold(0.0, f32::max);
    (whole_db(power.sqrt()), whole_db(peak))
}

/// Of an amplitude; -120 for silence.
fn whole_db(amplitude: f32) -> i16 {
    let db = (20.0 * amplitude.max(1e-6).log10()).clamp(FLOOR_DBFS, 0.0);
    // In range, see above; no number at all becomes 0.
    db.round() as i16
}

/// What a microphone has given.
pub(super) struct Meter {
    detector: VoiceDetector,
    seen: usize,
    clipped: usize,
    voiced: usize,
    loudest_dbfs: i16,
    peak_dbfs: i16,
}

impl Meter {
    /// Has heard nothing.
    pub(super) fn new() -> Self {
        let detector = VoiceDetector::new();
        let floor = FLOOR_DBFS as i16;
        Self { detector, seen: 0, clipped: 0, voiced: 0, loudest_dbfs: floor, peak_dbfs: floor }
    }

    /// Takes a [`WINDOW`] of sound; its level and peak.
    pub(super) fn hear(&mut self, window: &[f32]) -> (i16, i16) {
        self.seen += window.len();
        self.clipped += window.iter().filter(|sample| sample.abs() >= CLIPPED).count();
        self.voiced += window.as_chunks::<PIECE>().0.iter().filter(|piece| self.detector.hear(piece)).count();
        let (level_dbfs, peak_dbfs) = level(window);
        self.loudest_dbfs = self.loudest_dbfs.max(level_dbfs);
        self.peak_dbfs = self.peak_dbfs.max(peak_dbfs);
        (level_dbfs, peak_dbfs)
    }

    /// What that says of the microphone, by what matters most.
    pub(super) fn finding(&self) -> Finding {
        let found = |verdict, detail: String, hint: &str| Finding::new(true, verdict, detail, hint.to_owned());
        let loudest = self.loudest_dbfs;
        if self.peak_dbfs < NO_SIGNAL_DBFS {
            let hint = "look for a switch or key that mutes it, raise its level in the system's sound settings, let the \
                        system grant access to it, or choose another one: ahoy devices use --input ID";
            return found(Verdict::NoSignal, "the microphone is open, and only silence comes".into(), hint);
        }
        if self.clipped * CLIPPED_SHARE > self.seen {
            let hint = "lower the microphone's level in the system's sound settings, or speak from further away";
            let share = self.clipped as f32 * 100.0 / self.seen.max(1) as f32;
            let detail = format!("it is too loud: {share:.1} % of the sound is cut off, which sounds harsh");
            return found(Verdict::Clipping, detail, hint);
        }
        if loudest < VERY_QUIET_DBFS {
            let hint = "raise the microphone's level in the system's sound settings, speak closer to it, or choose \
                        another one: ahoy devices use --input ID";
            let detail = format!("it is very quiet: {loudest} dB of full scale at its loudest");
            return found(Verdict::VeryQuiet, detail, hint);
        }
        if self.voiced < VOICED {
            let hint = "speak while the test records; if you did, this may be another microphone than you think";
            let detail =
                format!("sound comes ({loudest} dB of full scale at its loudest), and no voice was heard in it");
            return found(Verdict::NoVoice, detail, hint);
        }
        let detail = format!("a voice is heard well: {loudest} dB of full scale at its loudest");
        Finding::new(true, Verdict::Good, detail, None)
    }
}
