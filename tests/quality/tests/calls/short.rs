//! Short calls over bad roads, judged without scores: the distance follows them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use ahoy_media::host_media::api::Limit;
use ahoy_quality::{
    call::{self, Direction, LEAD_S, Plan},
    measure::{Figures, Lag, Pair, RATE, figures, median},
    profile::{self, Profile},
    speech,
};

/// Seconds of speech: enough to learn what a road is like, and to talk on it.
const SECONDS: usize = 8;

/// Ada's first [`SECONDS`], after the silence before, 48 kHz.
fn said() -> Vec<f32> {
    let said = Path::new(env!("CARGO_MANIFEST_DIR")).join("../speech/ada.wav");
    let (rate, said) = speech::read(&said).unwrap();
    let mut whole = vec![0.0; (LEAD_S * 48_000.0) as usize];
    whole.extend(speech::resampled(&said[..SECONDS * rate as usize], rate, 48_000));
    whole.extend(std::iter::repeat_n(0.0, 24_000));
    whole
}

/// What came of a call; `no_questions`: nothing is asked for again.
fn call(name: &str, seed: u64, no_questions: bool) -> (Figures, Direction) {
    hold(name, seed, no_questions, false)
}

fn hold(name: &str, seed: u64, no_questions: bool, music: bool) -> (Figures, Direction) {
    let (figures, _, direction) = over(&profile::named(name).unwrap(), seed, no_questions, music);
    (figures, direction)
}

fn over(road: &Profile, seed: u64, no_questions: bool, music: bool) -> (Figures, Vec<Lag>, Direction) {
    let (dir, whole) = (tempfile::tempdir().unwrap(), said());
    let path = dir.path().join("spoken.wav");
    speech::write(&path, 48_000, &whole).unwrap();
    let heard = dir.path().join("heard.wav");
    let plan = Plan {
        profile: road,
        back: None,
        seed,
        spoken: &path,
        heard: [PathBuf::new(), heard.clone()],
        length_us: whole.len() as u64 * 1_000 / 48,
        drift_ppm: 0.0,
        bitrate_bps: 40_000,
        frame_ms: 20,
        no_questions,
        music,
    };
    let [direction, _] = call::hold(&plan).unwrap();
    let (rate, sound) = speech::read(&heard).unwrap();
    let (spoken, heard) = (speech::resampled(&whole, 48_000, RATE), speech::resampled(&sound, rate, RATE));
    let (figures, lags) = figures(&Pair { spoken: &spoken, heard: &heard, start_s: direction.start_s }, None);
    (figures, lags, direction)
}

#[test]
fn losses_are_repaired_in_time_and_without_losses_nothing_is_sent_twice() {
    let (clean, plain) = call("clean", 1, false);
    assert!(clean.m2e_ms < 45.0 && clean.distance_db < 2.2 && clean.silence_ms == 0, "{clean:?}");
    assert_eq!(plain.traffic.lost, 0);
    let (asked, direction) = call("loss20", 1, false);
    let (unasked, _) = call("loss20", 1, true);
    assert!(direction.traffic.packets > plain.traffic.packets, "what was lost was sent again");
    assert!(
        asked.distance_db < unasked.distance_db - 0.5,
        "{} dB asked, {} unasked",
        asked.distance_db,
        unasked.distance_db
    );
    assert!(asked.m2e_p99_ms < 200.0, "{asked:?}");
}

#[test]
fn jitter_is_waited_for_and_nothing_is_lost_to_it() {
    let (figures, direction) = call("jitter", 1, false);
    assert!(figures.m2e_ms < 160.0 && figures.silence_ms == 0, "{figures:?}");
    assert!(direction.stats.concealed_ms < 150.0, "{:?}", direction.stats);
}

#[test]
fn a_road_far_too_narrow_for_what_is_set_still_carries_speech() {
    let (figures, direction) = call("rate40", 1, false);
    assert!(figures.found_percent > 75.0, "{figures:?}");
    let share = direction.traffic.dropped * 100 / direction.traffic.packets;
    assert!(share < 15, "{share} % found the queue full: {:?}", direction.traffic);
}

#[test]
fn music_on_a_local_network_takes_less_than_15_ms_and_elsewhere_it_is_a_talk_as_any_other() {
    let (figures, near) = hold("clean", 1, false, true);
    assert!(figures.m2e_ms <= 15.0 && figures.silence_ms == 0, "{figures:?}");
    assert!(figures.distance_db < 1.0, "{figures:?}");
    assert!(near.traffic.packets > 1_200, "200 packets a second, once the way is known: {:?}", near.traffic);
    let (_, far) = hold("loss5", 1, false, true);
    let (_, talk) = call("loss5", 1, false);
    assert_eq!(far.traffic, talk.traffic);
}

#[test]
fn the_same_seed_gives_the_same_call() {
    let (one, first) = call("loss10", 7, false);
    let (other, second) = call("loss10", 7, false);
    assert_eq!(first.traffic, second.traffic);
    assert_eq!((one.m2e_ms, one.distance_db), (other.m2e_ms, other.distance_db));
}

/// What each of two says limits the sound between them in the end, when what the first sends takes the first of these roads
/// and what the second sends the other.
fn limits(roads: [&str; 2]) -> [Limit; 2] {
    let (dir, whole) = (tempfile::tempdir().unwrap(), said());
    let path = dir.path().join("spoken.wav");
    speech::write(&path, 48_000, &whole).unwrap();
    let [profile, back] = roads.map(|name| profile::named(name).unwrap());
    let plan = Plan {
        profile: &profile,
        back: Some(&back),
        seed: 1,
        spoken: &path,
        heard: [PathBuf::new(), PathBuf::new()],
        length_us: whole.len() as u64 * 1_000 / 48,
        drift_ppm: 0.0,
        bitrate_bps: 40_000,
        frame_ms: 20,
        no_questions: false,
        music: false,
    };
    // The first direction's figures are the second's.
    let [there, here] = call::hold(&plan).unwrap();
    [here.stats.limited_by, there.stats.limited_by]
}

#[test]
fn both_sides_say_whose_connection_limits_their_sound() {
    assert_eq!(limits(["loss10", "clean"]), [Limit::MyUplink, Limit::TheirUplink]);
    assert_eq!(limits(["clean", "loss10"]), [Limit::TheirUplink, Limit::MyUplink]);
    assert_eq!(limits(["loss20", "loss20"]), [Limit::Path; 2]);
    assert_eq!(limits(["rate24", "clean"]), [Limit::MyUplink, Limit::None], "less is sent, which comes well");
    assert_eq!(limits(["clean", "rate24"]), [Limit::None, Limit::MyUplink]);
    assert_eq!(limits(["clean", "clean"]), [Limit::None; 2]);
    assert_eq!(limits(["jitter", "jitter"]), [Limit::None; 2], "jitter alone costs delay, and is waited for");
}

#[test]
fn what_came_again_in_time_is_counted_and_without_losses_nothing() {
    let (_, clean) = call("clean", 1, false);
    assert_eq!((clean.stats.retransmitted, clean.stats.copies_used), (0, 0));
    let (_, lossy) = call("loss20", 1, false);
    let (asked, lost) = (lossy.stats.retransmitted, lossy.traffic.lost);
    // A fifth of the packets is lost at first; keep-alives, questions and what is sent again get lost as well.
    let percent = asked * 100 / (lossy.stats.packets_received + lossy.stats.packets_lost);
    assert!((14..=24).contains(&percent) && asked < lost, "{asked} came again: {:?}", lossy.stats);
    let (_, unasked) = call("loss20", 1, true);
    assert_eq!(unasked.stats.retransmitted, 0, "nothing was asked for");
    // Where nothing can be asked for; otherwise most answers are there before the copy.
    let (_, bursts) = call("burst3-25", 1, true);
    let (copied, again) = (bursts.stats.copies_used, bursts.stats.retransmitted);
    assert!(copied > 5 && again == 0, "{copied} by copies: {:?}", bursts.stats);
}

/// Roads, and seeds: what one round trip says of an uneven way is chance.
const ROADS: [(&str, u64); 9] = [
    ("clean", 1),
    ("loss5", 1),
    ("loss20", 1),
    ("burst3-25", 1),
    ("jitter", 1),
    ("jitter", 2),
    ("jitter", 3),
    ("jitter", 4),
    ("jitter", 5),
];

#[test]
#[expect(clippy::print_stdout, reason = "docs/quality.md has its figures")]
fn the_time_from_mouth_to_ear_that_is_shown_is_the_one_that_is_heard_within_10_ms() {
    let fair = profile::named("spike").unwrap().weather[0].1;
    let late = profile::Weather { delay_ms: 300.0, ..fair };
    let spike = Profile { name: "short spike", weather: vec![(0.0, fair), (3.0, late), (5.0, fair)] };
    let road = |(name, seed): &(&str, u64)| profile::named(name).map(|road| (road, *seed));
    let mut roads: Vec<(Profile, u64)> = ROADS.iter().filter_map(road).collect();
    roads.push((spike, 1));
    let mut of_road = BTreeMap::<&str, Vec<f64>>::new();
    for (road, seed) in roads {
        let (_, lags, direction) = over(&road, seed, false, false);
        let shown = |at_s: f64| {
            let next = direction.shown_ms.iter().min_by(|a, b| (a.0 - at_s).abs().total_cmp(&(b.0 - at_s).abs()));
            next.map_or(0.0, |(_, ms)| *ms)
        };
        assert!(lags.len() > 20 && direction.shown_ms.len() > 20);
        let off: Vec<f64> = lags.iter().map(|lag| shown(lag.at_s + lag.ms / 1e3) - lag.ms).collect();
        let (middle, typical) = (median(off.clone()), median(off.iter().map(|ms| ms.abs()).collect()));
        let heard = median(lags.iter().map(|lag| lag.ms).collect());
        println!("{:12} heard {heard:5.1} ms, shown {middle:+5.1} ms, typically off by {typical:4.1} ms", road.name);
        of_road.entry(road.name).or_default().extend(off);
    }
    // Of all calls on a road together: what the first few round trips of an uneven one say is chance.
    for (name, off) in of_road {
        let (middle, typical) = (median(off.clone()), median(off.iter().map(|ms| ms.abs()).collect()));
        assert!(middle.abs() <= 10.0 && typical <= 10.0, "{name}: {middle} ms, typically {typical}");
    }
}
