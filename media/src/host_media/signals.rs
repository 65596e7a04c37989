//! Sounds for tests, and ways to find them again.

use std::path::Path;

/// Noise in the band of speech whose level goes up and down like syllables: nothing in it repeats, so that a place in
/// it can be found. Written to `path` as 16 bit at 48 kHz, and returned.
pub(crate) fn noise_wav(path: &Path, seconds: u32) -> Vec<f32> {
    let sample_format = hound::SampleFormat::Int;
    let spec = hound::WavSpec { channels: 1, sample_rate: 48_000, bits_per_sample: 16, sample_format };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    let (mut state, mut low, mut lower) = (1_u32, 0.0_f32, 0.0_f32);
    let mut sound = Vec::new();
    for n in 0..48_000 * seconds {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let white = (state >> 16) as f32 / 32_768.0 - 1.0;
        // One pole at about 1 kHz, and one at about 150 Hz to take away what is below.
        low += (white - low) * 0.13;
        lower += (low - lower) * 0.02;
        let syllable = 0.6 + 0.4 * (n as f32 / 48_000.0 * 25.0).sin();
        let sample = ((low - lower) * syllable).clamp(-1.0, 1.0);
        sound.push(sample);
        writer.write_sample((sample * 32_767.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
    sound
}

/// A file of what was heard.
pub(crate) fn read(path: &Path) -> Vec<f32> {
    let mut reader = hound::WavReader::open(path).unwrap();
    assert_eq!((reader.spec().sample_rate, reader.spec().channels, reader.spec().bits_per_sample), (48_000, 1, 16));
    reader.samples::<i16>().map(|sample| f32::from(sample.unwrap()) / 32_768.0).collect()
}

/// Where half a second of `spoken` (from `from` on) is in `heard`: how alike they are there (-1 to 1), and by how many
/// samples it lags.
pub(crate) fn find(spoken: &[f32], from: usize, heard: &[f32]) -> (f32, i64) {
    let piece = &spoken[from..from + 24_000];
    let alike = |place: usize, step: usize| -> f32 {
        let Some(window) = heard.get(place..place + piece.len()) else { return 0.0 };
        let (mut product, mut one, mut other) = (0.0, 1e-9, 1e-9);
        for (a, b) in piece.iter().zip(window).step_by(step) {
            product += a * b;
            one += a * a;
            other += b * b;
        }
        product / f32::sqrt(one * other)
    };
    let best = |places: &mut dyn Iterator<Item = usize>, step: usize| {
        places.map(|place| (alike(place, step), place)).max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((0.0, 0))
    };
    let (_, near) = best(&mut (0..heard.len().saturating_sub(piece.len())).step_by(8), 61);
    let (likeness, place) = best(&mut (near.saturating_sub(12)..near + 12), 1);
    (likeness, place as i64 - from as i64)
}

/// Share of the power of `sound` that is a tone of `hz`, 0 to 1.
pub(crate) fn tone_share(sound: &[f32], hz: f64) -> f64 {
    let (mut re, mut im, mut power) = (0.0_f64, 0.0_f64, 1e-12_f64);
    for (n, sample) in sound.iter().enumerate() {
        let phase = n as f64 * hz * std::f64::consts::TAU / 48_000.0;
        re += f64::from(*sample) * phase.cos();
        im += f64::from(*sample) * phase.sin();
        power += f64::from(*sample) * f64::from(*sample);
    }
    2.0 * (re * re + im * im) / (sound.len() as f64 * power)
}
