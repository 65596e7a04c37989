//! What parts cost: `cargo bench -p ahoy-tests --bench parts`. Reports are under `target/criterion`.
#![expect(clippy::expect_used, reason = "a measurement ends when something is not as it must be")]

use std::hint::black_box;
use std::path::Path;

use ahoy_crypto::call_keys::{broadcast_key, view};
use ahoy_crypto::frame::{self, FrameHead};
use ahoy_crypto::{AccountId, CallKeys, DeviceId, Secret, SignKey};
use ahoy_media::host_media::listening::Listening;
use ahoy_media::host_media::opus::{Decoder, Encoder, EncoderConfig};
use ahoy_protocol::ids::CallId;
use ahoy_protocol::inbound::{CallContext, EpochKey, FrameWindows, Held, Member, Sealed, receive};
use ahoy_protocol::topic::Topic;
use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

/// Samples of a frame of 20 ms.
const FRAME: usize = 960;
/// Bits a second of a call.
const BITRATE_BPS: u32 = 40_000;

/// Speech in frames.
fn speech() -> Vec<Vec<f32>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("speech/ada.wav");
    let mut wav = hound::WavReader::open(path).expect("the speech of the demo");
    let times = usize::try_from(48_000 / wav.spec().sample_rate).expect("a divisor of 48 kHz");
    let samples: Vec<f32> = wav.samples::<i16>().map(|s| f32::from(s.expect("a sample")) / 32_768.0).collect();
    let smooth: Vec<f32> = samples
        .windows(2)
        .flat_map(|pair| (0..times).map(|n| pair[0] + (pair[1] - pair[0]) * n as f32 / times as f32))
        .collect();
    smooth.chunks_exact(FRAME).map(<[f32]>::to_vec).collect()
}

fn encoder() -> Encoder {
    Encoder::new(EncoderConfig { bitrate_bps: BITRATE_BPS, ..EncoderConfig::default() }).expect("an encoder")
}

fn packets(frames: &[Vec<f32>]) -> Vec<Bytes> {
    let mut encoder = encoder();
    frames.iter().map(|frame| encoder.encode(frame).expect("a frame")).collect()
}

fn codec(c: &mut Criterion) {
    let frames = speech();
    let packets = packets(&frames);
    let (mut encoder, mut at) = (encoder(), 0);
    c.bench_function("encode a frame of 20 ms, 40 kbit/s, complexity 8", |b| {
        b.iter(|| {
            at = (at + 1) % frames.len();
            encoder.encode(&frames[at]).expect("a frame")
        });
    });
    let (mut decoder, mut at, mut out) = (Decoder::new(0).expect("a decoder"), 0, [0.0; 5_760]);
    c.bench_function("decode a frame of 20 ms", |b| {
        b.iter(|| {
            at = (at + 1) % packets.len();
            decoder.decode(&packets[at], &mut out).expect("a packet")
        });
    });
    let (mut listening, mut n, mut out) = (Listening::new(0).expect("a decoder"), 0_u32, [0.0; FRAME]);
    c.bench_function("jitter buffer: a packet in, 20 ms out (decoding included)", |b| {
        b.iter(|| {
            let payload = packets[usize::try_from(n).expect("small") % packets.len()].clone();
            let now_us = 1_000_000 + u64::from(n) * 20_000;
            listening.packet((n & 0xffff) as u16, n.wrapping_mul(960), payload, now_us);
            n = n.wrapping_add(1);
            listening.hear(now_us + 10_000, &mut out)
        });
    });
}

fn frames(c: &mut Criterion) {
    let (call, secret, topic, salt) = (CallId([3; 16]), Secret::new([8; 32]), Topic([b'c'; 32]), [5; 16]);
    let keys = CallKeys::new(&call.0, &secret);
    let (sign, device) = (SignKey::from_seed(&Secret::new([6; 32])), DeviceId([2; 32]));
    let accounts = [AccountId([1; 32]), AccountId([4; 32])];
    let epoch = EpochKey { epoch: 0, secret: secret.clone(), view: view(&call.0, 0, &accounts, &[]) };
    let member = Member { device, account: accounts[0], slot: keys.slot(device), signing_key: sign.public() };
    let key = broadcast_key(&call.0, 0, &secret, &member.slot, &salt);
    let head = FrameHead { epoch: 0, slot: member.slot, salt, counter: 1 };
    let seal = || frame::seal(head, (4, &[0; 40]), (&key, &sign), &topic.0, 256).expect("it fits");
    c.bench_function("seal and sign a call frame", |b| b.iter(seal));
    let sealed = seal();
    c.bench_function("open a call frame (without its signature)", |b| {
        b.iter(|| frame::open(black_box(&sealed), &key, &topic.0).expect("our own"));
    });
    let (epochs, members) = ([epoch], [member]);
    let context = CallContext {
        call,
        keys: &keys,
        epochs: &epochs,
        members: &members,
        roster: &accounts,
        offerer: accounts[0],
        offerer_invites: false,
        device_set: &|_| None,
    };
    let check = |bytes: &[u8]| match receive(topic, bytes, Some(Held::Call)) {
        Ok(Sealed::Call(sealed)) => sealed.open(&context, &mut FrameWindows::default(), 1_795_262_411).is_ok(),
        Ok(_) | Err(_) => false,
    };
    c.bench_function("inbound check: a call frame of a member, to its last check", |b| b.iter(|| check(&sealed)));
    let mut forged = sealed.clone();
    if let Some(last) = forged.last_mut() {
        *last ^= 1;
    }
    assert!(!check(&forged), "what is forged is refused");
    c.bench_function("inbound check: a forged call frame", |b| b.iter(|| check(black_box(&forged))));
    let mut state = 1_u32;
    let mut junk = || {
        let mut bytes = vec![0_u8; 512];
        for byte in &mut bytes {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8;
        }
        bytes
    };
    c.bench_function("inbound check: 512 bytes of junk", |b| {
        b.iter_batched(&mut junk, |bytes| check(&bytes), BatchSize::SmallInput);
    });
}

criterion_group!(benches, codec, frames);
criterion_main!(benches);
