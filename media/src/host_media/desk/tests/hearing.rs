//! From the wire to the ear.

use super::{
    wire::{LINK, Side, Wire, World},
    *,
};
use crate::planes::Planes;
use crate::{
    host_media::{
        clock::samples_to_us,
        signals::{find, noise_wav, read, tone_share},
        sink::{Sink, Want},
        source::Lost,
    },
    simple_webrtc::engine::{AudioPacket, PacketSink},
};

/// Mouth to ear of what the listener's file holds of the spoken one, ms, and how alike they are.
fn mouth_to_ear_ms(world: &mut World, dir: &TestDir, spoken: &[f32], from: usize) -> (f64, f32) {
    let (source_us, sink_us) = world.started();
    world.listener.desk.close();
    let (alike, lag) = find(spoken, from, &read(&dir.path().join("heard.wav")));
    (lag as f64 / 48.0 + (sink_us as f64 - source_us as f64) / 1_000.0, alike)
}

#[test]
fn a_file_is_heard_on_the_other_side_within_36_ms() {
    let dir = TestDir::new();
    let spoken = noise_wav(&dir.path().join("spoken.wav"), 2);
    for phase_us in [0, 1_300, 2_600, 3_900] {
        let mut world = World::new(&file(&dir, "spoken.wav"), &file(&dir, "heard.wav"));
        world.play(true);
        world.run_us(50_000 + phase_us, &mut Wire::even(300));
        world.talk(true);
        world.run_us(2_000_000, &mut Wire::even(300));
        assert_eq!((world.stats().packets_lost, world.stats().concealed_ms), (0, 0.0));
        let (delay_ms, alike) = mouth_to_ear_ms(&mut world, &dir, &spoken, 48_000);
        assert!(alike > 0.6, "{alike}");
        assert!((20.0..=36.0).contains(&delay_ms), "{delay_ms} ms at phase {phase_us}");
    }
}

#[test]
fn over_a_bad_path_it_is_still_the_same_sound() {
    let dir = TestDir::new();
    let spoken = noise_wav(&dir.path().join("spoken.wav"), 4);
    let mut world = World::new(&file(&dir, "spoken.wav"), &file(&dir, "heard.wav"));
    world.play(true);
    world.talk(true);
    // 25 +- 10 ms, reordered by that, and 5 % lost.
    let mut bad = Wire::new(|n| (n % 20 != 7).then_some(15_000 + n * 7_919 % 20_000));
    world.run_us(4_000_000, &mut bad);
    let stats = world.stats();
    assert!(stats.packets_lost >= 9, "{stats:?}");
    assert!(stats.concealed_ms < 400.0, "{stats:?}");
    for from in [60_000, 100_000, 140_000] {
        let (delay_ms, alike) = mouth_to_ear_ms(&mut world, &dir, &spoken, from);
        assert!(alike > 0.4, "{alike}");
        assert!((45.0..110.0).contains(&delay_ms), "{delay_ms} ms");
    }
}

#[test]
fn a_tone_arrives_as_that_tone() {
    let dir = TestDir::new();
    let mut world = World::new(&DeviceSpec::Tone(440), &file(&dir, "heard.wav"));
    world.play(true);
    world.talk(true);
    world.run_us(2_000_000, &mut Wire::even(20_000));
    world.play(false);
    world.run_us(100_000, &mut Wire::even(0));
    let heard = read(&dir.path().join("heard.wav"));
    assert!(tone_share(&heard[24_000..72_000], 440.0) > 0.95);
    assert!(tone_share(&heard[24_000..72_000], 880.0) < 0.01);
}

#[test]
fn two_calls_share_one_file_with_silence_between_them() {
    let dir = TestDir::new();
    let mut world = World::new(&DeviceSpec::Tone(440), &file(&dir, "heard.wav"));
    for _ in 0..2 {
        world.play(true);
        world.talk(true);
        world.run_us(1_000_000, &mut Wire::even(1_000));
        world.talk(false);
        world.play(false);
        world.run_us(3_000_000, &mut Wire::even(1_000));
    }
    let heard = read(&dir.path().join("heard.wav"));
    assert!((5 * 48_000 - 960..=5 * 48_000 + 960).contains(&heard.len()), "{}", heard.len());
    assert!(tone_share(&heard[12_000..36_000], 440.0) > 0.95, "the first call is still there");
    assert!(heard[49_000..4 * 48_000].iter().all(|s| *s == 0.0));
    assert!(tone_share(&heard[4 * 48_000 + 12_000..5 * 48_000 - 1_000], 440.0) > 0.95);
    let starts: Vec<u64> = world.listener.told.iter().filter_map(sink_start).collect();
    assert_eq!(starts.len(), 2);
    assert_eq!(starts[0], starts[1], "both calls are told where sample 0 of the file lies");
}

fn sink_start(event: &AudioEvent) -> Option<u64> {
    match event {
        AudioEvent::SinkStarted { at_us } => Some(*at_us),
        AudioEvent::SourceStarted { .. }
        | AudioEvent::FirstAudio { .. }
        | AudioEvent::DeviceLost { .. }
        | AudioEvent::DeviceBack { .. }
        | AudioEvent::MutedTalking { .. }
        | AudioEvent::Speaking { .. }
        | AudioEvent::Check(_)
        | AudioEvent::Limited { .. }
        | AudioEvent::RingtoneLost { .. }
        | AudioEvent::RingtoneBack { .. } => None,
    }
}

fn first_sounds(side: &Side) -> usize {
    side.told.iter().filter(|event| **event == AudioEvent::FirstAudio { link: LINK }).count()
}

#[test]
fn the_first_sound_is_told_once_for_each_switching_on() {
    let mut world = World::new(&DeviceSpec::Tone(440), &DeviceSpec::None);
    world.talk(true);
    world.run_us(500_000, &mut Wire::even(1_000));
    assert_eq!(first_sounds(&world.listener), 0, "what comes before playing is dropped");
    for round in 1..3 {
        world.play(true);
        world.run_us(500_000, &mut Wire::even(1_000));
        assert_eq!(first_sounds(&world.listener), round);
        world.play(false);
        world.run_us(500_000, &mut Wire::even(1_000));
    }
}

#[test]
fn what_is_encoded_silence_counts_as_the_first_sound_too() {
    let mut world = World::new(&DeviceSpec::None, &DeviceSpec::None);
    world.play(true);
    world.talk(true);
    world.run_us(100_000, &mut Wire::even(1_000));
    assert_eq!(first_sounds(&world.listener), 1);
}

#[test]
fn two_talkers_are_heard_at_once() {
    let dir = TestDir::new();
    let mut world = World::new(&DeviceSpec::Tone(440), &file(&dir, "heard.wav"));
    let mut other = Side::new(world.clock, &DeviceSpec::Tone(1_000), &DeviceSpec::None, world.now_us);
    other.shared.lock().add_link(LINK, 0);
    other.shared.lock().send(LINK, true);
    other.shared.lock().microphone(true);
    let second = LinkId(8);
    let mut inlet = world.listener.shared.lock().add_link(second, 1);
    world.listener.shared.lock().play(second, true, world.clock.instant(world.now_us));
    world.play(true);
    world.talk(true);
    for sequence in 0..100 {
        world.run_us(20_000, &mut Wire::even(500));
        other.step(world.now_us);
        for (_, AudioFrame { payload, timestamp, marker, .. }) in other.frames.take() {
            let arrived = world.clock.instant(world.now_us);
            inlet.packet(AudioPacket { sequence, timestamp, marker, payload, arrived });
        }
    }
    world.listener.desk.close();
    let heard = read(&dir.path().join("heard.wav"));
    for hz in [440.0, 1_000.0] {
        let share = tone_share(&heard[48_000..86_400], hz);
        assert!((0.35..0.65).contains(&share), "{share} of {hz} Hz");
    }
}

#[test]
fn a_link_that_is_removed_is_forgotten_and_its_name_can_be_used_again() {
    let mut world = World::new(&DeviceSpec::Tone(440), &DeviceSpec::None);
    world.play(true);
    world.talk(true);
    world.run_us(200_000, &mut Wire::even(1_000));
    world.listener.shared.lock().links.remove(&LINK);
    world.listener.due_us = Some(world.now_us);
    world.run_us(200_000, &mut Wire::even(1_000));
    assert!(world.listener.desk.hearing.receivers.is_empty());
    assert_eq!(world.listener.due_us, None, "nothing plays: the thread sleeps");
    world.listener.shared.lock().add_link(LINK, 5);
    world.play(true);
    world.run_us(100_000, &mut Wire::even(1_000));
    assert_eq!(world.stats(), crate::host_media::api::ReceiveStats::default(), "the new one has heard nothing yet");
}

/// A sink that plays three blocks.
struct Brittle(u32, u64);

impl Sink for Brittle {
    fn start(&mut self, now_us: u64) {
        self.1 = now_us;
    }

    fn started_us(&self) -> Option<u64> {
        Some(self.1)
    }

    fn want(&mut self, now_us: u64) -> Option<Want> {
        (self.1 <= now_us).then_some(Want { at_us: self.1, most: 240 })
    }

    fn play(&mut self, sound: &Planes) -> Result<(), Lost> {
        self.1 += samples_to_us(sound.len() as u64);
        self.0 += 1;
        if self.0 > 3 { Err(Lost("unplugged".into())) } else { Ok(()) }
    }

    fn due_us(&self, _now_us: u64) -> u64 {
        self.1
    }

    fn pause(&mut self) -> Result<(), Lost> {
        Ok(())
    }
}

#[test]
fn a_lost_speaker_is_told_once_and_the_call_goes_on() {
    let mut world = World::new(&DeviceSpec::Tone(440), &DeviceSpec::None);
    world.listener.desk.hearing.sink = Box::new(Brittle(0, 0));
    world.play(true);
    world.talk(true);
    world.run_us(1_000_000, &mut Wire::even(1_000));
    let lost = AudioEvent::DeviceLost { input: false, detail: "unplugged".into() };
    assert_eq!(world.listener.told.iter().filter(|event| **event == lost).count(), 1);
    assert!(world.stats().packets_received > 45 && world.stats().concealed_ms < 50.0, "{:?}", world.stats());
}

#[test]
fn a_call_wakes_the_thread_once_for_each_frame_that_comes_or_goes() {
    let mut world = World::new(&DeviceSpec::Tone(440), &DeviceSpec::None);
    let mut wishes = world.listener.shared.lock();
    wishes.microphone(true);
    wishes.send(LINK, true);
    drop(wishes);
    world.play(true);
    world.run_us(7_000, &mut Wire::even(1_000));
    world.talk(true);
    let mut wire = Wire::even(1_000);
    world.run_us(1_000_000, &mut wire);
    let before = world.listener.steps;
    world.run_us(10_000_000, &mut wire);
    let steps = world.listener.steps - before;
    assert!((990..=1_010).contains(&steps), "50 frames a second each way are 100 wake-ups, not {}", steps / 10);
}

#[test]
fn figures_of_a_link_reach_the_daemon() {
    let mut world = World::new(&DeviceSpec::Tone(440), &DeviceSpec::None);
    world.play(true);
    world.talk(true);
    world.run_us(2_000_000, &mut Wire::new(|n| (n % 10 != 9).then_some(1_000)));
    let stats = world.listener.shared.lock().links.get(&LINK).unwrap().stats.clone();
    assert!((80..=90).contains(&stats.packets_received), "{stats:?}");
    assert!((8..=10).contains(&stats.packets_lost), "{stats:?}");
    assert!(stats.concealed_ms >= 160.0 && stats.playout_delay_ms > 0.0, "{stats:?}");
    let source = world.talker.shared.lock().source.clone();
    assert_eq!(source.target_bitrate_bps, 32_000);
    assert!((2.0..10.0).contains(&source.held_ms), "the encoder's look-ahead: {source:?}");
}

#[test]
fn losses_that_come_in_make_what_goes_out_carry_copies() {
    let mut world = World::new(&DeviceSpec::Tone(440), &DeviceSpec::None);
    // The listener talks, too.
    let mut wishes = world.listener.shared.lock();
    wishes.microphone(true);
    wishes.send(LINK, true);
    drop(wishes);
    world.play(true);
    world.talk(true);
    world.run_us(3_000_000, &mut Wire::new(|n| (n % 5 != 0).then_some(1_000)));
    assert_eq!(world.listener.desk.talking.expected_loss_percent(), 20);
    world.run_us(6_000_000, &mut Wire::even(1_000));
    assert_eq!(world.listener.desk.talking.expected_loss_percent(), 0);
}
