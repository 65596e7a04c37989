//! Takes what the speaker plays out of what the microphone hears. Finding the delay (up to half a second, and it is followed) and the
//! linear part are AEC3's, the canceller of WebRTC, ported to Rust (`sonora-aec3`); what that leaves goes by [`Residual`], which
//! keeps more of a voice that speaks at the same time than AEC3's own suppressor (docs/quality.md). Until a model of the room is found, and
//! after it is lost, that one is heard, because it needs no model.

use sonora_aec3::{block::Block, block_processor::BlockProcessor, config::EchoCanceller3Config};

use super::{
    LOW, PIECE,
    fade::Fade,
    low_band::{Decimator, Delay},
    residual::Residual,
    spectrum::OVERLAP,
};

/// Samples at 16 kHz that it takes at a time.
const BLOCK: usize = 64;

/// Samples at 16 kHz by which it is late: half a block, so that blocks of 4 ms come out as pieces of 10, and the overlap of spectra.
pub(crate) const ECHO_DELAY: usize = BLOCK / 2 + OVERLAP;

/// Its scale: that of 16 bit.
pub(crate) const SCALE: f32 = 32_768.0;

/// From here on the microphone is overdriven, of 16 bit (as in WebRTC).
const OVERDRIVEN: f32 = 32_700.0;

/// Pieces of 10 ms that it runs unheard when it is switched on.
const WARM: u32 = 3;

/// Sample rate of the low band, Hz.
const RATE: usize = 16_000;

/// Blocks of 4 ms that the model of the room spans: 80 ms instead of WebRTC's 52, because more of a room's sound is then taken out
/// without touching a voice.
const MODEL_BLOCKS: usize = 20;

/// Blocks of which AEC3's suppressor holds a part: its windows span two.
const SUPPRESSOR_BLOCKS: u32 = 2;

/// Pieces of 10 ms in which the model explained nearly all, of the last ones, after which it is trusted: 0.2 s.
const TRUST: u32 = 20;

/// Pieces of 10 ms in a row in which the model took away what was no echo, after which it is lost.
const ERRORS: u32 = 8;

/// An echo canceller for the low band.
pub(crate) struct Echo {
    core: BlockProcessor,
    block: Block,
    linear: Block,
    /// What waits for a whole block, and what came out and is not due yet: without echo by the model, the echo, and without echo by
    /// AEC3's suppressor.
    held: Fifo,
    left: Fifo,
    echo: Fifo,
    suppressed: Fifo,
    /// The last block without echo by the model: as late as AEC3's suppressor is, it stands in for that one's first blocks.
    last: [f32; BLOCK],
    /// Blocks until all that AEC3's suppressor gives out is of now.
    stale: u32,
    /// AEC3's suppressor works.
    suppresses: bool,
    residual: Residual,
    trust: Trust,
    dry: Delay<ECHO_DELAY>,
    fade: Fade,
    played: Played,
}

/// Whether the model of the room holds.
struct Trust {
    explained: u32,
    errs: u32,
    delay_ms: i32,
    /// How much of the model's way is heard.
    fade: Fade,
}

/// What the speaker plays, on its way to the canceller.
struct Played {
    down: Decimator,
    piece: [f32; PIECE],
    filled: usize,
    low: [f32; LOW],
    held: Fifo,
    block: Block,
    /// Something came since the microphone was last heard.
    fresh: bool,
}

/// Samples at 16 kHz that wait; at most a block and two pieces, so it never grows.
struct Fifo(Vec<f32>);

impl Fifo {
    fn with(samples: usize) -> Self {
        let mut held = Vec::with_capacity(2 * BLOCK + 2 * LOW);
        held.resize(samples, 0.0);
        Self(held)
    }

    fn push(&mut self, sound: &[f32]) {
        let room = self.0.capacity() - self.0.len();
        self.0.extend_from_slice(sound.get(..room.min(sound.len())).unwrap_or_default());
    }

    /// Fills `out` if there is enough.
    fn pull(&mut self, out: &mut [f32]) -> bool {
        let Some(first) = self.0.get(..out.len()) else { return false };
        out.copy_from_slice(first);
        self.0.drain(..out.len());
        true
    }
}

impl Trust {
    /// After 10 ms. True: what the model leaves is worth hearing.
    fn weigh(&mut self, residual: &Residual, delay_ms: i32) -> bool {
        self.errs = if residual.errs() { self.errs + 1 } else { 0 };
        if std::mem::replace(&mut self.delay_ms, delay_ms) != delay_ms || self.errs >= ERRORS {
            self.explained = 0;
        }
        self.explained = if residual.explains() { (self.explained + 1).min(TRUST) } else { self.explained };
        let trusted = self.explained == TRUST;
        self.fade.switch(trusted);
        trusted
    }
}

impl Echo {
    /// A canceller that knows nothing of the room.
    pub(crate) fn new() -> Self {
        let mut config = EchoCanceller3Config::default();
        config.filter.refined.length_blocks = MODEL_BLOCKS;
        config.filter.coarse.length_blocks = MODEL_BLOCKS;
        config.filter.export_linear_aec_output = true;
        let mut core = BlockProcessor::new(&config, RATE, 1, 1);
        // Before the first sound of the speaker it would pass sound without its delay.
        core.buffer_render(&Block::new(1, 1));
        let late = BLOCK / 2;
        Self {
            core,
            block: Block::new(1, 1),
            linear: Block::new(1, 1),
            held: Fifo::with(0),
            left: Fifo::with(late),
            echo: Fifo::with(late),
            // A block late already, between its own two windows.
            suppressed: Fifo::with(ECHO_DELAY - BLOCK),
            last: [0.0; BLOCK],
            stale: 0,
            suppresses: true,
            residual: Residual::new(),
            trust: Trust { explained: 0, errs: 0, delay_ms: 0, fade: Fade::off(0) },
            dry: Delay::new(),
            fade: Fade::off(WARM),
            played: Played {
                down: Decimator::new(),
                piece: [0.0; PIECE],
                filled: 0,
                low: [0.0; LOW],
                held: Fifo::with(0),
                block: Block::new(1, 1),
                fresh: false,
            },
        }
    }

    /// On or off.
    pub(crate) fn switch(&mut self, on: bool) {
        self.fade.switch(on);
    }

    /// It works, or still fades out.
    pub(crate) fn runs(&self) -> bool {
        self.fade.runs()
    }

    /// Nothing of what the microphone heard until now leaves any more; what was learnt stays.
    pub(crate) fn forget(&mut self) {
        for waiting in [&mut self.held, &mut self.left, &mut self.echo, &mut self.suppressed] {
            waiting.0.fill(0.0);
        }
        self.residual.forget();
        self.dry.forget();
        self.last.fill(0.0);
        self.stale = SUPPRESSOR_BLOCKS;
    }

    /// What goes to the speaker, 48 kHz, any number of samples; before the microphone can hear it.
    pub(crate) fn play(&mut self, sound: &[f32]) {
        if !self.fade.runs() {
            return;
        }
        self.played.fresh |= !sound.is_empty();
        let mut rest = sound;
        while !rest.is_empty() {
            let Some(room) = self.played.piece.get_mut(self.played.filled..) else { return };
            let (now, later) = rest.split_at(room.len().min(rest.len()));
            for (place, sample) in room.iter_mut().zip(now) {
                *place = if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
            }
            self.played.filled += now.len();
            rest = later;
            if self.played.filled == PIECE {
                self.buffer();
            }
        }
    }

    fn buffer(&mut self) {
        let Played { down, piece, filled, low, held, block, .. } = &mut self.played;
        *filled = 0;
        down.push(piece, low);
        low.iter_mut().for_each(|sample| *sample *= SCALE);
        held.push(low);
        while held.pull(block.view_mut(0, 0)) {
            self.core.buffer_render(block);
        }
    }

    /// Nothing is played: silence for as long as the microphone hears. Else the canceller would take the gap for an unsteady clock.
    fn play_silence(&mut self) {
        self.played.piece.fill(0.0);
        self.buffer();
    }

    /// 10 ms of the low band, at the scale of 16 bit; [`ECHO_DELAY`] later whether it is on or not. `playing`: something is played,
    /// and comes through [`Self::play`].
    pub(crate) fn process(&mut self, low: &mut [f32; LOW], playing: bool) {
        let fresh = std::mem::take(&mut self.played.fresh);
        if !self.fade.runs() {
            return self.dry.push(low);
        }
        if !playing && !fresh {
            self.play_silence();
        }
        self.cancel(low);
        self.dry.push(low);
        let (mut left, mut echo, mut wet, mut cleaned) = ([0.0; LOW], [0.0; LOW], [0.0; LOW], [0.0; LOW]);
        // 160 samples in, 128 or 192 out by turns: with half a block ahead there are always enough.
        if self.left.pull(&mut left) && self.echo.pull(&mut echo) && self.suppressed.pull(&mut wet) {
            self.residual.process(&left, &echo, &mut cleaned);
            let trusted = self.trust.weigh(&self.residual, self.core.get_metrics().delay_ms);
            self.trust.fade.mix(&mut wet, &cleaned);
            // Spares AEC3's suppressor while it isn't heard.
            self.suppresses = !trusted || !self.trust.fade.full();
            self.core.set_capture_output_usage(self.suppresses);
            self.fade.mix(low, &wet);
        }
    }

    fn cancel(&mut self, low: &[f32; LOW]) {
        let overdriven = low.iter().any(|sample| sample.abs() >= OVERDRIVEN);
        self.held.push(low);
        let mut heard = [0.0; BLOCK];
        while self.held.pull(&mut heard) {
            self.block.view_mut(0, 0).copy_from_slice(&heard);
            self.core.process_capture(false, overdriven, Some(&mut self.linear), &mut self.block);
            let left = self.linear.view(0, 0);
            for (heard, left) in heard.iter_mut().zip(left) {
                *heard -= left;
            }
            self.left.push(left);
            self.echo.push(&heard);
            if !self.suppresses {
                // It keeps what it held when it rested, however old that becomes.
                self.stale = SUPPRESSOR_BLOCKS;
            }
            if self.stale > 0 {
                self.stale -= 1;
                self.suppressed.push(&self.last);
            } else {
                self.suppressed.push(self.block.view(0, 0));
            }
            self.last.copy_from_slice(left);
        }
    }
}
