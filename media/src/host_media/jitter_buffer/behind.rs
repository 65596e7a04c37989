//! How far what is heard is behind what was captured there: the way, and the wait here.
//!
//! Nobody knows what a packet took, as the clocks of two machines have nothing in common. But their difference stays: when packets come
//! less half of what a round trip takes just then, over some seconds, tells it, however uneven the way is; and what is
//! heard is behind by its own place in time less that difference, which knows no unevenness at all.

/// Time after which the arrivals since then are held against the same round trip again, microseconds: a new one is told every
/// second, and one that is no other counts as well.
const SAMPLE_US: u64 = 1_200_000;

/// By how much arrivals may have moved for that, microseconds.
const MOVED_US: u64 = 3_000;

/// Packets of a sample at least: of fewer nobody can say how even they came.
const LEAST: i64 = 8;

/// Samples whose middle half counts: 16 s. Cards that differ by 300 parts per million are wrong by 2 ms then; one round trip of
/// 50 +- 45 ms is wrong by 18.
const SAMPLES: usize = 16;

/// While a queue fills or empties, what came and the round trip are not of the same moment: samples in which arrivals differed by more
/// than this, and by more than twice as much as in the calmest one, don't count, microseconds.
const CALM_US: i64 = 10_000;

/// What one round trip says.
#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    /// Our clock less theirs (and its beginning), microseconds.
    apart_us: i64,
    /// By how much arrivals differed meanwhile.
    uneven_us: i64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Behind {
    round_trip_us: Option<i64>,
    /// It was told just now: it was measured among the packets that came since the one before.
    fresh: bool,
    /// Arrival less media time since then: their sum, and how many.
    since_us: Option<u64>,
    sum_us: i64,
    came: i64,
    /// The mean of those before.
    mean_us: Option<i64>,
    /// The least and the most of them.
    between_us: Option<(i64, i64)>,
    samples: [Sample; SAMPLES],
    known: usize,
    /// Playing less media time, microseconds.
    heard_us: Option<i64>,
}

impl Behind {
    /// What a round trip took last.
    pub(super) fn round_trip(&mut self, us: Option<u64>) {
        let us = us.and_then(|us| i64::try_from(us).ok());
        self.fresh |= us != self.round_trip_us;
        self.round_trip_us = us;
    }

    /// A packet came by itself, so much later than the end of its frame: it left then, however long it is.
    pub(super) fn came(&mut self, lag_us: i64, now_us: u64) {
        let since_us = *self.since_us.get_or_insert(now_us);
        self.sum_us = self.sum_us.saturating_add(lag_us);
        self.came += 1;
        let (least_us, most_us) = self.between_us.unwrap_or((lag_us, lag_us));
        let (least_us, most_us) = (least_us.min(lag_us), most_us.max(lag_us));
        self.between_us = Some((least_us, most_us));
        let due = self.fresh || now_us >= since_us.saturating_add(SAMPLE_US);
        if !due || self.came < LEAST {
            return;
        }
        let mean_us = self.sum_us / self.came;
        let moved = self.mean_us.replace(mean_us).is_none_or(|before_us| mean_us.abs_diff(before_us) > MOVED_US);
        if let Some(round_trip_us) = self.round_trip_us.filter(|_| self.fresh || !moved) {
            let apart_us = mean_us.saturating_sub(round_trip_us / 2);
            self.note(Sample { apart_us, uneven_us: most_us.saturating_sub(least_us) });
        }
        self.between_us = None;
        (self.fresh, self.since_us, self.sum_us, self.came) = (false, Some(now_us), 0, 0);
    }

    fn note(&mut self, sample: Sample) {
        self.samples.rotate_right(1);
        if let Some(latest) = self.samples.first_mut() {
            *latest = sample;
        }
        self.known = (self.known + 1).min(SAMPLES);
    }

    /// A frame begins to be heard so much later than its beginning.
    pub(super) fn heard(&mut self, lag_us: i64) {
        self.heard_us = Some(lag_us);
    }

    /// From the first sample of a frame there to its sound here, ms; none before a round trip is known and sound was heard.
    pub(super) fn ms(&self) -> Option<f64> {
        let lag_us = self.heard_us?;
        let behind_us = lag_us.saturating_sub(self.apart_us()?);
        // Far more than any buffer holds; a timeline that jumped.
        u32::try_from(behind_us).ok().map(|us| f64::from(us) / 1_000.0)
    }

    /// What the samples say together.
    fn apart_us(&self) -> Option<i64> {
        let known = self.samples.get(..self.known)?;
        let calm_us = known.iter().map(|sample| sample.uneven_us).min()?.saturating_mul(2).saturating_add(CALM_US);
        let (mut sorted, mut count) = ([0_i64; SAMPLES], 0);
        for (place, sample) in sorted.iter_mut().zip(known.iter().filter(|sample| sample.uneven_us <= calm_us)) {
            (*place, count) = (sample.apart_us, count + 1);
        }
        let calm = sorted.get_mut(..count)?;
        calm.sort_unstable();
        // What was told while the way became longer or shorter stands at the ends.
        let middle = calm.get(count / 4..count - count / 4)?;
        let sum_us = middle.iter().fold(0_i64, |sum_us, us| sum_us.saturating_add(*us));
        sum_us.checked_div(middle.len() as i64)
    }
}

#[cfg(test)]
mod tests;
