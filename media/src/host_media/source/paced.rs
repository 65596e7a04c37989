//! A source whose clock is ours: sample `n` is there `n` / 48 kHz after the start, never sooner.

use super::{Lost, Source, generator::Generator};
use crate::{
    host_media::clock::{samples_to_us, us_to_samples},
    planes::Planes,
};

/// Sound that is delivered late at most, samples: after a longer stall of the thread (suspended machine) the rest is
/// skipped, as a microphone would have lost it, instead of being sent in one burst.
const BACKLOG: u64 = 3 * 960;

/// Samples that are thrown away at a time.
const SKIP_PIECE: usize = 4_800;

/// A generator in real time.
pub(crate) struct Paced {
    generator: Box<dyn Generator>,
    started_us: u64,
    produced: u64,
    skipped: u64,
}

impl Paced {
    /// Starts at sample 0 now.
    pub(crate) fn new(generator: Box<dyn Generator>, now_us: u64) -> Self {
        Self { generator, started_us: now_us, produced: 0, skipped: 0 }
    }

    fn skip(&mut self, samples: u64) -> Result<(), Lost> {
        let mut left = samples;
        let mut scratch = Planes::with_capacity(SKIP_PIECE);
        while left > 0 {
            let piece = usize::try_from(left).unwrap_or(SKIP_PIECE).min(SKIP_PIECE);
            scratch.clear();
            self.generator.give(piece, &mut scratch)?;
            left -= piece as u64;
        }
        self.produced += samples;
        self.skipped += samples;
        Ok(())
    }
}

impl Source for Paced {
    fn capture(&mut self, now_us: u64, out: &mut Planes) -> Result<(), Lost> {
        let owed = us_to_samples(now_us.saturating_sub(self.started_us)).saturating_sub(self.produced);
        if owed > BACKLOG {
            self.skip(owed - BACKLOG)?;
        }
        let samples = usize::try_from(owed.min(BACKLOG)).unwrap_or(0);
        self.generator.give(samples, out)?;
        self.produced += samples as u64;
        Ok(())
    }

    fn widen(&mut self, on: bool) {
        self.generator.widen(on);
    }

    fn started_us(&self) -> Option<u64> {
        Some(self.started_us)
    }

    fn due_us(&self, _now_us: u64, samples: usize) -> u64 {
        self.started_us + samples_to_us(self.produced + samples as u64)
    }

    fn skipped(&mut self) -> u64 {
        std::mem::take(&mut self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host_media::source::generator::Tone;

    /// Counts samples, so that each tells its own number.
    struct Counter(u32);

    impl Generator for Counter {
        fn give(&mut self, samples: usize, out: &mut Planes) -> Result<(), Lost> {
            for _ in 0..samples {
                out.mid.push(self.0 as f32);
                self.0 += 1;
            }
            Ok(())
        }
    }

    fn at(source: &mut Paced, now_us: u64) -> Vec<f32> {
        let mut out = Planes::default();
        source.capture(now_us, &mut out).unwrap();
        out.mid
    }

    #[test]
    fn a_sample_is_there_when_it_is_due_and_not_before() {
        let mut source = Paced::new(Box::new(Counter(0)), 1_000_000);
        assert_eq!(source.due_us(1_000_000, 960), 1_020_000);
        assert_eq!(at(&mut source, 1_000_000), Vec::<f32>::new());
        assert_eq!(at(&mut source, 1_019_999).len(), 959);
        assert_eq!(at(&mut source, 1_020_000), [959.0]);
        assert_eq!(source.due_us(1_020_000, 960), 1_040_000);
    }

    #[test]
    fn lateness_of_the_thread_does_not_add_up() {
        let mut source = Paced::new(Box::new(Counter(0)), 0);
        let mut due = source.due_us(0, 960);
        for frame in 1..1_000 {
            at(&mut source, due + 3_000);
            due = source.due_us(due + 3_000, 960 - 144);
            assert_eq!(due, 20_000 * (frame + 1), "the next is due on the grid, however late the last one was");
        }
    }

    #[test]
    fn after_a_stall_the_past_is_skipped_and_the_place_on_the_timeline_stays_true() {
        let mut source = Paced::new(Box::new(Counter(0)), 0);
        let heard = at(&mut source, 10_000_000);
        assert_eq!(heard.len(), 2_880, "60 ms, not ten seconds at once");
        assert_eq!(source.skipped(), 480_000 - 2_880);
        assert_eq!(source.skipped(), 0, "told once");
        assert_eq!(heard.last(), Some(&479_999.0));
    }

    #[test]
    fn a_tone_has_its_frequency_and_no_jumps_between_reads() {
        let mut source = Paced::new(Box::new(Tone::new(1_000)), 0);
        let sound: Vec<f32> = (1..=100).flat_map(|tick| at(&mut source, tick * 10_000)).collect();
        assert_eq!(sound.len(), 48_000);
        let rises = sound.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
        assert!((999..=1_000).contains(&rises), "{rises}");
        let jump = sound.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(jump < 0.07, "{jump}");
    }
}
