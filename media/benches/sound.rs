//! What sound costs: nanoseconds a frame of 20 ms. `cargo bench -p ahoy-media --bench sound [FILE.wav]`
//! (48 kHz or 16 kHz, mono, 16 bit; without a file, two gliding tones).
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints its findings")]

use std::{hint::black_box, time::Instant};

use ahoy_media::host_media::opus::{Decoder, Encoder, EncoderConfig};

/// Samples of a frame of 20 ms.
const FRAME: usize = 960;

fn main() {
    let file = std::env::args().skip(1).find(|arg| arg.ends_with(".wav"));
    let sound = file.as_deref().map_or_else(tones, read);
    let frames: Vec<&[f32]> = sound.chunks_exact(FRAME).collect();
    for bitrate_bps in [24_000, 32_000, 64_000] {
        for complexity in [0, 2, 3, 5, 7, 9, 10] {
            let config = EncoderConfig { bitrate_bps, complexity, ..EncoderConfig::default() };
            let mut encoder = Encoder::new(config).unwrap();
            let start = Instant::now();
            let packets: Vec<_> = frames.iter().map(|frame| encoder.encode(frame).unwrap()).collect();
            let encode_ns = start.elapsed().as_nanos() / frames.len() as u128;
            let mut decoder = Decoder::new(0).unwrap();
            let mut out = [0.0; 5_760];
            let start = Instant::now();
            for packet in &packets {
                black_box(decoder.decode(packet, &mut out).unwrap());
            }
            let decode_ns = start.elapsed().as_nanos() / frames.len() as u128;
            println!(
                "{bitrate_bps} bit/s, complexity {complexity}: encode {encode_ns} ns, decode {decode_ns} ns a frame"
            );
        }
    }
}

/// Ten seconds that glide.
fn tones() -> Vec<f32> {
    let at = |n: u32| f64::from(n) / 48_000.0;
    (0..480_000)
        .map(|n| (0.3 * (at(n) * (900.0 + 90.0 * at(n))).sin() + 0.2 * (at(n) * 5_000.0).sin()) as f32)
        .collect()
}

/// A file, repeated samples in place of a resampler: cost is what counts here.
fn read(path: &str) -> Vec<f32> {
    let mut reader = hound::WavReader::open(path).unwrap();
    let times = usize::try_from(48_000 / reader.spec().sample_rate).unwrap();
    let samples: Vec<f32> = reader.samples::<i16>().map(|sample| f32::from(sample.unwrap()) / 32_768.0).collect();
    let smooth = samples.windows(2).flat_map(|pair| {
        let (a, b) = (pair[0], pair[1]);
        (0..times).map(move |n| a + (b - a) * n as f32 / times as f32)
    });
    smooth.collect()
}
