//! Takes away what is below speech: rumble, hum, wind, and the offset of a cheap converter.

use std::f64::consts::{SQRT_2, TAU};

/// Where it begins, Hz: the deepest voices have their fundamental at 80.
const CUTOFF_HZ: f64 = 70.0;

/// A second-order Butterworth high-pass (RBJ's audio EQ cookbook) at 48 kHz. In 64 bits: at so low a corner the poles lie so near the
/// unit circle that 32 bits would hum.
#[derive(Clone, Debug)]
pub(crate) struct HighPass {
    b: [f64; 3],
    a: [f64; 2],
    held: [f64; 2],
}

impl HighPass {
    /// At this corner, Hz (up to 2,000).
    pub(crate) fn at(cutoff_hz: f64) -> Self {
        let omega = TAU * cutoff_hz / 48_000.0;
        let (sin, cos) = omega.sin_cos();
        let alpha = sin / SQRT_2;
        let scale = 1.0 / (1.0 + alpha);
        let b0 = f64::midpoint(1.0, cos) * scale;
        Self { b: [b0, -2.0 * b0, b0], a: [-2.0 * cos * scale, (1.0 - alpha) * scale], held: [0.0; 2] }
    }

    /// For voices.
    pub(crate) fn new() -> Self {
        Self::at(CUTOFF_HZ)
    }

    /// Filters in place.
    pub(crate) fn process(&mut self, sound: &mut [f32]) {
        let ([b0, b1, b2], [a1, a2], [mut s1, mut s2]) = (self.b, self.a, self.held);
        for sample in sound {
            let x = f64::from(*sample);
            let y = b0 * x + s1;
            s1 = b1 * x - a1 * y + s2;
            s2 = b2 * x - a2 * y;
            *sample = y as f32;
        }
        self.held = [s1, s2];
    }

    /// Forgets what it heard.
    pub(crate) fn forget(&mut self) {
        self.held = [0.0; 2];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processing::test_sounds::{power_db, tone};

    fn change_db(hz: f32) -> f32 {
        let mut sound = tone(hz, 0.5, 96_000);
        HighPass::new().process(&mut sound);
        power_db(&sound[48_000..]) - power_db(&tone(hz, 0.5, 96_000)[48_000..])
    }

    #[test]
    fn rumble_goes_and_voices_stay() {
        assert!(change_db(20.0) < -20.0);
        assert!(change_db(50.0) < -5.0);
        for hz in [150.0, 300.0, 1_000.0, 8_000.0, 20_000.0] {
            assert!(change_db(hz).abs() < 0.3, "{hz}: {}", change_db(hz));
        }
    }

    #[test]
    fn an_offset_is_gone_after_a_tenth_of_a_second() {
        let mut sound = vec![0.3; 48_000];
        HighPass::new().process(&mut sound);
        assert!(sound[4_800..].iter().all(|s| s.abs() < 1e-4));
    }
}
