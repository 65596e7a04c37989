//! Sound that is made, not captured.

use super::Lost;

/// Gives samples as fast as they are asked for.
pub(crate) trait Generator: Send {
    /// Fills `out` with the next samples.
    ///
    /// # Errors
    /// [`Lost`] if the sound cannot be made (a file cannot be read any more).
    fn fill(&mut self, out: &mut [f32]) -> Result<(), Lost>;
}

/// Nothing to hear.
pub(crate) struct Silence;

impl Generator for Silence {
    fn fill(&mut self, out: &mut [f32]) -> Result<(), Lost> {
        out.fill(0.0);
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
    fn fill(&mut self, out: &mut [f32]) -> Result<(), Lost> {
        for sample in out {
            *sample = (self.phase * std::f64::consts::TAU).sin() as f32 * 0.5;
            self.phase = (self.phase + self.step).fract();
        }
        Ok(())
    }
}
