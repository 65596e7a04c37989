//! All that is heard, in one stream: sums, and keeps the sum within full scale without hard clipping.

use crate::processing::Limiter;

/// Adds up sounds and limits their peaks.
#[derive(Debug)]
pub(crate) struct Mixer {
    sum: Vec<f32>,
    limiter: Limiter,
}

impl Mixer {
    /// A mixer that has not met a peak.
    pub(crate) fn new() -> Self {
        Self { sum: Vec::new(), limiter: Limiter::new() }
    }

    /// Begins a block of `samples`.
    pub(crate) fn begin(&mut self, samples: usize) {
        self.sum.clear();
        self.sum.resize(samples, 0.0);
    }

    /// Adds a sound to the block.
    pub(crate) fn add(&mut self, sound: &[f32]) {
        for (sum, sample) in self.sum.iter_mut().zip(sound) {
            *sum += sample;
        }
    }

    /// The block, limited. What is within the ceiling passes untouched.
    pub(crate) fn mixed(&mut self) -> &[f32] {
        self.limiter.process(&mut self.sum);
        &self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mix(mixer: &mut Mixer, sounds: &[&[f32]]) -> Vec<f32> {
        mixer.begin(480);
        for sound in sounds {
            mixer.add(sound);
        }
        mixer.mixed().to_vec()
    }

    fn tone(level: f32) -> Vec<f32> {
        (0..480_u16).map(|n| (f32::from(n) * 0.05).sin() * level).collect()
    }

    #[test]
    fn one_voice_passes_bit_for_bit() {
        let mut mixer = Mixer::new();
        for level in [0.0, 0.1, 0.9] {
            assert_eq!(mix(&mut mixer, &[&tone(level)]), tone(level));
        }
    }

    #[test]
    fn voices_add_up() {
        let mut mixer = Mixer::new();
        let heard = mix(&mut mixer, &[&tone(0.2), &tone(0.3)]);
        assert!(heard.iter().zip(tone(0.5)).all(|(a, b)| (a - b).abs() < 1e-6));
        assert_eq!(mix(&mut mixer, &[]), vec![0.0; 480], "nothing is left of the block before");
    }

    #[test]
    fn however_many_shout_full_scale_is_never_passed_and_the_shape_stays() {
        let mut mixer = Mixer::new();
        let shout = tone(1.0);
        for voices in [2, 3, 16, 64] {
            let all = vec![shout.as_slice(); voices];
            mix(&mut mixer, &all);
            let heard = mix(&mut mixer, &all);
            assert!(heard.iter().all(|s| s.abs() <= 1.0), "{voices}");
            // The second block has settled: a sine still, not a square.
            let worst = heard.iter().zip(&shout).map(|(a, b)| (a - b * 0.97).abs()).fold(0.0, f32::max);
            assert!(worst < 0.01, "{voices}: {worst}");
        }
    }

    #[test]
    fn after_a_peak_the_level_comes_back() {
        let mut mixer = Mixer::new();
        mix(&mut mixer, &[&tone(1.0), &tone(1.0)]);
        let quiet = tone(0.5);
        for _ in 0..125 {
            mix(&mut mixer, &[&quiet]);
        }
        assert_eq!(mix(&mut mixer, &[&quiet]), quiet);
    }
}
