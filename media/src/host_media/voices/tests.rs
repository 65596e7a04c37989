//! How voices come and go.

use super::*;
use crate::host_media::mixer::Mixer;
use crate::planes::Planes;

const BLOCK: usize = 240;

/// The loudest bend of a sound: what of it is a click, and no tone.
fn bend(sound: &[f32]) -> f32 {
    sound.windows(3).map(|w| (w[2] - 2.0 * w[1] + w[0]).abs()).fold(0.0, f32::max)
}

/// A tone without a beginning: at its loudest where `n` is 0.
fn tone(hz: f32, n: usize) -> f32 {
    0.4 * (std::f32::consts::TAU * hz / 48_000.0 * n as f32).cos()
}

/// What is heard of two people, of whom one speaks in the blocks `there` only; a second of sound.
fn heard(there: std::ops::Range<usize>, even: bool) -> Vec<f32> {
    let (mut voices, mut mixer, mut sound) = (Voices::default(), Mixer::new(), Vec::new());
    for block in 0..200 {
        mixer.begin(BLOCK);
        let who: Vec<u64> = [1, 2].into_iter().filter(|who| *who == 1 || there.contains(&block)).collect();
        voices.keep(|LinkId(link)| who.contains(&link));
        for who in who {
            let hz = if who == 1 { 150.0 } else { 220.0 };
            // The second one begins at the loudest point of its tone.
            let from = if who == 1 { block * BLOCK } else { (block - there.start) * BLOCK };
            let mut piece = Planes::mono((from..from + BLOCK).map(|n| tone(hz, n)).collect());
            voices.hear(LinkId(who), &mut piece, even);
            mixer.add(&piece);
        }
        voices.fade_out(|rest| mixer.add(rest), BLOCK);
        sound.extend_from_slice(&mixer.mixed().mid);
    }
    sound
}

#[test]
fn a_voice_that_begins_or_ends_in_the_middle_of_its_sound_makes_no_click() {
    let own = bend(&heard(0..200, false)[4_800..]);
    for even in [false, true] {
        let sound = heard(60..140, even);
        let (begins, ends) = (bend(&sound[59 * BLOCK..63 * BLOCK]), bend(&sound[139 * BLOCK..143 * BLOCK]));
        // Cut off, both would be steps of 0.4.
        assert!(begins < own * 2.0 + 0.002 && ends < own * 2.0 + 0.004, "{begins} and {ends}, {own} in the tones");
    }
}

#[test]
fn a_voice_is_whole_after_ten_milliseconds_and_gone_after_ten() {
    let sound = heard(60..140, false);
    let both = |n: usize| tone(150.0, n) + tone(220.0, n - 60 * BLOCK);
    let (risen, gone) = (60 * BLOCK + FADE..140 * BLOCK, 140 * BLOCK + FADE..200 * BLOCK);
    assert!(risen.into_iter().all(|n| (sound[n] - both(n)).abs() < 1e-5));
    assert!(gone.into_iter().all(|n| (sound[n] - tone(150.0, n)).abs() < 1e-5));
}

#[test]
fn silence_before_the_first_word_does_not_use_the_fade_up() {
    let mut voices = Voices::default();
    let (mut silence, mut loud) = (Planes::silence(2 * FADE), Planes::mono(vec![0.5; 2 * FADE]));
    voices.hear(LinkId(1), &mut silence, false);
    voices.hear(LinkId(1), &mut loud, false);
    let loud = loud.mid;
    assert!(loud[0] < 0.01 && loud[FADE..].iter().all(|s| *s == 0.5), "{:?}", &loud[..3]);
}
