//! Mute is sacred: whatever happens, and in whatever order, what leaves while `muted` is shown is silence or nothing,
//! sample for sample; and what is said meanwhile never leaves at all. Shown as what cannot be argued with: the packets
//! (copies, and those that are sent again, included) are byte for byte those that leave where nobody speaks.

#![expect(clippy::print_stdout, reason = "a failure can be repeated only by who knows its seed")]

mod dice;
mod ear;
mod pipes;
mod scene;

use std::cell::Cell;

use crate::{
    host_media::opus::{Decoder, is_stereo},
    limits::OPUS_PACKET_SAMPLES,
};
use dice::Dice;
use scene::{Happening, Left, Speaks, Stage};

/// Orders that one run tries, and how many it tries at most until it has seen enough.
const ORDERS: [u64; 2] = [40, 160];

/// Loudest sample of what somebody hears who hears these from the first on, also in the copy of what was before it.
fn loudest(frames: &[Left]) -> f32 {
    let (mut decoder, mut out, mut peak) = (Decoder::new(0).unwrap(), [0.0; OPUS_PACKET_SAMPLES], 0.0_f32);
    for Left { packet, .. } in frames {
        let copied = Decoder::new(0).unwrap().decode_fec(&packet.payload, &mut out[..960]).unwrap();
        peak = out[..copied].iter().fold(peak, |peak, sample| peak.max(sample.abs()));
        let samples = decoder.decode(&packet.payload, &mut out).unwrap();
        peak = out[..samples].iter().fold(peak, |peak, sample| peak.max(sample.abs()));
    }
    peak
}

/// A seed, which the environment may give.
fn seed() -> u64 {
    let seed = match std::env::var("AHOY_FUZZ_SEED") {
        Ok(text) => text.parse().expect("AHOY_FUZZ_SEED is a number"),
        Err(_) => getrandom::u64().unwrap(),
    };
    println!("seed: AHOY_FUZZ_SEED={seed}");
    seed
}

/// What leaves in an order of a seed, and what happened, for people.
fn play(seed: u64, number: u64, speaks: Speaks) -> (Vec<Left>, String) {
    let mut stage = Stage::new(speaks);
    let order = stage.play(&mut Dice(seed.wrapping_add(number)));
    (stage.left(), format!("AHOY_FUZZ_SEED={seed}, order {number}: {order:?}"))
}

/// Tries orders, each twice: with somebody who speaks, and with nobody there. `check` looks at what left in each; goes on
/// until it was `enough`.
fn try_orders(speaks: Speaks, check: impl Fn(&[Left], &[Left], &str), enough: impl Fn() -> bool) {
    let seed = seed();
    for number in (0..ORDERS[1]).take_while(|number| *number < ORDERS[0] || !enough()) {
        let ((spoken, order), (nobody, _)) = (play(seed, number, speaks), play(seed, number, Speaks::From(u64::MAX)));
        assert_eq!(spoken.len(), nobody.len(), "what is said decides nothing: {order}");
        check(&spoken, &nobody, &order);
    }
}

/// Loudest sample of what decoders make of silence that was encoded with copies, of full scale: -52 dB, once.
const SILENT: f32 = 0.003;

#[test]
fn what_leaves_while_muted_is_shown_is_silence_in_every_order_of_events() {
    let (loud, silent, wide) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let enough = || silent.get() > 1_000 && loud.get() > 1_000 && wide.get() > 200;
    let check = |spoken: &[Left], nobody: &[Left], order: &str| {
        for (n, (one, other)) in spoken.iter().zip(nobody).enumerate().filter(|(_, (one, _))| one.muted) {
            let same = one.packet == other.packet;
            wide.set(wide.get() + usize::from(is_stereo(&one.packet.payload)));
            assert!(same, "packet {n} left while muted and depends on what was said; {order}");
        }
        for run in spoken.chunk_by(|one, next| (one.link, one.muted) == (next.link, next.muted)) {
            let peak = loudest(run);
            if run[0].muted {
                silent.set(silent.get() + run.len());
                assert!(peak <= SILENT, "{peak} in {} frames that left while muted; {order}", run.len());
            } else if peak > 0.3 {
                loud.set(loud.get() + run.len());
            }
        }
    };
    try_orders(Speaks::Always, check, enough);
    println!("{} silent frames while muted, {} of two channels; {} are heard", silent.get(), wide.get(), loud.get());
    assert!(enough(), "both happened");
}

#[test]
fn what_was_said_before_a_mute_leaves_neither_again_nor_late() {
    let (seed, mut again) = (seed(), 0);
    for number in 0..ORDERS[0] / 2 {
        let (spoken, order) = play(seed, number, Speaks::Always);
        for Left { packet, mutings: (made, left), again: repeated, .. } in spoken {
            let sequence = packet.sequence;
            assert_eq!(made, left, "packet {sequence}: made and left after so many mutes; {order}");
            again += u32::from(repeated);
        }
    }
    println!("{again} packets left more than once");
    assert!(again > 300);
}

#[test]
fn what_is_recorded_of_us_while_muted_is_shown_is_silence_sample_for_sample() {
    let (seed, mut loud, mut silent) = (seed(), 0, 0);
    let some = |loud: usize, silent: usize| loud > 1_000 && silent > 1_000;
    for number in 0..ORDERS[1] {
        if number >= ORDERS[0] && some(loud, silent) {
            break;
        }
        let mut stage = Stage::new(Speaks::Always);
        let order = stage.play(&mut Dice(seed.wrapping_add(number)));
        for (n, (muted, taped)) in stage.taped().into_iter().enumerate() {
            silent += usize::from(muted);
            loud += usize::from(taped.iter().any(|sample| sample.abs() > 0.3));
            let quiet = taped.iter().all(|sample| *sample == 0.0);
            assert!(!muted || quiet, "frame {n} was recorded; AHOY_FUZZ_SEED={seed}, order {number}: {order:?}");
        }
    }
    assert!(some(loud, silent), "both happened: {loud}, {silent}");
}

#[test]
fn what_is_said_while_muted_is_shown_never_leaves() {
    let frames = Cell::new(0);
    let enough = || frames.get() > 3_000;
    let check = |spoken: &[Left], nobody: &[Left], order: &str| {
        frames.set(frames.get() + spoken.len());
        for (n, (one, other)) in spoken.iter().zip(nobody).enumerate() {
            let (muted, same) = (one.muted, one.packet == other.packet);
            assert!(same, "packet {n} (muted: {muted}) depends on what was said while muted; {order}");
        }
    };
    try_orders(Speaks::Muted, check, enough);
    assert!(enough(), "{} frames left", frames.get());
}

/// What is heard from the first of these on, and the place of its first sample, samples.
fn heard(left: &[Left]) -> (Vec<f32>, u64) {
    let (mut decoder, mut out, mut sound) = (Decoder::new(0).unwrap(), [0.0; OPUS_PACKET_SAMPLES], Vec::new());
    for Left { packet, .. } in left {
        let samples = decoder.decode(&packet.payload, &mut out).unwrap();
        sound.extend_from_slice(&out[..samples]);
    }
    (sound, u64::from(left[0].packet.timestamp))
}

#[test]
fn the_first_syllable_after_the_key_goes_down_is_heard_from_its_first_sample() {
    for offset_us in [0, 1, 4_999, 10_000, 15_321, 19_999] {
        // Somebody presses the key and speaks at once; and another who speaks at the same moment was never muted.
        let [keyed, open] = [true, false].map(|keyed| {
            let mut stage = Stage::new(Speaks::Always);
            let pressed_us = stage.now_us + 300_000 + offset_us;
            stage.scene.around.lock().unwrap().speaks = Speaks::From(pressed_us);
            if keyed {
                stage.happen(Happening::Release);
            }
            stage.run_us(300_000 + offset_us);
            if keyed {
                stage.happen(Happening::Press);
            }
            stage.run_us(200_000);
            heard(&stage.left())
        });
        assert_eq!(keyed.1, open.1, "the same timeline");
        let loud = |sound: &[f32]| sound.iter().position(|sample| sample.abs() > 0.05).unwrap();
        let (with_key, without) = (loud(&keyed.0), loud(&open.0));
        assert!(with_key.abs_diff(without) <= 24, "{offset_us}: begins at {with_key}, spoken openly at {without}");
        // The first 20 ms are the same sound, as far as two encoders with another past make the same of it.
        let power = |sound: &mut dyn Iterator<Item = f32>| sound.map(|sample| sample * sample).sum::<f32>();
        let (one, other) = (&keyed.0[without..without + 960], &open.0[without..without + 960]);
        let apart = power(&mut one.iter().zip(other).map(|(one, other)| one - other));
        let share = apart / power(&mut other.iter().copied());
        assert!(share < 0.1, "{offset_us}: {share} of the first syllable's power is another sound");
    }
}
