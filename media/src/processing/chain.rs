//! The stages of the own microphone, in their order.

use super::{
    Gain, Limiter, PIECE, Talk, VoiceDetector,
    cleaner::{CLEANER_DELAY, Cleaner},
    fade::Fade,
    gain::MICROPHONE,
    high_pass::HighPass,
};

/// Which stages work. The limiter always does: it is there for what the others do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switches {
    /// Rumble and hum go.
    pub high_pass: bool,
    /// What the speaker plays goes.
    pub echo: bool,
    /// Steady noise goes.
    pub noise: bool,
    /// Quiet and loud voices come to one loudness.
    pub gain: bool,
}

impl Switches {
    /// All stages.
    pub const ALL: Self = Self { high_pass: true, echo: true, noise: true, gain: true };
}

/// The stages of one microphone. After it is made it allocates nothing itself; the echo canceller's library does, a few
/// short vectors a block of 4 ms, on the audio thread and never in a device's callback.
pub struct Chain {
    switches: Switches,
    high_pass: HighPass,
    high_pass_fade: Fade,
    /// Made when it is first switched on: half a megabyte, and a daemon without a microphone needs none.
    cleaner: Option<Box<Cleaner>>,
    gain: Gain,
    limiter: Limiter,
    detector: VoiceDetector,
    talk: Talk,
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl Chain {
    /// Everything off.
    #[must_use]
    pub fn new() -> Self {
        Self {
            switches: Switches::default(),
            high_pass: HighPass::new(),
            high_pass_fade: Fade::off(1),
            cleaner: None,
            gain: Gain::new(MICROPHONE),
            limiter: Limiter::new(),
            detector: VoiceDetector::new(),
            talk: Talk::default(),
        }
    }

    /// Which stages work from now on. Allocates when echo or noise is switched on for the first time.
    pub fn switch(&mut self, switches: Switches) {
        if switches == self.switches {
            return;
        }
        if self.switches.gain && !switches.gain {
            self.gain.release();
        }
        self.switches = switches;
        self.high_pass_fade.switch(switches.high_pass);
        if switches.echo || switches.noise {
            self.cleaner.get_or_insert_with(|| Box::new(Cleaner::new()));
        }
        if let Some(cleaner) = &mut self.cleaner {
            cleaner.switch(switches.echo, switches.noise);
        }
    }

    /// Samples at 48 kHz by which sound leaves later than it came.
    #[must_use]
    pub fn delay(&self) -> usize {
        if self.cleaner.as_ref().is_some_and(|cleaner| cleaner.runs()) { CLEANER_DELAY } else { 0 }
    }

    /// Somebody talks into the microphone, muted or not.
    #[must_use]
    pub fn talking(&self) -> bool {
        self.talk.on()
    }

    /// What goes to the speaker, 48 kHz, before the microphone can hear it.
    pub fn play(&mut self, sound: &[f32]) {
        if let Some(cleaner) = &mut self.cleaner {
            cleaner.echo.play(sound);
        }
    }

    /// Nothing of what was heard until now leaves any more, and nothing of what comes
    /// next is lost. What was learnt about room, noise and voice stays.
    pub fn forget(&mut self) {
        self.high_pass.forget();
        if let Some(cleaner) = &mut self.cleaner {
            cleaner.forget();
        }
    }

    /// Processes sound of the microphone in place, 48 kHz, in whole pieces of 10 ms (a rest would pass as it is).
    /// `playing`: the speaker plays.
    pub fn process(&mut self, sound: &mut [f32], playing: bool) {
        for piece in sound.as_chunks_mut::<PIECE>().0 {
            self.piece(piece, playing);
        }
    }

    fn piece(&mut self, piece: &mut [f32; PIECE], playing: bool) {
        if self.idles() {
            return self.talk.glance(&mut self.detector, piece);
        }
        for sample in piece.iter_mut() {
            // One sample that is no number would stay in the filters for ever.
            *sample = if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
        }
        if self.high_pass_fade.runs() {
            let mut wet = *piece;
            self.high_pass.process(&mut wet);
            self.high_pass_fade.mix(piece, &wet);
        }
        let cleaner = self.cleaner.as_mut().filter(|cleaner| cleaner.runs());
        let voiced = match cleaner {
            Some(cleaner) => {
                cleaner.process(piece, playing);
                self.detector.hear_low(cleaner.low())
            }
            None => self.detector.hear(piece),
        };
        self.talk.hear(voiced);
        if self.switches.gain {
            self.gain.hear(piece, voiced);
        }
        self.gain.apply(piece);
        self.limiter.process(piece);
    }

    /// No stage does anything: sound passes bit for bit.
    fn idles(&self) -> bool {
        let cleans = self.cleaner.as_ref().is_some_and(|cleaner| cleaner.runs());
        !(cleans || self.high_pass_fade.runs() || self.switches.gain) && self.gain.rests()
    }
}
