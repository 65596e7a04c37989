//! How much our sound may weigh, in which steps it leaves and how it is protected: from what the listeners report. One
//! encoder serves all links, by the need of the median one.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    host_media::{asking::HEAD_BYTES, controls::Told, opus::BITRATE_BPS},
    simple_webrtc::{engine::LinkId, feedback::WayReport},
};

/// How sound is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Bits a second.
    pub(super) bitrate_bps: u32,
    /// Sound in a packet, ms.
    pub(super) frame_ms: u32,
    /// Loss that FEC is to make up for, per cent.
    pub(super) loss_percent: u32,
}

impl Plan {
    /// Bits a second on the wire, with all heads.
    fn wire_bps(self) -> u32 {
        self.bitrate_bps + heads_bps(self.frame_ms)
    }
}

fn heads_bps(frame_ms: u32) -> u32 {
    HEAD_BYTES * 8_000 / frame_ms.max(1)
}

/// Delay in queues that is trouble, if less comes through than is sent, ms: what jitter alone doesn't reach.
const QUEUE_MS: u16 = 80;

/// Share of what is sent that comes through at least while there is no trouble, per cent.
const COMES_PERCENT: u64 = 96;

/// Trouble of this length makes us send less, microseconds; at once where more than a fifth is lost as well.
const TROUBLE_US: u64 = 500_000;

/// Time that a change takes to show in the reports, microseconds: a round trip and the window of their rate.
const SHOWS_US: u64 = 700_000;

/// What is sent of that while the queue empties, per cent.
const DOWN_PERCENT: u64 = 85;

/// Time without trouble after which a queue counts as empty, microseconds, and what is sent from then on, of what came
/// through: keep-alives, reports and what is sent again pass the same place.
const EMPTY_US: u64 = 1_500_000;
const FULL_PERCENT: u64 = 82;

/// Time without trouble after which more than that is tried, microseconds, and how much more, per cent. Each try that fails
/// is heard as a delay that comes and goes, so it takes a while, and longer where most of what is wanted fits.
const UP_US: u64 = 15_000_000;
const UP_FOR_LITTLE_US: u64 = 60_000_000;
const LITTLE_PERCENT: u64 = 75;
const UP_PERCENT: u64 = 120;

/// The longest time between tries, microseconds, where each try made trouble.
const UP_MOST_US: u64 = 64_000_000;

/// Bits a second on the wire up to which packets hold 60 and 40 ms: below, heads would take more than a third.
const SIXTY_BPS: u32 = 40_000;
const FORTY_BPS: u32 = 48_000;

/// Reports whose rates are looked at together.
const RATES: usize = 5;

/// Share of losses that stay after what was asked for came, from which FEC gets more bits, per mille.
const MISSED_PERMILLE: f64 = 10.0;

/// How much more, per cent of what is set: at 5 % of loss 64 kbit/s score 3.75 where 40 score 3.21 (PESQ-WB).
const PROTECTED_PERCENT: u32 = 160;

/// The most that FEC is told of, per cent: more copies would crowd out the sound.
const LOSS_MOST: f64 = 30.0;

/// Weight of one report: they follow the last two seconds.
const WEIGHT: f64 = 0.125;

/// Time after which a listener that reports nothing any more has no say, microseconds.
const GONE_US: u64 = 10_000_000;

/// Time without a report, while sound comes from there, that means trouble (a full queue may let nothing but sound through),
/// microseconds: where sound that comes waits in queues, and where it doesn't. Ten reports in a row get lost at 30 % once in
/// twelve hours.
const NO_REPORT_US: (u64, u64) = (600_000, 2_500_000);

/// Bits a second on the wire of the least that is sent: 8 kbit/s in packets of 60 ms. Below, speech is no more understood.
const LEAST_BPS: u32 = 15_500;

/// Time without a packet of sound that is a way that is cut, microseconds.
const STILL_US: u64 = 200_000;

/// What one listener reports.
#[derive(Debug)]
struct Listener {
    /// How many reports came.
    count: u64,
    /// Packets of sound that have come from there, and when the last did.
    came: u32,
    came_us: u64,
    /// Rates of the latest reports, bits a second.
    rates_bps: VecDeque<u32>,
    /// When it was told last, or its silence was noted.
    heard_us: u64,
    told_us: u64,
    /// The most that fits through, bits a second on the wire; none: no limit was met.
    fits_bps: Option<u32>,
    /// It said so itself.
    said: bool,
    /// A queue has to empty: less than that is sent.
    full: bool,
    trouble_us: Option<u64>,
    /// Since when there is no trouble, and how long that must last before more is tried.
    calm_us: u64,
    patience_us: u64,
    missed_permille: f64,
    copies: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Pace {
    set: Plan,
    now: Plan,
    /// Since when, microseconds.
    since_us: u64,
    listeners: BTreeMap<LinkId, Listener>,
}

impl Pace {
    /// What is set in the configuration.
    pub(super) fn new(bitrate_bps: u32, frame_ms: u32) -> Self {
        let set = Plan { bitrate_bps, frame_ms, loss_percent: 0 };
        Self { set, now: set, since_us: 0, listeners: BTreeMap::new() }
    }

    /// Takes what is known of the way to each listener; who never reported anything has no say, unless what comes from there
    /// waits in queues: most paths are alike both ways. Returns how to go on, and
    /// whether any listener has a say.
    pub(super) fn look(&mut self, now_us: u64, told: impl Iterator<Item = Told>) -> (Plan, bool) {
        let sent_bps = (now_us >= self.since_us + SHOWS_US).then_some(self.now.wire_bps());
        let mut there = Vec::new();
        for told in told.filter(|told| told.count > 0 || told.queue_ms >= QUEUE_MS) {
            there.push(told.link);
            let listener = self.listeners.entry(told.link).or_insert_with(|| Listener::new(now_us));
            if listener.count != told.count {
                listener.count = told.count;
                listener.hear(told.report, (sent_bps, self.set), now_us);
            } else {
                listener.miss(told, self.now.wire_bps(), now_us);
            }
        }
        self.listeners.retain(|link, listener| there.contains(link) && now_us < listener.told_us + GONE_US);
        let plan = self.plan();
        if plan.wire_bps() != self.now.wire_bps() {
            self.since_us = now_us;
        }
        self.now = plan;
        (plan, !self.listeners.is_empty())
    }

    /// Less is sent than is set, because this listener said that no more fits through: what is only guessed by the way back
    /// doesn't count.
    pub(super) fn narrow(&self, link: LinkId) -> bool {
        let narrow = |listener: &Listener| listener.said && listener.plan(self.set).bitrate_bps < self.set.bitrate_bps;
        self.listeners.get(&link).is_some_and(narrow)
    }

    /// For the median listener.
    fn plan(&self) -> Plan {
        let mut plans: Vec<Plan> = self.listeners.values().map(|listener| listener.plan(self.set)).collect();
        plans.sort_by_key(|plan| plan.wire_bps());
        let mut plan = plans.get(plans.len() / 2).copied().unwrap_or(self.set);
        let mut losses: Vec<u32> = plans.iter().map(|plan| plan.loss_percent).collect();
        losses.sort_unstable();
        plan.loss_percent = losses.get(losses.len() / 2).copied().unwrap_or(0);
        plan
    }
}

impl Listener {
    fn new(now_us: u64) -> Self {
        Self {
            count: 0,
            came: 0,
            came_us: now_us,
            rates_bps: VecDeque::new(),
            heard_us: now_us,
            told_us: now_us,
            fits_bps: None,
            said: false,
            full: false,
            trouble_us: None,
            calm_us: now_us,
            patience_us: UP_US,
            missed_permille: 0.0,
            copies: false,
        }
    }

    /// What was sent while this was seen, none if that has just changed, and what is set.
    fn hear(&mut self, report: WayReport, (sent_bps, set): (Option<u32>, Plan), now_us: u64) {
        (self.heard_us, self.told_us) = (now_us, now_us);
        self.copies = report.copies_after > 0;
        let expected = f64::from(report.expected.max(1));
        let missed = f64::from(report.missed) / expected;
        self.missed_permille += (missed.min(1.0) * 1_000.0 - self.missed_permille) * WEIGHT;
        let much_lost = report.lost > report.expected / 5;
        let rate_bps = self.usual(report.rate_bps);
        let less_comes = sent_bps.is_some_and(|sent| rate_bps < percent(sent, COMES_PERCENT) && rate_bps > 0);
        if report.queue_ms < QUEUE_MS || !less_comes {
            self.trouble_us = None;
            self.rise(report.queue_ms, set, now_us);
            return;
        }
        let since_us = *self.trouble_us.get_or_insert(now_us);
        self.calm_us = now_us;
        if much_lost || now_us >= since_us + TROUBLE_US {
            // A try that made trouble: the next one waits longer.
            self.patience_us = if self.fits_bps.is_some() { (self.patience_us * 2).min(UP_MOST_US) } else { UP_US };
            (self.fits_bps, self.full) = (Some(percent(rate_bps, FULL_PERCENT).max(LEAST_BPS)), true);
            self.said = true;
            self.trouble_us = None;
        }
    }

    /// The median of the latest rates: one gap makes no difference, nor do the few packets of one report.
    fn usual(&mut self, rate_bps: u32) -> u32 {
        self.rates_bps.push_back(rate_bps);
        if self.rates_bps.len() > RATES {
            self.rates_bps.pop_front();
        }
        let mut sorted: Vec<u32> = self.rates_bps.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or(rate_bps)
    }

    /// No report: if that lasts while sound comes, half is sent.
    fn miss(&mut self, told: Told, sent_bps: u32, now_us: u64) {
        if told.came != self.came {
            (self.came, self.came_us) = (told.came, now_us);
        } else if now_us >= self.came_us + STILL_US {
            // Nothing comes either: there is no way just now.
            self.heard_us = now_us;
        }
        let (queued_us, free_us) = NO_REPORT_US;
        let patience_us = if told.queue_ms >= QUEUE_MS { queued_us } else { free_us };
        if now_us >= self.heard_us + patience_us && (told.queue_ms >= QUEUE_MS || told.count > 0) {
            (self.heard_us, self.calm_us) = (now_us, now_us);
            let half = self.fits_bps.unwrap_or(sent_bps).min(sent_bps) / 2;
            self.fits_bps = Some(half.max(LEAST_BPS));
        }
    }

    /// No trouble: tries more after a while.
    fn rise(&mut self, queue_ms: u16, set: Plan, now_us: u64) {
        let Some(fits_bps) = self.fits_bps else { return };
        if queue_ms >= QUEUE_MS {
            self.calm_us = now_us;
        }
        self.full &= now_us < self.calm_us + EMPTY_US;
        let little = fits_bps > percent(set.wire_bps(), LITTLE_PERCENT);
        let patience_us = if little { self.patience_us.max(UP_FOR_LITTLE_US) } else { self.patience_us };
        if now_us < self.calm_us + patience_us {
            return;
        }
        self.calm_us = now_us;
        let more = percent(fits_bps, UP_PERCENT);
        // What is above all that is wanted limits nothing.
        let limits = more < percent(set.wire_bps(), UP_PERCENT);
        self.fits_bps = limits.then_some(more);
        self.said &= limits;
    }

    fn plan(&self, set: Plan) -> Plan {
        let missed = self.missed_permille / 10.0;
        let loss_percent = if missed < 0.2 { 0 } else { missed.ceil().min(LOSS_MOST) as u32 };
        let needs_more = self.missed_permille >= MISSED_PERMILLE && !self.copies;
        let wanted_bps = if needs_more { set.bitrate_bps * PROTECTED_PERCENT / 100 } else { set.bitrate_bps };
        let most_bps = wanted_bps.min(*BITRATE_BPS.end());
        let Some(fits_bps) = self.fits_bps else {
            return Plan { bitrate_bps: most_bps, frame_ms: set.frame_ms, loss_percent };
        };
        let longer = if fits_bps < SIXTY_BPS {
            60
        } else if fits_bps < FORTY_BPS {
            40
        } else {
            set.frame_ms
        };
        let frame_ms = longer.max(set.frame_ms);
        let now_bps = if self.full { percent(fits_bps, DOWN_PERCENT) } else { fits_bps };
        let bitrate = now_bps.saturating_sub(heads_bps(frame_ms)) / 500 * 500;
        Plan { bitrate_bps: bitrate.clamp(*BITRATE_BPS.start(), most_bps), frame_ms, loss_percent }
    }
}

/// So much of a rate.
fn percent(bps: u32, percent: u64) -> u32 {
    u32::try_from(u64::from(bps) * percent / 100).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
