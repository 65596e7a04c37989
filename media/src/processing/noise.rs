//! Takes steady noise out of the low band: the suppressor of WebRTC, ported to Rust (`sonora-ns`).

use sonora_ns::{
    config::{NsConfig, OVERLAP_SIZE, SuppressionLevel},
    noise_suppressor::NoiseSuppressor,
};

use super::{LOW, fade::Fade, low_band::Delay};

/// Samples at 16 kHz by which it is late: the overlap of its windows.
pub(crate) const NOISE_DELAY: usize = OVERLAP_SIZE;

/// Pieces of 10 ms that it runs unheard when it is switched on: its first estimate of the noise.
const WARM: u32 = 5;

/// A noise suppressor for the low band.
pub(crate) struct Noise {
    core: NoiseSuppressor,
    wet: [f32; LOW],
    dry: Delay<NOISE_DELAY>,
    fade: Fade,
}

impl Noise {
    /// A suppressor that has not heard any noise.
    pub(crate) fn new() -> Self {
        let core = NoiseSuppressor::new(NsConfig { target_level: SuppressionLevel::K18dB });
        Self { core, wet: [0.0; LOW], dry: Delay::new(), fade: Fade::off(WARM) }
    }

    /// On or off.
    pub(crate) fn switch(&mut self, on: bool) {
        self.fade.switch(on);
    }

    /// It works, or still fades out.
    pub(crate) fn runs(&self) -> bool {
        self.fade.runs()
    }

    /// Nothing of what was heard until now leaves any more; what was learnt stays.
    pub(crate) fn forget(&mut self) {
        self.dry.forget();
        // Its windows hold the end of two pieces. Silence that isn't analysed changes no estimate.
        for _ in 0..2 {
            self.core.process(&mut [0.0; LOW]);
        }
    }

    /// 10 ms of the low band, at the scale of 16 bit; [`NOISE_DELAY`] later whether it is on or not.
    pub(crate) fn process(&mut self, low: &mut [f32; LOW]) {
        if !self.fade.runs() {
            return self.dry.push(low);
        }
        self.wet = *low;
        self.core.analyze(&self.wet);
        self.core.process(&mut self.wet);
        self.dry.push(low);
        self.fade.mix(low, &self.wet);
    }
}
