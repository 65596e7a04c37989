//! One Ogg Opus file (RFC 7845), mono: what was written of it can be played at any moment, whatever happens to us.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use ogg::{PacketWriteEndInfo, PacketWriter};

use super::{FRAME, folder};
use crate::host_media::opus::{Encoder, EncoderConfig, OpusError, RATE};

/// Bits a second of a track, if all of it is speech; silence costs next to nothing.
const BITRATE_BPS: u32 = 64_000;

/// Packets of a page: 400 ms. A kill costs a page.
const PACKETS_A_PAGE: u64 = 20;

/// Every file is a stream of its own, so that its number need not differ from others.
const SERIAL: u32 = 1;

/// Why a file cannot be written on.
#[derive(Debug, thiserror::Error)]
pub(super) enum TrackError {
    #[error("{0}")]
    Disk(#[from] io::Error),
    #[error("{0}")]
    Opus(#[from] OpusError),
}

/// The file being written.
pub(super) struct TrackFile {
    pub(super) file: File,
    pages: PacketWriter<'static, Vec<u8>>,
    encoder: Encoder,
    /// Samples that a player throws away first: what the encoder looks ahead.
    skip: u64,
    packets: u64,
    bytes: u64,
}

impl TrackFile {
    /// Makes the file; it is not there yet.
    pub(super) fn create(path: &Path) -> Result<Self, TrackError> {
        let config =
            EncoderConfig { bitrate_bps: BITRATE_BPS, constant_rate: false, fec: false, ..EncoderConfig::default() };
        let mut encoder = Encoder::new(config)?;
        let skip = encoder.lookahead()? as u64;
        let pages = PacketWriter::new(Vec::new());
        let mut made = Self { file: folder::create(path)?, pages, encoder, skip, packets: 0, bytes: 0 };
        made.packet(head(skip), PacketWriteEndInfo::EndPage, 0)?;
        made.packet(tags(), PacketWriteEndInfo::EndPage, 0)?;
        Ok(made)
    }

    /// Bytes on the disk so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes the next frame.
    pub(super) fn frame(&mut self, sound: &[f32; FRAME]) -> Result<(), TrackError> {
        let packet = self.encoder.encode(sound)?;
        self.packets += 1;
        let full = self.packets.is_multiple_of(PACKETS_A_PAGE);
        let end = if full { PacketWriteEndInfo::EndPage } else { PacketWriteEndInfo::NormalPacket };
        self.packet(packet.to_vec(), end, self.packets * FRAME as u64)
    }

    /// Ends the stream: nothing that was written is missing from its end.
    pub(super) fn finish(mut self) -> Result<u64, TrackError> {
        let end = self.packets * FRAME as u64 + self.skip;
        // The encoder still holds the end of the last frame.
        let packet = self.encoder.encode(&[0.0; FRAME])?;
        self.packet(packet.to_vec(), PacketWriteEndInfo::EndStream, end)?;
        Ok(self.bytes)
    }

    /// Whole pages go out in one write.
    fn packet(&mut self, packet: Vec<u8>, end: PacketWriteEndInfo, position: u64) -> Result<(), TrackError> {
        self.pages.write_packet(packet, SERIAL, end, position)?;
        let ready = self.pages.inner_mut();
        if !ready.is_empty() {
            self.file.write_all(ready)?;
            self.bytes += ready.len() as u64;
            ready.clear();
        }
        Ok(())
    }
}

/// RFC 7845 section 5.1.
fn head(skip: u64) -> Vec<u8> {
    let mut head = b"OpusHead".to_vec();
    // Version 1, one channel.
    head.extend_from_slice(&[1, 1]);
    head.extend_from_slice(&u16::try_from(skip).unwrap_or(u16::MAX).to_le_bytes());
    head.extend_from_slice(&RATE.to_le_bytes());
    // No gain, channel mapping 0.
    head.extend_from_slice(&[0, 0, 0]);
    head
}

/// RFC 7845 section 5.2.
fn tags() -> Vec<u8> {
    let mut tags = b"OpusTags".to_vec();
    let vendor = b"Ahoy";
    tags.extend_from_slice(&u32::try_from(vendor.len()).unwrap_or(0).to_le_bytes());
    tags.extend_from_slice(vendor);
    tags.extend_from_slice(&0_u32.to_le_bytes());
    tags
}
