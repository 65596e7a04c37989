//! Rooms, digital silence, music; how noise comes and goes.

use super::*;
use crate::test_alloc::allocations;

/// Samples of a second.
const SECOND: usize = 48_000;

/// White noise through a low-pass of one pole, with this mean square.
struct Room {
    numbers: u64,
    last: f32,
    pole: f32,
    power: f32,
}

impl Room {
    fn new(power: f32, pole: f32) -> Self {
        Self { numbers: 77, last: 0.0, pole, power }
    }

    fn sample(&mut self) -> f32 {
        self.numbers = self.numbers.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let white = ((self.numbers >> 40) as f32 / (1 << 23) as f32 - 1.0) * 1.732;
        self.last = self.pole * self.last + white * (self.power * (1.0 - self.pole * self.pole)).sqrt();
        self.last
    }

    /// Sound of so many seconds: a tenth of a second of each second is a loud vowel.
    fn talk(&mut self, seconds: usize) -> Vec<f32> {
        let vowel = |n: usize| {
            let at = n % SECOND;
            if at < SECOND / 10 { (at as f32 * 0.02).sin() * 0.3 + (at as f32 * 0.11).sin() * 0.1 } else { 0.0 }
        };
        (0..seconds * SECOND).map(|n| self.sample() + vowel(n)).collect()
    }
}

fn taught(sound: &[f32], seed: u64) -> Comfort {
    let mut comfort = Comfort::new(seed);
    for frame in sound.chunks(960) {
        let mut frame = frame.to_vec();
        comfort.sound(&mut frame);
        assert_eq!(frame.len(), 960.min(frame.len()));
    }
    comfort
}

/// What is heard in a gap of so many samples, in pieces as a buffer asks for them.
fn gap(comfort: &mut Comfort, samples: usize) -> Vec<f32> {
    let mut heard = vec![0.0; samples];
    heard.chunks_mut(167).for_each(|piece| comfort.cover(piece));
    heard
}

fn power(sound: &[f32]) -> f32 {
    sound.iter().map(|sample| sample * sample).sum::<f32>() / sound.len() as f32
}

fn db(share: f32) -> f32 {
    10.0 * share.log10()
}

/// How alike a sound is to itself `lag` samples later.
fn alike(sound: &[f32], lag: usize) -> f32 {
    sound.iter().zip(&sound[lag..]).map(|(a, b)| a * b).sum::<f32>() / (power(sound) * sound.len() as f32)
}

const QUIET: f32 = 3e-6;

#[test]
fn a_gap_sounds_as_the_room_did_between_words_a_little_quieter() {
    for (room, pole) in [(QUIET, 0.0), (QUIET, 0.9), (1e-4, 0.97), (1e-8, 0.9)] {
        let mut comfort = taught(&Room::new(room, pole).talk(6), 1);
        let heard = gap(&mut comfort, SECOND);
        let (whole, alone) = (&heard[5_760..], Room::new(room, pole).talk(1)[SECOND / 10..].to_vec());
        let level = db(power(whole) / power(&alone));
        assert!((-6.0..=0.0).contains(&level), "{level} dB against the room of {room}, {pole}");
        for lag in [1, 3, 8] {
            let (ours, theirs) = (alike(whole, lag), alike(&alone, lag));
            assert!((ours - theirs).abs() < 0.12, "{ours}, not {theirs}, {lag} later ({room}, {pole})");
        }
    }
}

#[test]
fn it_comes_within_120_ms_and_goes_after_two_seconds_within_one() {
    let mut comfort = taught(&Room::new(QUIET, 0.9).talk(6), 1);
    let heard = gap(&mut comfort, 6 * SECOND);
    assert!(heard[..1_920].iter().all(|sample| *sample == 0.0), "what is made up is loud yet");
    let level = |from: usize, to: usize| db(power(&heard[from..to]) / QUIET);
    assert!(level(1_920, 3_000) < level(5_760, 8_000) - 6.0, "it comes softly");
    assert!((level(5_760, SECOND) - level(SECOND, 2 * SECOND)).abs() < 2.0);
    assert!(level(2 * SECOND + SECOND / 2, 3 * SECOND) < level(SECOND, 2 * SECOND) - 6.0);
    assert!(heard[3 * SECOND + 100..].iter().all(|sample| *sample == 0.0), "a way that is cut does not sound alive");
    // The next gap has its own time.
    comfort.sound(&mut Room::new(QUIET, 0.9).talk(1));
    assert!(power(&gap(&mut comfort, SECOND)[5_760..]) > QUIET / 8.0);
}

#[test]
fn it_goes_within_20_ms_under_sound_that_is_back_and_nothing_is_left() {
    let mut comfort = taught(&Room::new(QUIET, 0.9).talk(6), 1);
    gap(&mut comfort, SECOND);
    let mut back = vec![0.0; 2_000];
    back.chunks_mut(240).for_each(|piece| comfort.back(piece));
    assert!(back[0] != 0.0 && back[961..].iter().all(|sample| *sample == 0.0));
    let steepest = back.windows(2).map(|two| (two[1] - two[0]).abs()).fold(0.0, f32::max);
    assert!(steepest < 6.0 * QUIET.sqrt(), "{steepest} is no more than noise has");
}

#[test]
fn digital_silence_is_no_room() {
    let mut never = Comfort::new(1);
    assert!(gap(&mut never, SECOND).iter().all(|sample| *sample == 0.0), "nothing was heard yet");
    let mut silent = taught(&vec![0.0; 6 * SECOND], 1);
    assert!(gap(&mut silent, SECOND).iter().all(|sample| *sample == 0.0));
    // A gate that lets words through, and the room with them.
    let mut gated = Room::new(QUIET, 0.9).talk(8);
    gated.iter_mut().enumerate().filter(|(n, _)| n % SECOND > SECOND / 3).for_each(|(_, sample)| *sample = 0.0);
    let mut gated = taught(&gated, 1);
    assert!(gap(&mut gated, SECOND).iter().all(|sample| *sample == 0.0));
    // Muted just now: the room was heard long enough.
    let mut muted = taught(&Room::new(QUIET, 0.9).talk(6), 1);
    muted.sound(&mut [0.0; 960]);
    assert!(gap(&mut muted, SECOND).iter().all(|sample| *sample == 0.0));
    // And it comes back some seconds after unmuting.
    for frame in Room::new(QUIET, 0.9).talk(6).chunks_mut(960) {
        muted.sound(frame);
    }
    assert!(power(&gap(&mut muted, SECOND)[5_760..]) > QUIET / 8.0);
}

#[test]
fn music_that_never_pauses_is_no_room() {
    let tone: Vec<f32> = (0..6 * SECOND).map(|n| (n as f32 * 0.0576).sin() * 0.1).collect();
    let mut comfort = taught(&tone, 1);
    assert!(gap(&mut comfort, SECOND).iter().all(|sample| *sample == 0.0));
}

#[test]
fn a_room_that_has_become_quieter_is_learned_anew_at_once() {
    let mut comfort = taught(&Room::new(1e-4, 0.9).talk(6), 1);
    let mut quiet = Room::new(1e-7, 0.9);
    let half: Vec<f32> = (0..SECOND / 2).map(|_| quiet.sample()).collect();
    half.chunks(960).for_each(|frame| comfort.sound(&mut frame.to_vec()));
    let level = db(power(&gap(&mut comfort, SECOND)[5_760..]) / 1e-7);
    assert!((-6.0..=0.0).contains(&level), "{level} dB");
}

#[test]
fn the_same_seed_gives_the_same_noise_and_two_links_are_not_alike() {
    let room = Room::new(QUIET, 0.0).talk(6);
    let of = |seed| gap(&mut taught(&room, seed), SECOND)[5_760..].to_vec();
    let (one, other) = (of(1), of(2));
    assert_eq!(one, of(1));
    let product: f32 = one.iter().zip(&other).map(|(a, b)| a * b).sum::<f32>() / one.len() as f32;
    assert!(product.abs() / power(&one) < 0.03, "{product}");
}

#[test]
fn nothing_is_allocated() {
    let mut comfort = Comfort::new(1);
    let (mut sound, mut silence) = (Room::new(QUIET, 0.9).talk(1), [0.0; 960]);
    let allocated = allocations(|| {
        for frame in sound.chunks_mut(960) {
            comfort.sound(frame);
            comfort.cover(&mut silence);
        }
    });
    assert_eq!(allocated, 0);
}

#[test]
fn whatever_was_heard_the_noise_is_no_louder_than_a_room_may_be() {
    let odd: [&dyn Fn(usize) -> f32; 6] = [
        &|_| 0.017,
        &|n| if n % 480 == 7 { 0.3 } else { 0.0 },
        &|n| (n as f32 * 0.001).sin() * 0.02,
        &|n| if n % 2 == 0 { 0.017 } else { -0.017 },
        &|n| 1e-4 + if n % 24_000 < 20 { 2.0 } else { 0.0 },
        &|n| (n as f32 * 0.3).sin() * 0.01 + (n as f32 * 0.301).sin() * 0.01,
    ];
    for (number, sound) in odd.iter().enumerate() {
        let sound: Vec<f32> = (0..5 * SECOND).map(sound).collect();
        let heard = gap(&mut taught(&sound, 1), 2 * SECOND);
        assert!(heard.iter().all(|sample| sample.is_finite() && sample.abs() < 0.2), "sound {number}");
        assert!(power(&heard) < 4e-4, "sound {number}: {}", power(&heard));
    }
}
