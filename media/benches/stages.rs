//! What each stage between microphone and speaker costs: `cargo bench -p ahoy-media --bench stages`, ns for 10 or 20 ms of sound.
#![expect(clippy::unwrap_used, reason = "a measurement ends when something is not as it must be")]

use std::hint::black_box;

use ahoy_media::{
    host_media::{
        api::{AudioConfig, DeviceSpec},
        opus::{Decoder, Encoder, EncoderConfig},
        stage::{Leaving, Stage},
    },
    pipeline::{Kind, Manifest, Pipeline},
    processing::{Chain, PIECE, Switches},
};
use criterion::{Criterion, criterion_group, criterion_main};

/// Speech of the repository at 48 kHz; straight lines in place of a resampler are good enough here.
fn speech(name: &str) -> Vec<f32> {
    let path = format!("{}/../tests/speech/{name}.wav", env!("CARGO_MANIFEST_DIR"));
    let low: Vec<f32> =
        hound::WavReader::open(path).unwrap().samples::<i16>().map(|s| f32::from(s.unwrap()) / 32_768.0).collect();
    low.windows(2).flat_map(|pair| (0..3_u8).map(|n| pair[0] + (pair[1] - pair[0]) * f32::from(n) / 3.0)).collect()
}

fn stages(c: &mut Criterion) {
    let (far, near) = (speech("ada"), speech("ben"));
    // A voice beside an echo 60 ms late.
    let microphone: Vec<f32> =
        near.iter().enumerate().map(|(n, s)| 0.5 * s + 0.3 * far.get(n.wrapping_sub(2_880)).unwrap_or(&0.0)).collect();
    let off = Switches::default();
    let chains = [
        ("all off: only who talks", off),
        ("high-pass", Switches { high_pass: true, ..off }),
        ("automatic gain, limiter, voice detector", Switches { gain: true, ..off }),
        ("noise suppression", Switches { noise: true, ..off }),
        ("echo cancellation", Switches { echo: true, ..off }),
        ("everything", Switches::ALL),
    ];
    for (name, switches) in chains {
        let mut chain = Chain::new();
        chain.switch(switches);
        let mut frames = microphone.chunks_exact(2 * PIECE).zip(far.chunks_exact(2 * PIECE)).cycle();
        c.bench_function(&format!("20 ms, {name}"), |b| {
            b.iter(|| {
                let (heard, played) = frames.next().unwrap();
                let mut sound: [f32; 2 * PIECE] = heard.try_into().unwrap();
                chain.play(played);
                chain.process(&mut sound, true);
                black_box(sound)
            });
        });
    }
}

fn nodes(c: &mut Criterion) {
    let near = speech("ben");
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::WavTap) {
        let json = format!(
            r#"{{"nodes": [{{"id": "a", "type": "{}"}}],
                "edges": [{{"from": "input", "to": "a"}}, {{"from": "a", "to": "output"}}]}}"#,
            kind.word()
        );
        let mut pipeline = Pipeline::new(&Manifest::parse(&json).unwrap()).unwrap();
        let mut pieces = near.chunks_exact(PIECE).cycle();
        c.bench_function(&format!("10 ms, node {}", kind.word()), |b| {
            b.iter(|| {
                let mut piece: [f32; PIECE] = pieces.next().unwrap().try_into().unwrap();
                pipeline.process(&mut piece);
                black_box(piece)
            });
        });
    }
}

/// Frames of 20 ms as they leave by default.
fn packets(sound: &[f32]) -> Vec<bytes::Bytes> {
    let mut encoder = Encoder::new(EncoderConfig::default()).unwrap();
    sound.chunks_exact(2 * PIECE).map(|frame| encoder.encode(frame).unwrap()).collect()
}

fn codec(c: &mut Criterion) {
    let near = speech("ben");
    let mut encoder = Encoder::new(EncoderConfig::default()).unwrap();
    let mut frames = near.chunks_exact(2 * PIECE).cycle();
    c.bench_function(&format!("20 ms, encoder at complexity {}", EncoderConfig::default().complexity), |b| {
        b.iter(|| black_box(encoder.encode(frames.next().unwrap()).unwrap()));
    });
    let (packets, mut out) = (packets(&near), [0.0; 5_760]);
    for complexity in [0, 5] {
        let mut decoder = Decoder::new(complexity).unwrap();
        let mut packets = packets.iter().cycle();
        c.bench_function(&format!("20 ms, decoder at complexity {complexity}"), |b| {
            b.iter(|| black_box(decoder.decode(packets.next().unwrap(), &mut out).unwrap()));
        });
    }
}

/// The way from a packet to the speaker: jitter buffer, decoder, loudness, mixer. The side sends silence meanwhile, so what
/// it takes while nothing comes is to be taken off.
fn receiving(c: &mut Criterion) {
    let packets = packets(&speech("ben"));
    let config = AudioConfig { input: DeviceSpec::None, output: DeviceSpec::None, bitrate_bps: 40_000, frame_ms: 20 };
    for (name, comes) in [("nothing comes", false), ("a voice comes", true)] {
        let mut side = Stage::new(&config).unwrap();
        let mut packets = packets.iter().cycle();
        let mut number = 0_u32;
        c.bench_function(&format!("20 ms, a side of a call, {name}"), |b| {
            b.iter(|| {
                let now_us = u64::from(number) * 20_000;
                if comes {
                    let (payload, sequence) = (packets.next().unwrap().clone(), (number & 0xffff) as u16);
                    let timestamp = number.wrapping_mul(960);
                    black_box(side.arrive(Leaving::Media { sequence, timestamp, payload }, now_us));
                }
                number += 1;
                while let Some(due_us) = side.due_us().filter(|due_us| *due_us < now_us + 20_000) {
                    black_box(side.step(due_us));
                }
            });
        });
    }
}

criterion_group!(benches, stages, nodes, codec, receiving);
criterion_main!(benches);
