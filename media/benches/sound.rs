//! What sound costs. `cargo bench -p ahoy-media --bench sound -- FILE.wav` (speech at 48 or 16 kHz, mono, 16 bit):
//! nanoseconds a frame of 20 ms for each complexity, then two sounds in real time that hear each other without a
//! network between them: mouth to ear, and CPU seconds a minute for both.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints its findings")]

use std::{
    hint::black_box,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use ahoy_media::{
    host_media::{
        api::{AudioConfig, AudioEvent, DeviceSpec, FrameOut, Sound},
        opus::{Decoder, Encoder, EncoderConfig},
        sound::HostSound,
    },
    simple_webrtc::engine::{AudioFrame, AudioPacket, LinkId, PacketSink},
};
use tokio::sync::mpsc;

/// Samples of a frame of 20 ms.
const FRAME: usize = 960;

fn main() {
    let Some(file) = std::env::args().skip(1).find(|arg| arg.ends_with(".wav")) else {
        println!("which speech? cargo bench -p ahoy-media --bench sound -- FILE.wav");
        return;
    };
    let sound = read(&file);
    codec(&sound);
    in_real_time(Path::new(&file), &sound);
}

/// Nanoseconds a frame.
fn codec(sound: &[f32]) {
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

/// A file at 48 kHz; straight lines in place of a resampler are good enough here.
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

/// Straight into the other side's jitter buffer.
struct Wire {
    other: Arc<Mutex<Option<Box<dyn PacketSink>>>>,
    sequence: u16,
}

impl FrameOut for Wire {
    fn frame(&mut self, _link: LinkId, AudioFrame { payload, timestamp, marker, .. }: AudioFrame) {
        self.sequence = self.sequence.wrapping_add(1);
        let (sequence, arrived) = (self.sequence, Instant::now());
        if let Some(other) = self.other.lock().unwrap().as_mut() {
            other.packet(AudioPacket { sequence, timestamp, marker, payload, arrived });
        }
    }
}

/// CPU time of this process, ms.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // Clock ticks of 10 ms: user and system time are fields 14 and 15 of the whole line.
    (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10
}

/// Both play the file and hear the other.
fn in_real_time(file: &Path, spoken: &[f32]) {
    const LINK: LinkId = LinkId(1);
    let heard = std::env::temp_dir().join(format!("ahoy-bench-{}.wav", std::process::id()));
    let (to_a, to_b) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(None)));
    let input = DeviceSpec::File { path: file.to_owned(), looped: false, stereo: false };
    let start = |other: &Arc<_>, output| {
        let (sender, events) = mpsc::channel(16);
        let config = AudioConfig { input: input.clone(), output, bitrate_bps: 32_000, frame_ms: 20 };
        let wire = Wire { other: Arc::clone(other), sequence: 0 };
        (HostSound::start(config, Box::new(wire), sender).unwrap(), events)
    };
    let (a, mut a_events) = start(&to_b, DeviceSpec::None);
    let (b, mut b_events) = start(&to_a, DeviceSpec::File { path: heard.clone(), looped: false, stereo: false });
    *to_a.lock().unwrap() = Some(a.add_link(LINK));
    *to_b.lock().unwrap() = Some(b.add_link(LINK));
    let (before_ms, begun) = (cpu_ms(), Instant::now());
    for side in [&a, &b] {
        side.send(LINK, true);
        side.play(LINK, true);
        side.microphone(true);
    }
    let seconds = spoken.len() as u64 / 48_000;
    while begun.elapsed() < Duration::from_secs(seconds) {
        std::thread::park_timeout(Duration::from_millis(500));
    }
    let per_minute = (cpu_ms() - before_ms) as f64 / 1_000.0 / begun.elapsed().as_secs_f64() * 60.0;
    println!("CPU: {per_minute:.2} s a call minute for both sides; b heard {:?}", b.receive_stats(LINK));
    drop((a, b));
    let source_us = std::iter::from_fn(|| a_events.try_recv().ok()).find_map(|event| started(&event, true));
    let sink_us = std::iter::from_fn(|| b_events.try_recv().ok()).find_map(|event| started(&event, false));
    let start_ms = (sink_us.unwrap() as f64 - source_us.unwrap() as f64) / 1_000.0;
    let heard_sound = read(heard.to_str().unwrap());
    std::fs::remove_file(&heard).unwrap();
    let delays: Vec<f64> = (1..seconds as usize - 1)
        .filter_map(|second| lag(spoken, second * 48_000, &heard_sound))
        .map(|lag| lag as f64 / 48.0 + start_ms)
        .collect();
    println!("mouth to ear by second, ms: {delays:.1?}");
}

/// When the source, or the sink, says that it started, monotonic microseconds.
fn started(event: &AudioEvent, source: bool) -> Option<u64> {
    match event {
        AudioEvent::SourceStarted { at_us } => source.then_some(*at_us),
        AudioEvent::SinkStarted { at_us } => (!source).then_some(*at_us),
        AudioEvent::FirstAudio { .. }
        | AudioEvent::DeviceLost { .. }
        | AudioEvent::DeviceBack { .. }
        | AudioEvent::MutedTalking { .. }
        | AudioEvent::Speaking { .. }
        | AudioEvent::Check(_)
        | AudioEvent::Limited { .. }
        | AudioEvent::RingtoneLost { .. }
        | AudioEvent::RingtoneBack { .. } => None,
    }
}

/// By how many samples the piece of `spoken` at `from` lags in `heard`; none where nothing is said.
fn lag(spoken: &[f32], from: usize, heard: &[f32]) -> Option<i64> {
    let piece = &spoken[from..from + 24_000];
    if piece.iter().map(|s| s * s).sum::<f32>() < 1.0 {
        return None;
    }
    let alike = |place: usize| {
        let window = heard.get(place..place + piece.len()).unwrap_or_default();
        let product: f32 = piece.iter().zip(window).step_by(3).map(|(a, b)| a * b).sum();
        product / window.iter().step_by(3).map(|s| s * s).sum::<f32>().max(1e-6).sqrt()
    };
    let near = from.saturating_sub(9_600)..from + 9_600;
    let best = near.map(|place| (alike(place), place)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(best.1 as i64 - from as i64)
}
