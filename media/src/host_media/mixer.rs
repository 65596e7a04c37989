//! All that is heard, in one stream: sums, and keeps the sum within full scale without hard clipping.

/// The loudest that leaves, of full scale: room for what a converter adds between samples.
const CEILING: f32 = 0.97;

/// Share of the way back to full gain that is gone with every sample: back within half a second.
const RELEASE: f32 = 1.6e-4;

/// Adds up sounds and limits their peaks.
#[derive(Debug)]
pub(crate) struct Mixer {
    sum: Vec<f32>,
    gain: f32,
}

impl Mixer {
    /// A mixer that has not met a peak.
    pub(crate) fn new() -> Self {
        Self { sum: Vec::new(), gain: 1.0 }
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
        let peak = self.sum.iter().map(|s| s.abs()).fold(0.0, f32::max);
        let wanted = if peak > CEILING { CEILING / peak } else { 1.0 };
        let before = self.gain;
        let release = (RELEASE * self.sum.len() as f32).min(1.0);
        self.gain = if wanted < before { wanted } else { (before + (1.0 - before) * release).min(wanted) };
        if self.gain > 0.9995 && before > 0.9995 {
            self.gain = 1.0;
            return &self.sum;
        }
        let steps = self.sum.len().max(1) as f32;
        for (n, sample) in self.sum.iter_mut().enumerate() {
            let gain = before + (self.gain - before) * (n as f32 / steps);
            // While the gain still falls a peak may stick out; it is bent, not cut.
            *sample = soft(*sample * gain);
        }
        &self.sum
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
            let worst = heard.iter().zip(&shout).map(|(a, b)| (a - b * CEILING).abs()).fold(0.0, f32::max);
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
