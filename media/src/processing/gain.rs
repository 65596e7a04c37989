//! Brings voices to one loudness, slowly. Only speech is measured, the gain moves only while somebody speaks, and never so far that
//! noise between words becomes audible.

/// Power of speech that is aimed at, dB of full scale, mean over voiced parts: -23, as broadcasters aim at, which leaves room for
/// its peaks.
const TARGET_DB: f32 = -23.0;

/// Noise between words may be lifted up to this power, dB of full scale: in a quiet room nobody hears it.
const NOISE_DB: f32 = -58.0;

/// Voiced pieces of 10 ms before the first change: 0.2 s, so that a cough decides nothing.
const FIRST: u32 = 20;

/// Voiced pieces of 10 ms over which loudness is the mean: 2 s.
const MEMORY: u32 = 200;

/// Differences that are left alone, dB: nobody hears them.
const NEAR_DB: f32 = 1.0;

/// Change of the gain in speech, dB a second: quieter twice as fast, because too loud hurts.
const UP_DB_S: f32 = 4.0;
const DOWN_DB_S: f32 = 8.0;

/// Rise of the estimate of noise, dB a piece of 10 ms: 1.5 dB a second, slower than a sentence.
const FLOOR_RISE_DB: f32 = 0.015;

/// Speech stands out of the noise by at least this, dB; else it isn't measured.
const ABOVE_NOISE_DB: f32 = 6.0;

/// How far it may go, and where to, dB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bounds {
    /// Least gain (below 0).
    pub(crate) least_db: f32,
    /// Most gain.
    pub(crate) most_db: f32,
    /// Power of speech that is aimed at, of full scale.
    pub(crate) target_db: f32,
}

/// For the own microphone: headsets differ by 30 dB.
pub(crate) const MICROPHONE: Bounds = Bounds { least_db: -15.0, most_db: 24.0, target_db: TARGET_DB };

/// For other people: theirs has been brought to its loudness already, if their software is any good.
pub(crate) const PARTICIPANT: Bounds = Bounds { least_db: -12.0, most_db: 12.0, target_db: TARGET_DB };

/// The gain of one voice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gain {
    bounds: Bounds,
    /// Mean power of its speech.
    speech: f32,
    voiced: u32,
    floor_db: f32,
    wanted: f32,
    gain: f32,
    /// Somebody speaks: it may move.
    moving: bool,
}

fn factor(db: f32) -> f32 {
    10.0_f32.powf(db / 20.0)
}

impl Gain {
    /// Of a voice that was not heard yet: none.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, speech: 0.0, voiced: 0, floor_db: 0.0, wanted: 1.0, gain: 1.0, moving: false }
    }

    /// What was heard in the last 10 ms, before the gain; `voice`: somebody speaks.
    pub(crate) fn hear(&mut self, sound: &[f32], voice: bool) {
        let power = sound.iter().map(|s| s * s).sum::<f32>() / sound.len().max(1) as f32;
        let power_db = 10.0 * (power + 1e-12).log10();
        let rising = if self.voiced == 0 && !voice { power_db } else { self.floor_db + FLOOR_RISE_DB };
        self.floor_db = power_db.min(rising);
        self.moving = voice && power_db > self.floor_db + ABOVE_NOISE_DB;
        if !self.moving {
            return;
        }
        self.voiced = (self.voiced + 1).min(MEMORY);
        self.speech += (power - self.speech) / self.voiced as f32;
        if self.voiced < FIRST {
            return;
        }
        let speech_db = 10.0 * (self.speech + 1e-12).log10();
        let quiet_db = (NOISE_DB - self.floor_db).max(0.0);
        let wanted_db =
            (self.bounds.target_db - speech_db).clamp(self.bounds.least_db, self.bounds.most_db.min(quiet_db));
        if (wanted_db - 20.0 * self.wanted.log10()).abs() > NEAR_DB {
            self.wanted = factor(wanted_db);
        }
    }

    /// Back to no gain, as if somebody spoke: it is switched off.
    pub(crate) fn release(&mut self) {
        (self.wanted, self.moving) = (1.0, true);
    }

    /// No gain is in force.
    pub(crate) fn rests(&self) -> bool {
        self.gain == 1.0
    }

    /// Applies the gain to any number of samples at 48 kHz.
    pub(crate) fn apply(&mut self, sound: &mut [f32]) {
        if self.gain == 1.0 && (!self.moving || self.wanted == 1.0) {
            return;
        }
        let (up, down) = (factor(UP_DB_S / 48_000.0), factor(-DOWN_DB_S / 48_000.0));
        for sample in sound {
            if self.moving {
                let step = if self.gain < self.wanted { self.gain * up } else { self.gain * down };
                let passed = (self.gain < self.wanted) == (step >= self.wanted);
                self.gain = if passed { self.wanted } else { step };
            }
            *sample *= self.gain;
        }
    }
}

#[cfg(test)]
mod tests;
