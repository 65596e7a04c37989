//! Short calls over bad roads, judged without scores: the distance follows them.

use std::path::{Path, PathBuf};

use ahoy_media::host_media::api::Limit;
use ahoy_quality::{
    call::{self, Direction, LEAD_S, Plan},
    measure::{Figures, Pair, RATE, figures},
    profile, speech,
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
    let (dir, whole) = (tempfile::tempdir().unwrap(), said());
    let path = dir.path().join("spoken.wav");
    speech::write(&path, 48_000, &whole).unwrap();
    let heard = dir.path().join("heard.wav");
    let plan = Plan {
        profile: &profile::named(name).unwrap(),
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
    (figures(&Pair { spoken: &spoken, heard: &heard, start_s: direction.start_s }, None).0, direction)
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
