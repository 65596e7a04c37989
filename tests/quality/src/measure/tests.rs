//! What is known beforehand comes out.

use super::*;

/// Noise in the band of speech whose level goes up and down like syllables, from a seed; pauses in between.
fn sound(seconds: usize) -> Vec<f32> {
    let (mut state, mut low, mut lower) = (1_u32, 0.0_f32, 0.0_f32);
    let sample = |n: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let white = (state >> 16) as f32 / 32_768.0 - 1.0;
        low += (white - low) * 0.35;
        lower += (low - lower) * 0.06;
        let syllable = (n as f32 / RATE as f32 * 12.0).sin().max(0.0);
        if n / RATE as usize % 4 == 3 { 0.0 } else { (low - lower) * syllable * 0.5 }
    };
    (0..seconds * RATE as usize).map(sample).collect()
}

fn behind(sound: &[f32], samples: usize) -> Vec<f32> {
    std::iter::repeat_n(0.0, samples).chain(sound.iter().copied()).collect()
}

#[test]
fn a_delay_is_found_and_what_is_the_same_has_no_distance() {
    let spoken = sound(12);
    for (samples, start_s) in [(0, 0.0), (640, 0.0), (640, 0.1), (8_000, -0.05)] {
        let heard = behind(&spoken, samples);
        let (figures, _) = figures(&Pair { spoken: &spoken, heard: &heard, start_s }, None);
        let expected = samples as f64 / 16.0 + start_s * 1_000.0;
        assert!((figures.m2e_ms - expected).abs() < 0.1 && (figures.m2e_max_ms - expected).abs() < 0.1, "{figures:?}");
        assert!(figures.distance_db < 0.01 && figures.silence_ms == 0 && figures.found_percent > 99.0, "{figures:?}");
    }
}

#[test]
fn a_delay_that_grows_shows_as_drift() {
    let spoken = sound(12);
    let mut heard = behind(&spoken, 320);
    heard.splice(96_000..96_000, std::iter::repeat_n(0.0, 1_600));
    let (figures, _) = figures(&Pair { spoken: &spoken, heard: &heard, start_s: 0.0 }, None);
    assert!((figures.drift_ms - 100.0).abs() < 1.0, "{figures:?}");
}

#[test]
fn a_hole_is_silence_and_costs_distance_and_the_way_back_is_timed() {
    let spoken = sound(20);
    let mut heard = behind(&spoken, 800);
    heard[16_000 * 9..16_000 * 11].fill(0.0);
    let (figures, _) = figures(&Pair { spoken: &spoken, heard: &heard, start_s: 0.0 }, Some((9.0, 10.9)));
    assert!((300..=2_000).contains(&figures.silence_ms), "{figures:?}");
    assert!(figures.distance_db > 1.0, "{figures:?}");
    assert!(figures.recover_ms.is_some_and(|ms| (0.0..1_400.0).contains(&ms)), "{figures:?}");
    assert!(figures.after_gap_ms.is_some_and(|ms| ms.abs() < 0.1), "{figures:?}");
}

#[test]
fn the_more_noise_the_larger_the_distance() {
    let spoken = sound(8);
    let mut state = 7_u32;
    let noise: Vec<f32> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as f32 / 32_768.0 - 1.0
    })
    .take(spoken.len())
    .collect();
    // What is 60 dB below full scale is all but unheard, here too.
    let distances: Vec<f64> = [0.0, 0.005, 0.015, 0.05]
        .iter()
        .map(|level| {
            let heard: Vec<f32> = spoken.iter().zip(&noise).map(|(said, noise)| said + noise * level).collect();
            figures(&Pair { spoken: &spoken, heard: &heard, start_s: 0.0 }, None).0.distance_db
        })
        .collect();
    assert!(distances.windows(2).all(|pair| pair[0] + 0.2 < pair[1]), "{distances:?}");
}

#[test]
fn other_sound_is_not_found() {
    let spoken = sound(6);
    let mut other = sound(6);
    other.reverse();
    let (figures, _) = figures(&Pair { spoken: &spoken, heard: &other, start_s: 0.0 }, None);
    assert!(figures.found_percent < 5.0, "{figures:?}");
}
