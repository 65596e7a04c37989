//! Spectra of the low band, 10 ms at a time, and back.

use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex, num_complex::Complex32};

use super::LOW;

/// Samples at 16 kHz of a transform.
const SPAN: usize = 256;

/// Samples by which two of them overlap, and sound is late on its way there and back.
pub(crate) const OVERLAP: usize = SPAN - LOW;

/// Lines of a spectrum, 62.5 Hz apart.
pub(crate) const LINES: usize = SPAN / 2 + 1;

/// Bands in which spectra are judged.
pub(crate) const BANDS: usize = 24;

/// First lines of the bands, about as wide as those of the ear.
const EDGES: [usize; BANDS + 1] =
    [0, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 19, 22, 26, 30, 35, 41, 48, 56, 65, 76, 89, 105, LINES];

/// A spectrum of 10 ms.
pub(crate) type Spectrum = [Complex32; LINES];

/// Lines of a band.
pub(crate) fn lines(band: usize) -> std::ops::Range<usize> {
    EDGES[band]..EDGES[band + 1]
}

/// Power in every band; never quite nothing.
pub(crate) fn powers(spectrum: &Spectrum) -> [f32; BANDS] {
    std::array::from_fn(|band| 1.0 + spectrum[lines(band)].iter().map(Complex32::norm_sqr).sum::<f32>())
}

/// Transforms of one size, with a window that adds up to one there and back (sine flanks). Allocates nothing after it is made.
pub(crate) struct Transform {
    forward: Arc<dyn RealToComplex<f32>>,
    back: Arc<dyn ComplexToReal<f32>>,
    scratch: Vec<Complex32>,
    flank: [f32; OVERLAP],
    frame: [f32; SPAN],
}

/// The end of the last 10 ms, for the next transform; of what comes in or of what goes out.
#[derive(Clone, Copy)]
pub(crate) struct Rest([f32; OVERLAP]);

impl Rest {
    /// Silence.
    pub(crate) const fn new() -> Self {
        Self([0.0; OVERLAP])
    }
}

impl Transform {
    /// Plans it.
    pub(crate) fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        let (forward, back) = (planner.plan_fft_forward(SPAN), planner.plan_fft_inverse(SPAN));
        let scratch = vec![Complex32::default(); forward.get_scratch_len().max(back.get_scratch_len())];
        let quarter = std::f32::consts::FRAC_PI_2 / OVERLAP as f32;
        let flank = std::array::from_fn(|n| ((n as f32 + 0.5) * quarter).sin());
        Self { forward, back, scratch, flank, frame: [0.0; SPAN] }
    }

    fn shape(&mut self) {
        for (sample, flank) in self.frame.iter_mut().zip(&self.flank) {
            *sample *= flank;
        }
        for (sample, flank) in self.frame.iter_mut().rev().zip(&self.flank) {
            *sample *= flank;
        }
    }

    /// The spectrum of 10 ms and the end of those before.
    pub(crate) fn there(&mut self, sound: &[f32; LOW], rest: &mut Rest, spectrum: &mut Spectrum) {
        self.frame[..OVERLAP].copy_from_slice(&rest.0);
        self.frame[OVERLAP..].copy_from_slice(sound);
        rest.0.copy_from_slice(&sound[LOW - OVERLAP..]);
        self.shape();
        if self.forward.process_with_scratch(&mut self.frame, spectrum, &mut self.scratch).is_err() {
            // Only for lengths that do not fit: a bug of ours, heard as silence.
            spectrum.fill(Complex32::default());
        }
    }

    /// 10 ms out of a spectrum, [`OVERLAP`] later than they went in.
    pub(crate) fn back(&mut self, spectrum: &mut Spectrum, rest: &mut Rest, sound: &mut [f32; LOW]) {
        // Both ends of a real sound's spectrum are real.
        (spectrum[0].im, spectrum[LINES - 1].im) = (0.0, 0.0);
        if self.back.process_with_scratch(spectrum, &mut self.frame, &mut self.scratch).is_err() {
            self.frame.fill(0.0);
        }
        self.shape();
        self.frame.iter_mut().for_each(|sample| *sample /= SPAN as f32);
        sound.copy_from_slice(&self.frame[..LOW]);
        for (sample, rest) in sound.iter_mut().zip(&rest.0) {
            *sample += rest;
        }
        rest.0.copy_from_slice(&self.frame[LOW..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processing::test_sounds::noise;

    #[test]
    fn there_and_back_is_the_same_sound_six_milliseconds_later() {
        let sound = noise(4, 1_000.0, 100 * LOW);
        let (mut transform, mut before, mut after) = (Transform::new(), Rest::new(), Rest::new());
        let mut heard = Vec::new();
        for piece in sound.chunks_exact(LOW) {
            let (mut spectrum, mut out) = ([Complex32::default(); LINES], [0.0; LOW]);
            transform.there(piece.try_into().unwrap(), &mut before, &mut spectrum);
            transform.back(&mut spectrum, &mut after, &mut out);
            heard.extend(out);
        }
        let worst = heard[OVERLAP..].iter().zip(&sound).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 0.01, "{worst}");
    }
}
