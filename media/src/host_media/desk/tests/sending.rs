//! From the mouth to the wire.

use super::{
    wire::{LINK, World},
    *,
};
use crate::planes::Planes;
use crate::{
    host_media::{
        capture::Capture,
        opus::{Decoder, Encoder, EncoderConfig},
        source::{Lost, Source},
        specs,
    },
    limits::OPUS_PACKET_SAMPLES,
};

/// Frames that leave within `us`.
fn sent(world: &mut World, us: u64) -> Vec<AudioFrame> {
    let end_us = world.now_us + us;
    let mut frames = Vec::new();
    while let Some(due_us) = world.talker.due_us.filter(|due| *due < end_us) {
        world.now_us = world.now_us.max(due_us);
        world.talker.step(world.now_us);
        frames.extend(world.talker.frames.take().into_iter().map(|(_, frame)| frame));
    }
    world.now_us = end_us;
    frames
}

/// Loudest sample of what a fresh decoder hears.
fn peak(frames: &[AudioFrame]) -> f32 {
    let mut decoder = Decoder::new(0).unwrap();
    let mut out = [0.0; OPUS_PACKET_SAMPLES];
    let mut peak = 0.0_f32;
    for frame in frames {
        let samples = decoder.decode(&frame.payload, &mut out).unwrap();
        peak = out[..samples].iter().map(|s| s.abs()).fold(peak, f32::max);
    }
    peak
}

fn payloads(frames: &[AudioFrame]) -> Vec<bytes::Bytes> {
    frames.iter().map(|frame| frame.payload.clone()).collect()
}

/// What an encoder makes that has never heard anything.
fn silence(frames: usize) -> Vec<bytes::Bytes> {
    let mut encoder = Encoder::new(EncoderConfig::default()).unwrap();
    (0..frames).map(|_| encoder.encode(&[0.0; 960]).unwrap()).collect()
}

fn tone() -> World {
    World::new(&DeviceSpec::Tone(440), &DeviceSpec::None)
}

#[test]
fn frames_leave_every_20_ms_on_a_timeline_of_the_wall() {
    let mut world = tone();
    world.talk(true);
    let frames = sent(&mut world, 1_000_001);
    assert_eq!(frames.len(), 50);
    assert!(frames.windows(2).all(|pair| pair[1].timestamp - pair[0].timestamp == 960));
    assert_eq!(frames.iter().filter(|frame| frame.marker).count(), 1);
    assert!(frames[0].marker, "the first frame after a pause is marked");
    world.talk(false);
    assert!(sent(&mut world, 3_000_000).is_empty(), "a closed microphone sends nothing");
    world.talk(true);
    let again = sent(&mut world, 100_001);
    assert!(again[0].marker);
    assert_eq!(again[0].timestamp - frames[49].timestamp, 960 + 3 * 48_000);
}

#[test]
fn nothing_said_in_an_earlier_opening_leaves_in_a_later_one() {
    let mut world = tone();
    world.talk(true);
    let first = payloads(&sent(&mut world, 100_001));
    sent(&mut world, 500_000);
    world.talk(false);
    sent(&mut world, 1_000_000);
    world.talk(true);
    // The tone begins anew, and so does the encoder: its look-ahead would hold the end of the earlier one.
    assert_eq!(payloads(&sent(&mut world, 100_001)), first);
}

#[test]
fn nothing_is_encoded_for_nobody_and_the_thread_sleeps_while_the_microphone_is_closed() {
    let mut world = tone();
    world.talker.step(world.now_us);
    assert_eq!(world.talker.due_us, None);
    world.talker_wishes(|wishes| wishes.microphone(true));
    assert!(sent(&mut world, 500_000).is_empty());
    world.talker_wishes(|wishes| wishes.microphone(false));
    sent(&mut world, 1);
    assert_eq!(world.talker.due_us, None);
}

#[test]
fn one_encoding_goes_to_every_link_and_a_late_one_gets_a_marker() {
    let mut world = tone();
    let other = LinkId(9);
    world.talker.shared.lock().add_link(other, 3);
    world.talk(true);
    sent(&mut world, 100_001);
    world.talker_wishes(|wishes| wishes.send(other, true));
    world.now_us += 20_000;
    world.talker.step(world.now_us);
    let frames = world.talker.frames.take();
    assert_eq!(
        frames.iter().map(|(link, frame)| (*link, frame.marker)).collect::<Vec<_>>(),
        [(LINK, false), (other, true)]
    );
    assert_eq!(frames[0].1.timestamp, frames[1].1.timestamp);
    assert!(std::ptr::eq(frames[0].1.payload.as_ptr(), frames[1].1.payload.as_ptr()), "shared, not encoded again");
}

#[test]
fn muted_frames_have_the_same_size_and_hold_nothing() {
    let mut world = tone();
    world.talk(true);
    let loud = sent(&mut world, 500_000);
    assert!(peak(&loud) > 0.4);
    world.talker_wishes(|wishes| wishes.mute(true));
    let muted = sent(&mut world, 500_000);
    assert_eq!(muted.len(), 25, "frames go on");
    assert!(muted.iter().all(|frame| frame.payload.len() == loud[0].payload.len()));
    assert_eq!(payloads(&muted), silence(25), "not even what the encoder had looked ahead is in them");
    world.talker_wishes(|wishes| wishes.mute(false));
    assert!(peak(&sent(&mut world, 500_000)) > 0.4);
}

/// What happens while a source is read: the time, and what was captured.
type During = Box<dyn FnMut(u64, &mut [f32]) + Send>;

/// A source that can be told what happens while it is read.
struct Scene {
    inner: Box<dyn Source>,
    during: During,
    fails_at_us: u64,
}

impl Source for Scene {
    fn capture(&mut self, now_us: u64, out: &mut Planes) -> Result<(), Lost> {
        if now_us >= self.fails_at_us {
            return Err(Lost("unplugged".into()));
        }
        let from = out.len();
        self.inner.capture(now_us, out)?;
        (self.during)(now_us, &mut out.mid[from..]);
        Ok(())
    }

    fn started_us(&self) -> Option<u64> {
        self.inner.started_us()
    }

    fn due_us(&self, now_us: u64, samples: usize) -> u64 {
        self.inner.due_us(now_us, samples)
    }
}

/// Puts a scene in the place of the open microphone.
fn stage(world: &mut World, fails_at_us: u64, during: impl FnMut(u64, &mut [f32]) + Send + 'static) {
    world.talk(true);
    world.talker.step(world.now_us);
    let inner = specs::source(&DeviceSpec::Tone(440), world.clock, world.now_us).unwrap();
    let scene = Scene { inner, during: Box::new(during), fails_at_us };
    world.talker.desk.talking.capture = Some(Capture::new(Box::new(scene), 960, 0, world.now_us));
    world.talker.due_us = Some(world.now_us);
}

#[test]
fn a_mute_that_comes_while_a_frame_is_made_silences_that_frame() {
    let mut world = tone();
    let (shared, at_us) = (Arc::clone(&world.talker.shared), world.now_us + 100_000);
    stage(&mut world, u64::MAX, move |now_us, _| {
        if now_us >= at_us {
            shared.lock().mute(true);
        }
    });
    let frames = sent(&mut world, 500_001);
    assert_eq!(frames.len(), 25);
    assert!(peak(&frames[..4]) > 0.4);
    assert_eq!(payloads(&frames[4..]), silence(21), "the fifth frame was captured before, and leaves after");
}

#[test]
fn a_microphone_that_closes_while_a_frame_is_made_keeps_that_frame() {
    let mut world = tone();
    let (shared, at_us) = (Arc::clone(&world.talker.shared), world.now_us + 100_000);
    stage(&mut world, u64::MAX, move |now_us, _| {
        if now_us >= at_us {
            shared.lock().microphone(false);
        }
    });
    assert_eq!(sent(&mut world, 500_000).len(), 4);
}

#[test]
fn what_was_said_between_a_mute_and_an_unmute_that_the_thread_never_saw_does_not_leave() {
    let mut world = tone();
    let (muted_us, unmuted_us) = (world.now_us + 202_000, world.now_us + 217_000);
    // Loud in the frame in which both happen, silent before and after.
    stage(&mut world, u64::MAX, move |now_us, sound| {
        if !(muted_us..unmuted_us + 20_000).contains(&now_us) {
            sound.fill(0.0);
        }
    });
    sent(&mut world, 200_001);
    world.talker.shared.lock().mute(true);
    world.talker.shared.lock().mute(false);
    let after = sent(&mut world, 500_000);
    assert_eq!(after.len(), 25);
    assert!(peak(&after) < 0.001, "{}", peak(&after));
}

#[test]
fn what_was_said_while_muted_does_not_leave_after_unmuting() {
    for offset_us in [1, 5_000, 15_000, 19_999] {
        let mut world = tone();
        let unmuted_us = world.now_us + 200_000 + offset_us;
        // Loud until the moment of unmuting, then silent.
        stage(&mut world, u64::MAX, move |now_us, sound| {
            if now_us > unmuted_us {
                sound.fill(0.0);
            }
        });
        world.talker.shared.lock().mute(true);
        sent(&mut world, 200_000 + offset_us);
        world.talker_wishes(|wishes| wishes.mute(false));
        let after = sent(&mut world, 500_000);
        assert!(after.len() >= 24);
        assert!(peak(&after) < 0.001, "unmuted {offset_us} us into a frame: {}", peak(&after));
    }
}

#[test]
fn a_lost_microphone_is_told_once_and_silence_goes_on() {
    let mut world = tone();
    let lost_us = world.now_us + 200_000;
    stage(&mut world, lost_us, |_, _| {});
    let frames = sent(&mut world, 1_000_001);
    assert!(frames.len() >= 49, "{}", frames.len());
    let lost = AudioEvent::DeviceLost { input: true, detail: "unplugged".into() };
    assert_eq!(world.talker.told.iter().filter(|event| **event == lost).count(), 1);
    assert!(peak(&frames[12..]) < 0.001);
    assert!(frames.windows(2).all(|pair| pair[1].timestamp > pair[0].timestamp));
}

#[test]
fn a_file_that_has_vanished_is_told_when_the_microphone_opens() {
    let dir = TestDir::new();
    let mut world = World::new(&file(&dir, "missing.wav"), &DeviceSpec::None);
    world.talk(true);
    let frames = sent(&mut world, 200_001);
    assert_eq!(frames.len(), 10, "encoded silence");
    let told: Vec<_> =
        world.talker.told.iter().filter(|e| matches!(e, AudioEvent::DeviceLost { input: true, .. })).collect();
    assert_eq!(told.len(), 1);
}

#[test]
fn each_opening_starts_the_file_at_its_sample_0_even_if_the_thread_missed_the_closing() {
    let mut world = tone();
    world.talk(true);
    sent(&mut world, 105_000);
    world.talker_wishes(|wishes| {
        wishes.microphone(false);
        wishes.microphone(true);
    });
    let opened_us = world.now_us;
    let again = sent(&mut world, 100_001);
    assert!(again[0].marker);
    let starts: Vec<u64> = world
        .talker
        .told
        .iter()
        .filter_map(|event| match event {
            AudioEvent::SourceStarted { at_us } => Some(*at_us),
            AudioEvent::SinkStarted { .. }
            | AudioEvent::FirstAudio { .. }
            | AudioEvent::DeviceLost { .. }
            | AudioEvent::DeviceBack { .. }
            | AudioEvent::MutedTalking { .. }
            | AudioEvent::Speaking { .. }
            | AudioEvent::Check(_)
            | AudioEvent::Limited { .. }
            | AudioEvent::RingtoneLost { .. }
            | AudioEvent::RingtoneBack { .. } => None,
        })
        .collect();
    assert_eq!((starts.len(), starts[1]), (2, opened_us));
}

#[test]
fn a_stall_of_the_thread_is_a_gap_not_a_burst() {
    let mut world = tone();
    world.talk(true);
    let before = sent(&mut world, 200_000);
    world.now_us += 5_000_000;
    let after = sent(&mut world, 100_000);
    assert!(after.len() <= 3 + 5, "{} frames at once", after.len());
    assert!(after[0].marker);
    let gap = after[0].timestamp - before.last().unwrap().timestamp;
    assert!(gap > 4 * 48_000, "the timeline is that of the wall: {gap}");
}
