//! Noise that sounds as a room does: white noise through the filter that linear prediction finds in the room's sound.

use super::background::{Correlation, ORDER};

/// What is heard of the room's level: 3 dB less, as noise that is new is heard more than noise that was always there.
const LEVEL: f64 = 0.707;

/// White noise that is taken to be in the room's sound, of its power (-40 dB): keeps the filter from ringing.
const WHITE: f64 = 1e-4;

/// See the module.
#[derive(Debug)]
pub(super) struct Noise {
    /// State of the numbers, never 0.
    numbers: u64,
    /// How much of each of the samples before goes on, the latest first.
    filter: [f32; ORDER],
    /// Of the white noise.
    gain: f32,
    before: [f32; ORDER],
}

impl Noise {
    /// Silence, until it has a shape.
    pub(super) fn new(seed: u64) -> Self {
        // Seeds that differ in a bit give other numbers from the first on.
        let numbers = (seed ^ 0x9E37_79B9_7F4A_7C15).wrapping_mul(0xD134_2543_DE82_EF95) | 1;
        Self { numbers, filter: [0.0; ORDER], gain: 0.0, before: [0.0; ORDER] }
    }

    /// Sounds as what has this correlation from now on; silent for none.
    pub(super) fn shape(&mut self, room: Option<&Correlation>) {
        let predicted = room.and_then(predict);
        (self.filter, self.gain) = predicted.unwrap_or(([0.0; ORDER], 0.0));
        if predicted.is_none() {
            self.before = [0.0; ORDER];
        }
    }

    /// Whether there is anything to be heard.
    pub(super) fn is_heard(&self) -> bool {
        self.gain > 0.0
    }

    /// The next sample.
    pub(super) fn sample(&mut self) -> f32 {
        let past: f32 = self.filter.iter().zip(&self.before).map(|(share, sample)| share * sample).sum();
        let sample = self.gain * self.white() + past;
        self.before.rotate_right(1);
        if let Some(latest) = self.before.first_mut() {
            *latest = sample;
        }
        sample
    }

    /// White noise with a mean square of 1: xorshift* (Vigna 2016).
    fn white(&mut self) -> f32 {
        self.numbers ^= self.numbers >> 12;
        self.numbers ^= self.numbers << 25;
        self.numbers ^= self.numbers >> 27;
        let bits = self.numbers.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40;
        (bits as f32 / (1_u32 << 23) as f32 - 1.0) * 1.732
    }
}

/// Levinson and Durbin: the filter that predicts a sound of this correlation, and the gain of the white noise that is left. None
/// if there is no such filter.
fn predict(room: &Correlation) -> Option<([f32; ORDER], f32)> {
    let mut at = [0.0_f64; ORDER + 1];
    at.iter_mut().zip(room).for_each(|(to, from)| *to = f64::from(*from));
    let power = at[0];
    at[0] *= 1.0 + WHITE;
    let (mut filter, mut left) = ([0.0_f64; ORDER], at[0]);
    for order in 0..ORDER {
        let known: f64 = (0..order).map(|n| filter[n] * at[order - n]).sum();
        let reflection = (at[order + 1] - known) / left;
        // Only such a filter is stable; anything else is no correlation of a sound.
        if reflection.is_nan() || reflection.abs() >= 1.0 {
            return None;
        }
        let before = filter;
        filter[order] = reflection;
        for n in 0..order {
            filter[n] = before[n] - reflection * before[order - 1 - n];
        }
        left *= 1.0 - reflection * reflection;
    }
    let gain = (left * power / at[0]).sqrt() * LEVEL;
    gain.is_finite().then(|| (filter.map(|share| share as f32), gain as f32))
}
