//! Sound of one channel or two, as its middle and its side (docs/adr/0020-stereo.md).

/// Sound at 48 kHz. The middle is (left + right) / 2, the side (left - right) / 2. Sound of one channel has no side: it costs
/// what it costs anyway, stands in the middle of whatever it is mixed with, and what has one channel plays the middle.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Planes {
    /// What both ears hear alike.
    pub(crate) mid: Vec<f32>,
    /// What they don't: as long as `mid`, or empty.
    pub(crate) side: Vec<f32>,
}

impl Planes {
    /// Nothing yet, with room for so many samples of one channel.
    pub(crate) fn with_capacity(samples: usize) -> Self {
        Self { mid: Vec::with_capacity(samples), side: Vec::new() }
    }

    /// Sound of one channel.
    pub(crate) fn mono(mid: Vec<f32>) -> Self {
        Self { mid, side: Vec::new() }
    }

    /// So many samples of silence, of one channel.
    pub(crate) fn silence(samples: usize) -> Self {
        Self::mono(vec![0.0; samples])
    }

    /// Samples of a channel.
    pub(crate) fn len(&self) -> usize {
        self.mid.len()
    }

    /// No sound.
    pub(crate) fn is_empty(&self) -> bool {
        self.mid.is_empty()
    }

    /// It has two channels.
    pub(crate) fn is_wide(&self) -> bool {
        !self.side.is_empty()
    }

    /// Nothing, of one channel.
    pub(crate) fn clear(&mut self) {
        self.mid.clear();
        self.side.clear();
    }

    /// So many samples of silence, of one channel, in the place of what was there.
    pub(crate) fn silent(&mut self, samples: usize) {
        self.clear();
        self.mid.resize(samples, 0.0);
    }

    /// So many samples: what is missing is silence.
    pub(crate) fn resize(&mut self, samples: usize) {
        self.mid.resize(samples, 0.0);
        if self.is_wide() {
            self.side.resize(samples, 0.0);
        }
    }

    /// Both planes (that of the side may be empty), to do the same to each.
    pub(crate) fn each(&mut self) -> [&mut Vec<f32>; 2] {
        [&mut self.mid, &mut self.side]
    }

    /// Silences what is there.
    pub(crate) fn wipe(&mut self) {
        self.each().into_iter().for_each(|plane| plane.fill(0.0));
    }

    /// From now on it has two channels.
    pub(crate) fn widen(&mut self) {
        self.side.resize(self.mid.len(), 0.0);
    }

    /// Appends a middle and its side, which is as long or empty.
    pub(crate) fn append_planes(&mut self, mid: &[f32], side: &[f32]) {
        if !side.is_empty() {
            self.widen();
            self.side.extend_from_slice(side);
        }
        self.mid.extend_from_slice(mid);
        if self.is_wide() {
            self.widen();
        }
    }

    /// Appends sound, from its sample `from` on.
    pub(crate) fn append_from(&mut self, sound: &Self, from: usize) {
        self.append_planes(sound.mid.get(from..).unwrap_or_default(), sound.side.get(from..).unwrap_or_default());
    }

    /// Appends sound.
    pub(crate) fn append(&mut self, sound: &Self) {
        self.append_from(sound, 0);
    }

    /// Takes the first samples out, at most so many, into `out`, behind what is there.
    pub(crate) fn move_into(&mut self, samples: usize, out: &mut Self) {
        let samples = samples.min(self.len());
        if self.is_wide() || out.is_wide() {
            out.widen();
            let side = samples.min(self.side.len());
            out.side.extend(self.side.drain(..side));
        }
        out.mid.extend(self.mid.drain(..samples));
        if out.is_wide() {
            out.widen();
        }
    }

    /// Takes the first samples away, so many.
    pub(crate) fn forget(&mut self, samples: usize) {
        for plane in self.each() {
            plane.drain(..samples.min(plane.len()));
        }
    }

    /// Takes out what follows the first samples, so many, into `out`, behind what is there.
    pub(crate) fn move_end_into(&mut self, samples: usize, out: &mut Self) {
        out.append_from(self, samples);
        self.each().into_iter().for_each(|plane| plane.truncate(samples));
    }

    /// Multiplies sample `n` by `factor(n)`, on both channels.
    pub(crate) fn scale(&mut self, factor: impl Fn(usize) -> f32) {
        for plane in self.each() {
            plane.iter_mut().enumerate().for_each(|(n, sample)| *sample *= factor(n));
        }
    }

    /// In the place of what was there: sound of two channels, a sample of the left one, then one of the right one.
    pub(crate) fn read_pairs(&mut self, pairs: &[f32]) {
        self.clear();
        for pair in pairs.as_chunks::<2>().0 {
            let [mid, side] = turned(*pair);
            self.mid.push(mid * 0.5);
            self.side.push(side * 0.5);
        }
    }

    /// Left and right, sample for sample.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = [f32; 2]> {
        let side = self.side.iter().copied().chain(std::iter::repeat(0.0));
        self.mid.iter().zip(side).map(|(mid, side)| turned([*mid, side]))
    }
}

/// Left and right of a middle and a side; twice the middle and the side of left and right.
pub(crate) fn turned([one, other]: [f32; 2]) -> [f32; 2] {
    [one + other, one - other]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(pairs: &[[f32; 2]]) -> Planes {
        let mut sound = Planes::default();
        sound.read_pairs(pairs.as_flattened());
        sound
    }

    fn heard(sound: &Planes) -> Vec<[f32; 2]> {
        sound.pairs().collect()
    }

    #[test]
    fn left_and_right_come_out_as_they_went_in() {
        let pairs = [[0.5, 0.0], [0.0, 0.25], [-1.0, 1.0], [0.5, 0.5]];
        assert_eq!(heard(&wide(&pairs)), pairs);
        assert_eq!(wide(&pairs).mid, [0.25, 0.125, 0.0, 0.5]);
    }

    #[test]
    fn what_has_one_channel_is_the_same_on_both_sides() {
        assert_eq!(heard(&Planes::mono(vec![0.5, -0.25])), [[0.5, 0.5], [-0.25, -0.25]]);
    }

    #[test]
    fn one_channel_and_two_follow_each_other_in_their_places() {
        let (mono, wide) = (Planes::mono(vec![0.5; 2]), wide(&[[1.0, 0.0]; 2]));
        let (mono_heard, wide_heard) = (heard(&mono), heard(&wide));
        for (one, other) in [(&mono, &wide), (&wide, &mono), (&mono, &mono), (&wide, &wide)] {
            let mut both = one.clone();
            both.append(other);
            assert_eq!(heard(&both), [heard(one), heard(other)].concat());
            assert_eq!(both.is_wide(), one.is_wide() || other.is_wide());
            let mut front = Planes::default();
            both.move_into(3, &mut front);
            both.move_into(9, &mut front);
            assert_eq!(heard(&front), [heard(one), heard(other)].concat());
            assert!(both.is_empty() && !both.is_wide(), "what is empty has one channel again");
        }
        let mut end = mono.clone();
        end.append_from(&wide, 1);
        assert_eq!(heard(&end), [mono_heard, wide_heard[1..].to_vec()].concat());
    }
}
