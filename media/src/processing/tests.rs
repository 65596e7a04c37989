//! The whole chain: rooms with echo, double talk, switches without clicks, nothing left over.

mod rooms;

use super::*;
use test_sounds::{noise, power_db, speech_for, tone};

/// Runs a chain over a sound, with what was played meanwhile.
fn run(chain: &mut Chain, sound: &[f32], played: Option<&[f32]>) -> Vec<f32> {
    let mut heard = sound.to_vec();
    for (n, frame) in heard.chunks_mut(2 * PIECE).enumerate() {
        if let Some(played) = played {
            let from = n * 2 * PIECE;
            chain.play(played.get(from..from + frame.len()).unwrap_or_default());
        }
        chain.process(frame, played.is_some());
    }
    heard
}

fn switched(switches: Switches) -> Chain {
    let mut chain = Chain::new();
    chain.switch(switches);
    chain
}

const CLEANING: Switches = Switches { high_pass: false, echo: true, noise: true, gain: false };

#[test]
fn after_it_is_made_a_chain_allocates_nothing_but_what_the_canceller_s_library_does() {
    let (spoken, far) = (speech_for("ada", 3), speech_for("ben", 3));
    let without_echo = Switches { echo: false, ..Switches::ALL };
    for (switches, most) in [(Switches::default(), 0), (without_echo, 0), (Switches::ALL, 750 * 40)] {
        let mut chain = switched(switches);
        run(&mut chain, &spoken[..48_000], Some(&far));
        let mut sound = spoken.clone();
        let allocated = crate::test_alloc::allocations(|| {
            for (frame, played) in sound.chunks_exact_mut(2 * PIECE).zip(far.chunks_exact(2 * PIECE)) {
                chain.play(played);
                chain.process(frame, true);
            }
            chain.forget();
        });
        // AEC3 makes about a dozen vectors a block of 4 ms, and drops them.
        assert!(allocated <= most, "{switches:?}: {allocated}");
    }
}

#[test]
fn with_everything_off_sound_passes_bit_for_bit_and_at_once() {
    let sound = speech_for("ada", 2);
    let mut chain = Chain::new();
    assert_eq!(run(&mut chain, &sound, Some(&noise(1, 0.5, sound.len()))), sound);
    assert_eq!(chain.delay(), 0);
}

#[test]
fn without_echo_the_canceller_changes_nothing_but_the_time() {
    let sound = speech_for("ada", 6);
    let mut chain = switched(Switches { echo: true, ..Switches::default() });
    let heard = run(&mut chain, &sound, None);
    let late = &heard[chain.delay()..];
    let (from, until) = (48_000, sound.len() - chain.delay());
    let off: Vec<f32> = late[from..until].iter().zip(&sound[from..until]).map(|(a, b)| a - b).collect();
    let off_db = power_db(&off) - power_db(&sound[from..until]);
    assert!(off_db < -25.0, "{off_db} dB");
}

#[test]
fn steady_noise_goes_and_the_voice_stays() {
    let (spoken, hiss) = (speech_for("ben", 12), noise(2, 0.01, 12 * 48_000));
    let noisy: Vec<f32> = spoken.iter().zip(&hiss).map(|(a, b)| a + b).collect();
    let switches = Switches { noise: true, ..Switches::default() };
    let heard = run(&mut switched(switches), &noisy, None);
    let alone = run(&mut switched(switches), &hiss, None);
    let less_db = power_db(&hiss[4 * 48_000..]) - power_db(&alone[4 * 48_000..]);
    assert!(less_db > 12.0, "{less_db} dB less noise");
    let (was, is) = (power_db(&spoken[4 * 48_000..]), power_db(&heard[4 * 48_000..]));
    assert!((was - is).abs() < 1.0, "a voice of {was} became {is}");
}

/// Steps of level from one sample to the next, where a sound has none itself.
fn worst_jump(heard: &[f32]) -> f32 {
    heard.windows(3).map(|w| (w[2] - 2.0 * w[1] + w[0]).abs()).fold(0.0, f32::max)
}

#[test]
fn switches_in_any_order_make_no_click() {
    let seed = std::env::var("AHOY_FUZZ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1_u32);
    let sound = tone(220.0, 0.3, 20 * 48_000);
    let mut chain = Chain::new();
    let mut heard = Vec::new();
    for (n, frame) in sound.chunks_exact(5 * PIECE).enumerate() {
        let bits = (noise(seed.wrapping_add(n as u32), 8.0, 1)[0] + 8.0) as u32;
        chain.switch(Switches { high_pass: bits & 1 > 0, echo: bits & 2 > 0, noise: bits & 4 > 0, gain: bits & 8 > 0 });
        let mut frame = frame.to_vec();
        chain.process(&mut frame, false);
        heard.extend(frame);
    }
    let (was, is) = (worst_jump(&sound), worst_jump(&heard));
    assert!(is < was * 2.0 + 0.002, "seed {seed}: bends of {is}, {was} in the tone itself");
}

#[test]
fn a_stage_that_is_switched_on_again_plays_nothing_of_the_time_before_it_was_off() {
    let silence = vec![0.0; 48_000];
    for (on, off) in [
        (Switches { noise: true, ..Switches::default() }, Switches::default()),
        // The way to the low band goes on for the echo, and only the suppressor rests.
        (CLEANING, Switches { noise: false, ..CLEANING }),
        (CLEANING, Switches { echo: false, ..CLEANING }),
        (Switches::ALL, Switches::default()),
    ] {
        let mut chain = switched(on);
        // The last thing it hears is loud and ends in the middle of a wave: that is what its windows hold.
        run(&mut chain, &speech_for("ada", 2), None);
        run(&mut chain, &tone(700.0, 0.5, 24_000), None);
        chain.switch(off);
        run(&mut chain, &silence, None);
        chain.switch(on);
        let heard = run(&mut chain, &silence, None);
        let peak = heard.iter().map(|sample| sample.abs()).fold(0.0, f32::max);
        assert!(peak < 1e-4, "{on:?} after {off:?}: a fragment of {peak} of full scale");
    }
}

#[test]
fn what_was_forgotten_never_leaves() {
    for switches in [CLEANING, Switches::ALL] {
        let mut chain = switched(switches);
        run(&mut chain, &speech_for("ada", 3), None);
        chain.forget();
        assert_eq!(run(&mut chain, &vec![0.0; 48_000], None), vec![0.0; 48_000], "{switches:?}");
    }
}

#[test]
fn what_is_said_right_after_something_was_forgotten_is_heard_from_its_beginning() {
    let spoken = tone(700.0, 0.3, 48_000);
    let begins = |sound: &[f32]| sound.iter().position(|sample| sample.abs() > 0.05).unwrap();
    for switches in [CLEANING, Switches { echo: true, ..Switches::default() }] {
        let mut chain = switched(switches);
        run(&mut chain, &noise(4, 0.000_1, 3 * 48_000), None);
        chain.forget();
        let late = begins(&run(&mut chain, &spoken, None)) - begins(&spoken) - chain.delay();
        assert!(late < 240, "{switches:?}: {late} samples are missing");
    }
}

#[test]
fn samples_that_are_no_numbers_are_gone_with_their_frame() {
    let mut chain = switched(Switches::ALL);
    let mut bad = vec![0.1; 4_800];
    (bad[7], bad[100], bad[481], bad[2_000]) = (f32::NAN, f32::INFINITY, f32::MAX, f32::NEG_INFINITY);
    run(&mut chain, &bad, Some(&bad));
    let heard = run(&mut chain, &speech_for("ada", 4), None);
    assert!(heard.iter().all(|s| s.is_finite() && s.abs() <= 1.0));
    assert!(power_db(&heard) > -60.0, "and speech is heard again");
}

#[test]
fn who_talks_is_known_with_every_stage_off_and_on() {
    for switches in [Switches::default(), Switches::ALL] {
        let mut chain = switched(switches);
        run(&mut chain, &speech_for("ben", 3), None);
        assert!(chain.talking(), "{switches:?}");
        run(&mut chain, &noise(1, 0.003, 5 * 48_000), None);
        assert!(!chain.talking(), "{switches:?}");
    }
}
