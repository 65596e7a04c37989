//! The same for sound of one channel or two.

use rubato::{Fft, Indexing, Resampler as _, audioadapter_buffers::direct::SequentialSliceOfSlices};

use super::ResampleError;
use crate::planes::Planes;

/// Converts a stream of planes, as [`super::Resampler`] does. The side is converted only while there is one, in step with the
/// middle: sound of one channel costs what it costs there.
pub(crate) struct WideResampler {
    from: u32,
    to: u32,
    /// None if both rates are one: samples pass untouched.
    fft: Option<Fft<f32>>,
    held: Planes,
    scratch: [Vec<f32>; 2],
    skip: usize,
    /// Samples for which the side still sounds after there is none any more.
    rings: usize,
    /// The middle alone, and both.
    masks: [Indexing; 2],
}

/// The side has rung out after this share of a second, far more than the filter's length.
const RINGS_OUT: u32 = 10;

impl WideResampler {
    /// From `from` Hz to `to` Hz.
    ///
    /// # Errors
    /// [`ResampleError`] if a rate is outside [`crate::limits::SAMPLE_RATES`].
    pub(crate) fn new(from: u32, to: u32) -> Result<Self, ResampleError> {
        let fft = super::fft(from, to, 2)?;
        let (skip, room) = fft.as_ref().map_or((0, 0), |fft| (fft.output_delay(), fft.output_frames_max()));
        let mask = |side| Indexing {
            input_offset: 0,
            output_offset: 0,
            partial_len: None,
            active_channels_mask: Some(vec![true, side]),
        };
        let (scratch, masks) = ([vec![0.0; room], vec![0.0; room]], [mask(false), mask(true)]);
        Ok(Self { from, to, fft, held: Planes::default(), scratch, skip, rings: 0, masks })
    }

    /// Takes `input` and appends what is ready to `out`.
    ///
    /// # Errors
    /// [`ResampleError`] if the resampler fails, a bug of ours.
    pub(crate) fn push(&mut self, input: &Planes, out: &mut Planes) -> Result<(), ResampleError> {
        let Some(fft) = &mut self.fft else {
            out.append(input);
            return Ok(());
        };
        let (from, to) = (self.from, self.to);
        let fail = |why: String| ResampleError { from, to, why };
        self.held.append(input);
        let most = usize::try_from(from / RINGS_OUT).unwrap_or(usize::MAX);
        self.rings = if input.is_wide() { most } else { self.rings.saturating_sub(input.len()) };
        let wide = self.rings > 0;
        if wide {
            self.held.widen()
        } else {
            self.held.side.clear()
        }
        let mut used = 0;
        while let Some(mid) = self.held.mid.get(used..used + fft.input_frames_next()) {
            let side = self.held.side.get(used..used + mid.len()).unwrap_or(mid);
            let (pieces, frames) = ([mid, side], mid.len());
            let source = SequentialSliceOfSlices::new(&pieces, 2, frames).map_err(|e| fail(e.to_string()))?;
            let [to_mid, to_side] = &mut self.scratch;
            let room = to_mid.len();
            let mut places = [to_mid.as_mut_slice(), to_side.as_mut_slice()];
            let mut target = SequentialSliceOfSlices::new_mut(&mut places, 2, room).map_err(|e| fail(e.to_string()))?;
            let [alone, both] = &self.masks;
            let mask = if wide { both } else { alone };
            let done = fft.process_into_buffer(&source, &mut target, Some(mask));
            let (taken, made) = done.map_err(|e| fail(e.to_string()))?;
            used += taken;
            let cut = self.skip.min(made);
            self.skip -= cut;
            let [mid, side] = self.scratch.each_ref().map(|made_here| made_here.get(cut..made).unwrap_or_default());
            out.append_planes(mid, if wide { side } else { &[] });
            if taken == 0 {
                break;
            }
        }
        self.held.forget(used);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resample::Resampler;

    fn tone(hz: f32, rate: u32, samples: u32) -> Vec<f32> {
        (0..samples).map(|n| (n as f32 * hz * std::f32::consts::TAU / rate as f32).sin() * 0.5).collect()
    }

    const RATES: [(u32, u32); 5] =
        [(8_000, 48_000), (44_100, 48_000), (48_000, 44_100), (96_000, 48_000), (48_000, 48_000)];

    #[test]
    fn one_channel_comes_out_as_from_a_resampler_of_one_channel() {
        for (from, to) in RATES {
            let (mut one, mut other) = (Resampler::new(from, to).unwrap(), WideResampler::new(from, to).unwrap());
            let (mut mid, mut planes) = (Vec::new(), Planes::default());
            for piece in tone(440.0, from, from / 5).chunks(331) {
                one.push(piece, &mut mid).unwrap();
                other.push(&Planes::mono(piece.to_vec()), &mut planes).unwrap();
            }
            assert_eq!(planes, Planes::mono(mid), "{from} -> {to}");
        }
    }

    #[test]
    fn a_side_that_comes_and_goes_stays_in_step_with_the_middle() {
        for (from, to) in RATES {
            let mut resampler = WideResampler::new(from, to).unwrap();
            let sound = tone(440.0, from, from);
            let mut out = Planes::default();
            for (n, piece) in sound.chunks(from as usize / 100).enumerate() {
                let place = n * (from as usize / 100);
                let loud = (from as usize / 4..from as usize / 2).contains(&place);
                let side = if loud { piece.to_vec() } else { Vec::new() };
                resampler.push(&Planes { mid: piece.to_vec(), side }, &mut out).unwrap();
            }
            // Right is silent while the side is there: it is the middle's own sound.
            let at = |share: f32| (to as f32 * share) as usize;
            let right = |from: f32, until: f32| {
                out.pairs().take(at(until)).skip(at(from)).map(|[_, right]| right.abs()).fold(0.0, f32::max)
            };
            assert!(right(0.28, 0.47) < 1e-6, "{from} -> {to}: {}", right(0.28, 0.47));
            assert!(right(0.05, 0.24) > 0.4 && right(0.55, 0.9) > 0.4);
            assert!(out.side[at(0.65)..].iter().all(|sample| *sample == 0.0), "{from} -> {to}");
        }
    }
}
