//! An open microphone cut into frames on the timeline of what we send.

use super::{
    clock::us_to_samples,
    source::{Lost, Source},
    specs,
};

/// A frame of sound and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    /// Samples at 48 kHz.
    pub(crate) sound: Vec<f32>,
    /// Place of the first on the timeline, samples.
    pub(crate) place: u64,
    /// Something was lost between this frame and the one before.
    pub(crate) after_gap: bool,
}

/// An open microphone.
pub(crate) struct Capture {
    source: Box<dyn Source>,
    frame: usize,
    held: Vec<f32>,
    /// Place of the first held sample on the timeline.
    place: u64,
    gap: bool,
    announced: bool,
    /// When the source last gave something.
    heard_us: u64,
}

impl Capture {
    /// Cuts `source` into frames of `frame` samples, the first at `place`, which is now.
    pub(crate) fn new(source: Box<dyn Source>, frame: usize, place: u64, now_us: u64) -> Self {
        let held = Vec::with_capacity(4 * frame);
        Self { source, frame, held, place, gap: false, announced: false, heard_us: now_us }
    }

    /// Takes what was captured until `now_us`.
    ///
    /// # Errors
    /// [`Lost`] once the source gives nothing any more.
    pub(crate) fn collect(&mut self, now_us: u64) -> Result<(), Lost> {
        let before = self.held.len();
        self.source.capture(now_us, &mut self.held)?;
        if self.held.len() > before {
            self.heard_us = now_us;
        }
        let skipped = self.source.skipped();
        if skipped > 0 {
            // The piece before the gap is no whole frame: it goes too.
            self.held.drain(..before);
            self.place += before as u64 + skipped;
            self.gap = true;
        }
        Ok(())
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
        let frame = Frame { sound: self.held.drain(..self.frame).collect(), place: self.place, after_gap: self.gap };
        (self.place, self.gap) = (self.place + self.frame as u64, false);
        Some(frame)
    }

    /// What was captured and did not leave yet becomes silence.
    pub(crate) fn forget(&mut self) {
        self.held.fill(0.0);
    }

    /// The source is lost: silence from now on.
    pub(crate) fn lose(&mut self, now_us: u64) {
        self.begin(specs::silence(now_us), now_us);
        self.announced = true;
    }

    /// A source takes the place of the silence.
    pub(crate) fn resume(&mut self, source: Box<dyn Source>, now_us: u64) {
        self.begin(source, now_us);
    }

    /// Another source from now on. The time since the last one gave something is a gap on the timeline.
    fn begin(&mut self, source: Box<dyn Source>, now_us: u64) {
        self.place += self.held.len() as u64 + us_to_samples(now_us.saturating_sub(self.heard_us));
        self.held.clear();
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

    /// When the next frame is whole, monotonic microseconds.
    pub(crate) fn due_us(&self, now_us: u64) -> u64 {
        self.source.due_us(now_us, self.frame.saturating_sub(self.held.len()))
    }

    /// Place behind the last frame on the timeline.
    pub(crate) fn end(&self) -> u64 {
        self.place
    }
}
