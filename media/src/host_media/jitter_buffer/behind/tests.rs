//! Uneven ways, long ways, other frames, other clocks.

use super::*;

/// Numbers from 0 to 1.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / f64::from(1 << 24)
    }
}

/// Their clock began this much before ours, microseconds.
const APART_US: f64 = 7_654_321_000.0;

/// A stream whose sound is heard `late_us` after its frame began.
struct Talk {
    behind: Behind,
    frame_us: f64,
    late_us: f64,
    /// Of the sender's card.
    drift_ppm: f64,
    /// In our time.
    now_us: f64,
    trip_us: f64,
}

impl Talk {
    fn new() -> Self {
        let (frame_us, late_us, drift_ppm) = (20_000.0, 150_000.0, 0.0);
        Self { behind: Behind::default(), frame_us, late_us, drift_ppm, now_us: 1e9, trip_us: 0.0 }
    }

    /// Frames for so many seconds; `way_us` says what a packet takes to us, and from us.
    fn go_on(&mut self, seconds: f64, mut way_us: impl FnMut() -> (f64, f64)) {
        let end_us = self.now_us + seconds * 1e6;
        while self.now_us < end_us {
            let left_us = self.now_us;
            self.now_us += self.frame_us;
            let (to_us, from_us) = way_us();
            // A round trip is told once a second, of a packet of its own.
            if (left_us / 1e6).floor() > ((left_us - self.frame_us) / 1e6).floor() {
                self.trip_us = way_us().0 + from_us;
                self.behind.round_trip(Some(self.trip_us as u64));
            }
            let theirs = |us: f64| us * (1.0 + self.drift_ppm / 1e6) + APART_US;
            let arrived_us = left_us + to_us;
            self.behind.came((arrived_us - theirs(left_us)) as i64, arrived_us as u64);
            let begun_us = left_us - self.frame_us;
            self.behind.heard((begun_us + self.late_us - theirs(begun_us)) as i64);
        }
    }

    fn off_ms(&self) -> f64 {
        self.behind.ms().expect("all is known") - self.late_us / 1e3
    }
}

#[test]
fn nothing_is_said_before_a_round_trip_is_known_and_sound_was_heard() {
    let mut behind = Behind::default();
    behind.came(5_000, 1_000_000);
    behind.heard(9_000);
    assert_eq!(behind.ms(), None);
    let mut unheard = Behind::default();
    unheard.round_trip(Some(20_000));
    (0..LEAST).for_each(|n| unheard.came(5_000, 1_000_000 + n.unsigned_abs() * 20_000));
    assert_eq!(unheard.ms(), None);
    unheard.heard(9_000);
    assert_eq!(unheard.ms(), Some(14.0), "it waits 4 ms, and took 10");
}

#[test]
fn on_an_uneven_way_it_typically_stays_within_8_ms() {
    for seed in 0..20 {
        let (mut dice, mut talk) = (Dice(seed), Talk::new());
        let mut way = || (5e3 + dice.roll() * 90e3, 5e3 + dice.roll() * 90e3);
        talk.go_on(8.0, &mut way);
        let mut off: Vec<f64> = Vec::new();
        for _ in 0..60 {
            talk.go_on(1.0, &mut way);
            off.push(talk.off_ms().abs());
        }
        off.sort_by(f64::total_cmp);
        let (typical, nearly_all) = (off[30], off[54]);
        assert!(typical < 8.0 && nearly_all < 15.0, "seed {seed}: {typical} ms, {nearly_all} ms");
    }
}

#[test]
fn a_way_that_is_longer_for_some_seconds_to_here_alone_does_not_lead_astray() {
    let mut talk = Talk::new();
    talk.go_on(10.0, || (25e3, 25e3));
    assert!(talk.off_ms().abs() < 0.1);
    for seconds in [3.0, 4.0] {
        talk.go_on(seconds, || (300e3, 25e3));
        assert!(talk.off_ms().abs() < 0.1, "{} ms", talk.off_ms());
        talk.go_on(20.0, || (25e3, 25e3));
        assert!(talk.off_ms().abs() < 0.1);
    }
    talk.late_us += 100e3;
    talk.go_on(0.1, || (25e3, 25e3));
    assert!(talk.off_ms().abs() < 0.1, "what is heard later is told at once");
}

#[test]
fn frames_of_another_length_change_nothing() {
    let mut talk = Talk::new();
    talk.go_on(10.0, || (25e3, 25e3));
    for frame_us in [120e3, 5e3, 20e3] {
        talk.frame_us = frame_us;
        talk.go_on(1.0, || (25e3, 25e3));
        assert!(talk.off_ms().abs() < 0.1, "{} ms", talk.off_ms());
    }
}

#[test]
fn a_card_that_is_too_fast_or_slow_leads_astray_by_less_than_5_ms_however_long() {
    for drift_ppm in [-300.0, 300.0] {
        let mut talk = Talk { drift_ppm, ..Talk::new() };
        talk.go_on(600.0, || (25e3, 25e3));
        assert!(talk.off_ms().abs() < 5.0, "{} ms", talk.off_ms());
    }
}
