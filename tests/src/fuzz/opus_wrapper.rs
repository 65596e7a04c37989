//! Our wrapper of libopus: packets of every shape in, settings and frames of every value.

use ahoy_media::host_media::opus::{
    BITRATE_BPS, Channels, Decoder, Encoder, EncoderConfig, LOUDEST, OpusError, has_fec, packet_samples,
};
use ahoy_media::limits::OPUS_PACKET_SAMPLES;

/// Steps of one input: more would only take longer.
const STEPS: usize = 32;

/// Byte 0 chooses: a decoder of that complexity, of two channels from 64 on, or (from 128 on) an encoder.
///
/// # Panics
/// If libopus says more than it was given room for, fails in a way that is nobody's fault, or gives what is no sound.
pub fn run(data: &[u8]) {
    let Some((what, rest)) = data.split_first() else { return };
    let channels = if *what < 64 { Channels::Mono } else { Channels::Stereo };
    if *what < 128 { decode(channels, u32::from(*what) % 13, rest) } else { encode(rest) }
}

/// Packets behind two bytes each: what to do with it, and its length (times eight if the first one is 128 or more).
fn decode(channels: Channels, complexity: u32, mut data: &[u8]) {
    let (decoder, count) = (Decoder::of(channels, complexity), channels.count());
    assert_eq!(decoder.is_ok(), complexity <= 10);
    let Ok(mut decoder) = decoder else { return };
    for _ in 0..STEPS {
        let [what, length, rest @ ..] = data else { return };
        let length = usize::from(*length) * if *what < 128 { 1 } else { 8 };
        let (packet, rest) = rest.split_at(length.min(rest.len()));
        data = rest;
        let mut out = vec![7.0_f32; OPUS_PACKET_SAMPLES * count];
        let claimed = packet_samples(packet);
        let (given, room) = match what % 8 {
            0..=3 => (decoder.decode(packet, &mut out), OPUS_PACKET_SAMPLES),
            4 => {
                // As the jitter buffer asks: for one frame of the packet's length.
                let Ok(samples) = claimed else { continue };
                (decoder.decode_fec(packet, &mut out[..samples * count]), samples)
            }
            5 => (decoder.decode_fec(packet, &mut out[..length * count]), length),
            6 => (decoder.conceal(&mut out[..120 * (length % 49) * count]), 120 * (length % 49)),
            _ => {
                decoder.reset().expect("a reset needs nothing");
                continue;
            }
        };
        judge(given.map(|samples| samples * count), &claimed, &out, room * count);
        assert!(!has_fec(packet) || claimed.is_ok() || !packet.is_empty());
    }
}

fn judge(given: Result<usize, OpusError>, claimed: &Result<usize, OpusError>, out: &[f32], room: usize) {
    match given {
        Ok(samples) => {
            assert!(samples <= room, "{samples} of {room}");
            assert!(out[..samples].iter().all(|sample| sample.abs() <= LOUDEST), "no sound");
            assert!(out[samples.max(room).min(out.len())..].iter().all(|sample| *sample == 7.0), "beyond its room");
        }
        Err(OpusError::Internal(what)) => panic!("libopus failed: {what}"),
        Err(OpusError::Packet(_) | OpusError::Argument(_)) => {
            assert!(claimed.is_err() || room <= 2 * OPUS_PACKET_SAMPLES);
        }
    }
}

/// Settings, then frames: five bytes of settings, and a byte for the length and the kind of each frame.
fn encode(data: &[u8]) {
    let [rate, complexity, fec, loss, vbr, frames @ ..] = data else { return };
    let config = EncoderConfig {
        bitrate_bps: u32::from(*rate) * 600,
        complexity: u32::from(*complexity) % 14,
        fec: fec & 1 == 0,
        loss_percent: u32::from(*loss) % 110,
        constant_rate: vbr & 1 == 0,
        low_delay: vbr & 2 != 0,
        channels: if vbr & 4 == 0 { Channels::Mono } else { Channels::Stereo },
    };
    let sound = BITRATE_BPS.contains(&config.bitrate_bps) && config.complexity <= 10 && config.loss_percent <= 100;
    let encoder = Encoder::new(config);
    assert_eq!(encoder.is_ok(), sound, "{config:?}");
    let (Ok(mut encoder), Ok(mut decoder)) = (encoder, Decoder::new(0)) else { return };
    for (n, frame) in frames.iter().take(8).enumerate() {
        let samples = [0, 120, 240, 480, 960, 1_920, 2_880, 100][usize::from(frame % 8)];
        let level = [0.0, 0.5, 1.0, 1e-30, -1.0, 4.0, f32::NAN, f32::INFINITY][usize::from(frame / 8 % 8)];
        let pcm: Vec<f32> =
            (0..samples * config.channels.count()).map(|at| ((at * (n + 3)) as f32 * 0.05).sin() * level).collect();
        let encoded = encoder.encode(&pcm);
        let possible = matches!(samples, 120 | 240 | 480 | 960 | 1_920 | 2_880) && level.is_finite();
        assert_eq!(encoded.is_ok(), possible, "{samples} samples of level {level}");
        if let Ok(packet) = encoded {
            assert_eq!(packet_samples(&packet), Ok(samples), "its own packets are good");
            let mut out = [0.0; OPUS_PACKET_SAMPLES];
            assert_eq!(decoder.decode(&packet, &mut out), Ok(samples));
        }
    }
}
