//! Sound from one sample rate to another, in pieces of any length.

mod wide;

use rubato::{Fft, FixedSync, Resampler as _, audioadapter_buffers::direct::SequentialSlice};

use crate::limits::SAMPLE_RATES;
pub(crate) use wide::WideResampler;

/// A sample rate that we do not take, or a failure of the resampler.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot convert {from} Hz to {to} Hz: {why}")]
pub(crate) struct ResampleError {
    from: u32,
    to: u32,
    why: String,
}

/// What converts `channels` of them; none if both rates are one.
fn fft(from: u32, to: u32, channels: usize) -> Result<Option<Fft<f32>>, ResampleError> {
    let fail = |why: String| ResampleError { from, to, why };
    if !SAMPLE_RATES.contains(&from) || !SAMPLE_RATES.contains(&to) {
        return Err(fail("out of range".into()));
    }
    if from == to {
        return Ok(None);
    }
    let size = |rate: u32| usize::try_from(rate).unwrap_or(usize::MAX);
    // Pieces of about 5 ms: what is held back stays short.
    let fft = Fft::new(size(from), size(to), size(from) / 200, channels, FixedSync::Input);
    fft.map(Some).map_err(|e| fail(e.to_string()))
}

/// Converts a stream of one channel. Without delay in sample positions: what the filter holds back at the start is cut off there, so
/// the first sample out is the first sample in; the input must run ahead by the filter's length (about 10 ms).
pub(crate) struct Resampler {
    from: u32,
    to: u32,
    /// None if both rates are one: samples pass untouched.
    fft: Option<Fft<f32>>,
    held: Vec<f32>,
    scratch: Vec<f32>,
    skip: usize,
}

impl Resampler {
    /// From `from` Hz to `to` Hz.
    ///
    /// # Errors
    /// [`ResampleError`] if a rate is outside [`SAMPLE_RATES`].
    pub(crate) fn new(from: u32, to: u32) -> Result<Self, ResampleError> {
        let fft = fft(from, to, 1)?;
        let (skip, room) = fft.as_ref().map_or((0, 0), |fft| (fft.output_delay(), fft.output_frames_max()));
        Ok(Self { from, to, fft, held: Vec::new(), scratch: vec![0.0; room], skip })
    }

    /// Makes room for so many samples that wait: as long as no more do, [`Self::push`] allocates nothing itself.
    pub(crate) fn reserve(&mut self, samples: usize) {
        self.held.reserve(samples);
    }

    /// As new: nothing of what was taken until now leaves any more.
    pub(crate) fn forget(&mut self) {
        if let Some(fft) = &mut self.fft {
            fft.reset();
            self.skip = fft.output_delay();
        }
        self.held.clear();
    }

    /// Takes `input` and appends what is ready to `out`.
    ///
    /// # Errors
    /// [`ResampleError`] if the resampler fails, a bug of ours.
    pub(crate) fn push(&mut self, input: &[f32], out: &mut Vec<f32>) -> Result<(), ResampleError> {
        let Some(fft) = &mut self.fft else {
            out.extend_from_slice(input);
            return Ok(());
        };
        let (from, to) = (self.from, self.to);
        let fail = |why: String| ResampleError { from, to, why };
        self.held.extend_from_slice(input);
        let mut used = 0;
        while let Some(piece) = self.held.get(used..used + fft.input_frames_next()) {
            let room = self.scratch.len();
            let source = SequentialSlice::new(piece, 1, piece.len()).map_err(|e| fail(e.to_string()))?;
            let mut target = SequentialSlice::new_mut(&mut self.scratch, 1, room).map_err(|e| fail(e.to_string()))?;
            let (taken, made) = fft.process_into_buffer(&source, &mut target, None).map_err(|e| fail(e.to_string()))?;
            used += taken;
            let cut = self.skip.min(made);
            self.skip -= cut;
            out.extend_from_slice(self.scratch.get(cut..made).unwrap_or_default());
            if taken == 0 {
                break;
            }
        }
        self.held.drain(..used.min(self.held.len()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate: u32, samples: u32) -> Vec<f32> {
        (0..samples).map(|n| (n as f32 * 440.0 * std::f32::consts::TAU / rate as f32).sin()).collect()
    }

    fn convert(from: u32, to: u32, input: &[f32], piece: usize) -> Vec<f32> {
        let mut resampler = Resampler::new(from, to).unwrap();
        let mut out = Vec::new();
        for part in input.chunks(piece) {
            resampler.push(part, &mut out).unwrap();
        }
        out
    }

    #[test]
    fn a_tone_keeps_its_pitch_level_and_place() {
        for (from, to) in [(8_000, 48_000), (16_000, 48_000), (44_100, 48_000), (48_000, 44_100), (96_000, 48_000)] {
            let heard = convert(from, to, &tone(from, from / 2), 100);
            let ideal = tone(to, to / 2);
            assert!(heard.len() > ideal.len() * 9 / 10, "{from}: {} of {}", heard.len(), ideal.len());
            // The first 20 ms hold the onset, which no filter passes untouched.
            let worst = heard.iter().zip(&ideal).skip(to as usize / 50).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 0.02, "{from} -> {to}: off by {worst}");
        }
    }

    #[test]
    fn pieces_of_any_length_give_the_same_sound() {
        let input = tone(44_100, 10_000);
        assert_eq!(convert(44_100, 48_000, &input, 1), convert(44_100, 48_000, &input, 3_000));
    }

    #[test]
    fn equal_rates_pass_untouched_and_at_once() {
        let input = tone(48_000, 7);
        assert_eq!(convert(48_000, 48_000, &input, 2), input);
    }

    #[test]
    fn rates_out_of_range_are_refused() {
        for (from, to) in [(0, 48_000), (3_999, 48_000), (48_000, 384_001), (u32::MAX, 1)] {
            assert!(Resampler::new(from, to).is_err(), "{from} -> {to}");
        }
    }
}
