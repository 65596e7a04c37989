//! A speaker. Our clock says when sound is wanted, so that the jitter buffers see an even pace; the card's clock shows in
//! how full the ring is, and a block more or less now and then follows it.

use std::sync::atomic::Ordering;

use rtrb::Producer;

use super::{
    Pair, Which,
    follow::Next,
    line::{Line, Opened},
    open,
};
use crate::{
    host_media::{
        clock::{Clock, samples_to_us},
        opus::RATE,
        resample::WideResampler,
        sink::{Lost, Sink, Want},
    },
    planes::Planes,
};

/// Samples wanted at a time: 10 ms. A ring of 60 ms has room for few larger ones.
const MOST: usize = 480;

/// Time that is left out or caught up at once, and between two looks while the device is being opened, microseconds.
const STEP_US: u64 = 10_000;

/// Sound in the ring when playback begins, ms: a callback takes up to 20 ms at once, and we may be late.
const FILL_MS: u32 = 30;

/// Time after the beginning in which nothing counts as missing, microseconds: a sound server fills its own buffers first.
const BEGIN_US: u64 = 200_000;

/// Below this an extra block is played, ms: one callback's worth after a block, so that the next callback finds enough.
const LOW_MS: u32 = 20;

/// The same on a machine so busy that the ring ran dry, at most, ms: two callbacks at once and a late block.
const LOW_MOST_MS: u32 = 40;

/// What is added to it each time the ring runs dry, and taken from it after [`CALM_US`] without, ms.
const LOW_STEP_MS: u32 = 10;

/// See [`LOW_STEP_MS`], microseconds.
const CALM_US: u64 = 30_000_000;

/// This far above the low mark a block is left out, ms.
const BAND_MS: u32 = 25;

/// But never above this, ms: the ring holds 60, and a block is 10.
const HIGH_MOST_MS: u32 = 50;

/// A speaker that is opened when playback begins and closed when it pauses.
pub(crate) struct Speaker {
    which: Which,
    clock: Clock,
    state: State,
    /// On the device that is the default by now.
    next: Option<Next<Producer<Pair>>>,
    changed: Option<String>,
}

/// ```text
///         start          the device is there       the device fails
/// Closed ───────> Opening ──────────────────> Open ────────────────> Lost
///    ^               │ pause                   │ pause                ^
///    └───────────────┴─────────────────────────┘   cannot be opened ──┘ (from Opening)
/// ```
enum State {
    Closed,
    Opening(Line<Producer<Pair>>, u64),
    Open(Box<Open>),
    Lost(Lost),
}

struct Open {
    line: Line<Producer<Pair>>,
    ring: Producer<Pair>,
    rate_hz: u32,
    resampler: WideResampler,
    converted: Planes,
    next_us: u64,
    /// An extra block was played since the last regular one; what it was is not counted in `next_us`.
    extra: bool,
    /// When it was opened.
    begun_us: u64,
    cushion: Cushion,
    /// Missing samples that were seen and not taken yet.
    missing: u64,
}

/// How full the ring is kept: as little as runs through on this machine.
#[derive(Clone, Copy, Debug)]
struct Cushion {
    low_ms: u32,
    /// When it last ran dry, or was made smaller.
    since_us: u64,
}

impl Cushion {
    fn new(now_us: u64) -> Self {
        Self { low_ms: LOW_MS, since_us: now_us }
    }

    fn look(&mut self, dry: bool, now_us: u64) {
        if dry {
            self.low_ms = (self.low_ms + LOW_STEP_MS).min(LOW_MOST_MS);
            self.since_us = now_us;
        } else if now_us > self.since_us.saturating_add(CALM_US) {
            self.low_ms = self.low_ms.saturating_sub(LOW_STEP_MS).max(LOW_MS);
            self.since_us = now_us;
        }
    }

    fn high_ms(&self) -> u32 {
        (self.low_ms + BAND_MS).min(HIGH_MOST_MS)
    }
}

impl Speaker {
    /// A speaker that is closed.
    pub(crate) fn new(which: Which, clock: Clock) -> Self {
        Self { which, clock, state: State::Closed, next: None, changed: None }
    }

    fn opening(&mut self, now_us: u64) -> Result<(), Lost> {
        let State::Opening(line, next_us) = &mut self.state else { return Ok(()) };
        *next_us = now_us + STEP_US;
        let Some(opened) = line.opened(now_us)? else { return Ok(()) };
        if let State::Opening(line, _) = std::mem::replace(&mut self.state, State::Closed) {
            self.state = State::Open(Box::new(Open::new(line, opened, now_us)?));
        }
        Ok(())
    }

    /// Goes on with the device that is the default now.
    fn follow(&mut self, now_us: u64) -> Result<(), Lost> {
        let State::Open(open) = &mut self.state else { return Ok(()) };
        let clock = self.clock;
        Next::follow(&mut self.next, &open.line, &self.which, |which| open::speaker(which, clock));
        if let Some((line, opened)) = Next::ready(&mut self.next, &open.line, now_us) {
            let (next_us, missing) = (open.next_us, open.take_missing());
            **open = Open { next_us, missing, ..Open::new(line, opened, now_us)? };
            self.changed = Some("the default speaker is another one now".into());
        }
        Ok(())
    }
}

fn samples(rate_hz: u32, ms: u32) -> usize {
    usize::try_from(u64::from(rate_hz) * u64::from(ms) / 1_000).unwrap_or(0)
}

impl Open {
    fn new(line: Line<Producer<Pair>>, opened: Opened<Producer<Pair>>, now_us: u64) -> Result<Self, Lost> {
        let (mut ring, rate_hz) = (opened.end, opened.rate_hz);
        let resampler = WideResampler::new(RATE, rate_hz).map_err(|error| Lost(error.to_string()))?;
        for _ in 0..samples(rate_hz, FILL_MS).min(ring.slots()) {
            // There is room: just counted, and nobody else pushes.
            ring.push([0.0; 2]).ok();
        }
        let (converted, cushion, begun_us) = (Planes::default(), Cushion::new(now_us), now_us);
        let (next_us, extra, missing) = (now_us, false, 0);
        Ok(Self { line, ring, rate_hz, resampler, converted, next_us, extra, begun_us, cushion, missing })
    }

    /// Samples that were missing since the last call.
    fn take_missing(&mut self) -> u64 {
        std::mem::take(&mut self.missing) + self.line.status.underrun.swap(0, Ordering::AcqRel)
    }

    fn want(&mut self, now_us: u64) -> Result<Option<Want>, Lost> {
        self.line.watch(now_us)?;
        let missing = self.line.status.underrun.swap(0, Ordering::AcqRel);
        if now_us > self.begun_us.saturating_add(BEGIN_US) {
            self.missing += missing;
            self.cushion.look(missing > 0, now_us);
        }
        if now_us > self.next_us + 6 * STEP_US {
            // The thread stood still; the card has played silence meanwhile.
            self.next_us = now_us;
        }
        let filled = self.ring.buffer().capacity() - self.ring.slots();
        if now_us < self.next_us {
            let low = filled < samples(self.rate_hz, self.cushion.low_ms) && !self.extra;
            self.extra |= low;
            return Ok(low.then_some(Want { at_us: now_us, most: MOST }));
        }
        if filled > samples(self.rate_hz, self.cushion.high_ms()) {
            self.next_us += STEP_US;
            return Ok(None);
        }
        self.extra = false;
        Ok(Some(Want { at_us: self.next_us, most: MOST }))
    }

    fn play(&mut self, sound: &Planes) -> Result<(), Lost> {
        if !self.extra {
            self.next_us += samples_to_us(sound.len() as u64);
        }
        self.converted.clear();
        self.resampler.push(sound, &mut self.converted).map_err(|error| Lost(error.to_string()))?;
        let room = self.ring.slots().min(self.converted.len());
        let side = self.converted.side.iter().copied().chain(std::iter::repeat(0.0));
        for (mid, side) in self.converted.mid.iter().zip(side).take(room) {
            // There is room: just counted, and nobody else pushes.
            self.ring.push([*mid, side]).ok();
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
        if let Err(lost) = self.opening(now_us).and_then(|()| self.follow(now_us)) {
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

    fn play(&mut self, sound: &Planes) -> Result<(), Lost> {
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
        (self.state, self.next) = (State::Closed, None);
        Ok(())
    }

    fn take_missing(&mut self) -> u64 {
        match &mut self.state {
            State::Open(open) => open.take_missing(),
            State::Closed | State::Opening(..) | State::Lost(_) => 0,
        }
    }

    fn changed(&mut self) -> Option<String> {
        self.changed.take()
    }
}

#[cfg(test)]
mod tests;
