//! Sound that is made, not captured.

use super::Lost;
use crate::planes::Planes;

/// Gives samples as fast as they are asked for.
pub(crate) trait Generator: Send {
    /// Appends the next samples.
    ///
    /// # Errors
    /// [`Lost`] if the sound cannot be made (a file cannot be read any more).
    fn give(&mut self, samples: usize, out: &mut Planes) -> Result<(), Lost>;

    /// Two channels from now on if it has two, or their mean.
    fn widen(&mut self, _on: bool) {}
}

/// Nothing to hear.
pub(crate) struct Silence;

impl Generator for Silence {
    fn give(&mut self, samples: usize, out: &mut Planes) -> Result<(), Lost> {
        out.resize(out.len() + samples);
        Ok(())
    }
}

/// A sine at half of full scale.
pub(crate) struct Tone {
    phase: f64,
    step: f64,
}

impl Tone {
    /// A tone of this many Hz.
    pub(crate) fn new(hz: u32) -> Self {
        Self { phase: 0.0, step: f64::from(hz) / f64::from(super::super::opus::RATE) }
    }
}

impl Generator for Tone {
    fn give(&mut self, samples: usize, out: &mut Planes) -> Result<(), Lost> {
        let next = || {
            let sample = (self.phase * std::f64::consts::TAU).sin() as f32 * 0.5;
            self.phase = (self.phase + self.step).fract();
            sample
        };
        let sound: Vec<f32> = std::iter::repeat_with(next).take(samples).collect();
        out.append_planes(&sound, &[]);
        Ok(())
    }
}
