//! An open microphone cut into frames on the timeline of what we send.

use super::{
    clock::us_to_samples,
    source::{Lost, Source},
    specs,
    width::Width,
};
use crate::planes::Planes;

/// A frame of sound and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    /// Samples at 48 kHz.
    pub(crate) sound: Planes,
    /// Place of the first on the timeline, samples.
    pub(crate) place: u64,
    /// Something was lost between this frame and the one before.
    pub(crate) after_gap: bool,
}

/// Samples over which one source goes over into another: 5 ms, too short to be missed and too long for a click.
const BLEND: usize = 240;

/// Samples after which what was captured is collected also where a frame takes longer: 20 ms. A microphone keeps 60 ms, so
/// frames of 60 ms and more would lose some whenever the thread is late.
const COLLECT: usize = 960;

/// An open microphone.
pub(crate) struct Capture {
    source: Box<dyn Source>,
    frame: usize,
    held: Planes,
    /// What came last.
    fresh: Planes,
    /// Of what comes.
    width: Width,
    /// Held samples up to which there may be a side.
    wide: usize,
    /// Place of the first held sample on the timeline.
    place: u64,
    gap: bool,
    announced: bool,
    /// Samples of a new source that still come softly.
    rises: usize,
    /// When the source last gave something.
    heard_us: u64,
}

impl Capture {
    /// Cuts `source` into frames of `frame` samples, the first at `place`, which is now.
    pub(crate) fn new(source: Box<dyn Source>, frame: usize, place: u64, now_us: u64) -> Self {
        let (held, fresh) = (Planes::with_capacity(4 * frame), Planes::default());
        let (gap, announced, rises, width, wide) = (false, false, 0, Width::closed(), 0);
        Self { source, frame, held, fresh, width, wide, place, gap, announced, rises, heard_us: now_us }
    }

    /// Takes what was captured until `now_us`.
    ///
    /// # Errors
    /// [`Lost`] once the source gives nothing any more.
    pub(crate) fn collect(&mut self, now_us: u64) -> Result<(), Lost> {
        self.fresh.clear();
        self.source.widen(self.width.is_there());
        self.source.capture(now_us, &mut self.fresh)?;
        let rises = self.rises;
        if rises > 0 {
            self.fresh.scale(|n| 1.0 - rises.saturating_sub(n) as f32 / BLEND as f32);
            self.rises = rises.saturating_sub(self.fresh.len());
        }
        if !self.fresh.is_empty() {
            self.heard_us = now_us;
        }
        let skipped = self.source.skipped();
        if skipped > 0 {
            // The piece before the gap is no whole frame: it goes too.
            self.place += self.held.len() as u64 + skipped;
            self.held.clear();
            self.gap = true;
        }
        self.width.pass(&mut self.fresh);
        self.held.append(&self.fresh);
        self.wide = if self.fresh.is_wide() { self.held.len() } else { self.wide.min(self.held.len()) };
        Ok(())
    }

    /// Both channels from now on, if the source has two, or their mean.
    pub(crate) fn widen(&mut self, on: bool) {
        self.width.switch(on);
    }

    /// There may still be two channels in what leaves.
    pub(crate) fn is_wide(&self) -> bool {
        self.width.is_there() || self.held.is_wide()
    }

    /// From now on frames have this many samples.
    pub(crate) fn cut_into(&mut self, frame: usize) {
        self.frame = frame;
    }

    /// The next whole frame.
    pub(crate) fn next_frame(&mut self) -> Option<Frame> {
        if self.held.len() < self.frame {
            return None;
        }
        let mut sound = Planes::with_capacity(self.frame);
        self.held.move_into(self.frame, &mut sound);
        self.wide = self.wide.saturating_sub(self.frame);
        if self.wide == 0 && !self.width.is_there() {
            self.held.side.clear();
        }
        let frame = Frame { sound, place: self.place, after_gap: self.gap };
        (self.place, self.gap) = (self.place + self.frame as u64, false);
        Some(frame)
    }

    /// What was captured and did not leave yet becomes silence.
    pub(crate) fn forget(&mut self) {
        self.held.wipe();
    }

    /// The source is lost: silence from now on.
    pub(crate) fn lose(&mut self, now_us: u64) {
        self.begin(specs::silence(now_us), now_us);
        self.announced = true;
    }

    /// Goes on with another source where this one is, without a gap or a click. Not yet (the source comes back) if too little of
    /// this one waits to be faded out: the next time more does.
    pub(crate) fn replace(&mut self, mut source: Box<dyn Source>) -> Option<Box<dyn Source>> {
        let Some(from) = self.held.len().checked_sub(BLEND) else { return Some(source) };
        self.held.scale(|n| 1.0 - n.saturating_sub(from) as f32 / BLEND as f32);
        // What it lost before it was wanted is no gap.
        source.skipped();
        (self.source, self.rises, self.announced) = (source, BLEND, false);
        None
    }

    /// A source takes the place of the silence.
    pub(crate) fn resume(&mut self, source: Box<dyn Source>, now_us: u64) {
        self.begin(source, now_us);
    }

    /// Another source from now on. The time since the last one gave something is a gap on the timeline.
    fn begin(&mut self, source: Box<dyn Source>, now_us: u64) {
        self.place += self.held.len() as u64 + us_to_samples(now_us.saturating_sub(self.heard_us));
        self.held.clear();
        self.wide = 0;
        (self.gap, self.heard_us, self.source) = (true, now_us, source);
    }

    /// Monotonic microseconds of the source's sample 0; told once.
    pub(crate) fn announce(&mut self) -> Option<u64> {
        let started_us = self.source.started_us().filter(|_| !self.announced);
        self.announced |= started_us.is_some();
        started_us
    }

    /// The source is another device: what happened, for people; told once.
    pub(crate) fn changed(&mut self) -> Option<String> {
        self.source.changed()
    }

    /// When the next frame is whole, or more is to be collected, monotonic microseconds.
    pub(crate) fn due_us(&self, now_us: u64) -> u64 {
        self.source.due_us(now_us, self.frame.saturating_sub(self.held.len()).min(COLLECT))
    }

    /// Place behind the last frame on the timeline.
    pub(crate) fn end(&self) -> u64 {
        self.place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many samples of one level each time.
    struct Level(f32, usize);

    impl Source for Level {
        fn capture(&mut self, _now_us: u64, out: &mut Planes) -> Result<(), Lost> {
            out.mid.resize(out.len() + self.1, self.0);
            Ok(())
        }
        fn started_us(&self) -> Option<u64> {
            Some(7)
        }
        fn due_us(&self, now_us: u64, _samples: usize) -> u64 {
            now_us
        }
    }

    #[test]
    fn one_source_goes_over_into_another_on_the_same_timeline_without_a_click() {
        let mut capture = Capture::new(Box::new(Level(1.0, 160)), 480, 1_000, 0);
        assert_eq!(capture.announce(), Some(7));
        capture.collect(1).unwrap();
        assert!(capture.replace(Box::new(Level(-1.0, 160))).is_some(), "too little is there to be faded out");
        capture.collect(2).unwrap();
        assert!(capture.replace(Box::new(Level(-1.0, 160))).is_none());
        assert_eq!(capture.announce(), Some(7), "its sample 0 is told, too");
        let mut sound = Vec::new();
        for now_us in 3..10 {
            capture.collect(now_us).unwrap();
            while let Some(frame) = capture.next_frame() {
                assert_eq!((frame.place, frame.after_gap), (1_000 + sound.len() as u64, false));
                sound.extend(frame.sound.mid);
            }
        }
        let jump = sound.windows(2).map(|two| (two[1] - two[0]).abs()).fold(0.0, f32::max);
        assert!(jump < 0.005, "{jump} between two samples");
        assert!(
            sound[..80].iter().all(|s| *s == 1.0) && sound[560..].iter().all(|s| *s == -1.0) && sound.len() == 1_440
        );
    }

    #[test]
    fn what_a_long_frame_needs_is_collected_before_a_microphone_has_no_room_for_it() {
        let mut capture = Capture::new(specs::silence(0), 5_760, 0, 0);
        let (mut now_us, mut frames) = (0, Vec::new());
        while now_us < 1_200_000 {
            let due_us = capture.due_us(now_us);
            assert!((now_us + 1..=now_us + 25_000).contains(&due_us), "{now_us}, then {due_us}");
            // The thread is late each time.
            now_us = due_us + 5_000;
            capture.collect(now_us).unwrap();
            frames.extend(std::iter::from_fn(|| capture.next_frame()));
        }
        assert!(frames.len() >= 9, "{}", frames.len());
        for (n, frame) in frames.iter().enumerate() {
            assert_eq!((frame.place, frame.after_gap), (n as u64 * 5_760, false));
        }
    }
}
