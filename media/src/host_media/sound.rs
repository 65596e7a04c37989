//! Sound in real time: a desk, and the one thread that steps it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::SyncSender,
    },
    thread::{self, JoinHandle, Thread},
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use super::{
    api::{
        AudioConfig, AudioEvent, DeviceInfo, DeviceSpec, FrameOut, Piped, Priority, Processing, ReceiveStats, Ringing,
        Selection, Sound, SoundError, SourceStats,
    },
    check::{Checker, SoundCheck},
    clock::Clock,
    controls::Shared,
    desk::{Desk, Parts},
    device::{self, list},
    opus::{BITRATE_BPS, EncoderConfig},
    ringer::Ringer,
    source::wave::Wave,
    specs,
    voice::Voice,
};
use crate::{
    pipeline::{
        Pipeline,
        slot::{self, Live},
    },
    platform,
    recording::{Tap, Tapped},
    simple_webrtc::engine::{LinkId, PacketSink},
};

/// Lengths of a frame, ms.
const FRAME_MS: [u32; 4] = [10, 20, 40, 60];

/// Frequencies of a test tone, Hz: what can be heard.
const TONE_HZ: std::ops::RangeInclusive<u32> = 20..=20_000;

/// Sound of this machine. Its thread sleeps while no microphone is open and nothing plays, and ends with this value,
/// which waits for the last of the heard sound to be written.
pub struct HostSound {
    shared: Arc<Shared>,
    clock: Clock,
    numbers: AtomicU64,
    thread: Thread,
    join: Option<JoinHandle<()>>,
    ringer: Mutex<Option<Ringer>>,
    /// Weak: where the audio thread has ended, so have its events.
    events: mpsc::WeakSender<AudioEvent>,
    checker: Checker,
    /// Where pipelines end; made with the first.
    bin: Mutex<Option<SyncSender<Box<Live>>>>,
}

impl HostSound {
    /// Starts sound. A `file:` output is made (or emptied) now; devices are opened when they are needed.
    ///
    /// # Errors
    /// [`SoundError`] says which specification or setting cannot be used, and why.
    pub fn start(
        config: AudioConfig,
        out: Box<dyn FrameOut>,
        events: mpsc::Sender<AudioEvent>,
    ) -> Result<Self, SoundError> {
        check(&config)?;
        let clock = Clock::new();
        let shared = Arc::new(Shared::default());
        let encoder = EncoderConfig { bitrate_bps: config.bitrate_bps, ..EncoderConfig::default() };
        let opus = |error: super::opus::OpusError| SoundError::Setting(error.to_string());
        let parts = Parts {
            clock,
            shared: Arc::clone(&shared),
            out,
            events,
            voice: Voice::new(encoder).map_err(opus)?,
            sink: specs::sink(&config.output, clock).map_err(|lost| SoundError::Output(lost.0))?,
        };
        let (checker, told) = (Checker::new(clock, &parts.events), parts.events.downgrade());
        tell_absent(&config, parts.events.clone())?;
        let mut desk = Desk::new(parts, &config, clock.now_us());
        let watched = Arc::clone(&shared);
        let join = thread::Builder::new()
            .name("ahoy-audio".into())
            .spawn(move || run(&mut desk, clock, &watched))
            .map_err(|error| SoundError::Thread(error.to_string()))?;
        Ok(Self {
            shared,
            clock,
            numbers: AtomicU64::new(0),
            thread: join.thread().clone(),
            join: Some(join),
            ringer: Mutex::default(),
            events: told,
            checker,
            bin: Mutex::default(),
        })
    }

    /// Rings on this output; without it, it is silent.
    ///
    /// # Errors
    /// [`SoundError::Ringtone`] if it cannot be used: a file that cannot be made, or what is only an input.
    pub fn ringing_on(self, spec: DeviceSpec) -> Result<Self, SoundError> {
        self.ring_on(spec)?;
        Ok(self)
    }

    /// As it rings now, on this output.
    fn ring_on(&self, spec: DeviceSpec) -> Result<(), SoundError> {
        if let DeviceSpec::Id(id) = &spec {
            device::check(id).map_err(|lost| SoundError::Ringtone(lost.0))?;
        }
        let new = Ringer::new(spec, self.clock, self.events.clone()).map_err(|lost| SoundError::Ringtone(lost.0))?;
        let mut ringer = self.ringer();
        new.ring(ringer.as_ref().and_then(Ringer::rings));
        *ringer = Some(new);
        Ok(())
    }

    /// For live sound.
    fn live(&self, pipeline: Pipeline) -> Result<Box<Live>, SoundError> {
        let mut bin = self.bin.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = match &*bin {
            Some(sender) => sender.clone(),
            None => slot::bin().map_err(|error| SoundError::Thread(error.to_string()))?,
        };
        *bin = Some(sender.clone());
        Ok(Live::new(pipeline, sender))
    }

    fn ringer(&self) -> MutexGuard<'_, Option<Ringer>> {
        self.ringer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Monotonic microseconds on the clock of `SourceStarted` and `SinkStarted`.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        self.clock.now_us()
    }
}

/// Refuses what cannot work before anything is started.
fn check(config: &AudioConfig) -> Result<(), SoundError> {
    if !FRAME_MS.contains(&config.frame_ms) {
        return Err(SoundError::Setting(format!("frames of {} ms; possible are {FRAME_MS:?}", config.frame_ms)));
    }
    if !BITRATE_BPS.contains(&config.bitrate_bps) {
        return Err(SoundError::Setting(format!("{} bits a second; possible are {BITRATE_BPS:?}", config.bitrate_bps)));
    }
    check_input(&config.input)?;
    check_output(&config.output)
}

/// Whether this can be a microphone.
fn check_input(input: &DeviceSpec) -> Result<(), SoundError> {
    match input {
        DeviceSpec::File { path, looped, .. } => {
            Wave::open(path, *looped).map(drop).map_err(|lost| SoundError::Input(lost.0))
        }
        DeviceSpec::Tone(hz) if !TONE_HZ.contains(hz) => {
            Err(SoundError::Input(format!("a tone of {hz} Hz; possible are {TONE_HZ:?}")))
        }
        DeviceSpec::Id(id) => device::check(id).map_err(|lost| SoundError::Input(lost.0)),
        DeviceSpec::Tone(_) | DeviceSpec::None | DeviceSpec::Default => Ok(()),
    }
}

/// Whether this can be a speaker.
fn check_output(output: &DeviceSpec) -> Result<(), SoundError> {
    match output {
        DeviceSpec::Id(id) => device::check(id).map_err(|lost| SoundError::Output(lost.0)),
        DeviceSpec::Tone(_) | DeviceSpec::None | DeviceSpec::Default | DeviceSpec::File { .. } => Ok(()),
    }
}

/// Tells at once which of the devices that are named are not there. They may be plugged in later, so the start goes on;
/// the system may take half a second to answer, so a thread of its own asks.
fn tell_absent(config: &AudioConfig, events: mpsc::Sender<AudioEvent>) -> Result<(), SoundError> {
    let named = |spec: &DeviceSpec| match spec {
        DeviceSpec::Id(id) => Some(id.clone()),
        DeviceSpec::Tone(_) | DeviceSpec::None | DeviceSpec::Default | DeviceSpec::File { .. } => None,
    };
    let (input, output) = (config.input.clone(), config.output.clone());
    let wanted = [(true, named(&input)), (false, named(&output))];
    if wanted.iter().all(|(_, id)| id.is_none()) {
        return Ok(());
    }
    let ask = move || {
        // On a busy machine the sound systems may not answer in time: then nothing is known, and nothing told.
        let Some(there) = list::whole_list(&[&input, &output]) else { return };
        for (input, id) in wanted {
            let Some(id) = id else { continue };
            if there.iter().any(|device| device.input == input && device.id == id) {
                continue;
            }
            let detail =
                format!("there is no `{id}` now (`ahoy devices` lists what there is); it is used once it is there");
            if events.try_send(AudioEvent::DeviceLost { input, detail }).is_err() {
                tracing::warn!(id, "a sound device that is not there could not be told");
            }
        }
    };
    let asked = thread::Builder::new().name("ahoy-devices".into()).spawn(ask);
    asked.map(drop).map_err(|error| SoundError::Thread(error.to_string()))
}

/// The audio thread. A defect in it ends sound, not the daemon, and is told.
fn run(desk: &mut Desk, clock: Clock, shared: &Shared) {
    platform::watch_urgent_threads();
    let granted = platform::urgent_thread();
    shared.lock().priority = granted;
    match granted {
        Priority::RealTime => tracing::info!("sound runs with real-time priority"),
        Priority::Raised => tracing::info!("sound runs with a raised priority; the system grants no real time"),
        Priority::Usual => {
            tracing::info!("sound has no priority here: on a busy machine it may crackle (`ahoy doctor`)")
        }
    }
    if catch_unwind(AssertUnwindSafe(|| work(desk, clock, shared))).is_err() {
        tracing::error!("a defect has ended the audio thread: no sound until the daemon is started again");
        while desk.tell_of_defect() && !shared.lock().stop {
            thread::park_timeout(Duration::from_millis(20));
        }
    }
    desk.close();
}

/// Steps the desk until it is to stop.
fn work(desk: &mut Desk, clock: Clock, shared: &Shared) {
    while !shared.lock().stop {
        if platform::take_demoted() {
            tracing::warn!(
                "a thread of sound never paused: it has no real-time priority any more (a card without a clock?)"
            );
            shared.lock().priority = platform::priority();
        }
        match desk.step(clock.now_us()) {
            None => thread::park(),
            Some(at_us) => {
                let left_us = at_us.saturating_sub(clock.now_us());
                if left_us > 0 {
                    thread::park_timeout(Duration::from_micros(left_us));
                }
            }
        }
    }
}

impl Sound for HostSound {
    fn microphone(&self, open: bool) {
        if open {
            self.checker.interrupt();
        }
        self.shared.lock().microphone(open);
        self.thread.unpark();
    }

    fn mute(&self, muted: bool) {
        self.shared.lock().mute(muted);
        self.thread.unpark();
    }

    fn ring(&self, ringing: Option<Ringing>) {
        if ringing.is_some() {
            self.checker.interrupt();
        }
        if let Some(ringer) = &*self.ringer() {
            ringer.ring(ringing);
        }
    }

    fn process(&self, processing: Processing) {
        self.shared.lock().processing = processing;
        self.thread.unpark();
    }

    fn pipe(&self, what: Piped, pipeline: Option<Pipeline>) -> Result<(), SoundError> {
        let live = pipeline.map(|pipeline| self.live(pipeline)).transpose()?;
        self.shared.lock().pipe(what, live);
        self.thread.unpark();
        Ok(())
    }

    fn select(&self, selection: Selection) -> Result<(), SoundError> {
        match selection {
            Selection::Input(input) => {
                check_input(&input)?;
                self.shared.lock().input = Some(input);
            }
            Selection::Output(output) => {
                check_output(&output)?;
                let sink = specs::sink(&output, self.clock).map_err(|lost| SoundError::Output(lost.0))?;
                self.shared.lock().output = Some((output, sink));
            }
            Selection::Ringtone(spec) => self.ring_on(spec)?,
        }
        self.thread.unpark();
        Ok(())
    }

    fn check(&self, check: SoundCheck) -> Result<(), SoundError> {
        self.checker.begin(check)
    }

    fn add_link(&self, link: LinkId) -> Box<dyn PacketSink> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        Box::new(self.shared.lock().add_link(link, number))
    }

    fn send(&self, link: LinkId, on: bool) {
        self.shared.lock().send(link, on);
    }

    fn play(&self, link: LinkId, on: bool) {
        self.shared.lock().play(link, on, Instant::now());
        self.thread.unpark();
    }

    fn remove_link(&self, link: LinkId) {
        self.shared.lock().remove_link(link);
        self.thread.unpark();
    }

    fn tap(&self, what: Tapped, tap: Option<Tap>) {
        self.shared.lock().tap(what, tap);
    }

    fn receive_stats(&self, link: LinkId) -> Option<ReceiveStats> {
        self.shared.lock().links.get(&link).map(|wish| wish.stats.clone())
    }

    fn missing_samples(&self) -> u64 {
        self.shared.lock().missing_samples
    }

    fn source_stats(&self) -> SourceStats {
        self.shared.lock().source.clone()
    }

    fn priority(&self) -> Priority {
        self.shared.lock().priority
    }

    fn devices(&self) -> Vec<DeviceInfo> {
        list::list()
    }

    fn usable_devices(&self, chosen: &[&DeviceSpec]) -> Option<Vec<DeviceInfo>> {
        list::whole_list(chosen)
    }
}

impl Drop for HostSound {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.thread.unpark();
        if let Some(join) = self.join.take()
            && join.join().is_err()
        {
            tracing::error!("the audio thread has panicked");
        }
    }
}

#[cfg(test)]
mod tests;
