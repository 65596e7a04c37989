//! What rings: on an output of its own, for as long as it is wanted, on a thread that lives no longer.

mod melody;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, Thread},
    time::Duration,
};

use tokio::sync::mpsc;

use super::{
    api::{AudioEvent, DeviceSpec, Ringing},
    clock::Clock,
    outbox::Outbox,
    recovery::{Open, Recovery},
    sink::{BLOCK, Sink},
    source::Lost,
    specs,
};
use crate::planes::Planes;

/// Rings, or not. Dropping it ends that.
pub(crate) struct Ringer {
    spec: DeviceSpec,
    clock: Clock,
    /// Whether the audio thread is still there decides when this channel ends, not this.
    events: mpsc::WeakSender<AudioEvent>,
    bell: Arc<Bell>,
}

/// Shared by whoever wants it to ring and the thread that does.
struct Bell(Mutex<State>);

struct State {
    wanted: Option<Ringing>,
    /// The thread, while there is one.
    thread: Option<Thread>,
    /// The output, while there is none.
    sink: Option<Box<dyn Sink>>,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Plain values: a panic elsewhere leaves them whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ringer {
    /// Rings on this output, and tells when it is lost or back; a file is made (or emptied) now.
    ///
    /// # Errors
    /// [`Lost`] if the file cannot be made, or the specification is one of an input.
    pub(crate) fn new(spec: DeviceSpec, clock: Clock, events: mpsc::WeakSender<AudioEvent>) -> Result<Self, Lost> {
        let sink = Some(specs::sink(&spec, clock)?);
        Ok(Self { spec, clock, events, bell: Arc::new(Bell(Mutex::new(State { wanted: None, thread: None, sink }))) })
    }

    /// How it is to ring now.
    pub(crate) fn rings(&self) -> Option<Ringing> {
        self.bell.lock().wanted
    }

    /// From now on it rings like this, or no longer.
    pub(crate) fn ring(&self, ringing: Option<Ringing>) {
        if self.spec == DeviceSpec::None {
            return;
        }
        let mut state = self.bell.lock();
        state.wanted = ringing;
        if let Some(thread) = &state.thread {
            thread.unpark();
        } else if ringing.is_some()
            && let Some(sink) = state.sink.take()
        {
            // Where the audio thread is gone nobody listens.
            let outbox = Outbox::new(self.events.upgrade().unwrap_or_else(|| mpsc::channel(1).0));
            let (player, bell) = (Player::new(sink, &self.spec, (self.clock, outbox)), Arc::clone(&self.bell));
            match thread::Builder::new().name("ahoy-ring".into()).spawn(move || run(player, &bell)) {
                Ok(thread) => state.thread = Some(thread.thread().clone()),
                Err(error) => {
                    tracing::warn!(%error, "no thread to ring: calls are silent until the daemon is started again")
                }
            }
        }
    }
}

impl Drop for Ringer {
    fn drop(&mut self) {
        self.ring(None);
    }
}

/// The thread: plays as long as that is wanted.
fn run(mut player: Player, bell: &Bell) {
    loop {
        let wanted = bell.lock().wanted;
        let due_us = player.step(wanted, player.clock.now_us());
        let Some(due_us) = due_us else {
            let mut state = bell.lock();
            if state.wanted.is_none() {
                (state.thread, state.sink) = (None, Some(player.into_sink()));
                return;
            }
            continue;
        };
        thread::park_timeout(Duration::from_micros(due_us.saturating_sub(player.clock.now_us())));
    }
}

/// Plays a melody into a sink.
struct Player {
    clock: Clock,
    sink: Box<dyn Sink>,
    open: Open<dyn Sink>,
    spec: DeviceSpec,
    recovery: Recovery<dyn Sink>,
    outbox: Outbox,
    ringing: Option<Ringing>,
    /// Samples since it began to ring like this.
    n: u64,
}

impl Player {
    fn new(sink: Box<dyn Sink>, spec: &DeviceSpec, (clock, outbox): (Clock, Outbox)) -> Self {
        let (spec, opened) = (spec.clone(), spec.clone());
        let open: Open<dyn Sink> = Box::new(move |now_us| {
            let mut sink = specs::sink(&opened, clock)?;
            sink.start(now_us);
            Ok(sink)
        });
        Self { clock, sink, open, spec, recovery: Recovery::new(), outbox, ringing: None, n: 0 }
    }

    /// Plays what is due; when to be called again, if it is to ring.
    fn step(&mut self, wanted: Option<Ringing>, now_us: u64) -> Option<u64> {
        if wanted.is_some() && self.ringing.is_none() {
            self.sink.start(now_us);
        }
        if wanted != self.ringing {
            (self.ringing, self.n) = (wanted, 0);
        }
        let Some(ringing) = wanted else {
            if let Err(lost) = self.sink.pause() {
                tracing::warn!(why = lost.0, "what rang could not be written to its end");
            }
            return None;
        };
        if let Some((sink, detail)) = self.recovery.step(now_us, &mut self.open) {
            self.sink = sink;
            self.outbox.push(AudioEvent::RingtoneBack { detail });
        }
        while let Some(want) = self.sink.want(now_us) {
            let n = self.n;
            let block: Vec<f32> = (n..).take(want.most.min(BLOCK)).map(|n| melody::sample(ringing, n)).collect();
            self.n += block.len() as u64;
            if let Err(lost) = self.sink.play(&Planes::mono(block)) {
                self.lose(lost, now_us);
            }
        }
        self.outbox.deliver();
        let due_us = self.sink.due_us(now_us);
        Some(self.recovery.due_us().map_or(due_us, |retry_us| retry_us.min(due_us)))
    }

    /// The output for the next time: a card is opened anew, whatever became of it; a file goes on.
    fn into_sink(self) -> Box<dyn Sink> {
        let anew = specs::returns(&self.spec).then(|| specs::sink(&self.spec, self.clock).ok()).flatten();
        anew.unwrap_or(self.sink)
    }

    /// The output is gone: it rings on in silence, and is tried again if it can come back.
    fn lose(&mut self, lost: Lost, now_us: u64) {
        self.outbox.push(AudioEvent::RingtoneLost { detail: lost.0 });
        self.sink = specs::nowhere();
        self.sink.start(now_us);
        if specs::returns(&self.spec) {
            self.recovery.lost(now_us);
        }
    }
}

#[cfg(test)]
mod tests;
