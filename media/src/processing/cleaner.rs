//! Echo and noise taken out of 10 ms at 48 kHz. Both work on the low band; what is above follows them by its level.

use super::{
    LOW, PIECE,
    echo::{ECHO_DELAY, Echo, SCALE},
    fade::Fade,
    low_band::{Decimator, Delay, Interpolator, SPLIT_DELAY},
    noise::{NOISE_DELAY, Noise},
};

/// Samples at 16 kHz by which both stages are late.
const LOW_DELAY: usize = ECHO_DELAY + NOISE_DELAY;

/// Samples at 48 kHz by which sound is late while either stage is on: 16 ms.
pub(crate) const CLEANER_DELAY: usize = SPLIT_DELAY + 3 * LOW_DELAY;

/// Pieces of 10 ms that it runs unheard when the first stage is switched on: what it holds is then all of now.
const WARM: u32 = 3;

/// How fast the gain of the upper band follows, of the difference, a piece of 10 ms: down at once (an echo begins), up within 40 ms.
const HIGH_UP: f32 = 0.25;

/// Power at the scale of 16 bit below which a low band says nothing about the upper one.
const SILENT: f32 = 1.0;

/// Echo canceller and noise suppressor, and the way there and back.
pub(crate) struct Cleaner {
    pub(crate) echo: Echo,
    pub(crate) noise: Noise,
    fade: Fade,
    down: Decimator,
    low: [f32; LOW],
    before: Delay<LOW_DELAY>,
    was: [f32; LOW],
    up_before: Interpolator,
    up_after: Interpolator,
    whole: Delay<CLEANER_DELAY>,
    high_gain: f32,
    /// Edges of the low band, by which the upper one is judged.
    edges: [f32; 2],
}

impl Cleaner {
    /// Off.
    pub(crate) fn new() -> Self {
        Self {
            echo: Echo::new(),
            noise: Noise::new(),
            fade: Fade::off(WARM),
            down: Decimator::new(),
            low: [0.0; LOW],
            before: Delay::new(),
            was: [0.0; LOW],
            up_before: Interpolator::new(),
            up_after: Interpolator::new(),
            whole: Delay::new(),
            high_gain: 1.0,
            edges: [0.0; 2],
        }
    }

    /// Which stages work from now on.
    pub(crate) fn switch(&mut self, echo: bool, noise: bool) {
        self.echo.switch(echo);
        self.noise.switch(noise);
        // Once both have faded out, so does the way there and back, with its delay.
        self.fade.switch(self.echo.runs() || self.noise.runs());
    }

    /// It adds its delay, or still fades out.
    pub(crate) fn runs(&self) -> bool {
        self.fade.runs()
    }

    /// Nothing of what was heard until now leaves any more; what was learnt stays.
    pub(crate) fn forget(&mut self) {
        self.echo.forget();
        self.noise.forget();
        self.down.forget();
        self.before.forget();
        self.up_before.forget();
        self.up_after.forget();
        self.whole.forget();
        self.edges = [0.0; 2];
    }

    /// The last 10 ms of the low band, cleaned, of full scale 1.
    pub(crate) fn low(&self) -> &[f32; LOW] {
        &self.low
    }

    /// Cleans 10 ms in place.
    pub(crate) fn process(&mut self, piece: &mut [f32; PIECE], playing: bool) {
        self.fade.switch(self.echo.runs() || self.noise.runs());
        if !self.fade.runs() {
            return;
        }
        self.down.push(piece, &mut self.low);
        self.low.iter_mut().for_each(|sample| *sample *= SCALE);
        self.was = self.low;
        self.before.push(&mut self.was);
        self.echo.process(&mut self.low, playing);
        self.noise.process(&mut self.low);
        let high_gain = self.judge();
        let (mut below, mut cleaned, mut out) = ([0.0; PIECE], [0.0; PIECE], *piece);
        for sample in self.was.iter_mut().chain(&mut self.low) {
            *sample /= SCALE;
        }
        self.up_before.push(&self.was, &mut below);
        self.up_after.push(&self.low, &mut cleaned);
        self.whole.push(&mut out);
        let step = (high_gain - self.high_gain) / PIECE as f32;
        for ((sample, below), cleaned) in out.iter_mut().zip(&below).zip(&cleaned) {
            self.high_gain += step;
            *sample = (*sample - below) * self.high_gain + cleaned;
        }
        self.high_gain = high_gain;
        self.fade.mix(piece, &out);
    }

    /// What is left of the upper half of the low band is what shall be left of the upper band: echo and noise there are of the same source.
    fn judge(&mut self) -> f32 {
        let [was, is] = [&self.was, &self.low].map(|low| low.iter());
        let edge = |samples: std::slice::Iter<'_, f32>, last: &mut f32| {
            samples.fold(0.0, |sum: f32, sample| {
                let steep = sample - std::mem::replace(last, *sample);
                steep.mul_add(steep, sum)
            }) / LOW as f32
        };
        let [was_last, is_last] = &mut self.edges;
        let (was, is) = (edge(was, was_last), edge(is, is_last));
        let wanted = if was < SILENT { 1.0 } else { (is / was).sqrt().min(1.0) };
        if wanted < self.high_gain { wanted } else { self.high_gain + (wanted - self.high_gain) * HIGH_UP }
    }
}
