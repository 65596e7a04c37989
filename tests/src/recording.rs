//! What is in a track of a recorded call: found by the Ogg library, decoded by libopus.

use std::fs::File;
use std::path::Path;

use ahoy_media::host_media::opus::{Decoder, RATE};
use ogg::PacketReader;

use crate::sound::Heard;

/// Longest packet of Opus, samples.
const PACKET: usize = 5_760;

/// The samples of a file, cut as its head says; what a kill left half written is passed over. None if nothing can be played
/// yet.
///
/// # Panics
/// If what is there is no Ogg Opus.
#[must_use]
pub fn samples(path: &Path) -> Option<Vec<f32>> {
    let mut reader = PacketReader::new(File::open(path).ok()?);
    let head = reader.read_packet().ok()??.data;
    assert!(head.starts_with(b"OpusHead"), "no Ogg Opus file");
    let skip = usize::from(u16::from_le_bytes([head[10], head[11]]));
    assert!(reader.read_packet().ok()??.data.starts_with(b"OpusTags"), "no Ogg Opus file");
    let (mut decoder, mut out, mut sound) = (Decoder::new(0).expect("a decoder"), [0.0; PACKET], Vec::new());
    while let Ok(Some(packet)) = reader.read_packet() {
        let samples = decoder.decode(&packet.data, &mut out).expect("an Opus packet");
        sound.extend_from_slice(&out[..samples]);
        if packet.last_in_stream() {
            sound.truncate(usize::try_from(packet.absgp_page()).unwrap_or(usize::MAX));
        }
    }
    Some(sound.split_off(skip.min(sound.len())))
}

/// A track as it sounds.
///
/// # Panics
/// If it cannot be played.
#[must_use]
pub fn track(path: &Path) -> Heard {
    Heard::of(RATE, &samples(path).expect("a track"))
}
