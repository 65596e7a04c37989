//! Music mode: where everybody is near (a local network), sound leaves in packets of 5 ms, unprocessed, with all the bits that
//! Opus makes use of for one channel. As soon as one way is longer, loses or queues, it is a talk as any other.

use crate::host_media::controls::Told;

use super::pace::Plan;

/// The mode's plan. 5 ms and the encoder's short look-ahead of 2.5 ms are 10 ms from mouth to ear on a clean way.
pub(super) const MUSIC: Plan = Plan { bitrate_bps: 128_000, frame_ms: 5, loss_percent: 0 };

impl Plan {
    /// It is the mode's.
    pub(super) fn is_music(self) -> bool {
        self.frame_ms == MUSIC.frame_ms
    }
}

/// Round trip up to which the mode begins and beyond which it ends, microseconds. A local network, also a wireless one.
const TRIP_US: [u64; 2] = [5_000, 10_000];

/// What may wait in queues, ms.
const QUEUE_MS: u16 = 20;

/// One packet of so many may be lost between two reports.
const LOST_OF: u16 = 50;

/// How long all ways must be that good at first, and after they were not, microseconds.
const CALM_US: [u64; 2] = [1_000_000, 10_000_000];

/// Whether the mode is on.
#[derive(Debug, Default)]
pub(super) struct Music {
    on: bool,
    /// It had to end before.
    ended: bool,
    good_since_us: Option<u64>,
    /// A test says that everybody is near.
    #[cfg(test)]
    pub(super) near: bool,
}

impl Music {
    /// The plan to go by: [`MUSIC`] if it is `wanted` and all ways are good for it, else what is `usual`.
    pub(super) fn plan(&mut self, wanted: bool, usual: Plan, ways: impl Iterator<Item = Told>, now_us: u64) -> Plan {
        #[cfg(test)]
        if self.near && wanted {
            return MUSIC;
        }
        let mut ways = ways.peekable();
        let good = wanted && ways.peek().is_some() && ways.all(|way| good(&way, self.on));
        self.ended |= self.on && !good;
        if !good {
            (self.on, self.good_since_us) = (false, None);
            return usual;
        }
        let since_us = *self.good_since_us.get_or_insert(now_us);
        self.on |= now_us >= since_us + CALM_US[usize::from(self.ended)];
        if self.on { MUSIC } else { usual }
    }
}

fn good(way: &Told, on: bool) -> bool {
    let near = way.trip_us.is_some_and(|trip_us| trip_us <= TRIP_US[usize::from(on)]);
    let kept = way.report.lost <= way.report.expected / LOST_OF;
    near && way.count > 0 && kept && way.report.queue_ms < QUEUE_MS && way.queue_ms < QUEUE_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simple_webrtc::{engine::LinkId, feedback::WayReport};

    const USUAL: Plan = Plan { bitrate_bps: 40_000, frame_ms: 20, loss_percent: 0 };

    fn near() -> Told {
        let report = WayReport { expected: 12, ..WayReport::default() };
        Told { link: LinkId(1), report, count: 1, came: 0, comes_bps: 0, queue_ms: 0, trip_us: Some(400) }
    }

    /// Whether it is on after each of so many seconds of this.
    fn on(music: &mut Music, from_s: u64, seconds: u64, way: Told) -> Vec<bool> {
        let on = |s| music.plan(true, USUAL, [way].into_iter(), s * 1_000_000) == MUSIC;
        (from_s..from_s + seconds).map(on).collect()
    }

    #[test]
    fn a_way_that_is_near_and_keeps_everything_carries_music_after_a_second() {
        assert_eq!(on(&mut Music::default(), 1, 3, near()), [false, true, true]);
    }

    #[test]
    fn what_is_far_or_unknown_or_loses_or_queues_does_not() {
        let report = |report| Told { report, ..near() };
        for way in [
            Told { trip_us: None, ..near() },
            Told { trip_us: Some(6_000), ..near() },
            Told { count: 0, ..near() },
            Told { queue_ms: 20, ..near() },
            report(WayReport { expected: 12, lost: 1, ..WayReport::default() }),
            report(WayReport { expected: 12, queue_ms: 20, ..WayReport::default() }),
        ] {
            assert_eq!(on(&mut Music::default(), 1, 3, way), [false; 3], "{way:?}");
            let mut music = Music::default();
            assert!(on(&mut music, 1, 3, near())[2]);
            let ends = way.trip_us != Some(6_000);
            assert_eq!(on(&mut music, 4, 1, way), [!ends], "{way:?}");
            if ends {
                let again = on(&mut music, 5, 12, near());
                assert_eq!(again, [[false; 10].as_slice(), &[true; 2]].concat(), "it had to end, so it waits longer");
            }
        }
    }

    #[test]
    fn who_does_not_want_it_and_who_talks_to_nobody_sends_as_usual() {
        let mut music = Music::default();
        assert!(on(&mut music, 1, 3, near())[2]);
        assert_eq!(music.plan(false, USUAL, [near()].into_iter(), 4_000_000), USUAL);
        let mut music = Music::default();
        for s in 1..5 {
            assert_eq!(music.plan(true, USUAL, std::iter::empty(), s * 1_000_000), USUAL);
        }
    }

    #[test]
    fn one_who_is_far_makes_it_a_talk_for_all() {
        let mut music = Music::default();
        let far = Told { trip_us: Some(50_000), ..near() };
        for s in 1..5 {
            assert_eq!(music.plan(true, USUAL, [near(), far].into_iter(), s * 1_000_000), USUAL);
        }
    }
}
