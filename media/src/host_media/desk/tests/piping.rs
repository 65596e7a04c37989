//! Pipelines over what is said and what is heard, as the desk runs them.

use std::{
    sync::mpsc::{Receiver, sync_channel},
    time::Duration,
};

use super::{
    wire::{LINK, Wire, World},
    *,
};
use crate::{
    host_media::{
        api::Piped,
        signals::{find, noise_wav, tone_share},
    },
    pipeline::{Manifest, Pipeline, Place, slot::Live},
    recording::{Tapped, bare_tap},
    simple_webrtc::{engine::PacketSink, feedback::WayReport},
};

/// Pipelines of one node, and where they end.
struct Pipes(std::sync::mpsc::SyncSender<Box<Live>>, Receiver<Box<Live>>);

impl Pipes {
    fn new() -> Self {
        let (bin, spent) = sync_channel(16);
        Self(bin, spent)
    }

    fn of(&self, node: &str) -> Option<Box<Live>> {
        let text = format!(
            r#"{{"nodes": [{{"id": "a", {node}}}], "edges": [{{"from": "input", "to": "a"}}, {{"from": "a", "to": "output"}}]}}"#
        );
        let pipeline = Pipeline::at(&Manifest::parse(&text).unwrap(), Place::Participant).unwrap();
        Some(Live::new(pipeline, self.0.clone()))
    }

    fn ended(&self) -> usize {
        self.1.try_iter().count()
    }
}

const HALF: &str = r#""type": "gain", "params": {"gain_db": -6.0206}"#;
const LATE: &str = r#""type": "delay", "params": {"delay_ms": 200}"#;

/// A tone is spoken and heard.
fn tone() -> (World, Wire) {
    let (mut world, mut wire) = (World::new(&DeviceSpec::Tone(440), &DeviceSpec::None), Wire::even(5_000));
    world.play(true);
    world.talk(true);
    world.run_us(300_000, &mut wire);
    (world, wire)
}

/// Loudest sample of what the listener's speaker gets in the next tenth of a second, once what is under way has come.
fn loudest(world: &mut World, wire: &mut Wire) -> f32 {
    world.run_us(300_000, wire);
    let mut peak = 0.0_f32;
    let end_us = world.now_us + 100_000;
    while world.now_us < end_us {
        world.run_us(1_000, wire);
        peak = world.listener.desk.hearing.played().0.iter().fold(peak, |peak, sample| peak.max(sample.abs()));
    }
    peak
}

fn near(is: f32, wanted: f32) {
    assert!((is / wanted - 1.0).abs() < 0.1, "{is}, wanted {wanted}");
}

#[test]
fn what_is_said_and_what_is_heard_go_through_their_pipelines_and_again_as_before_without_them() {
    let ((mut world, mut wire), pipes) = (tone(), Pipes::new());
    let open = loudest(&mut world, &mut wire);
    assert!(open > 0.1);
    world.talker_wishes(|wishes| wishes.pipe(Piped::Own, pipes.of(HALF)));
    near(loudest(&mut world, &mut wire), open / 2.0);
    world.listener.shared.lock().pipe(Piped::Link(LINK), pipes.of(HALF));
    near(loudest(&mut world, &mut wire), open / 4.0);
    world.talker_wishes(|wishes| wishes.pipe(Piped::Own, None));
    near(loudest(&mut world, &mut wire), open / 2.0);
    world.listener.shared.lock().pipe(Piped::Link(LINK), None);
    near(loudest(&mut world, &mut wire), open);
    assert_eq!(pipes.ended(), 2, "both are taken apart, and not here");
}

#[test]
fn a_pipeline_stays_when_the_microphone_is_closed_or_changed_and_its_participant_is_held() {
    let ((mut world, mut wire), pipes) = (tone(), Pipes::new());
    let open = loudest(&mut world, &mut wire);
    world.talker_wishes(|wishes| wishes.pipe(Piped::Own, pipes.of(HALF)));
    world.listener.shared.lock().pipe(Piped::Link(LINK), pipes.of(HALF));
    near(loudest(&mut world, &mut wire), open / 4.0);
    // Held, and resumed.
    world.talk(false);
    world.play(false);
    world.run_us(500_000, &mut wire);
    world.play(true);
    world.talk(true);
    near(loudest(&mut world, &mut wire), open / 4.0);
    // Another microphone.
    world.talker_wishes(|wishes| wishes.input = Some(DeviceSpec::Tone(880)));
    near(loudest(&mut world, &mut wire), open / 4.0);
    // What was set while nobody talked counts from the first sample of the next call on.
    world.talk(false);
    world.run_us(100_000, &mut wire);
    world.talker_wishes(|wishes| wishes.pipe(Piped::Own, pipes.of(LATE)));
    world.run_us(100_000, &mut wire);
    let (tap, taped) = bare_tap(0);
    world.talker.shared.lock().tap(Tapped::Own, Some(tap));
    world.talk(true);
    world.run_us(400_000, &mut wire);
    let sent: Vec<f32> = taped().into_iter().flat_map(|(_, sound)| sound).collect();
    let first = sent.iter().position(|sample| *sample != 0.0).unwrap();
    assert!((9_600..9_700).contains(&first), "the first sound after {first} samples");
    assert_eq!(pipes.ended(), 1);
}

#[test]
fn what_a_pipeline_holds_back_is_in_the_figures_and_the_recording_has_its_true_time() {
    let (dir, pipes) = (TestDir::new(), Pipes::new());
    let spoken = noise_wav(&dir.path().join("spoken.wav"), 3);
    let mut world = World::new(&file(&dir, "spoken.wav"), &DeviceSpec::None);
    let mut wire = Wire::even(5_000);
    world.talker_wishes(|wishes| wishes.pipe(Piped::Own, pipes.of(LATE)));
    world.play(true);
    world.talk(true);
    world.run_us(500_000, &mut wire);
    let (before_ms, held_ms) = (world.stats().playout_delay_ms, world.talker.shared.lock().source.held_ms);
    assert!((200.0..=210.0).contains(&held_ms), "the encoder's look-ahead, 200 ms: {held_ms}");
    world.listener.shared.lock().pipe(Piped::Link(LINK), pipes.of(LATE));
    let (tap, taped) = bare_tap(0);
    world.talker.shared.lock().tap(Tapped::Own, Some(tap));
    world.run_us(1_000_000, &mut wire);
    let later_ms = world.stats().playout_delay_ms - before_ms;
    assert!((205.0..=215.0).contains(&later_ms), "200 ms, and 10 of its own: {later_ms}");
    let taped = taped();
    let sound: Vec<f32> = taped.iter().flat_map(|(_, sound)| sound.clone()).collect();
    let (alike, lag) = find(&sound, 4_800, &spoken);
    assert!(alike > 0.9, "{alike}");
    let spoken_us = world.started().0 + u64::try_from(lag).unwrap() * 1_000_000 / 48_000;
    assert!(spoken_us.abs_diff(taped[0].0) < 2_000, "said at {}, spoken at {spoken_us}", taped[0].0);
}

#[test]
fn music_rests_while_what_is_said_goes_through_a_pipeline() {
    let pipes = Pipes::new();
    let mut world = World::new(&DeviceSpec::Tone(440), &DeviceSpec::None);
    let mut wire = Wire::even(500);
    let mut inlet = world.talker.shared.lock().add_link(LINK, 0);
    let now = world.clock.instant(world.now_us);
    world.talker_wishes(|wishes| {
        wishes.processing.music = Stage::On;
        wishes.play(LINK, true, now);
    });
    world.talk(true);
    // The other side is near, and hears everything.
    let mut bitrate_bps = |world: &mut World| {
        for _ in 0..30 {
            inlet.told(WayReport { expected: 12, ..WayReport::default() });
            let now = world.clock.instant(world.now_us);
            assert!(inlet.feedback(now, Some(Duration::from_micros(400))).is_none_or(|told| told.asked.is_empty()));
            world.run_us(100_000, &mut wire);
        }
        world.talker.shared.lock().source.target_bitrate_bps
    };
    assert_eq!(bitrate_bps(&mut world), 128_000, "music");
    world.talker_wishes(|wishes| wishes.pipe(Piped::Own, pipes.of(HALF)));
    // Longer than music waits until it tries again.
    for _ in 0..5 {
        assert!(bitrate_bps(&mut world) < 128_000, "a pipeline takes pieces of 10 ms, and music comes in 5");
    }
    world.talker_wishes(|wishes| wishes.pipe(Piped::Own, None));
    (0..4).for_each(|_| assert!(bitrate_bps(&mut world) > 0));
    assert_eq!(bitrate_bps(&mut world), 128_000, "music again");
}

#[test]
fn a_recording_has_a_participant_as_it_came_whatever_pipeline_we_hear_it_through() {
    let ((mut world, mut wire), pipes) = (tone(), Pipes::new());
    world.listener.shared.lock().pipe(Piped::Link(LINK), pipes.of(r#""type": "gain", "params": {"gain_db": -60}"#));
    assert!(loudest(&mut world, &mut wire) < 0.01);
    let (tap, taped) = bare_tap(0);
    world.listener.shared.lock().tap(Tapped::Link(LINK), Some(tap));
    world.run_us(300_000, &mut wire);
    let sound: Vec<f32> = taped().into_iter().flat_map(|(_, sound)| sound).collect();
    assert!(tone_share(&sound[..9_600], 440.0) > 0.95);
    assert!(sound.iter().map(|sample| sample.abs()).fold(0.0, f32::max) > 0.1);
}
