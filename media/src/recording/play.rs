//! Reads a track back, for tests: the Ogg library finds the packets, libopus decodes them.

use std::{fs::File, path::Path};

use ogg::PacketReader;

use crate::{host_media::opus::Decoder, limits::OPUS_PACKET_SAMPLES};

/// The sound of a file, cut as its head and the positions of its pages say. What a kill left half written is passed over.
///
/// # Panics
/// If it is no Ogg Opus file, or its positions are wrong.
pub(crate) fn play(path: &Path) -> Vec<f32> {
    let mut reader = PacketReader::new(File::open(path).unwrap());
    let head = reader.read_packet().unwrap().unwrap().data;
    assert_eq!(&head[..8], b"OpusHead");
    let skip = usize::from(u16::from_le_bytes([head[10], head[11]]));
    assert_eq!(&reader.read_packet().unwrap().unwrap().data[..8], b"OpusTags");
    let (mut decoder, mut out, mut sound) = (Decoder::new(0).unwrap(), [0.0; OPUS_PACKET_SAMPLES], Vec::new());
    let mut end = 0;
    while let Ok(Some(packet)) = reader.read_packet() {
        let samples = decoder.decode(&packet.data, &mut out).unwrap();
        sound.extend_from_slice(&out[..samples]);
        end = usize::try_from(packet.absgp_page()).unwrap();
        if packet.last_in_page() {
            assert!(packet.last_in_stream() && end <= sound.len() || end == sound.len(), "{end}: {}", sound.len());
        }
    }
    sound.truncate(end);
    sound.split_off(skip.min(sound.len()))
}
