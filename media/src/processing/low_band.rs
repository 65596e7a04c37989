//! Sound at 48 kHz taken apart into what lies below about 7 kHz, at 16 kHz, and the rest, and put together again. What nothing
//! was done to comes out as it went in, only later: the bands are cut by difference, not by filters that must match.

use super::{LOW, PIECE};

/// Taps of the filter between both rates; its delay is half of them, less one: 1 ms.
const TAPS: usize = 97;

/// Samples at 48 kHz by which down and up again are late.
pub(crate) const SPLIT_DELAY: usize = TAPS - 1;

/// Where the bands meet, of the sample rate: 7.25 kHz, so that what is above 8.5 is 70 dB down before it folds back.
const CUTOFF: f64 = 7_250.0 / 48_000.0;

/// Samples at 16 kHz that the filter looks back: a third of its taps.
const BACK: usize = TAPS / 3;

/// A sinc under a Blackman window, symmetric: every frequency is late by the same time.
fn taps() -> [f32; TAPS] {
    let middle = (TAPS / 2) as f64;
    std::array::from_fn(|n| {
        let t = n as f64 - middle;
        let turn = std::f64::consts::TAU * n as f64 / (TAPS - 1) as f64;
        let window = 0.42 - 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos();
        let sinc = if t == 0.0 {
            2.0 * CUTOFF
        } else {
            (std::f64::consts::TAU * CUTOFF * t).sin() / (std::f64::consts::PI * t)
        };
        (sinc * window) as f32
    })
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Eight sums at once, so that the compiler can use wide registers.
    let mut sums = [0.0_f32; 8];
    let (a_rows, b_rows) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a_rows.remainder().iter().zip(b_rows.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_rows.zip(b_rows) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// 48 to 16 kHz.
#[derive(Clone, Debug)]
pub(crate) struct Decimator {
    /// Symmetric, so it needs no turning round.
    taps: [f32; TAPS],
    held: [f32; TAPS - 1 + PIECE],
}

impl Decimator {
    /// Silence so far.
    pub(crate) fn new() -> Self {
        Self { taps: taps(), held: [0.0; TAPS - 1 + PIECE] }
    }

    /// 10 ms in, 10 ms out, 1 ms late.
    pub(crate) fn push(&mut self, piece: &[f32; PIECE], low: &mut [f32; LOW]) {
        self.held.copy_within(PIECE.., 0);
        for (held, sample) in self.held.iter_mut().skip(TAPS - 1).zip(piece) {
            *held = *sample;
        }
        // The window of sample k ends at sample 3k of the piece.
        for (sample, window) in low.iter_mut().zip(self.held.windows(TAPS).step_by(3)) {
            *sample = dot(window, &self.taps);
        }
    }

    /// Silence so far, again.
    pub(crate) fn forget(&mut self) {
        self.held.fill(0.0);
    }
}

/// 16 to 48 kHz.
#[derive(Clone, Debug)]
pub(crate) struct Interpolator {
    /// Taps by phase, turned round, the shorter ones with a zero before.
    phases: [[f32; BACK + 1]; 3],
    held: [f32; BACK + LOW],
}

impl Interpolator {
    /// Silence so far.
    pub(crate) fn new() -> Self {
        let taps = taps();
        let phase =
            |phase: usize| std::array::from_fn(|n| taps.get(3 * (BACK - n) + phase).map_or(0.0, |tap| 3.0 * tap));
        Self { phases: [phase(0), phase(1), phase(2)], held: [0.0; BACK + LOW] }
    }

    /// 10 ms in, 10 ms out, 1 ms late.
    pub(crate) fn push(&mut self, low: &[f32; LOW], piece: &mut [f32; PIECE]) {
        self.held.copy_within(LOW.., 0);
        for (held, sample) in self.held.iter_mut().skip(BACK).zip(low) {
            *held = *sample;
        }
        for (three, window) in piece.chunks_exact_mut(3).zip(self.held.windows(BACK + 1)) {
            for (sample, phase) in three.iter_mut().zip(&self.phases) {
                *sample = dot(window, phase);
            }
        }
    }

    /// Silence so far, again.
    pub(crate) fn forget(&mut self) {
        self.held.fill(0.0);
    }
}

/// Sound `N` samples later.
#[derive(Clone, Debug)]
pub(crate) struct Delay<const N: usize> {
    held: [f32; N],
    next: usize,
}

impl<const N: usize> Delay<N> {
    /// Silence so far.
    pub(crate) const fn new() -> Self {
        Self { held: [0.0; N], next: 0 }
    }

    /// Delays in place.
    pub(crate) fn push(&mut self, sound: &mut [f32]) {
        for sample in sound {
            if let Some(held) = self.held.get_mut(self.next) {
                std::mem::swap(held, sample);
            }
            self.next = (self.next + 1) % N.max(1);
        }
    }

    /// Silence so far, again.
    pub(crate) fn forget(&mut self) {
        self.held.fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processing::test_sounds::{power_db, tone};

    fn down_and_up(sound: &[f32]) -> Vec<f32> {
        let (mut down, mut up) = (Decimator::new(), Interpolator::new());
        let mut heard = Vec::new();
        for piece in sound.chunks_exact(PIECE) {
            let (mut low, mut out) = ([0.0; LOW], [0.0; PIECE]);
            down.push(piece.try_into().unwrap(), &mut low);
            up.push(&low, &mut out);
            heard.extend(out);
        }
        heard
    }

    #[test]
    fn what_is_low_comes_back_after_two_milliseconds_unchanged() {
        for hz in [100.0, 1_000.0, 5_000.0] {
            let sound = tone(hz, 0.5, 24_000);
            let heard = down_and_up(&sound);
            let worst =
                heard[SPLIT_DELAY..].iter().zip(&sound).skip(480).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 0.001, "{hz}: {worst}");
        }
    }

    #[test]
    fn what_is_high_does_not_fold_back() {
        for hz in [9_000.0, 12_000.0, 15_900.0, 20_000.0] {
            let heard = down_and_up(&tone(hz, 0.5, 24_000));
            assert!(power_db(&heard[960..]) < -70.0, "{hz}: {}", power_db(&heard[960..]));
        }
    }

    #[test]
    fn a_delay_keeps_every_sample() {
        let mut delay = Delay::<7>::new();
        let mut sound: Vec<f32> = (1..=20_u16).map(f32::from).collect();
        for piece in sound.chunks_mut(3) {
            delay.push(piece);
        }
        let late: Vec<f32> = std::iter::repeat_n(0.0, 7).chain((1..=13_u16).map(f32::from)).collect();
        assert_eq!(sound, late);
    }
}
