//! The side of a sound comes and goes without a click.

use crate::planes::Planes;

/// Samples in which it does: 10 ms.
const SPAN: f32 = 480.0;

/// How much of the side is there: 0 none, 1 all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Width {
    share: f32,
    open: bool,
}

impl Width {
    /// All of it.
    pub(crate) const fn open() -> Self {
        Self { share: 1.0, open: true }
    }

    /// None of it.
    pub(crate) const fn closed() -> Self {
        Self { share: 0.0, open: false }
    }

    /// Some of it is there, or comes.
    pub(crate) fn is_there(&self) -> bool {
        self.open || self.share > 0.0
    }

    /// All of it from now on, or none.
    pub(crate) fn switch(&mut self, open: bool) {
        self.open = open;
    }

    /// Takes from the side what is not to be there. None at all: sound has one channel.
    pub(crate) fn pass(&mut self, sound: &mut Planes) {
        if self.open && self.share >= 1.0 {
            return;
        }
        if !self.open && self.share <= 0.0 {
            return sound.side.clear();
        }
        let (from, step) = (self.share, if self.open { 1.0 } else { -1.0 } / SPAN);
        for (n, side) in sound.side.iter_mut().enumerate() {
            *side *= (from + step * n as f32).clamp(0.0, 1.0);
        }
        self.share = (from + step * sound.len() as f32).clamp(0.0, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_side_goes_in_ten_milliseconds_and_comes_back_and_without_it_there_is_one_channel() {
        let mut width = Width::open();
        let mut heard = Vec::new();
        for block in 0..40 {
            width.switch(!(4..12).contains(&block));
            let mut sound = Planes { mid: vec![0.5; 96], side: vec![0.5; 96] };
            width.pass(&mut sound);
            assert_eq!(sound.mid, [0.5; 96]);
            assert_eq!(sound.is_wide(), !(9..12).contains(&block), "block {block}");
            sound.widen();
            heard.extend(sound.side);
        }
        assert!(heard[..4 * 96].iter().chain(&heard[17 * 96..]).all(|side| *side == 0.5));
        let step = heard.windows(2).map(|two| (two[1] - two[0]).abs()).fold(0.0, f32::max);
        assert!(step < 0.0011, "{step}");
    }
}
