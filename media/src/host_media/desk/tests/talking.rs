//! Stages between the microphone and the encoder, as the desk runs them: nothing said while muted leaves, and who talks is told.

use super::{wire::World, *};
use crate::{
    host_media::{
        api::{Processing, Stage},
        opus::Decoder,
    },
    limits::OPUS_PACKET_SAMPLES,
    processing::test_sounds::{power_db, speech_for, tone},
};

/// Every stage on, whatever the device.
const ALL: Processing = Processing {
    high_pass: Stage::On,
    echo_cancellation: Stage::On,
    noise_suppression: Stage::On,
    gain_control: Stage::On,
    even_levels: Stage::On,
    music: Stage::Off,
};

/// Writes a sound to be spoken.
fn spoken(dir: &TestDir, sound: &[f32]) -> DeviceSpec {
    let sample_format = hound::SampleFormat::Int;
    let spec = hound::WavSpec { channels: 1, sample_rate: 48_000, bits_per_sample: 16, sample_format };
    let mut writer = hound::WavWriter::create(dir.path().join("spoken.wav"), spec).unwrap();
    sound.iter().for_each(|sample| writer.write_sample((sample * 32_767.0) as i16).unwrap());
    writer.finalize().unwrap();
    file(dir, "spoken.wav")
}

/// What a listener decodes of all that leaves within `us`.
fn heard(world: &mut World, decoder: &mut Decoder, us: u64) -> Vec<f32> {
    let end_us = world.now_us + us;
    let mut sound = Vec::new();
    let mut out = [0.0; OPUS_PACKET_SAMPLES];
    while let Some(due_us) = world.talker.due_us.filter(|due| *due < end_us) {
        world.now_us = world.now_us.max(due_us);
        world.talker.step(world.now_us);
        for (_, frame) in world.talker.frames.take() {
            let samples = decoder.decode(&frame.payload, &mut out).unwrap();
            sound.extend_from_slice(&out[..samples]);
        }
    }
    world.now_us = end_us;
    sound
}

fn talk(dir: &TestDir, sound: &[f32], processing: Processing) -> (World, Decoder) {
    let mut world = World::new(&spoken(dir, sound), &DeviceSpec::None);
    world.talker_wishes(|wishes| wishes.processing = processing);
    world.talk(true);
    (world, Decoder::new(0).unwrap())
}

fn mute(world: &mut World, muted: bool) {
    world.talker_wishes(|wishes| wishes.mute(muted));
}

#[test]
fn what_the_stages_still_held_when_it_was_unmuted_does_not_leave() {
    let mut sound = tone(700.0, 0.5, 48_000);
    sound.resize(3 * 48_000, 0.0);
    for processing in [ALL, Processing::default()] {
        let dir = TestDir::new();
        let (mut world, mut decoder) = talk(&dir, &sound, processing);
        assert!(power_db(&heard(&mut world, &mut decoder, 300_000)) > -40.0);
        mute(&mut world, true);
        heard(&mut world, &mut decoder, 700_000);
        mute(&mut world, false);
        let after = heard(&mut world, &mut decoder, 1_000_000);
        let loudest = after.iter().map(|s| s.abs()).fold(0.0, f32::max);
        assert!(after.len() > 40_000 && loudest < 0.003, "{processing:?}: {loudest}");
    }
}

#[test]
fn files_are_sent_as_they_are_unless_stages_are_switched_on() {
    let sound = speech_for("ada", 2);
    let dir = TestDir::new();
    let (mut world, _) = talk(&dir, &sound, Processing::default());
    let (mut same, _) = talk(&dir, &sound, Processing { high_pass: Stage::Off, ..Processing::default() });
    let (mut other, _) = talk(&dir, &sound, ALL);
    let frames = |world: &mut World| {
        let mut frames = Vec::new();
        for _ in 0..60 {
            world.now_us = world.talker.due_us.unwrap();
            world.talker.step(world.now_us);
            frames.extend(world.talker.frames.take().into_iter().map(|(_, frame)| frame.payload));
        }
        frames
    };
    let sent = frames(&mut world);
    assert_eq!(sent, frames(&mut same));
    assert_ne!(sent, frames(&mut other));
    assert_eq!(world.talker.shared.lock().source.held_ms + 16.0, other.talker.shared.lock().source.held_ms);
}

#[test]
fn who_talks_into_a_muted_microphone_is_told_so_until_unmuting_and_nothing_leaves() {
    let dir = TestDir::new();
    let (mut world, mut decoder) = talk(&dir, &speech_for("ben", 8), Processing::default());
    mute(&mut world, true);
    let sent = heard(&mut world, &mut decoder, 3_000_000);
    assert!(sent.iter().all(|s| s.abs() < 1e-3));
    let told = |world: &mut World| {
        let of_talk =
            |event: &AudioEvent| matches!(event, AudioEvent::MutedTalking { .. } | AudioEvent::Speaking { .. });
        world.talker.told.drain(..).filter(of_talk).collect::<Vec<_>>()
    };
    assert_eq!(told(&mut world), [AudioEvent::MutedTalking { on: true }]);
    mute(&mut world, false);
    heard(&mut world, &mut decoder, 1_000_000);
    let now = [AudioEvent::MutedTalking { on: false }, AudioEvent::Speaking { link: None, on: true }];
    assert_eq!(told(&mut world), now);
    // The file is over after 8 s: silence.
    heard(&mut world, &mut decoder, 8_000_000);
    assert_eq!(told(&mut world), [AudioEvent::Speaking { link: None, on: false }]);
}
