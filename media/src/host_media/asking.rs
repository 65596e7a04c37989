//! Which packets of a link are missing, which of them are worth asking for again, and how the way looks. Works on the
//! link's own task, where packets arrive: the audio thread looks once a frame, and a round trip has no frame to lose.

mod overdue;
mod ties;
mod way;

use std::collections::BTreeMap;

use overdue::Overdue;
pub(crate) use ties::{Came, Losses, Ties};
pub(crate) use way::HEAD_BYTES;
use way::Way;

use crate::{
    limits::{ASKED_AT_ONCE, MISSING_PACKETS},
    simple_webrtc::feedback::Feedback,
};

/// What a packet that was asked for may take longer than the round trip, microseconds: the other side's thread, jitter.
const SLACK_US: u64 = 2_000;

/// Packets that one look at losses goes back, about: 8 s at 20 ms.
const MEMORY: f64 = 400.0;

/// Packets lost in a row that are an outage, half a second: it says nothing of what will be lost next.
pub(crate) const OUTAGE: i64 = 25;

/// From this share of losses (per mille) on, in runs of this many packets (tenths), copies of each frame are wanted: a
/// question is noticed only behind the run, and then it is too late for what it began with.
const COPIES_FROM: Losses = Losses { permille: 25, run_tenths: 20, queued: false };

/// Packets that must have been met before: a second at 20 ms.
const COPIES_MET: f64 = 50.0;

/// Runs that must have been met before.
const RUNS_MET: f64 = 2.0;

/// They end below this share.
const COPIES_UNTIL_PERMILLE: u32 = 10;

/// From this share of losses on questions get lost too often, per mille, and their copies come this soon, samples: 40 ms.
const MANY_PERMILLE: u32 = 220;
const COPY_SOON: u32 = 1_920;

/// How far behind a frame its copy is to be where losses come in runs, samples: 100 ms, longer than most runs and shorter than what a talk suffers from.
const COPY_AFTER: u32 = 4_800;

/// Runs that their mean length goes back.
const RUNS: f64 = 12.0;

/// Sequence numbers ahead of the newest that are a gap; more is another stream, and the buffer's business.
const GAP_MOST: i64 = 500;

/// A packet that didn't come.
#[derive(Clone, Copy, Debug)]
struct Missing {
    timestamp: u32,
    tries: u32,
    /// When it is asked for (again); [`NEVER`]: it would be too late.
    next_us: u64,
    /// When an answer may come, microseconds.
    answer_us: u64,
    /// Its sound was due and it wasn't there.
    missed: bool,
}

impl Missing {
    /// Whether it was asked for, and an answer may have come by now.
    fn answers(self, now_us: u64) -> bool {
        self.tries > 0 && now_us >= self.answer_us
    }
}

/// See [`Missing`].
const NEVER: u64 = u64::MAX;

/// The newest packet.
#[derive(Clone, Copy, Debug)]
struct Newest {
    sequence: i64,
    timestamp: u32,
    /// Samples of a frame.
    frame: u32,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Asking {
    newest: Option<Newest>,
    missing: BTreeMap<i64, Missing>,
    /// Packets are asked for; and not now, as the way is too narrow.
    asks: bool,
    quiet: bool,
    permille: f64,
    run: f64,
    /// Runs of losses met so far, up to [`RUNS`].
    runs: f64,
    /// Packets lost since the last one that came by itself.
    gone: i64,
    /// Packets met so far, up to [`MEMORY`].
    met: f64,
    way: Way,
    overdue: Overdue,
    came: u32,
    queue_ms: u16,
    kbps: u16,
    /// Until then nothing is asked for, as the way is too narrow.
    queued_until_us: u64,
}

impl Asking {
    /// A packet has come, with `samples` of sound; how.
    pub(crate) fn packet(&mut self, (sequence, timestamp): (u16, u32), samples: u32, bytes: u32, now_us: u64) -> Came {
        self.came = self.came.wrapping_add(1);
        let lag_us = self.way.came(timestamp.wrapping_add(samples), bytes, now_us);
        let Some(newest) = self.newest else {
            self.newest = Some(Newest { sequence: i64::from(sequence) + (1 << 16), timestamp, frame: samples });
            self.came_by_itself(lag_us, now_us);
            return Came::ByItself;
        };
        let ahead = i64::from(sequence.wrapping_sub((newest.sequence & 0xffff) as u16).cast_signed());
        let number = newest.sequence + ahead;
        let missing = self.missing.remove(&number);
        if ahead <= 0 {
            let came = self.came_behind(missing, samples, now_us);
            if came.by_itself() {
                self.came_by_itself(lag_us, now_us);
            }
            return came;
        }
        self.way.expected = self.way.expected.saturating_add(u16::try_from(ahead).unwrap_or(u16::MAX));
        // It was overdue, asked for, and came no sooner than an answer does.
        let came = match missing {
            Some(_) | None if self.way.looks_like_a_copy(samples) => Came::Copied,
            Some(missing) if missing.answers(now_us) => Came::Asked,
            Some(_) | None => Came::ByItself,
        };
        let again = !came.by_itself();
        let lost = ahead - i64::from(!again);
        self.way.lost = self.way.lost.saturating_add(u16::try_from(lost).unwrap_or(u16::MAX));
        self.gone += lost;
        if !again {
            self.came_by_itself(lag_us, now_us);
            let gone = std::mem::take(&mut self.gone);
            self.learn(if gone > OUTAGE { 0.0 } else { gone as f64 });
        }
        if ahead > GAP_MOST {
            self.missing.clear();
        } else {
            self.note_gap(newest, ahead - 1, timestamp, now_us);
        }
        self.newest = Some(Newest { sequence: number, timestamp, frame: samples });
        came
    }

    /// A packet behind the newest came, which was `missing` if it did not come before.
    fn came_behind(&self, missing: Option<Missing>, samples: u32, now_us: u64) -> Came {
        match missing {
            // It may have been asked for as well.
            Some(_) if self.way.looks_like_a_copy(samples) => Came::Copied,
            Some(missing) if missing.answers(now_us) => Came::Asked,
            Some(_) | None if self.asks || self.way.copies_after > 0 => Came::Again,
            Some(_) | None => Came::ByItself,
        }
    }

    fn came_by_itself(&mut self, lag_us: Option<i64>, now_us: u64) {
        self.overdue.came(lag_us);
        if let Some(lag_us) = lag_us {
            self.way.came_by_itself(lag_us, now_us);
        }
    }

    /// `lost` packets are missing before the one at `timestamp`.
    fn note_gap(&mut self, newest: Newest, lost: i64, timestamp: u32, now_us: u64) {
        // Frames may change their length, so the time between the two neighbours is shared out.
        let span = timestamp.wrapping_sub(newest.timestamp);
        let step = if lost > 0 { span / (lost as u32 + 1) } else { newest.frame };
        for n in 1..=lost {
            self.miss(newest.sequence + n, newest.timestamp.wrapping_add(step.wrapping_mul(n as u32)), now_us);
        }
    }

    /// A packet is missing, if that is not known.
    fn miss(&mut self, sequence: i64, timestamp: u32, now_us: u64) {
        let missing = Missing { timestamp, tries: 0, next_us: now_us, answer_us: NEVER, missed: false };
        self.missing.entry(sequence).or_insert(missing);
        if self.missing.len() > MISSING_PACKETS {
            self.missing.pop_first();
        }
    }

    /// One packet came, `lost` before it did not.
    fn learn(&mut self, lost: f64) {
        self.met = (self.met + 1.0 + lost).min(MEMORY);
        let weight = ((1.0 + lost) / self.met).min(1.0);
        self.permille += (lost / (1.0 + lost) * 1_000.0 - self.permille) * weight;
        if lost > 0.0 {
            self.runs = (self.runs + 1.0).min(RUNS);
            self.run += (lost - self.run) / self.runs;
        }
    }

    /// What is to be said to the other side now, if anything.
    pub(crate) fn say(&mut self, ties: &Ties, round_trip_us: Option<u64>, now_us: u64) -> Option<Feedback> {
        ties.tell_round_trip(round_trip_us);
        self.mind_queues(now_us);
        let losses = self.losses();
        self.want_copies(losses);
        while let Some((sequence, timestamp, _)) = self.next_overdue().filter(|(_, _, at_us)| *at_us <= now_us) {
            self.miss(sequence, timestamp, now_us);
        }
        ties.tell_losses(losses, self.way.copies_after);
        let asked = self.asks(ties, round_trip_us, now_us);
        let report = self.way.report(now_us);
        if let Some(report) = report {
            (self.queue_ms, self.kbps) = (report.queue_ms, u16::try_from(report.rate_bps / 1_000).unwrap_or(u16::MAX));
        }
        ties.tell_came(self.came, self.kbps, self.queue_ms);
        (!asked.is_empty() || report.is_some()).then_some(Feedback { asked, report })
    }

    /// When [`Self::say`] has something to say though no packet comes, microseconds.
    pub(crate) fn due_us(&self) -> Option<u64> {
        let asked = self.missing.values().map(|missing| missing.next_us).filter(|us| *us != NEVER).min();
        let overdue = self.next_overdue().map(|(_, _, at_us)| at_us);
        asked.into_iter().chain(overdue).min().filter(|_| self.asks && !self.quiet)
    }

    /// The first packet behind the newest that is not known to be missing: its number, its timestamp, and when it is overdue.
    /// None where nothing is lost, or nothing came for so long that nobody knows whether anything is sent.
    fn next_overdue(&self) -> Option<(i64, u32, u64)> {
        let newest = self.newest.filter(|_| self.permille >= OVERDUE_PERMILLE)?;
        let ahead = (1..=OVERDUE_MOST).find(|n| !self.missing.contains_key(&(newest.sequence + n)))?;
        let timestamp = newest.timestamp.wrapping_add(newest.frame.wrapping_mul(ahead as u32));
        let at_us = self.way.comes_us(timestamp.wrapping_add(newest.frame), self.overdue.lag_us()?)?;
        Some((newest.sequence + ahead, timestamp, at_us))
    }

    /// Where packets wait in queues, losses are those of a place that is too narrow: what is sent again makes it worse.
    fn mind_queues(&mut self, now_us: u64) {
        if self.queue_ms >= QUEUED_MS {
            self.queued_until_us = now_us + QUEUED_US;
        }
        self.quiet = now_us < self.queued_until_us;
        if self.quiet {
            (self.permille, self.run, self.runs, self.met) = (0.0, 0.0, 0.0, 0.0);
            self.missing.clear();
        }
    }

    /// What is sure of the losses: one and a half standard deviations less than what was counted, so that a few that happen to
    /// come together change nothing.
    fn losses(&self) -> Losses {
        let share = self.permille / 1_000.0;
        let deviation = (share * (1.0 - share) / self.met.max(1.0)).max(0.0).sqrt();
        let permille = ((share - 1.5 * deviation) * 1_000.0).max(0.0).round() as u32;
        Losses { permille, run_tenths: (self.run * 10.0).round() as u32, queued: self.quiet }
    }

    /// Copies begin where losses come in runs, or are too many for questions, and go on until they are few.
    fn want_copies(&mut self, losses: Losses) {
        let Some(frame) = self.newest.map(|newest| newest.frame).filter(|frame| *frame > 0) else { return };
        let runs = losses.permille >= COPIES_FROM.permille && losses.run_tenths >= COPIES_FROM.run_tenths;
        let after = if runs && self.runs >= RUNS_MET {
            COPY_AFTER
        } else if losses.permille >= MANY_PERMILLE {
            COPY_SOON
        } else {
            0
        };
        if after > 0 && self.met >= COPIES_MET {
            let frames = u8::try_from((after / frame).max(1)).unwrap_or(1);
            self.way.copies_after = self.way.copies_after.max(frames);
        } else if losses.permille < COPIES_UNTIL_PERMILLE {
            self.way.copies_after = 0;
        }
    }

    /// Packets that would still be in time. A question or its answer may be lost as well, so where much is lost they are
    /// asked for again with every packet that comes, without waiting for the answer.
    fn asks(&mut self, ties: &Ties, round_trip_us: Option<u64>, now_us: u64) -> Vec<u16> {
        self.asks = round_trip_us.is_some();
        let Some(trip_us) = round_trip_us.filter(|_| !self.quiet) else { return Vec::new() };
        let often = self.permille >= OFTEN_PERMILLE;
        let again_us = if often { AGAIN_US.unsigned_abs() } else { trip_us + SLACK_US };
        let mut asked = Vec::new();
        let (way, newest) = (&mut self.way, self.newest);
        self.missing.retain(|sequence, missing| {
            let left_us = ties.left_us(missing.timestamp, now_us);
            if left_us.is_some_and(|left_us| left_us < 0) {
                way.missed = way.missed.saturating_add(u16::from(!missing.missed));
                (missing.missed, missing.next_us) = (true, NEVER);
                // What is overdue may still come, and is no news then.
                return newest.is_some_and(|newest| *sequence > newest.sequence);
            }
            let in_time = left_us.is_none_or(|left_us| left_us.unsigned_abs() >= trip_us + SLACK_US);
            if !in_time || missing.tries >= TRIES_MOST {
                missing.next_us = NEVER;
            }
            if missing.next_us <= now_us && asked.len() + 1 < ASKED_AT_ONCE {
                let number = (*sequence & 0xffff) as u16;
                asked.push(number);
                // Where much is lost, the last question that is in time is asked twice, and answered twice.
                let last = left_us
                    .is_some_and(|left_us| left_us.unsigned_abs() < trip_us + SLACK_US + AGAIN_US.unsigned_abs());
                if last && often {
                    asked.push(number);
                }
                missing.tries += 1;
                missing.next_us = now_us + again_us;
                missing.answer_us = missing.answer_us.min(now_us + trip_us * 9 / 10);
            }
            true
        });
        asked
    }
}

/// Losses from which on what is overdue is asked for, per mille, and the packets that may be so at a time: 160 ms at 20 ms,
/// more than a buffer waits.
const OVERDUE_PERMILLE: f64 = 10.0;
const OVERDUE_MOST: i64 = 8;

/// Questions about one packet at most: where nothing is known of its time, they must come to an end.
const TRIES_MOST: u32 = 10;

/// What waits in queues from which on the way is too narrow, ms, and for how long that is remembered, microseconds.
const QUEUED_MS: u16 = 60;
const QUEUED_US: u64 = 3_000_000;

/// Losses from which answers are not waited for, per mille.
const OFTEN_PERMILLE: f64 = 60.0;

/// Time between two questions for the same packet then, microseconds.
pub(crate) const AGAIN_US: i64 = 15_000;

#[cfg(test)]
mod tests;
