//! All of sound as one value that is stepped: no clock, no thread, no lock but that of the wishes. The audio thread
//! steps it in real time, tests step it as they like.

mod hearing;
mod limit;
mod loss;
mod music;
mod pace;
mod talking;

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{
    api::{AudioConfig, AudioEvent, DeviceSpec, FrameOut, SourceStats, Stage},
    clock::{Clock, samples_to_ms},
    controls::{Shared, Wishes},
    outbox::Outbox,
    sink::Sink,
    source::Lost,
    specs,
    voice::Voice,
};
use crate::processing::Switches;
use hearing::Hearing;
use limit::{Limits, Seen};
use loss::LossGuess;
use music::Music;
use pace::Pace;
use talking::{Talking, Wanted};

/// Time between two updates of the figures, microseconds.
const STATS_US: u64 = 200_000;

/// Microphone, links and speaker.
pub(crate) struct Desk {
    clock: Clock,
    shared: Arc<Shared>,
    outbox: Outbox,
    talking: Talking,
    hearing: Hearing,
    loss: LossGuess,
    pace: Pace,
    limits: Limits,
    /// When the next step is due.
    due_us: Option<u64>,
    music: Music,
    /// Microphone and speaker by the settings.
    devices: (DeviceSpec, DeviceSpec),
    even: Stage,
    stats: SourceStats,
    stats_us: u64,
    /// It has panicked.
    defect: bool,
}

/// What a desk is made of.
pub(crate) struct Parts {
    pub(crate) clock: Clock,
    pub(crate) shared: Arc<Shared>,
    pub(crate) out: Box<dyn FrameOut>,
    pub(crate) events: mpsc::Sender<AudioEvent>,
    pub(crate) voice: Voice,
    pub(crate) sink: Box<dyn Sink>,
}

impl Desk {
    /// A desk where nothing is open.
    pub(crate) fn new(parts: Parts, config: &AudioConfig, now_us: u64) -> Self {
        let Parts { clock, shared, out, events, voice, sink } = parts;
        let stats = SourceStats { target_bitrate_bps: config.bitrate_bps, held_ms: 0.0 };
        let input = (config.input.clone(), config.frame_ms);
        Self {
            clock,
            talking: Talking::new((clock, now_us), Arc::clone(&shared), out, input, voice),
            hearing: Hearing::new(clock, sink, config.output.clone()),
            outbox: Outbox::new(events),
            shared,
            loss: LossGuess::default(),
            pace: Pace::new(config.bitrate_bps, config.frame_ms),
            limits: Limits::default(),
            due_us: None,
            music: Music::default(),
            devices: (config.input.clone(), config.output.clone()),
            even: Stage::Auto,
            stats,
            stats_us: 0,
            defect: false,
        }
    }

    /// Does what is due at `now_us`. Returns when to be called again at the latest: none if only a wish can change that.
    pub(crate) fn step(&mut self, now_us: u64) -> Option<u64> {
        self.limits.step(self.due_us, now_us);
        self.follow_devices(now_us);
        let wanted = self.read_wishes(now_us);
        self.talking.follow(wanted, now_us, &mut self.outbox);
        self.hearing.follow_playing(now_us, &mut self.outbox);
        self.talking.step(now_us, &mut self.outbox);
        self.hearing.step(now_us, self.even, &mut self.outbox);
        let (played, playing) = self.hearing.played();
        self.talking.play(played, playing);
        self.outbox.deliver();
        let due = [self.talking.due_us(now_us), self.hearing.due_us(now_us), self.outbox.due_us(now_us)];
        self.due_us = due.into_iter().flatten().min();
        self.due_us
    }

    /// Goes over to other devices, if that is wanted.
    fn follow_devices(&mut self, now_us: u64) {
        let (input, output) = {
            let mut wishes = self.shared.lock();
            (wishes.input.take(), wishes.output.take())
        };
        if let Some(input) = input {
            self.devices.0 = input.clone();
            let (clock, returns, name) = (self.clock, specs::returns(&input), input.text().to_owned());
            let open = Box::new(move |now_us| specs::source(&input, clock, now_us));
            self.talking.select(open, returns, &name);
        }
        if let Some((output, sink)) = output {
            self.devices.1 = output.clone();
            self.hearing.select(sink, output, now_us, &mut self.outbox);
        }
    }

    /// Looks at the wishes, and leaves figures there now and then.
    fn read_wishes(&mut self, now_us: u64) -> Wanted {
        let shared = Arc::clone(&self.shared);
        let mut wishes = shared.lock();
        self.hearing.follow_links(&mut wishes);
        self.talking.follow_pipe(&mut wishes.pipe);
        let told = || wishes.links.iter().filter(|(_, wish)| wish.sends()).map(|(link, wish)| wish.told(*link));
        let (usual, listeners) = self.pace.look(now_us, told());
        // A pipeline takes pieces of 10 ms, of one channel: while there is one, or one waits, music rests.
        let piped = self.talking.is_piped() || matches!(wishes.pipe, Some(Some(_)));
        let music = wishes.processing.music.works(false) && !piped;
        let mut plan = self.music.plan(music, usual, told(), now_us);
        if now_us >= self.stats_us + STATS_US || self.stats_us == 0 {
            self.stats_us = now_us;
            wishes.source = self.stats.clone();
            wishes.source.held_ms += samples_to_ms(self.talking.delay());
            self.hearing.report(now_us, &mut wishes);
            self.tell_limits(&mut wishes);
            self.loss.look(now_us, self.hearing.packets(now_us));
        }
        if !listeners {
            plan.loss_percent = self.loss.percent();
        }
        self.talking.follow_plan(plan);
        self.stats.target_bitrate_bps = plan.bitrate_bps;
        self.stats.held_ms = self.talking.lookahead_ms();
        self.even = wishes.processing.even_levels;
        // The stages take pieces of 10 ms, and are made for speech.
        let stages = wishes.processing.switches(&self.devices.0, &self.devices.1);
        let switches = if plan.is_music() { Switches::default() } else { stages };
        let (muted, mutes) = (wishes.muted(), wishes.mutes);
        Wanted { open: wishes.open, openings: wishes.openings, muted, mutes, switches }
    }

    /// Tells whose limits are others now.
    fn tell_limits(&mut self, wishes: &mut Wishes) {
        let heard = wishes.links.iter_mut().filter(|(_, wish)| wish.play.is_some());
        let seen = heard.map(|(link, wish)| {
            let (out, inward) = wish.seen();
            (*link, Seen { out, narrow: self.pace.narrow(*link), inward })
        });
        for (link, limit) in self.limits.look(seen) {
            self.outbox.push(AudioEvent::Limited { link, limit });
        }
        for (link, wish) in &mut wishes.links {
            wish.stats.limited_by = self.limits.of(*link);
        }
    }

    /// Says that there is no sound any more. True: not all of it was told, call again.
    pub(crate) fn tell_of_defect(&mut self) -> bool {
        if !std::mem::replace(&mut self.defect, true) {
            for input in [true, false] {
                self.outbox.lost(input, Lost("a defect has ended the sound; start the daemon again".to_owned()));
            }
        }
        self.outbox.deliver();
        self.outbox.due_us(0).is_some()
    }

    /// Writes out what was heard.
    pub(crate) fn close(&mut self) {
        self.hearing.close();
    }
}

#[cfg(test)]
mod tests;
