//! A pipeline on the way of live sound, and the change to another one: without a click, and without an allocation, a lock or a
//! file on the thread that sound runs on.

use std::{
    io,
    sync::mpsc::{self, SyncSender, TrySendError},
    thread,
};

use super::Pipeline;
use crate::{
    limits::PIPELINES_SPENT,
    processing::{Limiter, PIECE},
};

/// Samples at 48 kHz over which one pipeline goes over into another: 10 ms.
const FADE: usize = PIECE;

/// A pipeline that is made for live sound. Nothing in it is taken apart on the audio thread: it goes into the bin.
pub(crate) struct Live {
    pipeline: Pipeline,
    /// Within full scale without hard clipping, however loud it makes sound.
    limiter: Limiter,
    /// Where blocks are of any length: what comes in takes the place of what goes out.
    held: [f32; PIECE],
    filled: usize,
    bin: SyncSender<Box<Self>>,
}

impl Live {
    /// Around a pipeline that ends in this bin.
    pub(crate) fn new(pipeline: Pipeline, bin: SyncSender<Box<Self>>) -> Box<Self> {
        Box::new(Self { pipeline, limiter: Limiter::new(), held: [0.0; PIECE], filled: 0, bin })
    }

    fn pass(&mut self, sound: &mut [f32], blocks: Blocks) {
        match (blocks, <&mut [f32; PIECE]>::try_from(&mut *sound)) {
            (Blocks::Whole, Ok(piece)) => {
                self.pipeline.process(piece);
                self.limiter.process(piece);
            }
            // A rest passes as it is: who gives whole pieces has none.
            (Blocks::Whole, Err(_)) => {}
            (Blocks::Any, _) => sound.iter_mut().for_each(|sample| self.sample(sample)),
        }
    }

    fn sample(&mut self, sample: &mut f32) {
        if let Some(held) = self.held.get_mut(self.filled) {
            std::mem::swap(held, sample);
        }
        self.filled += 1;
        if self.filled >= PIECE {
            self.filled = 0;
            self.pipeline.process(&mut self.held);
            self.limiter.process(&mut self.held);
        }
    }

    fn forget(&mut self) {
        self.pipeline.forget();
        self.held.fill(0.0);
    }

    /// Goes into the bin; comes back if that is full.
    fn leave(self: Box<Self>) -> Option<Box<Self>> {
        let bin = self.bin.clone();
        match bin.try_send(self) {
            Ok(()) => None,
            Err(TrySendError::Full(live)) => Some(live),
            // Nobody takes anything apart any more: the sound ends.
            Err(TrySendError::Disconnected(_)) => None,
        }
    }
}

/// Where pipelines end that are heard no more: a thread that takes them apart, and ends with the last end of this.
///
/// # Errors
/// The system gives no thread.
pub(crate) fn bin() -> io::Result<SyncSender<Box<Live>>> {
    let (bin, spent) = mpsc::sync_channel(PIPELINES_SPENT);
    let end = move || spent.into_iter().for_each(drop);
    thread::Builder::new().name("ahoy-pipes".into()).spawn(end).map(|_| bin)
}

/// In which blocks sound comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocks {
    /// In pieces of 10 ms: nothing is late but for what the pipeline holds back.
    Whole,
    /// In blocks of any length: sound is 10 ms later while there is a pipeline.
    Any,
}

/// The place of a pipeline on the way of sound.
///
/// ```text
///          switch                 it is warm             10 ms
/// Rests ───────────> Warms ─────────────────> Fades ─────────────> Rests
///                      │ switch: another one warms, this one goes
/// ```
pub(crate) struct Slot {
    blocks: Blocks,
    now: Option<Box<Live>>,
    next: Option<Next>,
    /// It did not fit into the bin.
    gone: Option<Box<Live>>,
}

/// What takes the place of the one that is heard.
struct Next {
    live: Option<Box<Live>>,
    /// Samples that it still runs unheard.
    warm: usize,
    /// Samples for which it has been heard, of [`FADE`].
    faded: usize,
}

impl Slot {
    /// Sound passes bit for bit.
    pub(crate) fn new(blocks: Blocks) -> Self {
        Self { blocks, now: None, next: None, gone: None }
    }

    /// Takes another pipeline, or none, now: none is being faded in.
    pub(crate) fn is_free(&self) -> bool {
        self.gone.is_none() && self.next.as_ref().is_none_or(|next| next.warm > 0)
    }

    /// A pipeline is in it, or comes or goes.
    pub(crate) fn works(&self) -> bool {
        self.now.is_some() || self.next.is_some()
    }

    /// Samples at 48 kHz by which sound leaves later than it comes.
    pub(crate) fn delay(&self) -> usize {
        self.now.as_ref().map_or(0, |live| live.pipeline.delay() + self.blocks.delay())
    }

    /// This pipeline from now on, or none. Only while it [`Self::is_free`].
    pub(crate) fn switch(&mut self, live: Option<Box<Live>>) {
        let warm = live.as_ref().map_or(0, |live| live.pipeline.warm() + self.blocks.delay());
        let before = self.next.replace(Next { live, warm, faded: 0 });
        self.gone = before.and_then(|next| next.live).and_then(Live::leave);
    }

    /// The pipeline it had last, with nothing of what was heard.
    pub(crate) fn into_live(mut self) -> Option<Box<Live>> {
        self.forget();
        match self.next.take() {
            Some(next) => next.live,
            None => self.now.take(),
        }
    }

    /// Nobody hears anything just now: what is wanted is there at once, with nothing of what was heard.
    pub(crate) fn rest(&mut self) {
        if self.gone.is_none()
            && let Some(next) = self.next.take()
        {
            self.gone = std::mem::replace(&mut self.now, next.live).and_then(Live::leave);
        }
        self.forget();
    }

    /// Nothing of what was heard until now leaves any more.
    pub(crate) fn forget(&mut self) {
        let next = self.next.as_mut().and_then(|next| next.live.as_mut());
        self.now.as_mut().into_iter().chain(next).for_each(|live| live.forget());
    }

    /// What is heard of the pipeline, in place.
    pub(crate) fn process(&mut self, sound: &mut [f32]) {
        if let Some(gone) = self.gone.take() {
            self.gone = gone.leave();
        }
        if self.works() {
            sound.chunks_mut(PIECE).for_each(|piece| self.piece(piece));
        }
    }

    /// At most 10 ms.
    fn piece(&mut self, sound: &mut [f32]) {
        let (blocks, now) = (self.blocks, self.now.as_mut());
        let Some(next) = &mut self.next else {
            if let Some(live) = now {
                live.pass(sound, blocks);
            }
            return;
        };
        let mut wet = [0.0; PIECE];
        let wet = wet.get_mut(..sound.len()).unwrap_or_default();
        wet.copy_from_slice(sound);
        if let Some(live) = &mut next.live {
            live.pass(wet, blocks);
        }
        if let Some(live) = now {
            live.pass(sound, blocks);
        }
        for (sample, wet) in sound.iter_mut().zip(wet) {
            if next.warm > 0 {
                next.warm -= 1;
                continue;
            }
            next.faded = (next.faded + 1).min(FADE);
            *sample += (*wet - *sample) * (next.faded as f32 / FADE as f32);
        }
        if next.faded == FADE
            && let Some(next) = self.next.take()
        {
            self.gone = std::mem::replace(&mut self.now, next.live).and_then(Live::leave);
        }
    }
}

impl Blocks {
    fn delay(self) -> usize {
        match self {
            Self::Whole => 0,
            Self::Any => PIECE,
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let next = self.next.take().and_then(|next| next.live);
        for live in [self.now.take(), next].into_iter().flatten() {
            // Where the bin is full it is taken apart here: a link ends, and its buffers with it.
            drop(live.leave());
        }
    }
}

#[cfg(test)]
mod tests;
