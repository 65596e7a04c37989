//! The receiving half: jitter buffers, mixer and speaker.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    host_media::{
        api::{AudioEvent, DeviceSpec, Stage},
        change::Change,
        clock::Clock,
        controls::{LinkWish, Wishes},
        jitter_buffer::{adaptive::Adaptive, opus_frames::OpusFrames},
        mixer::Mixer,
        outbox::Outbox,
        receiver::Receiver,
        recovery::{Open, Recovery},
        sink::{BLOCK, Sink, Want},
        source::Lost,
        specs,
        voices::Voices,
    },
    planes::Planes,
    simple_webrtc::engine::LinkId,
};

/// Decoder complexity: what is made up comes from a neural model (0.8 ms a frame that is made up, nothing else; PESQ-WB + 0.05
/// where much is lost).
const DECODER_COMPLEXITY: u32 = 5;

/// Samples of the shortest block: 2 ms. What runs out sooner is decoded that much too soon, which costs less than a
/// wake-up.
const SHORTEST: usize = 96;

/// The same where several links need packets at different times: 5 ms, so that many links cost 200 wake-ups a second.
const SHORTEST_OF_MANY: usize = 240;

/// From the links to the speaker.
pub(super) struct Hearing {
    clock: Clock,
    pub(super) receivers: BTreeMap<LinkId, (u64, Receiver)>,
    pub(super) sink: Box<dyn Sink>,
    /// Opens the speaker anew.
    pub(super) open: Open<dyn Sink>,
    /// The speaker can come back.
    pub(super) returns: bool,
    recovery: Recovery<dyn Sink>,
    /// To another speaker.
    change: Change<dyn Sink>,
    /// What it is, for people.
    name: String,
    playing: bool,
    announced: bool,
    voices: Voices,
    mixer: Mixer,
    block: Planes,
    /// What the last step played: the middle, for the echo canceller.
    played: Vec<f32>,
}

impl Hearing {
    pub(super) fn new(clock: Clock, sink: Box<dyn Sink>, output: DeviceSpec) -> Self {
        let (mixer, block, receivers) = (Mixer::new(), Planes::with_capacity(BLOCK), BTreeMap::new());
        let (returns, recovery) = (specs::returns(&output), Recovery::new());
        let (name, open, change) = (output.text().to_owned(), opener(output, clock), Change::no());
        let (playing, announced, voices, played) = (false, false, Voices::default(), Vec::new());
        Self {
            clock,
            receivers,
            sink,
            open,
            returns,
            recovery,
            change,
            name,
            playing,
            announced,
            voices,
            mixer,
            block,
            played,
        }
    }

    /// Begins to play links and ends it.
    pub(super) fn follow_links(&mut self, wishes: &mut Wishes) {
        let wanted = |link: &LinkId, number: u64| {
            wishes.links.get(link).is_some_and(|wish| wish.number == number && wish.play.is_some())
        };
        let over = |(link, (number, _)): &(&LinkId, &(u64, Receiver))| !wanted(link, *number);
        let gone: Vec<LinkId> = self.receivers.iter().filter(over).map(|(link, _)| *link).collect();
        for link in gone {
            let Some((number, receiver)) = self.receivers.remove(&link) else { continue };
            if let Some(wish) = wishes.links.get_mut(&link).filter(|wish| wish.number == number) {
                let (packets, pipe) = receiver.into_parts();
                wish.packets = Some(packets);
                // It is played again perhaps; what was wanted since counts more.
                wish.pipe = wish.pipe.take().or(pipe.map(Some));
            }
        }
        for (link, wish) in &mut wishes.links {
            if let Some(receiver) = receiver(*link, wish, &self.clock) {
                self.receivers.insert(*link, (wish.number, receiver));
            }
            if let Some((_, receiver)) = self.receivers.get_mut(link) {
                receiver.record(wish.tap.as_ref());
                if receiver.pipe.is_free()
                    && let Some(live) = wish.pipe.take()
                {
                    receiver.pipe.switch(live);
                }
            }
        }
    }

    /// Starts the speaker with the first link that plays, pauses it after the last.
    pub(super) fn follow_playing(&mut self, now_us: u64, outbox: &mut Outbox) {
        let playing = !self.receivers.is_empty();
        if playing && !self.playing {
            self.sink.start(now_us);
            self.announced = self.recovery.due_us().is_some();
            self.recovery.hurry(now_us);
        } else if self.playing && !playing {
            if let Err(lost) = self.sink.pause() {
                self.lose(lost, now_us, outbox);
            }
            self.recovery.rest();
            if let Some(mut next) = self.change.take() {
                if let Err(Lost(why)) = next.pause() {
                    tracing::debug!(why, "a speaker that was being opened is closed");
                }
                self.sink = next;
            }
        }
        self.playing = playing;
    }

    /// Another speaker from now on, which is closed yet; the one that plays goes on until it runs.
    pub(super) fn select(&mut self, mut sink: Box<dyn Sink>, output: DeviceSpec, now_us: u64, outbox: &mut Outbox) {
        (self.returns, self.name) = (specs::returns(&output), output.text().to_owned());
        self.open = opener(output, self.clock);
        self.recovery.forget();
        if self.playing {
            sink.start(now_us);
            return self.change.to(sink, now_us);
        }
        self.replace(sink, outbox);
    }

    fn replace(&mut self, sink: Box<dyn Sink>, outbox: &mut Outbox) {
        let mut old = std::mem::replace(&mut self.sink, sink);
        if let Err(lost) = old.pause() {
            outbox.lost(false, lost);
        }
        self.announced = false;
    }

    /// Goes over to another speaker once it runs.
    fn follow_change(&mut self, now_us: u64, outbox: &mut Outbox) {
        match self.change.step(now_us, &mut self.open) {
            None => {}
            Some(Err(lost)) => self.lose(lost, now_us, outbox),
            Some(Ok(sink)) => {
                self.replace(sink, outbox);
                // The old one may have been lost meanwhile.
                self.recovery.forget();
                outbox.back(false, format!("the speaker is another one now: {}", self.name));
            }
        }
    }

    /// Samples to be played at once: until the first receiver needs another packet, so that none is needed sooner than
    /// it must be, and no wake-up is for nothing.
    fn samples(&mut self, want: Want) -> usize {
        let shortest = if self.receivers.len() > 1 { SHORTEST_OF_MANY } else { SHORTEST };
        let ready = self.receivers.values_mut().map(|(_, receiver)| receiver.prepare(want.at_us)).min();
        ready.unwrap_or(BLOCK).clamp(shortest, want.most.clamp(shortest, BLOCK))
    }

    /// What the last step played, and whether anything plays.
    pub(super) fn played(&self) -> (&[f32], bool) {
        (&self.played, self.playing)
    }

    /// Plays what is due; voices at one loudness if they are to be `even`.
    pub(super) fn step(&mut self, now_us: u64, even: Stage, outbox: &mut Outbox) {
        self.played.clear();
        for link in self.voices.keep(|link| self.receivers.contains_key(&link)) {
            outbox.push(AudioEvent::Speaking { link: Some(link), on: false });
        }
        if !self.playing {
            return;
        }
        if let Some((sink, detail)) = self.recovery.step(now_us, &mut self.open) {
            self.sink = sink;
            outbox.back(false, detail);
        }
        self.follow_change(now_us, outbox);
        let even = even.works(self.receivers.len() > 1);
        let mut collected = false;
        while let Some(want) = self.sink.want(now_us) {
            if !collected {
                self.receivers.values_mut().for_each(|(_, receiver)| receiver.collect(&self.clock));
                collected = true;
            }
            let samples = self.samples(want);
            let block = &mut self.block;
            self.mixer.begin(samples);
            for (link, (_, receiver)) in &mut self.receivers {
                if receiver.pull(want.at_us, samples, block) {
                    outbox.push(AudioEvent::FirstAudio { link: *link });
                }
                self.voices.hear(*link, block, even);
                receiver.pass(block);
                self.mixer.add(block);
            }
            self.voices.fade_out(|rest| self.mixer.add(rest), samples);
            let mixed = self.mixer.mixed();
            self.played.extend_from_slice(&mixed.mid);
            if let Err(lost) = self.sink.play(mixed) {
                self.lose(lost, now_us, outbox);
            }
        }
        if let Some(detail) = self.sink.changed() {
            outbox.back(false, detail);
        }
        if collected {
            self.receivers.values().for_each(|(_, receiver)| receiver.tell_due(now_us));
        }
        for (link, on) in self.voices.changes() {
            outbox.push(AudioEvent::Speaking { link: Some(link), on });
        }
        if !self.announced
            && let Some(at_us) = self.sink.started_us()
        {
            self.announced = true;
            outbox.push(AudioEvent::SinkStarted { at_us });
        }
    }

    fn lose(&mut self, lost: Lost, now_us: u64, outbox: &mut Outbox) {
        self.sink = specs::nowhere();
        self.sink.start(now_us);
        self.announced = true;
        outbox.lost(false, lost);
        if self.returns {
            self.recovery.lost(now_us);
        }
    }

    /// When more sound is due, if something plays.
    pub(super) fn due_us(&self, now_us: u64) -> Option<u64> {
        let due_us = self.playing.then(|| self.sink.due_us(now_us))?;
        [Some(due_us), self.recovery.due_us(), self.change.due_us(now_us)].into_iter().flatten().min()
    }

    /// Puts the figures of all links where the daemon reads them.
    pub(super) fn report(&mut self, now_us: u64, wishes: &mut Wishes) {
        wishes.missing_samples += self.sink.take_missing();
        for (link, (_, receiver)) in &self.receivers {
            if let Some(wish) = wishes.links.get_mut(link) {
                wish.stats = receiver.stats(now_us);
            }
        }
    }

    /// Packets received and lost so far on each link.
    pub(super) fn packets(&self, now_us: u64) -> impl Iterator<Item = (LinkId, u64, u64)> {
        self.receivers.iter().map(move |(link, (_, receiver))| {
            let stats = receiver.stats(now_us);
            (*link, stats.packets_received, stats.packets_lost)
        })
    }

    /// Writes out what was heard.
    pub(super) fn close(&mut self) {
        if let Err(lost) = self.sink.pause() {
            tracing::warn!(error = lost.0, "the end of the heard sound could not be written");
        }
    }
}

/// Opens a speaker anew, to play at once.
fn opener(output: DeviceSpec, clock: Clock) -> Open<dyn Sink> {
    Box::new(move |now_us| {
        let mut sink = specs::sink(&output, clock)?;
        sink.start(now_us);
        Ok(sink)
    })
}

/// The receiving end of a link that is to be played and isn't yet.
fn receiver(link: LinkId, wish: &mut LinkWish, clock: &Clock) -> Option<Receiver> {
    let since = wish.play?;
    let packets = wish.packets.take()?;
    match OpusFrames::new(DECODER_COMPLEXITY) {
        Ok(decoder) => {
            let ties = Arc::clone(&wish.ties);
            // Rooms of several links must not be one that is louder.
            let buffer = Adaptive::new(decoder, link.0);
            Some(Receiver::new((packets, ties), Box::new(buffer), clock.us(since)))
        }
        Err(error) => {
            tracing::error!(%error, "no decoder for a link");
            wish.packets = Some(packets);
            None
        }
    }
}
