//! A frame made shorter or longer by one period of its pitch, so that delay shrinks or grows unheard. Both channels at the same
//! places: else what is heard between them would move.

use crate::planes::Planes;

/// Shortest and longest period looked for, samples: 400 Hz to 100 Hz at 48 kHz.
const PERIODS: std::ops::RangeInclusive<usize> = 120..=480;

/// Samples over which two places are blended: 5 ms.
const BLEND: usize = 240;

/// Only every this many samples are compared in the first look.
const COARSE: usize = 4;

/// Likeness of two periods (normalised correlation) from which a splice is not heard.
const ALIKE: f32 = 0.8;

/// Mean square below which nothing is heard anyway: -56 dB of full scale.
const QUIET: f32 = 2.5e-6;

/// Samples that a frame must have to be spliced.
pub(super) const NEEDED: usize = *PERIODS.end() + BLEND;

/// How much a splice may be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Care {
    /// Only where it is not heard.
    Unheard,
    /// Anywhere: delay matters more.
    Forced,
}

/// Takes one period of at most `most` samples out of `sound`; returns how many went, 0 if it was left as it is.
pub(super) fn shorten(sound: &mut Planes, care: Care, most: usize) -> usize {
    let Some(period) = splice_at(sound, care, most) else { return 0 };
    sound.each().into_iter().for_each(|plane| without(plane, period));
    period
}

/// Takes the first `period` out of a plane.
fn without(plane: &mut Vec<f32>, period: usize) {
    for n in 0..BLEND {
        let (Some(&a), Some(&b)) = (plane.get(n), plane.get(n + period)) else { return };
        if let Some(sample) = plane.get_mut(n + period) {
            *sample = blend(a, b, n);
        }
    }
    plane.drain(..period);
}

/// Says one period of `sound` twice; returns how many samples came, 0 if it was left as it is.
pub(super) fn lengthen(sound: &mut Planes, care: Care) -> usize {
    let Some(period) = splice_at(sound, care, *PERIODS.end()) else { return 0 };
    sound.each().into_iter().for_each(|plane| twice(plane, period));
    period
}

/// Says the first `period` of a plane twice.
fn twice(plane: &mut Vec<f32>, period: usize) {
    let mut longer: Vec<f32> = Vec::with_capacity(plane.len() + period);
    longer.extend_from_slice(plane.get(..period).unwrap_or_default());
    for n in 0..BLEND {
        let (Some(&a), Some(&b)) = (plane.get(n + period), plane.get(n)) else { return };
        longer.push(blend(a, b, n));
    }
    longer.extend_from_slice(plane.get(BLEND..).unwrap_or_default());
    *plane = longer;
}

/// Whether what would be spliced is not heard anyway.
pub(super) fn quiet(sound: &Planes) -> bool {
    let power = |plane: &[f32]| plane.iter().take(NEEDED).map(|s| s * s).sum::<f32>();
    (power(&sound.mid) + power(&sound.side)) / (NEEDED as f32) < QUIET
}

/// From `a` to `b`.
fn blend(a: f32, b: f32, n: usize) -> f32 {
    let share = n as f32 / BLEND as f32;
    a * (1.0 - share) + b * share
}

/// The period, of at most `most` samples, at which `sound` can be spliced.
fn splice_at(sound: &Planes, care: Care, most: usize) -> Option<usize> {
    let periods = *PERIODS.start()..=most.min(*PERIODS.end());
    if sound.len() < NEEDED || periods.is_empty() {
        return None;
    }
    if quiet(sound) {
        return Some(*periods.end());
    }
    let coarse = periods.clone().step_by(COARSE).map(|period| (likeness(sound, period, COARSE), period));
    let (_, near) = coarse.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let fine = (near.saturating_sub(COARSE)..=near + COARSE).filter(|period| periods.contains(period));
    let (alike, period) = fine.map(|period| (likeness(sound, period, 1), period)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (alike >= ALIKE || care == Care::Forced).then_some(period)
}

/// Normalised correlation of the start of `sound` with itself `period` later, over [`BLEND`] samples.
fn likeness(sound: &Planes, period: usize, step: usize) -> f32 {
    let (mut product, mut one, mut two) = (0.0_f32, 1e-9_f32, 1e-9_f32);
    for plane in [&sound.mid, &sound.side] {
        let later = plane.get(period..).unwrap_or_default();
        for (a, b) in plane.iter().zip(later).take(BLEND).step_by(step) {
            product += a * b;
            one += a * a;
            two += b * b;
        }
    }
    product / (one * two).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(period: f32, samples: u16) -> Planes {
        Planes::mono((0..samples).map(|n| (f32::from(n) * std::f32::consts::TAU / period).sin() * 0.5).collect())
    }

    fn steepest(sound: &Planes) -> f32 {
        sound.mid.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn a_voiced_sound_loses_or_gains_whole_periods_without_a_click() {
        let plain = tone(200.0, 960);
        for care in [Care::Unheard, Care::Forced] {
            let (mut short, mut long) = (plain.clone(), plain.clone());
            let (less, more) = (shorten(&mut short, care, 480), lengthen(&mut long, care));
            assert!(less % 200 == 0 && less > 0, "{less}");
            assert!(more % 200 == 0 && more > 0, "{more}");
            assert_eq!((short.len(), long.len()), (960 - less, 960 + more));
            assert!(steepest(&short) < steepest(&plain) * 1.1 && steepest(&long) < steepest(&plain) * 1.1);
            assert_eq!(plain.mid.last(), short.mid.last());
            assert_eq!(plain.mid.last(), long.mid.last());
        }
    }

    #[test]
    fn noise_is_left_alone_unless_delay_matters_more() {
        let mut state = 1_u32;
        let noise: Vec<f32> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as f32 / 65_536.0 - 0.5
        })
        .take(960)
        .collect();
        let noise = Planes::mono(noise);
        let mut sound = noise.clone();
        assert_eq!(shorten(&mut sound, Care::Unheard, 480), 0);
        assert_eq!(lengthen(&mut sound, Care::Unheard), 0);
        assert_eq!(sound, noise);
        assert!(shorten(&mut sound, Care::Forced, 480) > 0);
    }

    #[test]
    fn silence_shrinks_by_the_longest_period() {
        let mut sound = Planes::silence(960);
        assert_eq!(shorten(&mut sound, Care::Unheard, 480), 480);
        assert_eq!(sound, Planes::silence(480));
    }

    #[test]
    fn no_more_is_taken_out_than_is_allowed() {
        let mut sound = tone(200.0, 960);
        assert_eq!(shorten(&mut sound, Care::Unheard, 250), 200);
        assert_eq!(shorten(&mut sound, Care::Unheard, 119), 0);
        assert_eq!(shorten(&mut Planes::silence(960), Care::Unheard, 130), 130);
    }

    #[test]
    fn both_channels_are_cut_at_the_same_places() {
        // Left and right have periods of their own, so that each alone would be cut elsewhere.
        let (left, right) = (tone(200.0, 960), tone(290.0, 960));
        let pairs: Vec<f32> = left.mid.iter().zip(&right.mid).flat_map(|(left, right)| [*left, *right * 0.3]).collect();
        let mut plain = Planes::default();
        plain.read_pairs(&pairs);
        let (mut short, mut long) = (plain.clone(), plain.clone());
        let less = shorten(&mut short, Care::Forced, 480);
        let more = lengthen(&mut long, Care::Forced);
        assert!(less > 0 && more > 0);
        for of in 0..2 {
            let channel = |sound: &Planes| sound.pairs().map(|pair| pair[of]).collect::<Vec<f32>>();
            let (mut cut, mut doubled) = (channel(&plain), channel(&plain));
            without(&mut cut, less);
            twice(&mut doubled, more);
            for (wanted, is) in [(cut, channel(&short)), (doubled, channel(&long))] {
                assert_eq!(wanted.len(), is.len());
                assert!(wanted.iter().zip(&is).all(|(wanted, is)| (wanted - is).abs() < 1e-6), "channel {of}");
            }
        }
    }

    #[test]
    fn a_piece_that_is_too_short_stays() {
        let mut sound = tone(200.0, 719);
        assert_eq!(shorten(&mut sound, Care::Forced, 480), 0);
        assert_eq!(lengthen(&mut sound, Care::Forced), 0);
        assert_eq!(sound.len(), 719);
    }
}
