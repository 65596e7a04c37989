//! How much fits on the way to one listener: down fast where sound begins to wait in a queue on the way, up patiently, and
//! not soon again to what once did not fit.

use std::collections::VecDeque;

use crate::simple_webrtc::feedback::WayReport;

/// Delay in queues that is trouble if it grows, ms: what jitter alone doesn't reach.
const QUEUE_MS: u16 = 45;

/// Delay in queues that is trouble if packets are lost as well, ms, and how many of 100.
const FULL_MS: u16 = 60;
const FULL_LOST: u32 = 4;

/// Reports over which a queue must grow, and by how much from each to the next, ms: a way that has become longer grows once.
const GROWS: usize = 4;
const GROWS_MS: u16 = 4;

/// A queue below this is empty, ms.
const EMPTY_MS: u16 = 20;

/// Of what comes through where a queue stands, that which is sent from then on, and what may be tried soon again, per cent.
const KEEP_PERCENT: u32 = 93;
const SOON_PERCENT: u32 = 97;

/// Keep-alives, reports and RTCP, bits a second, most of which found no room if the queue was full: 900, 1,200 and 300 where
/// less than 32 kbit/s come through.
const OTHERS_BPS: u32 = 2_600;

/// What is sent of that while the queue empties, per cent.
const DRAIN_PERCENT: u32 = 65;

/// Time in which a queue empties, microseconds. If this much of it still stands then, per cent, it is none, or not ours: the
/// way is longer.
const DRAIN_US: u64 = 3_000_000;
const STANDS_PERCENT: u32 = 75;

/// Time without a queue after which more is tried, microseconds, and how much more, per cent. A try for less is not worth it.
const UP_US: u64 = 4_000_000;
const UP_PERCENT: u32 = 120;
const WORTH_PERCENT: u32 = 103;

/// The same once a try has met no trouble; and where less than half of what is wanted is sent, which is hardly understood.
const NEXT_US: u64 = 2_000_000;
const NEXT_PERCENT: u32 = 150;

/// Time from the first report on in which the signals that set the call up share the way, microseconds, and how long what
/// failed meanwhile is kept in mind if less than half came through: on 64 kbit/s they left 15 to the sound, which stayed
/// there for half a minute. Meanwhile more is tried after a shorter time.
const SETTLING_US: u64 = 8_000_000;
const SETTLING_MIND_US: u64 = 2_000_000;
const SETTLING_UP_US: u64 = 1_500_000;

/// Losses of so many of 100 that are there from the beginning may be of a queue that was full before the first packet: then
/// all packets waited alike, and nothing tells it from the length of the way. Less is sent, once: what is lost by chance
/// (more than this of 100) stays lost.
const HEAVY_LOST: u32 = 20;
const CHANCE_LOST: u32 = 12;

/// The same of one report, at any time: what is sent can only be far too much, or the way is nearly gone.
const VERY_LOST: u32 = 40;
const VERY_EXPECTED: u16 = 8;

/// Time after which such losses are looked into again, microseconds.
const PROBE_AGAIN_US: u64 = 10_000_000;

/// A round trip of this and more at the beginning, microseconds, is taken for a queue: what is sent first is so much that
/// a packet of 1,250 bytes would take as long. On 64, 40, 24 kbit/s the signals that set a call up leave 0.25, 0.4, 0.7 s; a
/// far way that is wide is used fully 3 s later.
const SLOW_TRIP_US: u64 = 200_000;
const SLOW_TRIP_BITS: u64 = 10_000;

/// Reports in which it is seen what became of the losses, after the change shows.
const PROBED: usize = 4;

/// How long what failed is kept in mind, microseconds: each time twice as long. Each try that fails is heard.
const MIND_US: u64 = 30_000_000;
const MIND_MOST_US: u64 = 240_000_000;

/// Reports whose rates are looked at together.
const RATES: usize = 3;

/// Bits a second on the wire of the least that is sent: 8 kbit/s in packets of 60 ms. Below, speech is no more understood.
pub(super) const LEAST_BPS: u32 = 15_500;

/// A queue that is to empty.
#[derive(Clone, Copy, Debug)]
struct Drain {
    since_us: u64,
    /// What it was then.
    queue_ms: u16,
}

/// What failed.
#[derive(Clone, Copy, Debug)]
struct Failed {
    /// What may be tried nevertheless, bits a second on the wire.
    most_bps: u32,
    since_us: u64,
    mind_us: u64,
}

/// Whether heavy losses are of a full queue.
///
/// ```text
///  Unasked ── losses are heavy, soon after the beginning; or very heavy ──> Under way ── they stay, or they don't ──> Unasked,
///                                                                                       not before this time
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probe {
    Unasked { from_us: u64, once: bool },
    UnderWay,
}

/// See the module. Rates are bits a second on the wire.
#[derive(Debug)]
pub(super) struct Room {
    /// The most that fits; none: no limit was met.
    fits_bps: Option<u32>,
    failed: Option<Failed>,
    /// Meanwhile less than what fits is sent.
    drain: Option<Drain>,
    /// Since when there is no queue.
    calm_us: u64,
    queues_ms: VecDeque<u16>,
    rates_bps: VecDeque<u32>,
    /// Packets lost and expected.
    losses: VecDeque<(u16, u16)>,
    probe: Probe,
    /// When the first report came, and how often more was tried without trouble since the last one.
    since_us: u64,
    tries: u32,
    /// When that was, the last time.
    tried_us: Option<u64>,
    /// What looked like a queue and is none.
    longer_ms: u16,
    /// The limit is one that the listener reported.
    said: bool,
}

impl Room {
    /// `trip_us`: a round trip, if one was measured.
    pub(super) fn new(trip_us: Option<u64>, now_us: u64) -> Self {
        Self {
            fits_bps: trip_us.and_then(first_bps),
            failed: None,
            drain: None,
            calm_us: now_us,
            queues_ms: VecDeque::new(),
            rates_bps: VecDeque::new(),
            losses: VecDeque::new(),
            probe: Probe::Unasked { from_us: 0, once: false },
            since_us: now_us,
            tries: 0,
            tried_us: None,
            longer_ms: 0,
            said: false,
        }
    }

    /// What may be sent now; none: all that is wanted.
    pub(super) fn now_bps(&self) -> Option<u32> {
        self.fits_bps.map(|fits_bps| if self.drain.is_some() { percent(fits_bps, DRAIN_PERCENT) } else { fits_bps })
    }

    /// The most that fits, once no queue is in the way; none: all that is wanted.
    pub(super) fn fits_bps(&self) -> Option<u32> {
        self.fits_bps
    }

    /// Whether the limit is one that the listener reported, and not only guessed.
    pub(super) fn said(&self) -> bool {
        self.said && self.fits_bps.is_some()
    }

    /// A report. `shows`: what is sent has not changed so lately that the report can't know of it. `wanted_bps`: all that
    /// would be sent without a limit. True: packets wait or are lost in a queue, so losses are no matter of chance.
    pub(super) fn hear(&mut self, report: WayReport, (shows, wanted_bps): (bool, u32), now_us: u64) -> bool {
        self.longer_ms = self.longer_ms.min(report.queue_ms);
        let queue_ms = report.queue_ms - self.longer_ms;
        keep(&mut self.queues_ms, queue_ms, GROWS);
        keep(&mut self.rates_bps, report.rate_bps, RATES);
        if shows {
            keep(&mut self.losses, (report.lost, report.expected), PROBED);
        }
        if self.probe == Probe::UnderWay && self.lost_percent().is_some_and(|lost| lost < CHANCE_LOST) {
            self.probe = Probe::Unasked { from_us: now_us + PROBE_AGAIN_US, once: true };
        }
        let lossy = u32::from(report.lost) * 100 >= u32::from(report.expected.max(1)) * FULL_LOST;
        // There was no queue when more was tried: one that stands now is of that.
        let tried = self.tried_us.is_some_and(|tried_us| now_us < tried_us + UP_US);
        let heavy = u32::from(report.lost) * 100 >= u32::from(report.expected.max(1)) * CHANCE_LOST;
        let full = queue_ms >= FULL_MS && (lossy || tried) || tried && heavy && report.expected >= VERY_EXPECTED;
        let stands = |drain: Drain| {
            let much_ms = u32::from(drain.queue_ms) * STANDS_PERCENT / 100;
            now_us >= drain.since_us + DRAIN_US && u32::from(queue_ms) >= much_ms
        };
        if self.is_chance() {
            self.probe = Probe::Unasked { from_us: now_us + PROBE_AGAIN_US, once: true };
            (self.fits_bps, self.failed, self.drain) = (None, None, None);
        } else if shows && self.is_heavy(report, now_us) {
            self.probe = Probe::UnderWay;
            self.losses.clear();
            self.fall(self.usual_bps().min(report.rate_bps), wanted_bps, (queue_ms.max(FULL_MS), true), now_us);
            self.said = true;
        } else if self.drain.is_some_and(stands) {
            // With losses that stay nobody can be sure, so then it goes up as patiently as ever.
            (self.drain, self.longer_ms, self.failed) = (None, report.queue_ms, None);
            self.fits_bps = self.fits_bps.filter(|_| lossy);
        } else if shows && (full || queue_ms >= QUEUE_MS && self.grows()) {
            self.fall(self.usual_bps().min(report.rate_bps), wanted_bps, (queue_ms, full), now_us);
            self.said = true;
        } else if queue_ms < EMPTY_MS && self.probe != Probe::UnderWay && !(heavy && self.fits_bps.is_some()) {
            self.drain = None;
            self.rise(wanted_bps, now_us);
        } else {
            self.calm_us = now_us;
        }
        queue_ms >= QUEUE_MS || self.drain.is_some()
    }

    /// Losses of so many of 100 in all of the latest reports together; none while those are too few.
    fn lost_percent(&self) -> Option<u32> {
        let sum = |of: fn(&(u16, u16)) -> u16| self.losses.iter().map(|pair| u32::from(of(pair))).sum::<u32>();
        let enough = self.losses.len() == PROBED;
        enough.then(|| sum(|(lost, _)| *lost).saturating_mul(100) / sum(|(_, expected)| *expected).max(1))
    }

    fn is_heavy(&self, report: WayReport, now_us: u64) -> bool {
        let Probe::Unasked { from_us, once } = self.probe else { return false };
        let very =
            report.expected >= VERY_EXPECTED && u32::from(report.lost) * 100 >= u32::from(report.expected) * VERY_LOST;
        let early = !once && now_us < self.since_us + SETTLING_US && self.fits_bps.is_none();
        now_us >= from_us && (very || early && self.lost_percent().is_some_and(|lost| lost >= HEAVY_LOST))
    }

    /// Less was sent, and as much is lost as before.
    fn is_chance(&self) -> bool {
        self.probe == Probe::UnderWay && self.lost_percent().is_some_and(|lost| lost >= CHANCE_LOST)
    }

    /// No report comes through though sound comes from there: `comes_bps` does, if that waits in queues as well, and most ways
    /// are alike in both directions.
    pub(super) fn guess(&mut self, comes_bps: Option<u32>, sent_bps: u32, now_us: u64) {
        let seen_bps = comes_bps.filter(|bps| *bps > 0).unwrap_or(sent_bps / 2).min(sent_bps);
        self.fall(seen_bps, sent_bps, (FULL_MS, true), now_us);
        // Nobody has said that so little fits.
        self.failed = self.failed.map(|failed| Failed { mind_us: SETTLING_MIND_US, ..failed });
    }

    /// `seen_bps` of `sent_bps` came through and a queue stood, which was perhaps `full`.
    fn fall(&mut self, seen_bps: u32, sent_bps: u32, (queue_ms, full): (u16, bool), now_us: u64) {
        let others_bps = if full { OTHERS_BPS } else { 0 };
        let fits_bps = percent(seen_bps, KEEP_PERCENT).saturating_sub(others_bps).max(LEAST_BPS);
        let most_bps = percent(seen_bps, SOON_PERCENT).saturating_sub(others_bps).max(LEAST_BPS);
        // Once more right after it was met is the same trouble.
        let again = self.failed.filter(|failed| now_us < failed.since_us + failed.mind_us + 2 * UP_US);
        let others = now_us < self.since_us + SETTLING_US && seen_bps < sent_bps / 2;
        let mind_us = match (again, self.drain) {
            (_, _) if others => SETTLING_MIND_US,
            (Some(failed), Some(_)) => failed.mind_us,
            (Some(failed), None) => (failed.mind_us * 2).min(MIND_MOST_US),
            (None, _) => MIND_US,
        };
        self.failed = Some(Failed { most_bps, since_us: now_us, mind_us });
        self.fits_bps = Some(self.fits_bps.map_or(fits_bps, |known_bps| known_bps.min(fits_bps)));
        self.drain = Some(self.drain.unwrap_or(Drain { since_us: now_us, queue_ms }));
        (self.calm_us, self.tries, self.tried_us) = (now_us, 0, None);
        self.queues_ms.clear();
    }

    /// Whether the queue became longer with each of the latest reports.
    fn grows(&self) -> bool {
        let pairs = self.queues_ms.iter().zip(self.queues_ms.iter().skip(1));
        self.queues_ms.len() == GROWS && pairs.clone().all(|(one, next)| *next >= one.saturating_add(GROWS_MS))
    }

    /// The median of the latest rates: one gap makes no difference. Nothing is known of none.
    fn usual_bps(&self) -> u32 {
        let mut sorted: Vec<u32> = self.rates_bps.iter().copied().filter(|bps| *bps > 0).collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or(0)
    }

    /// Nothing waits: more after a while.
    fn rise(&mut self, wanted_bps: u32, now_us: u64) {
        let (up_us, up_percent) = match self.tries {
            _ if now_us < self.since_us + SETTLING_US => (SETTLING_UP_US, NEXT_PERCENT),
            0 => (UP_US, UP_PERCENT),
            1.. => (NEXT_US, NEXT_PERCENT),
        };
        let Some(fits_bps) = self.fits_bps.filter(|_| now_us >= self.calm_us + up_us) else { return };
        let up_percent = if fits_bps < wanted_bps / 2 { up_percent } else { UP_PERCENT };
        let in_mind = self.failed.filter(|failed| now_us < failed.since_us + failed.mind_us);
        let most_bps = in_mind.map_or(u32::MAX, |failed| failed.most_bps);
        let more_bps = percent(fits_bps, up_percent).min(most_bps);
        if more_bps < percent(fits_bps, WORTH_PERCENT) {
            return;
        }
        (self.calm_us, self.tries, self.tried_us) = (now_us, self.tries.saturating_add(1), Some(now_us));
        // What is above all that is wanted limits nothing.
        self.fits_bps = Some(more_bps).filter(|bps| *bps < percent(wanted_bps, UP_PERCENT));
    }
}

/// What is sent first over a way of such a round trip; none: all that is wanted.
pub(super) fn first_bps(trip_us: u64) -> Option<u32> {
    let bps = u32::try_from(SLOW_TRIP_BITS * 1_000_000 / trip_us.max(1)).unwrap_or(u32::MAX);
    (trip_us >= SLOW_TRIP_US).then_some(bps.max(LEAST_BPS))
}

/// The latest `most`.
fn keep<T>(values: &mut VecDeque<T>, value: T, most: usize) {
    values.push_back(value);
    if values.len() > most {
        values.pop_front();
    }
}

/// So much of a rate.
pub(super) fn percent(bps: u32, percent: u32) -> u32 {
    u32::try_from(u64::from(bps) * u64::from(percent) / 100).unwrap_or(u32::MAX)
}
