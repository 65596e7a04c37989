//! A sink whose clock is ours: a file of what a person would hear, or nowhere.

use super::{Lost, Sink, TICK, TICK_US, wave_file::WaveFile};

/// Ticks that are made up for at most after a stall of the thread; the rest is a gap (zeros in a file).
const BACKLOG: u64 = 12;

/// Plays on a grid of [`TICK`]s that begins at the first start and never moves.
pub(crate) struct Paced {
    file: Option<WaveFile>,
    /// Monotonic microseconds of sample 0, once playback has begun.
    started_us: Option<u64>,
    /// Next tick to be played, counted from sample 0.
    next: u64,
}

impl Paced {
    /// Into a file, or nowhere.
    pub(crate) fn new(file: Option<WaveFile>) -> Self {
        Self { file, started_us: None, next: 0 }
    }

    fn time(&self, now_us: u64, tick: u64) -> u64 {
        self.started_us.unwrap_or(now_us) + tick * TICK_US
    }
}

impl Sink for Paced {
    fn start(&mut self, now_us: u64) {
        let started_us = *self.started_us.get_or_insert(now_us);
        // The first tick that is not over.
        self.next = self.next.max(now_us.saturating_sub(started_us) / TICK_US);
    }

    fn started_us(&self) -> Option<u64> {
        self.started_us
    }

    fn tick_us(&mut self, now_us: u64) -> Option<u64> {
        let due = now_us.saturating_sub(self.started_us?) / TICK_US;
        self.next = self.next.max(due.saturating_sub(BACKLOG - 1));
        (self.next <= due && now_us >= self.started_us?).then(|| self.time(now_us, self.next))
    }

    fn play(&mut self, sound: &[f32]) -> Result<(), Lost> {
        let place = self.next * TICK as u64;
        self.next += 1;
        self.file.as_mut().map_or(Ok(()), |file| file.write(place, sound))
    }

    fn due_us(&self, now_us: u64) -> u64 {
        self.time(now_us, self.next)
    }

    fn pause(&mut self) -> Result<(), Lost> {
        self.file.as_mut().map_or(Ok(()), WaveFile::flush)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host_media::test_dir::TestDir;

    fn ticks(sink: &mut Paced, now_us: u64, value: f32) -> Vec<u64> {
        let mut at = Vec::new();
        while let Some(tick) = sink.tick_us(now_us) {
            at.push(tick);
            sink.play(&[value; TICK]).unwrap();
        }
        at
    }

    #[test]
    fn ticks_stay_on_the_grid_however_late_the_thread_is() {
        let mut sink = Paced::new(None);
        assert_eq!(sink.tick_us(5), None, "nothing plays before the start");
        sink.start(5);
        assert_eq!(sink.started_us(), Some(5));
        assert_eq!(ticks(&mut sink, 5, 0.0), [5]);
        assert_eq!(sink.due_us(5), 5_005);
        assert_eq!(ticks(&mut sink, 5_004, 0.0), Vec::<u64>::new());
        assert_eq!(ticks(&mut sink, 18_000, 0.0), [5_005, 10_005, 15_005]);
    }

    #[test]
    fn a_stall_is_made_up_for_by_a_few_ticks_only() {
        let mut sink = Paced::new(None);
        sink.start(0);
        assert_eq!(ticks(&mut sink, 10_000_000, 0.0).len(), 12);
        assert_eq!(sink.due_us(0), 10_005_000);
    }

    #[test]
    fn a_pause_is_silence_in_the_file_and_the_next_call_does_not_truncate_it() {
        let dir = TestDir::new();
        let path = dir.path().join("heard.wav");
        let mut sink = Paced::new(Some(WaveFile::create(&path).unwrap()));
        sink.start(1_000);
        ticks(&mut sink, 16_000, 0.5);
        sink.pause().unwrap();
        assert_eq!(hound::WavReader::open(&path).unwrap().duration(), 960);
        sink.start(1_001_000);
        assert_eq!(sink.started_us(), Some(1_000), "sample 0 stays where it was");
        ticks(&mut sink, 1_001_000, 0.25);
        sink.pause().unwrap();
        let samples: Vec<i16> = hound::WavReader::open(&path).unwrap().samples().map(Result::unwrap).collect();
        assert_eq!(samples.len(), 48_000 + 240);
        assert!(samples[..960].iter().all(|s| *s == 16_384));
        assert!(samples[960..48_000].iter().all(|s| *s == 0));
        assert!(samples[48_000..].iter().all(|s| *s == 8_192));
    }
}
