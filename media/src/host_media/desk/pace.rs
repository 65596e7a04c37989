//! How much our sound may weigh, in which steps it leaves and how it is protected: from what the listeners report. One
//! encoder serves all links, by the need of the median one.

mod room;

use std::collections::BTreeMap;

use crate::{
    host_media::{asking::HEAD_BYTES, controls::Told, opus::BITRATE_BPS},
    simple_webrtc::{engine::LinkId, feedback::WayReport},
};
use room::{Room, first_bps, percent};

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

/// Time that a change takes to show in the reports, microseconds: a round trip and the window of their rate.
const SHOWS_US: u64 = 700_000;

/// Frames become longer where heads leave less than this of what is wanted, per cent; the lengths, ms.
const ENOUGH_PERCENT: u32 = 75;
const LONGER_MS: [u32; 2] = [40, 60];

/// Where packets of 60 ms leave less than this to the sound, bits a second, they become longer still (ms): heads take a third of
/// a way of 24 kbit/s otherwise. Speech at 12, 14, 16 kbit/s scores 2.73, 2.98, 3.12 (PESQ-WB).
const STARVED_BPS: u32 = 15_500;
const LONGEST_MS: u32 = 120;

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

/// What waits in queues on the way from a listener, from which on the way there is taken to be as narrow, if no report comes
/// through, ms.
const QUEUE_MS: u16 = 60;

/// Time without a report, while sound comes from there, that means trouble (a full queue may let nothing but sound through),
/// microseconds: where sound that comes waits in queues, and where it doesn't. Ten reports in a row get lost at 30 % once in
/// twelve hours.
const NO_REPORT_US: (u64, u64) = (500_000, 2_500_000);

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
    /// When it was told last, or its silence was noted.
    heard_us: u64,
    told_us: u64,
    room: Room,
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
    /// waits in queues (most paths are alike both ways), or the round trip looks like a queue. Returns how to go on, and
    /// whether any listener has a say.
    pub(super) fn look(&mut self, now_us: u64, told: impl Iterator<Item = Told>) -> (Plan, bool) {
        let shows = now_us >= self.since_us + SHOWS_US;
        let mut there = Vec::new();
        let slow = |told: &Told| told.trip_us.is_some_and(|trip_us| first_bps(trip_us).is_some());
        for told in told.filter(|told| told.count > 0 || told.queue_ms >= QUEUE_MS || slow(told)) {
            there.push(told.link);
            let listener = self.listeners.entry(told.link).or_insert_with(|| Listener::new(told.trip_us, now_us));
            if listener.count != told.count {
                listener.count = told.count;
                listener.hear(told.report, (shows, self.set.wire_bps()), now_us);
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
        let narrow =
            |listener: &Listener| listener.room.said() && listener.plan(self.set).bitrate_bps < self.set.bitrate_bps;
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
    fn new(trip_us: Option<u64>, now_us: u64) -> Self {
        let (room, missed_permille, copies) = (Room::new(trip_us, now_us), 0.0, false);
        Self { count: 0, came: 0, came_us: now_us, heard_us: now_us, told_us: now_us, room, missed_permille, copies }
    }

    /// Whether what is sent shows in the report, and all that would be sent without a limit, bits a second on the wire.
    fn hear(&mut self, report: WayReport, (shows, wanted_bps): (bool, u32), now_us: u64) {
        (self.heard_us, self.told_us) = (now_us, now_us);
        self.copies = report.copies_after > 0;
        if self.room.hear(report, (shows, wanted_bps), now_us) {
            // More bits for FEC would make it worse.
            self.missed_permille = 0.0;
            return;
        }
        let missed = f64::from(report.missed) / f64::from(report.expected.max(1));
        self.missed_permille += (missed.min(1.0) * 1_000.0 - self.missed_permille) * WEIGHT;
    }

    /// No report: if that lasts while sound comes, less is sent.
    fn miss(&mut self, told: Told, sent_bps: u32, now_us: u64) {
        if told.came != self.came {
            (self.came, self.came_us) = (told.came, now_us);
        } else if now_us >= self.came_us + STILL_US {
            // Nothing comes either: there is no way just now.
            self.heard_us = now_us;
        }
        let queued = told.queue_ms >= QUEUE_MS;
        // Once a limit is known, what comes from there is less as well, and says nothing new.
        let guessed = queued && self.room.fits_bps().is_none();
        let patience_us = if guessed { NO_REPORT_US.0 } else { NO_REPORT_US.1 };
        if now_us >= self.heard_us + patience_us && (queued || told.count > 0) {
            self.heard_us = now_us;
            self.room.guess(queued.then_some(told.comes_bps), sent_bps, now_us);
        }
    }

    fn plan(&self, set: Plan) -> Plan {
        let missed = self.missed_permille / 10.0;
        let loss_percent = if missed < 0.2 { 0 } else { missed.ceil().min(LOSS_MOST) as u32 };
        let needs_more = self.missed_permille >= MISSED_PERMILLE && !self.copies;
        let wanted_bps = if needs_more { set.bitrate_bps * PROTECTED_PERCENT / 100 } else { set.bitrate_bps };
        let most_bps = wanted_bps.min(*BITRATE_BPS.end());
        let Some((fits_bps, now_bps)) = self.room.fits_bps().zip(self.room.now_bps()) else {
            return Plan { bitrate_bps: most_bps, frame_ms: set.frame_ms, loss_percent };
        };
        let enough = |ms: &u32| fits_bps >= percent(set.bitrate_bps, ENOUGH_PERCENT) + heads_bps(*ms);
        let mut lengths = std::iter::once(set.frame_ms).chain(LONGER_MS).filter(|ms| *ms >= set.frame_ms);
        let longer_ms = lengths.clone().find(enough).or(lengths.next_back()).unwrap_or(set.frame_ms);
        let starved = fits_bps < STARVED_BPS + heads_bps(longer_ms);
        let frame_ms = if starved { LONGEST_MS } else { longer_ms };
        let bitrate = now_bps.saturating_sub(heads_bps(frame_ms)) / 500 * 500;
        Plan { bitrate_bps: bitrate.clamp(*BITRATE_BPS.start(), most_bps), frame_ms, loss_percent }
    }
}

#[cfg(test)]
mod tests;
