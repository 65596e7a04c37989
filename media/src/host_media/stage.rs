//! One side of a call without devices, threads, network or clock: the desk that the daemon steps, stepped by whoever
//! wants to say what time it is. For measuring quality in virtual time.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{
    api::{AudioConfig, AudioEvent, FrameOut, Processing, ReceiveStats, SoundError},
    clock::Clock,
    controls::{Inlet, Shared},
    desk::{Desk, Parts},
    opus::{EncoderConfig, OpusError},
    specs,
    voice::Voice,
};
use crate::simple_webrtc::{
    alive::Alive,
    engine::{AudioFrame, AudioPacket, LinkId, PacketSink},
    feedback::Feedback,
    lane::{Lane, Outgoing},
};

/// The only link of a stage.
const LINK: LinkId = LinkId(1);

/// Events that may wait between two steps.
const EVENTS: usize = 64;

/// A packet on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// Sound, without its head.
    Media {
        /// RTP sequence number.
        sequence: u16,
        /// RTP timestamp, 48 kHz.
        timestamp: u32,
        /// One Opus packet.
        payload: Bytes,
    },
    /// RTCP in the clear.
    Feedback(Bytes),
}

impl From<Outgoing> for Leaving {
    fn from(packet: Outgoing) -> Self {
        let Outgoing { sequence, timestamp, payload, .. } = packet;
        Self::Media { sequence, timestamp, payload }
    }
}

/// RTP source of both directions: nobody else is here.
const SOURCE: u32 = 1;

/// Frames that the desk gave out.
#[derive(Clone, Default)]
struct Frames(Arc<Mutex<Vec<AudioFrame>>>);

impl FrameOut for Frames {
    fn frame(&mut self, _link: LinkId, frame: AudioFrame) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(frame);
    }
}

/// Microphone, speaker and one link. Times are microseconds from its making on.
pub struct Stage {
    clock: Clock,
    base_us: u64,
    desk: Desk,
    shared: Arc<Shared>,
    frames: Frames,
    events: mpsc::Receiver<AudioEvent>,
    inlet: Inlet,
    lane: Lane,
    round_trip: Option<Duration>,
    alive: Alive,
    due_us: Option<u64>,
    source_us: Option<u64>,
    sink_us: Option<u64>,
}

impl Stage {
    /// A side that talks and listens from its first step on.
    ///
    /// # Errors
    /// [`SoundError`] says what of the configuration cannot be used.
    pub fn new(config: &AudioConfig) -> Result<Self, SoundError> {
        let opus = |error: OpusError| SoundError::Setting(error.to_string());
        let clock = Clock::new();
        // Later than the clock's own beginning, so that every time has an instant.
        let base_us = clock.now_us() + 1_000_000;
        let (sender, events) = mpsc::channel(EVENTS);
        let (shared, frames) = (Arc::new(Shared::default()), Frames::default());
        let encoder = EncoderConfig { bitrate_bps: config.bitrate_bps, ..EncoderConfig::default() };
        let parts = Parts {
            clock,
            shared: Arc::clone(&shared),
            out: Box::new(frames.clone()),
            events: sender,
            voice: Voice::new(encoder).map_err(opus)?,
            sink: specs::sink(&config.output, clock).map_err(|lost| SoundError::Output(lost.0))?,
        };
        let desk = Desk::new(parts, config, base_us);
        let mut wishes = shared.lock();
        let inlet = wishes.add_link(LINK, 0);
        wishes.microphone(true);
        wishes.send(LINK, true);
        wishes.play(LINK, true, clock.instant(base_us));
        drop(wishes);
        let (due_us, source_us, sink_us) = (Some(base_us), None, None);
        let (lane, round_trip, alive) = (Lane::new(0), None, Alive::default());
        Ok(Self {
            clock,
            base_us,
            desk,
            shared,
            frames,
            events,
            inlet,
            lane,
            round_trip,
            alive,
            due_us,
            source_us,
            sink_us,
        })
    }

    /// When it wants to be stepped; none if only a wish could change anything.
    #[must_use]
    pub fn due_us(&self) -> Option<u64> {
        let asks_us = self.inlet.due().map(|at| self.clock.us(at));
        let due_us = self.due_us.into_iter().chain(asks_us).min()?;
        Some(due_us.saturating_sub(self.base_us))
    }

    /// Does what is due, and returns what leaves for the other side.
    pub fn step(&mut self, now_us: u64) -> Vec<Leaving> {
        let now = self.clock.instant(self.base_us + now_us);
        // The clocks of both may differ by a microsecond of rounding.
        let asks = self.inlet.due().filter(|due| self.clock.us(*due) <= self.base_us + now_us);
        let mut leaving = asks.map_or_else(Vec::new, |due| self.say(now.max(due)));
        if self.due_us.is_some_and(|due_us| due_us > self.base_us + now_us) {
            return leaving;
        }
        self.due_us = self.desk.step(self.base_us + now_us);
        while let Ok(event) = self.events.try_recv() {
            match event {
                AudioEvent::SourceStarted { at_us } => self.source_us = Some(at_us - self.base_us),
                AudioEvent::SinkStarted { at_us } => self.sink_us = Some(at_us - self.base_us),
                AudioEvent::FirstAudio { .. }
                | AudioEvent::DeviceLost { .. }
                | AudioEvent::DeviceBack { .. }
                | AudioEvent::MutedTalking { .. }
                | AudioEvent::Speaking { .. }
                | AudioEvent::Check(_)
                | AudioEvent::Limited { .. }
                | AudioEvent::RingtoneLost { .. }
                | AudioEvent::RingtoneBack { .. } => {}
            }
        }
        let frames = std::mem::take(&mut *self.frames.0.lock().unwrap_or_else(PoisonError::into_inner));
        for frame in frames {
            let Some((packet, copy)) = self.lane.send(frame, now_us) else { continue };
            leaving.push(packet.into());
            leaving.extend(copy.map(Leaving::from));
        }
        leaving
    }

    /// What is done to sound from now on.
    pub fn process(&mut self, processing: Processing) {
        self.shared.lock().processing = processing;
    }

    /// Time between keep-alives of the link now.
    #[must_use]
    pub fn keep_alive(&self, now_us: u64) -> Duration {
        self.alive.gap(self.clock.instant(self.base_us + now_us))
    }

    /// The round trip of the link was measured.
    pub fn round_trip(&mut self, round_trip: Duration) {
        self.round_trip = Some(round_trip);
    }

    /// A packet has come. Returns what leaves because of it.
    pub fn arrive(&mut self, packet: Leaving, now_us: u64) -> Vec<Leaving> {
        let arrived = self.clock.instant(self.base_us + now_us);
        match packet {
            Leaving::Media { sequence, timestamp, payload } => {
                self.inlet.packet(AudioPacket { sequence, timestamp, marker: false, payload, arrived });
                self.say(arrived)
            }
            Leaving::Feedback(bytes) => {
                let mut feedback = Feedback::default();
                if !feedback.read(&bytes, SOURCE) {
                    return Vec::new();
                }
                if let Some(report) = feedback.report {
                    self.lane.copy_after(report.copies_after);
                    self.inlet.told(report);
                    self.alive.told(report, arrived);
                }
                self.lane.again(&feedback.asked, now_us).into_iter().map(Leaving::from).collect()
            }
        }
    }

    /// What there is to say of what comes.
    fn say(&mut self, now: Instant) -> Vec<Leaving> {
        let feedback = self.inlet.feedback(now, self.round_trip).unwrap_or_default();
        feedback.packets(SOURCE, SOURCE).into_iter().map(Leaving::Feedback).collect()
    }

    /// When sample 0 of the microphone was spoken and sample 0 of the speaker was heard, as soon as they are known.
    #[must_use]
    pub fn started_us(&self) -> (Option<u64>, Option<u64>) {
        (self.source_us, self.sink_us)
    }

    /// Figures of what is heard; at most 200 ms old.
    #[must_use]
    pub fn stats(&self) -> ReceiveStats {
        self.shared.lock().links.get(&LINK).map(|wish| wish.stats.clone()).unwrap_or_default()
    }

    /// What would be shown as the time from the microphone there to the speaker here, ms; at most 200 ms old.
    #[must_use]
    pub fn mouth_to_ear_ms(&self) -> Option<f64> {
        self.stats().mouth_to_ear_ms(&self.shared.lock().source)
    }

    /// Writes out what was heard.
    pub fn close(&mut self) {
        self.desk.close();
    }
}

#[cfg(test)]
mod tests;
