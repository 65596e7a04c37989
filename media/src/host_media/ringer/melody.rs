//! The sounds of a call that is not answered yet, made by ourselves: nobody's recording, and nothing to be shipped.

use std::f64::consts::TAU;

use crate::host_media::{api::Ringing, opus::RATE};

/// Samples of the ringtone until it begins again: 3.2 s.
const RINGTONE: u64 = 153_600;

/// Times that the ringtone is softer, and how much: nobody is to be startled.
const SOFT: [f32; 2] = [0.3, 0.6];

/// When a note begins, ms, and its frequency, Hz: E minor seventh upwards and an answer, from E5 on.
const NOTES: [(u64, f64); 8] = [
    (0, 659.26),
    (150, 783.99),
    (300, 987.77),
    (450, 1_174.66),
    (900, 987.77),
    (1_050, 1_174.66),
    (1_200, 1_318.51),
    (1_350, 987.77),
];

/// Partials of a note: multiple of its frequency, share, and the time in which they fade to a third, s. A wooden bar
/// sounds like that.
const PARTIALS: [(f64, f64, f64); 3] = [(1.0, 0.75, 0.32), (4.0, 0.18, 0.08), (2.0, 0.07, 0.2)];

/// Rise of a note, s: without it there would be a click.
const RISE_S: f64 = 0.004;

/// Time a note is made for, s: 60 dB down.
const NOTE_S: f64 = 1.8;

/// Level of a note at its beginning, of full scale: two sound at a time.
const NOTE_LEVEL: f64 = 0.3;

/// The tone of a line on which it rings, Hz (ETSI TR 101 041-2: most of Europe), and of full scale.
const RING_BACK: (f64, f64) = (425.0, 0.1);

/// It sounds for 1 s of 5.
const RING_BACK_ON: u64 = 48_000;
const RING_BACK_PERIOD: u64 = 240_000;

/// Rise and fall of it, samples: 10 ms.
const EDGE: u64 = 480;

/// Sound number `n` since it began to ring.
pub(super) fn sample(ringing: Ringing, n: u64) -> f32 {
    match ringing {
        Ringing::Here => {
            let turn = usize::try_from(n / RINGTONE).unwrap_or(usize::MAX);
            ringtone(n % RINGTONE) * SOFT.get(turn).copied().unwrap_or(1.0)
        }
        Ringing::There => ring_back(n % RING_BACK_PERIOD),
    }
}

fn seconds(samples: u64) -> f64 {
    samples as f64 / f64::from(RATE)
}

fn ringtone(n: u64) -> f32 {
    let notes = NOTES.iter().filter_map(|(begin_ms, hz)| {
        let at_s = seconds(n.checked_sub(begin_ms * u64::from(RATE) / 1_000)?);
        (at_s < NOTE_S).then(|| note(*hz, at_s))
    });
    notes.sum::<f64>() as f32
}

fn note(hz: f64, at_s: f64) -> f64 {
    let rise = (at_s / RISE_S).min(1.0);
    let partials =
        PARTIALS.iter().map(|(times, share, fade_s)| share * (-at_s / fade_s).exp() * (at_s * hz * times * TAU).sin());
    partials.sum::<f64>() * rise * NOTE_LEVEL
}

fn ring_back(n: u64) -> f32 {
    let (hz, level) = RING_BACK;
    let edge = n.min(RING_BACK_ON.saturating_sub(n)).min(EDGE);
    let swell = 0.5 - 0.5 * (edge as f64 / EDGE as f64 * std::f64::consts::PI).cos();
    ((seconds(n) * hz * TAU).sin() * level * swell) as f32
}
