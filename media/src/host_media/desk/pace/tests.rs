//! What reports make of the plan.

use super::*;

const LINK: LinkId = LinkId(1);

fn told(link: LinkId, report: WayReport, count: u64) -> Told {
    Told { link, report, count, came: 0, comes_bps: 0, queue_ms: 0, trip_us: None }
}

/// A listener behind a road of this rate, in steps of a report.
struct Road {
    pace: Pace,
    now_us: u64,
    count: u64,
    plan: Plan,
}

impl Road {
    fn new() -> Self {
        let pace = Pace::new(40_000, 20);
        let plan = pace.now;
        Self { pace, now_us: 5_000_000, count: 0, plan }
    }

    fn report(&mut self, report: WayReport) -> Plan {
        self.now_us += 250_000;
        self.count += 1;
        self.plan = self.pace.look(self.now_us, std::iter::once(told(LINK, report, self.count))).0;
        self.plan
    }

    /// A queue of this length, in which this many of 100 are lost, while `rate_bps` come through.
    fn queue(&mut self, queue_ms: u16, lost: u16, rate_bps: u32) -> Plan {
        self.report(WayReport { expected: 100, lost, queue_ms, rate_bps, ..WayReport::default() })
    }

    /// Nothing in the way, and this many of 100 packets lost and missed.
    fn fair(&mut self, lost: u16, missed: u16) -> Plan {
        let rate_bps = self.plan.wire_bps() * (100 - u32::from(lost)) / 100;
        self.report(WayReport { expected: 100, lost, missed, rate_bps, ..WayReport::default() })
    }

    /// A narrow place that lets `fits_bps` through, with a full queue while more comes.
    fn narrow(&mut self, fits_bps: u32) -> Plan {
        let sent = self.plan.wire_bps();
        let full = sent > fits_bps;
        let lost = if full { (100 - fits_bps * 100 / sent) as u16 } else { 0 };
        let (rate_bps, queue_ms) = (sent.min(fits_bps), if full { 200 } else { 0 });
        self.report(WayReport { expected: 100, lost, rate_bps, queue_ms, ..WayReport::default() })
    }
}

#[test]
fn without_trouble_what_is_set_is_what_is_sent() {
    let mut road = Road::new();
    for _ in 0..100 {
        assert_eq!(road.fair(0, 0), Plan { bitrate_bps: 40_000, frame_ms: 20, loss_percent: 0 });
    }
}

#[test]
fn what_stays_lost_is_protected_with_more_bits_and_what_is_repaired_is_not() {
    let mut road = Road::new();
    (0..40).for_each(|_| {
        road.fair(5, 5);
    });
    assert_eq!(road.plan, Plan { bitrate_bps: 64_000, frame_ms: 20, loss_percent: 5 });
    (0..40).for_each(|_| {
        road.fair(20, 0);
    });
    assert_eq!(road.plan, Plan { bitrate_bps: 40_000, frame_ms: 20, loss_percent: 0 });
    (0..80).for_each(|_| {
        road.fair(90, 90);
    });
    assert_eq!(road.plan.loss_percent, 30, "there is a ceiling");
}

#[test]
fn a_narrow_place_is_met_with_less_and_longer_frames() {
    for (fits_bps, frame_ms) in [(59_000, 40), (52_000, 40), (40_000, 60), (29_000, 60), (19_500, 120)] {
        let mut road = Road::new();
        (0..8).for_each(|_| {
            road.fair(0, 0);
        });
        let reports = (1..20).find(|_| road.narrow(fits_bps) != road.pace.set).unwrap();
        assert!(reports <= 6, "after {reports} reports");
        assert_eq!(road.plan.frame_ms, frame_ms, "{fits_bps}");
        assert!(road.plan.wire_bps() <= fits_bps, "{:?}", road.plan);
        let mut over = 0;
        for _ in 0..1_000 {
            over += usize::from(road.narrow(fits_bps).wire_bps() > fits_bps);
        }
        assert!(over < 60, "tries that make trouble grow rare: {over} of 1,000 reports at {fits_bps}: {:?}", road.plan);
    }
}

#[test]
fn a_place_that_widens_is_used_again() {
    let mut road = Road::new();
    (0..40).for_each(|_| {
        road.narrow(24_000);
    });
    assert!(road.plan.bitrate_bps < 18_000);
    (0..1_500).for_each(|_| {
        road.fair(0, 0);
    });
    assert_eq!(road.plan, road.pace.set);
}

#[test]
fn a_longer_way_alone_and_losses_alone_are_no_trouble() {
    let mut road = Road::new();
    for _ in 0..40 {
        let rate_bps = road.plan.wire_bps();
        let report = WayReport { expected: 12, queue_ms: 275, rate_bps, ..WayReport::default() };
        assert_eq!(road.report(report), road.pace.set);
    }
    for _ in 0..40 {
        assert_eq!(road.fair(15, 0).bitrate_bps, 40_000);
    }
}

#[test]
fn a_queue_that_grows_is_met_before_anything_is_lost() {
    let mut road = Road::new();
    (0..8).for_each(|_| {
        road.fair(0, 0);
    });
    let queues = [12_u16, 28, 44, 60, 76, 92];
    let met = queues.iter().position(|queue_ms| road.queue(*queue_ms, 0, 60_000) != road.pace.set);
    assert_eq!(met, Some(3));
    assert!(road.plan.wire_bps() < 45_000, "the queue is to empty: {:?}", road.plan);
    (0..4).for_each(|_| {
        road.queue(5, 0, 40_000);
    });
    assert!((50_000..60_000).contains(&road.plan.wire_bps()), "then what fits is sent: {:?}", road.plan);
}

#[test]
fn a_queue_that_was_full_before_the_first_packet_is_met_too() {
    let mut road = Road::new();
    // 64 kbit/s, of which signals take a part; all packets wait 200 ms, so none seems to.
    let report = |road: &mut Road| {
        let sent = road.plan.wire_bps();
        let lost = 100_u32.saturating_sub(46_000 * 100 / sent.max(1)) as u16;
        road.report(WayReport { expected: 100, lost, rate_bps: sent.min(46_000), ..WayReport::default() })
    };
    let met = (1..=8).find(|_| report(&mut road).wire_bps() < 46_000);
    assert_eq!(met, Some(4), "after a second");
    let mut over = 0;
    for _ in 0..400 {
        over += usize::from(report(&mut road).wire_bps() > 46_000);
    }
    assert!(over < 40, "{over} of 400 reports, though no queue ever shows");
}

#[test]
fn heavy_losses_that_stay_when_less_is_sent_are_of_chance() {
    for lost in [20, 30] {
        let mut road = Road::new();
        let plans: Vec<u32> = (0..60).map(|_| road.fair(lost, 0).bitrate_bps).collect();
        let less = plans.iter().filter(|bitrate_bps| **bitrate_bps < 40_000).count();
        assert!((1..=9).contains(&less), "{less} of 60 reports at {lost} %: {plans:?}");
        assert!(plans[20..].iter().all(|bitrate_bps| *bitrate_bps == 40_000), "{plans:?}");
    }
}

#[test]
fn what_signals_left_to_the_sound_at_first_is_no_limit_for_long() {
    let mut road = Road::new();
    // They fill the way together for two seconds, again and again while the call is set up.
    (0..8).for_each(|_| {
        road.queue(300, 30, 14_000);
    });
    assert!(road.plan.wire_bps() <= 15_600, "{:?}", road.plan);
    let reports = (1..200).find(|_| road.narrow(60_000).wire_bps() > 50_000).unwrap();
    assert!(reports <= 18 * 4, "after {} ms", reports * 250);
    let mut over = 0;
    for _ in 0..1_000 {
        over += usize::from(road.narrow(60_000).wire_bps() > 60_000);
    }
    assert!(over < 60, "{over} of 1,000 reports");
}

#[test]
fn what_failed_is_kept_in_mind_and_what_is_a_little_below_is_tried_once() {
    let mut road = Road::new();
    // The call was set up long ago.
    (0..40).for_each(|_| {
        road.fair(0, 0);
    });
    (0..8).for_each(|_| {
        road.narrow(40_000);
    });
    let mut plans = vec![road.plan];
    // 25 s.
    for _ in 0..100 {
        let plan = road.narrow(40_000);
        if plans.last() != Some(&plan) {
            plans.push(plan);
        }
    }
    assert!(plans.len() <= 3 && plans.iter().all(|plan| plan.wire_bps() <= 40_000), "{plans:?}");
    assert!(plans[plans.len() - 1].wire_bps() > 34_000, "{plans:?}");
}

#[test]
fn a_way_that_became_longer_is_no_queue_with_losses_neither() {
    for lost in [0, 6] {
        let mut road = Road::new();
        (0..8).for_each(|_| {
            road.fair(lost, 0);
        });
        // It grows as if it were one.
        for queue_ms in (0..120).step_by(10).chain([120; 40]) {
            let rate_bps = road.plan.wire_bps();
            road.queue(queue_ms, lost, rate_bps);
        }
        let low = road.plan;
        for _ in 0..400 {
            let rate_bps = road.plan.wire_bps();
            road.queue(120, lost, rate_bps);
        }
        assert_eq!(road.plan, road.pace.set, "{lost} of 100 lost; it was {low:?}");
    }
}

#[test]
fn reports_that_make_no_sense_do_no_more_than_bits_can() {
    let mut road = Road::new();
    for n in 0..2_000_u32 {
        let any = |k: u32| (n.wrapping_mul(2_654_435_761).rotate_left(k) & 0xffff) as u16;
        let (expected, lost, missed) = (any(1), any(5), any(9));
        let queue_ms = if n % 3 == 0 { u16::MAX } else { any(13) };
        let plan =
            road.report(WayReport { expected, lost, missed, queue_ms, rate_bps: n * 2_000_000, copies_after: 255 });
        assert!(BITRATE_BPS.contains(&plan.bitrate_bps) && [20, 40, 60].contains(&plan.frame_ms), "{plan:?}");
    }
}

#[test]
fn the_median_listener_decides() {
    let mut pace = Pace::new(40_000, 20);
    let report =
        |missed: u16| WayReport { expected: 100, lost: missed, missed, rate_bps: 62_000, ..WayReport::default() };
    let mut plan = pace.now;
    for count in 1..60 {
        let told = [(1, 0), (2, 0), (3, 20)].map(|(link, missed)| told(LinkId(link), report(missed), count));
        plan = pace.look(count * 250_000, told.into_iter()).0;
    }
    assert_eq!(plan, pace.set);
}

#[test]
fn who_reports_nothing_any_more_has_no_say() {
    let mut road = Road::new();
    (0..40).for_each(|_| {
        road.fair(5, 5);
    });
    let (report, count) = (WayReport::default(), road.count);
    let (plan, heard) = road.pace.look(road.now_us + GONE_US, std::iter::once(told(LINK, report, count)));
    assert_eq!((plan, heard), (road.pace.set, false));
    assert!(!Pace::new(40_000, 20).look(0, std::iter::once(told(LINK, report, 0))).1, "nor who never did");
}

#[test]
fn no_report_while_sound_comes_is_trouble_and_silence_is_not() {
    for (packets, queue_ms, patience_ms) in [(0, 0, None), (1, 0, Some(2_500)), (1, 100, Some(500))] {
        let mut road = Road::new();
        road.fair(0, 0);
        let quiet = |ms: u64| {
            let came = u32::try_from(ms / 20).unwrap() * packets;
            Told { came, queue_ms, ..told(LINK, WayReport::default(), 1) }
        };
        let reacted = (0..5_000)
            .step_by(20)
            .find(|ms| road.pace.look(road.now_us + ms * 1_000, std::iter::once(quiet(*ms))).0 != road.pace.set);
        assert_eq!(reacted, patience_ms);
    }
}

#[test]
fn a_round_trip_that_looks_like_a_queue_begins_with_less_and_a_far_way_is_soon_used_fully() {
    for (trip_ms, first_bps) in [(120, 62_400), (250, 40_000), (400, 25_000), (900, 15_500)] {
        let mut road = Road::new();
        let slow = Told { trip_us: Some(trip_ms * 1_000), ..told(LINK, WayReport::default(), 0) };
        road.plan = road.pace.look(road.now_us, std::iter::once(slow)).0;
        assert!(road.plan.wire_bps() <= first_bps, "{trip_ms} ms: {:?}", road.plan);
        let reports = (0..60).find(|_| road.fair(0, 0) == road.pace.set).unwrap();
        assert!(reports * 250 <= 10_000, "{trip_ms} ms: {reports} reports");
    }
}

#[test]
fn losses_of_half_of_all_are_met_at_once_and_at_any_time() {
    let mut road = Road::new();
    (0..100).for_each(|_| {
        road.fair(0, 0);
    });
    let lost =
        |road: &mut Road| road.report(WayReport { expected: 12, lost: 7, rate_bps: 26_000, ..WayReport::default() });
    assert!(lost(&mut road).wire_bps() < 26_000);
    (0..8).for_each(|_| {
        road.fair(0, 0);
    });
    assert!(road.plan.wire_bps() < 26_000, "{:?}", road.plan);
}
