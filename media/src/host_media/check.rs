//! A microphone and a speaker tried before a call: some seconds are recorded while their level is told, and what was
//! recorded, or a tone, is played. Then it is said what is wrong and what to do. Nothing is kept or leaves this machine.

mod levels;
mod run;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use tokio::sync::mpsc;

use super::{
    api::{AudioEvent, DeviceSpec, SoundError},
    clock::Clock,
};
use crate::limits::CHECK_RECORD_MS;
use run::Run;

/// What is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundCheck {
    /// Microphone.
    pub input: DeviceSpec,
    /// Speaker.
    pub output: DeviceSpec,
    /// Sound that is recorded, ms, at most [`CHECK_RECORD_MS`]; 0: the microphone is left alone.
    pub record_ms: u32,
    /// What is played then.
    pub play: Played,
}

/// What a speaker plays to be tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Played {
    /// What was recorded, as it came; a tone if nothing was.
    #[default]
    Recorded,
    /// A tone of 440 Hz, for 1.5 s.
    Tone,
    /// Nothing: the speaker is left alone.
    Nothing,
}

/// How a trial goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckEvent {
    /// The last tenth of a second.
    Level {
        /// Of the microphone; else of what is played.
        recording: bool,
        /// Mean power, dB of full scale, -120 to 0.
        level_dbfs: i16,
        /// Highest sample, dB of full scale, -120 to 0.
        peak_dbfs: i16,
        /// Until this part is over, ms.
        left_ms: u32,
    },
    /// It is over: what was found, of the microphone first.
    Over(Vec<Finding>),
}

/// How it stands with a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Nothing but silence came.
    NoSignal,
    /// Others will hardly hear it.
    VeryQuiet,
    /// It is cut off at full scale.
    Clipping,
    /// Sound came, and no voice in it.
    NoVoice,
    /// The speaker wanted sound that was not there in time.
    Crackling,
    /// It is not there, is in use, or has stopped.
    NotAvailable,
    /// It was not tried: it is no card.
    NotTried,
    /// Something more important needed it.
    Interrupted,
}

/// What was found of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// It is about the microphone; else about the speaker.
    pub input: bool,
    /// How it stands.
    pub verdict: Verdict,
    /// The same for people.
    pub detail: String,
    /// What to do; none if nothing needs to be done.
    pub hint: Option<String>,
}

impl Finding {
    fn new(input: bool, verdict: Verdict, detail: impl Into<String>, hint: impl Into<Option<String>>) -> Self {
        Self { input, verdict, detail: detail.into(), hint: hint.into() }
    }
}

/// Tries devices, one pair at a time.
pub(crate) struct Checker {
    clock: Clock,
    /// Whether the audio thread is still there decides when this channel ends, not this.
    events: mpsc::WeakSender<AudioEvent>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    runs: AtomicBool,
    stop: AtomicBool,
}

/// Held while a trial runs.
struct Seat(Arc<State>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.runs.store(false, Ordering::Release);
    }
}

impl Checker {
    /// Tells on `events` what it finds.
    pub(crate) fn new(clock: Clock, events: &mpsc::Sender<AudioEvent>) -> Self {
        Self { clock, events: events.downgrade(), state: Arc::default() }
    }

    /// Begins, on a thread of its own.
    ///
    /// # Errors
    /// [`SoundError::Busy`] while another trial runs, [`SoundError::Setting`] or [`SoundError::Thread`].
    pub(crate) fn begin(&self, check: SoundCheck) -> Result<(), SoundError> {
        if check.record_ms > CHECK_RECORD_MS {
            return Err(SoundError::Setting(format!("record_ms is at most {CHECK_RECORD_MS}")));
        }
        let Some(events) = self.events.upgrade() else {
            return Err(SoundError::Thread("a defect has ended it; start the daemon again".into()));
        };
        if self.state.runs.swap(true, Ordering::AcqRel) {
            return Err(SoundError::Busy);
        }
        self.state.stop.store(false, Ordering::Release);
        let seat = Seat(Arc::clone(&self.state));
        let clock = self.clock;
        let work = move || {
            let mut run = Run::new(check, clock, clock.now_us(), events);
            while let Some(due_us) = run.step(clock.now_us(), seat.0.stop.load(Ordering::Acquire)) {
                let left_us = due_us.saturating_sub(clock.now_us());
                thread::park_timeout(std::time::Duration::from_micros(left_us));
            }
        };
        let begun = thread::Builder::new().name("ahoy-check".into()).spawn(work);
        begun.map(drop).map_err(|error| SoundError::Thread(error.to_string()))
    }

    /// Ends a trial at once, if one runs: its devices are needed.
    pub(crate) fn interrupt(&self) {
        self.state.stop.store(true, Ordering::Release);
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        self.interrupt();
    }
}
