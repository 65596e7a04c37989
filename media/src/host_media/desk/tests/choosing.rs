//! Another microphone or speaker in the middle of a call.

use super::{
    wire::{LINK, Side, Wire, World},
    *,
};
use crate::host_media::{
    clock::{samples_to_us, us_to_samples},
    signals::{read, tone_share},
    source::{Lost, Source},
    specs,
};
use crate::planes::Planes;

/// A microphone that gives one level, and takes its time to begin.
struct Steady {
    level: f32,
    started_us: u64,
    begins_us: u64,
    given: u64,
}

impl Source for Steady {
    fn capture(&mut self, now_us: u64, out: &mut Planes) -> Result<(), Lost> {
        let end = us_to_samples(now_us.saturating_sub(self.begins_us));
        out.mid.resize(out.len() + usize::try_from(end - self.given).unwrap(), self.level);
        self.given = end;
        Ok(())
    }
    fn started_us(&self) -> Option<u64> {
        (self.given > 0).then_some(self.started_us)
    }
    fn due_us(&self, _now_us: u64, samples: usize) -> u64 {
        self.begins_us + samples_to_us(self.given + samples as u64)
    }
}

fn told(side: &Side) -> Vec<(bool, bool)> {
    let of_a_device = |event: &AudioEvent| match event {
        AudioEvent::DeviceLost { input, .. } => Some((*input, false)),
        AudioEvent::DeviceBack { input, .. } => Some((*input, true)),
        AudioEvent::SourceStarted { .. }
        | AudioEvent::SinkStarted { .. }
        | AudioEvent::FirstAudio { .. }
        | AudioEvent::MutedTalking { .. }
        | AudioEvent::Speaking { .. }
        | AudioEvent::RingtoneLost { .. }
        | AudioEvent::RingtoneBack { .. }
        | AudioEvent::Limited { .. }
        | AudioEvent::Check(_) => None,
    };
    side.told.iter().filter_map(of_a_device).collect()
}

#[test]
fn another_microphone_takes_over_without_a_gap_or_a_click_once_it_runs() {
    let mut world = World::new(&DeviceSpec::Default, &DeviceSpec::None);
    let from_us = world.now_us;
    let steady = |level: f32, late_us: u64| {
        move |now_us: u64| -> Result<Box<dyn Source>, Lost> {
            Ok(Box::new(Steady { level, started_us: now_us, begins_us: now_us + late_us, given: 0 }))
        }
    };
    world.talker.desk.talking.open = Box::new(steady(0.5, 0));
    // As they are captured: no stage of the processing takes the steady level for nothing.
    world.talker_wishes(|wishes| wishes.processing.high_pass = Stage::Off);
    world.talk(true);
    world.play(true);
    let mut wire = Wire::even(1_000);
    world.run_us(1_000_000, &mut wire);
    let late_us = 130_000;
    world.talker.desk.talking.select(Box::new(steady(-0.5, late_us)), true, "another");
    world.talker.due_us = Some(world.now_us);
    world.run_us(late_us - 10_000, &mut wire);
    assert_eq!(told(&world.talker), [], "it does not run yet, and the old one is heard");
    world.run_us(1_000_000 - late_us, &mut wire);
    assert_eq!(told(&world.talker), [(true, true)]);
    let received = world.stats().packets_received;
    assert!((97..=100).contains(&received), "a frame every 20 ms all the time: {received}");
    let place = world.talker.desk.talking.capture.as_ref().unwrap().end();
    let behind = us_to_samples(world.now_us - from_us).abs_diff(place);
    assert!(behind < 2 * 960, "the timeline is that of the wall: {behind} samples off");
}

#[test]
fn a_microphone_that_cannot_be_used_is_told_and_tried_again() {
    let mut world = World::new(&DeviceSpec::Tone(440), &DeviceSpec::None);
    world.talk(true);
    world.run_us(500_000, &mut Wire::even(1_000));
    let mut tries = 0;
    let open = move |now_us| {
        tries += 1;
        if tries < 3 { Err(Lost("in use".into())) } else { Ok(specs::silence(now_us)) }
    };
    world.talker.desk.talking.select(Box::new(open), true, "another");
    world.talker.due_us = Some(world.now_us);
    world.run_us(2_000_000, &mut Wire::even(1_000));
    assert_eq!(told(&world.talker), [(true, false), (true, true)]);
}

#[test]
fn another_speaker_plays_on_in_the_call_and_the_old_one_keeps_what_it_had() {
    let dir = TestDir::new();
    let (first, second) = (file(&dir, "first.wav"), file(&dir, "second.wav"));
    let mut world = World::new(&DeviceSpec::Tone(440), &first);
    world.play(true);
    world.talk(true);
    let mut wire = Wire::even(1_000);
    world.run_us(1_000_000, &mut wire);
    let sink = specs::sink(&second, world.clock).unwrap();
    world.listener.shared.lock().output = Some((second, sink));
    world.listener.due_us = Some(world.now_us);
    world.run_us(1_000_000, &mut wire);
    assert!(world.stats().concealed_ms < 100.0, "the link did not notice: {:?}", world.stats());
    world.play(false);
    world.run_us(10_000, &mut wire);
    assert_eq!(told(&world.listener), [(false, true)]);
    let heard = ["first.wav", "second.wav"].map(|name| read(&dir.path().join(name)));
    let seconds: Vec<usize> = heard.iter().map(|sound| sound.len() / 4_800).collect();
    assert!(seconds.iter().all(|tenths| (9..=11).contains(tenths)), "{seconds:?} tenths of a second in each");
    assert!(tone_share(&heard[0][24_000..43_200], 440.0) > 0.9 && tone_share(&heard[1][4_800..43_200], 440.0) > 0.9);
    assert!(world.listener.shared.lock().links.contains_key(&LINK));
}

#[test]
fn a_speaker_that_is_chosen_between_calls_plays_in_the_next() {
    let dir = TestDir::new();
    let (first, second) = (file(&dir, "first.wav"), file(&dir, "second.wav"));
    let mut world = World::new(&DeviceSpec::Tone(440), &first);
    let sink = specs::sink(&second, world.clock).unwrap();
    world.listener.shared.lock().output = Some((second, sink));
    world.listener.due_us = Some(world.now_us);
    world.play(true);
    world.talk(true);
    world.run_us(1_000_000, &mut Wire::even(1_000));
    world.play(false);
    world.run_us(10_000, &mut Wire::even(1_000));
    let heard = ["first.wav", "second.wav"].map(|name| read(&dir.path().join(name)).len());
    assert!(heard[0] == 0 && heard[1] > 43_200, "{heard:?}");
}
