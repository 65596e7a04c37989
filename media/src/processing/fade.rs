//! Going over from one sound to another without a click.

use super::PIECE;

/// Samples at 48 kHz of a change: 20 ms, short enough to count as at once, long enough not to be heard as a click.
const SPAN: f32 = 960.0;

/// What is heard of a stage: 0 nothing (what went in passes), 1 all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fade {
    share: f32,
    target: f32,
    /// Pieces that the stage runs unheard before it fades in: what it holds is of the time before it was off.
    warm: u32,
    warm_pieces: u32,
}

impl Fade {
    /// Off. Whenever it is switched on, the stage runs unheard for `warm_pieces` of 10 ms.
    pub(crate) const fn off(warm_pieces: u32) -> Self {
        Self { share: 0.0, target: 0.0, warm: 0, warm_pieces }
    }

    /// On or off, from the next piece on.
    pub(crate) fn switch(&mut self, on: bool) {
        if on && !self.runs() {
            self.warm = self.warm_pieces;
        }
        self.target = if on { 1.0 } else { 0.0 };
    }

    /// The stage has to run: it is on, or still fades out.
    pub(crate) fn runs(&self) -> bool {
        self.share > 0.0 || self.target > 0.0
    }

    /// Nothing but the stage is heard.
    pub(crate) fn full(&self) -> bool {
        self.share >= 1.0
    }

    /// Puts `wet` in the place of `sound`, as far as it is heard; both hold 10 ms..
    pub(crate) fn mix(&mut self, sound: &mut [f32], wet: &[f32]) {
        if self.warm > 0 {
            self.warm -= 1;
            return;
        }
        let step = PIECE as f32 / (SPAN * sound.len().max(1) as f32);
        for (dry, wet) in sound.iter_mut().zip(wet) {
            let left = self.target - self.share;
            self.share += left.clamp(-step, step);
            *dry += (wet - *dry) * self.share;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_comes_and_goes_in_20_ms_without_a_jump() {
        let mut fade = Fade::off(0);
        let mut heard = Vec::new();
        for piece in 0..8 {
            fade.switch(piece < 4);
            let mut sound = [0.0; PIECE];
            fade.mix(&mut sound, &[1.0; PIECE]);
            heard.extend(sound);
        }
        assert!(heard[960..4 * PIECE].iter().all(|s| (s - 1.0).abs() < 1e-3));
        assert!(heard[4 * PIECE + 960..].iter().all(|s| s.abs() < 1e-3), "and it is gone");
        let jump = heard.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
        assert!(jump < 0.0011, "{jump}");
    }

    #[test]
    fn what_a_stage_held_from_before_is_not_heard() {
        let mut fade = Fade::off(2);
        fade.switch(true);
        assert!(fade.runs());
        for _ in 0..2 {
            let mut sound = [0.5; PIECE];
            fade.mix(&mut sound, &[9.0; PIECE]);
            assert_eq!(sound, [0.5; PIECE]);
        }
        let mut sound = [0.5; PIECE];
        fade.mix(&mut sound, &[9.0; PIECE]);
        assert_ne!(sound, [0.5; PIECE]);
    }
}
