//! The world of these tests: a talker, a listener, and a wire that does to packets what a test wants.

use std::sync::Mutex;

use super::*;
use crate::{
    host_media::{api::ReceiveStats, clock::Clock, controls::Wishes, opus::EncoderConfig, specs},
    simple_webrtc::engine::{AudioPacket, PacketSink},
};

/// The link from the talker to the listener, named alike on both sides.
pub(super) const LINK: LinkId = LinkId(7);

/// Frames that left, in order.
#[derive(Clone, Default)]
pub(super) struct Frames(Arc<Mutex<Vec<(LinkId, AudioFrame)>>>);

impl Frames {
    pub(super) fn take(&self) -> Vec<(LinkId, AudioFrame)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl FrameOut for Frames {
    fn frame(&mut self, link: LinkId, frame: AudioFrame) {
        self.0.lock().unwrap().push((link, frame));
    }
}

/// What happens to packets between the desks.
pub(super) struct Wire {
    latency_us: Box<dyn FnMut(u64) -> Option<u64>>,
    sent: u64,
    flying: Vec<(u64, u16, AudioFrame)>,
}

impl Wire {
    /// Packet `n` takes this long, or is lost.
    pub(super) fn new(latency_us: impl FnMut(u64) -> Option<u64> + 'static) -> Self {
        Self { latency_us: Box::new(latency_us), sent: 0, flying: Vec::new() }
    }

    /// Every packet takes the same time.
    pub(super) fn even(latency_us: u64) -> Self {
        Self::new(move |_| Some(latency_us))
    }
}

/// A desk with its strings.
pub(super) struct Side {
    pub(super) desk: Desk,
    pub(super) shared: Arc<Shared>,
    pub(super) frames: Frames,
    events: mpsc::Receiver<AudioEvent>,
    pub(super) told: Vec<AudioEvent>,
    /// When it wants to be stepped.
    pub(super) due_us: Option<u64>,
    pub(super) steps: u64,
}

impl Side {
    pub(super) fn new(clock: Clock, input: &DeviceSpec, output: &DeviceSpec, now_us: u64) -> Self {
        let (sender, events) = mpsc::channel(64);
        let (shared, frames) = (Arc::new(Shared::default()), Frames::default());
        let encoder = EncoderConfig::default();
        let parts = Parts {
            clock,
            shared: Arc::clone(&shared),
            out: Box::new(frames.clone()),
            events: sender,
            voice: Voice::new(encoder).unwrap(),
            sink: specs::sink(output, clock).unwrap(),
        };
        let config = AudioConfig { input: input.clone(), output: output.clone(), bitrate_bps: 32_000, frame_ms: 20 };
        let desk = Desk::new(parts, &config, now_us);
        Self { desk, shared, frames, events, told: Vec::new(), due_us: Some(now_us), steps: 0 }
    }

    pub(super) fn step(&mut self, now_us: u64) {
        self.due_us = self.desk.step(now_us);
        self.steps += 1;
        while let Ok(event) = self.events.try_recv() {
            self.told.push(event);
        }
    }
}

/// Somebody talks, somebody listens.
pub(super) struct World {
    pub(super) clock: Clock,
    pub(super) now_us: u64,
    pub(super) talker: Side,
    pub(super) listener: Side,
    inlet: Box<dyn PacketSink>,
    sequence: u16,
}

impl World {
    pub(super) fn new(input: &DeviceSpec, output: &DeviceSpec) -> Self {
        let clock = Clock::new();
        let now_us = clock.now_us() + 1_000_000;
        let talker = Side::new(clock, input, &DeviceSpec::None, now_us);
        let listener = Side::new(clock, &DeviceSpec::None, output, now_us);
        talker.shared.lock().add_link(LINK, 0);
        let inlet = Box::new(listener.shared.lock().add_link(LINK, 0));
        Self { clock, now_us, talker, listener, inlet, sequence: 65_500 }
    }

    /// Changes what the talker wants.
    pub(super) fn talker_wishes(&mut self, change: impl FnOnce(&mut Wishes)) {
        change(&mut self.talker.shared.lock());
        self.talker.due_us = Some(self.now_us);
    }

    /// Opens the talker's microphone towards the listener, or closes it.
    pub(super) fn talk(&mut self, on: bool) {
        self.talker_wishes(|wishes| {
            wishes.microphone(on);
            wishes.send(LINK, on);
        });
    }

    /// Plays on the listener's side, or stops.
    pub(super) fn play(&mut self, on: bool) {
        self.listener.shared.lock().play(LINK, on, self.clock.instant(self.now_us));
        self.listener.due_us = Some(self.now_us);
    }

    /// Time passes.
    pub(super) fn run_us(&mut self, us: u64, wire: &mut Wire) {
        let end_us = self.now_us + us;
        loop {
            let arrival = wire.flying.iter().map(|(at, ..)| *at).min();
            let next = [self.talker.due_us, self.listener.due_us, arrival].into_iter().flatten().min();
            let Some(at_us) = next.filter(|at| *at < end_us) else { break };
            self.now_us = self.now_us.max(at_us);
            self.arrive(wire);
            if self.talker.due_us.is_some_and(|due| due <= self.now_us) {
                self.talker.step(self.now_us);
                self.launch(wire);
            }
            if self.listener.due_us.is_some_and(|due| due <= self.now_us) {
                self.listener.step(self.now_us);
            }
        }
        self.now_us = end_us;
    }

    fn launch(&mut self, wire: &mut Wire) {
        for (link, frame) in self.talker.frames.take() {
            assert_eq!(link, LINK);
            if let Some(latency_us) = (wire.latency_us)(wire.sent) {
                wire.flying.push((self.now_us + latency_us, self.sequence, frame));
            }
            wire.sent += 1;
            self.sequence = self.sequence.wrapping_add(1);
        }
    }

    fn arrive(&mut self, wire: &mut Wire) {
        let all = std::mem::take(&mut wire.flying).into_iter();
        let (here, flying): (Vec<_>, Vec<_>) = all.partition(|(at, ..)| *at <= self.now_us);
        wire.flying = flying;
        for (at_us, sequence, AudioFrame { payload, timestamp, marker, .. }) in here {
            let arrived = self.clock.instant(at_us);
            self.inlet.packet(AudioPacket { sequence, timestamp, marker, payload, arrived });
        }
    }

    /// Monotonic microseconds of sample 0 of the source and of the sink, the latest told.
    pub(super) fn started(&self) -> (u64, u64) {
        let source = self.talker.told.iter().rev().find_map(|event| match event {
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
        });
        let sink = self.listener.told.iter().rev().find_map(|event| match event {
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
        });
        (source.expect("the source started"), sink.expect("the sink started"))
    }

    /// The listener's figures.
    pub(super) fn stats(&self) -> ReceiveStats {
        self.listener.desk.hearing.receivers.values().next().expect("a link plays").1.stats(self.now_us)
    }
}
