//! The receiving end with real Opus packets.

use super::*;
use crate::host_media::opus::{Encoder, EncoderConfig};

/// Frames of 20 ms, and what is heard of them; nothing arrives where `gone` says so.
fn hear(said: impl Fn(usize) -> f32, frames: u32, gone: impl Fn(u32) -> bool) -> Vec<f32> {
    let mut encoder = Encoder::new(EncoderConfig { bitrate_bps: 40_000, ..EncoderConfig::default() }).unwrap();
    let mut listening = Listening::new(5).unwrap();
    let mut heard = Vec::new();
    for n in 0..frames {
        let sound: Vec<f32> = (0..960).map(|at| said(n as usize * 960 + at)).collect();
        let (payload, now_us) = (encoder.encode(&sound).unwrap(), 1_000_000 + u64::from(n) * 20_000);
        if !gone(n) {
            listening.packet(n as u16, n * 960, payload, now_us);
        }
        for half in 0..2 {
            let from = heard.len();
            heard.resize(from + 480, 0.0);
            listening.hear(now_us + half * 10_000, &mut heard[from..]);
        }
    }
    heard
}

fn level_db(sound: &[f32]) -> f32 {
    10.0 * (sound.iter().map(|sample| sample * sample).sum::<f32>() / sound.len() as f32 + 1e-12).log10()
}

/// A room of -50 dB, in which somebody says something in the first 0.2 s of each second.
fn room(n: usize) -> f32 {
    let mixed = (n as u64 ^ 0x5DEE_CE66).wrapping_mul(6_364_136_223_846_793_005);
    let white = ((mixed ^ (mixed >> 29)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f32 / (1 << 23) as f32 - 1.0;
    let said = if n % 48_000 < 9_600 { (n as f32 * 0.03).sin() * 0.2 } else { 0.0 };
    white * 0.0055 + said
}

const SECOND: usize = 48_000;

#[test]
fn in_a_blackout_the_room_goes_on_for_two_seconds_and_then_it_is_silent() {
    let heard = hear(room, 600, |n| (300..550).contains(&n));
    let room_db = level_db(&heard[5 * SECOND + SECOND / 2..6 * SECOND - 4_800]);
    let (in_it, after) = (&heard[6 * SECOND + 9_600..7 * SECOND + 9_600], &heard[9 * SECOND + 14_400..10 * SECOND]);
    let off = level_db(in_it) - room_db;
    assert!((-6.0..=0.5).contains(&off), "{off} dB against the room, {room_db} dB");
    assert!(after.iter().all(|sample| *sample == 0.0), "{} dB", level_db(after));
}

#[test]
fn who_is_muted_is_silent_in_a_blackout_as_before() {
    let muted = |n: usize| if n < 5 * SECOND { room(n) } else { 0.0 };
    let heard = hear(muted, 450, |n| (300..400).contains(&n));
    let (before, in_it) = (&heard[5 * SECOND + 24_000..6 * SECOND], &heard[6 * SECOND + 9_600..8 * SECOND]);
    assert!(level_db(before) < -90.0, "{} dB", level_db(before));
    assert!(in_it.iter().all(|sample| *sample == 0.0), "{} dB", level_db(in_it));
}
