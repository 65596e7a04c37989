//! What was heard against what was said: how late, how alike, what is missing. All at 16 kHz.

use realfft::{RealFftPlanner, num_complex::Complex};
use serde::Serialize;

/// Rate of everything here, Hz.
pub const RATE: u32 = 16_000;

/// Length of a window whose delay is looked for, samples: half a second.
const WINDOW: usize = 8_000;

/// Distance of such windows, samples: a tenth of a second.
const HOP: usize = 1_600;

/// Delays looked for, samples: from 20 ms too early (rounding) to a second.
const EARLY: i64 = 320;
/// See [`EARLY`].
const LATE: i64 = 16_000;

/// Likeness (normalised correlation) from which a window counts as found.
const FOUND: f32 = 0.5;

/// Length of a frame whose level and spectrum are compared, samples: 20 ms.
const FRAME: usize = 320;

/// A frame below this level is a pause of the speech (-45 dB of full scale), or silence where speech should be (-70 dB).
const PAUSE: f32 = 0.005_623;
/// See [`PAUSE`].
const SILENCE: f32 = 0.000_316_2;

/// What was said and what was heard.
pub struct Pair<'a> {
    /// Said.
    pub spoken: &'a [f32],
    /// Heard.
    pub heard: &'a [f32],
    /// Seconds by which the first heard sample is behind the first spoken one.
    pub start_s: f64,
}

/// Delay of one window of speech.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Lag {
    /// Its middle, seconds into what was said.
    pub at_s: f64,
    /// Mouth to ear, ms.
    pub ms: f64,
}

/// Figures of one direction.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Mouth to ear, ms: half of the windows have less.
    pub m2e_ms: f64,
    /// The same: 99 of 100 windows have less.
    pub m2e_p99_ms: f64,
    /// The longest.
    pub m2e_max_ms: f64,
    /// Median of the last third less that of the first, ms.
    pub drift_ms: f64,
    /// Speech of which nothing at all was heard, ms.
    pub silence_ms: u64,
    /// Mean distance of the spectra of frames of speech, dB: 0 is the same. Follows PESQ, and is the same on every machine.
    pub distance_db: f64,
    /// Windows of speech that were found, per cent.
    pub found_percent: f64,
    /// From the end of a blackout to the first 200 ms that are found, ms; none if there was no blackout, or nothing came.
    pub recover_ms: Option<f64>,
    /// Mouth to ear 3 to 8 s after a blackout or spike less that before it, ms.
    pub after_gap_ms: Option<f64>,
}

/// The delay of every window of speech that is found, in order, and how many there were.
#[must_use]
pub fn lags(pair: &Pair<'_>) -> (Vec<Lag>, usize) {
    let start = (pair.start_s * f64::from(RATE)).round() as i64;
    let loud = level(pair.spoken) * 0.3;
    let mut finder = Finder::new(WINDOW, (EARLY + LATE) as usize);
    let (mut found, mut windows) = (Vec::new(), 0);
    for from in (0..pair.spoken.len().saturating_sub(WINDOW)).step_by(HOP) {
        let Some(window) = pair.spoken.get(from..from + WINDOW) else { continue };
        if level(window) < loud {
            continue;
        }
        windows += 1;
        let first = from as i64 - start - EARLY;
        if let Some((lag, likeness)) = finder.find(window, pair.heard, first)
            && likeness > FOUND
        {
            let at_s = (from + WINDOW / 2) as f64 / f64::from(RATE);
            found.push(Lag { at_s, ms: (lag as i64 - EARLY) as f64 * 1_000.0 / f64::from(RATE) });
        }
    }
    (without_strays(&found), windows)
}

/// Without windows that are far from what is around them.
fn without_strays(found: &[Lag]) -> Vec<Lag> {
    let near = |n: usize| {
        let around = found.get(n.saturating_sub(3)..(n + 4).min(found.len())).unwrap_or_default();
        median(around.iter().map(|lag| lag.ms).collect())
    };
    let kept = found.iter().enumerate().filter(|(n, lag)| (lag.ms - near(*n)).abs() < 250.0);
    kept.map(|(_, lag)| *lag).collect()
}

/// All figures. `gap_s`: seconds into what was said at which a blackout or spike began and ended.
#[must_use]
pub fn figures(pair: &Pair<'_>, gap_s: Option<(f64, f64)>) -> (Figures, Vec<Lag>) {
    let (found, windows) = lags(pair);
    let all = |part: &[Lag]| part.iter().map(|lag| lag.ms).collect::<Vec<f64>>();
    let third = found.len() / 3;
    let part = |from: usize, to: usize| median(all(found.get(from..to).unwrap_or_default()));
    let m2e_ms = median(all(&found));
    let aligned = aligned(pair, &found);
    let (silence_ms, distance_db) = compared(pair.spoken, &aligned);
    let between = |from: f64, to: f64| {
        median(found.iter().filter(|lag| (from..to).contains(&lag.at_s)).map(|lag| lag.ms).collect())
    };
    let figures = Figures {
        m2e_ms,
        m2e_p99_ms: quantile(all(&found), 0.99),
        m2e_max_ms: quantile(all(&found), 1.0),
        drift_ms: part(found.len() - third, found.len()) - part(0, third),
        silence_ms,
        distance_db,
        found_percent: 100.0 * found.len() as f64 / windows.max(1) as f64,
        recover_ms: gap_s.and_then(|(_, end_s)| recovered(pair, end_s, m2e_ms)),
        after_gap_ms: gap_s.map(|(from_s, to_s)| between(to_s + 3.0, to_s + 8.0) - between(from_s - 5.0, from_s)),
    };
    (figures, found)
}

/// What was heard, each tenth of a second moved back by the delay of the window next to it.
#[must_use]
pub fn aligned(pair: &Pair<'_>, found: &[Lag]) -> Vec<f32> {
    let start = pair.start_s * f64::from(RATE);
    let mut moved = vec![0.0; pair.spoken.len()];
    for (n, piece) in moved.chunks_mut(HOP).enumerate() {
        let middle_s = (n * HOP + HOP / 2) as f64 / f64::from(RATE);
        let next = found.iter().min_by(|a, b| (a.at_s - middle_s).abs().total_cmp(&(b.at_s - middle_s).abs()));
        let Some(lag) = next else { continue };
        let from = (n * HOP) as i64 + (lag.ms * f64::from(RATE) / 1_000.0 - start).round() as i64;
        for (k, sample) in piece.iter_mut().enumerate() {
            let place = usize::try_from(from + k as i64).ok();
            *sample = place.and_then(|place| pair.heard.get(place)).copied().unwrap_or(0.0);
        }
    }
    moved
}

/// Frames that are compared overlap by half.
fn compared(spoken: &[f32], heard: &[f32]) -> (u64, f64) {
    let mut silent = 0;
    for (said, got) in spoken.chunks_exact(FRAME).zip(heard.chunks_exact(FRAME)) {
        silent += u64::from(level(said) >= PAUSE && level(got) < SILENCE);
    }
    let mut spectra = Spectra::new();
    let (mut sum, mut frames) = (0.0, 0_u32);
    for from in (0..spoken.len().min(heard.len()).saturating_sub(2 * FRAME)).step_by(FRAME) {
        let (Some(said), Some(got)) = (spoken.get(from..from + 2 * FRAME), heard.get(from..from + 2 * FRAME)) else {
            continue;
        };
        if level(said) >= PAUSE {
            sum += spectra.distance_db(said, got);
            frames += 1;
        }
    }
    (silent * 20, sum / f64::from(frames.max(1)))
}

/// From the end of a blackout, ms, until 200 ms are found.
fn recovered(pair: &Pair<'_>, end_s: f64, m2e_ms: f64) -> Option<f64> {
    const PIECE: usize = 3_200;
    let rate = f64::from(RATE);
    let mut finder = Finder::new(PIECE, 5 * RATE as usize);
    for step in 0..400 {
        let heard_s = end_s + f64::from(step) * 0.02;
        let place = usize::try_from(((heard_s - pair.start_s) * rate) as i64).ok()?;
        let window = pair.heard.get(place..place + PIECE)?;
        if level(window) < 0.003 {
            continue;
        }
        let first = ((heard_s - m2e_ms / 1_000.0 - 4.0) * rate) as i64;
        if finder.find(window, pair.spoken, first).is_some_and(|(_, likeness)| likeness > 0.7) {
            return Some((heard_s - end_s) * 1_000.0);
        }
    }
    None
}

/// Root mean square.
fn level(sound: &[f32]) -> f32 {
    (sound.iter().map(|sample| sample * sample).sum::<f32>() / sound.len().max(1) as f32).sqrt()
}

/// The middle one; 0 of none.
#[must_use]
pub fn median(values: Vec<f64>) -> f64 {
    quantile(values, 0.5)
}

/// The value that this share of all is at most; 0 of none.
#[must_use]
pub fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = ((values.len() as f64 * share) as usize).min(values.len().saturating_sub(1));
    values.get(place).copied().unwrap_or(0.0)
}

/// Finds a window in a longer sound, by normalised correlation.
struct Finder {
    places: usize,
    size: usize,
    planner: RealFftPlanner<f32>,
}

impl Finder {
    /// For windows of `window` samples at `places` places.
    fn new(window: usize, places: usize) -> Self {
        Self { places, size: (window + places).next_power_of_two(), planner: RealFftPlanner::new() }
    }

    fn spectrum(&mut self, sound: impl Iterator<Item = f32>) -> Option<Vec<Complex<f32>>> {
        let forward = self.planner.plan_fft_forward(self.size);
        let mut padded = forward.make_input_vec();
        padded.iter_mut().zip(sound).for_each(|(to, from)| *to = from);
        let mut spectrum = forward.make_output_vec();
        forward.process(&mut padded, &mut spectrum).ok()?;
        Some(spectrum)
    }

    /// How many samples behind `first` (which may lie outside) `window` is most alike to `sound`, and how alike.
    fn find(&mut self, window: &[f32], sound: &[f32], first: i64) -> Option<(usize, f32)> {
        let at = |n: usize| {
            usize::try_from(first + n as i64).ok().and_then(|place| sound.get(place)).copied().unwrap_or(0.0)
        };
        let around: Vec<f32> = (0..self.places + window.len()).map(at).collect();
        let mut product = self.spectrum(around.iter().copied())?;
        let other = self.spectrum(window.iter().copied())?;
        product.iter_mut().zip(&other).for_each(|(a, b)| *a *= b.conj());
        if let Some(first) = product.first_mut() {
            first.im = 0.0;
        }
        if let Some(last) = product.last_mut() {
            last.im = 0.0;
        }
        let inverse = self.planner.plan_fft_inverse(self.size);
        let mut correlation = inverse.make_output_vec();
        inverse.process(&mut product, &mut correlation).ok()?;
        let power: f64 = window.iter().map(|sample| f64::from(sample * sample)).sum();
        let mut energy: f64 = around.iter().take(window.len()).map(|sample| f64::from(sample * sample)).sum();
        let mut best: Option<(usize, f32)> = None;
        for (place, value) in correlation.iter().take(self.places).enumerate() {
            let floor = energy.max(1e-7 * window.len() as f64);
            let likeness = (f64::from(value / self.size as f32) / (floor * power.max(1e-9)).sqrt()) as f32;
            if best.is_none_or(|(_, most)| likeness > most) {
                best = Some((place, likeness));
            }
            let square = |n: usize| around.get(n).map_or(0.0, |sample| f64::from(sample * sample));
            energy += square(place + window.len()) - square(place);
        }
        best
    }
}

/// Spectra in bands as the ear has them.
struct Spectra {
    planner: RealFftPlanner<f32>,
    /// Lower edges of the bands, in lines of the spectrum.
    edges: Vec<usize>,
}

/// Bands between 100 Hz and 7 kHz, each as wide as the ear's (equal steps of the mel scale).
const BANDS: u32 = 24;

/// Below this level a band counts as silent: -80 dB of full scale.
const FLOOR: f64 = 1e-8;

impl Spectra {
    fn new() -> Self {
        let mel = |hz: f64| 2_595.0 * (1.0 + hz / 700.0).log10();
        let hz = |mel: f64| 700.0 * (10_f64.powf(mel / 2_595.0) - 1.0);
        let (low, high) = (mel(100.0), mel(7_000.0));
        let edge = |band: u32| {
            let place = hz(low + (high - low) * f64::from(band) / f64::from(BANDS));
            (place * (2 * FRAME) as f64 / f64::from(RATE)).round() as usize
        };
        Self { planner: RealFftPlanner::new(), edges: (0..=BANDS).map(edge).collect() }
    }

    fn bands_db(&mut self, sound: &[f32]) -> Vec<f64> {
        let forward = self.planner.plan_fft_forward(2 * FRAME);
        let mut shaped = forward.make_input_vec();
        for (n, (to, from)) in shaped.iter_mut().zip(sound).enumerate() {
            *to = from * (std::f32::consts::PI * n as f32 / (2 * FRAME) as f32).sin();
        }
        let mut spectrum = forward.make_output_vec();
        if forward.process(&mut shaped, &mut spectrum).is_err() {
            return Vec::new();
        }
        let band = |pair: &[usize]| {
            let (Some(from), Some(to)) = (pair.first(), pair.last()) else { return 0.0 };
            let lines = spectrum.get(*from..(*to).max(from + 1)).unwrap_or_default();
            let power = lines.iter().map(|line| f64::from(line.norm_sqr())).sum::<f64>() / (FRAME * FRAME) as f64;
            10.0 * (power + FLOOR).log10()
        };
        self.edges.windows(2).map(band).collect()
    }

    /// Root mean square over the bands.
    fn distance_db(&mut self, said: &[f32], heard: &[f32]) -> f64 {
        let (said, heard) = (self.bands_db(said), self.bands_db(heard));
        let squares = said.iter().zip(&heard).map(|(a, b)| (a - b) * (a - b));
        (squares.sum::<f64>() / f64::from(BANDS)).sqrt()
    }
}

#[cfg(test)]
mod tests;
