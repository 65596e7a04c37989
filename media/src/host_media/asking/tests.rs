//! What is asked for, when, and what is reported.

use super::*;
use crate::simple_webrtc::feedback::WayReport;

/// Number of the first packet: the 101st behind it is 0.
const START: u16 = 65_435;

/// Samples of a frame of 20 ms.
const FRAME: u32 = 960;

struct Ear {
    asking: Asking,
    ties: Ties,
    trip_us: Option<u64>,
    /// Wait of the buffer behind arrival, microseconds.
    wait_us: u64,
}

impl Ear {
    fn new(trip_us: Option<u64>, wait_us: u64) -> Self {
        Self { asking: Asking::default(), ties: Ties::default(), trip_us, wait_us }
    }

    /// Packet `n` comes `late_us` after its time; what is asked for then.
    fn hear(&mut self, n: u32, late_us: u64) -> Option<Feedback> {
        let now_us = 1_000_000 + u64::from(n) * 20_000 + late_us;
        self.ties.tell_due(self.timestamp(n), 1_000_000 + u64::from(n) * 20_000 + self.wait_us);
        let sequence = START.wrapping_add(n as u16);
        let came = self.asking.packet((sequence, self.timestamp(n)), FRAME, 80, now_us);
        assert_eq!(came, Came::ByItself);
        self.asking.say(&self.ties, self.trip_us, now_us)
    }

    fn timestamp(&self, n: u32) -> u32 {
        (u32::MAX - 101 * FRAME + 500).wrapping_add(n * FRAME)
    }

    fn asked(&mut self, n: u32) -> Vec<u32> {
        let feedback = self.hear(n, 0).unwrap_or_default();
        feedback.asked.iter().map(|sequence| u32::from(sequence.wrapping_sub(START))).collect()
    }
}

#[test]
fn what_is_missing_is_asked_for_with_the_next_packet_over_the_wrap() {
    let mut ear = Ear::new(Some(50_000), 150_000);
    for n in 0..100 {
        assert_eq!(ear.asked(n), [0_u32; 0]);
    }
    assert_eq!(ear.asked(103), [100, 101, 102]);
    assert_eq!(ear.asked(104), [0_u32; 0], "the answer is waited for");
}

#[test]
fn what_would_come_too_late_is_not_asked_for() {
    let mut ear = Ear::new(Some(50_000), 60_000);
    assert_eq!(ear.asked(0), [0_u32; 0]);
    // Noticed 20 ms after its time: 40 ms are left, the answer takes 50.
    assert_eq!(ear.asked(2), [0_u32; 0]);
    let mut patient = Ear::new(Some(50_000), 90_000);
    patient.asked(0);
    assert_eq!(patient.asked(2), [1]);
    // Of a run only the end.
    assert_eq!(patient.asked(7), [6]);
}

#[test]
fn where_much_is_lost_it_is_asked_for_with_every_packet_while_there_is_time() {
    let mut ear = Ear::new(Some(50_000), 116_000);
    (0..30).filter(|n| n % 5 != 3).for_each(|n| assert!(ear.asked(n).len() < 3));
    let about = |ear: &mut Ear, n: u32| ear.asked(n).contains(&31);
    assert!(about(&mut ear, 32) && about(&mut ear, 33) && about(&mut ear, 34));
    assert!(!about(&mut ear, 35), "an answer would come too late");
}

#[test]
fn what_comes_after_it_was_asked_for_is_told_apart_and_not_asked_for_again() {
    let mut ear = Ear::new(Some(20_000), 200_000);
    ear.asked(0);
    assert_eq!(ear.asked(2), [1]);
    let place = (START + 1, ear.timestamp(1));
    assert_eq!(ear.asking.packet(place, FRAME, 80, 1_060_000), Came::Asked);
    assert_eq!(ear.asking.packet(place, FRAME, 80, 1_061_000), Came::Again, "a double: the answer to another question");
    for n in 3..10 {
        assert_eq!(ear.asked(n), [0_u32; 0]);
    }
}

#[test]
fn what_comes_late_by_itself_was_not_asked_for() {
    let mut ear = Ear::new(None, 200_000);
    ear.asked(0);
    assert_eq!(ear.asked(2), [0_u32; 0], "without a round trip nobody can say what is in time");
    let place = (START + 1, ear.timestamp(1));
    assert_eq!(ear.asking.packet(place, FRAME, 80, 1_045_000), Came::ByItself);
}

/// An ear that has met losses of a tenth; the next packet is 200.
fn used_to_losses() -> Ear {
    let mut ear = Ear::new(Some(50_000), 150_000);
    (0..200).filter(|n| n % 10 != 3).for_each(|n| drop(ear.hear(n, 0)));
    ear
}

/// What is asked for at each time from then on, while no packet comes.
fn asked_alone(ear: &mut Ear) -> Vec<(u64, u16)> {
    let mut asked = Vec::new();
    while let Some(due_us) = ear.asking.due_us() {
        let feedback = ear.asking.say(&ear.ties, ear.trip_us, due_us).unwrap_or_default();
        asked.extend(feedback.asked.iter().map(|sequence| (due_us, sequence.wrapping_sub(START))));
        assert!(asked.len() < 200, "it has an end");
    }
    asked
}

#[test]
fn what_is_overdue_is_asked_for_before_the_next_packet_comes() {
    let mut ear = used_to_losses();
    let asked = asked_alone(&mut ear);
    assert_eq!(asked[0], (1_000_000 + 200 * 20_000 + 3_000, 200), "three milliseconds after its time");
    assert!(asked.iter().any(|(at_us, number)| *at_us == asked[0].0 + 20_000 && *number == 201), "{asked:?}");
    let last = asked.iter().map(|(_, number)| *number).max();
    assert_eq!(last, Some(207), "nobody knows whether more was sent: {asked:?}");
}

#[test]
fn where_nothing_is_lost_nothing_is_overdue() {
    let mut ear = Ear::new(Some(50_000), 150_000);
    (0..200).for_each(|n| drop(ear.hear(n, 0)));
    assert_eq!(ear.asking.due_us(), None);
    let mut deaf = Ear::new(None, 150_000);
    (0..200).filter(|n| n % 10 != 3).for_each(|n| drop(deaf.hear(n, 0)));
    assert_eq!(deaf.asking.due_us(), None, "nor is anything asked for in vain");
}

#[test]
fn an_answer_is_told_apart_from_what_was_only_late() {
    for (late_us, came) in [(8_000, Came::ByItself), (49_000, Came::Asked)] {
        let mut ear = used_to_losses();
        let at_us = ear.asking.due_us().unwrap();
        ear.asking.say(&ear.ties, ear.trip_us, at_us);
        let (place, way_lost) = ((START.wrapping_add(200), ear.timestamp(200)), ear.asking.way.lost);
        assert_eq!(ear.asking.packet(place, FRAME, 80, at_us + late_us), came);
        assert_eq!(ear.asking.way.lost - way_lost, u16::from(!came.by_itself()), "{late_us}");
    }
}

#[test]
fn a_place_that_is_too_narrow_is_not_asked_through() {
    let mut ear = used_to_losses();
    let late_us = |n: u32| u64::from((n - 200) * 8_000);
    (200..214).filter(|n| n % 10 != 3).for_each(|n| drop(ear.hear(n, late_us(n))));
    (214..240).filter(|n| n % 10 != 3).for_each(|n| drop(ear.hear(n, late_us(213))));
    assert!(ear.ties.losses().0.queued && ear.asking.missing.is_empty());
    assert_eq!(ear.asking.due_us(), None);
}

#[test]
fn losses_are_counted_before_anything_is_repaired() {
    let mut ear = Ear::new(Some(50_000), 150_000);
    (0..1_000).filter(|n| n % 10 != 3).for_each(|n| drop(ear.hear(n, 0)));
    let (losses, _) = ear.ties.losses();
    assert!((70..=85).contains(&losses.permille), "less what chance may do: {losses:?}");
    assert_eq!(losses.run_tenths, 10);
    (1_000..2_000).filter(|n| n % 20 > 3).for_each(|n| drop(ear.hear(n, 0)));
    let (losses, _) = ear.ties.losses();
    assert!((135..=205).contains(&losses.permille) && (35..=40).contains(&losses.run_tenths), "{losses:?}");
}

#[test]
fn runs_of_losses_make_us_want_copies_and_an_outage_does_not() {
    let mut ear = Ear::new(Some(50_000), 150_000);
    (0..300).filter(|n| !(100..200).contains(n)).for_each(|n| drop(ear.hear(n, 0)));
    assert_eq!(ear.ties.losses(), (Losses::default(), 0));
    (300..500).filter(|n| n % 40 > 3).for_each(|n| drop(ear.hear(n, 0)));
    assert_eq!(ear.ties.losses().1, 5, "100 ms behind");
    (500..1_500).for_each(|n| drop(ear.hear(n, 0)));
    assert_eq!(ear.ties.losses().1, 0);
}

#[test]
fn a_report_tells_of_losses_queues_and_the_rate() {
    let mut ear = Ear::new(Some(50_000), 150_000);
    let reports: Vec<WayReport> = (0..200)
        .filter(|n| n % 10 != 3)
        .filter_map(|n| ear.hear(n, if n < 100 { 0 } else { 35_000 })?.report)
        .collect();
    assert!((14..=17).contains(&reports.len()), "four a second: {}", reports.len());
    let sum = |of: fn(&WayReport) -> u16| reports.iter().map(|report| u32::from(of(report))).sum::<u32>();
    assert!((185..=199).contains(&sum(|report| report.expected)), "{}", sum(|report| report.expected));
    assert!((18..=20).contains(&sum(|report| report.lost)));
    assert_eq!((reports[3].queue_ms, reports[reports.len() - 1].queue_ms), (0, 35));
    // 136 bytes, 45 times a second.
    let rate = reports[6].rate_bps;
    assert!((47_000..51_000).contains(&rate), "{rate}");
}

#[test]
fn whatever_numbers_come_what_is_kept_is_bounded() {
    let mut ear = Ear::new(Some(1), 1_000_000);
    let mut state = 1_u64;
    for n in 0..20_000_u64 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let place = ((state >> 40) as u16, (state >> 16) as u32);
        ear.asking.packet(place, 120 << (state >> 60 & 5), 1_500, n * 300);
        let feedback = ear.asking.say(&ear.ties, Some(1), n * 300).unwrap_or_default();
        assert!(feedback.asked.len() <= ASKED_AT_ONCE);
        assert!(ear.asking.missing.len() <= MISSING_PACKETS && ear.asking.way.came.len() <= MISSING_PACKETS);
    }
}
