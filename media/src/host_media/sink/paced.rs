//! A sink whose clock is ours: a file of what a person would hear, or nowhere.

use super::{BLOCK, Lost, Sink, Want, wave_file::WaveFile};
use crate::{
    host_media::clock::{samples_to_us, us_to_samples},
    planes::Planes,
};

/// Samples that are made up for at most after a stall of the thread (60 ms); the rest is a gap (zeros in a file).
const BACKLOG: u64 = 2_880;

/// Plays sample `n` at `n` / 48 kHz after the first start, whatever happens between.
pub(crate) struct Paced {
    file: Option<WaveFile>,
    /// Monotonic microseconds of sample 0, once playback has begun.
    started_us: Option<u64>,
    /// Next sample to be played.
    next: u64,
}

impl Paced {
    /// Into a file, or nowhere.
    pub(crate) fn new(file: Option<WaveFile>) -> Self {
        Self { file, started_us: None, next: 0 }
    }

    fn time(&self, now_us: u64, sample: u64) -> u64 {
        self.started_us.unwrap_or(now_us) + samples_to_us(sample)
    }
}

impl Sink for Paced {
    fn start(&mut self, now_us: u64) {
        let started_us = *self.started_us.get_or_insert(now_us);
        self.next = self.next.max(us_to_samples(now_us.saturating_sub(started_us)));
    }

    fn started_us(&self) -> Option<u64> {
        self.started_us
    }

    fn want(&mut self, now_us: u64) -> Option<Want> {
        let due = us_to_samples(now_us.checked_sub(self.started_us?)?);
        self.next = self.next.max(due.saturating_sub(BACKLOG));
        (self.next <= due).then(|| Want { at_us: self.time(now_us, self.next), most: BLOCK })
    }

    fn play(&mut self, sound: &Planes) -> Result<(), Lost> {
        let place = self.next;
        self.next += sound.len() as u64;
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
    use crate::host_media::{opus::Channels, test_dir::TestDir};

    /// Plays blocks of 5 ms until nothing more is wanted; returns when each was.
    fn play(sink: &mut Paced, now_us: u64, value: f32) -> Vec<u64> {
        let mut at = Vec::new();
        while let Some(want) = sink.want(now_us) {
            at.push(want.at_us);
            sink.play(&Planes::mono(vec![value; 240])).unwrap();
        }
        at
    }

    #[test]
    fn blocks_stay_on_the_grid_however_late_the_thread_is() {
        let mut sink = Paced::new(None);
        assert_eq!(sink.want(5), None, "nothing plays before the start");
        sink.start(5);
        assert_eq!(sink.started_us(), Some(5));
        assert_eq!(play(&mut sink, 5, 0.0), [5]);
        assert_eq!(sink.due_us(5), 5_005);
        assert_eq!(play(&mut sink, 5_004, 0.0), Vec::<u64>::new());
        assert_eq!(play(&mut sink, 18_000, 0.0), [5_005, 10_005, 15_005]);
    }

    #[test]
    fn a_start_in_the_future_is_waited_for() {
        let mut sink = Paced::new(None);
        sink.start(1_000);
        assert_eq!(sink.want(999), None);
        assert_eq!(sink.want(1_000), Some(Want { at_us: 1_000, most: BLOCK }));
    }

    #[test]
    fn a_stall_is_made_up_for_by_60_ms_only() {
        let mut sink = Paced::new(None);
        sink.start(0);
        assert_eq!(play(&mut sink, 10_000_000, 0.0).len(), 13);
        assert_eq!(sink.due_us(0), 10_005_000);
    }

    #[test]
    fn a_pause_is_silence_in_the_file_and_the_next_call_does_not_truncate_it() {
        let dir = TestDir::new();
        let path = dir.path().join("heard.wav");
        let mut sink = Paced::new(Some(WaveFile::create(&path, Channels::Mono).unwrap()));
        sink.start(1_000);
        play(&mut sink, 16_000, 0.5);
        sink.pause().unwrap();
        assert_eq!(hound::WavReader::open(&path).unwrap().duration(), 960);
        sink.start(1_001_000);
        assert_eq!(sink.started_us(), Some(1_000), "sample 0 stays where it was");
        play(&mut sink, 1_001_000, 0.25);
        sink.pause().unwrap();
        let samples: Vec<i16> = hound::WavReader::open(&path).unwrap().samples().map(Result::unwrap).collect();
        assert_eq!(samples.len(), 48_000 + 240);
        assert!(samples[..960].iter().all(|s| *s == 16_384));
        assert!(samples[960..48_000].iter().all(|s| *s == 0));
        assert!(samples[48_000..].iter().all(|s| *s == 8_192));
    }
}
