//! What limits the sound between us and each participant, for people: from what the listeners report, what comes in,
//! and how late this thread is. A way is called bad before repair: repair costs delay and bits, and ends somewhere.

use std::collections::BTreeMap;

use crate::{host_media::api::Limit, simple_webrtc::engine::LinkId};

/// Share of packets lost from which a way is bad, and below which it is good again. At 5 % repair still leaves 3.9
/// (PESQ-WB) of 4.04, at 10 % it leaves 3.4 (docs/quality.md, sound on bad roads).
const LOST: [f64; 2] = [0.05, 0.03];

/// The same for what waits in queues, ms: what is met with less (`pace`) before stays below it.
const QUEUED_MS: [f64; 2] = [80.0, 40.0];

/// Weight of one look of five a second: the last two seconds count.
const WEIGHT: f64 = 0.1;

/// A step that is later than this costs sound, microseconds: the deepest ring before a device holds 60 ms, and a frame takes 20.
const LATE_US: u64 = 20_000;

/// Time by which steps were later than that, of the last three seconds, microseconds: from which this machine is too busy,
/// and below which it is no longer: 2 % and 0.7 %.
const BUSY_US: [f64; 2] = [60_000.0, 20_000.0];

/// What is left of that at the next look, a fifth of a second later.
const FADES: f64 = 0.935;

/// One direction between two.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    lost: f64,
    queued_ms: f64,
    bad: bool,
}

impl Way {
    fn look(&mut self, lost: f64, queued_ms: f64, narrow: bool) {
        self.lost += (lost - self.lost) * WEIGHT;
        self.queued_ms += (queued_ms - self.queued_ms) * WEIGHT;
        let [lost, queued_ms] = [LOST, QUEUED_MS].map(|bounds| bounds[usize::from(self.bad)]);
        self.bad = self.lost >= lost || self.queued_ms >= queued_ms || narrow;
    }
}

/// What is seen of a link at a look.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// What the other side says of what we send: share lost, and ms in queues; none: nothing new.
    pub(super) out: Option<(f64, f64)>,
    /// We send less than we would, for its sake.
    pub(super) narrow: bool,
    /// What we see of what it sends.
    pub(super) inward: (f64, f64),
}

#[derive(Debug, Default)]
struct Link {
    out: Way,
    inward: Way,
    told: Limit,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Limits {
    links: BTreeMap<LinkId, Link>,
    late_us: f64,
    busy: bool,
}

impl Limits {
    /// A step that was due at `due_us` began at `now_us`.
    pub(super) fn step(&mut self, due_us: Option<u64>, now_us: u64) {
        let late_us = due_us.map_or(0, |due_us| now_us.saturating_sub(due_us + LATE_US));
        self.late_us += u32::try_from(late_us).map_or(BUSY_US[0], f64::from);
    }

    /// Looks at all links that are heard, five times a second. Returns those whose limit is another one now.
    pub(super) fn look(&mut self, seen: impl Iterator<Item = (LinkId, Seen)>) -> Vec<(LinkId, Limit)> {
        self.busy = self.late_us >= BUSY_US[usize::from(self.busy)];
        self.late_us *= FADES;
        let seen: BTreeMap<LinkId, Seen> = seen.collect();
        self.links.retain(|link, _| seen.contains_key(link));
        for (link, Seen { out, narrow, inward }) in seen {
            let link = self.links.entry(link).or_default();
            let (lost, queued_ms) = out.unwrap_or((link.out.lost, link.out.queued_ms));
            link.out.look(lost, queued_ms, narrow);
            link.inward.look(inward.0, inward.1, false);
        }
        let shared = Shared {
            busy: self.busy,
            out: self.links.values().all(|link| link.out.bad),
            inward: self.links.len() > 1 && self.links.values().all(|link| link.inward.bad),
        };
        let mut changes = Vec::new();
        for (id, link) in &mut self.links {
            let limit = shared.limit(link);
            if std::mem::replace(&mut link.told, limit) != limit {
                changes.push((*id, limit));
            }
        }
        changes
    }

    /// What limits a link now.
    pub(super) fn of(&self, link: LinkId) -> Limit {
        self.links.get(&link).map_or(Limit::None, |link| link.told)
    }
}

/// What all links have in common.
struct Shared {
    busy: bool,
    /// Nobody gets our sound well.
    out: bool,
    /// We get nobody well, and they are several.
    inward: bool,
}

impl Shared {
    fn limit(&self, link: &Link) -> Limit {
        match (link.out.bad, link.inward.bad) {
            _ if self.busy => Limit::Cpu,
            (false, false) => Limit::None,
            (true, false) if self.out => Limit::MyUplink,
            (false, true) if !self.inward => Limit::TheirUplink,
            (true | false, true) | (true, false) => Limit::Path,
        }
    }
}

#[cfg(test)]
mod tests;
