//! All of sound as one value that is stepped: no clock, no thread, no lock but that of the wishes. The audio thread
//! steps it in real time, tests step it as they like.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use tokio::sync::mpsc::{self, error::TrySendError};

use super::{
    api::{AudioConfig, AudioEvent, DeviceSpec, FrameOut, SourceStats},
    capture::{Capture, Frame},
    clock::{Clock, us_to_samples},
    controls::{LinkWish, Shared, Wishes},
    jitter_buffer::{adaptive::Adaptive, opus_frames::OpusFrames},
    mixer::Mixer,
    opus::OpusError,
    receiver::Receiver,
    sink::{Sink, TICK},
    source::Lost,
    specs,
    voice::Voice,
};
use crate::{
    limits::PENDING_EVENTS,
    simple_webrtc::engine::{AudioFrame, LinkId},
};

/// Decoder complexity: plain Opus. From 5 on a concealed frame would cost 0.8 ms, from 6 on every frame more.
const DECODER_COMPLEXITY: u32 = 0;

/// Time between two updates of the figures, microseconds.
const STATS_US: u64 = 200_000;

/// Time until events that found no room are tried again, microseconds.
const RETRY_US: u64 = 20_000;

/// Microphone, links and speaker.
pub(crate) struct Desk {
    clock: Clock,
    shared: Arc<Shared>,
    out: Box<dyn FrameOut>,
    events: mpsc::Sender<AudioEvent>,
    pending: VecDeque<AudioEvent>,
    input: DeviceSpec,
    frame: usize,
    /// Monotonic microseconds of place 0 of the timeline of what we send.
    origin_us: u64,
    /// Place behind the last frame of an earlier opening.
    end: u64,
    opening: u64,
    capture: Option<Capture>,
    voice: Voice,
    /// Links that got the last frame: others get a marker.
    sending: BTreeSet<LinkId>,
    receivers: BTreeMap<LinkId, (u64, Receiver)>,
    sink: Box<dyn Sink>,
    playing: bool,
    announced: bool,
    mixer: Mixer,
    block: Vec<f32>,
    stats: SourceStats,
    stats_us: u64,
}

/// What a desk is made of.
pub(crate) struct Parts {
    pub(crate) clock: Clock,
    pub(crate) shared: Arc<Shared>,
    pub(crate) out: Box<dyn FrameOut>,
    pub(crate) events: mpsc::Sender<AudioEvent>,
    pub(crate) voice: Voice,
    pub(crate) sink: Box<dyn Sink>,
    /// What cannot be heard before, ms: the encoder looks ahead.
    pub(crate) lookahead_ms: f64,
}

impl Desk {
    /// A desk where nothing is open.
    pub(crate) fn new(parts: Parts, config: &AudioConfig, now_us: u64) -> Self {
        let Parts { clock, shared, out, events, voice, sink, lookahead_ms } = parts;
        let frame = usize::try_from(config.frame_ms).unwrap_or(20) * 48;
        let stats = SourceStats {
            target_bitrate_bps: config.bitrate_bps,
            capture_delay_ms: f64::from(config.frame_ms) + lookahead_ms,
        };
        Self {
            clock,
            shared,
            out,
            events,
            pending: VecDeque::new(),
            input: config.input.clone(),
            frame,
            origin_us: now_us,
            end: 0,
            opening: 0,
            capture: None,
            voice,
            sending: BTreeSet::new(),
            receivers: BTreeMap::new(),
            sink,
            playing: false,
            announced: false,
            mixer: Mixer::new(TICK),
            block: vec![0.0; TICK],
            stats,
            stats_us: 0,
        }
    }

    /// Does what is due at `now_us`. Returns when to be called again at the latest: none if only a wish can change that.
    pub(crate) fn step(&mut self, now_us: u64) -> Option<u64> {
        self.follow_wishes(now_us);
        self.send_frames(now_us);
        self.play_ticks(now_us);
        self.announce();
        self.tell();
        let capture = self.capture.as_ref().map(|capture| capture.due_us(now_us));
        let playback = self.playing.then(|| self.sink.due_us(now_us));
        let retry = (!self.pending.is_empty()).then_some(now_us + RETRY_US);
        [capture, playback, retry].into_iter().flatten().min()
    }

    /// Writes out what was heard.
    pub(crate) fn close(&mut self) {
        if let Err(lost) = self.sink.pause() {
            tracing::warn!(error = lost.0, "the end of the heard sound could not be written");
        }
    }

    fn follow_wishes(&mut self, now_us: u64) {
        let shared = Arc::clone(&self.shared);
        let mut wishes = shared.lock();
        self.follow_links(&mut wishes);
        if now_us >= self.stats_us + STATS_US || self.stats_us == 0 {
            self.stats_us = now_us;
            wishes.source = self.stats.clone();
            for (link, (_, receiver)) in &self.receivers {
                if let Some(wish) = wishes.links.get_mut(link) {
                    wish.stats = receiver.stats(now_us);
                }
            }
        }
        let (open, openings, muted) = (wishes.open, wishes.openings, wishes.muted);
        drop(wishes);
        self.follow_microphone(open, openings, now_us);
        self.follow_mute(muted, now_us);
        self.follow_playing(now_us);
    }

    fn follow_links(&mut self, wishes: &mut Wishes) {
        let gone: Vec<LinkId> = self
            .receivers
            .iter()
            .filter(|(link, (number, _))| {
                !wishes.links.get(link).is_some_and(|wish| wish.number == *number && wish.play.is_some())
            })
            .map(|(link, _)| *link)
            .collect();
        for link in gone {
            let Some((number, receiver)) = self.receivers.remove(&link) else { continue };
            if let Some(wish) = wishes.links.get_mut(&link).filter(|wish| wish.number == number) {
                wish.packets = Some(receiver.into_packets());
            }
        }
        for (link, wish) in &mut wishes.links {
            if let Some(receiver) = receiver(wish, &self.clock) {
                self.receivers.insert(*link, (wish.number, receiver));
            }
        }
    }

    fn follow_microphone(&mut self, open: bool, openings: u64, now_us: u64) {
        if !open || openings != self.opening {
            if let Some(capture) = self.capture.take() {
                self.end = self.end.max(capture.end());
            }
            self.sending.clear();
        }
        if open && self.capture.is_none() {
            let place = us_to_samples(now_us.saturating_sub(self.origin_us)).max(self.end);
            let (source, lost) = match specs::source(&self.input, self.clock, now_us) {
                Ok(source) => (source, None),
                Err(lost) => (specs::silence(now_us), Some(lost)),
            };
            let mut capture = Capture::new(source, self.frame, place);
            if let Some(lost) = lost {
                capture.lose(now_us);
                self.lose(true, lost);
            }
            self.capture = Some(capture);
        }
        self.opening = openings;
    }

    fn follow_mute(&mut self, muted: bool, now_us: u64) {
        if self.voice.muted() && !muted {
            // What was said while `muted` was shown does not leave afterwards either.
            self.collect(now_us);
            if let Some(capture) = &mut self.capture {
                capture.forget();
            }
        }
        if let Err(error) = self.voice.mute(muted) {
            self.voice_failed(&error);
        }
    }

    fn follow_playing(&mut self, now_us: u64) {
        let playing = !self.receivers.is_empty();
        if playing && !self.playing {
            // On the grid of the microphone, if it is open: one wake-up then serves both.
            let grid = self.capture.as_ref().and_then(Capture::grid_us).map_or(0, |grid_us| {
                let tick_us = super::clock::samples_to_us(TICK as u64);
                (tick_us - now_us.saturating_sub(grid_us) % tick_us) % tick_us
            });
            self.sink.start(now_us + grid);
            self.announced = false;
        } else if self.playing
            && !playing
            && let Err(lost) = self.sink.pause()
        {
            self.lose_sink(lost, now_us);
        }
        self.playing = playing;
    }

    /// Tells where sample 0 of source and sink lies, once that is known.
    fn announce(&mut self) {
        if let Some(at_us) = self.capture.as_mut().and_then(Capture::announce) {
            self.event(AudioEvent::SourceStarted { at_us });
        }
        if self.playing
            && !self.announced
            && let Some(at_us) = self.sink.started_us()
        {
            self.announced = true;
            self.event(AudioEvent::SinkStarted { at_us });
        }
    }

    fn collect(&mut self, now_us: u64) {
        let Some(capture) = &mut self.capture else { return };
        if let Err(lost) = capture.collect(now_us) {
            capture.lose(now_us);
            self.lose(true, lost);
        }
    }

    fn send_frames(&mut self, now_us: u64) {
        if self.capture.as_ref().is_none_or(|capture| capture.due_us(now_us) > now_us) {
            return;
        }
        self.collect(now_us);
        while let Some(frame) = self.capture.as_mut().and_then(Capture::next_frame) {
            if let Err(error) = self.send(frame) {
                self.voice_failed(&error);
            }
        }
    }

    /// Encodes a frame once and gives it to every link that gets our sound.
    fn send(&mut self, frame: Frame) -> Result<(), OpusError> {
        let Frame { mut sound, place, after_gap } = frame;
        if after_gap {
            self.sending.clear();
        }
        if !self.shared.lock().links.values().any(|link| link.send) {
            self.sending.clear();
            return Ok(());
        }
        let mut payload = self.voice.encode(&mut sound)?;
        let mut wishes = self.shared.lock();
        if wishes.muted && !self.voice.muted() {
            // Muted while the frame was encoded. Once the lock is held again the wish cannot overtake us.
            drop(wishes);
            self.voice.mute(true)?;
            payload = self.voice.encode(&mut sound)?;
            wishes = self.shared.lock();
        }
        if !wishes.open || wishes.openings != self.opening {
            return Ok(());
        }
        let timestamp = (place & u64::from(u32::MAX)) as u32;
        let links: BTreeSet<LinkId> =
            wishes.links.iter().filter(|(_, wish)| wish.send).map(|(link, _)| *link).collect();
        for link in &links {
            let marker = !self.sending.contains(link);
            self.out.frame(*link, AudioFrame { payload: payload.clone(), timestamp, marker });
        }
        drop(wishes);
        self.sending = links;
        Ok(())
    }

    fn play_ticks(&mut self, now_us: u64) {
        if !self.playing {
            return;
        }
        let mut collected = false;
        while let Some(tick_us) = self.sink.tick_us(now_us) {
            if !collected {
                for (_, receiver) in self.receivers.values_mut() {
                    receiver.collect(&self.clock);
                }
                collected = true;
            }
            let mut first = Vec::new();
            self.mixer.clear();
            for (link, (_, receiver)) in &mut self.receivers {
                if receiver.pull(tick_us, &mut self.block) {
                    first.push(*link);
                }
                self.mixer.add(&self.block);
            }
            if let Err(lost) = self.sink.play(self.mixer.mixed()) {
                self.lose_sink(lost, now_us);
            }
            for link in first {
                self.event(AudioEvent::FirstAudio { link });
            }
        }
    }

    fn lose_sink(&mut self, lost: Lost, now_us: u64) {
        self.sink = specs::nowhere();
        self.sink.start(now_us);
        self.announced = true;
        self.lose(false, lost);
    }

    fn lose(&mut self, input: bool, lost: Lost) {
        self.event(AudioEvent::DeviceLost { input, detail: lost.0 });
    }

    fn voice_failed(&mut self, error: &OpusError) {
        tracing::error!(%error, "a frame could not be encoded");
    }

    fn event(&mut self, event: AudioEvent) {
        if self.pending.len() < PENDING_EVENTS {
            self.pending.push_back(event);
        }
    }

    /// Hands events over, as many as the receiver has room for.
    fn tell(&mut self) {
        while let Some(event) = self.pending.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Full(event)) => {
                    self.pending.push_front(event);
                    return;
                }
                // Nobody listens any more: the daemon is ending.
                Err(TrySendError::Closed(_)) => self.pending.clear(),
            }
        }
    }
}

/// The receiving end of a link that is to be played and isn't yet.
fn receiver(wish: &mut LinkWish, clock: &Clock) -> Option<Receiver> {
    let since = wish.play?;
    let packets = wish.packets.take()?;
    match OpusFrames::new(DECODER_COMPLEXITY) {
        Ok(decoder) => Some(Receiver::new(packets, Box::new(Adaptive::new(decoder)), clock.us(since))),
        Err(error) => {
            tracing::error!(%error, "no decoder for a link");
            wish.packets = Some(packets);
            None
        }
    }
}

#[cfg(test)]
mod tests;
