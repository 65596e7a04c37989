//! The sending half: microphone, encoder, and the links that get our sound.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    host_media::{
        api::{AudioEvent, DeviceSpec, FrameOut},
        capture::{Capture, Frame},
        change::Change,
        clock::{Clock, samples_to_us, us_to_samples},
        controls::{LinkWish, Shared},
        opus::OpusError,
        outbox::Outbox,
        recovery::{Open, Recovery},
        source::{Lost, Source},
        specs,
        voice::Voice,
    },
    pipeline::slot::{Blocks, Live, Slot},
    processing::{Chain, PIECE, Switches},
    simple_webrtc::engine::{AudioFrame, LinkId},
};

use super::pace::Plan;

/// Time until more of the old microphone waits, in which it can fade out, microseconds.
const SOON_US: u64 = 5_000;

/// From the microphone to the links.
pub(super) struct Talking {
    shared: Arc<Shared>,
    out: Box<dyn FrameOut>,
    /// Opens the microphone.
    pub(super) open: Open<dyn Source>,
    /// The microphone can come back.
    pub(super) returns: bool,
    recovery: Recovery<dyn Source>,
    /// To another microphone.
    change: Change<dyn Source>,
    /// What it is, for people.
    name: String,
    /// Samples of a frame.
    frame: usize,
    /// Monotonic microseconds of place 0 of the timeline of what we send.
    origin_us: u64,
    /// Place behind the last frame of an earlier opening.
    end: u64,
    opening: u64,
    /// Mutings that were seen.
    mutes: u64,
    pub(super) capture: Option<Capture>,
    /// What is done to sound before it is encoded, or silenced.
    chain: Chain,
    /// Behind the chain.
    pipe: Slot,
    /// Something is played.
    playing: bool,
    told: Told,
    voice: Voice,
    /// Links that got the last frame: others get a marker.
    sending: BTreeSet<LinkId>,
}

/// What the daemon wants of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) open: bool,
    pub(super) openings: u64,
    pub(super) muted: bool,
    pub(super) mutes: u64,
    pub(super) switches: Switches,
}

/// What was told of who sits here.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    speaking: bool,
    muted_talking: bool,
}

impl Talking {
    pub(super) fn new(
        (clock, origin_us): (Clock, u64),
        shared: Arc<Shared>,
        out: Box<dyn FrameOut>,
        (input, frame_ms): (DeviceSpec, u32),
        voice: Voice,
    ) -> Self {
        let frame = usize::try_from(frame_ms).unwrap_or(20) * 48;
        let (end, opening, mutes, capture, sending) = (0, 0, 0, None, BTreeSet::new());
        let (returns, recovery) = (specs::returns(&input), Recovery::new());
        let name = input.text().to_owned();
        let open: Open<dyn Source> = Box::new(move |now_us| specs::source(&input, clock, now_us));
        let (chain, pipe, playing, told) = (Chain::new(), Slot::new(Blocks::Whole), false, Told::default());
        Self {
            shared,
            out,
            open,
            returns,
            recovery,
            change: Change::no(),
            name,
            frame,
            origin_us,
            end,
            opening,
            mutes,
            capture,
            chain,
            pipe,
            playing,
            told,
            voice,
            sending,
        }
    }

    /// Opens, closes, mutes, unmutes.
    pub(super) fn follow(&mut self, wanted: Wanted, now_us: u64, outbox: &mut Outbox) {
        if !wanted.open || wanted.openings != self.opening {
            if let Some(capture) = self.capture.take() {
                self.end = self.end.max(capture.end());
            }
            self.sending.clear();
            self.recovery.forget();
            drop(self.change.take());
            self.pipe.rest();
        }
        self.opening = wanted.openings;
        if wanted.open {
            self.chain.switch(wanted.switches);
        }
        if wanted.open && self.capture.is_none() {
            self.begin(now_us, outbox);
        }
        // A muting that is over already is one nevertheless.
        let missed = std::mem::replace(&mut self.mutes, wanted.mutes) != wanted.mutes;
        if (missed || self.voice.muted()) && !wanted.muted {
            // What was said while `muted` was shown does not leave afterwards either.
            self.collect(now_us, outbox);
            if let Some(capture) = &mut self.capture {
                capture.forget();
            }
            self.chain.forget();
            self.pipe.forget();
        }
        let muted = if missed { self.voice.mute(true) } else { Ok(()) };
        if let Err(error) = muted.and_then(|()| self.voice.mute(wanted.muted)) {
            tracing::error!(%error, "no new encoder");
        }
    }

    /// Takes the pipeline that is wanted, or none, as soon as no other one comes and frames are of whole pieces.
    pub(super) fn follow_pipe(&mut self, wanted: &mut Option<Option<Box<Live>>>) {
        if self.pipe.is_free()
            && self.frame.is_multiple_of(PIECE)
            && let Some(live) = wanted.take()
        {
            self.pipe.switch(live);
        }
    }

    /// What is said goes through a pipeline.
    pub(super) fn is_piped(&self) -> bool {
        self.pipe.works()
    }

    /// Another microphone from now on; the one that is open goes on until it runs.
    pub(super) fn select(&mut self, open: Open<dyn Source>, returns: bool, name: &str) {
        (self.open, self.returns, self.name) = (open, returns, name.to_owned());
        self.recovery.forget();
        if self.capture.is_some() {
            self.change.want();
        }
    }

    /// Goes over to another microphone once it runs.
    fn follow_change(&mut self, now_us: u64, outbox: &mut Outbox) {
        match self.change.step(now_us, &mut self.open) {
            None => {}
            Some(Err(lost)) => self.lose(lost, now_us, outbox),
            Some(Ok(source)) => {
                self.collect(now_us, outbox);
                let Some(capture) = &mut self.capture else { return };
                match capture.replace(source) {
                    Some(source) => self.change.to(source, now_us + SOON_US),
                    None => {
                        // The old one may have been lost meanwhile.
                        self.recovery.forget();
                        outbox.back(true, format!("the microphone is another one now: {}", self.name));
                    }
                }
            }
        }
    }

    fn begin(&mut self, now_us: u64, outbox: &mut Outbox) {
        if let Err(error) = self.voice.begin() {
            tracing::error!(%error, "no new encoder");
        }
        // Nothing of an earlier call, perhaps with somebody else.
        self.chain.forget();
        let place = us_to_samples(now_us.saturating_sub(self.origin_us)).max(self.end);
        match (self.open)(now_us) {
            Ok(source) => self.capture = Some(Capture::new(source, self.frame, place, now_us)),
            Err(lost) => {
                self.capture = Some(Capture::new(specs::silence(now_us), self.frame, place, now_us));
                self.lose(lost, now_us, outbox);
            }
        }
    }

    /// The microphone is gone: silence, and it is tried again if it can come back.
    fn lose(&mut self, lost: Lost, now_us: u64, outbox: &mut Outbox) {
        if let Some(capture) = &mut self.capture {
            capture.lose(now_us);
        }
        outbox.lost(true, lost);
        if self.returns {
            self.recovery.lost(now_us);
        }
    }

    /// Encodes by this plan from the next frame on.
    pub(super) fn follow_plan(&mut self, plan: Plan) {
        let Plan { bitrate_bps, frame_ms, loss_percent } = plan;
        if let Some(capture) = &mut self.capture {
            capture.widen(plan.is_music());
            if !plan.is_music() && capture.is_wide() {
                // The side fades out before the encoder becomes another one.
                return;
            }
        }
        if let Err(error) = self.voice.adapt(bitrate_bps, loss_percent, frame_ms) {
            tracing::error!(%error, "the encoder stays as it is");
        }
        self.frame = usize::try_from(frame_ms).unwrap_or(20) * 48;
        if let Some(capture) = &mut self.capture {
            capture.cut_into(self.frame);
        }
    }

    /// Milliseconds by which the encoder looks ahead.
    pub(super) fn lookahead_ms(&mut self) -> f64 {
        self.voice.lookahead_ms()
    }

    /// What the encoder was told.
    #[cfg(test)]
    pub(super) fn expected_loss_percent(&self) -> u32 {
        self.voice.expected_loss_percent()
    }

    fn collect(&mut self, now_us: u64, outbox: &mut Outbox) {
        let Some(capture) = &mut self.capture else { return };
        if let Err(lost) = capture.collect(now_us) {
            self.lose(lost, now_us, outbox);
        }
    }

    /// Sends the frames that are due.
    pub(super) fn step(&mut self, now_us: u64, outbox: &mut Outbox) {
        if let Some((source, detail)) = self.recovery.step(now_us, &mut self.open)
            && let Some(capture) = &mut self.capture
        {
            capture.resume(source, now_us);
            outbox.back(true, detail);
        }
        self.follow_change(now_us, outbox);
        if self.due_us(now_us).is_some_and(|due_us| due_us <= now_us) {
            self.collect(now_us, outbox);
            while let Some(mut frame) = self.capture.as_mut().and_then(Capture::next_frame) {
                self.chain.process(&mut frame.sound.mid, self.playing);
                self.pipe(&mut frame.sound.mid);
                if let Err(error) = self.send(frame, now_us) {
                    tracing::error!(%error, "a frame could not be encoded");
                }
            }
        }
        if let Some(detail) = self.capture.as_mut().and_then(Capture::changed) {
            outbox.back(true, detail);
        }
        if let Some(at_us) = self.capture.as_mut().and_then(Capture::announce) {
            outbox.push(AudioEvent::SourceStarted { at_us });
        }
        self.tell_of_talk(outbox);
    }

    /// Through the pipeline. What is said while `muted` is shown does not even get into it: it may hold sound back, and write it down.
    fn pipe(&mut self, sound: &mut [f32]) {
        if !self.pipe.works() {
            return;
        }
        if self.voice.muted() || self.shared.lock().muted() {
            sound.fill(0.0);
        }
        self.pipe.process(sound);
    }

    /// What goes to the speaker; `playing`: anything does.
    pub(super) fn play(&mut self, sound: &[f32], playing: bool) {
        self.playing = playing;
        self.chain.play(sound);
    }

    /// Samples by which sound leaves later than it was captured.
    pub(super) fn delay(&self) -> usize {
        self.chain.delay() + self.pipe.delay()
    }

    /// Tells who sits here and talks, to be heard or into a muted microphone.
    fn tell_of_talk(&mut self, outbox: &mut Outbox) {
        let talks = self.capture.is_some() && self.chain.talking();
        let (muted_talking, speaking) = (talks && self.voice.muted(), talks && !self.voice.muted());
        if std::mem::replace(&mut self.told.muted_talking, muted_talking) != muted_talking {
            outbox.push(AudioEvent::MutedTalking { on: muted_talking });
        }
        if std::mem::replace(&mut self.told.speaking, speaking) != speaking {
            outbox.push(AudioEvent::Speaking { link: None, on: speaking });
        }
    }

    /// Encodes a frame once and gives it to every link that gets our sound.
    fn send(&mut self, frame: Frame, now_us: u64) -> Result<(), OpusError> {
        let Frame { mut sound, place, after_gap } = frame;
        if after_gap {
            self.sending.clear();
        }
        if !self.shared.lock().links.values().any(LinkWish::sends) {
            self.sending.clear();
            return Ok(());
        }
        let mut payload = self.voice.encode(&mut sound)?;
        let mut wishes = self.shared.lock();
        if (wishes.muted() || wishes.mutes != self.mutes) && !self.voice.muted() {
            // Muted while the frame was encoded, perhaps not any more. Once the lock is held again the wish cannot
            // overtake us.
            drop(wishes);
            self.voice.mute(true)?;
            payload = self.voice.encode(&mut sound)?;
            wishes = self.shared.lock();
        }
        if !wishes.open || wishes.openings != self.opening {
            return Ok(());
        }
        let timestamp = (place & u64::from(u32::MAX)) as u32;
        let mut sending = BTreeSet::new();
        for (link, wish) in wishes.links.iter().filter(|(_, wish)| wish.sends()) {
            let (marker, payload) = (!self.sending.contains(link), payload.clone());
            self.out.frame(*link, AudioFrame { payload, timestamp, marker, permit: wish.permit() });
            sending.insert(*link);
        }
        if let Some(tap) = &wishes.tap {
            // What left: silence where we are muted.
            let spoken = self.origin_us + samples_to_us(place.saturating_sub(self.delay() as u64));
            tap.write(spoken, now_us, &sound.mid);
        }
        drop(wishes);
        self.sending = sending;
        Ok(())
    }

    /// When the next frame is whole, if the microphone is open.
    pub(super) fn due_us(&self, now_us: u64) -> Option<u64> {
        let due_us = self.capture.as_ref()?.due_us(now_us);
        [Some(due_us), self.recovery.due_us(), self.change.due_us(now_us)].into_iter().flatten().min()
    }
}
