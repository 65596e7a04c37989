//! Sounds and measures for the tests of the stages.

/// A sine at 48 kHz.
pub(crate) fn tone(hz: f32, level: f32, samples: usize) -> Vec<f32> {
    let step = f64::from(hz) / 48_000.0;
    (0..samples).map(|n| ((n as f64 * step).fract() * std::f64::consts::TAU).sin() as f32 * level).collect()
}

/// White noise between -level and level; the same for the same seed.
pub(crate) fn noise(seed: u32, level: f32, samples: usize) -> Vec<f32> {
    let mut state = u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..samples)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            ((state >> 40) as f32 / 8_388_608.0 - 1.0) * level
        })
        .collect()
}

/// Mean power of a sound, dB of full scale.
pub(crate) fn power_db(sound: &[f32]) -> f32 {
    let sum: f64 = sound.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
    (10.0 * (sum / sound.len().max(1) as f64 + 1e-15).log10()) as f32
}

/// Speech at 48 kHz out of the repository: `ada` or `ben`, 16 kHz files, brought up with the band filter that the stages use.
pub(crate) fn speech(name: &str) -> Vec<f32> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/speech/{name}.wav"));
    let mut reader = hound::WavReader::open(path).unwrap();
    assert_eq!((reader.spec().sample_rate, reader.spec().channels), (16_000, 1));
    let low: Vec<f32> = reader.samples::<i16>().map(|s| f32::from(s.unwrap()) / 32_768.0).collect();
    let mut up = super::low_band::Interpolator::new();
    let mut sound = Vec::new();
    for piece in low.chunks_exact(160) {
        let mut high = [0.0; 480];
        up.push(piece.try_into().unwrap(), &mut high);
        sound.extend(high);
    }
    sound
}

/// Speech for so many seconds, from the beginning again where it ends.
pub(crate) fn speech_for(name: &str, seconds: usize) -> Vec<f32> {
    speech(name).into_iter().cycle().take(seconds * 48_000).collect()
}
