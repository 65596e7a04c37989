//! Keeps a sound within full scale without hard clipping.

use crate::planes::{Planes, turned};

/// The loudest that leaves, of full scale: room for what a converter adds between samples.
pub(crate) const CEILING: f32 = 0.97;

/// Share of the way back to full gain that is gone with every sample: back within half a second.
const RELEASE: f32 = 1.6e-4;

/// Holds down peaks. No look-ahead, so no delay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limiter {
    gain: f32,
}

impl Limiter {
    /// A limiter that has not met a peak.
    pub(crate) const fn new() -> Self {
        Self { gain: 1.0 }
    }

    /// Limits a block. What is within the ceiling passes untouched.
    pub(crate) fn process(&mut self, sound: &mut [f32]) {
        let peak = sound.iter().map(|s| s.abs()).fold(0.0, f32::max);
        let Some(gain) = self.gains(peak, sound.len()) else { return };
        for (n, sample) in sound.iter_mut().enumerate() {
            // While the gain still falls a peak may stick out; it is bent, not cut.
            *sample = soft(*sample * gain(n));
        }
    }

    /// Limits a block of one channel or two. Both get the gain that the louder one needs, so that what is heard between them
    /// stays where it is.
    pub(crate) fn process_planes(&mut self, sound: &mut Planes) {
        if !sound.is_wide() {
            return self.process(&mut sound.mid);
        }
        let peak = sound.pairs().map(|[left, right]| left.abs().max(right.abs())).fold(0.0, f32::max);
        let Some(gain) = self.gains(peak, sound.len()) else { return };
        for (n, (mid, side)) in sound.mid.iter_mut().zip(&mut sound.side).enumerate() {
            let gain = gain(n);
            let pair = turned([*mid * gain, *side * gain]);
            if pair.iter().all(|sample| sample.abs() <= CEILING) {
                (*mid, *side) = (*mid * gain, *side * gain);
            } else {
                let [sum, difference] = turned(pair.map(soft));
                (*mid, *side) = (sum * 0.5, difference * 0.5);
            }
        }
    }

    /// The gain of each sample of a block with this peak; none if there is nothing to do.
    fn gains(&mut self, peak: f32, samples: usize) -> Option<impl Fn(usize) -> f32 + use<>> {
        let wanted = if peak > CEILING { CEILING / peak } else { 1.0 };
        let before = self.gain;
        let release = (RELEASE * samples as f32).min(1.0);
        self.gain = if wanted < before { wanted } else { (before + (1.0 - before) * release).min(wanted) };
        if self.gain > 0.9995 && before > 0.9995 {
            self.gain = 1.0;
            return None;
        }
        let (after, steps) = (self.gain, samples.max(1) as f32);
        Some(move |n| before + (after - before) * (n as f32 / steps))
    }
}

/// Bends what is over the ceiling towards full scale.
fn soft(sample: f32) -> f32 {
    let over = sample.abs() - CEILING;
    if over <= 0.0 {
        return sample;
    }
    let room = 1.0 - CEILING;
    sample.signum() * (CEILING + room * (over / room).tanh())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processing::test_sounds::tone;

    #[test]
    fn what_is_within_the_ceiling_passes_bit_for_bit() {
        let mut limiter = Limiter::new();
        for level in [0.0, 0.1, 0.96] {
            let mut sound = tone(440.0, level, 480);
            limiter.process(&mut sound);
            assert_eq!(sound, tone(440.0, level, 480));
        }
    }

    #[test]
    fn however_loud_full_scale_is_never_passed_and_the_shape_stays() {
        for level in [1.5, 3.0, 64.0] {
            let mut limiter = Limiter::new();
            let mut sound = tone(440.0, level, 4_800);
            for block in sound.chunks_mut(480) {
                limiter.process(block);
            }
            assert!(sound.iter().all(|s| s.abs() <= 1.0), "{level}");
            // The first block has settled it: a sine still, not a square.
            let ideal = tone(440.0, CEILING, 4_800);
            let worst = sound.iter().zip(&ideal).skip(960).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 0.03, "{level}: {worst}");
        }
    }
}
