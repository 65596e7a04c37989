//! Packets in, as the network brings them; sound out, at an even pace. The trait is what the rest of the daemon sees:
//! [`adaptive`] fills it, and a better one can take its place.

pub(crate) mod adaptive;
mod behind;
mod comfort;
mod counts;
mod delay;
pub(crate) mod opus_frames;
mod order;
mod patience;
mod stretch;

use bytes::Bytes;

use crate::planes::Planes;

use super::{
    api::ReceiveStats,
    asking::{Came, Losses},
};

/// A packet as it came from the wire: perhaps late, doubled, or out of order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Incoming {
    /// RTP sequence number.
    pub(crate) sequence: u16,
    /// RTP timestamp, 48 kHz.
    pub(crate) timestamp: u32,
    /// One Opus packet.
    pub(crate) payload: Bytes,
    /// When it came, monotonic microseconds.
    pub(crate) arrived_us: u64,
    /// By itself, or again: then when it came says nothing of the way.
    pub(crate) came: Came,
}

/// What a pull gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pulled {
    /// The sender's sound, at least in part.
    Sound,
    /// Made up: a packet is late or lost.
    MadeUp,
    /// Silence: nothing to play.
    Silence,
}

/// Between one link and the mixer. Pure: time comes in as an argument and never runs backwards.
pub(crate) trait JitterBuffer: Send {
    /// Takes a packet.
    fn insert(&mut self, packet: Incoming);
    /// What is lost on the way, after how many frames copies come (0: none), and the round trip of the link, if it is known
    /// (microseconds): whether it pays to wait for what can be had again.
    fn expect(&mut self, losses: Losses, copies_after: u8, round_trip_us: Option<u64>);
    /// The timestamp of the next sample to be decoded, and when that will be, monotonic microseconds; none while nothing
    /// plays.
    fn due(&self, now_us: u64) -> Option<(u32, u64)>;
    /// When the packet came that was decoded last, monotonic microseconds; none before the first. What is pulled after that
    /// pull is of this packet and later ones.
    fn newest_us(&self) -> Option<u64>;
    /// Makes sound ready if there is none; returns how many samples can be pulled from `now_us` on before another packet
    /// is needed, or until it is worth asking again.
    fn prepare(&mut self, now_us: u64) -> usize;
    /// Puts `samples` of what is to be heard from `now_us` on, ready or not, in the place of what is in `out`.
    fn pull(&mut self, now_us: u64, samples: usize, out: &mut Planes) -> Pulled;
    /// Figures since the buffer was made.
    fn stats(&self, now_us: u64) -> ReceiveStats;
}

/// What turns packets into sound for a jitter buffer.
pub(crate) trait FrameDecoder: Send {
    /// Samples at 48 kHz in a packet; none if it is no valid packet.
    fn samples(&self, packet: &[u8]) -> Option<usize>;
    /// Whether a packet carries a copy of the frame before it.
    fn has_fec(&self, packet: &[u8]) -> bool;
    /// Decodes a packet in the place of what is in `out`; false if it is not valid.
    fn decode(&mut self, packet: &[u8], out: &mut Planes) -> bool;
    /// The same with the `samples` before `packet`, from the copy it carries; false if that failed.
    fn recover(&mut self, packet: &[u8], samples: usize, out: &mut Planes) -> bool;
    /// The same with so many samples of sound that continues what was heard. Lengths are multiples of 2.5 ms.
    fn conceal(&mut self, samples: usize, out: &mut Planes);
    /// Another stream begins.
    fn reset(&mut self);
}
