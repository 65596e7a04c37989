//! WAV files of one channel.

use std::path::Path;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

/// Reads a file as samples of full scale 1; 16 bit, several channels are averaged.
///
/// # Errors
/// What is wrong with the file.
pub fn read(path: &Path) -> Result<(u32, Vec<f32>), hound::Error> {
    let mut reader = WavReader::open(path)?;
    let (rate, channels) = (reader.spec().sample_rate, usize::from(reader.spec().channels.max(1)));
    let samples = reader.samples::<i16>().collect::<Result<Vec<i16>, _>>()?;
    let mono = samples
        .chunks_exact(channels)
        .map(|all| all.iter().map(|sample| f32::from(*sample) / 32_768.0).sum::<f32>() / channels as f32);
    Ok((rate, mono.collect()))
}

/// Writes samples as 16 bit.
///
/// # Errors
/// As the file system has it.
pub fn write(path: &Path, rate: u32, sound: &[f32]) -> Result<(), hound::Error> {
    let spec = WavSpec { channels: 1, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut writer = WavWriter::create(path, spec)?;
    for sample in sound {
        writer.write_sample((sample.clamp(-1.0, 1.0) * 32_767.0) as i16)?;
    }
    writer.finalize()
}

/// Speech as both sides of a call say it: at 48 kHz, `lead_s` seconds of silence before it and one after.
#[must_use]
pub fn framed(said: &[f32], rate: u32, lead_s: f64) -> Vec<f32> {
    let mut whole = vec![0.0; (lead_s * 48_000.0) as usize];
    whole.extend(resampled(said, rate, 48_000));
    whole.extend(std::iter::repeat_n(0.0, 48_000));
    whole
}

/// Half the length of the filter of [`resampled`], in samples of the lower rate.
const HALF: f64 = 32.0;

/// Sound at another rate, by a windowed sinc.
#[must_use]
pub fn resampled(sound: &[f32], from: u32, to: u32) -> Vec<f32> {
    if from == to {
        return sound.to_vec();
    }
    let step = f64::from(from) / f64::from(to);
    let reach = HALF * step.max(1.0);
    let phases = (to / divisor(from, to)) as usize;
    let kernels: Vec<Vec<f64>> = (0..phases).map(|phase| kernel((phase as f64 * step).fract(), reach, step)).collect();
    let length = (sound.len() as f64 / step) as usize;
    let before = reach as usize;
    let sample = |n: usize| {
        let centre = n as u64 * u64::from(from) / u64::from(to);
        let Some(kernel) = kernels.get(n % phases) else { return 0.0 };
        let first = centre as usize;
        let taps = kernel.iter().enumerate().filter_map(|(k, weight)| {
            let place = (first + k).checked_sub(before)?;
            sound.get(place).map(|value| f64::from(*value) * weight)
        });
        taps.sum::<f64>() as f32
    };
    (0..length).map(sample).collect()
}

/// Weights of the samples around a place that is `fraction` of a sample behind one.
fn kernel(fraction: f64, reach: f64, step: f64) -> Vec<f64> {
    use std::f64::consts::{PI, TAU};
    // Cut-off below half of the lower of both rates, in cycles a sample of the input.
    let cut = 0.46 * (1.0 / step).min(1.0);
    let before = reach as usize;
    let weight = |k: usize| {
        let x = k as f64 - before as f64 - fraction;
        let sinc = if x.abs() < 1e-9 { 2.0 * cut } else { (TAU * cut * x).sin() / (PI * x) };
        let window = if x.abs() < reach { 0.5 + 0.5 * (PI * x / reach).cos() } else { 0.0 };
        sinc * window
    };
    (0..=2 * before + 1).map(weight).collect()
}

/// Greatest common divisor.
fn divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { divisor(b, a % b) }
}
