//! All that is heard, in one stream: sums, and keeps the sum within full scale without hard clipping.

use crate::{planes::Planes, processing::Limiter};

/// Adds up sounds and limits their peaks.
#[derive(Debug)]
pub(crate) struct Mixer {
    sum: Planes,
    limiter: Limiter,
}

impl Mixer {
    /// A mixer that has not met a peak.
    pub(crate) fn new() -> Self {
        Self { sum: Planes::default(), limiter: Limiter::new() }
    }

    /// Begins a block of `samples`.
    pub(crate) fn begin(&mut self, samples: usize) {
        self.sum.silent(samples);
    }

    /// Adds a sound to the block. What has one channel stands in the middle; the block has two as soon as one sound has.
    pub(crate) fn add(&mut self, sound: &Planes) {
        if sound.is_wide() {
            self.sum.widen();
        }
        for (sum, plane) in self.sum.each().into_iter().zip([&sound.mid, &sound.side]) {
            for (sum, sample) in sum.iter_mut().zip(plane) {
                *sum += sample;
            }
        }
    }

    /// The block, limited. What is within the ceiling passes untouched.
    pub(crate) fn mixed(&mut self) -> &Planes {
        self.limiter.process_planes(&mut self.sum);
        &self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mix(mixer: &mut Mixer, sounds: &[&[f32]]) -> Vec<f32> {
        mixer.begin(480);
        for sound in sounds {
            mixer.add(&Planes::mono(sound.to_vec()));
        }
        assert!(!mixer.mixed().is_wide());
        mixer.sum.mid.clone()
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

    /// Left and right of a block of these.
    fn wide(mixer: &mut Mixer, sounds: &[&Planes]) -> [Vec<f32>; 2] {
        mixer.begin(480);
        sounds.iter().for_each(|sound| mixer.add(sound));
        let pairs: Vec<[f32; 2]> = mixer.mixed().pairs().collect();
        [0, 1].map(|of| pairs.iter().map(|pair| pair[of]).collect())
    }

    /// On the left alone.
    fn left(level: f32) -> Planes {
        let half: Vec<f32> = tone(level).iter().map(|sample| sample * 0.5).collect();
        Planes { mid: half.clone(), side: half }
    }

    #[test]
    fn a_voice_of_one_channel_stands_in_the_middle_of_one_of_two() {
        let mut mixer = Mixer::new();
        let [heard_left, heard_right] = wide(&mut mixer, &[&Planes::mono(tone(0.2)), &left(0.3)]);
        assert!(heard_left.iter().zip(tone(0.5)).all(|(a, b)| (a - b).abs() < 1e-6));
        assert!(heard_right.iter().zip(tone(0.2)).all(|(a, b)| (a - b).abs() < 1e-6));
        let [_, heard_right] = wide(&mut mixer, &[&left(0.3)]);
        assert!(heard_right.iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn what_is_too_loud_on_one_side_holds_down_both_alike_and_stays_where_it_is() {
        let mut mixer = Mixer::new();
        let (loud, quiet) = (left(4.0), Planes { side: tone(0.1).iter().map(|s| -s).collect(), mid: tone(0.1) });
        wide(&mut mixer, &[&loud, &quiet]);
        let [heard_left, heard_right] = wide(&mut mixer, &[&loud, &quiet]);
        assert!(heard_left.iter().chain(&heard_right).all(|sample| sample.abs() <= 1.0));
        // The right one has 0.2 beside 4.0, and both the gain of the left one.
        let worst = heard_right.iter().zip(&heard_left).map(|(r, l)| (r - l * 0.05).abs()).fold(0.0, f32::max);
        assert!(worst < 0.002, "{worst}");
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
