//! What the linear canceller leaves of an echo: late reverberation, and what the speaker bent. It goes band by band, as far as the echo
//! that was found explains what is left; so a voice that speaks at the same time stays. All powers are at the scale of 16 bit.

use realfft::num_complex::Complex32;

use super::{
    LOW,
    spectrum::{BANDS, LINES, Rest, Spectrum, Transform, lines, powers},
};

/// What is left of the echo after 10 ms where the canceller's model of the room ends: a reverberation of 0.4 s.
const LATE: f32 = 0.7;

/// By how much what may be left is overestimated: a spectrum of 10 ms strays by as much.
const CAUTION: f32 = 4.0;

/// How fast the estimate of what leaks falls, and how fast it rises while nobody else speaks, or somebody may; share of the
/// difference a piece of 10 ms.
const FALL: f32 = 0.15;
const RISE: f32 = 0.1;
const RISE_BESIDE_A_VOICE: f32 = 0.003;

/// Most that leaks, of the power of the echo that was found.
const MOST_LEAK: f32 = 4.0;

/// Share of the microphone's power that is left where the echo explains nearly all: nobody else speaks.
const ALONE: f32 = 0.25;

/// Shares of the microphone's power that are left and taken where the model is wrong: a voice beside the echo would make what is taken small
/// beside what is left.
const WRONG: f32 = 0.9;
/// See [`WRONG`].
const AMPLE: f32 = 0.3;

/// Weight of the last decision, against flutter.
const INERTIA: f32 = 0.6;

/// Least gain: -50 dB.
const FLOOR: f32 = 0.003;

/// Mean gain below which it is no voice that is left: everything goes.
const VOICE: f32 = 0.5;

/// Mean power of a line below which there is no echo.
const AUDIBLE: f32 = 200.0;

/// How fast the estimate of the background rises, a piece of 10 ms: 0.5 dB a second.
const NOISE_RISE: f32 = 1.0012;

/// Mean power of a line below which there is no background: -96 dB, what 16 bit have.
const BACKGROUND: f32 = 64.0;

/// One band.
#[derive(Clone, Copy)]
struct Band {
    /// What is left of the power of the echo that was found.
    leak: f32,
    /// Echo, with what reverberates.
    late: f32,
    /// Power before and gain at the last decision.
    last: f32,
    gain: f32,
    /// Power of the background.
    noise: f32,
}

/// Takes out what is left of an echo.
pub(crate) struct Residual {
    transform: Transform,
    left: Rest,
    echo: Rest,
    done: Rest,
    left_lines: Spectrum,
    echo_lines: Spectrum,
    bands: [Band; BANDS],
    /// Powers of the microphone, of what is taken and of what is left, over about 60 ms.
    microphone: f32,
    taken: f32,
    remains: f32,
    near: f32,
    random: u32,
}

impl Residual {
    /// Knows nothing.
    pub(crate) fn new() -> Self {
        let band = Band { leak: 1.0, late: 0.0, last: 0.0, gain: 1.0, noise: f32::MAX };
        Self {
            transform: Transform::new(),
            left: Rest::new(),
            echo: Rest::new(),
            done: Rest::new(),
            left_lines: [Complex32::default(); LINES],
            echo_lines: [Complex32::default(); LINES],
            bands: [band; BANDS],
            microphone: 0.0,
            taken: 0.0,
            remains: 0.0,
            near: 1.0,
            random: 1,
        }
    }

    /// Nothing of what was heard until now leaves any more; what was learnt stays.
    pub(crate) fn forget(&mut self) {
        (self.left, self.echo, self.done) = (Rest::new(), Rest::new(), Rest::new());
    }

    /// The canceller's model explains nearly all that the microphone hears.
    pub(crate) fn explains(&self) -> bool {
        self.remains < ALONE * self.microphone
    }

    /// What the canceller takes away is no echo: as much is left as there was, or more.
    pub(crate) fn errs(&self) -> bool {
        self.remains > WRONG * self.microphone && self.taken > AMPLE * self.microphone
    }

    /// 10 ms: `left` by the canceller after it took `echo` away. `out` is [`super::spectrum::OVERLAP`] later.
    pub(crate) fn process(&mut self, left: &[f32; LOW], echo: &[f32; LOW], out: &mut [f32; LOW]) {
        let heard: f32 = left.iter().zip(echo).map(|(left, echo)| (left + echo).powi(2)).sum();
        let remains: f32 = left.iter().map(|sample| sample * sample).sum();
        self.microphone += (heard - self.microphone) * 0.15;
        self.remains += (remains - self.remains) * 0.15;
        let taken: f32 = echo.iter().map(|sample| sample * sample).sum();
        self.taken += (taken - self.taken) * 0.15;
        self.transform.there(left, &mut self.left, &mut self.left_lines);
        self.transform.there(echo, &mut self.echo, &mut self.echo_lines);
        let (left, echo) = (powers(&self.left_lines), powers(&self.echo_lines));
        let gate = self.judge(&left, &echo);
        self.apply(&left, gate);
        self.transform.back(&mut self.left_lines, &mut self.done, out);
    }

    /// Decides about every band. Returns what all are to be held down by besides.
    fn judge(&mut self, left: &[f32; BANDS], echo: &[f32; BANDS]) -> f32 {
        let rise = if self.explains() { RISE } else { RISE_BESIDE_A_VOICE };
        let (mut gains, mut weights) = (0.0, 0.0);
        for (n, (band, (left, echo))) in self.bands.iter_mut().zip(left.iter().zip(echo)).enumerate() {
            band.late = echo.max(band.late * LATE);
            if *echo > AUDIBLE * lines(n).len() as f32 && *echo > 0.3 * band.late {
                let ratio = (left / echo).min(MOST_LEAK);
                band.leak += (ratio - band.leak) * if ratio < band.leak { FALL } else { rise };
            }
            let residual = CAUTION * band.leak * band.late + 1.0;
            let now = (left / residual - 1.0).max(0.0);
            // Ephraim and Malah 1984: the last decision counts as well.
            let near = INERTIA * band.gain * band.gain * band.last / residual + (1.0 - INERTIA) * now;
            band.last = *left;
            band.gain = (near / (1.0 + near)).sqrt().max(FLOOR);
            let weight = left.min(echo.max(left * 0.01)).sqrt();
            (gains, weights) = (gains + band.gain * weight, weights + weight);
        }
        let near = gains / weights.max(1.0);
        // A voice opens at once, and closes within 30 ms.
        self.near = if near > self.near { near } else { self.near + (near - self.near) * 0.3 };
        let (left, echo): (f32, f32) = (left.iter().sum(), echo.iter().sum());
        let late: f32 = self.bands.iter().map(|band| band.late).sum();
        if echo.max(late) > 0.05 * left { (self.near / VOICE).min(1.0).powi(2) } else { 1.0 }
    }

    /// Applies the gains, and puts as much noise as there is in the background where something was taken out: a background that
    /// comes and goes with every word of the other would be worse than a steady one.
    fn apply(&mut self, left: &[f32; BANDS], gate: f32) {
        for (n, (band, left)) in self.bands.iter_mut().zip(left).enumerate() {
            let width = lines(n).len() as f32;
            band.noise = left.min(band.noise * NOISE_RISE);
            let gain = (band.gain * gate).max(FLOOR);
            let missing = (band.noise * (1.0 - gain * gain)).max(0.0);
            // In silence there is no background, not even one that nobody hears.
            let fill = if band.noise > BACKGROUND * width { (missing / width).sqrt() } else { 0.0 };
            for line in &mut self.left_lines[lines(n)] {
                self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let turn = (self.random >> 8) as f32 / 16_777_216.0 * std::f32::consts::TAU;
                *line = *line * gain + Complex32::new(turn.cos(), turn.sin()) * fill;
            }
        }
    }
}
