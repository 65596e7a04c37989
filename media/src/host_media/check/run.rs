//! A trial as a value that is stepped: recording, then playing, then over.
//!
//! ```text
//! Recording ───────> Playing ───────> Over
//!     │ no speaker      │ lost, late     ^
//!     └─────────────────┴── interrupted ─┘
//! ```

use std::f32::consts::TAU;

use tokio::sync::mpsc;

use super::{
    CheckEvent, Finding, Played, SoundCheck, Verdict,
    levels::{Meter, WINDOW, level},
};
use crate::{
    host_media::{
        api::{AudioEvent, DeviceSpec},
        clock::{Clock, samples_to_ms},
        opus::RATE,
        outbox::Outbox,
        sink::Sink,
        source::{Lost, Source},
        specs,
    },
    planes::Planes,
};

/// Time a device may take beyond what its part lasts, microseconds: an idle sink of a sound server takes 2 s to begin.
const PATIENCE_US: u64 = 6_000_000;

/// Time between two steps while a device is waited for, microseconds.
const STEP_US: u64 = 10_000;

/// Silence that is played at the end, samples: what card and ring still hold of the sound (100 ms) is heard.
const TAIL: usize = 9_600;

/// The tone: Hz, of full scale, samples, and samples of its rise and fall.
const TONE_HZ: f32 = 440.0;
const TONE_LEVEL: f32 = 0.2;
const TONE_SAMPLES: usize = 72_000;
const TONE_EDGE: usize = 960;

/// Missing samples that count as crackling: one in so many.
const MISSING_SHARE: u64 = 50;

/// A trial.
pub(super) struct Run {
    check: SoundCheck,
    clock: Clock,
    outbox: Outbox,
    phase: Phase,
    /// When the phase is given up.
    until_us: u64,
    findings: Vec<Finding>,
    recorded: Vec<f32>,
}

enum Phase {
    Recording { source: Box<dyn Source>, meter: Box<Meter>, told: usize },
    Playing { sink: Box<dyn Sink>, sound: Vec<f32>, next: usize, told: usize },
    Over,
}

impl Run {
    /// Opens what is tried first.
    pub(super) fn new(check: SoundCheck, clock: Clock, now_us: u64, events: mpsc::Sender<AudioEvent>) -> Self {
        let outbox = Outbox::new(events);
        let (findings, recorded) = (Vec::new(), Vec::new());
        let mut run = Self { check, clock, outbox, phase: Phase::Over, until_us: now_us, findings, recorded };
        run.record(now_us);
        run
    }

    /// Does what is due; when to be called again, none once all is over and told. `stop`: it ends now.
    pub(super) fn step(&mut self, now_us: u64, stop: bool) -> Option<u64> {
        let phase = std::mem::replace(&mut self.phase, Phase::Over);
        let due_us = match phase {
            Phase::Recording { .. } | Phase::Playing { .. } if stop => {
                let input = matches!(phase, Phase::Recording { .. });
                let hint = "try again after the call".to_owned();
                let finding = Finding::new(input, Verdict::Interrupted, "a call needed the device", hint);
                self.over(finding);
                None
            }
            Phase::Recording { source, meter, told } => self.recording(source, meter, told, now_us),
            Phase::Playing { sink, sound, next, told } => self.playing(sink, sound, (next, told), now_us),
            Phase::Over => None,
        };
        self.outbox.deliver();
        match (&self.phase, due_us) {
            (Phase::Over, _) => self.outbox.due_us(now_us),
            (Phase::Recording { .. } | Phase::Playing { .. }, due_us) => Some(due_us.unwrap_or(now_us)),
        }
    }

    /// Begins with the microphone.
    fn record(&mut self, now_us: u64) {
        if self.check.record_ms == 0 {
            return self.play(now_us);
        }
        if self.check.input == DeviceSpec::None {
            return self.recorded_all(not_tried(true, "`none` is set: no microphone is used"), now_us);
        }
        self.until_us = now_us + u64::from(self.check.record_ms) * 1_000 + PATIENCE_US;
        match specs::source(&self.check.input, self.clock, now_us) {
            Ok(source) => self.phase = Phase::Recording { source, meter: Box::new(Meter::new()), told: 0 },
            Err(lost) => self.recorded_all(gone(true, &lost), now_us),
        }
    }

    fn recording(
        &mut self,
        mut source: Box<dyn Source>,
        mut meter: Box<Meter>,
        mut told: usize,
        now_us: u64,
    ) -> Option<u64> {
        let wanted = samples(self.check.record_ms);
        let mut fresh = Planes::default();
        if let Err(lost) = source.capture(now_us, &mut fresh) {
            self.recorded_all(gone(true, &lost), now_us);
            return None;
        }
        self.recorded.append(&mut fresh.mid);
        self.recorded.truncate(wanted);
        while let Some(window) = self.recorded.get(told..told + WINDOW) {
            told += WINDOW;
            let heard = meter.hear(window);
            self.tell(true, heard, wanted.saturating_sub(told));
        }
        if self.recorded.len() >= wanted {
            self.recorded_all(meter.finding(), now_us);
            return None;
        }
        if now_us > self.until_us {
            let lost = Lost("it is open, and gives too little sound".into());
            self.recorded_all(gone(true, &lost), now_us);
            return None;
        }
        let left = wanted - self.recorded.len();
        let due_us = source.due_us(now_us, left.min(WINDOW)).clamp(now_us + 1, now_us + STEP_US);
        self.phase = Phase::Recording { source, meter, told };
        Some(due_us)
    }

    /// The microphone is done.
    fn recorded_all(&mut self, finding: Finding, now_us: u64) {
        self.findings.push(finding);
        self.play(now_us);
    }

    /// Goes on with the speaker.
    fn play(&mut self, now_us: u64) {
        let recorded = std::mem::take(&mut self.recorded);
        let mut sound = match self.check.play {
            Played::Nothing => return self.end(),
            Played::Recorded if !recorded.is_empty() => recorded,
            Played::Recorded | Played::Tone => tone(),
        };
        let sink = match &self.check.output {
            DeviceSpec::None => return self.over(not_tried(false, "`none` is set: nothing is played")),
            // It is what a person heard of calls, and stays that.
            DeviceSpec::File { .. } => {
                return self.over(not_tried(false, "a file is set: what is played goes there"));
            }
            DeviceSpec::Default | DeviceSpec::Id(_) | DeviceSpec::Tone(_) => {
                specs::sink(&self.check.output, self.clock)
            }
        };
        match sink {
            Ok(mut sink) => {
                sink.start(now_us);
                sound.extend([0.0; TAIL]);
                self.until_us = now_us + sound.len() as u64 * 1_000_000 / u64::from(RATE) + PATIENCE_US;
                self.phase = Phase::Playing { sink, sound, next: 0, told: 0 };
            }
            Err(lost) => self.over(gone(false, &lost)),
        }
    }

    fn playing(
        &mut self,
        mut sink: Box<dyn Sink>,
        sound: Vec<f32>,
        (mut next, mut told): (usize, usize),
        now_us: u64,
    ) -> Option<u64> {
        while let Some(want) = sink.want(now_us).filter(|_| next < sound.len()) {
            let end = (next + want.most).min(sound.len());
            if let Err(lost) = sink.play(&Planes::mono(sound.get(next..end).unwrap_or_default().to_vec())) {
                self.over(gone(false, &lost));
                return None;
            }
            next = end;
        }
        while let Some(window) = sound.get(told..told + WINDOW).filter(|_| told + WINDOW <= next) {
            told += WINDOW;
            self.tell(false, level(window), sound.len() - told);
        }
        if next >= sound.len() {
            let finding = played(sink.take_missing(), sound.len() as u64);
            let paused = sink.pause();
            self.over(paused.map_or_else(|lost| gone(false, &lost), |()| finding));
            return None;
        }
        if now_us > self.until_us {
            self.over(gone(false, &Lost("it is open, and takes too little sound".into())));
            return None;
        }
        let due_us = sink.due_us(now_us).clamp(now_us + 1, now_us + STEP_US);
        self.phase = Phase::Playing { sink, sound, next, told };
        Some(due_us)
    }

    fn tell(&mut self, recording: bool, (level_dbfs, peak_dbfs): (i16, i16), left: usize) {
        let left_ms = samples_to_ms(left).round() as u32;
        self.outbox.push(AudioEvent::Check(CheckEvent::Level { recording, level_dbfs, peak_dbfs, left_ms }));
    }

    /// Nothing is tried any more, with this as the last that was found.
    fn over(&mut self, finding: Finding) {
        self.findings.push(finding);
        self.end();
    }

    fn end(&mut self) {
        self.phase = Phase::Over;
        self.recorded = Vec::new();
        self.outbox.push(AudioEvent::Check(CheckEvent::Over(std::mem::take(&mut self.findings))));
    }
}

fn samples(ms: u32) -> usize {
    usize::try_from(ms).unwrap_or(0).saturating_mul(48)
}

fn tone() -> Vec<f32> {
    let edge = |n: usize| n.min(TONE_SAMPLES - n).min(TONE_EDGE) as f32 / TONE_EDGE as f32;
    let sample = |n: usize| (n as f32 / RATE as f32 * TONE_HZ * TAU).sin() * TONE_LEVEL * edge(n);
    (0..TONE_SAMPLES).map(sample).collect()
}

fn gone(input: bool, Lost(why): &Lost) -> Finding {
    let (name, option) = if input { ("microphone", "--input") } else { ("speaker", "--output") };
    let hint = format!(
        "plug it in, end the program that uses it, or choose another one: `ahoy devices` lists what there is, and `ahoy \
         devices use {option} ID` takes it"
    );
    Finding::new(input, Verdict::NotAvailable, format!("the {name} cannot be used: {why}"), hint)
}

fn not_tried(input: bool, why: &str) -> Finding {
    let option = if input { "--input" } else { "--output" };
    let hint = format!("choose a device of `ahoy devices`: ahoy devices use {option} ID");
    Finding::new(input, Verdict::NotTried, why, hint)
}

/// The speaker has taken all of it; how many of its samples came too late.
fn played(missing: u64, samples: u64) -> Finding {
    if missing * MISSING_SHARE > samples {
        let detail = format!("the speaker wanted {} ms of sound before they were there: it crackled", missing / 48);
        let hint = "end what keeps this machine busy, or allow sound its priority: `ahoy doctor`".to_owned();
        return Finding::new(false, Verdict::Crackling, detail, hint);
    }
    let hint = "if you heard nothing: turn up the volume, or choose another speaker: ahoy devices use --output ID";
    Finding::new(false, Verdict::Good, "the speaker has played it all", hint.to_owned())
}

#[cfg(test)]
mod tests;
