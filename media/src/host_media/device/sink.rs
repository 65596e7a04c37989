//! A speaker. Our clock says when sound is wanted, so that the jitter buffers see an even pace; the card's clock shows in
//! how full the ring is, and a block more or less now and then follows it.

use std::sync::atomic::Ordering;

use rtrb::Producer;

use super::{Which, line::Line, open};
use crate::host_media::{
    clock::{Clock, samples_to_us},
    opus::RATE,
    resample::Resampler,
    sink::{Lost, Sink, Want},
};

/// Samples wanted at a time: 10 ms. A ring of 60 ms has room for few larger ones.
const MOST: usize = 480;

/// Time that is left out or caught up at once, and between two looks while the device is being opened, microseconds.
const STEP_US: u64 = 10_000;

/// Sound in the ring when playback begins, ms: a callback takes up to 20 ms at once, and we may be late.
const FILL_MS: u32 = 30;

/// Below this an extra block is played, ms: one callback's worth after a block, so that the next callback finds enough.
const LOW_MS: u32 = 20;

/// Above this a block is left out, ms; the ring holds 60.
const HIGH_MS: u32 = 45;

/// A speaker that is opened when playback begins and closed when it pauses.
pub(crate) struct Speaker {
    which: Which,
    clock: Clock,
    state: State,
}

/// ```text
///         start          the device is there       the device fails
/// Closed ───────> Opening ──────────────────> Open ────────────────> Lost
///    ^               │ pause                   │ pause                ^
///    └───────────────┴─────────────────────────┘   cannot be opened ──┘ (from Opening)
/// ```
enum State {
    Closed,
    Opening(Line<Producer<f32>>, u64),
    Open(Box<Open>),
    Lost(Lost),
}

struct Open {
    line: Line<Producer<f32>>,
    ring: Producer<f32>,
    rate_hz: u32,
    resampler: Resampler,
    converted: Vec<f32>,
    next_us: u64,
    /// An extra block was played since the last regular one; what it was is not counted in `next_us`.
    extra: bool,
}

impl Speaker {
    /// A speaker that is closed.
    pub(crate) fn new(which: Which, clock: Clock) -> Self {
        Self { which, clock, state: State::Closed }
    }

    fn opening(&mut self, now_us: u64) -> Result<(), Lost> {
        let State::Opening(line, next_us) = &mut self.state else { return Ok(()) };
        *next_us = now_us + STEP_US;
        let Some(opened) = line.opened(now_us)? else { return Ok(()) };
        let (mut ring, rate_hz) = (opened.end, opened.rate_hz);
        let resampler = Resampler::new(RATE, rate_hz).map_err(|error| Lost(error.to_string()))?;
        for _ in 0..samples(rate_hz, FILL_MS).min(ring.slots()) {
            // There is room: just counted, and nobody else pushes.
            ring.push(0.0).ok();
        }
        if let State::Opening(line, _) = std::mem::replace(&mut self.state, State::Closed) {
            let converted = Vec::new();
            let next_us = now_us;
            self.state =
                State::Open(Box::new(Open { line, ring, rate_hz, resampler, converted, next_us, extra: false }));
        }
        Ok(())
    }
}

fn samples(rate_hz: u32, ms: u32) -> usize {
    usize::try_from(u64::from(rate_hz) * u64::from(ms) / 1_000).unwrap_or(0)
}

impl Open {
    fn want(&mut self, now_us: u64) -> Result<Option<Want>, Lost> {
        self.line.watch(now_us)?;
        if now_us > self.next_us + 6 * STEP_US {
            // The thread stood still; the card has played silence meanwhile.
            self.next_us = now_us;
        }
        let filled = self.ring.buffer().capacity() - self.ring.slots();
        if now_us < self.next_us {
            let low = filled < samples(self.rate_hz, LOW_MS) && !self.extra;
            self.extra |= low;
            return Ok(low.then_some(Want { at_us: now_us, most: MOST }));
        }
        if filled > samples(self.rate_hz, HIGH_MS) {
            self.next_us += STEP_US;
            return Ok(None);
        }
        self.extra = false;
        Ok(Some(Want { at_us: self.next_us, most: MOST }))
    }

    fn play(&mut self, sound: &[f32]) -> Result<(), Lost> {
        if !self.extra {
            self.next_us += samples_to_us(sound.len() as u64);
        }
        self.converted.clear();
        self.resampler.push(sound, &mut self.converted).map_err(|error| Lost(error.to_string()))?;
        let room = self.ring.slots().min(self.converted.len());
        for sample in self.converted.iter().take(room) {
            // There is room: just counted, and nobody else pushes.
            self.ring.push(*sample).ok();
        }
        Ok(())
    }
}

impl Sink for Speaker {
    fn start(&mut self, now_us: u64) {
        self.state = State::Opening(open::speaker(&self.which, self.clock), now_us);
    }

    fn started_us(&self) -> Option<u64> {
        match &self.state {
            State::Open(open) => Some(open.line.status.first_us.load(Ordering::Acquire)).filter(|us| *us > 0),
            State::Closed | State::Opening(..) | State::Lost(_) => None,
        }
    }

    fn want(&mut self, now_us: u64) -> Option<Want> {
        // Playing will tell that it is lost.
        let silence = Some(Want { at_us: now_us, most: MOST });
        if let Err(lost) = self.opening(now_us) {
            self.state = State::Lost(lost);
        }
        let want = match &mut self.state {
            State::Open(open) => open.want(now_us),
            State::Closed | State::Opening(..) => return None,
            State::Lost(_) => return silence,
        };
        want.unwrap_or_else(|lost| {
            self.state = State::Lost(lost);
            silence
        })
    }

    fn play(&mut self, sound: &[f32]) -> Result<(), Lost> {
        match &mut self.state {
            State::Open(open) => open.play(sound),
            State::Lost(lost) => Err(lost.clone()),
            State::Closed | State::Opening(..) => Ok(()),
        }
    }

    fn due_us(&self, now_us: u64) -> u64 {
        match &self.state {
            State::Opening(_, next_us) => *next_us,
            State::Open(open) => open.next_us,
            State::Closed | State::Lost(_) => now_us + STEP_US,
        }
    }

    fn pause(&mut self) -> Result<(), Lost> {
        self.state = State::Closed;
        Ok(())
    }

    fn take_missing(&mut self) -> u64 {
        match &self.state {
            State::Open(open) => open.line.status.underrun.swap(0, Ordering::AcqRel),
            State::Closed | State::Opening(..) | State::Lost(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests;
