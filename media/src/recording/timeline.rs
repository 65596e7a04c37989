//! Where tapped sound belongs: pieces come with the time of their first sample, frames leave one after the other. What is
//! missing between them is silence of the right length.

use std::collections::VecDeque;

use super::FRAME;
use crate::limits::RECORDING_GAPS;

/// Samples by which a piece may lie beside the end of the one before and still follow it: 20 ms, one frame. Times are read
/// off a clock beside the samples and waver by less.
const SLACK: i64 = FRAME as i64;

/// The same in silence, where nobody hears a correction: 2.5 ms.
const QUIET_SLACK: i64 = 120;

/// Sound below this peak counts as silence: -60 dB.
const QUIET: f32 = 0.001;

/// Missing samples from which a gap is listed: 100 ms.
const GAP: i64 = 4_800;

/// Samples that may lie before what is written next: 10 s. What claims to be later is no sound of now.
const AHEAD: i64 = 480_000;

/// Samples after which the clock of a microphone is compared with ours: 5 s.
const WINDOW: i64 = 240_000;

/// A stretch without sound, samples since the recording began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) from: i64,
    pub(super) to: i64,
}

/// The sound of one track that is not written yet. Places are samples since the recording began.
pub(super) struct Timeline {
    /// Place of the first held sample: everything before is written.
    done: i64,
    held: VecDeque<f32>,
    /// Place behind the last sample that came.
    end: i64,
    /// Anything has come.
    begun: bool,
    gaps: Vec<Gap>,
    drift: Option<Drift>,
    late: u64,
}

impl Timeline {
    /// From `first` on. `own_clock`: the pieces' times count samples of a sound card, whose clock is not ours.
    pub(super) fn new(first: i64, own_clock: bool) -> Self {
        let drift = own_clock.then(Drift::default);
        Self { done: first, held: VecDeque::new(), end: first, begun: false, gaps: Vec::new(), drift, late: 0 }
    }

    /// Takes sound whose first sample belongs at `at`, and that was tapped at `taken`.
    pub(super) fn put(&mut self, at: i64, taken: i64, mut sound: &[f32]) {
        let at = self.drift.as_mut().map_or(at, |drift| drift.correct(at, taken, sound.len() as i64));
        let off = at - self.end;
        let quiet = sound.iter().all(|sample| sample.abs() < QUIET);
        let follows = self.begun && off.abs() <= if quiet { QUIET_SLACK } else { SLACK };
        let mut place = if follows { self.end } else { at };
        let heard_from = self.end.max(self.done);
        if place < heard_from {
            // Said already, or too late.
            let cut = usize::try_from(heard_from - place).unwrap_or(usize::MAX).min(sound.len());
            self.late += if self.done > self.end { cut as u64 } else { 0 };
            (sound, place) = (sound.get(cut..).unwrap_or_default(), heard_from);
        }
        if sound.is_empty() {
            return;
        }
        if place - self.done > AHEAD {
            self.late += sound.len() as u64;
            return;
        }
        if place - self.end >= GAP && self.gaps.len() < RECORDING_GAPS {
            self.gaps.push(Gap { from: self.end, to: place });
        }
        self.begun = true;
        self.held.resize(usize::try_from(place - self.done).unwrap_or(0), 0.0);
        self.held.extend(sound);
        self.end = place + sound.len() as i64;
    }

    /// The next frame: what has come of it, and silence.
    pub(super) fn take(&mut self) -> [f32; FRAME] {
        let mut frame = [0.0; FRAME];
        let there = self.held.len().min(FRAME);
        for (place, sample) in frame.iter_mut().zip(self.held.drain(..there)) {
            *place = sample;
        }
        self.done += FRAME as i64;
        frame
    }

    /// Where the next frame begins.
    pub(super) fn next(&self) -> i64 {
        self.done
    }

    /// Stretches of at least 100 ms without sound, up to what is written.
    pub(super) fn gaps(&self) -> impl Iterator<Item = Gap> + '_ {
        let open = (self.done - self.end >= GAP).then_some(Gap { from: self.end, to: self.done });
        self.gaps.iter().copied().chain(open)
    }

    /// Samples that came when their time was written already.
    pub(super) fn late(&self) -> u64 {
        self.late
    }
}

/// How far the clock of a microphone has run away from ours. The thread may be late with a piece but never early, so the
/// shortest way a piece took in a while tells.
#[derive(Default)]
struct Drift {
    /// Place behind the last piece, by the microphone.
    next: Option<i64>,
    /// The shortest way in the first window.
    first: Option<i64>,
    shortest: Option<i64>,
    window_ends: i64,
    correction: i64,
}

impl Drift {
    fn correct(&mut self, at: i64, taken: i64, samples: i64) -> i64 {
        if self.next != Some(at) {
            // Opened anew, or something was lost: the place was read off our clock.
            *self = Self { window_ends: taken + WINDOW, ..Self::default() };
        }
        self.next = Some(at + samples);
        let way = taken - at - samples;
        self.shortest = Some(self.shortest.map_or(way, |shortest| shortest.min(way)));
        if taken >= self.window_ends {
            let shortest = self.shortest.take().unwrap_or(way);
            self.correction = shortest - *self.first.get_or_insert(shortest);
            self.window_ends = taken + WINDOW;
        }
        at + self.correction
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(timeline: &mut Timeline, frames: usize) -> Vec<f32> {
        (0..frames).flat_map(|_| timeline.take()).collect()
    }

    #[test]
    fn pieces_that_waver_follow_each_other_without_a_click() {
        let mut timeline = Timeline::new(0, false);
        for n in 0..10_i64 {
            let waver = [0, 300, -300, 900, -900][usize::try_from(n % 5).unwrap()];
            timeline.put(n * 480 + waver, 0, &[0.5; 480]);
        }
        assert_eq!(all(&mut timeline, 5), vec![0.5; 4_800]);
        assert_eq!(timeline.gaps().count(), 0);
    }

    #[test]
    fn what_is_missing_is_silence_of_its_length_and_listed() {
        let mut timeline = Timeline::new(960, false);
        timeline.put(960, 0, &[0.5; 960]);
        timeline.put(96_000, 0, &[0.25; 960]);
        let sound = all(&mut timeline, 101);
        assert!(sound[..960].iter().all(|sample| *sample == 0.5));
        assert!(sound[960..95_040].iter().all(|sample| *sample == 0.0));
        assert!(sound[95_040..96_000].iter().all(|sample| *sample == 0.25));
        assert_eq!(timeline.gaps().collect::<Vec<_>>(), [Gap { from: 1_920, to: 96_000 }]);
        assert_eq!(timeline.next(), 960 + 101 * 960);
    }

    #[test]
    fn what_comes_too_late_or_twice_moves_nothing() {
        let mut timeline = Timeline::new(0, false);
        timeline.put(0, 0, &[0.5; 960]);
        timeline.take();
        timeline.take();
        timeline.put(960, 0, &[0.5; 1_920]);
        assert_eq!(timeline.late(), 960, "its first half belonged into a frame that is written");
        timeline.put(0, 0, &[0.9; 960]);
        timeline.put(i64::MAX / 2, 0, &[0.9; 960]);
        let sound = all(&mut timeline, 2);
        assert!(sound[..960].iter().all(|sample| *sample == 0.5));
        assert!(sound[960..].iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn a_card_that_runs_300_ppm_fast_or_slow_stays_within_a_frame_of_the_clock() {
        for card_hz in [48_000.0_f64 * 1.0003, 48_000.0 * 0.9997] {
            let mut timeline = Timeline::new(0, true);
            // An hour in pieces of 20 ms, tapped up to 40 ms late.
            for n in 0..180_000_i64 {
                let true_place = (n as f64 * 960.0 * 48_000.0 / card_hz) as i64;
                let late = (n * 7_919) % 1_920;
                let taken = true_place + 960 + late;
                // Speech, with a pause in each second.
                let level = if n % 50 < 40 { 0.3 } else { 0.0 };
                timeline.put(n * 960, taken, &[level; 960]);
                while timeline.next() + 48_000 < taken {
                    timeline.take();
                }
                let off = timeline.end - (true_place + 960);
                assert!(off.abs() <= 960, "{off} samples off after {} s at {card_hz} Hz", n / 50);
            }
            assert_eq!(timeline.gaps().count(), 0);
        }
    }
}
