//! Whether somebody talks: the detector of the crate `earshot`, a small network that runs in 12 microseconds.

use earshot::Detector;

use super::{LOW, PIECE, low_band::Decimator};

/// Samples at 16 kHz that it looks at: 16 ms.
const WINDOW: usize = 256;

/// Score from which it is a voice: the detector's own default.
const VOICE: f32 = 0.5;

/// Mean power below which nothing is a voice, of full scale: -60 dB. Spares the network in silence.
const AUDIBLE: f32 = 1e-6;

/// Hears whether there is a voice.
pub(crate) struct VoiceDetector {
    detector: Box<Detector>,
    down: Decimator,
    window: [f32; WINDOW],
    filled: usize,
    score: f32,
}

impl VoiceDetector {
    /// Has heard nothing.
    pub(crate) fn new() -> Self {
        let detector = Detector::default_boxed();
        Self { detector, down: Decimator::new(), window: [0.0; WINDOW], filled: 0, score: 0.0 }
    }

    /// 10 ms at 48 kHz. True: a voice.
    pub(crate) fn hear(&mut self, piece: &[f32; PIECE]) -> bool {
        let mut low = [0.0; LOW];
        self.down.push(piece, &mut low);
        self.hear_low(&low)
    }

    /// 10 ms of a low band, of full scale 1. True: a voice.
    pub(crate) fn hear_low(&mut self, low: &[f32; LOW]) -> bool {
        for sample in low {
            if let Some(place) = self.window.get_mut(self.filled) {
                *place = sample.clamp(-1.0, 1.0);
            }
            self.filled += 1;
            if self.filled == WINDOW {
                self.filled = 0;
                let power = self.window.iter().map(|s| s * s).sum::<f32>() / WINDOW as f32;
                self.score = if power > AUDIBLE { self.detector.predict_f32(&self.window) } else { 0.0 };
            }
        }
        self.score >= VOICE
    }
}

/// Samples at 48 kHz between two polls: 200 ms.
const POLL: usize = 9_600;

/// Voiced pieces of 10 ms between two polls that make a voice: one or two are a click.
const VOICED: u32 = 3;

/// Polls without a voice after which somebody no longer talks: 3 s, so that pauses between sentences don't flicker.
const QUIET_POLLS: u32 = 15;

/// Pieces of a poll that are listened to where only an indication is wanted, and the first of them that counts: what the
/// detector still holds of the look before is no sound.
const LOOK: usize = 10;
const LOOK_COUNTS: usize = 5;

/// Polls without a look after one that found a voice, which count as talk: who talks goes on for 3 s anyway. So looking costs a
/// sixth of listening all the time.
const RESTS: u32 = 2;

/// Whether somebody talks, as people are told. Polled every 200 ms; off after 3 s.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Talk {
    since_poll: usize,
    voiced: u32,
    quiet_polls: u32,
    /// Polls to come in which nobody looks.
    rests: u32,
    on: bool,
}

impl Talk {
    /// Somebody talks.
    pub(crate) fn on(&self) -> bool {
        self.on
    }

    /// 10 ms went by, with a voice or without.
    pub(crate) fn hear(&mut self, voiced: bool) {
        self.rests = 0;
        self.step(voiced, 0);
    }

    /// 10 ms at 48 kHz went by, of which now and then some are listened to: enough to know who talks.
    pub(crate) fn glance(&mut self, detector: &mut VoiceDetector, piece: &[f32; PIECE]) {
        let place = self.since_poll / PIECE;
        let voiced = self.rests == 0 && place < LOOK && detector.hear(piece) && place >= LOOK_COUNTS;
        self.step(voiced, RESTS);
    }

    fn step(&mut self, voiced: bool, rests: u32) {
        self.voiced += u32::from(voiced);
        self.since_poll += PIECE;
        if self.since_poll < POLL {
            return;
        }
        self.since_poll -= POLL;
        if std::mem::take(&mut self.voiced) >= VOICED {
            (self.on, self.quiet_polls, self.rests) = (true, 0, rests);
            return;
        }
        if self.rests > 0 {
            self.rests -= 1;
            return;
        }
        self.quiet_polls = (self.quiet_polls + 1).min(QUIET_POLLS);
        self.on &= self.quiet_polls < QUIET_POLLS;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processing::test_sounds::{noise, speech, tone};

    fn pieces(sound: &[f32]) -> impl Iterator<Item = &[f32; PIECE]> {
        sound.chunks_exact(PIECE).map(|piece| piece.try_into().unwrap())
    }

    fn share(sound: &[f32]) -> f32 {
        let mut detector = VoiceDetector::new();
        let voiced = pieces(sound).filter(|piece| detector.hear(piece)).count();
        voiced as f32 / (sound.len() / PIECE) as f32
    }

    #[test]
    fn speech_is_a_voice_and_noise_hum_and_silence_are_none() {
        for who in ["ada", "ben"] {
            assert!(share(&speech(who)) > 0.5, "{who}: {}", share(&speech(who)));
        }
        for level in [0.003, 0.03, 0.3] {
            assert!(share(&noise(1, level, 480_000)) < 0.02, "{level}: {}", share(&noise(1, level, 480_000)));
            assert!(share(&tone(100.0, level, 480_000)) < 0.02);
        }
        assert!(share(&[0.0; 48_000]) == 0.0);
    }

    #[test]
    fn who_talks_shows_within_half_a_second_of_speech_and_is_over_after_three_seconds() {
        let mut detector = VoiceDetector::new();
        let mut talk = Talk::default();
        let (spoken, silence) = (speech("ada"), vec![0.0; 4 * 48_000]);
        let mut since = None;
        for (n, piece) in pieces(&spoken).enumerate() {
            talk.glance(&mut detector, piece);
            if talk.on() && since.is_none() {
                since = Some(n * 10);
            }
        }
        let begins = spoken.iter().position(|s| s.abs() > 0.05).unwrap() / 48;
        assert!(since.is_some_and(|since| since <= begins + 500), "{since:?} ms, spoken from {begins}");
        assert!(talk.on());
        let mut until = None;
        for (n, piece) in pieces(&silence).enumerate() {
            talk.glance(&mut detector, piece);
            if !talk.on() && until.is_none() {
                until = Some(n * 10);
            }
        }
        assert!(until.is_some_and(|until| (2_600..=3_400).contains(&until)), "{until:?}");
    }
}
