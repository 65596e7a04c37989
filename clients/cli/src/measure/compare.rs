//! How much of what was said is in what was heard: normalised cross-correlation of the waveforms, aligned in time.
//!
//! A codec keeps the waveform of speech in the telephone band, but its level and delay may change, and a jitter
//! buffer may shift the delay in the middle. So the delay is searched for each quarter second of active speech. Searching
//! finds *some* likeness in any two voices, so no window is judged at the delay that fits it best: it is judged at the
//! delays that its neighbours found. Where the speech really is there, neighbours agree; where it isn't, their delays mean
//! nothing and the correlation falls to zero. Speech that is missing counts against it.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::recording::{BAND_RATE_HZ, Recording};

/// Length of a window, seconds: a syllable or two. Longer ones would often hold a change of the delay.
const WINDOW_S: f64 = 0.25;

/// How far a window's delay may be from that of the whole, seconds; jitter buffers move by less.
const WANDER_S: f64 = 0.25;

/// A window is active speech if its level is at least this part of the recording's (-12 dB).
const ACTIVE: f64 = 0.25;

/// Fewer windows of active speech than this prove nothing.
const MIN_WINDOWS: usize = 12;

/// How what was heard resembles what was said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Match {
    /// 0 (nothing of it) to 1 (all of it, undistorted); over all windows of active speech.
    pub correlation: f64,
    /// Median of the windows' delays, seconds: position in what was heard minus position in what was said.
    pub delay_s: Option<f64>,
    /// Each window of active speech.
    pub windows: Vec<Window>,
}

/// A window of active speech.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Where it begins in what was said, seconds.
    pub at_s: f64,
    /// Its correlation at its neighbours' delay, -1 to 1.
    pub correlation: f64,
    /// Its own delay, seconds.
    pub delay_s: f64,
}

/// Compares the first `seconds` of what was said with what was heard; the delay between them may be up to
/// `max_delay_s` to either side.
#[must_use]
pub fn compare(said: &Recording, heard: &Recording, seconds: f64, max_delay_s: f64) -> Match {
    let rate = f64::from(BAND_RATE_HZ);
    let said = said.speech_band(0.0, seconds.min(said.seconds()));
    // What was heard begins `margin` earlier, so that every delay that is searched is a position in it.
    let margin_s = max_delay_s + WANDER_S;
    let heard = heard.speech_band(-margin_s, seconds + 2.0 * margin_s);
    let margin = (margin_s * rate) as usize;
    let wander = (WANDER_S * rate) as usize;

    let length = (WINDOW_S * rate) as usize;
    let starts = active_windows(&said, length);
    if starts.len() < MIN_WINDOWS {
        return Match::default();
    }
    let Some(rough) = best_offset(&said, &heard, wander, 2 * margin - wander) else { return Match::default() };
    let found: Vec<(usize, &[f64], usize)> = starts
        .iter()
        .filter_map(|start| {
            let window = said.get(*start..start + length)?;
            let from = start + rough - wander;
            let near = heard.get(from..start + rough + wander + length)?;
            Some((*start, window, rough - wander + best_offset(window, near, 0, 2 * wander).unwrap_or(wander)))
        })
        .collect();
    judge(&found, &heard, margin)
}

/// Judges each window at its neighbours' offsets. `found`: start, samples and own offset of each window.
fn judge(found: &[(usize, &[f64], usize)], heard: &[f64], margin: usize) -> Match {
    let rate = f64::from(BAND_RATE_HZ);
    let seconds = |offset: usize| (offset as f64 - margin as f64) / rate;
    let (mut product, mut power_said, mut power_heard) = (0.0, 0.0, 0.0);
    let mut windows = Vec::with_capacity(found.len());
    for (index, (start, window, own)) in found.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| found.get(index));
        let neighbours = [before, found.get(index + 1)];
        let tried = neighbours.into_iter().flatten().filter_map(|(_, _, offset)| {
            let there = heard.get(start + offset..start + offset + window.len())?;
            Some((dot(window, there), dot(window, window), dot(there, there)))
        });
        let best = tried.max_by(|one, other| normalised(*one).total_cmp(&normalised(*other)));
        let sums = best.unwrap_or((0.0, dot(window, window), 0.0));
        product += sums.0;
        power_said += sums.1;
        power_heard += sums.2;
        windows.push(Window { at_s: *start as f64 / rate, correlation: normalised(sums), delay_s: seconds(*own) });
    }
    let correlation = normalised((product, power_said, power_heard)).max(0.0);
    let mut delays: Vec<f64> = windows.iter().filter(|window| window.correlation > 0.5).map(|w| w.delay_s).collect();
    delays.sort_by(f64::total_cmp);
    Match { correlation, delay_s: delays.get(delays.len() / 2).copied(), windows }
}

/// Starts of the windows that hold speech.
fn active_windows(said: &[f64], length: usize) -> Vec<usize> {
    let power = dot(said, said) / said.len().max(1) as f64;
    let active = |(index, window): (usize, &[f64])| {
        let here = dot(window, window) / length as f64;
        (here > 0.0 && here >= ACTIVE * ACTIVE * power).then_some(index * length)
    };
    said.chunks_exact(length).enumerate().filter_map(active).collect()
}

/// The offset in `from..=to` at which `short` fits best into `long` (normalised by what is there).
fn best_offset(short: &[f64], long: &[f64], from: usize, to: usize) -> Option<usize> {
    let products = cross_correlation(short, long)?;
    let mut power_up_to = Vec::with_capacity(long.len() + 1);
    let mut sum = 0.0;
    power_up_to.push(sum);
    for sample in long {
        sum += sample * sample;
        power_up_to.push(sum);
    }
    let power = |offset: usize| {
        let end = (offset + short.len()).min(long.len());
        power_up_to.get(end).zip(power_up_to.get(offset)).map_or(0.0, |(end, start)| end - start)
    };
    // Where next to nothing is heard, rounding errors would look like a good fit.
    let floor = 1e-4 * sum / long.len().max(1) as f64 * short.len() as f64 + 1e-12;
    let fit = |offset: &usize| products.get(*offset).map_or(0.0, |product| product / power(*offset).max(floor).sqrt());
    (from..=to).max_by(|one, other| fit(one).total_cmp(&fit(other)))
}

/// Sum over i of short[i] * long[i + offset], for every offset.
fn cross_correlation(short: &[f64], long: &[f64]) -> Option<Vec<f64>> {
    let size = (short.len() + long.len()).next_power_of_two();
    let mut planner = RealFftPlanner::<f64>::new();
    let forward = planner.plan_fft_forward(size);
    let backward = planner.plan_fft_inverse(size);
    let a = spectrum(short, &forward)?;
    let b = spectrum(long, &forward)?;
    let mut both: Vec<Complex<f64>> = a.iter().zip(&b).map(|(a, b)| a.conj() * b / size as f64).collect();
    inverse(&mut both, &backward)
}

fn spectrum(samples: &[f64], fft: &Arc<dyn RealToComplex<f64>>) -> Option<Vec<Complex<f64>>> {
    let mut input = fft.make_input_vec();
    input.iter_mut().zip(samples).for_each(|(slot, sample)| *slot = *sample);
    let mut output = fft.make_output_vec();
    fft.process(&mut input, &mut output).ok()?;
    Some(output)
}

fn inverse(spectrum: &mut [Complex<f64>], fft: &Arc<dyn ComplexToReal<f64>>) -> Option<Vec<f64>> {
    // The first and last bins of a real signal's spectrum are real but for rounding, and the transform insists on it.
    for bin in [0, spectrum.len().saturating_sub(1)] {
        if let Some(bin) = spectrum.get_mut(bin) {
            bin.im = 0.0;
        }
    }
    let mut output = fft.make_output_vec();
    fft.process(spectrum, &mut output).ok()?;
    Some(output)
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// Product over the root of both powers; 0 where there is no sound.
fn normalised((product, power_one, power_other): (f64, f64, f64)) -> f64 {
    let power = (power_one * power_other).sqrt();
    if power > 0.0 { product / power } else { 0.0 }
}
