//! Devices that vanish in a call and come back.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{
    wire::{LINK, Wire, World},
    *,
};
use crate::host_media::{
    clock::{samples_to_us, us_to_samples},
    sink::Want,
    source::{Lost, Source},
};
use crate::planes::Planes;

/// The plug of a device: what it is plugged into, and whether.
#[derive(Clone)]
struct Plug(Arc<AtomicBool>);

impl Plug {
    fn new() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    fn set(&self, plugged: bool) {
        self.0.store(plugged, Ordering::Relaxed);
    }

    fn check(&self) -> Result<(), Lost> {
        if self.0.load(Ordering::Relaxed) { Ok(()) } else { Err(Lost("unplugged".into())) }
    }
}

/// A microphone that hears one level.
struct Steady {
    plug: Plug,
    started_us: u64,
    given: u64,
}

impl Source for Steady {
    fn capture(&mut self, now_us: u64, out: &mut Planes) -> Result<(), Lost> {
        self.plug.check()?;
        let owed = us_to_samples(now_us - self.started_us) - self.given;
        self.given += owed;
        out.mid.resize(out.len() + usize::try_from(owed).unwrap(), 0.5);
        Ok(())
    }
    fn started_us(&self) -> Option<u64> {
        Some(self.started_us)
    }
    fn due_us(&self, _now_us: u64, samples: usize) -> u64 {
        self.started_us + samples_to_us(self.given + samples as u64)
    }
}

/// A speaker that keeps time.
struct Even {
    plug: Plug,
    next_us: u64,
    played: Arc<Shared>,
}

impl Sink for Even {
    fn start(&mut self, now_us: u64) {
        self.next_us = now_us;
    }
    fn started_us(&self) -> Option<u64> {
        Some(self.next_us)
    }
    fn want(&mut self, now_us: u64) -> Option<Want> {
        (self.next_us <= now_us).then_some(Want { at_us: self.next_us, most: 480 })
    }
    fn play(&mut self, sound: &Planes) -> Result<(), Lost> {
        self.next_us += samples_to_us(sound.len() as u64);
        // Stands in for a counter of blocks that were played on the device itself.
        self.played.lock().openings += 1;
        self.plug.check()
    }
    fn due_us(&self, _now_us: u64) -> u64 {
        self.next_us
    }
    fn pause(&mut self) -> Result<(), Lost> {
        Ok(())
    }
}

/// The losses and returns that were told: true for a return.
fn told(side: &super::wire::Side) -> Vec<(bool, bool)> {
    let of_a_device = |event: &AudioEvent| match event {
        AudioEvent::DeviceLost { input, .. } => Some((*input, false)),
        AudioEvent::DeviceBack { input, .. } => Some((*input, true)),
        AudioEvent::SourceStarted { .. }
        | AudioEvent::SinkStarted { .. }
        | AudioEvent::FirstAudio { .. }
        | AudioEvent::MutedTalking { .. }
        | AudioEvent::Speaking { .. }
        | AudioEvent::Check(_)
        | AudioEvent::Limited { .. }
        | AudioEvent::RingtoneLost { .. }
        | AudioEvent::RingtoneBack { .. } => None,
    };
    side.told.iter().filter_map(of_a_device).collect()
}

#[test]
fn a_microphone_that_comes_back_is_used_again_and_both_is_told_once() {
    let mut world = World::new(&DeviceSpec::Default, &DeviceSpec::None);
    let plug = Plug::new();
    let socket = plug.clone();
    world.talker.desk.talking.open = Box::new(move |now_us| {
        socket.check()?;
        Ok(Box::new(Steady { plug: socket.clone(), started_us: now_us, given: 0 }))
    });
    world.talk(true);
    world.play(true);
    let mut wire = Wire::even(1_000);
    let from_us = world.now_us;
    for lost in [false, true] {
        world.run_us(1_000_000, &mut wire);
        plug.set(lost);
        world.run_us(3_000_000, &mut wire);
    }
    assert_eq!(told(&world.talker), [(true, false), (true, true)]);
    let received = world.stats().packets_received;
    assert!((390..=400).contains(&received), "frames went on all the time: {received}");
    let place = world.talker.desk.talking.capture.as_ref().unwrap().end();
    let behind = us_to_samples(world.now_us - from_us).abs_diff(place);
    assert!(behind < 2 * 960, "the timeline is that of the wall: {behind} samples off");
}

#[test]
fn a_speaker_that_comes_back_plays_again_and_the_links_did_not_notice() {
    let mut world = World::new(&DeviceSpec::Tone(440), &DeviceSpec::Default);
    let (plug, played) = (Plug::new(), Arc::new(Shared::default()));
    let (socket, counter) = (plug.clone(), Arc::clone(&played));
    let hearing = &mut world.listener.desk.hearing;
    hearing.sink = Box::new(Even { plug: plug.clone(), next_us: 0, played: Arc::clone(&played) });
    hearing.open = Box::new(move |now_us| {
        socket.check()?;
        Ok(Box::new(Even { plug: socket.clone(), next_us: now_us, played: Arc::clone(&counter) }))
    });
    world.play(true);
    world.talk(true);
    let mut wire = Wire::even(1_000);
    world.run_us(1_000_000, &mut wire);
    plug.set(false);
    world.run_us(3_000_000, &mut wire);
    assert_eq!(told(&world.listener), [(false, false)]);
    let before = played.lock().openings;
    plug.set(true);
    world.run_us(1_000_000, &mut wire);
    assert_eq!(told(&world.listener), [(false, false), (false, true)]);
    assert!(played.lock().openings > before + 20, "it plays");
    let stats = world.stats();
    assert!(stats.packets_received > 240 && stats.concealed_ms < 100.0, "{stats:?}");
}

#[test]
fn a_speaker_that_is_lost_when_a_call_ends_is_tried_when_the_next_begins() {
    let mut world = World::new(&DeviceSpec::Tone(440), &DeviceSpec::Default);
    let (plug, played) = (Plug::new(), Arc::new(Shared::default()));
    let (socket, counter) = (plug.clone(), Arc::clone(&played));
    let hearing = &mut world.listener.desk.hearing;
    hearing.sink = Box::new(Even { plug: plug.clone(), next_us: 0, played });
    hearing.open = Box::new(move |now_us| {
        socket.check()?;
        Ok(Box::new(Even { plug: socket.clone(), next_us: now_us, played: Arc::clone(&counter) }))
    });
    plug.set(false);
    world.play(true);
    world.run_us(100_000, &mut Wire::even(1_000));
    world.play(false);
    plug.set(true);
    world.run_us(10_000_000, &mut Wire::even(1_000));
    assert_eq!(told(&world.listener), [(false, false)], "nothing is opened while nothing plays");
    assert_eq!(world.listener.due_us, None, "and nobody is woken for it");
    world.play(true);
    world.run_us(50_000, &mut Wire::even(1_000));
    assert_eq!(told(&world.listener), [(false, false), (false, true)]);
    assert!(world.listener.shared.lock().links.contains_key(&LINK));
}
