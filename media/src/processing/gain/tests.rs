//! Voices of every loudness, and noise.

use super::*;
use crate::processing::{
    PIECE,
    test_sounds::{noise, power_db, speech_for},
    voice::VoiceDetector,
};

/// What becomes of a sound.
fn even(sound: &[f32], bounds: Bounds) -> Vec<f32> {
    let (mut gain, mut detector) = (Gain::new(bounds), VoiceDetector::new());
    let mut heard = sound.to_vec();
    for piece in heard.chunks_exact_mut(PIECE) {
        let voice = detector.hear((&*piece).try_into().unwrap());
        gain.hear(piece, voice);
        gain.apply(piece);
    }
    heard
}

/// Power of the voiced parts.
fn loudness_db(sound: &[f32]) -> f32 {
    let mut detector = VoiceDetector::new();
    let voiced: Vec<f32> = sound
        .chunks_exact(PIECE)
        .filter(|piece| detector.hear((*piece).try_into().unwrap()))
        .flatten()
        .copied()
        .collect();
    power_db(&voiced)
}

fn at(level_db: f32, seconds: usize) -> Vec<f32> {
    let spoken = speech_for("ada", seconds);
    let scale = factor(level_db - loudness_db(&spoken));
    spoken.iter().map(|s| s * scale).collect()
}

#[test]
fn quiet_and_loud_voices_come_to_one_loudness_within_ten_seconds() {
    for level_db in [-43.0, -33.0, -23.0, -13.0] {
        let heard = even(&at(level_db, 20), MICROPHONE);
        let end_db = loudness_db(&heard[12 * 48_000..]);
        assert!((end_db - TARGET_DB).abs() < 2.5, "{level_db} became {end_db}");
    }
}

#[test]
fn the_gain_moves_so_slowly_that_nobody_hears_it() {
    let spoken = at(-43.0, 10);
    let heard = even(&spoken, MICROPHONE);
    let loud = heard.iter().zip(&spoken).enumerate().filter(|(_, (_, was))| was.abs() > 1e-3);
    let gains: Vec<(usize, f32)> = loud.map(|(n, (is, was))| (n, 20.0 * (is / was).log10())).collect();
    assert!(gains.last().is_some_and(|(_, gain)| *gain > 10.0), "it does move");
    for pair in gains.windows(2) {
        let (change_db, samples) = ((pair[1].1 - pair[0].1).abs(), (pair[1].0 - pair[0].0) as f32);
        assert!(change_db < 0.001 + samples * DOWN_DB_S / 48_000.0, "{change_db} dB in {samples} samples");
    }
}

#[test]
fn noise_alone_is_never_lifted() {
    for level in [0.0005, 0.003, 0.02] {
        let sound = noise(3, level, 20 * 48_000);
        assert_eq!(even(&sound, MICROPHONE), sound, "{level}");
    }
}

#[test]
fn noise_between_words_is_not_lifted_into_hearing() {
    // A voice of -40 dB over noise of -55: 17 dB of gain would be wanted.
    let mut sound = at(-40.0, 20);
    for (sample, hiss) in sound.iter_mut().zip(noise(5, 0.0031, 20 * 48_000)) {
        *sample += hiss;
    }
    sound.extend(noise(6, 0.0031, 48_000));
    let heard = even(&sound, MICROPHONE);
    let (was, is) = (power_db(&sound[20 * 48_000..]), power_db(&heard[20 * 48_000..]));
    assert!(is <= was.max(NOISE_DB) + 0.5, "{was} became {is}");
}

#[test]
fn levels_of_two_participants_come_together() {
    let (quiet, loud) = (even(&at(-33.0, 20), PARTICIPANT), even(&at(-15.0, 20), PARTICIPANT));
    let apart = (loudness_db(&quiet[12 * 48_000..]) - loudness_db(&loud[12 * 48_000..])).abs();
    assert!(apart < 4.0, "18 dB apart before, {apart} after");
}

#[test]
fn a_gain_that_is_released_goes_back_to_none() {
    let spoken = at(-40.0, 14);
    let (mut gain, mut detector) = (Gain::new(MICROPHONE), VoiceDetector::new());
    for piece in spoken.chunks_exact(PIECE) {
        gain.hear(piece, detector.hear(piece.try_into().unwrap()));
        gain.apply(&mut piece.to_vec());
    }
    assert!(!gain.rests());
    gain.release();
    for piece in spoken.chunks_exact(PIECE).take(600) {
        gain.apply(&mut piece.to_vec());
    }
    assert!(gain.rests());
}
